"""A socket used patiently: in short waits, so that a stop or a deadline is heeded within a moment."""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import threading
import time

from archiver.errors import CaptureError

_SLICE = 0.2
_RECEIVE = 64 << 10
_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR})


class Errand:
    """What every step of one fetch has to know: for which URL, until when, and whether to go on at all.

    *deadline* is a reading of `time.monotonic`; None is no deadline.
    """

    __slots__ = ("deadline", "stop", "url")

    def __init__(self, url: str, *, deadline: float | None, stop: threading.Event) -> None:
        self.url = url
        self.deadline = deadline
        self.stop = stop

    def error(self, reason: str, message: str) -> CaptureError:
        """An error that names this errand's URL."""
        return CaptureError(message, url=self.url, reason=reason)

    def wait(self, until: float, doing: str) -> float:
        """The seconds (never 0) that the next wait may last; CaptureError if there is none left.

        *until* is when the step itself is given up, *doing* says in the message what took so long.
        """
        self.check_stop()
        now = time.monotonic()
        left = until - now
        if self.deadline is not None and self.deadline - now < left:
            left = self.deadline - now
            doing = f"out of time while {doing}"
        else:
            doing = f"{doing} took too long"
        if left <= 0:
            raise self.error("timeout", doing)
        return min(left, _SLICE)

    def check_stop(self) -> None:
        """CaptureError (`stopped`) if a stop was asked for."""
        if self.stop.is_set():
            raise self.error("stopped", "stopped before it was done")

    def sleep(self, seconds: float) -> bool:
        """Wait *seconds*; false, and at once, where the deadline comes first or a stop is asked for."""
        if self.deadline is not None and time.monotonic() + seconds >= self.deadline:
            return False
        return not self.stop.wait(seconds)


def connect(address: str, port: int, errand: Errand, until: float) -> socket.socket:
    """A TCP connection to *address*, an IP address and never a name; OSError where there is none."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        _await_connect(sock, address, port, errand, until)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _await_connect(sock: socket.socket, address: str, port: int, errand: Errand, until: float) -> None:
    code = sock.connect_ex((address, port))
    if code in _UNDER_WAY:
        poll = select.poll()
        poll.register(sock, select.POLLOUT)
        while not poll.poll(errand.wait(until, "connecting") * 1000):
            pass
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def handshake(sock: ssl.SSLSocket, errand: Errand, until: float) -> None:
    """Do the TLS handshake; OSError (of which SSLError is one) where it fails."""
    while True:
        sock.settimeout(errand.wait(until, "the TLS handshake"))
        try:
            sock.do_handshake()
        except TimeoutError as error:
            _raise_unless_ours(error)
        else:
            return


def send(sock: socket.socket, data: bytes, errand: Errand, until: float) -> None:
    """Send all of *data*; OSError where the peer no longer takes it."""
    view = memoryview(data)
    while view:
        sock.settimeout(errand.wait(until, "sending"))
        try:
            view = view[sock.send(view) :]
        except TimeoutError as error:
            _raise_unless_ours(error)


def receive(sock: socket.socket, errand: Errand, until: float, most: int = _RECEIVE) -> bytes:
    """What comes next, *most* bytes of it, b"" at the end; OSError where the connection breaks."""
    while True:
        sock.settimeout(errand.wait(until, "waiting for the server"))
        try:
            return sock.recv(most)
        except TimeoutError as error:
            _raise_unless_ours(error)


def is_quiet(sock: socket.socket) -> bool:
    """Whether the peer neither closed nor sent anything that nobody asked for."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return False
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return not poll.poll(0)


def _raise_unless_ours(error: TimeoutError) -> None:
    """Tell our short wait's end, which has no errno, from the kernel giving the connection up."""
    if error.errno is not None:
        raise error
