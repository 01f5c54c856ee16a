"""The recorder: what went over the wire is what is recorded, to the byte."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.fetch.connection import Connection, Origin
from archiver.fetch.fetcher import Fetched
from archiver.fetch.recorder import Answer, read_answer
from archiver.fetch.settings import FetchSettings
from archiver.fetch.wire import Errand
from archiver.warc.exchange import Exchange
from archiver.warc.http1 import parse_head
from tests.fetch.authority import Authority
from tests.fetch.conftest import QUICK, Connect
from tests.fetch.rawserver import OK, RawServer, Reply, Then, await_true, say

OK_LINE = b"HTTP/1.1 200 OK\r\n"
LONG = OK_LINE + b"Content-Length: 1000\r\n\r\n"
CHUNKED = OK_LINE + b"Transfer-Encoding: chunked\r\n\r\n"
OLD = b"HTTP/1.0 200 OK\r\n\r\n"

_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
_DEFLATED = bytes(range(12))

WIRE: dict[str, Reply] = {
    "/plain": [OK],
    "/case": [OK_LINE + b"cOnTeNt-LENGTH:  2 \r\nX-ODD :\tv\r\nset-cookie:a=1\r\n\r\nhi"],
    "/duplicates": [OK_LINE + b"X: 1\r\nx: 2\r\nX: 1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi"],
    "/malformed": [OK_LINE + b"A: 1\r\nno colon here\r\n: no name\r\nContent-Length: 2\r\nB: 2\r\n\r\nhi"],
    "/folded": [OK_LINE + b"X: one\r\n  two\r\nContent-Length: 2\r\n\r\nhi"],
    "/many": [
        OK_LINE
        + b"".join(b"X-%d: %d\r\n" % (number, number) for number in range(150))
        + b"Content-Length: 2\r\n\r\nhi"
    ],
    "/hints": [_HINTS, 0.01, b"HTTP/1.1 100 Continue\r\n\r\n" + _HINTS, OK],
    "/extensions": [
        CHUNKED,
        b'3;name="a;b"\r\nabc\r\n0002 \r\nde\r\n',
        b"A\r\n0123456789\r\n0;last\r\n\r\n",
    ],
    "/trailers": [
        OK_LINE + b"Transfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n",
        b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n"
    ],
    "/split": [bytes([byte]) for byte in CHUNKED + b"1\r\na\r\n0\r\n\r\n"],
    "/old": [b"HTTP/1.0 200 OK\r\nX: 1\r\n\r\n", b"to the ", b"end", Then.CLOSE],
    "/lower": [b"http/1.1 200\r\ncontent-length: 2\r\n\r\nhi"],
    "/noreason": [b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi"],
    "/lf": [b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"],
    "/empty": [b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"],
    "/unmodified": [b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"],
    "/latin": [b"HTTP/1.1 200 \xe9t\xe9\r\nX: \xff\xfe\x01\r\nContent-Length: 2\r\n\r\nhi"],
    "/encoded": [OK_LINE + b"Content-Encoding: deflate\r\nContent-Length: 12\r\n\r\n", _DEFLATED],
    "/big": [OK_LINE + b"Content-Length: 3000000\r\n\r\n", bytes(range(250)) * 12_000],
    "/%7e/%2f?q=%7e%2F[%20]|{}": [OK],
}  # fmt: skip

HAZARDS = {"/extensions", "/trailers", "/encoded"}
"""What is asked for once more, since players may stumble over it."""


def response(exchange: Exchange) -> bytes:
    exchange.response.seek(0)
    data = exchange.response.read()
    assert len(data) == exchange.response_size
    return data


def received(exchange: Exchange) -> bytes:
    return b"".join(exchange.interim) + response(exchange)


def best(fetched: Fetched) -> Exchange:
    assert fetched.best is not None, fetched
    return fetched.best


def test_over_http_and_https_from_16_threads_every_byte_is_recorded(
    connect: Connect, authority: Authority
) -> None:
    context, _ = authority.server("127.0.0.1")
    client = connect(FetchSettings(allow_private=True, cacert=authority.pem))

    def route(request: bytes) -> Reply:
        """What stands after "!" only tells the requests apart."""
        return WIRE[request.split(b" ")[1].decode().partition("!")[0]]

    with RawServer({"*": route}) as plain, RawServer({"*": route}, context=context) as secure:
        servers = (plain, secure)
        typed = [f"{target.replace('%20', ' ')}!{turn}" for turn in range(6) for target in WIRE]
        urls = [server.url(target) for target in typed for server in servers]
        with ThreadPoolExecutor(16) as threads:
            results = list(threads.map(client.get, urls))
        assert [fetched.error for fetched in results] == [None] * len(urls)
        exchanges = {one.request: one for fetched in results for one in fetched.attempts}
        twice = sum(target.partition("!")[0] in HAZARDS for target in typed)
        assert len(exchanges) == sum(len(fetched.attempts) for fetched in results)
        for server in servers:
            assert len(server.targets) == len(typed) + twice
            assert 1 < len(server.talks) < len(typed) / 2, "connections are kept alive"
            for talk in server.talks:
                requests = bytes(talk.received).split(b"\r\n\r\n")[:-1]
                assert b"".join(received(exchanges[one + b"\r\n\r\n"]) for one in requests) == talk.sent


@pytest.mark.parametrize("target", WIRE)
def test_the_head_is_understood_whatever_it_looks_like(connect: Connect, target: str) -> None:
    with RawServer({target: WIRE[target]}) as server:
        fetched = connect().get(server.url(target))
        assert fetched.head is not None
        assert fetched.head.status == {"/empty": 204, "/unmodified": 304}.get(target, 200)
        assert b"".join(map(received, fetched.attempts)) == server.talks[0].sent
        assert len(fetched.attempts) == 1 + (target in HAZARDS)
        assert (fetched.error, fetched.message, best(fetched).truncated) == (None, "", None)


def test_every_header_line_after_a_malformed_one_and_of_150_is_there(connect: Connect) -> None:
    with RawServer(WIRE) as server:
        client = connect()
        malformed, many = client.get(server.url("/malformed")).head, client.get(server.url("/many")).head
        assert malformed is not None
        assert malformed.fields == (("A", "1"), ("Content-Length", "2"), ("B", "2"))
        assert many is not None
        assert len(many.fields) == 151


def test_interim_answers_stand_apart(connect: Connect) -> None:
    with RawServer(WIRE) as server:
        exchange = best(connect().get(server.url("/hints")))
        assert exchange.interim == (_HINTS, b"HTTP/1.1 100 Continue\r\n\r\n", _HINTS)
        assert response(exchange) == OK


def test_the_facts_of_an_exchange_are_told(connect: Connect) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    with RawServer({"/a?b": say(0.05, OK)}) as server:
        fetched = connect(now=lambda: noon).get(server.url("/a?b#c"), via="http://from/", hops="RE")
        exchange = best(fetched)
        assert fetched.attempts == (exchange,)
        assert exchange.url == server.url("/a?b")
        assert (exchange.method, exchange.started, exchange.address) == ("GET", noon, "127.0.0.1")
        assert (exchange.via, exchange.hops, exchange.tls, exchange.superseded_by) == (
            "http://from/",
            "RE",
            None,
            None,
        )
        assert 50_000 <= exchange.duration_us < 2_000_000


def test_the_body_after_a_head_of_too_many_lines_is_not_taken_for_an_answer(connect: Connect) -> None:
    many = OK_LINE + b"Content-Length: 30\r\n" + b"a\r\n" * 80_000 + b"\r\n"
    with RawServer({"*": say(many + b"HTTP/1.1 200 OK\r\nX: from the body")}) as server:
        fetched = connect().get(server.url())
        assert (fetched.error, fetched.best) == ("length", None)
        assert response(fetched.attempts[0]) == b""


def test_a_head_request_has_no_body(connect: Connect) -> None:
    with RawServer({"*": [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"]}) as server:
        client = connect()
        for target in ("/a", "/b"):
            assert client.get(server.url(target), method="HEAD").error is None
        assert len(server.talks) == 1


@pytest.mark.parametrize(
    "surplus",
    [
        [OK + b"more"],
        [b"HTTP/1.1 204 No Content\r\n\r\n" + b"more"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore"],
        [OK, 0.05, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"],
    ],
    ids=["length", "none", "chunked", "later"],
)
def test_bytes_after_the_end_are_nobodys_and_end_the_connection(connect: Connect, surplus: Reply) -> None:
    with RawServer({"/first": surplus, "/second": [OK]}) as server:
        client = connect()
        first = best(client.get(server.url("/first")))
        assert b"more" not in response(first)
        said = sum(len(step) for step in surplus if isinstance(step, bytes))
        await_true(lambda: len(server.talks[0].sent) == said)
        time.sleep(0.02)
        assert response(best(client.get(server.url("/second")))) == OK
        assert [talk.targets for talk in server.talks] == [["/first"], ["/second"]]


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nConnection: Keep-Alive, CLOSE\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/2 200\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_a_connection_that_is_not_to_be_kept_is_not_used_again(connect: Connect, head: bytes) -> None:
    reply = [head if head.endswith(b"0\r\n\r\n") else head + b"hello"]
    with RawServer({"*": reply}) as server:
        client = connect()
        assert client.get(server.url("/a")).error is None
        assert client.get(server.url("/b")).error is None
        assert len(server.talks) == 2


@pytest.mark.parametrize(
    ("reply", "reason", "truncated"),
    [
        ([LONG, b"x" * 999, Then.CLOSE], "disconnect", "disconnect"),
        ([LONG, b"x" * 10, 0.05, Then.RESET], "disconnect", "disconnect"),
        ([LONG, Then.CLOSE], "disconnect", "disconnect"),
        ([CHUNKED + b"5\r\nhello\r\n", Then.CLOSE], "disconnect", "disconnect"),
        ([CHUNKED + b"5\r\nhel", Then.CLOSE], "disconnect", "disconnect"),
        ([CHUNKED + b"5\r\nhello\r\n0\r\nX: 1\r\n", Then.CLOSE], "disconnect", "disconnect"),
        ([CHUNKED + b"5\r\nhello+\r\n"], "protocol", "unspecified"),
        ([CHUNKED + b"-5\r\n"], "protocol", "unspecified"),
        ([b"HTTP/1.1 200 OK\r\nContent-Ty", Then.CLOSE], "disconnect", "disconnect"),
        ([OLD + b"x" * 10, 0.05, Then.RESET], "disconnect", "disconnect"),
    ],
)
def test_an_answer_cut_short_is_kept_as_far_as_it_came(
    connect: Connect, reply: Reply, reason: str, truncated: str
) -> None:
    with RawServer({"*": reply}) as server:
        fetched = connect(limits=replace(QUICK, attempts=1)).get(server.url())
        assert (fetched.error, best(fetched).truncated) == (reason, truncated)
        assert fetched.message
        assert response(best(fetched)) == server.talks[0].sent


@pytest.mark.parametrize(
    "reply",
    [
        [b"SSH-2.0-OpenSSH_9.9\r\n\r\n"],
        [b"\x00" * 50 + b"\r\n\r\n"],
        [b"HTTP/1.1 20\r\n\r\n"],
        [b"\r\n\r\n" + OK],
        [b"HTTP/1.1 2"],
    ],
)
def test_what_is_no_http_is_reported_and_only_the_request_recorded(connect: Connect, reply: Reply) -> None:
    with RawServer({"*": [*reply, Then.CLOSE]}) as server:
        fetched = connect(limits=replace(QUICK, attempts=1)).get(server.url())
        assert fetched.error == ("disconnect" if reply == [b"HTTP/1.1 2"] else "protocol")
        assert fetched.best is None
        assert [(one.response_size, response(one)) for one in fetched.attempts] == [(0, b"")]
        assert fetched.attempts[0].request == server.received


@pytest.mark.parametrize("head", [LONG, CHUNKED + b"3e8\r\n", OLD], ids=["length", "chunked", "close"])
def test_a_body_over_its_limit_is_cut_there(connect: Connect, head: bytes) -> None:
    split = head.index(b"\r\n\r\n") + 4
    with RawServer({"*": say(head, b"x" * 1000, 0.2)}) as server:
        fetched = connect().get(server.url(), max_bytes=100)
        assert (fetched.error, best(fetched).truncated) == ("length", "length")
        assert response(best(fetched)) == (head + b"x" * 1000)[: split + 100]
        assert len(fetched.attempts) == 1, "no further attempt would be shorter"


def test_a_body_of_just_its_limit_is_whole(connect: Connect) -> None:
    with RawServer({"*": [OK]}) as server:
        assert connect().get(server.url(), max_bytes=5).error is None


@pytest.mark.parametrize(
    "reply",
    [
        [b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 3000 + b"\r\nContent-Length: 0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"y" * 97 + b"\r\n"] * 20],
    ],
)
def test_a_head_over_its_limit_is_cut_there(connect: Connect, reply: Reply) -> None:
    with RawServer({"*": reply}) as server:
        fetched = connect(limits=replace(QUICK, header_bytes=1000)).get(server.url())
        assert (fetched.error, best(fetched).truncated, best(fetched).response_size) == (
            "length",
            "length",
            1000,
        )


def test_interim_answers_without_end_are_cut_off_by_the_same_limit(connect: Connect) -> None:
    with RawServer({"*": [*[_HINTS] * 100, OK]}) as server:
        fetched = connect(limits=replace(QUICK, header_bytes=1000)).get(server.url())
        assert (fetched.error, fetched.best) == ("length", None)


def test_a_silent_server_is_given_up(connect: Connect) -> None:
    with RawServer({"/no": say(9.0), "/half": say(LONG, b"x" * 10, 9.0)}) as server:
        client = connect(limits=replace(QUICK, idle=0.3))
        none, half = client.get(server.url("/no")), client.get(server.url("/half"))
        assert (none.error, none.best, len(none.attempts)) == ("timeout", None, 1)
        assert (half.error, best(half).truncated, best(half).response_size) == (
            "timeout",
            "time",
            len(LONG) + 10,
        )


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX: ", LONG, CHUNKED + b"3e8\r\n", OLD])
def test_a_dripping_server_is_given_up(connect: Connect, start: bytes) -> None:
    with RawServer({"*": say(start, *(b"x", 0.05) * 100)}) as server:
        fetched = connect(limits=replace(QUICK, drip=1000, drip_window=0.4)).get(server.url())
        assert (fetched.error, best(fetched).truncated) == ("timeout", "time")
        assert best(fetched).duration_us < 3_000_000


def test_a_server_that_thinks_between_its_interim_and_its_answer_is_no_dripper(connect: Connect) -> None:
    with RawServer({"*": say(_HINTS, 0.4, OK)}) as server:
        assert connect(limits=replace(QUICK, drip=1000, drip_window=0.1)).get(server.url()).error is None


def test_the_deadline_holds_in_every_step(connect: Connect) -> None:
    with RawServer({"/no": say(9.0), "/body": say(LONG, *(b"x" * 9, 0.05) * 100)}) as server:
        client = connect()
        for target, truncated in (("/no", "time"), ("/body", "time")):
            started = time.monotonic()
            fetched = client.get(server.url(target), deadline=started + 0.3)
            assert fetched.error == "timeout"
            assert fetched.attempts[0].truncated == truncated
            assert time.monotonic() - started < 3
        assert client.get(server.url(), deadline=time.monotonic() - 1).attempts == ()


def test_a_large_answer_leaves_memory(connect: Connect) -> None:
    with RawServer(WIRE) as server:
        exchange = best(connect().get(server.url("/big")))
        assert exchange.response.fileno() > 0
        assert response(exchange).endswith(bytes(range(250)))


def overheard(pieces: list[bytes], *, most: int = 1 << 20) -> Answer:
    """The answer read from *pieces*, each received as it stands, after which the server closes."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            for piece in pieces:
                theirs.sendall(piece)
        connection = Connection(ours, Origin(scheme="http", host="h", port=80), address=None, tls=None)
        errand = Errand("http://h/", deadline=None, stop=threading.Event())
        return read_answer(connection, method="GET", most=most, limits=QUICK, errand=errand)


