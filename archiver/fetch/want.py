"""What a page's walk wants, what came of it, and the lists of what did not come."""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver.links import Kind, Links
from archiver.links.importmap import ImportMap
from archiver.url import Url
from archiver.warc.http1 import Head
from archiver.warc.stated import LIST_CAP, Missing

MAX_CHARACTERS = 16 << 20
"""How long the URLs that are kept in mind may be together; so, too, the referrers of what is missing. The
record names them all, and what reads it is bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """One URL to be got."""

    number: int
    url: Url
    kind: Kind | None
    """None for the page itself."""
    referrer: str | None
    hops: str
    policy: str = ""
    """The referrer policy under which it is asked for; empty for browsers' default."""
    imports: ImportMap = field(default_factory=ImportMap)
    """What its page's modules call things."""
    frames: int = 0
    sheets: int = 0
    """How many frames, and stylesheets, lie between it and the page."""
    later: bool = False
    """Whether it waits for what the page shows."""
    guess: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What came of a want, its redirects followed."""

    want: Want
    final: Url
    hops: str
    head: Head | None = None
    truncated: str | None = None
    error: str | None = None
    message: str = ""
    size: int = 0
    chain: tuple[str, ...] = ()
    """The URLs that redirected, each to the next one."""
    elsewhere: bool = False
    """Whether the last of them redirects to what another want fetches, and answers for."""
    links: Links = field(default_factory=Links)
    unread: str | None = None
    """Why not all of these are known."""


@dataclass(slots=True)
class Tally:
    """A list that stops growing at LIST_CAP, and the count that does not."""

    entries: list[tuple[int, Missing]] = field(default_factory=list)
    count: int = 0
    room: int = MAX_CHARACTERS

    def add(self, number: int, url: str, referrer: str | None, reason: str) -> None:
        """Note *url*, the one that was found as number *number*."""
        self.count += 1
        if len(self.entries) < LIST_CAP:
            if referrer is not None:
                self.room -= recorded_length(referrer)
                referrer = referrer if self.room >= 0 else None
            self.entries.append((number, Missing(url=url, referrer=referrer, reason=reason)))

    def listed(self) -> tuple[Missing, ...]:
        """In the order in which the URLs were found."""
        return tuple(missing for _, missing in sorted(self.entries, key=lambda entry: entry[0]))


def recorded_length(url: str) -> int:
    """Characters of *url* in the record, where a backslash takes two."""
    return len(url) + url.count("\\")
