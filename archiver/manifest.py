"""The manifest: a description of a capture that follows from its bytes alone.

`project` makes it when a bundle is packed and again when one is verified; equal bytes or the bundle
fails. So nothing here judges: no HTML, no heuristics, no date guessing, only record headers, our metadata
records, HTTP heads and digests, by rules that do not change within a spec.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from archiver import strictjson
from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.warc.capture import Capture, StoredExchange
from archiver.warc.cdxj import indexed, indexed_revisits
from archiver.warc.importedheader import parse_date, timestamp
from archiver.warc.stated import Stated

SPEC = "archiver-bundle/v1-draft"

MAX_REDIRECTS = 100_000
"""Redirects that the pages of one capture may follow together."""

MAX_SKEW_US = 10 * 365 * 86_400 * 1_000_000
"""A server whose clock is further off than ten years tells nothing of ours; it is left out."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_IMF_FIXDATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT",
    re.ASCII,
)


class CaptureEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page: what was asked for and what answered; digests are of entity bodies."""

    date: str
    final_url: str
    payload_digest: str
    requested_url: str
    status: int


class ExchangeEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One response in the WARC; sizes in bytes, *size* that of the entity body."""

    archive: str
    block_digest: str
    date: str
    fetch_time_ms: int | None
    ip: str | None
    length: int
    method: str
    mime: str
    offset: int
    payload_digest: str
    record_id: str
    redacted: list[str]
    size: int
    status: int
    superseded_by: str | None
    tls: str | None
    truncated: str | None
    url: str
    via: str | None


class RedirectEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One redirect that was followed; *status* is None where its answer is not in the WARC."""

    source: str
    status: int | None
    target: str


class Counts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Totals over the WARCs."""

    archive_bytes: int
    exchanges: int
    payload_bytes: int
    records: dict[str, int]


