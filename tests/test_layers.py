"""The architecture: an import points down only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "archiver"

LAYERS = [
    "errors version",
    "digest strictjson escape url whole",
    "citation links warc signing",
    "fetch manifest",
    "article replay documents title walls",
    "status notices bundle environment",
    "save verify imports",
    "report collection config",
    "cli web",
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names.split()}

VERIFY_MAY_REACH = {
    "bundle", "manifest", "warc", "signing", "citation",
    "digest", "strictjson", "escape", "url", "whole", "errors", "version",
}  # fmt: skip


def imports() -> Iterator[tuple[str, str, str]]:
    """(file, importing room, imported room) of every import in the package, those in functions too."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts == ("__init__",) or parts == ("__main__",):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                module = node.module or ""
                names = (
                    [f"{module}.{alias.name}" for alias in node.names] if module == "archiver" else [module]
                )
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                pieces = name.split(".")
                if pieces[0] == "archiver" and len(pieces) > 1:
                    yield str(path.relative_to(PACKAGE)), parts[0], pieces[1]


EDGES = sorted({edge for edge in imports() if edge[1] != edge[2]})


@pytest.mark.parametrize(("file", "importer", "imported"), EDGES)
def test_imports_point_down(file: str, importer: str, imported: str) -> None:
    assert importer in LEVEL, f"{importer} has no level"
    assert LEVEL[imported] < LEVEL[importer], f"{file} imports {imported}"


def test_verify_reaches_only_what_it_needs() -> None:
    reached = {"verify"}
    while True:
        further = {imported for _, importer, imported in EDGES if importer in reached} - reached
        if not further:
            break
        reached |= further
    assert reached - {"verify"} <= VERIFY_MAY_REACH


def test_only_cli_and_web_read_the_configuration() -> None:
    assert {importer for _, importer, imported in EDGES if imported == "config"} <= {"cli", "web"}
