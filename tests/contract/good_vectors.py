"""Vectors that pass, or lack nothing but a signature: a verifier that fails these is too strict."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from archiver.bundle.bundle import IDENTITY, PAGES
from archiver.bundle.datapackage import Datapackage, DatapackageDigest
from archiver.bundle.pages import Page, write_pages
from archiver.digest import Digest
from archiver.warc.certificates import chain_block, chain_url
from archiver.warc.record import CERTIFICATES, REQUEST, RESPONSE
from archiver.warc.stated import Missing
from tests.contract.forging import (
    ANSWER,
    ASKED,
    CLOSING,
    FACTS,
    HTML,
    PACKAGE,
    WARC,
    base,
    consistent,
    gzipped,
    page,
    rebuilt,
    replaced,
    sealed,
    small_members,
    small_records,
    stated_record,
    statement,
    warc_of,
    whole,
)
from tests.contract.keys import LIBRARY, PRESS
from tests.contract.vector import Vector, trusting, vector
from tests.rogue import zipped
from tests.verify.test_attacks import LATER, PAGE, facts, record, record_id, response
from tests.verify.test_redaction import SOUND, blanked

_TYPE = "Content-Type: text/html\r\n"
_ASSET = "https://news.example/a.css"
_CERTIFICATE = b"0\x03\x02\x01\x01"
_CHAIN = chain_block((_CERTIFICATE, b"0\x03\x02\x01\x02"))


def _made(*records: bytes, pages: Sequence[Page] | None = None, more: dict[str, bytes] | None = None,
          **stated: Any) -> Callable[[], bytes]:  # fmt: skip
    return lambda: sealed(consistent(whole(*records, stated=statement(**stated)), pages, more))


def _everything() -> bytes:
    """The smallest bundle with every part, by all the library's keys."""
    members = {WARC: warc_of(small_records()), PAGES: small_members()[PAGES]}
    return sealed(rebuilt(members), LIBRARY)


def _packed() -> bytes:
    """The base before it was sealed."""
    unsigned = {name: data for name, data in base().items() if name not in (IDENTITY, PACKAGE, CLOSING)}
    package = Datapackage.from_json(base()[PACKAGE])
    import msgspec

    listed = [one for one in package.resources if one.path != IDENTITY]
    data = msgspec.structs.replace(package, resources=listed).to_json()
    closing = DatapackageDigest(path=PACKAGE, hash=str(Digest.of(data)))
    return zipped({**unsigned, PACKAGE: data, CLOSING: closing.to_json()})


