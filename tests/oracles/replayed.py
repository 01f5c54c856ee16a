"""What a reader shows for one URL."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    status: int
    digest: Digest
    """Of the decoded body."""
    mime: str
    """The Content-Type up to its semicolon."""
