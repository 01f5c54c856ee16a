"""ZIPs made by hand, in which any number may be a lie."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

STORED, DEFLATED = 0, 8
FULL = 0xFFFFFFFF


def deflated(data: bytes, level: int = 6) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


@dataclass(frozen=True, kw_only=True)
class Part:
    """One member; *both*, *local* and *central* override the numbers of its headers by their names."""

    name: bytes
    data: bytes = b""
    method: int = STORED
    packed: bytes | None = None
    """What stands in the file, if not what *method* makes of *data*."""
    before: bytes = b""
    after: bytes = b""
    """Right behind the data: a descriptor, or what is none."""
    both: Mapping[str, int] = field(default_factory=dict)
    local: Mapping[str, int] = field(default_factory=dict)
    central: Mapping[str, int] = field(default_factory=dict)
    local_name: bytes | None = None
    local_extra: bytes = b""
    extra: bytes = b""
    comment: bytes = b""
    """The latter two in the central directory."""

    @property
    def stands(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflated(self.data) if self.method == DEFLATED else self.data

    def numbers(self, header: int) -> dict[str, int]:
        return {
            "made_by": 20,
            "needed": 20,
            "flags": 0,
            "method": self.method,
            "time": 0,
            "date": 0x21,
            "crc": zlib.crc32(self.data),
            "packed": len(self.stands),
            "size": len(self.data),
            "disk": 0,
            "internal": 0,
            "attributes": 0,
            "header": header,
            **self.both,
        }

    def local_header(self) -> bytes:
        told = {**self.numbers(0), **self.local}
        name = self.name if self.local_name is None else self.local_name
        keys = ("needed", "flags", "method", "time", "date", "crc", "packed", "size")
        numbers = [told[key] for key in keys]
        fixed = struct.pack("<4s5H3L2H", b"PK\x03\x04", *numbers, len(name), len(self.local_extra))
        return fixed + name + self.local_extra

    def entry(self, header: int) -> bytes:
        told = {**self.numbers(header), **self.central}
        keys = ("made_by", "needed", "flags", "method", "time", "date", "crc", "packed", "size")
        fixed = struct.pack("<4s6H3L", b"PK\x01\x02", *(told[key] for key in keys))
        fixed += struct.pack("<3H", len(self.name), len(self.extra), len(self.comment))
        where = [told[key] for key in ("disk", "internal", "attributes", "header")]
        return fixed + struct.pack("<2H2L", *where) + self.name + self.extra + self.comment


def descriptor(data: bytes, *, packed: int | None = None, signed: bool = True, wide: bool = False) -> bytes:
    sizes = (len(data) if packed is None else packed, len(data))
    form = "<L2Q" if wide else "<3L"
    return (b"PK\x07\x08" if signed else b"") + struct.pack(form, zlib.crc32(data), *sizes)


def zip64_end(at: int, count: int, size: int, start: int, *, points_to: int | None = None) -> bytes:
    """A Zip64 end record that stands at *at*, and its locator."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, at if points_to is None else points_to, 1)


def handmade(
    parts: Sequence[Part],
    *,
    prefix: bytes = b"",
    gap: bytes = b"",
    suffix: bytes = b"",
    comment: bytes = b"",
    zip64: bool | bytes = False,
    order: Sequence[int] | None = None,
    **end: int,
) -> bytes:
    """*parts* one after another; *gap* stands before the directory, *order* is that of its entries.

    *zip64* puts the Zip64 end records, or those bytes, before the end record; *end* overrides the latter's
    count, here, size, start, disk, first_disk and comment_size.
    """
    out = bytearray(prefix)
    entries = []
    for part in parts:
        out += part.before
        entries.append(part.entry(len(out)))
        out += part.local_header() + part.stands + part.after
    out += gap
    start = len(out)
    directory = b"".join(entries[place] for place in (order or range(len(parts))))
    out += directory
    if zip64 is True:
        out += zip64_end(len(out), len(parts), len(directory), start)
    elif zip64:
        out += zip64
    told = {
        "disk": 0, "first_disk": 0, "here": len(parts), "count": len(parts), "size": len(directory),
        "start": start, "comment_size": len(comment), **end,
    }  # fmt: skip
    out += struct.pack("<4s4H2LH", b"PK\x05\x06", *told.values())
    return bytes(out + comment + suffix)
