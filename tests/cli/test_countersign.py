"""`archiver seal FILE` beside the file, `archiver verify FILE` that finds it, and `--policy`."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from archiver.bundle.countersign import Countersignature
from archiver.digest import Digest
from archiver.signing.keyring import Keyring
from archiver.verify.policy import SPEC
from tests import small
from tests.cli.command import Command
from tests.cli.site import contents
from tests.rogue import members_of

PDF = b"%PDF-1.7\nnot really one\n%%EOF\n"


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.pdf"
    path.write_bytes(PDF)
    return path


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    """A sound WARC that nobody has signed."""
    path = tmp_path / "page.warc.gz"
    path.write_bytes(members_of(small.bundle())["archive/data.warc.gz"])
    return path


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """Trusts whoever sealed `article`, and nobody else."""
    return written(tmp_path, {"identities": [{"fingerprint": library_fingerprint(), "name": "Kassel"}]})


def library_fingerprint() -> str:
    return str(small.identity().identity.fingerprint)


def written(folder: Path, value: dict[str, object]) -> Path:
    path = folder / "policy.json"
    path.write_text(json.dumps({"spec": SPEC, **value}, indent=2))
    return path


def test_a_file_of_any_kind_is_countersigned_and_found(
    archiver: Command, keyring: Keyring, paper: Path
) -> None:
    ran = archiver("seal", "paper.pdf")
    assert (ran.code, ran.out) == (0, "paper.pdf.intoto.json\n")
    assert ran.err == "paper.pdf: no archive, so nothing but its bytes is vouched for\n"
    assert paper.read_bytes() == PDF
    verified = archiver("verify", "paper.pdf")
    assert verified.code == 0
    head, who, when, proves = verified.out.splitlines()
    assert head == "PASSED  paper.pdf"
    assert who.startswith("who     received by Tester  ")
    assert when.startswith("when    ")
    assert proves == "not     anything but who vouches for these bytes: nothing in the file was read"
    paper.write_bytes(PDF + b"!")
    assert archiver("verify", "paper.pdf").code == 1


def test_a_warc_that_nobody_signed_passes_then(archiver: Command, keyring: Keyring, warc: Path) -> None:
    assert archiver("verify", warc).code == 3
    ran = archiver("seal", warc, "--role", "captured")
    assert (ran.code, ran.out, ran.err) == (0, f"{warc}.intoto.json\n", "")
    verified = archiver("verify", warc)
    assert verified.code == 0, verified.out
    assert "who     captured by Tester  " in verified.out
    told = json.loads(archiver("verify", "--json", warc).out)
    assert (told["verdict"], told["kind"]) == ("PASSED", "warc")
    assert told["signer"]["name"] == "Tester"
    assert told["countersignature"]["role"] == "captured"
    assert told["countersignature"]["signer"] == told["signer"]
    assert told["countersignature"]["identity"] == told["identity"]


def test_what_received_does_not_prove_is_said(archiver: Command, keyring: Keyring, warc: Path) -> None:
    archiver("seal", warc)
    assert "nor who captured it" in archiver("verify", warc).out


def test_another_tools_bundle_passes_then(archiver: Command, keyring: Keyring, foreign: Path) -> None:
    assert archiver("verify", foreign).code == 3
    ran = archiver("seal", foreign)
    assert (ran.code, ran.out, ran.err) == (0, f"{foreign}.intoto.json\n", "")
    verified = archiver("verify", foreign)
    assert verified.code == 0, verified.out
    assert "who     received by Tester  " in verified.out


def test_a_broken_one_is_countersigned_and_stays_broken(
    archiver: Command, keyring: Keyring, foreign: Path
) -> None:
    """The signer holds these bytes all the same, and is told what they are."""
    data = foreign.read_bytes()
    at = data.index(b"archive/") + 200
    foreign.write_bytes(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])
    assert archiver("verify", foreign).code == 1
    ran = archiver("seal", foreign)
    assert (ran.code, ran.out) == (0, f"{foreign}.intoto.json\n")
    assert ran.err.startswith(f"{foreign}: signed, but by itself it is FAILED ")
    after = archiver("verify", foreign)
    assert after.code == 1
    assert "received by Tester" in after.out


def test_the_bytes_on_disk_are_those_of_the_format(archiver: Command, keyring: Keyring, paper: Path) -> None:
    archiver("seal", paper)
    data = Path(f"{paper}.intoto.json").read_bytes()
    signed = Countersignature.from_json(data)
    assert signed.to_json() == data
    statement = signed.statement()
    (own,) = keyring.own()
    assert json.loads(signed.envelope.payload) == {
        "_type": "https://in-toto.io/Statement/v1",
        "predicate": {
            "date": statement.predicate.date,
            "identity": str(own.fingerprint),
            "role": "received",
        },
        "predicateType": "urn:uuid:c5450e06-fa35-4295-8315-053544d24f8b#countersign/v1",
        "subject": [{"digest": {"sha256": Digest.of(PDF).hex}, "name": "paper.pdf"}],
    }
    assert set(json.loads(data)) == {"envelope", "evidence", "identity", "mediaType"}


def test_nothing_is_replaced_unless_forced(archiver: Command, keyring: Keyring, paper: Path) -> None:
    beside = Path(f"{paper}.intoto.json")
    beside.write_bytes(b"mine")
    ran = archiver("seal", paper)
    assert (ran.code, ran.err) == (2, f"archiver: {beside}: it exists already; --force replaces it\n")
    assert beside.read_bytes() == b"mine"
    assert archiver("seal", paper, "--force").code == 0
    assert archiver("verify", paper).code == 0


def test_it_is_written_where_one_asks_and_the_place_to_find_it_said(
    archiver: Command, keyring: Keyring, paper: Path
) -> None:
    ran = archiver("seal", "paper.pdf", "-o", "other.json")
    assert (ran.code, ran.out) == (0, "other.json\n")
    assert "looks for it beside the file, as paper.pdf.intoto.json" in ran.err
    Path("other.json").rename("paper.pdf.intoto.json")
    assert archiver("verify", "paper.pdf").code == 0
    for more in ([], ["--force"]):
        ran = archiver("seal", "paper.pdf", "-o", "paper.pdf", *more)
        assert ran.code == 2
        assert paper.read_bytes() == PDF


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_regular_file_is_not_signed(
    archiver: Command, keyring: Keyring, tmp_path: Path, make: object
) -> None:
    make(tmp_path / "thing")  # type: ignore[operator]
    ran = archiver("seal", "thing")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "archiver: thing: is not a regular file\n"


def test_an_empty_file_and_a_countersignature_are_not_signed(
    archiver: Command, keyring: Keyring, paper: Path
) -> None:
    Path("empty.pdf").write_bytes(b"")
    ran = archiver("seal", "empty.pdf")
    assert (ran.code, ran.err) == (1, "archiver: empty.pdf: the file is empty\n")
    archiver("seal", "paper.pdf")
    ran = archiver("seal", "paper.pdf.intoto.json")
    assert ran.code == 2
    assert ran.err == "archiver: paper.pdf.intoto.json: is a countersignature itself\n"
    assert set(contents(paper.parent)) == {"empty.pdf", "paper.pdf", "paper.pdf.intoto.json"}


def test_what_is_called_a_bundle_and_is_none_is_not_countersigned(
    archiver: Command, keyring: Keyring, paper: Path
) -> None:
    """It was meant to be sealed."""
    paper.rename("paper.WACZ")
    ran = archiver("seal", "paper.WACZ")
    assert (ran.code, ran.out) == (1, "")
    assert "not a ZIP file" in ran.err


@pytest.mark.parametrize("cut", [1, 30, 2_000])
def test_a_bundle_of_ours_that_does_not_hold_is_not_countersigned(
    archiver: Command, keyring: Keyring, article: Path, cut: int
) -> None:
    article.write_bytes(small.bundle()[:-cut])
    ran = archiver("seal", article)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"archiver: {article}: ")
    assert set(contents(article.parent)) == {article.name}


def test_a_role_is_not_for_what_is_sealed(archiver: Command, keyring: Keyring, packed: Path) -> None:
    ran = archiver("seal", packed, "--role", "captured")
    assert ran.code == 2
    assert packed.read_bytes() == small.packed()
    assert archiver("seal", packed, "--role", "notarised").code == 2


def test_it_needs_an_identity_and_makes_none(archiver: Command, paper: Path, own_settings: Path) -> None:
    ran = archiver("seal", paper)
    assert ran.code == 2
    assert "`archiver identity new NAME` makes one" in ran.err
    assert set(contents(paper.parent)) == {"paper.pdf"}


def test_a_name_that_is_no_text_is_not_signed(archiver: Command, keyring: Keyring) -> None:
    path = Path(os.fsdecode(b"na\xefve.pdf"))
    path.write_bytes(PDF)
    ran = archiver("seal", path)
    assert (ran.code, ran.out) == (1, "")
    assert "lone surrogate" in ran.err


def test_others_may_read_it_as_the_user_wants(archiver: Command, keyring: Keyring, paper: Path) -> None:
    mask = os.umask(0o027)
    try:
        archiver("seal", paper)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(Path(f"{paper}.intoto.json").stat().st_mode) == 0o640


def test_a_countersignature_given_for_its_file_is_told_so(
    archiver: Command, keyring: Keyring, paper: Path
) -> None:
    archiver("seal", "paper.pdf")
    ran = archiver("verify", "paper.pdf.intoto.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "archiver: paper.pdf.intoto.json: is a countersignature: give what it lies beside, paper.pdf\n"
    )


def test_a_bad_one_fails_a_sound_bundle_and_says_which_file(
    archiver: Command, article: Path, library: Path
) -> None:
    Path(f"{article}.intoto.json").write_bytes(b"{}")
    ran = archiver("verify", article, "--trust", library)
    assert ran.code == 1
    assert "why     FAILED countersignature FORMAT_FAILURE: article.wacz.intoto.json: mediaType" in ran.out


def test_one_on_standard_input_has_nothing_beside_it(
    archiver: Command, article: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("-.intoto.json").write_bytes(b"{}")
    with article.open("rb") as source:
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": source}))
        assert archiver("verify", "-", "--trust", library).code == 0


def test_a_policy_file_says_whom_to_trust(archiver: Command, article: Path, policy: Path) -> None:
    ran = archiver("verify", "--policy", policy, article)
    assert (ran.code, ran.err) == (0, "")
    assert "who     Kassel  " in ran.out


def test_the_keyring_is_not_asked_then(
    archiver: Command, keyring: Keyring, article: Path, policy: Path, own_settings: Path
) -> None:
    """Neither for whom it trusts, nor whether it can be read."""
    keyring.trust(small.identity().identity, small.NOON)
    written(policy.parent, {})
    assert archiver("verify", article).code == 0
    ran = archiver("verify", "--policy", policy, article)
    assert ran.code == 3
    assert "UNTRUSTED_SIGNER" in ran.out
    for path in (keyring.folder / "trusted").iterdir():
        path.write_bytes(b"damaged")
    assert archiver("verify", article).code == 2
    assert archiver("verify", "--policy", policy, article).code == 3


def test_trust_and_refuse_add_to_a_policy_file(archiver: Command, article: Path, library: Path) -> None:
    policy = written(article.parent, {"refuse": {"statuses": ["gone"]}})
    assert archiver("verify", "--policy", policy, "--trust", library, article).code == 0
    ran = archiver("verify", "--policy", policy, "--trust", library, "--refuse", "complete", article)
    assert ran.code == 3
    assert "STATUS_REFUSED" in ran.out


def test_a_policy_can_require_two(archiver: Command, keyring: Keyring, article: Path, policy: Path) -> None:
    (own,) = keyring.own()
    names = {library_fingerprint(): "Kassel", str(own.fingerprint): "Tester"}
    entries = [{"fingerprint": fingerprint, "name": name} for fingerprint, name in names.items()]
    written(policy.parent, {"identities": entries, "required": 2})
    ran = archiver("verify", "--policy", policy, "--explain", article)
    assert ran.code == 3
    assert "check   INDETERMINATE policy THRESHOLD_NOT_REACHED" in ran.out
    assert "2 of them have signed it" in ran.err


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"{}", "spec: None is not archiver-policy/v1-draft"),
        (b'{"spec": "archiver-policy/v9"}', "spec: 'archiver-policy/v9' is not archiver-policy/v1-draft"),
        (b'{"spec": "archiver-policy/v1-draft", "required": 0}', "required: 0 is not between 1 and 10000"),
        (b'{"spec": "archiver-policy/v1-draft", "\x1b[2J": 0}', ""),
        (b" " * ((16 << 20) + 1), "the limit is 16777216"),
    ],
)
def test_a_policy_that_is_none_is_a_usage_error(
    archiver: Command, article: Path, data: bytes, said: str
) -> None:
    Path("policy.json").write_bytes(data)
    ran = archiver("verify", "--policy", "policy.json", article)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("archiver: policy.json: not a policy of the form archiver-policy/v1-draft: ")
    assert said in ran.err
    assert "\x1b" not in ran.err


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "no such file or directory"),
        (os.mkfifo, "is not a regular file"),
        (os.mkdir, "is not a regular file"),
    ],
)
def test_a_policy_file_that_cannot_be_read_is_a_usage_error(
    archiver: Command, article: Path, make: object, said: str
) -> None:
    make(Path("policy.json"))  # type: ignore[operator]
    ran = archiver("verify", "--policy", "policy.json", article)
    assert (ran.code, ran.out, ran.err) == (2, "", f"archiver: policy.json: {said}\n")


def test_a_policy_and_a_keyring_cannot_both_be_named(archiver: Command, article: Path, policy: Path) -> None:
    ran = archiver("verify", "--policy", policy, "--keyring", "ring", article)
    assert ran.code == 2
    assert "cannot be given with --keyring" in ran.err
