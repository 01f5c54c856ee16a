from __future__ import annotations

import dataclasses
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import LimitError
from archiver.links.outline import MAX_EACH, MAX_LISTED, MAX_TEXT, Outline, count_words, outline

HTML = "text/html; charset=utf-8"
LONG = "a paragraph that has quite a few more words in it than any label or button would"


def seen(text: str | bytes, content_type: str | None = HTML) -> Outline:
    return outline(text.encode() if isinstance(text, str) else text, content_type)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("<p>One  <b>two</b>\n three</p>", ["One two three"]),
        ("<p>d&eacute;j&agrave; <i>v</i>u", ["déjà vu"]),
        ("<div>a<div>b</div>c</div>", ["a", "b", "c"]),
        ("<p>a<br>b", ["a b"]),
        ("<ul><li>a<li>b</ul><table><tr><td>c<td>d</table>", ["a", "b", "c", "d"]),
        ("<p>a<script>no()</script><style>no{}</style><template>no</template>b", ["ab"]),
        ("<textarea>no</textarea><select><option>no</select><button>yes</button>", ["yes"]),
        ("<p>a<svg><title>no</title><text>no</text></svg>b", ["ab"]),
        ("<svg><text>no<p>yes", ["yes"]),
        ("<noscript>no</noscript><iframe>no</iframe><p>yes", ["yes"]),
        ("<p>a<span hidden>no</span>b<span style='color:red; DISPLAY : none'>no</span>", ["ab"]),
        ("<div style='display:none'><p>no</p><div>no</div></div><p>yes", ["yes"]),
        ("<dialog>no</dialog><dialog open>yes</dialog>", ["yes"]),
        ("<body style='display:none' hidden><p>yes", ["yes"]),
        ("<!-- no --><p>yes", ["yes"]),
        ("plain text", ["plain text"]),
        ("", []),
    ],
)
def test_what_is_shown_is_told_by_blocks(text: str, blocks: list[str]) -> None:
    assert list(seen(text).blocks) == blocks


def test_all_that_is_shown_is_one_line() -> None:
    assert seen("<h1>a</h1><p>b c</p>").text == "a b c"
    assert seen("<h1>a</h1><p>b c</p>").words == 3


@pytest.mark.parametrize(
    "text",
    [
        f"<p>{LONG}",
        f"<div>{LONG}</div>",
        f"<nav><div>{LONG}</nav>",
        f"<footer><article><p>{LONG}</article>",
        f"<footer><div></footer><h1>x</h1><p>{LONG}",
        f"<a name=top><p>{LONG}",
        f"<p>{LONG} <a href=x>one link</a>",
    ],
)
def test_a_paragraph_is_running_text(text: str) -> None:
    found = seen(text)
    assert found.running_words >= len(LONG.split())
    assert found.running[0].startswith(LONG)


@pytest.mark.parametrize(
    "text",
    [
        "<p>not that many words",
        f"<p><a href=x>{LONG}</a>",
        f"<h2>{LONG}",
        f"<h1><div>{LONG}</div></h1>",
        f"<footer><p>{LONG}</footer>",
        f"<p hidden>{LONG}",
        f"<noscript><p>{LONG}</noscript>",
    ],
)
def test_labels_links_headings_and_footers_are_none(text: str) -> None:
    assert seen(text).running == ()
    assert seen(text).running_words == 0


def test_headings_and_the_first_title_are_told() -> None:
    found = seen(
        "<svg><title>no</title></svg><title> A \n title</title><title>no</title>"
        "<h1>One <b>two</b></h1><h2><div>Three</div></h2><h3>Four</h3><h4>no</h4><p>no"
    )
    assert found.title == "A title"
    assert found.headings == ("One two", "Three", "Four")


def test_what_those_without_scripts_or_frames_see_is_kept_apart() -> None:
    found = seen(
        "<noscript>Turn <b>it</b>\non</noscript><iframe src=x>No frames</iframe><noscript><img></noscript>"
    )
    assert found.fallback == "Turn it on No frames"
    assert (found.words, found.media, found.frames) == (0, 0, ("x",))


def test_metadata_is_told_by_name_in_lower_case() -> None:
    found = seen(
        "<meta name=Robots content='noindex, noarchive'><meta name=robots content=none>"
        "<meta property=og:type content=article><meta name=tdm-reservation content=1>"
        "<meta http-equiv=Refresh content='0; url=/x'><meta charset=utf-8><meta name=empty>"
    )
    assert found.metas == (
        ("robots", "noindex, noarchive"),
        ("robots", "none"),
        ("og:type", "article"),
        ("tdm-reservation", "1"),
        ("refresh", "0; url=/x"),
        ("empty", ""),
    )
    assert found.meta("robots") == "noindex, noarchive"
    assert found.meta("nothing") is None


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ('<script type="application/ld+json">{"isAccessibleForFree":false}</script>', False),
        ('<script type=" Application/LD+JSON ">{"isAccessibleForFree" : "False", broken</script>', False),
        (
            '<script type="application/ld+json">{"isAccessibleForFree":"http://schema.org/True"}</script>',
            True,
        ),
        (
            '<script type="application/ld+json">[{"isAccessibleForFree":true},{"isAccessibleForFree":false}]',
            False,
        ),
        ('<meta itemprop="isAccessibleForFree" content="False">', False),
        ('<script>{"isAccessibleForFree":false}</script>', None),
        ("<p>no", None),
    ],
)
def test_whether_it_is_free_is_what_the_metadata_says(text: str, free: bool | None) -> None:
    assert seen(text).free is free


