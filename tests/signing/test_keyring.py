from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from archiver.digest import Digest
from archiver.errors import KeyFileError, OutputError
from archiver.signing.dsse import PAYLOAD_TYPE, verify_envelope
from archiver.signing.identity import Identity, LocalIdentity
from archiver.signing.keyring import Keyring

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "config/keyring")


def only(keyring: Keyring) -> Path:
    (found,) = (keyring.folder / "identities").iterdir()
    return found


def signs(local: LocalIdentity, identity: Identity) -> bool:
    verify_envelope(local.sign_payload(PAYLOAD_TYPE, b"x"), identity)
    return local.identity == identity


def never() -> str:
    raise AssertionError("asked for a passphrase that nothing needs")


def test_a_keyring_that_does_not_exist_is_empty(keyring: Keyring) -> None:
    assert keyring.own() == ()
    assert keyring.trusted() == ()
    assert not keyring.folder.exists()


def test_a_new_identity_is_found_again_and_signs(keyring: Keyring) -> None:
    made = keyring.new("library")
    again = Keyring(keyring.folder)
    assert again.own() == (made.identity,)
    for wanted in [
        "library",
        str(made.identity.fingerprint),
        made.identity.fingerprint.hex,
        made.identity.fingerprint.hex[:8],
    ]:
        assert signs(again.identity(wanted, never), made.identity)


def test_a_new_identity_is_not_trusted_by_itself(keyring: Keyring) -> None:
    keyring.new("library")
    assert keyring.trusted() == ()


def test_files_are_ours_alone_whatever_the_umask(keyring: Keyring) -> None:
    before = os.umask(0)
    try:
        keyring.trust(keyring.new("library").identity, NOON)
    finally:
        os.umask(before)
    for path in [keyring.folder, *keyring.folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    assert len([path for path in keyring.folder.rglob("*") if path.is_file()]) == 5


def test_a_passphrase_is_asked_for_once_and_needed(keyring: Keyring) -> None:
    asked = []

    def ask() -> str:
        asked.append(1)
        return "correct horse"

    made = keyring.new("library", "correct horse")
    assert signs(keyring.identity("library", ask), made.identity)
    assert asked == [1]
    with pytest.raises(KeyFileError, match=r"1-ed25519\.pem: needs a passphrase"):
        keyring.identity("library")
    with pytest.raises(KeyFileError, match=r"1-ed25519\.pem: wrong passphrase"):
        keyring.identity("library", lambda: "battery")
    assert b"ENCRYPTED" in (only(keyring) / "2-ml-dsa-65.pem").read_bytes()


@pytest.mark.parametrize("wanted", ["other", "", "Library", "0" * 8, "sha256:", "../library"])
def test_an_unknown_identity_is_said_to_be_unknown(keyring: Keyring, wanted: str) -> None:
    keyring.new("library")
    with pytest.raises(KeyFileError, match="no identity answers to"):
        keyring.identity(wanted)


def test_a_name_that_is_anothers_fingerprint_is_ambiguous(keyring: Keyring) -> None:
    made = keyring.new("library")
    keyring.new(made.identity.fingerprint.hex[:12])
    with pytest.raises(KeyFileError, match="2 identities answer"):
        keyring.identity(made.identity.fingerprint.hex[:12])


def test_a_name_is_used_once(keyring: Keyring) -> None:
    keyring.new("library")
    with pytest.raises(KeyFileError, match="already"):
        keyring.new("library")


def test_a_bad_name_is_refused_before_anything_is_written(keyring: Keyring) -> None:
    with pytest.raises(KeyFileError, match="name"):
        keyring.new("a\nb")
    assert not keyring.folder.exists()


@pytest.mark.parametrize(
    ("mode", "text"),
    [(0o640, "read"), (0o604, "read"), (0o620, "write"), (0o601, "write"), (0o666, "read")],
    ids=str,
)
def test_a_key_that_others_can_reach_is_refused(keyring: Keyring, mode: int, text: str) -> None:
    keyring.new("library")
    path = only(keyring) / "2-ml-dsa-65.pem"
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=f"others can {text} it; chmod go= it") as raised:
        keyring.identity("library")
    assert raised.value.path == path


def test_a_trusted_file_that_others_can_write_is_refused(keyring: Keyring, library: LocalIdentity) -> None:
    keyring.trust(library.identity, NOON)
    (path,) = (keyring.folder / "trusted").iterdir()
    path.chmod(0o644)
    assert len(keyring.trusted()) == 1
    path.chmod(0o664)
    with pytest.raises(KeyFileError, match="others can write it; chmod go-w it"):
        keyring.trusted()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_refused(keyring: Keyring) -> None:
    keyring.new("library")
    os.chown(only(keyring) / "1-ed25519.pem", 12345, -1)
    with pytest.raises(KeyFileError, match="another user"):
        keyring.identity("library")


