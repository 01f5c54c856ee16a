"""Bundles from a fuzzer's bytes, by a forger who holds the key; and what would contradict their records."""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from typing import Any

from archiver.bundle.bundle import INDEX, MANIFEST, PAGES
from archiver.bundle.datapackage import DIGEST_NAME, NAME
from archiver.bundle.pages import read_pages
from archiver.errors import ArchiverError
from archiver.manifest import project
from archiver.warc.capture import OURS, Capture
from archiver.warc.cdxj import index_bytes
from archiver.warc.window import Window
from tests import small
from tests.memory import memory_file
from tests.rogue import forge, members_of, records_of, redigested, warc_of, zipped
from tests.verify.foreign import lookalikes

WARC = "archive/" + OURS
PARTS = (WARC, INDEX, PAGES, MANIFEST, "records", "whole", DIGEST_NAME, "payload")
"""What the first byte of an input chooses; the rest of the input takes that part's place.

``records`` is a WARC before compression, its digests made right; ``whole`` the same, index and manifest
made anew from it; ``payload`` is what the seal signs.
"""

_EDIT = struct.Struct("<BHBB")
"""One change: the member by its number, an offset, bytes taken out, bytes put in, which follow."""


def seeds() -> list[bytes]:
    """One input for each part: the small bundle itself."""
    members = members_of(small.bundle())
    records = b"".join(records_of(members[WARC]))
    plain = {**members, "records": records, "whole": records, "payload": b"{}"}
    return [bytes([number]) + plain[part] for number, part in enumerate(PARTS)]


def made(data: bytes) -> bytes:
    """The bundle of *data*, hashed and signed anew."""
    part = PARTS[(data[0] if data else 0) % len(PARTS)]
    content = data[1:]
    members = members_of(small.bundle())
    if part == "payload":
        return forge(members, payload=lambda _: content)
    if part in ("records", "whole"):
        warc = warc_of([redigested(record) for record in _split(content)])
        members[WARC] = warc
        if part == "whole":
            members.update(_rebuilt(warc, members[PAGES]))
    elif part == DIGEST_NAME:
        return zipped(members | {DIGEST_NAME: content})
    else:
        members[part] = content
    return forge(members)


def edits() -> list[bytes]:
    """Inputs for `edited` to begin with: a byte of each member changed, and a byte of the container."""
    count = len(members_of(small.bundle()))
    return [_EDIT.pack(number, 10, 1, 1) + b"x" for number in range(count + 1)]


def edited(data: bytes) -> bytes:
    """The small bundle with the edits of *data*, each in a member, or in the whole file after all others.

    The container is made anew around changed members, so that their digests are what is looked at next.
    """
    members = members_of(small.bundle())
    container = edit(members, data)
    whole = {"": zipped(members)}
    edit(whole, container)
    return whole[""]


def edit(members: dict[str, bytes], data: bytes) -> bytes:
    """Make the edits of *data* in *members*; those beyond the last member come back, meant for the first."""
    names = list(members)
    beyond = b""
    at = 0
    while at + _EDIT.size <= len(data):
        where, offset, removed, size = _EDIT.unpack_from(data, at)
        at += _EDIT.size
        new = data[at : at + size]
        at += size
        where %= len(names) + 1
        if where == len(names):
            beyond += _EDIT.pack(0, offset, removed, len(new)) + new
            continue
        held = members[names[where]]
        start = offset % (len(held) + 1)
        members[names[where]] = held[:start] + new + held[start + removed :]
    return beyond


def others(data: bytes) -> bytes:
    """Another tool's bundle with the edits of *data* behind its first byte, which says what is made anew.

    Nothing, or the list of members and its digest, or these and the anonymous signature.
    """
    how = (data[0] if data else 0) % 3
    members = lookalikes.contents()
    if how == 0:
        members = lookalikes.whole(members, lookalikes.anonymous)
    container = edit(members, data[1:])
    if how:
        members = lookalikes.whole(members, lookalikes.anonymous if how == 2 else None)
    whole = {"": lookalikes.zipped(members, deflate=True)}
    edit(whole, container)
    return whole[""]


