"""The command run in this process: exit code, standard output and standard error apart."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from archiver import cli


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def error_lines(self) -> list[str]:
        return self.err.splitlines()


class Command:
    """Calls `archiver` with arguments."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str | Path) -> Ran:
        self._capture.readouterr()
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        code = cli._run([str(argument) for argument in arguments])
        for number, handler in handlers.items():  # a save leaves them ignored
            signal.signal(number, handler)
        out, err = self._capture.readouterr()
        return Ran(code=code, out=out, err=err)
