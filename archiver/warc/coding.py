"""Content codings undone: gzip, deflate, br and stacks of them (RFC 9110 section 8.4), within bounds."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Protocol

from isal import isal_zlib

from archiver.errors import FormatError, LimitError
from archiver.warc.deflate import BROKEN
from archiver.warc.http1 import Head, listed

MAX_CODINGS = 4
"""A body coded more often than this is refused."""

MAX_MEMBERS = 50_000
"""A gzip body of more members than this is refused."""

_PIECE = 64 << 10  # bytes fed at a time, so that what waits behind a full output stays small
_OUTPUT = 256 << 10  # bytes taken from a decoder at a time
_GZIP_MAGIC = b"\x1f\x8b"


class _Inflater(Protocol):
    """What zlib's and isal's decompression objects share."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def content_codings(head: Head) -> tuple[str, ...]:
    """The codings a response names, in the order they were applied; ``identity`` is none."""
    return tuple(name for name in listed(head.all("content-encoding")) if name != "identity")


def decode(chunks: Iterable[bytes], codings: Sequence[str], *, max_bytes: int) -> Iterator[bytes]:
    """The bytes of *chunks* with *codings* undone, the last applied first; a few hundred KB in memory.

    As browsers do, what follows the end of a gzip or deflate stream is ignored, and an empty body is
    empty in every coding. Raises FormatError for a coding we do not know and for data that is broken or
    ends early (after what came before that has been given), LimitError when any stage gives more than
    *max_bytes*.
    """
    names = [name for name in listed(list(codings)) if name != "identity"]
    if len(names) > MAX_CODINGS:
        raise FormatError(f"{len(names)} content codings on one body")
    unknown = next((name for name in names if name not in _DECODERS), None)
    if unknown is not None:
        raise FormatError(f"unknown content coding: {unknown!r:.40}")
    stream = _within(iter(chunks), max_bytes)
    for name in reversed(names):
        stream = _within(_DECODERS[name](_pieces(stream)), max_bytes)
    return stream


def _within(chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > max_bytes:
            raise LimitError(f"a decoded body larger than {max_bytes} bytes")
        yield chunk


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        view = memoryview(chunk)
        for at in range(0, len(view), _PIECE):
            yield bytes(view[at : at + _PIECE])


def _gzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Members one after another are one body; what follows them and is no member is ignored."""
    ahead = b""
    for count in itertools.count():
        while len(ahead) < 2 and (piece := next(pieces, None)) is not None:
            ahead += piece
        if ahead[:2] != _GZIP_MAGIC:
            if ahead and not count:
                raise FormatError("a gzip body does not begin as one")
            return
        if count == MAX_MEMBERS:
            raise LimitError(f"a gzip body of more than {MAX_MEMBERS} members")
        ahead = yield from _inflate(isal_zlib.decompressobj(31), itertools.chain((ahead,), pieces))


def _deflate(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The zlib form, and the bare form that some servers send in its place."""
    ahead = b""
    while len(ahead) < 2 and (piece := next(pieces, None)) is not None:
        ahead += piece
    if not ahead:
        return
    wrapped = len(ahead) > 1 and ahead[0] & 0x0F == 8 and int.from_bytes(ahead[:2], "big") % 31 == 0
    yield from _inflate(zlib.decompressobj(15 if wrapped else -15), itertools.chain((ahead,), pieces))


def _inflate(inflater: _Inflater, pieces: Iterable[bytes]) -> Generator[bytes, None, bytes]:
    """What *inflater* makes of *pieces*; returns the bytes that follow the end of its stream."""
    for piece in pieces:
        data = piece
        while True:
            try:
                out = inflater.decompress(data, _OUTPUT)
            except BROKEN as error:
                raise FormatError("broken compressed data") from error
            if out:
                yield out
            if inflater.eof:
                return inflater.unused_data
            data = inflater.unconsumed_tail
            if len(out) < _OUTPUT:
                if data:
                    raise FormatError("broken compressed data")
                break
    raise FormatError("compressed data ends early")


def _brotli(pieces: Iterator[bytes]) -> Iterator[bytes]:
    import brotli  # on use: verify never needs it

    decoder = brotli.Decompressor()
    empty = True
    for piece in pieces:
        empty = False
        data = piece
        while True:
            try:
                out: bytes = decoder.process(data, output_buffer_limit=_OUTPUT)
            except brotli.error as error:
                raise FormatError("broken brotli data") from error
            if not out:
                break  # not before: a decoder that takes more input, or has finished, may still hold output
            yield out
            data = b""
    if not empty and not decoder.is_finished():
        raise FormatError("brotli data ends early")


_DECODERS: dict[str, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
}
