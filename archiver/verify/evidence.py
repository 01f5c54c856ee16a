"""What others appended to a signature: looked at, and nothing rests on it yet."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.bundle.verdict import Check, passed
from archiver.errors import LimitError
from archiver.signing.evidence import check_shape


def evidence_checks(name: str, evidence: list[object]) -> Iterator[Check]:
    """The notes on *evidence* of the check *name*; FormatError where it is not of its shape."""
    try:
        types = check_shape(evidence)
    except LimitError as error:
        # Anybody may append, so that too much was appended must not spoil what was signed.
        yield passed(name, f"{error}: not relied on", code="RESOURCE_LIMIT")
        return
    for number, kind in enumerate(types):
        why = f"entry {number} is of a type that this version cannot judge, {kind!r:.60}: not relied on"
        yield passed(name, why, code="NOT_RELIED_ON")