def _huffman(data: bytes) -> bytes:
    """*data* deflated with the fixed Huffman codes: literals, and a match where a byte stands four times."""
    bits: list[int] = [1, 1, 0]  # last block, of type 1, its low bit first

    def code(value: int, length: int) -> None:
        bits.extend(value >> at & 1 for at in range(length - 1, -1, -1))

    def literal(byte: int) -> None:
        code(0x30 + byte, 8) if byte < 144 else code(0x190 + byte - 144, 9)

    at = 0
    while at < len(data):
        literal(data[at])
        run = 1
        while at + run < len(data) and data[at + run] == data[at]:
            run += 1
        if run == 4:
            code(1, 7)  # length 3, and the distance 1
            code(0, 5)
            at += 4
        else:
            at += 1
    code(0, 7)
    out = bytearray(-(-len(bits) // 8))
    for number, bit in enumerate(bits):
        out[number // 8] |= bit << number % 8
    return bytes(out)


def _deflated(data: bytes) -> bytes:
    stored = gzipped(data)
    member = stored[:10] + _huffman(data) + stored[-8:]
    assert zlib.decompress(member, 31) == data
    return member


def _of_deflated_records() -> bytes:
    members = {WARC: b"".join(map(_deflated, whole())), PAGES: write_pages((page(),))}
    return sealed(rebuilt(members))


def _dated() -> bytes:
    """A gzip header with time, system and level, as many writers set them."""
    member = gzipped(ANSWER)
    named = member[:4] + b"\x01\x02\x03\x04\x02\x03" + member[10:]
    first, _, last = whole()
    return sealed(rebuilt({WARC: gzipped(first) + named + gzipped(last), PAGES: write_pages((page(),))}))


def _response(block: bytes, *, payload: bytes | None = None, url: str = PAGE, number: int = 1) -> bytes:
    return record("response", url, block, number=number, media=RESPONSE, payload=payload)


def _redirected() -> tuple[bytes, ...]:
    first = response(1, b"", url="http://news.example/p", status="301 Moved", more=f"Location: {PAGE}\r\n")
    second = response(4, HTML, date=LATER, more=_TYPE)
    return first, second, facts(5, 4, "via: http://news.example/p\r\nhopsFromSeed: R\r\n")


def _over_tls() -> tuple[bytes, ...]:
    lines = (
        b"WARC-IP-Address: 192.0.2.7\r\nWARC-Protocol: http/1.1\r\nWARC-Protocol: tls/1.3\r\n"
        b"WARC-Cipher-Suite: TLS_AES_128_GCM_SHA256\r\nWARC-Payload"
    )
    chain = record("resource", chain_url(Digest.of(_CERTIFICATE)), _CHAIN, number=7, media=CERTIFICATES)
    known = facts(
        3, 1, f"fetchTimeMs: 12\r\ntlsVersion: TLSv1.3\r\ntlsCertificateChain: <{record_id(7)}>\r\n"
    )
    return chain, replaced(ANSWER, b"WARC-Payload", lines), ASKED, known


def _interim() -> tuple[bytes, ...]:
    early = [b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"]
    lines = "".join(f"interim-{at}: {base64.b64encode(one).decode()}\r\n" for at, one in enumerate(early, 1))
    return ANSWER, ASKED, facts(3, 1, lines)


def _posted() -> tuple[bytes, ...]:
    url = "https://news.example/search"
    asked = (
        b"POST /search HTTP/1.1\r\nHost: news.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 3\r\n\r\nq=1"
    )
    request = record("request", url, asked, number=5, media=REQUEST, about=record_id(4), payload=b"q=1")
    return ANSWER, response(4, b"{}", url=url, more="Content-Type: application/json\r\n"), request


def _superseded() -> tuple[bytes, ...]:
    busy = response(4, b"busy", url=_ASSET, status="503 Busy", more="Content-Type: text/plain\r\n")
    again = response(5, b"p{}", url=_ASSET, date=LATER, more="Content-Type: text/css\r\n")
    return ANSWER, busy, facts(6, 4, f"supersededBy: <{record_id(5)}>\r\n", url=_ASSET), again


def _lone_request() -> tuple[bytes, ...]:
    asked = record(
        "request",
        _ASSET,
        b"GET /a.css HTTP/1.1\r\nHost: news.example\r\n\r\n",
        number=4,
        media=REQUEST,
        payload=b"",
    )
    return ANSWER, asked, facts(5, 4, "fetchTimeMs: 30000\r\n", url=_ASSET)


_SHORT = _response(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\nA", payload=b"A")
_FAILED = statement(status="failed", reasons=["dns"])
_MISSING = [Missing(url=_ASSET, referrer=PAGE, reason="timeout")]
_ARTICLE = {
    "article/article.md": b"# A page\n\nWords.\n",
    "article/article.json": b'{"title":"A page","tool":"example 1"}',
    "provenance/screenshot.png": b"\x89PNG\r\n\x1a\n",
}

VECTORS: list[Vector] = [
    vector("captured-with-everything", "", _everything,
           "A redirect to a page over TLS, a style sheet that came at the second attempt, an image that is "
           "gone; signed by all of the library's keys."),
    vector("captured-page", "", lambda: zipped(base()),
           "One page and its answer, sealed by an identity without ML-DSA."),
    vector("captured-with-request-and-facts", "", _made(ANSWER, ASKED, FACTS),
           "The answer has its request and a metadata record."),
    vector("captured-through-a-redirect", "", _made(*_redirected(), pages=[page("http://news.example/p")]),
           "The page redirects to where its words are: the capture is counted where it ended."),
    vector("captured-over-tls", "", _made(*_over_tls()),
           "The answer came over TLS; the connection's certificates are in the archive."),
    vector("captured-with-interim-answers", "", _made(*_interim()),
           "Two interim answers came before the answer."),
    vector("captured-with-a-post", "", _made(*_posted()),
           "A POST is in the archive; in the index it stands under a key of its own."),
    vector("captured-at-the-second-attempt", "", _made(*_superseded()),
           "An answer of 503 was superseded by a later one; only that is in the index."),
    vector("captured-with-a-request-without-an-answer", "",
           _made(*_lone_request(), status="partial", reasons=["missing"], missing=_MISSING, missing_count=1),
           "A style sheet was asked for and never came; the status says partial."),
    vector("captured-in-chunks", "",
           _made(_response(b"HTTP/1.1 200 OK\r\ncontent-TYPE:text/html\r\nTransfer-Encoding: chunked\r\n"
                           b"Trailer: X-T\r\n\r\n5;a=b\r\n<p>In\r\n7\r\n parts.\r\n0\r\nX-T: 1\r\n\r\n")),
           "The answer is chunked, with an extension and a trailer: the record has no payload digest, the "
           "index that of the body."),
    vector("captured-in-broken-chunks", "",
           _made(_response(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
                           b"zz\r\nwords"), status="partial", reasons=["framing"]),
           "The chunks are broken: the body counts as it stands."),
    vector("captured-with-an-odd-head", "",
           _made(_response(b"HTTP/1.1 200 OK\nContent-Type: text/html\nX-Folded: a\n b\n"
                           b"Content-Length: 1\n\nA", payload=b"A")),
           "The server's head ends its lines in LF and folds one; what came on the wire is kept as it came."),
    vector("captured-cut-short", "",
           _made(replaced(_SHORT, b"WARC-Payload", b"WARC-Truncated: disconnect\r\nWARC-Payload"),
                 status="partial", reasons=["truncated"]),
           "The connection broke off; the record says so, and the status says partial."),
    vector("captured-a-404", "",
           _made(response(1, b"gone", status="404 Not Found", more=_TYPE),
                 status="gone", reasons=["http-404"]),
           "The server no longer has the page, and the status says gone."),
    vector("captured-nothing", "",
           lambda: sealed(consistent([whole()[0], stated_record(_FAILED)], [])),
           "Nothing answered: a bundle of what was stated, with no page."),
    vector("captured-with-blanked-values", "", lambda: sealed(consistent(blanked(SOUND), [page()])),
           "Secrets in the request, an interim answer, the answer and its trailer are blanked, as the "
           "metadata record says."),
    vector("captured-with-a-reading-copy", "", _made(ANSWER, more=_ARTICLE),
           "A reading copy, its metadata and a screenshot are further members: signed, never made anew."),
    vector("captured-with-a-title-of-the-signers-own", "",
           _made(ANSWER, pages=[page(title="Not what the page calls itself")]),
           "The page's title is another than in its HTML: titles are signed, not compared."),
    vector("captured-without-a-title", "", _made(ANSWER, pages=[page(title="")]),
           "The page has no title: pages.jsonl has an empty one, datapackage.json none."),
    vector("captured-in-deflated-records", "", _of_deflated_records,
           "The records are compressed, with the fixed codes of deflate."),
    vector("captured-in-dated-gzip-members", "", _dated,
           "A gzip header has time, system and level; only flags are refused."),
    vector("sealed-without-a-wacz-auth-key", "", lambda: sealed(consistent(whole()), PRESS),
           "The identity has no wacz-auth key, and there is no signedData.", policy=trusting(PRESS)),
    vector("packed-and-not-sealed", "signature NO_SIGNATURE", _packed,
           "A packed bundle: nothing is wrong, and nobody signed it."),
]  # fmt: skip
