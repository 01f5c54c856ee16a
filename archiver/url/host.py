"""The host of a URL, from what was written to its one serialised form (WHATWG URL, section 3)."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from archiver.errors import FormatError

_FORBIDDEN = re.compile(r"[\x00\t\n\r #/:<>?@\[\\\]^|]")
_FORBIDDEN_IN_DOMAIN = re.compile(r"[\x00-\x20\x7f#%/:<>?@\[\\\]^|]")
_PLAIN_DOMAIN = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=-]+")
_BEYOND_C0 = re.compile(r"[^ -~]")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")
_ZERO_RUN = re.compile(r"(?:^|:)0(?::0)+(?=:|$)")

_MAX_LENGTH = 1000
"""No name that DNS can carry comes near this, and punycode takes quadratic time. It holds for what is
written and for what becomes of it, so that what was read once can be read again."""


@lru_cache(maxsize=1024)
def parse_host(text: str, *, special: bool) -> str:
    """The host written as *text*: a domain in ASCII, an IPv4 or a bracketed IPv6 address.

    Where the scheme is not *special* anything but an IPv6 address is opaque and only percent-encoded.
    Raises FormatError.
    """
    if len(text) > _MAX_LENGTH:
        raise FormatError(f"a host of {len(text)} characters; the limit is {_MAX_LENGTH}")
    if text.startswith("["):
        if not text.endswith("]"):
            raise FormatError(f"an IPv6 address without its closing bracket: {text!r:.80}")
        return f"[{_ipv6(text[1:-1])}]"
    if not special:
        if _FORBIDDEN.search(text):
            raise FormatError(f"a host with a forbidden character: {text!r:.80}")
        return _BEYOND_C0.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)
    domain = text
    if not _PLAIN_DOMAIN.fullmatch(text):
        domain = unquote_to_bytes(text).decode("utf-8", "replace")
    domain = _to_ascii(domain)
    if len(domain) > _MAX_LENGTH:
        raise FormatError(f"a host of {len(domain)} characters; the limit is {_MAX_LENGTH}")
    if not domain:
        raise FormatError(f"a URL without a host: {text!r:.80}")
    if _FORBIDDEN_IN_DOMAIN.search(domain):
        raise FormatError(f"a host with a forbidden character: {text!r:.80}")
    return _ipv4(domain) if _ends_in_a_number(domain) else domain


def _to_ascii(domain: str) -> str:
    """UTS #46 ToASCII as browsers use it: non-transitional, hyphens, length and STD3 rules not checked."""
    if domain.isascii() and not re.search(r"(?:^|\.)xn--", domain, re.IGNORECASE):
        return domain.lower()
    import idna  # loaded here: few hosts need its tables

    try:
        labels = [_unicode_label(label) for label in _mapped(domain).split(".")]
        if any(unicodedata.bidirectional(char) in {"R", "AL", "AN"} for label in labels for char in label):
            for label in labels:
                if label:
                    idna.check_bidi(label, check_ltr=True)
    except (idna.IDNAError, UnicodeError, ValueError) as error:
        raise FormatError(f"not an internationalised domain name: {domain!r:.80}") from error
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in labels
    )


def _mapped(text: str) -> str:
    import idna

    return idna.uts46_remap(text, std3_rules=False)


def _unicode_label(label: str) -> str:
    """One mapped label in Unicode, checked by UTS #46 section 4.1; raises ValueError or IDNAError."""
    import idna

    if label.startswith("xn--"):
        decoded = label[4:].encode("ascii").decode("punycode")
        if decoded.isascii() or _mapped(decoded) != decoded or decoded.startswith("xn--"):
            raise ValueError("a punycode label that no name maps to")
        if decoded.encode("punycode").decode("ascii") != label[4:]:
            raise ValueError("punycode that is not in its shortest form")
        label = decoded
    idna.check_initial_combiner(label)
    for at, char in enumerate(label):
        if char in "\u200c\u200d" and not idna.valid_contextj(label, at):
            raise ValueError("a joiner where it has no meaning")
    return label


def _ends_in_a_number(domain: str) -> bool:
    labels = domain.split(".")
    if labels[-1] == "" and len(labels) > 1:
        labels.pop()
    return labels[-1].isdigit() or bool(re.fullmatch(r"0x[0-9a-f]*", labels[-1]))


def _ipv4(domain: str) -> str:
    """An IPv4 address of one to four numbers, each decimal, octal (0…) or hexadecimal (0x…)."""
    parts = domain.split(".")
    if parts[-1] == "" and len(parts) > 1:
        parts.pop()
    if len(parts) > 4 or not all(len(part) <= 64 and _NUMBER.fullmatch(part) for part in parts):
        raise FormatError(f"not an IPv4 address: {domain!r:.80}")
    try:
        numbers = [_ipv4_number(part) for part in parts]
    except ValueError as error:
        raise FormatError(f"not an IPv4 address: {domain!r:.80}") from error
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        raise FormatError(f"not an IPv4 address: {domain!r:.80}")
    value = numbers[-1] + sum(number << (8 * (3 - at)) for at, number in enumerate(numbers[:-1]))
    return str(ipaddress.IPv4Address(value))


def _ipv4_number(part: str) -> int:
    if part[:2] in ("0x", "0X"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") else 10)


def _ipv6(text: str) -> str:
    """An IPv6 address in its shortest form; the IPv4 way of writing its end does not survive."""
    if "%" in text:
        raise FormatError(f"an IPv6 address with a zone: {text!r:.80}")
    try:
        packed = ipaddress.IPv6Address(text).packed
    except ValueError as error:
        raise FormatError(f"not an IPv6 address: {text!r:.80}") from error
    pieces = ":".join(f"{packed[at] << 8 | packed[at + 1]:x}" for at in range(0, 16, 2))
    longest = max(_ZERO_RUN.finditer(pieces), key=lambda run: len(run[0].lstrip(":")), default=None)
    if longest is None:
        return pieces
    return f"{pieces[: longest.start()]}::{pieces[longest.end() :].lstrip(':')}"
