"""A strict reader of anybody's ZIP: it reads what all honest readers agree on, and names the rest.

Whatever would let two readers see different names or bytes is a failure. What is only not as we write it
is a note. Bytes that belong to nothing leave the verdict open: nobody listed or signed them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import msgspec

from archiver.bundle.verdict import Check, indeterminate
from archiver.errors import FormatError, LimitError
from archiver.verify.foreign.deviations import Deviations
from archiver.verify.foreign.directory import (
    DEFLATED,
    DESCRIPTOR,
    FULL,
    SIGNATURE,
    STORED,
    Entry,
    read_end,
    read_entries,
    read_extras,
    resolve,
)
from archiver.verify.foreign.names import UTF8
from archiver.warc.deflate import crc32
from archiver.warc.window import Window

MAX_MEMBERS = 10_000

_LOCAL = struct.Struct("<4s5H3L2H")
_AHEAD = 64  # bytes read with a local header beyond its name: most extra fields are shorter
_MAX_HEADERS = 32 << 20
_MAX_UNACCOUNTED = 64 << 20
_PIECE = 64 << 10
_OUTPUT = 512 << 10
_LEAST_UNPACKED = 128 << 20
_RATIO = 50  # JSON deflates to a tenth or so; ten thousand repeated log lines to a fiftieth
_IN_PLACE = (".warc", ".warc.gz", ".cdx.gz")  # players read parts of these where the index says
_EMPTY = b"\x03\x00"  # nothing, deflated


class ForeignMember(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the container: *packed* bytes from *offset* on that are *size* bytes once inflated."""

    name: str
    method: int
    """0 stored, 8 deflated; any other has a failure to its name and cannot be read."""
    crc: int
    packed: int
    size: int
    offset: int


class ForeignContainer:
    """An open ZIP; entries for folders are not among its members.

    *members* stand in file order and may share a name; that is a failure among the *findings* then.
    """

    def __init__(
        self, window: Window, members: tuple[ForeignMember, ...], findings: tuple[Check, ...]
    ) -> None:
        self._window = window
        self.members = members
        self.findings = findings
        self._by_name = {member.name: member for member in reversed(members)}

    def get(self, name: str) -> ForeignMember | None:
        """The member of that name, the first of several, or None."""
        return self._by_name.get(name)

    def window(self, member: ForeignMember) -> Window:
        """The bytes of a stored member; FormatError for others, whose bytes stand nowhere as they are."""
        if member.method != STORED or member.packed != member.size:
            raise FormatError("is not stored", where=member.name)
        return self._window.inside(member.offset, member.size)

    def chunks(self, member: ForeignMember) -> Iterator[bytes]:
        """The member's bytes, inflated, a megabyte at most at a time.

        FormatError where the compressed data is broken, or at the end where size or CRC are others than
        the container says; never more bytes than it says.
        """
        if member.method == STORED:
            pieces = self.window(member).chunks()
        elif member.method == DEFLATED:
            pieces = _inflated(self._window.inside(member.offset, member.packed), member)
        else:
            raise FormatError(f"compression method {member.method}", where=member.name)
        crc = 0
        for piece in pieces:
            crc = crc32(piece, crc)
            yield piece
        if crc != member.crc:
            raise FormatError("its CRC-32 is not the container's", where=member.name, code="HASH_FAILURE")

    def read(self, member: ForeignMember, *, max_bytes: int) -> bytes:
        """All of *member*; LimitError where it says to be larger than *max_bytes*."""
        if member.size > max_bytes:
            raise LimitError(f"{member.size} bytes; the limit is {max_bytes}", where=member.name)
        return b"".join(self.chunks(member))


