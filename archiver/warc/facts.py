"""What is known of an exchange beside its bytes: the block of its metadata record."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

import msgspec

from archiver.errors import FormatError
from archiver.warc.redaction import FORM

_VALUE = r"[!-~](?:[ -~]*[!-~])?"
_ID = r"<(urn:uuid:[0-9a-f-]{36})>"
_BLANK = re.compile(FORM)
_LINE = re.compile(rf"([A-Za-z]+(?:-[1-9][0-9]{{0,3}})?): ({_VALUE})")
_BLOCK = re.compile(
    r"(?:fetchTimeMs: (0|[1-9][0-9]{0,14})\r\n)?"
    rf"(?:tlsVersion: ({_VALUE})\r\n)?"
    rf"(?:tlsCertificateChain: {_ID}\r\n)?"
    rf"(?:via: ({_VALUE})\r\n)?"
    rf"(?:hopsFromSeed: ({_VALUE})\r\n)?"
    rf"(?:supersededBy: {_ID}\r\n)?"
    rf"((?:interim-[1-9][0-9]{{0,3}}: {_VALUE}\r\n)*)"
    rf"((?:redacted: {FORM}\r\n)*)"
)
"""Every line in its form, at most once and in its place, as `Facts.to_bytes` writes them."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The facts of one exchange; an exchange without a metadata record has the defaults."""

    fetch_time_ms: int | None = None
    tls_version: str | None = None
    """As OpenSSL names it: ``TLSv1.3``."""
    tls_chain_id: str | None = None
    """The id of the resource record that holds the connection's certificates."""
    via: str | None = None
    hops: str = ""
    interim: tuple[bytes, ...] = ()
    """The 1xx responses, as on the wire, in order."""
    superseded_by: str | None = None
    """The id of the exchange that took this one's place."""
    redacted: tuple[str, ...] = ()
    """Each range that was blanked, as `Blank` writes it: ``<header> <offset> <length>``.

    Set-Cookie is in the response (``interim-1:Set-Cookie`` in that interim answer), all else in the request.
    """

    def to_bytes(self) -> bytes:
        """The block: ``application/warc-fields``; FormatError for a value that would break its line."""
        lines = [
            *_line("fetchTimeMs", None if self.fetch_time_ms is None else str(self.fetch_time_ms)),
            *_line("tlsVersion", self.tls_version),
            *_line("tlsCertificateChain", self.tls_chain_id and f"<{self.tls_chain_id}>"),
            *_line("via", self.via),
            *_line("hopsFromSeed", self.hops or None),
            *_line("supersededBy", self.superseded_by and f"<{self.superseded_by}>"),
        ]
        for number, message in enumerate(self.interim, 1):
            lines += _line(f"interim-{number}", base64.b64encode(message).decode("ascii"))
        for blank in self.redacted:
            if not _BLANK.fullmatch(blank):
                raise FormatError(f"not fit for redacted: {blank!r:.200}")
            lines += _line("redacted", blank)
        return "".join(f"{line}\r\n" for line in lines).encode("ascii")

    @classmethod
    def parse(cls, block: bytes) -> Facts:
        """Read a block that `to_bytes` wrote; FormatError for any other bytes."""
        try:
            written = block.decode("ascii")
        except UnicodeDecodeError as error:
            raise FormatError("warc-fields beyond ASCII") from error
        found = _BLOCK.fullmatch(written)
        if not found:
            raise FormatError(_misfit(written))
        time, version, chain, via, hops, superseded_by, interim, redacted = found.groups()
        return cls(
            fetch_time_ms=None if time is None else int(time),
            tls_version=version,
            tls_chain_id=chain,
            via=via,
            hops=hops or "",
            interim=tuple(_interim(interim)) if interim else (),
            superseded_by=superseded_by,
            redacted=tuple(line.partition(": ")[2] for line in redacted.split("\r\n")[:-1]),
        )


def _line(name: str, value: str | None) -> list[str]:
    if value is None:
        return []
    line = f"{name}: {value}"
    if not _LINE.fullmatch(line):
        raise FormatError(f"not fit for {name}: {value!r:.200}")
    return [line]


def _interim(lines: str) -> Iterator[bytes]:
    """The messages in *lines*, which must be numbered from 1 and in the one form that base64 has."""
    for number, line in enumerate(lines.split("\r\n")[:-1], 1):
        name, _, value = line.partition(": ")
        if name != f"interim-{number}":
            raise FormatError(f"{name} in the place of interim-{number}")
        try:
            message = base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise FormatError("an interim response that is not base64") from error
        if base64.b64encode(message).decode("ascii") != value:
            raise FormatError("an interim response in another form of base64")
        yield message


def _misfit(written: str) -> str:
    """What is wrong with a block that `_BLOCK` does not match."""
    for line in written.split("\r\n")[:-1]:
        if not _LINE.fullmatch(line):
            return f"not a warc-fields line: {line!r:.80}"
    return "warc-fields that are not as we write them"
