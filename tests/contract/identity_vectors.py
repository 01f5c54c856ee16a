"""Vectors of identities that are none, each judged by a policy that trusts the very file."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from archiver import strictjson
from archiver.bundle.datapackage import DatapackageDigest
from archiver.signing.identity import LocalIdentity
from tests.contract.forging import base, consistent, sealed, whole
from tests.contract.keys import COURT, LIBRARY
from tests.contract.vector import Vector, trusting_file, vector

Change = Callable[[Any], object]

_REJECTED = "signature KEY_REJECTED"
_FORM = "signature FORMAT_FAILURE"

_P = 2**255 - 19
_ED25519 = bytes.fromhex("302a300506032b6570032100")
_P384 = bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200")
_P384_SHORT = bytes.fromhex("3046301006072a8648ce3d020106052b81040022033200")
_ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")


def _vector(name: str, reasons: str, change: Change, says: str, local: LocalIdentity = COURT) -> Vector:
    """A bundle whose identity is changed, listed and named in the statement as it is now, and trusted."""

    def public(data: bytes) -> bytes:
        value = json.loads(data)
        change(value)
        changed = strictjson.dumps(value)
        assert changed != data
        return changed

    trusted = trusting_file(public(local.identity.to_bytes()), local.identity.name)
    return vector(
        name, reasons, lambda: sealed(consistent(whole()), local, public=public), says, policy=trusted
    )


def _key(at: int = 0, **fields: str) -> Change:
    return lambda value: value["keys"][at].update(fields)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _weak(name: str, raw: bytes, says: str) -> Vector:
    """An identity of one Ed25519 point, and R the neutral point with S = 0: such a signature needs no key."""
    spki = _ED25519 + raw
    identity = strictjson.dumps(
        {"keys": [{"alg": "ed25519", "spki": _b64(spki), "use": "seal"}], "name": "Weak"}
    )

    def closing(value: DatapackageDigest) -> DatapackageDigest:
        assert value.provenance is not None
        forged = {"keyid": f"sha256:{sha256(spki).hexdigest()}", "sig": _b64(b"\x01" + bytes(63))}
        envelope = {**value.provenance.envelope, "signatures": [forged]}
        provenance = msgspec.structs.replace(value.provenance, envelope=envelope)
        return msgspec.structs.replace(value, provenance=provenance, signed_data=None)

    return vector(
        name, _REJECTED, lambda: sealed(base(), public=lambda _: identity, closing=closing), says,
        policy=trusting_file(identity, "Weak"),
    )  # fmt: skip


def _y(value: int, sign: int = 0) -> bytes:
    return (value | sign << 255).to_bytes(32, "little")


def _spki(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> str:
    return _b64(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _point() -> bytes:
    key = COURT.identity.wacz_key
    assert key is not None
    return key.spki[-97:]


def _off_the_curve() -> bytes:
    point = _point()
    return point[:-1] + bytes([point[-1] ^ 1])


def _rsa() -> str:
    """An RSA key of 1,024 bits of which nobody knows the factors, as nobody needs to."""
    return _spki(rsa.RSAPublicNumbers(65537, (1 << 1023) + 0x10001).public_key())


_WEAK = "whoever likes can sign for it, as this signature shows."

VECTORS: list[Vector] = [
    _weak("identity-key-of-order-1", _y(1), f"The identity's Ed25519 key is the neutral point; {_WEAK}"),
    _weak("identity-key-of-order-2", _y(_P - 1), "The identity's Ed25519 key is the point of order 2."),
    _weak("identity-key-of-order-4", _y(0), "The identity's Ed25519 key is a point of order 4."),
    _weak("identity-key-of-order-8", _ORDER_8, "The identity's Ed25519 key is a point of order 8."),
    _weak("identity-key-of-order-1-spelled-otherwise", _y(_P + 1),
          f"The same point as y = p + 1, which a check of the usual list of bytes passes over; {_WEAK}"),
    _weak("identity-key-of-order-1-with-a-sign", _y(1, 1),
          f"The neutral point with the sign of x set; {_WEAK}"),
    _weak("identity-key-that-is-no-point", _y(7), "The identity's Ed25519 key is not a point of the curve."),
    _vector("identity-key-twice", _FORM, lambda value: value["keys"].insert(1, value["keys"][0]),
            "The identity has one key twice, so that one would count for two."),
    _vector("identity-algorithm-of-another-key", _REJECTED, _key(alg="ml-dsa-65"),
            "The identity calls its Ed25519 key ML-DSA-65; the algorithm comes from the key."),
    _vector("identity-algorithm-unknown", _FORM, _key(alg="rsa-pss"),
            "The identity names an algorithm that v1 has not."),
    _vector("identity-key-of-rsa-before-an-unknown-algorithm", _REJECTED,
            lambda value: (_key(spki=_rsa())(value), _key(1, alg="rsa-pss")(value)),
            "The first key is an RSA key, the second of an algorithm that v1 has not: the first decides."),
    _vector("identity-key-of-rsa-behind-an-unknown-algorithm", _FORM,
            lambda value: (_key(alg="rsa-pss")(value), _key(1, spki=_rsa())(value)),
            "The first key is of an algorithm that v1 has not, the second an RSA key: the first decides."),
    _vector("identity-key-of-rsa", _REJECTED, _key(spki=_rsa()),
            "The Ed25519 key is an RSA key of 1,024 bits."),
    _vector("identity-key-on-p-256", _REJECTED,
            _key(1, spki=_spki(ec.derive_private_key(7, ec.SECP256R1()).public_key())),
            "The wacz-auth key is on P-256."),
    _vector("identity-key-compressed", _REJECTED,
            _key(1, spki=_b64(_P384_SHORT + bytes([2 + (_point()[-1] & 1)]) + _point()[1:49])),
            "The wacz-auth key is a compressed point: a second spelling."),
    _vector("identity-key-off-its-curve", _REJECTED, _key(1, spki=_b64(_P384 + _off_the_curve())),
            "The wacz-auth key is not a point of P-384."),
    _vector("identity-key-in-another-der", _REJECTED,
            _key(spki=_b64(b"\x30\x81" + COURT.identity.seal_keys[0].spki[1:])),
            "A key's length is spelled in two bytes where one does: BER, not DER."),
    _vector("identity-ml-dsa-key-cut-short", _REJECTED,
            lambda value: value["keys"][1].update(spki=_b64(LIBRARY.identity.seal_keys[1].spki[:-3])),
            "The ML-DSA-65 key is three bytes short.", LIBRARY),
    _vector("identity-ecdsa-key-to-seal", _FORM, _key(1, use="seal"),
            "The P-384 key is to seal; it is for wacz-auth only."),
    _vector("identity-ed25519-key-for-wacz-auth", _FORM, _key(use="wacz-auth"),
            "The Ed25519 key is for wacz-auth; it is to seal only."),
    _vector("identity-without-a-seal-key", _FORM, lambda value: value["keys"].pop(0),
            "The identity has no key to seal with: no signature would be missing."),
    _vector("identity-without-keys", _FORM, lambda value: value["keys"].clear(), "The identity has no keys."),
    _vector("identity-of-many-keys", _FORM, lambda value: value.update(keys=value["keys"] * 5),
            "The identity has ten keys; eight are the most."),
    _vector("identity-of-no-name", _FORM, lambda value: value.update(name=""),
            "The identity's name is empty."),
    _vector("identity-name-with-a-line-break", _FORM,
            lambda value: value.update(name="Court\nPASSED  a.wacz"),
            "The identity's name has a line break and a verdict of its own."),
    _vector("identity-name-with-a-terminal-command", _FORM, lambda value: value.update(name="Court\x1b[2J"),
            "The identity's name would clear a terminal."),
    _vector("identity-name-with-a-bidi-override", _FORM,
            lambda value: value.update(name="Court\u202egnp.txt"),
            "The identity's name turns the direction of text."),
    _vector("identity-name-with-a-space-behind-it", _FORM, lambda value: value.update(name="Example Court "),
            "The identity's name ends in a space, which nobody sees."),
]  # fmt: skip
