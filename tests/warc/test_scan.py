"""WARCs read strictly: each rule, each digest, and no bytes that get past or bring it down."""

from __future__ import annotations

import functools
import gzip
import hashlib
import random
import re
import tempfile
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.warc.record import Record
from archiver.warc.scan import Scan, ScanLimits
from archiver.warc.window import Window
from archiver.warc.writer import WarcWriter
from tests.warc.made import TLS, answer, chunked, exchange, ids, members, packed, scan, warc, window


@functools.cache
def small() -> bytes:
    new_id = ids()
    return warc(
        exchange(answer(b"hello", b"Content-Type: text/html"), record_id=new_id(), tls=TLS),
        exchange(chunked(b"one", b"two"), "https://news.example/b", record_id=new_id()),
        exchange(
            answer(b"\x89PNG", b"Content-Type: image/png"), "https://news.example/c", record_id=new_id()
        ),
    )


@functools.cache
def records() -> tuple[bytes, ...]:
    return tuple(members(small()))


def changed(number: int, change: Callable[[bytes], bytes]) -> bytes:
    """The WARC with one of its records changed before it is packed again."""
    return packed([change(record) if at == number else record for at, record in enumerate(records())])


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(record: bytes) -> bytes:
        assert old in record
        return record.replace(old, new, 1)

    return change


RESPONSE, CHUNKED = 2, 5  # after warcinfo and the certificates; then request and metadata


def test_every_fact_of_a_response() -> None:
    data = small()
    record = scan(data)[RESPONSE]
    block = answer(b"hello", b"Content-Type: text/html")
    stored = data[record.offset : record.offset + record.length]
    assert gzip.decompress(stored).endswith(block + b"\r\n\r\n")
    assert record.record_digest == Digest.of(stored)
    assert record.block_digest == Digest.of(block)
    assert record.block_size == len(block)
    assert record.payload_digest == Digest.of(b"hello")
    assert (record.payload_size, record.framed, record.block) == (5, True, None)
    assert record.http is not None
    assert (record.http.status, record.http.first("content-type")) == (200, "text/html")
    assert record.where == f"archive/data.warc.gz: record at offset {record.offset}"


def test_offsets_and_lengths_cover_the_whole_file() -> None:
    at = 0
    for record in scan(small()):
        assert record.offset == at
        at += record.length
    assert at == len(small())


def test_the_payload_of_a_chunked_response_is_its_entity_body() -> None:
    record = scan(small())[CHUNKED]
    assert record.payload_digest == Digest.of(b"onetwo")
    assert (record.payload_size, record.framed) == (6, True)


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("response", "payload"),
    [
        (HEAD + b"zz\r\nhello", b"zz\r\nhello"),
        (HEAD + b"5\r\nhel", b"5\r\nhel"),
        (HEAD + b"5\r\nhello\r\n", b"5\r\nhello\r\n"),
        (HEAD + b"5\r\nhello\r\n0\r\n\r\nmore", b"5\r\nhello\r\n0\r\n\r\nmore"),
        (HEAD + b"5\r\nhello-\r\n0\r\n\r\n", b"5\r\nhello-\r\n0\r\n\r\n"),
        (HEAD, b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nlonger", b"longer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", b"short"),
        (b"HTTP/1.1 204 No\r\n\r\nbody", b"body"),
        (
            HEAD + b"200000\r\n" + b"x" * 0x200000 + b"\r\nbad\r\n",
            b"200000\r\n" + b"x" * 0x200000 + b"\r\nbad\r\n",
        ),
        (HEAD + b"200000\r\n" + b"x" * 0x200000 + b"\r\n0\r\n\r\n" + b"y" * 0x200000, None),
    ],
)
def test_where_the_framing_is_broken_the_payload_is_what_stands_there(
    response: bytes, payload: bytes | None
) -> None:
    record = scan(warc(exchange(response)))[1]
    payload = response[len(HEAD) :] if payload is None else payload
    assert (record.payload_digest, record.payload_size) == (Digest.of(payload), len(payload))
    assert record.framed is False
    assert record.findings == ()


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\n\nuntil the end",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        answer(b""),
        chunked(b"x" * 3_000_000, trailer=b"A: b\r\n"),
    ],
)
def test_a_body_that_ends_where_its_head_says_is_framed(response: bytes) -> None:
    assert scan(warc(exchange(response)))[1].framed is True


