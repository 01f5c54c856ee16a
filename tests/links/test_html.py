from __future__ import annotations

import random
import time
import tracemalloc
from html import escape

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.links import Kind, Link, document_title, html_links, links
from archiver.links.css import MAX_IMAGES
from archiver.links.outline import outline
from archiver.links.srcset import MAX_CANDIDATES, candidates, shown
from archiver.url import Url

PAGE = "https://example.org/news/today.html"
BASE = "https://example.org/news/"


def found(text: str | bytes, content_type: str | None = "text/html; charset=utf-8") -> list[Link]:
    data = text.encode() if isinstance(text, str) else text
    return [link for link in html_links(data, url=PAGE, content_type=content_type) if not link.guess]


def names(text: str | bytes, content_type: str | None = "text/html; charset=utf-8") -> list[str]:
    return [link.url.removeprefix(BASE) for link in found(text, content_type)]


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("<img src=x>", Kind.IMAGE, "img src"),
        ("<img data-src=x>", Kind.IMAGE, "img data-src"),
        ("<img srcset='x 2x'>", Kind.IMAGE, "img srcset"),
        ("<img data-srcset='x'>", Kind.IMAGE, "img data-srcset"),
        ("<picture><source srcset=x></picture>", Kind.IMAGE, "source srcset"),
        ("<link rel=stylesheet href=x media=print>", Kind.STYLE, "link stylesheet"),
        ("<link rel='Preload STYLESHEET' href=x type='text/css; charset=x'>", Kind.STYLE, "link stylesheet"),
        ("<script src=x></script>", Kind.SCRIPT, "script src"),
        ("<script src=x type=module></script>", Kind.MODULE, "script module"),
        ("<script src=x type='c0ffee-text/javascript'></script>", Kind.SCRIPT, "script src"),
        ("<iframe src=x></iframe>", Kind.FRAME, "iframe src"),
        ("<frameset><frame src=x></frameset>", Kind.FRAME, "frame src"),
        ("<link rel=icon href=x>", Kind.ICON, "link icon"),
        ("<link rel='shortcut icon' href=x>", Kind.ICON, "link icon"),
        ("<link rel=apple-touch-icon sizes=180x180 href=x>", Kind.ICON, "link icon"),
        ("<link rel=mask-icon href=x>", Kind.ICON, "link icon"),
        ("<style>@import 'x'</style>", Kind.STYLE, "style element css @import"),
        ("<style>a{b:url(x)}</style>", Kind.IMAGE, "style element css url()"),
        ("<style><!-- @font-face{src:url(x)} --></style>", Kind.FONT, "style element css @font-face"),
        ("<style>a{b:url(x)", Kind.IMAGE, "style element css url()"),
        ("<p style=\"background:url('x')\">", Kind.IMAGE, "style attribute css url()"),
        ("<svg><g style='fill:url(x)'/></svg>", Kind.IMAGE, "style attribute css url()"),
        ("<noscript><img src=x></noscript>", Kind.IMAGE, "img src"),
        ("<head><noscript><link rel=stylesheet href=x></noscript>", Kind.STYLE, "link stylesheet"),
        ("<template><img src=x></template>", Kind.IMAGE, "img src"),
        ("<iframe srcdoc='&lt;img src=x&gt;'></iframe>", Kind.IMAGE, "img src"),
        ("<table><img src=x></table>", Kind.IMAGE, "img src"),
        ("<picture><video><source src=x></video>", Kind.MEDIA, "media source src"),
        ("</body></html><img src=x>", Kind.IMAGE, "img src"),
        ("<IMG\nSRC = ' x\t'>", Kind.IMAGE, "img src"),
        ("<img/src=x>", Kind.IMAGE, "img src"),
        ("<img src=x src=no>", Kind.IMAGE, "img src"),
        ("<img src=&#120;>", Kind.IMAGE, "img src"),
        ("<img src=x#fragment>", Kind.IMAGE, "img src"),
        ("text<body background=x>", Kind.IMAGE, "background"),
        ("<!----><img src=x><!-- -- > -->", Kind.IMAGE, "img src"),
        ("<video src=x>", Kind.MEDIA, "media src"),
        ("<video data-src=x>", Kind.MEDIA, "media data-src"),
        ("<audio><source src=x></audio>", Kind.MEDIA, "media source src"),
        ("<video poster=x>", Kind.IMAGE, "poster"),
        ("<video><track src=x></video>", Kind.OTHER, "track src"),
        ("<embed src=x>", Kind.FRAME, "embed src"),
        ("<object data=x></object>", Kind.FRAME, "object data"),
        ("<input type=' IMAGE' src=x>", Kind.IMAGE, "input image"),
        ("<link rel=manifest href=x>", Kind.MANIFEST, "link manifest"),
        ("<link rel=preload as=font href=x>", Kind.FONT, "link preload"),
        ("<link rel=preload as=style href=x>", Kind.STYLE, "link preload"),
        ("<link rel=preload as=fetch href=x>", Kind.OTHER, "link preload"),
        ("<link rel=preload as=image imagesrcset='x 2x'>", Kind.IMAGE, "link imagesrcset"),
        ("<link rel=modulepreload href=x>", Kind.MODULE, "link modulepreload"),
        ("<link rel=prefetch as=image href=x>", Kind.IMAGE, "link prefetch"),
        ("<meta property=og:image content=x>", Kind.IMAGE, "meta image"),
        ("<meta name=twitter:image content=x>", Kind.IMAGE, "meta image"),
        ("<meta name=msapplication-TileImage content=x>", Kind.IMAGE, "meta image"),
        ("<meta property=og:video:secure_url content=x>", Kind.MEDIA, "meta film"),
        ("<body background=x>", Kind.IMAGE, "background"),
        ("<table><tr><td background=x></table>", Kind.IMAGE, "background"),
        ("<svg><image xlink:href=x /></svg>", Kind.IMAGE, "svg image"),
        ("<svg><image href=x></image></svg>", Kind.IMAGE, "svg image"),
        ("<svg><use href='x#shape'/></svg>", Kind.IMAGE, "svg image"),
        ("<svg><filter><feImage xlink:href=x /></filter></svg>", Kind.IMAGE, "svg image"),
        ("<svg><script href=x></script></svg>", Kind.SCRIPT, "script src"),
        ("<image src=x>", Kind.IMAGE, "svg image"),
        ("<script type=application/ld+json>{'image': 'x'}</script>".replace("'", '"'), Kind.IMAGE, "json-ld"),
    ],
)
def test_what_a_page_needs_is_found(text: str, kind: Kind, place: str) -> None:
    assert [(link.url, link.kind, link.place) for link in found(text)] == [(f"{BASE}x", kind, place)]


