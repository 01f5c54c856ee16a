"""What the command's flags do not reach: look-ups that change their minds, and the floor for drips."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from archiver.fetch.fetcher import Fetcher
from archiver.fetch.limits import Limits
from archiver.fetch.request import Request
from archiver.fetch.settings import FetchSettings
from archiver.save import save
from archiver.url import Url
from archiver.verify import verify
from tests import small
from tests.fetch.rawserver import Then, say
from tests.fetch.test_proxy import proxying
from tests.hostile.case import answer, images, page
from tests.hostile.server import HostileServer, Routes, drip

_QUICK = Limits(attempts=2, backoff=0.01, drip_window=0.5)
_ONLY = (*answer("hello", "text/plain", more="Connection: close\r\n"), Then.CLOSE)


class _Resolver:
    """Answers with each of *told* in turn, and stays at the last; None is a resolver in trouble."""

    def __init__(self, *told: list[str] | None) -> None:
        self.asked: list[str] = []
        self._told = told

    def __call__(self, host: str) -> list[str]:
        told = self._told[min(len(self.asked), len(self._told) - 1)]
        self.asked.append(host)
        if told is None:
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        return told


def test_a_name_that_moves_inside_at_its_second_look_up_is_refused_then() -> None:
    resolver = _Resolver(["8.8.8.8"], ["127.0.0.1"])
    # By a proxy on loopback, for there is no public address that a test may connect to.
    with HostileServer({"*": say(*_ONLY)}) as server, proxying("socks5", server.port) as proxy:
        with Fetcher(FetchSettings(proxy=proxy.proxy), _QUICK, lookup=resolver) as fetcher:
            url = server.url(host="rebind.example")
            first, second = (fetcher.fetch(Request(url=Url.parse(url))) for _ in range(2))
        assert (first.error, second.error, second.attempts) == (None, "guard", ())
        assert resolver.asked == ["rebind.example"] * 2
        assert len(server.visits) == len(proxy.asked) == 1
        for exchange in first.attempts:
            exchange.response.close()


def test_a_name_that_moves_inside_while_its_resolver_is_in_trouble_is_refused() -> None:
    resolver = _Resolver(None, ["169.254.169.254"])
    with Fetcher(FetchSettings(), _QUICK, lookup=resolver) as fetcher:
        fetched = fetcher.fetch(Request(url=Url.parse("http://rebind.example/")))
    assert (fetched.error, fetched.attempts, len(resolver.asked)) == ("guard", (), 2)


def test_a_drip_below_the_floor_is_given_up(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
    routes: Routes = {
        "/": page(images(3)),
        "/0": drip(head + b"Content-Length: 9999\r\n\r\n", 0.05),
        "/1": drip(head + b"Transfer-Encoding: chunked\r\n\r\n", 0.05, b"1\r\nx\r\n"),
        "/2": drip(head, 0.05, b"X: y\r\n"),
    }
    began = time.monotonic()
    with HostileServer(routes) as server:
        saved = save(
            server.url(),
            small.identity(),
            to=tmp_path / "a.wacz",
            limits=_QUICK,
            settings=FetchSettings(allow_private=True),
        )
        assert len(server.visits) == 4
    assert time.monotonic() - began < 5
    assert (saved.stated.status, saved.stated.reasons) == ("partial", ["missing"])
    assert [one.reason for one in saved.stated.missing] == ["timeout"] * 3
    assert verify(saved.path, small.policy())
