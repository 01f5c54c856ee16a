"""`archiver save` as a process of its own, and what it took."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUNDLE = "a.wacz"

_LAUNCHER = Path(__file__).with_name("launcher.py")
_PATIENCE = 60
"""Seconds after which nobody waits any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What the command said and took.

    *seconds* are from its start to its end, *work* those in which a processor was at it; *peak* is its most
    memory in MB.
    """

    code: int
    seconds: float
    work: float
    peak: float
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        """The one object that it printed."""
        (line,) = self.out.splitlines()
        told = json.loads(line)
        assert isinstance(told, dict)
        return told


def save(url: str, *flags: str, folder: Path) -> Ran:
    """Save *url* as BUNDLE in *folder*."""
    took = folder / "took"
    process = subprocess.Popen(
        [
            *(sys.executable, "-I", "-S", str(_LAUNCHER), str(took)),
            *(sys.executable, "-m", "archiver", "save", url, "--json", "-o", str(folder / BUNDLE), *flags),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=_PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # the launcher and the command, a session of their own
            process.communicate()
    seconds, work, peak, code = took.read_text("ascii").split()
    return Ran(
        code=int(code),
        seconds=float(seconds),
        work=float(work),
        peak=int(peak) / 1024,
        out=out.decode(),
        err=err.decode(),
    )
