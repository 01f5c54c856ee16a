"""What is known of an exchange beside its bytes: the block of its metadata record."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from archiver.errors import FormatError

_LINE = re.compile(r"([A-Za-z]+(?:-[1-9][0-9]{0,3})?): ([!-~](?:[ -~]*[!-~])?)")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")
_ID = re.compile(r"<(urn:uuid:[0-9a-f-]{36})>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
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
    """``<header> <offset> <length>`` of each range of a block that was blanked."""

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
        for blanked in self.redacted:
            lines += _line("redacted", blanked)
        return "".join(f"{line}\r\n" for line in lines).encode("ascii")

    @classmethod
    def parse(cls, block: bytes) -> Facts:
        """Read a block that `to_bytes` wrote; FormatError for any other bytes."""
        try:
            written = block.decode("ascii")
        except UnicodeDecodeError as error:
            raise FormatError("warc-fields beyond ASCII") from error
        values: dict[str, str] = {}
        interim: list[bytes] = []
        redacted: list[str] = []
        for line in written.split("\r\n")[:-1]:
            found = _LINE.fullmatch(line)
            if not found:
                raise FormatError(f"not a warc-fields line: {line!r:.80}")
            name, value = found.groups()
            if name == f"interim-{len(interim) + 1}":
                interim.append(_decoded(value))
            elif name == "redacted":
                redacted.append(value)
            else:
                values[name] = value
        facts = cls(
            fetch_time_ms=_number(values.get("fetchTimeMs")),
            tls_version=values.get("tlsVersion"),
            tls_chain_id=_id(values.get("tlsCertificateChain")),
            via=values.get("via"),
            hops=values.get("hopsFromSeed", ""),
            interim=tuple(interim),
            superseded_by=_id(values.get("supersededBy")),
            redacted=tuple(redacted),
        )
        if facts.to_bytes() != block:
            raise FormatError("warc-fields that are not as we write them")
        return facts


def _line(name: str, value: str | None) -> list[str]:
    if value is None:
        return []
    line = f"{name}: {value}"
    if not _LINE.fullmatch(line):
        raise FormatError(f"not fit for {name}: {value!r:.200}")
    return [line]


def _number(value: str | None) -> int | None:
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise FormatError(f"not a number: {value!r:.40}")
    return int(value)


def _id(value: str | None) -> str | None:
    if value is None:
        return None
    found = _ID.fullmatch(value)
    if not found:
        raise FormatError(f"not a record id: {value!r:.80}")
    return found[1]


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise FormatError("an interim response that is not base64") from error
