"""What players show as garbage is asked for once more in plain, and said where it stays."""

from __future__ import annotations

import gzip
import time
import zlib
from pathlib import Path

import brotli
import pytest

from archiver.fetch.fetcher import Fetched
from archiver.fetch.hazard import hazard
from archiver.warc.capture import Capture
from archiver.warc.http1 import parse_head
from archiver.warc.writer import WarcWriter
from tests import small
from tests.fetch.conftest import Connect
from tests.fetch.rawserver import RawServer, Reply, Route, Then, say

BODY = b"<p>some words, some words</p>"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
ZIPPED = gzip.compress(BODY, mtime=0)
DEFLATE = "Content-Encoding: deflate"


def chunks(*sizes: int, line: bytes = b"%x\r\n", end: bytes = b"\r\n", last: bytes = b"0\r\n\r\n") -> bytes:
    at, out = 0, b""
    for size in (*sizes, len(BODY) - sum(sizes)):
        out += line % size + BODY[at : at + size] + end
        at += size
    return out + last


def coded(lines: str, data: bytes = b"not what it says") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{lines}\r\nContent-Length: {len(data)}\r\n\r\n".encode("latin-1") + data


HAZARDS: dict[str, tuple[bytes, str]] = {
    "extension": (CHUNKED + b"\r\n" + chunks(5, line=b"%x;name=value\r\n"), "chunk-extension"),
    "extension of the first": (
        CHUNKED + b"\r\n5;x\r\n<p>so\r\n18\r\n" + BODY[5:] + b"\r\n0\r\n\r\n", "chunk-extension"
    ),
    "extension of the last": (CHUNKED + b"\r\n" + chunks(last=b"0;x\r\n\r\n"), "chunk-extension"),
    "padding behind": (CHUNKED + b"\r\n" + chunks(5, line=b"%x  \r\n"), "chunk-padding"),
    "padding before": (CHUNKED + b"\r\n" + chunks(line=b" %x\r\n"), "chunk-padding"),
    "a tab": (CHUNKED + b"\r\n" + chunks(line=b"%x\t\r\n"), "chunk-padding"),
    "padding of the last": (CHUNKED + b"\r\n" + chunks(last=b"0 \r\n\r\n"), "chunk-padding"),
    "a bare line feed": (CHUNKED + b"\r\n" + chunks(5, line=b"%x\n"), "chunk-line-end"),
    "one behind the data": (CHUNKED + b"\r\n" + chunks(5, end=b"\n"), "chunk-line-end"),
    "one at the end": (CHUNKED + b"\r\n" + chunks(last=b"0\n\r\n"), "chunk-line-end"),
    "trailer": (CHUNKED + b"\r\n" + chunks(5, last=b"0\r\nX: a; b\r\n\r\n"), "chunk-trailer"),
    "Chunked": (CHUNKED.replace(b"chunked", b"Chunked") + b"\r\n" + chunks(), "transfer-encoding-case"),
    "CHUNKED": (CHUNKED.replace(b"chunked", b"CHUNKED") + b"\r\n" + chunks(), "transfer-encoding-case"),
    "identity, chunked": (
        CHUNKED.replace(b"chunked", b"identity, chunked") + b"\r\n" + chunks(), "transfer-encoding"
    ),
    "deflate": (coded(DEFLATE, zlib.compress(BODY)), "content-encoding-deflate"),
    "bare deflate": (coded(DEFLATE, zlib.compress(BODY)[2:-4]), "content-encoding-deflate"),
    "x-gzip": (coded("Content-Encoding: x-gzip", gzip.compress(BODY)), "content-encoding-x-gzip"),
    "X-GZIP": (coded("content-encoding:X-GZIP", gzip.compress(BODY)), "content-encoding-x-gzip"),
    "GZIP": (coded("Content-Encoding: GZIP", gzip.compress(BODY)), "content-encoding-case"),
    "Br": (coded("Content-Encoding: Br", brotli.compress(BODY)), "content-encoding-case"),
    "zstd": (coded("Content-Encoding: zstd"), "content-encoding-zstd"),
    "two": (
        coded("Content-Encoding: gzip, br", brotli.compress(gzip.compress(BODY))), "content-encoding-several"
    ),
    "two lines": (
        coded("Content-Encoding: gzip\r\nContent-Encoding: gzip", gzip.compress(gzip.compress(BODY))),
        "content-encoding-several",
    ),
    "unknown": (coded("Content-Encoding: utf-8", BODY), "content-encoding-unknown"),
    "none": (coded("Content-Encoding: none", BODY), "content-encoding-unknown"),
}  # fmt: skip

