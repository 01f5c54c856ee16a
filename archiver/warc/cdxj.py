"""The index of a capture: one CDXJ line for each response a player may serve."""

from __future__ import annotations

import itertools

from archiver.errors import FormatError
from archiver.warc.capture import Capture, StoredExchange
from archiver.warc.http1 import ascii_lower, parse_fields
from archiver.warc.surt import post_append, surt_key

_NOT_DIGITS = str.maketrans("", "", "-:T.Z")


def index_bytes(capture: Capture) -> bytes:
    """The whole index, lines in bytewise order; FormatError for a URL that no key can be made of."""
    return b"".join(sorted(_line(url, exchange) for url, exchange in indexed(capture)))


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


def explain_difference(expected: bytes, found: bytes) -> tuple[str, str]:
    """Reason code and sentence for an index *found* that is not the one *expected* from the records."""
    pairs = itertools.zip_longest(expected.splitlines(keepends=True), found.splitlines(keepends=True))
    for number, (right, held) in enumerate(pairs, 1):
        if right == held:
            continue
        if held is None:
            return "HASH_FAILURE", f"line {number} is missing: {_shown(right)}"
        if right is None:
            return "HASH_FAILURE", f"line {number} is of no record: {_shown(held)}"
        return "HASH_FAILURE", f"line {number} is {_shown(held)}, the records give {_shown(right)}"
    return "HASH_FAILURE", "not the index that the records give"


def _keyed_url(exchange: StoredExchange) -> str:
    request = exchange.request
    if exchange.method == "GET" or request is None:
        return exchange.url
    block = request.block or b""  # a very long body is left out of the key
    head, body = block[: request.head_size], block[request.head_size :]
    fields = parse_fields(head.split(b"\r\n")[1:])
    content_type = next((value for name, value in fields if ascii_lower(name) == "content-type"), None)
    return post_append(exchange.url, exchange.method, content_type, body)


def _line(url: str, exchange: StoredExchange) -> bytes:
    record = exchange.record
    try:
        key = surt_key(url)
    except FormatError as error:
        raise error.inside(record.where) from error
    moment = record.date.translate(_NOT_DIGITS)[:17]
    return (
        f'{key} {moment} {{"url": {_json(exchange.url)}, "mime": {_json(exchange.mime)}, '
        f'"status": "{exchange.status:03}", "digest": "{record.payload_digest}", '
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
