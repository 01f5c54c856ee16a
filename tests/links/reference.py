"""What a document names, found a second way: in html5lib's tree.

Of the package only its URL parsing is used. Kinds are the words that `archiver.links.Kind` has for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import html5lib

from archiver.errors import FormatError
from archiver.url import Url
from tests.links.tokens import Named, in_declarations, in_sheet

Found = dict[str, set[str]]
"""The kinds that each URL is named as."""


class Tree:
    """A document that html5lib has read, served as text/html from *url*."""

    def __init__(self, data: bytes, *, url: str, scripting: bool = False) -> None:
        parser = html5lib.HTMLParser()
        # The guess at an encoding that nothing names is left to the reader by the standard.
        likely = "utf-8" if _is_utf8(data) else None
        self._root = parser.parse(data, likely_encoding=likely, useChardet=False, scripting=scripting)
        self.encoding: str = parser.documentEncoding
        """By its name in the Encoding standard."""
        self._url = Url.parse(url)
        self._scripting = scripting

    def links(self) -> Found:
        """What it names, also in a noscript element, which with scripting html5lib leaves as text."""
        document = _Document(self._url, self.encoding, scripting=self._scripting)
        document.read(self._root)
        return document.found

    def styles(self) -> Iterator[tuple[str, bool]]:
        """The text of each style element, with true, and of each style attribute."""
        for element in self._root.iter():
            if isinstance(element.tag, str):
                if element.tag.endswith("}style"):
                    yield "".join(element.itertext()), True
                if "style" in element.attrib:
                    yield element.attrib["style"], False


def sheet_links(text: str, *, url: str) -> Found:
    """What the style sheet *text*, served from *url*, names."""
    document = _Document(Url.parse(url), "utf-8")
    document.take(in_sheet(text))
    return document.found


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


_HTML = "{http://www.w3.org/1999/xhtml}"
_SVG = "{http://www.w3.org/2000/svg}"
_HREFS = ("href", "{http://www.w3.org/1999/xlink}href")
_ICONS = {"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"}
_IMAGE_NAME = re.compile(r"\.(?:avif|bmp|gif|ico|jpe?g|png|svg|webp)(?:[?#]|$)", re.IGNORECASE)
_PRELOADED = {
    "audio": "media",
    "document": "frame",
    "font": "font",
    "image": "image",
    "script": "script",
    "style": "style",
    "video": "media",
}


class _Document:
    """Goes over a tree in its order; the base counts from where it stands, as it does while a page loads."""

    def __init__(self, base: Url, codec: str, *, scripting: bool = False) -> None:
        self._base = base
        self._scripting = scripting
        self._codec = codec
        self._has_base = False
        self._imports: dict[str, Any] = {}
        self.found: Found = {}

    def read(self, tree: Any) -> None:
        waiting: list[tuple[Any, str, bool]] = [(tree, "", False)]
        while waiting:
            element, parent, inert = waiting.pop()
            if isinstance(element.tag, str):
                namespace, _, tag = element.tag.rpartition("}")
                if f"{namespace}}}" == _HTML:
                    if tag == "base" and not inert:
                        self._set_base(element.attrib)
                    self.take(self._html(tag, element, parent))
                elif f"{namespace}}}" == _SVG:
                    self.take(_in_drawing(tag, element))
                self.take(in_declarations(element.attrib.get("style", "")))
                inert = inert or tag == "template"
                parent = tag
            waiting += [(child, parent, inert) for child in reversed(element)]

    def take(self, named: Iterable[Named]) -> None:
        for text, kind in named:
            if text.strip("\0\t\n\f\r ").partition("#")[0]:
                try:
                    target = Url.parse(text, self._base, encoding=self._codec)
                except FormatError:
                    continue
                if target.is_http:
                    self.found.setdefault(target.without_fragment_text, set()).add(kind)

    def _html(self, tag: str, element: Any, parent: str) -> Iterator[Named]:
        attributes: dict[str, str] = element.attrib

        def named(kind: str, *names: str) -> Iterator[Named]:
            return (Named(attributes[name], kind) for name in names if name in attributes)

        if tag == "img" or (tag == "source" and parent == "picture"):
            yield from srcset(attributes.get("srcset", ""))
            yield from srcset(attributes.get("data-srcset", ""))
            if tag == "img":
                yield from named("image", "src", "data-src")
        elif tag in ("video", "audio") or (tag == "source" and parent in ("video", "audio")):
            yield from named("media", "src", "data-src")
            if tag == "video":
                yield from named("image", "poster")
        elif tag == "track":
            yield from named("other", "src")
        elif tag in ("iframe", "frame", "embed"):
            yield from named("frame", "src")
            if tag == "iframe" and "srcdoc" in attributes:
                self._within(html5lib.parse(attributes["srcdoc"]), "utf-8")
        elif tag == "object":
            yield from named("frame", "data")
        elif tag == "input" and attributes.get("type", "").lower() == "image":
            yield from named("image", "src")
        elif tag == "link":
            yield from self._link(attributes)
        elif tag == "meta":
            yield from _in_meta(attributes)
        elif tag == "script":
            yield from self._script(attributes, element.text or "")
        elif tag == "style" and attributes.get("type", "").lower() in ("", "text/css"):
            yield from in_sheet(element.text or "")
        elif tag in ("body", "table", "thead", "tbody", "tfoot", "tr", "td", "th"):
            yield from named("image", "background")
        elif tag == "noscript" and self._scripting:
            self._within(html5lib.parseFragment(element.text or ""), self._codec)

    def _set_base(self, attributes: dict[str, str]) -> None:
        if self._has_base or "href" not in attributes:
            return
        self._has_base = True
        try:
            base = Url.parse(attributes["href"], self._base, encoding=self._codec)
        except FormatError:
            return
        if base.scheme not in ("data", "javascript"):
            self._base = base

    def _within(self, tree: Any, codec: str) -> None:
        inner = _Document(self._base, codec)
        inner.read(tree)
        for url, kinds in inner.found.items():
            self.found.setdefault(url, set()).update(kinds)

    def _link(self, attributes: dict[str, str]) -> Iterator[Named]:
        relations = set(attributes.get("rel", "").lower().split())
        href = attributes.get("href", "")
        what = attributes.get("as", "").lower()
        if "stylesheet" in relations and attributes.get("type", "").lower() in ("", "text/css"):
            yield Named(href, "style")
        if _ICONS & relations:
            yield Named(href, "icon")
        if "manifest" in relations:
            yield Named(href, "manifest")
        if "modulepreload" in relations:
            yield Named(href, "module")
        if "preload" in relations:
            yield Named(href, _PRELOADED.get(what, "other"))
            if what == "image":
                yield from srcset(attributes.get("imagesrcset", ""))
        elif "prefetch" in relations and (what == "image" or (not what and _IMAGE_NAME.search(href))):
            yield Named(href, "image")

    def _script(self, attributes: dict[str, str], text: str) -> Iterator[Named]:
        kind = attributes.get("type", "").strip().lower()
        if "src" in attributes:
            if kind == "module":
                yield Named(attributes["src"], "module")
            elif not kind or re.search("(?:java|ecma|live|j)script|module", kind):
                yield Named(attributes["src"], "script")
        elif kind == "application/ld+json":
            yield from in_linked_data(text)
        elif kind == "importmap":
            self._imports.update(_parsed(text).get("imports", {}))
        elif kind == "module":
            # Enough for the pages it meets; `test_javascript` has another lexer to compare with.
            for found in re.finditer(r"^\s*import\b[^;'\"(]*(['\"])(.*?)\1", text, re.MULTILINE):
                specifier = found[2].replace("\\/", "/")
                if re.match(r"\.{0,2}/|https?:", specifier):
                    yield Named(specifier, "module")
                elif isinstance(self._imports.get(specifier), str):
                    yield Named(self._imports[specifier], "module")


def _in_drawing(tag: str, element: Any) -> Iterator[Named]:
    """What an element of SVG names."""
    if tag in ("image", "use", "feImage", "script"):
        kind = "script" if tag == "script" else "image"
        yield from (Named(element.attrib[name], kind) for name in _HREFS if name in element.attrib)
    elif tag == "style" and element.attrib.get("type", "") in ("", "text/css"):
        yield from in_sheet("".join(element.itertext()))


def _in_meta(attributes: dict[str, str]) -> Iterator[Named]:
    name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
    content = attributes.get("content", "")
    if re.fullmatch(
        r"(?:og|twitter):image(?::(?:url|secure_url|src))?|msapplication-(?:tileimage|.*logo)", name
    ):
        yield Named(content, "image")
    elif re.fullmatch(r"og:(?:video|audio)(?::(?:url|secure_url))?", name):
        yield Named(content, "media")


def srcset(text: str) -> Iterator[Named]:
    """The images that a srcset attribute names, by the steps of the HTML standard, a character a step."""
    at = 0
    while True:
        while at < len(text) and text[at] in " \t\n\f\r,":
            at += 1
        if at == len(text):
            return
        start = at
        while at < len(text) and text[at] not in " \t\n\f\r":
            at += 1
        address = text[start:at]
        yield Named(address.rstrip(","), "image")
        in_brackets = False
        while not address.endswith(",") and at < len(text) and (in_brackets or text[at] != ","):
            in_brackets = text[at] != ")" if in_brackets else text[at] == "("
            at += 1


def in_linked_data(text: str) -> Iterator[Named]:
    """The images that JSON-LD gives to things, and the files of its films and recordings."""
    for value in _objects(_parsed(text)):
        for name in ("image", "logo", "photo", "primaryImageOfPage", "thumbnail", "thumbnailUrl"):
            yield from (Named(address, "image") for address in _addresses(value.get(name)))
        types = value.get("@type")
        types = types if isinstance(types, list) else [types]
        if "ImageObject" in types:
            yield from (Named(address, "image") for address in _addresses(value))
        if "VideoObject" in types or "AudioObject" in types:
            yield from (Named(address, "media") for address in _addresses(value.get("contentUrl")))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {}


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner)


def _addresses(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield from (one[name] for name in ("url", "contentUrl") if isinstance(one.get(name), str))
        elif isinstance(one, str):
            yield one
