"""What a document and a style sheet name, found a second way: html5lib's tree and tinycss2's tokens.

Of the package only its URL parsing is used. Kinds are the words that `archiver.links.Kind` has for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import html5lib
import tinycss2
import webencodings

from archiver.errors import FormatError
from archiver.url import Url

Found = dict[str, set[str]]
"""The kinds that each URL is named as."""


class Named(NamedTuple):
    """A URL as it is written, and what it is named as."""

    text: str
    kind: str


def page(
    data: bytes, *, url: str, content_type: str | None = "text/html", scripting: bool = False
) -> Found:
    """What the HTML document *data*, served from *url*, names; the favicon that none names included.

    With *scripting*, a noscript element is the text that it is to a browser with scripts, read apart.
    """
    charset = re.search(r"charset=\"?([^\s\";]+)", content_type or "", re.IGNORECASE)
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"))
    tree = parser.parse(
        data,
        transport_encoding=charset[1] if charset else None,
        likely_encoding=_likely(data),
        useChardet=False,
        scripting=scripting,
    )
    document = _Document(Url.parse(url), webencodings.lookup(parser.documentEncoding).codec_info.name)
    document.read(tree)
    if document.origin is not None and not document.icon:
        document.found.setdefault(f"{document.origin}/favicon.ico", set()).add("icon")
    return document.found


def sheet(text: str, *, url: str, encoding: str = "utf-8") -> Found:
    """What the style sheet *text*, served from *url*, names."""
    document = _Document(Url.parse(url), encoding)
    document.take(in_sheet(text))
    return document.found


def encoding(data: bytes, content_type: str = "text/html") -> str:
    """The encoding that html5lib finds *data* to be in, by its name in the Encoding standard."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"))
    parser.parse(data, likely_encoding=_likely(data), useChardet=False)
    return str(parser.documentEncoding)


def styles(data: bytes) -> Iterator[tuple[str, bool]]:
    """The text of each style element of the document *data*, with true, and of each style attribute."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"))
    for element in parser.parse(data, likely_encoding=_likely(data), useChardet=False).iter():
        if isinstance(element.tag, str):
            if _local(element) == "style":
                yield "".join(element.itertext()), True
            if "style" in element.attrib:
                yield element.attrib["style"], False


def _likely(data: bytes) -> str | None:
    """The standard leaves the guess at an encoding that nothing names to the reader."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    return "utf-8"


_HTML = "{http://www.w3.org/1999/xhtml}"
_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}href"


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


