"""One request and its response, as they went over the wire."""

from __future__ import annotations

import os
from datetime import datetime
from typing import BinaryIO

import msgspec


def new_record_id() -> str:
    """A fresh WARC-Record-ID, without its angle brackets: a random UUID (RFC 9562 version 4)."""
    # By hand, in less than half the time of `uuid.uuid4`, since every record has one.
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"urn:uuid:{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


class TlsSession(msgspec.Struct, frozen=True, kw_only=True):
    """The TLS facts of the very connection that carried an exchange."""

    version: str
    """As OpenSSL names it: ``TLSv1.3``."""
    cipher: str
    """The suite's IANA name where known: ``TLS_AES_128_GCM_SHA256``."""
    chain: tuple[bytes, ...]
    """The certificates the server sent, DER, leaf first."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: what was sent and what came back, byte for byte.

    *response* holds the final response (head, framing, body, trailers) from offset 0; it has
    *response_size* bytes, 0 when nothing came. Interim (1xx) responses stand apart in *interim*.
    """

    record_id: str = msgspec.field(default_factory=new_record_id)
    url: str
    """Absolute URL as requested, WHATWG serialised, without fragment."""
    method: str
    started: datetime
    """UTC, to the microsecond: the moment the request began."""
    duration_us: int
    """Microseconds from *started* until the last byte."""
    request: bytes
    response: BinaryIO
    response_size: int
    interim: tuple[bytes, ...] = ()
    truncated: str | None = None
    """A WARC-Truncated reason (length, time, disconnect, unspecified), or None for a whole response."""
    address: str | None = None
    """The IP address of the peer; None through a proxy."""
    tls: TlsSession | None = None
    via: str | None = None
    """The URL that led here: the referring page, or the redirect's own URL."""
    hops: str = ""
    """hopsFromSeed: empty for the page itself, then R a redirect, E an embed, L a link."""
    superseded_by: str | None = None
    """The record id of the attempt that took this one's place."""
    redacted: tuple[str, ...] = ()
    """The ranges of *request*, *interim* and *response* that are blanked already, as in `Facts`."""
