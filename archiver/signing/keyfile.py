"""Files that hold keys and trust: read from one descriptor, checked for who else could read or write them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from archiver.errors import KeyFileError

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_private(path: Path, *, max_bytes: int) -> bytes:
    """The bytes of a regular file that is ours and that nobody else can read or write.

    Links are not followed: a key file is made by this program and is itself. Raises KeyFileError.
    """
    return _read(path, max_bytes, forbidden=0o077, owners=(os.geteuid(),))


def read_public(path: Path, *, max_bytes: int) -> bytes:
    """The bytes of a regular file that is ours or root's and that nobody else can write.

    Raises KeyFileError.
    """
    return _read(path, max_bytes, forbidden=0o022, owners=(os.geteuid(), 0))


def _read(path: Path, max_bytes: int, *, forbidden: int, owners: tuple[int, ...]) -> bytes:
    try:
        descriptor = os.open(path, _OPEN)
    except OSError as error:
        raise KeyFileError(f"cannot be opened: {error.strerror}", path=path) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileError("not a regular file", path=path)
        if status.st_uid not in owners:
            raise KeyFileError("belongs to another user", path=path)
        if status.st_mode & forbidden:
            may = "read" if status.st_mode & forbidden & 0o044 else "write"
            cure = "go=" if forbidden & 0o044 else "go-w"
            raise KeyFileError(f"others can {may} it; chmod {cure} it", path=path)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(max_bytes + 1)
    finally:
        os.close(descriptor)
    if len(data) > max_bytes:
        raise KeyFileError(f"larger than {max_bytes} bytes", path=path)
    return data
