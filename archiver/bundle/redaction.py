"""Whether what a capture says it blanked is blanked, and is what may be."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain, groupby, pairwise

from archiver.errors import FormatError, LimitError
from archiver.warc.capture import Capture
from archiver.warc.facts import Facts
from archiver.warc.http1 import ChunkedDecoder, Framing, find_head_end, framing, parse_head
from archiver.warc.record import MAX_HEAD, Record
from archiver.warc.redaction import SET_COOKIE, Blank, find
from archiver.warc.scan import ScanLimits

_FEED = 64 << 10
_NEVER_SECRET = frozenset(
    "accept-encoding connection content-length expect host range te trailer transfer-encoding upgrade".split()
)
"""Headers that say what was asked for, and how."""
_RESPONSE = 10_000  # after all interim answers

_Message = tuple[int, bytes]
"""Where it begins in its block, and its bytes."""


def count_blanks(capture: Capture) -> int:
    """How many ranges *capture* says it blanked, each of them checked.

    FormatError where one is not within a value that may be blanked or holds anything but asterisks, where
    they are out of order, and where the stated record knows of no such secret. LimitError where the heads
    they are in are larger than those of a sound capture.
    """
    said = [
        (record, facts)
        for record in capture.records
        if record.block is not None and record.type == "metadata" and b"redacted: " in record.block
        if (facts := Facts.parse(record.block)).redacted
    ]
    if not said:
        return 0
    stated = capture.stated()
    if stated is None or "REDACTED" not in stated.weakened:
        message = "a value is blanked, and the stated record knows of no secrets"
        raise FormatError(message, where=said[0][0].where, code="CONTRADICTION")
    names = (header.removesuffix(": ****") for header in stated.settings.headers if header.endswith(": ****"))
    check = _Check(capture, {"cookie", *map(str.lower, names)})
    for record, facts in said:
        try:
            check.exchange(record.header.concurrent_to or "", facts)
        except FormatError as error:
            raise error.inside(record.where) from error
        except LimitError as error:
            raise LimitError(str(error), where=record.where) from error
    return sum(len(facts.redacted) for _, facts in said)


class _Check:
    """Compares blanked ranges with the blocks of *capture*; *secret* names the headers of requests."""

    def __init__(self, capture: Capture, secret: set[str]) -> None:
        self._capture = capture
        self._secret = secret
        self._requests: dict[str, Record] = {}
        self._responses: dict[str, Record] = {}
        for record in capture.records:
            if record.type == "request":
                self._requests[record.header.concurrent_to or record.id] = record
            elif record.type == "response":
                self._responses[record.id] = record
        self._left = ScanLimits.for_archive(sum(capture.sizes.values())).kept

    def exchange(self, record_id: str, facts: Facts) -> None:
        """Check all ranges of one exchange."""
        blanks = [Blank.parse(text) for text in facts.redacted]
        for before, after in pairwise(blanks):
            if (_part(before), before.end) > (_part(after), after.offset):
                raise FormatError(f"blanked ranges that overlap or are out of order: {after}")
        for part, group in groupby(blanks, _part):
            inside = list(group)
            if part == 0:
                names = sorted({blank.header for blank in inside})
                if strange := [name for name in names if name.lower() not in self._secret - _NEVER_SECRET]:
                    message = f"a value of {strange[0]} is blanked, which the stated record does not name"
                    raise FormatError(message, code="CONTRADICTION")
                self._part(inside, self._messages(self._requests.get(record_id)), names)
            elif part == _RESPONSE:
                self._part(inside, self._messages(self._responses.get(record_id)), SET_COOKIE)
            else:
                interim = ((0, message) for message in facts.interim[part - 1 : part])
                self._part(inside, interim, SET_COOKIE)

    def _part(self, blanks: list[Blank], messages: Iterator[_Message], names: Sequence[str]) -> None:
        """Check *blanks*, in ascending order, against the *messages* that they must lie in."""
        begins, message = 0, b""
        values: list[Blank] = []
        offsets: list[int] = []
        for blank in blanks:
            while blank.offset >= begins + len(message) and (found := next(messages, None)) is not None:
                begins, message = found
                self._left -= len(message)
                if self._left < 0:
                    raise LimitError("more bytes in heads with blanked values than are looked through")
                values = find(message, names)
                offsets = [value.offset for value in values]
            start, end = blank.offset - begins, blank.end - begins
            place = bisect_right(offsets, start) - 1
            value = values[place] if place >= 0 else None
            if value is None or end > value.end or value.header != blank.header:
                raise FormatError(f"a blanked range that is in no value of {blank.header}: {blank}")
            if message[start:end].strip(b"*"):
                raise FormatError(f"a blanked range that is not blank: {blank}", code="CONTRADICTION")

    def _messages(self, record: Record | None) -> Iterator[_Message]:
        """The head of *record*, or what there is of one; then, read only if asked for, its trailer."""
        if record is None:
            return
        chunks = self._capture.block(record)
        data, end = b"", -1
        for chunk in chunks:
            data += chunk
            if (end := find_head_end(data)) >= 0 or len(data) >= MAX_HEAD:
                break
        if end > MAX_HEAD:
            end = -1
        head = data[: end if end >= 0 else MAX_HEAD]
        yield 0, head
        try:
            chunked = end >= 0 and framing("GET", parse_head(head))[0] is Framing.CHUNKED
        except FormatError:
            return
        if chunked:
            yield from _trailer(end, chain((memoryview(data)[end:],), chunks))


def _part(blank: Blank) -> int:
    return blank.interim or (0 if blank.in_request else _RESPONSE)


def _trailer(begins: int, body: Iterator[memoryview]) -> Iterator[_Message]:
    """The trailer of *body*, which begins at *begins*, with the break before it."""
    decoder, fed = ChunkedDecoder(), 0
    trailer: bytes | None = None
    for piece in (chunk[at : at + _FEED] for chunk in body for at in range(0, len(chunk), _FEED)):
        if trailer is None:
            try:
                decoder.feed(piece)
            except FormatError:
                if decoder.trailer_at is None:
                    return  # broken before the trailer: there is none
            if (found := decoder.trailer_at) is not None:
                trailer = b"\n" + piece[found - fed :]
            fed += len(piece)
        else:
            trailer += piece
        if trailer is not None and len(trailer) > MAX_HEAD:
            break
    if trailer is not None:
        yield begins + (decoder.trailer_at or 0) - 1, trailer[:MAX_HEAD]
