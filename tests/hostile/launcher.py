"""Runs one command and writes to a file what it took: seconds, those of work, peak KiB, exit code.

A process of its own, and a small one: a child's peak memory counts what its parent held when it was
started, so no large process may start what is to be measured.
"""

import os
import sys
import time
from pathlib import Path


def _run(told: Path, command: list[str]) -> None:
    started = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    peak = usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    work = usage.ru_utime + usage.ru_stime
    told.write_text(f"{seconds} {work} {peak} {os.waitstatus_to_exitcode(status)}", "ascii")


if __name__ == "__main__":
    _run(Path(sys.argv[1]), sys.argv[2:])