@pytest.mark.parametrize(
    ("response", "truncated", "good"),
    [
        (b"HTTP/1.1 200 OK\r\nX: y", "disconnect", True),
        (b"HTTP/1.1 200 OK\r\n", "time", True),
        (b"HTTP/1.1 200 OK\r\nX: y", None, False),
        (b"ICY 200 OK\r\n\r\n", None, False),
        (b"ICY 200 OK\r\n\r\n", "time", False),
        (b"220 ftp\r\n\r\n", "unspecified", False),
        (b"<p>Words.", "length", False),
    ],
)
def test_a_response_begins_with_an_http_head_or_with_part_of_one_that_was_cut_short(
    response: bytes, truncated: str | None, good: bool
) -> None:
    record = scan(warc(exchange(response, truncated=truncated)))[1]
    assert (record.http, record.framed, record.payload_digest) == (None, False, Digest.of(response))
    assert [code for code, _ in record.findings] == ([] if good else ["FORMAT_FAILURE"])


def test_the_digest_of_the_whole_comes_from_the_same_reading_also_after_an_error() -> None:
    broken = small() + b"junk"
    for data in (small(), broken, b""):
        with window(data) as opened:
            found = Scan(opened, "data.warc.gz")
            if data == broken:
                with pytest.raises(FormatError):
                    list(found)
            elif data:
                list(found)
            assert found.digest() == Digest.of(data)


# Structure


def with_flag(flag: int, extra: bytes) -> bytes:
    first = gzip.compress(records()[0], 1, mtime=0)
    return first[:3] + bytes([flag]) + first[4:10] + extra + first[10:] + packed(records()[1:])


def wrong_tail(change: Callable[[bytearray], None]) -> bytes:
    first = bytearray(gzip.compress(records()[0], 1, mtime=0))
    change(first)
    return bytes(first) + packed(records()[1:])


def flip(at: int) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[at] ^= 1

    return change


