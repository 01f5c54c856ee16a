"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from archiver.errors import OutputError, OutputExistsError

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})
_WRITE_FAILURES = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO, errno.EROFS})


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raise OutputExistsError if *path* is there and may not be replaced, OutputError if it never can be."""
    if os.path.lexists(path) and not overwrite:
        raise OutputExistsError("it exists already; --force replaces it", path=path)
    if path.is_dir():
        raise OutputError("it is a folder", path=path)
    if not path.parent.is_dir():
        raise OutputError("its folder does not exist", path=path)


@contextmanager
def whole_file(path: Path, *, overwrite: bool = False, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A file open for reading and writing that becomes *path* when the block ends without an exception.

    It is written beside *path* as ``NAME.<random>.part``, synced and renamed; after an exception it is
    removed. Raises OutputExistsError, or OutputError when the folder is missing or read-only or the disk
    is full.
    """
    refuse_existing(path, overwrite=overwrite)
    part = path.with_name(f"{path.name[:200]}.{os.urandom(4).hex()}.part")
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except OSError as error:
        raise OutputError(_reason(error), path=path) from error
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _publish(part, path, overwrite=overwrite)
    except OSError as error:
        if error.errno in _WRITE_FAILURES or error.filename in (str(part), str(path)):
            raise OutputError(_reason(error), path=path) from error
        raise
    finally:
        with suppress(OSError):
            part.unlink()


def write_whole(path: Path, data: bytes, *, overwrite: bool = False, mode: int = 0o666) -> None:
    """Write *data* as *path*, whole or not at all; raises as `whole_file` does."""
    with whole_file(path, overwrite=overwrite, mode=mode) as file:
        file.write(data)


def _publish(part: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        part.replace(path)
    else:
        try:
            os.link(part, path)  # unlike a rename, never replaces a file that came meanwhile
        except FileExistsError as error:
            raise OutputExistsError("it exists already; --force replaces it", path=path) from error
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            refuse_existing(path, overwrite=False)
            part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some file systems cannot sync a folder
            os.fsync(folder)
    finally:
        os.close(folder)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
