"""How a capture is coming along, for people: one line on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

    from archiver.fetch.page import Progress

_EVERY = 0.1


class ProgressLine:
    """A line that is kept up to date on standard error; does nothing without *status*."""

    def __init__(self, status: Status | None) -> None:
        self._status = status
        self._next = 0.0
        self._shown = False

    def update(self, progress: Progress) -> None:
        """Show *progress*, at most ten times a second; may be called from any thread."""
        moment = time.monotonic()
        if self._status is None or moment < self._next:
            return
        self._next = moment + _EVERY
        from archiver.cli.render import size_text

        missing = f", {progress.missing} missing" if progress.missing else ""
        self._status.update(
            f"{progress.done} of {progress.found} found{missing}, {size_text(progress.bytes)}"
        )
        if not self._shown:
            self._shown = True
            self._status.start()

    def clear(self) -> None:
        """Take the line off the screen."""
        if self._status is not None and self._shown:
            self._status.stop()
            self._shown = False


@contextmanager
def progress_line(*, quiet: bool) -> Iterator[ProgressLine]:
    """A progress line while the block runs, if standard error is a terminal and *quiet* is false."""
    if quiet or not sys.stderr.isatty():
        yield ProgressLine(None)
        return
    from rich.console import Console
    from rich.status import Status

    line = ProgressLine(Status("", console=Console(stderr=True, highlight=False, markup=False)))
    try:
        yield line
    finally:
        line.clear()
