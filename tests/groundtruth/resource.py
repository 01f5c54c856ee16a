"""What one URL of the site answers with, and the bodies that nobody has to write."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import Literal

Need = Literal["", "accept", "cookie", "no-referer", "referer"]
"""What a request must bring to be given the resource rather than something else."""

TYPES = {
    "avif": "image/avif",
    "css": "text/css",
    "eot": "application/vnd.ms-fontobject",
    "html": "text/html",
    "ico": "image/x-icon",
    "js": "text/javascript",
    "json": "application/json",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "ttf": "font/ttf",
    "txt": "text/plain",
    "vtt": "text/vtt",
    "webm": "video/webm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xhtml": "application/xhtml+xml",
}

_TEXTS = {
    "css": "/* %s */\n",
    "html": "<!doctype html><title>%s</title>\n",
    "js": 'export default "%s";\n',
    "json": '{"made for": "%s"}\n',
    "svg": (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>%s</title>'
        '<g id="mark"><path d="M0 9L3 4L6 6L9 0"/></g></svg>\n'
    ),
    "txt": "%s\n",
    "vtt": "WEBVTT\n\n00:00.000 --> 00:09.000\n%s\n",
}
_MAGIC = {
    "eot": b"\x24\x00\x00\x00",
    "ico": b"\x00\x00\x01\x00",
    "mp3": b"ID3\x04",
    "mp4": b"\x00\x00\x00\x18ftypmp42",
    "ogg": b"OggS",
    "pdf": b"%PDF-1.7\n",
    "ttf": b"\x00\x01\x00\x00",
    "webm": b"\x1a\x45\xdf\xa3",
    "woff": b"wOFF",
    "woff2": b"wOF2",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One URL of the site, and the one way to find it."""

    item: str
    """The id of that way in ``docs/capture.md``."""
    url: str
    """As it must be requested: absolute, serialised, without fragment."""
    body: bytes
    """What a reader must show: no two resources have the same."""
    mime: str
    status: int = 200
    location: str | None = None
    """Where a redirect leads."""
    parent: str | None
    """The URL of the document that names it; None for one that is cited."""
    cited: str
    """The URL to be cited for it to be found."""
    later: bool = False
    """Whether it is an alternative, to be asked for after all that the page shows."""
    needs_browser: bool = False
    need: Need = ""

    @property
    def sha256(self) -> str:
        """Of the body, in hex."""
        return hashlib.sha256(self.body).hexdigest()


def made_body(name: str, suffix: str) -> bytes:
    """A body for the file *name*, of the kind of *suffix* and unlike any other's."""
    if suffix == "png":
        return _png(hashlib.sha256(name.encode()).digest()[:3])
    if suffix in _TEXTS:
        return (_TEXTS[suffix] % name).encode()
    return _MAGIC.get(suffix, b"") + name.encode()


def _png(colour: bytes) -> bytes:
    """A picture of nine times nine pixels in one colour."""
    header = struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + colour * 9) * 9)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
