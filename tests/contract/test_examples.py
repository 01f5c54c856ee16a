"""Each published example is what the bundle of its vector holds."""

from __future__ import annotations

import json
import re

import pytest

from archiver import strictjson
from tests.contract import examples, schemas

SCHEMAS = {
    name: name.partition("-")[2].removesuffix(".json")
    for name in examples.documents()
    if name.endswith(".json")
}


def test_no_example_is_missing_and_none_is_too_many() -> None:
    assert {path.name for path in examples.FOLDER.iterdir()} == {"README.md", *examples.files()}
    readme = (examples.FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(.*)\]\(\1\)", readme, re.MULTILINE) == list(examples.files())
    assert f"(../vectors/{examples.VECTOR.name}/)" in readme


@pytest.mark.parametrize("name", examples.files())
def test_an_example_is_as_the_vector_has_it(name: str) -> None:
    assert (examples.FOLDER / name).read_bytes() == examples.files()[name], (
        "python -m tests.contract.examples"
    )


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_example_fits_its_schema(name: str) -> None:
    assert schemas.errors(SCHEMAS[name], json.loads((examples.FOLDER / name).read_bytes())) == []


@pytest.mark.parametrize("name", sorted(set(SCHEMAS) - {"10-policy.json", "11-result.json"}))
def test_an_example_is_canonical_json_laid_out(name: str) -> None:
    value = json.loads((examples.FOLDER / name).read_bytes())
    assert strictjson.dumps(value) == examples.documents()[name]
