"""Reaching a server through a proxy: HTTP CONNECT or SOCKS5, for http and https alike.

CONNECT carries http too, so that what is recorded is what the server itself sent and got; the words
spoken with the proxy are no part of the record.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from archiver.errors import FormatError
from archiver.fetch.guard import literal
from archiver.fetch.wire import Errand, receive, send
from archiver.url import Url
from archiver.warc.http1 import find_head_end, parse_head

_PORTS = {"http": 80, "socks5": 1080, "socks5h": 1080}
_MOST_HEAD = 64 << 10

_SOCKS_REPLIES = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "command not supported",
    8: "address type not supported",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Where the proxy is and which of the two languages it speaks."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """Read ``http://HOST:PORT`` or ``socks5://HOST:PORT``; FormatError for anything else.

        A name and password in it are refused: the proxy is written into the record.
        """
        where = "--proxy"
        scheme, separator, rest = text.partition("://")
        if not separator or scheme.lower() not in _PORTS:
            raise FormatError(f"neither http://HOST:PORT nor socks5://HOST:PORT: {text!r:.80}", where=where)
        try:
            url = Url.parse(f"http://{rest}")
        except FormatError as error:
            raise error.inside(where) from error
        if url.has_userinfo:
            raise FormatError("a name or password in a proxy's URL would be recorded", where=where)
        if url.target != "/" or url.fragment is not None or url.host is None:
            raise FormatError(f"a proxy is only a host and a port: {text!r:.80}", where=where)
        scheme = scheme.lower()
        port = url.port
        if port is None:
            port = Url.parse(f"https://{rest}").port  # where http leaves out an 80 that was written
        return cls(scheme=scheme, host=url.host, port=_PORTS[scheme] if port is None else port)


def tunnel(sock: socket.socket, proxy: Proxy, host: str, port: int, errand: Errand, until: float) -> None:
    """Have *proxy*, which *sock* leads to, connect on to *host*; CaptureError (`proxy`) if it will not."""
    try:
        if proxy.scheme == "http":
            _http_connect(sock, host, port, errand, until)
        else:
            _socks5(sock, host, port, errand, until)
    except OSError as error:
        raise errand.error("proxy", f"the proxy {proxy} broke off: {error.strerror or error}") from error


def _http_connect(sock: socket.socket, host: str, port: int, errand: Errand, until: float) -> None:
    authority = f"{host}:{port}"
    send(sock, f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode("ascii"), errand, until)
    data = b""
    while (end := find_head_end(data)) < 0:
        part = receive(sock, errand, until)
        data += part
        if not part or len(data) > _MOST_HEAD:
            raise errand.error("proxy", f"the proxy gave no answer for {authority}")
    try:
        head = parse_head(data[:end])
    except FormatError as error:
        raise errand.error("proxy", f"the proxy answered {error}") from error
    if not 200 <= head.status < 300:
        raise errand.error("proxy", f"the proxy refuses {authority}: {head.status} {head.reason!r:.80}")
    if len(data) > end:
        raise errand.error("proxy", f"the proxy spoke on after its answer for {authority}")


def _socks5(sock: socket.socket, host: str, port: int, errand: Errand, until: float) -> None:
    """RFC 1928, without authentication; a name is left to the proxy to look up."""
    send(sock, b"\x05\x01\x00", errand, until)
    if _exactly(sock, 2, errand, until) != b"\x05\x00":
        raise errand.error("proxy", "the proxy speaks no SOCKS5 without a password")
    own = literal(host)
    if own is None:
        name = host.encode("ascii")
        if len(name) > 255:
            raise errand.error("proxy", "a host name too long for SOCKS5")
        target = b"\x03" + bytes([len(name)]) + name
    else:
        target = (b"\x01" if isinstance(own, IPv4Address) else b"\x04") + own.packed
    send(sock, b"\x05\x01\x00" + target + struct.pack(">H", port), errand, until)
    version, reply, _, kind = _exactly(sock, 4, errand, until)
    if version != 5 or reply:
        meaning = _SOCKS_REPLIES.get(reply, f"reply {reply}")
        raise errand.error("proxy", f"the proxy refuses {host}:{port}: {meaning}")
    rest = {1: 4, 3: None, 4: 16}.get(kind, 0)
    if rest is None:
        rest = _exactly(sock, 1, errand, until)[0]
    _exactly(sock, rest + 2, errand, until)


def _exactly(sock: socket.socket, size: int, errand: Errand, until: float) -> bytes:
    """The next *size* bytes and not one more: what follows belongs to the server."""
    data = b""
    while len(data) < size:
        part = receive(sock, errand, until, size - len(data))
        if not part:
            raise errand.error("proxy", "the proxy closed the connection")
        data += part
    return data
