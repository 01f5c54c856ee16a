"""One answer read off the wire: where it ends, byte for byte as it came."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from archiver.errors import CaptureError, FormatError
from archiver.fetch.connection import Connection
from archiver.fetch.limits import Budget, Ledger, Limits
from archiver.fetch.wire import Errand
from archiver.warc.http1 import (
    MAX_LINES,
    ChunkedDecoder,
    Framing,
    Head,
    find_head_end,
    framing,
    parse_head,
)

_IN_MEMORY = 256 << 10
_MOST_INTERIM = 1_000
"""Interim answers before the final one: more are a flood, and no record numbers them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; *fault* says why it is not whole, and is None where it is."""

    head: Head | None
    """None where not even a status line came."""
    raw_head: bytes
    """The bytes of *head*."""
    interim: tuple[bytes, ...]
    response: BinaryIO
    """The final response from its first byte; the caller closes it."""
    size: int
    heard: bool
    """Whether any byte came at all."""
    fault: CaptureError | None
    reusable: bool
    """Whether the connection may carry another exchange."""
    trailer: int | None
    """Where in *response* the trailer of chunk framing begins; None where there is none."""
    oddity: str | None
    """How chunk framing differs from what every reader takes, as `ChunkedDecoder` has it."""


def read_answer(
    connection: Connection,
    *,
    method: str,
    most: int,
    budget: Budget | None = None,
    ledger: Ledger | None = None,
    limits: Limits,
    errand: Errand,
) -> Answer:
    """The answer to a request just sent on *connection*, its body cut off after *most* bytes.

    It is cut off, too, where *budget* or *ledger* has no more to give.

    Never raises for what a server does: a broken, endless or slow answer is one with a fault.
    Bytes that come after its end are nobody's; they make the connection unusable.
    """
    response = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - the caller's
    reader = _Reader(connection, response, most, budget, ledger or Ledger(), limits, errand)
    fault: CaptureError | None = None
    try:
        reader.read(method)
    except CaptureError as error:
        fault = error
        reader.keep_partial_head()
    except BaseException:
        response.close()
        raise
    return Answer(
        head=reader.head,
        raw_head=reader.raw_head,
        interim=tuple(reader.interim),
        response=response,
        size=reader.size,
        heard=reader.heard,
        fault=fault,
        reusable=fault is None and reader.reusable,
        trailer=reader.trailer,
        oddity=reader.chunks.oddity,
    )


class _Reader:
    def __init__(
        self,
        connection: Connection,
        response: BinaryIO,
        most: int,
        budget: Budget | None,
        ledger: Ledger,
        limits: Limits,
        errand: Errand,
    ) -> None:
        self.head: Head | None = None
        self.raw_head = b""
        self.interim: list[bytes] = []
        self.size = 0
        self.heard = False
        self.reusable = False
        self.chunks = ChunkedDecoder()
        self._connection = connection
        self._response = response
        self._most = most  # body bytes still allowed
        self._budget = budget
        self._ledger = ledger
        self._limits = limits
        self._errand = errand
        self._ahead = bytearray()  # received and not yet taken
        self._window = 0.0  # when the current stretch of the drip floor began
        self._received = 0  # bytes in that stretch

    def read(self, method: str) -> None:
        head = self._read_final_head()
        kind, length = framing(method, head)
        match kind:
            case Framing.NONE:
                pass
            case Framing.LENGTH:
                self._read_length(length)
            case Framing.CHUNKED:
                self._read_chunked()
            case Framing.CLOSE:
                self._read_to_close()
        self.reusable = kind is not Framing.CLOSE and not self._ahead and _keeps_alive(method, head)

    @property
    def trailer(self) -> int | None:
        """Where the trailer begins, if any of it was recorded."""
        if self.chunks.trailer_at is None:
            return None
        at = len(self.raw_head) + self.chunks.trailer_at
        return at if at < self.size else None

    def keep_partial_head(self) -> None:
        """Record a head that never ended, if at least its status line did and it is a final one."""
        if self.head is not None or b"\n" not in self._ahead:
            return
        data = bytes(self._ahead[: self._limits.header_bytes])
        if (end := find_head_end(data)) >= 0:
            data = data[:end]  # whole, but after too much else: no body is taken for a part of it
        try:
            head = parse_head(data)
        except FormatError:
            return
        if head.status >= 200 and self._ledger.take_head(data):
            self._final_head(head, data)

    def _read_final_head(self) -> Head:
        allowed = self._limits.header_bytes
        while True:
            end = self._await_head(allowed)
            data = bytes(self._ahead[:end])
            try:
                head = parse_head(data)
            except FormatError as error:
                raise self._errand.error("protocol", f"no HTTP answer: {error}") from error
            del self._ahead[:end]
            allowed -= end
            if not self._ledger.take_head(data):
                self._ahead.clear()  # a body, which might look like a head
                raise self._errand.error("length", "more heads than a record can hold")
            # 101 would hand the connection over to another protocol; nobody asked for one.
            if 100 <= head.status < 200 and head.status != 101:
                if len(self.interim) == _MOST_INTERIM:
                    raise self._errand.error("length", f"more than {_MOST_INTERIM} interim answers")
                self.interim.append(data)
                continue
            self._final_head(head, data)
            if data.count(b"\n") > MAX_LINES + 2:  # with its first line and its blank one
                # A coding, a length or a target may stand where nobody looks.
                raise self._errand.error("length", f"a head of more than {MAX_LINES} lines")
            return head

    def _final_head(self, head: Head, data: bytes) -> None:
        self.head = head
        self.raw_head = data
        self._write(data)

    def _await_head(self, allowed: int) -> int:
        """Receive up to the end of a head; where it ends."""
        looked = 0
        self._restart_pace()
        while True:
            end = find_head_end(self._ahead, max(0, looked - 3))
            if end > allowed or (end < 0 and len(self._ahead) > allowed):
                raise self._errand.error("length", f"a head of more than {self._limits.header_bytes} bytes")
            if end >= 0:
                return end
            looked = len(self._ahead)
            if looked:
                self._check_pace()
            part = self._receive()
            if not part:
                raise self._errand.error("disconnect", "the connection closed before an answer came")
            if not looked:
                self._restart_pace()
            self._ahead += part

    def _read_length(self, length: int) -> None:
        left = length
        for part in self._parts(left):
            taken = part[:left]
            self._body(taken)
            left -= len(taken)
            if len(part) > len(taken):
                self._ahead += part[len(taken) :]
            if not left:
                return
        if left:
            raise self._errand.error("disconnect", f"the connection closed {left} bytes before the end")

    def _read_chunked(self) -> None:
        decoder = self.chunks
        for part in self._parts():
            before = decoder.chunks
            try:
                decoder.feed(part)
            except FormatError as error:
                self._body(part)
                raise self._errand.error("protocol", f"broken chunks: {error}") from error
            end = len(part) - decoder.excess if decoder.done else len(part)
            if not self._ledger.take_chunks(decoder.chunks - before, end):
                raise self._errand.error("length", f"too many chunks: cut off after {self.size} bytes")
            if decoder.done and not self._ledger.take_trailer(decoder.trailer_size):
                raise self._errand.error("length", "more trailers than a record can hold")
            self._body(part[:end])
            if decoder.done:
                self._ahead += part[end:]
                return
        raise self._errand.error("disconnect", "the connection closed before the last chunk")

    def _read_to_close(self) -> None:
        # Over TLS too a bare close counts as the end, as it does in browsers.
        for part in self._parts():
            self._body(part)

    def _parts(self, wanted: int = 1) -> Iterator[bytes]:
        """What was received ahead, then what comes, until the connection closes."""
        if not wanted:
            return
        self._restart_pace()
        if self._ahead:
            ahead = bytes(self._ahead)
            self._ahead.clear()
            yield ahead
        while part := self._receive():
            yield part
            self._check_pace()

    def _body(self, data: bytes) -> None:
        granted = min(len(data), self._most)
        if self._budget is not None:
            granted = self._budget.take(granted)
        self._most -= granted
        if granted < len(data):
            self._write(data[:granted])
            raise self._errand.error("length", f"larger than allowed: cut off after {self.size} bytes")
        self._write(data)

    def _write(self, data: bytes) -> None:
        self._response.write(data)
        self.size += len(data)

    def _receive(self) -> bytes:
        part = self._connection.receive(self._errand, self._limits.idle)
        self.heard = self.heard or bool(part)
        self._received += len(part)
        return part

    def _restart_pace(self) -> None:
        self._window = time.monotonic()
        self._received = 0

    def _check_pace(self) -> None:
        """Give up a server that keeps a connection alive by drips."""
        passed = time.monotonic() - self._window
        if passed < self._limits.drip_window:
            return
        if self._received < self._limits.drip * passed:
            raise self._errand.error("timeout", f"slower than {self._limits.drip} bytes a second")
        self._restart_pace()


def _keeps_alive(method: str, head: Head) -> bool:
    """Whether the server leaves the connection open (RFC 9112 section 9.3)."""
    said = {part.strip().lower() for value in head.all("connection") for part in value.split(",")}
    if "close" in said or head.status == 101:
        return False
    lengths, codings = head.all("content-length"), head.all("transfer-encoding")
    if codings and (lengths or head.version == "HTTP/1.0"):
        return False  # two opinions on where it ended: whatever follows may be meant as part of it
    if head.status in (204, 304) and method != "HEAD" and (codings or set(lengths) - {"0"}):
        return False  # a body is announced that cannot be, and may come all the same
    return head.version == "HTTP/1.1" or (head.version == "HTTP/1.0" and "keep-alive" in said)
