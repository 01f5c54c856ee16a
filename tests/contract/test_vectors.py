"""The published vectors: made anew they are the same, and `archiver verify` finds in each what it must."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

from archiver.signing.identity import Identity
from archiver.signing.keys import Algorithm
from archiver.signing.pkcs8 import from_pem
from tests.contract.keys import IDENTITIES, Kept, private_key
from tests.contract.keys import VECTORS as FOLDER
from tests.contract.making import V1, committed, differences, made
from tests.contract.vectors import VECTORS

RUN = V1 / "run"
ROOT = V1.parents[1]
ARCHIVER = Path(sys.executable).with_name("archiver")
NAMES = sorted(vector.name for vector in VECTORS)
GROUPS = 4
SAMPLE = "dsse-ml-dsa-signature-missing"

LIAR = """
import json, sys
said = {"verdict": VERDICT, "checks": CHECKS}
print(json.dumps(said))
sys.exit({"PASSED": 0, "INDETERMINATE": 3, "FAILED": 1}[said["verdict"]])
"""


def run(*arguments: str | Path, command: list[str | Path] | None = None) -> subprocess.CompletedProcess[str]:
    """The runner, as somebody would use it who has Python alone."""
    words = [sys.executable, "-I", "-S", RUN, *arguments, "--", *(command or [ARCHIVER])]
    return subprocess.run(words, capture_output=True, text=True, timeout=300)


def liar(tmp_path: Path, verdict: str, checks: list[dict[str, str]] | None = None) -> list[str | Path]:
    """A verifier that says this of every bundle."""
    path = tmp_path / "liar.py"
    text = (
        LIAR.replace("VERDICT", repr(verdict))
        if checks is not None
        else LIAR.replace(', "checks": CHECKS', "")
    )
    path.write_text(text.replace("VERDICT", repr(verdict)).replace("CHECKS", repr(checks)))
    return [sys.executable, path]


@pytest.mark.parametrize("group", range(GROUPS))
def test_archiver_finds_in_each_vector_what_it_must(group: int) -> None:
    chosen = NAMES[group::GROUPS]
    done = run("-j", "2", "--only", *chosen)
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert (failed, done.returncode) == ([], 0), done.stderr
    assert done.stdout.splitlines()[:-1] == [f"pass {name}" for name in chosen]


def test_the_committed_vectors_are_those_that_are_made() -> None:
    """If not: `make vectors`, and look at what `git diff` shows."""
    assert differences(made(), committed()) == []


def test_vectors_made_without_the_committed_ones_differ_in_ml_dsa_signatures_alone(tmp_path: Path) -> None:
    private, message = private_key("library", Algorithm.ML_DSA_65), b"something new"
    kept, fresh = Kept(FOLDER), Kept(tmp_path)
    first = fresh.sign(private, message)
    assert first == fresh.sign(private, message), "one message has one signature in a run"
    assert first != Kept(tmp_path).sign(private, message), "nothing is kept that is not committed"
    private.public_key().verify(kept.sign(private, message), message)
    with pytest.raises(InvalidSignature):
        private.public_key().verify(first, message + b"!")
    held = committed()[f"vectors/{SAMPLE[:4]}-ed25519-signature-missing/bundle.wacz"]
    signature = re.search(rb'"sig":"([A-Za-z0-9+/]{4412})"', held)
    assert signature is not None, "the signature that is kept stands in the bundle as it was looked for"


def test_each_vector_says_one_thing_in_four_files() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for vector in VECTORS:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", vector.name), vector.name
        assert "\n" not in vector.says and vector.says.endswith("."), vector.name
        assert {path.name for path in (FOLDER / vector.name).iterdir()} == {
            "bundle.wacz",
            "expect.json",
            "policy.json",
            "README.md",
        }


def test_the_table_links_every_vector_once() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| \[[^\]]+\]\(([^)]+)/\)", text, re.MULTILINE)) == NAMES
    assert sorted(path.name for path in FOLDER.iterdir() if path.is_dir()) == NAMES


def test_the_vectors_stay_small() -> None:
    sizes = {path: path.stat().st_size for path in FOLDER.glob("*/*")}
    assert sum(sizes.values()) < 6_000_000
    assert max(sizes.values()) < 60_000, max(sizes, key=lambda path: sizes[path])


def test_every_code_of_our_own_bundles_has_a_vector() -> None:
    rooms = ["bundle", "manifest.py", "signing", "verify/verify.py", "warc"]
    paths = [
        path
        for room in rooms
        for path in [ROOT / "archiver" / room, *(ROOT / "archiver" / room).rglob("*.py")]
    ]
    source = "".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())
    codes = set(re.findall(r'"([A-Z0-9]+(?:_[A-Z0-9]+)+)"', source)) - NOT_SHOWN.keys()
    shown = {reason["code"] for vector in VECTORS for reason in vector.expected()["reasons"]}
    assert codes - shown == set()


NOT_SHOWN = {
    "CHANGED_WHILE_READ": "needs somebody who writes while it is read: tests/verify/test_opened_once.py",
    **dict.fromkeys(
        ["FORCED_ADDRESS", "TLS_UNVERIFIED", "EXTRA_CA", "PRIVATE_ADDRESS", "SETTINGS_UNKNOWN"], "a setting"
    ),
}
"""Codes that no vector can show, and words that are none."""


# Keys


def test_the_published_keys_are_those_of_the_published_identities() -> None:
    for folder, local in IDENTITIES.items():
        held = V1 / "keys" / folder
        identity = Identity.from_bytes((held / "identity.json").read_bytes())
        assert identity == local.identity
        for key in identity.keys:
            assert from_pem((held / f"TEST-ONLY-{key.public.alg}.pem").read_bytes()).public == key.public


def test_no_code_that_is_shipped_knows_the_test_keys() -> None:
    secrets = [b"TEST-ONLY", b"TEST ONLY", b"v1/keys"]
    secrets += [str(local.identity.fingerprint.hex).encode() for local in IDENTITIES.values()]
    for room in ("archiver", "benchmarks", "demo"):
        for path in (ROOT / room).rglob("*.py"):
            assert not [text for text in secrets if text in path.read_bytes()], path


# The runner


def test_the_runner_needs_nothing_but_python() -> None:
    names: set[str] = set()
    for node in ast.walk(ast.parse(RUN.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
    assert os.access(RUN, os.X_OK)


def expectation(change: dict[str, Any], tmp_path: Path) -> Path:
    """A folder with one vector, of which something else is expected."""
    folder = tmp_path / "vectors"
    shutil.copytree(FOLDER / SAMPLE, folder / SAMPLE)
    path = folder / SAMPLE / "expect.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    return folder


ABSENT = {"check": "signature", "code": "MISSING_REQUIRED_SIGNATURE", "verdict": "FAILED"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": "PASSED"}, "verdict 'FAILED', not PASSED; exit code 1, not 0"),
        ({"verdict": "INDETERMINATE"}, "verdict 'FAILED', not INDETERMINATE; exit code 1, not 3"),
        ({"reasons": []}, "not expected: 'signature FAILED MISSING_REQUIRED_SIGNATURE'"),
        ({"reasons": [ABSENT, {**ABSENT, "check": "members"}]}, "not found: members FAILED"),
        (
            {"reasons": [{**ABSENT, "code": "HASH_FAILURE"}]},
            "not found: signature FAILED HASH_FAILURE; not expected",
        ),
        ({"reasons": [{**ABSENT, "verdict": "PASSED"}]}, "not found: signature PASSED"),
    ],
)
def test_the_runner_fails_where_something_else_is_expected(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    done = run("--vectors", expectation(change, tmp_path))
    assert done.returncode == 1
    assert done.stdout.startswith(f"FAIL {SAMPLE}: {said}"), done.stdout
    assert done.stdout.endswith("\n0 of 1 vectors passed\n")


def test_the_runner_passes_where_it_is_what_is_found(tmp_path: Path) -> None:
    done = run("--vectors", expectation({}, tmp_path))
    assert (done.returncode, done.stdout) == (0, f"pass {SAMPLE}\n1 of 1 vectors passed\n")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raise SystemExit(1)", "no verdict in JSON (exit code 1): ''"),
        ("1/0", "no verdict in JSON (exit code 1): 'ZeroDivisionError: division by zero'"),
        ("print('FAILED'); raise SystemExit(1)", "no verdict in JSON (exit code 1): 'FAILED'"),
        ("print('{}')", "no verdict in JSON"),
        ("print('[]')", "no verdict in JSON"),
        ('print(\'{"verdict": "FAILED"}\')', "no verdict in JSON"),
        ('print(\'{"verdict": "FAILED", "checks": [{}]}\')', "no verdict in JSON"),
        ('print(\'{"verdict": "\\\\u001b[2J", "checks": []}\')', "verdict '\\x1b[2J', not FAILED"),
    ],
)
def test_a_verifier_that_fails_by_itself_has_not_found_a_failure(program: str, said: str) -> None:
    done = run("--only", SAMPLE, command=[sys.executable, "-c", program])
    assert done.returncode == 1
    assert done.stdout.startswith(f"FAIL {SAMPLE}: {said}"), done.stdout


def test_a_command_that_is_not_there_fails() -> None:
    done = run("--only", SAMPLE, command=["/nowhere/verifier"])
    assert done.returncode == 1
    assert "cannot be run" in done.stdout


@pytest.mark.parametrize("verdict", ["PASSED", "INDETERMINATE", "FAILED"])
def test_no_verifier_that_always_says_the_same_passes_all(verdict: str, tmp_path: Path) -> None:
    chosen = ["captured-page", "packed-and-not-sealed", SAMPLE]
    done = run("--only", *chosen, "--verdict-only", command=liar(tmp_path, verdict))
    assert done.returncode == 1
    assert done.stdout.endswith("\n1 of 3 vectors passed\n")


def test_only_verdicts_are_compared_where_that_is_asked_for(tmp_path: Path) -> None:
    speaks = liar(tmp_path, "FAILED")
    assert run("--only", SAMPLE, "--verdict-only", command=speaks).returncode == 0
    assert run("--only", SAMPLE, command=speaks).returncode == 1
    speaks = liar(tmp_path, "FAILED", [])
    assert "not found: signature" in run("--only", SAMPLE, command=speaks).stdout


@pytest.mark.parametrize(
    "arguments", [("--only", "no-such-vector"), ("--vectors", "/nowhere"), ("-j", "0"), ("--nonsense",)]
)
def test_nothing_to_run_is_no_success(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).returncode == 2
