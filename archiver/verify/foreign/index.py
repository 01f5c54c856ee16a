"""Another tool's indexes against its records: players show what a line names, under the URL that it names."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from archiver.bundle.verdict import Check, passed
from archiver.errors import FormatError, LimitError
from archiver.verify.foreign.container import ForeignContainer, ForeignMember
from archiver.verify.foreign.findings import Findings
from archiver.verify.foreign.lines import Values, inflated, lines
from archiver.verify.foreign.package import STRONG, WEAK
from archiver.warc.capture import Capture
from archiver.warc.http1 import media_type
from archiver.warc.record import MAX_URL, Record
from archiver.warc.surt import surt_key

_MOMENT = re.compile(rb"[0-9]{4,20}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_SHOWN = frozenset({"response", "revisit", "resource"})
_POST = re.compile(r"[?&]__wb_(?:method|post)=", re.ASCII)
_REVISIT = "warc/revisit"
_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
_URL = re.compile("[A-Za-z][A-Za-z0-9+.-]*://(?![(])", re.ASCII)
_HOST = re.compile(r"(?:[a-z]+://\()?([^():/?#]+)(?::[0-9]*)?,?\)")
_WWW = re.compile("www[0-9]*", re.ASCII)

_EARLIEST = "000001010000000000000"  # what is missing of a date's digits
_LINES, _LINES_EACH = 10_000, 4  # lines that are read, and how many more for each record
_MAX_BLOCK = 16 << 20
_MAX_BLOCKS = 200_000
_UNPACKED, _UNPACKED_EACH = 64 << 20, 50  # bytes of an index, and how many more for each compressed byte

_SIZES = {16: "md5", 20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}


def is_index(name: str) -> bool:
    """Whether players, or tools, take the member *name* for an index or part of one."""
    return name.lower().removesuffix(".gz").endswith((".cdx", ".cdxj", ".idx"))


def check_index(container: ForeignContainer, capture: Capture) -> Iterator[Check]:
    """Hold every line of every index against the record at its place.

    LimitError passes through: for more lines than the records can give a reason for, too.
    """
    index = _Index(container, capture)
    index.read()
    yield from index.found.checks()
    if not index.found.bad:
        yield passed("index", f"{index.lines} lines, each fits the record that it names")


class _Index:
    def __init__(self, container: ForeignContainer, capture: Capture) -> None:
        self.found = Findings("index")
        self.lines = 0
        self._container = container
        self._capture = capture
        self._records: dict[tuple[str, int], Record] = {}
        for record in capture.records:
            self._records.setdefault((record.archive, record.offset), record)  # of several, the first
        self._most = _LINES + _LINES_EACH * len(capture.records)
        packed = sum(member.packed for member in container.members if is_index(member.name))
        self._left = _UNPACKED + _UNPACKED_EACH * packed
        self._values = Values()
        self._named: set[tuple[str, int]] = set()
        self._digests: dict[tuple[str, int, str], bytes] = {}

    def read(self) -> None:
        members = {member.name: member for member in self._container.members if is_index(member.name)}
        blocks = {name: _Blocks(name) for name in members if name.lower().endswith(".gz")}
        for name, member in members.items():
            if name in blocks:
                if member.method:
                    self.found.failed("FORMAT_FAILURE", f"{name}: deflated once more, which no player reads")
            elif name.lower().endswith(".idx"):
                self._read_blocks(member, blocks)
            else:
                self._read_lines(name, self._container.chunks(member))
        for name, held in blocks.items():
            if members[name].method:
                continue
            if not held.used:
                self.found.note(
                    "KNOWN_DEFECT", f"{name} stands alone, without an .idx file: players do not read it"
                )
            elif held.covers(members[name].size, self.found):
                continue
            self._read_lines(name, self._inflated(self._container.chunks(members[name])))
        self._unindexed()

    def _read_lines(self, name: str, chunks: Iterable[bytes], *, first: bytes | None = None) -> None:
        """Check the lines of one file, or of one block of one, which is to begin with the key *first*."""
        number = 0
        try:
            for number, line in enumerate(lines(chunks), 1):
                if number == 1 and first is not None and not line.startswith(first + b" "):
                    self.found.failed(
                        "HASH_FAILURE", f"{name}: a block begins with {_shown(line)}, not so listed"
                    )
                self.lines += 1
                if self.lines > self._most:
                    raise LimitError(
                        f"more than {self._most} lines of {len(self._records)} records", where=name
                    )
                try:
                    if line.startswith(b"!"):
                        self._check_header(line)
                    else:
                        self._check_line(line)
                except FormatError as error:
                    self.found.failed(error.code, f"{name}: line {number}: {error}")
        except FormatError as error:
            self.found.failed(error.code, f"{name}: after line {number}: {error.message}")

    def _read_blocks(self, member: ForeignMember, gzipped: dict[str, _Blocks]) -> None:
        """Check each block of compressed lines that the .idx file *member* lists."""
        folder = "indexes/"  # where players look for the blocks, wherever the list of them lies
        usual = "index.cdx.gz"
        by_name = {held.name: held for held in self._container.members}
        try:
            for number, line in enumerate(lines(self._container.chunks(member)), 1):
                if number > _MAX_BLOCKS:
                    raise LimitError(f"more than {_MAX_BLOCKS} blocks", where=member.name)
                try:
                    if b"\t" in line:
                        raise FormatError("a tab, at which some players part the line")
                    key, value = self._parted(line)
                    if number == 1 and line.startswith(b"!meta "):
                        usual = _text(value, "filename") or usual
                        continue
                    if line.startswith(b"!"):
                        raise FormatError(f"a header where none belongs: {_shown(line)}")
                    name = folder + (_text(value, "filename") or usual)
                    if name not in gzipped:
                        raise FormatError(f"{name!r:.200} is not in the bundle", code="MISSING_MEMBER")
                    if by_name[name].method:
                        continue
                    self._read_block(by_name[name], key, value, gzipped[name])
                except FormatError as error:
                    self.found.failed(error.code, f"{member.name}: line {number}: {error}")
        except FormatError as error:
            self.found.failed(error.code, f"{member.name}: {error.message}")

    def _read_block(self, member: ForeignMember, key: bytes, value: dict[str, Any], blocks: _Blocks) -> None:
        offset, length = _number(value, "offset"), _number(value, "length")
        if length > _MAX_BLOCK:
            raise LimitError(f"a block of {length} bytes", where=member.name)
        if offset + length > member.size:
            raise FormatError(f"{length} bytes at {offset} are beyond the end of it", code="HASH_FAILURE")
        blocks.add(offset, length)
        if blocks.total > member.size:
            raise FormatError("blocks that overlap")
        packed = self._container.window(member).read_at(offset, length)
        declared = _text(value, "digest")
        if declared is not None:
            algorithm, raw = _digest(declared)
            if hashlib.new(algorithm, packed, usedforsecurity=False).digest() != raw:
                raise FormatError(f"its {algorithm} is not the one listed", code="HASH_FAILURE")
        self._read_lines(f"{member.name}: block at {offset}", self._inflated([packed]), first=key)

    def _inflated(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """What gzip members hold; all indexes together may ask for no more than follows from their size."""
        for chunk in inflated(chunks, self._left):
            self._left -= len(chunk)
            yield chunk

    def _parted(self, line: bytes) -> tuple[bytes, dict[str, Any]]:
        """What stands before the JSON object of a line, and the object."""
        at = line.find(b" {")
        if at <= 0:
            raise FormatError(f"no key with a JSON object behind it: {_shown(line)}")
        value: dict[str, Any] = self._values.loads(line[at + 1 :])
        return line[:at], value

    def _check_header(self, line: bytes) -> None:
        """A line that begins with ``!`` tells of the index; to some players it is one like all others."""
        if b" {" in line and self._parted(line)[1].keys() & {"url", "filename", "offset"}:
            raise FormatError(f"a header that names a record: {_shown(line)}")

    def _check_line(self, line: bytes) -> None:
        """Hold one line against its record; FormatError where it is none or names something else."""
        start, value = self._parted(line)
        key, _, digits = start.rpartition(b" ")
        if not key or b" " in key or not _MOMENT.fullmatch(digits):
            raise FormatError(f"not a key and a time: {_shown(line)}")
        archive, offset = _text(value, "filename"), _number(value, "offset")
        if archive is None:
            raise FormatError(f"names no file: {_shown(line)}")
        record = self._records.get((archive, offset))
        if record is None:
            known = archive in self._capture.sizes
            if known:
                raise _differs(f"no record at {offset} in {archive!r:.200}")
            if self._container.get(f"archive/{archive}") is None:
                raise FormatError(f"{archive!r:.200} is not in archive/", code="MISSING_MEMBER")
            self.found.indeterminate("UNSUPPORTED_VERSION", f"{archive!r:.200} is no WARC: not judged")
            return
        where = f"the record at {offset} in {archive}"
        url = _text(value, "url")
        if not url or not _same_url(url, record.url or ""):
            raise _differs(f"{where} is of {record.url or 'no URL'!r:.200}, not of {url!r:.200}")
        moment = digits.decode("ascii")
        if not _same_time(moment, record.date):
            raise _differs(f"{where} is of {record.date}, not of {moment}")
        self._check_length(value, record, where)
        self._check_kind(value, record, where)
        exact = self._check_record_digest(value, record, where)
        self._check_payload_digest(value, record, where, exact=exact)
        self._check_key(key.decode("utf-8", "replace"), url, where)
        self._named.add((archive, offset))

    def _check_key(self, key: str, url: str, where: str) -> None:
        """Players that look for keys alone show the record under any URL of that key."""
        if len(url) > MAX_URL:
            self.found.indeterminate("RESOURCE_LIMIT", f"{where}: a URL of {len(url)} characters: no key")
            return
        try:
            made = surt_key(url)
        except FormatError:  # a port that is none
            made = url
        if _bare(key) == _bare(made) or (key == url and _SCHEME.match(url)):
            return
        if _POST.search(key) and key.partition("?")[0] == made.partition("?")[0]:
            return
        if _place(key) != _place(made):
            raise _differs(f"{where} is of {url!r:.200}, its key is of another place: {_shown(key.encode())}")
        self.found.note("INDEX_DIFFERS", f"{where}: another key than that of its URL: {_shown(key.encode())}")

    def _check_length(self, value: dict[str, Any], record: Record, where: str) -> None:
        if value.get("length") is None:
            self.found.note("INDEX_DIFFERS", f"{where}: its line has no length")
            return
        length = _number(value, "length")
        if not _is_length(length, record, self._capture):
            raise _differs(f"{where} has {record.length} bytes, not {length}")

    def _check_kind(self, value: dict[str, Any], record: Record, where: str) -> None:
        mime = media_type(_text(value, "mime"))
        if (mime == _REVISIT) != (record.type == "revisit"):
            if mime == _REVISIT:
                raise _differs(f"{where} is a {record.type}, not a revisit")
            self.found.note("INDEX_DIFFERS", f"{where} is a revisit, and its line does not say so")
        elif record.type not in _SHOWN:
            self.found.note("INDEX_DIFFERS", f"{where} is a {record.type}, which players take for an answer")
        if record.http is None:
            return
        status = value.get("status")
        if status not in (None, "", "-") and _number(value, "status", loose=True) != record.http.status:
            raise _differs(f"{where} has status {record.http.status}, not {status!r:.40}")
        if record.type == "response":
            has = media_type(record.http.first("content-type"))
            if mime and has and mime not in ("unk", has):
                self.found.note("INDEX_DIFFERS", f"{where}: mime {mime!r:.80}, its answer says {has!r:.80}")

    def _check_record_digest(self, value: dict[str, Any], record: Record, where: str) -> bool:
        """Whether the line has a digest of the record as it is stored, and it is right."""
        declared = _text(value, "recordDigest")
        if declared is None:
            return False
        algorithm, raw = _digest(declared)
        length = _number(value, "length") if value.get("length") is not None else record.length
        if algorithm == "sha256" and length == record.length:
            held = record.record_digest.raw
        else:
            key = (record.archive, record.offset, f"{algorithm}/{length}")
            if key not in self._digests:
                hasher = hashlib.new(algorithm, usedforsecurity=False)
                for chunk in self._capture.window(record.archive).chunks(record.offset, length):
                    hasher.update(chunk)
                self._digests[key] = hasher.digest()
            held = self._digests[key]
        if held != raw:
            raise _differs(f"{where} has another recordDigest")
        return algorithm in STRONG

    def _check_payload_digest(
        self, value: dict[str, Any], record: Record, where: str, *, exact: bool
    ) -> None:
        declared = _text(value, "digest")
        if declared in (None, "", "-"):
            return
        try:
            algorithm, raw = _digest(declared or "")
        except FormatError:
            self.found.note("INDEX_DIFFERS", f"{where}: a digest that is none: {declared!r:.80}")
            return
        if record.header.payload_digest is not None:
            try:
                if _digest(record.header.payload_digest) == (algorithm, raw):
                    return  # the scan has held that one against the bytes
            except FormatError:
                pass
        if record.type == "revisit" or (algorithm == "sha256" and raw == record.payload_digest.raw):
            return
        if raw != self._payload(record, algorithm):
            message = f"{where} has another payload digest than its line"
            if not exact:
                raise _differs(message)
            # What imports a WARC and writes it anew may keep the digest of what it was.
            self.found.note("INDEX_DIFFERS", f"{message}; its recordDigest is right")

    def _payload(self, record: Record, algorithm: str) -> bytes:
        """The digest of all that follows the head of *record*, as indexers take it where none is declared."""
        key = (record.archive, record.offset, algorithm)
        if key not in self._digests:
            hasher = hashlib.new(algorithm, usedforsecurity=False)
            skip = record.head_size
            for chunk in self._capture.block(record):
                hasher.update(chunk[skip:])
                skip = max(0, skip - len(chunk))
            self._digests[key] = hasher.digest()
        return self._digests[key]

    def _unindexed(self) -> None:
        for (archive, offset), record in self._records.items():
            if (archive, offset) in self._named or record.type not in _SHOWN:
                continue
            if record.url and record.content_type.partition(";")[0].strip() != "application/warc-fields":
                self.found.note(
                    "UNINDEXED",
                    f"no line names the {record.type} at {offset} in {archive}, of {record.url!r:.200}: "
                    "players do not show it",
                )


class _Blocks:
    """Which bytes of a compressed index its .idx file has named."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._spans: list[tuple[int, int]] = []
        self.total = 0
        """Bytes of all of them."""

    @property
    def used(self) -> bool:
        return bool(self._spans)

    def add(self, offset: int, length: int) -> None:
        self._spans.append((offset, offset + length))
        self.total += length

    def covers(self, size: int, found: Findings) -> bool:
        """Whether each byte is of a block, as it should be, of one."""
        at, whole = 0, True
        for start, end in (*sorted(self._spans), (size, size)):
            if start < at:
                found.failed("FORMAT_FAILURE", f"{self._name}: two blocks at {start}")
            elif start > at:
                whole = False
                found.note("UNINDEXED", f"{self._name}: {start - at} bytes at {at} are of no block")
            at = max(at, end)
        return whole


