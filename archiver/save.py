"""The whole way from a cited URL to a sealed bundle, each step a value in and a value out."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from archiver import environment
from archiver.bundle.pack import SOFTWARE, pack, pages_of
from archiver.bundle.seal import seal
from archiver.citation import Citation
from archiver.digest import Digest
from archiver.errors import CaptureError, FormatError
from archiver.escape import slug
from archiver.fetch.fetcher import Fetcher, utc_now
from archiver.fetch.limits import Limits
from archiver.fetch.memento import memento
from archiver.fetch.page import PageResult, Progress, capture_page
from archiver.fetch.robots import Regard
from archiver.fetch.settings import FetchSettings
from archiver.links.link import MAX_CHARACTERS_EACH
from archiver.notices import notices
from archiver.signing.identity import LocalIdentity
from archiver.status import Judgement, judge
from archiver.title import page_title
from archiver.url import Url
from archiver.walls import Sign
from archiver.walls import signs as find_signs
from archiver.warc.capture import Capture
from archiver.warc.record import date_text
from archiver.warc.stated import LIST_CAP, Cited, Clock, Instant, Relation, Seen, Settings, Stated
from archiver.warc.window import Window
from archiver.warc.writer import WarcWriter
from archiver.whole import whole_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What was kept, and how whole it is."""

    path: Path
    id: Digest
    stated: Stated
    final_url: str
    title: str
    exchanges: int
    bytes: int
    """Bytes of the bundle."""
    exposed: tuple[str, ...]
    """URLs whose answers were seen to repeat a secret where nothing is blanked."""


