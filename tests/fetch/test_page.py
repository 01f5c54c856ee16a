from __future__ import annotations

import gzip
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

import brotli
import pytest

from archiver.fetch.fetcher import Fetcher
from archiver.fetch.limits import Limits
from archiver.fetch.page import PageResult, Progress, capture_page
from archiver.fetch.robots import Regard
from archiver.fetch.settings import FetchSettings, ForcedAddress
from archiver.url import Url
from archiver.warc.exchange import Exchange
from tests.fetch.conftest import QUICK
from tests.fetch.rawserver import RawServer, Reply, Route, Then, say

ONE_TRY = replace(QUICK, attempts=1)


def answer(body: str | bytes, mime: str = "text/html", *, status: str = "200 OK", more: str = "") -> Reply:
    data = body.encode() if isinstance(body, str) else body
    kind = f"Content-Type: {mime}\r\n" if mime else ""
    return say(f"HTTP/1.1 {status}\r\n{kind}{more}Content-Length: {len(data)}\r\n\r\n".encode() + data)


def css(text: str | bytes, more: str = "") -> Reply:
    return answer(text, "text/css", more=more)


def moved(target: str, status: int = 302) -> Reply:
    return answer("", status=f"{status} Moved", more=f"Location: {target}\r\n")


NO_ICON = "<link rel=icon href=data:,>"
PNG = answer(b"\x89PNG", "image/png")
GONE = answer("", status="404 Not Found")


@dataclass
class Taken:
    """A capture and what was recorded of it."""

    result: PageResult
    exchanges: list[Exchange]
    server: RawServer

    def path(self, url: str) -> str:
        return url.removeprefix(self.server.url("")).split("//", 1)[-1]

    @property
    def recorded(self) -> set[str]:
        return {self.path(exchange.url) for exchange in self.exchanges}

    @property
    def missing(self) -> dict[str, str]:
        return {self.path(one.url): one.reason for one in self.result.missing}

    @property
    def broken(self) -> dict[str, str]:
        return {self.path(one.url): one.reason for one in self.result.broken_at_origin}

    def exchange_size(self, path: str) -> int:
        return sum(one.response_size for one in self.exchanges if self.path(one.url) == path)

    def exchange(self, path: str) -> Exchange:
        (found,) = (one for one in self.exchanges if self.path(one.url) == path)
        return found


def take(
    routes: Mapping[str, Route | list[Reply]],
    *,
    limits: Limits = ONE_TRY,
    start: str = "/",
    stop: threading.Event | None = None,
    settings: FetchSettings | None = None,
    robots: Regard = "ignore",
    progress: Callable[[Progress], None] | None = None,
) -> Taken:
    exchanges: list[Exchange] = []
    stop = stop or threading.Event()
    settings = settings or FetchSettings(allow_private=True)
    with RawServer(routes) as server, Fetcher(settings, limits, stop=stop) as fetcher:
        result = capture_page(
            Url.parse(server.url(start)),
            fetcher=fetcher,
            limits=limits,
            record=exchanges.append,
            stop=stop,
            robots=robots,
            progress=progress,
        )
    assert all(exchange.response.closed for exchange in exchanges)
    return Taken(result, exchanges, server)


