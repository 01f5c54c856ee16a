"""One trick of a server: what it does, how much it may cost, and what is to be said of it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.fetch.authority import Authority
from tests.fetch.rawserver import Reply, say
from tests.hostile.server import Routes

HOST = "site.example"
"""What the server is called where it is reached by name, and other private addresses are not."""

EXIT = {"complete": 0, "failed": 1, "partial": 3, "blocked": 3, "gone": 3}

SECONDS = 10.0
"""What no capture may take on the clock."""

SOME = 0
"""A number that hangs on chance, or on how many are listed."""

ONCE = ("--attempts", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A capture of / from a server with these *routes*, with *flags*, and how it ends.

    *work*, the seconds in which a processor is at it, *peak* megabytes of memory and the *requests* that the
    server sees are the most there may be; from start to end it may take SECONDS.
    """

    name: str
    routes: Callable[[], Routes]
    flags: tuple[str, ...] = ()
    work: float = 3.0
    peak: float = 80.0
    requests: int
    status: str
    reasons: tuple[str, ...] = ()
    missing: Mapping[str, int] = field(default_factory=dict)
    """How many URLs are listed as missing, by the word that says why, or SOME."""
    lost: int | None = None
    """How many are missing in all, where that is more than are listed."""
    kept: bool = True
    """Whether there is a bundle."""
    asked: tuple[str, ...] = ()
    """What must have been asked for, whatever came before it."""
    recorded: tuple[str, ...] = ()
    """What must stand in the record as a whole answer."""
    named: bool = False
    """Whether the server is reached as HOST, so that no other private address may be reached."""
    surplus: bool = False
    """Whether the server sends more than belongs to its answers."""
    tls: Callable[[Authority], ssl.SSLContext] | None = None
    """What the server speaks TLS with."""
    trusted: bool = False
    """Whether its own certificate is among those to be trusted."""
    scheme: str = ""
    """How it is asked, where that is not how it speaks."""
    said: str = ""
    """Words that must be on standard error."""

    def __str__(self) -> str:
        return self.name


def answer(body: str | bytes, mime: str = "text/html", *, status: str = "200 OK", more: str = "") -> Reply:
    """A whole answer."""
    data = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\nContent-Type: {mime}\r\n{more}Content-Length: {len(data)}\r\n\r\n"
    return say(head.encode() + data)


_ICON_AND_WORDS = (
    b"<!doctype html><link rel=icon href=data:,>"
    b"<p>" + b"The tide comes in twice a day, and every time it takes a little of the shore with it. " * 8
)


def page(body: str | bytes, mime: str = "text/html", *, more: str = "") -> Reply:
    """An article that names its icon, so that nothing is guessed."""
    data = body.encode() if isinstance(body, str) else body
    return answer(_ICON_AND_WORDS + data, mime, more=more)


def moved(location: str | bytes) -> Reply:
    """A redirect to *location*, as it stands."""
    target = location.encode() if isinstance(location, str) else location
    return say(b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\nContent-Length: 0\r\n\r\n")


IMAGE = answer(b"\x89PNG\r\n\x1a\n", "image/png")


def images(count: int) -> str:
    """So many images, by number."""
    return "".join(f"<img src=/{number}>" for number in range(count))