def test_a_link_a_pipe_and_a_folder_are_no_key_files(keyring: Keyring, tmp_path: Path) -> None:
    keyring.new("library")
    path = only(keyring) / "1-ed25519.pem"
    moved = path.rename(tmp_path / "elsewhere.pem")
    with pytest.raises(KeyFileError, match="cannot be opened: No such file"):
        keyring.identity("library")
    path.symlink_to(moved)
    with pytest.raises(KeyFileError, match="cannot be opened"):
        keyring.identity("library")
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyFileError, match="not a regular file"):
        keyring.identity("library")
    path.unlink()
    path.mkdir(0o700)
    with pytest.raises(KeyFileError, match="not a regular file"):
        keyring.identity("library")


@pytest.mark.parametrize("name", ["identity.json", "1-ed25519.pem", "3-ecdsa-p384.pem"])
@pytest.mark.parametrize("data", [b"", b"garbage", b"\0" * 100_000], ids=["empty", "garbage", "large"])
def test_a_damaged_file_is_named(keyring: Keyring, name: str, data: bytes) -> None:
    keyring.new("library")
    path = only(keyring) / name
    path.write_bytes(data)
    with pytest.raises(KeyFileError) as raised:
        keyring.identity("library")
    assert raised.value.path == path
    assert str(raised.value).count(str(path)) == 1


def test_keys_of_another_identity_in_the_folder_are_refused(keyring: Keyring, tmp_path: Path) -> None:
    keyring.new("library")
    other = Keyring(tmp_path / "other")
    other.new("other")
    (only(keyring) / "1-ed25519.pem").write_bytes((only(other) / "1-ed25519.pem").read_bytes())
    with pytest.raises(KeyFileError, match="not those of the identity"):
        keyring.identity("library")


def test_an_identity_swapped_under_a_fingerprint_is_refused(
    keyring: Keyring, attacker: LocalIdentity
) -> None:
    keyring.new("library")
    (only(keyring) / "identity.json").write_bytes(attacker.identity.to_bytes())
    with pytest.raises(KeyFileError, match="not the identity that its folder is named after"):
        keyring.own()


def test_unfinished_work_of_a_killed_process_is_passed_over(keyring: Keyring) -> None:
    keyring.trust(keyring.new("library").identity, NOON)
    (keyring.folder / "identities/.new-abc").mkdir()
    (keyring.folder / "trusted/x.json.abc.part").write_bytes(b"half")
    assert len(keyring.own()) == 1
    assert len(keyring.trusted()) == 1


def test_trust_has_a_date_and_the_keyrings_own_name(keyring: Keyring, library: LocalIdentity) -> None:
    evening = datetime(2026, 11, 23, 20, tzinfo=timezone(timedelta(hours=-8)))
    keyring.trust(library.identity, evening, "The library in Bern")
    (trusted,) = keyring.trusted()
    assert (trusted.identity, trusted.name, trusted.since) == (
        library.identity,
        "The library in Bern",
        "2026-11-24",
    )


def test_trust_without_a_name_takes_the_identitys(keyring: Keyring, library: LocalIdentity) -> None:
    assert keyring.trust(library.identity, NOON).name == library.identity.name


def test_trusting_again_renames_and_keeps_the_date(keyring: Keyring, library: LocalIdentity) -> None:
    keyring.trust(library.identity, NOON)
    keyring.trust(library.identity, NOON + timedelta(days=9), "Bern")
    (trusted,) = keyring.trusted()
    assert (trusted.name, trusted.since) == ("Bern", "2026-11-23")


@pytest.mark.parametrize("name", ["", "\x1b[31m", "x\n"])
def test_a_bad_local_name_is_refused(keyring: Keyring, library: LocalIdentity, name: str) -> None:
    with pytest.raises(KeyFileError, match="name"):
        keyring.trust(library.identity, NOON, name)


def test_trust_can_be_taken_back(keyring: Keyring, library: LocalIdentity) -> None:
    keyring.trust(library.identity, NOON)
    keyring.untrust(library.identity.fingerprint)
    assert keyring.trusted() == ()
    with pytest.raises(KeyFileError, match="not trusted"):
        keyring.untrust(library.identity.fingerprint)