def read_foreign_container(window: Window, *, most_members: int = MAX_MEMBERS) -> ForeignContainer:
    """Open the ZIP in *window*, every byte outside its members' data looked at.

    Time and memory follow from the size of its headers, not of its members. Raises FormatError where it
    cannot be read without guessing (no or several ends, overlaps, offsets beyond it), LimitError for more
    than *most_members* members, very long headers, and members that would inflate to very much more than
    the file; all else is among the findings.
    """
    found = Deviations()
    end = read_end(window, found)
    entries = read_entries(window, end, found, most=most_members)
    ordered = sorted(entries, key=lambda entry: entry.header)
    if list(entries) != ordered:
        found.note("members stand in another order than the central directory lists them")
    unaccounted = _Unaccounted(window)
    members: list[ForeignMember] = []
    position = headers = 0
    starts = [*(entry.header for entry in ordered), end.start]
    for entry, after in zip(ordered, starts[1:], strict=True):
        offset = _check_local(window, entry, after, found)
        unaccounted.add(position, entry.header)
        headers += offset - entry.header
        if headers > _MAX_HEADERS:
            raise LimitError(f"more than {_MAX_HEADERS} bytes of local headers")
        position = offset + entry.packed
        if position > after:
            raise FormatError("overlaps what follows it", where=repr(entry.name)[:200])
        if entry.flags & DESCRIPTOR:
            position += _check_descriptor(window, entry, position, after, found)
        _check_method(window, entry, offset, found)
        if not entry.is_folder:
            members.append(_member(entry, offset))
    unaccounted.add(position, end.start)
    unaccounted.add(end.end, window.size)
    _check_size(members, window.size)
    findings = (*found.checks(), *unaccounted.checks())
    return ForeignContainer(window, tuple(members), findings)


def _member(entry: Entry, offset: int) -> ForeignMember:
    return ForeignMember(
        name=entry.name,
        method=entry.method,
        crc=entry.crc,
        packed=entry.packed,
        size=entry.size,
        offset=offset,
    )


def _check_local(window: Window, entry: Entry, after: int, found: Deviations) -> int:
    """Compare the local header of *entry* with the central one; where its data begins comes back."""
    name = entry.name
    room = after - entry.header
    data = window.read_at(entry.header, min(max(room, 0), _LOCAL.size + len(entry.raw) + _AHEAD))
    if 0 <= room < _LOCAL.size:
        raise FormatError("overlaps what follows it", where=repr(name)[:200])
    if len(data) < _LOCAL.size or data[:4] != b"PK\x03\x04":
        raise FormatError("no local header where the central directory says", where=repr(name)[:200])
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _LOCAL.unpack_from(data)
    length: int = _LOCAL.size + name_size + extra_size
    if length > room:
        raise FormatError("its local header overlaps what follows it", where=repr(name)[:200])
    if length > len(data):
        data = window.read_at(entry.header, length)
    if data[_LOCAL.size : _LOCAL.size + name_size] != entry.raw:
        found.fail("another name in the local header", name)
    extra = data[_LOCAL.size + name_size : length]
    if SIGNATURE.search(extra):
        raise FormatError("a ZIP structure begins within its local header", where=repr(name)[:200])
    extras = read_extras(extra, name, found)
    size, packed = resolve(extras.get(1), (size, packed), name)
    # The effort of the deflater changes nothing, nor does the UTF-8 flag on a name in ASCII.
    loose = 0x0006 | (UTF8 if name.isascii() else 0)
    if (flags ^ entry.flags) & ~loose:
        found.fail("other flags in the local header", name)
    if method != entry.method:
        found.fail("another compression method in the local header", name)
    told, listed = (crc, packed, size), (entry.crc, entry.packed, entry.size)
    open_ = bool(flags & DESCRIPTOR)
    if any(here != there and not (open_ and here == 0) for here, there in zip(told, listed, strict=True)):
        found.fail("another size or CRC-32 in the local header", name)
    return entry.header + length


