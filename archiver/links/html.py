"""What an HTML or SVG document needs, and its title."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import ClassVar

from archiver.errors import FormatError, LimitError
from archiver.links.css import TooManyImagesError, css_urls
from archiver.links.encoding import decode_html
from archiver.links.importmap import ImportMap
from archiver.links.javascript import module_imports
from archiver.links.link import Check, Kind, Link, Links, Resolver, go_on, is_too_long
from archiver.links.markup import BODY, Attributes, Target, feed, is_xml
from archiver.links.metadata import MAX_JSON, linked_data
from archiver.links.players import is_player
from archiver.links.srcset import MAX_CANDIDATES, candidates, shown
from archiver.url import Url

_MAX_SRCDOC_DEPTH = 5
_MAX_TEXT = 4 << 20
"""Characters of the style elements, and of the scripts that may name something, that are read."""
_MAX_RELATIONS = 64 << 10
"""Characters of what a link element says it is that are read."""
_MAX_UNPLAYED = 1_000
_TITLE_DEPTH = 512
"""A title within more elements than browsers nest is not looked for."""

_ICONS = frozenset({"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"})
_SCRIPT_TYPE = re.compile(r"(?:java|ecma|live|j)script|module", re.IGNORECASE)
"""Also within a type: loaders write ``c0ffee-text/javascript`` and put it right as the page runs."""
_PLAYLIST_NAME = re.compile(r"[^?]*\.(?:m3u8|mpd)(?:\?|\Z)", re.IGNORECASE)
_IMAGE_NAME = re.compile(r"\.(?:avif|bmp|gif|ico|jpe?g|png|svg|webp)(?:[?#]|\Z)", re.IGNORECASE)
_PRELOADED = {
    "audio": Kind.MEDIA,
    "document": Kind.FRAME,
    "font": Kind.FONT,
    "image": Kind.IMAGE,
    "script": Kind.SCRIPT,
    "style": Kind.STYLE,
    "video": Kind.MEDIA,
}
_META_IMAGES = re.compile(
    r"og:image(?::(?:secure_)?url)?|twitter:image(?::src)?|msapplication-(?:tileimage|\w+logo)", re.IGNORECASE
)
_META_FILMS = re.compile(r"og:(?:video|audio)(?::(?:secure_)?url)?", re.IGNORECASE)


def html_links(data: bytes, *, url: str, content_type: str | None, check: Check = go_on) -> Links:
    """What the document *data*, served from *url*, needs.

    An HTML document that names no icon ends with a guess at one. FormatError where *url* is none.
    """
    document = Url.parse(url)
    found = Links()
    try:
        text, codec = decode_html(data, content_type, check)
    except LimitError:
        found.cut = True
        return found
    page = _Page(Resolver(document, codec), found, check)
    try:
        feed(text, content_type, page, check)
        page.end_modules()
    except LimitError:
        found.cut = True
    svg = is_xml(content_type) and "xhtml" not in (content_type or "").lower()
    if not page.icon_named and document.origin is not None and not svg:
        guess = f"{document.origin}/favicon.ico"
        found.add(Link(url=guess, kind=Kind.ICON, place="favicon.ico", guess=True))
    return found


def document_title(data: bytes, content_type: str | None) -> str | None:
    """The text of the document's first title element, white space made single; None where it has none."""
    text, _ = decode_html(data, content_type)
    title = _Title()
    with suppress(LimitError):
        feed(text, content_type, title, title.check)
    return " ".join("".join(title.text).split()) if title.text is not None else None


class _Title(Target):
    """Takes the first title that is not an SVG drawing's."""

    def __init__(self) -> None:
        self.text: list[str] | None = None
        self._open = False
        self._drawings = 0

    def check(self) -> None:
        """LimitError once there is nothing more to look for."""
        if self.depth > _TITLE_DEPTH or (self.text is not None and not self._open):
            raise LimitError("the title is found, or not to be found")

    def start(self, tag: str, attributes: Attributes) -> None:
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


