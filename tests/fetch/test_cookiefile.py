"""cookies.txt: what curl, yt-dlp and browser extensions write, and what is none."""

from __future__ import annotations

import os
import subprocess
import time
from http.cookiejar import Cookie, MozillaCookieJar
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.fetch.cookiefile import MAX_COOKIES, GivenCookie, read_cookies
from archiver.fetch.cookies import Cookies
from tests.fetch.rawserver import RawServer, say
from tests.programs import need

NOW = 1_800_000_000


def line(
    host: str = "site.example",
    subdomains: str = "FALSE",
    path: str = "/",
    secure: str = "FALSE",
    expires: str = "0",
    name: str = "a",
    value: str = "1",
) -> str:
    return f"{host}\t{subdomains}\t{path}\t{secure}\t{expires}\t{name}\t{value}"


def read(*lines: str) -> tuple[GivenCookie, ...]:
    return read_cookies("\n".join(lines).encode(), now=NOW)


@pytest.mark.parametrize(
    ("text", "url", "sent"),
    [
        (line(), "http://site.example/", "a=1"),
        (line(), "https://site.example/x?y", "a=1"),
        (line(), "http://SITE.example:8080/", "a=1"),
        (line(), "http://www.site.example/", None),
        (line(), "http://site.example.evil/", None),
        (line(subdomains="TRUE"), "http://www.site.example/", "a=1"),
        (line(".site.example", "TRUE"), "http://site.example/", "a=1"),
        (line(".site.example", "TRUE"), "http://a.b.site.example/", "a=1"),
        (line(".site.example", "TRUE"), "http://mysite.example/", None),
        (line(".site.example", "FALSE"), "http://www.site.example/", None),
        (line("www.site.example", "TRUE"), "http://site.example/", None),
        (line("Site.Example", "true", secure="false"), "http://site.example/", "a=1"),
        (line("bücher.example"), "http://xn--bcher-kva.example/", "a=1"),
        (line(path="/a"), "http://site.example/a/b", "a=1"),
        (line(path="/a"), "http://site.example/a", "a=1"),
        (line(path="/a"), "http://site.example/ab", None),
        (line(path="/a/"), "http://site.example/a", None),
        (line(secure="TRUE"), "http://site.example/", None),
        (line(secure="TRUE"), "https://site.example/", "a=1"),
        (line(expires=""), "http://site.example/", "a=1"),
        (line(expires="-1"), "http://site.example/", "a=1"),
        (line(expires="4102444800.5"), "http://site.example/", "a=1"),
        (line(expires="13350000000000000"), "http://site.example/", "a=1"),
        (line(value=""), "http://site.example/", "a="),
        (line(value="").removesuffix("\t"), "http://site.example/", "a="),
        (line(name=""), "http://site.example/", "1"),
        (line(value='"x y=z,%20"'), "http://site.example/", 'a="x y=z,%20"'),
        (line(value="é"), "http://site.example/", "a=\xc3\xa9"),
        (line("127.0.0.1"), "http://127.0.0.1:8000/", "a=1"),
        (line("127.0.0.1", "TRUE"), "http://127.0.0.1/", "a=1"),
        (line("127.0.0.1:8000"), "http://127.0.0.1:8000/", "a=1"),
        (line("127.0.0.1:8000"), "http://127.0.0.1:8001/", None),
        (line("127.0.0.1:8000"), "http://127.0.0.1/", None),
        (line("localhost"), "http://localhost:8000/", "a=1"),
        (line("[::1]"), "http://[::1]:8000/", "a=1"),
        ("#HttpOnly_" + line(), "http://site.example/", "a=1"),
        ("#HttpOnly_" + line(".site.example", "TRUE"), "http://www.site.example/", "a=1"),
        ("# " + line(), "http://site.example/", None),
        ("#" + line(), "http://site.example/", None),
        (line() + "\r", "http://site.example/", "a=1"),
        ("\ufeff# Netscape HTTP Cookie File\n\n" + line() + "\n", "http://site.example/", "a=1"),
        (line(".co.uk", "TRUE"), "http://site.co.uk/", None),
        (line(".github.io", "TRUE"), "http://site.github.io/", None),
        (line("github.io", "FALSE"), "http://github.io/", "a=1"),
    ],
)  # fmt: skip
def test_a_given_cookie_is_sent_where_a_browser_sends_it(text: str, url: str, sent: str | None) -> None:
    assert Cookies(read(text)).header(url) == sent


def test_what_has_expired_is_dropped() -> None:
    assert read(line(expires=str(NOW))) == read(line(expires="1")) == read("") == ()
    assert len(read(line(expires=str(NOW + 1)))) == 1
    late = read_cookies(line(expires=str(int(time.time()) - 1)).encode(), now=0)
    assert Cookies(late).header("http://site.example/") is None, "nor is it sent where it expires meanwhile"


