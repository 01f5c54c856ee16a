"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

_NOT_CODES = {"PASSED", "INDETERMINATE", "FAILED"}


def codes_in_use() -> set[str]:
    found: set[str] = set()
    for room in ("bundle", "verify", "signing", "warc", "errors.py", "manifest.py"):
        place = ROOT / "archiver" / room
        for path in [place] if place.is_file() else place.rglob("*.py"):
            found |= set(
                re.findall(r'"([A-Z]+(?:_[A-Z]+)+|CLOCK|CONTRADICTION|PROXY|REDACTED)"', path.read_text())
            )
    return found - _NOT_CODES


def test_every_reason_code_is_explained() -> None:
    explained = set(re.findall(r"`([A-Z_]{4,})`", (ROOT / "docs" / "verdicts.md").read_text()))
    in_use = codes_in_use()
    assert {"HASH_FAILURE", "NO_SIGNATURE", "CLOCK"} <= in_use
    assert in_use - explained == set()
    assert explained - in_use == set()


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=str)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target