def test_a_page_comes_with_all_it_needs_and_each_url_once() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": answer(
            "<link rel=stylesheet href=a.css><link rel=icon href=i.ico><img src=p.png#x><img src=p.png#y>"
            "<script src=s.js></script><iframe src=f/></iframe><style>b{c:url(q.png)}</style>"
        ),
        "/a.css": css("@import 'deep/b.css';@font-face{src:url(f.woff)}"),
        "/deep/b.css": css("a{b:url(r.png),url(../p.png)} @import '../a.css';"),
        "/f/": answer("<img src=t.png><link rel=stylesheet href=/a.css><a href=/no>"),
        "*": PNG,
    }
    taken = take(routes)
    wanted = {"/", "/a.css", "/i.ico", "/p.png", "/s.js", "/f/", "/q.png", "/deep/b.css", "/f.woff"}
    assert taken.recorded == wanted | {"/deep/r.png", "/f/t.png"}
    assert len(taken.exchanges) == len(taken.recorded)
    assert taken.result.missing == taken.result.broken_at_origin == ()
    assert taken.result.error is None
    assert not taken.result.interrupted
    hops = {path: taken.exchange(path).hops for path in ("/", "/a.css", "/deep/b.css", "/deep/r.png")}
    assert hops == {"/": "", "/a.css": "E", "/deep/b.css": "EE", "/deep/r.png": "EEE"}
    assert taken.exchange("/deep/r.png").via == taken.server.url("/deep/b.css")
    assert b"Referer: " + taken.server.url("/deep/b.css").encode() in taken.exchange("/deep/r.png").request


def test_modules_are_followed_with_the_names_of_their_page() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": answer(
            NO_ICON
            + """<script type=importmap>{"imports": {"lib/": "/vendor/"}}</script>
            <script type=module src=m/a.js></script><script type=module>import './inline.js'</script>"""
        ),
        "/m/a.js": answer("import './b.js'; export * from 'lib/c.js'; import('./no.js')", "text/javascript"),
        "/m/b.js": answer("import '../m/a.js'", "text/javascript"),
        "/vendor/c.js": answer("import d from 'lib/d.js'; import 'unmapped'", "text/javascript"),
        "*": answer("", "text/javascript"),
    }
    taken = take(routes)
    assert taken.recorded == {"/", "/m/a.js", "/inline.js", "/m/b.js", "/vendor/c.js", "/vendor/d.js"}
    assert taken.missing == {}
    assert taken.exchange("/vendor/d.js").hops == "EEE"


def test_manifests_frames_and_objects_are_read_for_what_they_name() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": answer(NO_ICON + "<link rel=manifest href=/app/m><object data=o.svg></object><embed src=e.pdf>"),
        "/app/m": answer('{"icons": [{"src": "i.png"}]}', "application/manifest+json"),
        "/o.svg": answer(
            "<?xml-stylesheet href='s.css'?>"
            "<svg xmlns='http://www.w3.org/2000/svg'><image href='p.png'/></svg>",
            "image/svg+xml",
        ),
        "/e.pdf": answer("<img src=no.png>", "application/pdf"),
        "*": PNG,
    }
    assert take(routes).recorded == {"/", "/app/m", "/app/i.png", "/o.svg", "/s.css", "/p.png", "/e.pdf"}


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("<video></video>", {"/": "media-not-captured"}),
        ("<video src=x>", {"/x": "media-not-captured"}),
        ("<img src=x>", {}),
    ],
)
def test_a_film_of_which_only_a_list_came_is_missing(page: str, reason: dict[str, str]) -> None:
    playlist = answer("#EXTM3U", "Application/vnd.apple.mpegurl; charset=utf-8")
    assert take({"/": answer(NO_ICON + page), "/x": playlist}).missing == reason


def robots(text: str, status: str = "200 OK") -> Reply:
    return answer(text, "text/plain", status=status)


RULES = "User-agent: other\nUser-agent: Archiver\nDisallow: /no\nAllow: /no/but\n\nUser-agent: *\nDisallow: /"


