from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.citation import Citation
from archiver.errors import FormatError
from archiver.escape import terminal


def test_a_url_is_kept_as_written_and_as_requested() -> None:
    citation = Citation.parse(" HTTPS://Exämple.org:443/a/../b?x y#part \n", role="source")
    assert citation.as_written == "HTTPS://Exämple.org:443/a/../b?x y#part"
    assert citation.url == "https://xn--exmple-cua.org/b?x%20y#part"
    assert citation.role == "source"


def test_a_citation_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Citation.parse("http://example.org/").url = "http://other.example/"  # type: ignore[misc]


@pytest.mark.parametrize(
    "text",
    ["example.org/page", "//example.org/page", "localhost:8000/x", "notes.md", "./a", "doi:10.1000/182", ""],
)
def test_what_is_neither_file_nor_url_is_told_both_spellings(text: str) -> None:
    with pytest.raises(FormatError, match=r"https://.*path of a file"):
        Citation.parse(text)


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("ftp://example.org/a", "ftp"),
        ("file:///etc/passwd", "file"),
        ("mailto:a@example.org", "mailto"),
        ("javascript:alert(1)", "javascript"),
        ("data:text/plain,x", "data"),
        ("urn:isbn:0451450523", "urn"),
        ("about:blank", "about"),
    ],
)
def test_a_scheme_that_cannot_be_captured_is_named(text: str, scheme: str) -> None:
    with pytest.raises(FormatError, match=rf"^{scheme}: URLs cannot be captured"):
        Citation.parse(text)


@pytest.mark.parametrize(
    "text", ["https://user:secret@example.org/", "https://secret@example.org/", "http://:secret@a/"]
)
def test_a_secret_in_a_url_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(FormatError, match="user name or password") as caught:
        Citation.parse(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["http://", "https://a b/", "http://[::1", "http://256.1.1.1/", "https://a:x/"]
)
def test_a_broken_url_is_refused_with_its_reason(text: str) -> None:
    with pytest.raises(FormatError, match="is not a URL: "):
        Citation.parse(text)


@given(st.text())
def test_any_text_is_a_citation_or_is_refused(text: str) -> None:
    for written in (text, f"https://{text}"):
        try:
            citation = Citation.parse(written)
        except FormatError:
            continue
        assert Citation.parse(citation.url).url == citation.url


@given(st.text())
def test_a_refusal_is_one_line(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        Citation.parse(f"no url {text}")
    assert terminal(str(caught.value)) == str(caught.value)
