"""Who signed what: every way to be believed without having signed ends in its own reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from archiver import strictjson
from archiver.bundle.bundle import IDENTITY
from archiver.bundle.container import LAST
from archiver.bundle.datapackage import DIGEST_NAME, Datapackage, DatapackageDigest, Provenance
from archiver.bundle.statement import Predicate, Sha256, Statement, Subject
from archiver.errors import VerificationError
from archiver.signing.dsse import Envelope, Signature
from archiver.signing.identity import LocalIdentity
from archiver.verify import Policy, Result, Verdict, verify
from tests import small
from tests.memory import memory_file
from tests.rogue import forge, members_of, zipped

PACKAGE, CLOSING = LAST


def judge(data: bytes, policy: Policy | None = None) -> Result:
    with memory_file(data) as file:
        return verify(file, policy or small.policy(), name="bundle", now=small.NOON)


def outcome(result: Result) -> tuple[str, set[str]]:
    """The verdict, and the codes of the checks that made it so."""
    return result.verdict.value, {
        check.code for check in result.checks if check.verdict is result.verdict and check.code != "OK"
    }


def closed(change: Callable[[DatapackageDigest], DatapackageDigest]) -> bytes:
    """The bundle with another datapackage-digest.json, which no signature covers."""
    members = members_of(small.bundle())
    members[CLOSING] = change(DatapackageDigest.from_json(members[CLOSING])).to_json()
    return zipped(members)


def enveloped(change: Callable[[Envelope], Envelope]) -> bytes:
    def apply(closing: DatapackageDigest) -> DatapackageDigest:
        assert closing.provenance is not None
        envelope = change(Envelope.from_builtins(closing.provenance.envelope))
        provenance = msgspec.structs.replace(closing.provenance, envelope=envelope.to_builtins())
        return msgspec.structs.replace(closing, provenance=provenance)

    return closed(apply)


def replaced(**values: object) -> Callable[[Statement], Statement]:
    def apply(statement: Statement) -> Statement:
        return msgspec.structs.replace(
            statement, predicate=msgspec.structs.replace(statement.predicate, **values)
        )

    return apply


def test_a_trusted_signer_passes_under_the_verifiers_name_for_it() -> None:
    result = judge(small.bundle())
    assert result
    assert result.signer is not None
    assert result.signer.name == "The library"
    assert result.require().origin == "captured"


def test_a_packed_bundle_lacks_a_signature() -> None:
    result = judge(small.packed())
    assert outcome(result) == ("INDETERMINATE", {"NO_SIGNATURE"})
    assert result.id is None


def test_a_stripped_provenance_is_no_signature() -> None:
    data = closed(lambda closing: msgspec.structs.replace(closing, provenance=None))
    assert outcome(judge(data)) == ("INDETERMINATE", {"NO_SIGNATURE"})


def test_a_broken_bundle_of_ours_is_no_foreign_one() -> None:
    """Not even when its provenance members are cut out or called something else."""
    members = members_of(small.bundle())
    cut = {name: data for name, data in members.items() if not name.startswith("provenance/")}
    renamed = cut | {"article/a.json": members[IDENTITY]}
    for held in (cut, renamed):
        assert judge(zipped(held)).verdict is Verdict.FAILED
        assert judge(zipped(held) + b"\0").verdict is Verdict.FAILED


def test_without_a_trusted_identity_nothing_passes() -> None:
    result = judge(small.bundle(), Policy())
    assert outcome(result) == ("INDETERMINATE", {"UNTRUSTED_SIGNER"})
    with pytest.raises(VerificationError):
        result.require()


def test_a_namesake_is_not_the_signer() -> None:
    stranger = LocalIdentity.create(small.identity().identity.name)
    result = judge(forge(members_of(small.bundle()), local=stranger))
    assert outcome(result) == ("INDETERMINATE", {"UNTRUSTED_SIGNER"})
    assert result.signer is None


def test_a_trusted_identity_beside_a_strangers_signature_is_no_signature_of_its() -> None:
    """identity.json names the trusted identity; the keys that signed are the attacker's."""
    stranger = LocalIdentity.create("Stranger")
    members = members_of(forge(members_of(small.bundle()), local=stranger))
    closing = DatapackageDigest.from_json(members[CLOSING])

    def swap(value: DatapackageDigest) -> DatapackageDigest:
        return msgspec.structs.replace(value, provenance=closing.provenance)

    assert judge(forge(members_of(small.bundle()), closing=swap)).verdict is Verdict.FAILED


