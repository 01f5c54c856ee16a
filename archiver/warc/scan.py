"""A WARC of ours read once from end to end: every digest, every rule, flat memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.warc.block import Block, block_chunks, read_header, stored_block
from archiver.warc.certificates import chain_url, parse_chain
from archiver.warc.deflate import Members
from archiver.warc.hasher import Hash
from archiver.warc.record import WARC_FIELDS, Header, Record
from archiver.warc.stated import MEDIA_TYPE
from archiver.warc.window import Window

_RECORD, _FIELD = 1024, 200  # bytes that a record and a field of an HTTP head take beside their text
_AHEAD = 256  # records at most whose hashes are put off


class ScanLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much the WARCs of one capture may ask of their reader; LimitError past any of these.

    Time and memory are to follow from the size of the file that somebody sends, and not from what it
    unpacks to: `for_archive` gives the limits of a file, the defaults are those of the smallest.
    """

    records: int = 1_000_000
    unpacked: int = 1 << 30
    """Bytes of all records, decompressed: a second or so."""
    chunks: int = 1_000_000
    """Chunks of all bodies in chunk framing: each costs about a microsecond, however small it is."""
    kept_block: int = 2 << 20
    """Bytes of one block that is kept: facts with all the interim answers there may be, in base64."""
    kept: int = 64 << 20
    """Bytes of memory that all records may take: headers, HTTP heads and blocks, and what holds them."""

    @classmethod
    def for_archive(cls, size: int) -> ScanLimits:
        """The limits of archives of *size* bytes in all.

        Sound captures stay far below: text unpacks to ten times its size, a chunk is sent to carry
        something, and a record takes about four times in memory what its headers take in the file.
        """
        return cls(
            unpacked=cls().unpacked + 50 * size,
            chunks=cls().chunks + size // 32,
            kept=cls().kept + 8 * size,
        )

    def less(self, *, records: int, unpacked: int, chunks: int, kept: int) -> ScanLimits:
        """What is left of them for other archives after so much."""
        return msgspec.structs.replace(
            self,
            records=self.records - records,
            unpacked=self.unpacked - unpacked,
            chunks=self.chunks - chunks,
            kept=self.kept - kept,
        )


