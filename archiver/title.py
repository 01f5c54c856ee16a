"""The title of a captured page, for the list of pages; signed with it, never compared."""

from __future__ import annotations

from archiver import strictjson
from archiver.errors import FormatError, LimitError
from archiver.links import document_title
from archiver.warc.capture import StoredExchange

MAX_TITLE = 1_000
"""Characters of a title that are kept."""

_LOOKED_AT = 1 << 20  # a title stands in the first megabyte or is not looked for


def page_title(exchange: StoredExchange) -> str:
    """The title of an HTML page, white space folded; empty where there is none."""
    body = bytearray()
    try:
        for chunk in exchange.decoded(max_bytes=_LOOKED_AT):
            body += chunk
    except (FormatError, LimitError):
        pass  # what came before is enough, or there is no title
    title = document_title(bytes(body), exchange.http.first("content-type")) or ""
    try:
        strictjson.dumps(title)
    except FormatError:
        return ""
    return " ".join(title.split())[:MAX_TITLE]