SOUND: dict[str, bytes] = {
    "plain": PLAIN,
    "chunked": CHUNKED + b"\r\n" + chunks(1, 2, 3),
    "zeros before": CHUNKED + b"\r\n" + chunks(5, line=b"000%x\r\n", last=b"000\r\n\r\n"),
    "upper digits": CHUNKED + b"\r\n" + chunks(12, line=b"%X\r\n"),
    "gzip": coded("Content-Encoding: gzip", gzip.compress(BODY)),
    "gzip in chunks": CHUNKED
    + b"Content-Encoding: gzip\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(ZIPPED), ZIPPED),
    "br": coded("Content-Encoding: br", brotli.compress(BODY)),
    "identity": coded("Content-Encoding: identity", BODY),
    "nothing said": coded("Content-Encoding: ", BODY),
    "no body": coded(DEFLATE, b""),
    "no content": b"HTTP/1.1 204 No\r\nContent-Encoding: deflate\r\n\r\n",
    "moved": b"HTTP/1.1 302 Moved\r\nLocation: /x\r\nContent-Encoding: deflate\r\nContent-Length: 1\r\n\r\nx",
}


def obliging(data: bytes) -> Route:
    """Serves *data*, and in plain who asks for that."""
    return lambda request: say(PLAIN if b"\r\nAccept-Encoding: identity\r\n" in request else data)


def bodies(fetched: Fetched) -> list[bytes]:
    found = []
    for attempt in fetched.attempts:
        attempt.response.seek(0)
        found.append(attempt.response.read(attempt.response_size))
    return found


@pytest.mark.parametrize("name", HAZARDS)
def test_a_server_that_can_do_without_is_asked_to(connect: Connect, name: str) -> None:
    data, _ = HAZARDS[name]
    with RawServer({"*": obliging(data)}) as server:
        fetched = connect().get(server.url())
        first, second = fetched.attempts
        assert bodies(fetched) == [data, PLAIN]
        assert fetched.best is second
        assert first.superseded_by == second.record_id
        assert second.superseded_by is None
        assert (fetched.error, fetched.hazard) == (None, None)
        assert second.request == first.request.replace(b"gzip, br", b"identity")


@pytest.mark.parametrize("name", HAZARDS)
@pytest.mark.parametrize("size", [1, 1000])
def test_what_a_server_keeps_doing_is_told(connect: Connect, name: str, size: int) -> None:
    data, kind = HAZARDS[name]
    with RawServer({"*": say(*(data[at : at + size] for at in range(0, len(data), size)))}) as server:
        fetched = connect().get(server.url())
        assert bodies(fetched) == [data, data]
        assert (fetched.error, fetched.hazard) == (None, kind)
        assert fetched.best is fetched.attempts[1]


@pytest.mark.parametrize("name", SOUND)
def test_what_every_player_shows_is_asked_for_once(connect: Connect, name: str) -> None:
    with RawServer({"*": say(SOUND[name])}) as server:
        fetched = connect().get(server.url())
        assert len(fetched.attempts) == len(server.targets) == 1
        assert fetched.error is None
        assert fetched.hazard is None or name == "moved"


