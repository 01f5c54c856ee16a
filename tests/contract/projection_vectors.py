"""Vectors of what follows from the records: index, pages, manifest, datapackage.json and the status."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from archiver import strictjson
from archiver.bundle.bundle import INDEX, MANIFEST, PAGES
from archiver.bundle.datapackage import Datapackage, Resource
from archiver.bundle.pages import HEADER, Page, write_pages
from archiver.manifest import CaptureEntry
from archiver.warc.record import REQUEST
from archiver.warc.stated import Missing, Seen
from tests.contract.forging import (
    ANSWER,
    OTHER,
    Bytes,
    base,
    consistent,
    page,
    replaced,
    sealed,
    statement,
    whole,
)
from tests.contract.vector import Vector, vector
from tests.verify.test_attacks import LATER, PAGE, facts, record, record_id, response

MISSING = Missing(url="https://news.example/x", referrer=PAGE, reason="timeout")
_INDEX = "index HASH_FAILURE"
_PAGES = "pages HASH_FAILURE"
_MANIFEST = "manifest HASH_FAILURE"
_CONTRADICTION = "manifest CONTRADICTION"
_HTML = "Content-Type: text/html\r\n"


# The index


@functools.cache
def _two() -> dict[str, bytes]:
    """A capture of two answers, so that the index has two lines."""
    return consistent(whole(ANSWER, OTHER))


def _indexed(change: Bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        changed = change(_two()[INDEX])
        assert changed != _two()[INDEX]
        return sealed({**_two(), INDEX: changed})

    return make


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[], bytes]:
    return _indexed(lambda data: b"".join(change(data.splitlines(keepends=True))))


def _entry(**fields: Any) -> Callable[[], bytes]:
    """A maker of a bundle whose first index line has other fields, those of None the second line's."""

    def change(lines: list[bytes]) -> list[bytes]:
        key, moment, first = lines[0].split(b" ", 2)
        values, other = json.loads(first), json.loads(lines[1].split(b" ", 2)[2])
        values |= {name: other[name] if value is None else value for name, value in fields.items()}
        return [key + b" " + moment + b" " + json.dumps(values).encode() + b"\n", *lines[1:]]

    return _lines(change)


_LINES: list[Vector] = [
    vector("index-place-of-another-record", _INDEX, _entry(offset=None, length=None),
           "An index line leads to the record of another URL."),
    vector("index-offset-inside-a-record", _INDEX,
           _indexed(lambda data: data.replace(b'"offset": "', b'"offset": "1', 1)),
           "An index line leads into no record."),
    vector("index-length-of-another-record", _INDEX, _entry(length=None),
           "An index line has another record's length."),
    vector("index-of-another-file", _INDEX, _entry(filename="more.warc.gz"),
           "An index line names another archive."),
    vector("index-of-another-url", _INDEX, _entry(url=None), "An index line gives a record another URL."),
    vector("index-key-of-another-url", _INDEX,
           _lines(lambda lines: sorted([lines[0].replace(b"/other ", b"/p0 "), lines[1]])),
           "An index line stands under another URL's key: a player asked for that URL serves this record."),
    vector("index-of-another-status", _INDEX, _entry(status="404"),
           "An index line gives an answer another status."),
    vector("index-of-another-record-digest", _INDEX, _entry(recordDigest=f"sha256:{'0' * 64}"),
           "An index line has another record's digest."),
    vector("index-line-missing", _INDEX, _lines(lambda lines: lines[:1]), "A record has no index line."),
    vector("index-line-of-no-record", _INDEX,
           _lines(lambda lines: [*lines, lines[1].replace(b"/p ", b"/q ")]),
           "An index line is of no record."),
    vector("index-lines-in-another-order", _INDEX, _lines(lambda lines: lines[::-1]),
           "Index lines are out of order: a reader that searches by halves finds neither."),
    vector("index-line-without-an-end", _INDEX, _indexed(lambda data: data[:-1]),
           "The last index line has no end."),
    vector("index-empty", _INDEX, lambda: sealed({**_two(), INDEX: b""}), "The index is empty."),
]  # fmt: skip


