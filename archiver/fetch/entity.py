"""The entity body of an exchange as a document to be read: de-chunked, decoded, and never too large."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.digest import CHUNK
from archiver.errors import FormatError, LimitError
from archiver.warc.coding import content_codings, decode
from archiver.warc.exchange import Exchange
from archiver.warc.http1 import ChunkedDecoder, Framing, Head, find_head_end, framing

MAX_DOCUMENT = 64 << 20
"""Bytes of a document that are read for links; what comes after is not looked at."""


def document(exchange: Exchange, head: Head, *, max_bytes: int = MAX_DOCUMENT) -> bytes:
    """The decoded body, up to *max_bytes*; where it is broken or longer, what comes before that.

    The spool is read from its beginning and left anywhere.
    """
    body = bytearray()
    try:
        for chunk in decode(_entity(exchange, head), content_codings(head), max_bytes=MAX_DOCUMENT):
            body += chunk
            if len(body) >= max_bytes:
                break
    except (FormatError, LimitError):
        pass  # a browser, too, shows what came
    return bytes(body[:max_bytes])


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
