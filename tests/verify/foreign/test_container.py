"""Anybody's ZIP: what all readers agree on is read, every deviation has its name, what is ambiguous fails."""

from __future__ import annotations

import io
import random
import re
import struct
import time
import zipfile
import zlib
from pathlib import Path
from typing import IO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.bundle.verdict import Check, Verdict, from_error
from archiver.errors import FormatError, LimitError
from archiver.verify.foreign.container import read_foreign_container
from archiver.warc.window import Window
from tests.memory import memory_file
from tests.verify.foreign.handmade import DEFLATED, FULL, Part, deflated, descriptor, handmade, zip64_end

FOREIGN = Path(__file__).parents[4] / "shared" / "foreign"

PAGES = Part(name=b"pages/pages.jsonl", data=b'{"format": "json-pages-1.0"}\n')
WARC = Part(name=b"archive/data.warc.gz", data=b"\x1f\x8b records")
PACKAGE = Part(name=b"datapackage.json", data=b'{"profile": "data-package"}' * 9, method=DEFLATED)
SOUND = (PAGES, WARC, PACKAGE)
LAST = sum(len(part.local_header() + part.stands) for part in (PAGES, WARC))
"""Where the third begins."""
START = LAST + len(PACKAGE.local_header() + PACKAGE.stands)
"""Where their central directory begins."""

P, I, F = Verdict.PASSED, Verdict.INDETERMINATE, Verdict.FAILED  # noqa: E741

Held = tuple[tuple[str, bytes], ...]


def opened(data: bytes) -> tuple[Held, tuple[Check, ...]]:
    """Names and bytes of all members, and the findings, errors among them."""
    with memory_file(data) as file:
        held = []
        try:
            container = read_foreign_container(Window(file))
        except (FormatError, LimitError) as error:
            return (), (from_error("container", error),)
        findings = list(container.findings)
        for member in container.members:
            try:
                held.append((member.name, b"".join(container.chunks(member))))
            except (FormatError, LimitError) as error:
                findings.append(from_error("container", error))
        return tuple(held), tuple(findings)


def one(name: bytes, **more: object) -> bytes:
    return handmade([*SOUND, Part(name=name, data=b"x", **more)])  # type: ignore[arg-type]


def packaged(**more: object) -> bytes:
    return handmade([PAGES, WARC, Part(**{"name": PACKAGE.name, "data": PACKAGE.data, **more})])  # type: ignore[arg-type]


def streamed(data: bytes, method: int = 0, after: bytes | None = None, **more: object) -> bytes:
    """A member whose local header leaves CRC and sizes to what follows its data."""
    packed = len(deflated(data)) if method else len(data)
    part = Part(
        name=b"datapackage.json",
        data=data,
        method=method,
        both={"flags": 8},
        local={"crc": 0, "size": 0, "packed": 0},
        after=descriptor(data, packed=packed) if after is None else after,
        **more,  # type: ignore[arg-type]
    )
    return handmade([part, WARC])


def wide(*numbers: int) -> bytes:
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def unicode_name(name: bytes, header: bytes = b"datapackage.json") -> bytes:
    return struct.pack("<2HBL", 0x7075, 5 + len(name), 1, zlib.crc32(header)) + name


def fifield(count: int = 40) -> bytes:
    """Each member's data takes in all local headers that follow it, in stored blocks (Fifield 2019)."""
    kernel = deflated(bytes(1 << 20), 9)
    names = [b"datapackage.json", *(b"a/%03d.json" % number for number in range(1, count))]
    stands: list[bytes] = [kernel]
    contents = [bytes(1 << 20)]
    for number in range(count - 1, 0, -1):
        after = Part(name=names[number], method=DEFLATED, data=contents[0], packed=stands[0]).local_header()
        quoted = struct.pack("<BHH", 0, len(after), len(after) ^ 0xFFFF) + after
        stands.insert(0, quoted + after + stands[0])
        contents.insert(0, after + contents[0])
    out = bytearray()
    entries = []
    for number, name in enumerate(names):
        part = Part(name=name, method=DEFLATED, data=contents[number], packed=stands[number])
        entries.append(part.entry(len(out)))
        out += part.local_header()
        if number < count - 1:
            follows = Part(
                name=names[number + 1], method=DEFLATED, data=contents[number + 1], packed=stands[number + 1]
            ).local_header()
            out += struct.pack("<BHH", 0, len(follows), len(follows) ^ 0xFFFF)
    out += kernel
    start, directory = len(out), b"".join(entries)
    return (
        bytes(out)
        + directory
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), start, 0)
    )


