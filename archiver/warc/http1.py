"""HTTP/1.x messages as bytes: where the head ends, what it says, how the body is framed.

Shared by the recorder, which learns from it where a message ends on the wire, and by the WARC reader,
which finds the entity body again in a stored block. Lenient as browsers are, and the bytes are never
touched (RFC 9112). What a coding, a length or a field is called is compared as ASCII, whatever else its
text holds: Unicode has other letters whose lower case is one of ours, and other spaces.
"""

from __future__ import annotations

import re
from enum import Enum

import msgspec

from archiver.errors import FormatError

_STATUS_LINE = re.compile(
    rb"http/([0-9](?:\.[0-9])?)[ \t]+([0-9]{3})(?:[ \t]+(.*))?", re.IGNORECASE | re.DOTALL
)
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_HEAD_END = re.compile(rb"\n\r?\n")
_PLAIN_FIELDS = re.compile(r"(?:[!-9;-~]++:[\t -~]*+\r\n)*+\r\n")
_PLAIN_FIELD = re.compile(r"([!-9;-~]+):([\t -~]*)\r\n")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
_CHUNK_LINE = re.compile(rb"[ \t]{0,4000}([0-9A-Fa-f]{1,15})[ \t]{0,4000}(?:;[^\n]{0,8000})?\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_SIZE_FORMS = (b"%x\r\n", b"%X\r\n")
_ONE_DIGIT = {form % size: size for size in range(1, 16) for form in _SIZE_FORMS}
_TWO_DIGITS = {form % size: size for size in range(16, 256) for form in _SIZE_FORMS}

MAX_LINES = 5_000
"""Lines of a head that are looked at: what stands after them is in the bytes and in no `Head`.

It is as many as curl takes; each costs many times its bytes in memory.
"""

_SHORT = MAX_LINES * 4  # a head of fewer bytes has fewer fields than are looked at, however short

_OWS = " \t"
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}

_MAX_CHUNK_LINE = 16 << 10
_MAX_TRAILER = 256 << 10


def text(data: bytes) -> str:
    """Header bytes as text: UTF-8 where they are that, else ISO-8859-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("iso-8859-1")


def ascii_lower(value: str) -> str:
    """*value* with A to Z in lower case, and nothing else."""
    return value.lower() if value.isascii() else value.translate(_LOWER)


def media_type(value: str | None) -> str:
    """A Content-Type's *value* up to its semicolon, in lower case; empty where there is none."""
    return ascii_lower((value or "").partition(";")[0].strip(_OWS))


def listed(values: list[str]) -> list[str]:
    """The members of the comma-separated lists *values*, in lower case; empty ones are none."""
    members = [ascii_lower(part.strip(_OWS)) for value in values for part in value.split(",")]
    return [member for member in members if member]


