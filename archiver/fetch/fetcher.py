"""The one recorder that owns every socket: a request in, every attempt at it out."""

from __future__ import annotations

import math
import re
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import msgspec

from archiver.errors import CaptureError, FormatError
from archiver.fetch import guard
from archiver.fetch.connection import Connection, Dialer, Origin
from archiver.fetch.cookies import Cookies
from archiver.fetch.entity import body_digest
from archiver.fetch.hazard import hazard
from archiver.fetch.limits import Ledger, Limits
from archiver.fetch.pool import Pool
from archiver.fetch.recorder import Answer, read_answer
from archiver.fetch.request import Request, request_bytes
from archiver.fetch.secrets import Secrets
from archiver.fetch.settings import FetchSettings
from archiver.fetch.wire import Errand
from archiver.links.link import MAX_CHARACTERS_EACH
from archiver.url import Url
from archiver.url.suffixes import site
from archiver.warc.exchange import Exchange
from archiver.warc.http1 import Head

_TRUNCATED = {"length": "length", "timeout": "time", "disconnect": "disconnect"}
"""A fault's reason as WARC-Truncated has it; anything else is `unspecified`."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_ASKED_AGAIN = 8 << 20
"""Bytes of the largest answer that is asked for once more because players may stumble over it."""
_TIME_FOR_IT = 5.0
"""Seconds that must be left for that."""

_TRANSIENT = frozenset({"connect", "tls", "disconnect", "protocol", "proxy"})


def utc_now() -> datetime:
    """The time, to the microsecond."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """All that came of one request."""

    attempts: tuple[Exchange, ...]
    """Every request that was sent, in order; each but the best names it in *superseded_by*."""
    best: Exchange | None
    """The attempt that counts: whole and below 500, else whole, else what there is; None for no answer."""
    head: Head | None
    """The head of *best*, as understood."""
    error: str | None
    """Why there is no whole response, in one stable word; None where there is one."""
    message: str
    """The same for people; empty where there is a whole response."""
    hazard: str | None
    """What players may stumble over in *best*, in one stable word."""
    exposed: bool
    """Whether an answer was seen to repeat a secret where nothing is blanked."""

    def redirect(self, url: Url) -> tuple[Url | None, str | None]:
        """Where a whole redirect of *url* leads, or the word for why it leads nowhere; neither for others."""
        head = self.head
        location = head.first("location") if head is not None else None
        if head is None or location is None or self.error or head.status not in _REDIRECTS:
            return None, None
        try:
            target = Url.parse(location, url).without_fragment
        except FormatError:
            return None, "bad-redirect"
        if len(target.href) > MAX_CHARACTERS_EACH:
            return None, "limit-links"
        if target.has_userinfo:
            return None, "userinfo"
        return (target, None) if target.is_http else (None, "scheme")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """One go at a request: an exchange where a request was sent, a fault where it is not whole."""

    exchange: Exchange | None
    head: Head | None
    fault: CaptureError | None
    hazard: str | None = None
    exposed: bool = False

    @property
    def rank(self) -> int:
        """How good an answer: 3 a whole one, 2 a whole one the server was not well, 1 a part, 0 none."""
        if self.exchange is None or not self.exchange.response_size or self.head is None:
            return 0
        if self.fault is not None:
            return 1
        return 2 if self.head.is_unwell else 3

    @property
    def deserves_another(self) -> bool:
        """Whether the next attempt may well be better."""
        if self.fault is None:
            return self.head is not None and self.head.is_unwell
        if isinstance(self.fault.__cause__, ssl.SSLCertVerificationError):
            return False
        if self.fault.reason == "dns":
            return not guard.is_lasting(self.fault)
        return self.fault.reason in _TRANSIENT


class Fetcher:
    """Sends requests and records what goes over the wire; thread-safe, and closed by `close`.

    *settings* say how servers are reached, *limits* how much is allowed. Their secret headers go to the
    origin of *cited* alone, without it to nobody. *stop*, once set, ends what runs within a moment, each as
    `stopped`. *lookup* gives a name's addresses, *now* the time.
    One fetcher is one capture: its cookies and connections are shared by all its requests.
    FormatError where *settings* name certificates that are none.
    """

    def __init__(
        self,
        settings: FetchSettings | None = None,
        limits: Limits | None = None,
        *,
        cited: Url | None = None,
        stop: threading.Event | None = None,
        lookup: guard.Lookup = guard.system_lookup,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings if settings is not None else FetchSettings()
        self.limits = limits if limits is not None else Limits()
        self.stop = stop if stop is not None else threading.Event()
        self._now = now
        self._dialer = Dialer(self.settings, self.limits, lookup)
        self._pool = Pool(self._dialer.open, self.limits)
        self._cookies = Cookies(self.settings.cookies)
        self._secrets = Secrets(self.settings, cited)
        self._ledger = Ledger()
        self._page: Url | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection that is idle; those in use follow when their fetch ends."""
        self._pool.close()

    def interrupt(self) -> None:
        """End every fetch that runs, within a moment, and let no other begin."""
        self.stop.set()

    @property
    def reached_private(self) -> bool:
        """Whether any connection went to an address outside the public network."""
        return self._dialer.reached_private

    @property
    def codes(self) -> tuple[str, ...]:
        """The settings' codes, and PRIVATE_ADDRESS where one was reached by whatever way."""
        settings = self.settings
        private = settings.allow_private or self.reached_private
        return replace(settings, allow_private=private).codes

    def fetch(self, request: Request, *, deadline: float | None = None) -> Fetched:
        """Everything that came of *request*, tried again where that may help; redirects are not followed.

        *deadline*, a reading of `time.monotonic`, bounds all of it. Whatever the network does is a result
        and no exception; the responses' files are the caller's to close.
        """
        url = request.url.without_fragment
        errand = Errand(url.href, deadline=deadline, stop=self.stop)
        tries: list[_Try] = []
        try:
            origin = _origin(request, errand)
            for attempt in range(self.limits.attempts):
                if attempt and not errand.sleep(self._pause(attempt, tries[-1])):
                    errand.check_stop()
                    break
                tries += self._attempt(request, origin, errand)
                if not tries[-1].deserves_another:
                    break
            if self._is_hazardous(tries[-1], request, errand):
                tries = _without(tries, self._attempt(request, origin, errand, encoding="identity"))
        except CaptureError as error:
            tries.append(_Try(exchange=None, head=None, fault=error))
        except BaseException:
            for one in tries:
                if one.exchange is not None:
                    one.exchange.response.close()
            raise
        return _judged(tries)

    def _is_hazardous(self, one: _Try, request: Request, errand: Errand) -> bool:
        """Whether *one* is a whole answer that is worth a request without any coding."""
        if one.hazard is None or one.rank < 3 or one.exchange is None or request.method != "GET":
            return False
        if one.head is not None and 300 <= one.head.status < 400:
            return False  # nobody sees its body
        left = errand.deadline - time.monotonic() if errand.deadline is not None else math.inf
        again = 2 * one.exchange.duration_us / 1_000_000
        return one.exchange.response_size <= _ASKED_AGAIN and left >= max(_TIME_FOR_IT, again)

    def _attempt(
        self, request: Request, origin: Origin, errand: Errand, *, encoding: str = "gzip, br"
    ) -> list[_Try]:
        """One attempt; two tries where a connection used before turned out to be dead."""
        tries: list[_Try] = []
        for fresh in (False, True):
            try:
                connection = self._pool.take(origin, errand, fresh=fresh)
            except CaptureError as error:
                tries.append(_Try(exchange=None, head=None, fault=error))
                break
            used = connection.used
            one, heard = self._converse(request, connection, errand, encoding)
            tries.append(one)
            if heard or not used or one.fault is None or one.fault.reason != "disconnect":
                break
        return tries

    def _converse(
        self, request: Request, connection: Connection, errand: Errand, encoding: str
    ) -> tuple[_Try, bool]:
        """Send *request* on *connection* and read what comes; also whether anything came."""
        reusable = False
        try:
            data = request_bytes(
                request,
                user_agent=self.settings.user_agent,
                headers=self.settings.headers + self._secrets.headers(request.url),
                cookie=self._secrets.cookie(
                    request.url, self._cookies.header(errand.url, own=self._is_own(request))
                ),
                encoding=encoding,
            )
            if not self._ledger.take_head(data):
                fault = errand.error("length", "more heads of requests than a record can hold")
                reusable = True
                return _Try(exchange=None, head=None, fault=fault), False
            started, clock = self._now(), time.monotonic()
            try:
                connection.send(data, errand, self.limits.idle)
            except CaptureError as error:
                return _Try(exchange=None, head=None, fault=error), False
            answer = read_answer(
                connection,
                method=request.method,
                most=request.max_bytes,
                budget=request.budget,
                ledger=self._ledger,
                limits=self.limits,
                errand=errand,
            )
            reusable = answer.reusable
        finally:
            connection.used += 1
            self._pool.give(connection, reusable=reusable)
        duration = time.monotonic() - clock
        self._cookies.learn(errand.url, answer.raw_head)
        redacted: tuple[str, ...] = ()
        if self._secrets.given:
            data, answer, redacted = self._secrets.blank(data, answer, errand)
        answer.response.seek(0)
        exchange = Exchange(
            url=errand.url,
            method=request.method,
            started=started,
            duration_us=round(duration * 1_000_000),
            request=data,
            response=answer.response,
            response_size=answer.size,
            interim=answer.interim,
            truncated=_TRUNCATED.get(answer.fault.reason, "unspecified") if answer.fault else None,
            address=connection.address,
            tls=connection.tls,
            via=request.via,
            hops=request.hops,
            redacted=redacted,
        )
        found = _Try(
            exchange=exchange,
            head=answer.head,
            fault=answer.fault,
            hazard=_hazard(answer),
            exposed=self._secrets.given and self._secrets.exposed(exchange, answer.head),
        )
        return found, answer.heard

    def _is_own(self, request: Request) -> bool:
        """Whether *request* is for the page, or for the site where its redirects have led so far."""
        if not self.settings.cookies:
            return True
        if not request.hops.strip("R"):
            self._page = request.url
        return self._page is None or site(request.url) == site(self._page)

    def _pause(self, attempt: int, last: _Try) -> float:
        """Seconds to wait before attempt number *attempt* (from 1)."""
        pause = self.limits.backoff * float(1 << (attempt - 1))
        asked = last.head.first("retry-after") if last.head is not None else None
        if asked is not None and (seconds := retry_after(asked, self._now())) is not None:
            pause = max(pause, seconds)
        return min(pause, self.limits.retry_after)