def signed_directory() -> bytes:
    """With a digital signature at the directory's end, which no reader checks."""
    signature = b"PK\x05\x05\0\0"
    size = sum(len(part.entry(0)) for part in SOUND) + len(signature)
    whole = handmade(SOUND, size=size)
    return whole[:-22] + signature + whole[-22:]


TINY = handmade([Part(name=b"datapackage.json", data=b"{}")])
DATA = b"[1, 2, 3]"
DIRECTORY = sum(len(part.entry(0)) for part in SOUND)
END64 = zip64_end(START + DIRECTORY, len(SOUND), DIRECTORY, START)
NFC, NFD = "\u00e9.json".encode(), "e\u0301.json".encode()
UTF8 = {"flags": 0x800}

DEVIATIONS: dict[str, tuple[bytes, Verdict, str]] = {
    # What makes names ambiguous
    "a name twice": (one(PAGES.name), F, "two members of one name"),
    "a name twice, the same bytes": (handmade([*SOUND, PAGES]), F, "two members of one name"),
    "names that differ in case": (one(b"Pages/pages.jsonl"), F, "one to some"),
    "names that differ in composition": (
        handmade([Part(name=NFC, both=UTF8), Part(name=NFD, both=UTF8)]),
        F,
        "one to some",
    ),
    "a fullwidth slash": (one("pages／pages.jsonl".encode(), both=UTF8), F, "one to some"),
    "fullwidth letters": (one("ｐages/pages.jsonl".encode(), both=UTF8), F, "one to some"),
    "a backslash twin": (one(b"pages\\pages.jsonl"), F, "one to some"),
    "a backslash": (one(b"logs\\a.txt"), F, "backslash"),
    "a file that is a folder to another": (one(b"pages"), F, "a file and a folder"),
    "a file that is a folder of its own entry": (
        handmade([*SOUND, Part(name=b"a"), Part(name=b"a/")]),
        F,
        "one to some",
    ),
    "climbing": (one(b"../x"), F, "segment"),
    "climbing within": (one(b"a/../../x"), F, "segment"),
    "climbing with backslashes": (one(b"a\\..\\b"), F, "backslash"),
    "an absolute name": (one(b"/etc/passwd"), F, "absolute"),
    "a drive": (one(b"C:\\x"), F, "absolute"),
    "a drive with a slash": (one(b"c:/x"), F, "absolute"),
    "a dot segment": (one(b"./datapackage.json"), F, "segment"),
    "an empty segment": (one(b"pages//pages.jsonl"), F, "segment"),
    "an empty name": (one(b""), F, "segment"),
    "NUL": (one(b"datapackage.json\0.txt"), F, "control"),
    "a line end": (one(b"a\nb"), F, "control"),
    "an escape": (one(b"\x1b[2Ja"), F, "control"),
    "a C1 control": (one("a\u009bb".encode(), both=UTF8), F, "control"),
    "a bidi override": (one("a\u202egpj.exe".encode(), both=UTF8), F, "bidi"),
    "a zero width space": (one("a\u200b.json".encode(), both=UTF8), F, "bidi"),
    "cp437 or UTF-8": (one("é.json".encode()), F, "without the UTF-8 flag"),
    "not UTF-8 under the flag": (one(b"\xff.json", both=UTF8), F, "not UTF-8"),
    "Latin-1": (one(b"\xe9.json"), F, "not UTF-8"),
    "another name in the local header": (packaged(local_name=b"Datapackage.json"), F, "local header"),
    "another name in an extra field": (
        packaged(extra=unicode_name(b"other.json")),
        F,
        "second, different name",
    ),
    "another name in a local extra field": (
        packaged(local_extra=unicode_name(b"other.json")),
        F,
        "second, different",
    ),
    "a name of 513 bytes": (one(b"a" * 513), I, "name of 513 bytes"),
    # What makes bytes ambiguous
    "another method in the local header": (packaged(local={"method": 8}), F, "method in the local header"),
    "another CRC in the local header": (packaged(local={"crc": 1}), F, "CRC-32 in the local header"),
    "no CRC in the local header": (packaged(local={"crc": 0}), F, "CRC-32 in the local header"),
    "another size in the local header": (packaged(local={"size": 1}), F, "size or CRC-32 in the local"),
    "another packed size in the local header": (
        packaged(local={"packed": 1}),
        F,
        "size or CRC-32 in the local",
    ),
    "the UTF-8 flag in one header": (one("é".encode(), central=UTF8), F, "flags in the local header"),
    "the descriptor flag in one header": (packaged(local={"flags": 8}), F, "flags in the local header"),
    "a stored member of two sizes": (packaged(both={"packed": 3}), F, "two sizes"),
    "a wrong CRC": (packaged(both={"crc": 1}), F, "CRC-32 is not"),
    "encrypted": (packaged(both={"flags": 1}), F, "encrypted"),
    "strongly encrypted": (packaged(both={"flags": 0x41}), F, "encrypted"),
    "an encrypted directory": (packaged(both={"flags": 0x2000}), F, "encrypted"),
    "AES": (packaged(extra=struct.pack("<2H7s", 0x9901, 7, b"\2\0AE\3\0\0")), F, "encrypted"),
    "patched data": (packaged(both={"flags": 0x20}), F, "flags that have no meaning"),
    "bzip2": (packaged(method=12), F, "compression method"),
    "zstd": (packaged(method=93), F, "compression method"),
    "a deflated WARC": (
        handmade([Part(name=WARC.name, data=b"x" * 99, method=DEFLATED)]),
        F,
        "deflated WARC",
    ),
    "a deflated plain WARC": (
        handmade([Part(name=b"archive/a.warc", data=b"x", method=DEFLATED)]),
        F,
        "deflated WARC",
    ),
    "a deflated compressed index": (
        handmade([Part(name=b"indexes/index.cdx.gz", data=b"x", method=DEFLATED)]),
        F,
        "compressed index",
    ),
    "broken deflated data": (packaged(method=DEFLATED, packed=b"\xff\xff"), F, "broken"),
    "deflated data cut short": (
        packaged(method=DEFLATED, packed=deflated(PACKAGE.data)[:-2]),
        F,
        "ends early",
    ),
    "deflated data of more bytes than told": (
        packaged(method=DEFLATED, both={"size": 3}),
        F,
        "more than its 3",
    ),
    "deflated data of fewer bytes than told": (
        packaged(method=DEFLATED, both={"size": 999}),
        F,
        "ends early",
    ),
    "bytes behind deflated data": (
        packaged(method=DEFLATED, packed=deflated(PACKAGE.data) + b"x"),
        F,
        "behind the end",
    ),
    "many bytes behind deflated data": (
        packaged(method=DEFLATED, packed=deflated(PACKAGE.data) + bytes(200_000)),
        F,
        "behind the end",
    ),
    "a descriptor with another CRC": (streamed(DATA, after=descriptor(b"[1, 2, 4]")), F, "descriptor"),
    "a descriptor with another size": (streamed(DATA, after=descriptor(DATA, packed=8)), F, "descriptor"),
    "no descriptor": (streamed(DATA, after=b""), F, "descriptor"),
    "local sizes that are not those behind the data": (
        handmade(
            [Part(name=b"a.json", data=DATA, both={"flags": 8}, local={"size": 5}, after=descriptor(DATA))]
        ),
        F,
        "local header",
    ),
    "two entries of one local header": (
        handmade([PAGES, Part(name=PAGES.name, data=PAGES.data, central={"header": 0})]),
        F,
        "overlaps",
    ),
    "a member within another": (
        handmade(
            [Part(name=b"a", data=Part(name=b"b").local_header()), Part(name=b"b", central={"header": 31})]
        ),
        F,
        "overlaps",
    ),
    "Fifield's bomb": (fifield(), F, "overlaps"),
    "a member that reaches into the directory": (
        handmade([PAGES, Part(name=b"a", data=b"x", both={"size": 9, "packed": 9})]),
        F,
        "overlaps",
    ),
    "a local header that reaches into the directory": (
        handmade([PAGES, Part(name=b"a", local_extra=b"\0" * 4, packed=b"")]).replace(
            b"\x01\0\x04\0a\0\0\0\0", b"\x01\0\xff\0a\0\0\0\0"
        ),
        F,
        "overlaps",
    ),
    "no local header": (
        handmade([Part(name=b"a", data=b"x" * 40, central={"header": 3})]),
        F,
        "no local header",
    ),
    "a local header beyond the file": (
        packaged(central={"header": 1 << 30}),
        F,
        "no local header|beyond its end",
    ),
    "another disk's member": (packaged(central={"disk": 1}), F, "another disk"),
    # Modes
    "a symlink": (packaged(both={"made_by": 0x0314, "attributes": 0o120777 << 16}), F, "link or a device"),
    "a device": (packaged(both={"made_by": 0x0314, "attributes": 0o060644 << 16}), F, "link or a device"),
    "a FIFO": (packaged(both={"attributes": 0o010644 << 16}), F, "link or a device"),
    "a folder's mode": (
        packaged(both={"made_by": 0x0314, "attributes": 0o040755 << 16}),
        F,
        "a folder, under",
    ),
    "a folder's attribute": (packaged(both={"attributes": 0x10}), F, "a folder, under"),
    "a folder with data": (handmade([*SOUND, Part(name=b"logs/", data=b"hidden")]), F, "folder with data"),
    "a folder with packed data": (
        handmade([*SOUND, Part(name=b"logs/", method=DEFLATED, packed=b"\x03\0hidden")]),
        F,
        "folder with data",
    ),
    "a folder of other packed data": (
        handmade([*SOUND, Part(name=b"logs/", method=DEFLATED, packed=b"hi")]),
        F,
        "folder with data",
    ),
    # The end
    "empty": (b"", F, "empty"),
    "no ZIP": (b"WARC/1.1\r\n" * 9, F, "not a ZIP"),
    "cut short": (handmade(SOUND)[:-1], F, "not a ZIP|cut short"),
    "cut within the comment": (handmade(SOUND, comment=b"abc")[:-1], F, "within the end record's comment"),
    "a second ZIP behind": (handmade(SOUND) + TINY, F, "second ZIP"),
    "a second ZIP before": (TINY + handmade(SOUND), F, "second ZIP"),
    "a second ZIP before, with offsets that fit": (handmade(SOUND, prefix=TINY), F, "another ZIP structure"),
    "a second ZIP in the comment": (handmade(SOUND, comment=TINY), F, "second ZIP"),
    "a second end record in the comment": (
        handmade(SOUND, comment=struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0)),
        F,
        "",
    ),
    "an end record that begins in the comment's length": (
        handmade(SOUND, comment=(b"\x05\x06" + bytes(18)).ljust(0x4B50, b"\0")),
        F,
        "second ZIP",
    ),
    "a local header that begins in the comment's length": (
        handmade(SOUND, comment=b"\x03\x04".ljust(0x4B50, b"\0")),
        F,
        "behind the end record",
    ),
    "a local header that begins in a member's data": (
        handmade([Part(name=b"a", data=b"xPK"), Part(name=b"b", before=b"\x03\x04")]),
        F,
        "another ZIP structure",
    ),
    "a second ZIP between members": (
        handmade([PAGES, Part(name=b"a", before=TINY)]),
        F,
        "another ZIP structure",
    ),
    "a second ZIP before the directory": (handmade(SOUND, gap=TINY), F, "another ZIP structure"),
    "an unlisted member before the directory": (
        handmade(SOUND, gap=WARC.local_header() + WARC.data),
        F,
        "another ZIP structure",
    ),
    "a lone end record behind": (handmade(SOUND, suffix=TINY[-22:-2]), F, "second ZIP"),
    "a ZIP in an entry's comment": (packaged(comment=TINY), F, "structure begins within an entry"),
    "a ZIP in an extra field": (
        packaged(extra=struct.pack("<2H", 0x5455, len(TINY)) + TINY),
        F,
        "structure begins within an entry",
    ),
    "a ZIP in a local extra field": (
        packaged(local_extra=struct.pack("<2H", 0x5455, len(TINY)) + TINY),
        F,
        "within its local header",
    ),
    "a prefix that shifts all offsets": (b"#!/bin/sh\n" + handmade(SOUND), F, "need shifting"),
    "a gap between directory and end": (handmade(SOUND, size=0), F, "need shifting"),
    "bytes before the end record": (handmade(SOUND, zip64=b"junk"), F, "need shifting"),
    "fewer members than announced": (handmade(SOUND, here=4, count=4), F, "announced"),
    "more members than announced": (handmade(SOUND, here=2, count=2), F, "announced"),
    "members on two disks": (handmade(SOUND, here=2), F, "disks"),
    "a second disk": (handmade(SOUND, disk=1), F, "disks"),
    "no entry in the directory": (handmade(SOUND).replace(b"PK\x01\x02", b"PK\x01\x03"), F, "no entry"),
    "a signed directory": (signed_directory(), F, "no entry"),
    "10,001 members": (handmade([Part(name=b"%d" % number) for number in range(10_001)]), I, "10001 members"),
    # Zip64
    "a Zip64 locator that points elsewhere": (
        handmade(SOUND, zip64=zip64_end(0, 3, 0, 0, points_to=9)),
        F,
        "false Zip64 locator",
    ),
    "bytes before a Zip64 locator": (
        handmade(SOUND, zip64=END64[:56] + b"junk" + END64[56:]),
        F,
        "false Zip64 locator",
    ),
    "a Zip64 locator in an entry's comment": (
        handmade([PAGES, Part(name=b"a", comment=struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1))]),
        F,
        "Zip64|structure",
    ),
    "Zip64 end records of another directory": (
        handmade(SOUND, zip64=zip64_end(len(handmade(SOUND)) - 22, 2, 99, 0)),
        F,
        "contradicts",
    ),
    "no Zip64 end record": (handmade(SOUND, start=FULL), F, "no Zip64 end record"),
    "no Zip64 field": (packaged(central={"size": FULL}), F, "no Zip64 field"),
    "a Zip64 field that is too short": (
        packaged(central={"size": FULL, "packed": FULL}, extra=wide(len(PACKAGE.data))),
        F,
        "contradicts",
    ),
    "a Zip64 field with other numbers": (packaged(extra=wide(7, 7)), F, "contradicts"),
    "a Zip64 field with one number too many": (
        packaged(central={"header": FULL}, extra=wide(LAST, len(PACKAGE.data))),
        F,
        "contradicts",
    ),
    "a Zip64 field in the local header with other numbers": (
        packaged(local={"size": FULL, "packed": FULL}, local_extra=wide(7, 7)),
        F,
        "local header",
    ),
    "two Zip64 fields": (packaged(extra=wide(1) + wide(1)), F, "two Zip64 fields"),
    "an extra field cut short": (packaged(extra=b"UT\x09\0\0"), F, "cut short"),
    "bytes behind the extra fields": (packaged(extra=b"UT\0\0ab"), F, "behind the extra fields"),
    "33 extra fields": (packaged(extra=b"UT\0\0" * 33), I, "extra fields"),
    # What nobody listed or signed, and no reader takes for content
    "bytes before the first member": (
        handmade(SOUND, prefix=b"#!/bin/sh\n"),
        I,
        "10 bytes that belong to no member",
    ),
    "bytes between members": (handmade([PAGES, Part(name=b"a", before=b"junk")]), I, "4 bytes that belong"),
    "bytes before the directory": (handmade(SOUND, gap=bytes(5)), I, "5 bytes that belong"),
    "bytes behind the end": (handmade(SOUND, suffix=b"junk"), I, "4 bytes that belong"),
    "bytes in several places": (
        handmade(SOUND, prefix=b"a", gap=b"b", suffix=b"c"),
        I,
        "3 bytes .* in 3 places",
    ),
    "a descriptor that no flag announces": (
        packaged(after=descriptor(PACKAGE.data)),
        I,
        "16 bytes that belong",
    ),
    # What is only not ours
    "deflated JSON": (handmade(SOUND), P, "deflated members: 'datapackage.json'"),
    "a descriptor": (streamed(DATA), P, "data descriptors"),
    "a descriptor without its signature": (
        streamed(DATA, after=descriptor(DATA, signed=False)),
        P,
        "data descriptors",
    ),
    "a wide descriptor": (streamed(DATA, after=descriptor(DATA, wide=True)), P, "data descriptors"),
    "a wide descriptor without its signature": (
        streamed(DATA, after=descriptor(DATA, wide=True, signed=False)),
        P,
        "data descriptors",
    ),
    "a descriptor behind deflated data": (streamed(DATA, DEFLATED), P, "data descriptors"),
    "a descriptor though the sizes are known": (
        handmade([Part(name=b"a.json", data=DATA, both={"flags": 8}, after=descriptor(DATA))]),
        P,
        "data descriptors",
    ),
    "Zip64 fields": (
        packaged(
            both={"size": FULL, "packed": FULL},
            extra=wide(len(PACKAGE.data), len(PACKAGE.data)),
            local_extra=wide(len(PACKAGE.data), len(PACKAGE.data)),
        ),
        P,
        "Zip64 fields",
    ),
    "Zip64 fields that repeat the short ones": (
        packaged(extra=wide(len(PACKAGE.data), len(PACKAGE.data))),
        P,
        "Zip64 fields",
    ),
    "a Zip64 end record": (handmade(SOUND, zip64=True), P, "a Zip64 end record"),
    "a Zip64 end record that is needed": (
        handmade(SOUND, zip64=True, here=0xFFFF, count=0xFFFF, size=FULL, start=FULL),
        P,
        "a Zip64 end record",
    ),
    "Unix modes": (packaged(both={"made_by": 0x0314, "attributes": 0o100644 << 16}), P, "file modes"),
    "file times": (packaged(both={"date": 0x5A77, "time": 0x6000}), P, "file times"),
    "the UTF-8 flag": (packaged(both=UTF8), P, "UTF-8 flag"),
    "extra fields": (
        packaged(extra=b"UT\5\0\1\0\0\0\0ux\0\0", local_extra=b"UT\1\0\3"),
        P,
        r"extra fields \(0x5455, 0x7875\)",
    ),
    "padding behind extra fields": (packaged(extra=b"UT\0\0\0\0"), P, "extra fields"),
    "the same name in an extra field": (packaged(extra=unicode_name(b"datapackage.json")), P, "0x7075"),
    "a comment": (handmade(SOUND, comment=b"hello"), P, "a comment of 5 bytes"),
    "a comment on a member": (packaged(comment=b"hello"), P, "comment on a member"),
    "members out of order": (handmade(SOUND, order=(2, 0, 1)), P, "another order"),
    "folders": (handmade([Part(name=b"pages/"), *SOUND]), P, "entry for a folder: 'pages/'"),
    "a deflated folder": (handmade([Part(name=b"logs/", method=DEFLATED)]), P, "entry for a folder"),
    "a name with a colon": (one(b"raw/request_2023-02-19T00:49:59.837Z"), P, "Frictionless"),
    "a name beyond ASCII": (one(NFC, both=UTF8), P, "Frictionless"),
    "a decomposed name": (one(NFD, both=UTF8), P, "composed form"),
    "a newer reader asked for": (packaged(both={"needed": 63}), P, "newer reader"),
}


