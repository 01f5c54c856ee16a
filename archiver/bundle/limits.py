"""How much of one bundle is read before its reader stops and says so."""

from __future__ import annotations

import msgspec

from archiver.bundle.container import MAX_MEMBERS
from archiver.strictjson import MAX_BYTES
from archiver.warc.scan import ScanLimits

HIGHEST = {"members": 100_000, "records": 10_000_000, "unpacked_bytes": 1 << 50, "json_bytes": MAX_BYTES}
"""No limit can be set higher: what lies in memory follows from these."""


class ReadLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle may ask of its reader; whatever goes beyond ends as RESOURCE_LIMIT.

    Raises ValueError, which names the limit, for one that is not between 1 and its HIGHEST.
    """

    members: int = MAX_MEMBERS
    records: int = ScanLimits().records
    """Of all WARCs."""
    unpacked_bytes: int | None = None
    """Of all WARCs; None: as follows from their size."""
    json_bytes: int = MAX_BYTES
    """Of any member that is read as a whole: JSON, index, pages."""

    def __post_init__(self) -> None:
        for name, highest in HIGHEST.items():
            value = getattr(self, name)
            if value is not None and not 1 <= value <= highest:
                raise ValueError(f"limits.{name}: {value} is not between 1 and {highest}")

    def scan(self, size: int) -> ScanLimits | None:
        """The limits of WARCs of *size* bytes in all; None for those that their reader has by itself."""
        usual = ScanLimits.for_archive(size)
        unpacked = usual.unpacked if self.unpacked_bytes is None else self.unpacked_bytes
        mine = msgspec.structs.replace(usual, records=self.records, unpacked=unpacked)
        return None if mine == usual else mine