class Head(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A response head as understood; *fields* in the order sent, names as sent, values stripped."""

    version: str
    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]

    @property
    def is_unwell(self) -> bool:
        """Whether the status speaks of the server's state rather than of what was asked for."""
        return self.status >= 500 or self.status == 429

    def all(self, name: str) -> list[str]:
        """Every value of *name*, any case, in order."""
        wanted = ascii_lower(name)
        size = len(wanted)
        return [value for field, value in self.fields if len(field) == size and ascii_lower(field) == wanted]

    def first(self, name: str) -> str | None:
        """The first value of *name*, or None."""
        size = len(name)
        for field, value in self.fields:
            if len(field) == size and (field == name or ascii_lower(field) == ascii_lower(name)):
                return value
        return None


def find_head_end(data: bytes | bytearray | memoryview, start: int = 0) -> int:
    """The offset just past the blank line that ends a head, or -1; *start* is where to look from.

    Lines may end in CRLF or in LF alone.
    """
    found = _HEAD_END.search(data, start)
    return found.end() if found else -1


def parse_fields(lines: list[bytes]) -> tuple[tuple[str, str], ...]:
    """Header lines as (name, value); a folded line joins the one before, a line without a name is skipped."""
    fields: list[tuple[str, list[str]]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if fields:
                fields[-1][1].append(text(line.strip()))
            continue
        raw_name, colon, raw_value = line.partition(b":")
        name = text(raw_name.strip())
        if colon and name:
            fields.append((name, [text(raw_value.strip(b" \t\r\n"))]))
    return tuple(
        (name, parts[0] if len(parts) == 1 else " ".join(parts).strip(" ")) for name, parts in fields
    )


def parse_head(data: bytes) -> Head:
    """A response head, from its status line to its blank line; FormatError if the first line is none.

    Of the lines after that no more than MAX_LINES are looked at.
    """
    first, _, rest = data.partition(b"\n")
    version, status, reason = parse_status_line(first)
    return Head(version=version, status=status, reason=reason, fields=_fields(rest))


def parse_status_line(line: bytes) -> tuple[str, int, str]:
    """Version (``HTTP/1.1``), status and reason in a response's first line; FormatError if it is none."""
    found = _STATUS_LINE.fullmatch(line.rstrip(b" \t\r"))
    if not found:
        raise FormatError(f"not an HTTP status line: {text(line[:80])!r}")
    version, status, reason = found.groups()
    return f"HTTP/{text(version)}", int(status), text(reason or b"")


def _fields(lines: bytes) -> tuple[tuple[str, str], ...]:
    """The fields on *lines*, all at once where each of them is as the standard wants it."""
    if len(lines) <= _SHORT and lines.isascii() and _PLAIN_FIELDS.fullmatch(plain := lines.decode("ascii")):
        return tuple([(name, value.strip(_OWS)) for name, value in _PLAIN_FIELD.findall(plain)])
    stripped = (line.removesuffix(b"\r") for line in lines.split(b"\n", MAX_LINES)[:MAX_LINES])
    return parse_fields([line for line in stripped if line])


class Framing(Enum):
    """How the end of a response body is told (RFC 9112 section 6.3)."""

    NONE = "none"
    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"


def framing(method: str, head: Head) -> tuple[Framing, int]:
    """How the body of *head* ends, and the Content-Length where that is what tells.

    Several Content-Lengths that differ, or one that is no number, tell nothing: the body runs to the
    close of the connection.
    """
    if method == "HEAD" or head.status < 200 or head.status in (204, 304):
        return Framing.NONE, 0
    codings = listed(head.all("transfer-encoding"))
    if codings:
        return (Framing.CHUNKED if codings[-1] == "chunked" else Framing.CLOSE), 0
    lengths = {part.strip(_OWS) for value in head.all("content-length") for part in value.split(",")}
    if len(lengths) == 1:
        length = lengths.pop()
        if _LENGTH.fullmatch(length):
            return Framing.LENGTH, int(length)
    return Framing.CLOSE, 0


class ChunkedDecoder:
    """Finds the entity body in chunk framing as it comes, and where the framing ends.

    Feed it bytes; it gives the body bytes in them. When *done* is true, *excess* holds how many bytes of
    the last feed came after the end; *chunks* is how many there were so far, trailer fields among them,
    for it is their number that takes time. *trailer_at* is where in all that was fed the trailer begins,
    None before it is known, *trailer_size* the bytes of its lines so far. *oddity* says in one stable word
    how the first line of the framing that is not as plain as can be differs: browsers and standards allow
    it, some readers of archives do not.

    Raises FormatError for broken framing: a size that is not hexadecimal digits alone (``0x4``, ``+4``,
    which some readers take), a chunk that does not end where its size says. The callers take such a body
    as it stands, and one with bytes after its end too: nobody reads them alike, and none are lost.
    """

    def __init__(self) -> None:
        self.done = False
        self.excess = 0
        self.chunks = 0
        self.trailer_at: int | None = None
        self.oddity: str | None = None
        self._fed = 0  # before the current feed
        self._line = bytearray()
        self._left = 0  # bytes of the current chunk still to come
        self._state = "size"
        self.trailer_size = 0

    def feed(self, data: bytes | memoryview) -> list[bytes | memoryview]:
        """The pieces of the body found in *data*."""
        whole = bytes(data)
        view = memoryview(whole)
        pieces: list[bytes | memoryview] = []
        at, end = 0, len(whole)
        while at < end and not self.done:
            if self._state == "data":
                taken = min(self._left, end - at)
                pieces.append(view[at : at + taken])
                at += taken
                self._left -= taken
                if not self._left:
                    self._state = "after"
                continue
            if self._state == "size" and not self._line:
                before = len(pieces)
                at = _small_chunks(whole, at, pieces)
                self.chunks += len(pieces) - before
                found = _CHUNK_LINE.match(whole, at)
                stop = found.end() + int(found[1], 16) if found else 0
                if found and found.end() < stop and (after := _LINE_END.match(whole, stop)):
                    pieces.append(view[found.end() : stop])
                    self.chunks += 1
                    plain = whole[found.end(1) : found.end()] == b"\r\n" and found.start(1) == at
                    if not plain or after.end() != stop + 2:
                        self._note(whole[at : found.end() - 1], whole[stop : after.end() - 1])
                    at = after.end()
                    continue
            at = self._take_line(view, at)
            if self._state == "trailer" and self.trailer_at is None:
                self.trailer_at = self._fed + at
        self.excess = end - at
        self._fed += end
        return pieces

    def _take_line(self, view: memoryview, at: int) -> int:
        for size in (64, _MAX_CHUNK_LINE):  # short first: a body of tiny chunks must not be copied many times
            window = bytes(view[at : at + size])
            if (newline := window.find(b"\n")) >= 0:
                break
        self._line += window if newline < 0 else window[:newline]
        if len(self._line) > _MAX_CHUNK_LINE:
            raise FormatError("chunk line too long")
        if newline < 0:
            return at + len(window)
        if self._state != "trailer":
            self._note(bytes(self._line))
        line = bytes(self._line.removesuffix(b"\r"))
        self._line.clear()
        self._end_line(line)
        return at + newline + 1

    def _note(self, *lines: bytes) -> None:
        """See how *lines*, each without its last byte, differ from digits with CRLF behind them."""
        if self.oddity is None:
            self.oddity = next((word for line in lines if (word := _oddity(line)) is not None), None)

    def _end_line(self, line: bytes) -> None:
        if self._state == "size":
            found = _CHUNK_SIZE.fullmatch(line)
            if not found:
                raise FormatError(f"not a chunk size: {text(line[:40])!r}")
            self._left = int(found.group(1), 16)
            self.chunks += 1
            self._state = "data" if self._left else "trailer"
        elif self._state == "after":
            if line:
                raise FormatError("a chunk is longer than its size says")
            self._state = "size"
        elif line:
            self.chunks += 1
            self.oddity = self.oddity or "chunk-trailer"
            self.trailer_size += len(line)
            if self.trailer_size > _MAX_TRAILER:
                raise FormatError("trailer too long")
        else:
            self.done = True


def _oddity(line: bytes) -> str | None:
    if b";" in line:
        return "chunk-extension"
    if not line.endswith(b"\r"):
        return "chunk-line-end"
    return "chunk-padding" if b" " in line or b"\t" in line else None


def _small_chunks(data: bytes, at: int, pieces: list[bytes | memoryview]) -> int:
    """Append the whole small chunks that stand from *at* on; where the first that is none begins.

    A body of a million tiny chunks must not take minutes, so there is nothing in this loop to spare.
    """
    one, two, append = _ONE_DIGIT.get, _TWO_DIGITS.get, pieces.append
    while True:
        start = at + 3
        size = one(data[at:start])
        if size is None:
            start = at + 4
            size = two(data[at:start])
            if size is None:
                return at
        stop = start + size
        if data[stop : stop + 2] != b"\r\n":
            return at
        append(data[start:stop])
        at = stop + 2