BROKEN = {
    "zeros at the end": lambda: small() + b"\0",
    "many zeros at the end": lambda: small() + bytes(64),
    "junk at the end": lambda: small() + b"junk that is longer than a gzip header",
    "junk before": lambda: b"\n" + small(),
    "junk between": lambda: packed(records()[:2]) + bytes(4) + packed(records()[2:]),
    "two records in a member": lambda: packed([b"".join(records()[:2]), *records()[2:]]),
    "all records in one member": lambda: packed([b"".join(records())]),
    "a record over two members": lambda: packed([records()[0][:100], records()[0][100:], *records()[1:]]),
    "an empty member": lambda: packed([*records(), b""]),
    "not compressed": lambda: b"".join(records()),
    "a zlib stream": lambda: b"".join(zlib.compress(record) for record in records()),
    "a file name in the gzip header": lambda: with_flag(8, b"name\0"),
    "a comment in the gzip header": lambda: with_flag(16, b"comment\0"),
    "an extra field in the gzip header": lambda: with_flag(4, b"\x04\0abcd"),
    "a header checksum in the gzip header": lambda: with_flag(2, b"\0\0"),
    "a reserved flag in the gzip header": lambda: with_flag(0x80, b""),
    "the text flag in the gzip header": lambda: with_flag(1, b""),
    "a wrong CRC": lambda: wrong_tail(flip(-8)),
    "a wrong size in the trailer": lambda: wrong_tail(flip(-1)),
    "no CRLF CRLF at the end": lambda: changed(RESPONSE, lambda record: record[:-4]),
    "LF LF at the end": lambda: changed(RESPONSE, lambda record: record[:-4] + b"\n\n"),
    "too many blank lines at the end": lambda: changed(RESPONSE, lambda record: record + b"\r\n"),
    "no blank line after the header": lambda: changed(0, lambda record: record.partition(b"\r\n\r\n")[0]),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_structure_is_refused_with_its_place(name: str) -> None:
    with pytest.raises(FormatError) as caught:
        scan(BROKEN[name]())
    assert caught.value.where.startswith("archive/data.warc.gz: record at offset ")
    assert caught.value.code == "FORMAT_FAILURE"


def test_a_warc_without_records_is_empty() -> None:
    assert scan(b"") == []


HEADERS: dict[str, tuple[bytes, bytes]] = {
    "WARC/1.0": (b"WARC/1.1", b"WARC/1.0"),
    "lower-case version": (b"WARC/1.1", b"warc/1.1"),
    "LF alone": (b"WARC-Type: response\r\n", b"WARC-Type: response\n"),
    "a folded line": (b"WARC-Target-URI: https", b"WARC-Target-URI:\r\n https"),
    "no space after the colon": (b"WARC-Type: r", b"WARC-Type:r"),
    "two spaces": (b"WARC-Type: r", b"WARC-Type:  r"),
    "a space at the end": (b"WARC-Type: response", b"WARC-Type: response "),
    "a space before the colon": (b"WARC-Type:", b"WARC-Type :"),
    "another case": (b"WARC-Type:", b"warc-type:"),
    "a field twice": (b"WARC-Type: response\r\n", b"WARC-Type: response\r\nWARC-Type: response\r\n"),
    "two lengths": (b"Content-Length:", b"Content-Length: 5\r\nContent-Length:"),
    "two dates": (b"WARC-Date:", b"WARC-Date: 2026-11-23T12:00:00.000000Z\r\nWARC-Date:"),
    "an unknown field": (b"WARC-Type: response\r\n", b"WARC-Type: response\r\nX-Y: z\r\n"),
    "fields in another order": (b"WARC-Protocol: http/1.1\r\nWARC-Protocol: tls/1.3\r\n",
                                b"WARC-Protocol: tls/1.3\r\nWARC-Protocol: http/1.1\r\n"),
    "an unknown type": (b"WARC-Type: response", b"WARC-Type: conversion"),
    "a revisit, of which we write none": (b"WARC-Type: response", b"WARC-Type: revisit"),
    "no type": (b"WARC-Type: response\r\n", b""),
    "no URL": (b"WARC-Target-URI: https://news.example/article?id=1\r\n", b""),
    "a URL in angle brackets": (b"WARC-Target-URI: https://news.example/article?id=1",
                                b"WARC-Target-URI: <https://news.example/article?id=1>"),
    "a URL with a space": (b"article?id", b"article id"),
    "a URL beyond ASCII": (b"article?id", b"\xc3\xa9?id"),
    "a NUL in the URL": (b"article?id", b"article\0id"),
    "a date to the second": (b"00.250000Z", b"00Z"),
    "a date with a zone": (b"00.250000Z", b"00.250000+00:00"),
    "a date that is none": (b"2026-11-23", b"2026-02-30"),
    "the year 0": (b"2026-11-23", b"0000-11-23"),
    "digits that are not ASCII": (b"2026-11-23", "٢٠٢٦-11-23".encode()),
    "an id without brackets": (b"<urn:uuid:00000000-0000-4000-8000-000000000001>",
                               b"urn:uuid:00000000-0000-4000-8000-000000000001"),
    "an id in upper case": (b"4000-8000-000000000001", b"4000-8000-00000000000A"),
    "an id of another kind": (b"urn:uuid:00000000-0000-4000-8000-000000000001", b"https://example.org/1"),
    "an id used before": (b"4000-8000-000000000001", b"4000-9000-000000000001"),
    "a truncation for no reason": (b"WARC-Payload-Digest:", b"WARC-Truncated: maybe\r\nWARC-Payload-Digest:"),
    "an address that is none": (b"203.0.113.7", b"news.example"),
    "a protocol of the future": (b"tls/1.3", b"tls/1.9"),
    "a response of another type": (b"http;msgtype=response", b"http; msgtype=response"),
    "a length too small": (b"Content-Length: ", b"Content-Length: 1\r\nX"),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_in_any_other_form_is_refused(name: str) -> None:
    with pytest.raises(FormatError) as caught:
        scan(changed(RESPONSE, replaced(*HEADERS[name])))
    assert "record at offset" in caught.value.where


@pytest.mark.parametrize(
    "length",
    ["0", "1", "-68", "+68", "068", "68.0", "6_8", "0x44", "9" * 30, "", " 68", "68 ", "6 8", "67", "69"],
)
def test_a_content_length_must_be_right_and_canonical(length: str) -> None:
    old = b"\r\nContent-Length: 68\r\n\r\nHTTP"  # the WARC header's own, not the one in the HTTP head
    new = b"\r\nContent-Length: %s\r\n\r\nHTTP" % length.encode()
    with pytest.raises(FormatError):
        scan(changed(RESPONSE, replaced(old, new)))


def test_a_url_has_a_length_that_servers_take() -> None:
    assert scan(warc(exchange(url="https://news.example/".ljust(64 << 10, "x"))))
    long = changed(RESPONSE, replaced(b"article?id", b"a" * (64 << 10)))
    with pytest.raises(FormatError, match="WARC-Target-URI"):
        scan(long)


ABOUT = b"WARC-Concurrent-To: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"


def renamed(pattern: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda record: re.sub(pattern, new, record, count=1)


MISPLACED: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "a page as a resource": (1, replaced(b"application/pem-certificate-chain", b"text/html")),
    "certificates at a page's URL": (1, renamed(rb"urn:sha256:\w+", b"https://news.example/")),
    "certificates under another name": (1, renamed(rb"urn:sha256:..", b"urn:sha256:00")),
    "certificates with another first one": (1, replaced(b"bGVhZmxl", b"bGVhZmxm")),
    "no certificates": (1, replaced(b"BEGIN CERTIFICATE", b"begin certificate")),
    "certificates and more": (1, replaced(b"-----END CERTIFICATE-----\n", b"-----END CERTIFICATE----- \n")),
    "a page as metadata": (4, replaced(b"application/warc-fields", b"text/html")),
    "metadata of no exchange": (4, replaced(ABOUT, b"")),
    "a stated record of an exchange": (-1, replaced(b"WARC-Block-Digest", ABOUT + b"WARC-Block-Digest")),
    "a stated record of another type": (-1, replaced(b"vnd.archiver.capture.v1+json", b"json")),
    "a stated record at a page's URL": (-1, renamed(rb"URI: urn:uuid:[0-9a-f-]+", b"URI: https://news.example/")),
    "warcinfo of another type": (0, replaced(b"application/warc-fields", b"text/html")),
    "warcinfo of a URL": (0, replaced(b"WARC-Block", b"WARC-Target-URI: https://news.example/\r\nWARC-Block")),
}  # fmt: skip


def measured(record: bytes) -> bytes:
    header, _, block = record.removesuffix(b"\r\n\r\n").partition(b"\r\n\r\n")
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(block), header) + record[len(header) :]


@pytest.mark.parametrize("name", MISPLACED)
def test_a_record_that_readers_may_take_for_an_answer_is_refused(name: str) -> None:
    number, change = MISPLACED[name]
    made = measured(change(records()[number]))
    assert made != records()[number]
    with pytest.raises(FormatError, match="record at offset"):
        scan(changed(number % len(records()), lambda _: made))


@pytest.mark.parametrize("order", [[0, 0], [1, 0], [0, -1, 2]])
def test_warcinfo_stands_first_and_what_was_stated_last(order: list[int]) -> None:
    made = [
        records()[number].replace(b"-4000-9000-", b"-4000-%d000-" % (at + 1))
        for at, number in enumerate(order)
    ]
    with pytest.raises(FormatError, match=r"first|after the stated"):
        scan(packed(made))


def test_a_request_must_be_one() -> None:
    with pytest.raises(FormatError, match="HTTP head"):
        scan(warc(exchange(request=b"hello\r\n\r\n")))
    with pytest.raises(FormatError, match="HTTP head"):
        scan(warc(exchange(request=b"GET / HTTP/1.1\r\nHost: a\r\n")))


# Digests


def other_digest(name: bytes) -> Callable[[bytes], bytes]:
    def change(record: bytes) -> bytes:
        at = record.index(name + b": sha256:") + len(name) + 9
        return record[:at] + (b"0" if record[at : at + 1] != b"0" else b"1") + record[at + 1 :]

    return change


def without(name: bytes) -> Callable[[bytes], bytes]:
    def change(record: bytes) -> bytes:
        start = record.index(name)
        return record[:start] + record[record.index(b"\r\n", start) + 2 :]

    return change


def sha1(name: bytes) -> Callable[[bytes], bytes]:
    def change(record: bytes) -> bytes:
        start = record.index(name)
        return record[:start] + name + b": sha1:" + b"A" * 32 + record[record.index(b"\r\n", start) :]

    return change


def upper(record: bytes) -> bytes:
    start = record.index(b"WARC-Block-Digest: sha256:") + 26
    return record[:start] + record[start : start + 64].upper() + record[start + 64 :]


ONETWO = hashlib.sha256(b"onetwo").hexdigest().encode()
BLOCK, PAYLOAD = b"WARC-Block-Digest", b"WARC-Payload-Digest"
FINDINGS: dict[str, tuple[int, Callable[[bytes], bytes], list[str]]] = {
    "another byte in the body": (RESPONSE, replaced(b"hello", b"hallo"), ["HASH_FAILURE", "HASH_FAILURE"]),
    "another byte in the head": (RESPONSE, replaced(b"text/html", b"text/htmx"), ["HASH_FAILURE"]),
    "another byte in a chunk": (CHUNKED, replaced(b"two", b"tvo"), ["HASH_FAILURE"]),
    "another byte in the metadata": (4, replaced(b"fetchTimeMs: 12", b"fetchTimeMs: 13"), ["HASH_FAILURE"]),
    "another byte in warcinfo": (0, replaced(b"archiver 0", b"archiver 1"), ["HASH_FAILURE"]),
    "another block digest": (RESPONSE, other_digest(BLOCK), ["HASH_FAILURE"]),
    "another payload digest": (RESPONSE, other_digest(PAYLOAD), ["HASH_FAILURE"]),
    "no block digest": (RESPONSE, without(BLOCK), ["FORMAT_FAILURE"]),
    "no payload digest": (RESPONSE, without(PAYLOAD), ["FORMAT_FAILURE"]),
    "a payload digest on the certificates": (
        1,
        replaced(BLOCK, PAYLOAD + b": sha256:" + ONETWO + b"\r\n" + BLOCK),
        ["FORMAT_FAILURE"],
    ),
    "a sha1 block digest": (RESPONSE, sha1(BLOCK), ["FORMAT_FAILURE"]),
    "a sha1 payload digest": (RESPONSE, sha1(PAYLOAD), ["FORMAT_FAILURE"]),
    "a digest in upper case": (RESPONSE, upper, ["HASH_FAILURE"]),
    "a payload digest on a chunked response": (
        CHUNKED,
        replaced(BLOCK, PAYLOAD + b": sha256:" + ONETWO + b"\r\n" + BLOCK),
        ["FORMAT_FAILURE"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FINDINGS)
def test_a_wrong_digest_is_a_finding_on_its_record(name: str) -> None:
    number, change, codes = FINDINGS[name]
    found = scan(changed(number, change))
    assert [code for code, _ in found[number].findings] == codes
    assert all(record.findings == () for at, record in enumerate(found) if at != number)


# Any bytes


def facts(records: list[Record]) -> list[tuple[object, ...]]:
    return [
        (record.header, record.record_digest, record.block_digest, record.payload_digest)
        for record in records
    ]


def outcome(data: bytes) -> str:
    try:
        found = scan(data)
    except (FormatError, LimitError):
        return "refused"
    if any(record.findings for record in found):
        return "finding"
    return "same" if facts(found) == facts(scan(small())) else "different"


def test_a_flip_of_any_byte_is_seen() -> None:
    data = bytearray(small())
    for at in range(len(data)):
        bit = (0x01, 0x20, 0x80)[at % 3]
        data[at] ^= bit
        assert outcome(bytes(data)) != "same", at
        data[at] ^= bit


def test_truncation_at_any_length_is_refused_or_a_whole_number_of_records() -> None:
    ends = {record.offset + record.length for record in scan(small())} | {0}
    for length in range(len(small())):
        assert (outcome(small()[:length]) == "different") is (length in ends), length


@settings(max_examples=150)
@given(st.data())
def test_a_change_inside_any_record_raises_nothing_else_and_is_seen(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(records()) - 1))
    record = records()[number]
    at = data.draw(st.integers(0, len(record) - 1))
    cut = data.draw(st.integers(0, 3))
    new = data.draw(st.binary(max_size=4) | st.sampled_from([b"\r\n", b"\n", b"\r\n\r\n", b" ", b"\0"]))
    made = record[:at] + new + record[at + cut :]
    assert made == record or outcome(changed(number, lambda _: made)) != "same"


@settings(max_examples=150)
@given(st.binary(max_size=400))
@example(b"WARC/1.1\r\n\r\n\r\n\r\n")
def test_any_bytes_are_refused(data: bytes) -> None:
    for stored in (data, packed([data])):
        assert outcome(stored) == "refused" or not stored


# Limits


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        (ScanLimits(records=5), "more than 5 records"),
        (ScanLimits(unpacked=1000), "bytes of records"),
        (ScanLimits(kept=1000), "small blocks"),
        (ScanLimits(chunks=2), "chunks"),
        (ScanLimits(kept_block=100), "certificates"),
    ],
)
def test_limits_are_kept(limits: ScanLimits, match: str) -> None:
    with pytest.raises(LimitError, match=match) as caught:
        scan(small(), limits)
    assert caught.value.where.startswith("archive/data.warc.gz: record at offset")


