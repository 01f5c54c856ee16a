"""Names of members: what all readers take for the same name, and keep apart."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from archiver.verify.foreign.deviations import Deviations

UTF8 = 0x0800
"""The bit of the flags that says a name is UTF-8."""

_FRICTIONLESS = re.compile(r"[-a-z0-9._/]+", re.ASCII)
_DRIVE = re.compile(r"[A-Za-z]:", re.ASCII)
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # controls, bidi and other marks, what is no character


def decode_name(raw: bytes, flags: int, found: Deviations) -> str:
    """The name that *raw* says under *flags*; UTF-8 wherever it can be."""
    if raw.isascii():
        if flags & UTF8:
            found.note("the UTF-8 flag on a name in ASCII", raw.decode("ascii"))
        return raw.decode("ascii")
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        name = raw.decode("cp437")
        found.fail("a name that is not UTF-8", name)
        return name
    if not flags & UTF8:
        found.fail("a name beyond ASCII without the UTF-8 flag: readers differ on what it says", name)
    return name


def check_name(name: str, found: Deviations) -> None:
    """Whether it names one place below the folder it is unpacked to, and shows as what it is."""
    if not name.isascii():
        import unicodedata  # on use: hardly any bundle has such names

        if any(unicodedata.category(character) in _UNSEEN for character in name):
            found.fail("a name with control or bidi characters", name)
        if not unicodedata.is_normalized("NFC", name):
            found.note("a name that is not in Unicode's composed form", name)
    elif not name.isprintable():
        found.fail("a name with control or bidi characters", name)
    if "\\" in name:
        found.fail("a backslash in a name, which some readers take for a slash", name)
    if name.startswith("/") or _DRIVE.match(name):
        found.fail("an absolute name", name)
    elif any(part in ("", ".", "..") for part in name.removesuffix("/").split("/")):
        found.fail("a name with an empty, '.' or '..' segment", name)
    if not _FRICTIONLESS.fullmatch(name):
        found.note("a name outside the Frictionless pattern", name)


def check_apart(names: Iterable[str], found: Deviations) -> None:
    """No two names may be one to some reader or file system."""
    # A folder's names stand right behind its own in this order, as nothing sorts before a slash's stand-in.
    keyed = sorted((_folded(name).replace("/", "\0"), name) for name in names)
    for (key, name), (after, other) in itertools.pairwise(keyed):
        if key == after:
            found.fail(
                "two members of one name" if name == other else "two names that are one to some", other
            )
        elif after.startswith(key + "\0") and not name.endswith("/"):
            found.fail("a file and a folder of one name", name)


def _folded(name: str) -> str:
    name = name.replace("\\", "/").removesuffix("/")
    if name.isascii():
        return name.lower()
    import unicodedata

    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
