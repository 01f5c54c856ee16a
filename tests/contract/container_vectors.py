"""Vectors of the ZIP itself: whatever is not the one canonical form of it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from archiver.bundle.bundle import IDENTITY, INDEX, MANIFEST, PAGES
from tests.contract.forging import CLOSING, OTHER, PACKAGE, WARC, base, sealed, warc_of
from tests.contract.vector import Vector, vector
from tests.contract.zipping import Entry, entries_of, zip64_end, zip_of
from tests.rogue import members_of, zipped

_BROKEN = "container FORMAT_FAILURE"
_METHOD = {"method": 8}


def _entries() -> list[Entry]:
    return entries_of(base())


def _changed(at: int, **values: Any) -> list[Entry]:
    """The entries of the base, that at *at* with other *values*."""
    entries = _entries()
    entries[at] = msgspec.structs.replace(entries[at], **values)
    return entries


def _field(**values: Any) -> Callable[[], bytes]:
    return lambda: zip_of(_changed(1, **values))


def _named(name: bytes, **more: Any) -> Callable[[], bytes]:
    """The base and one more member of that name, listed and signed where that is ASCII."""

    text = name.decode("latin-1")

    def container(members: dict[str, bytes]) -> bytes:
        return zip_of(
            msgspec.structs.replace(entry, name=name, **more) if entry.name == text.encode() else entry
            for entry in entries_of({**members, text: b"{}"})
        )

    def make() -> bytes:
        return sealed({**base(), text: b"{}"}, container=container) if text.isascii() else container(base())

    return make


def _deflated() -> bytes:
    """The base with pages.jsonl deflated, in one stored block."""
    data = base()[PAGES]
    packed = b"\x01" + struct.pack("<HH", len(data), len(data) ^ 0xFFFF) + data
    sizes = {"packed": len(packed), "size": len(data), "method": 8}
    return zip_of(_changed(2, data=packed, both={**sizes, "crc": _crc(data)}))


def _descriptor(*, wrong: bool) -> bytes:
    entry = _entries()[1]
    fields = struct.pack("<4s3L", b"PK\x07\x08", _crc(entry.data) ^ wrong, len(entry.data), len(entry.data))
    local = {"flags": 8, "crc": 0, "packed": 0, "size": 0}
    return zip_of(_changed(1, local=local, central={"flags": 8}, after=fields))


def _overlapping() -> bytes:
    """A directory of which two entries claim the same data."""
    entries = _entries()
    first = entries[0]
    second = {"header": 0, "crc": _crc(first.data), "packed": len(first.data), "size": len(first.data)}
    return zip_of(_changed(1, central=second))


def _quoted() -> bytes:
    """The construction of the overlapping bombs: a member whose data holds the next one's local header."""
    entries = _entries()
    inner = zip_of(entries[1:2])[: 30 + len(entries[1].name) + len(entries[1].data)]
    outer = msgspec.structs.replace(entries[0], data=entries[0].data + inner)
    made = zip_of([outer, *entries[1:]])
    start = made.index(b"PK\x01\x02")
    at = made.index(entries[1].name, start) - 46
    place = 30 + len(outer.name) + len(entries[0].data)
    return made[: at + 42] + struct.pack("<L", place) + made[at + 46 :]


def _crc(data: bytes) -> int:
    return zlib.crc32(data)


def _end_of(data: bytes) -> tuple[int, int, int]:
    """Count, size and place of the directory of the canonical ZIP *data*."""
    fields = struct.unpack("<4s4H2LH", data[-22:])
    return fields[4], fields[5], fields[6]


def _with_zip64(count: int = 0, locator: int = 0, *, full: bool) -> bytes:
    """The base with a Zip64 end record that it does not need, *count* and *locator* off by so much."""
    number, size, start = _end_of(zip_of(_entries()))
    record = zip64_end(number + count, size, start, locator=start + size + locator)
    end = {"count_here": 0xFFFF, "count": 0xFFFF, "start": 0xFFFFFFFF} if full else {}
    return zip_of(_entries(), before_end=record, end=end)


