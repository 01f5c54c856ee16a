"""A moment as bundles write it: UTC, whole seconds, ``2026-11-23T10:06:51Z``."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from archiver.errors import FormatError

# The hour is spelled out: newer Pythons take 24:00 for the next day's beginning, older ones for an error.
_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z", re.ASCII)


def utc_text(moment: datetime) -> str:
    """*moment* as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_utc(text: str) -> datetime:
    """The moment that *text* is; FormatError for any other form, and for a time that does not exist."""
    try:
        return datetime.fromisoformat(text if _FORM.fullmatch(text) else "")
    except ValueError as error:
        raise FormatError(f"not a UTC time: {text!r:.40}") from error
