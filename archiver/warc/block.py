"""A record's block gone through once: its digests, the HTTP head, the entity body within its framing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.warc.deflate import Members
from archiver.warc.hasher import Aside, Hasher
from archiver.warc.http1 import ChunkedDecoder, Framing, Head, find_head_end, framing, parse_head
from archiver.warc.record import (
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

FEED = 64 << 10
"""Bytes of chunk framing taken apart at a time, so that the list of its tiny chunks stays short."""

_END = b"\r\n\r\n"
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) [^ \r\n]+ HTTP/1\.[01]\r\n")
_HTTP = {"response": RESPONSE, "request": REQUEST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What a block holds, all digests computed."""

    digest: Digest
    http: Head | None
    """A response's head; None where the block does not begin with one."""
    method: str | None
    """A request's method."""
    head_size: int
    plain: bool
    """A WARC-Payload-Digest means the same to everybody."""
    framed: bool
    """The body ends where the head says, as far as a response alone can tell."""
    payload_digest: Digest | None
    """Of the entity body, de-chunked; None where chunk framing is broken."""
    payload_size: int
    kept: bytes | None
    """The whole block, where it is small and others need it."""

    @classmethod
    def read(cls, header: Header, chunks: Iterator[memoryview], *, keep: int, aside: Aside) -> Block:
        """Read *chunks*, the block after *header*, to their end; *keep* is the largest block kept.

        Raises FormatError where the Content-Type is not what the record's type asks for.
        """
        asked = _HTTP.get(header.type)
        if asked and header.content_type != asked:
            raise FormatError(f"a {header.type} of type {header.content_type!r:.80}")
        start, end = _until_head_end(chunks) if asked else (bytes(next(chunks, b"")), -1)
        http, method = None, None
        if header.type == "response":
            http = _response_head(start, end)
        elif header.type == "request":
            method = _request_method(start, end)
        head_size = end if http or method else 0
        wanted = header.content_type == WARC_FIELDS or method not in (None, "GET")
        kept = None
        if wanted and header.content_length <= keep:
            kept = start = start + b"".join(chunks)
        told, length = framing("GET", http) if http else (Framing.CLOSE, 0)
        body = memoryview(start)[head_size:]
        if told is Framing.CHUNKED:
            whole = hashlib.sha256(start)
            payload_digest, payload_size = _dechunked(body, chunks, whole, aside.hasher())
            framed = payload_digest is not None
        else:
            payload = aside.hasher(body) if head_size else None
            whole = hashlib.sha256(start)
            payload_digest, rest = _as_it_stands(chunks, whole, payload)
            payload_size = len(body) + rest
            framed = told is Framing.CLOSE or payload_size == length
        return cls(
            digest=Digest(whole.hexdigest()),
            http=http,
            method=method,
            head_size=head_size,
            plain=header.type == "resource" or (head_size > 0 and has_plain_payload(start[:head_size])),
            framed=framed and (header.type != "response" or http is not None),
            payload_digest=payload_digest,
            payload_size=payload_size,
            kept=kept,
        )


def read_header(pieces: Iterator[bytes]) -> tuple[Header, int, bytes]:
    """The header that *pieces* begin with, its size, and what was read of the block behind it."""
    data = next(pieces, b"")
    while (end := data.find(_END, 0, MAX_HEADER)) < 0:
        more = next(pieces, None)
        if more is None or len(data) >= MAX_HEADER:
            raise FormatError("no end of a WARC header")
        data += more
    end += len(_END)
    return parse_header(data[:end]), end, data[end:]


def block_chunks(header: Header, rest: bytes, pieces: Iterator[bytes]) -> Iterator[memoryview]:
    """The block that begins in *rest* and goes on in *pieces*, exactly as long as *header* says.

    Raises FormatError where it is shorter, or where anything but CRLF CRLF follows it.
    """
    left = header.content_length
    tail = b""
    piece: bytes | None = rest
    while piece is not None:
        if len(piece) <= left:
            left -= len(piece)
            if piece:
                yield memoryview(piece)
        else:
            if left:
                yield memoryview(piece)[:left]
            tail += piece[left : left + len(_END) + 1]
            left = 0
            if len(tail) > len(_END):
                raise FormatError("more than one record in a gzip member, or a wrong Content-Length")
        piece = next(pieces, None)
    if left:
        raise FormatError(f"the record ends {left} bytes before its Content-Length")
    if tail != _END:
        raise FormatError("a record must end in CRLF CRLF")


def stored_block(window: Window) -> Iterator[memoryview]:
    """The block of the one record in *window*, read once more."""
    members = Members(window)
    if not members.next_member():
        raise FormatError("no record")
    pieces = members.pieces()
    header, _, rest = read_header(pieces)
    yield from block_chunks(header, rest, pieces)


def _until_head_end(chunks: Iterator[memoryview]) -> tuple[bytes, int]:
    """The chunks up to the one in which an HTTP head ends, and where; -1 if it does not."""
    start = bytes(next(chunks, b""))
    while (end := find_head_end(start)) < 0 and len(start) < MAX_HEAD:
        more = next(chunks, None)
        if more is None:
            break
        start += more
    return start, end if end <= MAX_HEAD else -1


def _response_head(start: bytes, end: int) -> Head | None:
    if end < 0:
        return None
    try:
        return parse_head(start[:end])
    except FormatError:
        return None  # no HTTP: the block is kept as it is, and not indexed


def _request_method(start: bytes, end: int) -> str:
    found = _REQUEST_LINE.match(start)
    if end < 0 or not found:
        raise FormatError("a request that does not begin with an HTTP head")
    return found[1].decode("ascii")


def _as_it_stands(
    chunks: Iterator[memoryview], whole: hashlib._Hash, payload: Hasher | None
) -> tuple[Digest, int]:
    """Digest and size of all that follows; without *payload*, of the whole."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if payload:
            payload.update(chunk)
        whole.update(chunk)
    return payload.digest() if payload else Digest(whole.hexdigest()), size


def _dechunked(
    body: memoryview, chunks: Iterator[memoryview], whole: hashlib._Hash, payload: Hasher
) -> tuple[Digest | None, int]:
    """Digest and size of the entity body; None, and the size as it stands, where its framing is broken."""
    decoder = ChunkedDecoder()
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
    return payload.digest(), size