@pytest.mark.parametrize(
    "text",
    [
        "<!-- <img src=no> -->",
        "<script>'<img src=no>'</script>",
        "<script><!-- <script> </script> --><img src=no></script>",
        "<textarea><img src=no></textarea>",
        "<title><img src=no></title>",
        "<iframe><img src=no></iframe>",
        "<xmp><img src=no></xmp>",
        "<noframes><img src=no></noframes>",
        "<plaintext><img src=no>",
        "<p title='<img src=no>'>",
        "<style>/* <img src=no> url(no) */</style>",
        "<style type=text/less>a{b:url(no)}</style>",
        "<script type=text/template src=no></script>",
        "<script type=application/ld+json src=no></script>",
        "<link rel=stylesheet type=text/less href=no>",
        "<link rel=canonical href=no><link rel=amphtml href=no>",
        "<link rel=alternate type=application/json+oembed href=no>",
        "<link rel=prefetch href=no.html><link rel=next href=no>",
        "<input src=no><input type=text src=no><meta name=description content=no>",
        "<svg><use href='#no'/><a href=no></a></svg>",
        "<script type=application/ld+json>{'url': 'no', 'image': 3}</script>".replace("'", '"'),
        "<script type=application/ld+json>/* */ {'image': 'no'}</script>".replace("'", '"'),
        "<link rel=stylesheet>",
        "<a href=no>",
        "<video><source srcset=no></video>",
        "<img src=''><img src=' '><img src='#top'><script src></script>",
        "<img src='data:image/png;base64,AAAA'><img src=' DATA:,x'>",
        "<iframe src='javascript:x()'></iframe><iframe src=about:blank></iframe><img src='mailto:x@y'>",
        "<img src='blob:https://example.org/1'><img src='file:///etc/passwd'><img src='ftp://example.org/x'>",
        "<img src='http://[bad/'><img src='http://a b/'>",
        "<img src='https://example.org/" + "x" * 70_000 + "'>",
    ],
)
def test_what_is_no_link_is_left_alone(text: str) -> None:
    assert names(text) == []


def test_what_the_page_shows_comes_first_then_icons_then_alternatives() -> None:
    text = """
        <link rel=icon href=icon><link rel="alternate stylesheet" href=other.css>
        <picture><source srcset="wide.webp 1x, wide2.webp 2x"><source srcset=narrow.webp>
        <img src=wide.jpg></picture>
        <script src=old.js nomodule></script><link rel=stylesheet href=main.css>
        <img src=s.jpg srcset="s.jpg 400w, m.jpg 1300w, l.jpg 3000w">
        <img src=1.jpg srcset="2.jpg 2x"><iframe srcdoc="" src=old.html></iframe>
        <script src=main.js></script>"""
    assert names(text) == [
        *("wide.webp", "wide.jpg", "main.css", "s.jpg", "m.jpg", "1.jpg", "main.js"),
        "icon",
        *("other.css", "wide2.webp", "narrow.webp", "old.js", "l.jpg", "2.jpg", "old.html"),
    ]
    assert [link.alternative for link in found(text)] == [False] * 8 + [True] * 7


