"""Redirects that go round, go on, or lead where nobody may go."""

from __future__ import annotations

from collections.abc import Iterable

from tests.fetch.rawserver import Reply, Step
from tests.hostile.case import IMAGE, ONCE, SOME, Case, images, moved, page

_PRIVATE = (
    "http://127.0.0.1:1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::1]/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f.1/",
    "http://10.1/",
    "http://localhost:1/",
    "//127.0.0.1:1/",
    "http:\\\\192.168.0.1/",
    "http://１２７.0.0.1/",
)
_NOWHERE = (
    "file:///etc/passwd",
    "data:text/html,<h1>PASSED</h1>",
    "javascript:alert(1)",
    "ftp://site.example/",
    "about:blank",
    "gopher://127.0.0.1:70/",
)


def _onward(request: bytes) -> Reply:
    target = request.split(b" ", 2)[1]
    return moved(target + b"x")


def _back_here(request: bytes) -> Iterable[Step]:
    """A redirect to the very port that is being served, by its address."""
    host = request.partition(b"\r\nHost: ")[2].partition(b"\r\n")[0]
    yield from moved(b"http://127.0.0.1:" + host.rpartition(b":")[2] + b"/inside")


def _refused(location: str) -> Case:
    return Case(
        name=f"a page that redirects to {location}",
        routes=lambda: {"/": moved(location)},
        named=True,
        requests=1,
        status="failed",
        reasons=("guard",),
        kept=False,
    )


def _no_scheme(location: str) -> Case:
    return Case(
        name=f"a page that redirects to {location}",
        routes=lambda: {"/": moved(location)},
        named=True,
        requests=1,
        status="failed",
        reasons=("page-scheme",),
        missing={"scheme": 1},
    )


CASES = (
    Case(
        name="a page that redirects in a circle",
        routes=lambda: {"/": moved("/a"), "/a": moved("/")},
        requests=21,
        status="failed",
        reasons=("page-limit-redirects",),
        missing={"limit-redirects": 1},
    ),
    Case(
        name="a page that redirects on and on",
        routes=lambda: {"*": _onward},
        requests=21,
        status="failed",
        reasons=("page-limit-redirects",),
        missing={"limit-redirects": 1},
    ),
    Case(
        name="an image that redirects in a circle",
        routes=lambda: {"/": page("<img src=a>"), "/a": moved("/b"), "/b": moved("/a")},
        requests=22,
        status="partial",
        reasons=("missing",),
        missing={"limit-redirects": 1},
    ),
    Case(
        name="300 images that redirect on and on",
        routes=lambda: {"/": page(images(300)), "*": _onward},
        flags=("--max-resources", "500"),
        requests=501,
        status="partial",
        reasons=("missing",),
        missing={"limit-redirects": SOME, "limit-resources": SOME},
        lost=300,
    ),
    *map(_refused, _PRIVATE[:3]),
    *map(_no_scheme, _NOWHERE[:2]),
    Case(
        name="a page that redirects to its own server's private address",
        routes=lambda: {"/": _back_here, "*": page("secret")},
        named=True,
        requests=1,
        status="failed",
        reasons=("guard",),
        kept=False,
    ),
    Case(
        name="images that redirect to where nobody may go",
        routes=lambda: {
            "/": page(images(len(_PRIVATE + _NOWHERE) + 1)),
            f"/{len(_PRIVATE + _NOWHERE)}": _back_here,
            **{f"/{number}": moved(url.encode()) for number, url in enumerate(_PRIVATE + _NOWHERE)},
        },
        named=True,
        requests=2 + len(_PRIVATE + _NOWHERE),
        status="partial",
        reasons=("missing",),
        missing={"guard": 1 + len(_PRIVATE), "scheme": len(_NOWHERE)},
    ),
    Case(
        name="images of private addresses",
        routes=lambda: {"/": page("".join(f"<img src='{url}'>" for url in _PRIVATE + _NOWHERE))},
        named=True,
        requests=1,
        status="partial",
        reasons=("missing",),
        missing={"guard": 8},
    ),
    Case(
        name="a Location of 1 MB",
        routes=lambda: {"/": moved("/" + "a" * 1_000_000)},
        requests=1,
        status="failed",
        reasons=("page-limit-bytes",),
        missing={"limit-bytes": 1},
    ),
    Case(
        name="a Location of 1 MB where heads may be that long",
        routes=lambda: {"/": moved("/" + "a" * 1_000_000)},
        flags=("--max-header", "1M"),
        requests=1,
        status="failed",
        reasons=("page-bad-redirect",),
        missing={"bad-redirect": 1},
    ),
    Case(
        name="a Location with control characters",
        routes=lambda: {"/": moved(b"/a\x00\x1b[2J\x1b]0;PASSED\x07\x7f\x9b31m\tb"), "*": page("here")},
        requests=2,
        asked=("/a%00%1B[2J%1B]0;PASSED%07%7F%C2%9B31mb",),
        status="complete",
    ),
    Case(
        name="a Location with a line break that only some see",
        routes=lambda: {"/": moved(b"/a\rSet-Cookie: a=b\rX: \n y"), "*": page("here")},
        requests=2,
        status="complete",
    ),
    Case(
        name="a redirect to a host name of 600 letters that are not ASCII",
        routes=lambda: {
            "/": page("<img src=a>"),
            "/a": moved("http://" + "".join(map(chr, range(0x4E00, 0x4E00 + 600))) + ".example/"),
        },
        requests=2,
        status="partial",
        reasons=("missing",),
        missing={"bad-redirect": 1},
    ),
    Case(
        name="redirects away from what was never said to be there",
        routes=lambda: {
            "/": page("<img src=a><img src=b>"),
            "/a": moved("/b"),
            "/b": moved("/c"),
            "/c": IMAGE,
        },
        requests=4,
        status="complete",
        flags=ONCE,
    ),
)
