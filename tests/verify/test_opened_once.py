"""What is judged is one open file: not what is put in its place, nor what a page in it points to."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.bundle.bundle import Bundle, open_bundle
from archiver.verify import Verdict, verify
from tests import small
from tests.contract.forging import consistent, sealed, whole
from tests.contract.keys import COURT
from tests.rogue import members_of, zipped
from tests.verify.test_attacks import response
from tests.verify.test_isolation import run

REMOTE = {
    "a page": ("text/html", b"<img src=https://192.0.2.1/a.png><link rel=stylesheet href=//192.0.2.1/b.css>"),
    "an external entity": (
        "application/xml",
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "https://192.0.2.1/e">]><a>&b;</a>',
    ),
    "an external DTD": ("application/xml", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'),
}


@pytest.mark.parametrize("late", [False, True], ids=["before it is read", "by one byte, back again"])
def test_a_file_written_to_while_it_is_read_fails(tmp_path: Path, late: bool) -> None:
    path = tmp_path / "article.wacz"
    path.write_bytes(small.bundle())
    with path.open("r+b", buffering=0) as file:
        bundle = Bundle(file, name="article.wacz")
        file.seek(100)
        byte = file.read(1)
        file.seek(100)
        file.write(byte if late else bytes([byte[0] ^ 1]))
        result = verify(bundle, small.policy(), now=small.NOON)
    assert result.verdict is Verdict.FAILED
    assert ("container", "CHANGED_WHILE_READ") in {(check.name, check.code) for check in result.checks}


def test_a_file_put_in_its_place_is_not_looked_at(tmp_path: Path) -> None:
    path, other = tmp_path / "article.wacz", tmp_path / "other.wacz"
    path.write_bytes(small.bundle())
    other.write_bytes(zipped({**members_of(small.bundle()), "article/a.md": b"hidden"}))
    with open_bundle(path) as bundle:
        other.rename(path)
        result = verify(bundle, small.policy(), now=small.NOON)
    wrong = {check.code for check in result.checks if check.verdict is not Verdict.PASSED}
    assert wrong <= {"CHANGED_WHILE_READ"}, "its last name was taken from it, which is a change too"
    assert "EXTRA_MEMBER" in {check.code for check in verify(path, small.policy(), now=small.NOON).checks}


@pytest.mark.parametrize("name", REMOTE)
def test_what_a_page_refers_to_is_not_asked_for(tmp_path: Path, name: str) -> None:
    media, body = REMOTE[name]
    bundle, identity = tmp_path / "article.wacz", tmp_path / "court.json"
    bundle.write_bytes(sealed(consistent(whole(response(1, body, more=f"Content-Type: {media}\r\n")))))
    identity.write_bytes(COURT.identity.to_bytes())
    out, told = run("verify", str(bundle), "--trust", str(identity))
    assert told["code"] == 0, out
    assert told["events"] == []
