"""What one link is, and how the texts that pages write become URLs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from archiver.errors import FormatError
from archiver.url import Url


class Kind(Enum):
    """What a link's target is fetched as."""

    IMAGE = "image"
    STYLE = "style"
    SCRIPT = "script"
    FONT = "font"
    ICON = "icon"
    FRAME = "frame"
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


_EDGES = "".join(map(chr, range(0x21)))
_SAFE = r"!$%&()*+,\-.0-9:;=@A-Z\[\]_a-z|~"
_PLAIN_ABSOLUTE = re.compile(rf"https?://(?:[a-z0-9-]+\.)+[a-z]+/[{_SAFE}'/]*(?:\?[{_SAFE}/?]*)?")
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
        if not _NOT_PLAIN.search(written):
            if _PLAIN_ABSOLUTE.fullmatch(written):
                return written
            if self._origin is not None:
                if _PLAIN_ROOTED.fullmatch(written):
                    return self._origin + written
                if _PLAIN_RELATIVE.fullmatch(written):
                    return self._folder + written
        try:
            url = Url.parse(written, self.base, encoding=self.encoding)
        except FormatError:
            return None
        return url.without_fragment_text if url.is_http else None
