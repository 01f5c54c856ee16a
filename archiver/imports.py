"""WARCs of other makers, made into a packed bundle: kept byte for byte, and what is stated beside them."""

from __future__ import annotations

import heapq
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import msgspec

from archiver import environment
from archiver.bundle.pack import SOFTWARE, pack, page_of
from archiver.bundle.pages import Page
from archiver.errors import FormatError, InputError
from archiver.manifest import page_candidates
from archiver.status import IMPORTED
from archiver.title import page_title
from archiver.url import Url
from archiver.warc.capture import OURS, Capture, StoredExchange
from archiver.warc.http1 import ascii_lower
from archiver.warc.imported import is_gzip
from archiver.warc.importedheader import parse_date
from archiver.warc.record import date_text
from archiver.warc.stated import Cited, Clock, Imported, Instant, Settings, Stated
from archiver.warc.window import Window
from archiver.warc.writer import WarcWriter

MAX_FOUND = 10_000
"""Pages that are found; the others are there, and can be named."""

HTML = frozenset({"text/html", "application/xhtml+xml"})
"""Media types of what is found as a page."""

_NEAR = 3
_NAME = 150  # bytes of a name that are kept
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]", re.ASCII)
_SUFFIX = re.compile(r"(\.warc(?:\.gz)?)\Z")
_NO_SETTINGS = Settings(
    allow_private=False,
    cacert=[],
    concurrency=0,
    cookies=0,
    headers=[],
    insecure=False,
    limits={},
    private_reached=False,
    proxy=None,
    redacted=False,
    resolve=[],
    robots="ignore",
    user_agent="",
)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A WARC to be imported."""

    name: str
    """The file's own name, without folders."""
    window: Window


def archive_names(sources: Sequence[Source]) -> tuple[str, ...]:
    """What each of *sources* is called under archive/.

    Its name in lower case, with ``-`` for whatever a member's name may not hold; ``.warc`` or, if it is
    packed, ``.warc.gz`` is added to one that ends in neither. Our own archive's name and one that is taken
    already get ``-2``, ``-3`` … before that.
    """
    taken = {OURS}
    names: list[str] = []
    for source in sources:
        plain = _NOT_IN_NAMES.sub("-", ascii_lower(source.name))
        stem, suffix, _ = (*_SUFFIX.split(plain, maxsplit=1), "", "")[:3]
        suffix = suffix or (".warc.gz" if is_gzip(source.window) else ".warc")
        stem = re.sub(r"\A\.", "-", stem[:_NAME]) or "-"
        name, number = stem + suffix, 1
        while name in taken:
            number += 1
            name = f"{stem}-{number}{suffix}"
        taken.add(name)
        names.append(name)
    return tuple(names)


