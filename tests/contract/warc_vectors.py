"""Vectors of the records: gzip members, WARC headers, blocks, and what records say of each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import sha256

from archiver.bundle.bundle import INDEX
from archiver.bundle.pages import Page
from archiver.digest import Digest
from archiver.warc.capture import Capture
from archiver.warc.cdxj import index_bytes
from archiver.warc.certificates import chain_block, chain_url
from archiver.warc.record import CERTIFICATES, REQUEST, RESPONSE
from archiver.warc.stated import Missing
from archiver.warc.window import Window
from tests.contract.forging import (
    ANSWER,
    ASKED,
    FACTS,
    OTHER,
    WARC,
    base,
    consistent,
    gzipped,
    hostile,
    replaced,
    sealed,
    stated_record,
    statement,
    warc_of,
    whole,
)
from tests.contract.vector import Vector, vector
from tests.memory import memory_file
from tests.rogue import redigested
from tests.verify.test_attacks import DATE, LATER, PAGE, facts, record, record_id, response

_BROKEN = "records FORMAT_FAILURE"


def _hostile(*packed: bytes) -> Callable[[], bytes]:
    return lambda: sealed(hostile(*packed))


def _archive(change: Callable[[bytes], bytes]) -> Callable[[], bytes]:
    """A maker of a bundle whose archive is changed as a whole."""
    return lambda: sealed({**base(), WARC: change(base()[WARC])})


def _written(old: bytes, new: bytes, on: bytes = OTHER) -> Callable[[], bytes]:
    """A maker of a bundle with one more record, in which what matches *old* is *new*."""
    changed = re.sub(old, new, on, count=1)
    assert changed != on, old
    return _hostile(gzipped(changed))


def _records(*records: bytes, pages: Sequence[Page] | None = None) -> Callable[[], bytes]:
    """A maker of a bundle of *records* and the page's, with index and manifest as they give them."""
    return lambda: sealed(consistent(whole(*records), pages))


def _more(*records: bytes) -> Callable[[], bytes]:
    return _hostile(*map(gzipped, records))


def _order(*records: bytes) -> Callable[[], bytes]:
    """A maker of a bundle whose archive is exactly *records*; index and manifest are those of the base."""
    return lambda: sealed({**base(), WARC: warc_of(records)})


_GZIP: list[Vector] = [
    vector("gzip-two-records-in-one-member", _BROKEN,
           _hostile(gzipped(OTHER + replaced(OTHER, b"9>", b"8>"))),
           "Two records share a gzip member; a reader of one record a member sees the first alone."),
    vector("gzip-one-record-in-two-members", _BROKEN, _hostile(gzipped(OTHER[:99]), gzipped(OTHER[99:])),
           "One record is spread over two gzip members; many libraries join them without a word."),
    vector("gzip-member-of-nothing", _BROKEN, _hostile(gzipped(b"")), "A gzip member holds nothing."),
    vector("gzip-zeros-between-members", _BROKEN, _hostile(bytes(8)),
           "Zeros stand between two gzip members; many libraries skip them."),
    vector("gzip-zeros-behind-the-last-member", _BROKEN, _archive(lambda data: data + bytes(512)),
           "The archive is padded with zeros; many libraries skip them."),
    vector("gzip-junk-behind-the-last-member", _BROKEN, _archive(lambda data: data + b"hidden"),
           "Other bytes stand behind the last gzip member."),
    vector("gzip-cut-short", _BROKEN, _archive(lambda data: data[:-4]), "The last gzip member is cut short."),
    vector("gzip-file-name", _BROKEN, _hostile(gzipped(OTHER, flags=8, after_header=b"hidden\0")),
           "A gzip header holds a file name, in which anything can hide."),
    vector("gzip-comment", _BROKEN, _hostile(gzipped(OTHER, flags=16, after_header=b"hidden\0")),
           "A gzip header holds a comment."),
    vector("gzip-extra-field", _BROKEN, _hostile(gzipped(OTHER, flags=4, after_header=b"\x06\0hidden")),
           "A gzip header holds an extra field."),
    vector("gzip-wrong-crc", _BROKEN, _hostile(gzipped(OTHER, crc=1)),
           "A gzip member's CRC-32 is not its data's."),
    vector("gzip-wrong-size", _BROKEN, _hostile(gzipped(OTHER, size=1)),
           "A gzip member's size is not its data's."),
    vector("gzip-broken-deflate", _BROKEN, _hostile(gzipped(OTHER)[:10] + b"\x07" + gzipped(OTHER)[11:]),
           "A block of deflate is of the kind that there is not."),
    vector("record-not-compressed", _BROKEN, _hostile(OTHER), "A record stands in the archive uncompressed."),
    vector("archive-not-compressed", _BROKEN, lambda: sealed({**base(), WARC: b"".join(whole())}),
           "The archive is a plain WARC under the name of a compressed one."),
    vector("archive-empty", f"{_BROKEN}, index HASH_FAILURE, pages HASH_FAILURE",
           lambda: sealed({**base(), WARC: b""}), "The archive holds no records."),
]  # fmt: skip

