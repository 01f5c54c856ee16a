"""A page with all it needs: the cited document, its redirects, and every requisite the links name."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from queue import Empty, SimpleQueue

from archiver.errors import LimitError
from archiver.fetch.entity import MAX_DOCUMENT, MAX_SHEET, beginning, document
from archiver.fetch.fetcher import Fetched, Fetcher
from archiver.fetch.limits import Budget, Limits
from archiver.fetch.memento import raw_form
from archiver.fetch.request import Request
from archiver.fetch.robots import Regard, Robots
from archiver.fetch.want import MAX_CHARACTERS, Got, Tally, Want, recorded_length
from archiver.links import Kind, Link, Links, is_document, links, may_link
from archiver.links.link import PARSED
from archiver.links.outline import Outline, outline
from archiver.links.players import is_playlist
from archiver.url import Url
from archiver.warc.exchange import Exchange
from archiver.warc.http1 import Head
from archiver.warc.stated import LIST_CAP, Hazard, Missing

MAX_FOUND = 100_000
"""Distinct URLs that are kept in mind; further links are counted as missing and forgotten."""
MAX_ASKED = 8 << 20
"""Characters of the URLs that are asked for, with what led to them, beyond what is usual."""
_USUAL = 2 << 10

_REQUEST_KIND = {
    Kind.IMAGE: "image",
    Kind.ICON: "image",
    Kind.STYLE: "style",
    Kind.SCRIPT: "script",
    Kind.MODULE: "script",
    Kind.FONT: "font",
    Kind.FRAME: "document",
}
_BROKEN = ("http-404", "http-410")
_NOT_CAPTURED = "media-not-captured"
_NOT_READ: frozenset[Kind] = frozenset()
_READ_AS = {kind: frozenset({kind}) for kind in PARSED}
_TURN = 0.2
_BEGINNING = 4 << 10
"""Bytes in which a document without a type shows whether it is HTML."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a capture is: URLs found, done and missing; bytes of bodies and heads received."""

    found: int
    done: int
    missing: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """What came of a page. Lists are cut at LIST_CAP entries; the counts are not."""

    requested: Url
    final: Url
    """Where the redirects led."""
    head: Head | None
    """Of the last answer to the page itself; None where there was none."""
    truncated: str | None
    error: str | None
    """Why there is no whole answer at *final*, in one stable word."""
    message: str
    missing: tuple[Missing, ...]
    missing_count: int
    broken_at_origin: tuple[Missing, ...]
    broken_at_origin_count: int
    outline: Outline | None
    """What the page shows; None where it is no document of elements."""
    hazards: tuple[Hazard, ...]
    """What players may show wrongly."""
    exposed: tuple[str, ...]
    """URLs whose answers repeat a secret where nothing is blanked."""
    robots: tuple[str, ...]
    """What robots.txt said, where it was asked for."""
    interrupted: bool


def capture_page(
    url: Url,
    *,
    fetcher: Fetcher,
    limits: Limits,
    record: Callable[[Exchange], None],
    stop: threading.Event,
    robots: Regard = "ignore",
    progress: Callable[[Progress], None] | None = None,
) -> PageResult:
    """Fetch *url* and what it needs, each distinct URL once; every attempt goes to *record*.

    *record* is called from several threads. *stop*, once set, ends the walk; what was wanted and not got
    by then is missing. Whatever servers do is in the result; an exception of *record* is raised again.
    """
    return _Walk(fetcher, limits, record, stop, robots, progress).run(url)


