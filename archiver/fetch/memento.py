"""Citations of other archives' copies: what they are copies of, and where the copy lies as it was taken."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from requests.utils import parse_header_links

from archiver.errors import FormatError
from archiver.url import Url
from archiver.warc.http1 import Head
from archiver.warc.record import date_text
from archiver.warc.stated import Memento

_WAYBACK = re.compile(
    r"(?:web\.archive\.org|wayback\.archive-it\.org|arquivo\.pt|webarchive\.loc\.gov|wayback\.vefsafn\.is"
    r"|webarchive\.nationalarchives\.gov\.uk|(?:www\.)?webarchive\.org\.uk)"
)
_OTHERS = re.compile(
    r"perma\.cc|archive\.(?:today|ph|is|li|md|fo|vn)|(?:www\.)?webcitation\.org|ghostarchive\.org"
)
_COPY = re.compile(
    r"(/(?:[a-z0-9_-]+/){0,3})([0-9]{4,14})([a-z]{2}_)?/([a-z]{1,5}:/.{1,8000})", re.IGNORECASE
)
_SLASHES = re.compile(r"(?<=^http:)/+|(?<=^https:)/+")
_LONGEST_LINK = 16 << 10


def raw_form(url: Url) -> Url | None:
    """Where a Wayback Machine has the copy *url* without its own banner and rewriting; None for others."""
    found = _COPY.fullmatch(url.path) if _WAYBACK.fullmatch(url.host or "") else None
    if found is None or found[3] == "id_":
        return None
    return replace(url, path=f"{found[1]}{found[2]}id_/{found[4]}")


def memento(final: Url, head: Head | None) -> Memento | None:
    """What copy of what the answer *head* of *final* is, by its headers (RFC 7089) or its URL; else None."""
    told = head.first("memento-datetime") if head is not None else None
    host = final.host or ""
    known = _WAYBACK.fullmatch(host) or _OTHERS.fullmatch(host)
    if told is None and known is None:
        return None
    copy = _COPY.fullmatch(final.target) if _WAYBACK.fullmatch(host) else None
    moment = _http_date(told) if told is not None else _digits(copy[2]) if copy else None
    original = _original(head) or (_url(_SLASHES.sub("//", copy[4])) if copy else None)
    return Memento(datetime=date_text(moment) if moment else None, original=original, through=host)


def _original(head: Head | None) -> str | None:
    """The URL of the link with the relation `original`."""
    for value in head.all("link") if head is not None else []:
        for link in parse_header_links(value[:_LONGEST_LINK]):
            if "original" in str(link.get("rel", "")).lower().split():
                return _url(str(link["url"]))
    return None


def _url(text: str) -> str | None:
    try:
        url = Url.parse(text)
    except FormatError:
        return None
    return url.href if url.is_http and not url.has_userinfo else None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _digits(text: str) -> datetime | None:
    """The moment that a Wayback timestamp is; None where it leaves out more than hours."""
    try:
        return datetime.strptime(text.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
