"""A second verifier of bundle format v1, written from the text in this folder and from nothing else.

    python verify.py verify --json --policy POLICY.json BUNDLE.wacz

It prints one JSON object with `verdict` and `checks` and ends with 0 (PASSED), 3 (INDETERMINATE) or 1
(FAILED); with 2 where there is no verdict, with 4 where this program is wrong. It is plain rather than fast,
judges bundles of this format alone, and follows the text from top to bottom: the numbers are its sections.
Countersignatures beside the file (part 12) are not looked at. It needs Python 3.11 and `cryptography`.
"""

from __future__ import annotations

import argparse
import base64
import bisect
import contextlib
import hashlib
import itertools
import json
import os
import re
import stat
import struct
import sys
import time
import urllib.parse
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, utils

OURS, INDEX, PAGES = "archive/data.warc.gz", "indexes/index.cdx", "pages/pages.jsonl"
MANIFEST, IDENTITY = "provenance/manifest.json", "provenance/identity.json"
PACKAGE, DIGEST = "datapackage.json", "datapackage-digest.json"
MIB, PIECE = 1_048_576, 65_536
URN = "urn:uuid:c5450e06-fa35-4295-8315-053544d24f8b"

# 9.3: codes that do not mean FAILED
NOTES = "OK CLAIMED_TIME NOT_RELIED_ON IMPORT_NOTE".split()
OPEN = (
    "NO_SIGNATURE UNTRUSTED_SIGNER THRESHOLD_NOT_REACHED UNSUPPORTED_VERSION RESOURCE_LIMIT CLOCK"
    " SETTING_REFUSED STATUS_REFUSED"
).split()


class Broken(Exception):  # noqa: N818
    """What ends a check (9.1); *check* where it is of another one than the one at hand."""

    def __init__(self, message: str, code: str = "FORMAT_FAILURE", check: str = "") -> None:
        super().__init__(message)
        self.code, self.check = code, check


class Report:
    """The findings (9.1)."""

    def __init__(self) -> None:
        self.checks: list[dict[str, str]] = []

    def add(self, name: str, code: str = "OK", message: str = "", verdict: str = "") -> None:
        verdict = verdict or ("PASSED" if code in NOTES else "INDETERMINATE" if code in OPEN else "FAILED")
        self.checks.append({"name": name, "verdict": verdict, "code": code, "message": message})

    def end(self, name: str, error: Broken) -> None:
        self.add(error.check or name, error.code, str(error))

    def settle(self, name: str) -> None:
        """Give *name* its one finding if it has none."""
        if not any(one["name"] == name for one in self.checks):
            self.add(name)

    def verdict(self, *names: str) -> str:
        """The worst verdict of the checks *names*, of all where none is named."""
        found = {one["verdict"] for one in self.checks if not names or one["name"] in names}
        return next((one for one in ("FAILED", "INDETERMINATE") if one in found or not found), "PASSED")


# 1 Text


def read_json(data: bytes, *, strict: bool, limit: int = 134_217_728) -> Any:
    """1.1 (*strict*: canonical) and 1.3 (JSON that others wrote)."""
    bare = re.sub(rb'"(?:[^"\\]++|\\.)*+"?', b"", data, flags=re.DOTALL) if len(data) <= limit else b""
    if len(data) > limit or bare.count(b"{") + bare.count(b"[") > 500_000 or bare.count(b",") > 2_500_000:
        raise Broken("JSON too large", "RESOURCE_LIMIT")
    depth = 0
    for bracket in re.finditer(rb"[\[\]{}]", bare):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > 64:
            raise Broken("JSON nested too deep")
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=lambda pairs: object_of(pairs, strict),
            parse_constant=refuse,
            parse_float=refuse if strict else float,
            parse_int=lambda digits: integer_of(digits, strict),
        )
        if (encoded := canonical(value)) != data and strict:
            raise Broken(f"JSON not canonical: {len(encoded)} bytes are, {len(data)} stand")
    except ValueError as error:
        raise Broken(f"no JSON: {error}") from None
    return value


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def object_of(pairs: list[tuple[str, Any]], strict: bool) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise Broken("JSON with a key twice")
    if strict and not all(key.isascii() for key, _ in pairs):
        raise Broken("JSON with a key beyond ASCII")
    return dict(pairs)


def integer_of(digits: str, strict: bool) -> int:
    if len(digits) > 20 or (strict and abs(int(digits)) > 2**53 - 1):
        raise Broken("JSON with too large an integer")
    return int(digits)


def refuse(literal: str) -> Any:
    raise Broken(f"JSON with the number {literal[:20]}")


def shape(value: Any, form: Any, what: str) -> None:
    """1.2: *value* is of *form*: a type, a pattern, a list for an array, (form, None)
    for what may be null, a dict for a closed object (`?` behind a name that may be absent; with the one name
    `*` any names), or a function that says whether it is."""
    if isinstance(form, dict) and isinstance(value, dict):
        inner = dict.fromkeys(value, form["*"]) if "*" in form else {}
        for name in form.keys() - {"*"}:
            if not name.endswith("?") or name[:-1] in value:
                inner[name.removesuffix("?")] = form[name]
        if inner.keys() != value.keys():
            raise Broken(f"{what} has other fields than it must: {sorted(inner.keys() ^ value.keys())[:3]}")
        for name in inner:
            shape(value[name], inner[name], f"{what}.{name}")
    elif isinstance(form, list) and isinstance(value, list):
        for place, entry in enumerate(value):
            shape(entry, form[0], f"{what}[{place}]")
    elif isinstance(form, tuple):
        if value is not None:
            shape(value, form[0], what)
    elif isinstance(form, type):
        if type(value) is not form:
            raise Broken(f"{what} is no {form.__name__}")
    elif isinstance(form, re.Pattern):
        if type(value) is not str or not form.fullmatch(value):
            raise Broken(f"{what} is not as it must be")
    elif isinstance(form, (dict, list)) or not form(value):
        raise Broken(f"{what} is of another form than it must be")


def texts(names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split(), str)


def one_of(names: str) -> re.Pattern[str]:
    return re.compile(names.replace(" ", "|"))


def base64_of(text: str) -> bytes:
    """1.4."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise Broken("no base64") from None
    if base64.b64encode(data).decode() != text:
        raise Broken("base64 in another than its one spelling")
    return data


HASH = re.compile("sha256:[0-9a-f]{64}")


def digest_of(data: bytes) -> str:
    """1.5."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


MOMENT = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?Z)?)?)?"
)


def moment(text: str) -> int | None:
    """1.6 and 11.1 (8): microseconds since 1970, None if *text* is no date that exists."""
    match = MOMENT.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(match[at] or "011000"[at - 1]) for at in range(1, 7))
    micro = int((match[7] or "").ljust(9, "0")[:6])
    try:
        found = datetime(year, month, day, hour, minute, second, micro, UTC)
    except ValueError:
        return None
    return (found - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def seconds(text: str) -> int | None:
    """1.6, the first form."""
    found = moment(text) if len(text) == len("2026-11-23T10:06:51Z") else None
    return None if found is None else found // 1_000_000


def lower(text: str) -> str:
    """A to Z, and no other letter, in lower case."""
    return re.sub("[A-Z]+", lambda run: run[0].lower(), text)


# 2 Container


@dataclass
class Bundle:
    file: BinaryIO
    size: int
    policy: dict[str, Any]
    members: dict[str, tuple[int, int, int]] = field(default_factory=dict)  # start, size, CRC-32 of the data

    def read(self, at: int, length: int) -> bytes:
        self.file.seek(at)
        return self.file.read(max(length, 0))

    def limit(self, name: str, default: int) -> int:
        return int(self.policy.get("limits", {}).get(name, default))

    def whole(self, name: str) -> bytes:
        """A member that is read as a whole (9.1, 9.5)."""
        if name not in self.members:
            raise Broken(f"{name} is missing", "MISSING_MEMBER")
        return self.read(*self.members[name][:2])

    def archives(self) -> list[str]:
        return sorted(name for name in self.members if name.startswith("archive/"))

    def archive_bytes(self) -> int:
        return sum(self.members[name][1] for name in self.archives())


NAME = re.compile(r"(?:[a-z0-9_-]+/)?[a-z0-9_-][a-z0-9._-]*\.[a-z0-9._-]+")


def name_is_sound(name: str) -> bool:
    """2.2."""
    folder, slash, _ = name.rpartition("/")
    if len(name) > 200 or not NAME.fullmatch(name):
        return False
    if not slash:
        return name in (PACKAGE, DIGEST)
    return (
        folder in ("archive", "article", "indexes", "pages", "provenance")
        and (folder != "indexes" or name == INDEX)
        and (folder != "pages" or name == PAGES)
        and (folder == "archive") == name.endswith((".warc", ".warc.gz"))
        and (folder in ("indexes", "pages") or not re.search(r"\.(?:cdxj?|idx)(?:\.gz)?$", name))
    )


def read_container(bundle: Bundle) -> None:
    """2.4: read names, sizes and CRC-32s, make all other bytes anew, compare."""
    end = bundle.read(max(bundle.size - 22, 0), 22)
    if bundle.size < 22 or not end.startswith(b"PK\x05\x06"):
        raise Broken("no end record")
    count, start = struct.unpack("<H4xI", end[10:20])
    if count == 0xFFFF or start == 0xFFFFFFFF:
        wide = bundle.read(bundle.size - 98, 56) if bundle.size >= 98 else b""
        if not wide.startswith(b"PK\x06\x06"):
            raise Broken("no Zip64 end record")
        count, start = struct.unpack("<Q8xQ", wide[32:56])
    if start > bundle.size:
        raise Broken("the central directory begins behind the file")
    if count > bundle.limit("members", 10_000):
        raise Broken(f"{count} members", "RESOURCE_LIMIT")
    place, found = start, list[tuple[bytes, int, int]]()
    for _ in range(count):
        entry = bundle.read(place, 46)
        if not entry.startswith(b"PK\x01\x02") or len(entry) < 46:
            raise Broken("an entry of the central directory is missing")
        crc, size, name_length, extra_length = struct.unpack("<I4xIHH", entry[16:32])
        rest = bundle.read(place + 46, name_length + extra_length)
        if size == 0xFFFFFFFF:
            (size,) = struct.unpack("<Q", rest[name_length:][4:12].ljust(8, b"\0"))
        found.append((rest[:name_length], size, crc))
        place += 46 + name_length + extra_length
    compare_container(bundle, found)


def compare_container(bundle: Bundle, found: list[tuple[bytes, int, int]]) -> None:
    """2.1 to 2.3."""
    position, directory = 0, []
    for raw, size, crc in found:
        if not raw.isascii() or not name_is_sound(raw.decode()):
            raise Broken(f"the name {raw[:200]!r}")
        local, central = entry_bytes(raw, size, crc, position)
        if bundle.read(position, len(local)) != local:
            raise Broken(f"the local header of {raw.decode()} is another than it must be")
        bundle.members[raw.decode()] = (position + len(local), size, crc)
        position += len(local) + size
        directory.append(central)
        if position > bundle.size:
            raise Broken("the members are larger than the file")
    tail = b"".join(directory)
    tail += end_bytes(len(found), position, len(tail))
    if position + len(tail) != bundle.size or bundle.read(position, len(tail)) != tail:
        raise Broken("the central directory or what is behind it is another than it must be")
    names = [raw.decode() for raw, _, _ in found]
    if len(set(names)) != len(names) or names != sorted(
        names, key=lambda one: (one == DIGEST, one == PACKAGE, one)
    ):
        raise Broken("the members are in another order, or one is there twice")
    for name in (INDEX, PAGES, IDENTITY, MANIFEST, PACKAGE, DIGEST):  # 9.2
        if name in bundle.members and bundle.members[name][1] > bundle.limit("json_bytes", 134_217_728):
            raise Broken(f"{name} is too large", "RESOURCE_LIMIT")


def entry_bytes(name: bytes, size: int, crc: int, header: int) -> tuple[bytes, bytes]:
    """2.1: the local header and the entry of the central directory."""
    big, far = size >= 0xFFFFFFFF, header >= 0xFFFFFFFF
    common = struct.pack("<5H", 45 if big or far else 10, 0, 0, 0, 0x0021)
    common += struct.pack("<3IH", crc, min(size, 0xFFFFFFFF), min(size, 0xFFFFFFFF), len(name))
    local_extra = struct.pack("<2H2Q", 1, 16, size, size) if big else b""
    wide = struct.pack("<2Q", size, size) * big + struct.pack("<Q", header) * far
    extra = struct.pack("<2H", 1, len(wide)) + wide if wide else b""
    central = b"PK\x01\x02" + struct.pack("<H", 0x0014) + common + struct.pack("<4HI", len(extra), 0, 0, 0, 0)
    central += struct.pack("<I", min(header, 0xFFFFFFFF)) + name + extra
    return b"PK\x03\x04" + common + struct.pack("<H", len(local_extra)) + name + local_extra, central


def end_bytes(count: int, start: int, length: int) -> bytes:
    """2.1: the Zip64 end record and its locator where needed, and the end record."""
    made = b""
    if count >= 0xFFFF or start >= 0xFFFFFFFF:
        made = b"PK\x06\x06" + struct.pack("<Q2H2I4Q", 44, 0x0014, 45, 0, 0, count, count, length, start)
        made += b"PK\x06\x07" + struct.pack("<IQI", 0, start + length, 1)
    few = min(count, 0xFFFF)
    return made + b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, few, few, length, min(start, 0xFFFFFFFF), 0)


