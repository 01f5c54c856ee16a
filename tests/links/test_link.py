from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.links.link import Kind, Link, Links, Resolver
from archiver.url import MAX_LENGTH, Url

BASES = [
    "https://example.org/a/b/c.html?q=/d#f",
    "http://example.org:8080",
    "https://u:p@example.org/a/",
    "http://[::1]/x",
    "file:///a/b",
]
PIECES = [
    *(
        "http://",
        "https://",
        "HTTP:",
        "//",
        "/",
        "/",
        "\\",
        "?",
        "#",
        ".",
        "..",
        "/./",
        "/../",
        "%2e",
        "%2E",
        "/%2e",
    ),
    *(
        "a",
        "b.png",
        "Ex",
        "example.org",
        "xn--a.org",
        "1.2",
        "0x7f",
        "bücher.de",
        ":",
        ":80",
        "@",
        "[",
        "]",
        "%",
        "%41",
    ),
    *" \t\n'\"<>`^{}|~!$&()*+,;=_-ä\x00",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)), st.sampled_from(BASES))
def test_gluing_gives_what_the_standard_gives(text: str, base: str) -> None:
    document = Url.parse(base)
    try:
        url = Url.parse(text, document)
    except FormatError:
        expected = None
    else:
        named = text.strip("".join(map(chr, range(33)))).partition("#")[0]
        expected = url.without_fragment_text if url.is_http and named else None
    assert Resolver(document)(text) == expected


@pytest.mark.parametrize(
    "text", ["x" * MAX_LENGTH, "ä" * (MAX_LENGTH // 4), "https://example.org/" + "x" * MAX_LENGTH]
)
def test_what_is_too_long_for_a_url_is_no_link(text: str) -> None:
    assert Resolver(Url.parse("https://example.org/"))(text) is None


IMAGE, STYLE, FRAME, MODULE, ICON = Kind.IMAGE, Kind.STYLE, Kind.FRAME, Kind.MODULE, Kind.ICON


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ([(IMAGE, False), (IMAGE, False)], [(IMAGE, False)]),
        ([(IMAGE, False), (STYLE, False)], [(STYLE, False)]),
        ([(STYLE, False), (IMAGE, False)], [(STYLE, False)]),
        ([(ICON, False), (STYLE, True)], [(STYLE, False)]),
        ([(FRAME, False), (MODULE, False)], [(FRAME, False), (MODULE, False)]),
        ([(FRAME, False), (MODULE, False), (FRAME, True), (MODULE, True)], [(FRAME, False), (MODULE, False)]),
        ([(IMAGE, False), (STYLE, False), (FRAME, True)], [(STYLE, False), (FRAME, True)]),
        ([(STYLE, True), (FRAME, False)], [(FRAME, False), (STYLE, True)]),
        ([(STYLE, True), (FRAME, False), (STYLE, False)], [(FRAME, False), (STYLE, False)]),
        ([(STYLE, True), (FRAME, True), (IMAGE, False)], [(STYLE, False), (FRAME, True)]),
    ],
)
def test_a_url_is_there_once_or_once_for_each_way_to_be_read(
    added: list[tuple[Kind, bool]], expected: list[tuple[Kind, bool]]
) -> None:
    named = Links()
    for kind, alternative in added:
        named.add(Link(url="https://h/", kind=kind, place="", alternative=alternative))
    assert [(link.kind, link.alternative) for link in named] == expected
    assert len(named) == len(expected)
    assert not named.cut
