"""WARCs as other tools write them, made by hand."""

from __future__ import annotations

import base64
import gzip
import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping

from archiver.warc.imported import ImportedScan
from archiver.warc.record import Record
from archiver.warc.scan import ScanLimits
from tests.warc.made import window

URL = "https://news.example/article"
DATE = "2024-05-06T07:08:09Z"
HTTP = "application/http; msgtype=response"
ASKED = "application/http; msgtype=request"
HTML = b"<title>An article</title><p>Words."
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(HTML), HTML)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\np{col\r\n7\r\nor:red}\r\n0\r\n\r\n"
)
CSS = b"p{color:red}"
GET = b"GET /article HTTP/1.1\r\nHost: news.example\r\n\r\n"
SAME = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"

Shape = tuple[bytes, ...]


def record_id(number: int) -> str:
    return f"<urn:uuid:00000000-0000-4000-8000-{number:012d}>"


def base32(algorithm: str, data: bytes) -> str:
    """A digest as most tools write one."""
    return f"{algorithm}:{base64.b32encode(hashlib.new(algorithm, data).digest()).decode()}"


def hexadecimal(algorithm: str, data: bytes) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def record(
    kind: str,
    block: bytes = b"",
    *,
    fields: Mapping[str, str | None] | None = None,
    more: Iterable[str] = (),
    version: str = "1.1",
    line_end: bytes = b"\r\n",
    end: bytes = b"\r\n\r\n",
) -> bytes:
    """One record; *fields* replace the plain ones, None leaves one out, *more* are lines behind them."""
    plain: dict[str, str | None] = {
        "WARC-Type": kind,
        "WARC-Record-ID": record_id(1),
        "WARC-Date": DATE,
        "WARC-Target-URI": None if kind == "warcinfo" else URL,
        "WARC-Block-Digest": hexadecimal("sha256", block),
        "Content-Type": {"response": HTTP, "revisit": HTTP, "request": ASKED}.get(kind, "text/plain"),
        "Content-Length": str(len(block)),
    }
    lines = [f"{name}: {value}" for name, value in (plain | dict(fields or {})).items() if value is not None]
    head = [f"WARC/{version}", *lines, *more, "", ""]
    return line_end.join(line.encode() for line in head) + block + end


def gzipped(records: Iterable[bytes], *, extra: bytes = b"", name: bytes = b"") -> bytes:
    """One gzip member a record."""
    return b"".join(member(one, extra=extra, name=name) for one in records)


def member(
    data: bytes, *, extra: bytes = b"", name: bytes = b"", comment: bytes = b"", flags: int = 0
) -> bytes:
    """A gzip member with optional header fields, as RFC 1952 has them."""
    flags |= 4 * bool(extra) | 8 * bool(name) | 16 * bool(comment)
    head = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\x03"
    if extra:
        head += struct.pack("<H", len(extra)) + extra
    head += (name + b"\0" if name else b"") + (comment + b"\0" if comment else b"")
    if flags & 2:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return head + packer.compress(data) + packer.flush() + struct.pack("<II", zlib.crc32(data), len(data))


def wget() -> Shape:
    """WARC/1.0, URLs in brackets, the answer names its request."""

    def sums(block: bytes, payload: bytes | None = None) -> dict[str, str | None]:
        found: dict[str, str | None] = {"WARC-Block-Digest": base32("sha1", block)}
        return found | ({} if payload is None else {"WARC-Payload-Digest": base32("sha1", payload)})

    def numbered(number: int) -> dict[str, str | None]:
        return {"WARC-Record-ID": record_id(number), "WARC-Target-URI": f"<{URL}>"}

    return (
        record(
            "warcinfo", b"software: Wget/1.21\r\n", fields=sums(b"software: Wget/1.21\r\n"), version="1.0"
        ),
        record("request", GET, fields=numbered(2) | sums(GET), version="1.0"),
        record(
            "response",
            ANSWER,
            fields=numbered(3) | sums(ANSWER, HTML) | {"WARC-Concurrent-To": record_id(2)},
            version="1.0",
        ),
        record(
            "resource",
            b"log",
            fields=numbered(4) | sums(b"log") | {"WARC-Target-URI": "<metadata://gnu.org/software/wget/log>"},
            version="1.0",
        ),
    )


