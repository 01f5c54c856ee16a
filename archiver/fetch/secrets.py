"""What the operator gave for one site and for no reader: sent where it belongs, kept out of the record."""

from __future__ import annotations

import base64
import binascii
import html
import threading
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote_from_bytes, unquote_to_bytes

import msgspec

from archiver.fetch.entity import beginning
from archiver.fetch.recorder import Answer
from archiver.fetch.settings import FetchSettings, Headers
from archiver.fetch.wire import Errand
from archiver.url import Url
from archiver.warc.exchange import Exchange
from archiver.warc.http1 import Head, find_head_end
from archiver.warc.redaction import SET_COOKIE, Blank, blanked, find

_SEARCHED = 2 << 20
"""Bytes of a decoded body that are searched for secrets."""
_SHORTEST = 8
_LONG = 16  # bytes; a shorter cookie without a digit is more likely a word than a secret
_MOST = 64
"""Secrets that are searched for; of those that servers set, the first ones."""
_MOST_BLANKS = 5_000
"""Values blanked in one answer: each takes a line of the record."""
_MOST_HEAD = 1 << 20  # as the recorder's limit has it
_TEXT = ("text/", "json", "javascript", "xml")


class Secrets:
    """The secrets in *settings*; the headers among them are for the origin of *cited* alone. Thread-safe.

    Where *cited* is http they go to its host over https too, on port 443 for 80, else on the same port.
    """

    def __init__(self, settings: FetchSettings, cited: Url | None) -> None:
        self.given = settings.redacts
        self._cited = cited
        self._headers = tuple(header for header in settings.secrets if header[0].lower() != "cookie")
        self._cookies = [value for name, value in settings.secrets if name.lower() == "cookie"]
        self._names = ("Cookie", *(name for name, _ in self._headers))
        self._sought: dict[bytes, frozenset[bytes]] = {}
        self._lock = threading.Lock()
        for _, value in self._headers:
            self._seek(_in_header(value.encode()))

    def headers(self, url: Url) -> Headers:
        """The secret headers that a request of *url* has, but Cookie."""
        return self._headers if self._headers and self._may_know(url) else ()

    def cookie(self, url: Url, kept: str | None) -> str | None:
        """The Cookie header of a request of *url*, for which the jar has *kept*: newer values count."""
        if not self._cookies or not self._may_know(url):
            return kept
        given = [pair.strip() for value in self._cookies for pair in value.split(";")]
        newer = {pair.partition("=")[0].strip() for pair in (kept or "").split(";")}
        pairs = [pair for pair in given if pair and pair.partition("=")[0].rstrip() not in newer]
        # As ISO-8859-1, in which cookies are sent, this is the same bytes in UTF-8.
        sent = [pair.encode().decode("iso-8859-1") for pair in pairs]
        return "; ".join([*sent, *([kept] if kept else [])]) or None

    def _may_know(self, url: Url) -> bool:
        cited = self._cited
        return (
            cited is not None
            and (url.host, url.port) == (cited.host, cited.port)
            and (url.scheme == cited.scheme or (cited.scheme, url.scheme) == ("http", "https"))
        )

    def blank(self, request: bytes, answer: Answer, errand: Errand) -> tuple[bytes, Answer, tuple[str, ...]]:
        """*request* and *answer* without secrets and cookies, and the ranges that are blanked now.

        The answer's file is written over. Where it has more cookies than a record can list, nothing of it
        is left, and that is its fault.
        """
        asked = find(request, self._names)
        for blank in asked:
            if blank.header == "Cookie":
                self._seek(_in_cookies(request[blank.offset : blank.end]))
        request = blanked(request, asked)
        interim: list[bytes] = []
        answered: list[Blank] = []
        for number, message in enumerate(answer.interim, 1):
            inside = self._set_cookies(message, interim=number)
            interim.append(blanked(message, inside))
            answered += inside
        # The trailer with the break before it, as in a head.
        places = [0] if answer.trailer is None else [0, answer.trailer - 1]
        for start in places:
            answer.response.seek(start)
            message = answer.response.read(answer.size - start) if start else answer.raw_head
            inside = self._set_cookies(message)
            answer.response.seek(start)
            answer.response.write(blanked(message, inside))
            answered += [msgspec.structs.replace(blank, offset=start + blank.offset) for blank in inside]
        if len(answered) > _MOST_BLANKS:
            fault = errand.error("length", "more cookies than a record can hold")
            answer = replace(answer, head=None, raw_head=b"", interim=(), size=0, fault=fault)
            return request, answer, tuple(map(str, asked))
        return request, replace(answer, interim=tuple(interim)), tuple(map(str, [*asked, *answered]))

    def _set_cookies(self, message: bytes, *, interim: int = 0) -> list[Blank]:
        found = find(message, SET_COOKIE, interim=interim)
        for blank in found:
            self._seek(_in_cookies(message[blank.offset : blank.end].partition(b";")[0]))
        return found

    def exposed(self, exchange: Exchange, head: Head | None) -> bool:
        """Whether the answer, blanked already, repeats a secret where nothing is changed: in text that shows.

        A cheap look at its heads and at the first megabytes of its text, for values of at least 8 bytes as
        they are or in a usual code; it proves nothing.
        """
        with self._lock:
            sought = frozenset().union(*self._sought.values())
        if not sought or head is None:
            return False
        exchange.response.seek(0)
        start = exchange.response.read(min(exchange.response_size, _MOST_HEAD))
        end = find_head_end(start)
        texts = [*exchange.interim, start[:end] if end >= 0 else start]
        kind = (head.first("content-type") or "text/").lower()
        if end >= 0 and any(word in kind for word in _TEXT):
            texts.append(beginning(exchange, head, _SEARCHED))
        return any(form in text for text in texts for form in sought)

    def _seek(self, values: Iterator[bytes]) -> None:
        with self._lock:
            for value in values:
                if len(self._sought) < _MOST and value not in self._sought:
                    self._sought[value] = _forms(value)


def _in_header(value: bytes) -> Iterator[bytes]:
    """What of a header's value is worth looking for: all of it, what follows its scheme, a password."""
    word = value.split()[-1] if value.split() else b""
    yield from (found for found in (value, word) if len(found) >= _SHORTEST)
    if value[:6].lower() == b"basic ":
        try:
            pair = base64.b64decode(word, validate=True)
        except binascii.Error:
            return
        yield from (found for found in (pair, pair.partition(b":")[2]) if len(found) >= _SHORTEST)


def _in_cookies(pairs: bytes) -> Iterator[bytes]:
    """The values in *pairs* that do not look like words."""
    for pair in pairs.split(b";"):
        name, equals, value = pair.strip().partition(b"=")
        secret = (value if equals else name).strip(b' "')
        if len(secret) >= _LONG or (len(secret) >= _SHORTEST and any(48 <= byte < 58 for byte in secret)):
            yield secret


def _forms(value: bytes) -> frozenset[bytes]:
    """*value* as a server may repeat it."""
    found = {
        value,
        quote_from_bytes(value, safe="").encode(),
        unquote_to_bytes(value),
        html.escape(value.decode("iso-8859-1")).encode("iso-8859-1"),
        value.replace(b"/", b"\\/"),  # in JSON
        base64.b64encode(value[: len(value) // 3 * 3]),
    }
    return frozenset(form for form in found if len(form) >= _SHORTEST)