@pytest.mark.parametrize(("data", "verdict", "word"), DEVIATIONS.values(), ids=DEVIATIONS.keys())
def test_a_deviation_has_its_name(data: bytes, verdict: Verdict, word: str) -> None:
    _, findings = opened(data)
    assert Verdict.worst([P, *(check.verdict for check in findings)]) is verdict
    told = [check for check in findings if check.verdict is verdict and re.search(word, check.message)]
    assert told, findings
    codes = {
        F: {"FORMAT_FAILURE", "HASH_FAILURE"},
        I: {"UNACCOUNTED_BYTES", "RESOURCE_LIMIT"},
        P: {"CONTAINER_NOTE"},
    }
    assert {check.code for check in told} <= codes[verdict]
    assert {check.name for check in findings} == {"container"}


def test_a_plain_one_has_none() -> None:
    parts = [PAGES, WARC]
    assert opened(handmade(parts)) == (tuple((part.name.decode(), part.data) for part in parts), ())


def test_a_deviation_is_told_once_however_often_it_is_met() -> None:
    data = handmade([Part(name=b"../%d" % number, both={"date": 0x5A77}) for number in range(3_000)])
    _, findings = opened(data)
    assert [check.message for check in findings if check.verdict is F] == [
        "a name with an empty, '.' or '..' segment: '../0' and 2999 more"
    ]
    assert len(findings) < 5