def test_what_a_server_sets_takes_a_given_cookies_place() -> None:
    cookies = Cookies(read(line(), line(".site.example", "TRUE", name="b"), line(name="c")))
    url = "http://site.example/"
    assert cookies.header(url) == "a=1; c=1; b=1"
    cookies.learn(
        url,
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=2\r\nSet-Cookie: b=2; Domain=site.example\r\n"
        b"Set-Cookie: c=; Max-Age=0\r\n\r\n",
    )
    assert sorted((cookies.header(url) or "").split("; ")) == ["a=2", "b=2"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hush", "seven fields"),
        (line() + "\thush", "seven fields"),
        (line().replace("\t", " "), "seven fields"),
        ('[{"domain": "site.example", "value": "hush"}]', "seven fields"),
        (line(subdomains="hush"), "TRUE or FALSE"),
        (line(secure="hush"), "TRUE or FALSE"),
        (line(path="hush"), "no path"),
        (line(expires="hush"), "no time"),
        (line(expires="1e9"), "no time"),
        (line(expires="\u0661"), "no time"),
        (line(expires="9" * 20), "no time"),
        (line(""), "no host"),
        (line("hush/x"), "no host"),
        (line("hush:x"), "no host"),
        (line("hush:81:82"), "no host"),
        (line("hush:"), "no host"),
        (line("me@hush"), "no host"),
        (line("hu sh"), "no host"),
        (line("."), "no host"),
        (line(name="", value=""), "no cookie"),
        (line(name="a=hush"), "no cookie"),
        (line(value="hush; b=2"), "no cookie"),
        (line(value="hush\x00"), "no cookie"),
        (line(value="hush\rb"), "no cookie"),
        (line(path="/\x1b[31m"), "no cookie"),
    ],
)
def test_a_line_that_is_no_cookie_is_named_and_not_shown(text: str, why: str) -> None:
    with pytest.raises(FormatError, match=why) as caught:
        read_cookies(("# one\n" + text + "\n").encode(), now=NOW, where="jar.txt")
    assert str(caught.value).startswith("jar.txt: line 2: ")
    assert "hush" not in str(caught.value)


def test_a_file_is_bounded() -> None:
    with pytest.raises(FormatError, match="bytes"):
        read_cookies(b"#" * (1 << 20) + b"#", now=NOW)
    many = "".join(f"a{number}.b\tFALSE\t/\tFALSE\t0\ta\t1\n" for number in range(MAX_COOKIES + 1))
    with pytest.raises(FormatError, match="10000 cookies"):
        read_cookies(many.encode(), now=NOW)


def test_ten_thousand_cookies_of_other_sites_cost_nothing() -> None:
    jar = read(*(line(f"{number}.example", "TRUE") for number in range(MAX_COOKIES)))
    cookies = Cookies(jar)
    begun = time.process_time()
    for number in range(1000):
        cookies.header(f"https://site.example/{number}")
    assert time.process_time() - begun < 1


@given(st.binary(max_size=200) | st.text("\t\n#/.aTRUEFALSE01_=", max_size=200).map(str.encode))
def test_any_bytes_are_cookies_or_refused(data: bytes) -> None:
    try:
        cookies = Cookies(read_cookies(data, now=NOW))
    except FormatError:
        return
    sent = cookies.header("http://a/") or ""
    assert "\n" not in sent


def test_what_python_writes_is_read(tmp_path: Path) -> None:
    jar = MozillaCookieJar(tmp_path / "jar.txt")
    for name, value, domain, secure, expires in (
        ("a", "1", ".site.example", True, 4_102_444_800),
        ("b", "2", "site.example", False, None),
        ("c", None, "site.example", False, None),
    ):
        jar.set_cookie(
            Cookie(0, name, value, None, False, domain, domain[0] == ".", domain[0] == ".", "/", True, secure,
                   expires, expires is None, None, None, {})
        )  # fmt: skip
    jar.save(ignore_discard=True)
    cookies = Cookies(read_cookies((tmp_path / "jar.txt").read_bytes(), now=NOW))
    assert sorted((cookies.header("https://site.example/") or "").split("; ")) == ["a=1", "b=2", "c"]
    assert sorted((cookies.header("http://site.example/") or "").split("; ")) == ["b=2", "c"]


def test_what_wget_writes_is_read(tmp_path: Path) -> None:
    wget, jar = need("wget"), tmp_path / "jar.txt"
    cookies = (
        b"Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=x%20=y; Path=/deep; HttpOnly\r\n"
        b"Set-Cookie: c=3; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT\r\n"
    )
    with RawServer({"*": say(b"HTTP/1.1 200 OK\r\n" + cookies + b"Content-Length: 0\r\n\r\n")}) as server:
        url = server.url("/deep/page")
        subprocess.run(
            [wget, "-q", "-O", os.devnull, "--no-config", "--no-proxy", "--keep-session-cookies",
             "--save-cookies", jar, url],
            timeout=30,
            check=True,
        )  # fmt: skip
    given = Cookies(read_cookies(jar.read_bytes(), now=NOW))
    assert sorted((given.header(url) or "").split("; ")) == ["a=1", "b=x%20=y", "c=3"]
    assert sorted((given.header(server.url("/")) or "").split("; ")) == ["a=1", "c=3"]
