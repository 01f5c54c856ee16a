"""HTML and XML told element by element.

libxml2 tokenises; no tree is built. So a document of any size takes little memory, one nested without end
loses nothing, and no element can cost more than its length.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from html import unescape

from lxml import etree

from archiver.errors import LimitError
from archiver.links.link import Check

Attributes = Mapping[str, str]

_PIECE = 32 << 10
_WORK = 32 << 20
"""A piece of a document is so small that its bytes times the elements open make no more than this: each
stray end tag has libxml2 look through all of these, and between pieces is the time to stop."""

BODY = "body-"
"""What the body elements that an HTML document writes are called: where something has already begun the
body, libxml2 drops what such a tag says."""
_STRETCH = 128 << 10
_CUT = len("<body>")
_BODY_TAG = re.compile(rb"<body(?=[\s/>])", re.IGNORECASE)

_MAX_TOKEN = 5 << 20
"""Bytes of one tag or comment: its attributes take forty times as much memory."""
_MAX_NAMES = 200_000
"""Names of elements and attributes that libxml2 is made to keep in mind."""

_XML_TYPE = re.compile(
    r"\s*(?:application|text|image)/(?:[!#$&^_.a-z0-9+-]+\+)?xml\s*(?:;.*)?", re.IGNORECASE | re.DOTALL
)
_NAMESPACES = ("{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}")
_XLINK = "{http://www.w3.org/1999/xlink}href"
_STOPPED = frozenset(
    {
        etree.ErrorTypes.ERR_INTERNAL_ERROR,
        etree.ErrorTypes.ERR_NO_MEMORY,
        etree.ErrorTypes.ERR_ENTITY_LOOP,
        etree.ErrorTypes.ERR_NAME_TOO_LONG,
        etree.ErrorTypes.ERR_RESOURCE_LIMIT,
    }
)
"""Errors after which libxml2 passes something over in XML, or all that follows."""
_ERRORS_TOLD = 100
"""libxml2 is silent about further errors."""
_PSEUDO_ATTRIBUTE = re.compile(r"""([a-zA-Z]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


class Target:
    """What is told of a document as it is read; names of HTML elements are lower case."""

    depth = 0
    """Elements that are open."""

    def start(self, tag: str, attributes: Attributes) -> None:  # noqa: ARG002
        """An element begins."""
        self.depth += 1

    def end(self, tag: str) -> None:  # noqa: ARG002
        """An element ends."""
        self.depth -= 1

    def data(self, text: str) -> None:
        """Text, in pieces."""

    def pi(self, name: str, text: str | None = None) -> None:
        """A processing instruction."""

    def style_sheet(self, attributes: Attributes) -> None:
        """An XML document names a style sheet."""

    def close(self) -> None:
        """The document ends."""


def is_xml(content_type: str | None) -> bool:
    """Whether what is served as *content_type* is read as XML."""
    return _XML_TYPE.fullmatch(content_type or "") is not None


def feed(
    data: bytes, content_type: str | None, target: Target, check: Check, *, most: int | None = None
) -> None:
    """Have *target* told of all elements of the UTF-8 document *data*; broken markup tells what it can.

    Raises what *check* raises, which is called between pieces, and LimitError where libxml2 can tell no more
    and after *most* bytes.
    """
    left = len(data) if most is None else most
    watched = _Watched(_Xml(target) if is_xml(content_type) else target)
    parser: etree.XMLParser | etree.HTMLParser
    if is_xml(content_type):
        # Without huge_tree: it would also lift the bound on what entities grow to.
        parser = etree.XMLParser(
            target=watched,  # type: ignore[arg-type]  # the stubs ask for methods that lxml does not
            encoding="utf-8",
            recover=True,
            resolve_entities="internal",  # type: ignore[arg-type]
            no_network=True,
        )
    else:
        parser = etree.HTMLParser(target=watched, encoding="utf-8", huge_tree=True)  # type: ignore[arg-type]
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        for piece in (data,) if is_xml(content_type) else _with_bodies_renamed(data):
            at = 0
            while at < len(piece):
                check()
                size = max(16, min(_PIECE, _WORK // max(target.depth, 1)))
                part = piece[at : at + size]
                left -= len(part)
                if most is not None and left < 0:
                    raise LimitError("a document that is read no further")
                watched.look(part)
                parser.feed(part)
                at += size
        parser.close()
    except LimitError:
        if watched.is_between_tags:
            with suppress(LimitError, UnicodeDecodeError, etree.LxmlError):
                parser.close()  # or what it keeps stays until garbage is collected
        raise
    except etree.LxmlError:
        pass  # as far as it went
    except UnicodeDecodeError:
        raise LimitError("characters that are none") from None
    if isinstance(parser, etree.XMLParser):
        errors = parser.feed_error_log
        if len(errors) >= _ERRORS_TOLD or any(error.type in _STOPPED for error in errors):
            raise LimitError("XML that is read no further")


def _with_bodies_renamed(data: bytes) -> Iterator[bytes]:
    """The same document, in pieces of a size that is easily copied."""
    kept = b""
    for at in range(0, len(data), _STRETCH):
        text = _BODY_TAG.sub(b"<" + BODY.encode(), kept + data[at : at + _STRETCH])
        yield text[:-_CUT]
        kept = text[-_CUT:]  # in which a tag may begin
    yield _BODY_TAG.sub(b"<" + BODY.encode(), kept)


class _Watched:
    """Passes on what lxml tells to *target*, and sees how much that is."""

    def __init__(self, target: Target) -> None:
        self.end, self.close, self.pi = target.end, target.close, target.pi
        self._names: set[str] = set()
        self._heard = [False]  # whether anything was told since the last look
        self._silent = 0  # bytes since then
        # What is called for everything in a document finds what it needs at hand.
        names, heard, tell_start, tell_data = self._names, self._heard, target.start, target.data

        def start(tag: str, attributes: Attributes) -> None:
            heard[0] = True
            names.add(tag)
            if attributes:
                names.update(attributes)
            tell_start(tag, attributes)

        def data(text: str) -> None:
            heard[0] = True
            tell_data(text)

        self.start, self.data = start, data

    def comment(self, text: str) -> None:  # noqa: ARG002
        self._heard[0] = True

    @property
    def is_between_tags(self) -> bool:
        """Whether nothing large is under way."""
        return self._silent <= 4 * _PIECE

    def look(self, part: bytes) -> None:
        """LimitError where there has been too much, *part* being what comes next."""
        if self._heard[0]:
            self._heard[0] = False
            self._silent = 0
        self._silent += len(part)
        if self._silent > _MAX_TOKEN or len(self._names) > _MAX_NAMES:
            raise LimitError("a tag without end, or names without end")


class _Xml(Target):
    """Passes on what is XHTML or SVG in an XML document, under the names it has in HTML."""

    def __init__(self, inner: Target) -> None:
        self._inner = inner

    def start(self, tag: str, attributes: Attributes) -> None:
        if _XLINK in attributes:
            attributes = {"xlink:href": attributes[_XLINK], **attributes}
        self._inner.start(_bare(tag), attributes)

    def end(self, tag: str) -> None:
        self._inner.end(_bare(tag))

    def data(self, text: str) -> None:
        self._inner.data(text)

    def pi(self, name: str, text: str | None = None) -> None:
        """A processing instruction."""
        if name == "xml-stylesheet":
            found = {
                key: unescape(double or single)
                for key, double, single in _PSEUDO_ATTRIBUTE.findall(text or "")
            }
            self._inner.style_sheet(found)

    def close(self) -> None:
        self._inner.close()


def _bare(tag: str) -> str:
    for namespace in _NAMESPACES:
        if tag.startswith(namespace):
            return (
                tag.removeprefix(namespace).lower()
                if namespace is _NAMESPACES[1]
                else tag.removeprefix(namespace)
            )
    return tag