class _Walk:
    def __init__(
        self,
        fetcher: Fetcher,
        limits: Limits,
        record: Callable[[Exchange], None],
        stop: threading.Event,
        robots: Regard,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._fetcher, self._limits, self._record, self._stop = fetcher, limits, record, stop
        self._progress = progress
        self._budget = Budget(limits.capture_bytes)
        self._deadline = time.monotonic() + limits.seconds
        self._robots = Robots(robots, fetcher, record, self._deadline, self._charge)
        self._lock = threading.Lock()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read")
        """Looks into documents, one after the other: the largest may take memory once, and what the C library
        keeps of it for later is kept once too, not once a thread."""
        self._seen: dict[str, frozenset[Kind]] = {}
        """Every URL that was asked for or is queued, and the kinds as which it is looked into."""
        self._queue: list[tuple[bool, int, Want]] = []
        """A heap: what the page shows first, then alternatives, each in the order found."""
        self._redirects: dict[str, str] = {}
        self._elsewhere: list[Want] = []
        self._failed: dict[str, str] = {}
        """Why there is nothing at a URL."""
        self._unnamed: set[str] = set()
        """URLs that are asked for or queued though no document named them: a redirect or a guess did."""
        self._characters = 0
        self._asked = 0
        """Characters of URLs that were asked for, as `MAX_ASKED` counts them."""
        self._found = 0
        self._done = 0
        self._started = 0
        self._bytes = 0
        self._unplayed: set[str] = set()
        self._missing = Tally()
        self._broken = Tally()
        self._outline: Outline | None = None
        self._hazards: list[Hazard] = []
        self._exposed: dict[str, None] = {}

    def run(self, url: Url) -> PageResult:
        self._know(url.href, Kind.FRAME)
        self._found = 1
        with self._reader:
            page = self._get(Want(number=0, url=url, kind=None, referrer=None, hops=""))
            if page.error is not None:
                self._missing.add(0, page.final.href, None if page.final == url else url.href, page.error)
            self._settle(page)
            self._want_raw_form(page)
            self._follow()
        self._answer_elsewhere()
        return PageResult(
            requested=url,
            final=page.final,
            head=page.head,
            truncated=page.truncated,
            error=page.error,
            message=page.message,
            missing=self._missing.listed(),
            missing_count=self._missing.count,
            broken_at_origin=self._broken.listed(),
            broken_at_origin_count=self._broken.count,
            outline=self._outline,
            hazards=tuple(self._hazards),
            exposed=tuple(self._exposed),
            robots=self._robots.notes,
            interrupted=self._stop.is_set(),
        )

    def _follow(self) -> None:
        """Fetch what is queued, and what that brings, until nothing is left or a limit is reached."""
        running: dict[Future[Got], Want] = {}
        done: SimpleQueue[Future[Got]] = SimpleQueue()  # to wait for all that run takes longer the more do
        with ThreadPoolExecutor(self._limits.connections, thread_name_prefix="fetch") as pool:
            try:
                while self._queue or running:
                    while self._queue and len(running) < self._limits.connections:
                        if self._is_early(running.values()):
                            break
                        _, _, want = heapq.heappop(self._queue)
                        reason = self._refusal(want) or self._charge(want.url.href, want.referrer)
                        if reason is not None:
                            self._miss(want, reason)
                            continue
                        future = pool.submit(self._get, want)
                        running[future] = want
                        future.add_done_callback(done.put)
                    if running:
                        future = _next(done)
                        del running[future]
                        got = future.result()
                        self._conclude(got)
                        self._settle(got)
            except BaseException:
                self._fetcher.interrupt()
                for future in running:
                    future.cancel()
                raise

    def _is_early(self, running: Iterable[Want]) -> bool:
        """Whether an alternative is next, while something under way may still name what the page shows."""
        later, _, _ = self._queue[0]
        return later and any(want.kind in PARSED and not want.later for want in running)

    def _refusal(self, want: Want) -> str | None:
        """The limit that keeps *want* from being fetched, or None."""
        limits = self._limits
        if (over := self._over()) is not None:
            return over
        if self._started >= limits.resources:
            return "limit-resources"
        if self._budget.spent:
            return "limit-bytes"
        if want.url.has_userinfo:
            return "userinfo"
        if want.frames > limits.frame_depth:
            return "limit-frame-depth"
        if want.sheets > limits.css_depth:
            return "limit-css-depth"
        return None

    def _get(self, want: Want) -> Got:
        """Fetch *want* and where it redirects to; runs in any thread."""
        url, hops, referrer, size = want.url, want.hops, want.referrer, 0
        chain = [url.href]
        for _ in range(self._limits.redirects + 1):
            redirected = url is not want.url
            if redirected and want.kind is not None and (error := self._charge(url.href, referrer)):
                return Got(want=want, final=url, hops=hops, error=error, size=size, chain=tuple(chain))
            if self._robots.refuses(url, page=want.kind is None):
                message = f"{url.origin}/robots.txt disallows {url.href}"
                return Got(
                    want=want,
                    final=url,
                    hops=hops,
                    error="robots",
                    message=message,
                    size=size,
                    chain=tuple(chain),
                )
            fetched = self._fetcher.fetch(self._request(want, url, hops, referrer), deadline=self._deadline)
            try:
                for exchange in fetched.attempts:
                    self._record(exchange)
                    size += exchange.response_size
                self._note(url, fetched)
                target, error = fetched.redirect(url)
                if target is None:
                    named, unread = self._links(want, url, fetched)
                    return Got(
                        want=want,
                        final=url,
                        hops=hops,
                        head=fetched.head,
                        truncated=fetched.best.truncated if fetched.best is not None else None,
                        error=error or self._error(fetched),
                        message=fetched.message or (f"{url.href}: {error}" if error else ""),
                        size=size,
                        chain=tuple(chain),
                        links=named,
                        unread=unread,
                    )
            finally:
                for exchange in fetched.attempts:
                    exchange.response.close()
            url, hops, referrer = target, hops + "R", url.href
            with self._lock:
                known = self._is_known(url.href, want.kind or Kind.FRAME) and url.href not in chain
                if url.href not in self._seen:
                    self._unnamed.add(url.href)
                self._know(url.href, want.kind)
            chain.append(url.href)
            if known and want.kind is not None:
                return Got(
                    want=want,
                    final=url,
                    hops=hops,
                    head=fetched.head,
                    size=size,
                    chain=tuple(chain),
                    elsewhere=True,
                )
        message = f"{want.url.href}: more than {self._limits.redirects} redirects"
        return Got(
            want=want,
            final=url,
            hops=hops,
            head=fetched.head,
            error="limit-redirects",
            message=message,
            size=size,
            chain=tuple(chain),
        )

    def _note(self, url: Url, fetched: Fetched) -> None:
        """Keep in mind what is to be said of an answer."""
        with self._lock:
            if fetched.hazard is not None and len(self._hazards) < LIST_CAP:
                self._hazards.append(Hazard(url=url.href, kind=fetched.hazard))
            if fetched.exposed and len(self._exposed) < LIST_CAP:
                self._exposed[url.href] = None

    def _charge(self, url: str, via: str | None) -> str | None:
        """Count one request of a requisite, a redirect's too; the limit that keeps it from being sent."""
        with self._lock:
            if self._started >= self._limits.resources:
                return "limit-resources"
            # A record has three headers with the URL.
            self._asked += max(0, 3 * recorded_length(url) + recorded_length(via or "") - _USUAL)
            if self._asked > MAX_ASKED:
                return "limit-links"
            self._started += 1
            return None

    def _request(self, want: Want, url: Url, hops: str, via: str | None) -> Request:
        page = want.kind is None
        return Request(
            url=url,
            kind="document" if want.kind is None else _REQUEST_KIND.get(want.kind, "any"),
            referer=want.referrer,
            policy=want.policy,
            via=via,
            hops=hops,
            max_bytes=self._limits.document_bytes if page else self._limits.resource_bytes,
            budget=None if page else self._budget,
        )

    def _error(self, fetched: Fetched) -> str | None:
        if fetched.error == "stopped":
            return "interrupted"
        if fetched.error == "timeout" and time.monotonic() >= self._deadline:
            return "limit-seconds"
        if fetched.error == "length":
            return "limit-bytes"
        return fetched.error

    def _links(self, want: Want, url: Url, fetched: Fetched) -> tuple[Links, str | None]:
        """What a page, frame or stylesheet names, and why that is not all; for other kinds nothing."""
        head, exchange = fetched.head, fetched.best
        kind = _content_type(head) if head is not None else None
        if head is None or exchange is None or not may_link(kind, want.kind):
            return Links(), None
        return self._reader.submit(self._read, want, url, fetched, head, exchange, kind).result()

    def _read(
        self, want: Want, url: Url, fetched: Fetched, head: Head, exchange: Exchange, kind: str | None
    ) -> tuple[Links, str | None]:
        if (over := self._over()) is not None:  # each of those who wait would read on for a while
            return Links(), None if fetched.error else over
        # What is sent without a type may be anything, a film too: first see how it begins.
        shown = want.kind is None or want.kind is Kind.FRAME
        if shown and not is_document(beginning(exchange, head, _BEGINNING), kind):
            return Links(), None
        read = document(exchange, head, most=MAX_DOCUMENT if shown else MAX_SHEET)
        found = links(
            read.data,
            url=url.href,
            content_type=kind,
            kind=want.kind,
            imports=want.imports,
            check=self._check,
        )
        if want.kind is None:
            self._outline = outline(read.data, kind, check=self._check)
        if found.cut:
            return found, self._over() or "limit-links"
        return found, None if fetched.error else read.fault

    def _over(self) -> str | None:
        """Why nothing more is to be done, or None."""
        if self._stop.is_set():
            return "interrupted"
        return "limit-seconds" if time.monotonic() >= self._deadline else None

    def _check(self) -> None:
        if (reason := self._over()) is not None:
            raise LimitError(reason)

    def _settle(self, got: Got) -> None:
        """Queue what *got* names, and report how far we are."""
        self._done += 1
        if got.want.kind is not None:
            self._bytes += got.size
        unread = got.unread
        policy = self._policy(got)
        for link in got.links:
            if link.guess and got.want.kind is not None:
                continue
            if not self._queue_link(link, got, policy):
                unread = unread or "limit-links"
        if unread is not None and not got.want.guess:
            self._missing.add(got.want.number, got.want.url.href, got.want.referrer, unread)
        for player in got.links.unplayed:
            if player not in self._unplayed:  # many frames may name the same ones
                self._unplayed.add(player)
                self._missing.add(got.want.number, player, got.final.href, _NOT_CAPTURED)
        if self._progress is not None:
            self._progress(
                Progress(found=self._found, done=self._done, missing=self._missing.count, bytes=self._bytes)
            )

    def _want_raw_form(self, page: Got) -> None:
        """Where the page is a Wayback copy, want it without that machine's own additions too."""
        raw = raw_form(page.final) if page.head is not None else None
        if raw is not None and raw.href not in self._seen:
            self._know(raw.href, Kind.OTHER)
            want = Want(
                number=self._found, url=raw, kind=Kind.OTHER, referrer=page.final.href, hops=page.hops + "I"
            )
            self._found += 1
            heapq.heappush(self._queue, (want.later, want.number, want))

    def _queue_link(self, link: Link, got: Got, policy: str) -> bool:
        """Queue what *link* leads to, unless that is known; false where there is no room even to count it."""
        with self._lock:
            known = self._is_known(link.url, link.kind)
            if known and link.url not in self._unnamed:
                return True
            self._characters += recorded_length(link.url)
            if self._characters > MAX_CHARACTERS:
                return False
            full = len(self._seen) >= MAX_FOUND
            if not full:
                self._know(link.url, link.kind)
                self._unnamed.discard(link.url)
        number, self._found = self._found, self._found + 1
        parent = got.want
        if (reason := "limit-resources" if full else self._over()) is not None:
            self._failed.setdefault(link.url, reason)
            if not link.guess:
                self._missing.add(number, link.url, got.final.href, reason)
            return True
        want = Want(
            number=number,
            url=Url.parse(link.url),
            kind=link.kind,
            referrer=got.final.href,
            hops=got.hops + "E",
            policy=link.policy or policy,
            imports=got.links.imports if parent.kind is None or parent.kind is Kind.FRAME else parent.imports,
            frames=parent.frames + (link.kind is Kind.FRAME),
            sheets=parent.sheets + 1 if link.kind is Kind.STYLE and parent.kind is Kind.STYLE else 0,
            later=link.alternative or link.guess,
            guess=link.guess,
        )
        if known:
            self._elsewhere.append(want)
            return True
        if link.guess:
            self._unnamed.add(link.url)
        heapq.heappush(self._queue, (want.later, number, want))
        return True

    def _policy(self, got: Got) -> str:
        """The referrer policy of the document or sheet *got*: what its header or its meta element says."""
        said = got.head.all("referrer-policy") if got.head is not None else []
        return said[-1].rpartition(",")[2].strip().lower() if said else got.links.policy

    def _is_known(self, url: str, kind: Kind | None) -> bool:
        """Whether *url* is asked for already, and will be looked into as a link of *kind* needs that."""
        read = self._seen.get(url)
        return read is not None and (kind not in PARSED or kind in read)

    def _know(self, url: str, kind: Kind | None) -> None:
        # One value for all that are looked into alike: there may be a hundred thousand.
        self._seen[url] = self._seen.get(url, _NOT_READ) | _READ_AS.get(kind or Kind.FRAME, _NOT_READ)

    def _conclude(self, got: Got) -> None:
        """Decide whether *got* is whole, gone at its origin, or missing."""
        status = got.head.status if got.head is not None else 0
        self._redirects.update(pairwise(got.chain))
        reason = got.error or got.truncated
        if got.elsewhere:
            self._elsewhere.append(got.want)
        else:
            self._redirects.pop(got.final.href, None)  # it answered, if only when it was come back to
        if not got.elsewhere and reason is None and (not 200 <= status < 300 or status == 206):
            reason = f"http-{status:03}"  # nothing else is a whole answer, and nobody asked for a part
        plays = reason is None and got.want.kind in (Kind.MEDIA, Kind.OTHER)
        if plays and got.head is not None and is_playlist(got.head.first("content-type")):
            reason = _NOT_CAPTURED  # the list came, not the pieces that it lists
        if reason is not None:
            self._failed[got.final.href] = reason
            self._miss(got.want, reason)

    def _answer_elsewhere(self) -> None:
        """Judge the wants that another one answers for, or nobody: they may redirect to one another."""
        for want in self._elsewhere:
            at = want.url.href
            passed = {at}
            while at in self._redirects:
                at = self._redirects[at]
                if at in passed:
                    self._miss(want, "redirect-loop")
                    break
                passed.add(at)
            else:
                if at in self._failed:
                    self._miss(want, self._failed[at])

    def _miss(self, want: Want, reason: str) -> None:
        """List *want* as missing or, where a whole answer says so, as gone; a guess in neither."""
        self._failed.setdefault(want.url.href, reason)
        if want.guess:
            return
        if reason in _BROKEN:
            self._broken.add(want.number, want.url.href, want.referrer, reason)
        else:
            self._missing.add(want.number, want.url.href, want.referrer, reason)


def _next(done: SimpleQueue[Future[Got]]) -> Future[Got]:
    """What is done next. Waited for in short turns, for a signal right before a wait does not end it."""
    while True:
        with suppress(Empty):
            return done.get(timeout=_TURN)


def _content_type(head: Head) -> str | None:
    """Of several Content-Types the last that is one, as in browsers (Fetch, section 3.6)."""
    given = [value for value in head.all("content-type") if value.partition(";")[0].count("/") == 1]
    return given[-1] if given else head.first("content-type")
