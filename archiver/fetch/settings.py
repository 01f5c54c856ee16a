"""How to reach servers and as whom: everything that redirects, weakens or shapes a connection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from archiver.errors import FormatError
from archiver.fetch.guard import literal
from archiver.fetch.proxy import Proxy
from archiver.url import Url
from archiver.version import __version__

USER_AGENT = f"archiver/{__version__} (web citation archiver)"

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SECRET = re.compile(
    r"(?:^|-)(?:auth|authorization|authentication|cookie2?|token|secret|passw(?:or)?d|credentials?"
    r"|api-?key|key|session|jwt|csrf|xsrf)(?:-|$)",
    re.IGNORECASE,
)
_OURS = re.compile(
    r"host|connection|keep-alive|proxy-connection|content-length|transfer-encoding|te|trailer|upgrade"
    r"|accept-encoding|expect|range|if-(?:range|match|none-match|modified-since|unmodified-since)",
    re.IGNORECASE,
)


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


def check_header(name: str, value: str) -> tuple[str, str]:
    """(*name*, *value*) as it may be sent with every request; FormatError where it may not.

    Refused are secrets, which the record would tell everybody; headers that say how a message is framed
    or encoded, or that ask for less than the whole, which are the recorder's to write; and anything that
    would not be one header line.
    """
    where = f"header {name!r:.60}"
    value = value.strip(" \t")
    if not _NAME.fullmatch(name):
        raise FormatError("not a header name", where=where)
    if _CONTROL.search(value) or not value.isprintable():
        raise FormatError("a control character in its value", where=where)
    if _SECRET.search(name):
        raise FormatError("secrets are refused: the record would show them to every reader", where=where)
    if _OURS.fullmatch(name):
        raise FormatError("this header is the recorder's own to write", where=where)
    return name, value


def parse_header(text: str) -> tuple[str, str]:
    """Read ``Name: value`` as `check_header` allows it; FormatError otherwise."""
    name, colon, value = text.partition(":")
    if not colon:
        raise FormatError(f"not 'Name: value': {text!r:.80}", where="--header")
    return check_header(name.strip(), value)


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
    headers: tuple[tuple[str, str], ...] = ()
    """Sent with every request; one that the recorder sends too (Accept, User-Agent) takes its place."""

    def __post_init__(self) -> None:
        check_header("User-Agent", self.user_agent)
        for name, value in self.headers:
            check_header(name, value)

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of each setting that redirects or weakens a connection, in the order they are shown."""
        given = {
            "FORCED_ADDRESS": self.resolve,
            "TLS_UNVERIFIED": self.insecure,
            "EXTRA_CA": self.cacert is not None,
            "PRIVATE_ADDRESS": self.allow_private,
            "PROXY": self.proxy is not None,
        }
        return tuple(code for code, value in given.items() if value)

    def forced(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        """The addresses given for *host* and *port*, in order; none where nothing is forced."""
        return [entry.address for entry in self.resolve if (entry.host, entry.port) == (host, port)]