def test_the_limits_grow_with_the_archive() -> None:
    small_one, large = ScanLimits.for_archive(0), ScanLimits.for_archive(1 << 30)
    assert small_one == ScanLimits()
    assert (large.unpacked, large.kept) == ((1 << 30) + (50 << 30), (64 << 20) + (8 << 30))
    assert large.chunks == 1_000_000 + (1 << 25)


def test_chunks_are_counted_over_all_bodies() -> None:
    data = warc(*(exchange(chunked(b"a", b"b")) for _ in range(5)))
    assert (
        len(scan(data, ScanLimits(chunks=15))) == 17
    )  # the last chunk of each body, of no bytes, counts too
    with pytest.raises(LimitError, match="chunks"):
        scan(data, ScanLimits(chunks=14))


def test_a_field_of_a_head_weighs_more_than_its_bytes() -> None:
    data = warc(exchange(b"HTTP/1.1 200 OK\r\n" + b"a:b\n" * 4_000 + b"\n"))
    assert scan(data, ScanLimits(kept=1_000_000))
    with pytest.raises(LimitError, match="small blocks"):
        scan(data, ScanLimits(kept=800_000))


def test_a_header_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(FormatError, match="WARC header"):
        scan(packed([b"WARC/1.1\r\n" + b"A" * (64 << 20)]))


