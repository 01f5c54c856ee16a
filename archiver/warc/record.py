"""One WARC record: the header we write and accept, and what a scan learns of the rest (WARC 1.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.warc.http1 import Head

MAX_HEADER = 1 << 20
"""No WARC header is longer."""

MAX_HEAD = 1 << 20
"""An HTTP head that has not ended by then is none."""

MAX_URL = 64 << 10
"""Characters of the longest WARC-Target-URI; no URL that we fetch is longer."""

RESPONSE = "application/http;msgtype=response"
REQUEST = "application/http;msgtype=request"
WARC_FIELDS = "application/warc-fields"
CERTIFICATES = "application/pem-certificate-chain"

_UUID = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ID = re.compile(_UUID)
_WORDS = r"[!-~](?:[ -~]*[!-~])?"
_DATE = r"[0-9]{4}-[01][0-9]-[0-3][0-9]T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
_FIELDS = (
    ("WARC-Type", r"(warcinfo|response|request|metadata|resource)", True),
    ("WARC-Record-ID", rf"<({_UUID})>", True),
    ("WARC-Date", rf"({_DATE})", True),
    ("WARC-Target-URI", rf"([!-;=?-~]{{1,{MAX_URL}}})", False),
    ("WARC-IP-Address", r"([0-9A-Fa-f.:]+)", False),
    ("WARC-Protocol", r"(http/1\.[01])", False),
    ("WARC-Protocol", r"(tls/1\.[0-3])", False),
    ("WARC-Cipher-Suite", rf"({_WORDS})", False),
    ("WARC-Truncated", r"(length|time|disconnect|unspecified)", False),
    ("WARC-Concurrent-To", rf"<({_UUID})>", False),
    ("WARC-Payload-Digest", rf"({_WORDS})", False),
    ("WARC-Block-Digest", rf"({_WORDS})", False),
    ("Content-Type", rf"({_WORDS})", True),
    ("Content-Length", r"(0|[1-9][0-9]{0,17})", True),
)
"""Name, form of the value and whether it must be there: each at most once, in this order."""

_VERSION = "WARC/1.1"
_HEADER = re.compile(
    r"WARC/1\.1\r\n"
    + "".join(f"(?:{name}: {form}\\r\\n){'' if needed else '?'}" for name, form, needed in _FIELDS)
    + r"\r\n"
)
_NEED_URL = frozenset({"response", "request", "resource"})

_BLANK_LINE = re.compile(rb"\n[^!-~\n]*\n")
_TRANSFER_ENCODING = re.compile(rb"^[ \t\r\f\v]*transfer-encoding[ \t\r\f\v]*:", re.IGNORECASE | re.MULTILINE)


class Header(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A WARC header as read; ids stand without their angle brackets."""

    type: str
    id: str
    date: str
    """As written: UTC to the microsecond, ending in Z."""
    url: str | None
    content_type: str
    content_length: int
    block_digest: str | None
    payload_digest: str | None
    concurrent_to: str | None
    truncated: str | None
    address: str | None
    http_version: str | None
    tls_version: str | None
    cipher: str | None


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that index, manifest and verdict need of one stored record."""

    archive: str
    offset: int
    length: int
    """Compressed bytes, from *offset* in *archive* on."""
    record_digest: Digest
    """Of those compressed bytes."""
    header: Header
    type: str
    id: str
    date: str
    url: str | None
    """These four are the header's, to be had at once: they are asked for again and again."""
    block_digest: Digest
    """As computed, like all digests here."""
    http: Head | None
    """The response's head; None where the block does not begin with one, and for other types."""
    head_size: int
    """Bytes of the block before the payload."""
    method: str | None
    """A request's method."""
    framed: bool
    """The payload ends where the HTTP head says, as far as a response alone can tell."""
    payload_digest: Digest
    """Of the entity body: de-chunked, still content-encoded; as it stands where the framing is broken."""
    payload_size: int
    block: bytes | None
    """The whole block where it is small and others need it."""
    findings: tuple[tuple[str, str], ...]
    """What is wrong inside it: (reason code, sentence)."""

    @property
    def where(self) -> str:
        """Its place, as errors name it."""
        return f"archive/{self.archive}: record at offset {self.offset}"

    @property
    def content_type(self) -> str:
        return self.header.content_type

    @property
    def block_size(self) -> int:
        return self.header.content_length

    @property
    def truncated(self) -> str | None:
        return self.header.truncated