# 3 WARC


class Source:
    """Bytes that come in pieces: looked at, taken, counted."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.buffer, self.next, self.at = pieces, b"", 0, 0

    def peek(self, length: int) -> bytes:
        """The next *length* bytes, fewer at the end, not taken."""
        have, more = len(self.buffer) - self.next, list[bytes]()
        while have < length and (piece := next(self.pieces, b"")):
            more.append(piece)
            have += len(piece)
        if more:
            self.buffer, self.next = b"".join([self.buffer[self.next :], *more]), 0
        return self.buffer[self.next : self.next + length]

    def take(self, length: int) -> bytes:
        taken = self.peek(length)
        self.next += len(taken)
        self.at += len(taken)
        return taken

    def line(self) -> bytes | None:
        """4.4: a line without its end; None if there is none."""
        line, feed, _ = self.peek(16_385).partition(b"\n")
        self.take(len(line) + 1)
        return line.removesuffix(b"\r") if feed else None

    def rest(self) -> Iterator[bytes]:
        while piece := self.take(PIECE):
            yield piece


def exactly(source: Source, length: int) -> Iterator[bytes]:
    while length:
        piece = source.take(min(length, PIECE))
        if not piece:
            raise Broken("a record is cut short", check="records")
        length -= len(piece)
        yield piece


def hashed(pieces: Iterator[bytes], hashers: list[Any]) -> Iterator[bytes]:
    for piece in pieces:
        for hasher in hashers:
            hasher.update(piece)
        yield piece


Left = dict[str, int]  # what may still be spent, by the names of 9.5


def spend(left: Left, what: str, number: int) -> None:
    left[what] -= number
    if left[what] < 0:
        raise Broken(f"more {what} than are read", "RESOURCE_LIMIT", "records")


@dataclass
class Record:
    archive: str  # without archive/
    fields: dict[str, str]
    size: int  # of the block
    offset: int = 0
    length: int = 0
    record_digest: str = ""
    first: bool = True  # in its gzip member
    block: bytes | None = None  # where it is kept
    block_digest: str = ""
    head: int = 0  # bytes of the HTTP head, 0 without one
    plain: bool = False
    in_doubt: bool = False  # where the head ends
    odd_framing: bool = False
    method_sent: str = ""  # of a request
    begun: bool = False  # a response whose first line is a status line
    status: int = 0
    mime: str = "unk"
    moved: bool = False  # has a Location
    server_date: str = ""
    entity_digest: str = ""
    entity_size: int = 0
    trailer: int | None = None  # where it begins in the block, the LF before it included
    concurrent: list[str] = field(default_factory=list)
    request: Record | None = None  # about this record
    facts: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.type, self.id = self.fields["warc-type"], self.get("warc-record-id")
        self.url, self.date = self.get("warc-target-uri"), self.get("warc-date")

    def get(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def method(self) -> str:
        return (self.request.method_sent if self.request else "") or "GET"

    def fact(self, name: str) -> str | None:
        return self.facts[name][0] if name in self.facts else None


@dataclass
class Found:
    """What is said of the records of all archives: findings (code, message) and the notes of 11.5."""

    findings: list[tuple[str, str]] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)


def read_archive(bundle: Bundle, name: str, left: Left, found: Found) -> list[Record]:
    """3.1, and of imported archives 11.1 (1 to 3): all records, to the end."""
    start, size, _ = bundle.members[name]
    ours, records, ids = name == OURS, list[Record](), set[str]()
    packed, at = ours or bundle.read(start, min(2, size)) == b"\x1f\x8b", 0
    while at < size:
        if ours and bundle.read(start + at, 4) != b"\x1f\x8b\x08\0":
            raise Broken(f"no gzip member without flags at {at}")
        if packed and not ours and bundle.read(start + at, 4)[3:] != b"\0":
            found.notes.add("gzip-fields")
        place: dict[str, Any] = {}
        source = Source((member if packed else plain)(bundle, start + at, start + size, left, place))
        here = list[Record]()
        while source.peek(1) or not here:
            spend(left, "records", 1)
            begin = source.at
            record, digest = read_record(source, name, left, found)
            record.first = not packed or not here
            record.offset, record.length, record.record_digest = begin, source.at - begin, digest
            here.append(record)
            if ours:
                if source.take(5) != b"\r\n\r\n":
                    raise Broken("what follows a block is not CR LF CR LF and nothing else")
                check_place(record, records)
                if record.id in ids:
                    raise Broken("an id stands twice")
                ids.add(record.id)
            elif not line_ends(source):
                found.notes.add("record-end")
        if packed and len(here) > 1:
            found.notes.add("several-records-in-a-member")
        for record in here if packed else []:
            record.offset, record.length, record.record_digest = at, place["length"], place["digest"]
        records += here
        at += place["length"]
    if not records and not ours:
        raise Broken(f"{name} is empty")
    return records


def member(bundle: Bundle, at: int, end: int, left: Left, place: dict[str, Any]) -> Iterator[bytes]:
    """Unpack the gzip member at *at*; *place* gets its length and its digest at its end."""
    inflater, digest, begin, packed = zlib.decompressobj(31), hashlib.sha256(), at, b""
    while not inflater.eof:
        data = inflater.unconsumed_tail
        if not data:
            digest.update(packed)
            data = packed = bundle.read(at, min(PIECE, end - at))
            at += len(packed)
        try:
            piece = inflater.decompress(data, PIECE)
        except zlib.error as error:
            raise Broken(f"no sound gzip member: {error}", check="records") from None
        if not data and not piece and not inflater.eof:
            raise Broken("a gzip member is cut short", check="records")
        if piece:
            spend(left, "bytes unpacked", len(piece))
            yield piece
    digest.update(packed[: len(packed) - len(inflater.unused_data)])
    place["length"] = at - len(inflater.unused_data) - begin
    place["digest"] = "sha256:" + digest.hexdigest()


def plain(bundle: Bundle, at: int, end: int, left: Left, place: dict[str, Any]) -> Iterator[bytes]:
    place["length"] = end - at
    while piece := bundle.read(at, min(PIECE, end - at)):
        spend(left, "bytes unpacked", len(piece))
        at += len(piece)
        yield piece


def line_ends(source: Source) -> bool:
    """11.1 (2): take all CRs and LFs; whether they were CR LF CR LF."""
    exact, at = source.peek(4) == b"\r\n\r\n", source.at
    while (piece := source.peek(PIECE)) and len(piece) > len(rest := piece.lstrip(b"\r\n")):
        source.take(len(piece) - len(rest))
    return exact and source.at - at == 4


ID = "<(urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})>"
SHOWN = "([!-~](?:[ -~]*[!-~])?)"
DATE = r"([0-9]{4}-[01][0-9]-[0-3][0-9]T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z)"
HEADER_FIELDS = rf"""
!  WARC-Type            (warcinfo|response|request|metadata|resource)
!  WARC-Record-ID       {ID}
!  WARC-Date            {DATE}
-  WARC-Target-URI      ([!-;=?-~]{{1,65536}})
-  WARC-IP-Address      ([0-9A-Fa-f.:]+)
-  WARC-Protocol        (http/1\.[01])
-  WARC-Protocol        (tls/1\.[0-3])
-  WARC-Cipher-Suite    {SHOWN}
-  WARC-Truncated       (length|time|disconnect|unspecified)
-  WARC-Concurrent-To   {ID}
-  WARC-Payload-Digest  {SHOWN}
-  WARC-Block-Digest    {SHOWN}
!  Content-Type         {SHOWN}
!  Content-Length       (0|[1-9][0-9]{{0,17}})
"""
HEADER_LINES = [line.split(None, 2) for line in HEADER_FIELDS.strip().split("\n")]
HEADER_LINE = "".join(f"(?:{name}: {value}\r\n)" + "?" * (mark == "-") for mark, name, value in HEADER_LINES)
HEADER = re.compile(rf"WARC/1\.1\r\n{HEADER_LINE}\r\n")
BLANK_LINE = re.compile(rb"\n\r?\n")


def read_header(source: Source) -> bytes:
    length = 4096
    while True:
        front = source.peek(length)
        if match := BLANK_LINE.search(front):
            return source.take(match.end())
        if len(front) < length or length >= MIB:
            raise Broken("the header of a record does not end")
        length = min(8 * length, MIB)


def our_header(header: bytes) -> dict[str, str]:
    """3.2."""
    match = HEADER.fullmatch(header.decode("latin-1"))
    if not match:
        raise Broken("the header of a record is of another form")
    values = zip(HEADER_LINES, match.groups(), strict=True)
    fields = {name.lower(): value for (_, name, _), value in values if value is not None}
    if moment(fields["warc-date"]) is None:
        raise Broken("a WARC-Date that does not exist")
    return fields


FACTS, PEM = "application/warc-fields", "application/pem-certificate-chain"
STATED = "application/vnd.archiver.capture.v1+json"
PLACES = {  # 3.3
    "warcinfo": (FACTS,),
    "response": ("application/http;msgtype=response",),
    "request": ("application/http;msgtype=request",),
    "resource": (PEM,),
    "metadata": (FACTS, STATED),
}


def check_place(record: Record, before: list[Record]) -> None:
    """3.3, 3.9."""
    content = record.get("content-type")
    if content not in PLACES[record.type]:
        raise Broken(f"a {record.type} record of another Content-Type")
    if (record.type == "warcinfo") == ("warc-target-uri" in record.fields):
        raise Broken(f"a {record.type} record with a URL, or without one")
    if before and (record.type == "warcinfo" or before[-1].get("content-type") == STATED):
        raise Broken("a further warcinfo record, or a record behind the stated one")
    if content == STATED and (record.concurrent or record.url != record.id):
        raise Broken("the stated record is about something")
    if record.type == "metadata" and content == FACTS and not record.concurrent:
        raise Broken("facts about nothing")
    if record.type == "resource":
        certificate = r"-----BEGIN CERTIFICATE-----\n((?:[A-Za-z0-9+/=]{1,64}\n)+)-----END CERTIFICATE-----\n"
        text = (record.block or b"").decode("latin-1")
        chain = [match[1] for match in re.finditer(certificate, text)]
        if not chain or sum(len(one) + 54 for one in chain) != len(text):
            raise Broken("a record of certificates of another form")
        if any(len(line) != 64 for one in chain for line in one.split("\n")[:-2]):
            raise Broken("a certificate in lines of another length")
        digests = iter([digest_of(base64_of(one.replace("\n", ""))) for one in chain])
        if "urn:" + next(digests) != record.url:
            raise Broken("certificates under another name")


def read_record(source: Source, name: str, left: Left, found: Found) -> tuple[Record, str]:
    """3.2, 3.4 and 3.5, of imported archives 11.1 and 11.2: one record, its block taken to its end, and the
    digest of both as they stand."""
    ours = name == OURS
    header = read_header(source)
    fields, concurrent = (our_header(header), []) if ours else their_header(header, found.notes)
    size = int(fields["content-length"])
    record = Record(name.removeprefix("archive/"), fields, size, concurrent=concurrent)
    if ours and "warc-concurrent-to" in fields:
        record.concurrent = [fields["warc-concurrent-to"]]
    spend(left, "bytes kept", (1024 if ours else 1536) + len(header) + 200 * len(concurrent))
    whole, block_algorithm, payload_algorithm = hashlib.sha256(header), "sha256", "sha256"
    if not ours:
        block_algorithm = declared(record.get("warc-block-digest"))[0] or "sha256"
        payload_algorithm = declared(record.get("warc-payload-digest"))[0] or "sha256"
    block_hasher, extra = hashlib.sha256(), hashlib.new(block_algorithm)
    block = Source(hashed(exactly(source, record.size), [whole, block_hasher, extra]))
    keep_block(record, block, ours, left)
    payload, entity = read_block(record, block, payload_algorithm, ours, left)
    record.block_digest = "sha256:" + block_hasher.hexdigest()
    if ours:
        found.findings += our_digests(record, payload)
    else:
        found.findings += their_digests(record, extra.digest(), payload, entity, found.notes)
    return record, "sha256:" + whole.hexdigest()


def keep_block(record: Record, block: Source, ours: bool, left: Left) -> None:
    """The blocks that are needed later; their bounds are those of 3.7, 3.9 and 3.10."""
    content, limit = record.get("content-type"), 2_097_152
    if ours and record.type in ("metadata", "resource"):
        limit = 67_108_864 if content == STATED else limit
        if record.size <= limit:
            record.block = block.peek(limit)
        elif content == PEM:
            raise Broken("a record of certificates is too large", "RESOURCE_LIMIT")
    elif record.type == "request" and record.size <= limit and not block.peek(4).startswith(b"GET "):
        record.block = block.peek(limit)
    spend(left, "bytes kept", len(record.block or b"") if content != STATED else 0)


REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) [^ \r\n]+ HTTP/1\.[01]\r\n")
THEIR_REQUEST = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) ")


def read_block(record: Record, block: Source, algorithm: str, ours: bool, left: Left) -> tuple[bytes, bytes]:
    """4.1 to 4.4: read the HTTP head, take the block to its end; the digests by *algorithm* of the payload as
    it stands and of the entity body."""
    front, chunked = block.peek(MIB), False
    http = ours or lower(record.get("content-type").split(";")[0].strip(" \t")) == "application/http"
    blank = BLANK_LINE.search(front)
    end = blank.end() if blank else 0
    if record.type == "request" and http:
        sent = (REQUEST_LINE if ours else THEIR_REQUEST).match(front)
        if ours and not (sent and end):
            raise Broken("a request that is not HTTP")
        if sent and end:
            record.head, record.method_sent = end, sent[1].decode()
    elif record.type in ("response", "revisit") and http and (status := status_of(front)) is not None:
        record.head, record.status, record.begun = end, status, True
    if record.head and record.type != "request":
        fields = fields_of(front[:end].partition(b"\n")[2].split(b"\n")[:5000])
        spend(left, "bytes kept", end + 200 * len(fields))
        chunked = read_fields(record, fields)
    record.plain = bool(record.head) and head_is_plain(front[: record.head])
    record.in_doubt = bool(record.head) and not ends_once(front[: record.head])
    block.take(record.head)
    payload, entity = ([hashlib.sha256(), hashlib.new(algorithm)] for _ in range(2))
    body, size, exact = Source(hashed(block.rest(), payload)), None, True
    if chunked:
        size, trailer, exact = dechunk(body, entity, left)
        record.trailer = None if trailer is None else record.head + trailer
    for _ in body.rest():
        pass
    record.odd_framing |= chunked and (size is None or not exact)
    if size is None:
        size, entity = body.at, payload
    record.entity_size, record.entity_digest = size, "sha256:" + entity[0].hexdigest()
    return payload[1].digest(), entity[1].digest()


def head_is_plain(head: bytes) -> bool:
    """3.4."""
    coding = re.search(rb"^[ \t\r\f\v]*transfer-encoding[ \t\r\f\v]*:", head, re.MULTILINE | re.IGNORECASE)
    return ends_once(head) and not coding


def ends_once(head: bytes) -> bool:
    end = re.search(rb"\n[^!-~\n]*\n", head)
    return bool(end and end.end() == len(head))


def our_digests(record: Record, payload: bytes) -> list[tuple[str, str]]:
    """The findings of 3.4 and 3.5."""
    findings, where = list[tuple[str, str]](), f"of the record at {record.offset}"
    given = [("Block", record.fields.get("warc-block-digest"), record.block_digest)]
    stated = record.fields.get("warc-payload-digest")
    if record.type in ("request", "response") and record.plain:
        given.append(("Payload", stated, "sha256:" + payload.hex()))
    elif stated is not None:
        findings.append(("FORMAT_FAILURE", f"a WARC-Payload-Digest where none may be, {where}"))
    for what, value, computed in given:
        if value is None or not value.startswith("sha256:"):
            findings.append(("FORMAT_FAILURE", f"no WARC-{what}-Digest with SHA-256, {where}"))
        elif value != computed:
            findings.append(("HASH_FAILURE", f"the WARC-{what}-Digest {where}"))
    if record.type == "response" and not record.head and not (record.begun and record.get("warc-truncated")):
        findings.append(("FORMAT_FAILURE", f"no HTTP response {where}"))
    return findings


FACT_NAME = "(?:interim-[1-9][0-9]{0,3}:)?[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}"
FACT_LINES = [  # 3.7
    ("fetchTimeMs", "(0|[1-9][0-9]{0,14})"),
    ("tlsVersion", SHOWN),
    ("tlsCertificateChain", "<(urn:uuid:[0-9a-f-]{36})>"),
    ("via", SHOWN),
    ("hopsFromSeed", SHOWN),
    ("supersededBy", "<(urn:uuid:[0-9a-f-]{36})>"),
    ("interim-[1-9][0-9]{0,3}", SHOWN),
    ("redacted", f"({FACT_NAME} (?:0|[1-9][0-9]{{0,17}}) [1-9][0-9]{{0,8}})"),
]


def read_facts(record: Record) -> dict[str, list[str]]:
    """3.7: the values by name, those of all interim lines under `interim`."""
    if record.block is None:
        raise Broken("a facts record is too large", "RESOURCE_LIMIT")
    facts, place = dict[str, list[str]](), 0
    *lines, rest = record.block.decode("latin-1").split("\r\n")
    if rest:
        raise Broken("facts do not end in CR LF")
    for line in lines:
        for at in range(place, len(FACT_LINES)):
            if match := re.fullmatch(": ".join(FACT_LINES[at]), line):
                break
        else:
            raise Broken("a line of facts of another form, in another place or twice")
        several = FACT_LINES[at][0] == "redacted" or FACT_LINES[at][0].startswith("interim")
        place = at if several else at + 1
        values = facts.setdefault(FACT_LINES[at][0].split("-")[0], [])
        values.append(match[1])
        if FACT_LINES[at][0].startswith("interim"):
            base64_of(match[1])
            if not line.startswith(f"interim-{len(values)}: "):
                raise Broken("interim responses are counted with a gap")
    return facts


def assemble(records: list[Record]) -> list[Record]:
    """3.8: put together what belongs together in our archive; the exchanges."""
    by_id = {record.id: record for record in records}
    with_facts = set[str]()
    for record in records:
        facts = record.type == "metadata" and record.get("content-type") == FACTS
        if record.type != "request" and not facts:
            continue
        about = by_id.get(record.concurrent[0]) if record.concurrent else record
        if about is None or about.type not in ("request", "response") or about.url != record.url:
            raise Broken("a request or facts about no such record")
        if record.type == "request":
            if about.request:
                raise Broken("two requests about one record")
            about.request = record
            continue
        if about.id in with_facts:
            raise Broken("two facts records about one record")
        with_facts.add(about.id)
        about.facts = read_facts(record)
        chain = about.fact("tlsCertificateChain")
        if chain is not None and (chain not in by_id or by_id[chain].get("content-type") != PEM):
            raise Broken("facts name certificates that are not there")
    for record in records:
        if (name := record.fact("supersededBy")) is not None:
            other = by_id.get(name)
            if (
                other is None
                or other.type != "response"
                or (other.url, other.method) != (record.url, record.method)
                or "supersededBy" in other.facts
                or (rank(other), other.offset) <= (rank(record), record.offset)
            ):
                raise Broken("superseded by a record that cannot be it")
    return [record for record in records if record.type == "response" and record.head]


def rank(record: Record) -> int:
    if record.type == "request":
        return 0
    if not record.head or "warc-truncated" in record.fields:
        return 1
    return 2 if record.status == 429 or record.status >= 500 else 3


# 3.10 The stated record

LOST = [{**texts("reason url"), "referrer": (str, None)}]
INSTANT = {"monotonic_us": int, "utc": str}
STATUSES = one_of("complete partial blocked gone failed")
STATED_FORM = {
    **dict.fromkeys(("broken_at_origin", "missing"), LOST),
    **dict.fromkeys(("broken_at_origin_count", "missing_count"), int),
    "noarchive": [str],
    "reasons": [str],
    "robots": [str],
    "citations": [{**texts("as_written url"), "role": one_of("source cited related")}],
    "clock": {"end": INSTANT, "ntp": (str, None), "start": INSTANT},
    "engine": one_of("http browser import"),
    "environment": {"*": str},
    "imports": [{**texts("archive digest name"), "bytes": int, "source": (str, None)}],
    "memento": ({"datetime": (str, None), "original": (str, None), "through": str}, None),
    "operator": (str, None),
    "origin": one_of("captured imported"),
    "relations": [texts("relation url")],
    "replay_hazards": [texts("kind url")],
    "requested": str,
    "settings": {
        **dict.fromkeys(("allow_private", "insecure", "private_reached", "redacted"), bool),
        "cacert": [str],
        "headers": [str],
        "resolve": [str],
        **dict.fromkeys(("concurrency", "cookies"), int),
        "limits": {"*": int},
        "proxy": (str, None),
        "robots": one_of("ignore note obey"),
        "user_agent": str,
    },
    "signs": [texts("code evidence")],
    "status": STATUSES,
}


def read_stated(record: Record) -> dict[str, Any]:
    if record.block is None:
        raise Broken("the stated record is too large", "RESOURCE_LIMIT")
    stated: dict[str, Any] = read_json(record.block, strict=True)
    shape(stated, STATED_FORM, "the stated record")
    for name in ("missing", "broken_at_origin"):
        count, listed = stated[f"{name}_count"], len(stated[name])
        if count < listed or (count > listed and listed < 5000):
            raise Broken(f"{name}_count does not fit its list")
    return stated


def settings_of(stated: dict[str, Any]) -> list[str]:
    if stated["engine"] == "import":
        return ["SETTINGS_UNKNOWN"]
    settings = stated["settings"]
    used = {
        "FORCED_ADDRESS": settings["resolve"],
        "TLS_UNVERIFIED": settings["insecure"],
        "EXTRA_CA": settings["cacert"],
        "PRIVATE_ADDRESS": settings["allow_private"] or settings["private_reached"],
        "PROXY": settings["proxy"] is not None,
        "REDACTED": settings["redacted"],
    }
    return [code for code, so in used.items() if so]


# 4 HTTP

STATUS_LINE = re.compile(rb"http/([0-9](?:\.[0-9])?)[ \t]+([0-9]{3})(?:[ \t]+(.*))?", re.IGNORECASE)


def status_of(front: bytes) -> int | None:
    """4.2: the status; None if the first line of *front* is no status line."""
    match = STATUS_LINE.fullmatch(front.partition(b"\n")[0].rstrip(b" \t\r"))
    return int(match[2]) if match else None


def text_of(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def fields_of(lines: list[bytes]) -> list[tuple[str, str]]:
    """4.3: names (in lower case) and values."""
    found = list[tuple[str, list[str]]]()
    for whole in lines:
        line = whole.removesuffix(b"\r")
        name, colon, value = line.partition(b":")
        if line.startswith((b" ", b"\t")):
            if found:
                found[-1][1].append(text_of(line.strip()))
        elif colon and name.strip():
            found.append((text_of(name.strip()), [text_of(value.strip(b" \t\r\n"))]))
    return [(lower(name), " ".join(parts).strip(" ") if parts[1:] else parts[0]) for name, parts in found]


def mime_of(value: str) -> str:
    """4.5."""
    return lower(value.split(";")[0].strip(" \t")) or "unk"


def read_fields(record: Record, fields: list[tuple[str, str]]) -> bool:
    """What is needed of the fields of a response; whether it is chunked (4.4)."""
    first = dict(reversed(fields))
    record.mime = mime_of(first.get("content-type", ""))
    record.moved, record.server_date = "location" in first, first.get("date", "")
    pieces = [piece for name, value in fields if name == "transfer-encoding" for piece in value.split(",")]
    codings = [lower(piece.strip(" \t")) for piece in pieces if piece.strip(" \t")]
    said = [value for name, value in fields if name == "transfer-encoding"]
    record.odd_framing = said not in ([], ["chunked"])
    return record.status >= 200 and record.status not in (204, 304) and codings[-1:] == ["chunked"]


SIZE_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")


def dechunk(body: Source, hashers: list[Any], left: Left) -> tuple[int | None, int | None, bool]:
    """4.4: the size of the entity body, None where framing is broken; where the LF of the size line of
    zero is, None where none is reached; and 11.5, whether all of it is as plain as can be."""
    size, trailer, exact = 0, 0, True
    while True:
        at = body.at
        line = body.line()
        match = SIZE_LINE.fullmatch(line) if line is not None else None
        if not line or not match:
            return None, None, False
        exact = exact and match[1] == line and body.at - at == len(line) + 2
        spend(left, "chunk lines", 1)
        rest = int(match[1], 16)
        if not rest:
            break
        size += rest
        while rest:
            piece = body.take(min(rest, PIECE))
            if not piece:
                return None, None, False
            rest -= len(piece)
            for hasher in hashers:
                hasher.update(piece)
        at = body.at
        if body.line() != b"":
            return None, None, False
        exact = exact and body.at - at == 2
    zero = body.at - 1
    while (line := body.line()) != b"":
        spend(left, "chunk lines", 1)
        trailer, exact = trailer + len(line or b""), False
        if line is None or trailer > 262_144:
            return None, zero, False
    return (None if body.peek(1) else size), zero, exact


# 5 Blanked values

COOKIES = ["Set-Cookie", "Set-Cookie2"]
NEVER = set(
    "accept-encoding connection content-length expect host range te trailer transfer-encoding upgrade".split()
)
BREAK = re.compile(rb"[\n\r\x0b\x0c\x1c-\x1e\x85]|\xe2\x80[\xa8\xa9]")
Range = tuple[int, int, str]  # begin, end, name of a value that was found


def check_blanks(bundle: Bundle, records: list[Record], stated: dict[str, Any] | None) -> None:
    """5.1, for each record with facts that have a `redacted` line."""
    left = {"bytes of messages": 67_108_864 + 8 * bundle.archive_bytes()}
    about = {record.id: record for record in records}
    for facts in records:
        if facts.type != "metadata" or facts.get("content-type") != FACTS:
            continue
        record = about[facts.concurrent[0]]
        if "redacted" in record.facts:
            check_ranges(bundle, record, stated, left)


def check_ranges(bundle: Bundle, record: Record, stated: dict[str, Any] | None, left: Left) -> None:
    if not stated or "REDACTED" not in settings_of(stated):
        raise Broken("values are blanked, and no secrets were stated", "CONTRADICTION")
    ranges = list[tuple[int, int, int, str]]()  # part, offset, length, name
    for line in record.facts["redacted"]:
        named, begin, count = line.split(" ")
        interim, _, cookie = named.partition(":")
        part = int(interim.removeprefix("interim-")) if cookie else 10_000 if named in COOKIES else 0
        ranges.append((part, int(begin), int(count), cookie or named))
    for (part, offset, length, _), following in itertools.pairwise(ranges):
        if (part, offset + length) > following[:2]:
            raise Broken("blanked ranges overlap or are in another order")
    sent = [name for part, _, _, name in ranges if part == 0]
    entries = [entry[:-6].lower() for entry in stated["settings"]["headers"] if entry.endswith(": ****")]
    for name in sent:
        if name.lower() not in {"cookie", *entries} - NEVER:
            raise Broken(f"{name} is blanked, and no secret", "CONTRADICTION")
    messages, places = dict[int, list[tuple[int, bytes]]](), list[Range]()
    for part, offset, length, name in ranges:
        if part not in messages:
            messages[part] = messages_of(bundle, record, part, left)
            places = [
                (start + begin, start + end, found)
                for start, message in messages[part]
                for begin, end, found in values_in(message, sent if part == 0 else COOKIES)
            ]
        at = bisect.bisect_right(places, (offset, 2**63, "")) - 1
        if at < 0 or offset + length > places[at][1] or places[at][2] != name:
            raise Broken("a blanked range where no such value stands")
        start, message = next(one for one in reversed(messages[part]) if one[0] <= offset)
        if message[offset - start : offset - start + length].strip(b"*"):
            raise Broken("something is left of a blanked value", "CONTRADICTION")


def messages_of(bundle: Bundle, record: Record, part: int, left: Left) -> list[tuple[int, bytes]]:
    """5.1: the messages of *part*, each with the offset of its first byte."""
    messages = list[tuple[int, bytes]]()
    if part == 0 and record.request:
        messages.append((0, read_again(bundle, record.request, 0)[: record.request.head]))
    elif 0 < part < 10_000:
        messages += [(0, base64_of(one)) for one in record.facts.get("interim", [])[part - 1 : part]]
    elif part == 10_000 and record.type == "response":
        front = read_again(bundle, record, 0)
        blank = BLANK_LINE.search(front)
        messages.append((0, front[: blank.end()] if blank else front))
        if record.trailer is not None:
            messages.append((record.trailer, read_again(bundle, record, record.trailer)))
    for _, message in messages:
        spend(left, "bytes of messages", len(message))
    return messages


def read_again(bundle: Bundle, record: Record, at: int) -> bytes:
    """At most 1 MiB of the block of *record* in our archive, from *at* on."""
    start = bundle.members[OURS][0] + record.offset
    source = Source(member(bundle, start, start + record.length, {"bytes unpacked": 2**63}, {}))
    read_header(source)
    block = Source(exactly(source, record.size))
    while block.at < at:
        block.take(min(PIECE, at - block.at))
    return block.peek(MIB)


def values_in(message: bytes, names: list[str]) -> Iterator[Range]:
    """5.2: begin, end and name of each value in *message* of a field of one of *names*."""
    spelled = {name.lower().encode(): name for name in sorted(names)}
    anyhow = [
        re.escape(name).replace(b"k", b"(?:k|\xe2\x84\xaa)")
        for name in sorted(spelled, key=len, reverse=True)
    ]
    if not anyhow:
        return
    field_name = re.compile(b"(" + b"|".join(anyhow) + rb")[^!-~\n]*:", re.IGNORECASE)
    at, read = 0, 0
    while run := re.compile(rb"[^!-~]+").search(message, at):
        at = run.end()
        match = field_name.match(message, at) if at >= read and BREAK.search(run[0]) else None
        if not match:
            continue
        at = begin = match.end()
        while True:
            feed = message.find(b"\n", begin)
            read = len(message) if feed < 0 else feed + 1
            line = message[begin:read].rstrip(b" \t\r\n")
            if value := line.lstrip(b" \t"):
                begin += len(line) - len(value)
                yield begin, begin + len(value), spelled[match[1].lower().replace(b"\xe2\x84\xaa", b"k")]
            begin = read
            if message[read : read + 1] not in (b" ", b"\t"):
                break


# 6 Index


def unescaped(data: bytes) -> bytes:
    """6.3: also what unescaping itself brings about."""
    if b"%" not in data:
        return data
    made = bytearray()
    for byte in data:
        made.append(byte)
        while made[-3:-2] == b"%" and re.fullmatch(rb"[0-9A-Fa-f]{2}", made[-2:]):
            made[-3:] = bytes.fromhex(made[-2:].decode())
    return bytes(made)


def escaped(data: bytes) -> bytes:
    return re.sub(rb"[\x00-\x20\x7f-\xff#%]", lambda one: b"%%%02x" % one[0][0], data)


def key_of(url: str) -> bytes | None:
    """6.3; None for a URL without a key."""
    data = re.sub(rb"[\t\r\n]", b"", url.encode().strip())
    other = re.match(rb"(?!https?:)([a-z][a-z0-9+.-]*:)(?!//)(.*)", data, re.IGNORECASE | re.DOTALL)
    if other:
        return other[1] + escaped(other[2]).lower()
    data = re.sub(rb"\A(?:https?://)+(?=https?://)", b"", data)
    parts = re.match(
        rb"(?:([a-z][a-z0-9+.-]*):)?(/*)([^/?#]*)([^?#]*)(?:\?([^#]*))?", data, re.IGNORECASE | re.DOTALL
    )
    assert parts
    scheme, host, number = (parts[1] or b"http").lower(), parts[3], 0
    if parts[2] == b"//":
        place = re.fullmatch(rb"(?:.*@)?(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{0,8}))?", host, re.DOTALL)
        if not place:
            return None
        host, number = place[1].strip(b"[]"), int(place[2] or b"0")
    name = host_key(host)
    if not name or number > 65_535:
        return None
    key = b",".join(reversed(name.split(b".")))
    if number not in (0, {b"http": 80, b"https": 443}.get(scheme)):
        key += b":%d" % number
    query = query_key(parts[5] or b"")
    return key + b")" + path_key(parts[4]) + (b"?" + query if query else b"")


def host_key(host: bytes) -> bytes:
    """6.3, the host; empty where there is none."""
    host = unescaped(host)
    if len(host) > 1024:
        return b""
    try:
        name = host.decode()
    except UnicodeDecodeError:
        return b""
    if not name.isascii():
        with contextlib.suppress(UnicodeError):
            host = name.encode("idna")
    host = escaped(host.replace(b"..", b".").strip(b".")).lower()
    if www := re.match(rb"www[0-9]*\.", host):
        return host[www.end() :]
    parts = host.split(b".")
    if not re.fullmatch(rb"[0-9.]+", host) or len(parts) > 4 or not all(parts):
        return host
    if len(parts) == 1:
        value = int(host) % 2**32
    else:
        if any(part.startswith(b"0") and re.search(b"[89]", part) for part in (*parts, host)):
            return host
        numbers = [int(part, 8 if part.startswith(b"0") else 10) for part in parts]
        if max(numbers[:-1]) > 255 or numbers[-1] >= 256 ** (5 - len(parts)):
            return host
        value = numbers[-1] + sum(one << 8 * (3 - place) for place, one in enumerate(numbers[:-1]))
    return b"%d.%d.%d.%d" % tuple(value.to_bytes(4, "big"))


def path_key(path: bytes) -> bytes:
    kept = list[bytes]()
    for segment in unescaped(path).split(b"/")[1:]:
        if segment == b".." and kept:
            kept.pop()
        elif segment != b".":
            kept.append(segment)
    path = re.sub(b"/+", b"/", b"/" + escaped(b"/".join(kept)).lower())
    for session in (rb"(?<=/)\((?:[a-z]\([0-9a-z]{24}\))+\)/", rb"(?<=/)\([0-9a-z]{24}\)/"):
        for match in reversed(list(re.finditer(session, path))):
            page = path.find(b".aspx", match.end() + 1)
            if page >= 0 and b"?" not in path[match.end() : page]:
                path = path[: match.start()] + path[match.end() :]
                break
    return path.removesuffix(b"/") or b"/"


SESSIONS = [
    rb"jsessionid=[0-9a-z]{32}(?=&|\Z)",
    rb"phpsessid=[0-9a-z]{32}(?=&|\Z)",
    rb"sid=[0-9a-z]{32}(?=&|\Z)",
    rb"aspsessionid[a-z]{8}=[a-z]{24}(?=&|\Z)",
]


def query_key(query: bytes) -> bytes:
    query = escaped(unescaped(query)).lower()
    if not query:
        return b""
    for session in SESSIONS:  # of each the last place where it stands
        for match in list(re.finditer(session, query))[-1:]:
            query = query[: match.start()] + query[match.end() + 1 :]
    token = query.rfind(b"&cftoken=")
    while token > 0:
        begin = query.rfind(b"cfid=", query.rfind(b"&", 0, token) + 1, token - 1)
        value = query[token + 9 :].partition(b"&")[0]
        if begin >= 0 and value:
            query = query[:begin] + query[token + 10 + len(value) :]
            break
        token = query.rfind(b"&cftoken=", 0, token)
    pieces = [piece.partition(b"=") for piece in query.split(b"&")]
    return b"&".join(b"".join(piece) for piece in sorted(pieces))


def keyed_url(record: Record) -> str:
    """6.1 and 6.4."""
    method = record.method
    if lower(method) == "get" or not record.request:
        return record.url
    more = ""
    if lower(method) in ("post", "put"):
        block = record.request.block or b""
        more = more_of(block[: record.request.head], block[record.request.head :])
    joint = "&" if "?" in record.url else "?"
    return f"{record.url}{joint}__wb_method={lower(method)}" + ("&" + more if more else "")


def more_of(head: bytes, body: bytes) -> str:
    fields = dict(reversed(fields_of(head.split(b"\r\n")[1:])))
    content = fields.get("content-type", "").split(";")[0].strip(" \t")
    try:
        if content == "application/x-www-form-urlencoded":
            return urllib.parse.unquote_plus(body.decode())
        if content in ("application/json", "text/plain"):
            return as_query(pairs_of(read_json(body, strict=False)), max(4096, 4 * len(body)))
    except (UnicodeDecodeError, Broken):
        if content == "application/json":
            return ""
    return "__wb_post_data=" + base64.b64encode(body).decode()


def as_query(pairs: list[tuple[str, int, str]], most: int) -> str:
    found = list[str]()
    for name, number, text in pairs:
        found.append(urllib.parse.urlencode([(name if number == 1 else f"{name}.{number}_", text)]))
        most -= len(found[-1])
        if most < 0:
            raise Broken("too large")
    return "&".join(found)


def pairs_of(value: Any) -> list[tuple[str, int, str]]:
    """Names, which of this name they are, and texts."""
    pairs, seen = list[tuple[str, int, str]](), Counter[str]()

    def walk(value: Any, name: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, key)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, name)
        elif name:
            seen[name] += 1
            pairs.append((name, seen[name], str(value)))

    walk(value, "")
    return pairs


Served = tuple[Record, Record]  # a record with a line in the index, and the exchange that it stands for


def timestamp(record: Record) -> str:
    """6.2 and 11.4."""
    digits = re.sub("[^0-9]", "", record.date)[:17]
    return digits + "00000101000000000"[len(digits) :]


def place_of(record: Record) -> tuple[str, str]:
    """11.4: what players know of it."""
    return record.url.partition("#")[0], timestamp(record)


def index_of(exchanges: list[Record], revisits: list[Served]) -> tuple[bytes, list[Served]]:
    """6.1, 6.2, 11.4: the bytes of the index, and what is in it."""
    current = [record for record in exchanges if "supersededBy" not in record.facts]
    keyed = {id(record): keyed_url(record) for record in [*current, *(revisit for revisit, _ in revisits)]}
    whole = {keyed[id(record)] for record in current if record.status == 200}
    served = [record for record in current if record.status != 206 or keyed[id(record)] not in whole]
    again = [one for one in revisits if keyed[id(one[0])] not in whole]
    lines, shown = [], [*((record, record) for record in served), *again]
    for record, origin in shown:
        key = key_of(keyed[id(record)])
        if key is None:
            raise Broken("a URL without a key", check="records")
        line = {
            "url": record.url,
            "mime": "warc/revisit" if record.type == "revisit" else record.mime,
            "status": f"{record.status:03}",
            "digest": origin.entity_digest,
            "length": str(record.length),
            "offset": str(record.offset),
            "filename": record.archive,
            "recordDigest": record.record_digest,
        }
        lines.append(b"%s %s %s\n" % (key, timestamp(record).encode(), json.dumps(line).encode()))
    return b"".join(sorted(lines)), shown


# 7 Pages and manifest


def read_pages(bundle: Bundle) -> list[dict[str, str]]:
    """7.1."""
    header, feed, rest = bundle.whole(PAGES).partition(b"\n")
    if header != b'{"format":"json-pages-1.0","id":"pages","title":"All Pages"}' or not feed:
        raise Broken("pages.jsonl has another first line")
    lines = rest.split(b"\n")
    if len(lines) > 100_001:
        raise Broken("too many pages", "RESOURCE_LIMIT")
    if lines.pop():
        raise Broken("the last line of pages.jsonl does not end in LF")
    pages = [read_json(line, strict=True) for line in lines]
    shape(pages, [texts("id title ts url")], "pages")
    return pages


CAPTURE = {**texts("date final_url payload_digest requested_url"), "status": int}
EXCHANGE = {
    **texts("archive block_digest date method mime payload_digest record_id url"),
    **dict.fromkeys(("ip", "superseded_by", "tls", "truncated", "via"), (str, None)),
    **dict.fromkeys(("length", "offset", "size", "status"), int),
    "fetch_time_ms": (int, None),
    "redacted": [str],
}
COUNTS = dict.fromkeys(("archive_bytes", "exchanges", "payload_bytes"), int)
MANIFEST_FORM = {
    "derived": {
        "captures": [CAPTURE],
        "counts": {**COUNTS, "records": {"*": int}},
        "date_skew": (dict.fromkeys(("largest_us", "median_us", "servers"), int), None),
        "exchanges": [EXCHANGE],
        "redirects": [{"source": str, "status": (int, None), "target": str}],
    },
    "origin": str,
    "spec": str,
    "stated": (STATED_FORM, None),
}


def make_manifest(
    bundle: Bundle,
    records: list[Record],
    exchanges: list[Record],
    shown: list[Served],
    pages: list[dict[str, str]],
    stated: dict[str, Any] | None,
) -> dict[str, Any]:
    """7.2, 7.3."""
    return {
        "derived": {
            "captures": captures_of(shown, pages),
            "counts": {
                "archive_bytes": bundle.archive_bytes(),
                "exchanges": len(exchanges),
                "payload_bytes": sum(record.entity_size for record in exchanges),
                "records": dict(Counter(record.type for record in records)),
            },
            "date_skew": skew_of(exchanges),
            "exchanges": [entry_of(record) for record in exchanges],
            "redirects": redirects_of(exchanges),
        },
        "origin": stated["origin"] if stated else "imported",
        "spec": "archiver-bundle/v1-draft",
        "stated": stated,
    }


def entry_of(record: Record) -> dict[str, Any]:
    spent = record.fact("fetchTimeMs")
    return {
        "archive": record.archive,
        "block_digest": record.block_digest,
        "date": record.date,
        "fetch_time_ms": None if spent is None else int(spent),
        "ip": record.fields.get("warc-ip-address"),
        "length": record.length,
        "method": record.method,
        "mime": record.mime,
        "offset": record.offset,
        "payload_digest": record.entity_digest,
        "record_id": record.id,
        "redacted": record.facts.get("redacted", []),
        "size": record.entity_size,
        "status": record.status,
        "superseded_by": record.fact("supersededBy"),
        "tls": record.fact("tlsVersion"),
        "truncated": record.fields.get("warc-truncated"),
        "url": record.url,
        "via": record.fact("via"),
    }


def hops(record: Record) -> str:
    return record.fact("hopsFromSeed") or ""


def captures_of(shown: list[Served], pages: list[dict[str, str]]) -> list[dict[str, Any]]:
    answers, next_one = dict[tuple[str, str], list[Record]](), dict[tuple[str, str], Record]()
    places, imported = dict[tuple[str, str], set[tuple[int, str]]](), False
    for record, origin in shown:
        if record.method != "GET":
            continue
        places.setdefault(place_of(record), set()).add((record.status, origin.entity_digest))
        imported = imported or record.archive != "data.warc.gz"
        if record.type == "revisit":
            continue
        same = answers.setdefault((record.url, record.date), [])
        same.append(record)
        if record.archive == "data.warc.gz" and len(same) > 1:
            raise Broken("two answers of one URL at one moment", check="records")
        if record.fact("via") is not None:
            next_one.setdefault((record.facts["via"][0], hops(record)), record)
    captures, steps, seen = list[dict[str, Any]](), 0, set[tuple[str, str]]()
    for page in pages:
        name = (page["url"], page["ts"])
        if name in seen:
            raise Broken("a page is listed twice")
        seen.add(name)
        if name not in answers:
            raise Broken("a page that no record answers", "HASH_FAILURE")
        at: Record | None = answers[name][0]
        if imported and at and len(places[place_of(at)]) > 1:
            raise Broken("a page with different answers")
        while at:
            record = at
            at = next_one.get((at.url, hops(at) + "R")) if 300 <= at.status <= 399 and at.moved else None
            steps += at is not None
            if steps > 100_000:
                raise Broken("too many redirects", "RESOURCE_LIMIT")
        captures.append(
            {
                "date": record.date,
                "final_url": record.url,
                "payload_digest": record.entity_digest,
                "requested_url": page["url"],
                "status": record.status,
            }
        )
    return captures


def redirects_of(exchanges: list[Record]) -> list[dict[str, Any]]:
    current = [record for record in exchanges if "supersededBy" not in record.facts]
    first = {(record.url, hops(record)): record.status for record in reversed(current)}
    return [
        {"source": via, "status": first.get((via, hops(record)[:-1])), "target": record.url}
        for record in current
        if (via := record.fact("via")) is not None and hops(record).endswith("R")
    ]


IMF_DATE = re.compile(
    "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),"
    " ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def skew_of(exchanges: list[Record]) -> dict[str, int] | None:
    samples = dict[str, int]()
    for record in exchanges:
        server = record.url.partition("://")[2].split("/")[0]
        match, ours = IMF_DATE.fullmatch(record.server_date), moment(record.date)
        if server in samples or not match or match[2] not in MONTHS or ours is None:
            continue
        month = MONTHS.index(match[2]) + 1
        theirs = moment(f"{match[3]}-{month:02}-{match[1]}T{match[4]}:{match[5]}:{match[6]}Z")
        if theirs is not None and abs(theirs - ours) <= 315_360_000 * 1_000_000:
            samples[server] = theirs - ours
    if not samples:
        return None
    ordered = sorted(samples.values())
    return {
        "largest_us": max(abs(one) for one in ordered),
        "median_us": ordered[(len(ordered) - 1) // 2],
        "servers": len(ordered),
    }


def compare_manifest(bundle: Bundle, made: dict[str, Any], report: Report) -> None:
    """9.2 (5)."""
    data = bundle.whole(MANIFEST)
    if data == canonical(made):
        return
    found = read_json(data, strict=True)
    spec = found.get("spec") if isinstance(found, dict) else None
    if not isinstance(spec, str) or not spec.startswith("archiver-bundle/"):
        raise Broken("no manifest of this format")
    if spec != made["spec"]:
        raise Broken("a manifest of another version", "UNSUPPORTED_VERSION")
    shape(found, MANIFEST_FORM, "the manifest")
    report.add("manifest", "HASH_FAILURE", "the manifest is another than the bytes give")


def contradictions(
    bundle: Bundle, derived: dict[str, Any], stated: dict[str, Any], ours: list[Record]
) -> Iterator[str]:
    """7.4 and 11.4."""
    imported = [name for name in bundle.archives() if name != OURS]
    given = [(one["archive"], one["bytes"], one["digest"]) for one in stated["imports"]]
    there = [
        (name.removeprefix("archive/"), bundle.members[name][1], member_digest(bundle, name)[0])
        for name in imported
    ]
    if given != there:
        yield "other imported archives than are stated"
    origins = [stated["origin"] == "imported", stated["engine"] == "import"]
    if not all(origins) if imported else any(origins):
        yield "the origin does not fit the archives"
    if imported and len(ours) != 2:
        yield "records of our own beside an import"
    if stated["status"] != "complete":
        return
    if imported:
        yield "an import that says it is complete"
    if stated["missing"] or stated["reasons"] or stated["signs"] or stated["missing_count"]:
        yield "complete, and something is said against it"
    captures = derived["captures"]
    if not captures or not all(200 <= one["status"] <= 299 and one["status"] != 206 for one in captures):
        yield "complete without a page that is"
    cut = {
        one["url"]
        for one in derived["exchanges"]
        if one["truncated"] is not None and one["superseded_by"] is None
    }
    if any(one["final_url"] in cut for one in captures):
        yield "complete, and a page is cut short"


def member_digest(bundle: Bundle, name: str) -> tuple[str, int]:
    """The digest and the CRC-32 of a member's data."""
    start, size, _ = bundle.members[name]
    digest, crc = hashlib.sha256(), 0
    for at in range(start, start + size, MIB):
        piece = bundle.read(at, min(MIB, start + size - at))
        digest.update(piece)
        crc = zlib.crc32(piece, crc)
    return "sha256:" + digest.hexdigest(), crc


