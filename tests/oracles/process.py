"""Other programs run beside the tests, and surely ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def running(command: Sequence[str | Path], *, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """*command* in a process group of its own, at home in *folder*, where ``log`` takes all it says.

    For temporary files it has a folder with a short name: Chromium's socket there must fit into 108 bytes.
    On the way out it is asked to end, which lets it end its own children in order; what is left of the group
    is killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = tempfile.mkdtemp()
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": temporary, "LANG": "C.UTF-8"},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=5)
        shutil.rmtree(temporary, ignore_errors=True)


def said(folder: Path) -> str:
    """The end of what the program in *folder* said, for a message of failure."""
    return (folder / "log").read_bytes()[-4000:].decode(errors="replace")
