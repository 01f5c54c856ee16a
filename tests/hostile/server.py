"""A server that does harm: it sends without end, keeps silent, breaks off, and counts what it was asked."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from tests.fetch.rawserver import RawServer, Reply, Route, Step, Talk, Then

KEPT = 1 << 20
"""Bytes of each answer that the server remembers."""

HELLO = "(TLS)"
"""What is asked for by whoever speaks TLS to a server that does not."""

Trick = Callable[[bytes], Iterable[Step]]
"""Gives the steps of an answer one by one, perhaps without end, for a request's bytes."""
Routes = Mapping[str, Route | Trick | list[Reply]]


@dataclass
class Visit:
    """One request and what was sent in return: its first bytes, and how many there were."""

    target: str
    request: bytes
    sent: bytearray = field(default_factory=bytearray)
    size: int = 0


class HostileServer(RawServer):
    """As `RawServer`, for answers of any length and on any number of connections."""

    def __init__(self, routes: Routes, *, context: ssl.SSLContext | None = None) -> None:
        super().__init__(cast("Mapping[str, Route | list[Reply]]", routes), context=context)
        self.visits: list[Visit] = []

    def _request(self, sock: socket.socket, talk: Talk) -> bytes | None:
        talk.received.clear()
        if not isinstance(sock, ssl.SSLSocket) and sock.recv(1, socket.MSG_PEEK) == b"\x16":
            sock.recv(65536)
            return f"GET {HELLO} HTTP/1.1\r\n".encode()
        return super()._request(sock, talk)

    def _answer(self, sock: socket.socket, talk: Talk, request: bytes) -> bool:
        visit = Visit(request.split(b" ", 2)[1].decode("latin-1"), request)
        with self._lock:
            self.visits.append(visit)
        steps: Iterable[Step] = self._reply(request)
        for step in steps:
            if isinstance(step, bytes):
                visit.sent += step[: max(0, KEPT - visit.size)]
                visit.size += len(step)
                sock.sendall(step)
            elif isinstance(step, Then):
                if step is Then.RESET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif self._closing.wait(step):
                return False
        return True


def flood(head: bytes, block: bytes, times: int | None = None) -> Trick:
    """*head*, then *block* so many times, or for ever, as fast as it goes; then the end of the connection."""

    def steps(_request: bytes) -> Iterable[Step]:
        yield head
        sent = 0
        while times is None or sent < times:
            yield block
            sent += 1
        yield Then.CLOSE

    return steps


def drip(head: bytes, pause: float, block: bytes = b"x") -> Trick:
    """*head*, then *block* again and again, with a *pause* in seconds before each."""

    def steps(_request: bytes) -> Iterable[Step]:
        yield head
        while True:
            yield pause
            yield block

    return steps