def cut(data: bytes, places: set[int]) -> list[bytes]:
    edges = [0, *sorted(place for place in places if 0 < place < len(data)), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize("target", [target for target in WIRE if target not in ("/big", "/many")])
@given(places=st.sets(st.integers(1, 400), max_size=60))
def test_how_the_bytes_are_cut_into_segments_changes_nothing(target: str, places: set[int]) -> None:
    data = b"".join(step for step in WIRE[target] if isinstance(step, bytes))
    answer = overheard(cut(data, places))
    with answer.response as response:
        response.seek(0)
        assert b"".join(answer.interim) + response.read() == data
    assert answer.fault is None
    assert answer.head == parse_head(answer.raw_head)


_TOKENS = st.sampled_from(
    [
        b"HTTP/1.1 ", b"HTTP/1.0 200 OK\r\n", b"200", b"103", b"101", b"204", b" OK", b"\r\n",
        b"\r\n\r\n", b"\n\n", b":",
        b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"0", b"5",
        b"5\r\n", b"\x00",
        b"0\r\n\r\n", b"hello", b"ffffffffffffffff", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ]
)  # fmt: skip


@given(
    pieces=st.lists(st.one_of(_TOKENS, st.binary(min_size=1, max_size=20)), min_size=1, max_size=30),
    most=st.integers(0, 40),
)
def test_whatever_a_server_sends_the_record_is_a_prefix_of_it_and_nothing_crashes(
    pieces: list[bytes], most: int
) -> None:
    answer = overheard(pieces, most=most)
    with answer.response as response:
        response.seek(0)
        data = response.read()
    assert len(data) == answer.size <= len(answer.raw_head) + most
    assert b"".join(pieces).startswith(b"".join(answer.interim) + data)
    assert data.startswith(answer.raw_head)
    assert (answer.head is None) == (answer.size == 0)
