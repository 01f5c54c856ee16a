"""Exchanges and WARCs for the tests of this room."""

from __future__ import annotations

import gzip
import io
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from archiver.warc.capture import OURS, Capture
from archiver.warc.exchange import Exchange, TlsSession
from archiver.warc.record import Record
from archiver.warc.scan import Scan, ScanLimits
from archiver.warc.window import Window
from archiver.warc.writer import WarcWriter

NOON = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
URL = "https://news.example/article?id=1"
TLS = TlsSession(version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256", chain=(b"leaf" * 40, b"root" * 50))


def ids() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"urn:uuid:00000000-0000-4000-8000-{next(numbers):012x}"


def answer(body: bytes = b"hello", *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """A response with a Content-Length."""
    lines = (b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body), b"", b"")
    return b"\r\n".join(lines) + body


def chunked(*chunks: bytes, fields: Iterable[bytes] = (), trailer: bytes = b"") -> bytes:
    """A response in chunks, with an extension on each."""
    head = b"\r\n".join((b"HTTP/1.1 200 OK", *fields, b"transfer-ENCODING: chunked", b"", b""))
    body = b"".join(b"%x;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head + body + b"0\r\n" + trailer + b"\r\n"


def exchange(response: bytes = answer(), url: str = URL, **more: Any) -> Exchange:
    values: dict[str, Any] = {
        "url": url,
        "method": "GET",
        "started": NOON,
        "duration_us": 12_999,
        "request": b"GET /article?id=1 HTTP/1.1\r\nHost: news.example\r\n\r\n",
        "response": io.BytesIO(response),
        "response_size": len(response),
        "address": "203.0.113.7",
        **more,
    }
    return Exchange(**values)


def warc(*exchanges: Exchange, stated: bytes | None = b"{}", start: int = 1) -> bytes:
    """A whole WARC, the same bytes for the same exchanges."""
    numbers = itertools.count(start)
    out = io.BytesIO()
    writer = WarcWriter(
        out, software="archiver 0", new_id=lambda: f"urn:uuid:00000000-0000-4000-9000-{next(numbers):012x}"
    )
    writer.warcinfo({"isPartOf": "tests"}, date=NOON)
    for one in exchanges:
        writer.exchange(one)
    if stated is not None:
        writer.stated(stated, date=NOON)
    return out.getvalue()


@contextmanager
def window(data: bytes) -> Iterator[Window]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield Window(file)


@contextmanager
def capture(data: bytes) -> Iterator[Capture]:
    with window(data) as opened:
        yield Capture({OURS: opened})


def scan(data: bytes, limits: ScanLimits | None = None) -> list[Record]:
    with window(data) as opened:
        return list(Scan(opened, OURS, limits=limits))


def members(data: bytes) -> list[bytes]:
    """The records of a WARC, unpacked."""
    with window(data) as opened:
        found = list(Scan(opened, OURS))
    return [gzip.decompress(data[record.offset : record.offset + record.length]) for record in found]


def packed(records: Iterable[bytes]) -> bytes:
    return b"".join(gzip.compress(record, 1, mtime=0) for record in records)
