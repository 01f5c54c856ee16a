"""A countersignature beside a file: what it proves, and every way in which it proves nothing."""

from __future__ import annotations

import functools
import gzip
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import strictjson
from archiver.bundle.countersign import (
    MAX_BYTES,
    PREDICATE_TYPE,
    ROLES,
    SUFFIX,
    Countersignature,
    countersign,
)
from archiver.bundle.datapackage import DIGEST_NAME, DatapackageDigest
from archiver.bundle.limits import ReadLimits
from archiver.bundle.statement import PAYLOAD_TYPE
from archiver.bundle.verdict import passed
from archiver.digest import Digest
from archiver.errors import FormatError, InputError
from archiver.signing.dsse import Envelope
from archiver.signing.identity import LocalIdentity
from archiver.verify import Policy, Result, Signer, Verdict, verify
from archiver.verify.beside import Beside
from archiver.verify.verify import _threshold
from tests import small
from tests.rogue import forge, members_of
from tests.verify.foreign import lookalikes

PDF = b"%PDF-1.7\nnot really one\n%%EOF\n"


@functools.cache
def other() -> LocalIdentity:
    """A second institution."""
    return LocalIdentity.create("Another archive")


def signed(
    data: bytes = PDF, name: str = "paper.pdf", local: LocalIdentity | None = None, role: str = "received"
) -> Countersignature:
    return countersign(name, Digest.of(data), local or small.identity(), role=role, created=small.NOON)


class Place:
    """A folder with one file in it, and perhaps what lies beside that."""

    def __init__(self, folder: Path, name: str, data: bytes) -> None:
        self.path = folder / name
        self.beside = folder / (name + SUFFIX)
        self.path.write_bytes(data)

    def judge(self, beside: bytes | None, policy: Policy | None = None) -> Result:
        if beside is not None:
            self.beside.write_bytes(beside)
        return verify(self.path, policy or small.policy(), now=small.NOON)


@pytest.fixture
def paper(tmp_path: Path) -> Place:
    return Place(tmp_path, "paper.pdf", PDF)


@pytest.fixture
def own(tmp_path: Path) -> Place:
    return Place(tmp_path, "article.wacz", small.bundle())


def foreign_warc() -> bytes:
    """A WARC in no bundle, which nobody has signed."""
    return members_of(small.bundle())["archive/data.warc.gz"]


def of(result: Result) -> list[tuple[str, str, str]]:
    """What the countersignature's checks say, and all that is not PASSED."""
    return [
        (check.name, check.verdict.value, check.code)
        for check in result.checks
        if check.name == "countersignature" or check.verdict is not Verdict.PASSED
    ]


def both(*, required: int = 1) -> Policy:
    names = {"The library": small.identity(), "The other": other()}
    signers = [Signer(fingerprint=one.identity.fingerprint, name=name) for name, one in names.items()]
    return Policy(signers=tuple(signers), required=required)


def test_a_file_of_any_kind_passes_by_the_word_of_a_trusted_signer(paper: Place) -> None:
    result = paper.judge(signed().to_json())
    assert result, result.checks
    assert result.kind == "file"
    assert [(check.name, check.code) for check in result.checks] == [
        ("container", "NO_ARCHIVE"),
        ("countersignature", "OK"),
    ]
    assert result.signer is not None
    assert result.signer.name == "The library"
    assert result.identity == small.identity().identity.fingerprint
    assert result.countersigner is not None
    assert (result.countersigner.role, result.countersigner.date) == ("received", "2026-11-23T12:00:00Z")


@pytest.mark.parametrize("name", ["paper.wacz", "paper.warc", "PAPER.WARC.GZ"])
def test_what_is_called_an_archive_and_is_none_fails_whoever_vouches_for_it(
    tmp_path: Path, name: str
) -> None:
    result = Place(tmp_path, name, PDF).judge(signed(name=name).to_json())
    assert of(result)[0] == ("container", "FAILED", "FORMAT_FAILURE")