@pytest.mark.parametrize("dropped", [0, 1])
def test_every_seal_key_must_have_signed(dropped: int) -> None:
    def drop(envelope: Envelope) -> Envelope:
        left = [signature for at, signature in enumerate(envelope.signatures) if at != dropped]
        return with_signatures(envelope, left)

    verdict, codes = outcome(judge(enveloped(drop)))
    assert verdict == "FAILED"
    assert "MISSING_REQUIRED_SIGNATURE" in codes


def with_signatures(envelope: Envelope, signatures: list[Signature]) -> Envelope:
    return Envelope(
        payload=envelope.payload, payload_type=envelope.payload_type, signatures=tuple(signatures)
    )


def test_one_signature_twice_is_not_two() -> None:
    data = enveloped(
        lambda envelope: with_signatures(envelope, [*envelope.signatures, envelope.signatures[0]])
    )
    assert outcome(judge(data)) == ("FAILED", {"FORMAT_FAILURE"})


def test_the_envelope_of_another_bundle_does_not_fit() -> None:
    other = members_of(small.sealed(small.packed(members={"article/article.md": b"# Another\n"})))
    theirs = DatapackageDigest.from_json(other[CLOSING])
    data = closed(lambda closing: msgspec.structs.replace(closing, provenance=theirs.provenance))
    verdict, codes = outcome(judge(data))
    assert verdict == "FAILED"
    assert "HASH_FAILURE" in codes or "MISSING_MEMBER" in codes


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda s: msgspec.structs.replace(s, type="https://in-toto.io/Statement/v0.1"), "FORMAT_FAILURE"),
        (
            lambda s: msgspec.structs.replace(s, predicate_type="https://slsa.dev/provenance/v1"),
            "FORMAT_FAILURE",
        ),
        (lambda s: msgspec.structs.replace(s, subject=[]), "FORMAT_FAILURE"),
        (lambda s: msgspec.structs.replace(s, subject=s.subject[:-1]), "HASH_FAILURE"),
        (lambda s: msgspec.structs.replace(s, subject=s.subject[::-1]), "MISSING_MEMBER"),
        (lambda s: msgspec.structs.replace(s, subject=[*s.subject, s.subject[0]]), "FORMAT_FAILURE"),
        (
            lambda s: msgspec.structs.replace(
                s, subject=[*s.subject, Subject(name="archive/more.warc", digest=Sha256(sha256="0" * 64))]
            ),
            "MISSING_MEMBER",
        ),
        (
            lambda s: msgspec.structs.replace(
                s, subject=[Subject(name=s.subject[0].name, digest=Sha256(sha256="A" * 64)), *s.subject[1:]]
            ),
            "FORMAT_FAILURE",
        ),
        (replaced(captures=[]), "HASH_FAILURE"),
        (replaced(origin="imported"), "HASH_FAILURE"),
        (replaced(identity="sha256:" + "0" * 64), "HASH_FAILURE"),
        (replaced(created="2020-01-01T00:00:00Z"), "HASH_FAILURE"),
        (replaced(producer="somebody"), "HASH_FAILURE"),
    ],
)
def test_a_signed_statement_that_is_not_the_bundles_own_fails(
    change: Callable[[Statement], Statement], code: str
) -> None:
    verdict, codes = outcome(judge(forge(members_of(small.bundle()), statement=change)))
    assert (verdict, code in codes) == ("FAILED", True)


def test_a_newer_predicate_is_an_unsupported_version() -> None:
    newer = small_predicate_type().replace("/v1", "/v2")
    data = forge(
        members_of(small.bundle()), statement=lambda s: msgspec.structs.replace(s, predicate_type=newer)
    )
    assert outcome(judge(data)) == ("INDETERMINATE", {"UNSUPPORTED_VERSION"})


