"""An identity: a named, immutable set of public keys, known by its fingerprint."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.signing.dsse import Envelope, Signature, pae
from archiver.signing.keys import Algorithm, LocalKey, PublicKey
from archiver.signing.strictbase64 import decode_base64, encode_base64
from archiver.strictjson import convert, dumps, loads_canonical

MAX_BYTES = 64 << 10
"""No identity is larger."""

_MAX_KEYS = 8
_MAX_NAME = 200
# Spelled out, not asked of unicodedata: what a name may hold must not change with the Unicode version.
_CONTROL = "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"


class Use(StrEnum):
    """What an identity's key is for."""

    SEAL = "seal"
    WACZ_AUTH = "wacz-auth"


_ALLOWED = {
    Use.SEAL: (Algorithm.ED25519, Algorithm.ML_DSA_65),
    Use.WACZ_AUTH: (Algorithm.ECDSA_P384,),
}
_CREATED = (
    (Algorithm.ED25519, Use.SEAL),
    (Algorithm.ML_DSA_65, Use.SEAL),
    (Algorithm.ECDSA_P384, Use.WACZ_AUTH),
)


class _KeyJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    alg: str
    spki: str
    use: str


class _IdentityJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    keys: list[_KeyJson]
    name: str


class IdentityKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key of an identity and its one use."""

    public: PublicKey
    use: Use


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who seals: *name* and *keys*, believed by those only who trust the fingerprint.

    Raises FormatError when made with a name or a set of keys that the bundle format does not allow.
    """

    name: str
    keys: tuple[IdentityKey, ...]

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.keys) > _MAX_KEYS:
            raise FormatError(f"more than {_MAX_KEYS} keys", where="keys")
        for index, key in enumerate(self.keys):
            if key.public.alg not in _ALLOWED[key.use]:
                raise FormatError(f"an {key.public.alg} key is not for {key.use}", where=f"keys[{index}]")
        if len({key.public.spki for key in self.keys}) != len(self.keys):
            raise FormatError("the same key twice", where="keys")
        if not self.seal_keys:
            raise FormatError("no key to seal with", where="keys")
        if sum(key.use is Use.WACZ_AUTH for key in self.keys) > 1:
            raise FormatError("more than one key for wacz-auth", where="keys")

    @classmethod
    def from_bytes(cls, data: bytes) -> Identity:
        """The identity whose canonical JSON is *data*; LimitError past 64 KiB."""
        return cls.from_builtins(loads_canonical(data, max_bytes=MAX_BYTES))

    @classmethod
    def from_builtins(cls, value: object) -> Identity:
        """The identity in decoded JSON."""
        parsed = convert(value, _IdentityJson)
        if len(parsed.keys) > _MAX_KEYS:  # before the work of loading each
            raise FormatError(f"more than {_MAX_KEYS} keys", where="keys")
        keys = tuple(_key(key, f"keys[{index}]") for index, key in enumerate(parsed.keys))
        return cls(name=parsed.name, keys=keys)

    def to_bytes(self) -> bytes:
        """The canonical JSON, whose digest is the fingerprint."""
        return dumps(self.to_builtins())

    def to_builtins(self) -> dict[str, object]:
        """The identity as JSON's own types."""
        keys = [
            {"alg": str(key.public.alg), "spki": encode_base64(key.public.spki), "use": str(key.use)}
            for key in self.keys
        ]
        return {"keys": keys, "name": self.name}

    @property
    def fingerprint(self) -> Digest:
        """SHA-256 of the canonical JSON: what one trusts."""
        return Digest.of(self.to_bytes())

    @property
    def seal_keys(self) -> tuple[PublicKey, ...]:
        """The keys that must all sign a seal, in the order of their signatures."""
        return tuple(key.public for key in self.keys if key.use is Use.SEAL)

    @property
    def wacz_key(self) -> PublicKey | None:
        """The key of the wacz-auth signature, where there is one."""
        return next((key.public for key in self.keys if key.use is Use.WACZ_AUTH), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalIdentity:
    """An identity whose private keys are at hand, in the order of its public ones."""

    identity: Identity
    keys: tuple[LocalKey, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if tuple(key.public for key in self.keys) != tuple(key.public for key in self.identity.keys):
            raise FormatError("the private keys are not those of the identity")

    @classmethod
    def create(cls, name: str) -> LocalIdentity:
        """A new identity: Ed25519 and ML-DSA-65 to seal, ECDSA P-384 for wacz-auth."""
        check_name(name)
        local = tuple(LocalKey.generate(alg) for alg, _ in _CREATED)
        keys = tuple(
            IdentityKey(public=key.public, use=use) for key, (_, use) in zip(local, _CREATED, strict=True)
        )
        return cls(identity=Identity(name=name, keys=keys), keys=local)

    def sign_payload(self, payload_type: str, payload: bytes) -> Envelope:
        """*payload* in an envelope signed by every seal key."""
        message = pae(payload_type, payload)
        signatures = tuple(
            Signature(keyid=local.public.keyid, sig=local.sign(message))
            for local, key in zip(self.keys, self.identity.keys, strict=True)
            if key.use is Use.SEAL
        )
        return Envelope(payload=payload, payload_type=payload_type, signatures=signatures)

    def sign_wacz(self, message: bytes) -> bytes:
        """The wacz-auth key's signature over *message*; FormatError for an identity without that key."""
        for local, key in zip(self.keys, self.identity.keys, strict=True):
            if key.use is Use.WACZ_AUTH:
                return local.sign(message)
        raise FormatError("the identity has no wacz-auth key")


def check_name(name: str) -> None:
    """Refuse what cannot be the name of an identity, with FormatError.

    A name has 1 to 200 characters, no space at either end and no control, bidi or invisible ones.
    """
    if not 1 <= len(name) <= _MAX_NAME:
        raise FormatError(f"{len(name)} characters; 1 to {_MAX_NAME} are allowed", where="name")
    if name != name.strip(" ") or (not (name.isascii() and name.isprintable()) and re.search(_CONTROL, name)):
        raise FormatError(f"a control character, or a space at either end: {name!r:.80}", where="name")


def _key(parsed: _KeyJson, where: str) -> IdentityKey:
    try:
        alg, use = Algorithm(parsed.alg), Use(parsed.use)
    except ValueError as error:
        raise FormatError(
            f"unknown algorithm or use: {parsed.alg!r:.40}, {parsed.use!r:.40}", where=where
        ) from error
    try:
        public = PublicKey(alg=alg, spki=decode_base64(parsed.spki, "spki"))
    except FormatError as error:
        raise error.inside(where) from error
    return IdentityKey(public=public, use=use)