def parse_header(data: bytes) -> Header:
    """The header *data*, from its version to its blank line, in the one form that we write.

    Raises FormatError for anything else: other versions, folded or LF-only lines, unknown, doubled or
    misplaced fields, values that are not exactly of their field's form.
    """
    try:
        written = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise FormatError("a WARC header beyond ASCII") from error
    values = _values(written)
    try:
        datetime.fromisoformat(values[2])
    except ValueError as error:
        raise FormatError(f"no such date: {values[2]}") from error
    return Header(
        type=values[0],
        id=values[1],
        date=values[2],
        url=values[3],
        address=values[4],
        http_version=values[5],
        tls_version=values[6],
        cipher=values[7],
        truncated=values[8],
        concurrent_to=values[9],
        payload_digest=values[10],
        block_digest=values[11],
        content_type=values[12],
        content_length=int(values[13]),
    )


def format_header(fields: Sequence[tuple[str, str]], *, checked: bool = False) -> bytes:
    """The header of *fields*, in their order; FormatError if `parse_header` would not take it.

    With *checked* that has been seen already: each value stood in another header, or is of our own making.
    """
    lines = "".join([f"{name}: {value}\r\n" for name, value in fields])
    written = f"{_VERSION}\r\n{lines}\r\n"
    if not checked and written.count("\n") != len(fields) + 2:
        raise FormatError("a value with a line break does not fit into a WARC header")
    try:
        data = written.encode("ascii")
    except UnicodeEncodeError as error:
        raise FormatError("a value beyond ASCII does not fit into a WARC header") from error
    if len(data) > MAX_HEADER:
        raise FormatError("a value too long for a WARC header")
    if not checked:
        _values(written)
    return data


def check_id(record_id: str) -> str:
    """*record_id*, if it is one; FormatError otherwise."""
    if not _ID.fullmatch(record_id):
        raise FormatError(f"not a record id: {record_id!r:.80}")
    return record_id


def date_text(moment: datetime) -> str:
    """*moment* as WARC-Date has it: UTC, to the microsecond."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def has_one_end(head: bytes) -> bool:
    """Whether everybody agrees where this HTTP head ends: no earlier line of it is one of white space."""
    blank = _BLANK_LINE.search(head)
    return blank is not None and blank.end() == len(head)


def has_plain_payload(head: bytes) -> bool:
    """Whether everybody agrees what the payload after this HTTP head is.

    They part where there is a Transfer-Encoding (WARC hashes the body within the framing, warcio and
    FastWARC the framing too) and where a line of white space may or may not end the head. There no
    WARC-Payload-Digest is written, and none is accepted.
    """
    if not has_one_end(head):
        return False
    return b"transfer-encoding" not in head.lower() or not _TRANSFER_ENCODING.search(head)


def _values(written: str) -> tuple[Any, ...]:
    """The value of each of `_FIELDS`, None where it is not there."""
    found = _HEADER.fullmatch(written)
    if not found:
        raise FormatError(_misfit(written))
    values = found.groups()
    if values[3] is None and values[0] in _NEED_URL:
        raise FormatError(f"a {values[0]} without WARC-Target-URI")
    return values


def _misfit(written: str) -> str:
    """What is wrong with a header that `_HEADER` does not match."""
    version, *lines = written.removesuffix("\r\n\r\n").split("\r\n")
    if version != _VERSION:
        return f"not WARC/1.1: {version!r:.80}"
    at = 0
    for line in lines:
        name, _, value = line.partition(": ")
        while at < len(_FIELDS) and (name != _FIELDS[at][0] or not re.fullmatch(_FIELDS[at][1], value)):
            if _FIELDS[at][2]:
                break
            at += 1
        if at == len(_FIELDS) or name != _FIELDS[at][0] or not re.fullmatch(_FIELDS[at][1], value):
            return f"no header of ours, or not in its place: {line!r:.200}"
        at += 1
    return "the WARC header ends early"
