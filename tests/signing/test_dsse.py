from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from archiver.errors import FormatError, LimitError
from archiver.signing import dsse
from archiver.signing.dsse import PAYLOAD_TYPE, Envelope, Signature, pae, verify_envelope
from archiver.signing.identity import Identity, LocalIdentity
from archiver.strictjson import dumps, loads_canonical

PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'


@pytest.fixture(scope="module")
def envelope(library: LocalIdentity) -> Envelope:
    return library.sign_payload(PAYLOAD_TYPE, PAYLOAD)


def code(envelope: Envelope, identity: Identity) -> str | None:
    """The reason that verification gives, None where the envelope verifies."""
    try:
        verify_envelope(envelope, identity)
    except FormatError as error:
        return error.code
    return None


def test_pae_is_the_one_of_the_specification() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", b"\xff") == b"DSSEv1 2 \xc3\xa9 1 \xff"


@given(st.text(max_size=5), st.binary(max_size=5), st.text(max_size=5), st.binary(max_size=5))
def test_pae_tells_any_two_apart(kind: str, payload: bytes, other_kind: str, other_payload: bytes) -> None:
    same = (kind, payload) == (other_kind, other_payload)
    assert (pae(kind, payload) == pae(other_kind, other_payload)) == same


def test_a_sealed_payload_verifies(library: LocalIdentity, envelope: Envelope) -> None:
    verify_envelope(envelope, library.identity)
    assert [signature.keyid for signature in envelope.signatures] == [
        key.keyid for key in library.identity.seal_keys
    ]


def test_an_envelope_survives_its_own_json(envelope: Envelope) -> None:
    data = dumps(envelope.to_builtins())
    assert Envelope.from_builtins(loads_canonical(data)) == envelope


@given(
    st.binary(max_size=50),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), st.binary(max_size=80)),
        max_size=5,
    ),
)
def test_any_envelope_survives_its_own_json(
    payload: bytes, kind: str, signatures: list[tuple[str, bytes]]
) -> None:
    made = Envelope(
        payload=payload,
        payload_type=kind,
        signatures=tuple(Signature(keyid=keyid, sig=sig) for keyid, sig in signatures),
    )
    assert Envelope.from_builtins(loads_canonical(dumps(made.to_builtins()))) == made


def test_a_changed_payload_does_not_verify(library: LocalIdentity, envelope: Envelope) -> None:
    changed = replace(envelope, payload=PAYLOAD + b" ")
    assert code(changed, library.identity) == "SIG_CRYPTO_FAILURE"


def test_each_bit_of_a_signature_counts(library: LocalIdentity, envelope: Envelope) -> None:
    for index, signature in enumerate(envelope.signatures):
        for at in range(0, len(signature.sig), 1 if index == 0 else 97):
            bad = signature.sig[:at] + bytes([signature.sig[at] ^ 0x20]) + signature.sig[at + 1 :]
            signatures = list(envelope.signatures)
            signatures[index] = replace(signature, sig=bad)
            assert (
                code(replace(envelope, signatures=tuple(signatures)), library.identity)
                == "SIG_CRYPTO_FAILURE"
            )


@pytest.mark.parametrize("kept", [[], [0], [1]], ids=str)
def test_a_signature_left_out_is_missed(library: LocalIdentity, envelope: Envelope, kept: list[int]) -> None:
    stripped = replace(envelope, signatures=tuple(envelope.signatures[index] for index in kept))
    assert code(stripped, library.identity) == "MISSING_REQUIRED_SIGNATURE"


def test_another_key_under_the_same_keyid_fails(
    library: LocalIdentity, attacker: LocalIdentity, envelope: Envelope
) -> None:
    forged = attacker.sign_payload(PAYLOAD_TYPE, PAYLOAD)
    for indices in [(0,), (1,), (0, 1)]:
        signatures = list(envelope.signatures)
        for index in indices:
            signatures[index] = replace(signatures[index], sig=forged.signatures[index].sig)
        assert code(replace(envelope, signatures=tuple(signatures)), library.identity) == "SIG_CRYPTO_FAILURE"


def test_a_keyid_other_than_the_verifying_keys_is_a_format_failure(
    library: LocalIdentity, envelope: Envelope
) -> None:
    first, second = envelope.signatures
    for text in [
        "",
        "key-1",
        first.keyid.upper(),
        first.keyid[:-1],
        first.keyid + " ",
        first.keyid[7:],
        "sha256:" + "0" * 64,
    ]:
        changed = replace(envelope, signatures=(replace(first, keyid=text), second))
        assert code(changed, library.identity) == "FORMAT_FAILURE"


def test_an_attackers_envelope_fails_under_the_trusted_identity(
    library: LocalIdentity, attacker: LocalIdentity
) -> None:
    """It verifies under the attacker's own, which then is a question of trust and not of cryptography."""
    forged = attacker.sign_payload(PAYLOAD_TYPE, PAYLOAD)
    assert code(forged, attacker.identity) is None
    assert code(forged, library.identity) == "SIG_CRYPTO_FAILURE"