def test_a_damaged_trusted_file_is_named(
    keyring: Keyring, library: LocalIdentity, attacker: LocalIdentity
) -> None:
    keyring.trust(library.identity, NOON)
    (path,) = (keyring.folder / "trusted").iterdir()
    good = path.read_bytes()
    other = Keyring(keyring.folder.parent / "other")
    other.trust(attacker.identity, NOON)
    swapped = next((other.folder / "trusted").iterdir()).read_bytes()
    bad = [
        b"",
        b"{}",
        good + b"\n",
        swapped,
        good.replace(b"2026-11-23", b"2026-11-32"),
        good.replace(b"2026-11-23", b"20261123"),
    ]
    for data in bad:
        path.write_bytes(data)
        with pytest.raises(KeyFileError) as raised:
            keyring.trusted()
        assert raised.value.path == path


def test_a_public_export_is_the_identity_file(keyring: Keyring, library: LocalIdentity) -> None:
    made = keyring.new("library")
    keyring.trust(library.identity, NOON, "Bern")
    assert keyring.export("library") == made.identity.to_bytes()
    assert keyring.export("Bern") == library.identity.to_bytes()
    with pytest.raises(KeyFileError, match="no identity answers"):
        keyring.export_private("Bern")


def test_one_both_own_and_trusted_is_one(keyring: Keyring) -> None:
    made = keyring.new("library")
    keyring.trust(made.identity, NOON, "us")
    assert keyring.export("library") == keyring.export("us") == made.identity.to_bytes()


@pytest.mark.parametrize("passphrase", [None, "correct horse"])
def test_a_private_export_moves_an_identity(keyring: Keyring, tmp_path: Path, passphrase: str | None) -> None:
    made = keyring.new("library", passphrase)
    elsewhere = Keyring(tmp_path / "elsewhere")
    ask = None if passphrase is None else lambda: passphrase
    assert elsewhere.import_private(keyring.export_private("library"), ask) == made.identity
    assert signs(elsewhere.identity("library", ask), made.identity)
    assert elsewhere.export_private("library") == keyring.export_private("library")
    with pytest.raises(KeyFileError, match="already"):
        elsewhere.import_private(keyring.export_private("library"), ask)


def test_an_import_under_a_wrong_passphrase_leaves_nothing(keyring: Keyring, tmp_path: Path) -> None:
    keyring.new("library", "correct horse")
    elsewhere = Keyring(tmp_path / "elsewhere")
    with pytest.raises(KeyFileError, match="wrong passphrase"):
        elsewhere.import_private(keyring.export_private("library"), lambda: "battery")
    assert not elsewhere.folder.exists()


def test_a_bad_import_is_refused(keyring: Keyring, tmp_path: Path, attacker: LocalIdentity) -> None:
    keyring.new("library")
    good = keyring.export_private("library")
    other = Keyring(tmp_path / "other")
    other.new("other")
    marker = b'"private":'
    mixed = good[: good.index(marker)] + other.export_private("other").split(marker)[1].join([marker, b""])
    bad = [
        b"",
        b"{}",
        good + b"\n",
        good.replace(marker, b'"privatf":'),
        attacker.identity.to_bytes(),
        mixed,
        b"[" * 10**6,
    ]
    for data in bad:
        with pytest.raises(KeyFileError):
            Keyring(tmp_path / "elsewhere").import_private(data)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_keyring_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written"):
        Keyring(tmp_path / "keyring").new("library")


def test_a_keyring_under_a_file_is_said_so(tmp_path: Path, library: LocalIdentity) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        Keyring(tmp_path / "file/keyring").trust(library.identity, NOON)


def test_processes_at_once_do_not_break_it(keyring: Keyring) -> None:
    code = (
        "import sys, datetime, pathlib\n"
        "from archiver.signing.keyring import Keyring\n"
        "ring = Keyring(pathlib.Path(sys.argv[1]))\n"
        "for n in range(8):\n"
        "    made = ring.new(f'{sys.argv[2]} {n}')\n"
        "    for each in ring.own():\n"
        "        ring.trust(each, datetime.datetime.now(datetime.UTC))\n"
        "    ring.trusted()\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, keyring.folder, name]) for name in "abc"]
    assert [process.wait(timeout=50) for process in running] == [0, 0, 0]
    assert len(keyring.own()) == len(keyring.trusted()) == 24
    assert not [
        path for path in keyring.folder.rglob("*") if path.name.startswith(".") or path.suffix == ".part"
    ]
    assert {Digest(path.name) for path in (keyring.folder / "identities").iterdir()} == {
        identity.fingerprint for identity in keyring.own()
    }
