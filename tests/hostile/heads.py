"""Response heads that are too long, too many, never come, or are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby

from tests.fetch.rawserver import Route, Step, say
from tests.hostile.case import IMAGE, ONCE, Case, answer, images, page
from tests.hostile.server import Routes, Trick, drip, flood

_OK = b"HTTP/1.1 200 OK\r\n"
_QUICK = ("--idle-timeout", "1")
_SHORT = ("--max-seconds", "2")
_YEAR = "Retry-After: 31536000\r\n"


def _only(route: Route | Trick) -> Callable[[], Routes]:
    """The page is all there is."""
    return lambda: {"/": route}


def _beside_an_image(tricks: Mapping[str, Trick]) -> Callable[[], Routes]:
    """A page with *tricks* as images, by number, and one that is an image."""
    return lambda: {"/": page(images(len(tricks)) + "<img src=x>"), "*": IMAGE, **tricks}


def _at_once(reply: bytes) -> Trick:
    return flood(reply, b"", 0)


_NO_HEADS: tuple[tuple[tuple[str, ...], str, str, Trick], ...] = (
    ((), "HTTP/0.9", "protocol", _at_once(b"<html><img src=x>\n\n<p>Words.")),
    ((), "HTTP/0.9 that begins as HTTP", "protocol", _at_once(b"HTTPS is better than HTTP/1.1 200 OK\n\n")),
    ((), "ICY", "protocol", _at_once(b"ICY 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n")),
    ((), "nothing", "disconnect", _at_once(b"")),
    ((), "blank lines", "protocol", _at_once(b"\r\n\r\n\r\n\r\n")),
    ((), "a status that is no number", "protocol", _at_once(b"HTTP/1.1 2OO OK\r\n\r\n")),
    ((), "a status line that controls", "protocol", _at_once(b"\x1b[2JHTTP/1.1 200\x07\x9b31m\r\n\r\n")),
    ((), "NULs", "protocol", _at_once(b"\0" * 100_000 + b"\r\n\r\n")),
    ((), "a line of 1 MB without end", "limit-bytes", flood(b"", b"x" * 65_536, 16)),
    ((), "a status line without end", "limit-bytes", flood(b"HTTP/1.1 200 ", b"O" * 65_536)),
    ((), "interim answers without end", "limit-bytes", flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100)),
    (_QUICK, "silence", "timeout", lambda _: (30.0,)),
    (
        _QUICK,
        "1,000 interim answers and then silence",
        "timeout",
        lambda _: (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1_000, 30.0),
    ),
    (
        _SHORT,
        "interim answers that drip",
        "limit-seconds",
        drip(b"", 0.05, b"HTTP/1.1 102 Processing\r\n\r\n"),
    ),
)
"""Flags that make it quick, a name, what is said of it, and the trick."""

_AS_PAGES = (
    "HTTP/0.9",
    "ICY",
    "nothing",
    "a status line that controls",
    "a line of 1 MB without end",
    "silence",
)


def _as_pages() -> Iterable[Case]:
    """Some of them as the page, of which nothing is kept then."""
    for flags, name, why, trick in (one for one in _NO_HEADS if one[1] in _AS_PAGES):
        yield Case(
            name=f"{name}, as the page",
            routes=_only(trick),
            flags=(*ONCE, *flags),
            requests=1,
            status="failed",
            reasons=(why,),
            kept=False,
        )


def _as_images() -> Iterable[Case]:
    """All of them on one page, beside an image that is had."""
    for flags, group in groupby(_NO_HEADS, key=lambda one: one[0]):
        tricks = tuple(group)
        routes = {f"/{number}": one[3] for number, one in enumerate(tricks)}
        yield Case(
            name=", ".join(one[1] for one in tricks) + ", as images",
            routes=_beside_an_image(routes),
            flags=(*ONCE, *flags),
            requests=2 + 2 * len(tricks),  # twice where a connection used before turns out to be dead
            asked=("/x", *routes),
            recorded=("/x",),
            status="partial",
            reasons=("missing",),
            missing=Counter(one[2] for one in tricks),
        )


def _cut(name: str, trick: Trick, why: str, kind: str, *flags: str) -> Case:
    """A head of which the beginning is one."""
    return Case(
        name=name,
        routes=_only(trick),
        flags=(*ONCE, *flags),
        requests=1,
        status="partial",
        reasons=(f"page-{why}", f"page-truncated-{kind}", "missing"),
        missing={why: 1},
    )


def _cookies(first: int, count: int) -> str:
    return "".join(f"Set-Cookie: c{number}=vvvvvvvv\r\n" for number in range(first, first + count))


def _many_cookies() -> Routes:
    asked = iter(range(1 << 30))

    def image(_request: bytes) -> Iterable[Step]:
        yield from answer(b"x", "image/png", more=_cookies(20 * next(asked), 20))

    return {"/": page(images(500)), "*": image}


CASES = (
    *_as_pages(),
    *_as_images(),
    _cut("100,000 header lines", flood(_OK, b"X-Header: 1\r\n" * 1_000, 100), "limit-bytes", "length"),
    _cut(
        "60,000 short header lines",
        _at_once(_OK + b"a:\r\n" * 60_000 + b"Content-Length: 0\r\n\r\n"),
        "limit-bytes",
        "length",
    ),
    _cut(
        "a coding that is named after 6,000 header lines",
        _at_once(_OK + b"a: b\r\n" * 6_000 + b"Content-Encoding: br\r\n\r\n\x0b\x02\x80"),
        "limit-bytes",
        "length",
    ),
    _cut("a head without end", flood(_OK, b"X: " + b"x" * 8_000 + b"\r\n"), "limit-bytes", "length"),
    _cut("one header of 1 MB", flood(_OK + b"X: ", b"x" * 65_536, 16), "limit-bytes", "length"),
    _cut(
        "a head that breaks off",
        _at_once(_OK + b"Content-Type: text/plain\r\nX: 1\r\n"),
        "disconnect",
        "disconnect",
    ),
    _cut("a head that stops", lambda _: (_OK + b"X: 1\r\n", 30.0), "timeout", "time", *_QUICK),
    _cut("a head that drips", drip(_OK, 0.1, b"X: 1\r\n"), "limit-seconds", "time", *_SHORT),
    Case(
        name="another protocol",
        routes=lambda: {
            "/": say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n\x00\x01")
        },
        flags=ONCE,
        requests=1,
        surplus=True,
        status="failed",
        reasons=("http-101",),
    ),
    *(
        Case(
            name=f"{status} and to be asked again in a year",
            routes=_only(answer("no", "text/plain", status=f"{status} No", more=_YEAR)),
            flags=("--max-seconds", "5"),
            requests=1,
            status="blocked",
            reasons=(f"http-{status}",),
        )
        for status in (401, 429)
    ),
    Case(
        name="an image that is busy for a year",
        routes=lambda: {"/": page("<img src=a>"), "/a": answer("", status="503 Busy", more=_YEAR)},
        flags=("--max-seconds", "5"),
        requests=2,
        status="partial",
        reasons=("missing",),
        missing={"http-503": 1},
    ),
    Case(
        name="10,000 cookies at once",
        routes=lambda: {"/": page("<p>Words.", more=_cookies(0, 10_000))},
        flags=("--max-header", "1M"),
        requests=2,
        status="partial",
        reasons=("page-limit-bytes", "page-truncated-length", "missing"),
        missing={"limit-bytes": 1},
    ),
    Case(
        name="4,000 cookies at once, and 300 images to send them for",
        routes=lambda: {"/": page(images(300), more=_cookies(0, 4_000)), "*": IMAGE},
        requests=301,
        status="complete",
    ),
    Case(
        name="10,000 cookies over 500 answers",
        routes=_many_cookies,
        requests=501,
        work=4,
        status="complete",
    ),
    Case(
        name="cookies with control characters",
        routes=lambda: {
            "/": say(
                b"HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=\x1b[2J\x07\r\nSet-Cookie: b=\x00\r\n"
                b"Set-Cookie: c=d\rX-Injected: yes\r\nSet-Cookie: e=\x9b31m\r\nSet-Cookie: f\t=\x7f\r\n"
                b"Content-Length: 0\r\n\r\n"
            ),
            "/b": page("here"),
        },
        requests=2,
        asked=("/b",),
        status="complete",
    ),
    Case(
        name="control characters in every header",
        routes=lambda: {
            "/": page(
                "<title>\x1b[2J\u202ePASSED\x07</title><p>Words.",
                "text/html\x1b[2J",
                more="Server: \x1b[31mPASSED\r\nDate: \x07\r\nX\x1b[2J: y\r\nETag: \x85\r\nAge: \x00\r\n",
            )
        },
        flags=ONCE,
        requests=1,
        status="complete",
    ),
)
