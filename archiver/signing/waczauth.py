"""The signature that WACZ tools look for: wacz-auth 0.1.0, anonymous form, over datapackage.json's digest."""

from __future__ import annotations

import msgspec

from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.signing.identity import Identity, LocalIdentity
from archiver.signing.keys import Algorithm, PublicKey, is_low_s
from archiver.signing.strictbase64 import decode_base64, encode_base64
from archiver.strictjson import convert

VERSION = "0.1.0"


class _SignedDataJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    created: str
    hash: str
    publicKey: str  # noqa: N815 - the name in the file
    signature: str
    software: str
    version: str


def signed_data(local: LocalIdentity, digest: Digest, created: str, software: str) -> dict[str, str]:
    """The ``signedData`` of datapackage-digest.json: *local* signs *digest*, that of datapackage.json.

    *created* and *software* are datapackage.json's own. Raises FormatError for an identity without a
    wacz-auth key.
    """
    key = local.identity.wacz_key
    if key is None:
        raise FormatError("the identity has no wacz-auth key")
    return {
        "created": created,
        "hash": str(digest),
        "publicKey": encode_base64(key.spki),
        "signature": encode_base64(local.sign_wacz(str(digest).encode("ascii"))),
        "software": software,
        "version": VERSION,
    }


def check_signed_data(
    value: object, digest: Digest, created: str, software: str, identity: Identity | None
) -> None:
    """Return when *value* is the ``signedData`` that a bundle of ours must have.

    *identity* is the bundle's own, or None where the bundle has lost it; then any sound key will do.
    Raises FormatError: HASH_FAILURE where hash, created or software differ from datapackage.json's,
    KEY_REJECTED, SIG_CRYPTO_FAILURE, or FORMAT_FAILURE for another property, version, key than the
    identity's or half of the curve.
    """
    data = convert(value, _SignedDataJson)
    if data.version != VERSION:
        raise FormatError(f"{data.version!r:.80} is not {VERSION}", where="version")
    stated = {"hash": str(digest), "created": created, "software": software}
    for field, text in stated.items():
        if getattr(data, field) != text:
            raise FormatError("differs from datapackage.json's", where=field, code="HASH_FAILURE")
    key = _key(data.publicKey, identity)
    signature = decode_base64(data.signature, "signature")
    if len(signature) == 96 and not is_low_s(signature):
        raise FormatError("not low-S: a second spelling of a signature", where="signature")
    if not key.verifies(signature, data.hash.encode("ascii")):
        raise FormatError("not made by publicKey", where="signature", code="SIG_CRYPTO_FAILURE")


def _key(text: str, identity: Identity | None) -> PublicKey:
    spki = decode_base64(text, "publicKey")
    if identity is not None:
        key = identity.wacz_key
        if key is None or key.spki != spki:
            raise FormatError("not the identity's wacz-auth key", where="publicKey")
        return key
    try:
        return PublicKey(alg=Algorithm.ECDSA_P384, spki=spki)
    except FormatError as error:
        raise error.inside("publicKey") from error