@pytest.mark.parametrize(
    ("regard", "rules", "recorded", "missing", "notes"),
    [
        ("ignore", robots(RULES), {"/", "/no.png", "/no/but.png"}, {}, ()),
        ("note", robots(RULES), {"/robots.txt", "/", "/no.png", "/no/but.png"}, {}, ("allows /",)),
        (
            "obey",
            robots(RULES),
            {"/robots.txt", "/", "/no/but.png"},
            {"/no.png": "robots"},
            ("allows /", "disallows /no.png"),
        ),
        (
            "obey",
            robots("", "404 Not Found"),
            {"/robots.txt", "/", "/no.png", "/no/but.png"},
            {},
            (": http-404",),
        ),
        ("obey", robots("", "503 Later"), {"/robots.txt"}, {"/": "robots"}, (": http-503",)),
        (
            "note",
            robots("", "503 Later"),
            {"/robots.txt", "/", "/no.png", "/no/but.png"},
            {},
            (": http-503",),
        ),
        ("obey", robots("User-agent: *\nDisallow: /$"), {"/robots.txt"}, {"/": "robots"}, ("disallows /",)),
        ("obey", moved("/robots.txt"), {"/robots.txt", "/", "/no.png", "/no/but.png"}, {}, (": http-404",)),
        ("obey", say(Then.CLOSE), set(), {"/": "robots"}, (": disconnect",)),
    ],
)
def test_robots_is_ignored_noted_or_obeyed(
    regard: Regard,
    rules: Reply,
    recorded: set[str],
    missing: dict[str, str],
    notes: tuple[str, ...],
) -> None:
    page = answer(NO_ICON + "<img src=/no.png><img src=/no/but.png>")
    taken = take({"/": page, "/robots.txt": rules, "*": PNG}, robots=regard)
    assert {path for path in taken.recorded if taken.exchange_size(path)} == recorded
    assert taken.missing == missing
    where = taken.server.url("")
    assert (
        tuple(
            note.removeprefix(f"{where}/robots.txt").replace(where, "").strip()
            for note in taken.result.robots
        )
        == notes
    )
    if regard == "obey" and "/" in missing:
        assert taken.result.head is None
        assert taken.result.error == "robots"


def test_robots_is_asked_once_an_origin_and_recorded_as_a_prerequisite() -> None:
    page = NO_ICON + "".join(f"<img src={number}>" for number in range(30))
    taken = take(
        {"/": answer(page), "/robots.txt": robots("User-agent: *\nDisallow: /7"), "*": PNG}, robots="obey"
    )
    assert [exchange.hops for exchange in taken.exchanges if exchange.url.endswith("/robots.txt")] == ["P"]
    assert taken.missing == {"/7": "robots"}


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"User-agent: a{n}" for n in range(20_000)) + "\nDisallow: /x" * 20_000,
        "\x0b".join(f"User agent a{n}*" for n in range(20_000)) + "\x0bDisallow: /x" * 20_000,
        "User-agent: *\nDisallow: /" + "*a" * 100_000,
        "User-agent: *\n" + "Disallow: /*a*b*c\n" * 30_000,
        "\0" * 400_000,
    ],
    ids=lambda text: text[:24].replace("\0", "0"),
)
def test_hostile_robots_cost_little(text: str) -> None:
    began = time.process_time()
    page = answer(NO_ICON + "".join(f"<img src={n}>" for n in range(20)))
    take({"/": page, "/robots.txt": robots(text), "*": PNG}, robots="obey")
    assert time.process_time() - began < 10


def test_a_wayback_copy_is_fetched_in_its_raw_form_too() -> None:
    copy = "/web/20200102030405/https://news.example/a"
    raw = copy.replace("05/", "05id_/")
    routes: dict[str, Route | list[Reply]] = {
        "/web/2020/https://news.example/a": moved(copy),
        copy: answer(NO_ICON + "<img src=/banner.png>"),
        raw: answer("<img src=/no.png>"),
        "*": PNG,
    }
    exchanges: list[Exchange] = []
    with RawServer(routes) as server:
        forced = ForcedAddress.parse(f"web.archive.org:{server.port}:127.0.0.1")
        with Fetcher(FetchSettings(resolve=(forced,)), ONE_TRY) as fetcher:
            result = capture_page(
                Url.parse(server.url("/web/2020/https://news.example/a", host="web.archive.org")),
                fetcher=fetcher,
                limits=ONE_TRY,
                record=exchanges.append,
                stop=threading.Event(),
            )
    base = server.url("", host="web.archive.org")
    assert {(one.url.removeprefix(base), one.hops) for one in exchanges} == {
        ("/web/2020/https://news.example/a", ""),
        (copy, "R"),
        (raw, "RI"),
        ("/banner.png", "RE"),
    }
    assert result.missing == ()


