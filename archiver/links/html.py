"""What an HTML document needs, and its title.

libxml2 tokenises and tells element by element; no tree is built. So a document of any size takes little
memory, one nested without end loses nothing, and no element can cost more than its length.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import ClassVar

from lxml import etree

from archiver.errors import FormatError, LimitError
from archiver.links.css import css_urls
from archiver.links.encoding import decode_html
from archiver.links.link import Check, Kind, Link, Links, Resolver, go_on, is_too_long
from archiver.links.srcset import candidates, shown
from archiver.url import Url

_MAX_SRCDOC_DEPTH = 5
_MAX_STYLE = 16 << 20
"""Characters of one style element that are read."""

_PIECE = 32 << 10
_WORK = 32 << 20
"""A piece of a document is so small that its bytes times the elements open make no more than this: each
stray end tag has libxml2 look through all of these, and between pieces is the time to stop."""
_TITLE_DEPTH = 512
"""A title within more elements than browsers nest is not looked for."""

_ICONS = frozenset({"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"})
_SCRIPT_TYPE = re.compile(r"(?:java|ecma|live|j)script|module", re.IGNORECASE)
"""Also within a type: loaders write ``c0ffee-text/javascript`` and put it right as the page runs."""

_XHTML = "{http://www.w3.org/1999/xhtml}"
_XHTML_TYPE = re.compile(r"\s*application/xhtml\+xml\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)

_Attributes = Mapping[str, str]


def html_links(data: bytes, *, url: str, content_type: str | None, check: Check = go_on) -> Links:
    """What the document *data*, served from *url*, needs.

    A document that names no icon ends with a guess at one. FormatError where *url* is none.
    """
    text, codec = decode_html(data, content_type)
    document = Url.parse(url)
    found = Links()
    page = _Page(Resolver(document, codec), found, check)
    try:
        _feed(data if text is None else text.encode("utf-8", "replace"), content_type, page, check)
    except LimitError:
        found.cut = True
    if not page.icon_named and document.origin is not None:
        guess = f"{document.origin}/favicon.ico"
        found.add(Link(url=guess, kind=Kind.ICON, place="favicon.ico", guess=True))
    return found


def document_title(data: bytes, content_type: str | None) -> str | None:
    """The text of the document's first title element, white space made single; None where it has none."""
    text, _ = decode_html(data, content_type)
    title = _Title()
    with suppress(LimitError):
        _feed(data if text is None else text.encode("utf-8", "replace"), content_type, title, title.check)
    return " ".join("".join(title.text).split()) if title.text is not None else None


class _Target:
    """What lxml tells of a document as it reads it; names of elements are lower case."""

    depth = 0
    """Elements that are open."""

    def start(self, tag: str, attributes: _Attributes) -> None:  # noqa: ARG002
        """An element begins."""
        self.depth += 1

    def end(self, tag: str) -> None:  # noqa: ARG002
        """An element ends."""
        self.depth -= 1

    def data(self, text: str) -> None:
        """Text, in pieces."""

    def close(self) -> None:
        """The document ends."""


