"""SHA-256 on two cores: of large streams piece by piece, of smaller things a batch at a time.

The threads of a process share Python's lock, and to wait for each other there costs more than to hash some
ten thousand bytes. So a thread is given much at once, or half of a batch while the first does the other
half: neither of them has anything else to do then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")

_SMALL = 8 << 10  # bytes that are not put off
_LARGE = 128 << 10  # bytes of a stream that are worth handing over by themselves
_BATCH = 4 << 20  # bytes put off until they are taken together


class Hash(Protocol):
    """A SHA-256, taken or put off."""

    def hexdigest(self) -> str:
        """The 64 digits."""
        ...


class Aside:
    """Hashes for one reading, in two threads that begin when there is enough for them.

    They end when nothing refers to this object any more. Data given to it must not change.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._batch: list[_PutOff] = []
        self._size = 0

    def hash(self, data: bytes | memoryview) -> Hash:
        """The hash of *data*, which is all of it; put off until it is asked for or `settle` takes it."""
        if len(data) <= _SMALL:
            return hashlib.sha256(data)
        hasher = _PutOff(data)
        self._batch.append(hasher)
        self._size += len(data)
        return hasher

    @property
    def full(self) -> bool:
        """Whether so much was put off that it is time to `settle`."""
        return self._size >= _BATCH

    def settle(self) -> None:
        """Take what was put off."""
        here, there = self._batch[::2], self._batch[1::2]  # a block, its payload: half of the bytes each
        handed = self.submit(_take, there) if self.full else None
        self._batch, self._size = [], 0
        _take(here)
        if handed is not None:
            handed.result()

    def submit(self, work: Callable[[T], None], on: T) -> Future[None]:
        """Do *work* *on* something in a thread."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # on use: small captures do without

            self._pool = ThreadPoolExecutor(2, "archiver-hash")
        return self._pool.submit(work, on)


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
            self._pending = self._aside.submit(self._hash.update, data)

    def hexdigest(self) -> str:
        """The 64 digits of the digest of all that was added."""
        self._settle()
        return self._hash.hexdigest()

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None


class _PutOff:
    """The hash of *data*, taken when it is wanted."""

    __slots__ = ("_data", "_hash")

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data
        self._hash: hashlib._Hash | None = None

    def take(self) -> hashlib._Hash:
        """Take the hash, if that was not done yet, and let go of the data."""
        if self._hash is None:
            self._hash = hashlib.sha256(self._data)
            self._data = b""
        return self._hash

    def hexdigest(self) -> str:
        return self.take().hexdigest()


def _take(hashes: Sequence[_PutOff]) -> None:
    for one in hashes:
        one.take()
