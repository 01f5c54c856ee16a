"""What a document shows at a glance: enough to tell an article from what a server put in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from archiver.errors import LimitError
from archiver.links.encoding import decode_html
from archiver.links.link import Check, go_on
from archiver.links.markup import BODY, Attributes, Target, feed

MAX_TEXT = 64 << 10
"""Characters of a document's text that are kept, and of all else of one sort."""
MAX_LISTED = 200
"""Names, addresses, headings of one sort that are kept."""
MAX_EACH = 500
"""Characters of one of these."""
RUNNING = 12
"""Words that make a block running text rather than a label, a button or a menu's entry."""

_MAX_READ = 16 << 20
"""Bytes of a document that are looked at: an article begins in them."""
_MAX_JSON = 512 << 10
_MAX_WORDS = 64 << 10
"""Characters of an attribute that lists something that are read."""
_MAX_SCRIPT = 2 << 10

_BLOCKS = frozenset(
    "address article aside blockquote body button caption center dd details dialog dir div dl dt fieldset"
    " figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html label legend li main"
    " menu nav ol option p pre search section select summary table tbody td tfoot th thead tr ul".split()
)
_CONTENT = frozenset({"article", "h1", "main"})
_REGIONS = {
    "a": "link",
    "footer": "footer",
    "h1": "heading",
    "h2": "heading",
    "h3": "heading",
    "iframe": "fallback",
    "noframes": "fallback",
    "noscript": "fallback",
    "script": "muted",
    "select": "muted",
    "style": "muted",
    "svg": "drawing",
    "template": "muted",
    "textarea": "muted",
    "title": "muted",
}
_META_NAMES = ("name", "property", "itemprop", "http-equiv")

