"""The index of a capture: one CDXJ line for each response and revisit that a player may serve."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.warc.capture import Capture, StoredExchange
from archiver.warc.http1 import ascii_lower, parse_fields
from archiver.warc.importedheader import timestamp
from archiver.warc.record import Record
from archiver.warc.surt import post_append, surt_key

REVISIT = "warc/revisit"
"""What stands in place of a revisit's media type."""


def index_bytes(capture: Capture) -> bytes:
    """The whole index, lines in bytewise order; FormatError for a URL that no key can be made of."""
    exchanges = indexed(capture)
    lines = [
        _line(url, exchange, exchange.mime, exchange.record.payload_digest) for url, exchange in exchanges
    ]
    for url, revisit, original in _revisits(capture, exchanges):
        lines.append(_line(url, revisit, REVISIT, original.payload_digest))
    return b"".join(sorted(lines))


def indexed(capture: Capture) -> list[tuple[str, StoredExchange]]:
    """What players may serve: each exchange of the index, with the URL that its key is made of.

    Left out are exchanges that another superseded, and a 206 where there is a 200 of the same URL: a
    player would serve them in the other's place. For a GET the URL is the exchange's own.
    """
    current = [
        (_keyed_url(exchange), exchange)
        for exchange in capture.exchanges()
        if exchange.facts.superseded_by is None
    ]
    whole = {url for url, exchange in current if exchange.status == 200}
    return [(url, exchange) for url, exchange in current if not (exchange.status == 206 and url in whole)]


def indexed_revisits(capture: Capture) -> list[tuple[str, StoredExchange, Record]]:
    """Each revisit of the index, with the URL that its key is made of and the record it stands for."""
    return _revisits(capture, indexed(capture)) if capture.revisits() else []


def explain_difference(expected: bytes, found: bytes) -> tuple[str, str]:
    """Reason code and sentence for an index *found* that is not the one *expected* from the records."""
    pairs = itertools.zip_longest(_lines(expected), _lines(found))
    for number, (right, held) in enumerate(pairs, 1):
        if right == held:
            continue
        if held is None:
            return "HASH_FAILURE", f"line {number} is missing: {_shown(right)}"
        if right is None:
            return "HASH_FAILURE", f"line {number} is of no record: {_shown(held)}"
        return "HASH_FAILURE", f"line {number} is {_shown(held)}, the records give {_shown(right)}"
    return "HASH_FAILURE", "not the index that the records give"


def _lines(data: bytes) -> Iterator[bytes]:
    """The lines one at a time: a list of ten million takes more memory than there may be."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at) + 1 or len(data)
        yield data[at:end]
        at = end


def _revisits(
    capture: Capture, exchanges: list[tuple[str, StoredExchange]]
) -> list[tuple[str, StoredExchange, Record]]:
    whole = {url for url, exchange in exchanges if exchange.status == 200}
    found = [(_keyed_url(revisit), revisit, original) for revisit, original in capture.revisits()]
    # Some players find the record of no revisit, and would show nothing.
    return [one for one in found if one[0] not in whole]


def _keyed_url(exchange: StoredExchange) -> str:
    request = exchange.request
    if exchange.method == "GET" or request is None:
        return exchange.url
    block = request.block or b""  # a very long body is left out of the key
    head, body = block[: request.head_size], block[request.head_size :]
    fields = parse_fields(head.split(b"\r\n")[1:])
    content_type = next((value for name, value in fields if ascii_lower(name) == "content-type"), None)
    return post_append(exchange.url, exchange.method, content_type, body)


def _line(url: str, exchange: StoredExchange, mime: str, digest: Digest) -> bytes:
    record = exchange.record
    try:
        key = surt_key(url)
    except FormatError as error:
        raise error.inside(record.where) from error
    return (
        f'{key} {timestamp(record.date)} {{"url": {_json(exchange.url)}, "mime": {_json(mime)}, '
        f'"status": "{exchange.status:03}", "digest": "{digest}", '
        f'"length": "{record.length}", "offset": "{record.offset}", "filename": {_json(record.archive)}, '
        f'"recordDigest": "{record.record_digest}"}}\n'
    ).encode("ascii")


def _json(text: str) -> str:
    """*text* as a JSON string in ASCII."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import json  # on use: what servers send is hardly ever of another kind

    return json.dumps(text)


def _shown(line: bytes | None) -> str:
    text = (line or b"").decode("utf-8", "backslashreplace").rstrip("\n")
    return repr(text[:300])
