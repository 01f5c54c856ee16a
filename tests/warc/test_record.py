"""A WARC header: what we write we read, and a misfit is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.warc.record import date_text, format_header, has_plain_payload, parse_header

ID = "urn:uuid:00000000-0000-4000-8000-000000000001"
FIELDS = [
    ("WARC-Type", "response"),
    ("WARC-Record-ID", f"<{ID}>"),
    ("WARC-Date", "2026-11-23T12:00:00.250000Z"),
    ("WARC-Target-URI", "https://news.example/"),
    ("WARC-Block-Digest", "sha256:00"),
    ("Content-Type", "text/plain"),
    ("Content-Length", "5"),
]


def test_a_header_is_read_as_it_was_written() -> None:
    header = parse_header(format_header(FIELDS))
    assert (header.type, header.id, header.date) == ("response", ID, "2026-11-23T12:00:00.250000Z")
    assert (header.url, header.content_type, header.content_length) == (
        "https://news.example/",
        "text/plain",
        5,
    )
    assert (header.block_digest, header.payload_digest, header.concurrent_to) == ("sha256:00", None, None)


@given(st.integers(0, len(FIELDS) - 1), st.text(max_size=8))
def test_whatever_the_values_are_the_header_has_the_same_lines_or_is_refused(number: int, value: str) -> None:
    fields = [*FIELDS[:number], (FIELDS[number][0], value), *FIELDS[number + 1 :]]
    try:
        data = format_header(fields)
    except FormatError:
        return
    parse_header(data)
    assert data.count(b"\r\n") == len(fields) + 2
    assert f"{FIELDS[number][0]}: {value}\r\n".encode() in data


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (b"WARC/1.1", b"WARC/1.0", "not WARC/1.1: 'WARC/1.0'"),
        (b"WARC-Type: response", b"WARC-Type: x", "WARC-Type: x"),
        (b"Content-Type", b"content-type", "content-type: text/plain"),
        (b"Content-Length: 5\r\n", b"", "ends early"),
        (b"WARC-Target-URI: https://news.example/\r\n", b"", "without WARC-Target-URI"),
        (b"news", b"n\xc3\xa9ws", "beyond ASCII"),
        (b"Content-Length: 5", b"Content-Length: 05", "Content-Length: 05"),
        (b"2026-11", b"2026-13", "no such date"),
    ],
)
def test_a_misfit_is_named(old: bytes, new: bytes, match: str) -> None:
    data = format_header(FIELDS)
    assert old in data
    with pytest.raises(FormatError, match=match):
        parse_header(data.replace(old, new))


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-12, 12))
def test_a_date_has_microseconds_and_is_utc(moment: datetime, hours: int) -> None:
    written = date_text(moment)
    assert datetime.fromisoformat(written) == moment
    assert len(written) == 27
    if 2 < moment.year < 9998:
        assert date_text(moment.astimezone(timezone(timedelta(hours=hours)))) == written


@pytest.mark.parametrize(
    ("head", "plain"),
    [
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\nA: b\n\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTRANSFER-encoding : gzip\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\nA: b\n\x0btransfer-encoding: gzip\n\n", False),
        (b"HTTP/1.1 200 OK\r\nX-Transfer-Encoding: chunked\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n \r\nA: b\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\xa0\r\nA: b\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\r\n\r\n", False),
    ],
)
def test_a_payload_is_plain_where_nobody_disputes_it(head: bytes, plain: bool) -> None:
    assert has_plain_payload(head) is plain
