"""The bytes that ask, as a browser would."""

from __future__ import annotations

import pytest

from archiver.errors import FormatError
from archiver.fetch.request import Request, referer, request_bytes
from archiver.url import Url


def asked(
    url: str, *, cookie: str | None = None, headers: tuple[tuple[str, str], ...] = (), **fields: str
) -> bytes:
    request = Request(url=Url.parse(url), **fields)  # type: ignore[arg-type]
    return request_bytes(request, user_agent="tester/1", headers=headers, cookie=cookie)


def test_a_request_in_full() -> None:
    data = asked(
        "https://bücher.example:8443/a b?c#d",
        kind="style",
        referer="https://bücher.example:8443/page#top",
        cookie="a=1; b=\xe9",
        headers=(("X-One", "ü"),),
    )
    assert data == (
        b"GET /a%20b?c HTTP/1.1\r\nHost: xn--bcher-kva.example:8443\r\nUser-Agent: tester/1\r\n"
        b"Accept: text/css,*/*;q=0.1\r\nAccept-Encoding: gzip, br\r\n"
        b"Referer: https://xn--bcher-kva.example:8443/page\r\nX-One: \xc3\xbc\r\nCookie: a=1; b=\xe9\r\n"
        b"Connection: keep-alive\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://a.example:80/", "a.example"),
        ("https://a.example:443/", "a.example"),
        ("http://a.example:443/", "a.example:443"),
        ("http://[::1]:80/", "[::1]"),
        ("http://[::1]:81/", "[::1]:81"),
    ],
)
def test_the_host_has_its_port_only_where_it_is_not_the_default(url: str, host: str) -> None:
    assert f"\r\nHost: {host}\r\n".encode() in asked(url)


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("document", b"text/html,"), ("image", b"image/avif,"), ("style", b"text/css,"), ("script", b"*/*\r"),
        ("font", b"*/*\r"), ("any", b"*/*\r"),
    ],
)  # fmt: skip
def test_what_is_accepted_follows_the_kind(kind: str, start: bytes) -> None:
    assert b"\r\nAccept: " + start in asked("http://a/", kind=kind)


def test_no_language_is_asked_for_unless_told() -> None:
    assert b"Accept-Language" not in asked("http://a/")
    assert b"\r\nAccept-Language: fr\r\n" in asked("http://a/", headers=(("Accept-Language", "fr"),))


def test_a_header_of_the_operator_takes_the_place_of_ours() -> None:
    data = asked("http://a/", headers=(("user-agent", "mine"), ("ACCEPT", "x/y")))
    assert data.lower().count(b"user-agent:") == data.lower().count(b"accept:") == 1
    assert b"user-agent: mine\r\nACCEPT: x/y\r\n" in data


@pytest.mark.parametrize(
    ("page", "target", "told"),
    [
        ("http://a.example/p?q#f", "http://a.example/x", "http://a.example/p?q"),
        ("http://a.example/p?q#f", "http://b.example/x", "http://a.example/"),
        ("http://a.example/p", "https://a.example/x", "http://a.example/"),
        ("https://a.example/p", "http://a.example/x", None),
        ("https://a.example/p", "https://a.example:8443/x", "https://a.example/"),
        ("https://a.example:8443/p", "https://b.example/x", "https://a.example:8443/"),
        ("http://u:p@a.example/p", "http://a.example/x", "http://a.example/p"),
        ("http://a.example/" + "p" * 4096, "http://a.example/x", "http://a.example/"),
        ("data:text/html,x", "http://a.example/x", None),
        ("about:srcdoc", "http://a.example/x", None),
        ("file:///home/me/page.html", "http://a.example/x", None),
        ("not a url", "http://a.example/x", None),
    ],
)
def test_the_referrer_policy_is_browsers_default(page: str, target: str, told: str | None) -> None:
    assert referer(page, Url.parse(target)) == told


@pytest.mark.parametrize("fields", [{"method": "POST"}, {"method": "GET /\r\n"}, {"kind": "video"}])
def test_a_request_that_cannot_be_made_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(FormatError):
        Request(url=Url.parse("http://a/"), **fields)  # type: ignore[arg-type]


def test_a_header_of_two_lines_is_refused() -> None:
    with pytest.raises(FormatError):
        Request(url=Url.parse("http://a/"), headers=(("X", "a\r\nY: b"),))
