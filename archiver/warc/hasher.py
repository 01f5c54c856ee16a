"""SHA-256 of what is read, on other cores, while the first goes on reading."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_SMALL = 8 << 10  # bytes up to which hashing at once costs less than handing over
_BATCH = 256 << 10  # bytes handed over together: what is handed over has to be waited for, too
_BATCHES = 2  # on their way at a time, in each lane: what is being hashed and what is to be hashed next
_LANES = 2
_WORTH_THREADS = 1 << 20  # bytes of a file from which threads pay for their start


class Hash(Protocol):
    """A SHA-256 that is known or on its way."""

    def hexdigest(self) -> str:
        """The 64 digits; waited for if need be."""
        ...


class Aside:
    """Hashes of one reading of *size* bytes: in two threads where that is worth their start, else at once.

    The threads end when nothing refers to this object any more. *data* given to it must not change; a
    few hundred kilobytes of it are kept until they are hashed.
    """

    def __init__(self, size: int) -> None:
        self._lanes = [_Lane() for _ in range(_LANES)] if size > _WORTH_THREADS else None
        self._next = 0

    def hash(self, data: bytes | memoryview) -> Hash:
        """The hash of *data*, which is all of it."""
        if self._lanes is None or len(data) <= _SMALL:
            return hashlib.sha256(data)
        hasher = self.hasher()
        hasher.update(data)
        return hasher

    def hasher(self) -> Hasher:
        """A hash that is fed piece by piece."""
        if self._lanes is None:
            return Hasher(None)
        self._next = (self._next + 1) % _LANES
        return Hasher(self._lanes[self._next])


class Hasher:
    """A running SHA-256, in the *lane* of a thread or without one."""

    __slots__ = ("_batch", "_hash", "_lane")

    def __init__(self, lane: _Lane | None) -> None:
        self._lane = lane
        self._hash = hashlib.sha256()
        self._batch = -1  # the number of the last batch that holds some of it

    def update(self, data: bytes | memoryview) -> None:
        """Add *data*."""
        if self._lane is None:
            self._hash.update(data)
        else:
            self._batch = self._lane.put(self._hash, data)

    def hexdigest(self) -> str:
        """The 64 digits of the digest of all that was added."""
        if self._lane is not None:
            self._lane.wait(self._batch)
        return self._hash.hexdigest()


class _Lane:
    """One thread, and the batches of updates that it works off in their order."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._batch: list[tuple[hashlib._Hash, bytes | memoryview]] = []
        self._size = 0
        self._number = 0  # of the batch that is being filled
        self._sent: deque[Future[None]] = deque()

    def put(self, hasher: hashlib._Hash, data: bytes | memoryview) -> int:
        """Have *hasher* updated with *data*; gives the number of the batch to wait for."""
        number = self._number
        self._batch.append((hasher, data))
        self._size += len(data)
        if self._size >= _BATCH:
            self._send()
        return number

    def wait(self, number: int) -> None:
        """Return when batch *number* is done."""
        if number == self._number:
            self._send()
        while self._sent and number >= self._number - len(self._sent):
            self._sent.popleft().result()

    def _send(self) -> None:
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # on use: small captures do without

            self._pool = ThreadPoolExecutor(1, "archiver-hash")
        if len(self._sent) == _BATCHES:
            self._sent.popleft().result()
        self._sent.append(self._pool.submit(_hash_all, self._batch))
        self._batch, self._size = [], 0
        self._number += 1


def _hash_all(batch: list[tuple[hashlib._Hash, bytes | memoryview]]) -> None:
    for hasher, data in batch:
        hasher.update(data)