OTHERS: dict[str, tuple[Reply, str | None]] = {
    "not acceptable": (say(b"HTTP/1.1 406 No\r\nContent-Length: 2\r\n\r\nno"), None),
    "moved": (say(b"HTTP/1.1 302 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"), None),
    "busy": (say(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), None),
    "cut": (say(PLAIN[:-1], Then.CLOSE), None),
    "nothing": (say(Then.CLOSE), None),
    "nonsense": (say(b"hello\r\n\r\n", Then.CLOSE), None),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_worse_answer_to_that_does_not_count(connect: Connect, name: str, tmp_path: Path) -> None:
    """Of answers as good the later counts in a record, so the one that counts is written last."""
    data, kind = HAZARDS["deflate"]
    with RawServer({"*": [say(data), OTHERS[name][0]]}) as server:
        fetched = connect().get(server.url())
        assert fetched.best is not None
        fetched.best.response.seek(0)
        assert fetched.best.response.read() == data
        assert (fetched.error, fetched.hazard) == (None, kind)
        assert fetched.head is not None
        assert fetched.head.status == 200
        others = [attempt for attempt in fetched.attempts if attempt is not fetched.best]
        assert len(others) >= 1
        assert {attempt.superseded_by for attempt in others} == {fetched.best.record_id}
        assert fetched.best.superseded_by is None
        check_a_reader_takes_the_best(fetched, tmp_path)


def check_a_reader_takes_the_best(fetched: Fetched, folder: Path) -> None:
    path = folder / "data.warc.gz"
    with path.open("wb") as out:
        writer = WarcWriter(out, software="archiver")
        writer.warcinfo({}, date=small.NOON)
        for attempt in fetched.attempts:
            writer.exchange(attempt)
        writer.stated(small.stated().to_json(), date=small.NOON)
    assert fetched.best is not None
    with Capture.open(path) as capture:
        found = capture.find(fetched.best.url)
        assert found is not None
        assert found.record.id == fetched.best.record_id
        assert [one.record.id for one in capture.exchanges() if one.facts.superseded_by is None] == [
            found.record.id
        ]


@pytest.mark.parametrize("name", ["deflate", "extension"])
def test_a_reader_of_the_record_takes_the_plain_one(connect: Connect, name: str, tmp_path: Path) -> None:
    with RawServer({"*": obliging(HAZARDS[name][0])}) as server:
        check_a_reader_takes_the_best(connect().get(server.url()), tmp_path)


def test_an_answer_that_came_after_others_is_asked_for_once_more_too(connect: Connect) -> None:
    data, _ = HAZARDS["deflate"]
    busy = say(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    with RawServer({"*": [busy, say(data), say(PLAIN)]}) as server:
        fetched = connect().get(server.url())
        assert [attempt.superseded_by is None for attempt in fetched.attempts] == [False, False, True]
        assert bodies(fetched)[-1] == PLAIN


def test_what_is_not_there_is_asked_for_once_more_too(connect: Connect) -> None:
    gone = HAZARDS["deflate"][0].replace(b"200 OK", b"404 No")
    with RawServer({"*": [say(gone), say(PLAIN.replace(b"200 OK", b"404 No"))]}) as server:
        fetched = connect().get(server.url())
        assert (len(fetched.attempts), fetched.hazard) == (2, None)


def large(size: int) -> bytes:
    return coded(DEFLATE, b"x" * size)


def test_a_large_answer_is_not_asked_for_again(connect: Connect) -> None:
    with RawServer({"/a": say(large(8 << 20)), "/b": say(large((8 << 20) - 200))}) as server:
        client = connect()
        first, second = client.get(server.url("/a")), client.get(server.url("/b"))
        assert (len(first.attempts), first.hazard) == (1, "content-encoding-deflate")
        assert (len(second.attempts), second.hazard) == (2, "content-encoding-deflate")


def test_nor_is_one_when_there_is_little_time_left(connect: Connect) -> None:
    with RawServer({"*": say(HAZARDS["deflate"][0])}) as server:
        fetched = connect().get(server.url(), deadline=time.monotonic() + 4)
        assert (len(fetched.attempts), fetched.hazard) == (1, "content-encoding-deflate")


@pytest.mark.parametrize("reply", [say(PLAIN[:40], Then.CLOSE), say(large(30)[:-1], Then.CLOSE)])
def test_a_broken_answer_is_only_tried_again(connect: Connect, reply: Reply) -> None:
    with RawServer({"*": reply}) as server:
        fetched = connect().get(server.url())
        assert len(fetched.attempts) == 3
        assert {b"gzip, br" in attempt.request for attempt in fetched.attempts} == {True}


def test_a_head_request_is_sent_once(connect: Connect) -> None:
    with RawServer({"*": say(HAZARDS["deflate"][0].partition(b"\r\n\r\n")[0] + b"\r\n\r\n")}) as server:
        fetched = connect().get(server.url(), method="HEAD")
        assert (len(fetched.attempts), fetched.hazard) == (1, None)


@pytest.mark.parametrize("name", HAZARDS)
def test_the_word_for_a_head_does_not_depend_on_what_else_it_says(name: str) -> None:
    data, kind = HAZARDS[name]
    oddity = kind if kind.startswith("chunk-") else None
    head = parse_head(data.partition(b"\r\n\r\n")[0].replace(b" OK\r\n", b" OK\r\nX: y\r\n") + b"\r\n\r\n")
    assert hazard(head, oddity) == kind
