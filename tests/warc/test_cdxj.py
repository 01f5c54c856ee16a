"""The index: lines as players and py-wacz want them, and nothing that shadows the right answer."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.warc.cdxj import explain_difference, index_bytes
from archiver.warc.exchange import Exchange
from tests.warc.made import NOON, TLS, URL, answer, capture, chunked, exchange, scan, warc


def index(*exchanges: Exchange) -> list[str]:
    with capture(warc(*exchanges)) as found:
        data = index_bytes(found)
    assert not data or data.endswith(b"\n")
    return data.decode("ascii").splitlines()


def test_a_line_has_every_fact_in_order() -> None:
    one = exchange(
        answer(b"hello", b"Content-Type: Text/HTML ; charset=x"), url="https://WWW.News.example/A?b=C"
    )
    data = warc(one)
    record = scan(data)[1]
    stored = Digest.of(data[record.offset : record.offset + record.length])
    with capture(data) as found:
        assert index_bytes(found).decode() == (
            f'example,news)/a?b=c 20261123120000250 {{"url": "https://WWW.News.example/A?b=C", '
            f'"mime": "text/html", "status": "200", "digest": "{Digest.of(b"hello")}", '
            f'"length": "{record.length}", "offset": "{record.offset}", "filename": "data.warc.gz", '
            f'"recordDigest": "{stored}"}}\n'
        )


def test_lines_stand_in_bytewise_order() -> None:
    urls = ["https://b.example/", "https://a.example/%7Ez", "https://a.example/a!", "http://a.example/a"]
    lines = index(*(exchange(url=url) for url in urls))
    assert len(lines) == 4
    assert lines == sorted(lines)


def test_only_responses_that_count_have_a_line() -> None:
    good = exchange(chunked(b"x"), tls=TLS)
    failed = exchange(answer(status=b"503 Busy"), superseded_by=good.record_id)
    lines = index(
        failed, good, exchange(b"", url="https://news.example/2"), exchange(b"no HTTP", url="https://x.y/")
    )
    (line,) = lines
    assert json.loads(line.split(" ", 2)[2])["digest"] == str(Digest.of(b"x"))


@pytest.mark.parametrize(
    ("statuses", "left"), [([206], [206]), ([206, 200], [200]), ([200, 206], [200]), ([206, 404], [206, 404])]
)
def test_a_part_is_indexed_only_where_there_is_no_whole(statuses: list[int], left: list[int]) -> None:
    made = [
        exchange(answer(status=b"%d X" % status), started=NOON + timedelta(seconds=number))
        for number, status in enumerate(statuses)
    ]
    found = [int(json.loads(line.split(" ", 2)[2])["status"]) for line in index(*made)]
    assert found == left


@pytest.mark.parametrize("status", [b"000", b"020", b"999"])
def test_a_status_has_its_three_digits(status: bytes) -> None:
    (line,) = index(exchange(answer(status=status + b" X")))
    assert json.loads(line.split(" ", 2)[2])["status"] == status.decode()


def test_a_superseded_200_does_not_hide_a_206() -> None:
    part = exchange(answer(status=b"206 Part"))
    assert len(index(exchange(superseded_by=part.record_id, truncated="disconnect"), part)) == 1


@pytest.mark.parametrize(
    ("response", "mime"),
    [
        (answer(b"x"), "unk"),
        (answer(b"x", b"Content-Type:"), "unk"),
        (answer(b"x", b"Content-Type: ;charset=x"), "unk"),
        (answer(b"x", b"content-type: TEXT/css"), "text/css"),
        (answer(b"x", b'Content-Type: a"b\\\xff'), 'a"b\\ÿ'),
        (answer(b"x", "Content-Type: \u212a/Ä\u00a0 ;x".encode()), "\u212a/Ä\u00a0"),
    ],
)
def test_the_type_is_as_sent_in_lower_case(response: bytes, mime: str) -> None:
    (line,) = index(exchange(response))
    assert json.loads(line.split(" ", 2)[2])["mime"] == mime


def posted(method: str, content_type: str, body: bytes) -> Exchange:
    head = f"{method} /article?id=1 HTTP/1.1\r\nHost: news.example\r\nContent-TYPE: {content_type}\r\n\r\n"
    return exchange(method=method, request=head.encode() + body)


@pytest.mark.parametrize(
    ("one", "key"),
    [
        (posted("POST", "application/x-www-form-urlencoded", b"a=b&c=d"), "__wb_method=post&a=b&c=d&id=1"),
        (posted("POST", "application/json", b'{"a": 1}'), "__wb_method=post&a=1&id=1"),
        (posted("OPTIONS", "text/plain", b""), "__wb_method=options&id=1"),
        (posted("HEAD", "text/plain", b""), "__wb_method=head&id=1"),
    ],
)
def test_other_methods_stand_under_a_key_of_their_own(one: Exchange, key: str) -> None:
    lines = index(one, exchange())
    assert [line.split(" ")[0] for line in lines] == sorted(
        ["example,news)/article?id=1", f"example,news)/article?{key}"]
    )
    assert all(json.loads(line.split(" ", 2)[2])["url"] == URL for line in lines)


def test_a_206_of_a_get_stands_beside_the_200_of_a_post() -> None:
    assert len(index(exchange(answer(status=b"206 Part")), posted("POST", "text/plain", b"x"))) == 2


def test_cdxj_indexer_gives_the_same_keys_times_and_places(tmp_path: Path) -> None:
    made = [
        exchange(answer(b"hello", b"Content-Type: text/html"), tls=TLS),
        exchange(answer(b"x"), url="http://www.News.example:8080/A%20b/?Z=1&a=2"),
        exchange(answer(status=b"301 Moved"), url="https://news.example/%7Euser/../x"),
        posted("POST", "application/x-www-form-urlencoded", b"a=b"),
    ]
    path = tmp_path / "data.warc.gz"
    path.write_bytes(warc(*made))
    program = Path(sys.executable).with_name("cdxj-indexer")
    done = subprocess.run(
        [program, "--sort", "--post-append", path], capture_output=True, check=True, text=True
    )
    ours = [line.split(" ", 2) for line in index(*made)]
    theirs = [line.split(" ", 2) for line in done.stdout.splitlines() if not line.startswith("urn:")]
    assert [(key, time[:14]) for key, time, _ in ours] == [(key, time) for key, time, _ in theirs]
    for (*_, mine), (*_, other) in zip(ours, theirs, strict=True):
        held, expected = json.loads(mine), json.loads(other)
        for name in ("url", "status", "length", "offset", "filename", "digest"):
            assert held[name] == expected[name]


def test_a_url_without_a_key_is_refused_with_its_place() -> None:
    with pytest.raises(FormatError, match="record at offset"):
        index(exchange(url="https://news.example:port/"))


def test_a_difference_is_named_by_its_first_line() -> None:
    expected = b"a 1 {}\nb 2 {}\n"
    assert explain_difference(expected, b"a 1 {}\nb 3 {}\n") == (
        "HASH_FAILURE",
        "line 2 is 'b 3 {}', the records give 'b 2 {}'",
    )
    assert "line 2 is missing: 'b 2 {}'" in explain_difference(expected, b"a 1 {}\n")[1]
    assert "line 3 is of no record: 'c\\\\xff'" in explain_difference(expected, expected + b"c\xff\n")[1]
    assert explain_difference(expected, expected[:-1])[0] == "HASH_FAILURE"