def test_forms_frames_scripts_and_ids_are_told() -> None:
    found = seen(
        "<html class='A b' data-x=1><body id=C><form action=/go><input type=Password id=pw></form>"
        "<form><div hidden><input type=password></div></form><iframe src=//f/></iframe>"
        "<script src=/s.js></script><script>one()</script>"
        "<script type=module>two()</script><img><video></video><svg></svg>"
    )
    assert (found.forms, found.frames, found.scripts) == (("/go",), ("//f/",), ("/s.js",))
    assert found.inline == ("one()", "two()")
    assert (found.passwords, found.media) == (1, 3)
    assert found.ids == ("C", "pw")
    assert found.root == ("a", "b", "data-x", "c")


def test_links_to_other_forms_of_the_page_are_told() -> None:
    found = seen(
        "<link rel=Canonical href=/a><link rel=amphtml href=/b><link rel=stylesheet href=/no>"
        "<link rel=alternate type=application/json+oembed href=/c><link rel=alternate type=text/html href=/d>"
    )
    assert found.relations == (("canonical", "/a"), ("amphtml", "/b"), ("oembed", "/c"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("two words", 2),
        ("", 0),
        ("das Öl", 2),
        ("お探しのページは見つかりません", 8),
        ("港の再開発 住民の声", 6),
        ("한국어 문장", 2),
    ],
)
def test_words_are_counted_alike_in_all_scripts(text: str, words: int) -> None:
    assert count_words(text) == words


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        ("<p>été".encode("latin-1"), "text/html; charset=iso-8859-1"),
        ("\ufeff<p>été".encode("utf-16-le"), None),
        (b"\xef\xbb\xbf<p>\xc3\xa9t\xc3\xa9", None),
        (
            '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>été</p></body></html>'.encode(),
            "application/xhtml+xml",
        ),
    ],
)
def test_a_document_is_read_in_its_encoding(data: bytes, content_type: str | None) -> None:
    assert seen(data, content_type).blocks == ("été",)


def test_what_is_too_much_is_left_out_and_counted_all_the_same() -> None:
    found = seen(f"<p>{LONG}</p><i id=x></i><meta name=a content={'b' * 2000}>" * 5_000)
    assert found.words == found.running_words == 5_000 * len(LONG.split())
    assert len(found.text) <= MAX_TEXT + len(found.blocks)
    assert len(found.ids) == len(found.metas) == MAX_LISTED
    assert len(found.metas[0][1]) == MAX_EACH


def test_a_limit_ends_the_reading_there() -> None:
    def check() -> None:
        checks.append(None)
        if len(checks) > 1:
            raise LimitError("enough")

    checks: list[None] = []
    found = outline(b"<p>begin " + b"x " * 100_000 + b"<p>end", HTML, check=check)
    assert found.cut
    assert found.text.startswith("begin x")
    assert not found.text.endswith("end")
    assert not seen("<p>x").cut


@given(st.binary(), st.sampled_from([None, HTML, "text/html; charset=utf-16", "application/xhtml+xml", "x"]))
def test_any_bytes_are_read(data: bytes, content_type: str | None) -> None:
    found = outline(data, content_type)
    assert found.words >= found.running_words


PIECES = [
    *(
        "<p>",
        "</p>",
        "<a href=x>",
        "</a>",
        "<svg>",
        "</svg>",
        "<title>t",
        "</title>",
        "<h1>",
        "</h1>",
        "<noscript>",
    ),
    *(
        "</noscript>",
        "<footer>",
        "</footer>",
        "<div hidden>",
        "</div>",
        "<script>s",
        "</script>",
        "<template>",
    ),
    *(
        "</template>",
        "<select>",
        "</select>",
        "<iframe>",
        "</iframe>",
        "text ",
        "&amp;",
        "<br>",
        "<main>",
        "<!--",
        "-->",
    ),
]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_markup_is_read(text: str) -> None:
    found = seen(text)
    assert dataclasses.replace(found) == found
    assert sum(map(count_words, found.blocks)) == found.words


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "<p>",
            "<a href=x>",
            "<svg>",
            "<title>",
            "<h1>x",
            "<noscript>x",
            "<div hidden>",
            "<script>x</script>",
        ),
        *(
            "x",
            "x ",
            "</p>",
            "<br>",
            "<p>x y z a b c d e f g h i j k",
            "&amp;",
            "\u6e2f",
            "<footer><h1>",
            "<!--",
        ),
        *(
            "<i id=x class=y>",
            "<div style='display: none;;'>",
            '<script type="application/ld+json">{',
            "<meta name=x>",
        ),
        *('"isAccessibleForFree"         :', "<link rel=alternate>", "<html class='a b c'>"),
    ],
)
def test_hostile_documents_take_linear_time_and_little_memory(piece: str) -> None:
    data = (piece * (1_000_000 // len(piece.encode()))).encode()
    began = time.monotonic()
    seen(data)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "of", [lambda: b"<p>word " * 150_000, lambda: b"<title>" + b"x" * 5_000_000, lambda: b"x " * 2_500_000]
)
def test_a_large_document_takes_little_memory(of: Callable[[], bytes]) -> None:
    data = of()
    tracemalloc.start()
    try:
        seen(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 << 20


@pytest.mark.parametrize("start", ["<body class='", "<link rel='"])
def test_a_long_list_of_words_takes_little_memory(start: str) -> None:
    data = (start + "ab " * 1_000_000 + "'>").encode()
    tracemalloc.start()
    try:
        outline(data, HTML)
        assert tracemalloc.get_traced_memory()[1] < 6 * len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pad", ["", "x", "xx"])
def test_of_a_very_large_document_the_beginning_is_looked_at_in_its_own_encoding(pad: str) -> None:
    """Where the beginning ends may be within a character."""
    found = outline(f"<h1>Größe</h1><p>{pad}{'é ' * (6 << 20)}<h2>Späteres</h2>".encode(), "text/html")
    assert found.cut
    assert found.headings == ("Größe",)