# 8 Seal


def read_package(bundle: Bundle) -> dict[str, Any]:
    """8.1, in the order of 9.2."""
    package: dict[str, Any] = read_json(bundle.whole(PACKAGE), strict=True)
    entry = {"bytes": int, "hash": HASH, "name": str, "path": str}
    form = {"created": str, "mainPageDate?": str, "mainPageUrl?": str, "profile": str, "resources": [entry]}
    shape(package, {**form, "software": str, "title?": str, "wacz_version": str}, PACKAGE)
    if package["profile"] != "data-package":
        raise Broken("another profile")
    if any(resource["name"] != resource["path"] for resource in package["resources"]):
        raise Broken("an entry of resources with two names")
    if package["wacz_version"] != "1.1.1":
        raise Broken("another wacz_version", "UNSUPPORTED_VERSION")
    return package


def read_digest(bundle: Bundle) -> dict[str, Any]:
    """8.2."""
    proof = {"envelope": dict, "evidence": list, "mediaType": str}
    digest: dict[str, Any] = read_json(bundle.whole(DIGEST), strict=True)
    form = {"hash": HASH, "path": re.compile(re.escape(PACKAGE)), "provenance?": proof, "signedData?": dict}
    shape(digest, form, DIGEST)
    if digest.get("provenance", {}).get("mediaType", PROOF) != PROOF:
        raise Broken("a proof of another version", "UNSUPPORTED_VERSION")
    return digest


