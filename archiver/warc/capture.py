"""A finished capture: its WARCs scanned once, its exchanges put together, its bodies read at will."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

import msgspec

from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.warc.block import FEED, stored_block
from archiver.warc.coding import content_codings, decode
from archiver.warc.facts import Facts
from archiver.warc.http1 import ChunkedDecoder, Framing, Head, framing, media_type
from archiver.warc.imported import ImportedScan, imported_block
from archiver.warc.importedheader import parse_date, timestamp
from archiver.warc.record import CERTIFICATES, WARC_FIELDS, Record
from archiver.warc.relations import originals, requests_of
from archiver.warc.scan import Scan, ScanLimits
from archiver.warc.stated import MEDIA_TYPE, Stated
from archiver.warc.window import Window

T = TypeVar("T")

OURS = "data.warc.gz"
"""The archive that we write; imported ones stand beside it."""

_NEVER = datetime.min.replace(tzinfo=UTC)

MAX_STATED = 64 << 20
"""Bytes of the largest stated record."""


class Capture:
    """The WARCs of *archives*, windows by name; read only, and scanned when first asked about.

    The one called OURS is read as we write it, all others, and with *imported* that too, as `imported`
    says: of what we say in records of our own, nothing is believed there. The scan raises FormatError and
    LimitError as `Scan` says, the rest FormatError where records of ours contradict each other.
    """

    def __init__(
        self, archives: Mapping[str, Window], *, limits: ScanLimits | None = None, imported: bool = False
    ) -> None:
        self._windows = dict(sorted(archives.items()))
        self._limits = limits
        self._imported = imported
        self._known: Mapping[str, _Scanned] = {}
        self._related: dict[str, dict[str, tuple[int, int]]] = {}  # notes on how records belong together
        self._file: BinaryIO | None = None

    @classmethod
    def open(cls, path: Path) -> Capture:
        """The capture in one WARC file, to be closed."""
        file = path.open("rb")
        capture = cls({OURS: Window(file)})
        capture._file = file
        return capture

    def beside(self, ours: Window) -> Capture:
        """The same with our own WARC added; what was scanned is not read again."""
        capture = Capture({**self._windows, OURS: ours}, limits=self._limits)
        capture._known = self._scanned
        return capture

    def close(self) -> None:
        """Close the file that `open` opened."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def window(self, archive: str) -> Window:
        """The bytes of *archive*."""
        return self._windows[archive]

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of each archive."""
        return {name: window.size for name, window in self._windows.items()}

    @property
    def records(self) -> tuple[Record, ...]:
        """All records, in archive name order, then as they stand."""
        return self._records

    @property
    def own(self) -> tuple[Record, ...]:
        """Those of our own archive."""
        return self._scanned[OURS].records if OURS in self._windows and not self._imported else ()

    @property
    def digests(self) -> Mapping[str, Digest]:
        """The digest of each archive, taken in the same reading as the records."""
        return {name: scanned.digest for name, scanned in self._scanned.items()}

    @property
    def imports(self) -> tuple[str, ...]:
        """The names of the archives that are not of ours."""
        return tuple(name for name in self._windows if self._is_imported(name))

    @property
    def notes(self) -> Mapping[str, Mapping[str, tuple[int, int]]]:
        """Of each imported archive, its deviations: how often, and the offset of the first, by their code."""
        _ = self.revisits()
        return {name: self._scanned[name].notes | self._related.get(name, {}) for name in self.imports}

    def block(self, record: Record) -> Iterator[memoryview]:
        """The block of *record*, read again; of an imported one that shares its place, the first's there."""
        window = self._windows[record.archive].inside(record.offset, record.length)
        return imported_block(window) if self._is_imported(record.archive) else stored_block(window)

    def stated(self) -> Stated | None:
        """The stated record, or None where the last record of our archive is none."""
        return self._stated

    def exchanges(self) -> tuple[StoredExchange, ...]:
        """Every response with an HTTP head, superseded ones too, with what belongs to it."""
        return self._exchanges

    def revisits(self) -> tuple[tuple[StoredExchange, Record], ...]:
        """Every imported revisit whose record is here, with that record; none of them is an exchange."""
        return self._revisits

    def find(self, url: str) -> StoredExchange | None:
        """What a GET of *url* gave: the latest answer that no other superseded, a 200 before all others."""
        return self._by_url.get(url.partition("#")[0])

    @cached_property
    def _scanned(self) -> Mapping[str, _Scanned]:
        left = self._limits or ScanLimits.for_archive(sum(self.sizes.values()))
        found: dict[str, _Scanned] = {}
        for name in self._windows:
            found[name] = self._known.get(name) or self._scan(name, left)
            left = found[name].left
        return found

    def _scan(self, name: str, limits: ScanLimits) -> _Scanned:
        window = self._windows[name]
        if self._is_imported(name):
            scan = ImportedScan(window, name, limits=limits)
            return _Scanned(records=tuple(scan), digest=scan.digest(), notes=scan.notes, left=scan.left)
        own = Scan(window, name, limits=limits)
        return _Scanned(records=tuple(own), digest=own.digest(), notes={}, left=own.left)

    @cached_property
    def _records(self) -> tuple[Record, ...]:
        return tuple(record for scanned in self._scanned.values() for record in scanned.records)

    def _is_imported(self, archive: str) -> bool:
        return self._imported or archive != OURS

    @cached_property
    def _stated(self) -> Stated | None:
        last = self.own[-1] if self.own else None
        if last is None or last.content_type != MEDIA_TYPE:
            return None
        if last.block_size > MAX_STATED:
            raise LimitError(f"a stated record of more than {MAX_STATED} bytes", where=last.where)
        try:
            return Stated.from_json(b"".join(self.block(last)))
        except FormatError as error:
            raise error.inside(last.where) from error

    @cached_property
    def _exchanges(self) -> tuple[StoredExchange, ...]:
        by_id = {record.id: record for record in self.own}
        requests: dict[str, Record] = {}
        facts: dict[str, Facts] = {}
        for record in self.own:
            about = record.header.concurrent_to
            if record.type == "request":
                _put(requests, about or record.id, record, record, by_id)
            elif record.content_type == WARC_FIELDS and record.type == "metadata":
                known = self._facts(record)
                _check_chain(known, record, by_id)
                _put(facts, about or "", known, record, by_id)
        for record_id, known in facts.items():
            if known.superseded_by is not None:
                _check_superseded(by_id[record_id], by_id.get(known.superseded_by), requests, facts)
        nothing = Facts()
        imported = frozenset(self.imports)
        return tuple(
            self._exchange(record, record.http, self._asked.get(id(record)), nothing)
            if record.archive in imported
            else self._exchange(record, record.http, requests.get(record.id), facts.get(record.id, nothing))
            for record in self.records
            if record.type == "response" and record.http is not None
        )

    def _exchange(self, record: Record, http: Head, request: Record | None, facts: Facts) -> StoredExchange:
        return StoredExchange(
            record=record,
            http=http,
            request=request,
            facts=facts,
            capture=self,
            url=record.url or "",
            method=request.method or "GET" if request else "GET",
            status=http.status,
            mime=media_type(http.first("content-type")) or "unk",
        )

    @cached_property
    def _asked(self) -> Mapping[int, Record]:
        """The request of each imported response and revisit that has one."""
        found: dict[int, Record] = {}
        for name in self.imports:
            found |= requests_of(self._scanned[name].records, self._note)
        return found

    @cached_property
    def _revisits(self) -> tuple[tuple[StoredExchange, Record], ...]:
        imported = [exchange for exchange in self.exchanges() if self._is_imported(exchange.record.archive)]
        seen: set[tuple[str, str, str]] = set()
        for exchange in imported:
            key = (exchange.method, exchange.url.partition("#")[0], timestamp(exchange.record.date))
            if key in seen:
                self._note(exchange.record, "second-answer")
            seen.add(key)
        revisits = (record for record in self.records if record.type == "revisit" and record.http is not None)
        found = []
        for record, original in originals(revisits, [one.record for one in imported], self._note):
            assert record.http is not None
            exchange = self._exchange(record, record.http, self._asked.get(id(record)), Facts())
            found.append((exchange, original))
        return tuple(found)

    def _note(self, record: Record, code: str) -> None:
        notes = self._related.setdefault(record.archive, {})
        count, first = notes.get(code, (0, record.offset))
        notes[code] = count + 1, first

    def _facts(self, record: Record) -> Facts:
        if record.block is None:
            raise LimitError("a metadata record too large to be kept", where=record.where)
        try:
            return Facts.parse(record.block)
        except FormatError as error:
            raise error.inside(record.where) from error

    @cached_property
    def _by_url(self) -> dict[str, StoredExchange]:
        found: dict[str, StoredExchange] = {}
        for exchange in self.exchanges():
            if exchange.method != "GET" or exchange.facts.superseded_by is not None:
                continue
            url = exchange.url.partition("#")[0]
            known = found.get(url)
            if known is None or _preference(exchange) >= _preference(known):
                found[url] = exchange
        return found