@pytest.mark.parametrize("lead", [gzip.compress(b""), b"\r\n", gzip.compress(b"\r\n\r\n")])
def test_a_warc_behind_nothing_is_no_file_of_another_kind(tmp_path: Path, lead: bytes) -> None:
    """Some readers pass over that, and show the records."""
    data = foreign_warc() if lead[:1] == b"\x1f" else lookalikes.warc(packed=False)
    result = Place(tmp_path, "paper.pdf", lead + data).judge(signed(lead + data).to_json())
    assert (result.kind, result.verdict) == ("warc", Verdict.FAILED)


def test_without_one_it_fails_as_ever(paper: Place) -> None:
    assert of(paper.judge(None)) == [("container", "FAILED", "FORMAT_FAILURE")]


def test_an_open_file_has_nothing_beside_it(paper: Place) -> None:
    paper.beside.write_bytes(signed().to_json())
    with paper.path.open("rb") as file:
        assert verify(file, small.policy(), now=small.NOON).verdict is Verdict.FAILED


def test_an_unknown_signer_proves_nothing(paper: Place) -> None:
    result = paper.judge(signed(local=other()).to_json())
    assert of(result) == [("countersignature", "INDETERMINATE", "UNTRUSTED_SIGNER")]
    assert result.signer is None
    assert result.countersigner is not None
    assert result.countersigner.signer is None
    assert of(paper.judge(None, Policy())) == [("countersignature", "INDETERMINATE", "UNTRUSTED_SIGNER")]


def test_an_unsigned_warc_passes_by_the_word_of_a_trusted_signer(tmp_path: Path) -> None:
    place = Place(tmp_path, "data.warc.gz", foreign_warc())
    assert of(place.judge(None)) == [("signature", "INDETERMINATE", "NO_SIGNATURE")]
    unknown = place.judge(signed(foreign_warc(), "data.warc.gz", other()).to_json())
    assert of(unknown) == [
        ("signature", "INDETERMINATE", "NO_SIGNATURE"),
        ("countersignature", "INDETERMINATE", "UNTRUSTED_SIGNER"),
    ]
    result = place.judge(signed(foreign_warc(), "data.warc.gz").to_json())
    assert result, result.checks
    assert ("signature", "NO_SIGNATURE") in {(check.name, check.code) for check in result.checks}
    assert result.signer is not None


@pytest.mark.parametrize(
    ("make", "left"),
    [
        (lookalikes.unsigned, []),
        (lookalikes.archivewebpage, []),
        (lookalikes.jswacz, []),
        (lookalikes.domain_signed, [("time", "INDETERMINATE", "UNTRUSTED_TIME")]),
    ],
)
def test_a_trusted_signer_stands_in_for_another_tools_missing_or_unknown_one(
    tmp_path: Path, make: Callable[[], bytes], left: list[tuple[str, str, str]]
) -> None:
    """For who signed, and for nothing else: a time that is claimed proves no other time."""
    place = Place(tmp_path, "other.wacz", make())
    assert place.judge(None).verdict is Verdict.INDETERMINATE
    result = place.judge(signed(make(), "other.wacz").to_json())
    assert of(result) == [*left, ("countersignature", "PASSED", "OK")]
    assert result.signer is not None
    codes = {check.code for check in result.checks if check.verdict is Verdict.PASSED}
    assert codes & {"NO_SIGNATURE", "UNTRUSTED_SIGNER"}
    assert place.judge(None, both(required=2)).verdict is Verdict.INDETERMINATE


def test_a_broken_warc_stays_broken_whoever_vouches_for_it(tmp_path: Path) -> None:
    data = foreign_warc()[:-20]
    result = Place(tmp_path, "data.warc.gz", data).judge(signed(data, "data.warc.gz").to_json())
    assert result.verdict is Verdict.FAILED
    assert ("countersignature", "PASSED", "OK") in of(result)


@pytest.mark.parametrize("at", [0, 100, -1])
def test_a_broken_bundle_of_ours_stays_broken_whoever_vouches_for_it(tmp_path: Path, at: int) -> None:
    data = bytearray(small.bundle())
    data[at] ^= 1
    result = Place(tmp_path, "a.wacz", bytes(data)).judge(signed(bytes(data), "a.wacz").to_json())
    assert result.verdict is Verdict.FAILED


