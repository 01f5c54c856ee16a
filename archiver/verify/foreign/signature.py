"""The signature of a bundle by another tool (wacz-auth 0.1.0): whether it is right, never whose it is.

What is signed is the digest of datapackage.json and nothing else. A key or a domain that stands beside the
signature is a claim, however right the signature: anybody can make a key, and a certificate is proved by
roots that the verifier trusts alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archiver.bundle.verdict import Check, failed, indeterminate, passed
from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.signing.keys import Algorithm, PublicKey, is_low_s, low_s
from archiver.signing.strictbase64 import decode_base64
from archiver.signing.waczauth import VERSION
from archiver.verify.foreign.package import Package
from archiver.verify.policy import CLOCK_TOLERANCE

if TYPE_CHECKING:
    from cryptography import x509

_COMMON = ("hash", "created", "software", "version", "signature")
_ANONYMOUS = ("publicKey",)
_DOMAIN = ("domain", "domainCert", "timeSignature", "timestampCert", "crossSignedCert")
_NEEDED = ("domain", "domainCert")
_CHAINS = ("domainCert", "timestampCert", "crossSignedCert")

_MAX_CHAIN = 256 << 10  # bytes of certificates in PEM
_MAX_CERTIFICATES = 10
_MAX_SIGNATURE = 64 << 10  # a timestamp token with its certificates is some kilobytes


class Signature:
    """The checks of ``signedData``; what they are about is read from the properties afterwards."""

    def __init__(self, signed: object, digest: Digest, package: Package, now: datetime) -> None:
        self.holds = False
        """Whether the signature is right, by whatever key."""
        self.claimant: str | None = None
        """Whom the bundle says it is signed for, or by which key; proved by nothing."""
        self._signed = signed
        self._digest = digest
        self._package = package
        self._now = now

    def checks(self) -> Iterator[Check]:
        """Findings, never raised."""
        signed = self._signed
        if signed is None:
            yield indeterminate("signature", "NO_SIGNATURE", "the bundle is not signed")
        elif not isinstance(signed, dict):
            yield failed("signature", "FORMAT_FAILURE", "signedData is not a JSON object")
        elif not signed.keys() & {"hash", "signature", *_ANONYMOUS, *_DOMAIN}:
            # What a signing service answered that refused to sign.
            yield indeterminate("signature", "NO_SIGNATURE", "signedData holds nothing of a signature")
        else:
            try:
                yield from self._judge(signed)
            except FormatError as error:
                yield failed("signature", error.code, f"signedData: {error}")
                return
        yield from self._time()

    def _judge(self, signed: dict[str, Any]) -> Iterator[Check]:
        anonymous = any(key in signed for key in _ANONYMOUS)
        domain = any(key in signed for key in _DOMAIN)
        if anonymous == domain:
            which = (
                "both a publicKey and certificates" if anonymous else "neither a publicKey nor a certificate"
            )
            raise FormatError(f"{which}: it is not said who signed")
        names = _COMMON + (_ANONYMOUS if anonymous else _DOMAIN)
        unknown = sorted(signed.keys() - set(names))
        if unknown:
            shown = ", ".join(repr(name[:40]) for name in unknown[:5])
            yield passed("signature", f"signedData has further properties: {shown}", code="NOT_RELIED_ON")
        texts = {name: _text(signed, name) for name in names if name in signed}
        for name in ("hash", "signature", *(_ANONYMOUS if anonymous else _NEEDED)):
            if name not in texts:
                raise FormatError("is not there", where=name)
        for name, wanted in (("hash", str(self._digest)), ("created", self._package.created)):
            if texts.get(name) != wanted:
                raise FormatError(
                    f"{texts.get(name)!r:.80} is not datapackage.json's", where=name, code="HASH_FAILURE"
                )
        version = texts.get("version")
        if version is None:
            yield passed("signature", "signedData has no version, as ArchiveWeb.page's", code="KNOWN_DEFECT")
        elif version != VERSION:
            why = f"signedData is of version {version!r:.40}, not {VERSION}"
            yield indeterminate("signature", "UNSUPPORTED_VERSION", why)
        yield from self._anonymous(texts) if anonymous else self._domain(texts)

    def _anonymous(self, texts: dict[str, str]) -> Iterator[Check]:
        spki = decode_base64(texts["publicKey"], "publicKey")
        try:
            key = PublicKey(alg=Algorithm.ECDSA_P384, spki=spki)
        except FormatError as error:
            raise error.inside("publicKey") from error
        signature = decode_base64(texts["signature"], "signature")
        if not key.verifies(low_s(signature), texts["hash"].encode("ascii")):
            raise FormatError("not made by publicKey", where="signature", code="SIG_CRYPTO_FAILURE")
        self.holds = True
        self.claimant = f"signed by the key {key.keyid}, whoever has that"
        if not is_low_s(signature):
            why = "the other spelling of the signature (high s), as good for anybody but us"
            yield passed("signature", why, code="KNOWN_DEFECT")
        yield passed("signature", f"by the key {key.keyid}, over the digest of datapackage.json")
        yield indeterminate(
            "signer",
            "UNTRUSTED_SIGNER",
            "an anonymous signature: whose key it is, nothing in the bundle can prove",
        )

    def _domain(self, texts: dict[str, str]) -> Iterator[Check]:
        domain = texts["domain"]
        chains = {name: _chain(texts[name], name) for name in _CHAINS if name in texts}
        signature = decode_base64(texts["signature"], "signature")
        if "timeSignature" in texts:
            decode_base64(texts["timeSignature"], "timeSignature")
        leaf = chains["domainCert"][0]
        if not _is_for(leaf, domain):
            raise FormatError(f"domainCert is not for {domain!r:.100}", where="domain", code="CONTRADICTION")
        if _is_curve(leaf):
            if not _signed_by(leaf, signature, texts["hash"].encode("ascii")):
                raise FormatError(
                    "not made by domainCert's key", where="signature", code="SIG_CRYPTO_FAILURE"
                )
            self.holds = True
            self.claimant = f"said to be signed for {domain}"
            yield passed("signature", "by the key of domainCert, over the digest of datapackage.json")
        else:
            why = "domainCert's key is no ECDSA key on P-256 or P-384: its signature is not judged"
            yield indeterminate("signature", "CRYPTO_CONSTRAINTS", why)
        yield indeterminate(
            "signer",
            "UNTRUSTED_SIGNER",
            f"said to be signed for {domain[:100]!r}; whether its certificates lead to a root that you trust "
            "is not judged by this release",
        )
        why = (
            "its timestamp is not judged by this release"
            if "timeSignature" in texts
            else "it has no timestamp"
        )
        yield indeterminate("time", "UNTRUSTED_TIME", f"signed for a domain: {why}")

    def _time(self) -> Iterator[Check]:
        created = self._package.created
        if created is None:
            return
        try:
            moment = datetime.fromisoformat(created if len(created) <= 40 else "")
        except ValueError:
            yield passed("time", f"made at {created!r:.60}, as claimed: no time", code="CLAIMED_TIME")
            return
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._now.tzinfo)
        if moment > self._now + CLOCK_TOLERANCE:
            yield indeterminate(
                "time", "CLOCK", "the time of making claimed lies ahead of this machine's clock"
            )
        else:
            yield passed("time", f"made at {created}, as claimed", code="CLAIMED_TIME")


def _text(signed: dict[str, Any], name: str) -> str:
    text = signed[name]
    most = _MAX_CHAIN if name in _CHAINS else _MAX_SIGNATURE
    if not isinstance(text, str) or len(text) > most:
        raise FormatError("not a text, or too long a one", where=name)
    return text


def _chain(text: str, name: str) -> list[x509.Certificate]:
    """The certificates of a chain in PEM, at least one; FormatError for anything else."""
    # On use: it costs more to load than a small bundle to check.
    from cryptography import x509

    if text.count("-----BEGIN") > _MAX_CERTIFICATES:
        raise FormatError(f"more than {_MAX_CERTIFICATES} certificates", where=name)
    try:
        with warnings.catch_warnings(action="ignore"):  # it warns of old certificates' little faults
            return x509.load_pem_x509_certificates(text.encode("ascii"))
    except (ValueError, x509.InvalidVersion) as error:
        raise FormatError("not a chain of certificates in PEM", where=name) from error


def _is_for(leaf: x509.Certificate, domain: str) -> bool:
    """Whether *leaf* names *domain* among its DNS names; ``*`` stands for one label."""
    from cryptography import x509

    try:
        with warnings.catch_warnings(action="ignore"):
            extensions = leaf.extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        held = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    except x509.ExtensionNotFound:
        return False
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise FormatError("a certificate whose extensions cannot be read", where="domainCert") from error
    wanted = domain.lower()
    return wanted in held or f"*.{wanted.partition('.')[2]}" in held


def _is_curve(leaf: x509.Certificate) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key = leaf.public_key()
    except UnsupportedAlgorithm:
        return False
    except ValueError as error:
        raise FormatError("a certificate whose key cannot be read", where="domainCert") from error
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1)


def _signed_by(leaf: x509.Certificate, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