def _feed(data: bytes, content_type: str | None, target: _Target, check: Check) -> None:
    """Have *target* told of all elements of the UTF-8 document *data*; broken markup tells what it can.

    Raises what *check* raises, which is called between pieces.
    """
    parser: etree.XMLParser | etree.HTMLParser
    if _XHTML_TYPE.fullmatch(content_type or ""):
        # Without huge_tree: it would also lift the bound on what entities grow to.
        parser = etree.XMLParser(
            target=_Xml(target),  # type: ignore[arg-type]  # the stubs ask for methods that lxml does not
            encoding="utf-8",
            recover=True,
            resolve_entities="internal",  # type: ignore[arg-type]
            no_network=True,
        )
    else:
        parser = etree.HTMLParser(target=target, encoding="utf-8", huge_tree=True)  # type: ignore[arg-type]
    at = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    try:
        while at < len(data):
            check()
            size = max(16, min(_PIECE, _WORK // max(target.depth, 1)))
            parser.feed(data[at : at + size])
            at += size
        parser.close()
    except etree.LxmlError:
        return  # as far as it went


class _Xml(_Target):
    """Passes on what is XHTML in an XML document, under the names it has in HTML."""

    def __init__(self, inner: _Target) -> None:
        self._inner = inner

    def start(self, tag: str, attributes: _Attributes) -> None:
        self._inner.start(tag.removeprefix(_XHTML), attributes)

    def end(self, tag: str) -> None:
        self._inner.end(tag.removeprefix(_XHTML))

    def data(self, text: str) -> None:
        self._inner.data(text)

    def close(self) -> None:
        self._inner.close()


class _Title(_Target):
    """Takes the first title that is not an SVG drawing's."""

    def __init__(self) -> None:
        self.text: list[str] | None = None
        self._open = False
        self._drawings = 0

    def check(self) -> None:
        """LimitError once there is nothing more to look for."""
        if self.depth > _TITLE_DEPTH or (self.text is not None and not self._open):
            raise LimitError("the title is found, or not to be found")

    def start(self, tag: str, attributes: _Attributes) -> None:
        super().start(tag, attributes)
        if tag == "svg":
            self._drawings += 1
        elif tag == "title" and self.text is None and not self._drawings:
            self.text, self._open = [], True

    def end(self, tag: str) -> None:
        super().end(tag)
        if tag == "title":
            self._open = False
        elif tag == "svg":
            self._drawings = max(self._drawings - 1, 0)

    def data(self, text: str) -> None:
        if self._open and self.text is not None:
            self.text.append(text)


class _Page(_Target):
    """Gathers the links of a document; what an element names is said by its method in `_elements`."""

    def __init__(self, resolve: Resolver, found: Links, check: Check, *, frames: int = 0) -> None:
        self._found = found
        self.icon_named = False
        self._resolve = resolve
        self._check = check
        self._frames = frames
        self._has_base = False
        self._in_picture = self._picture_has_source = False
        self._style: list[str] | None = None
        self._style_size = 0

    def start(self, tag: str, attributes: _Attributes) -> None:
        self.depth += 1
        element = self._elements.get(tag)
        if element is not None:
            element(self, attributes)
        if "style" in attributes:
            self._css(attributes["style"], "style attribute", sheet=False)

    def end(self, tag: str) -> None:
        self.depth -= 1
        if tag == "style" and self._style is not None:
            self._css("".join(self._style), "style element", sheet=True)
            self._style = None
        elif tag == "picture":
            self._in_picture = False

    def data(self, text: str) -> None:
        if self._style is not None:
            if self._style_size < _MAX_STYLE:
                self._style.append(text)
                self._style_size += len(text)
            else:
                self._found.cut = True

    def close(self) -> None:
        self.end("style")  # one that the document does not close

    def _add(self, text: str | None, kind: Kind, place: str, *, alternative: bool = False) -> None:
        """Note that the document names *text*, seen from its base."""
        url = self._resolve(text) if text else None
        if url is not None:
            self._found.add(Link(url=url, kind=kind, place=place, alternative=alternative))
        elif text and is_too_long(text):
            self._found.cut = True

    def _css(self, text: str, place: str, *, sheet: bool) -> None:
        if "(" in text or sheet:
            for found in css_urls(text, sheet=sheet, check=self._check):
                self._add(found.text, found.kind, f"{place} {found.place}", alternative=found.alternative)

    def _srcset(
        self, text: str | None, place: str, *, alternative: bool = False, beside_src: bool = False
    ) -> None:
        found = candidates(text or "")
        best = shown(found, beside_src=beside_src)
        for candidate in found:
            self._add(candidate.url, Kind.IMAGE, place, alternative=alternative or candidate is not best)

    def _base(self, attributes: _Attributes) -> None:
        if self._has_base or "href" not in attributes:
            return
        self._has_base = True
        try:
            base = Url.parse(attributes["href"], self._resolve.base, encoding=self._resolve.encoding)
        except FormatError:
            return
        if base.scheme not in ("data", "javascript"):
            self._resolve = Resolver(base, self._resolve.encoding)

    def _img(self, attributes: _Attributes) -> None:
        self._add(attributes.get("src"), Kind.IMAGE, "img src")
        self._add(attributes.get("data-src"), Kind.IMAGE, "img data-src")
        self._srcset(attributes.get("srcset"), "img srcset", beside_src=bool(attributes.get("src")))
        self._srcset(
            attributes.get("data-srcset"), "img data-srcset", beside_src=bool(attributes.get("data-src"))
        )

    def _picture(self, attributes: _Attributes) -> None:  # noqa: ARG002
        self._in_picture, self._picture_has_source = True, False

    def _source(self, attributes: _Attributes) -> None:
        if not self._in_picture:
            return
        for name in ("srcset", "data-srcset"):
            self._srcset(attributes.get(name), f"source {name}", alternative=self._picture_has_source)
        self._picture_has_source = True

    def _link(self, attributes: _Attributes) -> None:
        relations = frozenset(attributes.get("rel", "").lower().split())
        href = attributes.get("href")
        if "stylesheet" in relations:
            kind = attributes.get("type", "").partition(";")[0].strip().lower()
            if kind in ("", "text/css"):
                self._add(href, Kind.STYLE, "link stylesheet", alternative="alternate" in relations)
        if relations & _ICONS:
            self.icon_named = self.icon_named or bool(href)
            self._add(href, Kind.ICON, "link icon")

    def _script(self, attributes: _Attributes) -> None:
        kind = attributes.get("type", "")
        if not kind or _SCRIPT_TYPE.search(kind):
            self._add(attributes.get("src"), Kind.SCRIPT, "script src", alternative="nomodule" in attributes)

    def _iframe(self, attributes: _Attributes) -> None:
        inner = attributes.get("srcdoc")
        if inner is not None and self._frames < _MAX_SRCDOC_DEPTH:
            frame = _Page(self._resolve, self._found, self._check, frames=self._frames + 1)
            _feed(inner.encode("utf-8", "replace"), None, frame, self._check)
        elif inner is not None:
            self._found.cut = True
        self._add(attributes.get("src"), Kind.FRAME, "iframe src", alternative=inner is not None)

    def _frame(self, attributes: _Attributes) -> None:
        self._add(attributes.get("src"), Kind.FRAME, "frame src")

    def _style_element(self, attributes: _Attributes) -> None:
        kind = attributes.get("type", "").partition(";")[0].strip().lower()
        if kind in ("", "text/css"):
            self._style, self._style_size = [], 0

    _elements: ClassVar[Mapping[str, Callable[[_Page, _Attributes], None]]] = {
        "base": _base,
        "frame": _frame,
        "iframe": _iframe,
        "img": _img,
        "link": _link,
        "picture": _picture,
        "script": _script,
        "source": _source,
        "style": _style_element,
    }
