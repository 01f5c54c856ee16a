"""How to reach servers and as whom: everything that redirects, weakens or shapes a connection."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from archiver.errors import FormatError
from archiver.fetch.cookiefile import GivenCookie
from archiver.fetch.guard import literal
from archiver.fetch.proxy import Proxy
from archiver.url import Url
from archiver.version import __version__

USER_AGENT = f"archiver/{__version__} (web citation archiver)"

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SECRET = re.compile(
    r"auth(?!or(?:ity|s)?(?:-|$))|cookie|token|secret|passw|passphrase|pwd|credential|key|session|signature"
    r"|bearer|dpop|jwt|[cx]srf|(?:^|-)(?:otp|pass|passcode|pin|sid)(?:-|$)",
    re.IGNORECASE,
)
"""Rather too many names than too few: what is no secret is blanked for nothing, and no more."""
_LONGEST_NAME = 200
_OURS = re.compile(
    r"host|connection|keep-alive|proxy-connection|content-length|transfer-encoding|te|trailer|upgrade"
    r"|accept-encoding|expect|range|if-(?:range|match|none-match|modified-since|unmodified-since)",
    re.IGNORECASE,
)
_NEVER = {
    "proxy-authorization": "it would be sent to the site and not to the proxy",
    "set-cookie": "it belongs to answers; Cookie is what is sent",
    "set-cookie2": "it belongs to answers; Cookie is what is sent",
}

MAX_HEADER_FILE = 256 << 10

Headers = tuple[tuple[str, str], ...]
"""Names and values, in the order in which they are sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedAddress:
    """One ``--resolve``: where to find *host* on *port*, and that this address is meant."""

    host: str
    """As a URL has it: lower case, IDN in ASCII, IPv6 in brackets."""
    port: int
    address: IPv4Address | IPv6Address

    def __str__(self) -> str:
        return f"{self.host}:{self.port}:{self.address}"

    @classmethod
    def parse(cls, text: str) -> ForcedAddress:
        """Read ``HOST:PORT:ADDR``; an IPv6 address in brackets or bare. FormatError for anything else."""
        where = "--resolve"
        found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5}):(.+)", text, re.ASCII)
        address = literal(found[3]) if found else None
        if found is None or address is None or not 0 < int(found[2]) < 1 << 16:
            raise FormatError(f"not HOST:PORT:ADDRESS: {text!r:.120}", where=where)
        try:
            url = Url.parse(f"http://{found[1]}/")
        except FormatError as error:
            raise error.inside(where) from error
        if url.host is None or url.has_userinfo or url.target != "/" or url.port is not None:
            raise FormatError(f"not a host: {found[1]!r:.120}", where=where)
        return cls(host=url.host, port=int(found[2]), address=address)


def is_secret(name: str) -> bool:
    """Whether a header called *name* is likely to hold a secret."""
    return _SECRET.search(name) is not None


def check_header(name: str, value: str, *, secret: bool = False) -> tuple[str, str]:
    """(*name*, *value*) as it may be sent; FormatError, without the value, where it may not.

    Refused are headers that say how a message is framed or encoded, or that ask for less than the whole,
    which are the recorder's to write; anything that would not be one header line; and, unless it is sent
    as a *secret*, what the record must not tell everybody.
    """
    where = f"header {name!r:.60}"
    value = value.strip(" \t")
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise FormatError("not a header name", where=where)
    if _CONTROL.search(value) or not value.isprintable():
        raise FormatError("a control character in its value", where=where)
    if (why := _NEVER.get(name.lower())) is not None:
        raise FormatError(why, where=where)
    if _OURS.fullmatch(name):
        raise FormatError("this header is the recorder's own to write", where=where)
    if not secret and is_secret(name):
        raise FormatError("secrets are refused among headers that are recorded as they are", where=where)
    return name, value


def parse_header(text: str, *, where: str = "--header") -> tuple[str, str]:
    """Read ``Name: value``, which may be a secret; FormatError, which shows no value, otherwise."""
    name, colon, value = text.partition(":")
    name = name.strip()
    if not colon or not _NAME.fullmatch(name):
        raise FormatError("not 'Name: value'", where=where)  # all of it may be a secret: nothing is shown
    try:
        return check_header(name, value, secret=True)
    except FormatError as error:
        raise error.inside(where) from None


def read_headers(data: bytes, *, where: str = "--header") -> Headers:
    """The headers in *data*, a file with one a line; empty lines and those that begin with # are none.

    FormatError names the line and shows nothing of it but the header's name.
    """
    if len(data) > MAX_HEADER_FILE:
        raise FormatError(f"more than {MAX_HEADER_FILE} bytes", where=where)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("not text in UTF-8", where=where) from None
    headers: list[tuple[str, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        place = f"{where}: line {number}"
        if line[:1] in (" ", "\t") and line.strip():
            raise FormatError(
                "a line that goes on from the one before", where=place
            )  # its name would be none
        if line.strip() and not line.startswith("#"):
            headers.append(parse_header(line.removesuffix("\r"), where=place))
    return tuple(headers)


def parted(headers: Iterable[tuple[str, str]]) -> tuple[Headers, Headers]:
    """*headers* as `FetchSettings` takes them: those that are recorded, and those that are secrets."""
    given = tuple(headers)
    plain = tuple(header for header in given if not is_secret(header[0]))
    return plain, tuple(header for header in given if is_secret(header[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """The operator's choices for every connection of a capture.

    FormatError for a header or user agent that may not be sent.
    """

    resolve: tuple[ForcedAddress, ...] = ()
    cacert: bytes | None = None
    """PEM certificates added to the default roots."""
    insecure: bool = False
    """Verify no server's certificate."""
    proxy: Proxy | None = None
    allow_private: bool = False
    user_agent: str = USER_AGENT
    headers: Headers = ()
    """Sent with every request; one that the recorder sends too (Accept, User-Agent) takes its place."""
    secrets: Headers = field(default=(), repr=False)
    """Headers sent to the cited URL's origin alone; the record shows that they were, not what they say."""
    cookies: tuple[GivenCookie, ...] = field(default=(), repr=False)
    """Sent where they belong; in the record they and all other cookies are blanked."""

    def __post_init__(self) -> None:
        check_header("User-Agent", self.user_agent)
        for name, value in self.headers:
            check_header(name, value)
        for name, value in self.secrets:
            check_header(name, value, secret=True)

    @property
    def redacts(self) -> bool:
        """Whether secrets were given, so that values are blanked in the record."""
        return bool(self.secrets or self.cookies)

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of each setting that a verdict names, in the order they are shown."""
        given = {
            "FORCED_ADDRESS": self.resolve,
            "TLS_UNVERIFIED": self.insecure,
            "EXTRA_CA": self.cacert is not None,
            "PRIVATE_ADDRESS": self.allow_private,
            "PROXY": self.proxy is not None,
            "REDACTED": self.redacts,
        }
        return tuple(code for code, value in given.items() if value)

    def forced(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        """The addresses given for *host* and *port*, in order; none where nothing is forced."""
        return [entry.address for entry in self.resolve if (entry.host, entry.port) == (host, port)]