def test_redirects_of_the_page_are_followed_and_recorded_hop_by_hop() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/old": moved("/older?x"),
        "/older?x": moved("new/#part", 301),
        "/new/": answer("<img src=p.png>"),
        "/new/p.png": moved("/moved.png", 308),
        "*": PNG,
    }
    taken = take(routes, start="/old")
    assert taken.result.requested.path == "/old"
    assert taken.result.final.href == taken.server.url("/new/")
    hops = {path: taken.exchange(path).hops for path in taken.recorded - {"/favicon.ico"}}
    assert hops == {"/old": "", "/older?x": "R", "/new/": "RR", "/new/p.png": "RRE", "/moved.png": "RRER"}
    assert taken.exchange("/new/").via == taken.server.url("/older?x")
    assert taken.exchange("/moved.png").via == taken.server.url("/new/p.png")
    assert taken.missing == {}


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("/round", "limit-redirects"),
        ("http://[bad/", "bad-redirect"),
        ("ftp://example.org/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("http://user:secret@127.0.0.1/", "userinfo"),
    ],
)
def test_a_redirect_to_nowhere_is_an_error_of_the_page(location: str, error: str) -> None:
    taken = take({"/round": moved(location)}, start="/round")
    assert taken.result.error == error
    assert error in set(taken.missing.values())
    assert taken.result.head is not None
    assert taken.result.head.status == 302


def test_requisites_that_redirect_in_a_circle_are_missing() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": answer("<link rel=icon href=data:,><img src=self><img src=a><img src=b><img src=c><img src=ok>"),
        "/self": moved("/self"),
        "/a": moved("/b"),
        "/b": moved("/a"),
        "/c": moved("/a"),
        "/ok": moved("/"),
    }
    reasons = take(routes, limits=replace(ONE_TRY, redirects=3)).missing
    assert reasons.pop("/self") == "limit-redirects"
    assert set(reasons) == {"/a", "/b", "/c"}
    assert set(reasons.values()) <= {"redirect-loop", "limit-redirects"}


def test_a_redirect_that_sets_a_cookie_and_comes_back_is_followed() -> None:
    def door(request: bytes) -> Reply:
        if b"Cookie: seen=1" in request:
            return PNG
        return answer("", status="302 Found", more="Location: /door\r\nSet-Cookie: seen=1\r\n")

    taken = take({"/": answer("<img src=door>"), "/door": door})
    assert taken.missing == {}
    assert sum(exchange.url.endswith("/door") for exchange in taken.exchanges) == 2


@pytest.mark.parametrize(
    ("reply", "missing", "broken"),
    [
        (answer("", status="404 Not Found"), {}, {"/x": "http-404"}),
        (answer("", status="410 Gone"), {}, {"/x": "http-410"}),
        (answer("", status="403 Forbidden"), {"/x": "http-403"}, {}),
        (answer("", status="500 Oh"), {"/x": "http-500"}, {}),
        (answer("", status="429 Slow"), {"/x": "http-429"}, {}),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Then.CLOSE), {"/x": "disconnect"}, {}),
        (say(b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\nabc", Then.CLOSE), {"/x": "disconnect"}, {}),
        (say(Then.RESET), {"/x": "disconnect"}, {}),
        (
            say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Then.CLOSE),
            {"/x": "protocol"},
            {},
        ),
        (answer("", status="204 No Content"), {}, {}),
    ],
)
def test_what_has_no_whole_answer_is_missing_and_what_is_gone_is_broken_at_origin(
    reply: Reply, missing: dict[str, str], broken: dict[str, str]
) -> None:
    taken = take({"/": answer("<link rel=icon href=data:,><img src=x>"), "/x": reply})
    assert taken.missing == missing
    assert taken.broken == broken
    if missing:
        assert taken.result.missing[0].referrer == taken.server.url("/")


