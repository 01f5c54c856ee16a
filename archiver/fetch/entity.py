"""The entity body of an exchange as a document to be read: de-chunked, decoded, and never too large."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from archiver.digest import CHUNK, Digest
from archiver.errors import FormatError, LimitError
from archiver.warc.coding import content_codings, decode
from archiver.warc.exchange import Exchange
from archiver.warc.http1 import ChunkedDecoder, Framing, Head, find_head_end, framing

MAX_DOCUMENT = 64 << 20
"""Bytes of a document that are read for links; what comes after is not looked at."""
MAX_SHEET = 16 << 20
"""The same of what is read as one text: a style sheet, a script."""


@dataclass(frozen=True, slots=True)
class Document:
    """A decoded body, as far as it can be read: a browser, too, shows what came."""

    data: bytes
    fault: str | None
    """Why this is not all of it, in one stable word; None where it is."""


def document(exchange: Exchange, head: Head, *, most: int = MAX_DOCUMENT) -> Document:
    """The decoded body, *most* bytes of it; the spool is read from its beginning and left anywhere."""
    body = io.BytesIO()  # whose bytes can be had without a second copy of them
    fault = None
    try:
        for chunk in _decoded(exchange, head, most):
            body.write(chunk)
    except FormatError:
        fault = "bad-coding"
    except LimitError:
        fault = "limit-links"
    return Document(body.getvalue(), fault)


def beginning(exchange: Exchange, head: Head, size: int) -> bytes:
    """The first *size* bytes of the decoded body, or fewer."""
    body = bytearray()
    with suppress(FormatError, LimitError):
        for chunk in _decoded(exchange, head, MAX_DOCUMENT):
            body += chunk
            if len(body) >= size:
                break
    return bytes(body[:size])


def body_digest(exchange: Exchange, head: Head) -> Digest | None:
    """The digest of the decoded body; None where it cannot be read to its end. The spool is left anywhere."""
    try:
        return Digest.of_chunks(_decoded(exchange, head, MAX_DOCUMENT))
    except (FormatError, LimitError):
        return None


def _decoded(exchange: Exchange, head: Head, most: int) -> Iterator[bytes]:
    return decode(_entity(exchange, head), content_codings(head), max_bytes=most)


def _entity(exchange: Exchange, head: Head) -> Iterator[bytes]:
    pieces = _after_head(exchange)
    if framing(exchange.method, head)[0] is not Framing.CHUNKED:
        yield from pieces
        return
    decoder = ChunkedDecoder()
    for piece in pieces:
        yield from map(bytes, decoder.feed(piece))
        if decoder.done:
            return


def _after_head(exchange: Exchange) -> Iterator[bytes]:
    exchange.response.seek(0)
    first = exchange.response.read(CHUNK)  # the recorder's limit keeps a head below this
    end = find_head_end(first)
    if end < 0:
        return
    yield first[end:]
    while piece := exchange.response.read(CHUNK):
        yield piece
