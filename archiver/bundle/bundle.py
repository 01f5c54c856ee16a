"""One open bundle: its members, read from one handle that is opened once."""

from __future__ import annotations

import os
import stat
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from archiver.bundle.container import LAST, Member, read_container
from archiver.bundle.datapackage import DIGEST_NAME, NAME, Datapackage, DatapackageDigest
from archiver.bundle.limits import ReadLimits
from archiver.bundle.pages import Page, read_pages
from archiver.digest import Digest
from archiver.errors import FormatError, InputError, LimitError
from archiver.warc.capture import Capture
from archiver.warc.window import Window

INDEX = "indexes/index.cdx"
PAGES = "pages/pages.jsonl"
IDENTITY = "provenance/identity.json"
MANIFEST = "provenance/manifest.json"
ARCHIVES = "archive/"

_READ_WHOLE = (INDEX, PAGES, IDENTITY, MANIFEST, *LAST)


class Bundle:
    """A `.wacz` file of ours, packed or sealed.

    Opening it checks the container alone: every byte outside the members' data. What the members hold is
    read on demand; each property raises FormatError where its member is missing or malformed. Nothing in
    it is believed: that is for `verify`. Whatever goes beyond *limits* raises LimitError.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        name: str,
        packed: Capture | None = None,
        limits: ReadLimits | None = None,
    ) -> None:
        self.name = name
        self.packed = packed
        """The capture it was packed from, where the same process did that: its records are not scanned again,
        their archives' digests are compared."""
        self.window = Window(file)
        self._file = file
        self._state = file_state(file)
        self._limits = limits or ReadLimits()
        members = read_container(self.window, most_members=self._limits.members)
        self.members: dict[str, Member] = {member.name: member for member in members}
        for name in _READ_WHOLE:  # at once: to hash what is too large to be read takes seconds
            if name in self.members:
                self._check_size(name, self._limits.json_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; members cannot be read any more."""
        self._file.close()

    def changed(self) -> bool:
        """Whether the file was written to since it was opened."""
        return file_state(self._file) != self._state

    def member(self, name: str) -> Window:
        """The data of member *name*; FormatError (MISSING_MEMBER) where there is none."""
        member = self.members.get(name)
        if member is None:
            raise FormatError("is not in the bundle", where=name, code="MISSING_MEMBER")
        return self.window.inside(member.offset, member.size)

    def read(self, name: str, *, max_bytes: int | None = None) -> bytes:
        """All of member *name*; LimitError where it is larger than *max_bytes*, or than its limits allow."""
        window = self.member(name)
        self._check_size(name, min(max_bytes or self._limits.json_bytes, self._limits.json_bytes))
        return window.read_at(0, window.size)

    def _check_size(self, name: str, most: int) -> None:
        size = self.members[name].size
        if size > most:
            raise LimitError(f"{size} bytes; the limit is {most}", where=name)

    @cached_property
    def package_digest(self) -> Digest:
        """The digest of datapackage.json: what the seal is over, and the id of a sealed bundle."""
        return Digest.of(self.read(NAME))

    @cached_property
    def package(self) -> Datapackage:
        """datapackage.json."""
        return Datapackage.from_json(self.read(NAME))

    @cached_property
    def closing(self) -> DatapackageDigest:
        """datapackage-digest.json."""
        return DatapackageDigest.from_json(self.read(DIGEST_NAME))

    @property
    def sealed(self) -> bool:
        """Whether it carries an envelope; not whether that is good."""
        return self.closing.provenance is not None

    @property
    def id(self) -> Digest | None:
        """What reports and citations quote; None while packed."""
        return self.package_digest if self.sealed else None

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """The lines of pages.jsonl after the first."""
        return read_pages(self.read(PAGES))

    @cached_property
    def capture(self) -> Capture:
        """The WARCs; they are scanned when its records are first asked for."""
        if self.packed is not None:
            return self.packed
        archives = [member for name, member in self.members.items() if name.startswith(ARCHIVES)]
        return Capture(
            {member.name.removeprefix(ARCHIVES): self.member(member.name) for member in archives},
            limits=self._limits.scan(sum(member.size for member in archives)),
        )


def open_regular(path: Path) -> BinaryIO:
    """*path* open for reading; InputError for anything but a regular file that is there and readable."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), path=path) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError("is not a regular file", path=path)
    return os.fdopen(descriptor, "rb")


def open_bundle(path: Path) -> Bundle:
    """The bundle at *path*; close it after use.

    Raises InputError where there is no such regular file, FormatError where it is not a canonical
    container, LimitError where it has more members than are read.
    """
    file = open_regular(path)
    try:
        return Bundle(file, name=str(path))
    except BaseException:
        file.close()
        raise


def file_state(file: BinaryIO) -> tuple[int, int, int, int]:
    """What is another as soon as *file* has been written to."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
