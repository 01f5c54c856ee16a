"""SHA-256 as a value."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import BinaryIO

import msgspec

from archiver.errors import FormatError

_TEXT = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)

CHUNK = 1 << 20
"""Bytes read at a time wherever a stream is hashed or copied."""


class Digest(msgspec.Struct, frozen=True, order=True):
    """A SHA-256 digest; ``str()`` gives ``sha256:`` and 64 lower-case hex digits."""

    hex: str

    def __str__(self) -> str:
        return f"sha256:{self.hex}"

    @property
    def raw(self) -> bytes:
        """The 32 bytes themselves."""
        return bytes.fromhex(self.hex)

    @classmethod
    def of(cls, data: bytes | memoryview | BinaryIO) -> Digest:
        """The digest of *data*; a stream is read to its end from where it stands."""
        if isinstance(data, bytes | memoryview):
            return cls(hashlib.sha256(data).hexdigest())
        hasher = hashlib.sha256()
        while chunk := data.read(CHUNK):
            hasher.update(chunk)
        return cls(hasher.hexdigest())

    @classmethod
    def of_chunks(cls, chunks: Iterable[bytes]) -> Digest:
        """The digest of *chunks* joined."""
        hasher = hashlib.sha256()
        for chunk in chunks:
            hasher.update(chunk)
        return cls(hasher.hexdigest())

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read the text form; anything but the exact form raises FormatError."""
        if not isinstance(text, str) or not _TEXT.fullmatch(text):
            raise FormatError(f"not a sha256 digest: {text!r:.80}")
        return cls(text[7:])