def test_a_retried_requisite_is_whole_and_every_attempt_is_recorded() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": answer("<link rel=icon href=data:,><img src=x>"),
        "/x": [answer("", status="503 Later"), PNG],
    }
    taken = take(routes, limits=QUICK)
    assert taken.missing == {}
    attempts = [exchange for exchange in taken.exchanges if exchange.url.endswith("/x")]
    assert [attempt.superseded_by for attempt in attempts] == [attempts[1].record_id, None]


def test_a_server_that_is_not_there_is_a_reason() -> None:
    with RawServer({}) as closed:
        port = closed.port
    taken = take({"/": answer(f"<img src=http://127.0.0.1:{port}/x><img src=http://u:p@127.0.0.1:{port}/y>")})
    assert set(taken.missing.values()) == {"connect", "userinfo"}


def test_the_guard_holds_for_requisites_and_redirects() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": answer(
            "<link rel=icon href=data:,><img src=http://127.0.0.2/x><img src=http://0x7f.2/y><img src=r>"
        ),
        "/r": moved("http://[::ffff:127.0.0.3]/"),
    }
    exchanges: list[Exchange] = []
    with RawServer(routes) as server:
        forced = ForcedAddress.parse(f"site.example:{server.port}:127.0.0.1")
        with Fetcher(FetchSettings(resolve=(forced,)), ONE_TRY) as fetcher:
            result = capture_page(
                Url.parse(server.url(host="site.example")),
                fetcher=fetcher,
                limits=ONE_TRY,
                record=exchanges.append,
                stop=threading.Event(),
            )
    assert [exchange.url.rpartition("/")[2] for exchange in exchanges] == ["", "r"]
    assert {one.reason for one in result.missing} == {"guard"}
    assert len(result.missing) == 3


def test_the_guess_at_an_icon_is_never_missing_and_frames_make_none() -> None:
    taken = take({"/": answer("<iframe src=f/x></iframe>"), "/f/x": answer("<p>"), "*": GONE})
    assert taken.recorded == {"/", "/f/x", "/favicon.ico"}
    assert taken.missing == taken.broken == {}


def test_limits_cost_alternatives_first() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": answer(
            "<img src=a srcset='b 2x, c 3x'><link rel='alternate stylesheet' href=d>"
            "<link rel=stylesheet href=e>"
        ),
        "/e": say(0.2, *css("f{g:url(h.png)}")),
        "*": PNG,
    }
    taken = take(routes, limits=replace(ONE_TRY, resources=3))
    assert taken.recorded == {"/", "/a", "/e", "/h.png"}
    assert taken.missing == dict.fromkeys(("/b", "/c", "/d"), "limit-resources")


def test_frames_and_sheets_are_followed_to_their_depth() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": answer("<link rel=stylesheet href=c0><iframe src=f1></iframe>")
    }
    routes |= {f"/f{n}": answer(f"<iframe src=f{n + 1}></iframe>") for n in range(1, 9)}
    routes |= {f"/c{n}": css(f"@import 'c{n + 1}';") for n in range(9)}
    taken = take(routes, limits=replace(ONE_TRY, frame_depth=2, css_depth=3))
    assert taken.recorded == {"/", "/f1", "/f2", "/c0", "/c1", "/c2", "/c3", "/favicon.ico"}
    assert taken.missing == {"/f3": "limit-frame-depth", "/c4": "limit-css-depth"}


