from __future__ import annotations

from pathlib import Path

import pytest

from tests import small
from tests.cli.command import Command


@pytest.fixture
def archiver(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Command(capsys)


@pytest.fixture
def article(tmp_path: Path) -> Path:
    """A sealed bundle on disk, by an identity that nobody trusts yet."""
    path = tmp_path / "article.wacz"
    path.write_bytes(small.bundle())
    return path


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """The public identity file of whoever sealed `article`."""
    path = tmp_path / "library.json"
    path.write_bytes(small.identity().identity.to_bytes())
    return path
