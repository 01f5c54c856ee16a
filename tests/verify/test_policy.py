"""What a verifier accepts: the JSON it is written in, and each rule of it held against a bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.bundle.bundle import Bundle
from archiver.bundle.limits import HIGHEST, ReadLimits
from archiver.errors import FormatError, LimitError
from archiver.signing.identity import LocalIdentity
from archiver.signing.keyring import Keyring
from archiver.verify import Policy, Result, Signer, verify
from archiver.verify.policy import MAX_BYTES, MAX_IDENTITIES, SETTINGS, SPEC, STATUSES
from archiver.warc.scan import ScanLimits
from tests import small
from tests.memory import memory_file

FINGERPRINT = f"sha256:{'ab' * 32}"
WHOLE = {
    "spec": SPEC,
    "identities": [{"fingerprint": FINGERPRINT, "name": "The library"}],
    "required": 1,
    "refuse": {"settings": ["PROXY"], "statuses": ["gone"]},
    "limits": {"members": 1, "records": 2, "unpacked_bytes": 3, "json_bytes": 4},
}


def parsed(**changes: object) -> Policy:
    return Policy.from_json(json.dumps({**WHOLE, **changes}).encode())


def trusting(local: LocalIdentity, **more: object) -> Policy:
    entry = {"fingerprint": str(local.identity.fingerprint), "name": "The library"}
    value = {"spec": SPEC, "identities": [entry], **more}
    return Policy.from_json(json.dumps(value).encode())


def judge(data: bytes, policy: Policy) -> Result:
    with memory_file(data) as file:
        return verify(file, policy, name="bundle", now=small.NOON)


def outcome(result: Result) -> tuple[str, set[tuple[str, str]]]:
    return result.verdict.value, {
        (check.name, check.code) for check in result.checks if check.verdict is result.verdict
    }


def test_every_field_is_read() -> None:
    policy = parsed()
    (signer,) = policy.signers
    assert (str(signer.fingerprint), signer.name, signer.since) == (FINGERPRINT, "The library", "")
    assert policy.refused_settings == {"PROXY"}
    assert policy.refused_statuses == {"gone"}
    assert policy.limits == ReadLimits(members=1, records=2, unpacked_bytes=3, json_bytes=4)
    assert policy.required == 1


def test_all_but_the_spec_may_be_left_out() -> None:
    assert Policy.from_json(json.dumps({"spec": SPEC}).encode()) == Policy()
    for field in ("limits", "refuse"):
        assert parsed(**{field: {}}).required == 1
    for field in ("settings", "statuses"):
        assert parsed(refuse={field: []}).refused_settings == set()
    assert parsed(limits={"members": 7}).limits == ReadLimits(members=7)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "mine"}, "unknown field `name`"),
        ({"identities": None}, "$.identities"),
        ({"identities": {}}, "$.identities"),
        ({"identities": [FINGERPRINT]}, "$.identities[0]"),
        ({"identities": [{"fingerprint": FINGERPRINT}]}, "$.identities[0]"),
        ({"identities": [{"name": "A"}]}, "$.identities[0]"),
        ({"identities": [{"fingerprint": FINGERPRINT, "name": "A", "key": ""}]}, "$.identities[0]"),
        ({"identities": [{"fingerprint": FINGERPRINT, "name": ""}]}, "identities[0]: name: 0 characters"),
        (
            {"identities": [{"fingerprint": FINGERPRINT, "name": "A\u202eb"}]},
            "identities[0]: name: a control",
        ),
        ({"identities": [{"fingerprint": FINGERPRINT[:-1], "name": "A"}]}, "identities[0]: not a sha256"),
        ({"identities": [{"fingerprint": FINGERPRINT.upper(), "name": "A"}]}, "identities[0]: not a sha256"),
        ({"identities": [{"fingerprint": "ab" * 32, "name": "A"}]}, "identities[0]: not a sha256"),
        ({"identities": [{"fingerprint": FINGERPRINT + "\n", "name": "A"}]}, "identities[0]: not a sha256"),
        ({"identities": WHOLE["identities"] * 2}, "identities[1]: an earlier one"),  # type: ignore[operator]
        ({"required": 0}, "required: 0 is not between 1"),
        ({"required": -1}, "required: -1 is not between 1"),
        ({"required": MAX_IDENTITIES + 1}, "required: 10001"),
        ({"required": 1.0}, "$.required"),
        ({"required": True}, "$.required"),
        ({"required": "1"}, "$.required"),
        ({"required": None}, "$.required"),
        ({"refuse": []}, "$.refuse"),
        ({"refuse": {"setting": []}}, "$.refuse"),
        ({"refuse": {"settings": ["proxy"]}}, "refuse.settings[0]: 'proxy' is none of"),
        ({"refuse": {"settings": ["gone"]}}, "refuse.settings[0]: 'gone' is none of"),
        ({"refuse": {"settings": ["PROXY", "PROXY"]}}, "refuse.settings[1]: PROXY for the second time"),
        ({"refuse": {"settings": "PROXY"}}, "$.refuse.settings"),
        ({"refuse": {"statuses": ["PROXY"]}}, "refuse.statuses[0]: 'PROXY' is none of"),
        ({"refuse": {"statuses": [None]}}, "$.refuse.statuses[0]"),
        ({"limits": None}, "$.limits"),
        ({"limits": {"bytes": 1}}, "$.limits"),
        *[({"limits": {name: 0}}, f"limits.{name}: 0 is not between 1") for name in HIGHEST],
        *[({"limits": {name: -1}}, f"limits.{name}: -1 is not between 1") for name in HIGHEST],
        *[({"limits": {name: top + 1}}, f"limits.{name}: {top + 1} is not") for name, top in HIGHEST.items()],
        *[({"limits": {name: None}}, f"$.limits.{name}") for name in HIGHEST],
        *[({"limits": {name: 1.5}}, f"$.limits.{name}") for name in HIGHEST],
        *[({"limits": {name: False}}, f"$.limits.{name}") for name in HIGHEST],
    ],
)
def test_a_field_of_another_form_is_refused_with_its_place(changes: dict[str, object], said: str) -> None:
    with pytest.raises(FormatError) as caught:
        parsed(**changes)
    assert said in str(caught.value)
    assert caught.value.code == "FORMAT_FAILURE"


@pytest.mark.parametrize("spec", [None, 1, "", "archiver-policy/v1", "archiver-policy/v2-draft", SPEC + " "])
def test_another_spec_is_an_unsupported_version(spec: object) -> None:
    """Before any other field: those of another form are not ours to judge."""
    with pytest.raises(FormatError, match=r"spec: .* is not archiver-policy/v1-draft") as caught:
        parsed(spec=spec, more="fields")
    assert caught.value.code == "UNSUPPORTED_VERSION"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"{",
        b'{"spec": "archiver-policy/v1-draft", "spec": "archiver-policy/v1-draft"}',
        b'{"spec": "archiver-policy/v1-draft", "required": 1, "required": 2}',
        b'{"spec": "archiver-policy/v1-draft", "required": NaN}',
        b'{"spec": "archiver-policy/v1-draft", "required": 1}}',
        b'\xef\xbb\xbf{"spec": "archiver-policy/v1-draft"}',
        '{"spec": "archiver-policy/v1-draft"}'.encode("utf-16"),
        b'{"spec": "archiver-policy/v1-draft", "identities": ' + b"[" * 100_000,
    ],
)
def test_what_is_not_json_of_one_meaning_is_no_policy(data: bytes) -> None:
    with pytest.raises(FormatError):
        Policy.from_json(data)


def test_a_policy_is_bounded() -> None:
    entries = [{"fingerprint": f"sha256:{number:064x}", "name": "A"} for number in range(MAX_IDENTITIES + 1)]
    assert len(parsed(identities=entries[1:]).signers) == MAX_IDENTITIES
    with pytest.raises(FormatError, match="identities: more than 10000"):
        parsed(identities=entries)
    with pytest.raises(LimitError):
        Policy.from_json(json.dumps(WHOLE).encode() + b" " * MAX_BYTES)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from([SPEC]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*WHOLE, *HIGHEST, "settings", "statuses", "name"]) | st.text(), inner
        )
    ),
    max_leaves=20,
)


@given(value=JSON, changes=st.dictionaries(st.sampled_from([*WHOLE, "more"]), JSON, max_size=3))
def test_no_json_raises_anything_else(value: object, changes: dict[str, object]) -> None:
    for candidate in (value, {**WHOLE, **changes}):
        try:
            Policy.from_json(json.dumps(candidate).encode())
        except (FormatError, LimitError):
            continue


def test_a_policy_trusts_whom_it_names_and_nobody_else() -> None:
    result = judge(small.bundle(), trusting(small.identity()))
    assert result
    assert result.signer is not None
    assert result.signer.name == "The library"
    stranger = judge(small.bundle(), trusting(LocalIdentity.create("Stranger")))
    assert outcome(stranger) == ("INDETERMINATE", {("signer", "UNTRUSTED_SIGNER")})


def test_what_is_added_adds_and_never_renames() -> None:
    again = Signer(fingerprint=small.identity().identity.fingerprint, name="Another name")
    other = Signer(fingerprint=LocalIdentity.create("B").identity.fingerprint, name="B")
    policy = trusting(small.identity(), required=2, refuse={"statuses": ["gone"]})
    more = policy.adding(again, other, other, refuse=["PROXY", "failed"])
    assert [signer.name for signer in more.signers] == ["The library", "B"]
    assert more.required == 2
    assert more.refused_settings == {"PROXY"}
    assert more.refused_statuses == {"gone", "failed"}
    with pytest.raises(ValueError, match="no such setting"):
        policy.adding(refuse=["nothing"])


def test_a_keyrings_policy_requires_one_of_it(tmp_path: Path) -> None:
    ring = Keyring(tmp_path)
    ring.trust(small.identity().identity, small.NOON)
    policy = Policy.trusting(ring, refuse=["gone"])
    assert (len(policy.signers), policy.required) == (1, 1)
    assert policy.refused_statuses == {"gone"}
    assert judge(small.bundle(), policy)


def test_two_keys_of_one_identity_are_one_signer() -> None:
    """ATTACKS 6: the seal has an Ed25519 and an ML-DSA signature, and one identity's word all the same."""
    policy = trusting(small.identity(), required=2)
    assert outcome(judge(small.bundle(), policy)) == ("INDETERMINATE", {("policy", "THRESHOLD_NOT_REACHED")})
    stranger = trusting(LocalIdentity.create("Stranger"), required=2)
    assert outcome(judge(small.bundle(), stranger)) == (
        "INDETERMINATE",
        {("signer", "UNTRUSTED_SIGNER"), ("policy", "THRESHOLD_NOT_REACHED")},
    )
    assert outcome(judge(small.packed(), policy)) == (
        "INDETERMINATE",
        {("signature", "NO_SIGNATURE"), ("policy", "THRESHOLD_NOT_REACHED")},
    )


