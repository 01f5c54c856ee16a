"""From a finished capture to a packed, unsigned bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import BinaryIO

from archiver.bundle.bundle import ARCHIVES, INDEX, MANIFEST, PAGES
from archiver.bundle.container import ContainerWriter, order_key
from archiver.bundle.datapackage import (
    DIGEST_NAME,
    NAME,
    WACZ_VERSION,
    Datapackage,
    DatapackageDigest,
    Resource,
)
from archiver.bundle.moment import utc_text
from archiver.bundle.pages import Page, write_pages
from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.manifest import project
from archiver.version import __version__
from archiver.warc.capture import Capture, StoredExchange
from archiver.warc.cdxj import index_bytes

SOFTWARE = f"archiver {__version__}"


def pages_of(capture: Capture, title: Callable[[StoredExchange], str]) -> tuple[Page, ...]:
    """The page of a capture of ours: what answered the URL that was requested.

    *title* reads the title of the answer that the redirects ended at. Empty where there was no answer.
    Raises FormatError for a capture that is not one of ours.
    """
    stated = capture.stated()
    if stated is None:
        raise FormatError("has no stated record: it was not captured by archiver", where="data.warc.gz")
    exchanges = [exchange for exchange in capture.exchanges() if exchange.facts.superseded_by is None]
    for exchange in exchanges:
        if exchange.url == stated.requested and exchange.facts.hops == "":
            return (page_of(exchange, title(_final(exchange, exchanges))),)
    return ()


def page_of(exchange: StoredExchange, title: str) -> Page:
    """The line of pages.jsonl for *exchange*."""
    date = exchange.record.date
    name = Digest.of(f"{exchange.url} {date}".encode()).hex[:32]
    return Page(id=name, url=exchange.url, ts=date, title=title)


def pack(
    capture: Capture,
    *,
    pages: tuple[Page, ...],
    to: BinaryIO,
    created: datetime,
    members: Mapping[str, bytes] | None = None,
) -> None:
    """Write *capture* as a packed bundle to the seekable file *to*.

    *members* are further files (article, screenshot …) by name. Given the same WARC, *created* and
    version, the bytes are the same. Raises FormatError where the capture is not a sound one of ours, or
    an archive is not any more what was scanned.
    """
    manifest = project(capture, ((page.url, page.ts) for page in pages))
    small: dict[str, bytes] = {
        INDEX: index_bytes(capture),
        PAGES: write_pages(pages),
        MANIFEST: manifest.to_json(),
        **(members or {}),
    }
    writer = ContainerWriter(to)
    resources: list[Resource] = []
    archives = {ARCHIVES + name for name in capture.sizes}
    for name in sorted(archives | small.keys(), key=order_key):
        if name in archives:
            archive = name.removeprefix(ARCHIVES)
            window = capture.window(archive)
            resources.append(_add(writer, name, window.chunks(), window.size))
            if resources[-1].hash != str(capture.digests[archive]):
                raise FormatError("was written to while it was packed", where=name, code="CHANGED_WHILE_READ")
        else:
            resources.append(_add(writer, name, (small[name],), len(small[name])))
    package = Datapackage(
        profile="data-package",
        wacz_version=WACZ_VERSION,
        created=utc_text(created),
        software=SOFTWARE,
        title=pages[0].title or None if pages else None,
        main_page_url=pages[0].url if pages else None,
        main_page_date=pages[0].ts if pages else None,
        resources=resources,
    )
    data = package.to_json()
    closing = DatapackageDigest(path=NAME, hash=str(Digest.of(data)))
    writer.add(NAME, (data,), len(data))
    data = closing.to_json()
    writer.add(DIGEST_NAME, (data,), len(data))
    writer.finish()


def _add(writer: ContainerWriter, name: str, chunks: Iterable[bytes], size: int) -> Resource:
    return Resource(name=name, path=name, hash=str(writer.add(name, chunks, size)), bytes=size)


def _final(page: StoredExchange, exchanges: list[StoredExchange]) -> StoredExchange:
    """Where the redirects from *page* ended; each step makes hops one letter longer, so this ends."""
    onward = {
        (exchange.facts.via, exchange.facts.hops): exchange
        for exchange in reversed(exchanges)
        if exchange.facts.via is not None
    }
    while 300 <= page.status < 400:
        following = onward.get((page.url, page.facts.hops + "R"))
        if following is None:
            break
        page = following
    return page
