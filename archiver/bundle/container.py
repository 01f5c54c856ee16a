"""The canonical ZIP: a pure function of its members' names, sizes and CRCs.

Because of that the reader needs no judgement: it takes names, sizes and CRCs from the central directory,
makes every other byte outside the members' data anew and compares. Prefixes, suffixes, gaps, comments,
duplicate or overlapping members, flags, modes and disagreeing headers all end there.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import BinaryIO

import msgspec

from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.warc.deflate import crc32
from archiver.warc.window import Window

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")

_MADE_BY = 0x0014  # MS-DOS: a Unix host with mode 0 makes `unzip` write unreadable files
_PLAIN, _ZIP64 = 10, 45
_DATE = 0x0021  # 1980-01-01, the earliest the format can say
_FULL = 0xFFFFFFFF

MAX_MEMBERS = 10_000
MAX_NAME = 200
_NAME = re.compile(r"(?:[a-z0-9_-]+/)?[a-z0-9_-][a-z0-9._-]*\.[a-z0-9._-]+", re.ASCII)

LAST = ("datapackage.json", "datapackage-digest.json")
"""The two members that end every bundle, in this order."""

_ALONE = {"indexes": "indexes/index.cdx", "pages": "pages/pages.jsonl"}

FOLDERS = frozenset({"archive", "article", "indexes", "pages", "provenance"})


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One stored file: *offset* is where its data begins in the container, *size* its bytes."""

    name: str
    crc: int
    size: int
    header: int
    """Where its local header begins."""

    @property
    def offset(self) -> int:
        return self.header + len(_local_header(self))


def check_name(name: str) -> None:
    """Refuse a name that no bundle of ours has (FormatError)."""
    folder, slash, _ = name.rpartition("/")
    fits = len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None
    if not fits or (folder not in FOLDERS if slash else name not in LAST):
        raise FormatError(f"not a member name: {name!r:.80}")
    # Players load every index and every WARC they find, wherever it lies: there is one of the first, in
    # one place, and the others lie in archive/ alone.
    alone = _ALONE.get(folder)
    if (alone is not None and name != alone) or (folder == "archive") != name.endswith((".warc", ".warc.gz")):
        raise FormatError(f"a member of another name belongs there: {name!r:.80}")
    if alone is None and name.removesuffix(".gz").endswith((".cdx", ".cdxj", ".idx")):
        raise FormatError(f"a second index: {name!r:.80}")


def order_key(name: str) -> tuple[int, str]:
    """Members stand in this order: bytewise, the datapackage files last."""
    return (LAST.index(name) + 1 if name in LAST else 0), name


class ContainerWriter:
    """Writes a canonical ZIP to a seekable file, member after member, in order.

    The file may hold members already: *kept* are then what it begins with, and it stands after them.
    """

    def __init__(self, out: BinaryIO, kept: Iterable[Member] = ()) -> None:
        self._out = out
        self.members: list[Member] = list(kept)

    def add(self, name: str, chunks: Iterable[bytes], size: int) -> Digest:
        """Store *size* bytes from *chunks* as *name*; its digest comes back."""
        check_name(name)
        if self.members and order_key(name) <= order_key(self.members[-1].name):
            raise FormatError(f"member out of order: {name}")
        header = self._out.tell()
        self._out.write(_local_header(Member(name=name, crc=0, size=size, header=header)))
        crc, written, digest = 0, 0, sha256()
        for chunk in chunks:
            crc = crc32(chunk, crc)
            digest.update(chunk)
            self._out.write(chunk)
            written += len(chunk)
        if written != size:
            raise FormatError(f"{name}: {written} bytes came, {size} were announced")
        member = Member(name=name, crc=crc, size=size, header=header)
        end = self._out.tell()
        self._out.seek(header)
        self._out.write(_local_header(member))
        self._out.seek(end)
        self.members.append(member)
        return Digest(digest.hexdigest())

    def finish(self) -> None:
        """Write the central directory; the file ends there."""
        self._out.write(_directory(self.members, self._out.tell()))
        self._out.truncate()


