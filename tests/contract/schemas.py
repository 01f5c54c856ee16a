"""The published schemas, and what of the code each of them is about."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

CONTRACT = Path(__file__).parents[2] / "manifests" / "v1"
NAMES = tuple(sorted(path.name.removesuffix(".schema.json") for path in CONTRACT.glob("schemas/*.json")))

Node = dict[str, Any]


@functools.cache
def schema(name: str) -> Node:
    """The schema of that name."""
    value: Node = json.loads((CONTRACT / "schemas" / f"{name}.schema.json").read_bytes())
    return value


@functools.cache
def registry() -> Registry[Node]:
    """All schemas, so that one may refer to another."""
    return Registry().with_resources(
        (schema(name)["$id"], Resource.from_contents(schema(name))) for name in NAMES
    )


def errors(name: str, value: object, *, inside: str = "") -> list[str]:
    """What of *value* the schema *name* refuses; *inside* is a place in that schema (``/$defs/x``)."""
    whole = {"$ref": f"{schema(name)['$id']}#{inside}"}
    found = Draft202012Validator(whole, registry=registry()).iter_errors(value)
    return [f"{error.json_path}: {error.message:.200}" for error in found]


def resolved(node: Node, name: str) -> tuple[Node, str]:
    """*node* of the schema *name* with its reference followed, and the schema that it is then in."""
    if "$ref" not in node:
        return node, name
    base, _, place = node["$ref"].partition("#")
    if base:
        name = base.rpartition(":")[2]
    found = schema(name)
    for part in filter(None, place.split("/")):
        found = found[part]
    return resolved(found, name)


def mutants(value: Any) -> Iterator[tuple[str, Any]]:
    """*value* changed in one place each: a field too many, one too few, a value of another type.

    Of an array its first entry is changed, and the array itself.
    """
    yield "another type", 0.5
    if isinstance(value, dict):
        yield "a field too many", {**value, "unheard-of": [["x"]]}
        for key, inner in value.items():
            yield f"without {key}", {other: kept for other, kept in value.items() if other != key}
            for how, changed in mutants(inner):
                yield f"{key}: {how}", {**value, key: changed}
    elif isinstance(value, list) and value:
        yield "an array with a number in it", [*value, 0.5]
        for how, changed in mutants(value[0]):
            yield f"[0]: {how}", [changed, *value[1:]]
