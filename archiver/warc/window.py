"""A slice of an open file, read without moving anybody's file position."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from archiver.digest import CHUNK
from archiver.errors import FormatError


class Window:
    """*size* bytes of an open file from *offset* on; positions below are counted from *offset*.

    The file is opened once by the caller and read by descriptor, so a file swapped under its name
    changes nothing.
    """

    __slots__ = ("_descriptor", "_file", "offset", "size")

    def __init__(self, file: BinaryIO, offset: int = 0, size: int | None = None) -> None:
        self._file = file  # keeps the descriptor open
        self._descriptor = file.fileno()
        self.offset = offset
        self.size = os.fstat(self._descriptor).st_size - offset if size is None else size

    def read_at(self, position: int, size: int) -> bytes:
        """Exactly *size* bytes at *position*; FormatError where the window or the file ends before."""
        if position < 0 or size < 0 or position + size > self.size:
            raise FormatError(f"{size} bytes at {position} are beyond its end")
        parts: list[bytes] = []
        left = size
        at = self.offset + position
        while left:
            part = os.pread(self._descriptor, left, at)
            if not part:
                raise FormatError("the file ended early")
            parts.append(part)
            left -= len(part)
            at += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def chunks(self, position: int = 0, size: int | None = None) -> Iterator[bytes]:
        """The bytes from *position* on, *size* of them (to the end if None), a megabyte at a time."""
        end = self.size if size is None else position + size
        while position < end:
            part = self.read_at(position, min(CHUNK, end - position))
            yield part
            position += len(part)

    def inside(self, position: int, size: int) -> Window:
        """A window into this one."""
        if position < 0 or size < 0 or position + size > self.size:
            raise FormatError(f"{size} bytes at {position} are beyond its end")
        return Window(self._file, self.offset + position, size)
