"""What the end of anybody's ZIP says it holds: the end records and the central directory, read strictly."""

from __future__ import annotations

import re
import struct

import msgspec

from archiver.errors import FormatError, LimitError
from archiver.verify.foreign.deviations import Deviations
from archiver.verify.foreign.names import UTF8, check_apart, check_name, decode_name
from archiver.warc.window import Window

STORED, DEFLATED = 0, 8

FULL = 0xFFFFFFFF
"""What a 32-bit field says when the number stands in a Zip64 field."""

DESCRIPTOR = 0x0008
"""The bit of the flags that says sizes and CRC follow the data."""

MAX_NAME = 512
MAX_DIRECTORY = 16 << 20
MAX_EXTRAS = 32
"""Extra fields in one header; they are four bytes each at the least, and each takes a microsecond."""

SIGNATURE = re.compile(rb"PK(?:\x01\x02|\x03\x04|\x05[\x05\x06]|\x06[\x06\x07])")
"""The beginning of a ZIP structure; where none belongs, some reader would find other members by it."""

_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_LONGEST_COMMENT = 0xFFFF

_KNOWN_FLAGS = 0x0006 | DESCRIPTOR | UTF8  # 1 and 2: how hard the deflater tried
_ZIP64, _UNICODE_NAME = 0x0001, 0x7075
_ENCRYPTION = {0x0017, 0x9901}
_FOLDER_ATTRIBUTE = 0x10
_TYPE, _REGULAR, _FOLDER = 0o170000, 0o100000, 0o040000


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The end records: *count* entries in the *size* bytes from *start* on; *end* is where the ZIP ends."""

    count: int
    start: int
    size: int
    end: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the central directory, its numbers resolved."""

    name: str
    raw: bytes
    """The name's bytes."""
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    header: int
    """Where its local header begins."""

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


def read_end(window: Window, found: Deviations) -> End:
    """Find the end record; FormatError where there is none, or readers would find different ones."""
    if window.size == 0:
        raise FormatError("the file is empty")
    first = max(0, window.size - _END.size - _LONGEST_COMMENT)
    tail = window.read_at(first, window.size - first)
    at = tail.rfind(b"PK\x05\x06", 0, max(0, len(tail) - _END.size + 4))
    if at < 0:
        raise FormatError("not a ZIP file, or cut short: no end record")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(tail, at)
    end = first + at + _END.size + comment
    if end > window.size:
        raise FormatError("the file ends within the end record's comment")
    if SIGNATURE.search(tail, at + _END.size - 2):
        raise FormatError("another ZIP structure begins behind the end record: a second ZIP")
    if comment:
        found.note(f"a comment of {comment} bytes on the whole")
    begins = first + at
    locator = window.read_at(begins - 20, 20) if begins >= 20 else b""
    if locator[:4] == b"PK\x06\x07":
        short = (disk, first_disk, here, count, size, start)
        begins, (count, size, start) = _read_end64(window, begins - 20, locator, short)
        found.note("a Zip64 end record")
    elif FULL in (size, start):
        raise FormatError("no Zip64 end record where the end record needs one")
    elif disk or first_disk or here != count:
        raise FormatError("one of several disks, or a false number of members")
    if start + size != begins:
        raise FormatError(
            f"the central directory should end at {start + size}, the end record begins at {begins}: "
            "offsets that need shifting, or a second ZIP"
        )
    return End(count=count, start=start, size=size, end=end)


def _read_end64(
    window: Window, at: int, locator: bytes, short: tuple[int, ...]
) -> tuple[int, tuple[int, int, int]]:
    """Where the Zip64 end record before the *locator* at *at* begins, and its count, size and start."""
    _, disk, begins, disks = _LOCATOR64.unpack(locator)
    if begins + _END64.size != at:
        raise FormatError("a false Zip64 locator: no end record lies where it points")
    record = _END64.unpack(window.read_at(begins, _END64.size))
    if record[0] != b"PK\x06\x06" or record[1] != _END64.size - 12:
        raise FormatError("a false Zip64 locator, or an end record of another version")
    first_disk, cd_disk, here, count, size, start = record[4:]
    if disk or disks > 1 or first_disk or cd_disk or here != count:
        raise FormatError("one of several disks, or a false number of members")
    wide = (0, 0, count, count, size, start)
    full = (0xFFFF,) * 4 + (FULL,) * 2
    for narrow, value, limit in zip(short, wide, full, strict=True):
        if narrow not in (value, limit):
            raise FormatError("the Zip64 end record contradicts the end record")
    return begins, (count, size, start)


def read_entries(window: Window, end: End, found: Deviations, *, most: int) -> tuple[Entry, ...]:
    """The entries of the central directory, in its order; their names and flags are checked.

    Raises FormatError where it cannot be read to its end, LimitError for more than *most* entries.
    """
    if end.count > most:
        raise LimitError(f"{end.count} members; the limit is {most}")
    if end.size > MAX_DIRECTORY:
        raise LimitError(f"a central directory of {end.size} bytes; the limit is {MAX_DIRECTORY}")
    directory = window.read_at(end.start, end.size)
    entries: list[Entry] = []
    at = 0
    while at < len(directory):
        if len(entries) == most:
            raise LimitError(f"more than {most} members")
        fields = directory[at : at + _CENTRAL.size]
        if len(fields) < _CENTRAL.size or fields[:4] != b"PK\x01\x02":
            raise FormatError("bytes in the central directory that are no entry")
        sizes = struct.unpack_from("<3H", fields, 28)
        rest = directory[at + _CENTRAL.size : at + _CENTRAL.size + sum(sizes)]
        if len(rest) < sum(sizes):
            raise FormatError("the central directory is cut short")
        if SIGNATURE.search(rest):
            raise FormatError("a ZIP structure begins within an entry of the central directory")
        entries.append(_entry(_CENTRAL.unpack(fields), rest, found))
        at += _CENTRAL.size + len(rest)
    if len(entries) != end.count:
        raise FormatError(f"{len(entries)} members in the central directory, {end.count} announced")
    check_apart((entry.name for entry in entries), found)
    return tuple(entries)