def test_frames_that_show_one_another_come_once() -> None:
    taken = take(
        {
            "/": answer("<iframe src=/></iframe><iframe src=f></iframe>"),
            "/f": answer("<iframe src=/></iframe>"),
        }
    )
    assert len([one for one in taken.exchanges if one.url.endswith("/")]) == 1
    assert taken.missing == {}


def test_the_bytes_of_a_resource_and_of_a_capture_are_bounded_but_not_by_the_page() -> None:
    big = answer(b"x" * 3000, "image/png")
    page = "<link rel=icon href=data:,>" + "".join(f"<img src={n}>" for n in range(8)) + " " * 50_000
    routes: dict[str, Route | list[Reply]] = {"/": answer(page), "*": big}
    one = take(routes, limits=replace(ONE_TRY, resource_bytes=2000))
    assert set(one.missing.values()) == {"limit-bytes"}
    assert one.exchange("/3").truncated == "length"
    all_of_them = take(
        routes, limits=replace(ONE_TRY, capture_bytes=10_000, connections=1, host_connections=1)
    )
    assert set(all_of_them.missing.values()) == {"limit-bytes"}
    assert 3 <= len(all_of_them.missing) <= 6


def test_a_page_that_is_cut_off_is_an_error_and_still_gives_its_links() -> None:
    routes: dict[str, Route | list[Reply]] = {"/": answer("<img src=x>" + " " * 5000), "*": PNG}
    taken = take(routes, limits=replace(ONE_TRY, document_bytes=1000))
    assert taken.result.error == "limit-bytes"
    assert taken.result.truncated == "length"
    assert taken.missing == {"/": "limit-bytes"}
    assert "/x" in taken.recorded


def test_a_page_has_its_time() -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": answer("<link rel=icon href=data:,><img src=slow><img src=later>"),
        "*": say(30.0),
    }
    began = time.monotonic()
    taken = take(routes, limits=replace(ONE_TRY, seconds=0.6, connections=1))
    assert time.monotonic() - began < 5
    assert taken.missing == {"/slow": "limit-seconds", "/later": "limit-seconds"}


SHEET = b"a{b:url(found.png)}" + b" " * 5000


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (SHEET, ""),
        (gzip.compress(SHEET), "Content-Encoding: gzip\r\n"),
        (gzip.compress(SHEET)[:-6], "Content-Encoding: gzip\r\n"),
        (gzip.compress(SHEET[:100]) + gzip.compress(SHEET[100:]), "Content-Encoding: x-gzip\r\n"),
        (brotli.compress(SHEET), "Content-Encoding: br\r\n"),
        (zlib.compress(SHEET), "Content-Encoding: deflate\r\n"),
        (brotli.compress(gzip.compress(SHEET)), "Content-Encoding: gzip, br\r\n"),
    ],
)
def test_a_sheet_is_read_through_its_codings(body: bytes, more: str) -> None:
    taken = take({"/": answer("<link rel=stylesheet href=x.css>"), "/x.css": css(body, more), "*": PNG})
    assert "/found.png" in taken.recorded


def test_a_chunked_sheet_is_read() -> None:
    chunks = (
        b"".join(b"%x;ext\r\n%s\r\n" % (len(part), part) for part in (SHEET[:7], SHEET[7:])) + b"0\r\n\r\n"
    )
    sheet = say(b"HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert "/found.png" in take({"/": answer("<link rel=stylesheet href=x>"), "/x": sheet, "*": PNG}).recorded


def test_a_bomb_is_read_to_the_cap_only() -> None:
    bomb = gzip.compress(b"a{b:url(found.png)}" + bytes(200 << 20), 9)
    began = time.monotonic()
    taken = take(
        {"/": answer("<link rel=stylesheet href=x>"), "/x": css(bomb, "Content-Encoding: gzip\r\n"), "*": PNG}
    )
    assert "/found.png" in taken.recorded
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "mime", ["application/pdf", "image/png", "text/plain", "text/css", "application/json", ""]
)
def test_what_is_not_html_is_captured_as_itself(mime: str) -> None:
    taken = take({"/": answer("%PDF <img src=x> a{b:url(y)} @import 'z';", mime), "*": PNG})
    assert taken.recorded == {"/"}
    assert taken.result.error is None


