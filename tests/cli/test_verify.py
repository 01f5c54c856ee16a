"""`archiver verify`: verdicts in words and as JSON, and the worst of several as exit code."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import msgspec
import pytest

from archiver.signing.keyring import Keyring
from tests import small
from tests.cli.command import Command


def test_a_bundle_of_a_signer_that_is_trusted_passes(archiver: Command, article: Path, library: Path) -> None:
    ran = archiver("verify", article, "--trust", library)
    assert (ran.code, ran.err) == (0, "")
    head, status, what, page, broken, who, when, clocks, proves = ran.out.splitlines()
    assert head.startswith(f"PASSED  {article}  id sha256:")
    assert status == "        complete, captured by archiver 0.1.0 (http); no setting weakened the connection"
    assert what.startswith("what    7 files, 5 exchanges, ")
    assert what.endswith(": every byte accounted for")
    assert page == f"        http://news.example/a -> {small.PAGE}  HTTP 200"
    assert broken == "        0 missing, 1 broken at origin"
    assert who.startswith("who     library.json  ")
    assert when.endswith("no timestamp proves it")
    assert "1 server's clock agrees" in clocks
    assert proves == "not     that the server's words are true, nor that another visitor saw the same"


def test_the_signers_name_is_the_one_in_the_keyring(archiver: Command, article: Path, library: Path) -> None:
    archiver("identity", "trust", library, "--name", "The one in Kassel")
    ran = archiver("verify", article)
    assert ran.code == 0
    assert "who     The one in Kassel  " in ran.out
    assert "Example Law Library" not in ran.out


def test_a_signer_that_nobody_trusts_is_not_named(archiver: Command, article: Path) -> None:
    ran = archiver("verify", article)
    assert ran.code == 3
    assert ran.out.startswith("INDETERMINATE  ")
    assert "who     not known to you: identity " in ran.out
    assert "says of itself: complete" in ran.out
    assert "why     INDETERMINATE signer UNTRUSTED_SIGNER" in ran.out
    assert "Example Law Library" not in ran.out


def test_a_packed_bundle_is_indeterminate(archiver: Command, packed: Path) -> None:
    ran = archiver("verify", packed)
    assert ran.code == 3
    assert "NO_SIGNATURE" in ran.out


def test_another_tools_bundle_is_indeterminate(archiver: Command, foreign: Path) -> None:
    ran = archiver("verify", foreign)
    assert ran.code == 3
    assert ran.out.startswith(f"INDETERMINATE  {foreign}\n")
    assert "NO_SIGNATURE" in ran.out


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["good"], 0),
        (["good", "good"], 0),
        (["good", "unsigned"], 3),
        (["bad", "unsigned"], 1),
        (["unsigned", "bad", "good"], 1),
        (["missing", "good"], 2),
        (["missing", "unsigned"], 2),
        (["missing", "bad"], 1),
    ],
)
def test_several_end_with_the_worst(
    archiver: Command, tmp_path: Path, library: Path, names: list[str], code: int
) -> None:
    (tmp_path / "good").write_bytes(small.bundle())
    (tmp_path / "unsigned").write_bytes(small.packed())
    (tmp_path / "bad").write_bytes(small.bundle()[:-1])
    ran = archiver("verify", "--trust", library, *names)
    assert ran.code == code
    verdicts = {"good": "PASSED", "unsigned": "INDETERMINATE", "bad": "FAILED"}
    heads = [line.split()[:2] for line in ran.out.splitlines() if line[0].isupper()]
    assert heads == [[verdicts[name], name] for name in names if name in verdicts]
    assert ran.err == ("archiver: missing: no such file or directory\n" if "missing" in names else "")


def test_json_is_one_object_an_input(archiver: Command, article: Path, packed: Path, library: Path) -> None:
    ran = archiver("verify", "--json", "--trust", library, article, "missing", packed)
    good, missing, unsigned = map(json.loads, ran.out.splitlines())
    assert (good["input"], good["verdict"], good["status"]) == (str(article), "PASSED", "complete")
    assert good["id"].startswith("sha256:")
    assert good["signer"]["name"] == "library.json"
    assert good["identity"] == good["signer"]["fingerprint"] == str(small.identity().identity.fingerprint)
    assert good["captures"][0]["final_url"] == small.PAGE
    assert good["proved_time"] is None
    assert {check["verdict"] for check in good["checks"]} == {"PASSED"}
    assert missing == {"input": "missing", "verdict": None, "error": "missing: no such file or directory"}
    assert (unsigned["verdict"], unsigned["id"], unsigned["signer"]) == ("INDETERMINATE", None, None)


def test_explain_tells_the_policy_and_every_check(archiver: Command, article: Path, library: Path) -> None:
    ran = archiver(
        "verify", "--explain", "--trust", library, "--refuse", "PROXY", "--refuse", "gone", article
    )
    assert ran.code == 0
    assert all(line.startswith("policy  ") for line in ran.error_lines)
    assert "one of 1 trusted identities" in ran.err
    assert "none of these settings was used: PROXY" in ran.err
    assert "status is none of: gone" in ran.err
    checks = [line for line in ran.out.splitlines() if line.startswith("check   ")]
    assert [line.split()[2].rstrip(":") for line in checks] == [
        "container", "datapackage", "members", "records", "index", "pages",
        "manifest", "statement", "signature", "signer", "wacz-auth", "time",
    ]  # fmt: skip


def test_explain_says_when_nobody_is_trusted(archiver: Command, article: Path) -> None:
    assert "no identity is trusted, so nothing can pass" in archiver("verify", "--explain", article).err


@pytest.mark.parametrize(
    ("refused", "code"), [("PROXY", 0), ("TLS_UNVERIFIED", 3), ("partial", 3), ("gone", 0)]
)
def test_what_the_verifier_refuses_does_not_pass(
    archiver: Command, tmp_path: Path, library: Path, refused: str, code: int
) -> None:
    stated = small.stated()
    weak = msgspec.structs.replace(stated.settings, insecure=True)
    partial = msgspec.structs.replace(stated, settings=weak, status="partial", reasons=["interrupted"])
    (tmp_path / "a.wacz").write_bytes(small.sealed(small.packed(partial)))
    ran = archiver("verify", "a.wacz", "--trust", library, "--refuse", refused)
    assert ran.code == code
    assert "partial (interrupted)" in ran.out
    assert "settings: TLS_UNVERIFIED" in ran.out
    assert ("_REFUSED" in ran.out) == (code == 3)


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_standard_input_is_verified(
    archiver: Command, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin(monkeypatch, small.bundle())
    ran = archiver("verify", "-", "--trust", library)
    assert ran.code == 0
    assert ran.out.startswith("PASSED  -  id ")
    stdin(monkeypatch, b"")
    assert archiver("verify", "-").code == 1


def test_standard_input_that_never_ends_is_cut_off(
    archiver: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.cli.verify.MAX_STDIN", 3 << 20)
    with Path("/dev/zero").open() as zero:
        monkeypatch.setattr(sys, "stdin", zero)
        ran = archiver("verify", "-")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"archiver: -: more than {3 << 20} bytes\n"


def test_standard_input_that_is_closed_is_a_usage_error(
    archiver: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    ran = archiver("verify", "-")
    assert (ran.code, ran.err) == (2, "archiver: -: standard input is closed\n")


def test_a_bug_is_no_verdict(
    archiver: Command, article: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug\x1b[2J")

    monkeypatch.setattr("archiver.cli.verify.verify", broken)
    ran = archiver("verify", article)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == "archiver: internal error, please report it: ZeroDivisionError: a bug\\x1b[2J\n"
