"""How fast the links of a page and of a style sheet are found, of the CPU of one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import html5lib
import tinycss2
from lxml import html as lxml_html

from archiver.links import css_links, html_links
from benchmarks.markup import Markup
from benchmarks.paired import paired
from benchmarks.row import Row
from benchmarks.workshop import Workshop

_SEED = 20261123
_URL = "https://bench.example/section/page.html"
_PAGES, _PAGE_SIZE = 30, 200_000
_SHEETS, _SHEET_SIZE = 100, 30_000
_FEW = 20
"""The peer that is many times slower is given only each one of so many."""


def run(workshop: Workshop) -> tuple[Row, ...]:  # noqa: ARG001
    """Megabytes a second of pages and of style sheets; what the peers find is less, or the same."""
    markup = Markup(_SEED)
    pages = [markup.html(_PAGE_SIZE) for _ in range(_PAGES)]
    sheets = [markup.css(_SHEET_SIZE) for _ in range(_SHEETS)]
    return (
        _row("pages", pages, _html, "lxml's tree and `iterlinks`", _lxml, 30, every=1),
        _row("pages", pages, _html, "html5lib's tree alone", _html5lib, 30, every=_FEW),
        _row("style sheets", sheets, _css, "tinycss2's tokens alone", _tinycss2, 20, every=_FEW),
    )


def _row(
    what: str,
    documents: Sequence[bytes],
    ours: Callable[[bytes], object],
    peer: str,
    theirs: Callable[[bytes], object],
    target: float,
    *,
    every: int,
) -> Row:
    fewer = documents[::every]
    our_time, their_time = paired(lambda: _spent(ours, documents), lambda: _spent(theirs, fewer))
    our_speed, their_speed = _megabytes(documents) / our_time, _megabytes(fewer) / their_time
    return Row(
        benchmark="extraction",
        what=f"find the links of {what}",
        ours=f"{our_speed:.0f} MB/s",
        peer=peer,
        theirs=f"{their_speed:.1f} MB/s",
        figure=our_speed,
        unit="MB/s",
        sense="at least",
        target=target,
    )


def _spent(find: Callable[[bytes], object], documents: Sequence[bytes]) -> float:
    started = time.process_time()
    for document in documents:
        find(document)
    return time.process_time() - started


def _megabytes(documents: Sequence[bytes]) -> float:
    return sum(map(len, documents)) / 1e6


def _html(data: bytes) -> object:
    return html_links(data, url=_URL, content_type="text/html; charset=utf-8")


def _css(data: bytes) -> object:
    return css_links(data, url=_URL, content_type="text/css; charset=utf-8")


def _lxml(data: bytes) -> object:
    return list(lxml_html.document_fromstring(data).iterlinks())  # type: ignore[attr-defined]  # not in the stubs


def _html5lib(data: bytes) -> object:
    return html5lib.parse(data, treebuilder="etree", transport_encoding="utf-8")


def _tinycss2(data: bytes) -> object:
    return tinycss2.parse_stylesheet_bytes(data, protocol_encoding="utf-8")
