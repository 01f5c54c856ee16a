"""Another tool's lists of pages against its records: each page is to lead to one of its URL."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from archiver.bundle.verdict import Check, passed
from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.verify.foreign.container import ForeignContainer, ForeignMember
from archiver.verify.foreign.findings import Findings
from archiver.verify.foreign.lines import Values, lines
from archiver.verify.foreign.package import Package
from archiver.warc.capture import Capture
from archiver.warc.importedheader import parse_date
from archiver.warc.record import MAX_URL, Record
from archiver.warc.surt import surt_key

_PAGES, _PAGES_EACH = 10_000, 4  # pages that are read, and how many more for each record

_ANSWERS = frozenset({"response", "revisit", "resource"})
_SECOND = timedelta(seconds=1)
_NEVER = datetime(1, 1, 1, tzinfo=UTC)  # when records without a date are from

_Dated = tuple[datetime, Record]


def is_page_list(name: str) -> bool:
    """Whether players may take the member *name* for a list of pages."""
    return name.startswith("pages/") and name.lower().endswith(".jsonl")


class Pages:
    """The pages of a bundle, each held against the records of *capture*."""

    def __init__(self, container: ForeignContainer, package: Package, capture: Capture) -> None:
        self.listed: list[Record] = []
        """The records that pages.jsonl leads to; a page without one is left out."""
        self._container = container
        self._package = package
        self._found = Findings("pages")
        self._pages = 0
        self._values = Values()
        self._records = _Records(capture)
        self._most = _PAGES + _PAGES_EACH * len(capture.records)

    def checks(self) -> Iterator[Check]:
        """Read every list; LimitError passes through, for many more pages than records too."""
        members = [member for member in self._container.members if is_page_list(member.name)]
        for member in members:
            try:
                self._read(member)
            except FormatError as error:
                self._found.failed(error.code, f"{member.name}: {error.message}")
        if not members:
            self._found.note("PAGE_WITHOUT_RECORD", "there is no list of pages")
        main = self._package.main_url
        if main is not None and not self._records.of(main):
            self._found.note(
                "PAGE_WITHOUT_RECORD", f"datapackage.json: no record of the main page {main!r:.200}"
            )
        yield from self._found.checks()
        if not self._found.bad:
            yield passed("pages", f"{self._pages} pages in {len(members)} lists")

    def _read(self, member: ForeignMember) -> None:
        for number, line in enumerate(lines(self._container.chunks(member)), 1):
            where = f"{member.name}: line {number}"
            self._pages += 1
            if self._pages > self._most:
                raise LimitError(f"more than {self._most} pages", where=member.name)
            try:
                value: dict[str, Any] = self._values.loads(line)
                if not isinstance(value, dict):
                    raise FormatError("not a JSON object")
                if number == 1:
                    if "format" in value:
                        self._pages -= 1
                        continue
                    self._found.note(
                        "KNOWN_DEFECT", f"{member.name}: no header line, so players drop the first page"
                    )
                self._check(value, where, main=member.name == "pages/pages.jsonl")
            except FormatError as error:
                self._found.failed(error.code, f"{where}: {error}")

    def _check(self, page: dict[str, Any], where: str, *, main: bool) -> None:
        url, ts = page.get("url"), page.get("ts")
        if not isinstance(url, str) or not url:
            raise FormatError("a page without a URL")
        records = self._records.of(url)
        if not records:
            self._found.note("PAGE_WITHOUT_RECORD", f"{where}: no record of {url!r:.200}")
            return
        moment = _moment(ts)
        if moment is None:
            self._found.note("PAGE_TIME", f"{where}: a page without a time: {ts!r:.60}")
            return
        date, nearest = _nearest(records, moment)
        if abs(date - moment) >= _SECOND:
            self._found.note("PAGE_TIME", f"{where}: no record of {url!r:.200} at {ts!r:.60}")
        if self._records.differ(nearest):
            why = f"two answers of {url!r:.200} in one second that differ: each player shows another"
            self._found.indeterminate("CONTRADICTION", f"{where}: {why}")
        if main:
            self.listed.append(nearest)


class _Records:
    """The records of a capture by URL; where none has exactly that one, by what an index makes of it."""

    def __init__(self, capture: Capture) -> None:
        self._by_url: dict[str, list[_Dated]] = {}
        self._by_key: dict[str, list[_Dated]] | None = None
        self._whole: dict[tuple[str, datetime], Digest] = {}
        self._differ: set[tuple[str, datetime]] = set()
        for record in capture.records:
            if record.url is not None and record.type in _ANSWERS:
                dated = parse_date(record.date) or _NEVER, record
                self._by_url.setdefault(record.url, []).append(dated)
                if record.type == "response" and record.http is not None and record.http.status == 200:
                    place = record.url, dated[0].replace(microsecond=0)
                    if self._whole.setdefault(place, record.payload_digest) != record.payload_digest:
                        self._differ.add(place)
        for held in self._by_url.values():
            held.sort(key=_date_of)

    def differ(self, record: Record) -> bool:
        """Whether whole answers of the URL of *record* in its second, all that an index tells, differ."""
        moment = parse_date(record.date) or _NEVER
        return (record.url or "", moment.replace(microsecond=0)) in self._differ

    def of(self, url: str) -> list[_Dated]:
        """Those that players may show for *url*, by date."""
        bare = url.partition("#")[0]
        held = self._by_url.get(url) or self._by_url.get(bare)
        if held:
            return held
        if self._by_key is None:
            self._by_key = {}
            for same in self._by_url.values():
                self._by_key.setdefault(_key(same[0][1].url or ""), []).extend(same)
            for held in self._by_key.values():
                held.sort(key=_date_of)
        return self._by_key.get(_key(bare), [])


def _date_of(dated: _Dated) -> datetime:
    return dated[0]


def _nearest(records: list[_Dated], moment: datetime) -> _Dated:
    at = bisect.bisect_left(records, moment, key=_date_of)
    return min(records[max(0, at - 1) : at + 1], key=lambda dated: abs(dated[0] - moment))


def _key(url: str) -> str:
    try:
        return surt_key(url) if len(url) <= MAX_URL else url
    except (FormatError, LimitError):
        return url


def _moment(text: object) -> datetime | None:
    """A time as page lists have it; None where it is none."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