class _Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """One archive, read once."""

    records: tuple[Record, ...]
    digest: Digest
    notes: dict[str, tuple[int, int]]
    left: ScanLimits
    """What other archives may ask of the reader after it."""


class StoredExchange(msgspec.Struct, frozen=True, kw_only=True):
    """A response and what else is known of it; its bodies are read from the capture as they are asked for."""

    record: Record
    http: Head
    request: Record | None
    facts: Facts
    capture: Capture
    url: str
    method: str
    """The request's; GET where no request is stored."""
    status: int
    mime: str
    """The Content-Type up to its semicolon in lower case, ``unk`` where there is none."""

    @property
    def ip(self) -> str | None:
        return self.record.header.address

    @property
    def head(self) -> bytes:
        """The response's head as on the wire, its blank line included."""
        found = b""
        for chunk in self.capture.block(self.record):
            found += chunk[: self.record.head_size - len(found)]
            if len(found) == self.record.head_size:
                break
        return found

    def raw(self) -> Iterator[bytes]:
        """The response as on the wire, head and framing included."""
        return map(bytes, self.capture.block(self.record))

    def entity(self) -> Iterator[bytes]:
        """The entity body: de-chunked, still content-encoded; as it stands where its framing is broken."""
        body = self._body()
        if not self.record.framed or framing("GET", self.http)[0] is not Framing.CHUNKED:
            return map(bytes, body)
        return _dechunked(body)

    def decoded(self, max_bytes: int) -> Iterator[bytes]:
        """The body as its reader sees it, content codings undone.

        Raises FormatError for codings we cannot undo and broken data, LimitError past *max_bytes*.
        """
        return decode(self.entity(), content_codings(self.http), max_bytes=max_bytes)

    def _body(self) -> Iterator[memoryview]:
        skip = self.record.head_size
        for chunk in self.capture.block(self.record):
            if skip < len(chunk):
                yield chunk[skip:]
            skip = max(0, skip - len(chunk))


