from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.signing.identity import Identity, LocalIdentity
from archiver.signing.keys import is_low_s
from archiver.signing.strictbase64 import encode_base64
from archiver.signing.waczauth import check_signed_data, signed_data

DIGEST = Digest.of(b"datapackage.json")
CREATED = "2026-11-23T10:06:51Z"
SOFTWARE = "archiver 1.0"
N = ec.SECP384R1().group_order

Data = dict[str, str]


def make(local: LocalIdentity) -> Data:
    return signed_data(local, DIGEST, created=CREATED, software=SOFTWARE)


def check(data: object, identity: Identity | None) -> None:
    check_signed_data(data, DIGEST, created=CREATED, software=SOFTWARE, identity=identity)


def test_what_we_sign_passes_with_and_without_the_identity(library: LocalIdentity) -> None:
    check(make(library), library.identity)
    check(make(library), None)


def test_the_anonymous_form_has_these_properties_and_no_other(library: LocalIdentity) -> None:
    data = make(library)
    assert list(data) == ["created", "hash", "publicKey", "signature", "software", "version"]
    assert (data["hash"], data["created"], data["software"], data["version"]) == (
        str(DIGEST),
        CREATED,
        SOFTWARE,
        "0.1.0",
    )
    assert library.identity.wacz_key is not None
    assert base64.b64decode(data["publicKey"]) == library.identity.wacz_key.spki


def test_signing_twice_gives_the_same_low_s_signature(library: LocalIdentity) -> None:
    assert make(library) == make(library)
    for text in range(20):
        assert is_low_s(library.sign_wacz(str(text).encode()))


def _mirrored(signature: str) -> str:
    raw = base64.b64decode(signature)
    return encode_base64(raw[:48] + (N - int.from_bytes(raw[48:], "big")).to_bytes(48, "big"))


CHANGES: dict[str, tuple[Callable[[Data], Data], str]] = {
    "hash of another file": (lambda d: d | {"hash": str(Digest.of(b"x"))}, "HASH_FAILURE"),
    "hash in capitals": (lambda d: d | {"hash": d["hash"].upper()}, "HASH_FAILURE"),
    "created another": (lambda d: d | {"created": "2020-01-01T00:00:00Z"}, "HASH_FAILURE"),
    "software another": (lambda d: d | {"software": "x"}, "HASH_FAILURE"),
    "version another": (lambda d: d | {"version": "0.2.0"}, "FORMAT_FAILURE"),
    "a property more": (lambda d: d | {"domain": "example.org"}, "FORMAT_FAILURE"),
    "a property less": (lambda d: {k: v for k, v in d.items() if k != "created"}, "FORMAT_FAILURE"),
    "high s": (lambda d: d | {"signature": _mirrored(d["signature"])}, "FORMAT_FAILURE"),
    "loose base64": (lambda d: d | {"signature": "QR=="}, "FORMAT_FAILURE"),
    "no signature": (lambda d: d | {"signature": ""}, "SIG_CRYPTO_FAILURE"),
    "a short signature": (lambda d: d | {"signature": d["signature"][:-4]}, "SIG_CRYPTO_FAILURE"),
    "another signature": (lambda d: d | {"signature": "AAAB" + d["signature"][4:]}, "SIG_CRYPTO_FAILURE"),
}


@pytest.mark.parametrize(("change", "code"), CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("known", [True, False], ids=["identity known", "identity lost"])
def test_a_change_is_found(
    library: LocalIdentity, change: Callable[[Data], Data], code: str, known: bool
) -> None:
    with pytest.raises(FormatError) as raised:
        check(change(make(library)), library.identity if known else None)
    assert raised.value.code == code


@pytest.mark.parametrize("value", [None, [], "x", {}, {"hash": 1}])
def test_another_shape_is_refused(library: LocalIdentity, value: object) -> None:
    with pytest.raises(FormatError):
        check(value, library.identity)


def test_a_sound_signature_by_another_key_is_not_the_identitys(
    library: LocalIdentity, attacker: LocalIdentity
) -> None:
    with pytest.raises(FormatError, match="publicKey: not the identity's"):
        check(make(attacker), library.identity)


def test_a_key_of_another_algorithm_is_rejected(library: LocalIdentity) -> None:
    ed25519 = encode_base64(library.identity.seal_keys[0].spki)
    with pytest.raises(FormatError, match="publicKey: said to be") as raised:
        check(make(library) | {"publicKey": ed25519}, None)
    assert raised.value.code == "KEY_REJECTED"


def test_an_identity_without_that_key_neither_signs_nor_accepts(library: LocalIdentity) -> None:
    small = LocalIdentity(identity=Identity(name="x", keys=library.identity.keys[:2]), keys=library.keys[:2])
    with pytest.raises(FormatError, match="no wacz-auth key"):
        make(small)
    with pytest.raises(FormatError, match="not the identity's"):
        check(make(library), small.identity)