def test_swapped_signatures_are_a_format_failure(library: LocalIdentity, envelope: Envelope) -> None:
    assert code(replace(envelope, signatures=envelope.signatures[::-1]), library.identity) == "FORMAT_FAILURE"


def test_swapped_keyids_are_a_format_failure(library: LocalIdentity, envelope: Envelope) -> None:
    first, second = envelope.signatures
    swapped = (replace(first, keyid=second.keyid), replace(second, keyid=first.keyid))
    assert code(replace(envelope, signatures=swapped), library.identity) == "FORMAT_FAILURE"


def test_one_key_twice_is_a_format_failure(library: LocalIdentity, envelope: Envelope) -> None:
    first, second = envelope.signatures
    for signatures in [(first, first), (first, first, second), (first, second, second)]:
        assert code(replace(envelope, signatures=signatures), library.identity) == "FORMAT_FAILURE"


def test_a_signature_too_many_is_a_format_failure(
    library: LocalIdentity, attacker: LocalIdentity, envelope: Envelope
) -> None:
    more = (*envelope.signatures, attacker.sign_payload(PAYLOAD_TYPE, PAYLOAD).signatures[0])
    assert code(replace(envelope, signatures=more), library.identity) == "FORMAT_FAILURE"


def test_a_payload_of_another_type_is_a_format_failure(library: LocalIdentity, envelope: Envelope) -> None:
    """Both when only the text is changed and when the same keys signed a thing of another protocol."""
    relabelled = replace(envelope, payload_type="application/vnd.example+json")
    other = library.sign_payload("application/vnd.example+json", PAYLOAD)
    assert code(relabelled, library.identity) == "FORMAT_FAILURE"
    assert code(other, library.identity) == "FORMAT_FAILURE"
    verify_envelope(other, library.identity, payload_type="application/vnd.example+json")


def test_a_signature_without_the_framing_does_not_verify(library: LocalIdentity, envelope: Envelope) -> None:
    """A signature that the same key made for another purpose cannot be pasted in."""
    bare = tuple(
        replace(signature, sig=key.sign(PAYLOAD))
        for signature, key in zip(envelope.signatures, library.keys[:2], strict=True)
    )
    wacz = (
        replace(envelope.signatures[0], sig=library.sign_wacz(pae(PAYLOAD_TYPE, PAYLOAD))),
        envelope.signatures[1],
    )
    assert code(replace(envelope, signatures=bare), library.identity) == "SIG_CRYPTO_FAILURE"
    assert code(replace(envelope, signatures=wacz), library.identity) == "SIG_CRYPTO_FAILURE"


Change = Callable[[dict[str, Any]], object]
REFUSED: dict[str, Change] = {
    "a field more": lambda value: value.update(alg="none"),
    "an algorithm beside a signature": lambda value: value["signatures"][0].update(alg="ed25519"),
    "a certificate beside a signature": lambda value: value["signatures"][0].update(cert="x"),
    "no payload": lambda value: value.pop("payload"),
    "no type": lambda value: value.pop("payloadType"),
    "no signatures": lambda value: value.pop("signatures"),
    "no keyid": lambda value: value["signatures"][0].pop("keyid"),
    "a keyid that is null": lambda value: value["signatures"][0].update(keyid=None),
    "signatures as an object": lambda value: value.update(signatures={}),
    "loose bits in the payload": lambda value: value.update(payload="QR=="),
    "loose bits in a signature": lambda value: value["signatures"][0].update(sig="QR=="),
    "url-safe base64": lambda value: value.update(payload="-_-_"),
    "a line break in the payload": lambda value: value.update(payload=value["payload"] + "\n"),
    "a payload that is not text": lambda value: value.update(payload=1),
    "seventeen signatures": lambda value: value.update(signatures=value["signatures"][:1] * 17),
    "a keyid of a megabyte": lambda value: value["signatures"][0].update(keyid="k" * 10**6),
    "a signature of a megabyte": lambda value: value["signatures"][0].update(sig="AAAA" * 10**5),
    "a type of a megabyte": lambda value: value.update(payloadType="t" * 10**6),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED.keys())
def test_another_shape_is_refused(envelope: Envelope, change: Change) -> None:
    value: Any = envelope.to_builtins()
    change(value)
    with pytest.raises(FormatError) as raised:
        Envelope.from_builtins(value)
    assert raised.value.code == "FORMAT_FAILURE"


def test_a_payload_over_the_limit_is_not_decoded(envelope: Envelope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dsse, "MAX_PAYLOAD", 6)
    with pytest.raises(LimitError, match="payload"):
        Envelope.from_builtins(envelope.to_builtins())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["payload", "payloadType", "signatures", "keyid", "sig", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        found = Envelope.from_builtins(value)
    except FormatError:
        return
    assert found.to_builtins() == value
