"""A WARC header as any tool writes it (rules 4 to 7 of `imported`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from archiver.errors import FormatError
from archiver.warc.http1 import ascii_lower, media_type, text
from archiver.warc.record import MAX_URL, Header
from archiver.warc.surt import surt_key

TYPES = frozenset(
    "warcinfo response resource request metadata revisit conversion continuation".split()
)  # fmt: skip
"""The record types of WARC 1.1."""

UNKNOWN = "unknown"
"""The type of records of any other type."""

_VERSION = re.compile(rb"WARC/(0\.17|0\.18|1\.0|1\.1)\r?\n")
_NAME = "[!#$%&'*+.^_`|~0-9A-Za-z-]"
_FIELD = re.compile(rb"(%s+):([^\x00-\x08\x0a-\x1f\x7f]*)" % _NAME.encode())
_PLAIN_FIELDS = re.compile(rf"(?:{_NAME}++:[\t -~]*+\r\n)*+\r\n")
_PLAIN_FIELD = re.compile(rf"({_NAME}+):([\t -~]*)\r\n")
_CONCURRENT = "warc-concurrent-to"
_READ = {
    spelled: spelled.lower()
    for name in "WARC-Type WARC-Record-ID WARC-Date WARC-Target-URI WARC-IP-Address WARC-Truncated "
    "WARC-Payload-Digest WARC-Block-Digest WARC-Concurrent-To WARC-Refers-To WARC-Refers-To-Target-URI "
    "WARC-Refers-To-Date WARC-Segment-Number Content-Type Content-Length".split()
    for spelled in (name, name.lower())
}
"""The fields that are read, as most tools write them and in lower case."""
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]{1,64}", re.ASCII)
_WEB = re.compile(r"https?://[^\t/?#]", re.ASCII | re.IGNORECASE)
_PLAINLY_WEB = re.compile(r"https?://[a-z0-9-][a-z0-9.-]{,250}(?:[/?#]|\Z)", re.ASCII | re.IGNORECASE)
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?Z)?)?)?",
    re.ASCII,
)
_NOT_DIGITS = str.maketrans("", "", "-:T.Z")
_EARLIEST = "00000101000000000"  # what is missing of a date's 17 digits

_SINGLE = frozenset({"content-length", "warc-type", "warc-target-uri", "warc-date"})
"""Readers part over which of two values counts, and here it decides what is shown as whose page."""


class ImportedHeader(Header, frozen=True, kw_only=True, gc=False):
    """A header as read; *date* and all text as written, ids and URLs without angle brackets."""

    concurrent: tuple[str, ...]
    """Every WARC-Concurrent-To."""
    refers_to: str | None
    refers_to_url: str | None
    refers_to_date: str | None
    segmented: bool
    """The record holds a part, or the others hold the rest."""

    @property
    def media_type(self) -> str:
        """The Content-Type up to its semicolon, in lower case."""
        return media_type(self.content_type)


def parse_date(date: str) -> datetime | None:
    """When *date*, a WARC-Date, is; None where it is no such date.

    UTC, from the year alone to nine digits of a second. A missing month or day is the first, all else that
    is missing is 0, and what is finer than a microsecond is cut off.
    """
    found = _DATE.fullmatch(date)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction = found.groups()
    try:
        return datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "").ljust(6, "0")[:6]),
            tzinfo=UTC,
        )
    except ValueError:
        return None


def timestamp(date: str) -> str:
    """*date*, a WARC-Date, as an index has it: 17 digits, to the millisecond. Players know no more of it."""
    digits = date.translate(_NOT_DIGITS)[:17]
    return digits + _EARLIEST[len(digits) :]


def is_web_url(url: str | None) -> bool:
    """Whether *url* is an absolute http or https URL that an index has a key for."""
    if url is None or len(url) > MAX_URL or not _WEB.match(url):
        return False
    if _PLAINLY_WEB.match(url):
        return True
    try:
        surt_key(url)
    except FormatError:
        return False
    return True


def parse_imported_header(data: bytes, note: Callable[[str], None]) -> ImportedHeader:
    """The header *data*, from its version to its blank line; *note* is told of each deviation.

    Raises FormatError for what is no header at all, or does not say its record's type and length.
    """
    version = _VERSION.match(data)
    if not version:
        raise FormatError(f"no WARC record begins here: {text(data[:40])!r}")
    if version[1] != b"1.1":
        note("older-version")
    if data.count(b"\n") != data.count(b"\r\n"):
        note("lf-line-ends")
    values, concurrent = _values(data[version.end() :], note)
    if _LENGTH.fullmatch(values.get("content-length", "")) is None:
        raise FormatError(f"no Content-Length: {values.get('content-length', '')!r:.80}")
    kind = values.get("warc-type")
    if kind is None:
        raise FormatError("no WARC-Type")
    if kind not in TYPES:
        note("unknown-type")
    url = values.get("warc-target-uri", "")
    if url != _bare(url):
        note("url-in-brackets")
    record_id = _bare(values.get("warc-record-id", ""))
    if not record_id:
        note("no-record-id")
    address = values.get("warc-ip-address")
    return ImportedHeader(
        type=kind if kind in TYPES else UNKNOWN,
        id=record_id,
        date=values.get("warc-date", ""),
        url=_bare(url) or None,
        content_type=values.get("content-type", ""),
        content_length=int(values["content-length"]),
        block_digest=values.get("warc-block-digest"),
        payload_digest=values.get("warc-payload-digest"),
        concurrent_to=None,
        truncated=values.get("warc-truncated"),
        address=address if address and _ADDRESS.fullmatch(address) else None,
        http_version=None,
        tls_version=None,
        cipher=None,
        concurrent=tuple(map(_bare, concurrent)),
        refers_to=_bare(values.get("warc-refers-to", "")) or None,
        refers_to_url=_bare(values.get("warc-refers-to-target-uri", "")) or None,
        refers_to_date=values.get("warc-refers-to-date"),
        segmented=kind == "continuation" or "warc-segment-number" in values,
    )


def _values(lines: bytes, note: Callable[[str], None]) -> tuple[dict[str, str], list[str]]:
    """The fields that are read, by their names in lower case, and what WARC-Concurrent-To says."""
    values: dict[str, str] = {}
    concurrent: list[str] = []
    for name, value in _fields(lines, note):
        key = _READ.get(name) or _READ.get(ascii_lower(name))
        if key is None:
            continue
        value = value.strip(" \t")
        if key == _CONCURRENT:
            concurrent.append(value)
        elif key not in values:
            values[key] = value
        else:
            note("repeated-field")
            if key in _SINGLE and values[key] != value:
                raise FormatError(f"two values of {key}")
    return values, concurrent


def _fields(lines: bytes, note: Callable[[str], None]) -> Iterable[tuple[str, str]]:
    """Names and values on *lines*, all at once where each of them is as the standard wants it."""
    if lines.isascii() and _PLAIN_FIELDS.fullmatch(plain := lines.decode("ascii")):
        return _PLAIN_FIELD.findall(plain)
    joined: list[list[bytes]] = []
    for line in lines.split(b"\n"):
        line = line.removesuffix(b"\r")
        if line[:1] in (b" ", b"\t"):
            if not joined or not line.strip(b" \t"):
                raise FormatError("white space alone on a line of a WARC header, or before its first field")
            note("folded-line")
            joined[-1].append(line.strip(b" \t"))
        elif line:
            joined.append([line])
    fields = []
    for parts in joined:
        found = _FIELD.fullmatch(b" ".join(parts))
        if not found:
            raise FormatError(f"no field of a WARC header: {text(parts[0][:80])!r}")
        fields.append((text(found[1]), text(found[2])))
    return fields


def _bare(value: str) -> str:
    """*value* without the angle brackets around it."""
    return value[1:-1] if value[:1] == "<" and value[-1:] == ">" else value
