"""Whether what a capture says it blanked is blanked, and is what may be."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, groupby, pairwise

from archiver.errors import FormatError
from archiver.warc.capture import Capture
from archiver.warc.facts import Facts
from archiver.warc.http1 import ChunkedDecoder, Framing, find_head_end, framing, parse_head
from archiver.warc.record import MAX_HEAD, Record
from archiver.warc.redaction import SET_COOKIE, Blank, find

_FEED = 64 << 10
_RESPONSE = 10_000  # after all interim answers

_Message = tuple[int, bytes]
"""Where it begins in its block, and its bytes."""


def count_blanks(capture: Capture) -> int:
    """How many ranges *capture* says it blanked, each of them checked.

    FormatError where one is not within a value that may be blanked or holds anything but asterisks, where
    they are out of order, and where the stated record knows of no such secret.
    """
    said = [
        (record, Facts.parse(record.block))
        for record in capture.records
        if record.type == "metadata" and record.block is not None and b"redacted: " in record.block
    ]
    said = [(record, facts) for record, facts in said if facts.redacted]
    if not said:
        return 0
    stated = capture.stated()
    if stated is None or "REDACTED" not in stated.weakened:
        message = "a value is blanked, and the stated record knows of no secrets"
        raise FormatError(message, where=said[0][0].where, code="CONTRADICTION")
    secret = {header.partition(":")[0].lower() for header in stated.settings.headers} | {"cookie"}
    requests = {
        record.header.concurrent_to or record.id: record
        for record in capture.records
        if record.type == "request"
    }
    responses = {record.id: record for record in capture.records if record.type == "response"}
    for record, facts in said:
        about = record.header.concurrent_to or ""
        try:
            _check(facts, capture, requests.get(about), responses.get(about), secret)
        except FormatError as error:
            raise error.inside(record.where) from error
    return sum(len(facts.redacted) for _, facts in said)


def _check(
    facts: Facts, capture: Capture, request: Record | None, response: Record | None, secret: set[str]
) -> None:
    blanks = [Blank.parse(text) for text in facts.redacted]
    for before, after in pairwise(blanks):
        if (_part(before), before.end) > (_part(after), after.offset):
            raise FormatError(f"blanked ranges that overlap or are out of order: {after}")
    for part, group in groupby(blanks, _part):
        inside = list(group)
        names: Sequence[str] = SET_COOKIE
        if part == 0:
            names = sorted({blank.header for blank in inside})
            if strange := [name for name in names if name.lower() not in secret]:
                message = f"a value of {strange[0]} is blanked, which the stated record does not name"
                raise FormatError(message, code="CONTRADICTION")
            messages = _messages(capture, request)
        elif part == _RESPONSE:
            messages = _messages(capture, response)
        else:
            messages = ((0, message) for message in facts.interim[part - 1 : part])
        _check_part(inside, messages, names)


def _part(blank: Blank) -> int:
    return blank.interim or (0 if blank.in_request else _RESPONSE)


def _check_part(blanks: list[Blank], messages: Iterator[_Message], names: Sequence[str]) -> None:
    """Check *blanks*, in ascending order, against the *messages* that they must lie in."""
    begins, message = next(messages, (0, b""))
    values, offsets = _values(message, names)
    for blank in blanks:
        while blank.offset >= begins + len(message):
            found = next(messages, None)
            if found is None:
                break
            begins, message = found
            values, offsets = _values(message, names)
        start, end = blank.offset - begins, blank.end - begins
        place = bisect_right(offsets, start) - 1
        value = values[place] if place >= 0 else None
        if value is None or end > value.end or value.header != blank.header:
            raise FormatError(f"a blanked range that is no value of {blank.header}: {blank}")
        if message[start:end].strip(b"*"):
            raise FormatError(f"a blanked range that is not blank: {blank}", code="CONTRADICTION")


def _values(message: bytes, names: Sequence[str]) -> tuple[list[Blank], list[int]]:
    values = find(message, names)
    return values, [value.offset for value in values]


def _messages(capture: Capture, record: Record | None) -> Iterator[_Message]:
    """The head of *record*, or what there is of one; then, read only if asked for, its trailer."""
    if record is None:
        return
    chunks = capture.block(record)
    data, end = b"", -1
    for chunk in chunks:
        data += chunk
        if (end := find_head_end(data)) >= 0 or len(data) >= MAX_HEAD:
            break
    head = data[: end if end >= 0 else MAX_HEAD]
    yield 0, head
    try:
        chunked = end >= 0 and framing("GET", parse_head(head))[0] is Framing.CHUNKED
    except FormatError:
        return
    if chunked:
        yield from _trailer(end, chain((memoryview(data)[end:],), chunks))


def _trailer(begins: int, body: Iterator[memoryview]) -> Iterator[_Message]:
    """The trailer of *body*, which begins at *begins*, with the break before it."""
    decoder, fed = ChunkedDecoder(), 0
    trailer: bytes | None = None
    for piece in (chunk[at : at + _FEED] for chunk in body for at in range(0, len(chunk), _FEED)):
        if trailer is None:
            with suppress(FormatError):  # if it is broken before the trailer, none is found
                decoder.feed(piece)
            if (found := decoder.trailer_at) is not None:
                trailer = b"\n" + piece[found - fed :]
            fed += len(piece)
        else:
            trailer += piece
        if trailer is not None and len(trailer) > MAX_HEAD:
            break
    if trailer is not None:
        yield begins + (decoder.trailer_at or 0) - 1, trailer
