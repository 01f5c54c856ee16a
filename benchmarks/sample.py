"""Made-up exchanges to write, the same on every run: pages of words, and pictures, which do not compress."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate

from archiver.warc.exchange import Exchange

START = datetime(2026, 11, 23, 10, 6, 51, 123456, tzinfo=UTC)
PAGE = "https://bench.example/0.html"
ADDRESS = "192.0.2.1"

_POOL = 4 << 20
SYLLABLES = "ba con de el fra gi ho in ju ko la mo ne or pa qui ra so ti un ver wa th st ing ed"
_NAVIGATION = "".join(
    f'<li class="nav__item"><a href="/{name}/" class="nav__link" data-track="nav-{name}">{name}</a></li>\n'
    for name in ("home", "news", "local", "sport", "weather", "culture", "letters", "archive", "about")
)
_MARKUP = (
    '<li class="item"><a class="link link--plain" href="/section/{}.html">{}</a></li>\n',
    '<div class="card card--wide" data-id="{}"><span class="card__title">{}</span></div>\n',
    '<h2 id="{}">{}</h2>\n',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One GET and its answer."""

    url: str
    mime: str
    body: bytes
    started: datetime

    @property
    def path(self) -> str:
        """What the request line asks for."""
        return self.url.removeprefix("https://bench.example")

    @property
    def request_fields(self) -> list[tuple[str, str]]:
        """The request's head fields."""
        return [
            ("Host", "bench.example"),
            ("User-Agent", "bench/1"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "gzip, br"),
            ("Connection", "keep-alive"),
        ]

    @property
    def response_fields(self) -> list[tuple[str, str]]:
        """The response's head fields."""
        return [
            ("Date", "Mon, 23 Nov 2026 10:06:51 GMT"),
            ("Server", "bench"),
            ("Content-Type", self.mime),
            ("Content-Length", str(len(self.body))),
            ("Cache-Control", "max-age=3600"),
            ("Connection", "keep-alive"),
        ]

    def exchange(self) -> Exchange:
        """The same as it went over the wire."""
        request = _message(f"GET {self.path} HTTP/1.1", self.request_fields)
        response = _message("HTTP/1.1 200 OK", self.response_fields) + self.body
        return Exchange(
            url=self.url,
            method="GET",
            started=self.started,
            duration_us=20_000,
            request=request,
            response=io.BytesIO(response),
            response_size=len(response),
            address=ADDRESS,
            via=None if self.url == PAGE else PAGE,
            hops="" if self.url == PAGE else "E",
        )


def samples(count: int, size: int, *, pictures: bool) -> Iterator[Sample]:
    """*count* samples with bodies of *size* bytes: pages, or with *pictures* pages and pictures in turn.

    No two bodies are equal, so that nobody saves work by writing one of them once.
    """
    words, noise = _pools()
    for number in range(count):
        picture = pictures and number % 2 == 1
        pool = noise if picture else words
        offset = number * 7919 % (_POOL // 2)
        body = (b"%012d" % number + pool[offset : offset + size])[:size]
        while len(body) < size:  # larger than the pool
            body += pool[: size - len(body)]
        yield Sample(
            url=f"https://bench.example/{number}.{'png' if picture else 'html'}",
            mime="image/png" if picture else "text/html; charset=utf-8",
            body=body,
            started=START + timedelta(milliseconds=number),
        )


def _message(first: str, fields: list[tuple[str, str]]) -> bytes:
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in fields), "", ""]).encode("ascii")


@cache
def _pools() -> tuple[bytes, bytes]:
    """HTML, which gzip makes about as small and as slowly as it does real pages, and noise."""
    source = random.Random(20261123)
    words = ["".join(source.choices(SYLLABLES.split(), k=source.randint(1, 4))) for _ in range(5_000)]
    word_ranks = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    phrases = [
        " ".join(source.choices(words, cum_weights=word_ranks, k=source.randint(2, 8))) for _ in range(2_000)
    ]
    phrase_ranks = list(accumulate(1 / (rank + 30) for rank in range(len(phrases))))
    lines: list[str] = []
    size = 0
    while size < _POOL:
        kind = source.random()
        if kind < 0.1:
            line = _NAVIGATION
        elif kind < 0.8:
            title = " ".join(source.choices(words, cum_weights=word_ranks, k=3))
            line = source.choice(_MARKUP).format(source.randrange(10**6), title)
        else:
            told = source.choices(phrases, cum_weights=phrase_ranks, k=source.randint(6, 20))
            line = f'<p class="text">{" ".join(told)}.</p>\n'
        lines.append(line)
        size += len(line)
    return "".join(lines).encode("ascii")[:_POOL], source.randbytes(_POOL)