PROOF = "application/vnd.archiver.provenance.v1+json"
UNSEEN = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
ALGORITHMS = {  # 8.3: use, DER before the raw key, its length
    "ed25519": ("seal", "302a300506032b6570032100", 32),
    "ml-dsa-65": ("seal", "308207b2300b0609608648016503040312038207a100", 1952),
    "ecdsa-p384": ("wacz-auth", "3076301006072a8648ce3d020106052b81040022036200", 97),
}
Key = tuple[str, bytes]  # the algorithm and the spki


def is_name(name: Any) -> bool:
    return type(name) is str and 1 <= len(name) <= 200 and name == name.strip(" ") and not UNSEEN.search(name)


def read_identity(data: bytes) -> list[Key]:
    """8.3."""
    if len(data) > 65_536:
        raise Broken("the identity is too large", "RESOURCE_LIMIT")
    identity = read_json(data, strict=True)
    shape(identity, {"keys": [texts("alg spki use")], "name": str}, "the identity")
    if len(identity["keys"]) > 8:
        raise Broken("the identity has too many keys")
    keys = []
    for key in identity["keys"]:
        if key["alg"] not in ALGORITHMS or key["use"] not in ("seal", "wacz-auth"):
            raise Broken("a key of an unknown algorithm or for an unknown use")
        keys.append((key["alg"], base64_of(key["spki"])))
        check_key(*keys[-1])
    uses = [key["use"] for key in identity["keys"]]
    if "seal" not in uses or uses.count("wacz-auth") > 1 or not is_name(identity["name"]):
        raise Broken("the identity has other keys than it must, or a name that is none")
    if uses != [ALGORITHMS[algorithm][0] for algorithm, _ in keys] or len(set(keys)) != len(keys):
        raise Broken("a key stands twice, or for another use than its algorithm's")
    return keys


