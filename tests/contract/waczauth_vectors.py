"""Vectors of datapackage-digest.json and the signature in it that other WACZ tools read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from archiver.bundle.datapackage import DatapackageDigest
from archiver.bundle.moment import utc_text
from archiver.digest import Digest
from archiver.signing.keys import Algorithm, low_s
from archiver.signing.waczauth import signed_data as sign_wacz_auth
from tests import small
from tests.contract.forging import CLOSING, SOFTWARE, base, consistent, sealed, whole
from tests.contract.keys import COURT, PRESS, private_key
from tests.contract.seal_vectors import Change, another, attackers, b64, closed, from_b64, spki_p256
from tests.contract.vector import Vector, trusting, vector
from tests.rogue import zipped

_P384 = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)
_ZEROS = "0" * 64
_MD5 = "d41d8cd98f00b204e9800998ecf8427e"


def signed_data(change: Change) -> Callable[[], bytes]:
    """A maker of the court's bundle with another signedData."""
    return lambda: closed(lambda value: change(value["signedData"]))


def _other_signed_data(value: Any) -> None:
    value["signedData"] = json.loads(another()[CLOSING])["signedData"]


def _high_s(data: Any) -> None:
    raw = from_b64(data["signature"])
    data["signature"] = b64(raw[:48] + (_P384 - int.from_bytes(raw[48:], "big")).to_bytes(48, "big"))


