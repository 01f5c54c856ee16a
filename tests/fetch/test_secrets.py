"""Secrets reach their site and nobody else: no other host, no reader of the record."""

from __future__ import annotations

import base64
import gzip
import re
from dataclasses import replace

import pytest

from archiver.fetch.cookiefile import read_cookies
from archiver.fetch.secrets import Secrets
from archiver.fetch.settings import FetchSettings
from archiver.url import Url
from archiver.warc.exchange import Exchange
from archiver.warc.redaction import Blank
from tests.fetch.conftest import Client, Connect
from tests.fetch.rawserver import OK, RawServer, Reply, Then, say
from tests.fetch.test_proxy import proxying

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
SECRETS = FetchSettings(
    allow_private=True,
    secrets=(
        ("Authorization", "Bearer hush-bearer"),
        ("X-Api-Key", "hush/key?1"),
        ("Cookie", "a=hush-cookie-1"),
    ),
)
SAID = re.compile(rb"(?:Authorization|X-Api-Key|Cookie): (.*)\r\n")


def started(connect: Connect, server: RawServer, settings: FetchSettings = SECRETS) -> Client:
    return connect(settings, cited=Url.parse(server.url("/")))


def test_secrets_stay_out_of_what_settings_show_of_themselves() -> None:
    assert "hush" not in repr(SECRETS)
    jar = read_cookies(b"a.example\tFALSE\t/\tFALSE\t0\ta\thush\n", now=0)
    assert "hush" not in repr(replace(SECRETS, cookies=jar)) + repr(jar)


@pytest.mark.parametrize(
    ("cited", "url", "told"),
    [
        ("http://a.example/x", "http://a.example/y?z", True),
        ("http://a.example/x", "https://a.example/", True),
        ("http://a.example:8080/", "https://a.example:8080/", True),
        ("http://a.example:8080/", "http://a.example/", False),
        ("http://a.example/", "http://a.example:8080/", False),
        ("http://a.example/", "https://a.example:8443/", False),
        ("https://a.example/", "https://A.example:443/x", True),
        ("https://a.example/", "http://a.example/", False),
        ("https://a.example/", "https://www.a.example/", False),
        ("https://www.a.example/", "https://a.example/", False),
        ("https://a.example/", "https://a.example.evil/", False),
        ("https://a.example/", "https://b.example/?https://a.example/", False),
        ("http://[::1]/", "http://[::1]/", True),
        (None, "https://a.example/", False),
    ],
)
def test_secret_headers_are_for_the_cited_origin(cited: str | None, url: str, told: bool) -> None:
    secrets = Secrets(SECRETS, Url.parse(cited) if cited is not None else None)
    target = Url.parse(url)
    assert [name for name, _ in secrets.headers(target)] == (["Authorization", "X-Api-Key"] if told else [])
    assert secrets.cookie(target, "k=1") == ("a=hush-cookie-1; k=1" if told else "k=1")
    assert secrets.cookie(target, None) == ("a=hush-cookie-1" if told else None)


@pytest.mark.parametrize(
    ("given", "kept", "sent"),
    [
        (("a=1; b=2",), "b=3; c=4", "a=1; b=3; c=4"),
        (("a=1", "b=2"), None, "a=1; b=2"),
        ((" a = 1 ;; b",), "a=2", "b; a=2"),
        (("a=\u00e9\u20ac",), None, "a=\xc3\xa9\xe2\x82\xac"),
        (("",), None, None),
        (("",), "a=1", "a=1"),
    ],
)
def test_one_cookie_header_is_sent_and_what_is_newer_counts(
    given: tuple[str, ...], kept: str | None, sent: str | None
) -> None:
    settings = FetchSettings(secrets=tuple(("cookie", value) for value in given))
    url = Url.parse("https://a.example/")
    assert Secrets(settings, url).cookie(url, kept) == sent


def test_a_fetcher_that_knows_no_cited_url_tells_nobody(connect: Connect) -> None:
    with RawServer({"*": say(OK)}) as server:
        connect(SECRETS).get(server.url())
        assert not SAID.search(server.received)


def test_secrets_come_back_with_a_redirect_that_does(connect: Connect) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
    with RawServer({"*": say(OK)}) as other, RawServer({"*": say(moved % other.url().encode())}) as cited:
        client = started(connect, cited)
        for url in (cited.url("/1"), other.url("/2"), cited.url("/3")):
            assert client.get(url).error is None
        assert len(SAID.findall(cited.received)) == 6
        assert SAID.findall(other.received) == []