# Pages


def _listing(*pages: Page, records: Sequence[bytes] = ()) -> Callable[[], bytes]:
    """A maker of a bundle that lists *pages*, which need not be; all else is that of its records."""

    def make() -> bytes:
        members = consistent(whole(*records), []) if records else base()
        return sealed({**members, PAGES: write_pages(pages)})

    return make


def _raw(change: Bytes) -> Callable[[], bytes]:
    return lambda: sealed({**base(), PAGES: change(base()[PAGES])})


_POSTED = (
    response(1, b"posted", more=_HTML),
    record("request", PAGE, b"POST /p HTTP/1.1\r\nHost: news.example\r\nContent-Length: 3\r\n\r\nx=1",
           number=2, media=REQUEST, about=record_id(1), payload=b"x=1"),
)  # fmt: skip
_PART = response(1, b"A", status="206 Partial Content", more=_HTML)
_BUSY = response(1, b"busy", status="503 Busy", more=_HTML)
_LATER = response(9, b"<p>Words.</p>", date=LATER, more=_HTML)
_SUPERSEDED = facts(3, 1, f"supersededBy: <{record_id(9)}>\r\n")
_BAD = "datapackage FORMAT_FAILURE, pages FORMAT_FAILURE"

_LISTED: list[Vector] = [
    vector("page-of-a-url-that-was-not-captured", _PAGES, _listing(page("https://news.example/nothing")),
           "The page's URL has no record."),
    vector("page-of-another-time", _PAGES, _listing(page(date="2026-11-23T12:00:00.250001Z")),
           "The page's time is a microsecond off: no record has it."),
    vector("page-of-an-answer-to-a-post", _PAGES, _listing(page(), records=_POSTED),
           "The page's record answered a POST; players serve it to no one who asks for the page."),
    vector("page-of-a-superseded-answer", _PAGES, _listing(page(), records=(_BUSY, _SUPERSEDED, _LATER)),
           "The page's record was superseded; players serve the later one."),
    vector("page-of-a-part-beside-the-whole", _PAGES, _listing(page(), records=(_PART, _LATER)),
           "The page's record is a part; players serve the whole, which came later."),
    vector("page-listed-twice", "pages FORMAT_FAILURE", _listing(page(), page()), "A page is listed twice."),
    vector("pages-without-their-header", _BAD, _raw(lambda data: data.removeprefix(HEADER)),
           "pages.jsonl has no header line; players drop the first line, here a page."),
    vector("pages-with-another-header", _BAD, _raw(lambda data: data.replace(b"All Pages", b"Some Pages")),
           "The header line of pages.jsonl is another."),
    vector("pages-cut-short", _BAD, _raw(lambda data: data[:-1]), "The last line of pages.jsonl has no end."),
    vector("pages-with-an-empty-line", _BAD, _raw(lambda data: data + b"\n"),
           "pages.jsonl has an empty line."),
]  # fmt: skip


# The manifest


def _told(old: bytes, new: bytes) -> Callable[[], bytes]:
    """A maker of a bundle whose manifest says otherwise; the predicate follows the records."""

    def make() -> bytes:
        changed = replaced(base()[MANIFEST], old, new)
        return sealed({**base(), MANIFEST: changed}, statement=as_recorded)

    return make


def as_recorded(made: Any) -> Any:
    """The statement with captures and origin as the base's own manifest has them."""
    plain = json.loads(base()[MANIFEST])
    captures = [CaptureEntry(**entry) for entry in plain["derived"]["captures"]]
    predicate = msgspec.structs.replace(made.predicate, captures=captures, origin=plain["origin"])
    return msgspec.structs.replace(made, predicate=predicate)


def _manifest(change: Callable[[Any], object]) -> bytes:
    value = json.loads(base()[MANIFEST])
    change(value)
    return sealed({**base(), MANIFEST: strictjson.dumps(value)})