def test_members_stand_in_file_order_and_folders_are_none() -> None:
    held, _ = opened(handmade([Part(name=b"pages/"), *SOUND], order=(3, 1, 0, 2)))
    assert [name for name, _ in held] == [part.name.decode() for part in SOUND]


def test_a_member_can_be_asked_for_by_name() -> None:
    with memory_file(handmade(SOUND)) as file:
        container = read_foreign_container(Window(file))
        package, warc = container.get("datapackage.json"), container.get("archive/data.warc.gz")
        assert container.get("x") is None
        assert package is not None and warc is not None
        assert container.read(package, max_bytes=len(PACKAGE.data)) == PACKAGE.data
        assert container.window(warc).read_at(0, 2) == b"\x1f\x8b"
        with pytest.raises(LimitError, match=r"datapackage.json: .* the limit is"):
            container.read(package, max_bytes=len(PACKAGE.data) - 1)
        with pytest.raises(FormatError, match="is not stored"):
            container.window(package)


def test_the_limit_of_members_is_the_callers() -> None:
    with memory_file(handmade(SOUND)) as file:
        assert len(read_foreign_container(Window(file), most_members=3).members) == 3
        with pytest.raises(LimitError, match="3 members; the limit is 2"):
            read_foreign_container(Window(file), most_members=2)