_HEAD, _, _BLOCK_OF_OTHER = OTHER.partition(b"\r\n\r\n")
_LENGTH = rb"Content-Length: [0-9]+(?=\r\n\r\nHTTP)"
_HEADER: list[Vector] = [
    vector("record-length-too-short", _BROKEN, _written(_LENGTH, b"Content-Length: 3"),
           "Content-Length ends the block after three bytes; the rest would be another record."),
    vector("record-length-too-long", _BROKEN, _written(_LENGTH, b"Content-Length: 9999"),
           "Content-Length is longer than what there is of the record."),
    vector("record-length-negative", _BROKEN, _written(_LENGTH, b"Content-Length: -1"),
           "Content-Length is negative."),
    vector("record-length-padded", _BROKEN,
           _written(rb"Content-Length: (?=[0-9]+\r\n\r\nHTTP)", b"Content-Length: 0"),
           "Content-Length has a leading zero."),
    vector("record-length-missing", _BROKEN, _written(_LENGTH + rb"\r\n", b""),
           "There is no Content-Length."),
    vector("record-length-twice", _BROKEN, _written(rb"(" + _LENGTH + rb"\r\n)", rb"\1\1"),
           "Content-Length is there twice."),
    vector("record-without-an-end", _BROKEN, _hostile(gzipped(OTHER[:-2])),
           "A record ends in one CRLF, not two."),
    vector("record-cut-short", _BROKEN, _hostile(gzipped(OTHER[:-40])),
           "A record is cut in the middle of its block."),
    vector("record-header-with-line-feeds", _BROKEN,
           _hostile(gzipped(_HEAD.replace(b"\r\n", b"\n") + b"\n\n" + _BLOCK_OF_OTHER)),
           "The lines of a WARC header end in LF alone."),
    vector("record-header-folded", _BROKEN, _written(rb"WARC-Date: ", b"WARC-Date: \r\n "),
           "A WARC header is folded."),
    vector("record-header-beyond-ascii", _BROKEN,
           _written(rb"WARC-Target-URI: https", "WARC-Target-URI: \u02b0ttps".encode()),
           "A WARC header is beyond ASCII."),
    vector("record-header-unknown", _BROKEN, _written(rb"WARC-Date", b"X-Note: trust me\r\nWARC-Date"),
           "A WARC header has a field that records of this format do not have."),
    vector("record-header-twice", _BROKEN, _written(rb"(WARC-Target-URI: \S+\r\n)", rb"\1\1"),
           "WARC-Target-URI is there twice; one reader takes the first, another the last."),
    vector("record-header-in-another-order", _BROKEN,
           _written(rb"(WARC-Type: \S+\r\n)(WARC-Record-ID: \S+\r\n)", rb"\2\1"),
           "The fields of a WARC header are in another order."),
    vector("record-url-in-brackets", _BROKEN, _written(rb"URI: (\S+)", rb"URI: <\1>"),
           "WARC-Target-URI stands in angle brackets, as some WARC 1.0 writers have it."),
    vector("record-url-missing", _BROKEN, _written(rb"WARC-Target-URI: \S+\r\n", b""),
           "A response has no URL."),
    vector("record-type-unknown", _BROKEN, _written(rb"Type: response", b"Type: conversion"),
           "A record is of a type that archives of ours do not have."),
    vector("record-of-warc-1-0", _BROKEN, _written(rb"WARC/1.1", b"WARC/1.0"),
           "A record is one of WARC 1.0."),
    vector("record-date-that-is-none", _BROKEN, _written(rb"2026-11-23T", b"2026-02-30T"),
           "A record is of 30 February."),
    vector("record-date-in-seconds", _BROKEN, _written(rb"\.250000Z", b"Z"), "WARC-Date is to the second."),
    vector("record-id-twice", _BROKEN, _more(replaced(OTHER, record_id(9).encode(), record_id(1).encode())),
           "Two records have one id."),
    vector("record-truncated-for-an-unknown-reason", _BROKEN,
           _written(rb"WARC-Block", b"WARC-Truncated: because\r\nWARC-Block"),
           "A record is truncated for no known reason."),
    vector("record-media-type-of-another-kind", _BROKEN,
           _written(rb"Content-Type: application/http;msgtype=response", b"Content-Type: text/html"),
           "A response record is said to hold HTML and not HTTP."),
]  # fmt: skip

