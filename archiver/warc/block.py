"""A record's block gone through once: its digests, the HTTP head, the entity body within its framing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import msgspec

from archiver.errors import FormatError, LimitError
from archiver.warc.deflate import Members
from archiver.warc.hasher import Aside, Hash, Hasher
from archiver.warc.http1 import ChunkedDecoder, Framing, Head, find_head_end, framing, parse_head
from archiver.warc.record import (
    CERTIFICATES,
    MAX_HEAD,
    MAX_HEADER,
    REQUEST,
    RESPONSE,
    WARC_FIELDS,
    Header,
    has_plain_payload,
    parse_header,
)
from archiver.warc.window import Window

AT_ONCE = 256 << 10
"""A block up to this size is read whole; a larger one as it is unpacked, piece by piece."""

FEED = 64 << 10
"""Bytes of chunk framing taken apart at a time, so that the list of its tiny chunks stays short."""

_END = b"\r\n\r\n"
_NO_END = "a record must end in CRLF CRLF"
_TOO_LONG = "more than one record in a gzip member, or a wrong Content-Length"
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) [^ \r\n]+ HTTP/1\.[01]\r\n")
_HTTP = frozenset({"response", "request"})
_TYPES = {"warcinfo": WARC_FIELDS, "response": RESPONSE, "request": REQUEST, "resource": CERTIFICATES}


class Block(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a block holds."""

    digest: Hash
    http: Head | None
    """A response's head; None where the block does not begin with one."""
    method: str | None
    """A request's method."""
    head_size: int
    is_http: bool
    """It begins with an HTTP head, or with what there is of one that was cut short."""
    plain: bool
    """A WARC-Payload-Digest means the same to everybody."""
    framed: bool
    """The body ends where the head says, as far as a response alone can tell."""
    payload_digest: Hash | None
    """Of the entity body, de-chunked; None where chunk framing is broken."""
    payload_size: int
    chunks: int
    """Of chunk framing, as far as it was followed."""
    kept: bytes | None
    """The whole block, where it is small and others need it."""

    @classmethod
    def read(
        cls, header: Header, chunks: Iterator[memoryview], *, keep: int, most_chunks: int, aside: Aside
    ) -> Block:
        """Read *chunks*, the block after *header*, to their end; *keep* is the largest block kept.

        Raises FormatError where the Content-Type is not what the record's type asks for, LimitError for
        a body of more than *most_chunks*.
        """
        if header.content_type != _TYPES.get(header.type, header.content_type):
            raise FormatError(f"a {header.type} of type {header.content_type!r:.80}")
        start: bytes | memoryview
        head, http, method = b"", None, None
        if header.type in _HTTP:
            start, end = until_head_end(chunks)
            head = bytes(start[: max(end, 0)])
            if header.type == "response":
                http = _response_head(head)
            else:
                method = _request_method(head)
        else:
            start = next(chunks, b"")
        head_size = len(head) if http or method else 0
        kept = None
        if header.content_length <= keep and (
            header.content_type in (WARC_FIELDS, CERTIFICATES) or method not in (None, "GET")
        ):
            kept = start = b"".join((start, *chunks))
        told, length = framing("GET", http) if http else (Framing.CLOSE, 0)
        digest: Hash
        payload: Hash | None
        followed = 0
        if told is Framing.CHUNKED:
            decoder = ChunkedDecoder()
            digest = Hasher(aside)
            digest.update(start)
            body = memoryview(start)[head_size:]
            payload, payload_size = _dechunked(decoder, most_chunks, body, chunks, digest, Hasher(aside))
            framed = payload is not None
            followed = decoder.chunks
        else:
            digest, payload = _as_it_stands(start, head_size, chunks, aside)
            payload_size = header.content_length - head_size
            framed = told is Framing.CLOSE or payload_size == length
        return cls(
            digest=digest,
            http=http,
            method=method,
            head_size=head_size,
            is_http=head_size > 0 or (header.truncated is not None and _begins_as_http(start)),
            plain=head_size > 0 and has_plain_payload(head),
            framed=framed and (header.type != "response" or http is not None),
            chunks=followed,
            payload_digest=payload,
            payload_size=payload_size,
            kept=kept,
        )


def read_header(pieces: Iterator[bytes]) -> tuple[Header, int, memoryview]:
    """The header that *pieces* begin with, its size, and what was read of the block behind it."""
    data = next(pieces, b"")
    while (end := data.find(_END, 0, MAX_HEADER)) < 0:
        more = next(pieces, None)
        if more is None or len(data) >= MAX_HEADER:
            raise FormatError("no end of a WARC header")
        data += more
    end += len(_END)
    return parse_header(data[:end]), end, memoryview(data)[end:]


