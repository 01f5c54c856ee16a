"""Text from pages, servers and bundles made safe for the place it goes to."""

from __future__ import annotations

import re
import unicodedata

_BLANKS = re.compile("[ \xa0\u115f\u1160\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0]{2,}")
"""Runs of what shows as nothing: Unicode's spaces, the empty braille cell and the Hangul fillers."""

_PLAIN = re.compile(r"[ -~]*")
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10)}
)


def terminal(text: str, *, limit: int = 500) -> str:
    """*text* on one line and without power over a terminal.

    Control, format (bidi, zero width), surrogate, private and unassigned characters come out as
    ``\\\\x1b`` or ``\\\\u202e``; past *limit* characters it ends in an ellipsis and the true length. Runs
    of blanks become one space, so that no text can push another to the start of a screen line.
    """
    total = len(text)
    cut = _BLANKS.sub(" ", text[:limit])
    if not _PLAIN.fullmatch(cut):
        cut = "".join(_visible(char) for char in cut)
    return cut if total <= limit else f"{cut}… ({total} characters)"


def _visible(char: str) -> str:
    if unicodedata.category(char) not in _UNSAFE_CATEGORIES:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def file_name(text: str, *, limit: int = 100) -> str:
    """*text* as one file name: ``[A-Za-z0-9._-]`` only, at most *limit* characters.

    It is never empty, hidden, ``.``, ``..`` nor a name that Windows keeps for devices.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text[: 4 * limit]).strip("-.")[:limit].rstrip("-.")
    if not name or name.split(".", 1)[0].lower() in _RESERVED:
        name = f"file-{name}" if name else "file"
    return name[:limit]


def slug(text: str, *, limit: int = 60) -> str:
    """*text* as at most *limit* characters ``[a-z0-9-]``; may be empty."""
    return re.sub(r"[^a-z0-9]+", "-", text[: 4 * limit].lower()).strip("-")[:limit].rstrip("-")