def check_key(algorithm: str, spki: bytes) -> None:
    """8.3: what is KEY_REJECTED."""
    _, prefix, length = ALGORITHMS[algorithm]
    raw = spki[len(prefix) // 2 :]
    sound = spki.startswith(bytes.fromhex(prefix)) and len(raw) == length
    if sound and algorithm == "ed25519":
        p = 2**255 - 19
        d, y = -121665 * pow(121666, -1, p), int.from_bytes(raw, "little") % 2**255
        x2 = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
        order = y * y % p not in (0, 1) and (d * y**4 + 2 * y * y) % p != 1
        sound = y < p and pow(x2, (p - 1) // 2, p) == 1 and order
    if sound and algorithm == "ecdsa-p384":
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), raw)
        except ValueError:
            sound = False
        sound = sound and raw[0] == 4
    if not sound:
        raise Broken(f"an {algorithm} key that must not be used", "KEY_REJECTED")


P384_ORDER = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)


def is_good(key: Key, signature: bytes, signed: bytes) -> bool:
    """8.4."""
    algorithm, raw = key[0], key[1][len(ALGORITHMS[key[0]][1]) // 2 :]
    try:
        if algorithm == "ed25519":
            ed25519.Ed25519PublicKey.from_public_bytes(raw).verify(signature, signed)
        elif algorithm == "ml-dsa-65":
            mldsa.MLDSA65PublicKey.from_public_bytes(raw).verify(signature, signed)
        else:
            r, s = int.from_bytes(signature[:48], "big"), int.from_bytes(signature[48:], "big")
            if len(signature) != 96 or not (0 < r < P384_ORDER and 0 < s <= P384_ORDER // 2):
                return False
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), raw)
            point.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


