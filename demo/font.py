"""The site's web font: one ornament, a wave where the tilde stands, as a TrueType file.

The tables are those that browsers insist on (OpenType specification, "Required tables"); all outlines are
polygons.
"""

from __future__ import annotations

import math
import struct

Point = tuple[int, int]

_UNITS = 1000
_ADVANCE = 700
_FAMILY = "Saltmere Marks"
_CHARACTERS = " ~"
"""What the font can show, in code point order; glyph 0 is the box for all else."""


def _wave() -> list[Point]:
    """One crest and one trough, drawn as a band 90 units thick."""
    xs = range(50, 651, 25)
    heights = [(x, round(300 + 110 * math.sin((x - 50) / 600 * 2 * math.pi))) for x in xs]
    return [(x, y + 45) for x, y in heights] + [(x, y - 45) for x, y in reversed(heights)]


_OUTLINES: list[list[Point]] = [[(100, 0), (100, 700), (600, 700), (600, 0)], [], _wave()]


def _box(points: list[Point]) -> tuple[int, int, int, int]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _glyph(points: list[Point]) -> bytes:
    if not points:
        return b""
    header = struct.pack(">hhhhhHH", 1, *_box(points), len(points) - 1, 0)
    before = [(0, 0), *points[:-1]]
    steps = [(x - was_x, y - was_y) for (x, y), (was_x, was_y) in zip(points, before, strict=True)]
    on_curve = b"\x01" * len(points)
    data = header + on_curve + b"".join(struct.pack(">h", x) for x, _ in steps)
    data += b"".join(struct.pack(">h", y) for _, y in steps)
    return data + bytes(-len(data) % 4)


def _cmap() -> bytes:
    """Format 4: one segment for each character, and the closing one."""
    codes = [ord(character) for character in _CHARACTERS]
    segments = [*((code, code, index + 1 - code) for index, code in enumerate(codes)), (0xFFFF, 0xFFFF, 1)]
    count = len(segments)
    power = 1 << (count.bit_length() - 1)
    body = struct.pack(">HHHH", 2 * count, 2 * power, power.bit_length() - 1, 2 * (count - power))
    body += b"".join(struct.pack(">H", last) for _, last, _ in segments) + bytes(2)
    body += b"".join(struct.pack(">H", first) for first, _, _ in segments)
    body += b"".join(struct.pack(">H", delta & 0xFFFF) for _, _, delta in segments) + bytes(2 * count)
    table = struct.pack(">HHH", 4, 6 + len(body), 0) + body
    return struct.pack(">HHHHI", 0, 1, 3, 1, 12) + table


def _name() -> bytes:
    names = {
        1: _FAMILY,
        2: "Regular",
        3: f"{_FAMILY} 1",
        4: _FAMILY,
        5: "Version 1.0",
        6: _FAMILY.replace(" ", ""),
    }
    records, strings = b"", b""
    for number, value in names.items():
        data = value.encode("utf-16-be")
        records += struct.pack(">HHHHHH", 3, 1, 0x409, number, len(data), len(strings))
        strings += data
    return struct.pack(">HHH", 0, len(names), 6 + len(records)) + records + strings


def _tables() -> dict[bytes, bytes]:
    box = _box([point for outline in _OUTLINES for point in outline])
    glyphs = [_glyph(outline) for outline in _OUTLINES]
    starts = [sum(map(len, glyphs[:index])) for index in range(len(glyphs) + 1)]
    bearings = [_box(outline)[0] if outline else 0 for outline in _OUTLINES]
    most = max(map(len, _OUTLINES))
    right = _ADVANCE - box[2]
    first, last = ord(_CHARACTERS[0]), ord(_CHARACTERS[-1])
    subscript = (650, 600, 0, 75, 650, 600, 0, 350)
    return {
        b"OS/2": struct.pack(
            ">HhHHH8hhhh10s4I4s",
            4,
            _ADVANCE,
            400,
            5,
            0,
            *subscript,
            50,
            300,
            0,
            bytes(10),
            1,
            0,
            0,
            0,
            b"NONE",
        )
        + struct.pack(
            ">HHHhhhHHIIhhHHH", 0x40, first, last, 800, -200, 0, 800, 200, 1, 0, 500, 700, 0, first, 1
        ),
        b"cmap": _cmap(),
        b"glyf": b"".join(glyphs),
        b"head": struct.pack(
            ">IIIIHHqq", 0x10000, 0x10000, 0, 0x5F0F3CF5, 3, _UNITS, 3_850_000_000, 3_850_000_000
        )
        + struct.pack(">hhhhHHhhh", *box, 0, 8, 2, 1, 0),
        b"hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH",
            0x10000,
            800,
            -200,
            0,
            _ADVANCE,
            min(bearings),
            right,
            box[2],
            1,
            *[0] * 7,
            len(glyphs),
        ),
        b"hmtx": b"".join(struct.pack(">Hh", _ADVANCE, bearing) for bearing in bearings),
        b"loca": b"".join(struct.pack(">I", start) for start in starts),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x10000, len(glyphs), most, 1, 0, 0, 2, *[0] * 8),
        b"name": _name(),
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, -100, 50, 0, 0, 0, 0, 0),
    }


def _sum(data: bytes) -> int:
    data += bytes(-len(data) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(data) // 4}I", data)
    return sum(words) & 0xFFFFFFFF


def web_font() -> bytes:
    """The whole font file, well under two kilobytes."""
    tables = _tables()
    power = 1 << (len(tables).bit_length() - 1)
    directory = struct.pack(
        ">IHHHH", 0x10000, len(tables), 16 * power, power.bit_length() - 1, 16 * (len(tables) - power)
    )
    at = len(directory) + 16 * len(tables)
    body = b""
    for tag, data in tables.items():
        directory += struct.pack(">4sIII", tag, _sum(data), at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    font = bytearray(directory + body)
    adjustment = at + sum(len(data) + -len(data) % 4 for tag, data in tables.items() if tag < b"head") + 8
    struct.pack_into(">I", font, adjustment, (0xB1B0AFBA - _sum(bytes(font))) & 0xFFFFFFFF)
    return bytes(font)
