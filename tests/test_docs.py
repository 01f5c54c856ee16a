"""The documents say what the code does, and what they tell people to type does what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from archiver.signing.identity import LocalIdentity
from archiver.signing.keyring import Keyring
from archiver.verify.policy import SETTINGS
from tests import small
from tests.codes import codes_in_source
from tests.programs import need
from tests.tamper.bundle import ANONYMOUS, UNSIGNED, WARC, Works

ROOT = Path(__file__).parents[1]
VERIFYING = (ROOT / "docs/verifying.md").read_text(encoding="utf-8")


def between(name: str) -> str:
    """What stands between the markers *name* of docs/verifying.md."""
    found = re.findall(rf"<!-- {name}:start -->\n(.*?)<!-- {name}:end -->", VERIFYING, re.DOTALL)
    assert len(found) == 1, name
    return str(found[0])


def rows(table: str) -> list[str]:
    """The codes that the rows of *table* begin with."""
    return re.findall(r"(?m)^\| `([A-Z0-9_]+)` \|", table)


def test_every_reason_code_is_explained_and_none_that_is_not_given() -> None:
    reasons, settings = rows(between("codes")), rows(between("settings"))
    in_source = codes_in_source()
    assert {"HASH_FAILURE", "NO_SIGNATURE", "CLOCK", "PROXY"} <= in_source
    assert sorted(SETTINGS) == settings
    assert sorted(in_source - SETTINGS) == reasons


def test_there_is_advice_for_every_reason_to_be_indeterminate() -> None:
    """And for no reason that is none."""
    open_ones = set(re.findall(r"(?m)^\| `([A-Z0-9_]+)` \| [^|]*I[^|]* \|", between("codes")))
    advice = VERIFYING.partition("## What to do when it is INDETERMINATE")[2].partition("\n## ")[0]
    given = {
        code for row in re.findall(r"(?m)^\| (`.*?`) \|", advice) for code in row.strip("`").split("`, `")
    }
    assert given == open_ones


def test_every_check_is_explained() -> None:
    """Checks are named by the first argument of what makes them."""
    maker = re.compile(r'\b(?:passed|failed|indeterminate|from_error|guarded)\(\s*"([a-z-]+)"')
    files = [*(ROOT / "archiver/bundle").rglob("*.py"), *(ROOT / "archiver/verify").rglob("*.py")]
    made = {name for path in files for name in maker.findall(path.read_text(encoding="utf-8"))}
    section = VERIFYING.partition("\n## Checks\n")[2].partition("\n## ")[0]
    explained = set(re.findall(r"(?m)^\| ([a-z-]+) \|", section)) - {"check"}
    assert {"container", "signature", "wacz-auth"} <= made
    assert made | {"countersignature"} == explained


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of commands, as it stands in the document."""

    text: str

    @property
    def commands(self) -> list[tuple[str, int, str]]:
        """Each command, its exit code and what is to be said; none where the block is one script."""
        found = re.findall(r"(?m)^(\S.*?) +# exit ([0-9]+)(?:: (.*))?$", self.text)
        assert not found or len(found) == len(self.text.splitlines()), self.text
        return [(command, int(code), said) for command, code, said in found]


BLOCKS = [Block(text) for text in re.findall(r"(?ms)^```sh\n(.*?)^```$", VERIFYING)]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the files that docs/verifying.md speaks of, and a keyring beside it."""
    folder, ring = tmp_path / "desk", Keyring(tmp_path / "keyring")
    library = ring.new("Example Law Library")
    ring.trust(library.identity, small.NOON)
    stranger = LocalIdentity.create("Example Law Library")
    article = small.sealed(local=library)
    middle = article.index(b"\x1f\x8b", 1000) + 40
    changed = article[:middle] + bytes([article[middle] ^ 1]) + article[middle + 1 :]
    stated = small.stated()
    insecure = msgspec.structs.replace(
        stated, settings=msgspec.structs.replace(stated.settings, insecure=True)
    )
    (tmp_path / "works").mkdir()
    works = Works(tmp_path / "works")
    signed, unsigned = works.pair(ANONYMOUS), works.pair(UNSIGNED)
    files = {
        "article.wacz": article,
        "changed.wacz": changed,
        "packed.wacz": small.packed(),
        "stranger.wacz": small.sealed(local=stranger),
        "stranger.json": stranger.identity.to_bytes(),
        "insecure.wacz": small.sealed(small.packed(insecure), library),
        "letter.txt": b"Dear colleague, the page is gone.\n",
        "nobody.json": b'{"spec": "archiver-policy/v1-draft"}',
        "theirs.wacz": unsigned.genuine.to_bytes(),
        "theirs-signed.wacz": signed.genuine.to_bytes(),
        "theirs-forged.wacz": signed.forged.to_bytes(),
        "records.warc.gz": unsigned.genuine.read(WARC),
        "collection/2026/article.wacz": article,
        "collection/2026/changed.wacz": changed,
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def typed(command: str, desk: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "LC_ALL": "C", "PYTHONUTF8": "1", "HOME": str(desk.parent)}
    environment["ARCHIVER_KEYRING"] = str(desk.parent / "keyring")
    return subprocess.run(
        ["sh", "-e", "-c", command],
        cwd=desk,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_commands_of_the_guide_end_as_it_says(desk: Path) -> None:
    """In their order, in one folder; whatever is in capitals behind a command, it prints."""
    need("openssl")
    need("unzip")
    assert len(BLOCKS) == 9
    for block in BLOCKS:
        if not block.commands:
            done = typed(block.text, desk)
            assert done.returncode == 0, (block.text, done)
        for command, code, said in block.commands:
            done = typed(command, desk)
            assert done.returncode == code, (command, done)
            for word in re.findall(r"\b[A-Z]\w*|\S+\.json\b", said):
                assert word in done.stdout + done.stderr, (command, word, done)
    assert len((desk / "all.json").read_text().splitlines()) == 2
    assert (desk / "letter.identity").read_bytes() == (desk / "library.json").read_bytes()


def blurred(text: str) -> list[str]:
    """The lines of *text* without what changes from run to run: digits, fingerprints, sizes."""
    return [re.sub(r"[0-9a-f]{4,}|[0-9]+", "#", line).rstrip() for line in text.splitlines()]


def test_the_verdict_that_the_guide_shows_is_the_one_that_is_printed(desk: Path) -> None:
    printed = typed("archiver verify article.wacz", desk).stdout
    shown = between("verdict").removeprefix("```text\n").removesuffix("```\n")
    assert blurred(printed) == blurred(shown)


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=str)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target, _, heading in re.findall(r"\]\((?!https?://)([^)#]*)(#([^)]*))?\)", text):
        place = path.parent / target if target else path
        assert place.exists(), target
        if heading:
            assert heading in headings(place), f"{target}#{heading}"


def headings(path: Path) -> set[str]:
    """The names under which the headings of *path* can be linked to."""
    found = re.findall(r"(?m)^#+ (.*)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}