def test_an_ordinary_document_is_not_cut() -> None:
    assert not html_links(b"<img src=x><img src=data:,>", url=PAGE, content_type="text/html").cut


def test_what_is_shown_anywhere_is_no_alternative() -> None:
    alternatives = {link.url: link.alternative for link in found("<img srcset='a, x 2x'><img src=x>")}
    assert alternatives == {f"{BASE}a": False, f"{BASE}x": False}


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"<img src={number}>" for number in range(100_001)),
        f"<base href='/{'x' * 8000}/'>" + "".join(f"<img src={number}>" for number in range(5_000)),
        f"<img src={'x' * 9000}>",
    ],
)
def test_more_links_than_a_document_may_have_are_left_out_and_it_is_said(text: str) -> None:
    links = html_links(text.encode(), url=PAGE, content_type="text/html")
    assert links.cut
    assert len(links) <= 100_000
    assert sum(len(link.url) for link in links) <= 32 << 20


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("<video src=x></video><audio><source src=y></audio>", []),
        ("<video></video>", [PAGE]),
        ("<video src='blob:https://example.org/1'>", [PAGE]),
        ("<audio><source src=''></audio><video src=x>", [PAGE]),
        ("<video poster=x></video><video></video>", [PAGE]),
        ("<audio src='data:audio/wav;base64,AAAA'></audio>", []),
        ("<template><video></video></template>", []),
        ("<iframe src='//www.youtube.com/embed/1'></iframe>", ["https://www.youtube.com/embed/1"]),
        ("<iframe src='//player.vimeo.com/video/1?h=2'>", ["https://player.vimeo.com/video/1?h=2"]),
        ("<embed src='https://w.soundcloud.com/player/?url=1'>", ["https://w.soundcloud.com/player/?url=1"]),
        ("<iframe src=//www.youtube.com.example.org/embed/1></iframe><iframe src=//youtube.com/about>", []),
    ],
)
def test_a_player_whose_stream_no_link_leads_to_is_told(text: str, places: list[str]) -> None:
    assert list(html_links(text.encode(), url=PAGE, content_type="text/html").unplayed) == places


def test_the_first_source_of_a_film_is_played_and_the_others_are_alternatives() -> None:
    text = "<video><source src=a><source src=b></video><audio src=c><source src=d></audio><video src=e>"
    later = {link.url.removeprefix(BASE): link.alternative for link in found(text)}
    assert later == {"a": False, "b": True, "c": False, "d": True, "e": False}


def test_what_a_page_does_not_show_is_an_alternative() -> None:
    text = """<meta property=og:image content=a><meta property=og:video content=b>
        <link rel=manifest href=c><link rel=prefetch href=d.png>
        <script type=application/ld+json>{"image": ["e", {"url": "f"}], "@graph": [{"@type": "VideoObject",
        "contentUrl": "g", "embedUrl": "no"}, {"@type": ["ImageObject"], "contentUrl": "h"}]}</script>"""
    later = {link.url.removeprefix(BASE): link.alternative for link in found(text)}
    assert later == dict.fromkeys(["a", "b", "c", "d.png", "e", "f", "g", "h"], True)


def test_inline_modules_are_resolved_with_the_maps_of_the_whole_page() -> None:
    text = """<script type=module>import "./a.js"; import {x} from 'bare'; import "other"</script>
        <script type=importmap>{"imports": {"bare": "/lib/bare.js"}}</script>
        <script type=text/template>import "./no.js"</script><script>import("./no.js")</script>"""
    kinds = {link.url: link.kind for link in found(text)}
    assert kinds == {f"{BASE}a.js": Kind.MODULE, "https://example.org/lib/bare.js": Kind.MODULE}


def test_a_url_that_is_preloaded_and_imported_is_read_as_a_module() -> None:
    (link,) = found("<link rel=preload as=script href=x><script type=module src=x></script>")
    assert link.kind is Kind.MODULE


@pytest.mark.parametrize(
    ("text", "document", "elements"),
    [
        ("<img src=x>", "", [""]),
        ("<meta name=Referrer content=' No-Referrer '><img src=x>", "no-referrer", [""]),
        (
            "<img src=x referrerpolicy=origin><script src=y referrerpolicy=unsafe-url></script>",
            "",
            ["origin", "unsafe-url"],
        ),
    ],
)
def test_the_referrer_policies_are_told(text: str, document: str, elements: list[str]) -> None:
    links = html_links(text.encode(), url=PAGE, content_type="text/html")
    assert links.policy == document
    assert [link.policy for link in links if not link.guess] == elements


SVG = b"""<?xml version="1.0"?><?xml-stylesheet type="text/css" href="a.css?b&amp;c"?>
<?xml-stylesheet type="text/xsl" href='b.xsl' alternate="yes"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:l="http://www.w3.org/1999/xlink"><image l:href="c.png"/>
<use href="d.svg#x"/><filter><feImage href="e.png"/></filter><style>@import 'f.css'</style>
<script l:href="g.js"/><x:image xmlns:x="urn:x" href="no.png"/></svg>"""


