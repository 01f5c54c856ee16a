"""The published examples: what the parts of one vector hold, laid out for people.

``python -m tests.contract.examples`` writes them anew.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from archiver import strictjson
from archiver.bundle.bundle import IDENTITY, INDEX, MANIFEST, PAGES
from archiver.bundle.datapackage import DIGEST_NAME, NAME
from archiver.cli.render import as_json
from archiver.signing.dsse import Envelope
from archiver.verify import Policy, verify
from archiver.warc.stated import MEDIA_TYPE
from tests.contract.schemas import CONTRACT
from tests.memory import memory_file
from tests.rogue import members_of, records_of

FOLDER = CONTRACT / "examples"
VECTOR = CONTRACT / "vectors" / "captured-with-everything"


@functools.cache
def documents() -> Mapping[str, bytes]:
    """What each example shows, byte for byte as the bundle or the program has it."""
    path = VECTOR / "bundle.wacz"
    data = path.read_bytes()
    members = members_of(data)
    records = records_of(members["archive/data.warc.gz"])
    header, _, block = records[-1].partition(b"\r\n\r\n")
    assert MEDIA_TYPE.encode() in header
    policy = (VECTOR / "policy.json").read_bytes()
    with memory_file(data) as file:
        result = verify(file, Policy.from_json(policy), name=path.name)
    closing = strictjson.loads_canonical(members[DIGEST_NAME])
    return {
        "01-records.txt": b"".join(records[:-1]),
        "02-stated.json": block.removesuffix(b"\r\n\r\n"),
        "03-index.cdx": members[INDEX],
        "04-pages.jsonl": members[PAGES],
        "05-manifest.json": members[MANIFEST],
        "06-identity.json": members[IDENTITY],
        "07-datapackage.json": members[NAME],
        "08-statement.json": Envelope.from_builtins(closing["provenance"]["envelope"]).payload,
        "09-datapackage-digest.json": members[DIGEST_NAME],
        "10-policy.json": policy,
        "11-result.json": msgspec.json.encode(as_json(result)),
    }


def files() -> Mapping[str, bytes]:
    """Every file of the folder but its README."""
    return {name: shown(name, data) for name, data in documents().items()}


def shown(name: str, data: bytes) -> bytes:
    """*data* as it is laid out in the file of that *name*."""
    if name.endswith(".json"):
        return json.dumps(json.loads(data), indent=2, ensure_ascii=False).encode() + b"\n"
    if name.endswith(".txt"):
        return data.replace(b"\r\n", b"\n")
    return data


def write(folder: Path) -> None:
    """Write the examples into *folder*."""
    for name, data in files().items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    write(FOLDER)
