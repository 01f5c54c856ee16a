"""``python -m benchmarks [NAME …]``: measure, print the table, keep it in results.json and the README.

Named ones take the place of their earlier figures; the rest stay as they are.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.results import FILE, README, Results, put_into, render, shown_in, this_machine, today
from benchmarks.row import Row
from benchmarks.workshop import Workshop

NAMES = (
    "page",
    "extraction",
    "recording",
    "writing",
    "sealing",
    "packing",
    "verifying",
    "folder",
    "hashing",
    "startup",
    "memory",
)
"""The modules that measure, in the order of the table; each has `run(workshop) -> tuple[Row, ...]`."""


def main(names: Sequence[str], *, file: Path = FILE, readme: Path = README) -> int:
    """Run the benchmarks called *names*, or all; keep the figures in *file* and show them in *readme*."""
    unknown = set(names) - set(NAMES)
    if unknown:
        print(
            f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}", file=sys.stderr
        )
        return 2
    before = readme.read_text(encoding="utf-8")
    shown_in(before)  # a README without the markers is to fail now, not in five minutes
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="archiver-bench-") as folder:
        workshop = Workshop(Path(folder))
        for name in NAMES:
            if not names or name in names:
                rows += _run(name, workshop)
    new = Results(date=today(), machine=this_machine(), rows=rows)
    results = (Results.read(file).replaced(new) if names and file.exists() else new).ordered(NAMES)
    results.write(file)
    table = render(results)
    readme.write_text(put_into(before, table), encoding="utf-8")
    print(table, end="")
    return 0


def _run(name: str, workshop: Workshop) -> tuple[Row, ...]:
    print(f"{name} …", end=" ", file=sys.stderr, flush=True)
    started = time.monotonic()
    rows: tuple[Row, ...] = importlib.import_module(f"benchmarks.{name}").run(workshop)
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
