"""A capture: exchanges put together again, found by URL, their bodies read in each form."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import brotli
import pytest
from msgspec.structs import replace

from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.warc.capture import OURS, Capture
from archiver.warc.exchange import Exchange
from tests.small import stated
from tests.warc.made import (
    NOON,
    TLS,
    URL,
    answer,
    capture,
    chunked,
    exchange,
    ids,
    members,
    packed,
    warc,
    window,
)

HTML = b"<p>" + b"words " * 100_000


def test_a_body_is_read_raw_unchunked_and_decoded() -> None:
    coded = gzip.compress(HTML)
    response = chunked(
        coded[:100], coded[100:], fields=[b"Content-Encoding: gzip", b"Content-Type: Text/HTML;x"]
    )
    with capture(warc(exchange(response))) as found:
        (one,) = found.exchanges()
        assert b"".join(one.raw()) == response
        assert b"".join(one.entity()) == coded
        assert b"".join(one.decoded(len(HTML))) == HTML
        assert one.head == response.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        assert (one.url, one.method, one.status, one.mime, one.ip) == (
            URL,
            "GET",
            200,
            "text/html",
            "203.0.113.7",
        )
        with pytest.raises(LimitError):
            list(one.decoded(len(HTML) - 1))


def test_stacked_codings_are_undone() -> None:
    body = brotli.compress(gzip.compress(HTML))
    with capture(warc(exchange(answer(body, b"Content-Encoding: gzip, br")))) as found:
        assert b"".join(found.exchanges()[0].decoded(1 << 20)) == HTML


def test_a_body_whose_framing_is_broken_is_read_as_it_stands() -> None:
    response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"
    with capture(warc(exchange(response))) as found:
        (one,) = found.exchanges()
        assert b"".join(one.entity()) == b"5\r\nhel"
        assert Digest.of(b"".join(one.entity())) == one.record.payload_digest


@pytest.mark.parametrize(
    "response", [answer(), chunked(b"a", b"b" * 3_000_000), answer(b"x" * 3_000_000), answer(b"")]
)
def test_what_entity_gives_has_the_payload_digest(response: bytes) -> None:
    with capture(warc(exchange(response))) as found:
        (one,) = found.exchanges()
        body = b"".join(one.entity())
        assert (Digest.of(body), len(body)) == (one.record.payload_digest, one.record.payload_size)


def test_a_large_head_comes_back_whole() -> None:
    fields = [b"X-%d: %s" % (number, b"y" * 100) for number in range(5_000)]
    with capture(warc(exchange(answer(b"hello", *fields)))) as found:
        (one,) = found.exchanges()
        assert one.head + b"hello" == b"".join(one.raw())


def test_exchanges_have_their_request_and_facts() -> None:
    one = exchange(via="https://news.example/", hops="E", tls=TLS)
    with capture(warc(exchange(b""), exchange(b"no HTTP"), one)) as found:
        (stored,) = found.exchanges()
        assert stored.record.id == one.record_id
        assert stored.request is not None
        assert b"".join(found.block(stored.request)) == one.request
        assert (stored.facts.via, stored.facts.hops, stored.facts.fetch_time_ms) == (
            "https://news.example/",
            "E",
            12,
        )


def found_by(*exchanges: Exchange, url: str = URL) -> str | None:
    with capture(warc(*exchanges)) as found:
        one = found.find(url)
        return one.record.id if one else None


def test_a_url_is_found_by_its_last_answer_a_200_before_others() -> None:
    later, latest = NOON + timedelta(seconds=1), NOON + timedelta(seconds=2)
    good, again = exchange(answer(b"1")), exchange(answer(b"2"), started=later)
    gone = exchange(answer(b"3", status=b"404 Not Found"), started=latest)
    failed = exchange(answer(b"4", status=b"503 Busy"), superseded_by=good.record_id, started=latest)
    posted = exchange(answer(b"5"), method="POST", request=b"POST / HTTP/1.1\r\n\r\n", started=latest)
    assert found_by(good, again) == again.record_id
    assert found_by(again, good) == again.record_id
    assert found_by(good, gone) == good.record_id
    assert found_by(gone) == gone.record_id
    assert found_by(failed, good) == good.record_id
    assert found_by(good, posted) == good.record_id
    assert found_by(posted) is None
    assert found_by(good, url=URL + "#part") == good.record_id
    assert found_by(good, url=URL + "2") is None


def test_sizes_and_digests_of_each_archive_and_records_in_name_order() -> None:
    first, second = warc(exchange()), warc(exchange(), start=100)
    with window(first) as one, window(second) as two:
        found = Capture({OURS: two, "a.warc.gz": one})
        assert found.sizes == {"a.warc.gz": len(first), OURS: len(second)}
        assert found.digests == {"a.warc.gz": Digest.of(first), OURS: Digest.of(second)}
        assert [record.archive for record in found.records] == ["a.warc.gz"] * 5 + [OURS] * 5
        assert [one.record.archive for one in found.exchanges()] == ["a.warc.gz", OURS]
        assert found.records is found.records


def test_a_warc_file_is_opened_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "some.warc.gz"
    path.write_bytes(warc(exchange()))
    with Capture.open(path) as found:
        assert len(found.exchanges()) == 1
        assert found.window(OURS).size == path.stat().st_size


def test_the_stated_record_is_the_last_of_ours() -> None:
    value = stated()
    with capture(warc(exchange(), stated=value.to_json())) as found:
        assert found.stated() == value
    with capture(warc(exchange(), stated=None)) as found:
        assert found.stated() is None
    with capture(b"") as found:
        assert found.stated() is None
    records = members(warc(exchange(), stated=value.to_json()))
    with (
        capture(packed([records[0], records[-1], *records[1:-1]])) as found,
        pytest.raises(FormatError, match="after the stated record"),
    ):
        found.stated()
    other = replace(value, requested="https://other.example/")
    with (
        window(warc(stated=value.to_json())) as ours,
        window(warc(stated=other.to_json(), start=100)) as theirs,
    ):
        assert Capture({OURS: ours, "a.warc.gz": theirs, "z.warc.gz": theirs}).stated() == value
        assert Capture({"a.warc.gz": theirs}).stated() is None
    with (
        capture(warc(exchange(), stated=b"{}")) as found,
        pytest.raises(FormatError, match="record at offset"),
    ):
        found.stated()


GOOD, BUSY, PART = answer(), answer(status=b"503 Busy"), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"
CUT = b"HTTP/1.1 200 OK\r\nContent-Ty"


@pytest.mark.parametrize(
    ("attempts", "best"),
    [
        ([GOOD, GOOD], 1),
        ([BUSY, GOOD], 1),
        ([b"", GOOD], 1),
        ([PART, CUT], 1),
        ([CUT, PART, BUSY], 2),
        ([BUSY, PART], 0),
        ([BUSY, b"", PART], 0),
        ([GOOD, BUSY], 0),
    ],
)
def test_the_latest_of_the_best_attempts_takes_the_place_of_all_others(
    attempts: list[bytes], best: int
) -> None:
    """As the recorder judges them."""
    new_id = ids()
    names = [new_id() for _ in attempts]
    made = [
        exchange(
            data,
            record_id=name,
            superseded_by=None if number == best else names[best],
            truncated="disconnect" if data in (PART, CUT) else None,
        )
        for number, (name, data) in enumerate(zip(names, attempts, strict=True))
    ]
    with capture(warc(*made)) as found:
        assert [one.record.id for one in found.exchanges() if one.facts.superseded_by is None] in (
            [names[best]],
            [],  # where not even a head came whole
        )


@pytest.mark.parametrize(
    ("exchanges", "by", "match"),
    [
        ([{}], 0, "itself superseded"),
        ([{}], None, "no answer of its URL"),
        ([{}, {"url": URL + "2"}], 1, "no answer of its URL"),
        ([{}, {"response": b""}], 1, "no answer of its URL"),
        ([{}, {"request": b"POST /article?id=1 HTTP/1.1\r\n\r\n"}], 1, "another method"),
        ([{}, {"response": BUSY}], 1, "worse or no later"),
        ([{}, {"response": PART, "truncated": "time"}], 1, "worse or no later"),
        ([{}, {"superseded_by": 2}, {}], 1, "itself superseded"),
        ([{}, {"superseded_by": 0}], 1, "itself superseded"),
    ],
)
def test_nothing_is_superseded_by_what_is_not_shown_in_its_place(
    exchanges: list[dict[str, Any]], by: int | None, match: str
) -> None:
    new_id = ids()
    names = [new_id() for _ in exchanges]
    made = []
    for name, more in zip(names, exchanges, strict=True):
        named = more.get("superseded_by", by if name == names[0] else -1)
        superseded_by = new_id() if named is None else names[named] if named >= 0 else None
        made.append(exchange(**{"response": GOOD, **more, "record_id": name, "superseded_by": superseded_by}))
    with capture(warc(*made)) as found, pytest.raises(FormatError, match=match) as caught:
        found.exchanges()
    assert "record at offset" in caught.value.where


def test_an_earlier_answer_that_is_as_good_takes_nobodys_place() -> None:
    new_id = ids()
    first, second = new_id(), new_id()
    made = exchange(record_id=first), exchange(record_id=second, superseded_by=first)
    with capture(warc(*made)) as found, pytest.raises(FormatError, match="worse or no later"):
        found.exchanges()


def test_facts_and_stated_records_are_not_read_beyond_their_limits() -> None:
    flood = tuple(b"HTTP/1.1 103 Early Hints\r\nX: %s\r\n\r\n" % (b"x" * 3_000) for _ in range(600))
    with capture(warc(exchange(interim=flood))) as found, pytest.raises(LimitError, match="too large"):
        found.exchanges()
    with capture(warc(exchange(interim=flood[:300]))) as found:
        assert found.exchanges()[0].facts.interim == flood[:300]
    with capture(warc(stated=b" " * ((64 << 20) + 1))) as found, pytest.raises(LimitError, match="stated"):
        found.stated()


def edited(change: Callable[[list[bytes]], object]) -> bytes:
    """The WARC of a retried exchange, its records (two of each kind) changed."""
    new_id = ids()
    first, second = new_id(), new_id()
    records = members(
        warc(
            exchange(answer(status=b"503 Busy"), record_id=first, superseded_by=second, tls=TLS),
            exchange(record_id=second, tls=TLS),
        )
    )
    change(records)
    return packed(records)


def fixed(record: bytes, old: bytes, new: bytes) -> bytes:
    """The record with *old* replaced in its block; lengths and digests are wrong then, and still read."""
    assert old in record
    assert len(old) == len(new)
    return record.replace(old, new)


UNKNOWN = b"urn:uuid:00000000-0000-4000-8000-0000000000ff"
FIRST, SECOND = (b"urn:uuid:00000000-0000-4000-8000-00000000000%d" % number for number in (1, 2))


def rewrite(number: int, old: bytes, new: bytes) -> Callable[[list[bytes]], object]:
    def change(records: list[bytes]) -> None:
        records[number] = fixed(records[number], old, new)

    return change


@pytest.mark.parametrize(
    "change",
    [
        rewrite(3, FIRST, UNKNOWN),
        rewrite(3, FIRST, SECOND),
        rewrite(4, b"WARC-Concurrent-To: <" + FIRST, b"WARC-Concurrent-To: <" + UNKNOWN),
        rewrite(4, b"WARC-Concurrent-To: <" + FIRST, b"WARC-Concurrent-To: <" + SECOND),
        rewrite(3, b"https://news.example/article?id=1", b"https://news.example/article?id=2"),
        rewrite(4, b"https://news.example/article?id=1", b"https://news.example/article?id=2"),
        rewrite(4, b"supersededBy: <" + SECOND, b"supersededBy: <" + UNKNOWN),
        rewrite(4, b"tlsCertificateChain: <", b"tlsCertificatechain: <"),
        rewrite(4, b"fetchTimeMs: 12", b"fetchTimeMs: 0x"),
        lambda records: records.pop(1),
        lambda records: records.pop(5),
    ],
)
def test_records_that_contradict_each_other_are_refused_with_their_place(
    change: Callable[[list[bytes]], object],
) -> None:
    with capture(edited(lambda _: None)) as found:
        assert [one.status for one in found.exchanges()] == [503, 200]
    with capture(edited(change)) as found:
        assert found.records
        with pytest.raises(FormatError, match="record at offset"):
            found.exchanges()
