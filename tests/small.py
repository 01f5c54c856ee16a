"""The smallest bundle that has every part, made without a network, the same bytes each time.

A redirect over http to a page over https (TLS chain), a stylesheet whose first attempt was a 503 and
whose second is chunked with a trailer and came after a 103, an image that is gone, and what was stated.
"""

from __future__ import annotations

import functools
import io
import itertools
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from archiver.bundle.pack import pack, pages_of
from archiver.bundle.seal import seal
from archiver.signing.identity import LocalIdentity
from archiver.verify import Policy, Signer
from archiver.warc.capture import Capture
from archiver.warc.exchange import Exchange, TlsSession
from archiver.warc.stated import Cited, Clock, Instant, Missing, Settings, Stated
from archiver.warc.window import Window
from archiver.warc.writer import WarcWriter

NOON = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
PAGE = "https://news.example/2026/article?id=1"
HTML = b"<!doctype html><title>A small   article</title><link rel=stylesheet href=a.css><p>Words.</p>\n"
ANSWER = (
    b"HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 12:00:01 GMT\r\nContent-Type: text/html\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(HTML), HTML)
)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\ncontent-TYPE:text/css\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
    b"5\r\np{col\r\n8;x=y\r\nor:red}\n\r\n0\r\nX-T: 1\r\n\r\n"
)
TLS = TlsSession(
    version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256", chain=(b"0\x03\x02\x01\x01", b"0\x03\x02\x01\x02")
)


def ids() -> Callable[[], str]:
    """Record ids that count."""
    numbers = itertools.count(1)
    return lambda: f"urn:uuid:00000000-0000-4000-8000-{next(numbers):012x}"


def exchanges(new_id: Callable[[], str]) -> list[Exchange]:
    retried = new_id()
    cases: list[tuple[str, bytes, dict[str, object]]] = [
        (
            "http://news.example/a",
            b"HTTP/1.1 301 Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % PAGE.encode(),
            {},
        ),
        (
            PAGE,
            ANSWER,
            {"via": "http://news.example/a", "hops": "R", "tls": TLS},
        ),
        (
            "https://news.example/2026/a.css",
            b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy",
            {"via": PAGE, "hops": "RE", "tls": TLS, "superseded_by": retried},
        ),
        (
            "https://news.example/2026/a.css",
            CHUNKED,
            {
                "via": PAGE,
                "hops": "RE",
                "tls": TLS,
                "record_id": retried,
                "interim": (b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n",),
            },
        ),
        (
            "https://news.example/gone.png",
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\ngone\n",
            {"via": PAGE, "hops": "RE", "tls": TLS},
        ),
    ]
    made = []
    for number, (url, response, more) in enumerate(cases):
        target = url.partition("://")[2].partition("/")[2]
        values: dict[str, object] = {
            "record_id": new_id(),
            "url": url,
            "method": "GET",
            "started": NOON + timedelta(milliseconds=7 * number),
            "duration_us": 12_345,
            "request": f"GET /{target} HTTP/1.1\r\nHost: news.example\r\n\r\n".encode(),
            "response": io.BytesIO(response),
            "response_size": len(response),
            "address": "203.0.113.7",
            **more,
        }
        made.append(Exchange(**values))  # type: ignore[arg-type]
    return made


def stated() -> Stated:
    return Stated(
        broken_at_origin=[Missing(url="https://news.example/gone.png", referrer=PAGE, reason="http-404")],
        broken_at_origin_count=1,
        citations=[Cited(url="http://news.example/a", as_written="http://news.example/a", role="cited")],
        clock=Clock(
            start=Instant(utc="2026-11-23T12:00:00.250000Z", monotonic_us=1),
            end=Instant(utc="2026-11-23T12:00:01.250000Z", monotonic_us=1_000_001),
            ntp=None,
        ),
        engine="http",
        environment={"software": "archiver 0.1.0"},
        imports=[],
        missing=[],
        missing_count=0,
        memento=None,
        noarchive=[],
        operator=None,
        origin="captured",
        reasons=[],
        relations=[],
        replay_hazards=[],
        requested="http://news.example/a",
        robots=[],
        settings=Settings(
            allow_private=False,
            cacert=[],
            concurrency=16,
            cookies=0,
            headers=[],
            insecure=False,
            limits={"redirects": 20},
            private_reached=False,
            proxy=None,
            redacted=False,
            resolve=[],
            robots="ignore",
            user_agent="archiver",
        ),
        signs=[],
        status="complete",
    )


def write_warc(out: BinaryIO, statement: Stated | None = None) -> None:
    new_id = ids()
    writer = WarcWriter(out, software="archiver 0.1.0", new_id=new_id)
    writer.warcinfo({}, date=NOON)
    for exchange in exchanges(new_id):
        writer.exchange(exchange)
    writer.stated((statement or stated()).to_json(), date=NOON + timedelta(seconds=1))
    out.flush()


@functools.cache
def identity() -> LocalIdentity:
    """One identity a process: keys are made anew each run."""
    return LocalIdentity.create("Example Law Library")


def policy(local: LocalIdentity | None = None) -> Policy:
    """A policy that trusts *local*, under the verifier's own name for it."""
    fingerprint = (local or identity()).identity.fingerprint
    return Policy(signers=(Signer(fingerprint=fingerprint, name="The library", since="2026-02-11"),))


def packed(statement: Stated | None = None, members: dict[str, bytes] | None = None) -> bytes:
    with tempfile.TemporaryFile() as warc, tempfile.TemporaryFile() as out:
        write_warc(warc, statement)
        capture = Capture({"data.warc.gz": Window(warc)})
        pages = pages_of(capture, lambda _: "A small article")
        pack(capture, pages=pages, to=out, created=NOON, members=members)
        out.seek(0)
        return out.read()


def sealed(data: bytes | None = None, local: LocalIdentity | None = None) -> bytes:
    with tempfile.TemporaryFile() as out:
        out.write(packed() if data is None else data)
        out.flush()
        seal(out, local or identity(), created=NOON)
        out.seek(0)
        return out.read()


@functools.cache
def bundle() -> bytes:
    """The sealed bundle, once a process."""
    return sealed()