class _Page(Target):
    """Gathers the links of a document; what an element names is said by its method in `_elements`."""

    def __init__(self, resolve: Resolver, found: Links, check: Check, *, frames: int = 0) -> None:
        self._found = found
        self.icon_named = False
        self._resolve = resolve
        self._document = resolve.base.without_fragment_text
        self._check = check
        self._frames = frames
        self._has_base = False
        self._in_picture = self._picture_has_source = False
        self._in_media = self._plays = self._media_has_source = False
        self._templates = self._drawings = 0
        self._in_noscript = False
        self._imports = ImportMap()
        self._text: list[str] | None = None
        """The text of the element that is open, where it matters."""
        self._use: Callable[[str], None] = self._style
        """What is to be done with it."""
        self._room = _MAX_TEXT
        self._modules: list[tuple[str, Url]] = []
        """Inline modules, each with the base where it stands."""

    def start(self, tag: str, attributes: Attributes) -> None:
        self.depth += 1
        element = self._elements.get(tag)
        if element is not None:
            element(self, attributes)
        if "style" in attributes:
            self._css(attributes["style"], "style attribute", sheet=False)

    def end(self, tag: str) -> None:
        self.depth -= 1
        ending = self._ends.get(tag)
        if ending is not None:
            ending(self)

    def data(self, text: str) -> None:
        if self._text is not None:
            self._room -= len(text)
            if self._room >= 0:
                self._text.append(text)
            else:
                self._found.cut = True

    def style_sheet(self, attributes: Attributes) -> None:
        kind = attributes.get("type", "").partition(";")[0].strip().lower()
        sheet = Kind.STYLE if kind in ("", "text/css") else Kind.OTHER
        alternative = attributes.get("alternate", "").lower() == "yes"
        self._add(attributes.get("href"), sheet, "xml-stylesheet", alternative=alternative)

    def close(self) -> None:
        self._end_text()  # of an element that the document does not close
        self._end_media()

    def end_modules(self) -> None:
        """Note what the inline modules import, now that all is known of what things are called."""
        for text, base in self._modules:
            for name in module_imports(text, check=self._check):
                url = self._imports.resolve(name, base)
                if url is not None:
                    self._found.add(Link(url=url, kind=Kind.MODULE, place="js import"))
                elif is_too_long(name):
                    self._found.cut = True

    def _add(
        self, text: str | None, kind: Kind, place: str, *, alternative: bool = False, policy: str = ""
    ) -> str | None:
        """Note that the document names *text*, seen from its base; the URL that this is."""
        url = self._resolve(text) if text else None
        if url is not None:
            self._found.add(Link(url=url, kind=kind, place=place, alternative=alternative, policy=policy))
        elif text and is_too_long(text):
            self._found.cut = True
        return url

    def _css(self, text: str, place: str, *, sheet: bool) -> None:
        if "(" not in text and not sheet:
            return
        try:
            for found in css_urls(text, sheet=sheet, check=self._check):
                self._add(found.text, found.kind, f"{place} {found.place}", alternative=found.alternative)
        except TooManyImagesError:
            self._found.cut = True

    def _srcset(
        self,
        text: str | None,
        place: str,
        *,
        alternative: bool = False,
        beside_src: bool = False,
        policy: str = "",
    ) -> None:
        found = candidates(text or "", check=self._check)
        if len(found) > MAX_CANDIDATES:
            self._found.cut = True
            found.pop()
        best = shown(found, beside_src=beside_src)
        for candidate in found:
            later = alternative or candidate is not best
            self._add(candidate.url, Kind.IMAGE, place, alternative=later, policy=policy)

    def _unplayed(self, url: str) -> None:
        if len(self._found.unplayed) < _MAX_UNPLAYED and not self._templates:
            self._found.unplayed[url] = None

    # Elements whose text matters.

    def _begin_text(self, use: Callable[[str], None]) -> None:
        self._text, self._use = [], use

    def _end_text(self) -> None:
        if self._text is not None:
            text, self._text = "".join(self._text), None
            self._use(text)

    def _style_element(self, attributes: Attributes) -> None:
        kind = attributes.get("type", "").partition(";")[0].strip().lower()
        if kind in ("", "text/css"):
            self._begin_text(self._style)

    def _style(self, text: str) -> None:
        self._css(text, "style element", sheet=True)

    def _script(self, attributes: Attributes) -> None:
        kind = attributes.get("type", "").strip().lower()
        source = attributes.get("src") or attributes.get("href") or attributes.get("xlink:href")
        policy = attributes.get("referrerpolicy", "")
        if kind == "application/ld+json":
            self._begin_text(self._linked_data)
        elif kind == "importmap":
            if not self._templates and not self._in_noscript:
                self._begin_text(self._import_map)
        elif kind == "module":
            if source is None:
                self._begin_text(self._module)
            self._add(source, Kind.MODULE, "script module", policy=policy)
        elif not kind or _SCRIPT_TYPE.search(kind):
            later = "nomodule" in attributes
            self._add(source, Kind.SCRIPT, "script src", alternative=later, policy=policy)

    def _linked_data(self, text: str) -> None:
        self._found.cut = self._found.cut or len(text) > MAX_JSON
        for address, film in linked_data(text):
            self._add(address, Kind.MEDIA if film else Kind.IMAGE, "json-ld", alternative=True)

    def _module(self, text: str) -> None:
        self._modules.append((text, self._resolve.base))

    def _import_map(self, text: str) -> None:
        self._imports = self._imports.merged(ImportMap.parse(text, self._resolve.base))
        self._found.cut = self._found.cut or self._imports.cut
        if not self._frames:
            self._found.imports = self._imports

    # Elements that name something, in alphabetical order.

    def _background(self, attributes: Attributes) -> None:
        self._add(attributes.get("background"), Kind.IMAGE, "background")

    def _base(self, attributes: Attributes) -> None:
        inert = self._templates or self._drawings or self._in_noscript
        if inert or self._has_base or "href" not in attributes:
            return
        self._has_base = True
        try:
            base = Url.parse(attributes["href"], self._resolve.base, encoding=self._resolve.encoding)
        except FormatError:
            # All that is written from there is somewhere else than it would seem.
            self._found.cut = self._found.cut or is_too_long(attributes["href"])
            return
        if base.scheme not in ("data", "javascript"):
            self._resolve = Resolver(base, self._resolve.encoding)

    def _embed(self, attributes: Attributes) -> None:
        url = self._add(attributes.get("src"), Kind.FRAME, "embed src")
        if url is not None and is_player(url):
            self._unplayed(url)

    def _frame(self, attributes: Attributes) -> None:
        self._add(attributes.get("src"), Kind.FRAME, "frame src")

    def _iframe(self, attributes: Attributes) -> None:
        inner = attributes.get("srcdoc")
        if inner is not None and self._frames < _MAX_SRCDOC_DEPTH:
            frame = _Page(self._resolve, self._found, self._check, frames=self._frames + 1)
            feed(inner.encode("utf-8", "replace"), None, frame, self._check)
            frame.end_modules()
        elif inner is not None:
            self._found.cut = True
        policy = attributes.get("referrerpolicy", "")
        later = inner is not None
        url = self._add(attributes.get("src"), Kind.FRAME, "iframe src", alternative=later, policy=policy)
        if url is not None and inner is None and is_player(url):
            self._unplayed(url)

    def _img(self, attributes: Attributes) -> None:
        policy = attributes.get("referrerpolicy", "")
        for prefix in ("", "data-"):
            source, sources = attributes.get(f"{prefix}src"), attributes.get(f"{prefix}srcset")
            if source:
                self._add(source, Kind.IMAGE, f"img {prefix}src", policy=policy)
            if sources:
                self._srcset(sources, f"img {prefix}srcset", beside_src=bool(source), policy=policy)

    def _input(self, attributes: Attributes) -> None:
        if attributes.get("type", "").strip().lower() == "image":
            self._add(attributes.get("src"), Kind.IMAGE, "input image")

    def _link(self, attributes: Attributes) -> None:
        written = attributes.get("rel", "")
        self._found.cut = self._found.cut or len(written) > _MAX_RELATIONS
        relations = frozenset(written[:_MAX_RELATIONS].lower().split())
        href = attributes.get("href")
        policy = attributes.get("referrerpolicy", "")
        kind = attributes.get("type", "").partition(";")[0].strip().lower()
        if "stylesheet" in relations and kind in ("", "text/css"):
            later = "alternate" in relations
            self._add(href, Kind.STYLE, "link stylesheet", alternative=later, policy=policy)
        if relations & _ICONS:
            self.icon_named = self.icon_named or bool(href)
            self._add(href, Kind.ICON, "link icon", policy=policy)
        if "manifest" in relations:
            self._add(href, Kind.MANIFEST, "link manifest", alternative=True)
        if "modulepreload" in relations:
            self._add(href, Kind.MODULE, "link modulepreload", policy=policy)
        what = attributes.get("as", "").strip().lower()
        if "preload" in relations:
            self._add(href, _PRELOADED.get(what, Kind.OTHER), "link preload", policy=policy)
            if what == "image":
                self._srcset(
                    attributes.get("imagesrcset"), "link imagesrcset", beside_src=bool(href), policy=policy
                )
        elif "prefetch" in relations and (what == "image" or (not what and _IMAGE_NAME.search(href or ""))):
            self._add(href, Kind.IMAGE, "link prefetch", alternative=True, policy=policy)

    def _media(self, attributes: Attributes) -> None:
        self._end_media()
        self._in_media, self._media_has_source, self._plays = True, False, False
        self._in_picture = False  # one that was not closed would take the sources
        self._add(attributes.get("poster"), Kind.IMAGE, "poster")
        for name in ("src", "data-src"):
            self._film(attributes.get(name), name)

    def _film(self, text: str | None, place: str) -> None:
        """One file of the video or audio element that is open: the first is played."""
        later = self._media_has_source
        url = self._add(text, Kind.MEDIA, f"media {place}", alternative=later)
        if url is not None:
            self._plays = self._media_has_source = True
            if not later and _PLAYLIST_NAME.match(url):
                self._unplayed(url)
        elif text and text.lstrip()[:5].lower() == "data:":
            self._plays = True

    def _end_media(self) -> None:
        if self._in_media and not self._plays:
            self._unplayed(self._document)
        self._in_media = False

    def _meta(self, attributes: Attributes) -> None:
        name = attributes.get("property") or attributes.get("name")
        if not name:
            return
        name = name.strip()
        if _META_IMAGES.fullmatch(name):
            self._add(attributes.get("content"), Kind.IMAGE, "meta image", alternative=True)
        elif _META_FILMS.fullmatch(name):
            self._add(attributes.get("content"), Kind.MEDIA, "meta film", alternative=True)
        elif name.lower() == "referrer" and not self._frames:
            self._found.policy = attributes.get("content", "").strip().lower() or self._found.policy

    def _noscript(self, attributes: Attributes) -> None:  # noqa: ARG002
        self._in_noscript = True

    def _end_noscript(self) -> None:
        self._in_noscript = False

    def _object(self, attributes: Attributes) -> None:
        url = self._add(attributes.get("data"), Kind.FRAME, "object data")
        if url is not None and is_player(url):
            self._unplayed(url)

    def _picture(self, attributes: Attributes) -> None:  # noqa: ARG002
        self._in_picture, self._picture_has_source = True, False

    def _end_picture(self) -> None:
        self._in_picture = False

    def _source(self, attributes: Attributes) -> None:
        if self._in_picture:
            for name in ("srcset", "data-srcset"):
                self._srcset(attributes.get(name), f"source {name}", alternative=self._picture_has_source)
            self._picture_has_source = True
        elif self._in_media:
            for name in ("src", "data-src"):
                self._film(attributes.get(name), f"source {name}")

    def _svg_image(self, attributes: Attributes) -> None:
        for name in ("href", "xlink:href", "src"):  # the last, because HTML takes <image> for <img>
            if name in attributes:
                self._add(attributes[name], Kind.IMAGE, "svg image")

    def _template(self, attributes: Attributes) -> None:  # noqa: ARG002
        self._templates += 1

    def _svg(self, attributes: Attributes) -> None:  # noqa: ARG002
        self._drawings += 1

    def _end_svg(self) -> None:
        self._drawings = max(self._drawings - 1, 0)

    def _end_template(self) -> None:
        self._templates = max(self._templates - 1, 0)

    def _track(self, attributes: Attributes) -> None:
        self._add(attributes.get("src"), Kind.OTHER, "track src")

    _elements: ClassVar[Mapping[str, Callable[[_Page, Attributes], None]]] = {
        "audio": _media,
        "base": _base,
        "body": _background,
        BODY: _background,
        "embed": _embed,
        "feimage": _svg_image,
        "frame": _frame,
        "iframe": _iframe,
        "image": _svg_image,
        "img": _img,
        "input": _input,
        "link": _link,
        "meta": _meta,
        "noscript": _noscript,
        "object": _object,
        "picture": _picture,
        "script": _script,
        "source": _source,
        "style": _style_element,
        "svg": _svg,
        "table": _background,
        "tbody": _background,
        "td": _background,
        "template": _template,
        "tfoot": _background,
        "th": _background,
        "thead": _background,
        "tr": _background,
        "track": _track,
        "use": _svg_image,
        "video": _media,
    }
    _ends: ClassVar[Mapping[str, Callable[[_Page], None]]] = {
        "audio": _end_media,
        "noscript": _end_noscript,
        "picture": _end_picture,
        "script": _end_text,
        "style": _end_text,
        "svg": _end_svg,
        "template": _end_template,
        "video": _end_media,
    }