IN_TOTO = "application/vnd.in-toto+json"
Signature = tuple[str, bytes]


def read_envelope(envelope: Any) -> tuple[str, bytes, list[Signature]]:
    """8.5, the form: payload type, payload, signatures."""
    form = {"payload": str, "payloadType": str, "signatures": [{"keyid": str, "sig": str}]}
    shape(envelope, form, "the envelope")
    if len(envelope["payload"]) > 89_478_489:
        raise Broken("the payload is too large", "RESOURCE_LIMIT")
    signatures = envelope["signatures"]
    if (
        len(envelope["payloadType"]) > 200
        or len(signatures) > 16
        or any(len(one["keyid"]) > 200 or len(one["sig"]) > 8192 for one in signatures)
    ):
        raise Broken("an envelope with longer texts than it may have")
    payload = base64_of(envelope["payload"])
    return envelope["payloadType"], payload, [(one["keyid"], base64_of(one["sig"])) for one in signatures]


def check_signatures(envelope: tuple[str, bytes, list[Signature]], keys: list[Key]) -> None:
    """8.5, the table."""
    payload_type, payload, signatures = envelope
    seals = [key for key in keys if ALGORITHMS[key[0]][0] == "seal"]
    keyids, expected = [keyid for keyid, _ in signatures], [digest_of(spki) for _, spki in seals]
    if payload_type != IN_TOTO:
        raise Broken("another payload type")
    if len(keyids) > len(seals) or len(set(keyids)) != len(keyids):
        raise Broken("more signatures than keys, or two by one key")
    if len(keyids) < len(seals):
        raise Broken("a key has not signed", "MISSING_REQUIRED_SIGNATURE")
    if keyids != expected and sorted(keyids) == sorted(expected):
        raise Broken("signatures in another order")
    signed = b"DSSEv1 %d %s %d %s" % (len(IN_TOTO), IN_TOTO.encode(), len(payload), payload)
    for (keyid, signature), key, wanted in zip(signatures, seals, expected, strict=True):
        if not is_good(key, signature, signed):
            raise Broken(f"the {key[0]} signature is not good", "SIG_CRYPTO_FAILURE")
        if keyid != wanted:
            raise Broken("another keyid than the key's")


