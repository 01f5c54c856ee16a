"""Lines of members that may be very long: streamed, counted, bounded."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from archiver import strictjson
from archiver.errors import FormatError, LimitError

MAX_LINE = 4 << 20
"""Bytes of the longest line; pages may carry all of their text."""

MAX_GZIP = 200_000
"""Gzip members of one index; each holds some hundred lines."""

MAX_BLANK = 10_000
"""Empty lines of one member: nobody writes any, and a file of nothing else packs very well."""

MAX_VALUES = 500_000
"""Commas and brackets that the JSON of all lines may have, beyond some hundred for each line."""

_VALUES_EACH = 200

_GZIP = 31  # window bits that ask for the gzip wrapper
_PIECE = 8 << 10
_OUTPUT = 256 << 10


class Values:
    """Reads the JSON of one line after another; LimitError where they ask for much more than lines do."""

    def __init__(self) -> None:
        self._left = MAX_VALUES

    def loads(self, data: bytes) -> Any:
        """The value of *data*; FormatError where it is none."""
        many = _count(data)
        if many > _VALUES_EACH:
            many = _count(strictjson.outside_strings(data))  # texts are full of commas, too
            self._left -= max(0, many - _VALUES_EACH)
            if self._left < 0:
                raise LimitError(f"more than {MAX_VALUES} values in the JSON of its lines")
        return strictjson.loads(data)


def _count(data: bytes) -> int:
    return data.count(b",") + data.count(b"[") + data.count(b"{")


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of *chunks*, without their ends; LimitError for one of more than MAX_LINE bytes.

    Empty lines are left out; LimitError for more than MAX_BLANK of them.
    """
    rest: list[bytes] = []
    size = blank = 0
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest.append(first)
        size += len(first)
        if size > MAX_LINE:
            raise LimitError(f"a line of more than {MAX_LINE} bytes")
        if not others:
            continue
        for line in (b"".join(rest), *others[:-1]):
            bare = line.removesuffix(b"\r")
            if bare:
                yield bare
                continue
            blank += 1
            if blank > MAX_BLANK:
                raise LimitError(f"more than {MAX_BLANK} empty lines")
        rest, size = [others[-1]], len(others[-1])
    last = b"".join(rest).removesuffix(b"\r")
    if last:
        yield last


def inflated(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """What the gzip members in *chunks* hold, one after another.

    FormatError for anything but whole members, LimitError past *most* bytes or MAX_GZIP members.
    """
    total = members = 0
    begun = False
    inflater = zlib.decompressobj(_GZIP)
    # In little pieces, as what follows a member is copied each time.
    for piece in (chunk[at : at + _PIECE] for chunk in chunks for at in range(0, len(chunk), _PIECE)):
        data = piece
        while True:
            try:
                out = inflater.decompress(data, _OUTPUT)
            except zlib.error as error:
                raise FormatError("broken gzip data") from error
            total += len(out)
            if total > most:
                raise LimitError(f"more than {most} bytes, unpacked")
            if out:
                yield out
            if inflater.eof:
                members += 1
                if members > MAX_GZIP:
                    raise LimitError(f"more than {MAX_GZIP} gzip members")
                data = inflater.unused_data
                inflater = zlib.decompressobj(_GZIP)
                begun = bool(data)
                if not begun:
                    break
            else:
                begun = True
                data = inflater.unconsumed_tail
                if not data and len(out) < _OUTPUT:
                    break
    if begun:
        raise FormatError("gzip data that ends early")
