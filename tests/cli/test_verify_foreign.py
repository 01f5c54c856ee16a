"""What `archiver verify` prints of bundles that other tools made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.verify.foreign import lookalikes as like


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "other.wacz"


def test_a_domain_is_shown_as_a_claim(archiver: Command, place: Path) -> None:
    place.write_bytes(like.domain_signed())
    ran = archiver("verify", place)
    assert ran.code == 3
    lines = ran.out.splitlines()
    assert lines[0] == f"INDETERMINATE  {place}"
    assert lines[1] == "        made by a look-alike 1.0, it says; how it was captured is not stated"
    assert f"who     not proved: said to be signed for {like.DOMAIN}" in lines
    named = [line for line in lines if like.DOMAIN in line]
    assert all("said to be signed" in line for line in named)


def test_an_anonymous_key_is_nobody(archiver: Command, place: Path) -> None:
    place.write_bytes(like.archivewebpage())
    ran = archiver("verify", place)
    [who] = [line for line in ran.out.splitlines() if line.startswith("who")]
    assert who.startswith("who     not proved: signed by the key sha256:")


def test_each_kind_of_note_is_told_once(archiver: Command, place: Path) -> None:
    place.write_bytes(like.jswacz())
    ran = archiver("verify", place)
    notes = [line.split(":")[0] for line in ran.out.splitlines() if line.startswith("note")]
    assert "note    members KNOWN_DEFECT" in notes
    assert len(notes) == len(set(notes))
    assert "its hash is js-wacz's double hash" in ran.out


def test_a_signature_that_fails_names_nobody(archiver: Command, place: Path) -> None:
    members = like.whole(like.contents(), lambda digest: like.domain(digest, named="bank.example"))
    place.write_bytes(like.zipped(members))
    ran = archiver("verify", place)
    assert ran.code == 1
    assert "who     nobody that can be named" in ran.out


@pytest.mark.parametrize("text", ["\x1b[2JPASSED", "\x9b31m", "a\rPASSED  b", "\u202egnp", "x" * 100_000])
def test_no_text_of_theirs_reaches_the_terminal_as_it_is(archiver: Command, place: Path, text: str) -> None:
    pages = like.page_list({"url": f"https://gone.example/{text}", "ts": text, "title": text})
    members = like.contents(**{"pages/pages.jsonl": pages})
    made = like.whole(
        members, lambda digest: {**like.anonymous(digest), text[:40]: "1"}, software=text, title=text
    )
    place.write_bytes(like.zipped(made))
    for options in ((), ("--explain",)):
        ran = archiver("verify", *options, place)
        assert not any((ord(char) < 0x20 and char != "\n") or 0x7F <= ord(char) < 0xA0 for char in ran.out)
        assert "\u202e" not in ran.out
        assert not any(line.startswith("PASSED") for line in ran.out.splitlines())
        assert max(map(len, ran.out.splitlines())) < 1_000


def test_a_program_is_told_what_kind_it_is_and_what_is_claimed(archiver: Command, place: Path) -> None:
    place.write_bytes(like.archivewebpage())
    told = json.loads(archiver("verify", "--json", place).out)
    assert told["kind"] == "wacz"
    assert told["signer"] is None
    assert told["identity"] is None
    assert told["origin"] == "imported"
    assert told["claimed"]["software"] == "a look-alike 1.0"
    assert told["claimed"]["sealed"] == like.CREATED
    assert told["claimed"]["signer"].startswith("signed by the key sha256:")
    assert [capture["requested_url"] for capture in told["captures"]] == [like.PAGE]


def test_a_plain_warc_says_that_nobody_made_it(archiver: Command, tmp_path: Path) -> None:
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(like.warc())
    ran = archiver("verify", path)
    assert ran.code == 3
    assert "a plain WARC" in ran.out
    assert json.loads(archiver("verify", "--json", path).out)["kind"] == "warc"
