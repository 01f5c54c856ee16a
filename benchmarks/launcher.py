"""Runs one command and prints what it cost: wall and CPU seconds, peak memory in KiB, exit code.

A process of its own, and a small one: a child's peak memory counts what its parent held when it was
started, so no large process may start what is to be measured.
"""

import os
import sys
import time


def _run(command: list[str]) -> None:
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    started = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - started
    cpu = usage.ru_utime + usage.ru_stime
    peak = usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    print(wall, cpu, peak, os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    _run(sys.argv[1:])
