"""The reason codes that stand in the source, for the tests that hold documents and code together."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "archiver"

_ROOMS = ("bundle", "errors.py", "manifest.py", "signing", "verify", "warc")
_TWO_WORDS = re.compile(r"[A-Z]+(_[A-Z0-9]+)+")
_CODE = re.compile(r"[A-Z]+(_[A-Z0-9]+)*")
_POSITIONAL = {"failed": 1, "indeterminate": 1, "note": 0}
"""Which argument of a function or method is the code, where it has no name."""
_NOT_CODES = {"OK", "PASSED", "INDETERMINATE", "FAILED"}


@functools.cache
def codes_in_source() -> frozenset[str]:
    """Every code a check, or a setting under the verdict, can carry.

    Two words in capitals are a code wherever they stand as a string of their own; a single one
    (``CLOCK``) only where a code belongs: after ``code=``, in a check, in a set of codes.
    """
    found: set[str] = set()
    for room in _ROOMS:
        place = PACKAGE / room
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                found.update(_codes(node))
    return frozenset(found - _NOT_CODES)


def _codes(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield from _strings(node, _TWO_WORDS)
    elif isinstance(node, ast.keyword) and node.arg == "code":
        yield from _anywhere(node.value)
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        yield from _anywhere(*node.args[_POSITIONAL.get(name, len(node.args)) :][:1])
        if name == "frozenset":
            yield from _anywhere(*node.args)


def _anywhere(*values: ast.expr) -> Iterator[str]:
    for value in values:
        for node in ast.walk(value):
            yield from _strings(node, _CODE)


def _strings(node: ast.AST, form: re.Pattern[str]) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and form.fullmatch(node.value):
        yield node.value
