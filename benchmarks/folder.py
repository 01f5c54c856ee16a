"""A folder of many small bundles: `archiver verify -r` with all cores and with one, and its memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from archiver.cli.crew import cores
from benchmarks.child import Cost, cost
from benchmarks.paired import paired
from benchmarks.row import Row
from benchmarks.workshop import Workshop

_COUNT, _FEW = 10_000, 1_000
_RUNS = 3
_ON_ONE_CORE = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.execv(sys.argv[1], sys.argv[1:])
"""


def run(workshop: Workshop) -> tuple[Row, ...]:
    """Bundles a second, and the peak memory of the largest of all processes."""
    few, lots = (_folder(workshop, count) for count in (_FEW, _COUNT))
    command = (sys.executable, "-m", "archiver", "verify", "-r", "--json")
    peaks: list[int] = []

    def measured(*before: str) -> Callable[[], float]:
        def run_once() -> float:
            spent = cost(*before, *command, str(lots), environment=workshop.environment)
            peaks.append(spent.peak)
            return spent.wall

        return run_once

    all_cores, one_core = paired(measured(), measured(sys.executable, "-c", _ON_ONE_CORE), runs=_RUNS)
    small: Cost = cost(*command, str(few), environment=workshop.environment)
    return (
        Row(
            benchmark="folder",
            what=f"verify a folder of {_COUNT:,} small bundles",
            ours=f"{_COUNT / all_cores:,.0f} bundles/s",
            peer="itself on one core",
            theirs=f"{_COUNT / one_core:,.0f} bundles/s",
            figure=one_core / all_cores,
            unit="x",
            sense="at least",
            target=0.8 * cores(),
        ),
        Row(
            benchmark="folder",
            what="peak memory of the largest of its processes",
            ours=f"{small.peak / 1e6:.0f} MB with {_FEW:,}, {max(peaks) / 1e6:.0f} MB with {_COUNT:,}",
            peer="flat",
            theirs="",
            figure=max(peaks) / 1e6,
            unit="MB",
            sense="at most",
            target=80,
        ),
    )


def _folder(workshop: Workshop, count: int) -> Path:
    """A folder that holds the small bundle *count* times."""
    folder = workshop.folder / f"folder-{count}"
    folder.mkdir()
    for number in range(count):
        os.link(workshop.small.bundle, folder / f"{number:05}.wacz")
    return folder