def _text(value: dict[str, Any], key: str) -> str | None:
    text = value.get(key)
    if text is not None and not isinstance(text, str):
        raise FormatError(f"{key} is not a text")
    return text


def _number(value: dict[str, Any], key: str, *, loose: bool = False) -> int:
    """A number that may stand as text; *loose* lets leading zeros through."""
    number = value.get(key)
    if type(number) is int and 0 <= number < 1 << 60:
        return number
    if isinstance(number, str) and _NUMBER.fullmatch(number.lstrip("0") or "0" if loose else number):
        return int(number)
    raise FormatError(f"{key} is not a number: {number!r:.40}")


def _digest(declared: str) -> tuple[str, bytes]:
    """Algorithm and bytes of a digest as indexers write it: ``sha1:BASE32``, ``sha-256:hex``, a bare one."""
    name, colon, digits = declared.rpartition(":")
    name = name.lower().replace("-", "")
    raw = None
    try:
        if re.fullmatch(r"[0-9a-fA-F]{32,128}", digits, re.ASCII) and len(digits) % 2 == 0:
            raw = bytes.fromhex(digits)
        if (raw is None or len(raw) not in _SIZES) and re.fullmatch(r"[A-Za-z2-7]+=*", digits, re.ASCII):
            bare = digits.upper().rstrip("=")
            raw = base64.b32decode(bare + "=" * (-len(bare) % 8))
    except ValueError:
        raw = None
    algorithm = _SIZES.get(len(raw)) if raw is not None else None
    if raw is None or algorithm is None or (colon and name != algorithm) or algorithm not in STRONG | WEAK:
        raise FormatError(f"not a digest: {declared!r:.80}")
    return algorithm, raw


