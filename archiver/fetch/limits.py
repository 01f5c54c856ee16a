"""How much one capture may take: every limit of the recorder and of the page walk, with its default."""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields

from archiver.errors import FormatError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on time, bytes, counts and depth; a limit that is hit is a reason in the record, never a crash.

    FormatError for a value below zero, a zero where nothing could be fetched at all, and heads over 1 MB.
    """

    seconds: float = 120.0
    """A page with all it needs."""
    resource_bytes: int = 100 << 20
    """The body of one resource, as on the wire."""
    document_bytes: int = 1 << 30
    """The body of the cited document itself."""
    capture_bytes: int = 500 << 20
    """All bodies of a capture together, the cited document not counted."""
    resources: int = 2_000
    redirects: int = 20
    frame_depth: int = 5
    css_depth: int = 10
    header_bytes: int = 256 << 10
    """The heads of one answer: the final one and the interim ones before it."""
    connect: float = 10.0
    """Seconds until a connection stands: look-up, TCP, proxy and TLS together."""
    idle: float = 30.0
    """Seconds without a single byte."""
    drip: int = 1 << 10
    """Bytes a second below which a body is given up."""
    drip_window: float = 10.0
    """Seconds over which *drip* is measured, so that a short stall costs nothing."""
    attempts: int = 3
    backoff: float = 1.0
    """Seconds before the second attempt; doubled before each further one."""
    retry_after: float = 30.0
    """The longest wait a server's Retry-After is given."""
    host_connections: int = 6
    connections: int = 16

    def __post_init__(self) -> None:
        for one in fields(self):
            least = 1 if one.name in _AT_LEAST_ONE else 0
            value: float = getattr(self, one.name)
            most = _AT_MOST.get(one.name, value)
            if not least <= value <= most:  # written so that NaN is refused too
                raise FormatError(f"the limit {one.name} cannot be {value}")


_AT_LEAST_ONE = frozenset({"attempts", "host_connections", "connections"})
_AT_MOST = {"header_bytes": 1 << 20}
"""A longer head is none to those who read the record."""


class Budget:
    """Bytes that several answers, received at the same time, may have together."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self._left <= 0

    def take(self, wanted: int) -> int:
        """How many of *wanted* bytes may be kept; they are gone from the budget then."""
        with self._lock:
            granted = min(wanted, max(0, self._left))
            self._left -= granted
            return granted


class Ledger:
    """What the answers of a capture ask of those who will read its record, beside the bytes of bodies.

    Heads and chunks compress to nearly nothing, so readers bound both by the size of the file. A server
    that overdoes it has its own answer cut off; it cannot make a capture that nobody can read.
    """

    _HEADS = 12 << 20
    """Bytes of heads, with what their lines take in memory, that go beyond _USUAL each."""
    _USUAL = 6 << 10
    _LINE = 200
    _CHUNKS = 700_000
    _SOUND_CHUNK = 8 << 10
    """Chunks of this size cost nothing."""

    def __init__(self) -> None:
        self._heads = self._HEADS
        self._chunks = self._CHUNKS * self._SOUND_CHUNK
        self._lock = threading.Lock()

    def take_head(self, head: bytes) -> bool:
        """Whether *head*, of a request or an answer, may be recorded."""
        return self._take(len(head) + self._LINE * head.count(b"\n"))

    def take_trailer(self, size: int) -> bool:
        """Whether a trailer of *size* bytes may be recorded."""
        return self._take(size)

    def _take(self, size: int) -> bool:
        excess = max(0, size - self._USUAL)
        with self._lock:
            if excess > self._heads:
                return False
            self._heads -= excess
            return True

    def take_chunks(self, count: int, size: int) -> bool:
        """Whether *count* chunks that have *size* bytes together may be recorded."""
        with self._lock:
            self._chunks += size - count * self._SOUND_CHUNK
            return self._chunks >= 0
