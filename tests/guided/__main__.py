"""`python -m tests.guided [PARSED [WHOLE]]`: that many inputs for the parsers and for the whole of verify.

`python -m tests.guided NAME RUNS SECONDS` is one target. Each has a process of its own, as many at a time as
there are cores; an input that fails is kept, and its path is printed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LONGEST = 6 * 3600
"""Seconds that one target may take."""

_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
_COVERED = re.compile(r"cov: (\d+)")


def one(name: str, runs: int, seconds: int) -> None:
    """Fuzz the target *name*; this process ends there."""
    import atheris

    with atheris.instrument_imports(include=["archiver"]):
        from tests.guided.targets import TARGETS

    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds()):
            (Path(corpus) / str(number)).write_bytes(seed)
        options = (
            f"-runs={runs}", f"-max_total_time={seconds}", f"-max_len={target.longest}", "-timeout=5",
            "-rss_limit_mb=1024", "-reload=0", f"-artifact_prefix={tempfile.gettempdir()}/{name}-",
        )  # fmt: skip
        atheris.Setup([sys.argv[0], *options, corpus], target.check)
        atheris.Fuzz()


def run(names: Sequence[str], runs: Sequence[int], seconds: int) -> list[tuple[str, int, str]]:
    """Fuzz all *names* side by side; name, inputs tried and the end of what was printed, if it failed."""

    def child(name: str, count: int) -> tuple[str, int, str]:
        command = [sys.executable, "-m", "tests.guided", name, str(count), str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        said = done.stderr + done.stdout
        found = _DONE.search(said)
        failed = "" if done.returncode == 0 and found else said[-3000:] or "no end"
        covered = _COVERED.findall(said)
        if found and not failed:
            print(
                f"{int(found[1]):>9,} {name:<10} {found[2]} s, {covered[-1] if covered else 0} edges",
                flush=True,
            )
        return name, int(found[1]) if found else 0, failed

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(child, names, runs))


def main(parsed: int, whole: int) -> int:
    from tests.guided.targets import TARGETS, WHOLE

    began = time.monotonic()
    names = sorted(TARGETS, key=lambda name: name not in WHOLE)
    total = sum(TARGETS[name].share for name in names if name not in WHOLE)
    runs = [
        -(-(whole if name in WHOLE else parsed) * TARGETS[name].share // (1000 if name in WHOLE else total))
        for name in names
    ]
    results = run(names, runs, LONGEST)
    for name, _, failed in results:
        if failed:
            print(f"failed: {name}\n{failed}")
    counts = [sum(count for name, count, _ in results if (name in WHOLE) is kind) for kind in (False, True)]
    bad = any(failed for *_, failed in results)
    print(
        f"{counts[0]:,} inputs for the parsers, {counts[1]:,} for the whole of verify,"
        f" in {time.monotonic() - began:.0f} s: {'FAILED' if bad else 'nothing failed'}"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) > 3:
        one(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        numbers = [int(text) for text in sys.argv[1:]]
        sys.exit(main(*(numbers + [1_000_000, 100_000][len(numbers) :])))
