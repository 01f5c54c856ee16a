"""What a server asks of those who keep or mine a page: noted for whoever publishes it, never obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archiver.links.outline import Outline
from archiver.warc.http1 import Head

_WORDS = re.compile(r"\b(?:noarchive|nocache|noai|noimageai)\b", re.IGNORECASE)
_TDM = ("tdm-reservation", "tdm-policy")
_LONGEST = 500
_MOST = 50


def notices(head: Head | None, outline: Outline | None) -> tuple[str, ...]:
    """Each notice on the page, as ``where: what it says``, up to 50 of 500 characters.

    Of X-Robots-Tag and robots meta elements those that speak of copies or of training; and the TDM
    reservation protocol's header and meta element, whose value 0 reserves nothing and is no notice.
    """
    found = dict.fromkeys(_found(head, outline))
    return tuple(found)[:_MOST]


def _found(head: Head | None, outline: Outline | None) -> Iterator[str]:
    if head is not None:
        for value in head.all("x-robots-tag"):
            yield from _robots("X-Robots-Tag", value)
        for name in _TDM:
            for value in head.all(name):
                yield from _reserved(name, value)
    for name, value in outline.metas if outline is not None else ():
        if name == "robots":
            yield from _robots("meta robots", value)
        elif name in _TDM:
            yield from _reserved(f"meta {name}", value)


def _robots(where: str, value: str) -> Iterator[str]:
    if _WORDS.search(value[:_LONGEST]):
        yield f"{where}: {value[:_LONGEST]}"


def _reserved(where: str, value: str) -> Iterator[str]:
    if value.strip() not in ("", "0"):
        yield f"{where}: {value[:_LONGEST]}"
