"""The cookies of one capture: those it was given and those it learns, never the user's machine's."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from email.message import Message
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import cast
from urllib.parse import urlsplit
from urllib.request import Request

import requests
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar, get_cookie_header

from archiver.fetch.cookiefile import GivenCookie
from archiver.fetch.guard import literal
from archiver.url.suffixes import public_suffixes

# Typed here, where requests' own stubs leave them open.
_extract = cast(
    "Callable[[RequestsCookieJar, requests.PreparedRequest, _Answered], None]", extract_cookies_to_jar
)
_cookie_header = cast(
    "Callable[[RequestsCookieJar, requests.PreparedRequest], str | None]", get_cookie_header
)

_LINE = re.compile(rb"^set-cookie[ \t]*+:[ \t]*+([^\r\n]*+)\r?$", re.IGNORECASE | re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LONG_AGE = re.compile(r"(max-age[ \t]*+=[ \t]*+-?[0-9]{10})[0-9]++", re.IGNORECASE)
_LONGEST = 4096
_MOST = 128 << 10
_MOST_AT_ONCE = 300
_MOST_SENT = 16 << 10  # no server takes a longer header, and each request records it again
_GIVEN = "given"


class Cookies:
    """A jar filled by Set-Cookie lines and asked for Cookie lines; thread-safe.

    *given* are in it from the beginning. As in browsers a cookie of over 4 KB or with a control character
    is dropped; after 128 KB of them, whatever they replace, nothing more is learnt, nor while there are
    300: browsers keep 180 of a site, and each of them takes time with every request.
    """

    def __init__(self, given: Iterable[GivenCookie] = ()) -> None:
        # A cookie set without a domain goes back to its very host alone, as in browsers.
        self._policy = _Policy(strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain)
        self._jar = RequestsCookieJar(self._policy)
        self._lock = threading.Lock()
        self._left = _MOST
        # Put into the jar when a host of theirs is first asked: it looks through all it holds each time.
        self._given: dict[str, list[GivenCookie]] = {}
        for cookie in given:
            self._given.setdefault(cookie.host, []).append(cookie)

    def learn(self, url: str, head: bytes) -> None:
        """Take in the cookies that the response *head* of *url* sets."""
        found = [line.decode("iso-8859-1").strip() for line in _LINE.findall(head)]
        lines = [line for line in found if len(line) <= _LONGEST and not _CONTROL.search(line)]
        if not lines:
            return
        with self._lock:
            for line in lines[: max(0, _MOST_AT_ONCE - len(self._jar))]:
                self._left -= len(line)
                if self._left >= 0:
                    message = Message()  # one each: what is wrong with one must not cost the others
                    message["Set-Cookie"] = _LONG_AGE.sub(r"\1", line)
                    _extract(self._jar, _asked(url), _Answered(message))

    def header(self, url: str, *, own: bool = True) -> str | None:
        """The value of the Cookie header for a request of *url*, None for none.

        Given cookies are in it where *own* says that the page's own site is asked: as browsers do with those
        that say nothing of other sites (SameSite), and a cookies.txt cannot.
        """
        with self._lock:
            if self._given and own:
                self._put_given(urlsplit(url).hostname or "")
            if not len(self._jar):
                return None
            self._policy.own = own
            value = _cookie_header(self._jar, _asked(url))
        if value is not None and len(value) > _MOST_SENT:
            value = value[: value.rfind("; ", 0, _MOST_SENT)]
        return value or None

    def _put_given(self, host: str) -> None:
        host = f"[{host}]" if ":" in host else host
        while host:
            for cookie in self._given.pop(host, ()):
                self._jar.set_cookie(_as_kept(cookie))
            _, _, host = host.partition(".")


def _as_kept(cookie: GivenCookie) -> Cookie:
    """*cookie* as the jar holds one that a server set."""
    host = _dotted(cookie.host)
    return Cookie(
        version=0,
        name=cookie.name or cookie.value,
        value=cookie.value if cookie.name else None,
        port=cookie.port,
        port_specified=cookie.port is not None,
        domain=f".{host}" if cookie.subdomains else host,
        domain_specified=cookie.subdomains,
        domain_initial_dot=cookie.subdomains,
        path=cookie.path,
        path_specified=True,
        secure=cookie.secure,
        expires=cookie.expires,
        discard=cookie.expires is None,
        comment=None,
        comment_url=None,
        rest={_GIVEN: ""},
    )


class _Policy(DefaultCookiePolicy):
    """The standard library's rules, and some of browsers: no cookie for all of co.uk, or half an address."""

    own = True
    """Whether the request at hand is one of the page's own site."""

    def set_ok_domain(self, cookie: Cookie, request: Request) -> bool:
        if cookie.domain_specified:
            domain = cookie.domain.strip(".")
            if public_suffixes().is_public(domain) or literal(
                urlsplit(request.get_full_url()).hostname or ""
            ):
                return False
        return super().set_ok_domain(cookie, request)

    def return_ok(self, cookie: Cookie, request: Request) -> bool:
        if not self.own and cookie.has_nonstandard_attr(_GIVEN):
            return False
        return super().return_ok(cookie, request)


class _Answered:
    """What requests looks for in an answer: the message that http.client would have made."""

    def __init__(self, message: Message) -> None:
        self._original_response = self
        self.msg = message


def _asked(url: str) -> requests.PreparedRequest:
    """A request as requests knows it, but with the URL as it is: preparing would rewrite it."""
    prepared = requests.PreparedRequest()
    prepared.url = _with_dotted_host(url)
    prepared.headers = requests.structures.CaseInsensitiveDict()
    return prepared


def _dotted(host: str) -> str:
    """*host* under a name that has a dot: the library would take ``intranet`` for ``intranet.local``."""
    if "[" in host:
        return f"{host}.local"  # the library's own name for an address without a dot
    return host if "." in host else f"{host}.without-dot.invalid"


def _with_dotted_host(url: str) -> str:
    scheme, _, rest = url.partition("://")
    end = next((at for at, char in enumerate(rest) if char in ":/?"), len(rest))
    return f"{scheme}://{_dotted(rest[:end])}{rest[end:]}" if not rest.startswith("[") else url
