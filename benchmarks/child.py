"""A command run as a process of its own, and what that cost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launcher.py")
_TIMEOUT = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process took from its start to its end; *wall* and *cpu* in seconds, *peak* in bytes."""

    wall: float
    cpu: float
    peak: int


def cost(*command: str, environment: Mapping[str, str]) -> Cost:
    """Run *command* (its program an absolute path), its output thrown away, and say what it cost.

    A command that does not exit with 0 raises RuntimeError with what it printed to stderr: a benchmark of
    something that fails measures nothing.
    """
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(_LAUNCHER), *command],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    fields = ran.stdout.split()
    if ran.returncode or len(fields) != 4 or fields[3] != "0":
        raise RuntimeError(f"{' '.join(command)}: {ran.stdout}{ran.stderr}")
    wall, cpu, peak = map(float, fields[:3])
    return Cost(wall=wall, cpu=cpu, peak=int(peak) * 1024)


def script(name: str) -> str:
    """The path of a peer's command, installed beside this Python."""
    return str(Path(sys.executable).with_name(name))
