"""`archiver pack` and `archiver seal`: the last steps by hand."""

from __future__ import annotations

import stat
from collections.abc import Callable
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
from tests.warc import theirs

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
    assert (packed.code, packed.out) == (0, "again.wacz\n")
    assert "packed as a capture by archiver, which it says it is; --from WHO imports it" in packed.err
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


THEIRS = theirs.gzipped(theirs.browsertrix())
WRONG = theirs.record("resource", b"x", fields={"WARC-Block-Digest": "sha1:" + "A" * 32})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda whole: whole[:-30], "record at offset"),
        (lambda whole: whole[: len(whole) // 2], "record at offset"),
        (lambda whole: whole + THEIRS, "record at offset"),  # it begins as ours do
        (lambda _: b"", "record at offset 0: no record"),
        (lambda _: b"WARC/1.0\r\n", "record at offset 0: no end of a WARC header"),
        (lambda _: b"PK\x03\x04 and so on\n\n", "record at offset 0: no WARC record begins here: 'PK"),
        (lambda _: THEIRS[:-3], f"record at offset {len(theirs.gzipped(theirs.browsertrix()[:-1]))}: "),
        (lambda _: b"".join(theirs.wget())[:-9], "record at offset "),
        (
            lambda _: b"".join((*theirs.wget(), WRONG)),
            f"record at offset {sum(map(len, theirs.wget()))}: WARC-Block-Digest says sha1:AAA",
        ),
    ],
)
def test_what_is_no_sound_warc_is_not_packed(
    archiver: Command, warc: Path, data: Callable[[bytes], bytes], said: str
) -> None:
    warc.write_bytes(data(warc.read_bytes()))
    whole = warc.read_bytes()
    ran = archiver("pack", warc, "-o", "a.wacz")
    assert (ran.code, ran.out) == (1, "")
    (line,) = ran.error_lines
    assert line.startswith(f"archiver: {warc}: ")
    assert said in line
    assert "data-2" not in line  # the name that it would have had
    assert contents(warc.parent) == {"data.warc.gz": whole}


def test_the_broken_one_of_several_warcs_is_named(archiver: Command, tmp_path: Path) -> None:
    (tmp_path / "good.warc.gz").write_bytes(THEIRS)
    (tmp_path / "Bad.warc.gz").write_bytes(THEIRS[:-1])
    ran = archiver("pack", "good.warc.gz", "Bad.warc.gz", "-o", "a.wacz")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("archiver: Bad.warc.gz: record at offset ")
    assert sorted(contents(tmp_path)) == ["Bad.warc.gz", "good.warc.gz"]


def test_warcs_of_other_tools_are_packed_sealed_and_verified(
    archiver: Command, keyring: Keyring, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/Crawl.WARC.gz").write_bytes(THEIRS)
    (tmp_path / "crawl.warc.gz").write_bytes(theirs.gzipped(theirs.warcprox()))
    (tmp_path / "data.warc").write_bytes(b"".join(theirs.wget()))
    inputs = ["one/Crawl.WARC.gz", "crawl.warc.gz", "data.warc"]
    packed = archiver(
        "pack", *inputs, "--url", "HTTPS://news.example:443/article", "-o", "a.wacz", "--from", "A library"
    )
    assert (packed.code, packed.out, packed.err) == (0, "a.wacz\n", "")
    assert archiver("seal", "a.wacz").code == 0
    held = members_of(Path("a.wacz").read_bytes())
    assert [name for name in held if name.startswith("archive/")] == [
        "archive/crawl-2.warc.gz", "archive/crawl.warc.gz", "archive/data.warc", "archive/data.warc.gz",
    ]  # fmt: skip
    assert held["archive/crawl.warc.gz"] == THEIRS
    assert held["archive/data.warc"] == b"".join(theirs.wget())
    ran = archiver("verify", "--explain", "a.wacz")
    assert ran.code == 0
    assert "partial (imported), imported by archiver" in ran.out
    assert "settings: SETTINGS_UNKNOWN" in ran.out
    assert "PASSED records IMPORT_NOTE: archive/crawl-2.warc.gz: payload-digest-with-framing: 1, " in ran.out
    told = [line for line in archiver("verify", "a.wacz").out.splitlines() if line.startswith("note ")]
    assert len(told) == ran.out.count("PASSED records IMPORT_NOTE: ")  # each of them, none hidden by another
    assert archiver("verify", "a.wacz", "--refuse", "SETTINGS_UNKNOWN").code == 3
    assert archiver("verify", "a.wacz", "--refuse", "TLS_UNVERIFIED").code == 3  # it may have been used


def test_a_warc_of_ours_is_imported_where_it_is_said_from_whom_it_came(
    archiver: Command, keyring: Keyring, warc: Path
) -> None:
    assert archiver("pack", warc, "-o", "a.wacz", "--from", "A friend").code == 0
    assert archiver("seal", "a.wacz").code == 0
    assert "imported by archiver" in archiver("verify", "a.wacz").out
    assert "archive/data-2.warc.gz" in members_of(Path("a.wacz").read_bytes())


def test_a_page_that_no_warc_holds_is_a_mistake_of_the_command(archiver: Command, tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(THEIRS)
    ran = archiver("pack", "a.warc.gz", "-o", "a.wacz", "--url", "https://news.example/artikel")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "archiver: a.warc.gz: holds no answer to https://news.example/artikel; "
        "it holds https://news.example/article\n"
    )
    assert list(contents(tmp_path)) == ["a.warc.gz"]


def test_a_folder_and_a_missing_warc_are_no_inputs(archiver: Command, tmp_path: Path) -> None:
    for name in (".", "none.warc"):
        ran = archiver("pack", name, "-o", "a.wacz")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(f"archiver: {name}: ")


def test_no_warc_is_replaced_by_its_bundle(archiver: Command, warc: Path) -> None:
    whole = warc.read_bytes()
    link = warc.with_name("link.wacz")
    link.symlink_to(warc)
    for output in (warc, link):
        ran = archiver("pack", warc, "-o", output, "--force")
        assert (ran.code, ran.err) == (2, f"archiver: {output}: it is one of the WARCs\n")
        assert contents(warc.parent) == {"data.warc.gz": whole, "link.wacz": whole}


def test_pack_and_seal_replace_nothing_unless_forced(archiver: Command, keyring: Keyring, warc: Path) -> None:
    for use in (["pack", str(warc)], ["seal", "packed.wacz"]):
        Path("packed.wacz").write_bytes(small.packed())
        Path("mine.wacz").write_bytes(b"mine")
        ran = archiver(*use, "-o", "mine.wacz")
        assert (ran.code, ran.err) == (2, "archiver: mine.wacz: it exists already; --force replaces it\n")
        assert Path("mine.wacz").read_bytes() == b"mine"
        assert archiver(*use, "-o", "mine.wacz", "--force").code == 0
        assert Path("mine.wacz").read_bytes() != b"mine"
