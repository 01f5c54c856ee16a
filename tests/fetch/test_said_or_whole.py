"""What a server can do so that something is lost: it is said, or the capture is whole."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.fetch.cookiefile import read_cookies
from archiver.fetch.cookies import Cookies
from archiver.fetch.settings import FetchSettings, ForcedAddress
from archiver.save import save
from archiver.verify import Verdict, verify
from tests import small
from tests.fetch.rawserver import RawServer, Reply, Route, say
from tests.fetch.test_hostile import saved
from tests.fetch.test_page import NO_ICON, ONE_TRY, PNG, answer, moved, take

TEXT = "<p>" + "The tide came in and nobody was there to see it. " * 30


def test_a_document_that_came_as_a_sheet_is_still_read_as_a_frame() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": answer(NO_ICON + "<link rel=stylesheet href=/old.css><iframe src=/frame></iframe>"),
        "/old.css": moved("/home"),
        "/frame": answer("<iframe src=/home></iframe>"),
        "/home": answer("<img src=/lost.png>"),
        "*": PNG,
    }
    assert "/lost.png" in take(routes).recorded


def test_a_module_behind_a_frames_redirect_is_still_read_as_a_module() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": answer(NO_ICON + "<iframe src=/n1></iframe><script type=module src=/n2></script>"),
        "/n1": moved("/n2"),
        "/n2": answer("import './n3.js'", "text/javascript"),
        "*": answer("", "text/javascript"),
    }
    assert "/n3.js" in take(routes).recorded


@pytest.mark.parametrize("second", [answer("", "text/html"), answer("<p>Something else", "text/html")])
def test_an_answer_without_a_coding_that_says_something_else_does_not_count(second: Reply) -> None:
    body = zlib.compress((NO_ICON + TEXT + "<img src=/kept.png>").encode())
    first = answer(body, more="Content-Encoding: deflate\r\n")
    taken = take({"/": [first, second], "*": PNG})
    assert "/kept.png" in taken.recorded
    earlier, later = (one for one in taken.exchanges if one.url.endswith("/"))
    assert earlier.superseded_by == later.record_id
    assert b"Accept-Encoding: identity" in earlier.request
    assert [hazard.kind for hazard in taken.result.hazards] == ["content-encoding-deflate"]


@pytest.mark.parametrize(
    ("page", "more", "reasons"),
    [
        ("<meta http-equiv=refresh content='0; url=/real'>Redirecting…", "", ["refresh-not-followed"]),
        ("<meta http-equiv=Refresh content='5;/real'>", "", ["refresh-not-followed"]),
        ("Moved", "Refresh: 0; url=/real\r\n", ["refresh-not-followed"]),
        ("<meta http-equiv=refresh content='300; url=/real'>Resting", "", []),
        ("<meta http-equiv=refresh content='30; url=/'>Itself", "", []),
        ("<meta http-equiv=refresh content='30'>Itself", "", []),
        (TEXT + "<noscript><meta http-equiv=refresh content='0; url=/plain'></noscript>", "", []),
    ],
)
def test_a_stub_that_sends_its_readers_on_is_not_complete(
    page: str, more: str, reasons: list[str], tmp_path: Path
) -> None:
    assert saved({"/": answer(NO_ICON + page, more=more)}, tmp_path).stated.reasons == reasons


@pytest.mark.parametrize("status", ["204 No Content", "205 Reset Content"])
def test_a_page_without_content_is_not_complete(status: str, tmp_path: Path) -> None:
    stated = saved({"/": say(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())}, tmp_path).stated
    assert (stated.status, stated.reasons) == ("partial", [f"http-{status[:3]}"])


def test_of_two_content_types_the_last_counts() -> None:
    page = answer(NO_ICON + "<img src=/x>", "text/plain", more="Content-Type: text/html\r\n")
    assert "/x" in take({"/": page, "*": PNG}).recorded


def test_a_date_beyond_all_dates_does_not_stop_a_capture(tmp_path: Path) -> None:
    page = answer(NO_ICON + TEXT, more="Memento-Datetime: Fri, 31 Dec 9999 23:59:59 -1200\r\n")
    memento = saved({"/": page}, tmp_path).stated.memento
    assert memento is not None
    assert memento.datetime is None


def test_many_large_cookies_do_not_make_a_capture_that_readers_refuse(tmp_path: Path) -> None:
    jar = "".join(f"Set-Cookie: c{number}={'x' * 4_000}\r\n" for number in range(31))
    page = answer(NO_ICON + TEXT + "".join(f"<img src={number}>" for number in range(1_200)), more=jar)
    kept = saved({"/": page, "*": PNG}, tmp_path, limits=replace(ONE_TRY, seconds=60.0))
    assert {one.reason for one in kept.stated.missing} <= {"limit-bytes"}


def test_a_cookie_header_is_no_longer_than_servers_take() -> None:
    cookies = Cookies()
    for number in range(20):
        cookies.learn("http://a.example/", b"Set-Cookie: c%d=%b\r\n" % (number, b"x" * 4_000))
    value = cookies.header("http://a.example/")
    assert value is not None
    assert len(value) <= 16 << 10
    assert all(len(pair.partition("=")[2]) == 4_000 for pair in value.split("; "))


def test_one_absurd_cookie_costs_the_others_nothing(recwarn: pytest.WarningsRecorder) -> None:
    cookies = Cookies()
    cookies.learn(
        "http://a.example/", b"Set-Cookie: a=1; Max-Age=" + b"9" * 4_000 + b"\r\nSet-Cookie: b=2\r\n"
    )
    cookies.learn("http://a.example/", b"Set-Cookie: c=3; Max-Age=" + b"9" * 400 + b"\r\n")
    assert "b=2" in (cookies.header("http://a.example/") or "")
    assert "c=3" in (cookies.header("http://a.example/") or "")
    assert not recwarn.list


@pytest.mark.parametrize(
    ("set_by", "line", "asked"),
    [
        ("http://intranet/", b"Set-Cookie: a=1\r\n", "http://intranet.local/"),
        ("http://10.0.0.1/", b"Set-Cookie: a=1; Domain=.0.0.1\r\n", "http://99.0.0.1/"),
    ],
)
def test_a_cookie_goes_to_no_host_that_only_looks_alike(set_by: str, line: bytes, asked: str) -> None:
    cookies = Cookies()
    cookies.learn(set_by, line)
    assert cookies.header(asked) is None


def test_a_host_without_a_dot_gets_its_own_cookies_back() -> None:
    cookies = Cookies()
    cookies.learn("http://intranet:81/a?b", b"Set-Cookie: a=1; Path=/\r\n")
    assert cookies.header("http://intranet:81/c") == "a=1"


BANK = "bank.example\tTRUE\t/\tFALSE\t0\tsession\thush\n.pages.example\tTRUE\t/\tFALSE\t0\tmine\tshown\n"


@pytest.mark.parametrize(
    ("start", "page", "told"),
    [
        ("a.pages.example", "<iframe src=//bank.example:{port}/account></iframe>", False),
        ("a.pages.example", "<img src=//bank.example:{port}/transfer>", False),
        ("a.pages.example", "<img src=//b.pages.example:{port}/x>", False),
        ("login.example", None, True),
    ],
)
def test_given_cookies_are_for_the_pages_own_site(
    start: str, page: str | None, told: bool, tmp_path: Path
) -> None:
    """A page that names the reader's bank must not be answered with the reader's session."""
    asked: list[bytes] = []

    def serve(request: bytes) -> Reply:
        asked.append(request)
        if b"Host: login.example" in request:
            return moved(f"http://bank.example:{server.port}/account")
        first = page is not None and b"GET / " in request
        return answer(NO_ICON + TEXT + (page or "").format(port=server.port)) if first else answer(TEXT)

    with RawServer({"*": serve}) as server:
        hosts = ("a.pages.example", "b.pages.example", "bank.example", "login.example")
        settings = FetchSettings(
            resolve=tuple(ForcedAddress.parse(f"{host}:{server.port}:127.0.0.1") for host in hosts),
            cookies=read_cookies(BANK.encode(), now=0),
        )
        kept = save(
            server.url(host=start),
            small.identity(),
            to=tmp_path / "a.wacz",
            settings=settings,
            limits=ONE_TRY,
        )
    assert verify(kept.path, small.policy()).verdict is Verdict.PASSED
    to_bank = [request for request in asked if b"Host: bank.example" in request]
    assert any(b"session=hush" in request for request in to_bank) is told
    own = [request for request in asked if b".pages.example" in request.split(b"\r\n")[1]]
    assert all(b"mine=shown" in request for request in own)
