"""HTTP/1 messages: heads as browsers read them, bodies found again within their framing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.warc.http1 import (
    MAX_LINES,
    ChunkedDecoder,
    Framing,
    ascii_lower,
    find_head_end,
    framing,
    parse_fields,
    parse_head,
)


def feed(data: bytes, points: Sequence[int]) -> tuple[bytes, bool, int]:
    """The body found, whether the end was, and how many bytes came after it."""
    edges = [0, *sorted(min(point, len(data)) for point in points), len(data)]
    decoder = ChunkedDecoder()
    body = bytearray()
    after = 0
    for start, end in itertools.pairwise(edges):
        for piece in decoder.feed(data[start:end]):
            body += piece
        after += decoder.excess
    return bytes(body), decoder.done, after


def outcome(data: bytes, points: Sequence[int]) -> tuple[bytes, bool, int] | str:
    try:
        return feed(data, points)
    except FormatError:
        return "broken"


CHUNKS = st.lists(st.binary(min_size=1, max_size=50), max_size=6)
SIZES = st.sampled_from([b"%x", b"%X", b"00%x", b" %x ", b"%x;a", b'%x; a="b"', b"%x\t;"])
ENDS = st.sampled_from([b"\r\n", b"\n"])
POINTS = st.lists(st.integers(0, 600), max_size=8)


@given(
    CHUNKS, SIZES, ENDS, st.sampled_from([b"", b"A: b\r\n", b"A: b\nC: d\n"]), st.binary(max_size=9), POINTS
)
def test_a_body_is_found_in_any_framing_however_its_bytes_arrive(
    chunks: list[bytes], size: bytes, end: bytes, trailer: bytes, after: bytes, points: list[int]
) -> None:
    data = (
        b"".join(size % len(chunk) + end + chunk + end for chunk in chunks) + size % 0 + end + trailer + end
    )
    assert feed(data + after, points) == (b"".join(chunks), True, len(after))


@given(st.binary(max_size=200), POINTS)
def test_any_bytes_give_the_same_however_they_are_cut(data: bytes, points: list[int]) -> None:
    for made in (data, b"5\r\nhello\r\n" + data, b"0\r\n" + data):
        assert outcome(made, points) == outcome(made, []) == outcome(made, range(len(made)))


@given(CHUNKS.filter(bool), st.integers(1, 4))
def test_a_body_cut_short_is_not_done(chunks: list[bytes], cut: int) -> None:
    data = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    body, done, _ = feed(data[:-cut], [])
    assert (body, done) == (b"".join(chunks), False)


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"x\r\n",
        b"-1\r\n",
        b"0x5\r\n",
        b"5 5\r\n",
        b"5,\r\n",
        b"1" * 16 + b"\r\n",
        b"2\r\nabc\r\n",
        b"2\r\nab0\r\n",
        b"5;" + b"x" * 20_000,
        b"0\r\n" + b"A: b\r\n" * 80_000,
    ],
)
def test_broken_chunks_are_said_to_be(data: bytes) -> None:
    assert outcome(data, []) == "broken"


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (b"A\r\n\r\nbody", 5),
        (b"A\n\nbody", 3),
        (b"A\n\r\nbody", 4),
        (b"A\r\n\nbody", 4),
        (b"A\r\n", -1),
        (b"A\r\n\r", -1),
        (b"", -1),
    ],
)
def test_a_head_ends_at_its_first_blank_line(data: bytes, end: int) -> None:
    assert find_head_end(data) == end


@pytest.mark.parametrize(
    ("line", "version", "status", "reason"),
    [
        (b"HTTP/1.1 200 OK", "HTTP/1.1", 200, "OK"),
        (b"http/1.1 200 ok", "HTTP/1.1", 200, "ok"),
        (b"HTTP/1.0 404", "HTTP/1.0", 404, ""),
        (b"HTTP/1.1  301 \t Moved  on \t", "HTTP/1.1", 301, "Moved  on"),
        (b"HTTP/2 200", "HTTP/2", 200, ""),
        (b"HTTP/1.1 200 \xc3\xa9t\xc3\xa9", "HTTP/1.1", 200, "été"),
        (b"HTTP/1.1 200 \xe9t\xe9", "HTTP/1.1", 200, "été"),
        (b"HTTP/1.1 200 ", "HTTP/1.1", 200, ""),
    ],
)
def test_a_status_line_is_read_as_browsers_do(line: bytes, version: str, status: int, reason: str) -> None:
    for end in (b"\r\n", b"\n"):
        head = parse_head(line + end + b"A: b" + end + end)
        assert (head.version, head.status, head.reason) == (version, status, reason)
        assert head.fields == (("A", "b"),)


@pytest.mark.parametrize(
    "line",
    [b"", b"HTTP/1.1", b"HTTP/1.1 20", b"HTTP/1.1 2000", b"HTTP/1.1 abc", b"ICY 200 OK", b" HTTP/1.1 200 OK"],
)
def test_what_is_no_status_line_is_refused(line: bytes) -> None:
    with pytest.raises(FormatError):
        parse_head(line + b"\r\n\r\n")


def test_fields_keep_their_order_case_and_doubles_and_bad_lines_are_skipped() -> None:
    lines = [
        b"b: 1",
        b"A:2",
        b"B : 3 ",
        b"no colon",
        b": nameless",
        b"c:",
        b"d: x",
        b" y",
        b"\t z ",
        b"e: \xff",
    ]
    assert parse_fields(lines) == (("b", "1"), ("A", "2"), ("B", "3"), ("c", ""), ("d", "x y z"), ("e", "ÿ"))
    assert parse_fields([b" folded into nothing"]) == ()
    assert parse_fields([b"a:", b" b"]) == (("a", "b"),)


@given(st.binary(max_size=300))
def test_any_head_after_a_status_line_is_read(data: bytes) -> None:
    head = parse_head(b"HTTP/1.1 200 OK\r\n" + data)
    assert all(name and ":" not in name for name, _ in head.fields)


def test_of_a_head_with_very_many_lines_the_first_are_looked_at() -> None:
    line = b"A: b\n"
    head = b"HTTP/1.1 200 OK\r\n" + line * (MAX_LINES - 1) + b"Content-Length: 5\nContent-Length: 6\n\n"
    found = parse_head(head)
    assert len(found.fields) == MAX_LINES
    assert framing("GET", found) == (Framing.LENGTH, 5)


@pytest.mark.parametrize("value", ["K\u212a", "\u0130I", "\u017fS", "\u00c4", "AZ[@`az"])
def test_only_ascii_has_a_lower_case(value: str) -> None:
    assert ascii_lower(value).encode() == value.encode().lower()


@pytest.mark.parametrize("step", [1, 7, 1_000_000])
def test_a_line_too_long_is_refused_however_its_bytes_arrive(step: int) -> None:
    data = b"3\nabc\n0\n" + b"X: " + b"y" * 17_000 + b"\r\n\r\n"
    decoder = ChunkedDecoder()
    with pytest.raises(FormatError, match="too long"):
        for at in range(0, len(data), step):
            decoder.feed(data[at : at + step])


@pytest.mark.parametrize("step", [1, 7, 1_000_000])
@pytest.mark.parametrize("line", [b"8;\n", b"8 \n", b"8\n", b" 8\r\n", b"8;\r\n"])
def test_an_odd_chunk_line_is_told_however_its_bytes_arrive(line: bytes, step: int) -> None:
    data = line + b"or:red}\n\r\n0\r\n\r\n"
    decoder = ChunkedDecoder()
    for at in range(0, len(data), step):
        decoder.feed(data[at : at + step])
    assert decoder.done
    assert decoder.oddity is not None


def test_chunks_are_counted_however_they_are_written() -> None:
    sizes = [
        b"1\r\nx\r\n",
        b"1\nx\n",
        b"0a\r\n0123456789\r\n",
        b"fF\r\n" + b"x" * 255 + b"\r\n",
        b"1;a\r\nx\r\n",
    ]
    data = b"".join(sizes) * 3 + b"0\r\nA: b\r\nC: d\r\n\r\n"
    for step in (1, 7, len(data)):
        decoder = ChunkedDecoder()
        for at in range(0, len(data), step):
            decoder.feed(data[at : at + step])
        assert (decoder.done, decoder.chunks) == (True, 18)


@pytest.mark.parametrize(
    ("method", "status", "fields", "expected"),
    [
        ("GET", 200, b"Content-Length: 5", (Framing.LENGTH, 5)),
        ("GET", 200, b"Content-Length: 5\r\ncontent-length: 5", (Framing.LENGTH, 5)),
        ("GET", 200, b"Content-Length: 5, 5", (Framing.LENGTH, 5)),
        ("GET", 200, b"Content-Length: 5, 6", (Framing.CLOSE, 0)),
        ("GET", 200, b"Content-Length: -5", (Framing.CLOSE, 0)),
        ("GET", 200, b"Content-Length: \xd9\xa5", (Framing.CLOSE, 0)),
        ("GET", 200, b"A: b", (Framing.CLOSE, 0)),
        ("GET", 200, b"Transfer-Encoding: Chunked\r\nContent-Length: 5", (Framing.CHUNKED, 0)),
        ("GET", 200, b"Transfer-Encoding: gzip, chunked", (Framing.CHUNKED, 0)),
        ("GET", 200, b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", (Framing.CHUNKED, 0)),
        ("GET", 200, b"Transfer-Encoding: gzip", (Framing.CLOSE, 0)),
        ("HEAD", 200, b"Content-Length: 5", (Framing.NONE, 0)),
        ("GET", 204, b"Content-Length: 5", (Framing.NONE, 0)),
        ("GET", 304, b"Content-Length: 5", (Framing.NONE, 0)),
        ("GET", 103, b"A: b", (Framing.NONE, 0)),
        # Letters and spaces that only Unicode takes for those of ASCII.
        ("GET", 200, "Transfer-Encoding: chun\u212aed".encode(), (Framing.CLOSE, 0)),
        ("GET", 200, "Transfer-Encoding: chunked\u00a0".encode(), (Framing.CLOSE, 0)),
        ("GET", 200, b"Transfer-Encoding: chunked\x85", (Framing.CLOSE, 0)),
        ("GET", 200, b"Content-Length: 5\xa0", (Framing.CLOSE, 0)),
        ("GET", 200, "\u00a0Content-Length: 5".encode(), (Framing.CLOSE, 0)),
        ("GET", 200, b"Transfer-Encoding: , \tCHUNKED , ,", (Framing.CHUNKED, 0)),
    ],
)
def test_framing_is_told_as_the_standard_says(
    method: str, status: int, fields: bytes, expected: tuple[Framing, int]
) -> None:
    head = parse_head(b"HTTP/1.1 %d X\r\n%s\r\n\r\n" % (status, fields))
    assert framing(method, head) == expected