def test_an_open_bundle_is_held_to_the_threshold_too() -> None:
    with memory_file(small.bundle()) as file, Bundle(file, name="bundle") as bundle:
        result = verify(bundle, trusting(small.identity(), required=2), now=small.NOON)
    assert outcome(result) == ("INDETERMINATE", {("policy", "THRESHOLD_NOT_REACHED")})


def test_a_threshold_hides_no_failure() -> None:
    data = bytearray(small.bundle())
    data[100] ^= 1
    result = judge(bytes(data), trusting(small.identity(), required=2))
    assert result.verdict.value == "FAILED"


@contextmanager
def opened(limits: ReadLimits) -> Iterator[Bundle]:
    with memory_file(small.bundle()) as file:
        yield Bundle(file, name="bundle", limits=limits)


@pytest.mark.parametrize(
    ("limits", "checks"),
    [
        ({"members": 6}, {"container"}),
        ({"records": 3}, {"records"}),
        ({"unpacked_bytes": 1_000}, {"records"}),
        ({"json_bytes": 500}, {"container"}),
    ],
)
def test_past_a_limit_there_is_no_verdict(limits: dict[str, int], checks: set[str]) -> None:
    result = judge(small.bundle(), trusting(small.identity(), limits=limits))
    verdict, found = outcome(result)
    assert verdict == "INDETERMINATE"
    assert {(name, "RESOURCE_LIMIT") for name in checks} <= found