def small_predicate_type() -> str:
    from archiver.bundle.statement import PREDICATE_TYPE

    return PREDICATE_TYPE


def test_another_payload_type_fails() -> None:
    """A statement of another protocol by the same key."""
    data = forge(members_of(small.bundle()), payload_type="application/vnd.other+json")
    assert outcome(judge(data)) == ("FAILED", {"FORMAT_FAILURE"})


@pytest.mark.parametrize(
    "payload",
    [
        lambda data: data + b"\n",
        lambda data: data.replace(b'{"_type"', b'{"_type":"x","_type"', 1),
        lambda data: b" " + data,
        lambda data: b"[]",
        lambda data: b"null",
        lambda data: b"[" * 100_000,
        lambda data: b"\xff\xfe",
        lambda data: data.replace(b'"captures"', b'"\\u0063aptures"', 1),
    ],
)
def test_a_payload_that_is_not_canonical_json_fails(payload: Callable[[bytes], bytes]) -> None:
    assert outcome(judge(forge(members_of(small.bundle()), payload=payload))) == (
        "FAILED",
        {"FORMAT_FAILURE"},
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hash", "sha256:" + "0" * 64),
        ("created", "2020-01-01T00:00:00Z"),
        ("software", "another"),
        ("version", "0.2.0"),
        ("signature", "AAAA"),
        ("domain", "example.com"),
    ],
)
def test_a_wrong_wacz_auth_signature_fails(field: str, value: str) -> None:
    def change(closing: DatapackageDigest) -> DatapackageDigest:
        assert closing.signed_data is not None
        return msgspec.structs.replace(closing, signed_data={**closing.signed_data, field: value})

    assert outcome(judge(closed(change)))[0] == "FAILED"


def test_a_wacz_auth_signature_by_another_key_fails() -> None:
    other = DatapackageDigest.from_json(
        members_of(forge(members_of(small.bundle()), local=LocalIdentity.create("Stranger")))[CLOSING]
    )
    assert other.signed_data is not None

    def change(closing: DatapackageDigest) -> DatapackageDigest:
        mine = closing.signed_data
        assert mine is not None and other.signed_data is not None
        stranger = {"publicKey": other.signed_data["publicKey"], "signature": other.signed_data["signature"]}
        return msgspec.structs.replace(closing, signed_data={**mine, **stranger})

    assert outcome(judge(closed(change)))[0] == "FAILED"


def test_a_dropped_wacz_auth_signature_fails() -> None:
    data = closed(lambda closing: msgspec.structs.replace(closing, signed_data=None))
    assert outcome(judge(data)) == ("FAILED", {"MISSING_REQUIRED_SIGNATURE"})


def test_evidence_of_an_unknown_kind_spoils_nothing() -> None:
    def change(closing: DatapackageDigest) -> DatapackageDigest:
        assert closing.provenance is not None
        provenance = msgspec.structs.replace(
            closing.provenance, evidence=[{"type": "rfc3161", "token": "AAAA"}]
        )
        return msgspec.structs.replace(closing, provenance=provenance)

    result = judge(closed(change))
    assert result
    assert "NOT_RELIED_ON" in {check.code for check in result.checks}
    assert result.id == judge(small.bundle()).id


def test_ten_thousand_entries_of_evidence_spoil_nothing() -> None:
    def change(closing: DatapackageDigest) -> DatapackageDigest:
        assert closing.provenance is not None
        evidence = [{"type": "unknown"}] * 10_000
        return msgspec.structs.replace(
            closing, provenance=msgspec.structs.replace(closing.provenance, evidence=evidence)
        )

    result = judge(closed(change))
    assert result
    assert "RESOURCE_LIMIT" in {check.code for check in result.checks}


