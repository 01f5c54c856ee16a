"""pages/pages.jsonl: a header line, then the pages.

Players drop the first line whatever it holds, so the header is always there.
"""

from __future__ import annotations

import msgspec

from archiver import strictjson
from archiver.errors import FormatError, LimitError

HEADER = b'{"format":"json-pages-1.0","id":"pages","title":"All Pages"}\n'

MAX_PAGES = 100_000


class Page(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One page: *url* as requested, *ts* the WARC-Date of the response that answered it."""

    id: str
    title: str
    ts: str
    url: str


def write_pages(pages: tuple[Page, ...]) -> bytes:
    """The member's bytes."""
    return HEADER + b"".join(strictjson.dumps(page) + b"\n" for page in pages)


def read_pages(data: bytes) -> tuple[Page, ...]:
    """The pages of a pages.jsonl of ours; FormatError where a byte is not canonical."""
    if not data.startswith(HEADER):
        raise FormatError("its first line is not the header line", where="pages/pages.jsonl")
    if not data.endswith(b"\n"):
        raise FormatError("its last line is cut short", where="pages/pages.jsonl")
    count = data.count(b"\n") - 1  # before the lines are taken apart: ten million take a gigabyte
    if count > MAX_PAGES:
        raise LimitError(f"{count} pages; the limit is {MAX_PAGES}", where="pages/pages.jsonl")
    pages: list[Page] = []
    for number, line in enumerate(data[len(HEADER) :].split(b"\n")[:-1], 2):
        try:
            pages.append(strictjson.convert(strictjson.loads_canonical(line), Page))
        except FormatError as error:
            raise error.inside(f"pages/pages.jsonl: line {number}") from error
    return tuple(pages)
