"""The two kinds of signature that a WACZ of other tools can have, made as these tools make them.

Domain: authsign's, a web server's certificate and an RFC 3161 timestamp. Anonymous: ArchiveWeb.page's, a
key that nobody vouches for.
"""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOMAIN = "archive.library.example"

_SHA256 = ec.ECDSA(hashes.SHA256())
_OPENSSL_TSA = """
[tsa]
default_tsa = this
[this]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/tsa-root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
"""


class Signer(Protocol):
    """Whatever signs the digest of a datapackage.json."""

    def signed_data(self, digest: str, created: str) -> dict[str, str]:
        """The value of `signedData` for *digest*, ``sha256:`` and hex."""
        ...


class Anonymous:
    """A key of a browser extension's own."""

    software = "Webrecorder ArchiveWeb.page 0.15.1, using warcio.js 2.4.4"

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP384R1())
        spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public = _base64(spki)

    def signed_data(self, digest: str, created: str) -> dict[str, str]:
        r, s = decode_dss_signature(self._key.sign(digest.encode(), _SHA256))
        return {
            "hash": digest,
            "signature": _base64(r.to_bytes(48, "big") + s.to_bytes(48, "big")),
            "publicKey": self.public,
            "created": created,
            "software": self.software,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A key and its certificate; *chain* is the certificate and those above it, the root last."""

    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def pem(self) -> str:
        return "\n".join(one.public_bytes(Encoding.PEM).decode() for one in self.chain)

    def pem_key(self, encryption: KeySerializationEncryption | None = None) -> bytes:
        form = PrivateFormat.PKCS8
        return self.key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


class Domain:
    """A signing server with a certificate for `DOMAIN`, and a timestamp authority run by openssl.

    *folder* keeps the files of both. Everything was issued yesterday.
    """

    software = "authsigner 0.6.1"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        root = _issue("Example Root", None, path_length=None)
        intermediate = _issue("Example Intermediate", root, path_length=0)
        self._issued = _issue(DOMAIN, intermediate, usage=ExtendedKeyUsageOID.SERVER_AUTH)
        self._tsa_root = _issue("Example Time Root", None, path_length=None)
        self._tsa = _issue("Example Time", self._tsa_root, usage=ExtendedKeyUsageOID.TIME_STAMPING)
        (folder / "tsa.key").write_bytes(self._tsa.pem_key())
        (folder / "tsa.pem").write_bytes(self._tsa.chain[0].public_bytes(Encoding.PEM))
        (folder / "tsa-root.pem").write_bytes(self._tsa_root.chain[0].public_bytes(Encoding.PEM))
        (folder / "serial").write_text("01\n")
        (folder / "tsa.conf").write_text(_OPENSSL_TSA.format(folder=folder))

    def signed_data(self, digest: str, created: str) -> dict[str, str]:
        signature = _base64(self._issued.key.sign(digest.encode(), _SHA256))
        return {
            "hash": digest,
            "created": created,
            "software": self.software,
            "signature": signature,
            "domain": DOMAIN,
            "domainCert": self._issued.pem,
            "timeSignature": self._stamp(signature),
            "timestampCert": self._tsa.pem,
            "version": "0.1.0",
        }

    def trusted_roots(self) -> dict[str, list[str]]:
        """What a verifier that trusts both authorities is configured with."""
        return {
            "domain_cert_roots": [_fingerprint(self._issued.chain[-1])],
            "timestamp_cert_roots": [_fingerprint(self._tsa_root.chain[-1])],
        }

    def write_server_key(self, folder: Path) -> None:
        """The key and certificate without which authsign's server does not start, as it keeps them."""
        folder.mkdir()
        (folder / "cert.pem").write_text(self._issued.pem)
        encryption = BestAvailableEncryption(b"passphrase")
        (folder / "private-key.pem").write_bytes(self._issued.pem_key(encryption))

    def _stamp(self, text: str) -> str:
        """A timestamp over *text* that openssl gives, of this second."""
        query, reply, signed = (self._folder / f"ts.{name}" for name in ("query", "reply", "data"))
        signed.write_text(text)
        ask: list[str | Path] = ["-query", "-data", signed, "-sha256", "-cert", "-out", query]
        answer = ["-reply", "-config", self._folder / "tsa.conf", "-queryfile", query, "-out", reply]
        for step in (ask, answer):
            subprocess.run(["openssl", "ts", *step], capture_output=True, timeout=30, check=True)
        return _base64(reply.read_bytes())


def _issue(
    name: str,
    issuer: Issued | None,
    *,
    path_length: int | None = None,
    usage: x509.ObjectIdentifier | None = None,
) -> Issued:
    """A certificate for *name*; one without a *usage* is an authority's, without an *issuer* a root."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    since = datetime.now(UTC) - timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.chain[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=90 if usage else 3650))
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=path_length), critical=True)
    )
    if usage is not None:
        stamps = usage == ExtendedKeyUsageOID.TIME_STAMPING
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=stamps)
        if not stamps:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    made = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    return Issued(key=key, chain=(made, *(issuer.chain if issuer else ())))


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
