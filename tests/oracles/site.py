"""A small site whose every response is written out by hand, in framings that readers have got wrong."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

import brotli


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What the site answers to one request target."""

    name: str
    target: str
    """Path and query, exactly as requested."""
    responses: tuple[bytes, ...]
    """Whole responses as on the wire: the first request gets the first, the last one is repeated."""
    body: bytes
    """What a reader must show: de-chunked and decoded."""
    mime: str


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The Bridge at Low Water</title>
<link rel="stylesheet" href="/style/site.css">
<link rel="icon" href="/Images/Bridge.PNG?Size=Large&amp;b=2&amp;A=1">
<script src="/script/notes.js"></script>
</head><body><h1>The Bridge at Low Water</h1>
<p>In the dry summer the old piers stood clear of the river – for the first time since 1921.</p>
<img src="/Images/Bridge.PNG?Size=Large&amp;b=2&amp;A=1" alt="The piers">
<img src="/chart.svg" alt="Water levels">
</body></html>
""".encode()

_STYLE = b"/* site */\n" + b"".join(
    b".level-%d { margin-left: %dpx; color: #%06x }\n" % (n, n, n * 977) for n in range(400)
)

_SCRIPT = "// notes – marginalia\n".encode() + b"".join(
    b'note(%d, "see page %d");\n' % (n, 3 * n) for n in range(300)
)

_PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8

_CHART = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 9L3 4L6 6L9 0"/></svg>\n'


def _response(kind: str, body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    head = (b"HTTP/1.1 " + status, b"Content-Type: " + kind.encode(), *fields)
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def _sized(kind: str, body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    return _response(kind, body, b"Content-Length: %d" % len(body), *fields, status=status)


def _chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


RESOURCES = (
    Resource(
        name="cited-page",
        target="/essays/bridge",
        responses=(_sized("text/html; charset=utf-8", _PAGE),),
        body=_PAGE,
        mime="text/html",
    ),
    Resource(
        name="gzip-chunked-stylesheet",
        target="/style/site.css",
        responses=(
            _response(
                "text/css",
                _chunked(gzip.compress(_STYLE, mtime=0), 700),
                b"Content-Encoding: gzip",
                b"Transfer-Encoding: chunked",
            ),
        ),
        body=_STYLE,
        mime="text/css",
    ),
    Resource(
        name="br-script",
        target="/script/notes.js",
        responses=(_sized("text/javascript", brotli.compress(_SCRIPT), b"content-encoding: br"),),
        body=_SCRIPT,
        mime="text/javascript",
    ),
    Resource(
        name="mixed-case-path-with-query",
        target="/Images/Bridge.PNG?Size=Large&b=2&A=1",
        responses=(_sized("image/png", _PICTURE),),
        body=_PICTURE,
        mime="image/png",
    ),
    Resource(
        name="first-attempt-503",
        target="/chart.svg",
        responses=(
            _sized("text/plain", b"try again later\n", b"Retry-After: 0", status=b"503 Service Unavailable"),
            _sized("image/svg+xml", _CHART),
        ),
        body=_CHART,
        mime="image/svg+xml",
    ),
)

PAGE = RESOURCES[0]
