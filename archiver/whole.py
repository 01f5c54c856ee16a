"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from archiver.errors import OutputError, OutputExistsError

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})
_WRITE_FAILURES = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO, errno.EROFS})
_KEPT_OF_NAME = 56  # characters: of four bytes each they leave room for the rest in the 255 of a name


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raise OutputExistsError if *path* is there and may not be replaced, OutputError if it never can be.

    Only a regular file or a link is ever replaced.
    """
    try:
        kind = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        if not path.parent.is_dir():
            raise OutputError("its folder does not exist: make it first", path=path) from None
        return
    except OSError as error:
        raise OutputError(_reason(error), path=path) from error
    if path.is_dir():
        raise OutputExistsError("it is a folder", path=path)
    if not stat.S_ISREG(kind) and not stat.S_ISLNK(kind):
        raise OutputExistsError("it exists and is not a regular file", path=path)
    if not overwrite:
        raise OutputExistsError("it exists already", path=path)


@contextmanager
def whole_file(path: Path, *, overwrite: bool = False, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A file open for reading and writing that becomes *path* when the block ends without an exception.

    It is written beside *path* as ``NAME.<random>.part``, synced and renamed; after an exception, and a
    KeyboardInterrupt is one, it is removed. Raises OutputExistsError, or OutputError when the folder is
    missing or read-only or the disk is full.
    """
    refuse_existing(path, overwrite=overwrite)
    part = path.with_name(f"{path.name[:_KEPT_OF_NAME]}.{os.urandom(8).hex()}.part")
    try:
        with _create(part, mode) as file:
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


def _create(part: Path, mode: int) -> BinaryIO:
    return os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "w+b")


def write_whole(path: Path, data: bytes, *, overwrite: bool = False, mode: int = 0o666) -> None:
    """Write *data* as *path*, whole or not at all; raises as `whole_file` does."""
    with whole_file(path, overwrite=overwrite, mode=mode) as file:
        file.write(data)


def _publish(part: Path, path: Path, *, overwrite: bool) -> None:
    """Give *part* its final name, all the way to the disk; interrupted, take a new name back."""
    if overwrite:
        part.replace(path)
        _sync(path.parent)
        return
    try:
        _link(part, path)
        _sync(path.parent)
    except BaseException:
        with suppress(OSError):
            if os.path.samestat(os.lstat(path), os.lstat(part)):
                path.unlink()
        raise


def _link(part: Path, path: Path) -> None:
    try:
        os.link(part, path)  # unlike a rename, never replaces a file that came meanwhile
    except FileExistsError as error:
        raise OutputExistsError("it exists already", path=path) from error
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        refuse_existing(path, overwrite=False)
        part.rename(path)


def _sync(folder: Path) -> None:
    with suppress(OSError):  # some file systems cannot sync a folder, and some folders cannot be opened
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _reason(error: OSError) -> str:
    return f"cannot be written: {(error.strerror or str(error)).lower()}"
