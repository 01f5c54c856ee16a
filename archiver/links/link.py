"""What one link is, and how the texts that pages write become URLs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from archiver.errors import FormatError
from archiver.links.importmap import ImportMap
from archiver.url import MAX_LENGTH, Url

Check = Callable[[], None]
"""Called now and then while a document is read; a LimitError of its ends the reading."""


def go_on() -> None:
    """A `Check` that lets everything be read."""


class Kind(Enum):
    """What a link's target is fetched as."""

    IMAGE = "image"
    STYLE = "style"
    SCRIPT = "script"
    MODULE = "module"
    FONT = "font"
    ICON = "icon"
    FRAME = "frame"
    """A document within the document, or whatever else an object or embed element shows."""
    MANIFEST = "manifest"
    MEDIA = "media"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One resource that a document needs."""

    url: str
    """Absolute, http or https, without fragment."""
    kind: Kind
    place: str
    """Where it stands: ``img srcset``, ``css @import``."""
    alternative: bool = False
    """Whether the page shows something else first: another size, another format, another style."""
    guess: bool = False
    """Whether nothing names it: its absence is no loss."""
    policy: str = ""
    """The referrer policy that the element itself asks for."""


PARSED = frozenset({Kind.FRAME, Kind.STYLE, Kind.MODULE, Kind.MANIFEST})
"""The kinds whose targets name more."""

_AFTER = frozenset({Kind.ICON, Kind.MEDIA})

_Key = str | tuple[str, Kind]
"""What a link is known by: its URL; with the kind where the URL itself is that of a link parsed otherwise."""

MAX_LINKS = 100_000
MAX_CHARACTERS = 32 << 20
"""How many links one document may have, and how long their URLs may be together."""
MAX_CHARACTERS_EACH = 8 << 10
"""How long one URL may be: servers take no longer ones, and thousands of them end up in one list."""


class Links:
    """The links of one document: what it shows, then icons and films, then alternatives.

    Each URL is there once, or once for each of the PARSED kinds that it is named as. Guesses are last. What
    is beyond the bounds above is left out, and *cut* is true then.
    """

    __slots__ = ("_after", "_first", "_later", "_room", "cut", "imports", "policy", "unplayed")

    def __init__(self) -> None:
        self._first: dict[_Key, Link] = {}
        self._after: dict[_Key, Link] = {}
        self._later: dict[_Key, Link] = {}
        self._room = MAX_CHARACTERS
        self.cut = False
        self.imports = ImportMap()
        """What the document's modules call things."""
        self.policy = ""
        """The referrer policy that the document asks for; empty where it does not."""
        self.unplayed: dict[str, None] = {}
        """Where it plays something whose stream no link leads to: the player, or the document itself."""

    def __iter__(self) -> Iterator[Link]:
        yield from self._first.values()
        yield from self._after.values()
        yield from self._later.values()

    def __len__(self) -> int:
        return len(self._first) + len(self._after) + len(self._later)

    def add(self, link: Link) -> None:
        """Take *link*, unless its URL is there already and no less visible."""
        url, key = link.url, self._key(link)
        for seen in (self._first, self._after):
            if key in seen:
                if link.kind in PARSED and seen[key].kind not in PARSED:
                    seen[key] = replace(seen[key], kind=link.kind)  # or what it names would be lost
                return
        if key in self._later:
            if link.alternative or link.guess:
                if link.kind in PARSED and self._later[key].kind not in PARSED:
                    self._later[key] = replace(self._later[key], kind=link.kind)
                return
            if link.kind not in PARSED and self._later[key].kind in PARSED:
                link = replace(link, kind=self._later[key].kind)
            del self._later[key]
            self._room += len(url)
        if len(self) >= MAX_LINKS or len(url) > min(self._room, MAX_CHARACTERS_EACH):
            self.cut = True
            return
        self._room -= len(url)
        last = link.alternative or link.guess
        into = self._later if last else self._after if link.kind in _AFTER else self._first
        into[key] = link

    def _key(self, link: Link) -> _Key:
        url = link.url
        if link.kind in PARSED:
            held = self._first.get(url) or self._after.get(url) or self._later.get(url)
            if held is not None and held.kind in PARSED and held.kind is not link.kind:
                return url, link.kind
        return url


_OTHER_SCHEME = re.compile(r"[\x00-\x20]*+(?!https?:)[a-z][a-z0-9+.-]*+:", re.IGNORECASE)


def is_too_long(text: str) -> bool:
    """Whether *text*, which `Resolver` made nothing of, may be a URL that is only too long."""
    return len(text) > MAX_CHARACTERS_EACH and not _OTHER_SCHEME.match(text)


_EDGES = "".join(map(chr, range(0x21)))
_SAFE = r"!$%&()*+,\-.0-9:;=@A-Z\[\]_a-z|~"
_PLAIN_ABSOLUTE = re.compile(rf"(https?:)?//(?:[a-z0-9-]+\.)+[a-z]+/[{_SAFE}'/]*(?:\?[{_SAFE}/?]*)?")
_PLAIN_ROOTED = re.compile(rf"/(?!/)[{_SAFE}'/]*(?:\?[{_SAFE}/?]*)?")
_PLAIN_RELATIVE = re.compile(
    rf"[A-Za-z0-9_][{_SAFE.replace(':', '')}']*(?:/[{_SAFE}'/]*)?(?:\?[{_SAFE}/?]*)?"
)
_NOT_PLAIN = re.compile(r"/\.|/%2|xn--|\A\.", re.IGNORECASE)


class Resolver:
    """Turns what a document writes into absolute URLs, seen from *base*; *encoding* is for queries."""

    __slots__ = ("_folder", "_origin", "base", "encoding")

    def __init__(self, base: Url, encoding: str = "utf-8") -> None:
        self.base = base
        self.encoding = encoding
        # Most links are written as they are serialised; joining those is gluing, and ten times faster.
        self._origin = base.origin if base.is_http and not base.has_userinfo else None
        self._folder = f"{self._origin}{base.path[: base.path.rfind('/') + 1]}"

    def __call__(self, text: str) -> str | None:
        """The URL that *text* leads to; None where a browser would ask no server for it."""
        written = text.strip(_EDGES).partition("#")[0]
        if not written or written[:5].lower() == "data:":
            return None
        url = self._glued(written) or self._parsed(text)
        return url if url is not None and len(url) <= MAX_LENGTH else None

    def _glued(self, written: str) -> str | None:
        if _NOT_PLAIN.search(written):
            return None
        absolute = _PLAIN_ABSOLUTE.fullmatch(written)
        if absolute and absolute[1]:
            return written
        if self._origin is None:
            return None
        if absolute:
            return f"{self.base.scheme}:{written}"
        if _PLAIN_ROOTED.fullmatch(written):
            return self._origin + written
        return self._folder + written if _PLAIN_RELATIVE.fullmatch(written) else None

    def _parsed(self, text: str) -> str | None:
        try:
            url = Url.parse(text, self.base, encoding=self.encoding)
        except FormatError:
            return None
        return url.without_fragment_text if url.is_http else None
