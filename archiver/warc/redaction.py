"""Values that are kept out of a record: where they stand in a message, and what stands there instead.

A value is blanked byte by byte, so that everything else of the message stays in its place. Names are
found as the most lenient reader would: in any case, after any line break, with white space or control
characters around them. What such a reader takes for a cookie must not be left standing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from archiver.errors import FormatError

SET_COOKIE = ("Set-Cookie", "Set-Cookie2")
"""What is blanked of an answer; every other name is of a request."""

FORM = (
    r"(?:interim-[1-9][0-9]{0,3}:)?[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200} (?:0|[1-9][0-9]{0,17}) [1-9][0-9]{0,8}"
)
"""A `Blank` as written."""

_WRITTEN = re.compile(rf"(?={FORM}\Z)(?:interim-([0-9]+):)?(\S+) ([0-9]+) ([0-9]+)")
_BREAK = re.compile(rb"[\n\r\x0b\x0c\x1c-\x1e\x85]|\xe2\x80[\xa8\xa9]")
_SPACE = b" \t"
_KELVIN = "\u212a"  # its lower case is k, so that some readers find a cookie where it stands in a name


class Blank(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One range that holds nothing but asterisks, in the value of a header line."""

    header: str
    offset: int
    """From the beginning of the block or, of an interim answer, of that answer."""
    length: int
    """Bytes, at least one."""
    interim: int = 0
    """Which interim answer it is in, from 1; 0 for a block."""

    def __str__(self) -> str:
        part = f"interim-{self.interim}:" if self.interim else ""
        return f"{part}{self.header} {self.offset} {self.length}"

    @property
    def end(self) -> int:
        return self.offset + self.length

    @property
    def in_request(self) -> bool:
        return not self.interim and self.header not in SET_COOKIE

    @classmethod
    def parse(cls, text: str) -> Blank:
        """Read what `__str__` wrote; FormatError for anything else."""
        found = _WRITTEN.fullmatch(text)
        if not found:
            raise FormatError(f"not a blanked range: {text!r:.80}")
        interim, header, offset, length = found.groups()
        return cls(header=header, offset=int(offset), length=int(length), interim=int(interim or 0))


def find(message: bytes, names: Sequence[str], *, interim: int = 0) -> list[Blank]:
    """Where the values of the header lines called *names* stand in *message*, each line of a folded one.

    *message* begins with its first line, which is no header, or with the break that ends the line before.
    White space around a value is no part of it. Found are the same ranges once they are blanked.
    """
    spelled = {name.lower(): name for name in names}
    found: list[Blank] = []
    covered = 0
    for line in _pattern(tuple(spelled)).finditer(message):
        if line.start(2) < covered or not _BREAK.search(line[1]):
            continue
        name = spelled[line[2].decode().lower()]
        at = line.end()
        while True:
            newline = message.find(b"\n", at)
            covered = newline + 1 if newline >= 0 else len(message)
            value = message[at:covered].rstrip(b" \t\r\n")
            start = at + len(value) - len(value.lstrip(_SPACE))
            if start < at + len(value):
                length = at + len(value) - start
                found.append(Blank(header=name, offset=start, length=length, interim=interim))
            at = covered
            if message[at : at + 1] not in (b" ", b"\t"):
                break
    return found


def blanked(message: bytes, blanks: Iterable[Blank]) -> bytes:
    """*message* with asterisks in the place of every byte of *blanks*."""
    changed = bytearray(message)
    for blank in blanks:
        changed[blank.offset : blank.end] = b"*" * blank.length
    return bytes(changed)


@lru_cache(maxsize=16)
def _pattern(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """What comes before a name, the name, and what follows up to its colon; linear in any text."""
    longest_first = sorted(names, key=len, reverse=True)
    forms = [re.escape(name).replace("k", f"(?:k|{_KELVIN})").encode() for name in longest_first]
    return re.compile(rb"(?:\A|(?<=[!-~]))([^!-~]++)(" + b"|".join(forms) + rb")[^!-~\n]*+:", re.IGNORECASE)