def test_an_svg_document_has_its_links_and_needs_no_icon() -> None:
    links = html_links(SVG, url=PAGE, content_type="image/svg+xml")
    kinds = [(link.url.removeprefix(BASE), link.kind) for link in links]
    assert kinds == [
        ("a.css?b&c", Kind.STYLE),
        ("c.png", Kind.IMAGE),
        ("d.svg", Kind.IMAGE),
        ("e.png", Kind.IMAGE),
        ("f.css", Kind.STYLE),
        ("g.js", Kind.SCRIPT),
        ("b.xsl", Kind.OTHER),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"icons": [{"src": "a.png"}, {"src": 3}, 4], "screenshots": [{"src": "/b.png"}]}',
            ["news/a.png", "b.png"],
        ),
        ('\ufeff{"shortcuts": [{"icons": [{"src": "c.png"}]}, 1]}', ["news/c.png"]),
        ('{"icons": {"src": "no"}, "start_url": "no"}', []),
        ('["no"]', []),
        ("{", []),
        ("[" * 100_000, []),
    ],
)
def test_a_web_app_manifest_has_its_images(text: str, expected: list[str]) -> None:
    got = links(text.encode(), url=PAGE, content_type="application/manifest+json", kind=Kind.MANIFEST)
    assert [link.url.removeprefix("https://example.org/") for link in got] == expected
    assert all(link.alternative for link in got)


@pytest.mark.parametrize("kind", [Kind.MANIFEST, None])
def test_json_too_long_to_be_read_is_not_dropped_in_silence(kind: Kind | None) -> None:
    text = '{"image": "x", "y": "' + "z" * 600_000 + '"}'
    page = text if kind else f"<script type=application/ld+json>{text}</script>"
    assert links(page.encode(), url=PAGE, content_type="text/html" if kind is None else "", kind=kind).cut


@pytest.mark.parametrize(
    ("text", "guesses"),
    [
        ("<p>", ["https://example.org/favicon.ico"]),
        ("<base href=https://cdn.example/>", ["https://example.org/favicon.ico"]),
        ("<link rel=icon href=x>", []),
        ("<img src=x><link rel=icon href=x>", []),
    ],
)
def test_an_icon_is_guessed_where_none_is_named(text: str, guesses: list[str]) -> None:
    all_links = html_links(text.encode(), url=PAGE, content_type="text/html")
    assert [link.url for link in all_links if link.guess] == guesses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<base href=/a/><img src=x>", ["https://example.org/a/x"]),
        ("<base href=//cdn.example><img src=x>", ["https://cdn.example/x"]),
        ("<base target=_blank><base href=/a/><base href=/b/><img src=x>", ["https://example.org/a/x"]),
        ("<base href=data:,x><img src=x>", ["https://example.org/news/x"]),
        ("<base href=http://[bad><base href=/b/><img src=x>", ["https://example.org/news/x"]),
        ("<base href=/a/><iframe srcdoc='<img src=x>'></iframe>", ["https://example.org/a/x"]),
        (
            "<base href=/a/><p style='b:url(x)'><style>b{c:url(y)}</style>",
            [f"https://example.org/a/{n}" for n in "xy"],
        ),
        ("<img src=x><base href=/a/>", ["https://example.org/news/x"]),
        ("<script type=module>import './x'</script><base href=/a/>", ["https://example.org/news/x"]),
        ("<template><base href=/a/></template><img src=x>", ["https://example.org/news/x"]),
        ("<svg><base href=/a/></svg><img src=x>", ["https://example.org/news/x"]),
    ],
)
def test_the_base_of_the_document_counts(text: str, expected: list[str]) -> None:
    assert [link.url for link in found(text)] == expected