def _preference(exchange: StoredExchange) -> tuple[bool, datetime]:
    """Of several answers to a GET of one URL, the one that has most of this is found."""
    return exchange.status == 200, parse_date(exchange.record.date) or _NEVER


def _put(found: dict[str, T], key: str, value: T, record: Record, by_id: Mapping[str, Record]) -> None:
    """Note *value* of *record* for the exchange *key*, of which it must be the only one."""
    if not _same_url(by_id.get(key), record):
        raise FormatError("belongs to no exchange of its URL in this WARC", where=record.where)
    if key in found:
        raise FormatError(f"another {record.type} record for one exchange", where=record.where)
    found[key] = value


def _check_superseded(
    record: Record, by: Record | None, requests: Mapping[str, Record], facts: Mapping[str, Facts]
) -> None:
    """FormatError where the exchange of *record* may not stand back for the one of *by*.

    Players are not shown it any more. So there must be an answer to the same request that they are shown,
    and it must be the better one, of two as good the later, as with the attempts at a URL.
    """
    if by is None or by.type != "response" or not _same_url(by, record):
        raise FormatError("supersededBy names no answer of its URL in this WARC", where=record.where)
    if _method(record, requests) != _method(by, requests):
        raise FormatError("supersededBy names the answer to another method", where=record.where)
    if by.id in facts and facts[by.id].superseded_by is not None:
        raise FormatError("supersededBy names what is itself superseded", where=record.where)
    if (_rank(by), by.offset) <= (_rank(record), record.offset):
        raise FormatError("supersededBy names an answer that is worse or no later", where=record.where)


def _method(record: Record, requests: Mapping[str, Record]) -> str:
    request = requests.get(record.id)
    return request.method or "GET" if request else "GET"


def _rank(record: Record) -> int:
    """How good an answer: 3 a whole one, 2 a whole one the server was not well, 1 a part, 0 none."""
    if record.type != "response":
        return 0
    if record.http is None or record.truncated is not None:
        return 1
    return 2 if record.http.is_unwell else 3


def _check_chain(facts: Facts, record: Record, by_id: Mapping[str, Record]) -> None:
    chain = by_id.get(facts.tls_chain_id) if facts.tls_chain_id is not None else None
    if facts.tls_chain_id is not None and (chain is None or chain.content_type != CERTIFICATES):
        raise FormatError("tlsCertificateChain names no certificates in this WARC", where=record.where)


def _same_url(other: Record | None, record: Record) -> bool:
    """Whether *other* is an exchange's own record, of the URL and in the WARC of *record*."""
    return (
        other is not None
        and other.type in ("response", "request")
        and (other.archive, other.url) == (record.archive, record.url)
    )


def _dechunked(body: Iterator[memoryview]) -> Iterator[bytes]:
    decoder = ChunkedDecoder()
    for chunk in body:
        for at in range(0, len(chunk), FEED):
            yield b"".join(decoder.feed(chunk[at : at + FEED]))
