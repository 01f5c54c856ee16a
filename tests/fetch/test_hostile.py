"""Servers that mean harm: against time, memory, the record's bytes and the word `complete`."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.citation import Citation
from archiver.errors import FormatError
from archiver.fetch.cookies import Cookies
from archiver.fetch.fetcher import retry_after
from archiver.fetch.limits import Limits
from archiver.fetch.settings import FetchSettings
from archiver.links import document_title, is_html
from archiver.links.html import html_links
from archiver.save import Saved, save
from archiver.url import MAX_LENGTH, Url
from archiver.verify import Verdict, verify
from tests import small
from tests.fetch.rawserver import RawServer, Reply, Route, say
from tests.fetch.test_page import ONE_TRY, PNG, Taken, answer, css, moved, take

NO_ICON = "<link rel=icon href=data:,>"
BROKEN = answer("", status="500 Oh")

Routes = Mapping[str, Route | list[Reply]]


def saved(routes: Routes, folder: Path, *, limits: Limits = ONE_TRY) -> Saved:
    """What `save` makes of the page at /; its bundle holds."""
    with RawServer(routes) as server:
        kept = save(
            server.url(),
            small.identity(),
            to=folder / "a.wacz",
            limits=limits,
            settings=FetchSettings(allow_private=True),
        )
    assert verify(kept.path, small.policy()).verdict is Verdict.PASSED
    return kept


def images(count: int, tail: str = "") -> Reply:
    return answer(NO_ICON + "".join(f"<img src='/{number}{tail}'>" for number in range(count)))


@pytest.mark.parametrize(
    ("status", "judged", "reason"),
    [
        (b"000", "failed", "http-000"),
        (b"099", "failed", "http-099"),
        (b"101", "failed", "http-101"),
        (b"999", "failed", "http-999"),
        (b"206", "partial", "http-206"),
        (b"304", "partial", "redirect-not-followed"),
    ],
)
def test_a_status_that_is_no_whole_answer_is_never_complete(
    status: bytes, judged: str, reason: str, tmp_path: Path
) -> None:
    head = b"HTTP/1.1 %s Odd\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n" % status
    stated = saved({"/": say(head), "*": PNG}, tmp_path).stated
    assert (stated.status, stated.reasons) == (judged, [reason])


@pytest.mark.parametrize("status", ["000", "199", "206", "300", "302", "304", "305", "418", "600"])
def test_a_requisite_that_is_no_whole_answer_is_missing(status: str) -> None:
    # 199 is an interim answer, after which no final one comes.
    taken = take(
        {"/": answer(NO_ICON + "<img src=x>"), "/x": answer("", status=f"{status} Odd")},
        limits=replace(ONE_TRY, idle=0.3),
    )
    assert taken.missing == {"/x": "timeout" if status == "199" else f"http-{status}"}


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b"hello", "gzip"),
        (gzip.compress(b"<img src=x>")[:-9], "gzip"),
        (b"(\xb5/\xfd", "zstd"),
        (b"hello", "gzip, gzip, gzip, gzip, gzip"),
    ],
)
def test_a_page_that_cannot_be_decoded_is_not_complete(body: bytes, coding: str) -> None:
    taken = take({"/": answer(body, more=f"Content-Encoding: {coding}\r\n"), "*": PNG})
    assert taken.missing["/"] == "bad-coding"


def test_a_sheet_that_cannot_be_decoded_is_missing() -> None:
    cut = gzip.compress(b"a{b:url(x.png)}")[:-9]
    taken = take(
        {
            "/": answer(NO_ICON + "<link rel=stylesheet href=a.css>"),
            "/a.css": css(cut, "Content-Encoding: gzip\r\n"),
            "*": PNG,
        }
    )
    assert taken.missing == {"/a.css": "bad-coding"}


@pytest.mark.parametrize("packed", [True, False])
def test_a_page_larger_than_is_read_is_not_complete(packed: bool) -> None:
    page = NO_ICON.encode() + b" " * (65 << 20) + b"<img src=x>"
    body = gzip.compress(page, 1) if packed else page
    taken = take(
        {"/": answer(body, more="Content-Encoding: gzip\r\n" if packed else ""), "*": PNG},
        limits=replace(ONE_TRY, seconds=60.0),
    )
    assert taken.missing == {"/": "limit-links"}


@pytest.mark.parametrize(
    "page",
    [
        f"{NO_ICON}<img src=/{'a' * 9_000}>",
        f"{NO_ICON}<img src=/{'a' * 70_000}>",
        f"{NO_ICON}<img src='/{chr(0x1F600) * 9_000}'>",
        f"{NO_ICON}<style>a{{b:url(/{'a' * 70_000})}}</style>",
    ],
)
def test_a_link_too_long_to_be_asked_for_is_not_dropped_in_silence(page: str) -> None:
    assert take({"/": answer(page), "*": PNG}).missing == {"/": "limit-links"}


def test_what_is_no_link_of_ours_may_be_of_any_length() -> None:
    page = f"{NO_ICON}<img src='data:image/png,{'a' * 90_000}'><img src=' JavaScript:{'a' * 90_000}'>"
    assert take({"/": answer(page)}).result.missing_count == 0


def test_frames_within_documents_that_are_not_looked_into_are_told() -> None:
    inner = "<img src=/deep>"
    for _ in range(8):
        inner = '<iframe srcdoc="' + inner.replace("&", "&amp;").replace('"', "&quot;") + '"></iframe>'
    assert take({"/": answer(NO_ICON + inner), "*": PNG}).missing == {"/": "limit-links"}


@pytest.mark.parametrize("kind", ["html", "text/html oh", "unknown/unknown", "*/*", 'te"xt/html'])
def test_a_type_that_says_nothing_leaves_html_to_be_seen(kind: str) -> None:
    taken = take({"/": answer(f"<!doctype html>{NO_ICON}<img src=x>", kind), "*": PNG})
    assert "/x" in taken.recorded


def test_a_guess_that_is_named_after_all_counts() -> None:
    taken = take(
        {
            "/": answer("<link rel=stylesheet href=a.css><img src=moved>"),
            "/a.css": css("a{b:url(/favicon.ico)}"),
            "/moved": moved("/favicon.ico"),
            "/favicon.ico": BROKEN,
        }
    )
    assert taken.missing == {"/favicon.ico": "http-500", "/moved": "http-500"}


def test_what_redirects_to_what_failed_is_missing_and_to_what_is_gone_is_gone() -> None:
    taken = take(
        {
            "/": answer(NO_ICON + "<img src=bad><img src=gone><img src=a><img src=b>"),
            "/bad": BROKEN,
            "/a": moved("/bad"),
            "/b": moved("/gone"),
        }
    )
    assert taken.missing == {"/bad": "http-500", "/a": "http-500"}
    assert taken.broken == {"/gone": "http-404", "/b": "http-404"}


def test_a_redirect_that_comes_back_with_an_answer_is_no_circle_for_others() -> None:
    taken = take(
        {
            "/": answer(NO_ICON + "<img src=a><img src=b>"),
            "/a": [moved("/door"), PNG],
            "/door": moved("/a"),
            "/b": say(0.3, *moved("/a")),
        }
    )
    assert taken.missing == {}


@pytest.mark.parametrize(
    "page",
    [
        "<link rel=icon href=s><link rel=stylesheet href=s>",
        "<link rel=icon href=data:,><img src=s><link rel=stylesheet href=first>",
        "<link rel=icon href=data:,><img src=s><link rel=stylesheet href=moved>",
    ],
)
def test_a_sheet_that_is_shown_as_an_image_first_is_read_all_the_same(page: str) -> None:
    taken = take(
        {
            "/": answer(page),
            "/first": say(0.2, *css("@import '/s'")),
            "/moved": say(0.2, *moved("/s")),
            "/s": css("a{b:url(/inner)}"),
            "*": PNG,
        }
    )
    assert "/inner" in taken.recorded


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<b>" * 300_000 + b"</i>" * 300_000, id="stray end tags"),
        pytest.param(b"<img src=a>" * 2_000_000, id="elements"),
        pytest.param(b"<style>" + b"a{b:url(x)}" * 1_000_000, id="style"),
        pytest.param(b"<b style='a:url(x)'>" * 1_000_000, id="style attributes"),
    ],
)
@pytest.mark.parametrize("stopped", [False, True])
def test_a_page_that_takes_long_to_read_is_given_up_in_time(body: bytes, stopped: bool) -> None:
    stop = threading.Event()
    timer = threading.Timer(0.5 if stopped else 60, stop.set)
    timer.start()
    began = time.monotonic()
    taken = take(
        {"/": answer(b"<link rel=icon href=data:,>" + body)},
        limits=replace(ONE_TRY, seconds=60.0 if stopped else 0.7),
        stop=stop,
    )
    timer.cancel()
    assert time.monotonic() - began < 5
    assert taken.missing["/"] == ("interrupted" if stopped else "limit-seconds")


def test_a_sheet_that_takes_long_to_read_is_given_up_in_time() -> None:
    began = time.monotonic()
    taken = take(
        {"/": answer(NO_ICON + "<link rel=stylesheet href=x>"), "/x": css(b"a{b:url(y)}" * 2_000_000)},
        limits=replace(ONE_TRY, seconds=0.7),
    )
    assert time.monotonic() - began < 5
    assert taken.missing["/x"] == "limit-seconds"


def test_no_text_of_a_server_takes_more_than_a_moment() -> None:
    began = time.monotonic()
    is_html(b"<!---->" * 200 + b"x", None)
    is_html(b" " * 2_000_000, None)
    Cookies().learn("http://a.example/", b"Set-Cookie:" + b" " * 200_000 + b"\rX\r\n")
    assert document_title(b"<b>" * 150_000 + b"</i>" * 150_000, "text/html") is None
    assert time.monotonic() - began < 3


def test_how_a_document_is_cut_into_pieces_changes_nothing() -> None:
    parts = [f"<p title='é{number}'>ü<img src='/{number}?ä=ö&amp;b'>" for number in range(20_000)]
    found = html_links("".join(parts).encode(), url="http://a.example/", content_type="text/html")
    assert [link.url for link in found if not link.guess] == [
        f"http://a.example/{number}?%C3%A4=%C3%B6&b" for number in range(20_000)
    ]


def test_dates_beyond_all_clocks_are_no_dates() -> None:
    assert retry_after("Mon, 01 Jan 2024 00:00:00 +99999999999999", datetime.now(UTC)) is None


def test_a_flood_of_interim_answers_is_an_error_and_recorded_as_far_as_it_came(tmp_path: Path) -> None:
    flood = say(b"HTTP/1 100\n\n" * 11_000, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    kept = saved({"/": images(1), "/0": flood}, tmp_path)
    assert [(one.reason, kept.stated.status) for one in kept.stated.missing] == [("limit-bytes", "partial")]


@pytest.mark.parametrize(
    "location",
    ["/" + "a" * 60_000, "/" + "\U0001f600" * 5_000, "/" + "\U0001f600" * 60_000],
)
def test_a_redirect_to_a_url_too_long_is_an_error(location: str, tmp_path: Path) -> None:
    stated = saved({"*": moved(location)}, tmp_path).stated
    assert stated.status == "failed"
    assert stated.reasons[0] in ("page-limit-links", "page-bad-redirect")


def test_no_url_grows_beyond_what_can_be_recorded() -> None:
    for text, base in (
        ("/" + "\u20ac" * 60_000, "http://a/"),
        ("b" * 40_000, "http://a/" + "c" * 40_000 + "/"),
    ):
        with pytest.raises(FormatError):
            Url.parse(text, Url.parse(base))
    assert len(Url.parse("b" * 20_000, Url.parse("http://a/" + "c" * 40_000 + "/")).href) < MAX_LENGTH


@pytest.mark.parametrize("char", [",", "[", "{", "\\"])
def test_urls_full_of_what_json_is_made_of_can_be_missing(char: str, tmp_path: Path) -> None:
    kept = saved({"/": images(400, f"?{char * 7_900}")}, tmp_path, limits=replace(ONE_TRY, resources=0))
    assert (kept.stated.status, kept.stated.missing_count) == ("partial", 400)


def test_long_urls_are_recorded_up_to_what_can_be_read_again(tmp_path: Path) -> None:
    def onward(request: bytes) -> Reply:
        target, _, number = request.split(b" ")[1].decode().partition("?")
        return moved(f"{target}?{int(number.split('&')[0]) + 1}&{'b' * 7_900}")

    # One chain after the other: side by side, none may come to its end before there is room for no more.
    limits = replace(ONE_TRY, connections=1)
    kept = saved({"/": images(200, "?0"), "*": onward}, tmp_path, limits=limits)
    assert {one.reason for one in kept.stated.missing} == {"limit-redirects", "limit-links"}
    assert kept.stated.missing_count == 200


def test_more_characters_than_can_be_recorded_are_told_once() -> None:
    result = take({"/": images(4_000, f"?{'a' * 8_000}")}, limits=replace(ONE_TRY, resources=0)).result
    assert {one.reason for one in result.missing} == {"limit-resources", "limit-links"}
    assert sum(len(one.url) for one in result.missing) < 20 << 20


def test_a_head_longer_than_readers_take_cannot_be_asked_for() -> None:
    with pytest.raises(FormatError):
        Limits(header_bytes=(1 << 20) + 1)


def test_a_citation_that_is_no_text_is_refused_before_anything_is_fetched() -> None:
    with pytest.raises(FormatError, match="UTF-8"):
        Citation.parse("http://a.example/\udcff")


@pytest.mark.parametrize(
    ("domain", "home", "other"),
    [
        ("co.uk", "http://evil.co.uk/", "http://victim.co.uk/"),
        ("github.io", "http://evil.github.io/", "http://victim.github.io/"),
        (".local", "http://localhost/", "http://other/"),
    ],
)
def test_no_cookie_is_for_a_whole_public_suffix(domain: str, home: str, other: str) -> None:
    cookies = Cookies()
    cookies.learn(home, f"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Domain={domain}\r\n\r\n".encode())
    assert cookies.header(other) is None


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_a_body_that_may_yet_come_is_never_taken_for_the_next_answer(head: bytes) -> None:
    late = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"
    routes: Routes = {"/": images(2), "/0": say(head, 0.2, late), "/1": PNG}
    taken: Taken = take(routes, limits=replace(ONE_TRY, connections=1))
    exchange = taken.exchange("/1")
    assert exchange.response_size == len(b"".join(part for part in PNG if isinstance(part, bytes)))


@pytest.mark.parametrize("trick", ["heads", "lines", "interim", "chunks"])
def test_what_compresses_to_nothing_makes_no_capture_that_readers_refuse(trick: str, tmp_path: Path) -> None:
    bulk = {
        "heads": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 250_000 + b"\r\nContent-Length: 0\r\n\r\n",
        "lines": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"a:\r\n" * 15_000 + b"\r\n",
        "interim": b"HTTP/1.1 103 Early\r\nX: " + b"x" * 180_000 + b"\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"1\r\nx\r\n" * (1_200_000 if trick == "chunks" else 0)
        + b"0\r\n\r\n",
    }
    count = 1 if trick == "chunks" else 150
    kept = saved({"/": images(count), "*": say(bulk[trick])}, tmp_path, limits=replace(ONE_TRY, seconds=60.0))
    assert {one.reason for one in kept.stated.missing} == {"limit-bytes"}


def test_every_hop_of_a_redirect_counts_as_a_resource() -> None:
    def onward(request: bytes) -> Reply:
        return moved(request.split(b" ")[1].decode() + "x")

    taken = take({"/": images(20), "*": onward}, limits=replace(ONE_TRY, resources=50))
    assert len(taken.exchanges) == 51
    assert taken.result.missing_count == 20


def test_what_was_only_redirected_to_counts_once_a_document_names_it() -> None:
    taken = take(
        {
            "/": answer(NO_ICON + "<img src=a><link rel=stylesheet href=a.css>"),
            "/a": moved("/b"),
            "/b": BROKEN,
            "/a.css": say(0.3, *css("a{b:url(/b)}")),
        }
    )
    assert taken.missing == {"/a": "http-500", "/b": "http-500"}