def _check_descriptor(window: Window, entry: Entry, at: int, after: int, found: Deviations) -> int:
    """How long the data descriptor at *at* is that tells CRC and sizes of *entry* once more.

    It comes with or without its signature, in 32 or 64 bits; the form that fills the room is preferred.
    """
    forms = [struct.pack("<L2Q", entry.crc, entry.packed, entry.size)]
    if entry.packed < FULL and entry.size < FULL:
        forms.append(struct.pack("<3L", entry.crc, entry.packed, entry.size))
    forms = [start + form for form in forms for start in (b"PK\x07\x08", b"")]
    data = window.read_at(at, min(after - at, 24))
    matching = [len(form) for form in forms if data.startswith(form)]
    if not matching:
        found.fail("a data descriptor that is not there or says otherwise", entry.name)
        return 0
    found.note("sizes and CRC-32 behind the data (data descriptors)", entry.name)
    return after - at if after - at in matching else max(matching)


def _check_method(window: Window, entry: Entry, offset: int, found: Deviations) -> None:
    if entry.method != DEFLATED:
        return
    if entry.is_folder:
        if entry.packed > len(_EMPTY) or window.read_at(offset, entry.packed) not in (b"", _EMPTY):
            found.fail("a folder with data", entry.name)
    elif entry.name.lower().endswith(_IN_PLACE):
        found.fail(
            "a deflated WARC or compressed index, where players look for the bytes themselves", entry.name
        )
    else:
        found.note("deflated members", entry.name)


def _check_size(members: list[ForeignMember], size: int) -> None:
    unpacked = sum(member.size for member in members if member.method == DEFLATED)
    most = _LEAST_UNPACKED + _RATIO * size
    if unpacked > most:
        raise LimitError(f"deflated members of {unpacked} bytes; the limit for this file is {most}")


def _inflated(window: Window, member: ForeignMember) -> Iterator[bytes]:
    """What a deflated member holds, exactly its size: FormatError for more, for less and for broken data."""
    # Not isal: it takes streams that zlib, which most readers use, refuses.
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    left = member.size
    behind = False
    for piece in _pieces(window):
        behind = behind or inflater.eof
        data = piece
        while not inflater.eof:
            try:
                out = inflater.decompress(data, min(left + 1, _OUTPUT))
            except zlib.error as error:
                raise FormatError("broken deflated data", where=member.name) from error
            left -= len(out)
            if left < 0:
                raise FormatError(f"inflates to more than its {member.size} bytes", where=member.name)
            if out:
                yield out
            data = inflater.unconsumed_tail
            if not out:
                break
    if not inflater.eof or left:
        raise FormatError("its deflated data ends early", where=member.name)
    if behind or inflater.unused_data:
        raise FormatError("bytes behind the end of its deflated data", where=member.name)


def _pieces(window: Window) -> Iterator[bytes]:
    """Small ones: what waits behind a full output is copied each time."""
    for chunk in window.chunks():
        yield from (chunk[at : at + _PIECE] for at in range(0, len(chunk), _PIECE))


class _Unaccounted:
    """Bytes that no header and no member takes up."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._ranges: list[tuple[int, int]] = []
        self._total = 0

    def add(self, start: int, end: int) -> None:
        """Those from *start* to *end*, if any; FormatError where a ZIP structure begins among them."""
        if start >= end:
            return
        self._ranges.append((start, end))
        self._total += end - start
        if self._total > _MAX_UNACCOUNTED:
            raise LimitError(f"more than {_MAX_UNACCOUNTED} bytes that belong to no member")
        # From three bytes before: a structure may begin in what lies there.
        before = max(0, start - 3)
        kept = b""
        for chunk in self._window.chunks(before, end - before):
            data = kept + chunk
            if SIGNATURE.search(data):
                raise FormatError(
                    f"another ZIP structure among the bytes from {start} on that belong to no member"
                )
            kept = data[-3:]

    def checks(self) -> Iterator[Check]:
        """One check for all of them."""
        if self._ranges:
            start, end = self._ranges[0]
            more = f", in {len(self._ranges)} places" if len(self._ranges) > 1 else ""
            message = f"{self._total} bytes that belong to no member, the first from {start} to {end}{more}"
            yield indeterminate("container", "UNACCOUNTED_BYTES", message)
