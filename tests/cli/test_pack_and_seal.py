"""`archiver pack` and `archiver seal`: the last steps by hand."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from archiver.bundle.container import read_container
from archiver.signing.keyring import Keyring
from archiver.warc.window import Window
from tests import small
from tests.cli.command import Command
from tests.cli.site import contents
from tests.fetch.rawserver import RawServer
from tests.memory import memory_file
from tests.rogue import members_of

WARC = "archive/data.warc.gz"


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    """A WARC of ours."""
    path = tmp_path / "data.warc.gz"
    path.write_bytes(members_of(small.bundle())[WARC])
    return path


def test_a_warc_out_of_a_bundle_is_packed_and_sealed_again(
    archiver: Command, keyring: Keyring, site: RawServer
) -> None:
    archiver("save", site.url(), "--allow-private", "-o", "saved.wacz")
    saved = members_of(Path("saved.wacz").read_bytes())
    Path("data.warc.gz").write_bytes(saved[WARC])
    packed = archiver("pack", "data.warc.gz", "-o", "again.wacz")
    assert (packed.code, packed.out, packed.err) == (0, "again.wacz\n", "")
    sealed = archiver("seal", "again.wacz")
    assert (sealed.code, sealed.out, sealed.err) == (0, "again.wacz\n", "")
    assert archiver("verify", "saved.wacz", "again.wacz").code == 0
    again = members_of(Path("again.wacz").read_bytes())
    same = {name for name in saved if saved[name] == again[name]}
    assert same >= {WARC, "indexes/index.cdx", "pages/pages.jsonl", "provenance/manifest.json"}


def test_a_sealed_copy_leaves_the_packed_one_as_it_is(
    archiver: Command, keyring: Keyring, packed: Path
) -> None:
    ran = archiver("seal", packed, "-o", "sealed.wacz")
    assert (ran.code, ran.out) == (0, "sealed.wacz\n")
    assert packed.read_bytes() == small.packed()
    assert archiver("verify", "sealed.wacz").code == 0


def test_sealing_in_place_keeps_who_may_read(archiver: Command, keyring: Keyring, packed: Path) -> None:
    packed.chmod(0o600)
    Path("link.wacz").symlink_to("packed.wacz")
    assert archiver("seal", "link.wacz").code == 0
    assert stat.S_IMODE(packed.stat().st_mode) == 0o600
    assert Path("link.wacz").is_symlink()
    assert archiver("verify", packed).code == 0


def test_seal_needs_an_identity_and_makes_none(archiver: Command, packed: Path, own_settings: Path) -> None:
    ran = archiver("seal", packed)
    assert ran.code == 2
    assert "`archiver identity new NAME` makes one" in ran.err
    assert list(own_settings.rglob("*.pem")) == []


def test_a_sealed_bundle_is_not_sealed_again(archiver: Command, keyring: Keyring, article: Path) -> None:
    for more in ([], ["-o", "again.wacz"]):
        ran = archiver("seal", article, *more)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == f"archiver: {article}: the bundle is sealed already\n"
    assert contents(article.parent) == {"article.wacz": small.bundle()}


@pytest.mark.parametrize("name", [WARC, "indexes/index.cdx", "pages/pages.jsonl", "datapackage.json"])
def test_a_bundle_that_does_not_hold_is_not_sealed(
    archiver: Command, keyring: Keyring, packed: Path, name: str
) -> None:
    data = bytearray(small.packed())
    with memory_file(bytes(data)) as file:
        member = next(one for one in read_container(Window(file)) if one.name == name)
    data[member.offset + member.size // 2] ^= 1
    packed.write_bytes(data)
    for more in ([], ["-o", "sealed.wacz"]):
        ran = archiver("seal", packed, *more)
        assert (ran.code, ran.out) == (1, "")
        (line,) = ran.error_lines
        assert line.startswith(f"archiver: {packed}: ")
        assert contents(packed.parent) == {"packed.wacz": bytes(data)}


def test_only_a_warc_of_ours_is_packed(archiver: Command, warc: Path) -> None:
    whole = warc.read_bytes()
    for data, said in (
        (whole[:-30], "data.warc.gz"),
        (whole[: len(whole) // 2], "data.warc.gz"),
        (b"", "was not captured by archiver"),
        (b"WARC/1.0\r\n", "data.warc.gz"),
    ):
        warc.write_bytes(data)
        ran = archiver("pack", warc, "-o", "a.wacz")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith(f"archiver: {warc}: ")
        assert said in ran.err
        assert contents(warc.parent) == {"data.warc.gz": data}


def test_pack_and_seal_replace_nothing_unless_forced(archiver: Command, keyring: Keyring, warc: Path) -> None:
    for use in (["pack", str(warc)], ["seal", "packed.wacz"]):
        Path("packed.wacz").write_bytes(small.packed())
        Path("mine.wacz").write_bytes(b"mine")
        ran = archiver(*use, "-o", "mine.wacz")
        assert (ran.code, ran.err) == (2, "archiver: mine.wacz: it exists already; --force replaces it\n")
        assert Path("mine.wacz").read_bytes() == b"mine"
        assert archiver(*use, "-o", "mine.wacz", "--force").code == 0
        assert Path("mine.wacz").read_bytes() != b"mine"