class _Document:
    """Goes over a tree in its order; the base counts from where it stands, as it does while a page loads."""

    def __init__(self, base: Url, codec: str) -> None:
        self._base, self._fallback, self._codec = base, base, codec
        self._has_base = False
        self._imports: dict[str, Any] = {}
        self.origin = base.origin
        self.icon = False
        self.found: Found = {}

    def read(self, tree: Any) -> None:
        waiting: list[tuple[Any, Any]] = [(tree, None)]
        while waiting:
            element, parent = waiting.pop()
            if isinstance(element.tag, str):
                self._element(element, "" if parent is None else _local(parent))
                if "style" in element.attrib:
                    self.take(in_declarations(element.attrib["style"]))
            waiting += [(child, element) for child in reversed(element)]

    def take(self, named: Iterable[Named]) -> None:
        for text, kind in named:
            if not text.strip("\0\t\n\f\r ").partition("#")[0]:
                continue
            try:
                target = Url.parse(text, self._base, encoding=self._codec)
            except FormatError:
                continue
            if target.is_http:
                self.found.setdefault(target.without_fragment_text, set()).add(kind)

    def _element(self, element: Any, parent: str) -> None:
        if element.tag.startswith(_HTML):
            self.take(self._html(_local(element), element, parent))
        elif element.tag.startswith(_SVG):
            self.take(_in_drawing(_local(element), element))

    def _html(self, tag: str, element: Any, parent: str) -> Iterator[Named]:
        attributes: dict[str, str] = element.attrib

        def named(name: str, kind: str) -> Iterator[Named]:
            if name in attributes:
                yield Named(attributes[name], kind)

        if tag == "base":
            self._set_base(attributes)
        elif tag == "img":
            yield from named("src", "image")
            yield from named("data-src", "image")
            yield from srcset(attributes.get("srcset", ""))
            yield from srcset(attributes.get("data-srcset", ""))
        elif tag == "source" and parent == "picture":
            yield from srcset(attributes.get("srcset", ""))
            yield from srcset(attributes.get("data-srcset", ""))
        elif tag in ("video", "audio", "track") or (tag == "source" and parent in ("video", "audio")):
            yield from named("src", "media")
            if tag == "video":
                yield from named("poster", "image")
        elif tag in ("iframe", "frame", "embed"):
            yield from named("src", "frame")
            if tag == "iframe" and "srcdoc" in attributes:
                self._inner(attributes["srcdoc"])
        elif tag == "object":
            yield from named("data", "frame")
        elif tag == "input" and attributes.get("type", "").lower() == "image":
            yield from named("src", "image")
        elif tag == "link":
            yield from self._link(attributes)
        elif tag == "meta":
            yield from _in_meta(attributes)
        elif tag == "script":
            yield from self._script(attributes, element.text or "")
        elif tag == "style" and attributes.get("type", "").lower() in ("", "text/css"):
            yield from in_sheet(element.text or "")
        elif tag == "noscript" and len(element) == 0 and "<" in (element.text or ""):
            self._unscripted(element.text)
        if tag in ("body", "table", "thead", "tbody", "tfoot", "tr", "td", "th"):
            yield from named("background", "image")

    def _set_base(self, attributes: dict[str, str]) -> None:
        if self._has_base or "href" not in attributes:
            return
        self._has_base = True
        try:
            base = Url.parse(attributes["href"], self._fallback, encoding=self._codec)
        except FormatError:
            return
        if base.scheme not in ("data", "javascript"):
            self._base = base

    def _inner(self, text: str) -> None:
        inner = _Document(self._base, "utf-8")
        inner.read(html5lib.parse(text))
        self._join(inner)

    def _unscripted(self, text: str) -> None:
        """What html5lib, with scripting on, left as text."""
        inner = _Document(self._base, self._codec)
        inner.read(html5lib.parseFragment(text, container="div"))
        self.icon = self.icon or inner.icon
        self._join(inner)

    def _join(self, inner: _Document) -> None:
        for url, kinds in inner.found.items():
            self.found.setdefault(url, set()).update(kinds)

    def _link(self, attributes: dict[str, str]) -> Iterator[Named]:
        relations = attributes.get("rel", "").lower().split()
        href = Named(attributes.get("href", ""), "other")
        image_set = "imagesrcset" in attributes
        as_ = attributes.get("as", "").lower()
        if "stylesheet" in relations and attributes.get("type", "").lower() in ("", "text/css"):
            yield href._replace(kind="style")
        if {"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"} & set(relations):
            self.icon = self.icon or bool(href.text)
            yield href._replace(kind="icon")
        if "manifest" in relations:
            yield href._replace(kind="manifest")
        if "modulepreload" in relations:
            yield href._replace(kind="module")
        if "preload" in relations or ("prefetch" in relations and as_ == "image"):
            kinds = {"style": "style", "script": "script", "font": "font", "image": "image"}
            yield href._replace(kind=kinds.get(as_, "other"))
            if as_ == "image" and image_set:
                yield from srcset(attributes["imagesrcset"])

    def _script(self, attributes: dict[str, str], text: str) -> Iterator[Named]:
        kind = attributes.get("type", "").lower().strip()
        if "src" in attributes:
            if kind == "module":
                yield Named(attributes["src"], "module")
            elif not kind or re.search(r"(?:java|ecma|live|j)script|module", kind):
                yield Named(attributes["src"], "script")
        elif kind == "application/ld+json":
            yield from in_linked_data(text)
        elif kind == "importmap":
            self._imports.update(_parsed(text).get("imports") or {})
        elif kind == "module":
            for found in re.finditer(r"^\s*import\b[^;'\"(]*(['\"])(.*?)\1", text, re.MULTILINE):
                specifier = found[2].replace("\\/", "/")
                if re.match(r"\.{0,2}/|https?:", specifier):
                    yield Named(specifier, "module")
                elif isinstance(self._imports.get(specifier), str):
                    yield Named(self._imports[specifier], "module")


def _in_drawing(tag: str, element: Any) -> Iterator[Named]:
    if tag in ("image", "use", "feImage"):
        for name in ("href", _XLINK):
            if name in element.attrib:
                yield Named(element.attrib[name], "image")
    elif tag == "style" and element.attrib.get("type", "") in ("", "text/css"):
        yield from in_sheet("".join(element.itertext()))


