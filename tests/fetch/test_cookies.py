"""Cookies of this capture and of nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archiver.fetch.cookies import Cookies
from archiver.fetch.settings import FetchSettings
from tests.fetch.authority import Authority
from tests.fetch.conftest import Connect
from tests.fetch.rawserver import OK, RawServer, say

SITE = "http://site.example/a/b"


def jar(*lines: bytes, url: str = SITE) -> Cookies:
    cookies = Cookies()
    cookies.learn(url, b"HTTP/1.1 200 OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n")
    return cookies


@pytest.mark.parametrize(
    ("line", "url", "sent"),
    [
        (b"Set-Cookie: a=1", SITE, "a=1"),
        (b"set-COOKIE:a=1; Path=/", "http://site.example/", "a=1"),
        (b"Set-Cookie: a=1", "http://site.example/", None),
        (b"Set-Cookie: a=1; Path=/x", SITE, None),
        (b"Set-Cookie: a=1; Path=/", "http://other.example/", None),
        (b"Set-Cookie: a=1; Path=/", "http://www.site.example/", None),
        (b"Set-Cookie: a=1; Path=/; Domain=site.example", "http://www.site.example/", "a=1"),
        (b"Set-Cookie: a=1; Path=/; Domain=other.example", "http://other.example/", None),
        (b"Set-Cookie: a=1; Path=/; Secure", "https://site.example/", "a=1"),
        (b"Set-Cookie: a=1; Path=/; Secure", SITE, None),
        (b"Set-Cookie: a=1; Max-Age=0", SITE, None),
        (b"Set-Cookie: a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", SITE, None),
        (b'Set-Cookie: a="x y,z"', SITE, 'a="x y,z"'),
        (b"Set-Cookie: a=b=c%20d", SITE, "a=b=c%20d"),
        (b"Set-Cookie: a=\xe9\xff", SITE, "a=\xe9\xff"),
        (b"Set-Cookie: a=\x011", SITE, None),
        (b"Set-Cookie: a=1\rX-Evil: 1", SITE, None),
        (b"Set-Cookie: a=" + b"1" * 5000, SITE, None),
        (b"X-Set-Cookie: a=1", SITE, None),
        (b"Set-Cookie: ", SITE, None),
        (b"Set-Cookie: ;;;=;", SITE, None),
    ],
)
def test_a_cookie_is_sent_where_a_browser_sends_it(line: bytes, url: str, sent: str | None) -> None:
    assert jar(line).header(url) == sent


def test_the_latest_value_of_a_cookie_counts() -> None:
    assert jar(b"Set-Cookie: a=1", b"Set-Cookie: b=2", b"Set-Cookie: a=3").header(SITE) in (
        "a=3; b=2",
        "b=2; a=3",
    )


def test_a_flood_of_cookies_ends() -> None:
    cookies = jar(*(b"Set-Cookie: n%d=%s" % (number, b"x" * 1000) for number in range(1000)))
    assert 1000 < len(cookies.header(SITE) or "") <= 128 << 10


def test_cookies_go_from_one_answer_to_the_next_request_of_the_same_capture(connect: Connect) -> None:
    routes = {
        "/set": say(b"HTTP/1.1 302 Found\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"),
        "*": say(OK),
    }
    with RawServer(routes) as server:
        client = connect()
        for target in ("/before", "/set", "/after"):
            client.get(server.url(target))
        connect().get(server.url("/stranger"))
        assert re.findall(rb"Cookie: [^\r]*", server.received) == [b"Cookie: a=1"]


def test_nothing_comes_from_the_users_machine(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    (tmp_path / ".netrc").write_text(
        "machine 127.0.0.1 login me password secret\ndefault login me password secret\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    roots = tmp_path / "roots.pem"
    roots.write_bytes(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(roots))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    context, _ = authority.server("127.0.0.1")
    with RawServer({"*": say(OK)}) as server, RawServer({"*": say(OK)}, context=context) as secure:
        client = connect()
        assert client.get(server.url()).error is None
        assert b"secret" not in server.received
        assert b"Authorization" not in server.received
        assert client.get(secure.url()).error == "tls"
        assert connect(FetchSettings(allow_private=True, insecure=True)).get(secure.url()).error is None
        assert not (tmp_path / "keys").exists()