class Import:
    """*sources* on their way into a bundle; read when first asked about.

    What is no sound WARC raises FormatError, its place beginning with ``archive/`` and the name there.
    """

    def __init__(self, sources: Sequence[Source], *, now: Callable[[], datetime]) -> None:
        self.sources: Mapping[str, Source] = dict(zip(archive_names(sources), sources, strict=True))
        self.capture = Capture({name: one.window for name, one in self.sources.items()}, imported=True)
        self._now = now
        self._start = _instant(now)

    def check(self) -> None:
        """FormatError (HASH_FAILURE) for a digest that is not that of its record."""
        wrong = [(record, finding) for record in self.capture.records for finding in record.findings]
        for record, (code, message) in wrong:
            more = f"; {len(wrong)} digests are wrong" if len(wrong) > 1 else ""
            raise FormatError(message + more, where=record.where, code=code)

    def found_pages(self) -> tuple[Page, ...]:
        """Every HTML document among the answers to a GET with status 200, as they stand; MAX_FOUND at most.

        InputError where there is none.
        """
        if not self.html:
            raise InputError("holds no HTML page with status 200; --url names another", path=self._path)
        return tuple(page_of(exchange, page_title(exchange)) for exchange in self.html[:MAX_FOUND])

    def named_page(self, url: str) -> Page:
        """The page that answers *url*: the latest with status 200, else the latest.

        Found as it is written, else as a browser would write it. InputError, which names what is near,
        where there is none, or several differing ones of one moment.
        """
        key = url.partition("#")[0]
        keys = self._by_url.get(key) or self._by_normal.get(_normal(key) or "")
        if not keys:
            raise InputError(f"holds no answer to {url}{self._near(key)}", path=self._path)
        best = max((one for key in keys if (one := self._candidates[key])), key=_rank, default=None)
        if best is None:
            raise InputError(f"holds differing answers to {url} of one moment", path=self._path)
        return page_of(best, page_title(best))

    def pack(
        self, *, pages: tuple[Page, ...], cited: Sequence[tuple[str, Page]], source: str | None, to: BinaryIO
    ) -> None:
        """Write the bundle to the seekable file *to*.

        *cited* are the pages that were named, each with what was written to name it, *source* who gave us
        the WARCs.
        """
        with tempfile.TemporaryFile() as ours:
            writer = WarcWriter(ours, software=SOFTWARE)
            writer.warcinfo({}, date=self._now())
            writer.stated(self._stated(pages, cited, source).to_json(), date=self._now())
            ours.flush()
            pack(self.capture.beside(Window(ours)), pages=pages, to=to, created=self._now())

    @cached_property
    def html(self) -> Sequence[StoredExchange]:
        """What may be found as a page."""
        return [
            exchange
            for exchange in self._candidates.values()
            if exchange is not None and exchange.status == 200 and exchange.mime in HTML
        ]

    @cached_property
    def _candidates(self) -> Mapping[tuple[str, str], StoredExchange | None]:
        return page_candidates(self.capture)

    @cached_property
    def _by_url(self) -> Mapping[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for key in self._candidates:
            found.setdefault(key[0].partition("#")[0], []).append(key)
        return found

    @cached_property
    def _by_normal(self) -> Mapping[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for url, keys in self._by_url.items():
            if (normal := _normal(url)) is not None:
                found.setdefault(normal, []).extend(keys)
        return found

    @property
    def _path(self) -> Path:
        first, *others = self.sources.values()
        return Path(first.name + (f" and {len(others)} more" if others else ""))

    def _near(self, url: str) -> str:
        """What to do where there is no answer to *url*."""
        if any(one.url == url for one, _ in self.capture.revisits()):
            return ", only a record that it was the same as before; name the page that it was first seen at"
        near = heapq.nlargest(_NEAR, self._by_url, key=lambda held: _shared(held, url))
        return f"; it holds {', '.join(near)}{' …' if len(self._by_url) > _NEAR else ''}" if near else ""

    def _stated(
        self, pages: tuple[Page, ...], cited: Sequence[tuple[str, Page]], source: str | None
    ) -> Stated:
        capture = self.capture
        return Stated(
            broken_at_origin=[],
            broken_at_origin_count=0,
            citations=[Cited(url=page.url, as_written=written, role="cited") for written, page in cited],
            clock=Clock(start=self._start, end=_instant(self._now), ntp=environment.ntp_state()),
            engine="import",
            environment=environment.describe(),
            imports=[
                Imported(
                    archive=name,
                    bytes=capture.sizes[name],
                    digest=str(capture.digests[name]),
                    name=self.sources[name].name,
                    source=source,
                )
                for name in capture.imports
            ],
            memento=None,
            missing=[],
            missing_count=0,
            noarchive=[],
            operator=None,
            origin="imported",
            reasons=list(IMPORTED.reasons),
            relations=[],
            replay_hazards=[],
            requested=pages[0].url,
            robots=[],
            settings=_NO_SETTINGS,
            signs=[],
            status=IMPORTED.status,
        )


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))


def _rank(exchange: StoredExchange) -> tuple[bool, datetime | None]:
    return exchange.status == 200, parse_date(exchange.record.date)


def _normal(url: str) -> str | None:
    """*url* as a browser writes it, without its fragment; None where it is none."""
    try:
        return Url.parse(url).without_fragment.href
    except FormatError:
        return None


def _instant(now: Callable[[], datetime]) -> Instant:
    return Instant(utc=date_text(now()), monotonic_us=time.monotonic_ns() // 1_000)