def _in_meta(attributes: dict[str, str]) -> Iterator[Named]:
    name = (attributes.get("property") or attributes.get("name") or "").lower().strip()
    if re.fullmatch(r"(?:og|twitter):image(?::(?:url|secure_url|src))?|msapplication-(?:tileimage|.*logo)", name):
        yield Named(attributes.get("content", ""), "image")
    elif re.fullmatch(r"og:(?:video|audio)(?::(?:url|secure_url))?", name):
        yield Named(attributes.get("content", ""), "media")


def srcset(text: str) -> Iterator[Named]:
    """The images that a srcset attribute names, by the steps of the HTML standard, one character a step."""
    at = 0
    while True:
        while at < len(text) and text[at] in " \t\n\f\r,":
            at += 1
        if at >= len(text):
            return
        start = at
        while at < len(text) and text[at] not in " \t\n\f\r":
            at += 1
        address = text[start:at]
        if address.endswith(","):
            yield Named(address.rstrip(","), "image")
            continue
        brackets = 0
        while at < len(text) and (brackets or text[at] != ","):
            brackets = (brackets + (text[at] == "(")) if not brackets else (text[at] != ")")
            at += 1
        yield Named(address, "image")


_LINKED_IMAGES = ("image", "logo", "photo", "primaryImageOfPage", "thumbnail", "thumbnailUrl")


def in_linked_data(text: str) -> Iterator[Named]:
    """The images that JSON-LD gives things, and the files of its films and recordings."""
    for value in _objects(_parsed(text)):
        for name in _LINKED_IMAGES:
            yield from (Named(address, "image") for address in _addresses(value.get(name)))
        types = value.get("@type")
        types = types if isinstance(types, list) else [types]
        if "ImageObject" in types:
            for name in ("url", "contentUrl"):
                yield from (Named(address, "image") for address in _addresses(value.get(name)))
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


_NAMES_ONLY = ("import", "namespace", "supports", "document", "-moz-document")
"""At-rules whose preludes hold names and conditions."""


def in_sheet(text: str) -> Iterator[Named]:
    """What the style sheet *text* names, in its order."""
    importing = True
    for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            importing = False
            yield from _in_block(rule.content)
        elif rule.type == "at-rule":
            if rule.lower_at_keyword == "import" and importing and rule.content is None:
                yield from _imported(rule.prelude)
            importing = importing and rule.content is None and rule.lower_at_keyword in ("import", "layer", "charset")
            yield from _in_at_rule(rule.lower_at_keyword, rule.prelude, rule.content)


def in_declarations(text: str) -> Iterator[Named]:
    """What the style attribute *text* names, in its order."""
    return _in_block(tinycss2.parse_component_value_list(text))


def _imported(prelude: list[Any]) -> Iterator[Named]:
    first = next((token for token in prelude if token.type not in ("whitespace", "comment")), None)
    if first is None:
        return
    if first.type in ("url", "string"):
        yield Named(first.value, "style")
    elif first.type == "function" and first.lower_name == "url":
        yield from (Named(token.value, "style") for token in first.arguments if token.type == "string")


def _in_at_rule(name: str, prelude: list[Any], content: list[Any] | None) -> Iterator[Named]:
    if name not in _NAMES_ONLY:
        yield from _in_tokens(prelude)
    if content is not None:
        yield from _in_block(content, "font" if name == "font-face" else "image")


def _in_block(content: list[Any], kind: str = "image") -> Iterator[Named]:
    """What the body of a rule names: of declarations, and of the rules nested in it."""
    at = 0
    while at < len(content):
        if content[at].type != "at-keyword":
            yield from _in_tokens([content[at]], kind)
            at += 1
            continue
        end = at + 1
        while end < len(content) and content[end].type != "{} block" and content[end] != ";":
            end += 1
        block = content[end] if end < len(content) and content[end].type == "{} block" else None
        yield from _in_at_rule(
            content[at].lower_value, content[at + 1 : end], block.content if block is not None else None
        )
        at = end + 1


def _in_tokens(tokens: Iterable[Any], kind: str = "image", *, strings: bool = False) -> Iterator[Named]:
    for token in tokens:
        if token.type == "url" or (token.type == "string" and strings):
            yield Named(token.value, kind)
        elif token.type == "function" and token.lower_name == "url":
            yield from (Named(inner.value, kind) for inner in token.arguments if inner.type == "string")
        elif token.type == "function":
            images = token.lower_name in ("image-set", "-webkit-image-set")
            yield from _in_tokens(token.arguments, kind, strings=images)
        elif token.type == "{} block":
            yield from _in_block(token.content, kind)
        elif token.type in ("() block", "[] block"):
            yield from _in_tokens(token.content, kind)
