"""What recording costs on top of fetching: CPU of the client alone, the server being another process."""

from __future__ import annotations

import time
from pathlib import Path

import requests

from archiver.fetch.fetcher import Fetcher
from archiver.fetch.request import Request
from archiver.fetch.settings import FetchSettings
from archiver.url import Url
from archiver.warc.writer import WarcWriter
from benchmarks.origin import ADDRESS, SMALL_BYTES, origin
from benchmarks.paired import paired
from benchmarks.row import Row, seconds
from benchmarks.sample import START
from benchmarks.workshop import Workshop

_COUNT = 400


def run(workshop: Workshop) -> tuple[Row, ...]:
    """CPU a request for small documents over one kept connection, without and with a WARC being written."""
    rows = []
    with origin() as port:
        urls = [f"http://{ADDRESS}:{port}/small/{number}" for number in range(_COUNT)]
        for what, warc, target in (
            ("fetch and record a small document", None, 15),
            ("the same, written to a WARC", workshop.folder / "recording.warc.gz", 50),
        ):
            our_time, their_time = paired(lambda warc=warc: _ours(urls, warc), lambda: _theirs(urls))  # type: ignore[misc]
            rows.append(
                Row(
                    benchmark="recording",
                    what=what,
                    ours=f"{seconds(our_time / _COUNT)} CPU",
                    peer="requests, nothing recorded",
                    theirs=f"{seconds(their_time / _COUNT)} CPU",
                    figure=100 * (our_time / their_time - 1),
                    unit="%",
                    sense="at most",
                    target=target,
                )
            )
    return tuple(rows)


def _ours(urls: list[str], warc: Path | None) -> float:
    with Fetcher(FetchSettings(allow_private=True)) as fetcher:
        if warc is None:
            return _fetch_all(fetcher, urls, None)
        with warc.open("wb") as out:
            writer = WarcWriter(out, software="bench")
            writer.warcinfo({}, date=START)
            return _fetch_all(fetcher, urls, writer)


def _fetch_all(fetcher: Fetcher, urls: list[str], writer: WarcWriter | None) -> float:
    started = time.process_time()
    for url in urls:
        fetched = fetcher.fetch(Request(url=Url.parse(url), kind="document"))
        if fetched.best is None or fetched.best.response_size < SMALL_BYTES:
            raise RuntimeError(f"{url}: {fetched.message}")
        for attempt in fetched.attempts:
            if writer is not None:
                writer.exchange(attempt)
            attempt.response.close()
    return time.process_time() - started


def _theirs(urls: list[str]) -> float:
    with requests.Session() as session:
        session.trust_env = False  # as ours: no look at proxies and .netrc for each request
        started = time.process_time()
        for url in urls:
            if len(session.get(url, timeout=30).content) != SMALL_BYTES:
                raise RuntimeError(f"{url}: not the document")
        return time.process_time() - started
