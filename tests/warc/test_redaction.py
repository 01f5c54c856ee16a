"""Where secrets stand in a message, and that nothing of them is left there."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.warc.redaction import SET_COOKIE, Blank, blanked, find

START = b"HTTP/1.1 200 OK\r\n"


def shown(message: bytes, names: tuple[str, ...] = SET_COOKIE) -> bytes:
    """*message* with its values blanked, without its first line."""
    return blanked(message, find(message, names)).removeprefix(START)


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (b"Set-Cookie: a=1\r\nB: 2\r\n\r\n", b"Set-Cookie: ***\r\nB: 2\r\n\r\n"),
        (b"Set-Cookie:a=1\r\n\r\n", b"Set-Cookie:***\r\n\r\n"),
        (b"set-COOKIE: \t a=1 \t\r\n\r\n", b"set-COOKIE: \t *** \t\r\n\r\n"),
        (b"Set-Cookie2: a=1\r\n\r\n", b"Set-Cookie2: ***\r\n\r\n"),
        (b"Set-Cookie: a=1\nset-cookie: b=2\n\n", b"Set-Cookie: ***\nset-cookie: ***\n\n"),
        (b"Set-Cookie : a=1\r\n\r\n", b"Set-Cookie : ***\r\n\r\n"),
        (b"Set-Cookie\t\x0b\x00:a=1\r\n\r\n", b"Set-Cookie\t\x0b\x00:***\r\n\r\n"),
        (b"A: b\r\n Set-Cookie: a=1\r\n\r\n", b"A: b\r\n Set-Cookie: ***\r\n\r\n"),
        (b"A: b\r\n\x00Set-Cookie: a=1\r\n\r\n", b"A: b\r\n\x00Set-Cookie: ***\r\n\r\n"),
        (b"A: b\rSet-Cookie: a=1\r\n\r\n", b"A: b\rSet-Cookie: ***\r\n\r\n"),
        (b"A: b\x0cSet-Cookie: a=1\r\n\r\n", b"A: b\x0cSet-Cookie: ***\r\n\r\n"),
        (b"Set-Cookie: a=1\rB: 2\r\n\r\n", b"Set-Cookie: ********\r\n\r\n"),
        (b"Set-Cookie: a;\r\n  Path=/\r\n\tx\r\nB: 2\r\n", b"Set-Cookie: **\r\n  ******\r\n\t*\r\nB: 2\r\n"),
        (b"Set-Cookie:\r\n a=1\r\n\r\n", b"Set-Cookie:\r\n ***\r\n\r\n"),
        (b"Set-Cookie: a\r\n Set-Cookie: b\r\n\r\n", b"Set-Cookie: *\r\n *************\r\n\r\n"),
        (b"Set-Cookie: \xe9=\xff\x01\r\n\r\n", b"Set-Cookie: ****\r\n\r\n"),
        (b"Set-Cookie: \xe9\r\nSet-Cookie: a\r\n\r\n", b"Set-Cookie: *\r\nSet-Cookie: *\r\n\r\n"),
        (b"Set-Cookie: a=1", b"Set-Cookie: ***"),
        (b"Set-Cookie: " + b"x" * 70_000 + b"\r\n\r\n", b"Set-Cookie: " + b"*" * 70_000 + b"\r\n\r\n"),
        (b"Set-Coo\xe2\x84\xaaie: a=1\r\n\r\n", b"Set-Coo\xe2\x84\xaaie: ***\r\n\r\n"),
        (b"Set-Cookie: \r\nSet-Cookie:\r\n\r\n", b"Set-Cookie: \r\nSet-Cookie:\r\n\r\n"),
        (b"X-Set-Cookie: a\r\nSet-Cookies: b\r\n\r\n", b"X-Set-Cookie: a\r\nSet-Cookies: b\r\n\r\n"),
        (b"Vary: Set-Cookie\r\nA: Set-Cookie: b\r\n\r\n", b"Vary: Set-Cookie\r\nA: Set-Cookie: b\r\n\r\n"),
        (b"Location: /?token=abc\r\n\r\n", b"Location: /?token=abc\r\n\r\n"),
        (b"Set-Cook", b"Set-Cook"),
    ],
)  # fmt: skip
def test_a_value_is_found_where_any_reader_may_find_one(lines: bytes, left: bytes) -> None:
    assert shown(START + lines) == left


@pytest.mark.parametrize(
    "lines", [b"Set-Cookie: a\rSet-Cookie: b\r\n", b"Set-Cookie:\r\n \rSet-Cookie: b\r\n"]
)
def test_a_name_within_a_value_is_a_part_of_it(lines: bytes) -> None:
    (found,) = find(START + lines, SET_COOKIE)
    assert (START + lines)[found.offset : found.end].endswith(b"Set-Cookie: b")


def test_the_first_line_is_no_header() -> None:
    assert find(b"Cookie: /x HTTP/1.1\r\nCookie: a\r\n\r\n", ("Cookie",)) == [
        Blank(header="Cookie", offset=29, length=1)
    ]


def test_the_values_of_a_request_are_found_by_the_names_of_its_secrets() -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\nX-Key: one\r\nX-Key2: two\r\nx-key: three\r\nCookie: a=1\r\n\r\n"
    found = find(request, ("Cookie", "X-Key"))
    assert [(one.header, request[one.offset : one.end]) for one in found] == [
        ("X-Key", b"one"),
        ("X-Key", b"three"),
        ("Cookie", b"a=1"),
    ]


LINES = st.lists(
    st.sampled_from([b"Set-Cookie", b"set-cookie2", b"X", b":", b": ", b"\r\n", b"\n", b"\r", b" ", b"\t",
                     b"\x0b", b"\x00", b"\xe9", b"a=1", b"\xc4\x85", b"\xe2\x84\xaa",
                     b"Set-Coo\xe2\x84\xaaie:"]),
    max_size=40,
).map(b"".join)  # fmt: skip


@given(LINES)
def test_what_is_blanked_is_found_again_and_has_no_overlap(lines: bytes) -> None:
    message = START + lines
    found = find(message, SET_COOKIE)
    assert all(before.end <= after.offset for before, after in pairwise(found))
    again = blanked(message, found)
    assert find(again, SET_COOKIE) == found
    assert len(again) == len(message)
    for one in found:
        assert set(again[one.offset : one.end]) == {ord("*")}
        assert b"\n" not in message[one.offset : one.end]


@given(LINES)
def test_no_cookie_that_a_plain_reader_sees_is_left(lines: bytes) -> None:
    for line in shown(START + lines).split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and name.strip().lower() in (b"set-cookie", b"set-cookie2"):
            assert not value.strip(b" \t\r*")


@pytest.mark.parametrize(
    "text", ["Cookie 16 1", "Set-Cookie 0 12", "interim-1:Set-Cookie2 40 12", "interim-12:X 1 1"]
)
def test_a_range_survives_its_own_text(text: str) -> None:
    assert str(Blank.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "Cookie", "Cookie 1", "Cookie 1 0", "Cookie 01 1", "Cookie 1 -1", " Cookie 1 1", "Cookie 1 1\n",
     "Cookie\u0131 1 1", "Cookie \u0661 1", "interim-0:Cookie 1 1", "interim-10000:Cookie 1 1", "A B 1 1"],
)  # fmt: skip
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        Blank.parse(text)


@pytest.mark.parametrize(
    "piece",
    [b"\r", b"\xe9", b" ", b"Set-Cookie", b"Set-Cookie\r", b"\rSet-Cookie", b"Set-Cookie:", b"\nSet-Cookie:",
     b"\n ", b"Set-Cookie\x00\n", b"\x00\rSet-Cookie \x00:"],
)  # fmt: skip
def test_a_megabyte_of_anything_is_gone_through_at_once(piece: bytes) -> None:
    message = START + piece * ((1 << 20) // len(piece))
    begun = time.process_time()
    find(message, SET_COOKIE)
    assert time.process_time() - begun < 2