def retry_after(value: str, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or as a date; None where it is neither."""
    if re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


def _origin(request: Request, errand: Errand) -> Origin:
    if request.url.has_userinfo:
        message = "a name or password in a URL would be recorded for every reader: send a header from a file"
        raise errand.error("userinfo", message)
    return Origin.of(request.url)


def _hazard(answer: Answer) -> str | None:
    if answer.head is None or answer.size == len(answer.raw_head):
        return None
    return hazard(answer.head, answer.oddity)


def _without(tries: list[_Try], coding: list[_Try]) -> list[_Try]:
    """*tries* with those at the same without any *coding*, which count unless their answer is another one.

    Of two answers that are as good the later counts, in a record too: so one that says something else, a
    406, a redirect or another body, is put before the last of *tries*.
    """
    first, second = tries[-1], coding[-1]
    same = first.head is not None and second.head is not None and first.head.status == second.head.status
    if same and first.exchange is not None and second.exchange is not None:
        assert first.head is not None
        assert second.head is not None
        told = body_digest(first.exchange, first.head)  # None where we cannot undo the coding either
        same = told is None or told == body_digest(second.exchange, second.head)
    return [*tries, *coding] if same else [*tries[:-1], *coding, tries[-1]]


def _judged(tries: list[_Try]) -> Fetched:
    """The result of *tries*: the latest of the best ones counts."""
    winner = max(reversed(tries), key=lambda one: one.rank)
    best = winner.exchange if winner.rank else None
    attempts = [one.exchange for one in tries if one.exchange is not None]
    if best is not None:
        identity = best.record_id
        attempts = [
            one if one is best else msgspec.structs.replace(one, superseded_by=identity) for one in attempts
        ]
    fault = winner.fault if winner.rank else tries[-1].fault
    return Fetched(
        attempts=tuple(attempts),
        best=best,
        head=winner.head if best is not None else None,
        error=fault.reason if fault is not None else None,
        message=str(fault) if fault is not None else "",
        hazard=winner.hazard if best is not None else None,
        exposed=any(one.exposed for one in tries),
    )