_ZEROS = b"0" * 64
_BLOCK = rb"WARC-Block-Digest: sha256:[0-9a-f]+"
_IN_CAPITALS = sha256(ANSWER.partition(b"\r\n\r\n")[2][:-4]).hexdigest().upper().encode()
_PAYLOAD = rb"WARC-Payload-Digest: sha256:[0-9a-f]+"


def _digest(old: bytes, new: bytes, on: bytes = ANSWER) -> Callable[[], bytes]:
    """A maker of a bundle whose page's answer has another digest in its header; all else agrees with it."""
    changed = re.sub(old, new, on, count=1)
    assert changed != on
    return _records(*(changed if one is on else one for one in (ANSWER, ASKED, FACTS)))


_CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"12\r\n<p>In chunks.</p>\n\r\n0\r\n\r\n"
)
_NO_HTTP = b"<p>No head.</p>"

_DIGESTS: list[Vector] = [
    vector("record-block-digest-wrong", "records HASH_FAILURE",
           _digest(_BLOCK, b"WARC-Block-Digest: sha256:" + _ZEROS),
           "WARC-Block-Digest is not the block's; index, manifest and signatures agree with the bytes."),
    vector("record-payload-digest-wrong", "records HASH_FAILURE",
           _digest(_PAYLOAD, b"WARC-Payload-Digest: sha256:" + _ZEROS),
           "WARC-Payload-Digest is not the payload's."),
    vector("record-block-digest-missing", _BROKEN, _digest(_BLOCK + rb"\r\n", b""),
           "There is no WARC-Block-Digest."),
    vector("record-payload-digest-missing", _BROKEN, _digest(_PAYLOAD + rb"\r\n", b""),
           "There is no WARC-Payload-Digest."),
    vector("record-block-digest-in-sha1", _BROKEN, _digest(_BLOCK, b"WARC-Block-Digest: sha1:" + b"A" * 32),
           "WARC-Block-Digest is a SHA-1; records of this format have SHA-256."),
    vector("record-payload-digest-in-md5", _BROKEN,
           _digest(_PAYLOAD, b"WARC-Payload-Digest: md5:" + b"0" * 32), "WARC-Payload-Digest is an MD5."),
    vector("record-block-digest-in-capitals", "records HASH_FAILURE",
           _digest(_BLOCK, b"WARC-Block-Digest: sha256:" + _IN_CAPITALS),
           "WARC-Block-Digest is the right one in capitals; a digest is spelled in lower case."),
    vector("record-payload-digest-on-chunks", _BROKEN,
           lambda: sealed(consistent(whole(record("response", PAGE, _CHUNKED, number=1, media=RESPONSE,
                                                  payload=b"<p>In chunks.</p>\n"), ASKED, FACTS))),
           "A chunked answer has a WARC-Payload-Digest, over which readers part: it has to have none."),
    vector("record-changed-without-its-digests", "records HASH_FAILURE", _digest(rb"Words\.", b"Swords"[:6]),
           "A byte of the answer was changed; its record's digests are the old ones, all others are made "
           "anew."),
    vector("record-changed-with-its-digests",
           "index HASH_FAILURE, manifest HASH_FAILURE, statement HASH_FAILURE",
           lambda: sealed({**base(), WARC: warc_of(whole(_other_words()))}),
           "The answer was changed and its record's digests made anew; index, manifest and predicate tell "
           "what it was."),
    vector("record-in-no-index", "index HASH_FAILURE, manifest HASH_FAILURE", _more(OTHER),
           "One more sound record, of which neither index nor manifest knows."),
    vector("record-of-a-response-that-is-no-http", _BROKEN,
           lambda: sealed(consistent(whole(ANSWER, _no_http()))),
           "A response record does not begin with an HTTP head."),
    vector("record-of-a-request-that-is-no-http", _BROKEN,
           _more(OTHER, record("request", "https://news.example/other", b"hello", number=10, media=REQUEST,
                               about=record_id(9), payload=b"")),
           "A request record does not begin with an HTTP head."),
]  # fmt: skip