def test_members_are_counted_where_the_number_is_a_lie() -> None:
    data = handmade([Part(name=b"%d" % number) for number in range(30)], here=1, count=1)
    with memory_file(data) as file, pytest.raises(LimitError, match="more than 20 members"):
        read_foreign_container(Window(file), most_members=20)


def test_what_would_inflate_to_very_much_is_not_inflated() -> None:
    bomb = Part(name=b"a.json", method=DEFLATED, packed=b"x", both={"size": 200 << 20})
    _, findings = opened(handmade([bomb]))
    assert [(check.verdict, check.code) for check in findings] == [(I, "RESOURCE_LIMIT")]


def test_much_that_belongs_to_no_member_is_a_limit() -> None:
    with memory_file(b"") as file:
        parts = handmade([Part(name=b"a", data=b"x")], prefix=bytes(65 << 20))
        file.write(parts)
        with pytest.raises(LimitError, match="belong to no member"):
            read_foreign_container(Window(file))


def test_ten_thousand_members_are_opened_in_a_third_of_a_second() -> None:
    with memory_file(handmade([Part(name=b"raw/%d.json" % number) for number in range(10_000)])) as file:
        begun = time.process_time()
        assert len(read_foreign_container(Window(file)).members) == 10_000
        assert time.process_time() - begun < 0.3