def _entry(fields: tuple[int, ...], rest: bytes, found: Deviations) -> Entry:
    made_by, needed, flags, method, _, date, crc, packed, size, *lengths = fields[1:13]
    name_size, extra_size, comment_size = lengths
    disk, _, outer, header = fields[13:]
    if name_size > MAX_NAME:
        raise LimitError(f"a member's name of {name_size} bytes; the limit is {MAX_NAME}")
    raw = rest[:name_size]
    name = decode_name(raw, flags, found)
    extras = read_extras(rest[name_size : name_size + extra_size], name, found)
    size, packed, header = resolve(extras.get(_ZIP64), (size, packed, header), name)
    entry = Entry(
        name=name, raw=raw, flags=flags, method=method, crc=crc, packed=packed, size=size, header=header
    )
    check_name(name, found)
    _check_kind(entry, outer, found)
    if disk not in (0, 0xFFFF):
        found.fail("on another disk", name)
    if needed & 0xFF > 45:
        found.note("asks for a newer reader than its contents need", name)
    if comment_size:
        found.note("a comment on a member", name)
    if date not in (0, 0x21):
        found.note("file times, which nobody signed", name)
    if made_by >> 8 and outer >> 16:
        found.note("file modes", name)
    return entry


def _check_kind(entry: Entry, attributes: int, found: Deviations) -> None:
    """Flags, method and mode: what kind of thing a reader is told that the member is."""
    if entry.flags & 0x2041:
        found.fail("an encrypted member", entry.name)
    elif entry.flags & ~_KNOWN_FLAGS:
        found.fail("flags that have no meaning here", entry.name)
    if entry.method not in (STORED, DEFLATED):
        found.fail("a compression method other than stored and deflated", entry.name)
    elif entry.method == STORED and entry.packed != entry.size:
        found.fail("a stored member of two sizes", entry.name)
    kind = attributes >> 16 & _TYPE
    if kind not in (0, _REGULAR, _FOLDER):
        found.fail("a mode that makes it a link or a device", entry.name)
    elif not entry.is_folder and (kind == _FOLDER or attributes & _FOLDER_ATTRIBUTE):
        found.fail("a mode that makes it a folder, under the name of a file", entry.name)
    if entry.is_folder:
        found.note("an entry for a folder", entry.name)
        if entry.size or entry.crc:
            found.fail("a folder with data", entry.name)


def read_extras(data: bytes, name: str, found: Deviations) -> dict[int, bytes]:
    """The extra fields of a header by id, noted; FormatError where they do not fit.

    LimitError for more than MAX_EXTRAS of them.
    """
    extras: dict[int, bytes] = {}
    at = number = 0
    while at + 4 <= len(data):
        number += 1
        if number > MAX_EXTRAS:
            raise LimitError(f"more than {MAX_EXTRAS} extra fields in a header of {name!r:.80}")
        kind, size = struct.unpack_from("<2H", data, at)
        value = data[at + 4 : at + 4 + size]
        if len(value) < size:
            raise FormatError(f"an extra field of {name!r:.80} is cut short")
        if kind == _ZIP64 and kind in extras:
            raise FormatError(f"two Zip64 fields in one header of {name!r:.80}")
        if kind == _ZIP64:
            found.note("Zip64 fields", name)
        elif kind in _ENCRYPTION:
            found.fail("an encrypted member", name)
        elif kind == _UNICODE_NAME and value[5:] != name.encode("utf-8", "replace"):
            found.fail("a second, different name in an extra field", name)
        else:
            found.extra_field(kind, name)
        extras[kind] = value
        at += 4 + size
    if data[at:].strip(b"\0"):
        raise FormatError(f"bytes behind the extra fields of {name!r:.80}")
    return extras


def resolve(wide: bytes | None, short: tuple[int, ...], name: str) -> tuple[int, ...]:
    """The numbers that a header means: those of *short*, and of the Zip64 field *wide* for the full ones.

    Some readers take its numbers one after another as they need them, others by their place: FormatError
    where that makes a difference, or where a number is missing.
    """
    if wide is None:
        if FULL in short:
            raise FormatError(f"no Zip64 field where a header of {name!r:.80} needs one")
        return short
    values = struct.unpack_from(f"<{len(wide) // 8}Q", wide)
    needed = [place for place, number in enumerate(short) if number == FULL]
    numbers = list(short)
    for place, value in zip(needed, values, strict=False):
        numbers[place] = value
    spare = len(values) > len(needed) and values != tuple(numbers[: len(values)])
    if len(values) < len(needed) or spare or wide[8 * len(values) :].strip(b"\0"):
        raise FormatError(f"the Zip64 field of {name!r:.80} contradicts its header")
    return tuple(numbers)
