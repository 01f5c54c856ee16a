"""WARCs that we write: what others read out of them is what went in."""

from __future__ import annotations

import base64
import hashlib
import io
import random
import subprocess
import sys
import threading
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from archiver.errors import FormatError
from archiver.warc.coding import content_codings
from archiver.warc.exchange import Exchange, TlsSession
from archiver.warc.facts import Facts
from archiver.warc.writer import WarcWriter
from tests.warc.made import NOON, TLS, URL, answer, capture, chunked, exchange, ids, members, scan, warc

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
CHUNKED = chunked(b"one ", b"two", fields=[b"Content-Type: text/plain"], trailer=b"X-T: 1\r\n")
ODD = (
    b"http/1.1  200\r\ncOnTeNt-tYpE :text/html\nX: 1\r\nX: 2\r\nno colon here\r\n : nameless\r\n"
    b"Folded: a\r\n\tb\r\nX-\xff: \xe9\r\n"
    + b"".join(b"H%d: %d\r\n" % (n, n) for n in range(150))
    + b"\r\nbody"
)
NO_HTTP = {"a response that does not begin with an HTTP head"}
RESPONSES = {
    "plain": answer(b"hello", b"Content-Type: text/html"),
    "empty": answer(b""),
    "chunked": CHUNKED,
    "odd head": ODD,
    "a line of spaces in the head": b"HTTP/1.1 200 OK\r\nA: b\r\n \r\nC: d\r\n\r\nbody",
    "lone carriage returns": b"HTTP/1.1 200 OK\r\nA: b\r\r\n\r\nbody\r\n\r\n",
    "old": b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    "only a head that does not end": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "broken chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "longer than it says": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nlonger",
    "dense": answer(random.Random(1).randbytes(200_000), b"Content-Type: image/png"),
    "large": answer(random.Random(2).randbytes(50) * 60_000, b"Content-Type: text/plain"),
    "large, dense": answer(random.Random(3).randbytes(3_000_000), b"Content-Type: video/mp4"),
    "large, chunked": chunked(*[random.Random(4).randbytes(70_000)] * 30),
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One WARC with every kind of exchange."""
    new_id = ids()
    exchanges = [
        exchange(
            data,
            f"https://news.example/{number}",
            record_id=new_id(),
            tls=TLS,
            truncated="disconnect" if name == "only a head that does not end" else None,
        )
        for number, (name, data) in enumerate(RESPONSES.items())
    ]
    again = new_id()
    exchanges += [
        exchange(b"", record_id=new_id(), address=None, superseded_by=again),
        exchange(
            CHUNKED,
            record_id=again,
            interim=(HINTS, HINTS),
            truncated="time",
            via="https://news.example/",
            hops="RE",
        ),
        exchange(
            answer(b"[]", b"Content-Type: application/json"),
            "https://news.example/api",
            record_id=new_id(),
            method="POST",
            request=b"POST /api HTTP/1.1\r\nHost: news.example\r\nContent-Length: 3\r\n\r\na=b",
        ),
    ]
    path = tmp_path_factory.mktemp("warc") / "data.warc.gz"
    path.write_bytes(warc(*exchanges))
    return path


def headers(record: bytes) -> list[tuple[str, str]]:
    lines = record.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")[1:]
    return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]


def test_warcio_check_finds_nothing_wrong(everything: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", everything], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "digest pass" in done.stdout
    assert "no digest to check" not in done.stdout


def test_warcio_reads_the_same_blocks_and_payloads(everything: Path) -> None:
    with everything.open("rb") as file:
        blocks = [
            record.content_stream().read()
            for record in ArchiveIterator(file, no_record_parse=True)
            if record.rec_type == "response"
        ]
    assert blocks[: len(RESPONSES)] == list(RESPONSES.values())
    payloads = {}
    with everything.open("rb") as file:
        for record in ArchiveIterator(file):
            if record.rec_type == "response":
                payloads[record.rec_headers.get_header("WARC-Record-ID")] = record.content_stream().read()
    with capture(everything.read_bytes()) as ours:
        agreed = [one for one in ours.exchanges() if one.record.findings == () and one.record.framed]
        for one in agreed:
            if one.record.header.payload_digest:
                assert payloads[f"<{one.record.id}>"] == b"".join(one.entity())
        assert len(agreed) > 8


def test_fastwarc_verifies_every_block_digest(everything: Path) -> None:
    count = 0
    with everything.open("rb") as file:
        for record in FastIterator(file, parse_http=False):
            assert record.verify_block_digest(consume=False), record.record_id
            count += 1
    assert count == len(scan(everything.read_bytes()))


def test_our_own_scan_finds_nothing_wrong(everything: Path) -> None:
    records = scan(everything.read_bytes())
    assert [record.findings for record in records if record.findings] == []
    assert records[0].type == "warcinfo"
    assert records[-1].type == "metadata"


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_comes_back_byte_for_byte(name: str) -> None:
    data = RESPONSES[name]
    with capture(warc(exchange(data))) as found:
        record = next(record for record in found.records if record.type == "response")
        assert b"".join(found.block(record)) == data
        assert record.block_digest.hex == hashlib.sha256(data).hexdigest()


@given(st.binary(min_size=1, max_size=400), st.binary(max_size=100), st.sampled_from([None, "length"]))
@settings(max_examples=100)
def test_any_bytes_from_a_server_are_kept_and_read_again(
    response: bytes, request: bytes, truncated: str | None
) -> None:
    asked = b"GET / HTTP/1.1\r\nX: " + base64.b64encode(request) + b"\r\n\r\n"
    for data in (response, b"HTTP/1.1 200 OK\r\n" + response):
        stored = warc(exchange(data, request=asked, truncated=truncated))
        with capture(stored) as found:
            _, one, sent, *_ = found.records
            assert sent.findings == ()
            assert {message for _, message in one.findings} <= NO_HTTP
            assert not one.findings or one.http is None
            assert b"".join(found.block(one)) == data
            assert b"".join(found.block(sent)) == asked
            for stored_exchange in found.exchanges():
                b"".join(stored_exchange.entity())


def test_the_records_of_an_exchange_are_linked_and_in_order() -> None:
    first, second = exchange(tls=TLS, record_id=ids()()), exchange(tls=TLS)
    records = scan(warc(first, second))
    assert [record.type for record in records] == [
        *("warcinfo", "resource", "response", "request", "metadata"),
        *("response", "request", "metadata", "metadata"),
    ]
    response, request, metadata = records[2:5]
    assert response.id == request.header.concurrent_to == metadata.header.concurrent_to == first.record_id
    assert response.header.concurrent_to is None


def test_the_headers_say_what_is_known_of_the_connection() -> None:
    one = exchange(tls=TLS, truncated="disconnect", record_id=ids()())
    found = headers(members(warc(one))[2])
    body = hashlib.sha256(b"hello").hexdigest()
    block = hashlib.sha256(answer()).hexdigest()
    assert found == [
        ("WARC-Type", "response"),
        ("WARC-Record-ID", "<urn:uuid:00000000-0000-4000-8000-000000000001>"),
        ("WARC-Date", "2026-11-23T12:00:00.250000Z"),
        ("WARC-Target-URI", URL),
        ("WARC-IP-Address", "203.0.113.7"),
        ("WARC-Protocol", "http/1.1"),
        ("WARC-Protocol", "tls/1.3"),
        ("WARC-Cipher-Suite", "TLS_AES_128_GCM_SHA256"),
        ("WARC-Truncated", "disconnect"),
        ("WARC-Payload-Digest", f"sha256:{body}"),
        ("WARC-Block-Digest", f"sha256:{block}"),
        ("Content-Type", "application/http;msgtype=response"),
        ("Content-Length", str(len(answer()))),
    ]


@pytest.mark.parametrize(
    ("more", "name", "values"),
    [
        ({"address": None}, "WARC-IP-Address", []),
        ({"address": "2001:db8::1"}, "WARC-IP-Address", ["2001:db8::1"]),
        ({"response": RESPONSES["old"]}, "WARC-Protocol", ["http/1.0"]),
        (
            {"tls": TlsSession(version="TLSv1", cipher="X", chain=())},
            "WARC-Protocol",
            ["http/1.1", "tls/1.0"],
        ),
        (
            {"started": NOON.astimezone(timezone(timedelta(hours=2)))},
            "WARC-Date",
            ["2026-11-23T12:00:00.250000Z"],
        ),
        ({"started": NOON.replace(microsecond=0)}, "WARC-Date", ["2026-11-23T12:00:00.000000Z"]),
        ({"response": CHUNKED}, "WARC-Payload-Digest", []),
        ({"response": RESPONSES["a line of spaces in the head"]}, "WARC-Payload-Digest", []),
    ],
)
def test_a_header_stands_where_it_is_true(more: dict[str, Any], name: str, values: list[str]) -> None:
    data = more.pop("response", answer())
    one = next(
        record for record in members(warc(exchange(data, **more))) if b"type: response" in record.lower()
    )
    assert [value for known, value in headers(one) if known == name] == values


def test_where_nothing_came_back_there_is_a_request_with_the_exchanges_id() -> None:
    one = exchange(b"")
    _, request, metadata, _ = scan(warc(one))
    assert (request.type, request.id, request.header.concurrent_to) == ("request", one.record_id, None)
    assert (metadata.type, metadata.header.concurrent_to) == ("metadata", one.record_id)


def test_a_certificate_chain_is_written_once_and_named_by_each_exchange() -> None:
    other = TlsSession(version="TLSv1.2", cipher="X", chain=TLS.chain[:1])
    with capture(warc(exchange(tls=TLS), exchange(tls=other), exchange(tls=TLS))) as found:
        chains = [record for record in found.records if record.type == "resource"]
        assert [record.url for record in chains] == [
            f"urn:sha256:{hashlib.sha256(TLS.chain[0]).hexdigest()}"
        ] * 2
        one, two, three = found.exchanges()
        assert (one.facts.tls_chain_id, two.facts.tls_chain_id) == (chains[0].id, chains[1].id)
        assert one.facts.tls_chain_id == three.facts.tls_chain_id
        assert (one.facts.tls_version, two.facts.tls_version) == ("TLSv1.3", "TLSv1.2")
        pem = b"".join(found.block(chains[0])).decode("ascii")
    parts = pem.split("-----END CERTIFICATE-----\n")
    decoded = [base64.b64decode(part.removeprefix("-----BEGIN CERTIFICATE-----\n")) for part in parts[:-1]]
    assert tuple(decoded) == TLS.chain
    assert max(map(len, pem.splitlines())) == 64


def test_an_exchanges_facts_come_back() -> None:
    later = exchange()
    one = exchange(
        interim=(HINTS, b"\xff\0"), via="https://news.example/", hops="RE", superseded_by=later.record_id
    )
    with capture(warc(one, later)) as found:
        assert found.exchanges()[0].facts == Facts(
            fetch_time_ms=12,
            via="https://news.example/",
            hops="RE",
            interim=(HINTS, b"\xff\0"),
            superseded_by=later.record_id,
        )


@pytest.mark.parametrize(
    "more",
    [
        {"url": "https://news.example/\r\nWARC-Truncated: time"},
        {"url": "https://news.example/\nX: y"},
        {"url": "https://news.example/ space"},
        {"url": "https://news.example/<b>"},
        {"url": "https://news.example/é"},
        {"url": ""},
        {"url": "https://news.example/" + "x" * (1 << 20)},
        {"via": "https://news.example/\r\nsupersededBy: <x>"},
        {"via": "https://news.example/é"},
        {"hops": "E\r\nvia: x"},
        {"address": "1.2.3.4\r\nX: y"},
        {"truncated": "boredom"},
        {"tls": TlsSession(version="TLSv1.3", cipher="A\r\nB: c", chain=())},
        {"tls": TlsSession(version="TLSv9", cipher="A", chain=())},
        {"record_id": "urn:uuid:1>\r\nX: <y"},
    ],
)
def test_a_value_that_would_break_its_line_is_refused_and_nothing_of_the_exchange_written(
    more: dict[str, Any],
) -> None:
    out = io.BytesIO()
    with pytest.raises(FormatError):
        WarcWriter(out, software="archiver 0").exchange(exchange(**more))
    assert out.getvalue() == b""


def test_warcinfo_names_the_software_and_the_standard() -> None:
    with capture(warc()) as found:
        block = found.records[0].block
    assert block is not None
    assert block.decode().splitlines() == [
        "software: archiver 0",
        "format: WARC File Format 1.1",
        "conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "isPartOf: tests",
    ]
    with pytest.raises(FormatError):
        WarcWriter(io.BytesIO(), software="a\r\nb: c").warcinfo({}, date=NOON)


def test_the_same_exchanges_give_the_same_bytes() -> None:
    new = [ids(), ids()]
    first, second = (
        warc(*(exchange(data, tls=TLS, record_id=new_id()) for data in RESPONSES.values())) for new_id in new
    )
    assert first == second


@pytest.mark.parametrize(
    ("fields", "dense"),
    [
        ([b"Content-Type: text/html"], False),
        ([b"Content-Type: image/svg+xml; charset=utf-8"], False),
        ([b"Content-Type: IMAGE/PNG"], True),
        ([b"Content-Type: font/woff2"], True),
        ([b"Content-Type: application/zip"], True),
        ([b"Content-Type: text/html", b"Content-Encoding: gzip"], True),
        ([b"Content-Type: text/html", b"Content-Encoding: identity"], False),
    ],
)
def test_what_is_compressed_already_is_stored(fields: list[bytes], dense: bool) -> None:
    body = b"word " * 50_000
    response = next(r for r in scan(warc(exchange(answer(body, *fields)))) if r.type == "response")
    assert (response.length > len(body)) is dense
    assert response.length < len(body) + 2_000


def test_exchanges_from_many_threads_stay_whole() -> None:
    out = io.BytesIO()
    writer = WarcWriter(out, software="archiver 0")
    writer.warcinfo({}, date=NOON)
    bodies = [random.Random(number).randbytes(number * 5_000) for number in range(64)]

    def work(mine: int) -> None:
        for number in range(mine, 64, 8):
            kind = b"Content-Type: image/png" if number % 3 else b"Content-Type: text/html"
            writer.exchange(exchange(answer(bodies[number], kind), f"https://news.example/{number}", tls=TLS))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with capture(out.getvalue()) as found:
        kinds = [record.type for record in found.records]
        assert kinds == ["warcinfo", "resource", *["response", "request", "metadata"] * 64]
        for one in found.exchanges():
            assert b"".join(one.entity()) == bodies[int(one.url.rpartition("/")[2])]
            assert content_codings(one.http) == ()


def test_a_spool_that_is_shorter_than_it_says_is_refused() -> None:
    short: Exchange = exchange(response_size=10_000)
    with pytest.raises(FormatError, match="early"):
        WarcWriter(io.BytesIO(), software="archiver 0").exchange(short)