def save(
    citation: Citation | str,
    identity: LocalIdentity,
    *,
    to: Path,
    settings: FetchSettings | None = None,
    limits: Limits | None = None,
    robots: Regard = "ignore",
    operator: str | None = None,
    overwrite: bool = False,
    keep_failed: bool = False,
    stop: threading.Event | None = None,
    progress: Callable[[Progress], None] | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Saved:
    """Capture what *citation* serves now and seal it, as *identity*, into the new file *to*.

    *stop*, once set, ends the capture; what there is by then is kept as `partial`. Raises CaptureError
    where no server answered at all and *keep_failed* is false, OutputError where *to* cannot be written
    and OutputExistsError where it is there and *overwrite* is false; nothing is left under its name then.
    """
    cited = Citation.parse(citation) if isinstance(citation, str) else citation
    url = Url.parse(cited.url).without_fragment
    with whole_file(to, overwrite=overwrite) as out, _scratch(to.parent) as warc:
        stated, page = _capture(
            warc,
            cited,
            url,
            settings=settings or FetchSettings(),
            limits=limits or Limits(),
            robots=robots,
            operator=operator,
            keep_failed=keep_failed,
            stop=stop or threading.Event(),
            progress=progress,
            now=now,
        )
        capture = Capture({"data.warc.gz": Window(warc)})
        moment = now()
        pages = pages_of(capture, page_title)
        pack(capture, pages=pages, to=out, created=moment)
        out.flush()
        found = seal(out, identity, created=moment, packed=capture)
        return Saved(
            path=to,
            id=found,
            stated=stated,
            final_url=page.final.href,
            title=pages[0].title if pages else "",
            exchanges=len(capture.exchanges()),
            bytes=Window(out).size,
            exposed=page.exposed,
        )


def bundle_name(url: str, moment: datetime) -> str:
    """The default file name: time, host, a slug of the path and 8 hex digits of the URL's sha256."""
    parsed = Url.parse(url)
    host = slug(parsed.host or "", limit=60).replace("_", "-")
    words = slug(parsed.path)
    stamp = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    parts = [stamp, host, words, Digest.of(url.encode()).hex[:8]]
    return "-".join(part for part in parts if part) + ".wacz"


def _scratch(folder: Path) -> BinaryIO:
    """A nameless file on the disk of the output: gone with the process, whatever ends it."""
    return tempfile.TemporaryFile(dir=folder)


def _capture(
    warc: BinaryIO,
    cited: Citation,
    url: Url,
    *,
    settings: FetchSettings,
    limits: Limits,
    robots: Regard,
    operator: str | None,
    keep_failed: bool,
    stop: threading.Event,
    progress: Callable[[Progress], None] | None,
    now: Callable[[], datetime],
) -> tuple[Stated, PageResult]:
    """Write the whole WARC, its stated record last."""
    writer = WarcWriter(warc, software=SOFTWARE)
    start = _instant(now)
    writer.warcinfo({"isPartOf": "archiver"}, date=now())
    with Fetcher(settings, limits, cited=url, stop=stop, now=now) as fetcher:
        page = capture_page(
            url,
            fetcher=fetcher,
            limits=limits,
            record=writer.exchange,
            stop=stop,
            robots=robots,
            progress=progress,
        )
        reached_private = fetcher.reached_private
    if page.head is None and not keep_failed and not page.interrupted:
        raise CaptureError(page.message or "no answer", url=url.href, reason=page.error or "no-response")
    signs: tuple[Sign, ...] = ()
    if page.outline is not None and page.head is not None and page.head.status not in (404, 410):
        signs = find_signs(page.outline, head=page.head, requested=url, final=page.final)
    judgement = judge(
        requested=url,
        final=page.final,
        head=page.head,
        truncated=page.truncated,
        missing=page.missing_count,
        interrupted=page.interrupted,
        error=page.error,
        outline=page.outline,
        signs=signs,
    )
    stated = _stated(
        cited,
        url,
        page,
        judgement,
        signs,
        settings,
        limits,
        robots,
        operator,
        reached_private,
        start,
        _instant(now),
    )
    writer.stated(stated.to_json(), date=now())
    warc.flush()
    return stated, page


def _stated(
    cited: Citation,
    url: Url,
    page: PageResult,
    judgement: Judgement,
    signs: tuple[Sign, ...],
    settings: FetchSettings,
    limits: Limits,
    robots: Regard,
    operator: str | None,
    reached_private: bool,
    start: Instant,
    end: Instant,
) -> Stated:
    return Stated(
        citations=[Cited(url=cited.url, as_written=cited.as_written, role=cited.role)],
        requested=url.href,
        engine="http",
        settings=Settings(
            allow_private=settings.allow_private,
            cacert=[str(Digest.of(settings.cacert))] if settings.cacert is not None else [],
            concurrency=limits.connections,
            cookies=len(settings.cookies),
            headers=[f"{name}: {value}" for name, value in settings.headers]
            + [f"{name}: ****" for name, _ in settings.secrets],
            insecure=settings.insecure,
            limits=_limits(limits),
            private_reached=reached_private,
            proxy=str(settings.proxy) if settings.proxy is not None else None,
            redacted=settings.redacts,
            resolve=[str(entry) for entry in settings.resolve],
            robots=robots,
            user_agent=settings.user_agent,
        ),
        operator=operator,
        status=judgement.status,
        reasons=list(judgement.reasons),
        missing=list(page.missing[:LIST_CAP]),
        missing_count=page.missing_count,
        broken_at_origin=list(page.broken_at_origin[:LIST_CAP]),
        broken_at_origin_count=page.broken_at_origin_count,
        relations=list(_relations(page)),
        replay_hazards=list(page.hazards),
        origin="captured",
        memento=memento(page.final, page.head),
        robots=list(page.robots),
        noarchive=list(notices(page.head, page.outline)),
        signs=[Seen(code=sign.code, evidence=sign.evidence) for sign in signs],
        environment=environment.describe(),
        imports=[],
        clock=Clock(start=start, end=end, ntp=environment.ntp_state()),
    )


def _relations(page: PageResult) -> Iterator[Relation]:
    """What the page says its other forms are, as absolute URLs."""
    for relation, address in page.outline.relations if page.outline is not None else ():
        with suppress(FormatError):
            url = Url.parse(address, page.final)
            if url.is_http and not url.has_userinfo and len(url.href) <= MAX_CHARACTERS_EACH:
                yield Relation(relation=relation, url=url.href)


def _limits(limits: Limits) -> dict[str, int]:
    """Each limit as an integer; seconds become microseconds, and say so in their name."""
    values: dict[str, int] = {}
    for field in fields(limits):
        value: object = getattr(limits, field.name)
        if isinstance(value, float):
            values[f"{field.name}_us"] = round(value * 1_000_000)
        elif isinstance(value, int):
            values[field.name] = value
    return values


def _instant(now: Callable[[], datetime]) -> Instant:
    return Instant(utc=date_text(now()), monotonic_us=time.monotonic_ns() // 1_000)
