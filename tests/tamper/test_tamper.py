"""The tamper table in the README is the one that the script makes, and what it shows is so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.programs import need
from tests.tamper.bundle import ANONYMOUS, DOMAIN_SIGNED, KINDS, UNSIGNED, Works
from tests.tamper.judge import Judgement, archiver, wacz
from tests.tamper.mutation import MUTATIONS
from tests.tamper.table import GENUINE, README, judge, make_table, reason, render, shown_in, write_files

NOTHING_TO_DO = {("forged, signature stripped", UNSIGNED), ("full forgery, signature kept", UNSIGNED)}


Judged = Mapping[tuple[str, str], Judgement]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    need("openssl")
    folder = tmp_path_factory.mktemp("tamper")
    return judge(write_files(folder, Works(folder)))


def test_the_readme_shows_the_table_that_is_made(tmp_path: Path) -> None:
    """`python -m tests.tamper` puts it there. The peer takes what is genuine, or its refusals say nothing."""
    need("openssl")
    table = make_table(tmp_path)
    assert all(table[GENUINE, kind].accepted for kind in KINDS)
    assert shown_in(README.read_text(encoding="utf-8")) == "\n" + render(table)


def test_nothing_forged_passes_and_nothing_genuine_fails(judged: Judged) -> None:
    assert len(MUTATIONS) == 20
    wanted = {(name, kind) for name in (GENUINE, *MUTATIONS) for kind in KINDS}
    assert wanted - judged.keys() == NOTHING_TO_DO
    for (name, _), judgement in judged.items():
        assert judgement.verdict in ({"INDETERMINATE"} | ({"FAILED"} if name != GENUINE else set()))


def test_archiver_names_every_mutation(judged: Judged) -> None:
    """By a worse verdict or by a reason that the genuine bundle does not give."""
    assert [key for key in judged if not reason(judged, key)] == []


def test_what_the_trusted_countersigned_fails_after_any_mutation(tmp_path: Path) -> None:
    """Where somebody trusted has vouched for the genuine bundle, the mutants' worst is not INDETERMINATE."""
    need("openssl")
    files = write_files(tmp_path, Works(tmp_path))
    ring = tmp_path / "ring"
    run = [Path(sys.executable).with_name("archiver")]

    def typed(*words: str | Path) -> None:
        subprocess.run([*run, *words, "--keyring", ring], capture_output=True, timeout=60, check=True)

    typed("identity", "new", "A library")
    for kind in KINDS:
        typed("seal", files[GENUINE, kind])
        signed = files[GENUINE, kind].with_name(files[GENUINE, kind].name + ".intoto.json").read_bytes()
        for (name, other), file in files.items():
            if other == kind and name != GENUINE:
                file.with_name(file.name + ".intoto.json").write_bytes(signed)
    judged = dict(zip(files, archiver(list(files.values()), ring), strict=True))
    genuine = [judged[GENUINE, kind].verdict for kind in (ANONYMOUS, UNSIGNED, DOMAIN_SIGNED)]
    assert genuine == ["PASSED", "PASSED", "INDETERMINATE"]  # the last for its timestamp
    forged = {judgement.verdict for (name, _), judgement in judged.items() if name != GENUINE}
    assert forged == {"FAILED"}


def test_one_process_for_many_says_what_the_command_says(tmp_path: Path) -> None:
    """py-wacz's own command, started once a file, ends as it does where it is run again and again."""
    need("openssl")
    files = write_files(tmp_path, Works(tmp_path))
    some = [files[GENUINE, DOMAIN_SIGNED], files["duplicate name: two WARCs", ANONYMOUS]]
    some += [files["content: another WARC", UNSIGNED], files["pages: another URL", DOMAIN_SIGNED]]
    command = Path(sys.executable).with_name("wacz")
    codes = [
        subprocess.run([command, "validate", "-f", file], capture_output=True, timeout=60).returncode
        for file in some
    ]
    assert wacz(some) == [code == 0 for code in codes] == [True, True, False, False]
