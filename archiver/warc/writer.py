"""WARC files written: one gzip member a record, digests on each (WARC 1.1, and the bundle format's rules)."""

from __future__ import annotations

import hashlib
import itertools
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import BinaryIO

import msgspec

from archiver.digest import CHUNK, Digest
from archiver.errors import FormatError
from archiver.warc.certificates import chain_block, chain_url
from archiver.warc.deflate import deflated, deflated_at_once, stored
from archiver.warc.exchange import Exchange, TlsSession, new_record_id
from archiver.warc.facts import Facts
from archiver.warc.http1 import find_head_end, parse_status_line
from archiver.warc.record import (
    CERTIFICATES,
    MAX_HEAD,
    REQUEST,
    RESPONSE,
    WARC_FIELDS,
    check_id,
    date_text,
    format_header,
    has_plain_payload,
)
from archiver.warc.stated import MEDIA_TYPE

_CONFORMS_TO = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
_END = b"\r\n\r\n"
_EMPTY = Digest.of(b"")
_AT_ONCE = 256 << 10  # a record up to this size is compressed in one call

_ABOUT_BODY = re.compile(rb"\ncontent-(encoding|type):([^\r\n]*)")
_DENSE_PREFIXES = ("image/", "font/", "video/", "audio/")
_NOT_DENSE = frozenset({"image/svg+xml", "image/bmp"})
_DENSE = frozenset(
    {
        "application/gzip",
        "application/x-gzip",
        "application/zip",
        "application/x-7z-compressed",
        "application/x-bzip2",
        "application/x-xz",
        "application/zstd",
        "application/epub+zip",
        "application/font-woff",
        "application/vnd.ms-fontobject",
        "application/x-font-woff",
    }
)


class WarcWriter:
    """Appends records to *out*, which is open for binary writing and stays the caller's.

    *software* names what writes. The bytes depend on the arguments alone: ids that no exchange brings
    with it come from *new_id*. May be called from several threads; an exchange's records stay together.
    Raises FormatError for a URL or other value that does not fit into a header; nothing of that record
    is written then.
    """

    def __init__(self, out: BinaryIO, *, software: str, new_id: Callable[[], str] = new_record_id) -> None:
        self._out = out
        self._software = software
        self._new_id = new_id
        self._lock = threading.Lock()
        self._chains: dict[tuple[bytes, ...], str] = {}

    def warcinfo(self, fields: Mapping[str, str], *, date: datetime) -> None:
        """The first record: who wrote this, to which standard, and *fields*."""
        told = {"software": self._software, "format": "WARC File Format 1.1", "conformsTo": _CONFORMS_TO}
        lines = [f"{name}: {value}" for name, value in (told | dict(fields)).items()]
        if any("\n" in line or "\r" in line for line in lines):
            raise FormatError("a line break in a warcinfo field")
        block = "".join(f"{line}\r\n" for line in lines).encode()
        with self._lock:
            self._small("warcinfo", self._new_id(), date_text(date), block, WARC_FIELDS)

    def stated(self, data: bytes, *, date: datetime) -> None:
        """The last record: *data*, the stated record; its own id is its WARC-Target-URI."""
        with self._lock:
            record_id = self._new_id()
            self._small(
                "metadata", record_id, date_text(date), data, MEDIA_TYPE, ("WARC-Target-URI", record_id)
            )

    def exchange(self, exchange: Exchange) -> None:
        """The exchange's response, request and metadata, before them its certificates when they are new.

        Its spool is read from the beginning and not closed. Where nothing came back the request record
        has the exchange's id and there is no response.
        """
        date = date_text(exchange.started)
        response = _Response.read(exchange) if exchange.response_size else None
        target = ("WARC-Target-URI", exchange.url)
        wire = _wire_fields(exchange, response.version if response else None)
        concurrent = ("WARC-Concurrent-To", f"<{exchange.record_id}>")
        # What takes time is done before the others are made to wait; of a large response, all but packing it.
        packed = response.packed(exchange, date, [target, *wire]) if response else ()
        with self._lock:
            chain_id = self._chain(exchange.tls, date) if exchange.tls and exchange.tls.chain else None
            facts = Facts(
                fetch_time_ms=exchange.duration_us // 1000,
                tls_version=exchange.tls.version if exchange.tls else None,
                tls_chain_id=chain_id,
                via=exchange.via,
                hops=exchange.hops,
                interim=exchange.interim,
                superseded_by=exchange.superseded_by,
                redacted=exchange.redacted,
            ).to_bytes()
            for part in packed:
                self._out.write(part)
            request_id, linked = (self._new_id(), [concurrent]) if response else (exchange.record_id, [])
            request = exchange.request
            payload = []
            head_end = find_head_end(request)
            if head_end >= 0 and has_plain_payload(request[:head_end]):
                body = request[head_end:]
                payload = [("WARC-Payload-Digest", str(Digest.of(body) if body else _EMPTY))]
            more = (target, *wire, *linked, *payload)
            self._small("request", request_id, date, request, REQUEST, *more, checked=response is not None)
            more = (target, concurrent)
            self._small("metadata", self._new_id(), date, facts, WARC_FIELDS, *more, checked=True)

    def _chain(self, tls: TlsSession, date: str) -> str:
        known = self._chains.get(tls.chain)
        if known is None:
            target = ("WARC-Target-URI", chain_url(Digest.of(tls.chain[0])))
            known = self._new_id()
            # No payload digest: it would be the block digest once more, and FastWARC, which knows
            # payloads in HTTP records only, calls every other record wrong that has one.
            self._small("resource", known, date, chain_block(tls.chain), CERTIFICATES, target)
            self._chains[tls.chain] = known
        return known

    def _small(
        self,
        kind: str,
        record_id: str,
        date: str,
        block: bytes,
        content_type: str,
        *more: tuple[str, str],
        checked: bool = False,
    ) -> None:
        if checked:
            check_id(record_id)  # the one value that no header before it had
        digest = Digest.of(block)
        header = _header(kind, record_id, date, content_type, len(block), digest, more, checked=checked)
        self._out.write(deflated_at_once(b"".join((header, block, _END))))