def check_statement(bundle: Bundle, proof: dict[str, Any], made: dict[str, Any]) -> None:
    """8.6."""
    payload_type, payload, _ = read_envelope(proof["envelope"])
    package, identity = read_package(bundle), bundle.whole(IDENTITY)
    if payload_type != IN_TOTO:
        raise Broken("another payload type")
    version = f"{URN}#capture/"
    found: Any = read_json(payload, strict=True, limit=67_108_864)
    if not isinstance(found, dict) or found.get("_type") != "https://in-toto.io/Statement/v1":
        raise Broken("no statement")
    kind = found.get("predicateType")
    if kind != version + "v1":
        newer = isinstance(kind, str) and kind.startswith(version)
        raise Broken("another predicate", "UNSUPPORTED_VERSION" if newer else "FORMAT_FAILURE")
    predicate = {**texts("created identity origin producer"), "captures": [CAPTURE]}
    subject = [{"digest": {"sha256": str}, "name": str}]
    form = {**texts("_type predicateType"), "predicate": predicate, "subject": subject}
    shape(found, form, "the statement")
    listed = [(PACKAGE, digest_of(bundle.whole(PACKAGE)))]
    listed += [(one["path"], one["hash"]) for one in package["resources"]]
    wanted: list[Any] = [{"digest": {"sha256": digest[7:]}, "name": name} for name, digest in listed]
    expected = {
        "captures": made["derived"]["captures"],
        "created": package["created"],
        "identity": digest_of(identity),
        "origin": made["origin"],
        "producer": package["software"],
    }
    subjects = [(one["name"], one["digest"]["sha256"]) for one in found["subject"]]
    if found["subject"] == wanted and found["predicate"] == expected:
        return
    malformed = any(not re.fullmatch("[0-9a-f]{64}", digest) for _, digest in subjects)
    if not subjects or malformed or len(dict(subjects)) != len(subjects):
        raise Broken("the subjects are of another form")
    signed = dict(subjects)
    if any(signed.get(one["name"]) != one["digest"]["sha256"] for one in wanted):
        raise Broken("a subject is missing, or has another digest", "HASH_FAILURE")
    if found["subject"] != wanted:
        raise Broken("other subjects, or in another order", "MISSING_MEMBER")
    raise Broken("the predicate is another than the bundle gives", "HASH_FAILURE")


def check_wacz_auth(
    bundle: Bundle, data: dict[str, Any], package: dict[str, Any], keys: list[Key] | None
) -> None:
    """8.7; *keys* are the identity's, None in a bundle without a proof."""
    shape(data, texts("created hash publicKey signature software version"), "signedData")
    if data["version"] != "0.1.0":
        raise Broken("another version of signedData")
    expected = {"hash": digest_of(bundle.whole(PACKAGE)), **{n: package[n] for n in ("created", "software")}}
    if any(data[name] != value for name, value in expected.items()):
        raise Broken("signedData is of something else", "HASH_FAILURE")
    key = ("ecdsa-p384", base64_of(data["publicKey"]))
    if keys is None:
        check_key(*key)
    elif key not in keys:
        raise Broken("signedData has another key than the identity")
    signature = base64_of(data["signature"])
    r, s = int.from_bytes(signature[:48], "big"), int.from_bytes(signature[48:], "big")
    if len(signature) == 96 and not (0 < r < P384_ORDER and 0 < s <= P384_ORDER // 2):
        raise Broken("a number of the signature is out of its range")
    if not is_good(key, signature, data["hash"].encode()):
        raise Broken("the signature of signedData is not good", "SIG_CRYPTO_FAILURE")


# 9 Verifying


def check_list(bundle: Bundle, report: Report) -> None:
    """9.2, datapackage and members: the list."""
    for name in (OURS, INDEX, PAGES, MANIFEST, PACKAGE, DIGEST):
        if name not in bundle.members:
            report.add("members", "MISSING_MEMBER", f"{name} is missing")
    if PACKAGE not in bundle.members or DIGEST not in bundle.members:
        return
    try:
        digest = read_digest(bundle)
        if digest["hash"] != digest_of(bundle.whole(PACKAGE)):
            report.add("datapackage", "HASH_FAILURE", "datapackage.json is another than the proof names")
        package = read_package(bundle)
        paths = [resource["path"] for resource in package["resources"]]
        there = [name for name in bundle.members if name not in (PACKAGE, DIGEST)]
        for name in set(there) - set(paths):
            report.add("members", "EXTRA_MEMBER", f"{name} is not listed")
        for _ in set(paths) - set(there):
            report.add("members", "MISSING_MEMBER", "a listed file is missing")
        if set(paths) == set(there) and paths != there:
            report.add("datapackage", "FORMAT_FAILURE", "members listed in another order, or twice")
        if "provenance" in digest and IDENTITY not in bundle.members:
            report.add("members", "MISSING_MEMBER", f"{IDENTITY} is missing")
        page = (read_pages(bundle) or [{}])[0]
        title = package.get("title")
        if (package.get("mainPageUrl"), package.get("mainPageDate")) != (page.get("url"), page.get("ts")) or (
            title or ""
        ) != page.get("title", ""):
            raise Broken("datapackage.json has another main page", "CONTRADICTION")
    except Broken as error:
        report.end("datapackage", error)
    report.settle("datapackage")


def check_members(bundle: Bundle, report: Report) -> None:
    """9.2, members: the data."""
    listed = dict[str, dict[str, Any]]()
    with contextlib.suppress(Broken):
        listed = {resource["path"]: resource for resource in read_package(bundle)["resources"]}
    for name, (_, size, crc) in bundle.members.items():
        digest, found = member_digest(bundle, name)
        entry = listed.get(name, {"bytes": size, "hash": digest})
        if crc != found or entry["bytes"] != size or entry["hash"] != digest:
            report.add("members", "HASH_FAILURE", f"{name} is another than was listed")
    report.settle("members")


def check_chain(bundle: Bundle, report: Report) -> dict[str, Any] | None:
    """9.2, records, index, pages, manifest: the rebuilt manifest, if there is one."""
    check = "records"
    try:
        found, all_records, sizes = Found(), dict[str, list[Record]](), bundle.archive_bytes()
        left = {
            "records": bundle.limit("records", 1_000_000),
            "bytes unpacked": bundle.limit("unpacked_bytes", 1_073_741_824 + 50 * sizes),
            "chunk lines": 1_000_000 + sizes // 32,
            "bytes kept": 67_108_864 + 8 * sizes,
        }
        for name in bundle.archives():
            all_records[name] = read_archive(bundle, name, left, found)
            if name != OURS:
                their_notes(all_records[name], found.notes)
        for code, message in found.findings[:100]:
            report.add("records", code, message)
        ours = all_records.get(OURS, [])
        exchanges, revisits = put_together(all_records, assemble(ours), found.notes)
        if found.notes:
            report.add("records", "IMPORT_NOTE", ", ".join(sorted(found.notes)))
        if not ours or ours[0].type != "warcinfo":
            report.add("records", "FORMAT_FAILURE", "our archive does not begin with a warcinfo record")
        stated = None
        if ours and ours[-1].get("content-type") == STATED and ours[-1].type == "metadata":
            stated = read_stated(ours[-1])
        else:
            report.add("records", "FORMAT_FAILURE", "there is no stated record")
        check = "index"
        index = bundle.whole(INDEX)
        made_index, shown = index_of(exchanges, revisits)
        if index != made_index:
            report.add("index", "HASH_FAILURE", "the index is another than the records give")
        check = "pages"
        pages = read_pages(bundle)
        records = [record for name in bundle.archives() for record in all_records[name]]
        made = make_manifest(bundle, records, exchanges, shown, pages, stated)
        check = "manifest"
        compare_manifest(bundle, made, report)
        for message in contradictions(bundle, made["derived"], stated, ours) if stated else []:
            report.add("manifest", "CONTRADICTION", message)
        check = "records"
        check_blanks(bundle, ours, stated)
    except Broken as error:
        report.end(check, error)
        return None
    for name in ("records", "index", "pages", "manifest"):
        report.settle(name)
    return made


def check_seal(bundle: Bundle, report: Report, made: dict[str, Any] | None) -> str | None:
    """9.2, statement to time: the fingerprint of whose signatures are good."""
    if made and PACKAGE in bundle.members and DIGEST in bundle.members:
        try:
            digest = read_digest(bundle)
            if "provenance" in digest:
                check_statement(bundle, digest["provenance"], made)
                report.settle("statement")
        except Broken as error:
            report.end("statement", error)
    try:
        digest = read_digest(bundle)
        proof, keys = digest.get("provenance"), None
        if proof is None:
            report.add("signature", "NO_SIGNATURE", "the bundle is packed, and not sealed")
        else:
            identity = bundle.whole(IDENTITY)
            keys = read_identity(identity)
            check_signatures(read_envelope(proof["envelope"]), keys)
        if proof is None and "signedData" not in digest:
            return None
        package = read_package(bundle)
    except Broken as error:
        report.end("signature", error)
        return None
    report.settle("signature")
    try:
        if "signedData" in digest:
            check_wacz_auth(bundle, digest["signedData"], package, keys)
            report.settle("wacz-auth")
        elif keys and any(algorithm == "ecdsa-p384" for algorithm, _ in keys):
            raise Broken("the wacz-auth key has not signed", "MISSING_REQUIRED_SIGNATURE")
    except Broken as error:
        report.end("wacz-auth", error)
    if proof is None:
        return None
    fingerprint = digest_of(identity)
    trusted = fingerprint in trusted_by(bundle.policy)
    report.add("signer", "OK" if trusted else "UNTRUSTED_SIGNER", fingerprint)
    check_evidence(proof["evidence"], report)
    check_time(package["created"], report)
    return fingerprint


def check_evidence(evidence: list[Any], report: Report) -> None:
    """8.8."""
    if len(evidence) > 1000:
        report.add("evidence", "RESOURCE_LIMIT", f"{len(evidence)} entries", "PASSED")
    elif all(isinstance(entry, dict) and isinstance(entry.get("type"), str) for entry in evidence):
        for _ in evidence:
            report.add("evidence", "NOT_RELIED_ON", "evidence of no known type")
        report.settle("evidence")
    else:
        report.add("evidence", "FORMAT_FAILURE", "an entry of evidence of another form")


def check_time(created: str, report: Report) -> None:
    claimed = seconds(created)
    if claimed is None:
        report.add("time", "FORMAT_FAILURE", "created is no time in seconds")
    elif claimed > time.time() + 600:
        report.add("time", "CLOCK", "created is ahead of this clock")
    else:
        report.add("time", "CLAIMED_TIME", f"sealed at {created}, it says")


# 10 Policy and result

CODES = one_of(
    "FORCED_ADDRESS TLS_UNVERIFIED EXTRA_CA PRIVATE_ADDRESS PROXY OPERATOR_SCRIPT REDACTED SETTINGS_UNKNOWN"
)
LIMITS = {
    "json_bytes": 134_217_728,
    "members": 100_000,
    "records": 10_000_000,
    "unpacked_bytes": 1_125_899_906_842_624,
}


def read_policy(path: str) -> dict[str, Any]:
    """10.1."""
    with Path(path).open("rb") as file:
        data = file.read(16_777_217)
    policy: dict[str, Any] = read_json(data, strict=False, limit=16_777_216)
    form = {
        "identities?": [{"fingerprint": HASH, "name": is_name}],
        "limits?": {f"{name}?": int for name in LIMITS},
        "refuse?": {"settings?": [CODES], "statuses?": [STATUSES]},
        "required?": int,
        "spec": re.compile("archiver-policy/v1-draft"),
    }
    shape(policy, form, "the policy")
    trusted = [one["fingerprint"] for one in policy.get("identities", [])]
    for listed in (trusted, *policy.get("refuse", {}).values()):
        if len(set(listed)) != len(listed):
            raise Broken("the policy lists something twice")
    limits = policy.get("limits", {})
    sound = 1 <= policy.get("required", 1) <= 10_000 and len(trusted) <= 10_000
    if not sound or not all(1 <= number <= LIMITS[name] for name, number in limits.items()):
        raise Broken("a number of the policy is out of its range")
    return policy


def trusted_by(policy: dict[str, Any]) -> set[str]:
    return {one["fingerprint"] for one in policy.get("identities", [])}


def check_policy(
    policy: dict[str, Any], report: Report, made: dict[str, Any] | None, signer: str | None
) -> None:
    """10.1, the check `policy`."""
    refused, stated = policy.get("refuse", {}), made and made["stated"]
    settings = set(refused.get("settings", []))
    used = settings_of(stated) if stated else []
    for code in used:
        if code in settings or ("SETTINGS_UNKNOWN" in used and settings - {"SETTINGS_UNKNOWN"}):
            report.add("policy", "SETTING_REFUSED", code)
    if stated and stated["status"] in refused.get("statuses", []):
        report.add("policy", "STATUS_REFUSED", stated["status"])
    required = policy.get("required", 1)
    signed = (
        bool(made) and signer in trusted_by(policy) and report.verdict("statement", "signature") == "PASSED"
    )
    if signed < required and (required > 1 or report.verdict() == "PASSED"):
        report.add("policy", "THRESHOLD_NOT_REACHED", f"{int(signed)} of {required} have signed")
    if made:
        report.settle("policy")


# 11 Imports

VERSION = re.compile(rb"WARC/(0\.17|0\.18|1\.0|1\.1)\r?")
THEIR_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00-\x08\x0a-\x1f\x7f]*)")
THEIR_FIELDS = (
    "warc-type warc-record-id warc-date warc-target-uri warc-ip-address warc-truncated warc-payload-digest"
    " warc-block-digest warc-refers-to warc-refers-to-target-uri warc-refers-to-date warc-segment-number"
    " content-type content-length"
).split()
SINGLE_FIELDS = ("warc-type", "content-length", "warc-target-uri", "warc-date")
BRACKETED = [name for name in THEIR_FIELDS if name.endswith(("-id", "-uri", "-to"))] + ["warc-concurrent-to"]
TYPES = "warcinfo response resource request metadata revisit conversion continuation".split()


