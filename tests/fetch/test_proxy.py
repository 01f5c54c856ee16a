"""Through a proxy: the same bytes, and the guard still asked."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from archiver.fetch.proxy import Proxy
from archiver.fetch.settings import FetchSettings, ForcedAddress
from tests.fetch.authority import Authority
from tests.fetch.conftest import QUICK, Connect
from tests.fetch.rawserver import OK, RawServer, say


@dataclass
class TestProxy:
    """Speaks CONNECT or SOCKS5 and leads everything to *port*; *asked* is what it was asked for."""

    __test__ = False
    scheme: str
    port: int
    refuse: bytes = b""
    asked: list[str] = field(default_factory=list)
    listening: int = 0

    @property
    def settings(self) -> FetchSettings:
        return FetchSettings(proxy=self.proxy, allow_private=True)

    @property
    def proxy(self) -> Proxy:
        return Proxy.parse(f"{self.scheme}://127.0.0.1:{self.listening}")

    def serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            if not (self._connect(sock) if self.scheme == "http" else self._socks(sock)):
                return
            with socket.create_connection(("127.0.0.1", self.port)) as onward:
                back = threading.Thread(target=_pump, args=(onward, sock))
                back.start()
                _pump(sock, onward)
                back.join()

    def _connect(self, sock: socket.socket) -> bool:
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            data += sock.recv(1)
        self.asked.append(data.split(b" ")[1].decode())
        sock.sendall(self.refuse or b"HTTP/1.1 200 Connection established\r\nX: 1\r\n\r\n")
        return not self.refuse

    def _socks(self, sock: socket.socket) -> bool:
        assert sock.recv(3) == b"\x05\x01\x00"
        sock.sendall(b"\x05\x00")
        version, command, _, kind = sock.recv(4)
        assert (version, command) == (5, 1)
        if kind == 3:
            host = sock.recv(sock.recv(1)[0]).decode()
        else:
            host = socket.inet_ntop(
                *((socket.AF_INET, sock.recv(4)) if kind == 1 else (socket.AF_INET6, sock.recv(16)))
            )
        self.asked.append(f"{host}:{int.from_bytes(sock.recv(2))}")
        sock.sendall(self.refuse or b"\x05\x00\x00\x03\x04host\x00\x50")
        return not self.refuse


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def proxying(scheme: str, port: int, refuse: bytes = b"") -> Iterator[TestProxy]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = TestProxy(scheme, port, refuse, listening=listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    threads.append(threading.Thread(target=proxy.serve, args=(sock,), daemon=True))
                    threads[-1].start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for one in threads:
            one.join(2)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_bytes_are_as_without_a_proxy_and_no_address_is_told(
    connect: Connect, authority: Authority, scheme: str, tls: bool
) -> None:
    context, chain = authority.server("site.example")
    with (
        RawServer({"*": say(OK)}, context=context if tls else None) as server,
        proxying(scheme, server.port) as proxy,
    ):
        client = connect(replace(proxy.settings, cacert=authority.pem))
        for target in ("/a", "/b"):
            best = client.get(server.url(target, host="site.example")).best
            assert best is not None
            assert best.address is None
            assert (best.tls.chain if best.tls else ()) == (chain if tls else ())
            assert best.request in server.received
        assert len(server.talks) == 1
        assert server.received.startswith(b"GET /a HTTP/1.1\r\nHost: site.example:")
        assert proxy.asked == [f"site.example:{server.port}"]
        assert "PROXY" in client.fetcher.codes
        client.close()


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("host", ["inside.example", "127.0.0.1", "[::ffff:10.0.0.1]"])
def test_the_guard_judges_what_the_name_means_here(connect: Connect, scheme: str, host: str) -> None:
    with RawServer({"*": say(OK)}) as server, proxying(scheme, server.port) as proxy:
        client = connect(FetchSettings(proxy=proxy.proxy), lookup=lambda _: ["192.168.0.1"])
        assert client.get(server.url(host=host)).error == "guard"
        assert proxy.asked == []


def test_a_name_unknown_here_is_left_to_the_proxy_only_where_nothing_is_guarded(connect: Connect) -> None:
    def lookup(host: str) -> list[str]:
        raise OSError(0, "no resolver here")

    with RawServer({"*": say(OK)}) as server, proxying("http", server.port) as proxy:
        guarded = connect(FetchSettings(proxy=proxy.proxy), lookup=lookup)
        assert guarded.get(server.url(host="site.example")).error == "dns"
        client = connect(proxy.settings, lookup=lookup)
        assert client.get(server.url(host="site.example")).error is None
        client.close()


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_forced_address_is_what_the_proxy_is_asked_for(connect: Connect, scheme: str, address: str) -> None:
    with RawServer({"*": say(OK)}) as server, proxying(scheme, server.port) as proxy:
        forced = ForcedAddress.parse(f"site.example:{server.port}:{address}")
        client = connect(FetchSettings(proxy=proxy.proxy, resolve=(forced,)))
        assert client.get(server.url(host="site.example")).error is None
        shown = "[::1]" if (scheme, address) == ("http", "::1") else address
        assert proxy.asked == [f"{shown}:{server.port}"]
        client.close()


@pytest.mark.parametrize(
    ("scheme", "refusal"),
    [
        ("http", b"HTTP/1.1 403 Forbidden\r\n\r\n"),
        ("http", b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
        ("http", b"HTTP/1.1 200 OK\r\n\r\nearly"),
        ("http", b"garbage\r\n\r\n"),
        ("http", b"HTTP/1.1 200 OK\r\n"),
        ("socks5", b"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"),
        ("socks5", b"\x04\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
        ("socks5", b"\x05\x00\x00"),
    ],
)
def test_a_proxy_that_refuses_is_reported(connect: Connect, scheme: str, refusal: bytes) -> None:
    with RawServer({"*": say(OK)}) as server, proxying(scheme, server.port, refusal) as proxy:
        fetched = connect(proxy.settings, replace(QUICK, attempts=1)).get(server.url(host="site.example"))
        assert (fetched.error, fetched.attempts, server.talks) == ("proxy", (), [])
        assert "proxy" in fetched.message


def test_a_proxy_that_is_not_there_is_reported(connect: Connect) -> None:
    settings = FetchSettings(proxy=Proxy.parse("http://127.0.0.1:1"), allow_private=True)
    fetched = connect(settings, replace(QUICK, attempts=1)).get("http://site.example/")
    assert fetched.error == "proxy"
    assert "http://127.0.0.1:1" in fetched.message