def test_a_packed_bundle_of_ours_is_not_sealed_by_it(tmp_path: Path) -> None:
    data = small.packed()
    result = Place(tmp_path, "a.wacz", data).judge(signed(data, "a.wacz").to_json())
    assert of(result) == [
        ("signature", "INDETERMINATE", "NO_SIGNATURE"),
        ("countersignature", "PASSED", "OK"),
    ]
    assert result.signer is None


def test_an_empty_file_stays_empty(tmp_path: Path) -> None:
    assert Place(tmp_path, "a.txt", b"").judge(signed(b"", "a.txt").to_json()).verdict is Verdict.FAILED


def test_seal_and_countersignature_of_two_identities_are_two(own: Place) -> None:
    beside = signed(small.bundle(), "article.wacz", other(), role="witnessed").to_json()
    assert of(own.judge(None, both(required=2))) == [("policy", "INDETERMINATE", "THRESHOLD_NOT_REACHED")]
    result = own.judge(beside, both(required=2))
    assert result, result.checks
    assert result.signer is not None
    assert result.signer.name == "The library"
    assert result.countersigner is not None
    assert result.countersigner.role == "witnessed"
    assert of(own.judge(beside, both(required=3)))[1:] == [
        ("policy", "INDETERMINATE", "THRESHOLD_NOT_REACHED")
    ]


def test_seal_and_countersignature_of_one_identity_are_one(own: Place) -> None:
    beside = signed(small.bundle(), "article.wacz").to_json()
    assert own.judge(beside, both())
    assert of(own.judge(beside, both(required=2)))[1:] == [
        ("policy", "INDETERMINATE", "THRESHOLD_NOT_REACHED")
    ]


def test_an_unknown_countersigner_of_a_sound_bundle_is_said_and_counts(own: Place) -> None:
    """The worst of both counts: who would rather not ask that signer moves the file away."""
    beside = signed(small.bundle(), "article.wacz", other()).to_json()
    assert of(own.judge(beside)) == [("countersignature", "INDETERMINATE", "UNTRUSTED_SIGNER")]


def test_a_trusted_countersigner_does_not_stand_in_for_a_seal_of_ours(own: Place) -> None:
    beside = signed(small.bundle(), "article.wacz", other()).to_json()
    trusts = Policy(signers=(Signer(fingerprint=other().identity.fingerprint, name="The other"),))
    result = own.judge(beside, trusts)
    assert of(result) == [
        ("signer", "INDETERMINATE", "UNTRUSTED_SIGNER"),
        ("countersignature", "PASSED", "OK"),
    ]
    assert result.signer is None


def test_a_countersignature_of_other_bytes_fails(paper: Place, own: Place) -> None:
    assert of(own.judge(signed().to_json())) == [("countersignature", "FAILED", "HASH_FAILURE")]
    paper.path.write_bytes(PDF + b"\n")
    assert of(paper.judge(signed().to_json())) == [
        ("container", "FAILED", "FORMAT_FAILURE"),
        ("countersignature", "FAILED", "HASH_FAILURE"),
    ]


def test_a_copy_under_another_name_passes_with_a_note(tmp_path: Path) -> None:
    result = Place(tmp_path, "renamed.pdf", PDF).judge(signed().to_json())
    assert result
    assert of(result) == [
        ("countersignature", "PASSED", "OK"),
        ("countersignature", "PASSED", "NAME_DIFFERS"),
    ]


def restated(change: Callable[[dict[str, Any]], None], payload_type: str = PAYLOAD_TYPE) -> bytes:
    """A countersignature whose statement was changed before it was signed."""
    value = strictjson.loads_canonical(signed().envelope.payload)
    change(value)
    envelope = small.identity().sign_payload(payload_type, strictjson.dumps(value))
    return Countersignature(identity=small.identity().identity, envelope=envelope).to_json()


