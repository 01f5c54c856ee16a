"""`archiver identity`: made, listed, moved between keyrings, trusted and no longer."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from archiver.signing.keyring import Keyring
from tests import small
from tests.cli.command import Command

FINGERPRINT = re.compile(r"[0-9a-f]{64}\n")


def test_a_new_identity_is_trusted_and_listed(archiver: Command) -> None:
    made = archiver("identity", "new", "Example Law Library")
    assert made.code == 0
    assert FINGERPRINT.fullmatch(made.out)
    assert "without a passphrase" in made.err
    (line,) = archiver("identity", "list").out.splitlines()
    assert re.fullmatch(r"own  ([0-9a-f]{4} ){6}…  trusted since \d{4}-\d\d-\d\d  Example Law Library", line)
    (told,) = archiver("identity", "list", "--json").out.splitlines()
    assert json.loads(told) == {
        "name": "Example Law Library",
        "fingerprint": f"sha256:{made.out.strip()}",
        "own": True,
        "trusted_since": json.loads(told)["trusted_since"],
    }


def test_an_identity_is_shown_by_name_and_by_fingerprint(archiver: Command) -> None:
    fingerprint = archiver("identity", "new", "Library").out.strip()
    by_name = archiver("identity", "show", "Library")
    assert by_name.code == 0
    lines = by_name.out.splitlines()
    assert lines[0] == "name         Library"
    assert lines[1] == f"fingerprint  {fingerprint}"
    assert lines[2].startswith("trusted      as Library since ")
    assert [line.split()[1:3] for line in lines[3:]] == [
        ["seal", "ed25519"],
        ["seal", "ml-dsa-65"],
        ["wacz-auth", "ecdsa-p384"],
    ]
    for name in (fingerprint, fingerprint[:8], f"sha256:{fingerprint}"):
        assert archiver("identity", "show", name).out == by_name.out


def test_whoever_trusts_an_exported_identity_can_check_its_bundles(archiver: Command, packed: Path) -> None:
    theirs, ours = ["--keyring", "theirs"], ["--keyring", "ours"]
    fingerprint = archiver("identity", "new", "Library", *theirs).out
    assert archiver("seal", packed, *theirs).code == 0
    assert archiver("verify", packed, *ours).code == 3
    exported = archiver("identity", "export", "Library", "-o", "library.json", *theirs)
    assert (exported.code, exported.out, exported.err) == (0, "", "")
    assert archiver("identity", "export", "Library", *theirs).out.strip() == Path("library.json").read_text()
    trusted = archiver("identity", "trust", "library.json", *ours)
    assert (trusted.code, trusted.out) == (0, fingerprint)
    assert "check the fingerprint with its owner" in trusted.err
    assert archiver("verify", packed, *ours).code == 0
    assert archiver("identity", "list", *ours).out.startswith("     ")


@pytest.mark.parametrize("how", ["Library", "name", "fingerprint", "file"])
def test_trust_is_taken_back(archiver: Command, article: Path, library: Path, how: str) -> None:
    fingerprint = small.identity().identity.fingerprint.hex
    archiver("identity", "trust", library, "--name", "Library")
    assert archiver("verify", article).code == 0
    wanted = {"name": "Library", "fingerprint": fingerprint[:16], "file": str(library)}.get(how, how)
    removed = archiver("identity", "trust", wanted, "--remove")
    assert (removed.code, removed.out) == (0, f"{fingerprint}\n")
    assert archiver("verify", article).code == 3
    assert archiver("identity", "list").out == ""
    again = archiver("identity", "trust", library, "--remove")
    assert (again.code, len(again.error_lines)) == (2, 1)


def test_ones_own_identity_can_be_distrusted_and_still_seals(
    archiver: Command, keyring: Keyring, packed: Path
) -> None:
    assert archiver("identity", "trust", "Tester", "--remove").code == 0
    assert "not trusted" in archiver("identity", "list").out
    assert "trusted      no" in archiver("identity", "show", "Tester").out
    assert archiver("seal", packed).code == 0
    assert archiver("verify", packed).code == 3


def test_an_identity_moves_with_its_keys(archiver: Command, packed: Path) -> None:
    old, new = ["--keyring", "old"], ["--keyring", "new"]
    fingerprint = archiver("identity", "new", "Library", *old).out
    assert archiver("identity", "export", "Library", "--private", "-o", "moving.json", *old).code == 0
    assert stat.S_IMODE(Path("moving.json").stat().st_mode) == 0o600
    moved = archiver("identity", "import", "moving.json", *new)
    assert (moved.code, moved.out) == (0, fingerprint)
    assert archiver("seal", packed, *new).code == 0
    assert archiver("verify", packed, *new).code == 0
    assert archiver("verify", packed, *old).code == 0
    twice = archiver("identity", "import", "moving.json", *new)
    assert (twice.code, "has this identity already" in twice.err) == (2, True)


def test_keys_under_a_passphrase_stay_under_it(archiver: Command, packed: Path) -> None:
    Path("secret").write_text("right\n")
    Path("other").write_text("wrong\n")
    right, wrong = ["--passphrase-file", "secret"], ["--passphrase-file", "other"]
    old, new = ["--keyring", "old"], ["--keyring", "new"]
    made = archiver("identity", "new", "Library", *old, *right)
    assert (made.code, made.err) == (0, "")
    archiver("identity", "export", "Library", "--private", "-o", "moving.json", *old)
    assert b"ENCRYPTED PRIVATE KEY" in Path("moving.json").read_bytes()
    assert archiver("identity", "import", "moving.json", *new, *wrong).code == 2
    assert archiver("identity", "import", "moving.json", *new).code == 2
    assert archiver("identity", "list", *new).out == ""
    assert archiver("identity", "import", "moving.json", *new, *right).code == 0
    assert archiver("seal", packed, *new, *right).code == 0


def test_a_public_identity_is_not_imported(archiver: Command, library: Path) -> None:
    ran = archiver("identity", "import", library)
    assert ran.code == 2
    assert ran.err.startswith(f"archiver: {library}: holds no private keys")


def test_an_export_replaces_nothing_unless_forced(archiver: Command, keyring: Keyring) -> None:
    Path("mine").write_bytes(b"mine")
    ran = archiver("identity", "export", "Tester", "-o", "mine")
    assert (ran.code, ran.err) == (2, "archiver: mine: it exists already; --force replaces it\n")
    assert Path("mine").read_bytes() == b"mine"
    assert archiver("identity", "export", "Tester", "-o", "mine", "--force").code == 0
    assert archiver("identity", "trust", "mine").code == 0
