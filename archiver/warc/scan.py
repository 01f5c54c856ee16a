"""A WARC of ours read once from end to end: every digest, every rule, flat memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.warc.block import Block, block_chunks, read_header, stored_block
from archiver.warc.deflate import Members
from archiver.warc.record import Header, Record
from archiver.warc.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanLimits:
    """How much one WARC may ask of its reader; LimitError past any of these."""

    records: int = 1_000_000
    unpacked: int = 64 << 30
    """Bytes of all records, decompressed."""
    kept_block: int = 1 << 20
    """Bytes of one block that is kept; a larger one is left to be read again."""
    kept: int = 128 << 20
    """Bytes of all headers, HTTP heads and blocks that are kept."""


class Scan:
    """The records of *window*, the WARC named *archive*: iterate once, then ask for its `digest`.

    Wrong digests are findings on their record. What breaks the structure raises FormatError with the
    place; what goes beyond *limits* LimitError; no bytes raise anything else. A few MB of memory
    whatever the size, if the caller lets the records go.
    """

    def __init__(self, window: Window, archive: str, *, limits: ScanLimits | None = None) -> None:
        self._window = window
        self._archive = archive
        self._limits = limits or ScanLimits()
        self._members = Members(window)
        self._ids: set[str] = set()
        self._unpacked = 0
        self._kept = 0

    def __iter__(self) -> Iterator[Record]:
        while True:
            try:
                if not self._members.next_member():
                    return
                record = self._record()
            except FormatError as error:
                raise error.inside(self._where()) from error
            except LimitError as error:
                raise LimitError(str(error), where=self._where()) from error
            yield record

    def digest(self) -> Digest:
        """The digest of the whole WARC; what was not iterated is read now."""
        return self._members.archive_digest()

    def _where(self) -> str:
        return f"archive/{self._archive}: record at offset {self._members.offset}"

    def _record(self) -> Record:
        members = self._members
        if len(self._ids) >= self._limits.records:
            raise LimitError(f"more than {self._limits.records} records")
        pieces = self._counted(members.pieces())
        header, header_size, rest = read_header(pieces)
        if header.id in self._ids:
            raise FormatError("an earlier record has the same id")
        self._ids.add(header.id)
        chunks = block_chunks(header, rest, pieces)
        block = Block.read(header, chunks, keep=self._limits.kept_block, aside=members.aside)
        self._kept += header_size + block.head_size + len(block.kept or b"")
        if self._kept > self._limits.kept:
            raise LimitError(f"more than {self._limits.kept} bytes of headers and small blocks")
        return Record(
            archive=self._archive,
            offset=members.offset,
            length=members.length,
            record_digest=members.digest,
            header=header,
            block_digest=block.digest,
            http=block.http,
            head_size=block.head_size,
            method=block.method,
            framed=block.framed,
            payload_digest=block.payload_digest or self._as_it_stands(block.head_size),
            payload_size=block.payload_size,
            block=block.kept,
            findings=_findings(header, block),
        )

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._unpacked += len(piece)
            if self._unpacked > self._limits.unpacked:
                raise LimitError(f"more than {self._limits.unpacked} bytes of records")
            yield piece

    def _as_it_stands(self, head_size: int) -> Digest:
        """The digest of the payload of a record just read whose framing proved broken: a second reading."""
        hasher = hashlib.sha256()
        for chunk in stored_block(self._window.inside(self._members.offset, self._members.length)):
            hasher.update(chunk[head_size:])
            head_size = max(0, head_size - len(chunk))
        return Digest(hasher.hexdigest())


def _findings(header: Header, block: Block) -> tuple[tuple[str, str], ...]:
    found = [_compared("WARC-Block-Digest", header.block_digest, block.digest)]
    if block.plain:
        found.append(_compared("WARC-Payload-Digest", header.payload_digest, block.payload_digest))
    elif header.payload_digest is not None:
        found.append(("FORMAT_FAILURE", "WARC-Payload-Digest on a record that must have none"))
    return tuple(finding for finding in found if finding)


def _compared(name: str, declared: str | None, computed: Digest | None) -> tuple[str, str] | None:
    if declared == str(computed):
        return None
    if declared is None:
        return "FORMAT_FAILURE", f"no {name}"
    if not declared.startswith("sha256:"):
        return "FORMAT_FAILURE", f"{name} is not a sha256 digest: {declared!r:.80}"
    return "HASH_FAILURE", f"{name} says {declared:.80}, the bytes have {computed}"