def test_within_the_limits_nothing_changes() -> None:
    enough = {"members": 9, "records": 100, "unpacked_bytes": 1 << 20, "json_bytes": 1 << 20}
    assert judge(small.bundle(), trusting(small.identity(), limits=enough))
    assert judge(small.bundle(), trusting(small.identity(), limits=dict(HIGHEST)))


def test_limits_reach_the_readers() -> None:
    assert ReadLimits().scan(1 << 20) is None
    mine = ReadLimits(records=5, unpacked_bytes=6).scan(1 << 20)
    assert mine == msgspec.structs.replace(ScanLimits.for_archive(1 << 20), records=5, unpacked=6)
    with pytest.raises(LimitError, match="the limit is 100"), opened(ReadLimits(json_bytes=100)):
        pass


def test_the_policy_is_explained_whole() -> None:
    text = "\n".join(parsed(required=2).explain())
    for said in (
        "The library  abababababababab…",
        "2 of them have signed it",
        "none of these settings was used: PROXY",
        "status is none of: gone",
        "1 members, 4 bytes of one JSON or index, 2 records, 3 bytes unpacked",
    ):
        assert said in text
    assert "10000 members" in "\n".join(Policy().explain())


def test_all_codes_that_can_be_refused_are_read() -> None:
    refuse = {"settings": sorted(SETTINGS), "statuses": sorted(STATUSES)}
    policy = parsed(refuse=refuse)
    assert (policy.refused_settings, policy.refused_statuses) == (SETTINGS, STATUSES)
