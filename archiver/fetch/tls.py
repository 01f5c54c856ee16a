"""TLS as this recorder speaks it, and the facts of one connection."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any, cast

from archiver.errors import FormatError
from archiver.fetch.guard import literal
from archiver.warc.exchange import TlsSession

_IANA = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES128-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "ECDHE-ECDSA-AES256-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-RSA-AES128-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "ECDHE-RSA-AES256-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    "DHE-RSA-AES128-GCM-SHA256": "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "DHE-RSA-AES256-GCM-SHA384": "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    "DHE-RSA-AES128-SHA256": "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
    "DHE-RSA-AES256-SHA256": "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
    "DHE-RSA-CHACHA20-POLY1305": "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
}
"""OpenSSL's own names before TLS 1.3, for the suites Python offers."""


def client_context(*, cacert: bytes | None, insecure: bool) -> ssl.SSLContext:
    """What verifies servers: the default roots, with the certificates of *cacert* (PEM) added.

    The roots are the system's, found where OpenSSL was built to look and not where the environment
    points: an extra root is to be named and stated. Where there is none, certifi's.
    *insecure* verifies nothing. FormatError where *cacert* holds no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if cacert is not None:
        try:
            context.load_verify_locations(cadata=cacert.decode("ascii", "ignore"))
        except (ssl.SSLError, ValueError) as error:
            raise FormatError("no PEM certificate in it", where="--cacert") from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _load_roots(context)
    return context


def _load_roots(context: ssl.SSLContext) -> None:
    paths = ssl.get_default_verify_paths()
    file = paths.openssl_cafile if Path(paths.openssl_cafile).is_file() else None
    folder = paths.openssl_capath if Path(paths.openssl_capath).is_dir() else None
    if file or folder:
        context.load_verify_locations(cafile=file, capath=folder)
    if not file and not (folder and any(Path(folder).iterdir())):
        import certifi  # loaded here: few systems come without roots

        context.load_verify_locations(cafile=certifi.where())


def wrap(context: ssl.SSLContext, sock: socket.socket, host: str) -> ssl.SSLSocket:
    """*sock* with TLS for *host*, the handshake still to be done; ValueError for a host TLS cannot name."""
    own = literal(host)
    name = str(own) if own is not None else host.removesuffix(".")
    name.encode("idna")  # as wrap_socket will, but while *sock* is still the caller's to close
    return context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)


def session(sock: ssl.SSLSocket) -> TlsSession:
    """The facts of the connection that *sock* is."""
    cipher = sock.cipher()
    name = cipher[0] if cipher else ""
    return TlsSession(version=sock.version() or "", cipher=_IANA.get(name, name), chain=_chain(sock))


def _chain(sock: ssl.SSLSocket) -> tuple[bytes, ...]:
    """The certificates as the server sent them, verified or not."""
    if hasattr(sock, "get_unverified_chain"):  # public from Python 3.13 on
        return tuple(cast("list[bytes]", sock.get_unverified_chain()))
    import _ssl

    inner = cast("Any", sock)._sslobj  # noqa: SLF001 - before 3.13 there is no other door
    der: int = cast("Any", _ssl).ENCODING_DER
    return tuple(one.public_bytes(der) for one in inner.get_unverified_chain() or ())