def _der(data: Any) -> None:
    raw = from_b64(data["signature"])
    numbers = (int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big"))
    data["signature"] = b64(encode_dss_signature(*numbers))


def _other_hash(algorithm: hashes.HashAlgorithm) -> Change:
    def change(data: Any) -> None:
        key = private_key("court", Algorithm.ECDSA_P384)
        made = key.sign(data["hash"].encode(), ec.ECDSA(algorithm, deterministic_signing=True))
        raw = b"".join(number.to_bytes(48, "big") for number in decode_dss_signature(made))
        data["signature"] = b64(low_s(raw))

    return change


def _over_bytes(data: Any) -> None:
    """Signed is the digest itself, not its text."""
    key = private_key("court", Algorithm.ECDSA_P384)
    made = key.sign(bytes.fromhex(data["hash"][7:]), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    data["signature"] = b64(
        low_s(b"".join(number.to_bytes(48, "big") for number in decode_dss_signature(made)))
    )


def _compressed(data: Any) -> None:
    spki = from_b64(data["publicKey"])
    point = spki[-97:]
    short = (
        bytes.fromhex("3046301006072a8648ce3d020106052b81040022033200")
        + bytes([2 + (point[-1] & 1)])
        + point[1:49]
    )
    data["publicKey"] = b64(short)


def _twice(first: bool) -> bytes:
    """signedData twice: one good, one of another file."""
    held = base()[CLOSING]
    start = held.index(b'"signedData":')
    good = held[start:-1]
    bad = good.replace(b'"hash":"sha256:', b'"hash":"sha256:0')
    pair = (bad, good) if first else (good, bad)
    return zipped({**base(), CLOSING: held[:start] + b",".join(pair) + b"}"})


def _with_the_courts_signature(value: DatapackageDigest) -> DatapackageDigest:
    made = sign_wacz_auth(COURT, Digest.parse(value.hash), utc_text(small.NOON), SOFTWARE)
    return msgspec.structs.replace(value, signed_data=made)


_AUTH_FORM = "wacz-auth FORMAT_FAILURE"
_AUTH_CRYPTO = "wacz-auth SIG_CRYPTO_FAILURE"
_AUTH_HASH = "wacz-auth HASH_FAILURE"
_ALL_FORM = "datapackage FORMAT_FAILURE, statement FORMAT_FAILURE, signature FORMAT_FAILURE"

VECTORS: list[Vector] = [
    vector("wacz-auth-missing", "wacz-auth MISSING_REQUIRED_SIGNATURE",
           lambda: closed(lambda value: value.pop("signedData")),
           "signedData was taken out; the identity has a key for it."),
    vector("wacz-auth-twice-the-first-is-wrong", _ALL_FORM, lambda: _twice(True),
           "signedData is there twice, and the first is of another file."),
    vector("wacz-auth-twice-the-last-is-wrong", _ALL_FORM, lambda: _twice(False),
           "signedData is there twice, and the last is of another file."),
    vector("wacz-auth-of-another-hash", _AUTH_HASH,
           signed_data(lambda data: data.update(hash=f"sha256:{_ZEROS}")),
           "signedData names another digest than datapackage.json has."),
    vector("wacz-auth-of-another-bundle", _AUTH_HASH, lambda: closed(_other_signed_data),
           "The good signedData of another bundle was put in the place of this one's."),
    vector("wacz-auth-created-differs", _AUTH_HASH,
           signed_data(lambda data: data.update(created="2020-01-01T00:00:00Z")),
           "signedData names another time than datapackage.json."),
    vector("wacz-auth-software-differs", _AUTH_HASH, signed_data(lambda data: data.update(software="other")),
           "signedData names another software than datapackage.json."),
    vector("wacz-auth-of-another-version", _AUTH_FORM, signed_data(lambda data: data.update(version="0.2.0")),
           "signedData names another version of the form."),
    vector("wacz-auth-of-a-domain", _AUTH_FORM,
           signed_data(lambda data: data.update(domain="library.example", domainCert="", timeSignature="")),
           "signedData has the properties of the domain form, which a bundle of this format does not have."),
    vector("wacz-auth-by-another-key", _AUTH_FORM,
           signed_data(lambda data: data.update(attackers("signedData"), hash=data["hash"])),
           "signedData is signed by a key that is not the identity's."),
    vector("wacz-auth-key-of-another-curve", _AUTH_FORM,
           signed_data(lambda data: data.update(publicKey=spki_p256())), "signedData has a key on P-256."),
    vector("wacz-auth-high-s", _AUTH_FORM, signed_data(_high_s),
           "The signature is the second one that everybody can make of each: s in the upper half."),
    vector("wacz-auth-signature-in-der", _AUTH_CRYPTO, signed_data(_der), "The signature is in DER."),
    vector("wacz-auth-signature-of-zeros", _AUTH_FORM,
           signed_data(lambda data: data.update(signature=b64(bytes(96)))),
           "r and s are zero; some implementations took that for a signature of anything."),
    vector("wacz-auth-with-sha-1", _AUTH_CRYPTO, signed_data(_other_hash(hashes.SHA1())),
           "The identity's key signed the SHA-1 of the text."),
    vector("wacz-auth-with-sha-512", _AUTH_CRYPTO, signed_data(_other_hash(hashes.SHA512())),
           "The identity's key signed the SHA-512 of the text."),
    vector("wacz-auth-over-the-digests-bytes", _AUTH_CRYPTO, signed_data(_over_bytes),
           "The identity's key signed the 32 bytes of the digest, not its text."),
    vector("wacz-auth-by-an-identity-without-that-key", _AUTH_FORM,
           lambda: sealed(consistent(whole()), PRESS, closing=_with_the_courts_signature),
           "The identity has no wacz-auth key, and there is a signedData by the court's.",
           policy=trusting(PRESS)),
    vector("datapackage-digest-of-another-file", "datapackage HASH_FAILURE",
           lambda: closed(lambda value: value.update(hash=f"sha256:{_ZEROS}")),
           "datapackage-digest.json names another digest than datapackage.json has."),
    vector("datapackage-digest-in-md5", _ALL_FORM,
           lambda: closed(lambda value: value.update(hash=f"md5:{_MD5}")),
           "datapackage-digest.json names an MD5 digest."),
    vector("datapackage-digest-of-another-path", _ALL_FORM,
           lambda: closed(lambda value: value.update(path="x.json")),
           "datapackage-digest.json is of another file."),
]  # fmt: skip
