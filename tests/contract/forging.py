"""Bundles for the vectors: the forger of `tests.rogue` with keys from fixed numbers and gzip of fixed bytes.

What zlib and isal make of the same bytes depends on their version and on the processor, so records stand
here in stored blocks, whose bytes follow from RFC 1951 alone.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import msgspec

from archiver.bundle.bundle import ARCHIVES, INDEX, MANIFEST, PAGES
from archiver.bundle.container import LAST
from archiver.bundle.datapackage import Datapackage
from archiver.bundle.pages import Page, read_pages, write_pages
from archiver.manifest import project
from archiver.signing.identity import LocalIdentity
from archiver.warc.capture import OURS, Capture
from archiver.warc.cdxj import index_bytes
from archiver.warc.record import REQUEST
from archiver.warc.stated import MEDIA_TYPE, Cited, Stated
from archiver.warc.window import Window
from tests import small
from tests.contract.keys import COURT
from tests.memory import memory_file
from tests.rogue import forge, members_of, records_of
from tests.verify.test_attacks import DATE, PAGE, facts, record, record_id, response

WARC = ARCHIVES + OURS
SOFTWARE = "archiver test vectors"
HTML = b"<!doctype html><title>A page</title><p>Words.</p>\n"
ANSWER = response(1, HTML, more="Content-Type: text/html\r\n")
ASKED = record(
    "request", PAGE, b"GET /p HTTP/1.1\r\nHost: news.example\r\n\r\n", number=2, media=REQUEST,
    about=record_id(1), payload=b"",
)  # fmt: skip
OTHER = response(
    9, b"<p>Other words.</p>", url="https://news.example/other", more="Content-Type: text/html\r\n"
)
FACTS = facts(3, 1, "fetchTimeMs: 12\r\n")
PACKAGE, CLOSING = LAST

Bytes = Callable[[bytes], bytes]


def gzipped(data: bytes, *, flags: int = 0, after_header: bytes = b"", crc: int = 0, size: int = 0) -> bytes:
    """One gzip member of *data* in stored blocks; *crc* and *size* are XORed into its last fields."""
    blocks = [data[at : at + 0xFFFF] for at in range(0, len(data), 0xFFFF)] or [b""]
    out = bytearray(b"\x1f\x8b\x08" + bytes([flags]) + bytes(5) + b"\xff" + after_header)
    for number, block in enumerate(blocks, 1):
        length = len(block)
        out.append(number == len(blocks))
        out += length.to_bytes(2, "little") + (length ^ 0xFFFF).to_bytes(2, "little") + block
    out += (zlib.crc32(data) ^ crc).to_bytes(4, "little") + (len(data) ^ size).to_bytes(4, "little")
    return bytes(out)


def warc_of(records: Iterable[bytes]) -> bytes:
    """A WARC of one gzip member each."""
    return b"".join(map(gzipped, records))


def statement(**changes: Any) -> Stated:
    """What was stated of the capture of one page."""
    plain = msgspec.structs.replace(
        small.stated(),
        requested=PAGE,
        citations=[Cited(url=PAGE, as_written=PAGE, role="cited")],
        broken_at_origin=[],
        broken_at_origin_count=0,
    )
    return msgspec.structs.replace(plain, **changes)


def settings(**changes: Any) -> Stated:
    """The same, captured with other settings."""
    plain = statement()
    return msgspec.structs.replace(plain, settings=msgspec.structs.replace(plain.settings, **changes))


def stated_record(stated: Stated | bytes, number: int = 99) -> bytes:
    data = stated if isinstance(stated, bytes) else stated.to_json()
    return record("metadata", record_id(number), data, number=number, media=MEDIA_TYPE)


def warcinfo() -> bytes:
    return small_records()[0]


@functools.cache
def small_members() -> dict[str, bytes]:
    return members_of(small.bundle())


def small_records() -> list[bytes]:
    """The records of the smallest capture that has every part."""
    return records_of(small_members()[WARC])


def whole(*records: bytes, stated: Stated | bytes | None = None) -> list[bytes]:
    """A capture of *records*, that of one page if there are none."""
    return [warcinfo(), *(records or (ANSWER,)), stated_record(stated or statement())]


def page(url: str = PAGE, date: str = DATE, title: str = "A page") -> Page:
    return Page(id="page-1", title=title, ts=date, url=url)


def consistent(
    records: Sequence[bytes], pages: Sequence[Page] | None = None, more: dict[str, bytes] | None = None
) -> dict[str, bytes]:
    """The members that *records* and *pages* make; FormatError where they can make none."""
    listed = (page(),) if pages is None else tuple(pages)
    return rebuilt({WARC: warc_of(records), PAGES: write_pages(listed), **(more or {})})


def rebuilt(members: dict[str, bytes]) -> dict[str, bytes]:
    """*members* with index and manifest as their archives and pages give them."""
    with ExitStack() as files:
        archives = {
            name.removeprefix(ARCHIVES): Window(files.enter_context(memory_file(data)))
            for name, data in members.items()
            if name.startswith(ARCHIVES)
        }
        capture = Capture(archives)
        listed = read_pages(members[PAGES])
        manifest = project(capture, ((one.url, one.ts) for one in listed))
        return {**members, INDEX: index_bytes(capture), MANIFEST: manifest.to_json()}


def sealed(
    members: dict[str, bytes],
    local: LocalIdentity = COURT,
    *,
    package: Callable[[Datapackage], Datapackage] = lambda value: value,
    **hooks: Any,
) -> bytes:
    """*members* with every hash and signature right; the hooks are those of `tests.rogue.forge`."""
    try:
        listed = read_pages(members.get(PAGES, write_pages((page(),))))
    except Exception:  # a list of pages that cannot be read: the main page is then the plain one
        listed = (page(),)
    first = listed[0] if listed else None

    def main(value: Datapackage) -> Datapackage:
        named = msgspec.structs.replace(
            value,
            software=SOFTWARE,
            main_page_url=first.url if first else None,
            main_page_date=first.ts if first else None,
            title=(first.title or None) if first else None,
        )
        return package(named)

    return forge(members, local=local, package=main, **hooks)


@functools.cache
def base() -> dict[str, bytes]:
    """The members of the bundle of one page, sealed by the court."""
    return members_of(sealed(consistent(whole())))


def hostile(*packed: bytes) -> dict[str, bytes]:
    """The base with gzip members *packed* before its last record; its index and manifest are stale."""
    *rest, last = whole()
    return {**base(), WARC: warc_of(rest) + b"".join(packed) + gzipped(last)}


def replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    """*data* with its first *old* as *new*; an AssertionError where there is none."""
    assert old in data, old
    return data.replace(old, new, 1)
