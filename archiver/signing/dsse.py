"""DSSE: exact bytes in an envelope with signatures (Dead Simple Signing Envelope, v1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from archiver.errors import FormatError, LimitError
from archiver.signing.strictbase64 import decode_base64, encode_base64
from archiver.strictjson import convert

if TYPE_CHECKING:  # an identity makes envelopes, so the import at run time goes the other way
    from archiver.signing.identity import Identity

PAYLOAD_TYPE = "application/vnd.in-toto+json"
"""That of an in-toto Statement, which every envelope of ours holds."""

MAX_PAYLOAD = 64 << 20
"""No payload is larger."""

_MAX_SIGNATURES = 16
_MAX_TEXT = 200
_MAX_SIGNATURE = 8 << 10


class _SignatureJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    keyid: str
    sig: str


class _EnvelopeJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    payload: str
    payloadType: str  # noqa: N815 - the name in the file
    signatures: list[_SignatureJson]


def pae(payload_type: str, payload: bytes) -> bytes:
    """What is signed: type and payload with their lengths, so that neither can pass for the other."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature; *keyid* is a label that chooses nothing."""

    keyid: str
    sig: bytes


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """*payload*, what kind of thing it says it is, and who signed both. Nothing in it is verified yet."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    @classmethod
    def from_builtins(cls, value: object) -> Envelope:
        """The envelope in decoded JSON.

        Raises FormatError for any other field than DSSE's and for loose base64, LimitError for a
        payload past 64 MiB.
        """
        parsed = convert(value, _EnvelopeJson)
        if len(parsed.payload) > MAX_PAYLOAD * 4 // 3 + 4:
            raise LimitError(f"more than {MAX_PAYLOAD} bytes", where="payload")
        if len(parsed.payloadType) > _MAX_TEXT:
            raise FormatError(f"longer than {_MAX_TEXT} characters", where="payloadType")
        if len(parsed.signatures) > _MAX_SIGNATURES:
            raise FormatError(f"more than {_MAX_SIGNATURES}", where="signatures")
        return cls(
            payload=decode_base64(parsed.payload, "payload"),
            payload_type=parsed.payloadType,
            signatures=tuple(
                _signature(signature, f"signatures[{index}]")
                for index, signature in enumerate(parsed.signatures)
            ),
        )

    def to_builtins(self) -> dict[str, object]:
        """The envelope as JSON's own types."""
        return {
            "payload": encode_base64(self.payload),
            "payloadType": self.payload_type,
            "signatures": [
                {"keyid": signature.keyid, "sig": encode_base64(signature.sig)}
                for signature in self.signatures
            ],
        }


def verify_envelope(envelope: Envelope, identity: Identity, *, payload_type: str = PAYLOAD_TYPE) -> None:
    """Return when every seal key of *identity* has signed *envelope*, raise FormatError when not.

    Whether *identity* is to be trusted is another question. Its code is MISSING_REQUIRED_SIGNATURE,
    SIG_CRYPTO_FAILURE, or FORMAT_FAILURE for another payload type, a signature too many, a key twice
    or out of order, and a keyid that is not the digest of the key that verified.
    """
    if envelope.payload_type != payload_type:
        raise FormatError(f"{envelope.payload_type!r:.80} is not {payload_type}", where="payloadType")
    keys = identity.seal_keys
    expected = [key.keyid for key in keys]
    found = [signature.keyid for signature in envelope.signatures]
    if len(found) > len(expected):
        raise FormatError(f"{len(found)} for {len(expected)} keys", where="signatures")
    if len(set(found)) != len(found):
        raise FormatError("two under the same keyid", where="signatures")
    if len(found) < len(expected):
        absent = next(key for key in keys if key.keyid not in found)
        raise FormatError(
            f"none by the identity's {absent.alg} key", where="signatures", code="MISSING_REQUIRED_SIGNATURE"
        )
    if found != expected and set(found) == set(expected):
        raise FormatError("not in the order of the identity's keys", where="signatures")
    message = pae(envelope.payload_type, envelope.payload)
    for index, (key, signature) in enumerate(zip(keys, envelope.signatures, strict=True)):
        where = f"signatures[{index}]"
        if not key.verifies(signature.sig, message):
            raise FormatError(
                f"not made by the identity's {key.alg} key", where=where, code="SIG_CRYPTO_FAILURE"
            )
        if signature.keyid != key.keyid:
            raise FormatError("not that of the key that verifies it", where=f"{where}.keyid")


def _signature(parsed: _SignatureJson, where: str) -> Signature:
    if len(parsed.keyid) > _MAX_TEXT or len(parsed.sig) > _MAX_SIGNATURE:
        raise FormatError("longer than any key's", where=where)
    return Signature(keyid=parsed.keyid, sig=decode_base64(parsed.sig, f"{where}.sig"))
