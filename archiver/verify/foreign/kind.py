"""Tell what a file is that is no sound bundle of ours: a broken one, another tool's, a WARC, no archive."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from archiver.errors import FormatError
from archiver.warc.window import Window

_END = struct.Struct("<4s4H2LH")
_TAIL = _END.size + 0xFFFF
_DIRECTORY = 256 << 20
_OURS = (b"provenance/identity.json", b"provenance/manifest.json")
_THEIRS = b"datapackage.json"
_RECORDS = b"archive/"  # players show what lies there, whatever else is missing
_MAGIC = b"WARC/"
_GZIP = b"\x1f\x8b"
_FIRST = 64
_START = 64 << 10  # bytes in which a gzip member gives its first few; a name in its header is before them


def kind_of(window: Window) -> str:
    """What *window* looks like: ``archiver``, ``wacz``, ``warc`` or ``file``, as `Result.kind` says.

    Names in the central directory and the first bytes are looked at, and nothing is believed. A bundle
    of ours whose provenance was cut out looks like another tool's, which cannot pass any more than it.
    """
    try:
        listed = _listed_kind(window)
        if listed in ("archiver", "wacz"):
            return listed
        start = window.read_at(0, min(_START, window.size))
    except FormatError:
        return "file"
    if _is_warc(start):
        return "warc"
    # What has lost its end may have been one of ours; a ZIP that has it is something else.
    return "archiver" if start.startswith(b"PK\x03\x04") and not listed else "file"


def is_foreign(window: Window) -> bool:
    """Whether *window* is a ZIP that lists a datapackage.json, or records, and nothing of ours."""
    return kind_of(window) == "wacz"


def _is_warc(start: bytes) -> bool:
    found = b""
    try:
        while start.startswith(_GZIP) and not found:  # readers pass over empty members, and empty lines
            inflater = zlib.decompressobj(31)
            found = inflater.decompress(start, _FIRST).lstrip(b"\r\n")
            start = inflater.unused_data
    except zlib.error:
        return False
    return (found or start.lstrip(b"\r\n")).startswith(_MAGIC)


def _listed_kind(window: Window) -> str:
    """What the central directory, wherever in the file that came to lie, makes of it; empty without one."""
    tail = window.read_at(max(0, window.size - _TAIL), min(_TAIL, window.size))
    at = tail.rfind(b"PK\x05\x06", 0, max(0, len(tail) - _END.size + 4))
    if at < 0:
        return ""
    size, start = _END.unpack_from(tail, at)[5:7]
    ends = window.size - len(tail) + at
    found = tail.find(b"PK\x01\x02")  # some players look for it where the end record says nothing of use
    for begins in (start, ends - size, _wide(window, ends), found + ends - at if found >= 0 else -1):
        if 0 <= begins < ends:
            kinds = set(map(_kind_of_name, _listed(window, begins, ends)))
            if kinds:
                return min(kinds)  # one name of ours is enough, then one of theirs
    return ""


def _wide(window: Window, ends: int) -> int:
    """Where the Zip64 end record of the locator before *ends* says that the directory begins, or -1."""
    locator = window.read_at(ends - 20, 20) if ends >= 20 else b""
    at = struct.unpack_from("<Q", locator, 8)[0] if locator.startswith(b"PK\x06\x07") else window.size
    if at + 56 > window.size:
        return -1
    record = window.read_at(at, 56)
    begins: int = struct.unpack_from("<Q", record, 48)[0]
    return begins if record.startswith(b"PK\x06\x06") else -1


def _kind_of_name(name: bytes) -> str:
    """What kind of ZIP holds a member of that *name*."""
    if name in _OURS:
        return "archiver"
    return "wacz" if name == _THEIRS or name.startswith(_RECORDS) else "zip"


def _listed(window: Window, begins: int, ends: int) -> Iterator[bytes]:
    """The names in what may be a central directory; of one that nobody could mean, one of ours."""
    if ends - begins > _DIRECTORY and window.read_at(begins, 4) == b"PK\x01\x02":
        yield _OURS[0]
        return
    data = b""
    for piece in window.chunks(begins, ends - begins):
        data, at = data + piece, 0
        while at + 46 <= len(data):
            if data[at : at + 4] != b"PK\x01\x02":
                return
            name, extra, comment = struct.unpack_from("<3H", data, at + 28)
            if at + 46 + name + extra + comment > len(data):
                break
            yield data[at + 46 : at + 46 + name]
            at += 46 + name + extra + comment
        data = data[at:]
