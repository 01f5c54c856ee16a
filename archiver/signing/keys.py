"""Public keys that verify and local keys that sign.

Three algorithms and no parameters: the bytes of a key say everything, so nothing that travels beside
a signature can choose how it is checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from archiver.digest import Digest
from archiver.errors import ArchiverError, FormatError

AnyPublic = ed25519.Ed25519PublicKey | mldsa.MLDSA65PublicKey | ec.EllipticCurvePublicKey
AnyPrivate = ed25519.Ed25519PrivateKey | mldsa.MLDSA65PrivateKey | ec.EllipticCurvePrivateKey


class Algorithm(StrEnum):
    """The algorithms of bundle format v1, by the names that an identity uses."""

    ED25519 = "ed25519"
    ML_DSA_65 = "ml-dsa-65"
    ECDSA_P384 = "ecdsa-p384"
    """With SHA-256, as wacz-auth asks; signatures are r and s, 48 bytes each, s in the lower half."""


# A SubjectPublicKeyInfo of each algorithm is these bytes and then the raw key of that many bytes.
# Comparing them is the whole parse, and no second DER spelling of a key can get through it.
_SPKI: dict[Algorithm, tuple[bytes, int]] = {
    Algorithm.ED25519: (bytes.fromhex("302a300506032b6570032100"), 32),
    Algorithm.ML_DSA_65: (bytes.fromhex("308207b2300b0609608648016503040312038207a100"), 1952),
    Algorithm.ECDSA_P384: (bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200"), 97),
}
_ECDSA = ec.ECDSA(hashes.SHA256())
_CURVE = ec.SECP384R1()
_HALF = 48


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that checks signatures.

    Raises FormatError (KEY_REJECTED) when made from bytes that are not the one DER form of a sound
    key, or that belong to another algorithm than *alg*.
    """

    alg: Algorithm
    spki: bytes

    def __post_init__(self) -> None:
        found = _algorithm(self.spki)
        if found is not self.alg:
            raise _rejected(f"said to be {self.alg}, but it is {found}")
        _load(found, self.spki)

    @classmethod
    def from_spki(cls, spki: bytes) -> PublicKey:
        """The key whose DER SubjectPublicKeyInfo is *spki*."""
        return cls(alg=_algorithm(spki), spki=spki)

    @property
    def keyid(self) -> str:
        """``sha256:`` and the hex digest of the SubjectPublicKeyInfo."""
        return str(Digest.of(self.spki))

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether *signature* is this key's over *message*.

        An ECDSA signature whose s is in the upper half is not: there would be two for each message.
        """
        key = _load(self.alg, self.spki)
        try:
            if isinstance(key, ec.EllipticCurvePublicKey):
                if not is_low_s(signature):
                    return False
                key.verify(encode_dss_signature(*_split(signature)), message, _ECDSA)
            else:
                key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalKey:
    """A key that signs, in this process's memory; *private* is the library's own object."""

    public: PublicKey
    private: AnyPrivate = field(repr=False, compare=False)

    @classmethod
    def of(cls, private: AnyPrivate) -> LocalKey:
        """The local key around *private*; KEY_REJECTED for a curve other than P-384."""
        return cls(public=PublicKey.from_spki(_spki(private)), private=private)

    @classmethod
    def generate(cls, alg: Algorithm) -> LocalKey:
        """A new key from the operating system's randomness."""
        if alg is Algorithm.ECDSA_P384:
            return cls.of(ec.generate_private_key(_CURVE))
        if alg is Algorithm.ED25519:
            return cls.of(ed25519.Ed25519PrivateKey.generate())
        try:
            return cls.of(mldsa.MLDSA65PrivateKey.generate())
        except UnsupportedAlgorithm as error:
            raise _unsupported() from error

    def sign(self, message: bytes) -> bytes:
        """The signature over *message*; equal each time, but for ML-DSA-65, which is hedged."""
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            rfc6979 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
            r, s = decode_dss_signature(self.private.sign(message, rfc6979))
            return low_s(r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big"))
        return self.private.sign(message)


def is_low_s(signature: bytes) -> bool:
    """Whether *signature* is an ECDSA P-384 r and s of 96 bytes, both in range and s in the lower half."""
    if len(signature) != 2 * _HALF:
        return False
    r, s = _split(signature)
    return 0 < r < _CURVE.group_order and 0 < s <= _CURVE.group_order // 2


def low_s(signature: bytes) -> bytes:
    """*signature* (r and s, 96 bytes), s brought to the lower half; other lengths come back as they are."""
    if len(signature) != 2 * _HALF:
        return signature
    r, s = _split(signature)
    if not _CURVE.group_order // 2 < s < _CURVE.group_order:
        return signature
    return r.to_bytes(_HALF, "big") + (_CURVE.group_order - s).to_bytes(_HALF, "big")


def _split(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big")


def _algorithm(spki: bytes) -> Algorithm:
    for alg, (prefix, size) in _SPKI.items():
        if len(spki) == len(prefix) + size and spki.startswith(prefix):
            return alg
    raise _rejected("not the DER form of an Ed25519, ML-DSA-65 or ECDSA P-384 public key")


@lru_cache(maxsize=64)  # one for each key is loaded to check it, and the same few sign most bundles
def _load(alg: Algorithm, spki: bytes) -> AnyPublic:
    raw = spki[len(_SPKI[alg][0]) :]
    try:
        if alg is Algorithm.ED25519:
            _check_point(raw)
            return ed25519.Ed25519PublicKey.from_public_bytes(raw)
        if alg is Algorithm.ML_DSA_65:
            return mldsa.MLDSA65PublicKey.from_public_bytes(raw)
        if raw[0] != 4:  # the compressed and hybrid spellings of the same point
            raise _rejected("not an uncompressed point")
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, raw)
    except UnsupportedAlgorithm as error:
        raise _unsupported() from error
    except ValueError as error:
        raise _rejected(f"not a point of {alg}") from error


_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


def _check_point(raw: bytes) -> None:
    """Refuse what is not one canonical Ed25519 point of large order.

    OpenSSL checks nothing when it loads a key, and under a point of small order one signature holds
    for any message.
    """
    y = int.from_bytes(raw, "little") & (2**255 - 1)  # the top bit is the sign of x
    if y >= _P:
        raise _rejected("not a canonical Ed25519 point")
    y2 = y * y % _P
    # Orders 1 and 2 have y = ±1, order 4 has y = 0. Order 8 doubles to order 4, so x² + y² = 0 there,
    # which with the curve's -x² + y² = 1 + dx²y² leaves dy⁴ + 2y² = 1.
    if y2 in (0, 1) or (_D * y2 * y2 + 2 * y2) % _P == 1:
        raise _rejected("an Ed25519 point of small order: anybody can sign for it")
    # x² = (y² - 1) / (dy² + 1) must have a root; the product has one when the quotient has (Euler).
    if pow((y2 - 1) * (_D * y2 + 1), (_P - 1) // 2, _P) != 1:
        raise _rejected("not a point of the Ed25519 curve")


def _spki(private: AnyPrivate) -> bytes:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        if not isinstance(private.curve, ec.SECP384R1):
            raise _rejected(f"an ECDSA key on {private.curve.name}, not P-384")
        point = private.public_key().public_numbers()
        raw = b"\x04" + point.x.to_bytes(_HALF, "big") + point.y.to_bytes(_HALF, "big")
        return _SPKI[Algorithm.ECDSA_P384][0] + raw
    alg = Algorithm.ED25519 if isinstance(private, ed25519.Ed25519PrivateKey) else Algorithm.ML_DSA_65
    return _SPKI[alg][0] + private.public_key().public_bytes_raw()


def _rejected(message: str) -> FormatError:
    return FormatError(message, code="KEY_REJECTED")


def _unsupported() -> ArchiverError:
    return ArchiverError("the installed cryptography library has no ML-DSA-65; its own wheels have")
