"""TLS that does not hold, or never comes to its end."""

from __future__ import annotations

import hashlib
import os
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.fetch.authority import Authority
from tests.fetch.rawserver import OK, Reply, Route, say
from tests.hostile.case import HOST, IMAGE, ONCE, Case, answer, images, page
from tests.hostile.server import HELLO, Trick, drip, flood

CACERT = "trusted.pem"
"""The file with the certificate that a capture is told to trust."""

_DAY = timedelta(days=1)
_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
_RECORD = b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb"  # a server's hello of 16 KB begins so


def _unknown(authority: Authority) -> ssl.SSLContext:
    context, _ = authority.server(HOST)
    return context


def _self_signed(name: str, first: int, last: int) -> Callable[[Authority], ssl.SSLContext]:
    """A certificate for *name*, signed by its own key, that holds from *first* to *last*, days from now."""

    def context(authority: Authority) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = _certificate(key, name, first, last)
        (authority.folder / CACERT).write_bytes(pem)
        return _context(authority, key, pem)

    return context


def _another_each_time(authority: Authority) -> ssl.SSLContext:
    """A certificate that holds, and 90 KB of others beside it that no two connections have in common."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = _certificate(key, HOST, -1, 1)
    (authority.folder / CACERT).write_bytes(own)
    chains = [own + b"".join(_certificate(key, HOST, -1, 1, 30_000) for _ in range(3)) for _ in range(100)]
    contexts = iter([_context(authority, key, chain) for chain in chains])
    made = _context(authority, key, own)

    def choose(sock: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        sock.context = next(contexts)

    made.sni_callback = choose
    return made


def _certificate(
    key: ec.EllipticCurvePrivateKey, name: str, first: int, last: int, padding: int = 0
) -> bytes:
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + first * _DAY)
        .not_valid_after(now + last * _DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    if padding:
        noise = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), os.urandom(padding))
        made = made.add_extension(noise, critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _context(authority: Authority, key: ec.EllipticCurvePrivateKey, chain: bytes) -> ssl.SSLContext:
    file = authority.folder / f"{hashlib.sha256(chain).hexdigest()}.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(file)
    return made


def _refused(
    name: str, tls: Callable[[Authority], ssl.SSLContext], *, trusted: bool = False, words: str
) -> Case:
    return Case(
        name=name,
        routes=lambda: {"*": say(OK)},
        tls=tls,
        trusted=trusted,
        named=True,
        flags=ONCE,
        requests=0,
        status="failed",
        reasons=("tls",),
        said=words,
        kept=False,
    )


def _no_handshake(name: str, trick: Trick | Route, why: str, *flags: str) -> Case:
    """What is said to whoever would speak TLS."""
    return Case(
        name=f"{name} in place of a handshake",
        routes=lambda: {HELLO: trick},
        scheme="https",
        named=True,
        flags=(*ONCE, *flags),
        requests=1,
        status="failed",
        reasons=(why,),
        kept=False,
    )


def _over_tls(request: bytes) -> Reply:
    host = request.partition(b"\r\nHost: ")[2].partition(b"\r\n")[0].decode()
    return page(f"<img src=https://{host}/a><img src=/x>")


CASES = (
    _refused("a certificate of an authority that nobody knows", _unknown, words="certificate does not hold"),
    _refused("a certificate signed by itself", _self_signed(HOST, -1, 1), words="self-signed certificate"),
    _refused(
        "a certificate that has expired",
        _self_signed(HOST, -9, -1),
        trusted=True,
        words="certificate has expired",
    ),
    _refused(
        "a certificate that does not hold yet",
        _self_signed(HOST, 1, 9),
        trusted=True,
        words="certificate is not yet valid",
    ),
    _refused(
        "a certificate for another name",
        _self_signed("other.example", -1, 1),
        trusted=True,
        words="not valid for",
    ),
    Case(
        name="a certificate that holds",
        routes=lambda: {"/": page("<img src=/x>"), "*": IMAGE},
        tls=_self_signed(HOST, -1, 1),
        trusted=True,
        named=True,
        requests=2,
        status="complete",
    ),
    Case(
        name="other certificates for every connection",
        routes=lambda: {
            "/": page(images(99), more="Connection: close\r\n"),
            "*": answer("x", "image/png", more="Connection: close\r\n"),
        },
        tls=_another_each_time,
        trusted=True,
        named=True,
        requests=91,
        peak=120,
        status="partial",
        reasons=("missing",),
        missing={"limit-bytes": 9},
    ),
    _no_handshake("HTTP", say(OK), "tls"),
    _no_handshake("an alert", say(_ALERT), "tls"),
    _no_handshake("garbage without end", flood(b"", b"\x16\x03\x03\x40\x00" + b"\xff" * 0x4000), "tls"),
    _no_handshake(
        "a hello of 16 KB that drips", drip(_RECORD, 0.05, b"\0"), "timeout", "--connect-timeout", "1"
    ),
    _no_handshake("silence", lambda _: (30.0,), "timeout", "--connect-timeout", "1"),
    Case(
        name="an image over TLS from a server that has none",
        routes=lambda: {"/": _over_tls, HELLO: say(b"HTTP/1.1 400 Speak HTTP\r\n\r\n"), "*": IMAGE},
        flags=ONCE,
        requests=3,
        asked=("/x",),
        status="partial",
        reasons=("missing",),
        missing={"tls": 1},
    ),
)
