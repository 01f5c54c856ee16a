"""A ZIP of which every field can be set: what the vectors of broken containers are made with.

With nothing set the bytes are the canonical ones that `tests.rogue.zipped` makes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from archiver.bundle.container import order_key

_LOCAL = "<4s5H3L2H"
_LOCAL_FIELDS = "signature needed flags method time date crc packed size name_size extra_size".split()
_CENTRAL = "<4s6H3L5H2L"
_CENTRAL_FIELDS = (
    "signature made_by needed flags method time date crc packed size name_size extra_size comment_size "
    "disk internal external header"
).split()
_END = "<4s4H2LH"
_END_FIELDS = "signature disk start_disk count_here count size start comment_size".split()

Fields = Mapping[str, int]
NONE: Fields = MappingProxyType({})


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One member; *local*, *central* and *both* are fields that are not what they should be."""

    name: bytes
    data: bytes
    both: Fields = NONE
    local: Fields = NONE
    central: Fields = NONE
    local_name: bytes | None = None
    local_extra: bytes = b""
    extra: bytes = b""
    comment: bytes = b""
    before: bytes = b""
    """Bytes before its local header."""
    after: bytes = b""
    """Bytes behind its data, such as a data descriptor."""


def entries_of(members: Mapping[str, bytes]) -> list[Entry]:
    """The canonical entries of *members*, in their order."""
    return [Entry(name=name.encode(), data=members[name]) for name in sorted(members, key=order_key)]


def zip_of(
    entries: Iterable[Entry],
    listed: Sequence[int] | None = None,
    *,
    gap: bytes = b"",
    end: Fields = NONE,
    before_end: bytes = b"",
    comment: bytes = b"",
) -> bytes:
    """*entries* one after another, then the directory of those that *listed* numbers, all if None.

    *gap* stands before the directory, *before_end* between it and the end record, of which *end* are the
    fields that are not what they should be.
    """
    out = bytearray()
    directory: list[bytes] = []
    for entry in entries:
        out += entry.before
        header = len(out)
        local_name = entry.name if entry.local_name is None else entry.local_name
        plain = {
            "needed": 10, "date": 0x21, "crc": zlib.crc32(entry.data),
            "packed": len(entry.data), "size": len(entry.data), **entry.both,
        }  # fmt: skip
        lengths = {"name_size": len(local_name), "extra_size": len(entry.local_extra)}
        out += _packed(_LOCAL, _LOCAL_FIELDS, b"PK\x03\x04", plain | lengths | dict(entry.local))
        out += local_name + entry.local_extra + entry.data + entry.after
        lengths = {"name_size": len(entry.name), "extra_size": len(entry.extra), "header": header}
        lengths |= {"comment_size": len(entry.comment), "made_by": 20}
        fields = plain | lengths | dict(entry.both) | dict(entry.central)
        central = _packed(_CENTRAL, _CENTRAL_FIELDS, b"PK\x01\x02", fields)
        directory.append(central + entry.name + entry.extra + entry.comment)
    out += gap
    chosen = b"".join(directory if listed is None else [directory[at] for at in listed])
    count = len(directory if listed is None else listed)
    fields = {"count_here": count, "count": count, "size": len(chosen), "start": len(out)}
    fields |= {"comment_size": len(comment), **end}
    return bytes(out) + chosen + before_end + _packed(_END, _END_FIELDS, b"PK\x05\x06", fields) + comment


def zip64_end(count: int, size: int, start: int, *, locator: int | None = None) -> bytes:
    """A Zip64 end record of such values and its locator, which says that it begins at *locator*."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 20, 45, 0, 0, count, count, size, start)
    at = start + size if locator is None else locator
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)


def _packed(form: str, names: Sequence[str], signature: bytes, fields: Fields) -> bytes:
    return struct.pack(form, signature, *(fields.get(name, 0) for name in names[1:]))
