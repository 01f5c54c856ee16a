"""What the README says to type is typed here, line by line and in its order."""

from __future__ import annotations

import gzip
import json
import re
import shlex
from pathlib import Path

import pytest

import archiver as library
from archiver.digest import Digest
from archiver.signing.keyring import Keyring
from tests import small
from tests.cli.command import Command
from tests.cli.site import PAGE
from tests.fetch.rawserver import RawServer
from tests.rogue import members_of
from tests.verify.foreign.lookalikes import unsigned

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
_, _, _rest = README.partition("<!-- commands:start -->\n")
LINES = [line.strip() for line in _rest.partition("<!-- commands:end -->")[0].splitlines() if line.strip()]
CODE = re.search(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_block_names_every_command() -> None:
    named = {line.split()[1] for line in LINES}
    assert named == {"save", "verify", "show", "identity", "pack", "seal"}
    assert all(line.startswith("archiver ") for line in LINES)


def test_every_everyday_command_does_what_it_says(archiver: Command, site: RawServer, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "cookies.txt").write_text("127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tnobodys-business\n")
    (tmp_path / "secrets.txt").write_text("Authorization: Bearer nobodys-business\n")
    (tmp_path / "bundles" / "2026").mkdir(parents=True)
    for line in LINES:
        words = shlex.split(line, comments=True)[1:]
        into = None
        if "bundles" in words:
            (tmp_path / "bundles" / "2026" / "one.wacz").write_bytes(Path("article.wacz").read_bytes())
        if "court.json" in words:
            (tmp_path / "court.json").write_text(json.dumps(policy_for(Path("article.wacz"))))
            (tmp_path / "a.wacz").write_bytes(Path("article.wacz").read_bytes())
        if words[0] == "seal" and words[1] == "others.wacz":
            (tmp_path / "others.wacz").write_bytes(unsigned())
        if words[-2:-1] == [">"]:
            into, words = words[-1], words[:-2]
        if words[0] == "save":
            words.append("--allow-private")
        if words[0] == "pack":
            (tmp_path / words[1]).write_bytes(
                members_of(Path("article.wacz").read_bytes())["archive/data.warc.gz"]
            )
        typed: list[str] = []
        for word in words:
            typed += (
                [site.url()]
                if word == "URL"
                else sorted(map(str, Path().glob(word)))
                if "*" in word
                else [word]
            )
        ran = archiver(*typed)
        assert ran.code == 0, (line, ran)
        if into is not None:
            Path(into).write_text(ran.out)
    assert Path("page.html").read_bytes() == PAGE
    assert len(list(Path("pages").iterdir())) == 2
    assert len(list(Path("folder").iterdir())) == 2
    assert archiver("verify", "article.wacz", "packed.wacz").code == 0
    for path in set(tmp_path.glob("*.wacz")) - {tmp_path / "others.wacz"}:
        records = gzip.decompress(members_of(path.read_bytes())["archive/data.warc.gz"])
        assert b"nobodys-business" not in records


def policy_for(bundle: Path) -> dict[str, object]:
    """A policy that trusts whoever sealed *bundle*."""
    fingerprint = str(Digest.of(members_of(bundle.read_bytes())["provenance/identity.json"]))
    return {"spec": "archiver-policy/v1-draft", "identities": [{"fingerprint": fingerprint, "name": "A"}]}


def test_the_two_commands_at_the_top_do_the_main_job(archiver: Command, site: RawServer) -> None:
    first, second = re.findall(r"^    archiver (.+)$", README, re.MULTILINE)[:2]
    save, verify = (
        shlex.split(line.replace("https://example.org/article", site.url())) for line in (first, second)
    )
    assert archiver(*save, "--allow-private").code == 0
    ran = archiver(*verify)
    assert (ran.code, ran.out.partition(" ")[0]) == (0, "PASSED")


def test_the_library_example_runs(
    site: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ring = Keyring(Path("keyring"))
    ring.trust(ring.new("library").identity, small.NOON)
    assert CODE is not None
    code = CODE[1].replace("https://example.org/article", site.url())
    code = code.replace('to=Path("article.wacz")', 'to=Path("article.wacz"), settings=settings')
    names: dict[str, object] = {"settings": library.FetchSettings(allow_private=True)}
    exec(compile(code, "README.md", "exec"), names)
    manifest = names["manifest"]
    assert isinstance(manifest, library.Manifest)
    assert [entry.requested_url for entry in manifest.derived.captures] == [site.url()]
    assert capsys.readouterr().out.startswith("PASSED container: ")


@pytest.mark.parametrize("code", range(5))
def test_every_exit_code_is_in_the_table(code: int) -> None:
    assert re.search(rf"^\| {code} \| \S", README, re.MULTILINE)