@pytest.mark.parametrize(
    ("data", "content_type", "url"),
    [
        ("<img src='ä?ä'>".encode(), "text/html; charset=utf-8", "%C3%A4?%C3%A4"),
        ("<img src='ä?ä'>".encode(), "text/html", "%C3%A4?%C3%A4"),
        ("<img src='ä?ä'>".encode("latin-1"), "text/html", "%C3%A4?%E4"),
        (
            "<img src='ä?ä☃'>".encode("cp1252", "xmlcharrefreplace"),
            'text/html; charset="latin1"',
            "%C3%A4?%E4%26%239731%3B",
        ),
        ("<meta charset=windows-1251><img src='я?я'>".encode("cp1251"), "text/html", "%D1%8F?%FF"),
        (
            "<!-- <meta charset=gbk> --><meta charset=windows-1251><img src='я'>".encode("cp1251"),
            "text/html",
            "%D1%8F",
        ),
        (
            b"<meta http-equiv=Content-Type content='text/html; charset=shift_jis'><img src='\x93\xfa'>",
            "text/html",
            "%E6%97%A5",
        ),
        (b"<meta charset=utf-16><img src='\xc3\xa4'>", "text/html", "%C3%A4"),
        (b"<!--" + bytes(2000) + b"--><meta charset=koi8-r><img src='\xd1'>", "text/html", "%D1%8F"),
        (b"<!--><meta charset=koi8-r><img src='\xd1'>", "text/html", "%D1%8F"),
        (b"<meta name='x charset=koi8-r'><img src='\xd1'>", "text/html", "%C3%91"),
        (b"<p title='<meta charset=koi8-r>'><img src='\xd1'>", "text/html", "%C3%91"),
        (b"<meta charset=no-such><img src='\xc3\xa4'>", "text/html", "%C3%A4"),
        (b"<meta charset=rot13><img src='\xc3\xa4'>", "text/html; charset=zlib", "%C3%A4"),
        (b"\xef\xbb\xbf<img src='\xc3\xa4'>", "text/html; charset=latin1", "%C3%A4"),
        ("\ufeff<img src='ä?ä'>".encode("utf-16-le"), "text/html; charset=latin1", "%C3%A4?%C3%A4"),
        ("\ufeff<img src='ä?ä'>".encode("utf-16-be"), None, "%C3%A4?%C3%A4"),
        ("<img src='ä'>".encode("utf-16-le"), "text/html; charset=utf-16", "%C3%A4"),
        (b"<img src='\xff'>", "text/html; charset=utf-8", "%EF%BF%BD"),
        (b"<img src='a\0b'>", "text/html", "a%EF%BF%BDb"),
    ],
)
def test_a_document_is_read_in_its_encoding(data: bytes, content_type: str | None, url: str) -> None:
    """BOM, else Content-Type, else meta, else a guess; and queries are written in it."""
    assert names(data, content_type) == [url]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", [("a", None, 1.0)]),
        ("a, b 2x", [("a", None, 1.0), ("b", None, 2.0)]),
        (" a 100w ,\n b 200w", [("a", 100, 1.0), ("b", 200, 1.0)]),
        ("a,b 1.5x,", [("a,b", None, 1.5)]),
        ("a,, b", [("a", None, 1.0), ("b", None, 1.0)]),
        ("a (x, y) 2x, b", [("a", None, 2.0), ("b", None, 1.0)]),
        ("data:,a 1x, b 2x", [("data:,a", None, 1.0), ("b", None, 2.0)]),
        (",,a", [("a", None, 1.0)]),
        ("", []),
        (" , ", []),
    ],
)
def test_a_srcset_has_its_candidates(text: str, expected: list[tuple[str, int | None, float]]) -> None:
    assert [(one.url, one.width, one.density) for one in candidates(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 2x, b", "b"),
        ("a .5x, b 0.7x", "b"),
        ("a 400w, b 1280w, c 2000w", "b"),
        ("a 400w, b 800w", "b"),
        ("a 3x, b 2x", "b"),
    ],
)
def test_one_candidate_is_shown(text: str, expected: str) -> None:
    best = shown(candidates(text))
    assert best is not None
    assert best.url == expected


@pytest.mark.parametrize("count", [MAX_CANDIDATES, MAX_CANDIDATES + 1])
def test_a_srcset_is_read_up_to_its_bound(count: int) -> None:
    text = "<img srcset='" + ", ".join(f"{n}.png {n + 1}w" for n in range(count)) + "'><img src=last.png>"
    named = html_links(text.encode(), url=PAGE, content_type="text/html")
    assert named.cut is (count > MAX_CANDIDATES)
    urls = {link.url.removeprefix(BASE) for link in named if link.kind is Kind.IMAGE}
    assert urls == {*(f"{n}.png" for n in range(MAX_CANDIDATES)), "last.png"}


@pytest.mark.parametrize(
    "text", ["<style>a{{b:image-set({})}}</style>", '<p style="b:image-set({})">'], ids=["sheet", "attribute"]
)
@pytest.mark.parametrize("count", [MAX_IMAGES, MAX_IMAGES + 1])
def test_an_image_set_is_read_up_to_its_bound(text: str, count: int) -> None:
    page = text.format(" ".join(f"'{n}.png'" for n in range(count))) + "<img src=last.png>"
    named = html_links(page.encode(), url=PAGE, content_type="text/html")
    assert named.cut is (count > MAX_IMAGES)
    urls = {link.url.removeprefix(BASE) for link in named if link.kind is Kind.IMAGE}
    assert urls == {*(f"{n}.png" for n in range(MAX_IMAGES)), "last.png"}


LARGE = 4 << 20