_TOLD: list[Vector] = [
    vector("manifest-capture-of-another-status", _MANIFEST,
           _told(b'"status":200}],"counts"', b'"status":404}],"counts"'),
           "The manifest gives the page another status than the WARC."),
    vector("manifest-capture-of-another-url", _MANIFEST,
           _told(b'"requested_url":"https://news', b'"requested_url":"https://good'),
           "The manifest gives the page another URL."),
    vector("manifest-exchange-of-another-body", _MANIFEST,
           _told(b'"payload_digest":"sha256:8', b'"payload_digest":"sha256:9'),
           "The manifest gives a body another digest."),
    vector("manifest-exchange-of-no-digest-and-no-size", _MANIFEST,
           lambda: _manifest(
               lambda value: value["derived"]["exchanges"][0].update(payload_digest="md5:0", size=-1)),
           "The manifest has a text that is no digest and a size below zero: they are not what the records "
           "give, and their form is nothing of its own."),
    vector("manifest-without-exchanges", _MANIFEST,
           lambda: _manifest(lambda value: value["derived"]["exchanges"].clear()),
           "The manifest leaves the exchanges out."),
    vector("manifest-redirect-that-was-not", _MANIFEST,
           _told(b'"redirects":[]', b'"redirects":[{"source":"https://good.example/","status":301,"target":"https://news.example/p"}]'),
           "The manifest tells of a redirect that no record holds."),
    vector("manifest-of-another-origin", _MANIFEST,
           _told(b'"origin":"captured","spec"', b'"origin":"imported","spec"'),
           "The manifest says imported, the stated record says captured."),
    vector("manifest-states-another-status", _MANIFEST, _told(b'"status":"complete"', b'"status":"partial"'),
           "What the manifest says was stated differs from the stated record in the status."),
    vector("manifest-states-other-settings", _MANIFEST, _told(b'"insecure":false', b'"insecure":true'),
           "What the manifest says was stated differs from the stated record in a setting."),
    vector("manifest-states-nothing", _MANIFEST,
           lambda: _manifest(lambda value: value.update(stated=None)),
           "The manifest says that nothing was stated."),
]  # fmt: skip


# The status


def _whole(*records: bytes, pages: Sequence[Page] | None = None, **stated: Any) -> Callable[[], bytes]:
    """A maker of a bundle of *records* with such a stated record, consistent in all else."""
    return lambda: sealed(consistent(whole(*records, stated=statement(**stated)), pages))


def _answered(status: str, more: str = "") -> Callable[[], bytes]:
    return _whole(response(1, b"A", status=status, more=_HTML + more))


def _truncated() -> bytes:
    return replaced(ANSWER, b"WARC-Payload", b"WARC-Truncated: length\r\nWARC-Payload")


_COMPLETE: list[Vector] = [
    vector("complete-with-something-missing", _CONTRADICTION,
           _whole(missing=[MISSING], missing_count=1),
           "The status says complete, and a URL is listed that was wanted and not got."),
    vector("complete-with-a-reason-against-it", _CONTRADICTION, _whole(reasons=["soft-404"]),
           "The status says complete beside a reason why it is not."),
    vector("complete-with-a-sign-against-it", _CONTRADICTION,
           _whole(signs=[Seen(code="paywall", evidence="Subscribe")]),
           "The status says complete beside a sign of a paywall."),
    vector("complete-without-a-page", _CONTRADICTION, _whole(ANSWER, pages=[]),
           "The status says complete of no page."),
    vector("complete-of-a-page-cut-short", _CONTRADICTION, lambda: sealed(consistent(whole(_truncated()))),
           "The status says complete, and the page's record was cut short."),
    vector("complete-of-a-404", _CONTRADICTION, _answered("404 Not Found"),
           "The status says complete of a 404."),
    vector("complete-of-a-206", _CONTRADICTION, _answered("206 Partial Content"),
           "The status says complete of a part."),
    vector("complete-of-a-redirect-to-nowhere", _CONTRADICTION, _answered("302 Found", "Location: /q\r\n"),
           "The status says complete of a redirect whose target is not in the bundle."),
]  # fmt: skip


# datapackage.json


def _package(change: Callable[[Datapackage], Datapackage]) -> Callable[[], bytes]:
    return lambda: sealed(base(), package=change)


