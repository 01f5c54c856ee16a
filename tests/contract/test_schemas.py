"""Schemas and code agree: on every field and type, on real documents, and on what is none."""

from __future__ import annotations

import functools
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import msgspec.inspect
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from archiver import strictjson
from archiver.bundle import countersign
from archiver.bundle.bundle import IDENTITY, MANIFEST
from archiver.bundle.datapackage import DIGEST_NAME, NAME, Datapackage, DatapackageDigest
from archiver.bundle.statement import Statement
from archiver.cli import main
from archiver.cli.render import as_json
from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.manifest import CaptureEntry, Manifest
from archiver.signing import dsse, identity, waczauth
from archiver.signing.dsse import Envelope
from archiver.signing.identity import Identity
from archiver.verify import Policy, Result, verify
from archiver.verify import policy as policies
from archiver.verify.policy import SETTINGS, STATUSES
from archiver.warc.stated import Stated
from tests import small
from tests.contract import schemas
from tests.contract.keys import COURT, LIBRARY, VECTORS
from tests.memory import memory_file
from tests.rogue import members_of
from tests.verify import test_redaction

POLICY = {
    "spec": policies.SPEC,
    "identities": [{"fingerprint": str(LIBRARY.identity.fingerprint), "name": "The library"}],
    "required": 1,
    "refuse": {"settings": sorted(SETTINGS), "statuses": sorted(STATUSES)},
    "limits": {"members": 100, "records": 1000, "unpacked_bytes": 1 << 40, "json_bytes": 1 << 20},
}


@functools.cache
def bundle() -> dict[str, bytes]:
    """The members of the smallest bundle with every part, by a key that is the same each time."""
    return members_of(small.sealed(local=LIBRARY))


@functools.cache
def countersignature() -> bytes:
    made = countersign.countersign("a.wacz", Digest.of(b"file"), COURT, role="received", created=small.NOON)
    return made.to_json()


def payload(data: bytes) -> Any:
    """The payload of the envelope in a countersignature, decoded."""
    envelope = strictjson.loads_canonical(data)["envelope"]
    return strictjson.loads_canonical(Envelope.from_builtins(envelope).payload)


def statement() -> Any:
    return strictjson.loads_canonical(
        Envelope.from_builtins(json.loads(bundle()[DIGEST_NAME])["provenance"]["envelope"]).payload
    )


def check_closing(value: Any) -> None:
    closing = DatapackageDigest.from_json(strictjson.dumps(value))
    assert closing.provenance is not None
    envelope = Envelope.from_builtins(closing.provenance.envelope)
    dsse.verify_envelope(envelope, LIBRARY.identity)
    package = Datapackage.from_json(bundle()[NAME])
    digest = Digest.of(bundle()[NAME])
    waczauth.check_signed_data(
        closing.signed_data, digest, package.created, package.software, LIBRARY.identity
    )


DOCUMENTS: dict[str, tuple[str, Callable[[], Any], Callable[[Any], object]]] = {
    "manifest": (
        "",
        lambda: json.loads(bundle()[MANIFEST]),
        lambda value: Manifest.from_json(strictjson.dumps(value)),
    ),
    "stated": (
        "",
        lambda: json.loads(bundle()[MANIFEST])["stated"],
        lambda value: Stated.from_json(strictjson.dumps(value)),
    ),
    "datapackage": (
        "",
        lambda: json.loads(bundle()[NAME]),
        lambda value: Datapackage.from_json(strictjson.dumps(value)),
    ),
    "datapackage-digest": ("", lambda: json.loads(bundle()[DIGEST_NAME]), check_closing),
    "identity": (
        "",
        lambda: json.loads(bundle()[IDENTITY]),
        lambda value: Identity.from_bytes(strictjson.dumps(value)),
    ),
    "statement": ("", statement, lambda value: strictjson.convert(value, Statement)),
    "policy": ("", lambda: POLICY, lambda value: Policy.from_json(json.dumps(value).encode())),
    "countersignature": (
        "",
        lambda: json.loads(countersignature()),
        lambda value: countersign.Countersignature.from_json(strictjson.dumps(value)).statement(),
    ),
    "countersigned": (
        "/$defs/statement",
        lambda: payload(countersignature()),
        lambda value: countersign.Statement.from_json(strictjson.dumps(value)),
    ),
}
SOUND = re.compile(
    r"(?:datapackage without (?:mainPageDate|mainPageUrl|title)"
    r"|datapackage-digest without (?:provenance|signedData)"
    r"|policy (?:.*: )?without (?!fingerprint|name|spec)\w+"
    r"|(?:manifest|stated) .*(?:environment|limits|records): without \w+)"
)
"""Changes that leave a sound document, though another one."""