def block_chunks(header: Header, rest: memoryview, pieces: Iterator[bytes]) -> Iterator[memoryview]:
    """The block that begins in *rest* and goes on in *pieces*, exactly as long as *header* says.

    Raises FormatError where it is shorter, or where anything but CRLF CRLF follows it.
    """
    if header.content_length <= AT_ONCE:
        yield _whole(header.content_length, rest, pieces)
    else:
        yield from _in_chunks(header.content_length, rest, pieces)


def stored_block(window: Window) -> Iterator[memoryview]:
    """The block of the one record in *window*, read once more."""
    members = Members(window)
    if not members.next_member():
        raise FormatError("no record")
    pieces = members.pieces()
    header, _, rest = read_header(pieces)
    yield from block_chunks(header, rest, pieces)


def _whole(size: int, rest: memoryview, pieces: Iterator[bytes]) -> memoryview:
    """All of a block at once, and of its member."""
    parts: list[bytes | memoryview] = [rest]
    held = len(rest)
    for piece in pieces:
        parts.append(piece)
        held += len(piece)
        if held > size + len(_END):
            break
    if held > size + len(_END):
        raise FormatError(_TOO_LONG)
    if held < size:
        raise FormatError(f"the record ends {size - held} bytes before its Content-Length")
    data = rest if len(parts) == 1 else memoryview(b"".join(parts))
    if data[size:] != _END:
        raise FormatError(_NO_END)
    return data[:size]


def _in_chunks(left: int, rest: memoryview, pieces: Iterator[bytes]) -> Iterator[memoryview]:
    """A block piece by piece, *left* bytes of it."""
    tail = b""
    for piece in itertools.chain((rest,), map(memoryview, pieces)):
        if len(piece) <= left:
            left -= len(piece)
            if piece:
                yield piece
        else:
            if left:
                yield piece[:left]
            tail += piece[left : left + len(_END) + 1]
            left = 0
            if len(tail) > len(_END):
                raise FormatError(_TOO_LONG)
    if left:
        raise FormatError(f"the record ends {left} bytes before its Content-Length")
    if tail != _END:
        raise FormatError(_NO_END)


def until_head_end(chunks: Iterator[memoryview]) -> tuple[bytes | memoryview, int]:
    """The chunks up to the one in which an HTTP head ends, and where; -1 if it does not."""
    start = next(chunks, b"")
    while (end := find_head_end(start)) < 0 and len(start) < MAX_HEAD:
        more = next(chunks, None)
        if more is None:
            break
        start = b"".join((start, more))
    return start, end if end <= MAX_HEAD else -1


def _response_head(head: bytes) -> Head | None:
    try:
        return parse_head(head)
    except FormatError:
        return None  # no HTTP: the block is kept as it is, and not indexed


def _begins_as_http(start: bytes | memoryview) -> bool:
    """Whether a status line stands at the beginning of *start*, in which no head ends early enough."""
    try:
        parse_head(bytes(start[:MAX_HEAD]))
    except FormatError:
        return False
    return True


def _request_method(head: bytes) -> str:
    found = _REQUEST_LINE.match(head)
    if not found:
        raise FormatError("a request that does not begin with an HTTP head")
    return found[1].decode("ascii")


def _as_it_stands(
    start: bytes | memoryview, head_size: int, chunks: Iterator[memoryview], aside: Aside
) -> tuple[Hash, Hash]:
    """The digests of a block and of its payload, which is the whole where there is no head."""
    body = memoryview(start)[head_size:]
    chunk = next(chunks, None)
    if chunk is None:
        whole = aside.hash(start)
        return whole, aside.hash(body) if head_size else whole
    running, payload = Hasher(aside), Hasher(aside)
    running.update(start)
    payload.update(body)
    while chunk is not None:
        running.update(chunk)
        if head_size:
            payload.update(chunk)
        chunk = next(chunks, None)
    return running, payload if head_size else running


def _dechunked(
    decoder: ChunkedDecoder,
    most: int,
    body: memoryview,
    chunks: Iterator[memoryview],
    whole: Hasher,
    payload: Hasher,
) -> tuple[Hash | None, int]:
    """Digest and size of the entity body; None, and the size as it stands, where its framing is broken."""
    broken = False
    size = stands = 0
    chunk: memoryview | None = body
    while chunk is not None:
        stands += len(chunk)
        parts: list[bytes] = []
        try:
            for at in range(0, 0 if broken else len(chunk), FEED):
                parts.append(b"".join(decoder.feed(chunk[at : at + FEED])))
                broken = broken or decoder.excess > 0
                if decoder.chunks > most:
                    raise LimitError("too many chunks in its bodies")
        except FormatError:
            broken = True
        data = b"".join(parts)
        size += len(data)
        payload.update(data)
        chunk = next(chunks, None)
        if chunk is not None:
            whole.update(chunk)
    if broken or not decoder.done:
        return None, stands
    return payload, size
