"""What a command costs before it does anything."""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.child import cost
from benchmarks.paired import paired
from benchmarks.row import Row, seconds
from benchmarks.workshop import Workshop

_RUNS = 15


def run(workshop: Workshop) -> tuple[Row, ...]:
    """`--help` and a small bundle verified, against a bare Python."""

    def bare() -> float:
        return cost(sys.executable, "-c", "pass", environment=workshop.environment).wall

    def command(*arguments: str) -> Callable[[], float]:
        return lambda: workshop.archiver(*arguments).wall

    rows = []
    for what, arguments, target in (
        ("`archiver --help`", ("--help",), 6),
        ("`archiver verify` of a small bundle", ("verify", str(workshop.small.bundle)), 10),
    ):
        our_time, their_time = paired(command(*arguments), bare, runs=_RUNS)
        rows.append(
            Row(
                benchmark="startup",
                what=what,
                ours=seconds(our_time),
                peer="`python -c pass`",
                theirs=seconds(their_time),
                figure=our_time / their_time,
                unit="x",
                sense="at most",
                target=target,
            )
        )
    return tuple(rows)
