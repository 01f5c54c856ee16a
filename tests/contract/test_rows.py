"""Every known attack on a bundle has a vector or a test, and each of those is there."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.contract.rows import ELSEWHERE, ROWS
from tests.contract.vectors import VECTORS

ROOT = Path(__file__).parents[2]
TABLE = ROOT.parent / "shared" / "ATTACKS.md"
NAMES = [vector.name for vector in VECTORS]


@pytest.mark.parametrize("number", ROWS)
def test_an_attack_is_shown_by_what_there_is(number: int) -> None:
    row = ROWS[number]
    assert row.vectors or row.tests
    for pattern in row.vectors:
        assert any(fnmatchcase(name, pattern) for name in NAMES), pattern
    for test in row.tests:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test


def test_every_row_of_the_table_is_here_or_belongs_elsewhere() -> None:
    assert not ROWS.keys() & ELSEWHERE
    assert ROWS.keys() | ELSEWHERE == set(range(1, 73))
    if not TABLE.exists():
        pytest.skip("the table of attacks is not beside the checkout")
    numbers = re.findall(r"^\| ([0-9]+) \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {int(number) for number in numbers} == ROWS.keys() | ELSEWHERE
