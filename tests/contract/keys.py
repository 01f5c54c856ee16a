"""The identities of the vectors: keys from fixed numbers, so that everybody can make the same bundles.

Their private halves are published in `manifests/v1/keys/`. Whoever trusts one of them trusts everybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa

from archiver.signing.identity import Identity, IdentityKey, LocalIdentity, Use
from archiver.signing.keys import Algorithm, LocalKey
from archiver.signing.pkcs8 import to_pem
from archiver.signing.strictbase64 import decode_base64

VECTORS = Path(__file__).parents[2] / "manifests" / "v1" / "vectors"

_ML_DSA_SIGNATURE = re.compile(rb'"([A-Za-z0-9+/]{4412})"')  # 3309 bytes, unpadded


class Kept:
    """The ML-DSA signatures that stand in the committed vectors, kept as long as they verify.

    `cryptography` signs hedged, another signature each time; without this no vector would come out equal.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[bytes, bytes], bytes] = {}
        self._found: dict[bytes, None] | None = None

    def sign(self, private: mldsa.MLDSA65PrivateKey, message: bytes) -> bytes:
        """A signature over *message*: the committed one if there is one."""
        public = private.public_key()
        key = (public.public_bytes_raw(), sha256(message).digest())
        if key not in self._known:
            kept = (signature for signature in self._committed() if _verifies(public, signature, message))
            self._known[key] = next(kept, None) or private.sign(message)
        return self._known[key]

    def _committed(self) -> Iterator[bytes]:
        if self._found is None:
            bundles = sorted(self._folder.glob("*/bundle.wacz"))
            self._found = {
                decode_base64(found.decode(), "signature"): None
                for path in bundles
                for found in _ML_DSA_SIGNATURE.findall(path.read_bytes())
            }
        yield from self._found


class _KeptKey:
    """Stands where `LocalKey` has the library's private key."""

    def __init__(self, private: mldsa.MLDSA65PrivateKey) -> None:
        self.private = private

    def sign(self, message: bytes) -> bytes:
        return KEPT.sign(self.private, message)


KEPT = Kept(VECTORS)

_USES = {
    Algorithm.ED25519: Use.SEAL,
    Algorithm.ML_DSA_65: Use.SEAL,
    Algorithm.ECDSA_P384: Use.WACZ_AUTH,
}


def _verifies(public: mldsa.MLDSA65PublicKey, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def private_key(who: str, alg: Algorithm) -> Any:
    """The library's own private key of *who*, from the SHA-256 of a text that anybody can write."""
    seed = sha256(f"archiver TEST-ONLY {who} {alg}".encode()).digest()
    if alg is Algorithm.ED25519:
        return ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    if alg is Algorithm.ML_DSA_65:
        return mldsa.MLDSA65PrivateKey.from_seed_bytes(seed)
    return ec.derive_private_key(int.from_bytes(seed, "big"), ec.SECP384R1())


def _local(who: str, name: str, *algorithms: Algorithm) -> LocalIdentity:
    keys = []
    for alg in algorithms:
        key = LocalKey.of(private_key(who, alg))
        if alg is Algorithm.ML_DSA_65:
            key = LocalKey(public=key.public, private=_KeptKey(key.private))  # type: ignore[arg-type]
        keys.append(key)
    public = tuple(IdentityKey(public=key.public, use=_USES[key.public.alg]) for key in keys)
    return LocalIdentity(identity=Identity(name=name, keys=public), keys=tuple(keys))


LIBRARY = _local("library", "Example Law Library (TEST ONLY)", *Algorithm)
"""Whom most policies trust: all three keys."""

COURT = _local("court", "Example Court (TEST ONLY)", Algorithm.ED25519, Algorithm.ECDSA_P384)
"""A second institution, without ML-DSA: a verifier that lacks it yet can begin with its bundles."""

PRESS = _local("press", "Example Press (TEST ONLY)", Algorithm.ED25519)
"""A third, without a wacz-auth key."""

ATTACKER = _local("attacker", COURT.identity.name, Algorithm.ED25519, Algorithm.ECDSA_P384)
"""Nobody trusts it; it calls itself what the court calls itself."""

IDENTITIES: Mapping[str, LocalIdentity] = {
    "library": LIBRARY,
    "court": COURT,
    "press": PRESS,
    "attacker": ATTACKER,
}

README = """\
# Keys for tests only

Everything here is public, the private keys too: **a bundle that one of these identities sealed proves
nothing, and nobody may ever trust one of them outside a test.** They exist so that everybody can make the
vectors anew, byte for byte, and sign further mutants.

| folder | name | keys |
|---|---|---|
| `library` | Example Law Library (TEST ONLY) | Ed25519, ML-DSA-65, ECDSA P-384 for wacz-auth |
| `court` | Example Court (TEST ONLY) | Ed25519, ECDSA P-384 for wacz-auth |
| `press` | Example Press (TEST ONLY) | Ed25519 |
| `attacker` | Example Court (TEST ONLY), as it calls itself | Ed25519, ECDSA P-384 for wacz-auth |

`identity.json` is the identity as it stands in a bundle; the PEM files are PKCS#8 without a passphrase. Each
private key is the SHA-256 of the text `archiver TEST-ONLY FOLDER ALGORITHM`, for instance `archiver TEST-ONLY
library ed25519`: the seed of an Ed25519 or ML-DSA-65 key, the number of a P-384 key.
"""


def key_files() -> dict[str, bytes]:
    """Every file of the keys' folder by its path in it."""
    files = {"README.md": README.encode()}
    for folder, local in IDENTITIES.items():
        files[f"{folder}/identity.json"] = local.identity.to_bytes()
        for key in local.keys:
            alg = key.public.alg
            pem = to_pem(LocalKey.of(private_key(folder, alg)))
            files[f"{folder}/TEST-ONLY-{alg}.pem"] = pem
    return files