def heritrix() -> Shape:
    """WARC/1.0, no block digests, a lookup of the name, metadata beside each answer."""
    bare: dict[str, str | None] = {"WARC-Block-Digest": None}
    about = {"WARC-Concurrent-To": record_id(3)}
    payload = {"WARC-Payload-Digest": base32("sha1", HTML)}
    dns: dict[str, str | None] = {"WARC-Target-URI": "dns:news.example", "Content-Type": "text/dns"}
    fields: dict[str, str | None] = {"Content-Type": "application/warc-fields"}
    numbers = [{"WARC-Record-ID": record_id(number)} for number in range(1, 6)]
    return (
        record("warcinfo", b"format: WARC File Format 1.0\r\n", fields=bare | fields, version="1.0"),
        record("response", b"20240506070809\n", fields=bare | dns | numbers[1], version="1.0"),
        record("response", ANSWER, fields=bare | payload | numbers[2], version="1.0"),
        record("request", GET, fields=bare | about | numbers[3], version="1.0"),
        record("metadata", b"fetchTimeMs: 5\r\n", fields=bare | about | numbers[4] | fields, version="1.0"),
    )


def warcprox() -> Shape:
    """The payload digest is of the body within its framing."""
    body = CHUNKED.partition(b"\r\n\r\n")[2]
    return (
        record("warcinfo", b"software: warcprox 2.4\r\n", version="1.0"),
        record(
            "response",
            CHUNKED,
            fields={"WARC-Record-ID": record_id(2), "WARC-Payload-Digest": hexadecimal("sha1", body)},
            version="1.0",
        ),
        record(
            "request",
            GET,
            fields={"WARC-Record-ID": record_id(3), "WARC-Concurrent-To": record_id(2)},
            version="1.0",
        ),
    )


def browsertrix() -> Shape:
    """WARC/1.1, SHA-256, resources about the page, fields of its own."""
    info: dict[str, str | None] = {
        "WARC-Record-ID": record_id(4),
        "WARC-Target-URI": f"urn:pageinfo:{URL}",
        "Content-Type": "application/json",
        "WARC-Resource-Type": "pageinfo",
    }
    return (
        record("warcinfo", b"software: Browsertrix-Crawler 1.0\r\n", fields={"WARC-Block-Digest": None}),
        record(
            "response",
            ANSWER,
            fields={
                "WARC-Record-ID": record_id(2),
                "WARC-Date": "2024-05-06T07:08:09.123Z",
                "WARC-Payload-Digest": hexadecimal("sha256", HTML),
                "WARC-Page-ID": "abc",
                "WARC-JSON-Metadata": '{"ipType":"Public"}',
            },
            more=("WARC-Protocol: http/1.1", "WARC-Protocol: tls/1.3"),
        ),
        record("request", GET, fields={"WARC-Record-ID": record_id(3), "WARC-Concurrent-To": record_id(2)}),
        record("resource", b'{"pageid":"abc"}', fields=info),
    )


def scoop() -> Shape:
    """Answers that are files of its own, nothing that says what belongs together."""
    shot = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG"
    return (
        record("warcinfo", b"software: Scoop\r\n", fields={"WARC-Block-Digest": None}),
        record("request", GET, fields={"WARC-Record-ID": record_id(2), "Scoop-Exchange-ID": "1"}),
        record("response", ANSWER, fields={"WARC-Record-ID": record_id(3), "Scoop-Exchange-ID": "1"}),
        record(
            "response",
            shot,
            fields={"WARC-Record-ID": record_id(4), "WARC-Target-URI": "file:///screenshot.png"},
        ),
    )


def pywb() -> Shape:
    """A second look at the same page is a revisit of the first."""
    head = ANSWER.partition(HTML)[0]
    same = {"WARC-Payload-Digest": base32("sha1", HTML)}
    return (
        record("response", ANSWER, fields={"WARC-Record-ID": record_id(2)} | same, version="1.0"),
        record(
            "revisit",
            head,
            fields={
                "WARC-Record-ID": record_id(3),
                "WARC-Date": "2024-05-06T08:08:09Z",
                "WARC-Profile": SAME,
                "WARC-Refers-To-Target-URI": URL,
                "WARC-Refers-To-Date": DATE,
            }
            | same,
            version="1.0",
        ),
    )


SHAPES: dict[str, Callable[[], Shape]] = {
    "wget": wget,
    "heritrix": heritrix,
    "warcprox": warcprox,
    "browsertrix": browsertrix,
    "scoop": scoop,
    "pywb": pywb,
}


def read(data: bytes, limits: ScanLimits | None = None) -> tuple[list[Record], dict[str, tuple[int, int]]]:
    """The records of *data*, and its notes."""
    with window(data) as opened:
        scan = ImportedScan(opened, "theirs.warc", limits=limits)
        return list(scan), scan.notes


def unpacked(data: bytes, found: Record) -> bytes:
    """The bytes at the place of *found*."""
    raw = data[found.offset : found.offset + found.length]
    return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
