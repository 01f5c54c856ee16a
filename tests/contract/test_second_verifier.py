"""The second verifier, `manifests/v1/verify.py`, answers every vector as the text says it must.

It was written from the text alone. Where it and archiver disagree, one of the three is wrong.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

V1 = Path(__file__).resolve().parents[2] / "manifests" / "v1"
VERIFIER = V1 / "verify.py"
NAMES = sorted(path.parent.name for path in V1.glob("vectors/*/expect.json"))
EXIT_CODES = {"PASSED": 0, "INDETERMINATE": 3, "FAILED": 1}


@pytest.fixture(scope="module")
def second() -> ModuleType:
    spec = importlib.util.spec_from_file_location("second_verifier", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_it_finds_what_it_must(name: str, second: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    folder = V1 / "vectors" / name
    expected = json.loads((folder / "expect.json").read_bytes())
    policy, bundle = str(folder / "policy.json"), str(folder / "bundle.wacz")
    code = second.main(["verify", "--json", "--policy", policy, bundle])
    found = json.loads(capsys.readouterr().out)
    reasons = {(one["check"], one["verdict"], one["code"]) for one in expected["reasons"]}
    said = {(one["name"], one["verdict"], one["code"]) for one in found["checks"]}
    assert (found["verdict"], code) == (expected["verdict"], EXIT_CODES[expected["verdict"]])
    assert {one for one in said if one[2] != "OK"} == reasons


def test_the_runner_can_drive_it() -> None:
    chosen = ["captured-page", "imported", "packed-and-not-sealed", "record-block-digest-wrong"]
    words = [sys.executable, str(V1 / "run"), "--verdict-only", "--only", *chosen]
    words += ["--", sys.executable, str(VERIFIER)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "4 of 4 vectors passed"), done.stdout


def test_it_imports_the_standard_library_and_cryptography_alone() -> None:
    imported = set[str]()
    for node in ast.walk(ast.parse(VERIFIER.read_bytes())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
    assert not imported & {"importlib", "subprocess", "socket", "runpy", "zipfile"}


@pytest.mark.parametrize("policy", ["{}", "[]", '{"spec":"archiver-policy/v2"}', "null", "{", '{"spec":1}'])
def test_a_policy_that_is_none_gives_no_verdict(
    policy: str, tmp_path: Path, second: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy.json").write_text(policy)
    bundle = str(V1 / "vectors" / "captured-page" / "bundle.wacz")
    assert second.main(["verify", "--json", "--policy", str(tmp_path / "policy.json"), bundle]) == 2
    assert json.loads(capsys.readouterr().out)["verdict"] is None


@pytest.mark.parametrize("name", ["nothing.wacz", "."])
def test_what_is_no_file_gets_no_verdict(
    name: str, tmp_path: Path, second: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = str(V1 / "vectors" / "captured-page" / "policy.json")
    assert second.main(["verify", "--json", "--policy", policy, str(tmp_path / name)]) == 2
    assert json.loads(capsys.readouterr().out)["verdict"] is None
