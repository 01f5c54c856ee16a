"""WARCs of other tools: the same records as other readers find, each deviation named, nothing believed."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastwarc
import pytest
from fastwarc.warc import WarcRecordType
from hypothesis import example, given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.warc.capture import OURS, Capture
from archiver.warc.cdxj import index_bytes
from archiver.warc.imported import ImportedScan
from archiver.warc.importedheader import parse_date
from archiver.warc.scan import ScanLimits
from tests.fetch.rawserver import RawServer, say
from tests.programs import need
from tests.warc import made, theirs
from tests.warc.theirs import ANSWER, CHUNKED, CSS, DATE, GET, HTML, SHAPES, URL, record, record_id

PACKINGS: dict[str, Callable[[Any], bytes]] = {
    "plain": b"".join,
    "members": theirs.gzipped,
    "fields": lambda records: theirs.gzipped(records, extra=b"sl\x08\0" + b"x" * 8, name=b"a.warc"),
}


@contextmanager
def capture(data: bytes, **more: Any) -> Iterator[Capture]:
    with made.window(data) as opened:
        yield Capture({"theirs.warc": opened}, **more)


def as_warcio_finds(data: bytes) -> list[tuple[str, str | None, int, int]]:
    found = []
    iterator = ArchiveIterator(io.BytesIO(data), no_record_parse=True)
    for one in iterator:
        one.raw_stream.read()
        url = one.rec_headers.get_header("WARC-Target-URI")
        place = iterator.get_record_offset(), iterator.get_record_length()
        found.append((one.rec_type, url and url.strip("<>"), *place))
    return found


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_records_are_those_that_warcio_finds(shape: str, packing: str) -> None:
    data = PACKINGS[packing](SHAPES[shape]())
    found, _ = theirs.read(data)
    assert [(one.type, one.url, one.offset, one.length) for one in found] == as_warcio_finds(data)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_digest_is_the_one_of_the_bytes_there(shape: str, packing: str) -> None:
    records = SHAPES[shape]()
    data = PACKINGS[packing](records)
    with made.window(data) as opened:
        scan = ImportedScan(opened, "theirs.warc")
        found = list(scan)
        assert scan.digest() == Digest.of(data)
    assert not [finding for one in found for finding in one.findings]
    for one, whole in zip(found, records, strict=True):
        stands = whole.removesuffix(b"\r\n\r\n") if packing == "plain" else whole
        assert theirs.unpacked(data, one) == stands
        assert one.record_digest == Digest.of(data[one.offset : one.offset + one.length])
        block = whole.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n\r\n")
        assert (one.block_digest, one.block_size) == (Digest.of(block), len(block))


@pytest.mark.parametrize("shape", SHAPES)
def test_fastwarc_agrees_on_every_block_digest(shape: str) -> None:
    good = theirs.gzipped(SHAPES[shape]())
    wrong = theirs.gzipped(one.replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 200 KO") for one in SHAPES[shape]())
    for data in (good, wrong):
        there = [
            one.verify_block_digest() if "WARC-Block-Digest" in one.headers else None
            for one in fastwarc.ArchiveIterator(
                io.BytesIO(data), parse_http=False, record_types=WarcRecordType.any_type
            )
        ]
        ours = [
            None
            if one.header.block_digest is None
            else not any("WARC-Block-Digest" in message for _, message in one.findings)
            for one in theirs.read(data)[0]
        ]
        assert ours == there


NOTES: dict[str, dict[str, tuple[int, int]]] = {
    "wget": {"older-version": (4, 0), "url-in-brackets": (3, 1), "legacy-digest": (5, 0)},
    "heritrix": {
        "older-version": (5, 0),
        "no-block-digest": (5, 0),
        "legacy-digest": (1, 2),
        "response-without-web-url": (1, 1),
        "response-without-http-head": (1, 1),
    },
    "warcprox": {"older-version": (3, 0), "legacy-digest": (1, 1), "payload-digest-with-framing": (1, 1)},
    "browsertrix": {"no-block-digest": (1, 0)},
    "scoop": {"no-block-digest": (1, 0), "response-without-web-url": (1, 3)},
    "pywb": {"older-version": (2, 0), "legacy-digest": (1, 0)},
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_what_each_tool_does_otherwise_is_noted(shape: str) -> None:
    found, notes = theirs.read(b"".join(SHAPES[shape]()))
    places = [one.offset for one in found]
    expected = {code: (count, places[first]) for code, (count, first) in NOTES[shape].items()}
    assert notes == expected


def test_wget_itself(tmp_path: Path) -> None:
    wget = need("wget")
    with RawServer({"/a": say(ANSWER), "/b": say(CHUNKED)}) as server:
        for number, packed in enumerate((["--no-warc-compression"], [])):
            subprocess.run(
                [wget, "-q", *packed, f"--warc-file={tmp_path / str(number)}", "-O", "/dev/null",
                 server.url("/a"), server.url("/b")],
                check=True, timeout=30,
            )  # fmt: skip
    for path in (tmp_path / "0.warc", tmp_path / "1.warc.gz"):
        data = path.read_bytes()
        found, notes = theirs.read(data)
        assert [(one.type, one.url, one.offset, one.length) for one in found] == as_warcio_finds(data)
        assert not [finding for one in found for finding in one.findings]
        assert "url-in-brackets" in notes
        assert ("gzip-fields" in notes) == (path.suffix == ".gz")
        with capture(data) as opened:
            answers = {one.url.rpartition("/")[2]: one for one in opened.exchanges()}
            assert {name: b"".join(one.entity()) for name, one in answers.items()} == {"a": HTML, "b": CSS}
            assert all(one.request is not None for one in answers.values())


WARCINFO = record("warcinfo", b"x: y\r\n", fields={"WARC-Record-ID": record_id(9)})


def with_line(old: bytes, new: bytes) -> bytes:
    plain = record("response", ANSWER)
    assert old in plain
    return plain.replace(old, new, 1)


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (record("response", ANSWER, version="1.0"), "older-version"),
        (record("response", ANSWER, version="0.17"), "older-version"),
        (record("response", ANSWER, line_end=b"\n"), "lf-line-ends"),
        (with_line(b"WARC-Date: ", b"WARC-Date:\r\n\t "), "folded-line"),
        (
            record("response", ANSWER, more=["warc-truncated: time", "warc-truncated: length"]),
            "repeated-field",
        ),
        (record("response", ANSWER, more=["WARC-Type: response"]), "repeated-field"),
        (record("response", ANSWER, fields={"WARC-Target-URI": f"<{URL}>"}), "url-in-brackets"),
        (record("response", ANSWER, fields={"WARC-Record-ID": None}), "no-record-id"),
        (WARCINFO + WARCINFO, "repeated-record-id"),
        (record("response", ANSWER, fields={"WARC-Block-Digest": None}), "no-block-digest"),
        (record("strange", ANSWER), "unknown-type"),
        (record("Response", ANSWER), "unknown-type"),
        (record("response", ANSWER, end=b""), "record-end"),
        (record("response", ANSWER, end=b"\r\n"), "record-end"),
        (record("response", ANSWER, end=b"\n\n") + WARCINFO, "record-end"),
        (record("response", ANSWER, end=b"\r\n" * 5) + WARCINFO, "record-end"),
        (record("response", ANSWER, end=b"\r\n" * 100_000) + WARCINFO, "record-end"),
        (theirs.member(WARCINFO, comment=b"x" * 100_000), "gzip-fields"),
        (theirs.member(WARCINFO, flags=2), "gzip-fields"),
        (theirs.member(WARCINFO + WARCINFO.replace(b"009>", b"008>")), "several-records-in-a-member"),
        (record("response", ANSWER, fields={"WARC-Date": "yesterday"}), "response-without-date"),
        (record("response", ANSWER, fields={"WARC-Date": None}), "response-without-date"),
        (record("response", ANSWER, fields={"WARC-Target-URI": "/article"}), "response-without-web-url"),
        (
            record("response", ANSWER, fields={"WARC-Target-URI": "http://a:99999/"}),
            "response-without-web-url",
        ),
        (record("response", ANSWER, fields={"WARC-Target-URI": None}), "response-without-web-url"),
        (record("response", HTML), "response-without-http-head"),
        (record("response", ANSWER, fields={"Content-Type": "text/html"}), "response-without-http-head"),
        (record("response", ANSWER, fields={"WARC-Segment-Number": "1"}), "segmented"),
        (record("continuation", ANSWER), "segmented"),
        (record("resource", fields={"WARC-Block-Digest": "blake3:00"}), "digest-not-checked"),
        (record("resource", fields={"WARC-Block-Digest": "no digest"}), "digest-not-checked"),
        (record("response", HTML, fields={"WARC-Payload-Digest": "sha1:0"}), "digest-not-checked"),
        (
            record("response", ANSWER, fields={"WARC-Truncated": "time", "WARC-Payload-Digest": "sha1:0"}),
            "digest-not-checked",
        ),
        (record("resource", fields={"WARC-Block-Digest": theirs.base32("md5", b"")}), "legacy-digest"),
    ],
)
def test_a_deviation_is_noted(data: bytes, note: str) -> None:
    found, notes = theirs.read(data)
    assert note in notes
    assert not [finding for one in found for finding in one.findings]


@pytest.mark.parametrize("kind", ["strange", "Response", "\u0665"])
def test_a_type_that_is_not_known_is_called_so(kind: str) -> None:
    (only,), _ = theirs.read(record(kind, ANSWER))
    assert (only.type, only.http) == ("unknown", None)


@pytest.mark.parametrize("kind", ["response", "revisit"])
def test_a_part_of_an_answer_is_no_exchange(kind: str) -> None:
    (only,), _ = theirs.read(record(kind, ANSWER, fields={"WARC-Segment-Number": "1"}))
    assert only.http is None


def test_a_record_without_deviation_has_no_note() -> None:
    found, notes = theirs.read(record("response", ANSWER))
    assert notes == {}
    assert found[0].http is not None
    assert (found[0].payload_digest, found[0].payload_size, found[0].framed) == (
        Digest.of(HTML), len(HTML), True,
    )  # fmt: skip


WHOLE = theirs.gzipped((WARCINFO, record("response", ANSWER)))
LONG = record("resource", b"x" * 100)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no record"),
        (b"\r\n" + WARCINFO, "no WARC record begins here"),
        (b"%PDF-1.7\n\n", "no WARC record begins here"),
        (b"WARC/1.1", "no end of a WARC header"),
        (record("response", ANSWER, version="1.2"), "no WARC record begins here"),
        (record("response", ANSWER, version="1.1 "), "no WARC record begins here"),
        (record("response", ANSWER)[:-30], "ends 26 bytes before its Content-Length"),
        (LONG.replace(b"Length: 100", b"Length: 99"), "no WARC record begins here: 'x"),
        (LONG.replace(b"Length: 100", b"Length: 105"), "ends 1 bytes before"),
        (LONG.replace(b"Length: 100", b"Length: -100"), "no Content-Length"),
        (LONG.replace(b"Length: 100", "Length: \u0661".encode()), "no Content-Length"),
        (LONG.replace(b"Length: 100", b"Length: " + b"9" * 19), "no Content-Length"),
        (LONG.replace(b"Content-Length: 100\r\n", b""), "no Content-Length"),
        (record("resource", more=["Content-Length: 1"]), "two values of content-length"),
        (record("resource", more=["WARC-Type: response"]), "two values of warc-type"),
        (record("response", ANSWER, more=["WARC-Date: 2000-01-01T00:00:00Z"]), "two values of warc-date"),
        (
            record("response", ANSWER, more=["warc-target-uri: http://b.example/"]),
            "two values of warc-target-uri",
        ),
        (record("resource", fields={"WARC-Type": None}), "no WARC-Type"),
        (record("resource", more=["no field"]), "no field of a WARC header"),
        (record("resource", more=[": nameless"]), "no field of a WARC header"),
        (record("resource", more=["Spaced : x"]), "no field of a WARC header"),
        (record("resource", more=["A: b\rc"]), "no field of a WARC header"),
        (record("resource", more=["A: b\0c"]), "no field of a WARC header"),
        (record("resource", more=[" \t"]), "white space alone"),
        (b"WARC/1.1\r\n folded\r\n\r\n", "before its first field"),
        (record("resource", more=["A: " + "b" * (1 << 20)]), "no end of a WARC header"),
        (WARCINFO + record("resource", more=["A: " + "b" * (1 << 20)]), "no end of a WARC header"),
        (WHOLE[:-1], "ends early"),
        (WHOLE + b"\0", "not the beginning of a gzip member"),
        (WHOLE + b"junk", "not the beginning of a gzip member"),
        (WHOLE[:-8] + bytes(4) + WHOLE[-4:], "broken gzip member"),
        (WHOLE[:-4] + bytes(4), "broken gzip member"),
        (theirs.member(WARCINFO, flags=0x20), "not the beginning of a gzip member"),
        (theirs.member(WARCINFO) + theirs.member(b""), "no end of a WARC header"),
        (theirs.member(LONG[:150]) + theirs.member(LONG[150:]), "no end of a WARC header"),
        (theirs.member(LONG[:-50]) + theirs.member(LONG[-50:]), "before its Content-Length"),
        (theirs.gzipped([WARCINFO]) + LONG, "not the beginning of a gzip member"),
    ],
)
def test_what_is_no_sound_warc_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(FormatError, match=said) as raised:
        theirs.read(data)
    assert raised.value.where.startswith("archive/theirs.warc: record at offset ")


def test_the_place_that_is_named_is_that_of_the_record() -> None:
    for data in (WARCINFO + LONG[:-20], theirs.member(WARCINFO) + theirs.member(LONG[:-20])):
        with pytest.raises(FormatError) as raised:
            theirs.read(data)
        place = len(WARCINFO) if data.startswith(b"WARC") else len(theirs.member(WARCINFO))
        assert raised.value.where == f"archive/theirs.warc: record at offset {place}"


def digests(algorithm: str, data: bytes) -> list[str]:
    raw = hashlib.new(algorithm, data).digest()
    b32, b64 = base64.b32encode(raw).decode(), base64.b64encode(raw).decode()
    values = [raw.hex(), raw.hex().upper(), b32, b32.lower(), b32.rstrip("="), b64, b64.rstrip("=")]
    names = [algorithm, algorithm.upper(), algorithm.replace("sha", "sha-"), algorithm.replace("sha", "SHA_")]
    return [f"{name}:{value}" for name in names for value in values]


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha384", "sha512"])
def test_a_digest_counts_in_every_spelling_and_for_no_other_bytes(algorithm: str) -> None:
    for declared in digests(algorithm, ANSWER):
        found, notes = theirs.read(record("response", ANSWER, fields={"WARC-Block-Digest": declared}))
        assert found[0].findings == ()
        assert set(notes) == ({"legacy-digest"} if algorithm in ("md5", "sha1") else set())
        found, _ = theirs.read(record("response", ANSWER + b"!", fields={"WARC-Block-Digest": declared}))
        assert [code for code, _ in found[0].findings] == ["HASH_FAILURE"]
    found, _ = theirs.read(record("response", ANSWER, fields={"WARC-Block-Digest": f"{algorithm}:"}))
    assert [code for code, _ in found[0].findings] == ["HASH_FAILURE"]


BODY = CHUNKED.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("kind", "block", "of", "noted"),
    [
        ("response", ANSWER, HTML, None),
        ("response", ANSWER, ANSWER, "wrong"),
        ("response", CHUNKED, CSS, None),
        ("response", CHUNKED, BODY, "payload-digest-with-framing"),
        ("response", CHUNKED, CHUNKED, "wrong"),
        ("response", CHUNKED[:-1], BODY[:-1], None),  # broken framing is none
        ("response", CHUNKED[:-1], CSS, "wrong"),
        ("response", CHUNKED + b"x", BODY + b"x", None),
        ("response", CHUNKED + b"x", CSS, "wrong"),
        ("response", CHUNKED.replace(BODY, CSS), CSS, None),  # its head says chunked, and it is not
        ("request", GET + b"body", b"body", None),
        ("request", GET + b"body", GET, "wrong"),
        ("resource", ANSWER, ANSWER, None),
        ("metadata", b"a: b\r\n", b"a: b\r\n", None),
        ("revisit", ANSWER, b"anything", None),
    ],
)
def test_the_payload_digest_is_that_of_the_payload(
    kind: str, block: bytes, of: bytes, noted: str | None
) -> None:
    declared = theirs.hexadecimal("sha256", of)
    found, notes = theirs.read(record(kind, block, fields={"WARC-Payload-Digest": declared}))
    assert [code for code, _ in found[0].findings] == (["HASH_FAILURE"] if noted == "wrong" else [])
    assert set(notes) - {"odd-framing"} == ({noted} - {"wrong"} if noted else set())


@pytest.mark.parametrize(
    ("date", "digits"),
    [
        ("2024", "20240101000000000"),
        ("2024-05", "20240501000000000"),
        ("2024-05-06", "20240506000000000"),
        ("2024-05-06T07:08Z", "20240506070800000"),
        ("2024-05-06T07:08:09Z", "20240506070809000"),
        ("2024-05-06T07:08:09.1Z", "20240506070809100"),
        ("2024-05-06T07:08:09.123456789Z", "20240506070809123"),
    ],
)
def test_every_form_of_a_date_has_its_17_digits(date: str, digits: str) -> None:
    with capture(record("response", ANSWER, fields={"WARC-Date": date})) as found:
        assert index_bytes(found).startswith(b"example,news)/article %s {" % digits.encode())
        assert found.exchanges()[0].record.date == date


@pytest.mark.parametrize(
    "date",
    [
        "", "24", "2024-5-6", "2024-13", "2024-02-30", "2024-05-06T07:08:60Z", "2024-05-06T24:00:00Z",
        "2024-05-06T07:08:09", "2024-05-06T07:08:09+00:00", "2024-05-06T07:08:09.1234567890Z",
        "20240506070809", "2024-05-06 07:08:09Z", "0000", "2024-05-06T07:08:09Z ",
    ],
)  # fmt: skip
def test_no_other_text_is_a_date(date: str) -> None:
    assert parse_date(date) is None


def test_text_is_utf_8_or_else_latin_1() -> None:
    utf8 = record("response", ANSWER, fields={"WARC-Target-URI": "https://news.example/é"})
    latin = utf8.replace("é".encode(), "é".encode("latin-1"))
    assert theirs.read(utf8)[0][0].url == theirs.read(latin)[0][0].url == "https://news.example/é"


def test_only_the_first_record_of_a_member_can_be_addressed() -> None:
    other = record("response", CHUNKED, fields={"WARC-Record-ID": record_id(2), "WARC-Target-URI": URL + "2"})
    data = theirs.member(record("response", ANSWER) + other) + theirs.member(WARCINFO)
    with capture(data) as found:
        first, second, third = found.records
        assert (first.offset, first.length) == (second.offset, second.length)
        assert third.offset == first.length
        assert second.block_digest == Digest.of(CHUNKED)
        assert [one.url for one in found.exchanges()] == [URL]
        assert b"".join(found.exchanges()[0].entity()) == HTML


def related(*records: bytes) -> tuple[dict[str, bytes | None], set[str]]:
    """What each exchange was asked by, by its URL, and the notes."""
    with capture(b"".join(records)) as found:
        asked = {
            one.url: b"".join(found.block(one.request)) if one.request else None for one in found.exchanges()
        }
        return asked, set(found.notes["theirs.warc"])


def numbered(number: int, **more: str) -> dict[str, str | None]:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return {"WARC-Record-ID": record_id(number), **named}


def test_a_request_belongs_to_an_answer_that_either_of_them_names() -> None:
    alone = record("response", ANSWER, fields=numbered(1))
    asked = record("request", GET, fields=numbered(2))
    naming = record("request", GET, fields=numbered(2, WARC_Concurrent_To=record_id(1)))
    named = record("response", ANSWER, fields=numbered(1, WARC_Concurrent_To=record_id(2)))
    several = record("request", GET, fields=numbered(2), more=[
        f"WARC-Concurrent-To: {record_id(7)}", f"WARC-Concurrent-To: {record_id(1)}",
    ])  # fmt: skip
    for records in ((alone, naming), (naming, alone), (asked, named), (named, asked), (alone, several)):
        assert related(*records) == ({URL: GET}, set())
    assert related(alone, asked) == ({URL: None}, set())
    other = record(
        "request", GET, fields=numbered(2, WARC_Concurrent_To=record_id(1), WARC_Target_URI=URL + "2")
    )
    assert related(alone, other) == ({URL: None}, set())
    second = naming.replace(b"0002>", b"0003>")
    assert related(alone, naming, second) == ({URL: GET}, {"second-request"})


def test_what_was_posted_is_not_what_was_got() -> None:
    posted = GET.replace(b"GET", b"POST") + b"a=b"
    asked = record("request", posted, fields=numbered(2, WARC_Concurrent_To=record_id(1)))
    with capture(record("response", ANSWER, fields=numbered(1)) + asked) as found:
        assert found.find(URL) is None
        assert b"__wb_method=post" in index_bytes(found)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"\r\n\r\n", b"\r\n \r\nX: <h1>Shown</h1>\r\n\r\n"), "head-end-in-doubt"),
        ((b"\r\n\r\n", b"\r\n\x0b\xa0\nX: <h1>Shown</h1>\r\n\r\n"), "head-end-in-doubt"),
        ((b"5\r\n", b"0x5\r\n"), "odd-framing"),
        ((b"0\r\n\r\n", b"0\r\n\r\nmore"), "odd-framing"),
        ((b"0\r\n\r\n", b""), "odd-framing"),
        ((b"p{col", b"p{c"), "odd-framing"),
        ((b"p{col", b"p{co"), "odd-framing"),  # then one of its bytes is the CR behind it
        ((b"5\r\n", b"5;<h1>Shown</h1>\r\n"), "odd-framing"),
        ((b"5\r\n", b"5\n"), "odd-framing"),
        ((b"5\r\n", b" 5\r\n"), "odd-framing"),
        ((b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n"), "odd-framing"),
        ((b": chunked", b": Chunked"), "odd-framing"),
        ((b": chunked", b": gzip, chunked"), "odd-framing"),
        ((b": chunked", b": chunked\r\nTransfer-Encoding: chunked"), "odd-framing"),
        ((b": chunked", b": x"), "odd-framing"),
    ],
)
def test_what_readers_show_differently_is_noted(change: tuple[bytes, bytes], code: str) -> None:
    assert set(theirs.read(record("response", CHUNKED))[1]) == set()
    assert set(theirs.read(record("response", CHUNKED.replace(*change, 1)))[1]) == {code}
    assert set(theirs.read(record("revisit", CHUNKED.replace(*change, 1)))[1]) == {code} - {"odd-framing"}
    assert set(theirs.read(record("request", GET.replace(*change, 1)))[1]) == set()


def test_the_latest_answer_is_found_however_its_date_is_written() -> None:
    whole = record("response", ANSWER, fields=numbered(1))
    later = record("response", ANSWER, fields=numbered(2, WARC_Date="2024-05-06T07:08:09.5Z"))
    month = record("response", ANSWER, fields=numbered(3, WARC_Date="2024-05"))
    part = record("response", ANSWER, fields=numbered(4, WARC_Date="2025", WARC_Target_URI=URL + "#part"))
    for records, latest in (((later, whole), later), ((month, whole), whole), ((part, whole), part)):
        with capture(b"".join(records)) as found:
            got = found.find(URL)
            assert got is not None
            assert got.record.offset == b"".join(records).index(latest)


def test_several_answers_of_one_moment_are_noted() -> None:
    again = record("response", CHUNKED, fields=numbered(2))
    with capture(record("response", ANSWER) + again) as found:
        assert found.notes == {"theirs.warc": {"second-answer": (1, len(record("response", ANSWER)))}}


HEAD = ANSWER.removesuffix(HTML)
SUM = theirs.hexadecimal("sha256", HTML)
FIRST = record("response", ANSWER, fields=numbered(1, WARC_Payload_Digest=SUM))
LATER = "2024-05-07T00:00:00Z"


@pytest.mark.parametrize(
    ("fields", "there"),
    [
        ({"WARC-Refers-To": record_id(1)}, True),
        ({"WARC-Refers-To": record_id(1), "WARC-Payload-Digest": SUM}, True),
        ({"WARC-Refers-To": record_id(1), "WARC-Payload-Digest": theirs.base32("sha1", b"")}, True),
        ({"WARC-Refers-To-Target-URI": URL, "WARC-Refers-To-Date": DATE}, True),
        ({"WARC-Payload-Digest": SUM}, True),
        ({}, False),
        ({"WARC-Refers-To": record_id(2)}, False),  # itself
        ({"WARC-Refers-To": record_id(3)}, False),  # another revisit
        ({"WARC-Refers-To": record_id(9)}, False),
        ({"WARC-Refers-To-Target-URI": URL, "WARC-Refers-To-Date": LATER}, False),
        ({"WARC-Payload-Digest": theirs.hexadecimal("sha256", b"")}, False),
        ({"WARC-Refers-To": record_id(1), "WARC-Payload-Digest": theirs.hexadecimal("sha256", b"")}, False),
        ({"WARC-Refers-To": record_id(1), "WARC-Date": "2024-05-06T07:08:08Z"}, False),  # newer than itself
        ({"WARC-Refers-To": record_id(1), "WARC-Date": "2024-05-06T07:08:09.1Z"}, True),
    ],
)
def test_a_revisit_is_listed_where_its_record_is_there_and_never_content(
    fields: dict[str, str], there: bool
) -> None:
    plain = {"WARC-Date": LATER, "WARC-Profile": theirs.SAME, "WARC-Target-URI": URL + "2"}
    revisit = record("revisit", HEAD, fields=numbered(2) | plain | fields)
    lost = record("revisit", HEAD, fields=numbered(3) | plain)
    with capture(FIRST + revisit + lost) as found:
        assert [one.record.id for one in found.exchanges()] == [record_id(1).strip("<>")]
        lines = [line for line in index_bytes(found).splitlines() if b'"warc/revisit"' in line]
        assert len(lines) == there
        assert all(b'"digest": "%s"' % SUM.encode() in line for line in lines)
        assert found.notes["theirs.warc"]["revisit-without-its-record"][0] == 1 + (not there)


def test_a_revisit_stands_in_no_answers_way() -> None:
    missing = ANSWER.replace(b"200 OK", b"404 No")
    for block, lines in ((ANSWER, 0), (missing, 1)):
        answer = record("response", block, fields=numbered(1))
        revisit = record("revisit", HEAD, fields=numbered(2, WARC_Date=LATER, WARC_Refers_To=record_id(1)))
        with capture(answer + revisit) as found:
            assert index_bytes(found).count(b"warc/revisit") == lines
            assert found.notes == {"theirs.warc": {}}


def test_a_revisit_finds_its_record_in_another_archive() -> None:
    more = {"WARC_Date": LATER, "WARC_Refers_To": record_id(1), "WARC_Target_URI": URL + "2"}
    revisit = record("revisit", HEAD, fields=numbered(2, **more))
    with made.window(revisit) as one, made.window(FIRST) as two:
        found = Capture({"a.warc": one, "b.warc": two})
        assert index_bytes(found).count(b"warc/revisit") == 1
        assert found.notes == {"a.warc": {}, "b.warc": {}}


def test_nothing_that_we_say_is_believed_in_an_archive_of_another_name() -> None:
    data = made.warc(made.exchange(superseded_by=record_id(1).strip("<>"), via="https://a.example/"))
    with made.window(data) as opened:
        for name, imported in (("a.warc.gz", False), (OURS, True)):
            found = Capture({name: opened}, imported=imported)
            assert found.stated() is None
            assert found.own == ()
            (only,) = found.exchanges()
            assert (only.facts.via, only.facts.superseded_by) == (None, None)
            assert found.imports == (name,)


@pytest.mark.parametrize(
    ("limits", "data", "said"),
    [
        ({"records": 1}, WARCINFO + LONG, "more than 1 records"),
        ({"records": 1}, theirs.gzipped([WARCINFO, LONG]), "more than 1 records"),
        ({"unpacked": 100}, WARCINFO, "more than 100 bytes of records"),
        ({"unpacked": 100}, theirs.gzipped([WARCINFO]), "more than 100 bytes of records"),
        ({"chunks": 1}, record("response", CHUNKED), "too many chunks"),
        ({"kept": 1000}, WARCINFO, "bytes of headers"),
    ],
)
def test_a_limit_is_said_with_the_place(limits: dict[str, int], data: bytes, said: str) -> None:
    with pytest.raises(LimitError, match=said) as raised:
        theirs.read(data, ScanLimits(**limits))
    assert "record at offset " in raised.value.where


def test_a_large_record_takes_little_memory() -> None:
    body = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(64 << 20)
    for data in (record("response", body), theirs.gzipped([record("response", body)])):
        with made.window(data) as opened:
            scan = ImportedScan(opened, "theirs.warc")
            tracemalloc.start()
            assert len(list(scan)) == 1
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 8 << 20
            found = Capture({"theirs.warc": opened})
            assert sum(map(len, found.exchanges()[0].raw())) == len(body)


@pytest.mark.parametrize("filler", [b" a\r\n", b"a: \r\n", b"\x80: \r\n"])
def test_a_header_of_many_lines_takes_no_more_time_than_its_bytes(filler: bytes) -> None:
    data = WARCINFO.replace(b"\r\n\r\n", b"\r\nX: y\r\n" + filler * ((1 << 19) // len(filler)) + b"\r\n", 1)
    try:
        found, _ = theirs.read(data)
        assert len(found) == 1
    except FormatError:
        assert filler.startswith(b"\x80")


blocks = st.sampled_from([ANSWER, CHUNKED, GET, HTML, b"", b"\r\n\r\n", b"WARC/1.1\r\n\r\n"]) | st.binary(
    max_size=300
)
kinds = st.sampled_from(["warcinfo", "response", "request", "resource", "metadata", "revisit", "conversion"])


@given(st.lists(st.tuples(kinds, blocks), min_size=1, max_size=6), st.data())
def test_the_packing_changes_nothing_but_the_places(
    parts: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    records = [
        record(
            kind, block, fields=numbered(number + 1, WARC_Payload_Digest=theirs.hexadecimal("sha1", block))
        )
        for number, (kind, block) in enumerate(parts)
    ]
    plain, _ = theirs.read(b"".join(records))
    packed, _ = theirs.read(theirs.gzipped(records))
    facts = [
        (one.type, one.id, one.block_digest, one.payload_digest, one.findings, one.http) for one in plain
    ]
    assert facts == [
        (one.type, one.id, one.block_digest, one.payload_digest, one.findings, one.http) for one in packed
    ]
    cut = data.draw(st.integers(1, len(records)))
    joined, notes = theirs.read(theirs.gzipped([b"".join(records[:cut]), *records[cut:]]))
    assert [one.block_digest for one in joined] == [one.block_digest for one in plain]
    assert ("several-records-in-a-member" in notes) == (cut > 1)


def bytes_of(shape: str, packing: str) -> bytes:
    return PACKINGS[packing](SHAPES[shape]())


@contextmanager
def refused_in_its_place() -> Iterator[None]:
    """A block that may raise FormatError, with the place of a record, and nothing else."""
    places = []
    try:
        yield
    except FormatError as error:
        places.append(error.where)
    assert all(place.startswith("archive/theirs.warc: record at offset ") for place in places)


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(SHAPES)),
    st.sampled_from(["plain", "members"]),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=4)), min_size=1, max_size=4),
)
@example("wget", "plain", [(0, b"")])
def test_changed_bytes_raise_nothing_but_our_errors(
    shape: str, packing: str, changes: list[tuple[int, bytes]]
) -> None:
    records = list(SHAPES[shape]())
    for place, new in changes:  # in the records, so that the packing stays sound
        number = place % len(records)
        at = place // len(records) % len(records[number])
        records[number] = records[number][:at] + new + records[number][at + max(1, len(new)) :]
    data = PACKINGS[packing](records)
    with refused_in_its_place(), capture(data) as found:
        index_bytes(found)
        for exchange in found.exchanges():
            assert Digest.of(b"".join(exchange.entity())) == exchange.record.payload_digest
            assert Digest.of(b"".join(exchange.raw())) == exchange.record.block_digest


@given(st.sampled_from(sorted(SHAPES)), st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_changed_packed_bytes_raise_nothing_but_our_errors(shape: str, place: int, new: bytes) -> None:
    data = bytes_of(shape, "members")
    at = place % len(data)
    data = data[:at] + new + data[at + len(new) :]
    with refused_in_its_place():
        theirs.read(data)


def test_what_warcio_writes_is_read_as_it_was_written(tmp_path: Path) -> None:
    for version in ("1.0", "1.1"):
        for packed in (True, False):
            out = io.BytesIO()
            writer = WARCWriter(out, gzip=packed, warc_version=version)
            writer.write_record(writer.create_warcinfo_record("a.warc", {"software": "warcio"}))
            head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
            answer = writer.create_warc_record(URL, "response", payload=io.BytesIO(HTML), http_headers=head)
            asked = StatusAndHeaders(
                "GET /article HTTP/1.1", [("Host", "news.example")], is_http_request=True
            )
            request = writer.create_warc_record(URL, "request", http_headers=asked)
            writer.write_request_response_pair(request, answer)
            answer.raw_stream.close()
            request.raw_stream.close()
            data = out.getvalue()
            found, notes = theirs.read(data)
            assert [(one.type, one.url, one.offset, one.length) for one in found] == as_warcio_finds(data)
            assert not [finding for one in found for finding in one.findings]
            assert set(notes) <= {"older-version", "legacy-digest", "no-block-digest"}
            with capture(data) as opened:
                assert [b"".join(one.entity()) for one in opened.exchanges()] == [HTML]
                assert opened.exchanges()[0].request is not None
