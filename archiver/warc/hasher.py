"""SHA-256 of large streams on other cores, while the first goes on reading."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_LARGE = 128 << 10
"""Bytes from which handing an update over pays: the threads then meet seldom enough at Python's lock."""


class Hash(Protocol):
    """A SHA-256 of something that was read."""

    def hexdigest(self) -> str:
        """The 64 digits."""
        ...


class Aside:
    """Two threads for the large updates of several hashers, begun when the first one comes.

    They end when nothing refers to this object any more.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    def hash(self, data: bytes | memoryview) -> Hash:
        """The hash of *data*, which is all of it."""
        if len(data) < _LARGE:
            return hashlib.sha256(data)
        hasher = Hasher(self)
        hasher.update(data)
        return hasher

    def submit(self, hasher: hashlib._Hash, data: bytes | memoryview) -> Future[None]:
        """Update *hasher* with *data* in a thread; one update of a hasher must be done before its next."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # on use: small captures do without

            self._pool = ThreadPoolExecutor(2, "archiver-hash")
        return self._pool.submit(hasher.update, data)


class Hasher:
    """A running SHA-256. *data* given to it must not change; one piece at most is on its way."""

    __slots__ = ("_aside", "_hash", "_pending")

    def __init__(self, aside: Aside) -> None:
        self._aside = aside
        self._hash = hashlib.sha256()
        self._pending: Future[None] | None = None

    def update(self, data: bytes | memoryview) -> None:
        """Add *data*."""
        self._settle()
        if len(data) < _LARGE:
            self._hash.update(data)
        else:
            self._pending = self._aside.submit(self._hash, data)

    def hexdigest(self) -> str:
        """The 64 digits of the digest of all that was added."""
        self._settle()
        return self._hash.hexdigest()

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None
