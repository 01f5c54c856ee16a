"""What a document needs from elsewhere: pure, from its bytes alone."""

from __future__ import annotations

import re

from archiver.errors import LimitError
from archiver.links.css import css_links
from archiver.links.html import document_title, html_links
from archiver.links.importmap import ImportMap
from archiver.links.javascript import module_imports
from archiver.links.link import PARSED, Check, Kind, Link, Links, Resolver, go_on, is_too_long
from archiver.links.markup import is_xml
from archiver.links.metadata import MAX_JSON, manifest_images
from archiver.url import Url

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
    rb"(?:\xef\xbb\xbf)?\s*+<(?:!--|\?xml|"
    rb"(?:!doctype html|html|head|body|title|meta|script|style|link|iframe|table|div|font|h1|a|b|br|p)[\s>])",
    re.IGNORECASE,
)


def is_html(data: bytes, content_type: str | None) -> bool:
    """Whether a browser would show *data* as HTML: by its type or, where none is sent, by how it begins."""
    mime = _mime(content_type)
    return mime in _HTML_TYPES or (not mime and _LOOKS_LIKE_HTML.match(data[:1445]) is not None)


def is_document(data: bytes, content_type: str | None) -> bool:
    """Whether a browser would show *data* as a document of elements: HTML, or XML such as SVG."""
    return is_xml(content_type) or is_html(data, content_type)


def may_link(content_type: str | None, kind: Kind | None) -> bool:
    """Whether `links` would look into what is served as *content_type*, asked for as *kind*."""
    mime = _mime(content_type)
    if kind is None or kind is Kind.FRAME:
        return not mime or mime in _HTML_TYPES or is_xml(mime)
    return kind in PARSED and mime not in _HTML_TYPES


def links(
    data: bytes,
    *,
    url: str,
    content_type: str | None,
    kind: Kind | None,
    imports: ImportMap | None = None,
    check: Check = go_on,
) -> Links:
    """What *data* needs, read as what the link of *kind* that led to it asked for; None is the page itself.

    A page or a frame is read where it is HTML or XML; style sheets, modules and manifests where they are
    no HTML; all else needs nothing. *imports* is what the page of a module calls things. *check* is called
    many times a second; a LimitError of its ends the reading there.
    """
    if not may_link(content_type, kind):
        return Links()
    if kind is Kind.STYLE:
        return css_links(data, url=url, content_type=content_type, check=check)
    if kind is Kind.MODULE:
        return _module_links(data, url, imports or ImportMap(), check)
    if kind is Kind.MANIFEST:
        return _manifest_links(data, url)
    if not is_document(data, content_type):
        return Links()
    return html_links(data, url=url, content_type=content_type, check=check)


def _module_links(data: bytes, url: str, imports: ImportMap, check: Check) -> Links:
    """What a module imports; modules are UTF-8, whatever is said of them."""
    found, base = Links(), Url.parse(url)
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        for name in module_imports(text, check=check):
            target = imports.resolve(name, base)
            if target is not None:
                found.add(Link(url=target, kind=Kind.MODULE, place="js import"))
            elif is_too_long(name):
                found.cut = True
    except LimitError:
        found.cut = True
    return found


def _manifest_links(data: bytes, url: str) -> Links:
    """The images of a web app manifest: nothing that the page shows."""
    found, resolve = Links(), Resolver(Url.parse(url))
    found.cut = len(data) > MAX_JSON
    for written in manifest_images(data):
        target = resolve(written)
        if target is not None:
            found.add(Link(url=target, kind=Kind.ICON, place="manifest", alternative=True))
        elif is_too_long(written):
            found.cut = True
    return found


def _mime(content_type: str | None) -> str:
    """The media type; empty where none is named, or one that says as little (MIME Sniffing, section 7)."""
    mime = (content_type or "").partition(";")[0].strip().lower()
    return mime if _MIME.fullmatch(mime) and mime not in _SAYS_NOTHING else ""
