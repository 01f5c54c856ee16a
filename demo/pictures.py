"""The site's raster pictures, painted by code: no picture file needs to be kept beside the pages."""

from __future__ import annotations

import struct
import zlib

Colour = tuple[int, int, int]

_PAPER: Colour = (255, 253, 246)
_INK: Colour = (34, 48, 58)
_QUAY: Colour = (107, 98, 80)
_RULE: Colour = (185, 176, 156)
_RED: Colour = (180, 83, 42)
_SUN: Colour = (255, 221, 150)


class Canvas:
    """*width* times *height* RGB pixels to paint on; what lies outside is cut off."""

    def __init__(self, width: int, height: int, colour: Colour) -> None:
        self.width = width
        self.height = height
        self._rows = [bytearray(bytes(colour) * width) for _ in range(height)]

    def span(self, y: int, left: int, right: int, colour: Colour) -> None:
        """One row's pixels from *left* up to *right*."""
        left, right = max(left, 0), min(right, self.width)
        if 0 <= y < self.height and left < right:
            self._rows[y][3 * left : 3 * right] = bytes(colour) * (right - left)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """A filled rectangle."""
        for y in range(round(top), round(bottom)):
            self.span(y, round(left), round(right), colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A filled circle."""
        for row in range(round(y - radius), round(y + radius) + 1):
            half = max(radius**2 - (row - y) ** 2, 0) ** 0.5
            self.span(row, round(x - half), round(x + half), colour)

    def png(self) -> bytes:
        """The picture as a PNG file."""
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\0" + row for row in self._rows), 9)
        chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _between(start: Colour, end: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


def harbour(width: int) -> bytes:
    """A low sun over the harbour, the gauge house and its pole: PNG, 16 to 9."""
    height = width * 9 // 16
    picture = Canvas(width, height, _PAPER)
    horizon = round(height * 0.55)
    for y in range(horizon):
        picture.span(y, 0, width, _between((120, 152, 178), (250, 214, 170), y / horizon))
    picture.disc(width * 0.3, horizon - height * 0.07, height * 0.1, _SUN)
    for y in range(horizon, height):
        depth = (y - horizon) / (height - horizon)
        picture.span(y, 0, width, _between((196, 178, 158), (38, 76, 96), depth))
        if (y - horizon) % max(width // 80, 2) == 0:  # the sun's way over the water
            half = width * (0.03 + 0.09 * depth)
            picture.span(y, round(width * 0.3 - half), round(width * 0.3 + half), _SUN)
    picture.box(width * 0.55, height * 0.6, width, height * 0.7, _QUAY)
    picture.box(width * 0.72, height * 0.4, width * 0.86, height * 0.6, (244, 240, 230))
    for step in range(round(height * 0.1)):  # the roof
        picture.span(round(height * 0.3) + step, round(width * 0.79 - step), round(width * 0.79 + step), _RED)
    picture.box(width * 0.775, height * 0.5, width * 0.805, height * 0.6, _INK)
    for foot in range(13):
        top = height * (0.24 + 0.04 * foot)
        picture.box(width * 0.556, top, width * 0.568, top + height * 0.04, _RED if foot % 2 else _PAPER)
    return picture.png()


def ledger() -> bytes:
    """An open ledger: ruled lines, entries, and a signature at the foot of the right-hand page."""
    picture = Canvas(640, 200, (251, 248, 241))
    picture.box(20, 14, 620, 186, _QUAY)
    picture.box(22, 16, 319, 184, _PAPER)
    picture.box(321, 16, 618, 184, _PAPER)
    for line in range(66, 150, 30):
        for left in (50, 350):
            picture.box(left, line, left + 240, line + 1, _RULE)
            for word, length in ((4, 62), (140, 78)):
                picture.box(left + word, line - 12, left + word + length, line - 9, _INK)
    picture.box(470, 150, 560, 154, (63, 111, 135))
    return picture.png()


def favicon() -> bytes:
    """The paper's crest at 16 pixels, as an ICO file that holds a PNG."""
    picture = Canvas(16, 16, (251, 248, 241))
    picture.disc(7.5, 7.5, 7, (63, 111, 135))
    for foot in range(6):
        picture.box(7, 2 + 2 * foot, 9, 4 + 2 * foot, _RED if foot % 2 else _PAPER)
    png = picture.png()
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 24, len(png), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + png