def _duplicate(*, first: bool) -> bytes:
    """Two members pages.jsonl, of which one is another; both have a local header and an entry."""
    entries = _entries()
    other = msgspec.structs.replace(entries[2], data=entries[2].data.replace(b"A page", b"B page"))
    pair = [other, entries[2]] if first else [entries[2], other]
    return zip_of([*entries[:2], *pair, *entries[3:]])


def _case_twin() -> bytes:
    return zip_of([*_entries()[:1], Entry(name=b"archive/DATA.warc.gz", data=b"other"), *_entries()[1:]])


_SHAPES: list[Vector] = [
    vector("zip-empty-file", _BROKEN, lambda: b"", "The file has no bytes."),
    vector("zip-cut-short", _BROKEN, lambda: zipped(base())[:-1], "The last byte of the file is missing."),
    vector("zip-with-a-prefix", _BROKEN, lambda: b"MZ" + zipped(base()),
           "Two bytes stand before the first member, as in a self-extracting file; offsets are not "
           "adjusted."),
    vector("zip-with-an-adjusted-prefix", _BROKEN,
           lambda: zip_of(_changed(0, before=b"#!/bin/sh\n")),
           "Bytes stand before the first member and all offsets take them into account."),
    vector("zip-with-a-suffix", _BROKEN, lambda: zipped(base()) + b"\0",
           "A byte stands behind the end record; many readers look for that record backwards and find it."),
    vector("zip-with-a-second-zip-behind-it", _BROKEN, lambda: zipped(base()) * 2,
           "The same ZIP stands twice: readers from the front and from the back see two files."),
    vector("zip-with-a-comment", _BROKEN, lambda: zip_of(_entries(), comment=b"hidden"),
           "The end record announces a comment of six bytes."),
    vector("zip-with-a-member-comment", _BROKEN, _field(comment=b"hidden"),
           "A directory entry has a comment."),
    vector("zip-with-an-extra-field", _BROKEN, _field(extra=b"UT\x05\x00\x01\0\0\0\0"),
           "A directory entry has an extra field (a time stamp) that the canonical form does not have."),
    vector("zip-with-a-gap-between-members", _BROKEN, _field(before=b"hidden"),
           "Six bytes stand between two members, in neither of them."),
    vector("zip-with-a-gap-before-its-directory", _BROKEN, lambda: zip_of(_entries(), gap=b"hidden"),
           "Six bytes stand between the last member and the central directory."),
    vector("zip-member-twice-the-last-is-another", _BROKEN, lambda: _duplicate(first=False),
           "pages/pages.jsonl is there twice; readers that take the last of a name see another page title."),
    vector("zip-member-twice-the-first-is-another", _BROKEN, lambda: _duplicate(first=True),
           "pages/pages.jsonl is there twice; readers that take the first of a name see another page title."),
    vector("zip-member-listed-twice", _BROKEN, lambda: zip_of(_entries(), listed=[0, 1, 2, 2, 3, 4, 5, 6]),
           "The directory lists one member twice."),
    vector("zip-member-not-listed", _BROKEN, lambda: zip_of(_entries(), listed=[0, 2, 3, 4, 5, 6]),
           "A member lies in the file, and the directory does not list it."),
    vector("zip-members-overlap", _BROKEN, _overlapping,
           "Two entries of the directory claim the same bytes of the file."),
    vector("zip-member-inside-another", _BROKEN, _quoted,
           "The data of one member hold the local header and data of the next, as overlapping bombs are "
           "built."),
    vector("zip-members-listed-in-another-order", _BROKEN,
           lambda: zip_of(_entries(), listed=[1, 0, 2, 3, 4, 5, 6]),
           "The directory lists the members in another order than they lie in."),
    vector("zip-members-in-another-order", _BROKEN,
           lambda: zip_of([_entries()[at] for at in (1, 0, 2, 3, 4, 5, 6)]),
           "The members lie in another order than the canonical one, and are listed so."),
]  # fmt: skip

