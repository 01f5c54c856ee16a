"""What a document needs from elsewhere: pure, from its bytes alone."""

from __future__ import annotations

import re

from archiver.links.css import css_links
from archiver.links.html import document_title, html_links
from archiver.links.link import Check, Kind, Link, Links, go_on

__all__ = [
    "Check",
    "Kind",
    "Link",
    "Links",
    "css_links",
    "document_title",
    "html_links",
    "is_html",
    "links",
    "may_link",
]

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_MIME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
_SAYS_NOTHING = frozenset({"unknown/unknown", "application/unknown", "*/*"})
_LOOKS_LIKE_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:(?><!--.*?-->)\s*+)*+<"  # one way to match, or a few comments take hours
    rb"(?:!doctype html|html|head|body|title|meta|script|style|link|iframe|table|div|font|h1|a|b|br|p)[\s>]",
    re.IGNORECASE | re.DOTALL,
)


def is_html(data: bytes, content_type: str | None) -> bool:
    """Whether a browser would show *data* as HTML: by its type or, where none is sent, by how it begins."""
    mime = _mime(content_type)
    return mime in _HTML_TYPES or (not mime and _LOOKS_LIKE_HTML.match(data[:1445]) is not None)


def may_link(content_type: str | None, kind: Kind | None) -> bool:
    """Whether `links` would look into what is served as *content_type*, asked for as *kind*."""
    mime = _mime(content_type)
    if kind is None or kind is Kind.FRAME:
        return not mime or mime in _HTML_TYPES
    return kind is Kind.STYLE and mime not in _HTML_TYPES


def links(
    data: bytes, *, url: str, content_type: str | None, kind: Kind | None, check: Check = go_on
) -> Links:
    """What *data* needs, read as what the link of *kind* that led to it asked for; None is the page itself.

    A page or a frame is read where it is HTML, a style sheet where it is not; all else needs nothing.
    *check* is called many times a second; a LimitError of its ends the reading there.
    """
    if not may_link(content_type, kind):
        return Links()
    if kind is Kind.STYLE:
        return css_links(data, url=url, content_type=content_type, check=check)
    if not is_html(data, content_type):
        return Links()
    return html_links(data, url=url, content_type=content_type, check=check)


def _mime(content_type: str | None) -> str:
    """The media type; empty where none is named, or one that says as little (MIME Sniffing, section 7)."""
    mime = (content_type or "").partition(";")[0].strip().lower()
    return mime if _MIME.fullmatch(mime) and mime not in _SAYS_NOTHING else ""
