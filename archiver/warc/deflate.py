"""Gzip members: made by isal or stored as they are, and taken apart one at a time (RFC 1952)."""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from typing import cast

from isal import isal_zlib

from archiver.digest import CHUNK, Digest
from archiver.errors import FormatError, LimitError
from archiver.warc.hasher import Aside, Hash, Hasher
from archiver.warc.window import Window

BROKEN: tuple[type[Exception], ...] = (zlib.error, cast("type[Exception]", isal_zlib.IsalError))
"""What zlib and isal raise for bytes they cannot read."""

_LEVEL = 1
_GZIP = 31  # window bits that ask for the gzip wrapper
_HEADER = b"\x1f\x8b\x08\x00"  # magic, deflate, no flags: no name, comment or extra field to hide in
_STORED_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_SHORTEST = 18  # bytes of the shortest gzip member there can be
_STORED_BLOCK = 0xFFFF
_LITTLE = 1 << 10  # a request, facts: level 0 takes a sixth of the time for 100 bytes more
_FIRST_PIECE = 4 << 10
_LARGEST_PIECE = 512 << 10
_OUTPUT = 512 << 10


def crc32(data: bytes | memoryview, before: int = 0) -> int:
    """The CRC-32 of *data*, after bytes whose CRC-32 is *before*; many times as fast as zlib's."""
    crc: int = isal_zlib.crc32(data, before)
    return crc


def deflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """One gzip member of *pieces*, quickly and fairly small."""
    packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def deflated_at_once(data: bytes) -> bytes:
    """One gzip member of *data*."""
    packed: bytes = isal_zlib.compress(data, 0 if len(data) <= _LITTLE else _LEVEL, _GZIP)
    return packed


def stored(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """One gzip member of *pieces*, *size* > 0 bytes in all, in blocks that are not compressed."""
    yield _STORED_HEADER
    crc = 0
    left = size
    for piece in pieces:
        crc = crc32(piece, crc)
        view = memoryview(piece)
        parts: list[bytes | memoryview] = []
        for at in range(0, len(view), _STORED_BLOCK):
            block = view[at : at + _STORED_BLOCK]
            left -= len(block)
            parts += (struct.pack("<BHH", not left, len(block), len(block) ^ 0xFFFF), block)
        yield b"".join(parts)
    yield struct.pack("<II", crc, size & 0xFFFFFFFF)


class Members:
    """The gzip members of a window, read from its beginning to its end, once.

    `next_member` begins one, `pieces` gives what is in it; then *offset*, *length* and `member_hash` tell of
    its compressed bytes. Exactly one after another: FormatError for anything before, between or behind
    them, for flags in their headers but *flags*, wrong checksums and an early end. A few MB of memory.
    """

    def __init__(self, window: Window, *, most: int = sys.maxsize, flags: int = 0) -> None:
        self.offset = 0
        self.length = 0
        self.flags = 0  # of the member
        self._flags = flags
        self.aside = Aside()
        self._window = window
        self._most = most
        self.unpacked = 0
        """Bytes that all members so far have given."""
        self._archive = Hasher(self.aside)
        self._member: Hasher | None = None  # of a member that began in an earlier chunk
        self._chunk = memoryview(b"")
        self._chunk_start = 0  # where in the window the chunk begins
        self._at = 0  # the next byte, in the chunk
        self._hashed = 0  # bytes of the chunk already in the member's digest, or before the member

    def next_member(self) -> bool:
        """Go to the next member; False at the end of the window."""
        self.offset += self.length
        self.length = 0
        self._member = None
        self._hashed = self._at
        if len(self._chunk) - self._at < _SHORTEST:
            self._refill()
        if self._at == len(self._chunk):
            return False
        header = bytes(self._chunk[self._at : self._at + 4])
        self.flags = header[3] if len(header) == 4 else 0
        if header[:3] != _HEADER[:3] or self.flags & ~self._flags:
            raise FormatError(f"not the beginning of a gzip member{'' if self._flags else ' without flags'}")
        return True

    def pieces(self) -> Iterator[bytes]:
        """What the member holds, half a megabyte at most at a time; LimitError past *most* bytes in all."""
        inflater = isal_zlib.decompressobj(_GZIP)
        size = _FIRST_PIECE
        full = False
        while True:
            if self._at == len(self._chunk) and not full and not self._refill():
                raise FormatError("the gzip member ends early")
            piece = self._chunk[self._at : self._at + size]
            try:
                out = inflater.decompress(piece, _OUTPUT)
            except BROKEN as error:
                raise FormatError("a broken gzip member") from error
            ended = inflater.eof
            left = len(inflater.unused_data if ended else inflater.unconsumed_tail)
            self._at += len(piece) - left
            if out:
                self.unpacked += len(out)
                if self.unpacked > self._most:
                    raise LimitError(f"more than {self._most} bytes of records")
                yield out
            if ended:
                break
            full = len(out) >= _OUTPUT
            if left and not full:
                raise FormatError("a broken gzip member")
            size = min(4 * size, _LARGEST_PIECE)
        self.length = self._chunk_start + self._at - self.offset

    def member_hash(self) -> Hash:
        """The hash of the member's compressed bytes, once `pieces` has given all of it."""
        rest = self._chunk[self._hashed : self._at]
        if self._member is None:
            return self.aside.hash(rest)
        self._member.update(rest)
        return self._member

    def archive_digest(self) -> Digest:
        """The digest of the whole window; what has not been read yet is read now."""
        self._at = len(self._chunk)
        while self._refill():
            self._at = len(self._chunk)
        return Digest(self._archive.hexdigest())

    def _refill(self) -> bool:
        """Read on, keeping what is left of the chunk; False when there is nothing more."""
        start = self._chunk_start + len(self._chunk)
        size = min(CHUNK, self._window.size - start)
        if not size:
            return False
        fresh = self._window.read_at(start, size)
        self._archive.update(fresh)
        if self._hashed < self._at:
            self._member = self._member or Hasher(self.aside)
            self._member.update(self._chunk[self._hashed : self._at])
        rest = self._chunk[self._at :]
        self._chunk = memoryview(bytes(rest) + fresh if rest else fresh)
        self._chunk_start = start - len(rest)
        self._at = self._hashed = 0
        return True
