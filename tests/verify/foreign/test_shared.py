"""Bundles that other tools made, as they are: each verdict with every reason for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.verify import Policy, Result, Verdict, verify
from tests import small

FOLDER = Path(__file__).parents[4] / "shared/foreign"

NOTES = {("container", "CONTAINER_NOTE"), ("records", "IMPORT_NOTE"), ("time", "CLAIMED_TIME")}
"""Every one of them has these."""
UNSIGNED = NOTES | {("signature", "NO_SIGNATURE")}
DOMAIN = NOTES | {("signer", "UNTRUSTED_SIGNER"), ("time", "UNTRUSTED_TIME")}
ANONYMOUS = NOTES | {("signer", "UNTRUSTED_SIGNER"), ("signature", "KNOWN_DEFECT")}
DOUBLED, NAMES = ("members", "KNOWN_DEFECT"), ("datapackage", "KNOWN_DEFECT")
KEYS = ("index", "INDEX_DIFFERS")

EXPECTED = {
    "valid_signed_example_1": DOMAIN,
    "invalid_signed_example_1": DOMAIN,
    "valid_example_2": UNSIGNED,
    "archivewebpage-0.8.1-anon-signed": ANONYMOUS | {KEYS},
    "archivewebpage-0.15.1-anon-signed-datadescriptors": ANONYMOUS,
    "scoop-example.com": UNSIGNED | {NAMES},
    "scoop-jswacz-0.0.6-multiGET": UNSIGNED | {NAMES, DOUBLED},
    "made-by-pywacz-0.6.0": UNSIGNED,
    "made-by-jswacz-0.1.6": UNSIGNED | {DOUBLED},
}


def judged(name: str) -> Result:
    path = FOLDER / f"{name}.wacz"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return verify(path, small.policy(), now=small.NOON)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_genuine_bundle_is_whole_and_proves_nobody(name: str) -> None:
    result = judged(name)
    assert {(check.name, check.code) for check in result.checks if check.code != "OK"} == EXPECTED[name]
    assert result.verdict is Verdict.INDETERMINATE
    assert result.kind == "wacz"
    assert result.signer is None
    assert result.identity is None
    assert result.id is None
    assert result.manifest is not None
    assert result.manifest.origin == "imported"
    assert len(result.manifest.derived.captures) == 1


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("valid_signed_example_1", "said to be signed for btrix-sign-test.webrecorder.net"),
        ("archivewebpage-0.8.1-anon-signed", "signed by the key sha256:0df677b63ae3"),
        ("valid_example_2", ""),
    ],
)
def test_who_signed_is_told_as_a_claim(name: str, claim: str) -> None:
    result = judged(name)
    assert (result.claimant or "").startswith(claim)
    assert (result.claimant is None) == (claim == "")
    assert (result.created is None) == (claim == "")


def test_what_makes_the_double_hash_is_named() -> None:
    result = judged("made-by-jswacz-0.1.6")
    [told] = [check.message for check in result.checks if check.code == "KNOWN_DEFECT"]
    assert told == "archive/ex.warc.gz: its hash is js-wacz's double hash"


def test_a_policy_that_refuses_settings_cannot_be_met_by_what_states_none() -> None:
    path = FOLDER / "valid_example_2.wacz"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    result = verify(path, Policy().adding(refuse=["TLS_UNVERIFIED", "partial"]), now=small.NOON)
    assert {check.code for check in result.checks if check.name == "policy"} == {
        "SETTING_REFUSED",
        "STATUS_REFUSED",
    }