def _same_url(url: str, held: str) -> bool:
    """Whether a line's URL is the record's; that of a POST may have its body behind it."""
    if url == held:
        return True
    return url.startswith(held) and _POST.match(url, len(held)) is not None


def _same_time(moment: str, date: str) -> bool:
    """Whether *moment*, a line's timestamp, has the digits of a WARC-Date, to the second at the least."""
    digits = re.sub("[^0-9]", "", date)
    whole = digits + _EARLIEST[len(digits) :]
    return len(moment) >= min(14, len(digits)) and whole.startswith(moment)


def _is_length(length: int, record: Record, capture: Capture) -> bool:
    """Whether *length* is the record's; in a plain WARC the line ends behind it may be counted or not."""
    if length == record.length:
        return True
    window = capture.window(record.archive)
    if not record.length - 4 <= length < record.length or window.read_at(0, 2) == b"\x1f\x8b":
        return False
    rest = window.read_at(record.offset + length, record.length - length)
    return not rest.strip(b"\r\n")


def _bare(key: str) -> str:
    """*key* without the slash at the end of its path, which some tools leave out."""
    return key.replace("/?", "?", 1).removesuffix("/")


def _place(key: str) -> tuple[str, ...]:
    """The labels of a key's host as far as tools agree on them; of a key without a host its scheme."""
    if _URL.match(key):
        try:
            key = surt_key(key)
        except FormatError:
            return (key,)
    found = _HOST.match(key)
    if not found:
        return (key.partition(":")[0].lower(), "")
    labels = [label for label in found[1].lower().split(",") if label]
    if _WWW.fullmatch(labels[-1] if labels else ""):
        del labels[-1]
    if all(label.isdigit() for label in labels):
        labels.sort()  # some tools turn addresses around too
    return tuple(labels)


def _differs(message: str) -> FormatError:
    return FormatError(message, code="HASH_FAILURE")


def _shown(line: bytes) -> str:
    return repr(line[:200].decode("utf-8", "replace"))
