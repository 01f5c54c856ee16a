"""Evidence: what others add after sealing. Here only its shape; no type is relied on yet."""

from __future__ import annotations

from archiver.errors import FormatError, LimitError

MAX_ENTRIES = 1000
"""A longer array is not looked into."""


def check_shape(value: object) -> tuple[str, ...]:
    """The types of the entries of *value*, in order; each is an object with a text ``type``.

    Raises FormatError for another shape, LimitError past 1,000 entries. A type that the reader does
    not know counts for nothing: anybody may append, nobody can spoil.
    """
    if not isinstance(value, list):
        raise FormatError("not an array")
    if len(value) > MAX_ENTRIES:
        raise LimitError(f"{len(value)} entries; the limit is {MAX_ENTRIES}")
    return tuple(_type(entry, f"[{index}]") for index, entry in enumerate(value))


def _type(entry: object, where: str) -> str:
    if not isinstance(entry, dict):
        raise FormatError("not an object", where=where)
    kind = entry.get("type")
    if not isinstance(kind, str):
        raise FormatError("no text", where=f"{where}.type")
    return kind