class DateSkew(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Servers' Date headers less our clock, microseconds: one sample a host, its first exchange."""

    largest_us: int
    median_us: int
    servers: int


class Derived(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that follows from the bytes."""

    captures: list[CaptureEntry]
    counts: Counts
    date_skew: DateSkew | None
    exchanges: list[ExchangeEntry]
    redirects: list[RedirectEntry]


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """provenance/manifest.json."""

    derived: Derived
    origin: str
    spec: str
    stated: Stated | None

    def to_json(self) -> bytes:
        """Canonical JSON."""
        return strictjson.dumps(self)

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Read the member; FormatError names what does not fit, UNSUPPORTED_VERSION another spec."""
        where = "provenance/manifest.json"
        try:
            value: Any = strictjson.loads_canonical(data)
            spec = value.get("spec") if isinstance(value, dict) else None
            if spec != SPEC:
                other = isinstance(spec, str) and spec.startswith(SPEC.partition("/")[0] + "/")
                code = "UNSUPPORTED_VERSION" if other else "FORMAT_FAILURE"
                raise FormatError(f"spec {spec!r:.80} is not {SPEC}", code=code)
            return strictjson.convert(value, cls)
        except FormatError as error:
            raise error.inside(where) from error


def project(capture: Capture, pages: Iterable[tuple[str, str]]) -> Manifest:
    """The manifest of *capture*; *pages* are the url and ts of each line of pages.jsonl.

    Raises FormatError where a page's url and ts resolve to no response, or the stated record is not one.
    """
    exchanges = capture.exchanges()
    stated = capture.stated()
    return Manifest(
        spec=SPEC,
        origin=stated.origin if stated else "imported",
        stated=stated,
        derived=Derived(
            captures=_captures(capture, pages),
            exchanges=[_entry(exchange) for exchange in exchanges],
            redirects=_redirects(exchanges),
            counts=_counts(capture, exchanges),
            date_skew=_date_skew(exchanges),
        ),
    )


def _entry(exchange: StoredExchange) -> ExchangeEntry:
    record, facts = exchange.record, exchange.facts
    return ExchangeEntry(
        archive=record.archive,
        block_digest=str(record.block_digest),
        date=record.date,
        fetch_time_ms=facts.fetch_time_ms,
        ip=exchange.ip,
        length=record.length,
        method=exchange.method,
        mime=exchange.mime,
        offset=record.offset,
        payload_digest=str(record.payload_digest),
        record_id=record.id,
        redacted=list(facts.redacted),
        size=record.payload_size,
        status=exchange.status,
        superseded_by=facts.superseded_by,
        tls=facts.tls_version,
        truncated=record.truncated,
        url=exchange.url,
        via=facts.via,
    )


def page_candidates(capture: Capture) -> Mapping[tuple[str, str], StoredExchange | None]:
    """What may be a page, by URL and date: an indexed answer to a GET.

    Imported WARCs may hold several of one URL and moment, of which players serve any: None where they
    differ. Raises FormatError for several of ours.
    """
    found: dict[tuple[str, str], StoredExchange] = {}
    imports = frozenset(capture.imports)
    served = [exchange for _, exchange in indexed(capture) if exchange.method == "GET"]
    for exchange in served:
        known = found.setdefault((exchange.url, exchange.record.date), exchange)
        if known is not exchange and exchange.record.archive not in imports:
            raise FormatError("a second answer of one URL at one moment", where=exchange.record.where)
    differing = _differing(capture, served) if imports else frozenset()
    return {key: None if _place(page) in differing else page for key, page in found.items()}


def _differing(capture: Capture, served: Sequence[StoredExchange]) -> frozenset[tuple[str, str]]:
    """Where players find answers that differ, revisits among them."""
    answers: dict[tuple[str, str], tuple[int, Digest]] = {}
    differing: set[tuple[str, str]] = set()
    shown = [(exchange, exchange.record.payload_digest) for exchange in served]
    shown += [
        (revisit, original.payload_digest)
        for _, revisit, original in indexed_revisits(capture)
        if revisit.method == "GET"
    ]
    for exchange, digest in shown:
        answer, place = (exchange.status, digest), _place(exchange)
        if answers.setdefault(place, answer) != answer:
            differing.add(place)
    return frozenset(differing)


def _place(exchange: StoredExchange) -> tuple[str, str]:
    """By what players tell *exchange* from others."""
    return exchange.url.partition("#")[0], timestamp(exchange.record.date)


def _captures(capture: Capture, pages: Iterable[tuple[str, str]]) -> list[CaptureEntry]:
    candidates = page_candidates(capture)
    by_via: dict[tuple[str, str], StoredExchange] = {}
    for _, exchange in indexed(capture):
        if exchange.method == "GET" and exchange.facts.via is not None:
            by_via.setdefault((exchange.facts.via, exchange.facts.hops), exchange)
    captures: list[CaptureEntry] = []
    listed: set[tuple[str, str]] = set()
    steps = 0
    for url, date in pages:
        where = "pages/pages.jsonl"
        page = candidates.get((url, date))
        if (url, date) in candidates and page is None:
            raise FormatError(f"{url!r:.200} has several answers of {date!r:.40}", where=where)
        if page is None:
            raise FormatError(
                f"no response for {url!r:.200} at {date!r:.40}", where=where, code="HASH_FAILURE"
            )
        if (url, date) in listed:
            raise FormatError(f"lists {url!r:.200} twice", where=where)
        listed.add((url, date))
        final = page
        # Each hop is one letter longer than the one before, so this ends.
        while 300 <= final.status < 400 and final.http.first("location") is not None:
            onward = by_via.get((final.url, final.facts.hops + "R"))
            if onward is None:
                break
            final, steps = onward, steps + 1
            if steps > MAX_REDIRECTS:
                raise LimitError(f"more than {MAX_REDIRECTS} redirects of its pages", where=where)
        captures.append(
            CaptureEntry(
                requested_url=page.url,
                final_url=final.url,
                date=final.record.date,
                status=final.status,
                payload_digest=str(final.record.payload_digest),
            )
        )
    return captures


def _redirects(exchanges: Sequence[StoredExchange]) -> list[RedirectEntry]:
    status: dict[tuple[str, str], int] = {}
    for exchange in exchanges:
        if exchange.facts.superseded_by is None:
            status.setdefault((exchange.url, exchange.facts.hops), exchange.status)
    return [
        RedirectEntry(
            source=exchange.facts.via,
            status=status.get((exchange.facts.via, exchange.facts.hops[:-1])),
            target=exchange.url,
        )
        for exchange in exchanges
        if exchange.facts.via is not None
        and exchange.facts.hops.endswith("R")
        and exchange.facts.superseded_by is None
    ]


def _counts(capture: Capture, exchanges: Sequence[StoredExchange]) -> Counts:
    records: dict[str, int] = {}
    for record in capture.records:
        records[record.type] = records.get(record.type, 0) + 1
    return Counts(
        archive_bytes=sum(capture.sizes.values()),
        exchanges=len(exchanges),
        payload_bytes=sum(exchange.record.payload_size for exchange in exchanges),
        records=records,
    )


def _date_skew(exchanges: Sequence[StoredExchange]) -> DateSkew | None:
    samples: dict[str, int] = {}
    for exchange in exchanges:
        authority = exchange.url.partition("://")[2].partition("/")[0]
        said = exchange.record.http.first("date") if exchange.record.http else None
        if authority in samples or said is None:
            continue
        theirs = _imf_fixdate_us(said)
        if theirs is None:
            continue
        ours = parse_date(exchange.record.date)
        if ours is None:
            continue
        skew = theirs - _microseconds(ours)
        if abs(skew) <= MAX_SKEW_US:
            samples[authority] = skew
    if not samples:
        return None
    ordered = sorted(samples.values())
    return DateSkew(
        servers=len(ordered),
        median_us=ordered[(len(ordered) - 1) // 2],
        largest_us=max(abs(sample) for sample in ordered),
    )


def _imf_fixdate_us(text: str) -> int | None:
    """Microseconds since 1970 of an RFC 9110 IMF-fixdate; no other form is read."""
    found = _IMF_FIXDATE.fullmatch(text)
    if not found or found.group(2) not in _MONTHS:
        return None
    day, month, year, hour, minute, second = found.groups()
    try:
        moment = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    return _microseconds(moment)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