def test_an_http_head_without_an_end_is_no_head() -> None:
    record = scan(warc(exchange(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 400_000, truncated="length")))[1]
    assert (record.http, record.framed, record.findings) == (None, False, ())
    assert record.payload_digest == record.block_digest


def test_an_http_head_with_a_long_reason_or_endless_folding_takes_no_time() -> None:
    scan(warc(exchange(b"HTTP/1.1 200 x" + b" " * 900_000 + b"y\r\n\r\n")))
    scan(warc(exchange(b"HTTP/1.1 200 OK\r\nA: b\r\n" + b" x\r\n" * 200_000 + b"\r\n")))


@contextmanager
def peak_below(limit: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit


@pytest.mark.parametrize("kind", [b"text/plain", b"image/png"])
@pytest.mark.parametrize("framing", [b"Content-Length: %d" % (48 << 20), b"Transfer-Encoding: chunked"])
def test_a_large_record_takes_little_memory(kind: bytes, framing: bytes) -> None:
    piece = random.Random(1).randbytes(1 << 20)
    in_chunks = framing.startswith(b"Transfer")
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as spool:
        spool.write(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n\r\n" % (kind, framing))
        for _ in range(48):
            spool.write(b"100000\r\n%s\r\n" % piece if in_chunks else piece)
        if in_chunks:
            spool.write(b"0\r\n\r\n")
        one = exchange(response_size=spool.tell())
        with peak_below(12 << 20):
            WarcWriter(file, software="archiver 0").exchange(replace(one, response=spool))
            file.flush()
            record, *_ = Scan(Window(file), "data.warc.gz")
    assert (record.payload_size, record.framed, record.findings) == (48 << 20, True, ())


def test_a_bomb_takes_little_memory() -> None:
    header = records()[0].partition(b"\r\n\r\n")[0]
    bomb = gzip.compress(header + b"\r\n\r\n" + bytes(80 << 20), 1, mtime=0)
    with peak_below(12 << 20), pytest.raises(FormatError, match="more than one record"):
        scan(bomb)


def test_a_small_scan_starts_no_thread() -> None:
    before = set(threading.enumerate())
    with window(small()) as opened:
        for _ in Scan(opened, "data.warc.gz"):
            assert set(threading.enumerate()) <= before