@pytest.mark.parametrize(
    ("start", "piece", "end", "cut"),
    [
        (b"<img srcset='", b"a, ", b"'>", True),
        (b"<link rel='", b"ab ", b"'>", True),
        (b"<body class='", b"ab ", b"'>", False),
        (b"<style>a{b:image-set(", b"'a' ", b")}</style>", True),
        (b'<p style="b:image-set(', b"'a' ", b')">', True),
        (b'<p style="b:image-set(', b"a ", b')">', False),
        (b'<p style="b:image-set(', b"((", b')">', False),
        (b'<p style="b:image-set(', b",,", b')">', False),
    ],
)
def test_one_large_attribute_is_read_with_pauses_and_little_memory(
    start: bytes, piece: bytes, end: bytes, cut: bool
) -> None:
    data = start + piece * (LARGE // len(piece)) + end + b"<img src=last.png>"
    last, gap = time.monotonic(), 0.0

    def check() -> None:
        nonlocal last, gap
        now = time.monotonic()
        last, gap = now, max(gap, now - last)

    named = html_links(data, url=PAGE, content_type="text/html", check=check)
    check()
    assert f"{BASE}last.png" in [link.url for link in named]
    assert named.cut is cut
    assert gap < 0.7
    tracemalloc.start()
    try:
        html_links(data[: LARGE // 8] + end, url=PAGE, content_type="text/html")
        assert tracemalloc.get_traced_memory()[1] < LARGE // 8 * 6 + MAX_IMAGES * 300
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("<noscript><base href=//other/></noscript><img src=x>", f"{BASE}x"),
        ("<body><noscript><p><base href=//other/></p></noscript><img src=x>", f"{BASE}x"),
        (
            "<noscript><base href=//no/></noscript><base href=https://other/><img src=x>",
            "https://other/x",
        ),
        ("<noscript><img src=y></noscript><base href=https://other/>", f"{BASE}y"),
    ],
)
def test_a_base_that_only_those_without_scripts_see_changes_nothing(text: str, url: str) -> None:
    assert [link.url for link in found(text)] == [url]


MAP = '<script type=importmap>{"imports": {"a": "/%s.js"}}</script>'
MODULE = "<script type=module>import 'a'</script>"


def srcdoc(text: str) -> str:
    return f'<iframe srcdoc="{escape(text)}"></iframe>'


@pytest.mark.parametrize(
    ("text", "paths", "map_says"),
    [
        (f"<template>{MAP % 'no'}</template>{MODULE}", [], None),
        (f"<noscript>{MAP % 'no'}</noscript>{MODULE}", [], None),
        (f"<template>{MAP % 'no'}</template>{MAP % 'yes'}{MODULE}", ["/yes.js"], "/yes.js"),
        (srcdoc(MAP % "inner" + MODULE) + MODULE, ["/inner.js"], None),
        (MAP % "outer" + srcdoc(MODULE) + MODULE, ["/outer.js"], "/outer.js"),
        (srcdoc(MAP % "inner" + MODULE) + MAP % "outer", ["/inner.js"], "/outer.js"),
        (MAP % "outer" + srcdoc(MAP % "inner" + MODULE) + MODULE, ["/inner.js", "/outer.js"], "/outer.js"),
        (MAP % "outer" + srcdoc(MODULE), [], "/outer.js"),
    ],
)
def test_an_import_map_counts_in_its_own_document(text: str, paths: list[str], map_says: str | None) -> None:
    named = html_links(text.encode(), url=PAGE, content_type="text/html")
    assert [Url.parse(link.url).path for link in named if not link.guess] == paths
    said = named.imports.resolve("a", Url.parse(PAGE))
    assert (said and Url.parse(said).path) == map_says


@pytest.mark.parametrize(
    ("text", "unplayed"),
    [
        ("<video src=a.m3u8></video>", ["a.m3u8"]),
        ("<audio><source src='a.MPD?b'></audio>", ["a.MPD?b"]),
        ("<video data-src=a.m3u8></video>", ["a.m3u8"]),
        ("<script src=a.m3u8></script><video src=a.m3u8></video>", ["a.m3u8"]),
        ("<video><source src=a.m3u8><source src=b.mp4></video>", ["a.m3u8"]),
        ("<video><source src=b.mp4><source src=a.m3u8></video>", []),
        ("<video src='a.mp4?b.m3u8'></video>", []),
    ],
)
def test_a_film_that_is_a_list_of_pieces_is_not_played(text: str, unplayed: list[str]) -> None:
    named = html_links(text.encode(), url=PAGE, content_type="text/html")
    assert [url.removeprefix(BASE) for url in named.unplayed] == unplayed


XHTML = "<html xmlns='http://www.w3.org/1999/xhtml'><title>T</title><img src='x'/>%s<img src='y'/></html>"
GROWING = "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(12))
BOMB = f"<!DOCTYPE html [<!ENTITY a0 'x'>{GROWING}]>"


@pytest.mark.parametrize(
    ("text", "expected", "cut"),
    [
        (XHTML % "<p/>", ["x", "y"], False),
        (XHTML % "&nbsp; & <p></b>", ["x", "y"], False),
        (XHTML % "&#xd800;", ["x"], True),
        (XHTML % "<p title='&#xd800;'/>", ["x"], True),
        (BOMB + XHTML % "&a12;", ["x"], True),
        (BOMB + XHTML % "<p title='&a12;'/>", ["x"], True),
        ("<!DOCTYPE html [<!ENTITY a '&b;'><!ENTITY b '&a;'>]>" + XHTML % "&a;", ["x"], True),
        (XHTML % f"<{'n' * 60_000}/>", ["x"], True),
        (XHTML % f"{'& ' * 200}<{'n' * 60_000}/>", ["x"], True),
    ],
    ids=lambda value: value[:200][-60:] if isinstance(value, str) else None,
)
def test_xml_that_is_read_no_further_is_said_to_be_cut(text: str, expected: list[str], cut: bool) -> None:
    data, kind = text.encode(), "application/xhtml+xml"
    named = html_links(data, url=PAGE, content_type=kind)
    assert [link.url.removeprefix(BASE) for link in named if not link.guess] == expected
    assert named.cut is cut
    assert document_title(data, kind) == "T"
    assert outline(data, kind).cut is cut


def test_a_character_that_is_none_ends_no_html() -> None:
    assert names("<img src=x>&#xd800;<p title='&#xd800;'><img src=y>") == ["x", "y"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("<title>A &amp; B</title>", "A & B"),
        ("<title>\n A \t <b>B</title>", "A <b>B"),
        ("<svg><title>no</title></svg><title>yes</title><title>no</title>", "yes"),
        ("<title></title>", ""),
        ("<title>open", "open"),
        ("<p>no", None),
        ("", None),
    ],
)
def test_a_title_is_found(text: str, title: str | None) -> None:
    assert document_title(text.encode(), "text/html") == title


