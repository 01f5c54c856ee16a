"""One request, several attempts: which is tried again, which one counts, and how all is stopped."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from archiver.fetch.fetcher import Fetched, retry_after
from tests.fetch.conftest import QUICK, Connect
from tests.fetch.rawserver import OK, RawServer, Reply, Then, await_true, say

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
SLOW_DOWN = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"
CUT = say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", Then.CLOSE)
NOTHING = say(Then.CLOSE)


def told(fetched: Fetched) -> list[bytes]:
    """The body of each attempt."""
    bodies = []
    for attempt in fetched.attempts:
        attempt.response.seek(0)
        bodies.append(attempt.response.read().partition(b"\r\n\r\n")[2])
    return bodies


@pytest.mark.parametrize(
    ("replies", "bodies", "best", "error"),
    [
        ([say(BUSY), say(OK)], [b"busy", b"hello"], 1, None),
        ([say(BUSY), say(BUSY), say(OK)], [b"busy", b"busy", b"hello"], 2, None),
        ([say(BUSY)], [b"busy"] * 3, 2, None),
        ([say(SLOW_DOWN), say(OK)], [b"", b"hello"], 1, None),
        ([CUT, say(OK)], [b"cut", b"hello"], 1, None),
        ([CUT], [b"cut"] * 3, 2, "disconnect"),
        ([CUT, say(BUSY), CUT], [b"cut", b"busy", b"cut"], 1, None),
        ([CUT, NOTHING, NOTHING], [b"cut", b"", b""], 0, "disconnect"),
        ([NOTHING, say(OK)], [b"", b"hello"], 1, None),
        ([NOTHING], [b""] * 3, None, "disconnect"),
        ([say(b"nonsense\r\n\r\n", Then.CLOSE), say(OK)], [b"", b"hello"], 1, None),
        ([say(OK)], [b"hello"], 0, None),
        ([say(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")], [b""], 0, None),
        ([say(b"HTTP/1.1 301 No\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")], [b""], 0, None),
    ],
)
def test_what_may_get_better_is_asked_for_again_as_a_whole(
    connect: Connect, replies: list[Reply], bodies: list[bytes], best: int | None, error: str | None
) -> None:
    with RawServer({"*": replies}) as server:
        fetched = connect().get(server.url())
        assert told(fetched) == bodies
        assert fetched.error == error
        assert fetched.best is (None if best is None else fetched.attempts[best])
        identity = fetched.best.record_id if fetched.best is not None else None
        for attempt in fetched.attempts:
            assert attempt.superseded_by == (None if attempt is fetched.best else identity)
        assert len({attempt.record_id for attempt in fetched.attempts}) == len(bodies)
        assert [attempt.request for attempt in fetched.attempts] == [fetched.attempts[0].request] * len(
            bodies
        )


def test_the_number_of_attempts_is_a_limit(connect: Connect) -> None:
    with RawServer({"*": say(BUSY)}) as server:
        assert len(connect(limits=replace(QUICK, attempts=1)).get(server.url()).attempts) == 1


def test_a_closed_port_is_tried_again_and_then_reported(connect: Connect) -> None:
    with RawServer({}) as server:
        url = server.url()
    fetched = connect().get(url)
    assert (fetched.error, fetched.attempts, fetched.best) == ("connect", (), None)
    assert fetched.message == f"cannot connect to 127.0.0.1:{server.port}: Connection refused"


def test_a_server_that_never_answers_the_knock_is_given_up(connect: Connect) -> None:
    with ExitStack() as stack:
        deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # fill its queue: whoever comes then hears nothing
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(deaf.getsockname())
        fetched = connect(limits=replace(QUICK, connect=0.3)).get(
            f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        )
        assert (fetched.error, fetched.message, fetched.attempts) == (
            "timeout",
            "connecting took too long",
            (),
        )


def test_waits_double(connect: Connect) -> None:
    with RawServer({"*": say(BUSY)}) as server:
        fetched = connect(limits=replace(QUICK, backoff=0.1)).get(server.url())
        first, second, third = (attempt.started for attempt in fetched.attempts)
        assert second - first >= timedelta(seconds=0.1)
        assert third - second >= timedelta(seconds=0.2)


@pytest.mark.parametrize("cap", [30.0, 0.5])
def test_a_server_may_ask_for_a_longer_wait_up_to_a_limit(connect: Connect, cap: float) -> None:
    asked = b"1" if cap > 1 else b"3600"
    busy = BUSY.replace(b"\r\n\r\n", b"\r\nRetry-After: " + asked + b"\r\n\r\n")
    with RawServer({"*": [say(busy), say(OK)]}) as server:
        started = time.monotonic()
        fetched = connect(limits=replace(QUICK, retry_after=cap)).get(server.url())
        assert min(cap, 1) <= time.monotonic() - started < min(cap, 1) + 5
        assert len(fetched.attempts) == 2


def test_a_wait_that_the_deadline_would_end_is_not_begun(connect: Connect) -> None:
    busy = BUSY.replace(b"\r\n\r\n", b"\r\nRetry-After: 20\r\n\r\n")
    with RawServer({"*": say(busy)}) as server:
        started = time.monotonic()
        fetched = connect().get(server.url(), deadline=started + 5)
        assert time.monotonic() - started < 4
        assert (told(fetched), fetched.error) == ([b"busy"], None)


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0), ("120", 120), (format_datetime(NOON + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOON - timedelta(days=1), usegmt=True), 0), ("Mon, 23 Nov 2026 12:00:05", 5),
        ("", None), ("-1", None), ("1.5", None), ("soon", None), ("٣", None), ("9" * 5000, None),
        ("Mon, 99 Nov 2026 12:00:00 GMT", None),
    ],
)  # fmt: skip
def test_a_retry_after_is_read(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOON) == seconds


@pytest.mark.parametrize("ending", [Then.CLOSE, Then.RESET])
def test_a_kept_connection_that_died_costs_no_attempt(connect: Connect, ending: Then) -> None:
    """The server takes the second request on the first connection and says nothing: that is recorded too."""
    turns = [say(OK), say(ending), say(OK)]
    with RawServer({"*": turns}) as server:
        client = connect(limits=replace(QUICK, attempts=1))
        assert client.get(server.url("/")).error is None
        fetched = client.get(server.url("/"))
        assert fetched.error is None
        assert told(fetched) == [b"", b"hello"]
        assert [attempt.response_size > 0 for attempt in fetched.attempts] == [False, True]
        assert fetched.attempts[0].superseded_by == fetched.attempts[1].record_id
        assert [len(talk.targets) for talk in server.talks] == [2, 1]


def test_a_kept_connection_that_was_closed_meanwhile_is_not_written_to(connect: Connect) -> None:
    with RawServer({"*": say(OK, 0.05, Then.CLOSE)}) as server:
        client = connect()
        client.get(server.url("/"))
        await_true(lambda: not server.open_now)
        assert len(client.get(server.url("/")).attempts) == 1
        assert [len(talk.targets) for talk in server.talks] == [1, 1]


@pytest.mark.parametrize(
    "reply", [say(9.0), say(OK[:-2], 9.0), say(b"HTTP/1.1 200 OK\r\n\r\n", *(b"x" * 99, 0.01) * 500)]
)
def test_a_stop_ends_what_runs_within_a_moment(connect: Connect, reply: Reply) -> None:
    with RawServer({"*": reply}) as server:
        client = connect()
        threading.Timer(0.2, client.fetcher.interrupt).start()
        started = time.monotonic()
        fetched = client.get(server.url())
        assert time.monotonic() - started < 4
        assert fetched.error == "stopped"
        assert [attempt.truncated for attempt in fetched.attempts] == ["unspecified"]
        assert client.get(server.url()).error == "stopped"


def test_a_stop_ends_a_wait(connect: Connect) -> None:
    with RawServer({"*": NOTHING}) as server:
        stop = threading.Event()
        client = connect(limits=replace(QUICK, backoff=9), stop=stop)
        threading.Timer(0.2, stop.set).start()
        started = time.monotonic()
        assert client.get(server.url()).error == "stopped"
        assert time.monotonic() - started < 4


def test_so_many_connections_an_origin_and_not_more(connect: Connect) -> None:
    with RawServer({"*": say(0.02, OK)}) as server, ThreadPoolExecutor(12) as threads:
        client = connect(limits=replace(QUICK, host_connections=3))
        urls = [server.url(f"/{turn}") for turn in range(24)]
        assert {fetched.error for fetched in threads.map(client.get, urls)} == {None}
        assert (server.most_open, len(server.talks)) == (3, 3)


def test_so_many_connections_in_all_and_not_more(connect: Connect) -> None:
    with RawServer({"*": say(0.1, OK)}) as server, ThreadPoolExecutor(6) as threads:
        client = connect(limits=replace(QUICK, connections=2), lookup=lambda _: ["127.0.0.1"])
        started = time.monotonic()
        urls = [server.url(host=f"host{number}.example") for number in range(6)]
        assert {fetched.error for fetched in threads.map(client.get, urls)} == {None}
        assert time.monotonic() - started >= 0.3


def test_an_idle_connection_makes_room_for_another_origin(connect: Connect) -> None:
    with RawServer({"*": say(OK)}) as one, RawServer({"*": say(OK)}) as other:
        client = connect(limits=replace(QUICK, connections=1))
        for server in (one, other, one):
            assert client.get(server.url()).error is None
        assert len(one.talks) == 2


def test_the_wait_for_a_connection_ends_with_the_deadline(connect: Connect) -> None:
    with RawServer({"/slow": say(1.0, OK), "/": say(OK)}) as server, ThreadPoolExecutor(1) as thread:
        client = connect(limits=replace(QUICK, connections=1))
        slow = thread.submit(client.get, server.url("/slow"))
        await_true(lambda: server.targets == ["/slow"])
        fetched = client.get(server.url(), deadline=time.monotonic() + 0.2)
        assert (fetched.error, fetched.attempts) == ("timeout", ())
        assert slow.result().error is None


def test_what_the_disk_refuses_is_no_fault_of_the_server(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nonexistent")
    big = say(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n", b"x" * 300_000)
    with RawServer({"*": big}) as server, pytest.raises(OSError):
        connect().get(server.url())
