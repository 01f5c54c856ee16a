"""Text from pages, servers and bundles made safe for where it goes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.escape import file_name, slug, terminal

UNSAFE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
ANYTHING = st.text(st.characters(), max_size=300)


@given(ANYTHING, st.integers(0, 100))
def test_no_text_has_power_over_a_terminal(text: str, limit: int) -> None:
    shown = terminal(text, limit=limit)
    assert not [char for char in shown if unicodedata.category(char) in UNSAFE]
    assert "  " not in shown
    assert len(shown) <= 10 * limit + 30


@pytest.mark.parametrize(
    "code", [*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x200B, 0x202E, 0x2066, 0x2028, 0xFEFF]
)
def test_every_control_and_format_character_is_shown_as_its_number(code: int) -> None:
    number = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    assert terminal(f"a{chr(code)}b") == f"a{number}b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, 100 %", "plain words, 100 %"),
        ("Grüße, 世界, кириллица, 🙂", "Grüße, 世界, кириллица, 🙂"),
        ("\x1b]8;;http://a\x07b", "\\x1b]8;;http://a\\x07b"),
        ("\udce9", "\\udce9"),
        ("\U000e0041", "\\U000e0041"),
        ("\U0010ffff", "\\U0010ffff"),
        ("one\nPASSED  two", "one\\x0aPASSED two"),
    ],
)
def test_text_is_shown_so(text: str, shown: str) -> None:
    assert terminal(text) == shown


@pytest.mark.parametrize("blank", [" ", "\xa0", "\u2003", "\u3000", "\u2800", "\u3164"])
def test_no_run_of_blanks_pushes_text_to_the_next_line(blank: str) -> None:
    assert terminal(f"title{blank * 80}PASSED article.wacz") == "title PASSED article.wacz"


def test_long_text_ends_in_its_true_length() -> None:
    assert terminal("x" * 600) == "x" * 500 + "… (600 characters)"
    assert terminal("x" * 500) == "x" * 500


@given(ANYTHING, st.integers(6, 120))
def test_a_file_name_is_one_plain_name(text: str, limit: int) -> None:
    name = file_name(text, limit=limit)
    assert 1 <= len(name) <= limit
    assert name.isascii()
    assert all(char.isalnum() or char in "._-" for char in name)
    assert name[0] not in ".-"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("article.html", "article.html"),
        ("", "file"),
        ("..", "file"),
        ("../../etc/passwd", "etc-passwd"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("CON", "file-CON"),
        ("aux.txt", "file-aux.txt"),
        ("com1", "file-com1"),
        ("console", "console"),
        ("a\x00b\\c:d|e", "a-b-c-d-e"),
        ("übergröße.png", "bergr-e.png"),
        ("a" * 200, "a" * 100),
        ("a" * 99 + ".png", "a" * 99),
    ],
)
def test_a_file_is_named_so(text: str, name: str) -> None:
    assert file_name(text) == name


@given(ANYTHING)
def test_a_slug_is_small_letters_digits_and_dashes(text: str) -> None:
    found = slug(text)
    assert len(found) <= 60
    assert all(char.isascii() and (char.isdigit() or char.islower() or char == "-") for char in found)
    assert not found.startswith("-")
    assert not found.endswith("-")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("/2026/Every-Tide.html", "2026-every-tide-html"), ("/", ""), ("///a///", "a"), ("x" * 80, "x" * 60)],
)
def test_a_slug_is_made_so(text: str, expected: str) -> None:
    assert slug(text) == expected