def test_a_title_is_read_in_its_encoding() -> None:
    assert document_title("<title>日本</title>".encode("shift_jis"), "text/html; charset=Shift_JIS") == "日本"


def test_xhtml_is_read_as_xml() -> None:
    text = """<?xml version="1.0" encoding="iso-8859-1"?>
        <!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"
         [<!ENTITY file SYSTEM "file:///etc/passwd"><!ENTITY x "y">]>
        <html xmlns="http://www.w3.org/1999/xhtml"><head><title>ä &file;</title><script src="a.js"/>
        <style><![CDATA[a>b{c:url(d.png)}]]></style></head><body><img src="&x;.png"/></body></html>"""
    data = text.encode("latin-1")
    assert names(data, "application/xhtml+xml") == ["a.js", "d.png", "y.png"]
    assert document_title(data, "application/xhtml+xml") == "ä"


def test_entities_of_an_xml_document_do_not_grow_without_end() -> None:
    definitions = "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(12))
    text = f"<!DOCTYPE html [<!ENTITY a0 'x'>{definitions}]><html><img src='&a12;'/><p>&a12;</p></html>"
    began = time.monotonic()
    found(text, "application/xhtml+xml")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("data", "content_type", "kind", "expected"),
    [
        (b"<img src=x>", "text/html", None, True),
        (b"<img src=x>", "TEXT/HTML;charset=x", Kind.FRAME, True),
        (b"<!doctype html><img src=x>", None, None, True),
        (b" <!-- c --> <html><img src=x>", "", Kind.FRAME, True),
        (b"<img src=x>", None, None, False),
        (b"<img src=x>", "text/plain", None, False),
        (b"<img src=x>", "text/html", Kind.IMAGE, False),
        (b"<img src=x>", "text/html", Kind.STYLE, False),
        (b"a{b:url(x)}", "text/css", Kind.STYLE, True),
        (b"a{b:url(x)}", "text/plain", Kind.STYLE, True),
        (b"a{b:url(x)}", None, Kind.STYLE, True),
        (b"a{b:url(x)}", "text/css", None, False),
        (b"a{b:url(x)}", "text/css", Kind.SCRIPT, False),
        (b"%PDF-1.7 <img src=x>", "application/pdf", None, False),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='x'/></svg>", "image/svg+xml", None, True),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><image href='x'/></svg>",
            "image/svg+xml",
            Kind.FRAME,
            True,
        ),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><image href='x'/></svg>",
            "image/svg+xml",
            Kind.IMAGE,
            False,
        ),
        (b"<?xml-stylesheet href='x'?><rss/>", "application/rss+xml", None, True),
    ],
)
def test_a_document_is_read_as_what_it_is_asked_for_as(
    data: bytes, content_type: str | None, kind: Kind | None, expected: bool
) -> None:
    urls = [
        link.url for link in links(data, url=PAGE, content_type=content_type, kind=kind) if not link.guess
    ]
    assert urls == ([f"{BASE}x"] if expected else [])


