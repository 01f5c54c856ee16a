"""A WARC by any tool read once from end to end: lenient in form, strict in what its bytes are.

The rules, which another reader must follow to learn the same records and digests:

 1. A file that begins with 1F 8B is a sequence of gzip members (RFC 1952, deflate, no reserved flags) and
    nothing else: each one's CRC-32, length and, where it has one, header checksum are right, and behind
    the last stands nothing. Any other file is plain. There is at least one record.
 2. A record is a header, a block of Content-Length bytes, and the CR and LF bytes that follow it, CRLF CRLF
    by the standard. It lies in one member. Behind these bytes the next record begins, or the member ends.
 3. A record's place (offset, length) is in a plain file that of its header and block, in a gzip file that of
    its member. Only the first record of a member can be addressed: the others have its place too, are
    hashed, and are no exchanges.
 4. A header is at most 1 MiB: ``WARC/`` and 0.17, 0.18, 1.0 or 1.1, then fields, then an empty line. Lines
    end in LF, with or without one CR before it. A line that begins with a space or tab goes on with the
    field before: without the spaces and tabs around it, of which something must be left, after one space.
    A field is a token (RFC 9110), a colon, and a value without control characters but tab; spaces and tabs
    around it do not count. Anything else is no header.
 5. Names mean the same in either case. The first of several fields of one name counts; those of WARC-Type,
    Content-Length, WARC-Target-URI and WARC-Date must be the same. A value is UTF-8 or, where it is not,
    ISO-8859-1. An id or a URL stands without a ``<`` and ``>`` around it; an empty one is none.
 6. Content-Length (1 to 18 digits) and WARC-Type must be there. A type that is none of WARC 1.1's eight,
    letter by letter, is read as ``unknown``.
 7. WARC-Date has one of the forms of WARC 1.1: ``YYYY``, ``YYYY-MM``, ``YYYY-MM-DD``,
    ``YYYY-MM-DDThh:mmZ``, ``YYYY-MM-DDThh:mm:ssZ``, or that with 1 to 9 digits of a second, and is a moment
    of the years 1 to 9999 (no second is 60). For an index, a month or day that is missing is 01, all else 0.
 8. A response is an exchange where its date is one by rule 7, its URL (at most 65,536 characters) is an
    absolute http or https one with a host, and a port from 0 to 65535 if any, its Content-Type up to a
    semicolon is application/http, its block begins with an HTTP head of at most 1 MiB, and it is neither
    segmented (a continuation, or with WARC-Segment-Number) nor behind the first in its member. The same
    goes for a revisit, which is never an exchange. A request's method is the token before its first space.
 9. A declared digest is an algorithm, a colon and a value: md5, sha1, sha256, sha384 or sha512, in either
    case, ``-`` and ``_`` not counting; the value in hexadecimal or Base32, in either case, or Base64, with
    or without padding. One by another algorithm is not checked.
10. WARC-Block-Digest must be that of the block; any other is HASH_FAILURE.
11. WARC-Payload-Digest must be that of the payload: the whole block, or in a response or request what
    follows the HTTP head, either as it stands or without sound chunk framing; any other is HASH_FAILURE. It
    is not checked on a revisit, a segmented or truncated record, and a response or request without a head.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from functools import partial

from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.warc.block import AT_ONCE, FEED, until_head_end
from archiver.warc.declared import LEGACY, Sums, algorithm_of
from archiver.warc.deflate import Members
from archiver.warc.hasher import Aside, Hasher
from archiver.warc.http1 import ChunkedDecoder, Framing, Head, find_head_end, framing, parse_head
from archiver.warc.importedheader import ImportedHeader, is_web_url, parse_date, parse_imported_header
from archiver.warc.record import MAX_HEADER, Record, has_one_end
from archiver.warc.scan import ScanLimits
from archiver.warc.window import Window

_RECORD, _FIELD = 1536, 200  # bytes that a record and a field of a head take beside their text
_GZIP = b"\x1f\x8b"
_FLAGS = 0b11111  # that a gzip header may have: text, header checksum, extra field, name, comment
_METHOD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) ")
_LINE_ENDS = re.compile(rb"[\r\n]*")
_END = b"\r\n\r\n"

_Placed = Callable[..., Record]
"""A record all of which was read, once it is told its *offset*, *length* and *record_digest*."""


class ImportedScan:
    """The records of *window*, a WARC named *archive*: iterate once, then ask for `digest` and `notes`.

    Wrong digests are findings on their record, other deviations `notes`. What breaks the structure raises
    FormatError with the place, what goes beyond *limits* LimitError; no bytes raise anything else. A few
    MB of memory whatever the size, if the caller lets the records go.
    """

    def __init__(self, window: Window, archive: str, *, limits: ScanLimits | None = None) -> None:
        self._window = window
        self._archive = archive
        self._limits = limits or ScanLimits.for_archive(window.size)
        self._members = Members(window, most=self._limits.unpacked, flags=_FLAGS) if is_gzip(window) else None
        self._aside = self._members.aside if self._members else Aside()
        self._whole = Hasher(self._aside)  # of a plain file
        self._plain = self._pieces()
        self._offset = 0
        self._notes: dict[str, tuple[int, int]] = {}
        self._ids: set[str] = set()
        self._records = self._blocks = self._chunks = self._kept = 0

    @property
    def notes(self) -> dict[str, tuple[int, int]]:
        """How often each deviation was met, and the offset of the first; by its code."""
        return self._notes

    def __iter__(self) -> Iterator[Record]:
        try:
            yield from self._packed(self._members) if self._members else self._unpacked()
            if not self._records:
                raise FormatError("no record")
        except FormatError as error:
            raise error.inside(self._where()) from error
        except LimitError as error:
            raise LimitError(str(error), where=self._where()) from error

    def digest(self) -> Digest:
        """The digest of the whole WARC; what was not iterated is read now."""
        if self._members:
            return self._members.archive_digest()
        for _ in self._plain:
            pass
        return Digest(self._whole.hexdigest())

    @property
    def left(self) -> ScanLimits:
        """What it has left of its limits."""
        unpacked = self._members.unpacked if self._members else self._window.size
        return self._limits.less(
            records=self._records, unpacked=unpacked, chunks=self._chunks, kept=self._kept
        )

    def _where(self) -> str:
        return f"archive/{self._archive}: record at offset {self._offset}"

    def _note(self, code: str) -> None:
        count, first = self._notes.get(code, (0, self._offset))
        self._notes[code] = count + 1, first

    def _packed(self, members: Members) -> Iterator[Record]:
        """The records of a gzip file, member by member (rule 3)."""
        while members.next_member():
            self._offset = members.offset
            if members.flags:
                self._note("gzip-fields")
            feed = _Feed(members.pieces())
            found: list[_Placed] = []
            while feed.more() or not found:
                if len(found) == 1:
                    self._note("several-records-in-a-member")
                found.append(self._read(feed, addressable=not found))
                self._end(feed)
            digest = Digest(members.member_hash().hexdigest())
            for placed in found:
                yield placed(offset=members.offset, length=members.length, record_digest=digest)

    def _unpacked(self) -> Iterator[Record]:
        """The records of a plain file."""
        if self._window.size > self._limits.unpacked:
            raise LimitError(f"more than {self._limits.unpacked} bytes of records")
        feed = _Feed(self._plain)
        while feed.more():
            self._offset = feed.at
            feed.hasher = Hasher(self._aside)
            placed = self._read(feed, addressable=True)
            length, digest = feed.at - self._offset, Digest(feed.hasher.hexdigest())
            self._end(feed)
            yield placed(offset=self._offset, length=length, record_digest=digest)

    def _pieces(self) -> Iterator[bytes]:
        for chunk in self._window.chunks():
            self._whole.update(chunk)
            yield chunk

    def _read(self, feed: _Feed, *, addressable: bool) -> _Placed:
        if self._records >= self._limits.records:
            raise LimitError(f"more than {self._limits.records} records")
        self._records += 1
        data = feed.header()
        header = parse_imported_header(data, self._note)
        self._blocks += header.content_length
        if self._blocks > self._limits.unpacked:  # at once: to come to it by unpacking takes a second
            raise LimitError(f"more than {self._limits.unpacked} bytes of records")
        if header.id in self._ids:
            self._note("repeated-record-id")
        elif header.id:
            self._ids.add(header.id)
        block = _Block(header, self._aside)
        block.read(feed, self._limits, self._limits.chunks - self._chunks)
        self._chunks += block.chunks
        self._kept += _RECORD + len(data) + block.head_size + len(block.kept or b"")
        self._kept += _FIELD * (len(header.concurrent) + (len(block.http.fields) if block.http else 0))
        if self._kept > self._limits.kept:
            raise LimitError(f"more than {self._limits.kept} bytes of headers and small blocks")
        sums = block.entity or block.payload
        return partial(
            Record,
            archive=self._archive,
            header=header,
            type=header.type,
            id=header.id,
            date=header.date,
            url=header.url,
            block_digest=block.sums.digest(),
            http=block.http if self._is_exchange(header, block, addressable) else None,
            head_size=block.head_size,
            method=block.method,
            framed=block.framed,
            payload_digest=sums.digest(),
            payload_size=block.payload_size,
            block=block.kept,
            findings=tuple(self._findings(header, block)),
        )

    def _end(self, feed: _Feed) -> None:
        if feed.line_ends() != _END:
            self._note("record-end")

    def _is_exchange(self, header: ImportedHeader, block: _Block, addressable: bool) -> bool:
        """Rule 8; where it is none, a note says why."""
        if header.segmented:
            self._note("segmented")
        if header.type not in ("response", "revisit"):
            return False
        if not block.one_end:
            self._note("head-end-in-doubt")
        if header.type == "response" and not block.plainly_framed:
            self._note("odd-framing")
        lacking = [
            word
            for word, there in (
                ("date", parse_date(header.date) is not None),
                ("web-url", is_web_url(header.url)),
                ("http-head", block.http is not None),
            )
            if not there
        ]
        for word in lacking:
            self._note(f"{header.type}-without-{word}")
        return addressable and not lacking and not header.segmented

    def _findings(self, header: ImportedHeader, block: _Block) -> Iterator[tuple[str, str]]:
        """Rules 9 to 11."""
        if header.block_digest is None:
            self._note("no-block-digest")
        elif self._is_checked(header.block_digest) and not block.sums.matches(header.block_digest):
            yield _mismatch("WARC-Block-Digest", header.block_digest)
        declared = header.payload_digest
        if declared is None or header.type == "revisit":
            return
        if header.segmented or header.truncated is not None or block.headless:
            self._note("digest-not-checked")
        elif not self._is_checked(declared) or (block.entity or block.payload).matches(declared):
            pass
        elif block.entity and block.payload.matches(declared):
            self._note("payload-digest-with-framing")
        else:
            yield _mismatch("WARC-Payload-Digest", declared)

    def _is_checked(self, declared: str) -> bool:
        algorithm = algorithm_of(declared)
        if algorithm is None:
            self._note("digest-not-checked")
        elif algorithm in LEGACY:
            self._note("legacy-digest")
        return algorithm is not None


def is_gzip(window: Window) -> bool:
    """Whether *window* holds gzip members, by its first two bytes."""
    return window.size >= len(_GZIP) and window.read_at(0, len(_GZIP)) == _GZIP


def is_own(window: Window) -> bool:
    """Whether *window* begins as the WARCs do that archiver writes: such a one must be sound by our rules."""
    try:
        record = next(iter(ImportedScan(window, "")), None)
        start = bytes(next(imported_block(window), b""))
    except (FormatError, LimitError):
        return False
    return record is not None and record.type == "warcinfo" and start.startswith(b"software: archiver ")


def imported_block(window: Window) -> Iterator[memoryview]:
    """The block of the first record in *window*, a plain record or a gzip member, read once more."""
    pieces = window.chunks()
    if is_gzip(window):
        members = Members(window, flags=_FLAGS)
        members.next_member()
        pieces = members.pieces()
    feed = _Feed(pieces)
    header = parse_imported_header(feed.header(), lambda _: None)
    yield from feed.chunks(header.content_length)


class _Block:
    """What is learnt of a block as it is read."""

    def __init__(self, header: ImportedHeader, aside: Aside) -> None:
        declared = algorithm_of(header.payload_digest)
        self._header = header
        self._aside = aside
        self._declared = declared
        self.sums = Sums(aside, algorithm_of(header.block_digest), declared)
        self.payload = self.sums
        """Of the payload as it stands."""
        self.entity: Sums | None = None
        """Of the payload without its chunk framing, where it has that and it is sound."""
        self.plainly_framed = True
        """All readers find the same payload within the framing, where it has that."""
        self.payload_size = header.content_length
        self.http: Head | None = None
        self.method: str | None = None
        self.head_size = 0
        self.headless = False
        self.one_end = True
        self.framed = True
        self.kept: bytes | None = None
        self.chunks = 0

    def read(self, feed: _Feed, limits: ScanLimits, most_chunks: int) -> None:
        """Read the block; LimitError for more than *most_chunks* of chunk framing."""
        header = self._header
        chunks = feed.chunks(header.content_length)
        start: bytes | memoryview = b""
        if header.type in ("response", "request", "revisit"):
            self.headless = True
            if header.media_type == "application/http":
                start, end = until_head_end(chunks)
                self._take_head(start, end)
        if self.method not in (None, "GET") and header.content_length <= limits.kept_block:
            start = self.kept = b"".join((start, *chunks))
        if self.head_size:
            self.payload = Sums(self._aside, self._declared)
            self.payload_size -= self.head_size
        told, length = framing("GET", self.http) if self.http else (Framing.CLOSE, 0)
        dechunked = _Dechunked(Sums(self._aside, self._declared)) if told is Framing.CHUNKED else None
        skip = self.head_size
        for chunk in itertools.chain((start,), chunks) if start else chunks:
            self.sums.update(chunk)
            if self.head_size:
                body = memoryview(chunk)[skip:]
                skip = 0
                self.payload.update(body)
                if dechunked:
                    dechunked.update(body, most_chunks)
        self.framed = not self.headless and (told is Framing.CLOSE or self.payload_size == length)
        if dechunked:
            self.chunks = dechunked.decoder.chunks
            self.framed = dechunked.sound
            self.plainly_framed = dechunked.sound and dechunked.decoder.oddity is None
            if dechunked.sound:
                self.entity, self.payload_size = dechunked.sums, dechunked.size
        if self.http and self.http.all("transfer-encoding") not in ([], ["chunked"]):
            self.plainly_framed = False

    def _take_head(self, start: bytes | memoryview, end: int) -> None:
        """See what HTTP head the block begins with, if any."""
        if end < 0:
            return
        if self._header.type == "request":
            found = _METHOD.match(start)
            if not found:
                return
            self.method = found[1].decode("ascii")
        else:
            try:
                self.http = parse_head(bytes(start[:end]))
            except FormatError:
                return
        self.headless = False
        self.head_size = end
        self.one_end = has_one_end(bytes(start[:end]))


class _Dechunked:
    """The entity body within chunk framing, as far as that is sound."""

    def __init__(self, sums: Sums) -> None:
        self.sums = sums
        self.size = 0
        self.decoder = ChunkedDecoder()
        self._broken = False

    @property
    def sound(self) -> bool:
        """Whether the framing came to its end, and that to the end of the block."""
        return self.decoder.done and not self._broken

    def update(self, body: bytes | memoryview, most: int) -> None:
        """Go on with *body*; LimitError past *most* chunks."""
        for at in range(0, len(body), FEED):
            if self._broken:
                return
            try:
                data = b"".join(self.decoder.feed(body[at : at + FEED]))
            except FormatError:
                self._broken = True
                return
            self._broken = self.decoder.excess > 0
            if self.decoder.chunks > most:
                raise LimitError("too many chunks in its bodies")
            self.size += len(data)
            self.sums.update(data)


class _Feed:
    """The bytes of records in *pieces*, taken from the front; *hasher* is told of all that is taken."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._data = b""
        self._start = 0  # of what was not taken yet, in the data
        self.at = 0
        """Bytes taken."""
        self.hasher: Hasher | None = None

    def more(self) -> bool:
        """Whether anything is left."""
        while self._start == len(self._data):
            data = next(self._pieces, None)
            if data is None:
                return False
            self._data, self._start = data, 0
        return True

    def header(self) -> bytes:
        """The bytes to the first empty line; FormatError where that is too far away."""
        while (end := find_head_end(self._data, self._start)) < 0:
            more = next(self._pieces, None)
            if more is None or len(self._data) - self._start >= MAX_HEADER:
                raise FormatError("no end of a WARC header")
            self._data = self._data[self._start :] + more
            self._start = 0
        if end - self._start > MAX_HEADER:
            raise FormatError("no end of a WARC header")
        return bytes(self._take(end - self._start))

    def chunks(self, left: int) -> Iterator[memoryview]:
        """The next *left* bytes, of a small block all at once; FormatError where there are fewer."""
        if len(self._data) - self._start < left <= AT_ONCE:
            parts = [self._data[self._start :]]
            held = len(parts[0])
            while held < left and (more := next(self._pieces, None)) is not None:
                parts.append(more)
                held += len(more)
            self._data, self._start = b"".join(parts), 0
        while left:
            if not self.more():
                raise FormatError(f"the record ends {left} bytes before its Content-Length")
            chunk = self._take(min(left, len(self._data) - self._start))
            left -= len(chunk)
            yield chunk

    def line_ends(self) -> bytes:
        """The CR and LF bytes that come next, no more than the first few of them."""
        found = b""
        while self.more():
            matched = _LINE_ENDS.match(self._data, self._start)
            size = matched.end() - self._start if matched else 0
            found = (found + bytes(self._take(size))[: 2 * len(_END)])[: 2 * len(_END)]
            if self._start < len(self._data):
                break
        return found

    def _take(self, size: int) -> memoryview:
        taken = memoryview(self._data)[self._start : self._start + size]
        self._start += size
        self.at += size
        if self.hasher is not None:
            self.hasher.update(taken)
        return taken


def _mismatch(name: str, declared: str) -> tuple[str, str]:
    return "HASH_FAILURE", f"{name} says {declared:.80}, the bytes have another"
