"""robots.txt, asked for only where the operator wants it noted or obeyed, and recorded then (RFC 9309)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Literal

from protego import Protego

from archiver.fetch.entity import beginning
from archiver.fetch.fetcher import Fetched, Fetcher
from archiver.fetch.request import Request
from archiver.url import Url
from archiver.warc.exchange import Exchange
from archiver.warc.stated import LIST_CAP

Regard = Literal["ignore", "note", "obey"]
"""What robots.txt is to the operator: not asked for, noted for the page alone, or obeyed throughout."""

_MOST_BYTES = 500 << 10  # as much as the RFC wants to be read
_REDIRECTS = 5
_MOST_LINES = 20_000
_AGENT_LINE = re.compile(r"\s*user(?:-|\s*)agent[\s:]*([^#]*)", re.IGNORECASE)
_MOST_CHARACTERS = 1 << 20


class Robots:
    """What each origin lets *agent* fetch, asked for once; thread-safe.

    Every exchange goes to *record*; *charge* counts a request of a URL that another led to, and gives the
    word for why it may not be sent. *notes* says what was found, as sentences for the record.
    """

    def __init__(
        self,
        regard: Regard,
        fetcher: Fetcher,
        record: Callable[[Exchange], None],
        deadline: float,
        charge: Callable[[str, str | None], str | None],
    ) -> None:
        self._regard = regard
        self._fetcher, self._record, self._deadline = fetcher, record, deadline
        self._charge = charge
        self._agent = fetcher.settings.user_agent.partition("/")[0].strip() or "archiver"
        self._rules: dict[str, Future[Protego | str]] = {}
        self._lock = threading.Lock()
        self._notes: dict[str, None] = {}
        self._room = _MOST_CHARACTERS

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found, in the order found; at most LIST_CAP sentences."""
        return tuple(self._notes)

    def refuses(self, url: Url, *, page: bool) -> bool:
        """Whether *url* is not to be fetched; *page* for the cited document and what it redirects to."""
        origin = url.origin
        if self._regard == "ignore" or origin is None or (self._regard == "note" and not page):
            return False
        rules = self._of(origin, url)
        where = f"{origin}/robots.txt"
        if isinstance(rules, str):
            allowed = rules.startswith("http-4")
            self._note(f"{where}: {rules}")
        else:
            allowed = _allows(rules, url, self._agent)
            if page or not allowed:
                self._note(f"{where} {'allows' if allowed else 'disallows'} {url.href}")
        return not allowed and self._regard == "obey"

    def _note(self, sentence: str) -> None:
        with self._lock:
            self._room -= len(sentence)
            if len(self._notes) < LIST_CAP and self._room >= 0:
                self._notes[sentence] = None

    def _of(self, origin: str, url: Url) -> Protego | str:
        """The rules of *origin*, or the word for why there are none; others wait for who asks first."""
        with self._lock:
            future = self._rules.get(origin)
            mine = future is None
            if future is None:
                future = self._rules[origin] = Future()
        if mine:
            try:
                future.set_result(self._ask(Url.parse(f"{origin}/robots.txt"), url))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def _ask(self, url: Url, wanted_by: Url) -> Protego | str:
        hops, via = "P", wanted_by.href
        for _ in range(_REDIRECTS + 1):
            if (refused := self._charge(url.href, via)) is not None:
                return refused
            request = Request(url=url, via=via, hops=hops, max_bytes=_MOST_BYTES)
            fetched = self._fetcher.fetch(request, deadline=self._deadline)
            try:
                for exchange in fetched.attempts:
                    self._record(exchange)
                head = fetched.head
                if head is None or (fetched.error and fetched.error != "length"):
                    return fetched.error or "no-response"
                onward, error = fetched.redirect(url)
                if onward is not None:
                    url, via, hops = onward, url.href, hops + "R"
                    continue
                if error is not None:
                    return error
                if 200 <= head.status < 300:
                    return _read(fetched, self._agent)
                return f"http-{head.status:03}"
            finally:
                for exchange in fetched.attempts:
                    exchange.response.close()
        return "http-404"  # the RFC takes what redirects on and on for none


def _read(fetched: Fetched, agent: str) -> Protego:
    assert fetched.best is not None
    assert fetched.head is not None
    text = beginning(fetched.best, fetched.head, _MOST_BYTES).decode("utf-8", "replace")
    return Protego.parse("\n".join(_for(agent, line) for line in text.splitlines()[:_MOST_LINES]))


def _for(agent: str, line: str) -> str:
    """*line* with another agent's name left out: each name would cost all the rules of its group again."""
    found = _AGENT_LINE.match(line)
    if found is None:
        return line
    name = found[1].strip().lower()
    return f"user-agent: {name if name in ('*', agent.lower()) else '-'}"


def _allows(rules: Protego, url: Url, agent: str) -> bool:
    try:
        return rules.can_fetch(url.without_fragment_text, agent)
    except ValueError:
        return False  # a URL it cannot take apart