def contradictions(data: bytes) -> list[str]:
    """What the manifest and the index of the bundle *data* say that its own records deny.

    Read with zipfile, gzip and json: nothing of ours is asked.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as container:
        if container.testzip() is not None or len(set(container.namelist())) != len(container.namelist()):
            return ["container"]
        warc, manifest, index, pages = map(container.read, (WARC, MANIFEST, INDEX, PAGES))
        listed = {entry["path"]: entry["hash"] for entry in json.loads(container.read(NAME))["resources"]}
        held = {name: f"sha256:{hashlib.sha256(container.read(name)).hexdigest()}" for name in listed}
    found = ["members"] if held != listed else []
    described = json.loads(manifest)
    exchanges = {entry["record_id"]: entry for entry in described["derived"]["exchanges"]}
    responses = 0
    for offset, length, header, block in _records(warc):
        if _field(header, b"WARC-Block-Digest") != f"sha256:{hashlib.sha256(block).hexdigest()}":
            found.append(f"block digest at {offset}")
        if _field(header, b"WARC-Type") != "response":
            continue
        entry = exchanges.get(_field(header, b"WARC-Record-ID").strip("<>"))
        status = re.match(rb"(?i)http/[0-9.]+[ \t]+([0-9]{3})", block)
        if entry is None:
            if status and b"\n\n" in block.replace(b"\r", b""):
                found.append(f"response at {offset} is not in the manifest")
            continue
        responses += 1
        said: dict[str, Any] = {
            "offset": offset,
            "length": length,
            "url": _field(header, b"WARC-Target-URI"),
            "date": _field(header, b"WARC-Date"),
            "status": int(status[1]) if status else None,
            "block_digest": f"sha256:{hashlib.sha256(block).hexdigest()}",
        }
        found += [f"{name} at {offset}" for name, value in said.items() if entry[name] != value]
    if responses != len(exchanges):
        found.append("exchanges of no record")
    places = {(str(entry["offset"]), str(entry["length"])): entry for entry in exchanges.values()}
    for line in index.splitlines():
        value = json.loads(line.split(b" ", 2)[2])
        there = places.get((value["offset"], value["length"]))
        if there is None or (there["url"], str(there["status"])) != (value["url"], value["status"]):
            found.append(f"index line {line[:80]!r}")
    answered = {(entry["url"], entry["date"]) for entry in exchanges.values()}
    for line in pages.splitlines()[1:]:
        page = json.loads(line)
        if (page["url"], page["ts"]) not in answered:
            found.append(f"page {page['url']!r:.80}")
    return found


def _split(content: bytes) -> list[bytes]:
    pieces = re.split(rb"(?=WARC/1\.1\r\n)", content)
    return [piece for piece in pieces if piece]


def _rebuilt(warc: bytes, pages: bytes) -> dict[str, bytes]:
    """Index and manifest as they follow from *warc*, where they do."""
    with memory_file(warc) as file:
        try:
            capture = Capture({OURS: Window(file)})
            manifest = project(capture, ((page.url, page.ts) for page in read_pages(pages)))
            return {INDEX: index_bytes(capture), MANIFEST: manifest.to_json()}
        except ArchiverError:
            return {}


def _records(warc: bytes) -> list[tuple[int, int, bytes, bytes]]:
    found = []
    offset = 0
    stream = warc
    while stream:
        unpacker = zlib.decompressobj(31)
        record = unpacker.decompress(stream) + unpacker.flush()
        length = len(stream) - len(unpacker.unused_data)
        header, _, rest = record.partition(b"\r\n\r\n")
        found.append((offset, length, header, rest[:-4]))
        offset, stream = offset + length, unpacker.unused_data
    return found


def _field(header: bytes, name: bytes) -> str:
    found = re.search(rb"(?m)^" + name + rb": (.*?)\r?$", header)
    return found[1].decode("latin-1") if found else ""