def schema_of(document: str) -> tuple[str, str]:
    """The schema of *document*, and the place in it."""
    return "countersignature" if document == "countersigned" else document, DOCUMENTS[document][0]


@pytest.mark.parametrize("name", schemas.NAMES)
def test_every_schema_is_one(name: str) -> None:
    value = schemas.schema(name)
    Draft202012Validator.check_schema(value)
    assert value["$id"] == f"urn:x-archiver:v1-draft:{name}"
    assert value["additionalProperties"] is False


def test_a_schema_is_published_for_each_document() -> None:
    assert {schema_of(document)[0] for document in DOCUMENTS} | {"result"} == set(schemas.NAMES)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_real_document_is_taken_by_schema_and_code(document: str) -> None:
    name, inside = schema_of(document)
    value = DOCUMENTS[document][1]()
    assert schemas.errors(name, value, inside=inside) == []
    DOCUMENTS[document][2](value)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_changed_document_is_refused_by_schema_and_code(document: str) -> None:
    name, inside = schema_of(document)
    _, make, check = DOCUMENTS[document]
    for how, value in schemas.mutants(make()):
        if SOUND.fullmatch(f"{document} {how}"):
            continue
        assert schemas.errors(name, value, inside=inside), how
        with pytest.raises(FormatError):
            check(value)
            pytest.fail(f"the code takes {how}")


# Structs and schemas, field by field.

STRUCTS: list[tuple[type, str, str]] = [
    (Manifest, "manifest", ""),
    (CaptureEntry, "manifest", "/$defs/capture"),
    (Stated, "stated", ""),
    (Datapackage, "datapackage", ""),
    (DatapackageDigest, "datapackage-digest", ""),
    (dsse._EnvelopeJson, "datapackage-digest", "/$defs/envelope"),
    (waczauth._SignedDataJson, "datapackage-digest", "/properties/signedData"),
    (identity._IdentityJson, "identity", ""),
    (Statement, "statement", ""),
    (policies._PolicyJson, "policy", ""),
    (countersign._CountersignatureJson, "countersignature", ""),
    (countersign.Statement, "countersignature", "/$defs/statement"),
]