# Han and kana are written without spaces, about two to a word; Thai and its neighbours, about five.
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f\U00020000-\U0003ffff]")
_THAI = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_FREE = re.compile(
    r'"isAccessibleForFree"\s{0,9}:\s{0,9}"?((?:https?://schema\.org/)?(?:true|false))', re.IGNORECASE
)
_NOT_SHOWN = re.compile(r"(?:\A|;)\s*+display\s*+:\s*+none", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A document at a glance; one without arguments shows nothing. What is beyond the bounds is left out."""

    title: str = ""
    headings: tuple[str, ...] = ()
    """The text of h1 to h3."""
    blocks: tuple[str, ...] = ()
    """The text that is shown, by paragraph, cell, entry, button; white space folded."""
    running: tuple[str, ...] = ()
    """Those of *blocks* that are running text: RUNNING words or more, most of them outside links, and neither
    a heading nor in a footer."""
    fallback: str = ""
    """What noscript, noframes and iframe elements hold for those who see nothing else."""
    words: int = 0
    """Words of all that is shown, those that are not kept too."""
    running_words: int = 0
    """Words of all running text."""
    media: int = 0
    """Images, films, recordings, drawings and embedded objects."""
    passwords: int = 0
    """Fields for a password, of those that are shown."""
    metas: tuple[tuple[str, str], ...] = ()
    """What meta elements say, by name, property, itemprop or http-equiv in lower case."""
    free: bool | None = None
    """What the document's own metadata says of whether it can be read for nothing (isAccessibleForFree)."""
    relations: tuple[tuple[str, str], ...] = ()
    """What link elements call canonical, amphtml and oembed: the word, and the address as written."""
    forms: tuple[str, ...] = ()
    """Where forms are sent."""
    frames: tuple[str, ...] = ()
    """What iframes and frames show."""
    scripts: tuple[str, ...] = ()
    """The addresses of scripts."""
    inline: tuple[str, ...] = ()
    """How the scripts within the document begin."""
    ids: tuple[str, ...] = ()
    root: tuple[str, ...] = ()
    """What html and body are called, in lower case: ids, classes, names of data attributes."""
    cut: bool = False
    """Whether the document was not read to its end."""

    @property
    def text(self) -> str:
        """All that is shown, as one line."""
        return " ".join(self.blocks)

    def meta(self, name: str) -> str | None:
        """What the first meta element called *name*, in lower case, says."""
        return next((content for key, content in self.metas if key == name), None)


def outline(data: bytes, content_type: str | None, *, check: Check = go_on) -> Outline:
    """What the HTML document *data* shows; whatever else it may be is read as if it were one.

    *check* is called many times a second; a LimitError of its ends the reading there.
    """
    glance = _Glance()
    cut = False
    try:
        text, _ = decode_html(data, content_type, check)
        feed(text, content_type, glance, check, most=_MAX_READ)
    except LimitError:
        cut = True
    return glance.outline(cut=cut)


def count_words(text: str) -> int:
    """The words of *text*, by white space or, where a script does without it, by their usual length."""
    if text.isascii():
        return len(text.split())
    return len(text.split()) + len(_HAN.findall(text)) // 2 + len(_THAI.findall(text)) // 5


class _Listed(list[str]):
    """Texts up to a bound: so many of so many characters, and no more together than MAX_TEXT."""

    def __init__(self) -> None:
        super().__init__()
        self._room = MAX_TEXT

    def add(self, text: str | None, *, each: int = MAX_EACH, most: int = MAX_LISTED) -> None:
        """Keep *text* if there is room and anything to it."""
        text = (text or "").strip()[: min(each, self._room)]
        if text and len(self) < most:
            self._room -= len(text)
            self.append(text)


class _Glance(Target):
    """Gathers what an `Outline` holds.

    A region is something to be within of: text that is not shown, a heading, a link. It begins with its
    outermost element and ends with that, whatever is left open or closed twice inside.
    """

    def __init__(self) -> None:
        self._within: dict[str, int] = {}
        """The regions that are open, and how deep each began."""
        self._block: list[str] = []
        self._size = self._linked = 0
        self._captured: list[str] = []
        self._room = 0
        self._use: Callable[[str], None] = self._title_text
        """What is to be done with the text of the element that is muted, up to how many characters."""
        self._title: str | None = None
        self._headings, self._blocks, self._running, self._fallback = (_Listed() for _ in range(4))
        self._forms, self._frames, self._scripts, self._inline = (_Listed() for _ in range(4))
        self._ids, self._root = _Listed(), _Listed()
        self._metas: list[tuple[str, str]] = []
        self._relations: list[tuple[str, str]] = []
        self._words = self._running_words = self._media = self._passwords = 0
        self._free: bool | None = None

    def outline(self, *, cut: bool) -> Outline:
        """What was seen."""
        self._end_block()
        return Outline(
            title=self._title or "",
            headings=tuple(self._headings),
            blocks=tuple(self._blocks),
            running=tuple(self._running),
            fallback=" ".join(" ".join(self._fallback).split()),
            words=self._words,
            running_words=self._running_words,
            media=self._media,
            passwords=self._passwords,
            metas=tuple(self._metas),
            free=self._free,
            relations=tuple(self._relations),
            forms=tuple(self._forms),
            frames=tuple(self._frames),
            scripts=tuple(self._scripts),
            inline=tuple(self._inline),
            ids=tuple(self._ids),
            root=tuple(self._root),
            cut=cut,
        )

    # What the parser tells.

    def start(self, tag: str, attributes: Attributes) -> None:
        self.depth += 1
        if tag in _BLOCKS:
            self._end_block()
            self._within.pop("drawing", None)  # none holds these: it was not closed
        if tag in _CONTENT:
            self._within.pop("footer", None)  # libxml2 does not end it where something inside is left open
        if attributes or tag == "dialog":
            self._ids.add(attributes.get("id"))
            if _is_hidden(tag, attributes):
                self._within.setdefault("hidden", self.depth)
        element = self._elements.get(tag)
        if element is not None:
            element(self, attributes)
        region = _REGIONS.get(tag)
        if region is not None and (tag != "a" or "href" in attributes):
            self._within.setdefault(region, self.depth)

    def end(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_block()
        if self.depth in self._within.values():
            self._end_capture()
            self._within = {region: depth for region, depth in self._within.items() if depth != self.depth}
        self.depth -= 1

    def data(self, text: str) -> None:
        within = self._within
        if "muted" in within:
            if self._room > 0:
                self._captured.append(text)
                self._room -= len(text)
        elif "fallback" in within:
            self._fallback.add(text, each=MAX_TEXT)
        elif "hidden" not in within and "drawing" not in within:
            self._block.append(text)
            self._size += len(text)
            if "link" in within:
                self._linked += len(text)
            if self._size > MAX_TEXT:
                self._end_block()

    def close(self) -> None:
        self._end_capture()

    # Text.

    def _end_block(self) -> None:
        if not self._block:
            return
        text = " ".join("".join(self._block).split())
        linked, size = self._linked, self._size
        self._block, self._size, self._linked = [], 0, 0
        if not text:
            return
        words = count_words(text)
        self._words += words
        self._blocks.add(text, each=MAX_TEXT, most=MAX_TEXT)
        if "heading" in self._within:
            self._headings.add(text)
        elif words >= RUNNING and linked * 2 < size and "footer" not in self._within:
            self._running_words += words
            self._running.add(text, each=MAX_TEXT, most=MAX_TEXT)

    def _capture(self, use: Callable[[str], None], room: int) -> None:
        """Have the text of the element that begins, which is not shown, used."""
        if "muted" not in self._within and "drawing" not in self._within:
            self._captured, self._room, self._use = [], room, use

    def _end_capture(self) -> None:
        if self._captured:
            text, self._captured = "".join(self._captured), []
            self._use(text)
        self._room = 0

    def _title_text(self, text: str) -> None:
        if self._title is None:
            self._title = " ".join(text.split())[:MAX_EACH]

    def _linked_data(self, text: str) -> None:
        for match in _FREE.finditer(text):
            self._says_free(match[1])

    def _inline_text(self, text: str) -> None:
        self._inline.add(text, each=_MAX_SCRIPT)

    # Elements.

    def _title_element(self, attributes: Attributes) -> None:  # noqa: ARG002
        self._capture(self._title_text, MAX_TEXT)

    def _script(self, attributes: Attributes) -> None:
        if "src" in attributes:
            self._scripts.add(attributes["src"])
        elif attributes.get("type", "").strip().lower() == "application/ld+json":
            self._capture(self._linked_data, _MAX_JSON)
        else:
            self._capture(self._inline_text, _MAX_SCRIPT)

    def _frame(self, attributes: Attributes) -> None:
        self._frames.add(attributes.get("src"))

    def _form(self, attributes: Attributes) -> None:
        self._forms.add(attributes.get("action"))

    def _input(self, attributes: Attributes) -> None:
        if attributes.get("type", "").lower() == "password" and "hidden" not in self._within:
            self._passwords += 1

    def _line_break(self, attributes: Attributes) -> None:  # noqa: ARG002
        self.data(" ")

    def _seen(self, attributes: Attributes) -> None:  # noqa: ARG002
        if "fallback" not in self._within:
            self._media += 1

    def _link(self, attributes: Attributes) -> None:
        relations: list[str] = attributes.get("rel", "")[:_MAX_WORDS].lower().split()
        if "alternate" in relations and "oembed" in attributes.get("type", "").lower():
            relations.append("oembed")
        href = attributes.get("href", "").strip()[:MAX_EACH]
        for name in ("canonical", "amphtml", "oembed"):
            if name in relations and href and len(self._relations) < MAX_LISTED:
                self._relations.append((name, href))

    def _meta(self, attributes: Attributes) -> None:
        name = next((attributes[key] for key in _META_NAMES if attributes.get(key)), "")
        name = name.strip().lower()[:MAX_EACH]
        content = attributes.get("content", "").strip()[:MAX_EACH]
        if name and len(self._metas) < MAX_LISTED:
            self._metas.append((name, content))
        if name == "isaccessibleforfree":
            self._says_free(content)

    def _says_free(self, value: str) -> None:
        self._free = self._free is not False and not value.lower().endswith("false")

    def _root_element(self, attributes: Attributes) -> None:
        for name in (attributes.get("id", ""), *attributes.get("class", "")[:_MAX_WORDS].split()):
            self._root.add(name.lower())
        for name in attributes:
            if name.startswith("data-"):
                self._root.add(name)

    _elements: ClassVar[Mapping[str, Callable[[_Glance, Attributes], None]]] = {
        "audio": _seen,
        "body": _root_element,
        BODY: _root_element,
        "br": _line_break,
        "canvas": _seen,
        "embed": _seen,
        "form": _form,
        "frame": _frame,
        "html": _root_element,
        "iframe": _frame,
        "img": _seen,
        "input": _input,
        "link": _link,
        "meta": _meta,
        "object": _seen,
        "script": _script,
        "svg": _seen,
        "title": _title_element,
        "video": _seen,
    }


def _is_hidden(tag: str, attributes: Attributes) -> bool:
    """Whether an element is not shown until a script says so; a body is, in the end."""
    if tag in ("html", "body", BODY):
        return False
    style = attributes.get("style")
    return (
        "hidden" in attributes
        or (tag == "dialog" and "open" not in attributes)
        or (style is not None and _NOT_SHOWN.search(style, 0, _MAX_WORDS) is not None)
    )