class Scan:
    """The records of *window*, the WARC named *archive*: iterate once, then ask for its `digest`.

    Wrong digests are findings on their record. What breaks the structure raises FormatError with the
    place; what goes beyond *limits* LimitError; no bytes raise anything else. A few MB of memory
    whatever the size, if the caller lets the records go.
    """

    def __init__(self, window: Window, archive: str, *, limits: ScanLimits | None = None) -> None:
        self._window = window
        self._archive = archive
        self._limits = limits or ScanLimits.for_archive(window.size)
        self._members = Members(window, most=self._limits.unpacked)
        self._ids: set[str] = set()
        self._kept = 0
        self._chunks = 0
        self._stated = False  # whether the stated record, which is the last, has been read

    def __iter__(self) -> Iterator[Record]:
        ahead: list[_Read] = []
        aside = self._members.aside
        try:
            while self._members.next_member():
                ahead.append(self._read())
                if aside.full or len(ahead) == _AHEAD:
                    aside.settle()
                    yield from (read.record(self._archive) for read in ahead)
                    ahead.clear()
        except (FormatError, LimitError) as error:
            yield from (read.record(self._archive) for read in ahead)
            if isinstance(error, FormatError):
                raise error.inside(self._where()) from error
            raise LimitError(str(error), where=self._where()) from error
        yield from (read.record(self._archive) for read in ahead)

    def digest(self) -> Digest:
        """The digest of the whole WARC; what was not iterated is read now."""
        return self._members.archive_digest()

    @property
    def left(self) -> ScanLimits:
        """What it has left of its limits."""
        return self._limits.less(
            records=len(self._ids), unpacked=self._members.unpacked, chunks=self._chunks, kept=self._kept
        )

    def _where(self) -> str:
        return f"archive/{self._archive}: record at offset {self._members.offset}"

    def _read(self) -> _Read:
        members = self._members
        if len(self._ids) >= self._limits.records:
            raise LimitError(f"more than {self._limits.records} records")
        left = self._limits.unpacked - members.unpacked
        pieces = members.pieces()
        header, header_size, rest = read_header(pieces)
        if header.content_length > left:  # at once: to come to it by unpacking takes a second
            raise LimitError(f"more than {self._limits.unpacked} bytes of records")
        if header.id in self._ids:
            raise FormatError("an earlier record has the same id")
        self._check_place(header)
        self._ids.add(header.id)
        block = Block.read(
            header,
            block_chunks(header, rest, pieces),
            keep=self._limits.kept_block,
            most_chunks=self._limits.chunks - self._chunks,
            aside=members.aside,
        )
        self._chunks += block.chunks
        self._kept += _RECORD + header_size + block.head_size + (len(block.kept) if block.kept else 0)
        self._kept += _FIELD * len(block.http.fields) if block.http else 0
        if self._kept > self._limits.kept:
            raise LimitError(f"more than {self._limits.kept} bytes of headers and small blocks")
        if header.type == "resource":
            self._check_certificates(header, block)
        return _Read(
            offset=members.offset,
            length=members.length,
            digest=members.member_hash(),
            header=header,
            block=block,
            payload_digest=block.payload_digest or self._as_it_stands(block.head_size),
        )

    def _check_place(self, header: Header) -> None:
        """FormatError for a record that has no place in a capture, whatever is in it.

        Readers that make an index anew take a record of any type for what its URL answered.
        """
        if self._stated:
            raise FormatError("a record after the stated record")
        if header.type == "warcinfo":
            if self._ids or header.url is not None:
                raise FormatError("a warcinfo record that is not the first, or has a URL")
        elif header.type == "metadata":
            self._stated = header.content_type == MEDIA_TYPE
            if self._stated:
                if header.concurrent_to is not None or header.url != header.id:
                    raise FormatError("a stated record about something")
            elif header.content_type != WARC_FIELDS or header.concurrent_to is None:
                raise FormatError(f"a metadata record of no exchange, of type {header.content_type!r:.80}")

    def _check_certificates(self, header: Header, block: Block) -> None:
        """FormatError for a resource record that is not a chain of certificates under its own name."""
        if block.kept is None:
            raise LimitError(f"certificates of more than {self._limits.kept_block} bytes")
        if header.url != chain_url(Digest.of(parse_chain(block.kept)[0])):
            raise FormatError(f"certificates under another name than the first's: {header.url!r:.200}")

    def _as_it_stands(self, head_size: int) -> Hash:
        """The hash of the payload of a record just read whose framing proved broken: a second reading."""
        hasher = hashlib.sha256()
        for chunk in stored_block(self._window.inside(self._members.offset, self._members.length)):
            hasher.update(chunk[head_size:])
            head_size = max(0, head_size - len(chunk))
        return hasher


class _Read(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record all of which was read; its hashes may have been put off."""

    offset: int
    length: int
    digest: Hash
    header: Header
    block: Block
    payload_digest: Hash

    def record(self, archive: str) -> Record:
        """The record of *archive*."""
        header, block = self.header, self.block
        block_digest = Digest(block.digest.hexdigest())
        same = self.payload_digest is block.digest
        payload_digest = block_digest if same else Digest(self.payload_digest.hexdigest())
        return Record(
            archive=archive,
            offset=self.offset,
            length=self.length,
            record_digest=Digest(self.digest.hexdigest()),
            header=header,
            type=header.type,
            id=header.id,
            date=header.date,
            url=header.url,
            block_digest=block_digest,
            http=block.http,
            head_size=block.head_size,
            method=block.method,
            framed=block.framed,
            payload_digest=payload_digest,
            payload_size=block.payload_size,
            block=block.kept,
            findings=_findings(header, block, block_digest, payload_digest),
        )


def _findings(
    header: Header, block: Block, digest: Digest, payload_digest: Digest
) -> tuple[tuple[str, str], ...]:
    found = []
    if header.block_digest != str(digest):
        found.append(_mismatch("WARC-Block-Digest", header.block_digest, digest))
    if header.type == "response" and not block.is_http:
        found.append(("FORMAT_FAILURE", "a response that does not begin with an HTTP head"))
    if block.plain:
        if header.payload_digest != str(payload_digest):
            found.append(_mismatch("WARC-Payload-Digest", header.payload_digest, payload_digest))
    elif header.payload_digest is not None:
        found.append(("FORMAT_FAILURE", "WARC-Payload-Digest on a record that must have none"))
    return tuple(found)


def _mismatch(name: str, declared: str | None, computed: Digest) -> tuple[str, str]:
    if declared is None:
        return "FORMAT_FAILURE", f"no {name}"
    if not declared.startswith("sha256:"):
        return "FORMAT_FAILURE", f"{name} is not a sha256 digest: {declared!r:.80}"
    return "HASH_FAILURE", f"{name} says {declared:.80}, the bytes have {computed}"
