from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.signing.identity import MAX_BYTES, Identity, IdentityKey, LocalIdentity, Use, check_name
from archiver.signing.keys import Algorithm, LocalKey
from archiver.strictjson import dumps

Change = Callable[[dict[str, Any]], object]
SMALL_ORDER = "MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def test_a_new_identity_has_the_three_keys_in_order(library: LocalIdentity) -> None:
    assert [(key.public.alg, key.use) for key in library.identity.keys] == [
        (Algorithm.ED25519, Use.SEAL),
        (Algorithm.ML_DSA_65, Use.SEAL),
        (Algorithm.ECDSA_P384, Use.WACZ_AUTH),
    ]
    assert [key.alg for key in library.identity.seal_keys] == [Algorithm.ED25519, Algorithm.ML_DSA_65]
    assert library.identity.wacz_key == library.identity.keys[2].public


def test_an_identity_survives_its_own_bytes(library: LocalIdentity) -> None:
    data = library.identity.to_bytes()
    assert Identity.from_bytes(data) == library.identity
    assert Identity.from_bytes(data).to_bytes() == data


def test_the_fingerprint_is_the_digest_of_the_file(library: LocalIdentity) -> None:
    assert library.identity.fingerprint == Digest.of(library.identity.to_bytes())


def test_two_identities_of_one_name_have_two_fingerprints(
    library: LocalIdentity, attacker: LocalIdentity
) -> None:
    assert library.identity.name == attacker.identity.name
    assert library.identity.fingerprint != attacker.identity.fingerprint


@pytest.mark.parametrize("chosen", [[0], [1], [0, 1], [1, 0], [0, 2], [2, 1]], ids=str)
def test_one_seal_key_is_enough(library: LocalIdentity, chosen: list[int]) -> None:
    identity = Identity(name="x", keys=tuple(library.identity.keys[index] for index in chosen))
    assert Identity.from_bytes(identity.to_bytes()) == identity


@pytest.mark.parametrize(
    "name", ["x", "Bibliothèque de droit", "法律図書館", "a" * 200, "O'Neil & “Sons” <b>"]
)
def test_a_name_is_taken(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 201,
        " x",
        "x ",
        "a\nPASSED",
        "\x1b[2J",
        "a\x7f",
        "a\x85b",
        "a\u202eb",
        "a\u2066b",
        "a\u200bb",
        "\ufeffa",
        "\ud800",
    ],
    ids=ascii,
)
def test_a_name_is_refused(name: str) -> None:
    with pytest.raises(FormatError, match=r"^name: "):
        check_name(name)


def _first_key(**values: object) -> Change:
    return lambda value: value["keys"][0].update(values)


REFUSED: dict[str, Change] = {
    "a field more": lambda value: value.update(fingerprint="x"),
    "a field of a key more": _first_key(crit=True),
    "no name": lambda value: value.pop("name"),
    "no keys": lambda value: value.pop("keys"),
    "an empty set of keys": lambda value: value.update(keys=[]),
    "a name with an escape": lambda value: value.update(name="\x1b[31mPASSED"),
    "a name that is a number": lambda value: value.update(name=1),
    "only the wacz-auth key": lambda value: value.update(keys=value["keys"][2:]),
    "the same key twice": lambda value: value["keys"].append(value["keys"][0]),
    "nine keys": lambda value: value.update(keys=value["keys"][:1] * 9),
    "ECDSA to seal": lambda value: value["keys"][2].update(use="seal"),
    "Ed25519 for wacz-auth": _first_key(use="wacz-auth"),
    "another use": _first_key(use="encrypt"),
    "another algorithm": _first_key(alg="rsa"),
    "the name of another algorithm": _first_key(alg="ml-dsa-65"),
    "loose base64": lambda value: value["keys"][0].update(spki=value["keys"][0]["spki"] + "\n"),
    "a small-order key": _first_key(spki=SMALL_ORDER),
    "an empty key": _first_key(spki=""),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED.keys())
def test_another_identity_is_refused(library: LocalIdentity, change: Change) -> None:
    value = json.loads(library.identity.to_bytes())
    change(value)
    with pytest.raises(FormatError):
        Identity.from_bytes(dumps(value))


@pytest.mark.parametrize("name", ["a small-order key", "the name of another algorithm", "an empty key"])
def test_a_rejected_key_is_named_with_its_code(library: LocalIdentity, name: str) -> None:
    value = json.loads(library.identity.to_bytes())
    REFUSED[name](value)
    with pytest.raises(FormatError, match=r"^keys\[0\]: ") as raised:
        Identity.from_bytes(dumps(value))
    assert raised.value.code == "KEY_REJECTED"


def test_two_wacz_auth_keys_are_refused(library: LocalIdentity) -> None:
    second = IdentityKey(public=LocalKey.generate(Algorithm.ECDSA_P384).public, use=Use.WACZ_AUTH)
    with pytest.raises(FormatError, match="more than one"):
        Identity(name="x", keys=(*library.identity.keys, second))


def test_json_that_is_not_canonical_is_refused(library: LocalIdentity) -> None:
    data = library.identity.to_bytes()
    for other in [
        data + b"\n",
        b" " + data,
        data.replace(b'"name"', b'"n\\u0061me"'),
        b"\xef\xbb\xbf" + data,
        b"[]",
        b"",
    ]:
        with pytest.raises(FormatError):
            Identity.from_bytes(other)


def test_a_large_file_is_not_parsed() -> None:
    with pytest.raises(LimitError):
        Identity.from_bytes(b"[" * (MAX_BYTES + 1))


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers(0, 9) | st.text(max_size=5), st.lists).map(dumps)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        Identity.from_bytes(data)


def test_private_keys_of_another_identity_are_refused(
    library: LocalIdentity, attacker: LocalIdentity
) -> None:
    with pytest.raises(FormatError, match="not those of the identity"):
        LocalIdentity(identity=library.identity, keys=attacker.keys)
    with pytest.raises(FormatError, match="not those of the identity"):
        LocalIdentity(identity=library.identity, keys=library.keys[::-1])


def test_an_identity_without_a_wacz_auth_key_says_so(library: LocalIdentity) -> None:
    small = LocalIdentity(identity=Identity(name="x", keys=library.identity.keys[:2]), keys=library.keys[:2])
    with pytest.raises(FormatError, match="no wacz-auth key"):
        small.sign_wacz(b"x")
