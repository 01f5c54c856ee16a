"""The connections of a capture: so many an origin, so many in all, used again while they live."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from archiver.fetch.connection import Connection, Origin
from archiver.fetch.limits import Limits
from archiver.fetch.wire import Errand

_FOREVER = 1e9


class Pool:
    """Hands out connections that *opener* opens, to any number of threads."""

    def __init__(self, opener: Callable[[Origin, Errand], Connection], limits: Limits) -> None:
        self._opener = opener
        self._limits = limits
        self._lock = threading.Lock()
        self._waiting: list[tuple[Origin, threading.Condition]] = []  # the longest waiting first
        self._idle: list[Connection] = []  # the longest idle first
        self._open: Counter[Origin] = Counter()  # idle or in use
        self._closed = False

    def take(self, origin: Origin, errand: Errand, *, fresh: bool = False) -> Connection:
        """A connection to *origin* that nobody else uses; give it back with `give`.

        Waits while there are too many. *fresh* never hands out one that was used before.
        CaptureError where none can be opened.
        """
        with self._lock:
            while True:
                if self._closed:
                    raise errand.error("stopped", "stopped before it was done")
                if not fresh and (kept := self._kept(origin)) is not None:
                    return kept
                if self._make_room(origin):
                    self._open[origin] += 1
                    break
                self._wait(origin, errand)
        try:
            return self._opener(origin, errand)
        except BaseException:
            self._forget(origin)
            raise

    def give(self, connection: Connection, *, reusable: bool) -> None:
        """Take *connection* back, for others if *reusable*."""
        with self._lock:
            if reusable and not self._closed:
                self._idle.append(connection)
                self._wake(connection.origin)
                return
        connection.close()
        self._forget(connection.origin)

    def close(self) -> None:
        """Close what is idle now, and the rest as it is given back."""
        with self._lock:
            self._closed = True
            for connection in self._idle:
                connection.close()
                self._open[connection.origin] -= 1
            self._idle.clear()
            for _, woken in self._waiting:
                woken.notify()

    def _wait(self, origin: Origin, errand: Errand) -> None:
        """Wait a moment, or until `_wake` has something for *origin*."""
        left = errand.wait(time.monotonic() + _FOREVER, "waiting for a connection")
        waiter = origin, threading.Condition(self._lock)
        self._waiting.append(waiter)
        try:
            waiter[1].wait(left)
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def _wake(self, origin: Origin) -> None:
        """Wake the one that a connection to *origin*, given back or closed, is for.

        One and no more: to wake them all would cost more than the fetches. It looks again for itself, and
        where another was quicker it waits on.
        """
        for place, (wanted, woken) in enumerate(self._waiting):
            if wanted == origin or self._open[wanted] < self._limits.host_connections:
                del self._waiting[place]
                woken.notify()
                return

    def _kept(self, origin: Origin) -> Connection | None:
        """The idle connection to *origin* that was used last, if one still lives."""
        for place in range(len(self._idle) - 1, -1, -1):
            if self._idle[place].origin == origin:
                connection = self._idle.pop(place)
                if connection.is_quiet():
                    return connection
                connection.close()
                self._open[origin] -= 1
        return None

    def _make_room(self, origin: Origin) -> bool:
        """Whether one more may be opened to *origin*; an idle one is closed where that helps."""
        if self._open[origin] >= self._limits.host_connections:
            return self._close_idle(origin)
        return self._open.total() < self._limits.connections or self._close_idle(None)

    def _close_idle(self, origin: Origin | None) -> bool:
        for place, connection in enumerate(self._idle):
            if origin is None or connection.origin == origin:
                del self._idle[place]
                connection.close()
                self._open[connection.origin] -= 1
                return True
        return False

    def _forget(self, origin: Origin) -> None:
        with self._lock:
            self._open[origin] -= 1
            self._wake(origin)
