"""Pages that others wrote, and pages put together from what they write, read as html5lib and tinycss2 do."""

from __future__ import annotations

import codecs
import gzip
import random
from pathlib import Path

import pytest

from archiver.links import html_links
from archiver.links.css import css_urls
from archiver.links.encoding import decode_html
from tests.links.reference import Found, Tree
from tests.links.tokens import Named, in_declarations, in_sheet

PAGES = Path(__file__).parents[2].parent / "shared/articles/pages"
FILES = sorted(PAGES.glob("*.html.gz"))
ABSENT = pytest.mark.skip(reason="../shared/articles/pages is not beside this checkout")
REAL = [pytest.param(file, id=file.name) for file in FILES] or [pytest.param(PAGES, marks=ABSENT)]

URL = "https://example.org/news/today.html"


def assert_the_same_links(data: bytes, url: str, theirs: Found) -> None:
    """Each URL that *data* names is found by both, and ours is of a kind that theirs has for it."""
    found = html_links(data, url=url, content_type="text/html")
    assert not found.cut
    ours = {link.url: link.kind.value for link in found if not link.guess}
    assert ours.keys() == theirs.keys()
    assert {url: kind for url, kind in ours.items() if kind not in theirs[url]} == {}


@pytest.mark.skipif(not FILES, reason=ABSENT.kwargs["reason"])
def test_the_pages_are_all_there() -> None:
    assert len(FILES) >= 134


@pytest.mark.parametrize("file", REAL)
def test_a_real_page_is_read_as_html5lib_and_tinycss2_read_it(file: Path) -> None:
    """Whether scripts run or not: what is in a noscript element is found either way."""
    data = gzip.decompress(file.read_bytes())
    tree = Tree(data, url=URL)
    assert decode_html(data, "text/html")[1] == codecs.lookup(tree.encoding).name
    assert_the_same_links(data, URL, tree.links())
    assert_the_same_links(data, URL, Tree(data, url=URL, scripting=True).links())
    for text, whole in tree.styles():
        ours = [Named(found.text, found.kind.value) for found in css_urls(text, sheet=whole)]
        theirs = in_sheet(text) if whole else in_declarations(text)
        assert ours == [named for named in theirs if named.text and named.text[0] != "#"]


STARTS = ["", "<!doctype html>", "<html><head>", "<body background=%d>", "<base href=%d/>"]
PIECES = (
    """
<p>|</p>|<div>|</div>|<b>|</i>|<ul><li>|</ul>|<h1>|<a>|<form>|</form>|<button>|</button>|<br/>|text|&lt;|<!>
<table>|<tr>|<td>|</td>|</tr>|</table>|<caption>|<colgroup><col>|<option>|</option>|</nothing>|<nobr>|<ruby><rt>
<noscript>|</noscript>|<template>|</template>|<svg><path/></svg>|<math><mi>x</mi></math>|<?php ?>
<!-- <img src=no> -->|<script>'<img src=no>'</script>|<textarea><img src=no></textarea>
<xmp><img src=no></xmp>|<noembed><img src=no></noembed>|<iframe><img src=no></iframe>
<svg><![CDATA[<img src=no>]]></svg>
<img src=%d.png>|<IMG SRC='%d.png' alt=">">|<img data-src=%d>|<img srcset="%d,a%d 2x">|<image src=%d>
<img data-srcset=%d>|<picture><source srcset=%d></picture>|<source src=no>|<source srcset=no>
<video src=%d poster=a%d></video>|<video><source src=%d><track src=a%d></video>|<audio src=%d></audio>
<iframe src=%d></iframe>|<iframe srcdoc="<img src=%d>"></iframe>|<embed src=%d>|<object data=%d></object>
<input type=image src=%d>|<input src=no>|<table background=%d></table>|<p style="b:url('%d')">
<style>a{b:url(%d)}</style>|<style>@import'%d';</style>|<svg><style>a{b:url(%d)}</style></svg>
<svg><image href=%d></image></svg>|<svg><use xlink:href=%d#x></use></svg>|<svg><image href=#no></image></svg>
<svg><foreignObject><img src=%d></foreignObject></svg>|<svg><filter><feImage href=%d></feImage></filter></svg>
<link rel=stylesheet href=%d>|<link rel=icon href=%d>|<link rel=manifest href=%d>|<link rel=canonical href=no>
<link rel=preload as=font href=%d>|<link rel=preload as=image imagesrcset="%d 1x,a%d 2x">
<link rel=modulepreload href=%d>|<link rel=prefetch href=%d.png>|<link rel=prefetch href=no>
<script src=%d></script>|<script type=module src=%d></script>|<script type=text/template src=no></script>
<script type=module>import'./%d'</script>|<script type=application/ld+json>{"image":"%d"}</script>
<meta property=og:image content=%d>|<meta name=twitter:image content=%d>|<meta property=og:video content=%d>
<meta property=og:title content=no>
""".strip()
    .replace("\n", "|")
    .split("|")
)


def test_a_thousand_documents_with_all_that_names_something_have_the_links_that_html5lib_sees() -> None:
    chance = random.Random(5)
    for _ in range(1000):
        pieces = [chance.choice(STARTS), *chance.choices(PIECES, k=chance.randint(1, 12))]
        text = "".join(piece.replace("%d", str(number)) for number, piece in enumerate(pieces)).encode()
        assert_the_same_links(text, URL, Tree(text, url=URL).links())
