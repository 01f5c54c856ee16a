"""The pool of connections: never too many, and nobody waits for one that is free."""

from __future__ import annotations

import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from archiver.errors import CaptureError
from archiver.fetch import wire
from archiver.fetch.connection import Connection, Origin
from archiver.fetch.limits import Limits
from archiver.fetch.pool import Pool
from archiver.fetch.wire import Errand

ORIGINS = [Origin(scheme="http", host=host, port=80) for host in ("a.example", "b.example", "c.example")]


class Opener:
    """Opens connections to nobody, and counts them."""

    def __init__(self) -> None:
        self.opened: list[Connection] = []
        self._peers: list[socket.socket] = []

    def __call__(self, origin: Origin, errand: Errand) -> Connection:
        ours, peer = socket.socketpair()
        self._peers.append(peer)
        self.opened.append(Connection(ours, origin, address=None, tls=None))
        return self.opened[-1]

    def close(self) -> None:
        for connection in self.opened:
            connection.close()
        for peer in self._peers:
            peer.close()


@pytest.fixture
def opener() -> Iterator[Opener]:
    opener = Opener()
    yield opener
    opener.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks again by himself: who is not woken sleeps on."""
    monkeypatch.setattr(wire, "_SLICE", 30.0)


def errand(stop: threading.Event | None = None) -> Errand:
    return Errand("http://a.example/", deadline=None, stop=stop or threading.Event())


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("threads", [3, 12])
def test_connections_stay_within_their_limits_and_whoever_waits_gets_one(
    opener: Opener, threads: int
) -> None:
    pool = Pool(opener, Limits(host_connections=2, connections=4))
    lock = threading.Lock()
    busy: Counter[Origin] = Counter()
    most: Counter[Origin | None] = Counter()

    def work(seed: int) -> None:
        source = random.Random(seed)
        for _ in range(100):
            origin = source.choice(ORIGINS)
            connection = pool.take(origin, errand(), fresh=source.random() < 0.1)
            with lock:
                busy[origin] += 1
                most[origin] = max(most[origin], busy[origin])
                most[None] = max(most[None], busy.total())
            with lock:
                busy[origin] -= 1
            pool.give(connection, reusable=source.random() < 0.8)

    with ThreadPoolExecutor(threads) as executor:
        for future in [executor.submit(work, seed) for seed in range(threads)]:
            future.result(timeout=20)
    assert most[None] <= 4
    assert max(most[origin] for origin in ORIGINS) <= 2
    pool.close()


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("reusable", [True, False])
def test_a_connection_given_back_wakes_the_one_that_waits_for_its_origin(
    opener: Opener, reusable: bool
) -> None:
    pool = Pool(opener, Limits(host_connections=1, connections=2))
    first, other = (pool.take(origin, errand()) for origin in ORIGINS[:2])
    with ThreadPoolExecutor(2) as executor:
        waiting = [executor.submit(pool.take, origin, errand()) for origin in ORIGINS[:2]]
        _until_waiting(pool, 2)
        pool.give(other, reusable=reusable)
        second = waiting[1].result(timeout=10)
        assert (second is other) is reusable
        assert not waiting[0].done()
        pool.give(first, reusable=reusable)
        assert (waiting[0].result(timeout=10) is first) is reusable


@pytest.mark.usefixtures("patient")
def test_an_idle_connection_makes_way_for_one_to_another_origin(opener: Opener) -> None:
    pool = Pool(opener, Limits(host_connections=2, connections=2))
    first, _ = (pool.take(ORIGINS[0], errand()) for _ in range(2))
    with ThreadPoolExecutor(1) as executor:
        waiting = executor.submit(pool.take, ORIGINS[1], errand())
        _until_waiting(pool, 1)
        pool.give(first, reusable=True)
        assert waiting.result(timeout=10).origin == ORIGINS[1]


@pytest.mark.usefixtures("patient")
def test_closing_ends_every_wait(opener: Opener) -> None:
    pool = Pool(opener, Limits(host_connections=1, connections=1))
    pool.take(ORIGINS[0], errand())
    with ThreadPoolExecutor(3) as executor:
        waiting = [executor.submit(pool.take, origin, errand()) for origin in ORIGINS]
        _until_waiting(pool, 3)
        pool.close()
        for future in waiting:
            with pytest.raises(CaptureError, match="stopped"):
                future.result(timeout=10)


def test_a_stop_ends_a_wait_and_the_next_in_line_is_not_forgotten(opener: Opener) -> None:
    pool = Pool(opener, Limits(host_connections=1, connections=1))
    held = pool.take(ORIGINS[0], errand())
    stop = threading.Event()
    with ThreadPoolExecutor(2) as executor:
        stopped = executor.submit(pool.take, ORIGINS[0], errand(stop))
        _until_waiting(pool, 1)
        waiting = executor.submit(pool.take, ORIGINS[0], errand())
        _until_waiting(pool, 2)
        stop.set()
        with pytest.raises(CaptureError, match="stopped"):
            stopped.result(timeout=10)
        pool.give(held, reusable=True)
        assert waiting.result(timeout=10) is held


def _until_waiting(pool: Pool, count: int) -> None:
    while len(pool._waiting) < count:
        threading.Event().wait(0.001)
