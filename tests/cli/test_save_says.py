"""What `archiver save` says of a page that is not quite what was cited, and what to try next."""

from __future__ import annotations

import json

import pytest

from tests.cli.command import Command
from tests.cli.site import answer
from tests.fetch.rawserver import RawServer, say

pytestmark = pytest.mark.usefixtures("keyring")

NO_ICON = b"<link rel=icon href=data:,>"
TEXT = b"<p>" + b"A long article about the tides goes on and on. " * 40


@pytest.mark.parametrize(
    ("page", "status", "sign", "advice"),
    [
        (
            (
                b"<title>Just a moment...</title><p>Verify you are human<script"
                b" src=/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1></script>"
            ),
            "blocked (challenge)",
            "challenge",
            "save the page with a browser extension",
        ),
        (
            b"<title>Page not found</title><h1>404 - Page not found</h1><p>Sorry, nothing is here.",
            "partial (soft-404)",
            "soft-404",
            "look for an older copy",
        ),
        (
            (
                b"<title>Log in</title><h1>Please log in to continue</h1>"
                b"<form><input name=u><input type=password></form>"
            ),
            "partial (login-wall)",
            "login-wall",
            "--cookies FILE",
        ),
    ],
)
def test_a_wall_is_named_with_what_was_seen_and_what_to_try(
    archiver: Command, page: bytes, status: str, sign: str, advice: str
) -> None:
    with RawServer({"/a": say(answer(NO_ICON + page)), "*": say(answer(b"", "text/javascript"))}) as server:
        ran = archiver("save", server.url("/a"), "--allow-private", "-o", "a.wacz")
    assert ran.code == 3
    assert ran.error_lines[0].startswith(f"{status}: ")
    assert ran.error_lines[1].startswith(f"  {sign}: ")
    assert advice in ran.error_lines[2]
    assert archiver("verify", "a.wacz").code == 0
    assert f"sign     {sign}: " in archiver("show", "a.wacz").out


def test_what_is_missing_is_counted_by_reason_and_every_url_is_listed(archiver: Command) -> None:
    page = NO_ICON + TEXT + b"".join(b"<img src=%d>" % number for number in range(130))
    with RawServer({"/": say(answer(page)), "*": say(answer(b"", status="403 No"))}) as server:
        ran = archiver("save", server.url(), "--allow-private", "-o", "a.wacz")
    assert ran.error_lines[1] == "  130 missing: 130 http-403"
    assert sum(line.startswith("  missing: ") for line in ran.error_lines) == 130


def test_a_deep_link_that_ends_at_the_front_page_names_both(archiver: Command) -> None:
    front = say(answer(NO_ICON + TEXT))
    moved = say(answer(b"", more=b"Location: /\r\n", status="302 Found"))
    with RawServer({"/": front, "/a/b": moved}) as server:
        ran = archiver("save", server.url("/a/b"), "--allow-private", "-o", "a.wacz")
    assert ran.error_lines[0].startswith("partial (redirected-away): ")
    assert ran.error_lines[1] == f"  asked for {server.url('/a/b')}, ended at {server.url()}"


def test_robots_that_disallow_the_page_are_obeyed_when_asked_and_the_way_out_is_named(
    archiver: Command,
) -> None:
    rules = say(answer(b"User-agent: *\nDisallow: /", "text/plain"))
    with RawServer({"/a": say(answer(NO_ICON + TEXT)), "/robots.txt": rules}) as server:
        ran = archiver("save", server.url("/a"), "--allow-private", "--robots", "obey", "-o", "a.wacz")
        assert ran.code == 1
        assert (
            f"{server.url('/robots.txt')} disallows {server.url('/a')}; nothing was kept. --robots note"
            in ran.err
        )
        assert server.targets == ["/robots.txt"]
        ran = archiver("save", server.url("/a"), "--allow-private", "--robots", "note", "-o", "a.wacz")
    assert ran.code == 0
    assert f"  the server says: {server.url('/robots.txt')} disallows {server.url('/a')}" in ran.error_lines
    assert archiver("verify", "a.wacz").code == 0


def test_what_the_server_asks_of_keepers_is_said(archiver: Command) -> None:
    page = NO_ICON + b"<meta name=robots content='noarchive'>" + TEXT
    with RawServer({"/": say(answer(page, more=b"TDM-Reservation: 1\r\n"))}) as server:
        ran = archiver("save", server.url(), "--allow-private", "-o", "a.wacz")
    assert ran.code == 0
    assert "  the server says: tdm-reservation: 1" in ran.error_lines
    assert "  the server says: meta robots: noarchive" in ran.error_lines


def test_what_some_players_show_wrongly_is_listed(archiver: Command) -> None:
    import zlib

    sheet = answer(zlib.compress(b"a{}"), "text/css", more=b"Content-Encoding: deflate\r\n")
    page = NO_ICON + TEXT + b"<link rel=stylesheet href=/s.css>"
    with RawServer({"/": say(answer(page)), "/s.css": say(sheet)}) as server:
        ran = archiver("save", server.url(), "--allow-private", "-o", "a.wacz")
        assert server.targets.count("/s.css") == 2
    assert ran.code == 0
    line = f"  some players may show this wrongly: {server.url('/s.css')} (content-encoding-deflate)"
    assert line in ran.error_lines


def test_a_copy_in_an_archive_is_said_to_be_one_in_the_verdict_too(archiver: Command) -> None:
    copy = "/web/20200102030405/https://news.example/a"
    head = b"Memento-Datetime: Thu, 02 Jan 2020 03:04:05 GMT\r\n"
    with RawServer({"*": say(answer(NO_ICON + TEXT, more=head))}) as server:
        url = server.url(copy, host="web.archive.org")
        where = f"web.archive.org:{server.port}:127.0.0.1"
        ran = archiver("save", url, "--resolve", where, "-o", "a.wacz")
        assert server.targets == [copy, copy.replace("05/", "05id_/")]
    assert ran.code == 0
    told = "seen through web.archive.org: its copy of https://news.example/a, "
    told += "taken 2020-01-02 03:04:05 UTC by its word"
    assert f"  {told}" in ran.error_lines
    assert told in archiver("verify", "a.wacz").out
    assert told in archiver("show", "a.wacz").out
    memento = json.loads(archiver("verify", "--json", "a.wacz").out)["memento"]
    assert memento["original"] == "https://news.example/a"


def test_a_page_cannot_draw_lines_of_its_own_through_what_was_seen_of_it(archiver: Command) -> None:
    page = b"<title>Page not found\r\nPASSED\x1b[2J</title><h1>404 - Page not found</h1>"
    with RawServer(
        {"/a": say(answer(NO_ICON + page, more=b"X-Robots-Tag: noarchive \x1b[31m\r\n"))}
    ) as server:
        ran = archiver("save", server.url("/a"), "--allow-private", "-o", "a.wacz")
    assert ran.code == 3
    assert "\x1b" not in ran.err
    assert not [line for line in ran.error_lines if line.lstrip().startswith("PASSED")]
