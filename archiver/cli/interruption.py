"""What signals do to a capture: the first ends it and keeps it, the second drops it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

_SAID = b"archiver: stopping; what there is will be kept as partial. Once more keeps nothing.\n"


class Interruption:
    """While it is open, the first SIGINT or SIGTERM sets *stop*, the second raises KeyboardInterrupt.

    After a block that ended well both are ignored: what was kept is kept, and the command is to say so.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._droppable = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler if error is not None else signal.SIG_IGN)

    @contextmanager
    def may_drop(self) -> Iterator[None]:
        """A block that the second signal breaks off; outside of it there is nothing to be dropped."""
        self._droppable = True
        try:
            yield
        finally:
            self._droppable = False

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if not self.stop.is_set():
            self.stop.set()
            os.write(2, _SAID)  # sys.stderr may be at work right where this breaks in
        elif self._droppable:
            self._droppable = False  # a third signal is not to disturb the clearing up
            raise KeyboardInterrupt