def test_html_without_a_type_is_read() -> None:
    assert "/x" in take({"/": answer("<!doctype html><img src=x>", ""), "*": PNG}).recorded


def test_meta_refresh_and_anchors_are_not_followed() -> None:
    page = "<link rel=icon href=data:,><meta http-equiv=refresh content='0;url=/no'><a href=/no></a>"
    assert take({"/": answer(page), "*": PNG}).recorded == {"/"}


def test_the_links_of_a_page_that_is_gone_are_fetched_all_the_same() -> None:
    page = answer("<img src=x>", status="404 Not Found")
    taken = take({"/": page, "*": PNG})
    assert "/x" in taken.recorded
    assert taken.missing == taken.broken == {}


def test_a_stop_ends_what_runs_and_names_all_that_was_wanted() -> None:
    stop = threading.Event()

    def slow(_request: bytes) -> Reply:
        stop.set()
        return say(30.0)

    page = "<link rel=icon href=data:,>" + "".join(f"<img src={n}>" for n in range(40))
    began = time.monotonic()
    taken = take({"/": answer(page), "*": slow}, stop=stop)
    assert time.monotonic() - began < 5
    assert taken.result.interrupted
    assert taken.result.head is not None
    assert taken.missing == {f"/{n}": "interrupted" for n in range(40)}


def test_a_stop_before_the_page_leaves_nothing() -> None:
    stop = threading.Event()
    stop.set()
    taken = take({"/": answer("<img src=x>")}, stop=stop)
    assert taken.result.interrupted
    assert taken.result.head is None
    assert taken.missing == {"/": "interrupted"}


def test_an_error_of_the_record_ends_the_walk() -> None:
    files: list[BinaryIO] = []

    def full(exchange: Exchange) -> None:
        files.append(exchange.response)
        if not exchange.url.endswith("/"):
            raise OSError("no space left")

    page = "".join(f"<img src={n}>" for n in range(100))
    stop = threading.Event()
    with (
        RawServer({"/": answer(page), "*": PNG}) as server,
        Fetcher(FetchSettings(allow_private=True), ONE_TRY, stop=stop) as fetcher,
        pytest.raises(OSError, match="no space left"),
    ):
        capture_page(Url.parse(server.url()), fetcher=fetcher, limits=ONE_TRY, record=full, stop=stop)
    assert len(files) < 60
    assert all(file.closed for file in files)


def test_progress_is_told() -> None:
    told: list[Progress] = []
    take(
        {"/": answer("<img src=x><img src=y>"), "/y": answer("", status="500 Oh"), "*": PNG},
        progress=told.append,
    )
    assert told[0].done == 1
    assert told[0].found == 4
    assert (told[-1].found, told[-1].done, told[-1].missing) == (4, 4, 1)
    assert [one.done for one in told] == sorted(one.done for one in told)


def test_more_links_than_can_be_kept_are_said_to_be_missing() -> None:
    page = "".join(f"<img src={n}>" for n in range(100_002))
    result = take({"/": answer(page)}, limits=replace(ONE_TRY, resources=0)).result
    reasons = {one.reason for one in result.missing}
    assert reasons <= {"limit-resources", "limit-links"}
    assert result.missing_count > 100_000
    assert len(result.missing) == 5_000


def test_a_hundred_requisites_come_over_many_threads() -> None:
    page = "<link rel=icon href=data:,>" + "".join(f"<img src={n}>" for n in range(100))
    taken = take({"/": answer(page), "*": PNG}, limits=replace(ONE_TRY, connections=16, host_connections=6))
    assert len(taken.exchanges) == len(taken.recorded) == 101
    assert taken.server.most_open <= 6
