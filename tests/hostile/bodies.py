"""Bodies without end, that unpack to too much, or are not as long as was said."""

from __future__ import annotations

import functools
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping

import brotli

from archiver.fetch.entity import MAX_DOCUMENT
from tests.fetch.rawserver import Route, Step, Then, say
from tests.hostile.case import IMAGE, ONCE, Case, answer, images, page
from tests.hostile.server import Trick, drip, flood

_IMAGE = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
_HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
_LENGTH = b"Content-Length: 10000000000\r\n\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
_BLOCK = os.urandom(1 << 20)
_CHUNK = b"100000\r\n" + _BLOCK + b"\r\n"
_WORDS = (b"<p>" + b"word " * 2_000 + b"</p>") * 100
_TOO_LARGE = ("page-limit-bytes", "page-truncated-length", "missing")

_PIECE = b"ha " * 350_000
_PIECES = 2_000


@functools.cache
def _packed(coding: str) -> bytes:
    """2 GB in one stream: each of its pieces, but for the first, is packed by the same bytes."""
    gzip, br = zlib.compressobj(9, zlib.DEFLATED, 31), brotli.Compressor(quality=1)
    first, other = (
        gzip.compress(_PIECE) + gzip.flush(zlib.Z_FULL_FLUSH)
        if coding == "gzip"
        else br.process(_PIECE) + br.flush()
        for _ in range(2)
    )
    return first + other * (_PIECES - 1)


def _bomb(coding: str, mime: str) -> Route:
    return answer(_packed(coding), mime, more=f"Content-Encoding: {coding}\r\n")


def _bombs(coding: str) -> tuple[Case, ...]:
    return (
        Case(
            name=f"a page that is a {coding} bomb",
            routes=lambda: {"/": _bomb(coding, "text/html")},
            requests=2,
            work=4,
            peak=200,
            status="partial",
            reasons=("missing",),
            missing={"limit-links": 1},
        ),
        Case(
            name=f"20 sheets that are {coding} bombs",
            routes=lambda: {
                "/": page("".join(f"<link rel=stylesheet href={number}.css>" for number in range(20))),
                "*": _bomb(coding, "text/css"),
            },
            requests=21,
            work=4,
            peak=180,
            status="partial",
            reasons=("missing",),
            missing={"limit-links": 20},
        ),
    )


def _several(name: str, tricks: Mapping[str, tuple[str, Trick | Route]], *flags: str) -> Case:
    """Each trick on an image, with what is said of it; another image is had all the same."""
    routes = {f"/{number}": trick for number, (_, trick) in enumerate(tricks.values())}
    return Case(
        name=f"{name}: {', '.join(tricks)}",
        routes=lambda: {"/": page(images(len(tricks)) + "<img src=x>"), "*": IMAGE, **routes},
        flags=(*ONCE, *flags),
        requests=2 + len(tricks),
        asked=("/x", *routes),
        recorded=("/x",),
        status="partial",
        reasons=("missing",),
        missing=Counter(why for why, _ in tricks.values()),
    )


def _one(name: str, trick: Trick | Route, why: str) -> Case:
    return _several(name, {"an image": (why, trick)})


def _document(name: str, trick: Trick | Route, reasons: tuple[str, ...], why: str, *flags: str) -> Case:
    return Case(
        name=name,
        routes=lambda: {"/": trick},
        flags=(*ONCE, *flags),
        requests=2,
        peak=150,
        status="partial",
        reasons=reasons,
        missing={why: 1},
    )


def _fragments(request: bytes) -> Iterable[Step]:
    """A chunk of one byte after the other, without end."""
    yield _IMAGE + _CHUNKED
    while True:
        yield b"1\r\nx\r\n" * 10_000


_FORGED = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 6\r\n\r\nforged"