def _other_words() -> bytes:
    return redigested(replaced(ANSWER, b"Words.", b"Swords"))


def _no_http() -> bytes:
    return record("response", "https://news.example/other", _NO_HTTP, number=9, media=RESPONSE)


def _revisit(url: str = PAGE, *, of: str = PAGE, when: str = DATE, date: str = LATER) -> bytes:
    """A revisit as other tools write them."""
    head = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    made = record("revisit", url, head, number=9, media=RESPONSE, date=date)
    profile = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    lines = (
        f"WARC-Profile: {profile}\r\nWARC-Refers-To-Target-URI: {of}\r\nWARC-Refers-To-Date: {when}\r\n"
        f"WARC-Refers-To: <{record_id(1)}>\r\n"
    )
    return replaced(made, b"WARC-Block", lines.encode() + b"WARC-Block")


def _superseded(by: int, *records: bytes, about: int = 9, url: str = PAGE) -> Callable[[], bytes]:
    fields = f"supersededBy: <{record_id(by)}>\r\n"
    return lambda: sealed(hostile(*map(gzipped, (*records, facts(20, about, fields, url=url)))))


_AGAIN = response(9, b"later", date=LATER, more="Content-Type: text/html\r\n")
_ABOUT = f"WARC-Concurrent-To: <{record_id(1)}>\r\n".encode()
_MISSING = Missing(url="https://news.example/x", referrer=PAGE, reason="timeout")
_HIDDEN = "https://news.example/hidden"
_CERTIFICATES = chain_block((b"0\x03\x02\x01\x01",))
_CHAIN = record(
    "resource", chain_url(Digest.of(b"0\x03\x02\x01\x01")), _CERTIFICATES, number=9, media=CERTIFICATES
)


def _twins() -> bytes:
    """Two answers of one URL at one moment, both indexed."""
    twin = response(9, b"<p>Other words.</p>", more="Content-Type: text/html\r\n")
    records = whole(ANSWER, twin)
    assert DATE.encode() in twin
    return sealed({**base(), WARC: warc_of(records), **_index_of(records)})


def _index_of(records: Sequence[bytes]) -> dict[str, bytes]:
    with memory_file(warc_of(records)) as file:
        return {INDEX: index_bytes(Capture({"data.warc.gz": Window(file)}))}