def _resource(**fields: Any) -> Callable[[], bytes]:
    """A maker of a bundle whose second resource is listed otherwise."""

    def change(package: Datapackage) -> Datapackage:
        listed = list(package.resources)
        listed[1] = msgspec.structs.replace(listed[1], **fields)
        return msgspec.structs.replace(package, resources=listed)

    return _package(change)


def _hashed(text: str) -> Callable[[], bytes]:
    """A maker of a bundle whose first resource has such a hash."""
    return _listed(lambda data: re.sub(rb'"hash":"[^"]*"', f'"hash":"{text}"'.encode(), data, count=1))


def _listed(change: Bytes) -> Callable[[], bytes]:
    return lambda: sealed(base(), package_bytes=change)


def _resources(change: Callable[[list[Resource]], list[Resource]]) -> Callable[[], bytes]:
    return _package(lambda it: msgspec.structs.replace(it, resources=change(list(it.resources))))


def _called(resource: Resource, name: str) -> Resource:
    return msgspec.structs.replace(resource, name=name, path=name)


def _field(**fields: Any) -> Callable[[], bytes]:
    return _package(lambda package: msgspec.structs.replace(package, **fields))


_ALL_FORM = "datapackage FORMAT_FAILURE, statement FORMAT_FAILURE, signature FORMAT_FAILURE"
_ZEROS = "0" * 64

_PACKAGE: list[Vector] = [
    vector("datapackage-of-another-main-page", "datapackage CONTRADICTION",
           _field(main_page_url="https://other.example/"),
           "datapackage.json names a main page that pages.jsonl does not list."),
    vector("datapackage-of-another-main-date", "datapackage CONTRADICTION",
           _field(main_page_date="2026-01-01T00:00:00Z"),
           "datapackage.json gives the main page another date than pages.jsonl."),
    vector("datapackage-of-another-title", "datapackage CONTRADICTION", _field(title="Another title"),
           "datapackage.json gives the page another title than pages.jsonl."),
    vector("datapackage-of-another-profile", _ALL_FORM, _field(profile="other"),
           "datapackage.json has another profile."),
    vector("datapackage-title-null", _ALL_FORM,
           _listed(lambda data: replaced(data, b'"title":"A page"', b'"title":null')),
           "The title is null; what has no value is not written."),
    vector("datapackage-lists-in-another-order", "datapackage FORMAT_FAILURE",
           _resources(lambda listed: listed[::-1]), "datapackage.json lists the members in another order."),
    vector("datapackage-lists-a-member-twice", "datapackage FORMAT_FAILURE",
           _resources(lambda listed: [*listed, listed[-1]]), "datapackage.json lists a member twice."),
    vector("datapackage-lists-one-member-less", "members EXTRA_MEMBER", _resources(lambda listed: listed[1:]),
           "datapackage.json does not list the archive, so that no signature covers it."),
    vector("datapackage-lists-one-member-more", "members MISSING_MEMBER",
           _resources(lambda listed: [listed[0], _called(listed[0], "archive/e.warc"), *listed[1:]]),
           "datapackage.json lists a member that is not there."),
    vector("datapackage-digest-of-a-member-wrong", "members HASH_FAILURE", _resource(hash=f"sha256:{_ZEROS}"),
           "datapackage.json has another digest for a member, and the signatures are over that."),
    vector("datapackage-size-of-a-member-wrong", "members HASH_FAILURE", _resource(bytes=1),
           "datapackage.json has another size for a member."),
    vector("datapackage-digest-of-a-member-in-md5", _ALL_FORM, _hashed("md5:" + _ZEROS[:32]),
           "datapackage.json has an MD5 digest for a member."),
    vector("datapackage-digest-of-a-member-in-capitals", _ALL_FORM, _hashed("sha256:" + "A" * 64),
           "datapackage.json has a digest in capitals."),
    vector("datapackage-name-and-path-differ", _ALL_FORM, _resource(name="other.cdx"),
           "A resource's name is another than its path; tools differ in which of them they show."),
]  # fmt: skip

VECTORS: list[Vector] = [*_LINES, *_LISTED, *_TOLD, *_COMPLETE, *_PACKAGE]