_HEADERS: list[Vector] = [
    vector("zip-local-name-differs", _BROKEN, _field(local_name=b"indexes/other.cdx"),
           "A local header has another name than the directory; streaming readers see that one."),
    vector("zip-local-method-differs", _BROKEN, _field(local=_METHOD),
           "A local header says deflated, the directory says stored."),
    vector("zip-local-crc-differs", _BROKEN, _field(local={"crc": 1}),
           "A local header has another CRC-32 than the directory."),
    vector("zip-crc-wrong-in-both-headers", "members HASH_FAILURE", _field(both={"crc": 1}),
           "Both headers have the same CRC-32, which is not the data's; the sha256 of the data is right."),
    vector("zip-date-not-the-canonical-one", _BROKEN, _field(both={"date": 0x5D76}),
           "A member has the date of its making; the canonical form has none."),
    vector("zip-data-descriptor", _BROKEN, lambda: _descriptor(wrong=False),
           "A stored member says that CRC and sizes follow its data, and they do: no reader agrees where it"
           " ends."),
    vector("zip-data-descriptor-that-disagrees", _BROKEN, lambda: _descriptor(wrong=True),
           "The same, and the CRC behind the data is another than the directory's."),
    vector("zip-encrypted-flag", _BROKEN, _field(both={"flags": 1}), "A member says that it is encrypted."),
    vector("zip-strong-encryption-flag", _BROKEN, _field(both={"flags": 0x41}),
           "A member says that it is strongly encrypted."),
    vector("zip-utf8-flag", _BROKEN, _field(both={"flags": 0x800}),
           "A name in ASCII says that it is UTF-8; the canonical form has no flags."),
    vector("zip-unknown-method", _BROKEN, _field(both={"method": 99}),
           "A member is compressed by a method that says nothing of itself."),
    vector("zip-deflated-member", _BROKEN, _deflated,
           "A member is soundly deflated; ours are stored, all of them."),
    vector("zip-made-on-unix", _BROKEN, _field(central={"made_by": 0x0314}),
           "A directory entry says that it was made on Unix: then its attributes are a mode."),
    vector("zip-symlink", _BROKEN,
           _field(central={"made_by": 0x0314, "external": 0o120777 << 16}),
           "A member has the mode of a symbolic link; who unpacks it follows it."),
    vector("zip-device", _BROKEN, _field(central={"made_by": 0x0314, "external": 0o020666 << 16}),
           "A member has the mode of a device."),
    vector("zip64-field-that-is-not-needed", _BROKEN,
           _field(local_extra=struct.pack("<2H2Q", 1, 16, 5, 5), extra=struct.pack("<2H2Q", 1, 16, 5, 5)),
           "A small member has a Zip64 field, whose sizes are others than the 32-bit ones."),
    vector("zip64-sizes-that-disagree", _BROKEN,
           _field(both={"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF, "needed": 45},
                  local_extra=struct.pack("<2H2Q", 1, 16, 7, 7), extra=struct.pack("<2H2Q", 1, 16, 9, 9)),
           "Local header and directory give a member different Zip64 sizes."),
    vector("zip64-end-record-that-is-not-needed", _BROKEN, lambda: _with_zip64(full=False),
           "A Zip64 end record says the same as the plain one; the canonical form has it only where it is "
           "needed."),
    vector("zip64-locator-that-is-false", _BROKEN, lambda: _with_zip64(locator=-1, full=True),
           "The Zip64 locator points one byte before the record."),
    vector("zip-directory-beyond-the-file", _BROKEN, lambda: zip_of(_entries(), end={"start": 0x7FFFFFFF}),
           "The end record says that the directory begins behind the end of the file."),
    vector("zip-claims-a-million-members", "container RESOURCE_LIMIT",
           lambda: zip_of((), before_end=zip64_end(1_000_000, 0, 0),
                          end={"count_here": 0xFFFF, "count": 0xFFFF, "start": 0xFFFFFFFF}),
           "The end record claims 1,000,000 members; no more than 10,000 are read, so nothing is judged."),
]  # fmt: skip

_NAMES: list[tuple[str, bytes, str]] = [
    ("leads-upwards", b"archive/../escape.warc", "has a component that leads upwards"),
    ("begins-upwards", b"../escape.json", "leads out of the folder that it is unpacked to"),
    ("is-absolute", b"/etc/escape.json", "is absolute"),
    ("has-a-drive", b"C:/escape.json", "names a drive"),
    ("has-backslashes", b"article\\..\\escape.json", "has backslashes, which some systems take for slashes"),
    ("has-a-nul", b"article/a\0.json", "has a NUL, where some readers end it"),
    ("has-an-empty-component", b"article//a.json", "has an empty component"),
    ("has-a-dot-component", b"article/./a.json", "has a component that is a dot"),
    ("is-empty", b"", "has no characters"),
    ("is-a-directory-with-data", b"article/", "is that of a directory, and there are data"),
    ("has-no-dot", b"article/a", "has no dot: some WACZ tools hash only names that have one"),
    ("has-capitals", b"article/A.json", "has a capital letter, which some file systems do not tell apart"),
    ("is-in-nfc", "article/\u00e9.json".encode(), "is beyond ASCII, in composed form"),
    ("is-in-nfd", "article/e\u0301.json".encode(), "is beyond ASCII, in decomposed form"),
    ("has-a-fullwidth-slash", "article/a\uff0fb.json".encode(), "has a fullwidth slash"),
    ("has-a-bidi-override", "article/a\u202enosj.json".encode(),
     "has a character that turns the direction of text"),
    ("is-too-long", b"article/" + b"a" * 200 + b".json", "has more than 200 characters"),
    ("is-that-of-a-second-index", b"indexes/more.cdx",
     "is that of a second index, which players load as well"),
    ("is-that-of-an-index-elsewhere", b"article/more.cdxj",
     "is that of an index: players load those of any folder"),
    ("is-that-of-a-warc-elsewhere", b"article/more.warc.gz",
     "is that of a WARC, and archive/ is the place of those"),
    ("is-that-of-a-second-list-of-pages", b"pages/extra.jsonl", "is that of a second list of pages"),
]  # fmt: skip


def _without(name: str) -> bytes:
    return zipped({key: data for key, data in base().items() if key != name})


def _with_article(changed: bytes) -> dict[str, bytes]:
    """The base with a reading copy that is *changed* after it was sealed."""
    name = "article/article.md"
    return {**members_of(sealed({**base(), name: b"# A page"})), name: changed}


_MEMBERS: list[Vector] = [
    vector("member-not-listed", "members EXTRA_MEMBER",
           lambda: zipped({**base(), "article/note.md": b"trust me"}),
           "A member is in the ZIP and in no list, so nobody signed it."),
    vector("warc-not-listed",
           "members EXTRA_MEMBER, index HASH_FAILURE, manifest HASH_FAILURE, manifest CONTRADICTION",
           lambda: zipped({**base(), "archive/more.warc.gz": warc_of([OTHER])}),
           "A second WARC holds an answer and is in no list; index, manifest and stated record know of "
           "none."),
    *(vector(f"member-missing-{short}", f"members MISSING_MEMBER{more}",
             partial(_without, name),
             f"{name} is listed and not there; what depends on it cannot be checked.")
      for short, name, more in (
          ("archive", WARC, ", records FORMAT_FAILURE, index HASH_FAILURE, pages HASH_FAILURE"),
          ("index", INDEX, ", index MISSING_MEMBER"),
          ("pages", PAGES, ", datapackage MISSING_MEMBER, pages MISSING_MEMBER"),
          ("manifest", MANIFEST, ", manifest MISSING_MEMBER"),
          ("identity", IDENTITY, ", signature MISSING_MEMBER, statement MISSING_MEMBER"),
          ("datapackage", PACKAGE, ", signature MISSING_MEMBER"),
          ("datapackage-digest", CLOSING, ", signature MISSING_MEMBER"),
      )),
    vector("member-changed", "members HASH_FAILURE",
           lambda: zip_of(entries_of(_with_article(b"# B page"))),
           "A reading copy was changed after sealing and the CRC-32 made anew; its sha256 is not the one "
           "listed."),
]  # fmt: skip


VECTORS: list[Vector] = [
    *_SHAPES,
    *_HEADERS,
    *(vector(f"member-name-{short}", _BROKEN, _named(name), f"A member's name {why}.")
      for short, name, why in _NAMES),
    vector("member-name-case-twins", _BROKEN, _case_twin,
           "Two members differ only in case: on some file systems the second replaces the first."),
    vector("member-name-in-cp437", _BROKEN, _named(b"article/\x84.json"),
           "A name is beyond ASCII and in the encoding of DOS; readers that take it for UTF-8 see another."),
    *_MEMBERS,
]  # fmt: skip