CASES = (
    _one("10 GB", flood(_IMAGE + _LENGTH, _BLOCK), "limit-bytes"),
    _one("10 GB in chunks", flood(_IMAGE + _CHUNKED, _CHUNK, 10_000), "limit-bytes"),
    _several(
        "bodies without end",
        {
            "chunks": ("limit-bytes", flood(_IMAGE + _CHUNKED, _CHUNK)),
            "bytes": ("limit-bytes", flood(_IMAGE + b"\r\n", _BLOCK)),
            "one chunk": ("limit-bytes", flood(_IMAGE + _CHUNKED + b"FFFFFFFFFFFFFFF\r\n", _BLOCK)),
            "a chunk size": ("protocol", flood(_IMAGE + _CHUNKED, b"0" * 65_536)),
            "a trailer": ("protocol", flood(_IMAGE + _CHUNKED + b"0\r\n", b"X: y\r\n" * 1_000)),
        },
        *("--max-resource", "10M"),
    ),
    _one("chunks of one byte without end", _fragments, "limit-bytes"),
    Case(
        name="12 images of 10 GB each",
        routes=lambda: {
            "/": page("".join(f"<img src={number}>" for number in range(12))),
            "*": flood(_IMAGE + _LENGTH, _BLOCK),
        },
        flags=("--max-capture", "60M"),
        requests=13,
        peak=100,
        status="partial",
        reasons=("missing",),
        missing={"limit-bytes": 12},
    ),
    _document(
        "a page of 10 GB",
        flood(_HTML + _LENGTH, _WORDS),
        _TOO_LARGE,
        "limit-bytes",
        *("--max-document", "20M"),
    ),
    _document(
        "a page in chunks without end",
        flood(_HTML + _CHUNKED, b"%x\r\n%s\r\n" % (len(_WORDS), _WORDS)),
        _TOO_LARGE,
        "limit-bytes",
        *("--max-document", "20M"),
    ),
    _several(
        "bodies that drip",
        {
            "bytes": ("limit-seconds", drip(_IMAGE + _LENGTH, 0.05)),
            "chunks": ("limit-seconds", drip(_IMAGE + _CHUNKED, 0.05, b"1\r\nx\r\n")),
        },
        *("--max-seconds", "2"),
    ),
    _several(
        "bodies that stop",
        {
            "after a byte": ("timeout", lambda _: (_IMAGE + _LENGTH + b"x", 30.0)),
            "of two lengths": (
                "timeout",
                say(_IMAGE + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello", 30.0),
            ),
        },
        *("--idle-timeout", "1"),
    ),
    *_bombs("gzip"),
    *_bombs("br"),
    Case(
        name="images that are bombs",
        routes=lambda: {
            "/": page(images(2)),
            "/0": _bomb("gzip", "image/png"),
            "/1": _bomb("br", "image/png"),
        },
        requests=3,
        recorded=("/0", "/1"),
        status="complete",
    ),
    _several(
        "bodies that break off, and chunks that are none",
        {
            "bytes": ("disconnect", say(_IMAGE + _LENGTH + b"x" * 1_000, Then.CLOSE)),
            "a reset": ("disconnect", say(_IMAGE + _LENGTH + b"x" * 1_000, 0.2, Then.RESET)),
            "chunks": ("disconnect", say(_IMAGE + _CHUNKED + b"5\r\nhello\r\n", Then.CLOSE)),
            "a chunk": ("disconnect", say(_IMAGE + _CHUNKED + b"50\r\nhello", Then.CLOSE)),
            "longer": ("protocol", say(_IMAGE + _CHUNKED + b"3\r\nhello\r\n0\r\n\r\n")),
            "hexadecimal": ("protocol", say(_IMAGE + _CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n")),
        },
    ),
    _document(
        "a page of fewer bytes than were said",
        say(_HTML + _LENGTH + b"<link rel=icon href=data:,><p>Words.", Then.CLOSE),
        ("page-disconnect", "page-truncated-disconnect", "missing"),
        "disconnect",
    ),
    Case(
        name="more bytes than belong to an answer: a few, another answer, many, and where there can be none",
        routes=lambda: {
            "/": page(images(4) + "<img src=/x>"),
            "/0": say(_IMAGE + b"Content-Length: 5\r\n\r\nhelloWORLD"),
            "/1": say(_IMAGE + b"Content-Length: 5\r\n\r\nhello" + _FORGED),
            "/2": say(_IMAGE + b"Content-Length: 5\r\n\r\nhello" + b"x" * (8 << 20)),
            "/3": say(b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", 0.2, _FORGED),
            "/x": IMAGE,
        },
        flags=("--jobs", "1"),
        requests=6,
        asked=("/x",),
        recorded=("/0", "/1", "/2", "/3", "/x"),
        surplus=True,
        status="complete",
    ),
)

assert len(_PIECE) * _PIECES > MAX_DOCUMENT