@pytest.mark.parametrize(
    ("struct", "name", "place"), STRUCTS, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_struct_and_its_schema_have_the_same_fields_and_types(struct: type, name: str, place: str) -> None:
    node = schemas.schema(name)
    for part in filter(None, place.split("/")):
        node = node[part]
    compare(msgspec.inspect.type_info(struct), node, name, struct.__name__)


def compare(kind: Any, node: dict[str, Any], name: str, where: str) -> None:
    """Assert that *node* of the schema *name* is of the type *kind* of the code."""
    node, name = schemas.resolved(node, name)
    inspect = msgspec.inspect
    if isinstance(kind, inspect.AnyType):
        return
    options = list(alternatives(node, name))
    if isinstance(kind, inspect.UnionType):
        kinds = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        absent = where.endswith("?")  # a default of None stands for a field that is not there
        assert absent or ("null" in json_types(options)) == kind.includes_none, where
        kind = kinds[0]
        options = [one for one in options if one[0].get("type") != "null"]
        assert len(kinds) == 1, where
    (node, name), *more = options
    assert not more, where
    if isinstance(kind, inspect.StructType):
        assert node["type"] == "object" and node["additionalProperties"] is False, where
        assert set(node["properties"]) == {field.encode_name for field in kind.fields}, where
        assert set(node["required"]) == {field.encode_name for field in kind.fields if field.required}, where
        for field in kind.fields:
            mark = "" if field.required else "?"
            compare(
                field.type, node["properties"][field.encode_name], name, f"{where}.{field.encode_name}{mark}"
            )
    elif isinstance(kind, inspect.ListType):
        assert node["type"] == "array", where
        compare(kind.item_type, node.get("items", {}), name, f"{where}[]")
    elif isinstance(kind, inspect.DictType):
        if not isinstance(kind.value_type, inspect.AnyType):
            compare(kind.value_type, node["additionalProperties"], name, f"{where}{{}}")
    elif isinstance(kind, inspect.LiteralType):
        assert set(node["enum"]) == set(kind.values), where
    else:
        plain = {"StrType": "string", "IntType": "integer", "BoolType": "boolean"}
        assert json_types([(node, name)]) - {"null"} == {plain[type(kind).__name__]}, where


def alternatives(node: dict[str, Any], name: str) -> Iterator[tuple[dict[str, Any], str]]:
    if "oneOf" in node and "type" not in node:
        for one in node["oneOf"]:
            yield from alternatives(*schemas.resolved(one, name))
    else:
        yield node, name


def json_types(options: list[tuple[dict[str, Any], str]]) -> set[str]:
    found: set[str] = set()
    for node, _ in options:
        for value in [node["const"]] if "const" in node else node.get("enum", []):
            found.add({str: "string", int: "integer"}[type(value)])
        kinds = node.get("type", [])
        found.update([kinds] if isinstance(kinds, str) else kinds)
    return found


# Results.


def result_of(data: bytes, policy: Policy | None = None) -> Result:
    with memory_file(data) as file:
        return verify(file, policy or small.policy(LIBRARY), name="bundle.wacz")


def another_tools_bundle() -> bytes:
    """A WACZ as other tools make them, unsigned."""
    members = members_of(small.packed())
    listed = ["archive/data.warc.gz", "indexes/index.cdx", "pages/pages.jsonl"]
    package = {
        "profile": "data-package",
        "wacz_version": "1.1.1",
        "software": "another tool 1.0",
        "resources": [
            {
                "name": path.rpartition("/")[2],
                "path": path,
                "hash": str(Digest.of(members[path])),
                "bytes": len(members[path]),
            }
            for path in listed
        ],
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in listed:
            archive.writestr(path, members[path])
        archive.writestr("datapackage.json", json.dumps(package))
    return out.getvalue()


RESULTS: dict[str, Callable[[], Result]] = {
    "passed": lambda: result_of(small.sealed(local=LIBRARY)),
    "untrusted": lambda: result_of(small.sealed(local=LIBRARY), Policy()),
    "packed": lambda: result_of(small.packed()),
    "blanked": lambda: result_of(test_redaction.bundle(test_redaction.SOUND)),
    "imported": lambda: result_of((VECTORS / "imported" / "bundle.wacz").read_bytes()),
    "cut": lambda: result_of(small.sealed(local=LIBRARY)[:-1]),
    "wacz": lambda: result_of(another_tools_bundle()),
    "warc": lambda: result_of(bundle()["archive/data.warc.gz"]),
    "file": lambda: result_of(b"a file of no kind"),
    "empty": lambda: result_of(b""),
}


@pytest.mark.parametrize("case", RESULTS)
def test_a_result_is_as_its_schema_says(case: str) -> None:
    result = RESULTS[case]()
    value = json.loads(msgspec.json.encode(as_json(result)))
    assert schemas.errors("result", value) == []
    assert value["kind"] == (case if case in ("wacz", "warc", "file") else value["kind"])


def test_a_countersigned_files_result_is_as_its_schema_says(tmp_path: Path) -> None:
    (tmp_path / "a.wacz").write_bytes(b"file")
    (tmp_path / "a.wacz.intoto.json").write_bytes(countersignature())
    value = json.loads(msgspec.json.encode(as_json(verify(tmp_path / "a.wacz", small.policy(COURT)))))
    assert value["countersignature"]["role"] == "received"
    assert schemas.errors("result", value) == []


def test_a_changed_result_is_refused_by_its_schema() -> None:
    value = json.loads(msgspec.json.encode(as_json(RESULTS["passed"]())))
    for how, changed in schemas.mutants(value):
        assert schemas.errors("result", changed), how


def test_what_is_printed_where_there_is_no_verdict_is_as_its_schema_says(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["verify", "--json", str(tmp_path / "none.wacz")])
    assert schemas.errors("result", json.loads(done.stdout), inside="/$defs/error") == []


# Vectors.


def test_every_policy_of_the_vectors_fits_its_schema() -> None:
    for path in sorted(VECTORS.glob("*/policy.json")):
        assert schemas.errors("policy", json.loads(path.read_bytes())) == [], path


def test_what_a_passed_vector_holds_fits_the_schemas() -> None:
    names = {
        MANIFEST: "manifest",
        NAME: "datapackage",
        DIGEST_NAME: "datapackage-digest",
        IDENTITY: "identity",
    }
    seen = 0
    for path in sorted(VECTORS.glob("*/expect.json")):
        if json.loads(path.read_bytes())["verdict"] != "PASSED":
            continue
        seen += 1
        members = members_of((path.parent / "bundle.wacz").read_bytes())
        for member, name in names.items():
            assert schemas.errors(name, json.loads(members[member])) == [], (path, name)
        envelope = json.loads(members[DIGEST_NAME])["provenance"]["envelope"]
        payload = json.loads(Envelope.from_builtins(envelope).payload)
        assert schemas.errors("statement", payload) == [], path
    assert seen > 20
