"""A test that wants a program says which one is missing; it never passes without it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import need

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bare_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CI", raising=False)


@pytest.mark.usefixtures("bare_path")
def test_a_missing_program_skips_the_test_that_wants_it() -> None:
    with pytest.raises(pytest.skip.Exception, match="wget is missing: make programs"):
        need("wget")


@pytest.mark.usefixtures("bare_path")
def test_a_missing_program_fails_the_test_that_wants_it_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="wget is missing: make programs"):
        need("wget")


def test_a_run_ends_with_the_programs_it_went_without(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests.programs import summary\n"
        "def pytest_terminal_summary(terminalreporter): summary(terminalreporter)\n"
    )
    (tmp_path / "test_wants.py").write_text(
        "from tests.programs import need\ndef test_it(): need('wget')\ndef test_too(): need('openssl')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, tmp_path],
        env={"PATH": "/nowhere", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "Left out for want of openssl, wget: `make programs`" in done.stdout