HEX = Digest.of(PDF).hex
STATEMENTS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"), "FORMAT_FAILURE"),
    (lambda s: s.pop("_type"), "FORMAT_FAILURE"),
    (lambda s: s.update(predicateType="https://slsa.dev/provenance/v1"), "FORMAT_FAILURE"),
    (lambda s: s.update(predicateType=PREDICATE_TYPE.replace("countersign", "capture")), "FORMAT_FAILURE"),
    (lambda s: s.update(predicateType=PREDICATE_TYPE.replace("v1", "v2")), "UNSUPPORTED_VERSION"),
    (lambda s: s.update(predicateType=None), "FORMAT_FAILURE"),
    (lambda s: s.update(more=1), "FORMAT_FAILURE"),
    (lambda s: s.update(subject=[]), "FORMAT_FAILURE"),
    (lambda s: s.update(subject=s["subject"] * 2), "FORMAT_FAILURE"),
    (lambda s: s.update(subject=None), "FORMAT_FAILURE"),
    (lambda s: s["subject"].append({"name": "b", "digest": {"sha256": "0" * 64}}), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0].update(name=""), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0].update(name="../paper.pdf"), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0].update(name=".."), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0].update(name="a\0"), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0].update(name="a" * 256), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0].update(name=None), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0].update(uri="file:a"), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0].update(digest={}), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0].update(digest={"md5": "0" * 32}), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0]["digest"].update(sha512="0" * 128), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0]["digest"].update(sha256=HEX.upper()), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0]["digest"].update(sha256=HEX[:-1]), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0]["digest"].update(sha256="sha256:" + HEX), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0]["digest"].update(sha256=""), "FORMAT_FAILURE"),
    (lambda s: s["subject"][0]["digest"].update(sha256="0" * 64), "HASH_FAILURE"),
    (lambda s: s["predicate"].update(role="notarised"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(role="Received"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(role=None), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].pop("role"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(note="true"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(identity="library"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(identity=str(other().identity.fingerprint)), "HASH_FAILURE"),
    (lambda s: s["predicate"].pop("identity"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(date="2026-11-23"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(date="2026-11-23T12:00:00+00:00"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(date="2026-11-23T12:00:00.5Z"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(date="2026-02-30T12:00:00Z"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(date="2026-11-22T24:00:00Z"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(date=1), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].pop("date"), "FORMAT_FAILURE"),
    (lambda s: s["predicate"].update(date="2026-11-23T12:10:01Z"), "CLOCK"),
    (lambda s: s.update(predicate=None), "FORMAT_FAILURE"),
]


@pytest.mark.parametrize(("change", "code"), STATEMENTS, ids=range(len(STATEMENTS)))
def test_a_signed_statement_of_another_form_is_no_countersignature(
    paper: Place, change: Callable[[dict[str, Any]], object], code: str
) -> None:
    result = paper.judge(restated(change))  # type: ignore[arg-type]
    verdict = "INDETERMINATE" if code in ("UNSUPPORTED_VERSION", "CLOCK") else "FAILED"
    assert ("countersignature", verdict, code) in of(result)
    assert result.verdict is not Verdict.PASSED
    if code != "CLOCK":
        assert (result.signer, result.countersigner) == (None, None)
        assert ("container", "FAILED", "FORMAT_FAILURE") in of(result)


def test_a_payload_of_another_spelling_is_no_statement(paper: Place) -> None:
    payload = signed().envelope.payload
    for spelled in (payload + b"\n", payload.replace(b":", b": ", 1), b"", b"[]", b"\xff"):
        envelope = small.identity().sign_payload(PAYLOAD_TYPE, spelled)
        beside = Countersignature(identity=small.identity().identity, envelope=envelope).to_json()
        assert ("countersignature", "FAILED", "FORMAT_FAILURE") in of(paper.judge(beside))


def refiled(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The file's JSON changed after it was signed."""
    value = strictjson.loads_canonical(signed().to_json())
    change(value)
    return strictjson.dumps(value)


def _flip(text: str) -> str:
    return ("B" if text[0] == "A" else "A") + text[1:]


FILES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda f: f.update(mediaType="application/vnd.archiver.provenance.v2+json"), "UNSUPPORTED_VERSION"),
    (lambda f: f.update(mediaType=1), "FORMAT_FAILURE"),
    (lambda f: f.pop("mediaType"), "FORMAT_FAILURE"),
    (lambda f: f.update(more=1), "FORMAT_FAILURE"),
    (lambda f: f.pop("evidence"), "FORMAT_FAILURE"),
    (lambda f: f.update(evidence={}), "FORMAT_FAILURE"),
    (lambda f: f.update(evidence=[1]), "FORMAT_FAILURE"),
    (lambda f: f.update(evidence=[{}]), "FORMAT_FAILURE"),
    (lambda f: f.pop("identity"), "FORMAT_FAILURE"),
    (lambda f: f.update(identity=strictjson.dumps(f["identity"]).decode()), "FORMAT_FAILURE"),
    (lambda f: f["identity"].update(name=""), "FORMAT_FAILURE"),
    (lambda f: f["identity"].update(name="Another name"), "HASH_FAILURE"),
    (lambda f: f["identity"].update(more=1), "FORMAT_FAILURE"),
    (lambda f: f["identity"]["keys"].pop(2), "HASH_FAILURE"),
    (lambda f: f["identity"]["keys"].pop(1), "FORMAT_FAILURE"),
    (lambda f: f["identity"]["keys"][0].update(alg="rsa"), "FORMAT_FAILURE"),
    (lambda f: f.update(identity=other().identity.to_builtins()), "SIG_CRYPTO_FAILURE"),
    (lambda f: f.pop("envelope"), "FORMAT_FAILURE"),
    (lambda f: f["envelope"].update(more=1), "FORMAT_FAILURE"),
    (lambda f: f["envelope"].update(payloadType="application/json"), "FORMAT_FAILURE"),
    (lambda f: f["envelope"].update(payload=f["envelope"]["payload"] + "\n"), "FORMAT_FAILURE"),
    (lambda f: f["envelope"].update(payload=_flip(f["envelope"]["payload"])), "SIG_CRYPTO_FAILURE"),
    (lambda f: f["envelope"].update(signatures=[]), "MISSING_REQUIRED_SIGNATURE"),
    (lambda f: f["envelope"]["signatures"].pop(0), "MISSING_REQUIRED_SIGNATURE"),
    (lambda f: f["envelope"]["signatures"].pop(1), "MISSING_REQUIRED_SIGNATURE"),
    (lambda f: f["envelope"]["signatures"].reverse(), "FORMAT_FAILURE"),
    (lambda f: f["envelope"]["signatures"].append(f["envelope"]["signatures"][0]), "FORMAT_FAILURE"),
    (lambda f: f["envelope"]["signatures"].__setitem__(1, f["envelope"]["signatures"][0]), "FORMAT_FAILURE"),
    (lambda f: f["envelope"]["signatures"][0].update(keyid=""), "FORMAT_FAILURE"),
    (lambda f: f["envelope"]["signatures"][0].update(cert=""), "FORMAT_FAILURE"),
    (lambda f: f["envelope"]["signatures"][0].update(sig=""), "SIG_CRYPTO_FAILURE"),
    *[
        (
            lambda f, n=number: f["envelope"]["signatures"][n].update(
                sig=_flip(f["envelope"]["signatures"][n]["sig"])
            ),
            "SIG_CRYPTO_FAILURE",
        )
        for number in (0, 1)
    ],
]


@pytest.mark.parametrize(("change", "code"), FILES, ids=range(len(FILES)))
def test_a_file_of_another_form_is_no_countersignature(
    paper: Place, change: Callable[[dict[str, Any]], object], code: str
) -> None:
    result = paper.judge(refiled(change))
    verdict = "INDETERMINATE" if code == "UNSUPPORTED_VERSION" else "FAILED"
    assert ("countersignature", verdict, code) in of(result)
    assert ("container", "FAILED", "FORMAT_FAILURE") in of(result)
    assert (result.signer, result.countersigner) == (None, None)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"null", b"[]", b"\0" * 100, PDF, b"[" * 100_000, b"\xef\xbb\xbf{}", b'{"a":1,"a":1}'],
)
def test_what_is_no_json_of_ours_fails_beside_a_sound_bundle_too(own: Place, data: bytes) -> None:
    assert of(own.judge(data)) == [("countersignature", "FAILED", "FORMAT_FAILURE")]


def test_white_space_is_not_canonical(own: Place) -> None:
    data = signed(small.bundle(), "article.wacz").to_json()
    assert own.judge(data)
    for spelled in (data + b"\n", b" " + data, data.replace(b'":', b'": ', 1)):
        assert of(own.judge(spelled)) == [("countersignature", "FAILED", "FORMAT_FAILURE")]


def test_evidence_that_cannot_be_judged_is_not_relied_on(paper: Place) -> None:
    result = paper.judge(refiled(lambda f: f["evidence"].append({"type": "rfc3161", "token": "AA=="})))
    assert result
    assert of(result)[1:] == [("countersignature", "PASSED", "NOT_RELIED_ON")]
    many = paper.judge(refiled(lambda f: f["evidence"].extend([{"type": "x"}] * 1001)))
    assert many
    assert of(many)[1:] == [("countersignature", "PASSED", "RESOURCE_LIMIT")]


def test_more_than_a_limit_is_not_read(own: Place) -> None:
    assert MAX_BYTES == 8 << 20
    data = signed(small.bundle(), "article.wacz").to_json()
    limits = ReadLimits(json_bytes=8_000)
    own.beside.write_bytes(data + b" " * 8_000)
    result = verify(own.path, Policy(signers=small.policy().signers, limits=limits), now=small.NOON)
    assert ("countersignature", "INDETERMINATE", "RESOURCE_LIMIT") in of(result)
    with own.beside.open("r+b") as file:
        file.truncate(MAX_BYTES + 1)  # sparse
    assert of(own.judge(None)) == [("countersignature", "INDETERMINATE", "RESOURCE_LIMIT")]


def test_a_seals_envelope_is_no_countersignature(own: Place) -> None:
    """The same keys, another predicate: a seal says nothing about a file beside it."""
    closing = DatapackageDigest.from_json(members_of(small.bundle())[DIGEST_NAME])
    assert closing.provenance is not None
    envelope = Envelope.from_builtins(closing.provenance.envelope)
    beside = Countersignature(identity=small.identity().identity, envelope=envelope).to_json()
    assert of(own.judge(beside)) == [("countersignature", "FAILED", "FORMAT_FAILURE")]


def test_a_countersignatures_envelope_is_no_seal(own: Place) -> None:
    def swap(closing: DatapackageDigest) -> DatapackageDigest:
        value = strictjson.loads_canonical(closing.to_json())
        value["provenance"]["envelope"] = signed(small.bundle(), "article.wacz").envelope.to_builtins()
        return DatapackageDigest.from_json(strictjson.dumps(value))

    own.path.write_bytes(forge(members_of(small.bundle()), closing=swap))
    assert of(own.judge(None)) == [("statement", "FAILED", "FORMAT_FAILURE")]


def test_the_countersignature_of_another_file_does_not_fit(tmp_path: Path) -> None:
    one, two = Place(tmp_path, "a.pdf", PDF), Place(tmp_path, "b.pdf", PDF + b"2")
    assert one.judge(signed(PDF, "a.pdf").to_json())
    theirs = Countersignature.from_json(signed(PDF + b"2", "b.pdf").to_json())
    assert two.judge(theirs.to_json())
    mixed = Countersignature(identity=small.identity().identity, envelope=theirs.envelope)
    assert ("countersignature", "FAILED", "HASH_FAILURE") in of(one.judge(mixed.to_json()))


@pytest.mark.parametrize("part", range(4))
def test_no_flipped_byte_of_it_passes(paper: Place, part: int) -> None:
    data = signed().to_json()
    assert data.count(b'"evidence":[]') == 1, "there is no evidence here, so no byte is excepted"
    paper.beside.write_bytes(data)
    descriptor = os.open(paper.beside, os.O_WRONLY)
    try:
        for at in range(part * len(data) // 4, (part + 1) * len(data) // 4):
            for mask in (0x01, 0x20):
                os.pwrite(descriptor, bytes((data[at] ^ mask,)), at)
                result = verify(paper.path, small.policy(), now=small.NOON)
                assert result.verdict is not Verdict.PASSED, f"byte {at} ^ {mask:#x}"
                assert result.signer is None
            os.pwrite(descriptor, data[at : at + 1], at)
    finally:
        os.close(descriptor)
    assert paper.judge(None)


def test_no_flipped_byte_of_the_file_passes(paper: Place) -> None:
    paper.beside.write_bytes(signed().to_json())
    for at in range(len(PDF)):
        paper.path.write_bytes(PDF[:at] + bytes((PDF[at] ^ 1,)) + PDF[at + 1 :])
        assert paper.judge(None).verdict is Verdict.FAILED


@given(data=st.binary(max_size=200), start=st.integers(0, 10_000), size=st.integers(0, 50))
def test_no_bytes_raise_or_pass(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, start: int, size: int
) -> None:
    whole = signed().to_json()
    changed = whole[: start % len(whole)] + data + whole[start % len(whole) + size :]
    place = Place(tmp_path_factory.getbasetemp(), "paper.pdf", PDF)
    assert (place.judge(changed).verdict is Verdict.PASSED) == (changed == whole)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_beside_it_is_an_input_error(own: Place, make: Callable[[Path], None]) -> None:
    make(own.beside)
    with pytest.raises(InputError, match=r"article\.wacz\.intoto\.json: is not a regular file"):
        own.judge(None)


def test_a_name_too_long_for_a_file_beside_it_has_none(tmp_path: Path) -> None:
    name = "a" * 250 + ".wacz"
    (tmp_path / name).write_bytes(small.bundle())
    assert verify(tmp_path / name, small.policy(), now=small.NOON)


def test_a_file_that_changes_meanwhile_fails(paper: Place) -> None:
    """Judged as it was, signed as it is now: that is nobody's word on anything."""
    paper.path.write_bytes(PDF + b"more")
    result = paper.judge(signed().to_json())
    with paper.path.open("r+b") as file:
        beside = Beside.find(paper.path, file, small.policy())
        assert beside is not None
        file.truncate(len(PDF))
        joined = beside.judge(result, small.NOON)
    assert ("countersignature", "FAILED", "CHANGED_WHILE_READ") in of(joined)


def test_with_nobody_trusted_nothing_passes(own: Place, paper: Place) -> None:
    for place, data in ((own, small.bundle()), (paper, PDF)):
        result = place.judge(signed(data, place.path.name).to_json(), Policy())
        assert result.verdict is Verdict.INDETERMINATE


def test_no_result_passes_below_the_threshold() -> None:
    """Whatever else said PASSED: the last word is the policy's."""
    (check,) = _threshold(Result(name="a", checks=(passed("container"),)), small.policy())
    assert check.code == "THRESHOLD_NOT_REACHED"


@pytest.mark.parametrize("role", ROLES)
def test_what_is_written_is_what_was_asked(role: str) -> None:
    statement = Countersignature.from_json(signed(role=role).to_json()).statement()
    assert (statement.predicate.role, statement.name) == (role, "paper.pdf")
    assert statement.digest == Digest.of(PDF)
    assert statement.date == small.NOON - timedelta(microseconds=small.NOON.microsecond)


@pytest.mark.parametrize("name", ["", ".", "a/b", "a\0", "a" * 256, "\udcff"])
def test_what_is_no_name_is_not_signed(name: str) -> None:
    with pytest.raises(FormatError):
        signed(name=name)


def test_another_role_is_not_signed() -> None:
    with pytest.raises(ValueError, match="no such role"):
        signed(role="notarised")
