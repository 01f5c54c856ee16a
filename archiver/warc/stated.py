"""The stated record: what the capturer knows and the bytes on the wire do not tell.

It is the last record of a WARC of ours; the manifest copies it value for value and `verify` compares.
Written as canonical JSON: integers only, sizes in bytes, durations in microseconds, times in UTC.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from archiver import strictjson
from archiver.errors import FormatError

MEDIA_TYPE = "application/vnd.archiver.capture.v1+json"

Status = Literal["complete", "partial", "blocked", "gone", "failed"]
Origin = Literal["captured", "imported"]

LIST_CAP = 5_000
"""At most this many entries are listed; past it only the count grows."""


class Missing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A URL that was wanted and not got, or that its server no longer has."""

    url: str
    referrer: str | None
    reason: str


class Cited(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A citation as it came in."""

    url: str
    as_written: str
    role: Literal["source", "cited", "related"]


class Hazard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A response whose framing or coding some players replay wrongly."""

    url: str
    kind: str


class Relation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another form of the page, by its own word; not fetched."""

    relation: str
    """canonical, amphtml or oembed."""
    url: str


class Seen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something on the page that speaks against its being what was cited."""

    code: str
    evidence: str
    """What it was, in the page's own words or a header's."""


class Memento(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page is a copy of, where the citation names an archive's copy (RFC 7089)."""

    datetime: str | None
    """When that archive says it was taken, UTC; None where it does not say."""
    original: str | None
    through: str
    """The archive's host."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting that shaped the capture."""

    allow_private: bool
    cacert: list[str]
    """Digests of the CA files added to the default roots."""
    concurrency: int
    cookies: int
    """How many cookies were given beforehand."""
    headers: list[str]
    """As sent; of a secret its name, then ``****``."""
    insecure: bool
    limits: dict[str, int]
    private_reached: bool
    """Whether a connection went to an address that is not a global one."""
    proxy: str | None
    redacted: bool
    """Whether secrets were given, so that values are blanked."""
    resolve: list[str]
    """Forced addresses, HOST:PORT:ADDR, as given."""
    robots: Literal["ignore", "note", "obey"]
    user_agent: str


class Imported(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A WARC that somebody else made, as it was given to the importer."""

    archive: str
    """Its name under archive/."""
    bytes: int
    digest: str
    name: str
    """The file's own name, without folders."""
    source: str | None
    """From whom it came, in the importer's words."""


class Instant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One moment on both clocks."""

    monotonic_us: int
    utc: str


class Clock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machine's clock at both ends of the capture; *ntp* is its state where the system tells."""

    end: Instant
    ntp: str | None
    start: Instant


class Stated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stated record's value."""

    broken_at_origin: list[Missing]
    broken_at_origin_count: int
    citations: list[Cited]
    clock: Clock
    engine: Literal["http", "browser", "import"]
    environment: dict[str, str]
    imports: list[Imported]
    """In the order of their names under archive/; empty for a capture."""
    memento: Memento | None
    missing: list[Missing]
    missing_count: int
    noarchive: list[str]
    """What the server asks of those who keep or mine the page, as it says it."""
    operator: str | None
    origin: Origin
    reasons: list[str]
    relations: list[Relation]
    replay_hazards: list[Hazard]
    requested: str
    robots: list[str]
    """What robots.txt was found to say, one sentence an entry; empty where it was not asked for."""
    settings: Settings
    signs: list[Seen]
    status: Status

    def to_json(self) -> bytes:
        """Canonical JSON."""
        return strictjson.dumps(self)

    @classmethod
    def from_json(cls, data: bytes) -> Stated:
        """Read the record's block; FormatError where it is not canonical or not of this shape."""
        stated = strictjson.convert(strictjson.loads_canonical(data), cls)
        for name, entries, count in (
            ("missing", stated.missing, stated.missing_count),
            ("broken_at_origin", stated.broken_at_origin, stated.broken_at_origin_count),
        ):
            if count < len(entries) or (count > len(entries) and len(entries) < LIST_CAP):
                raise FormatError(f"{count} counted, {len(entries)} listed", where=name)
        return stated

    @property
    def weakened(self) -> tuple[str, ...]:
        """The code of each setting that redirected or weakened the connection, or kept values out.

        An importer made no connection and knows of none: SETTINGS_UNKNOWN.
        """
        if self.engine == "import":
            return ("SETTINGS_UNKNOWN",)
        settings = self.settings
        codes = {
            "FORCED_ADDRESS": bool(settings.resolve),
            "TLS_UNVERIFIED": settings.insecure,
            "EXTRA_CA": bool(settings.cacert),
            "PRIVATE_ADDRESS": settings.allow_private or settings.private_reached,
            "PROXY": settings.proxy is not None,
            "REDACTED": settings.redacted,
        }
        return tuple(code for code, present in codes.items() if present)