@pytest.mark.parametrize("evidence", [["text"], [{}], [{"type": 1}], [[]], [None]])
def test_evidence_that_is_no_list_of_typed_entries_fails(evidence: list[object]) -> None:
    def change(closing: DatapackageDigest) -> DatapackageDigest:
        assert closing.provenance is not None
        return msgspec.structs.replace(
            closing, provenance=msgspec.structs.replace(closing.provenance, evidence=evidence)
        )

    assert outcome(judge(closed(change))) == ("FAILED", {"FORMAT_FAILURE"})


def test_another_media_type_of_provenance_is_an_unsupported_version() -> None:
    def change(closing: DatapackageDigest) -> DatapackageDigest:
        provenance = closing.provenance
        assert isinstance(provenance, Provenance)
        newer = msgspec.structs.replace(provenance, media_type="application/vnd.archiver.provenance.v2+json")
        return msgspec.structs.replace(closing, provenance=newer)

    assert "UNSUPPORTED_VERSION" in outcome(judge(closed(change)))[1]


def test_a_manifest_of_a_newer_spec_is_an_unsupported_version() -> None:
    members = members_of(small.bundle())
    value = strictjson.loads_canonical(members["provenance/manifest.json"])
    members["provenance/manifest.json"] = strictjson.dumps({**value, "spec": "archiver-bundle/v9"})
    result = judge(forge(members))
    assert "UNSUPPORTED_VERSION" in {check.code for check in result.checks}
    assert not result


@pytest.mark.parametrize(
    "change",
    [
        lambda p: msgspec.structs.replace(p, created="2030-01-01"),
        lambda p: msgspec.structs.replace(p, main_page_url="https://other.example/"),
        lambda p: msgspec.structs.replace(p, main_page_date=None),
        lambda p: msgspec.structs.replace(p, title="Another title"),
        lambda p: msgspec.structs.replace(p, resources=p.resources[::-1]),
        lambda p: msgspec.structs.replace(p, resources=p.resources * 2),
        lambda p: msgspec.structs.replace(p, profile="other"),
    ],
)
def test_a_datapackage_that_contradicts_the_bundle_fails(
    change: Callable[[Datapackage], Datapackage],
) -> None:
    assert judge(forge(members_of(small.bundle()), package=change)).verdict is Verdict.FAILED


def test_a_sealing_time_ahead_of_this_clock_cannot_be_judged() -> None:
    with memory_file(small.bundle()) as file:
        result = verify(file, small.policy(), now=small.NOON - timedelta(hours=1))
    assert outcome(result) == ("INDETERMINATE", {"CLOCK"})


def test_a_policy_can_refuse_a_setting_and_a_status() -> None:
    settings = msgspec.structs.replace(small.stated().settings, resolve=["news.example:443:127.0.0.1"])
    statement = msgspec.structs.replace(
        small.stated(), settings=settings, status="partial", reasons=["missing"]
    )
    data = small.sealed(small.packed(statement))
    assert judge(data)
    signers = small.policy().signers
    for refused, code in (
        (Policy(signers=signers, refused_settings=frozenset({"FORCED_ADDRESS"})), "SETTING_REFUSED"),
        (Policy(signers=signers, refused_statuses=frozenset({"partial"})), "STATUS_REFUSED"),
    ):
        assert outcome(judge(data, refused)) == ("INDETERMINATE", {code})


def test_an_identity_with_a_key_that_verifies_anything_is_refused() -> None:
    """A low-order Ed25519 key in identity.json: KEY_REJECTED, before any signature is looked at."""
    members = members_of(small.bundle())
    value = strictjson.loads_canonical(members[IDENTITY])
    import base64

    prefix = base64.b64decode(value["keys"][0]["spki"])[:12]
    value["keys"][0]["spki"] = base64.b64encode(prefix + b"\x01" + bytes(31)).decode()
    members[IDENTITY] = strictjson.dumps(value)
    verdict, codes = outcome(judge(zipped(members)))
    assert verdict == "FAILED"
    assert "KEY_REJECTED" in codes


def test_predicate_fields_are_all_compared() -> None:
    """A field added to the predicate must be compared too; this test names them."""
    assert set(Predicate.__struct_fields__) == {"captures", "created", "identity", "origin", "producer"}
    assert DIGEST_NAME == CLOSING