def blank(exchange: Exchange) -> list[bytes]:
    """What stands in the record in the place of each secret."""
    parts = {True: exchange.request, False: recorded(exchange)}
    found = [Blank.parse(text) for text in exchange.redacted]
    return [
        (exchange.interim[one.interim - 1] if one.interim else parts[one.in_request])[one.offset : one.end]
        for one in found
    ]


def recorded(exchange: Exchange) -> bytes:
    exchange.response.seek(0)
    return exchange.response.read(exchange.response_size)


@pytest.mark.parametrize(
    "reply",
    [
        [say(b"HTTP/1.1 503 Busy\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"), say(OK)],
        [say(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 9\r\n\r\ncut", Then.CLOSE), say(OK)],
        [say(Then.CLOSE), say(OK)],
        [say(b"<html>hush: an answer of 1991", Then.CLOSE), say(OK)],
        [say(b"SSH-2.0-x\r\nSet-Cookie: a=1\r\n\r\n", Then.CLOSE), say(OK)],
        [say(HEAD + b"Transfer-Encoding: chunked\r\nSet-Cookie: a=1\r\n\r\n1;x\r\na\r\n0\r\n\r\n"), say(OK)],
        [say(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\n", Then.RESET), say(OK)],
    ],
    ids=["busy", "cut", "nothing", "0.9", "junk", "hazard", "reset"],
)  # fmt: skip
def test_every_attempt_is_blanked(connect: Connect, reply: list[Reply]) -> None:
    with RawServer({"*": reply}) as server:
        attempts = started(connect, server).get(server.url()).attempts
        assert len(attempts) == 2
        assert len(SAID.findall(server.received)) == 6
        for attempt in attempts:
            assert [value.strip(b"*") for value in SAID.findall(attempt.request)] == [b""] * 3
            assert b"hush" not in attempt.request
            assert not re.search(rb"Set-Cookie: [^*]", recorded(attempt))
            assert {value.strip(b"*") for value in blank(attempt)} == {b""}
            assert len(blank(attempt)) == 3 + recorded(attempt).count(b"Set-Cookie: ")


def test_a_connection_that_was_used_before_and_is_dead_is_blanked_too(connect: Connect) -> None:
    with RawServer({"/1": say(OK), "/2": [say(Then.CLOSE), say(OK)]}) as server:
        client = started(connect, server)
        client.get(server.url("/1"))
        dead, good = client.get(server.url("/2")).attempts
        assert dead.response_size == 0
        assert len(blank(dead)) == len(blank(good)) == 3
        assert b"hush" not in dead.request + good.request


@pytest.mark.parametrize("size", [1, 7, 40])
def test_it_does_not_matter_how_an_answer_is_cut_on_its_way(connect: Connect, size: int) -> None:
    whole = (
        b"HTTP/1.1 103 Early\r\nSet-Cookie: a=1\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: b=22\r\n c\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\nSet-Cookie2: d=333\r\n\r\n"
    )
    with RawServer({"*": say(*(whole[at : at + size] for at in range(0, len(whole), size)))}) as server:
        exchange = started(connect, server).get(server.url()).attempts[0]
        assert exchange.interim == (b"HTTP/1.1 103 Early\r\nSet-Cookie: ***\r\n\r\n",)
        assert recorded(exchange) == (
            b"HTTP/1.1 200 OK\r\nSet-Cookie: ****\r\n *\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1\r\nx\r\n0\r\nA: b\r\nSet-Cookie2: *****\r\n\r\n"
        )
        assert exchange.redacted[3:] == (
            "interim-1:Set-Cookie 32 3",
            "Set-Cookie 29 4",
            "Set-Cookie 36 1",
            "Set-Cookie2 97 5",
        )


def test_a_large_answer_on_disk_is_blanked_too(connect: Connect) -> None:
    body = b"40000\r\n" + b"x" * 0x40000 + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with RawServer({"*": say(head + body * 3 + b"0\r\nSet-Cookie: b=2\r\n\r\n")}) as server:
        exchange = started(connect, server).get(server.url()).attempts[0]
        assert recorded(exchange) == head.replace(b"a=1", b"***") + body * 3 + b"0\r\nSet-Cookie: ***\r\n\r\n"


def test_a_cookie_too_large_for_a_head_is_blanked_as_far_as_it_is_kept(connect: Connect) -> None:
    with RawServer({"*": say(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=" + b"1" * 300_000 + b"\r\n\r\n")}) as server:
        fetched = started(connect, server).get(server.url())
        assert fetched.error == "length"
        kept = recorded(fetched.attempts[0])
        assert len(kept) == 256 << 10
        assert not kept.removeprefix(b"HTTP/1.1 200 OK\r\nSet-Cookie: ").strip(b"*")


@pytest.mark.parametrize("lines", [b"Set-Cookie:a\r\n", b"Set-Cookie: a\r\n b\r\n"])
def test_more_cookies_than_a_record_can_list_leave_nothing_of_the_answer(
    connect: Connect, lines: bytes
) -> None:
    with RawServer(
        {"*": say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + lines * 5001 + b"\r\n")}
    ) as server:
        fetched = started(connect, server).get(server.url())
        assert (fetched.error, fetched.best, fetched.head) == ("length", None, None)
        (attempt,) = fetched.attempts
        assert (attempt.response_size, attempt.interim, len(attempt.redacted)) == (0, (), 3)
        assert b"hush" not in attempt.request


def test_without_secrets_cookies_are_recorded_as_they_are(connect: Connect) -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nContent-Length: 0\r\n\r\n"
    with RawServer({"*": say(answer)}) as server:
        client = connect()
        first, second = (client.get(server.url()).attempts[0] for _ in range(2))
        assert first.redacted == second.redacted == ()
        assert recorded(first) == answer
        assert b"Cookie: a=1\r\n" in second.request


def test_a_proxy_is_told_no_secret(connect: Connect) -> None:
    with RawServer({"*": say(OK)}) as server, proxying("http", server.port) as proxy:
        settings = replace(SECRETS, proxy=proxy.proxy)
        client = started(connect, server, settings)
        exchange = client.get(server.url()).attempts[0]
        client.fetcher.close()
        assert proxy.asked == [f"127.0.0.1:{server.port}"]
        assert len(SAID.findall(server.received)) == 3
        assert len(blank(exchange)) == 3


BASIC = base64.b64encode(b"me:hush-password").decode()


@pytest.mark.parametrize(
    ("lines", "body", "exposed"),
    [
        ("", "words", False),
        ("Location: /?t=hush-bearer\r\n", "", True),
        ("X-Echo: Bearer hush-bearer\r\n", "", True),
        ("", "{'token': 'hush-bearer'}", True),
        ("Content-Type: application/json\r\n", '{"key": "hush\\/key?1"}', True),
        ("Content-Type: text/html; charset=utf-8\r\n", "<a href='?k=hush%2Fkey%3F1'>", True),
        ("Content-Type: text/plain\r\n", base64.b64encode(b"hush-bearer").decode()[:12], True),
        ("Content-Type: text/plain\r\n", "your password is hush-password", True),
        ("Content-Type: text/plain\r\n", "hush-cookie-1", True),
        ("Content-Type: text/plain\r\n", "a cookie-word, short-1", False),
        ("Content-Type: image/png\r\n", "hush-bearer", False),
        ("Set-Cookie: n=hush-bearer\r\n", "", False),
        ("Set-Cookie: n=0123456789abcdef; Path=/\r\n", "0123456789abcdef", True),
        ("Content-Encoding: gzip\r\n", "hush-bearer", True),
        ("Content-Encoding: gzip\r\nContent-Type: text/css\r\n", "hush", False),
    ],
)
def test_a_secret_that_a_server_repeats_is_told(
    connect: Connect, lines: str, body: str, exposed: bool
) -> None:
    data = gzip.compress(body.encode()) if "gzip" in lines else body.encode()
    head = f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {len(data)}\r\n\r\n".encode()
    settings = replace(
        SECRETS,
        secrets=(*SECRETS.secrets, ("X-Auth", f"Basic {BASIC}"), ("Cookie", "w=cookie-word; s=short-1")),
    )
    with RawServer({"*": say(head + data)}) as server:
        fetched = started(connect, server, settings).get(server.url())
        assert fetched.exposed is exposed
        body_kept = recorded(fetched.attempts[0]).partition(b"\r\n\r\n")[2]
        assert body_kept == data, "nothing is changed there"


def test_a_secret_in_an_interim_answer_is_told_too(connect: Connect) -> None:
    hints = b"HTTP/1.1 103 Early\r\nLink: </a?hush-bearer>\r\n\r\n"
    with RawServer({"*": say(hints + OK)}) as server:
        assert started(connect, server).get(server.url()).exposed


def test_nothing_is_looked_for_where_no_secret_was_given(connect: Connect) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=0123456789abcdef\r\nContent-Length: 16\r\n\r\n0123456789abcdef"
    )
    with RawServer({"*": say(answer)}) as server:
        assert not connect().get(server.url()).exposed
