"""A server that says exactly the bytes it is told to, and remembers every byte it sent and got."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Self


class Then(Enum):
    """What the server does instead of sending."""

    CLOSE = "close"
    RESET = "reset"


Step = bytes | float | Then
"""Bytes to send, seconds to wait, or a way to end the connection."""
Reply = Sequence[Step]
Route = Reply | Callable[[bytes], Reply]
"""What to do for a request; a callable is given the request's bytes."""


def say(*steps: Step) -> Reply:
    """A reply of these steps."""
    return steps


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Talk:
    """One connection's bytes, TLS taken off, and the targets asked for in order."""

    received: bytearray = field(default_factory=bytearray)
    sent: bytearray = field(default_factory=bytearray)
    targets: list[str] = field(default_factory=list)


class RawServer:
    """Serves *routes* (by target, `*` for any other) on *address*; with *context* over TLS.

    A target whose route is a list of replies gives the first one first and stays at the last.
    """

    def __init__(
        self,
        routes: Mapping[str, Route | list[Reply]],
        *,
        context: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self.talks: list[Talk] = []
        self._routes = routes
        self._asked: dict[str, int] = {}
        self._context = context
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(
            (address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET
        )
        self.address = address
        self.port: int = self._listener.getsockname()[1]
        self.most_open = 0
        """The most connections that were open at once."""
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            left = list(self._open)
        for sock in left:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)

    @property
    def open_now(self) -> int:
        """Connections that are open."""
        with self._lock:
            return len(self._open)

    @property
    def scheme(self) -> str:
        return "http" if self._context is None else "https"

    def url(self, target: str = "/", host: str = "") -> str:
        """The absolute URL of *target*."""
        shown = host or (f"[{self.address}]" if ":" in self.address else self.address)
        return f"{self.scheme}://{shown}:{self.port}{target}"

    @property
    def targets(self) -> list[str]:
        """Every target that was asked for, connection by connection."""
        return [target for talk in self.talks for target in talk.targets]

    @property
    def received(self) -> bytes:
        """All that came, connection by connection."""
        return b"".join(bytes(talk.received) for talk in self.talks)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with self._lock:
            self._open.add(sock)
            self.most_open = max(self.most_open, len(self._open))
        whole = sock
        try:
            if self._context is not None:
                whole = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                with self._lock:
                    self._open.remove(sock)
                    self._open.add(whole)
                whole.settimeout(5)
                assert isinstance(whole, ssl.SSLSocket)
                whole.do_handshake()
            whole.settimeout(30)
            talk = Talk()
            with self._lock:
                self.talks.append(talk)
            while (request := self._request(whole, talk)) is not None and self._answer(whole, talk, request):
                pass
        except OSError:
            pass
        finally:
            with self._lock:
                self._open -= {sock, whole}
            sock.close()
            whole.close()

    def _request(self, sock: socket.socket, talk: Talk) -> bytes | None:
        start = len(talk.received)
        while (end := talk.received.find(b"\r\n\r\n", start)) < 0:
            part = sock.recv(65536)
            if not part:
                return None
            talk.received += part
        request = bytes(talk.received[start : end + 4])
        talk.targets.append(request.split(b" ", 2)[1].decode("latin-1"))
        return request

    def _reply(self, request: bytes) -> Reply:
        target = request.split(b" ", 2)[1].decode("latin-1")
        route = self._routes.get(target, self._routes.get("*", [NOT_FOUND]))
        if callable(route):
            return route(request)
        if not route or not isinstance(route[0], list | tuple):
            return route  # type: ignore[return-value]
        with self._lock:
            turn = self._asked.get(target, 0)
            self._asked[target] = turn + 1
        return route[min(turn, len(route) - 1)]  # type: ignore[return-value]

    def _answer(self, sock: socket.socket, talk: Talk, request: bytes) -> bool:
        """Whether the connection goes on."""
        for step in self._reply(request):
            if isinstance(step, bytes):
                talk.sent += step
                sock.sendall(step)
            elif isinstance(step, Then):
                if step is Then.RESET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            else:
                self._closing.wait(step)
        return True


def await_true(condition: Callable[[], bool]) -> None:
    """Wait until *condition* holds: the server's threads lag behind the client."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
