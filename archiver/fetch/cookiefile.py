"""Cookies that the operator gives: a cookies.txt in Netscape's form, as curl and others write it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from archiver.errors import FormatError
from archiver.url import Url
from archiver.url.suffixes import public_suffixes

MAX_COOKIE_FILE = 1 << 20
MAX_COOKIES = 10_000

_HTTP_ONLY = "#HttpOnly_"
_FLAG = {"TRUE": True, "FALSE": False}
_EXPIRES = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,9})?|", re.ASCII)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:/?#@\\\s]+)(?::([0-9]{1,5}))?", re.ASCII | re.IGNORECASE)
_NOT_ONE_COOKIE = re.compile(r"[\x00-\x1f\x7f;]")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCookie:
    """One cookie and where it may be sent; its bytes stand as ISO-8859-1, whatever they mean."""

    host: str
    """As a URL has it."""
    port: str | None
    """The only port it goes to, where one is named, as wget does."""
    subdomains: bool
    """Whether it goes to the hosts below *host* too."""
    path: str
    secure: bool
    expires: int | None
    """Seconds since 1970; None for a cookie of the session."""
    name: str
    """Empty for a cookie without one, whose value is sent alone."""
    value: str = field(repr=False)


def read_cookies(data: bytes, *, now: float, where: str = "--cookies") -> tuple[GivenCookie, ...]:
    """The cookies in *data* that live at *now* and that a browser would keep, in order.

    FormatError names the line that is none, and shows nothing of it; so too for a file that is too large.
    """
    if len(data) > MAX_COOKIE_FILE:
        raise FormatError(f"more than {MAX_COOKIE_FILE} bytes", where=where)
    cookies: list[GivenCookie] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        text = line.removesuffix(b"\r").decode("iso-8859-1")
        http_only = text.startswith(_HTTP_ONLY)
        if not text.strip() or (text.startswith("#") and not http_only):
            continue
        try:
            cookie = _cookie(text.removeprefix(_HTTP_ONLY))
        except FormatError as error:
            raise FormatError(error.message, where=f"{where}: line {number}") from None
        if (cookie.expires is not None and cookie.expires <= now) or _is_everybodys(cookie):
            continue
        if len(cookies) == MAX_COOKIES:
            raise FormatError(f"more than {MAX_COOKIES} cookies", where=where)
        cookies.append(cookie)
    return tuple(cookies)


def _cookie(text: str) -> GivenCookie:
    parts = text.split("\t")
    if len(parts) == 6:
        parts.append("")  # a tab at the end, before an empty value, is easily lost
    if len(parts) != 7:
        raise FormatError("not seven fields with a tab between each")
    domain, subdomains, path, secure, expires, name, value = parts
    flags = _FLAG.get(subdomains.upper()), _FLAG.get(secure.upper())
    if flags[0] is None or flags[1] is None:
        raise FormatError("the second and the fourth field must be TRUE or FALSE")
    if not path.startswith("/"):
        raise FormatError("the third field is no path")
    if not _EXPIRES.fullmatch(expires):
        raise FormatError("the fifth field is no time in seconds")
    if _NOT_ONE_COOKIE.search(path + name + value) or "=" in name or not name + value:
        raise FormatError("the last two fields are no cookie")
    moment = int(float(expires or 0))
    host, port = _host(domain.removeprefix("."))
    return GivenCookie(
        host=host,
        port=port,
        subdomains=flags[0] and not _is_address(host),
        path=path,
        secure=flags[1],
        expires=moment if moment > 0 else None,
        name=name,
        value=value,
    )


def _host(text: str) -> tuple[str, str | None]:
    """The host as a URL has it, and the port."""
    found = _HOST.fullmatch(text.encode("iso-8859-1").decode("utf-8", "replace"))
    try:
        host = Url.parse(f"http://{found[1]}/").host if found else None
    except FormatError:
        host = None
    if not host or found is None:
        raise FormatError("the first field is no host")
    return host, found[2]


def _is_address(host: str) -> bool:
    return host.startswith("[") or host.replace(".", "").isdigit()


def _is_everybodys(cookie: GivenCookie) -> bool:
    """Whether it would go to all of co.uk."""
    return cookie.subdomains and public_suffixes().is_public(cookie.host)