PIECES = [
    *(
        "<p>",
        "</p>",
        "<div class='a'>",
        "</div>",
        "<b>",
        "</i>",
        "<ul><li>",
        "</ul>",
        "<a href=x title='<img src=no>'>",
    ),
    *(
        "text",
        "&amp;",
        "&lt;img src=no&gt;",
        "<!-- <img src=no> -->",
        "<!>",
        "<!doctype html>",
        "<?php ?>",
        "</nothing>",
    ),
    *(
        "<span>",
        "<center>",
        "<form>",
        "</form>",
        "<table>",
        "<tr>",
        "<td>",
        "</td>",
        "</tr>",
        "</table>",
        "<br/>",
        "<hr>",
    ),
    *(
        "<script>'<img src=no>'</script>",
        "<textarea><img src=no></textarea>",
        "<style>a{b:url(s%d.png)}</style>",
    ),
    *(
        "<svg><path d='M0 0'/></svg>",
        "<math><mi>x</mi></math>",
        "<noscript>",
        "</noscript>",
        "<h1>",
        "</h2>",
        "<nobr>",
    ),
    *(
        "<img src=i%d.png>",
        "<IMG SRC='j%d.png' alt=\">\">",
        "<img alt='' src=\"k%d.png\" />",
        "<img src=l%d.png\n>",
    ),
    *("<script src=m%d.js></script>", "<link rel=stylesheet href=n%d.css>", "<iframe src=o%d.html></iframe>"),
    *(
        "<picture><source srcset=q%d.png></picture>",
        "<template><img src=r%d.png></template>",
        "<p style='b:url(t%d.png)'>",
    ),
]


def test_five_hundred_random_documents_have_the_links_that_html5lib_sees() -> None:
    chance = random.Random(11)
    for _ in range(500):
        pieces = chance.choices(PIECES, k=chance.randint(1, 25))
        text = "".join(piece % number if "%d" in piece else piece for number, piece in enumerate(pieces))
        assert set(names(text)) == set(theirs(text)), text


def theirs(text: str) -> list[str]:
    urls: list[str] = []
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    for element in tree.iter():
        attributes = element.attrib
        if element.tag in ("img", "script", "iframe") and "src" in attributes:
            urls.append(attributes["src"])
        elif element.tag == "source":
            urls.append(attributes["srcset"])
        elif element.tag == "link":
            urls.append(attributes["href"])
        css = attributes.get("style", "") + ("".join(element.itertext()) if element.tag == "style" else "")
        urls += [part.partition(")")[0] for part in css.split("url(")[1:]]
    return urls


@given(
    st.binary(), st.sampled_from([None, "text/html", "text/html; charset=utf-16", "application/xhtml+xml"])
)
def test_any_bytes_are_read(data: bytes, content_type: str | None) -> None:
    for link in html_links(data, url=PAGE, content_type=content_type):
        assert link.url.startswith(("http://", "https://"))
    document_title(data, content_type)


@given(
    st.lists(
        st.sampled_from([*PIECES, "<", ">", "'", '"', "\0", "<img ", "src=", "srcset=", "<!--", "-->"])
    ).map("".join),
    st.sampled_from(["utf-8", "utf-16", "utf-7", "cp037"]),
)
def test_any_markup_is_read(text: str, encoding: str) -> None:
    for content_type in ("text/html", "application/xhtml+xml", "text/html; charset=utf-16be"):
        list(html_links(text.encode(encoding), url=PAGE, content_type=content_type))


@pytest.mark.parametrize(
    "start",
    [
        b"<div>" * 200_000,
        b"<div>" * 100_000 + b"</div>" * 100_000,
        b"<b><i>" * 100_000,
        b"<img " + b" ".join(b"a%d=x" % n for n in range(100_000)) + b">",
        b"<p title='" + b"x" * 4_000_000 + b"'>",
        b"x" * 20_000_000,
        b"\0" * 2_000_000,
        b"<!--" + b"-" * 5_000_000 + b"-->",
        b"<a" * 500_000 + b">",
        b"<style>" + b"url(" * 500_000 + b"</style>",
        b"<img srcset='" + b"a 1x (" * 200_000 + b"'>",
        b"<img srcset='" + b", " * 500_000 + b"'>",
        b"<iframe srcdoc='" + b"&lt;iframe srcdoc=" * 50_000 + b"'></iframe>",
        b"&amp" * 500_000,
        b"<script type=application/ld+json>" + b"[" * 500_000 + b"</script>",
        b"<script type=application/ld+json>" + b"[{}," * 100_000 + b"</script>",
        b"<script type=importmap>" + b'{"imports":' * 50_000 + b"</script>",
        b"<video><source src=x>" * 50_000,
        b"<svg>" * 100_000,
    ],
    ids=lambda start: start[:40].decode(),
)
def test_hostile_documents_end_soon_and_hide_nothing(start: bytes) -> None:
    began = time.monotonic()
    assert f"{BASE}last.png" in [link.url for link in found(start + b"<img src=last.png>")]
    assert time.monotonic() - began < 10


def test_a_document_of_fifty_megabytes_is_read() -> None:
    row = b"<p>%d " + b"word " * 200 + b"</p>"
    data = b"".join(row % number for number in range(50_000)) + b"<img src=last.png>"
    assert len(data) > 50_000_000
    assert names(data) == ["last.png"]