class _Response(msgspec.Struct, frozen=True, kw_only=True):
    """A response looked through once, before its record's header can be written."""

    spool: BinaryIO
    size: int
    first: bytes
    """Its first bytes: all of a small one."""
    version: str | None
    """Of HTTP; None where it is something else."""
    block_digest: Digest
    payload_digest: Digest | None
    dense: bool
    """Compressed already, so that another time is for nothing."""

    @classmethod
    def read(cls, exchange: Exchange) -> _Response:
        size = exchange.response_size
        chunks = _chunks(exchange.response, size)
        first = next(chunks)
        head_end = find_head_end(first[:MAX_HEAD])
        version = None
        if head_end >= 0:
            try:
                version, _, _ = parse_status_line(first.partition(b"\n")[0])
            except FormatError:
                head_end = -1  # not HTTP; kept as it is
        head = first[: max(head_end, 0)]
        block = hashlib.sha256(first)
        payload = hashlib.sha256(memoryview(first)[head_end:]) if head and has_plain_payload(head) else None
        for chunk in chunks:
            block.update(chunk)
            if payload:
                payload.update(chunk)
        return cls(
            spool=exchange.response,
            size=size,
            first=first,
            version=version,
            block_digest=Digest(block.hexdigest()),
            payload_digest=Digest(payload.hexdigest()) if payload else None,
            dense=_is_dense(head),
        )

    def packed(self, exchange: Exchange, date: str, more: list[tuple[str, str]]) -> Iterable[bytes]:
        """The record of *exchange*; of a small response at once, of a large one as it is asked for."""
        if exchange.truncated:
            more.append(("WARC-Truncated", exchange.truncated))
        if self.payload_digest:
            more.append(("WARC-Payload-Digest", str(self.payload_digest)))
        header = _header("response", exchange.record_id, date, RESPONSE, self.size, self.block_digest, more)
        total = len(header) + self.size + len(_END)
        if len(self.first) < self.size or total > _AT_ONCE:
            pieces = itertools.chain((header,), self._chunks(), (_END,))
            return stored(pieces, total) if self.dense else deflated(pieces)
        data = b"".join((header, self.first, _END))
        return tuple(stored((data,), total)) if self.dense else (deflated_at_once(data),)

    def _chunks(self) -> Iterator[bytes]:
        if len(self.first) == self.size:
            return iter((self.first,))
        return _chunks(self.spool, self.size)


def _chunks(spool: BinaryIO, size: int) -> Iterator[bytes]:
    spool.seek(0)
    left = size
    while left:
        chunk = spool.read(min(CHUNK, left))
        if not chunk:
            raise FormatError(f"the spooled response ends {left} bytes early")
        left -= len(chunk)
        yield chunk


def _header(
    kind: str,
    record_id: str,
    date: str,
    content_type: str,
    size: int,
    digest: Digest,
    more: list[tuple[str, str]] | tuple[tuple[str, str], ...],
    *,
    checked: bool = False,
) -> bytes:
    return format_header(
        [
            ("WARC-Type", kind),
            ("WARC-Record-ID", f"<{record_id}>"),
            ("WARC-Date", date),
            *more,
            ("WARC-Block-Digest", str(digest)),
            ("Content-Type", content_type),
            ("Content-Length", str(size)),
        ],
        checked=checked,
    )


def _wire_fields(exchange: Exchange, version: str | None) -> list[tuple[str, str]]:
    fields = [("WARC-IP-Address", exchange.address)] if exchange.address else []
    fields.append(("WARC-Protocol", "http/1.0" if version == "HTTP/1.0" else "http/1.1"))
    if exchange.tls:
        version = exchange.tls.version.lower().removeprefix("tlsv")
        fields.append(("WARC-Protocol", f"tls/{version if '.' in version else f'{version}.0'}"))
        fields.append(("WARC-Cipher-Suite", exchange.tls.cipher))
    return fields


def _is_dense(head: bytes) -> bool:
    """What its fields say, as a guess: to parse them all would take longer than to write the record."""
    said: dict[bytes, bytes] = {}
    for name, value in _ABOUT_BODY.findall(head.lower()):
        said.setdefault(name, value.strip())
    if said.get(b"encoding", b"identity") not in (b"", b"identity"):
        return True
    kind = said.get(b"type", b"").partition(b";")[0].strip().decode("iso-8859-1")
    return kind in _DENSE or (kind.startswith(_DENSE_PREFIXES) and kind not in _NOT_DENSE)