def read_container(window: Window, *, most_members: int = MAX_MEMBERS) -> tuple[Member, ...]:
    """The members of a canonical ZIP, every byte outside their data accounted for.

    Raises FormatError where a byte differs from what the members' names, sizes and CRCs make,
    LimitError for more than *most_members*.
    """
    if window.size == 0:
        raise FormatError("the file is empty")
    count, start = _find_directory(window)
    if count > most_members:
        raise LimitError(f"{count} members; the limit is {most_members}")
    tail = window.read_at(start, min(window.size - start, count * (_CENTRAL.size + MAX_NAME + 28) + 98))
    members = tuple(_entries(tail, count))
    position = 0
    for number, member in enumerate(members):
        check_name(member.name)
        if number and order_key(member.name) <= order_key(members[number - 1].name):
            raise FormatError(f"{member.name}: a duplicate, or out of order")
        if member.header != position:
            raise FormatError(f"{member.name}: begins at {member.header}, not at {position}")
        expected = _local_header(member)
        if position + len(expected) + member.size > start:
            raise FormatError(f"{member.name}: reaches into the central directory")
        if window.read_at(position, len(expected)) != expected:
            raise FormatError(
                f"{member.name}: its local header is not canonical or differs from the central one"
            )
        position += len(expected) + member.size
    if position != start:
        raise FormatError(f"{start - position} bytes between the last member and the central directory")
    if start + len(tail) != window.size or tail != _directory(members, start):
        raise FormatError("the central directory or the end record is not canonical")
    return members


def _find_directory(window: Window) -> tuple[int, int]:
    """How many members the end record claims, and where it says that the central directory begins."""
    if window.size < _END.size:
        raise FormatError("not a ZIP file, or cut short")
    signature, *_, count, _, start, _ = _END.unpack(window.read_at(window.size - _END.size, _END.size))
    if signature != b"PK\x05\x06":
        raise FormatError("not a ZIP file, or cut short: no end record where it must be")
    if count == 0xFFFF or start == _FULL:
        at = window.size - _END.size - _LOCATOR64.size - _END64.size
        if at < 0:
            raise FormatError("no Zip64 end record where it must be")
        record = _END64.unpack(window.read_at(at, _END64.size))
        if record[0] != b"PK\x06\x06":
            raise FormatError("no Zip64 end record where it must be")
        count, start = record[7], record[9]
    if start > window.size:
        raise FormatError("the central directory is beyond the end of the file")
    return count, start


def _entries(tail: bytes, count: int) -> Iterator[Member]:
    at = 0
    for _ in range(count):
        if at + _CENTRAL.size > len(tail):
            raise FormatError("the central directory is cut short")
        fields = _CENTRAL.unpack_from(tail, at)
        if fields[0] != b"PK\x01\x02":
            raise FormatError("not a central directory entry")
        crc, packed, size, name_size, extra_size = fields[7:12]
        header = fields[16]
        at += _CENTRAL.size
        raw, extra = tail[at : at + name_size], tail[at + name_size : at + name_size + extra_size]
        at += name_size + extra_size
        if packed != size:
            raise FormatError(f"{raw[:80]!r}: not stored")
        wide = iter(
            struct.unpack_from(f"<{max(0, len(extra) - 4) // 8}Q", extra, 4) if len(extra) >= 4 else ()
        )
        if size == _FULL:
            size = next(wide, 0)
            next(wide, None)
        if header == _FULL:
            header = next(wide, 0)
        yield Member(name=raw.decode("ascii", "replace"), crc=crc, size=size, header=header)


def _needed(member: Member) -> int:
    return _ZIP64 if member.size >= _FULL or member.header >= _FULL else _PLAIN


def _local_header(member: Member) -> bytes:
    name = member.name.encode("ascii", "replace")
    size = min(member.size, _FULL)
    extra = struct.pack("<2H2Q", 1, 16, member.size, member.size) if size == _FULL else b""
    fixed = _LOCAL.pack(
        b"PK\x03\x04", _needed(member), 0, 0, 0, _DATE, member.crc, size, size, len(name), len(extra)
    )
    return fixed + name + extra


def _directory(members: Iterable[Member], start: int) -> bytes:
    """The central directory and the end records that follow from *members* and the place they begin at."""
    parts: list[bytes] = []
    count = 0
    for member in members:
        count += 1
        name = member.name.encode("ascii", "replace")
        size, header = min(member.size, _FULL), min(member.header, _FULL)
        wide = [member.size] * 2 * (size == _FULL) + [member.header] * (header == _FULL)
        extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        fixed = (b"PK\x01\x02", _MADE_BY, _needed(member), 0, 0, 0, _DATE, member.crc, size, size)
        parts.append(_CENTRAL.pack(*fixed, len(name), len(extra), 0, 0, 0, 0, header) + name + extra)
    directory = b"".join(parts)
    end = b""
    if count >= 0xFFFF or start >= _FULL:
        end = _END64.pack(
            b"PK\x06\x06", _END64.size - 12, _MADE_BY, _ZIP64, 0, 0, count, count, len(directory), start
        ) + _LOCATOR64.pack(b"PK\x06\x07", 0, start + len(directory), 1)
    short = min(count, 0xFFFF)
    end += _END.pack(b"PK\x05\x06", 0, 0, short, short, len(directory), min(start, _FULL), 0)
    return directory + end