# Genuine ones


class Pipe(io.RawIOBase):
    """Takes bytes and cannot go back."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.held += cast("bytes", data)
        return len(cast("bytes", data))


def zipped(files: list[tuple[str, bytes, int, bool]], *, comment: bytes = b"", pipe: bool = False) -> bytes:
    """(name, content, method, whether Zip64 is forced) as the standard library packs them."""
    out: Pipe | io.BytesIO = Pipe() if pipe else io.BytesIO()
    with zipfile.ZipFile(cast("IO[bytes]", out), "w") as target:
        for name, content, method, wide_ in files:
            info = zipfile.ZipInfo(name, (2026, 11, 23, 12, 0, 0))
            info.compress_type = method
            with target.open(info, "w", force_zip64=wide_) as file:
                file.write(content)
        target.comment = comment
    return bytes(out.held) if isinstance(out, Pipe) else out.getvalue()


LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="/\\:")
SEGMENT = st.text(LETTERS, min_size=1, max_size=9)
NAME = (
    st.lists(SEGMENT.filter(lambda text: text not in (".", "..")), min_size=1, max_size=3)
    .map("/".join)
    .filter(lambda name: not name.lower().endswith((".warc", ".warc.gz", ".cdx.gz")))  # never deflated
)
FILE = st.tuples(NAME, st.binary(max_size=300), st.sampled_from([0, 8]), st.booleans())


@settings(max_examples=300)
@given(
    st.lists(FILE, max_size=6),
    st.binary(max_size=9).filter(lambda comment: b"PK" not in comment),
    st.booleans(),
)
def test_what_zipfile_writes_is_read_as_zipfile_reads_it(
    files: list[tuple[str, bytes, int, bool]], comment: bytes, pipe: bool
) -> None:
    named = {file[0].casefold(): file for file in files}
    data = zipped(list(named.values()), comment=comment, pipe=pipe)
    held, findings = opened(data)
    if not any(check.verdict is F for check in findings):
        with zipfile.ZipFile(io.BytesIO(data)) as found:
            assert dict(held) == {info.filename: found.read(info) for info in found.infolist()}
    ambiguous = {check.message.partition(":")[0] for check in findings if check.verdict is F}
    assert ambiguous <= {"two names that are one to some", "a file and a folder of one name"}
    assert not [check for check in findings if check.verdict is I]


@pytest.mark.parametrize("pipe", [False, True])
@pytest.mark.parametrize("method", [0, 8])
def test_forced_zip64_is_read(pipe: bool, method: int) -> None:
    held, findings = opened(zipped([("a.json", b"[" * 99, method, True)], pipe=pipe))
    assert held == (("a.json", b"[" * 99),)
    assert {check.verdict for check in findings} == {P}
    assert any("Zip64" in check.message for check in findings)


def test_what_lies_beyond_four_gigabytes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    with path.open("wb") as file, zipfile.ZipFile(file, "w") as target:
        target.writestr("a.json", b"[1]")
        file.seek(4 << 30)  # a hole, which zipfile takes for part of the file
        target.start_dir = file.tell()
        target.writestr("b.json", b"[2]")
    with path.open("rb") as large, pytest.raises(LimitError, match="belong to no member"):
        read_foreign_container(Window(large))
    entry = Part(name=b"a", both={"size": FULL, "packed": FULL})
    size = 5 << 30
    header = Part(name=b"a", both=dict(entry.both), local_extra=wide(size, size)).local_header()
    later = len(header) + size
    second = Part(name=b"b", central={"header": FULL}, extra=wide(later))
    directory = Part(name=b"a", both=dict(entry.both), extra=wide(size, size)).entry(0) + second.entry(0)
    with path.open("wb") as file:
        file.write(header)
        file.seek(later)
        start = file.write(second.local_header()) + later
        file.write(directory + zip64_end(start + len(directory), 2, len(directory), start))
        file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, len(directory), FULL, 0))
    with path.open("rb") as large:
        container = read_foreign_container(Window(large))
        assert [(member.name, member.size) for member in container.members] == [("a", size), ("b", 0)]
        assert {check.verdict for check in container.findings} == {P}


def test_bundles_of_other_tools_are_opened() -> None:
    if not FOREIGN.is_dir():
        pytest.skip("../shared/foreign is not there")
    for path in sorted(FOREIGN.glob("*.wacz")):
        held, findings = opened(path.read_bytes())
        with zipfile.ZipFile(path) as found:
            assert dict(held) == {info.filename: found.read(info) for info in found.infolist()}
        assert {check.verdict for check in findings} == {P}, path.name


# The law


def flips(data: bytes, held: Held) -> int:
    """Flip every byte outside the members' data, in three ways; how many were checked."""
    checked = 0
    with memory_file(data) as file:
        container = read_foreign_container(Window(file))
        inside = {
            at for member in container.members for at in range(member.offset, member.offset + member.packed)
        }
    for at in range(len(data)):
        if at in inside:
            continue
        for change in (1, 0x80, 0xFF):
            mutant = bytearray(data)
            mutant[at] ^= change
            now, findings = opened(bytes(mutant))
            assert now == held or any(check.verdict is not P for check in findings), (at, change)
            if now != held:
                assert any(check.verdict is F or check.code == "RESOURCE_LIMIT" for check in findings)
            checked += 1
    return checked


