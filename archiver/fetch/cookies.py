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
_LONGEST = 4096
_MOST = 128 << 10


class Cookies:
    """A jar filled by Set-Cookie lines and asked for Cookie lines; thread-safe.

    *given* are in it from the beginning. As in browsers a cookie of over 4 KB or with a control character
    is dropped; after 128 KB of them, whatever they replace, nothing more is learnt.
    """

    def __init__(self, given: Iterable[GivenCookie] = ()) -> None:
        # A cookie set without a domain goes back to its very host alone, as in browsers.
        policy = _Policy(strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain)
        self._jar = RequestsCookieJar(policy)
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
            message = Message()
            for line in lines:
                self._left -= len(line)
                if self._left >= 0:
                    message["Set-Cookie"] = line
            _extract(self._jar, _asked(url), _Answered(message))

    def header(self, url: str) -> str | None:
        """The value of the Cookie header for a request of *url*, None for none."""
        with self._lock:
            if self._given:
                self._put_given(urlsplit(url).hostname or "")
            if not len(self._jar):
                return None
            value = _cookie_header(self._jar, _asked(url))
        return value or None

    def _put_given(self, host: str) -> None:
        host = f"[{host}]" if ":" in host else host
        while host:
            for cookie in self._given.pop(host, ()):
                self._jar.set_cookie(_as_kept(cookie))
            _, _, host = host.partition(".")


def _as_kept(cookie: GivenCookie) -> Cookie:
    """*cookie* as the jar holds one that a server set."""
    host = cookie.host if "." in cookie.host else f"{cookie.host}.local"  # the library's own name for those
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
        rest={},
    )


class _Policy(DefaultCookiePolicy):
    """The standard library's rules, and one of browsers: no cookie for all of co.uk."""

    def set_ok_domain(self, cookie: Cookie, request: Request) -> bool:
        if cookie.domain_specified and public_suffixes().is_public(cookie.domain.strip(".")):
            return False
        return super().set_ok_domain(cookie, request)


class _Answered:
    """What requests looks for in an answer: the message that http.client would have made."""

    def __init__(self, message: Message) -> None:
        self._original_response = self
        self.msg = message


def _asked(url: str) -> requests.PreparedRequest:
    """A request as requests knows it, but with the URL as it is: preparing would rewrite it."""
    prepared = requests.PreparedRequest()
    prepared.url = url
    prepared.headers = requests.structures.CaseInsensitiveDict()
    return prepared