def their_header(header: bytes, notes: set[str]) -> tuple[dict[str, str], list[str]]:
    """11.1 (4 to 9): the fields that are read, and the values of WARC-Concurrent-To."""
    version, *lines = header.split(b"\n")[:-2]
    if not VERSION.fullmatch(version):
        raise Broken("a record of no known version")
    if header.count(b"\n") != header.count(b"\r\n"):
        notes.add("lf-line-ends")
    if b"1.1" not in version:
        notes.add("older-version")
    joined = list[list[bytes]]()
    for whole in lines:
        line = whole.removesuffix(b"\r")
        if line.startswith((b" ", b"\t")) and line.strip(b" \t") and joined:
            joined[-1].append(line.strip(b" \t"))
            notes.add("folded-line")
        else:
            joined.append([line])
    fields, concurrent = dict[str, str](), list[str]()
    for parts in joined:
        match = THEIR_FIELD.fullmatch(b" ".join(parts))
        if not match:
            raise Broken("a line of a header is no field")
        name, value = match[1].decode().lower(), text_of(match[2].strip(b" \t"))
        if name in BRACKETED and value.startswith("<") and value.endswith(">"):
            value = value[1:-1]
            if name == "warc-target-uri":
                notes.add("url-in-brackets")
        if name == "warc-concurrent-to":
            concurrent += [value] if value else []
        elif name in THEIR_FIELDS:
            if name in fields:
                notes.add("repeated-field")
            if fields.setdefault(name, value) != value and name in SINGLE_FIELDS:
                raise Broken(f"two different values of {name}")
    if "warc-type" not in fields or not re.fullmatch("[0-9]{1,18}", fields.get("content-length", "")):
        raise Broken("a record without a type or a length")
    if fields["warc-type"] not in TYPES:
        fields["warc-type"] = "unknown"
    if not re.fullmatch("[0-9A-Fa-f.:]{1,64}", fields.get("warc-ip-address", "")):
        fields.pop("warc-ip-address", None)
    return fields, concurrent


def declared(value: str) -> tuple[str, str]:
    """11.2: the algorithm, empty where it is unknown, and the value."""
    algorithm, _, digest = value.partition(":")
    algorithm = re.sub("[-_]", "", lower(algorithm))
    known = algorithm in ("md5", "sha1", "sha256", "sha384", "sha512")
    return algorithm if known else "", digest.strip(" \t").rstrip("=")


def is_digest(value: str, digest: bytes) -> bool:
    base32, base_64 = base64.b32encode(digest).decode(), base64.b64encode(digest).decode()
    return lower(value) in (digest.hex(), lower(base32.rstrip("="))) or value == base_64.rstrip("=")


def their_digests(
    record: Record, block: bytes, payload: bytes, entity: bytes, notes: set[str]
) -> list[tuple[str, str]]:
    """The findings of 11.2, and notes of 11.5 about digests."""
    findings = []
    if "warc-block-digest" in record.fields:
        algorithm, value = declared(record.get("warc-block-digest"))
        if algorithm and not is_digest(value, block):
            findings.append(("HASH_FAILURE", f"a WARC-Block-Digest in {record.archive}"))
        notes.add(
            {"": "digest-not-checked", "md5": "legacy-digest", "sha1": "legacy-digest"}.get(algorithm, "")
        )
    else:
        notes.add("no-block-digest")
    if "warc-payload-digest" in record.fields and record.type != "revisit":
        algorithm, value = declared(record.get("warc-payload-digest"))
        headless = record.type in ("response", "request") and not record.head
        if not algorithm or is_segmented(record) or "warc-truncated" in record.fields or headless:
            notes.add("digest-not-checked")
        else:
            if not is_digest(value, entity) and not is_digest(value, payload):
                findings.append(("HASH_FAILURE", f"a WARC-Payload-Digest in {record.archive}"))
            elif not is_digest(value, entity):
                notes.add("payload-digest-with-framing")
            notes.add("legacy-digest" if algorithm in ("md5", "sha1") else "")
    notes.discard("")
    return findings


def is_segmented(record: Record) -> bool:
    return record.type == "continuation" or "warc-segment-number" in record.fields


def has_web_url(record: Record) -> bool:
    """11.3."""
    url = record.url
    web = len(url) <= 65_536 and re.match(r"https?://[^\t/?#]", url, re.IGNORECASE)
    return bool(web) and key_of(url) is not None


def could_be_exchange(record: Record) -> bool:
    dated = moment(record.date) is not None
    return bool(record.head and record.first) and dated and not is_segmented(record) and has_web_url(record)


def their_notes(records: list[Record], notes: set[str]) -> None:
    """11.3, the requests of one archive, and the notes of 11.5 about its records."""
    ids, by_id = set[str](), dict[tuple[bool, str], Record]()
    for record in records:
        if not record.id or record.id in ids:
            notes.add("repeated-record-id" if record.id else "no-record-id")
        ids.add(record.id)
        if record.id and record.type in ("request", "response", "revisit"):
            by_id.setdefault((record.type == "request", record.id), record)
        if record.type == "unknown" or is_segmented(record):
            notes.add("unknown-type" if record.type == "unknown" else "segmented")
        if record.type in ("response", "revisit"):
            if record.in_doubt:
                notes.add("head-end-in-doubt")
            if record.type == "response" and record.odd_framing:
                notes.add("odd-framing")
            if moment(record.date) is None:
                notes.add(f"{record.type}-without-date")
            if not has_web_url(record):
                notes.add(f"{record.type}-without-web-url")
            if not record.head:
                notes.add(f"{record.type}-without-http-head")
    for record in records:
        for name in record.concurrent:
            other = by_id.get((record.type != "request", name))
            if (
                other is None
                or other.url != record.url
                or record.type not in ("request", "response", "revisit")
            ):
                continue
            request, answer = (record, other) if record.type == "request" else (other, record)
            if (answer.request or request) is not request:
                notes.add("second-request")
            answer.request = answer.request or request


def put_together(
    all_records: dict[str, list[Record]], ours: list[Record], notes: set[str]
) -> tuple[list[Record], list[Served]]:
    """11.3: all exchanges in their order, and the revisits that stand for one, each with it."""
    exchanges, imported, revisits = list[Record](), list[Record](), list[Served]()
    for name, records in all_records.items():
        theirs = [
            one for one in records if name != OURS and one.type == "response" and could_be_exchange(one)
        ]
        exchanges += ours if name == OURS else theirs
        imported += theirs
    by_id, by_place, by_digest = dict[str, Record](), dict[tuple[str, str], Record](), dict[str, Record]()
    seen = set[tuple[str, str, str]]()
    for record in imported:
        by_id.setdefault(record.id, record)
        by_place.setdefault((record.url, record.date), record)
        by_digest.setdefault(record.get("warc-payload-digest"), record)
        same = (record.method, *place_of(record))
        notes.update({"second-answer"} if same in seen else ())
        seen.add(same)
    for name, records in all_records.items():
        for record in records if name != OURS else []:
            if record.type != "revisit" or not could_be_exchange(record):
                continue
            digest = record.get("warc-payload-digest")
            place = (record.get("warc-refers-to-target-uri"), record.get("warc-refers-to-date"))
            origin = by_id.get(record.get("warc-refers-to")) if record.get("warc-refers-to") else None
            origin = origin or by_place.get(place) or (by_digest.get(digest) if digest else None)
            if origin and stands_for(record, origin):
                revisits.append((record, origin))
            else:
                notes.add("revisit-without-its-record")
    return exchanges, revisits


def stands_for(record: Record, origin: Record) -> bool:
    theirs, own = origin.get("warc-payload-digest"), record.get("warc-payload-digest")
    algorithm = declared(own)[0]
    same = theirs == own or not algorithm or algorithm != declared(theirs)[0]
    later = (moment(origin.date) or 0) // 1_000_000 > (moment(record.date) or 0) // 1_000_000
    return same and not later


# The program


def verify(file: BinaryIO, size: int, policy: dict[str, Any]) -> Report:
    """9.2: the checks in their order."""
    report, bundle = Report(), Bundle(file, size, policy)
    try:
        read_container(bundle)
    except Broken as error:
        report.end("container", error)
        return report
    report.settle("container")
    check_list(bundle, report)
    check_members(bundle, report)
    made = check_chain(bundle, report)
    signer = check_seal(bundle, report, made)
    check_policy(policy, report, made, signer)
    return report


def traits(file: BinaryIO) -> tuple[int, ...]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_dev, found.st_ino


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="verify.py", description="Judge a bundle.")
    parser.add_argument("command", choices=["verify"])
    parser.add_argument("--json", action="store_true", help="as it does anyway")
    parser.add_argument("--policy", required=True, metavar="FILE")
    parser.add_argument("bundle", metavar="BUNDLE")
    options = parser.parse_args(arguments)
    result: dict[str, Any] = {"input": options.bundle, "verdict": None}
    try:
        policy = read_policy(options.policy)
        handle = os.open(
            options.bundle, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError("no regular file")
            before = traits(file)
            report = verify(file, before[0], policy)
            if traits(file) != before:
                report.add("container", "CHANGED_WHILE_READ", "the file was written to while it was read")
        result.update(verdict=report.verdict(), checks=report.checks)
        code = {"PASSED": 0, "INDETERMINATE": 3, "FAILED": 1}[report.verdict()]
    except (OSError, Broken) as error:
        result["error"], code = str(error), 2
    except Exception as error:  # noqa: BLE001
        result["error"], code = f"this program is wrong: {error!r}", 4
    sys.stdout.write(json.dumps(result) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