@pytest.mark.parametrize(
    "data",
    [
        handmade(SOUND, comment=b"c"),
        handmade([Part(name=b"pages/"), *SOUND], zip64=True),
        streamed(DATA),
        packaged(extra=b"UT\5\0\1\0\0\0\0", local_extra=b"UT\1\0\3"),
        zipped([("a.json", b"[1, 2]", 8, True), ("é/b", b"x", 0, False)], pipe=True),
    ],
    ids=["plain", "folder and Zip64", "descriptor", "extra", "zipfile"],
)
def test_no_flip_outside_the_data_changes_what_is_read_in_silence(data: bytes) -> None:
    held, findings = opened(data)
    assert {check.verdict for check in findings} <= {P}
    assert flips(data, held) > 300


def test_no_two_changes_do_either() -> None:
    """And nothing is raised but our own errors."""
    dice = random.Random(4)
    data = handmade([Part(name=b"pages/"), *SOUND], zip64=True, comment=b"comment")
    held, _ = opened(data)
    for _ in range(4_000):
        mutant = bytearray(data)
        for _ in range(dice.randint(2, 4)):
            mutant[dice.randrange(len(mutant))] = dice.choice((0, 1, 0xFF, 0x50, dice.randrange(256)))
        now, findings = opened(bytes(mutant))
        if {check.verdict for check in findings} <= {P}:
            assert now == held or {name for name, _ in now} != {name for name, _ in held}
