"""One connection to one origin: how it is opened, used again and closed."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from archiver.errors import CaptureError
from archiver.fetch import tls, wire
from archiver.fetch.guard import Lookup, addresses, is_public
from archiver.fetch.limits import Limits
from archiver.fetch.proxy import tunnel
from archiver.fetch.settings import FetchSettings
from archiver.fetch.wire import Errand
from archiver.url import Url
from archiver.warc.exchange import TlsSession

_Addresses = list[IPv4Address | IPv6Address]

_MOST_CERTIFICATES = 8 << 20
"""Bytes of all chains together, each counted once: they are in the record beside the bodies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host (as in a URL) and port: what a connection may be used again for."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @classmethod
    def of(cls, url: Url) -> Origin:
        """The origin of an http or https URL."""
        if not url.is_http or not url.host or url.effective_port is None:
            raise CaptureError(f"not http or https: {url.scheme}", url=url.href, reason="scheme")
        return cls(scheme=url.scheme, host=url.host, port=url.effective_port)


class Connection:
    """An open connection; *address* is the peer's, None through a proxy."""

    __slots__ = ("_sock", "address", "origin", "tls", "used")

    def __init__(
        self, sock: socket.socket, origin: Origin, *, address: str | None, tls: TlsSession | None
    ) -> None:
        self._sock = sock
        self.origin = origin
        self.address = address
        self.tls = tls
        self.used = 0
        """Exchanges it has carried to their end."""

    def send(self, data: bytes, errand: Errand, idle: float) -> None:
        """Send *data*; CaptureError (`disconnect`, `timeout`, `stopped`) where that fails."""
        try:
            wire.send(self._sock, data, errand, time.monotonic() + idle)
        except OSError as error:
            raise errand.error("disconnect", f"the connection broke: {_said(error)}") from error

    def receive(self, errand: Errand, idle: float) -> bytes:
        """What comes next, b"" at the end; CaptureError as for `send`."""
        try:
            return wire.receive(self._sock, errand, time.monotonic() + idle)
        except OSError as error:
            raise errand.error("disconnect", f"the connection broke: {_said(error)}") from error

    def is_quiet(self) -> bool:
        """Whether a request may be sent on it: still open, and nothing unasked-for has come."""
        return wire.is_quiet(self._sock)

    def close(self) -> None:
        """Let go of it."""
        self._sock.close()


class Dialer:
    """Opens connections: looks the name up, judges every address, connects, tunnels, speaks TLS.

    *reached_private* turns true once a connection went to an address that is not a global one.
    """

    def __init__(self, settings: FetchSettings, limits: Limits, lookup: Lookup) -> None:
        self.reached_private = False
        self._settings = settings
        self._limits = limits
        self._lookup = lookup
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._chains: set[bytes] = set()  # a digest of each
        self._chain_room = _MOST_CERTIFICATES
        if settings.cacert is not None:
            self._tls()  # a file without a certificate is to fail now, not in the middle of a page

    def open(self, origin: Origin, errand: Errand) -> Connection:
        """A fresh connection to *origin*; CaptureError says at which step it failed."""
        until = time.monotonic() + self._limits.connect
        if self._settings.proxy is None:
            allowed = self._judged(origin, errand, until)
            sock, address = self._connect(allowed, origin.port, str(origin), errand, until)
            self.reached_private = self.reached_private or not is_public(address)
            shown: str | None = str(address)
        else:
            sock, shown = self._through_proxy(origin, errand, until), None
        if origin.scheme == "http":
            return Connection(sock, origin, address=shown, tls=None)
        secured = self._secure(sock, origin, errand, until)
        session = tls.session(secured)
        if not self._has_room_for(session.chain):
            secured.close()
            raise errand.error("length", "more certificates than a record can hold")
        return Connection(secured, origin, address=shown, tls=session)

    def _judged(self, origin: Origin, errand: Errand, until: float) -> _Addresses:
        """The addresses of *origin* that may be connected to."""
        forced = self._settings.forced(origin.host, origin.port)
        if forced:
            return forced
        found = addresses(origin.host, self._lookup, errand, until)
        if self._settings.allow_private:
            return found
        allowed = [address for address in found if is_public(address)]
        if not allowed:
            shown = ", ".join(map(str, found))
            raise errand.error("guard", f"{origin.host} is not on the public network ({shown})")
        return allowed

    def _through_proxy(self, origin: Origin, errand: Errand, until: float) -> socket.socket:
        """A tunnel to *origin*; the proxy's own address is the operator's word and not judged."""
        proxy = self._settings.proxy
        assert proxy is not None
        host = origin.host
        if forced := self._settings.forced(origin.host, origin.port):
            host = f"[{forced[0]}]" if forced[0].version == 6 else str(forced[0])
            self.reached_private = self.reached_private or not is_public(forced[0])
        elif not self._settings.allow_private:
            # The proxy will look the name up again; a name that means something private here is refused.
            self._judged(origin, errand, until)
        try:
            found = addresses(proxy.host, self._lookup, errand, until)
            sock, _ = self._connect(found, proxy.port, f"the proxy {proxy}", errand, until)
        except CaptureError as error:
            if error.reason in ("dns", "connect"):
                raise errand.error("proxy", str(error)) from error
            raise
        try:
            tunnel(sock, proxy, host, origin.port, errand, until)
        except BaseException:
            sock.close()
            raise
        return sock

    def _connect(
        self, found: _Addresses, port: int, name: str, errand: Errand, until: float
    ) -> tuple[socket.socket, IPv4Address | IPv6Address]:
        """A connection to the first of *found* that answers, each given its share of the time."""
        for place, address in enumerate(found):
            last = place == len(found) - 1
            now = time.monotonic()
            share = until if last else now + (until - now) / (len(found) - place)
            try:
                return wire.connect(str(address), port, errand, share), address
            except OSError as error:
                if last:
                    message = f"cannot connect to {name}: {_said(error)}"
                    raise errand.error("connect", message) from error
            except CaptureError as error:
                if last or error.reason != "timeout":
                    raise
        raise errand.error("dns", f"no address for {name}")

    def _secure(self, sock: socket.socket, origin: Origin, errand: Errand, until: float) -> ssl.SSLSocket:
        try:
            secured = tls.wrap(self._tls(), sock, origin.host)
        except (ValueError, OSError) as error:
            sock.close()
            raise errand.error("tls", f"no TLS with {origin}: {error}") from error
        try:
            wire.handshake(secured, errand, until)
        except OSError as error:
            secured.close()
            raise errand.error("tls", f"no TLS with {origin}: {_said(error)}") from error
        except BaseException:
            secured.close()
            raise
        return secured

    def _has_room_for(self, chain: tuple[bytes, ...]) -> bool:
        """Whether *chain* may be recorded: servers may make up another for every connection."""
        digest, size = hashlib.sha256(b"".join(chain)).digest(), sum(map(len, chain))
        with self._lock:
            if digest in self._chains:
                return True
            if size > self._chain_room:
                return False
            self._chains.add(digest)
            self._chain_room -= size
            return True

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                settings = self._settings
                self._context = tls.client_context(cacert=settings.cacert, insecure=settings.insecure)
            return self._context


def _said(error: OSError) -> str:
    """What went wrong, in the words a person can use."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return error.strerror or str(error)