_BETWEEN: list[Vector] = [
    vector("revisit-of-an-answer-in-the-bundle", _BROKEN, _more(_revisit()),
           "A revisit of an answer in the bundle; our archives hold every answer whole."),
    vector("revisit-of-an-answer-that-is-not-there", _BROKEN,
           _more(_revisit(when="2020-01-01T00:00:00.000000Z")),
           "A revisit of an answer that is not in the bundle."),
    vector("revisit-of-another-url", _BROKEN, _more(_revisit(_HIDDEN, of="https://other.example/")),
           "A revisit that gives one URL the answer of another."),
    vector("revisit-of-itself", _BROKEN, _more(_revisit(when=LATER)), "A revisit of itself."),
    vector("revisit-of-a-later-answer", _BROKEN, _more(_revisit(when="2027-01-01T00:00:00.000000Z")),
           "A revisit of an answer that comes after it."),
    vector("two-answers-of-one-url-at-one-moment", _BROKEN, _twins,
           "Two answers of one URL have one time; readers disagree which of them is the page."),
    vector("answer-in-a-resource-record", _BROKEN,
           _more(record("resource", _HIDDEN, b"<p>Words.</p>", number=9, media="text/html")),
           "A resource record holds a page; readers that index anew take it for what the URL answered."),
    vector("answer-in-a-metadata-record", _BROKEN,
           _more(record("metadata", _HIDDEN, b"<p>Words.</p>", number=9, media="text/html")),
           "A metadata record holds a page."),
    vector("certificates-under-another-name", _BROKEN,
           _more(replaced(_CHAIN, b"urn:sha256:", b"urn:sha256:0")),
           "Certificates stand under another name than the digest of the first of them."),
    vector("warcinfo-missing", _BROKEN, lambda: sealed(consistent(whole()[1:])),
           "There is no warcinfo record."),
    vector("stated-record-missing", _BROKEN, lambda: sealed(consistent(whole()[:-1])),
           "The archive ends before the stated record, after a whole record; all else agrees with it."),
    vector("stated-record-twice", _BROKEN,
           _more(stated_record(statement(status="partial", reasons=["missing"]), 98)),
           "Two stated records, of which the first says partial."),
    vector("stated-record-before-others", _BROKEN, _order(*whole(), OTHER),
           "A record stands behind the stated record, which is the last."),
    vector("stated-record-about-an-exchange", _BROKEN,
           _order(*whole()[:-1], replaced(whole()[-1], b"WARC-Block", _ABOUT + b"WARC-Block")),
           "The stated record is said to be about one exchange."),
    vector("stated-record-in-another-form", _BROKEN, _order(*whole()[:-1], stated_record(b"{}")),
           "The stated record is not one."),
    vector("stated-record-that-counts-less-than-it-lists", _BROKEN,
           _order(*whole(stated=statement(missing=[_MISSING], missing_count=0, status="partial"))),
           "The stated record lists one missing URL and counts none."),
    vector("facts-of-no-exchange", _BROKEN, _more(facts(9, 77, "fetchTimeMs: 1\r\n")),
           "A metadata record is about an exchange that is not there."),
    vector("facts-twice", _BROKEN, _more(FACTS, facts(9, 1, "fetchTimeMs: 1\r\n")),
           "Two metadata records are about one exchange."),
    vector("facts-unknown", _BROKEN,
           _more(OTHER, facts(10, 9, "note: trust me\r\n", url="https://news.example/other")),
           "A metadata record has a line that there is not."),
    vector("facts-of-certificates-that-are-not-there", _BROKEN,
           _more(OTHER, facts(10, 9, f"tlsCertificateChain: <{record_id(77)}>\r\n", url="https://news.example/other")),
           "A metadata record names certificates that are not in the archive."),
    vector("request-twice", _BROKEN,
           _more(ASKED, replaced(ASKED, record_id(2).encode(), record_id(12).encode())),
           "Two requests belong to one answer."),
    vector("request-of-another-url", _BROKEN,
           _more(OTHER, replaced(replaced(ASKED, record_id(2).encode(), record_id(12).encode()),
                                 record_id(1).encode(), record_id(9).encode())),
           "A request of one URL belongs to an answer of another."),
    vector("superseded-by-itself", _BROKEN, _superseded(9, _AGAIN),
           "An answer is superseded by itself, so that no player shows it."),
    vector("superseded-by-nothing", _BROKEN, _superseded(77, _AGAIN),
           "An answer is superseded by one that is not there."),
    vector("superseded-by-an-earlier-answer", _BROKEN, _superseded(1, _AGAIN),
           "An answer is superseded by an earlier one."),
    vector("superseded-by-a-worse-answer", _BROKEN,
           _superseded(8, response(9, b"x", url=_HIDDEN),
                       response(8, b"y", url=_HIDDEN, status="503 Busy"), url=_HIDDEN),
           "A whole answer is superseded by a later error."),
]  # fmt: skip


VECTORS: list[Vector] = [*_GZIP, *_HEADER, *_DIGESTS, *_BETWEEN]
