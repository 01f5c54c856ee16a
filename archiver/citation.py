"""What somebody cited."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from archiver.errors import FormatError
from archiver.escape import terminal
from archiver.url import Url

Role = Literal["source", "cited", "related"]

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_WITH_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*:(?=//|[^0-9/])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A URL as somebody wrote it, and what it stands for there."""

    url: str
    """As browsers serialise it; the fragment stays, since it names a place in the page."""
    as_written: str
    """Without the white space around it, else as it came."""
    role: Role = "cited"

    @classmethod
    def parse(cls, text: str, *, role: Role = "cited") -> Citation:
        """The citation that *text* is; FormatError, fit to be shown, where it is no http or https URL."""
        as_written = text.strip()
        if _SURROGATE.search(as_written):
            raise FormatError(f"{_quoted(as_written)} is not text: its bytes are no UTF-8")
        if not _WITH_SCHEME.match(as_written):
            raise FormatError(
                f"{_quoted(as_written)} is neither a file here nor a URL: "
                f"write a URL with its scheme (https://{_bare(as_written)}), a document as the path of a file"
            )
        try:
            url = Url.parse(as_written)
        except FormatError as error:
            raise FormatError(f"{_quoted(as_written)} is not a URL: {error.message}") from error
        if not url.is_http:
            raise FormatError(
                f"{url.scheme}: URLs cannot be captured, only http: and https: {_quoted(as_written)}"
            )
        if url.has_userinfo:
            raise FormatError(
                f"a URL with a user name or password would put it on record: {_masked(url)}: leave it "
                "out and send a header from a file (--header @FILE, in it Authorization: Basic …)"
            )
        return cls(url=url.href, as_written=as_written, role=role)


def _quoted(text: str) -> str:
    return f"'{terminal(text[:80])}'"


def _bare(text: str) -> str:
    return terminal(text[:60].lstrip("/")) or "example.org/page"


def _masked(url: Url) -> str:
    """*url* without its secret, to be shown."""
    return f"{url.scheme}://…@{url.host}{url.path[:40]}"
