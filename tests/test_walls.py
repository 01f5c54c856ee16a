"""Walls, and pages that look like one.

The files in ``walls/`` are answers as a server might send them, after a line with the URL that was asked for
and one with the URL that gave the answer. They are made up: `walls/walls` and `walls/held-back` named by what
they are, `walls/pages` are articles and the like. Those held back had no part in the making of the rules.
"""

from __future__ import annotations

import dataclasses
import gzip
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.links import is_html
from archiver.links.outline import Outline, outline
from archiver.url import Url
from archiver.walls import Sign, signs
from archiver.walls.phrases import folded
from archiver.walls.sign import MAX_EVIDENCE
from archiver.warc.http1 import find_head_end, parse_head

DATA = Path(__file__).parent / "walls"
REAL = Path(__file__).parents[1].parent / "shared/articles/pages"
"""Article pages of others', which may lie beside a checkout."""

MISSED = {"consent-wall.iubenda-it"}
"""Walls held back of which nothing is seen; mended for their sake, the rules would no longer be measured."""

PAGE = Url.parse("https://news.example/2024/05/harbour")
TEXT = (
    "The dredger came back to the harbour on Monday and nobody on the quay could say who had sent for it. "
    * 5
)


def answer(path: Path) -> tuple[Sign, ...]:
    """What is seen in the answer in the file *path*."""
    requested, final, rest = path.read_bytes().split(b"\n", 2)
    end = find_head_end(rest)
    head, body = parse_head(rest[:end]), rest[end:]
    content_type = head.first("content-type")
    shown = outline(body, content_type) if is_html(body, content_type) else Outline()
    return signs(shown, head=head, requested=Url.parse(requested.decode()), final=Url.parse(final.decode()))


def seen(
    html: str, *, fields: str = "", to: Url = PAGE, asked: Url = PAGE, cut: bool = False
) -> tuple[Sign, ...]:
    """What is seen in the page *html*, which came with the header *fields* from *to*."""
    head = parse_head(f"HTTP/1.1 200 OK\r\n{fields}\r\n".encode())
    shown = dataclasses.replace(outline(html.encode(), "text/html; charset=utf-8"), cut=cut)
    return signs(shown, head=head, requested=asked, final=to)


def codes(found: tuple[Sign, ...]) -> list[str]:
    return [sign.code for sign in found]


def files(folder: str) -> list[Path]:
    return sorted((DATA / folder).glob("*.http"))


@pytest.mark.parametrize(("folder", "number"), [("walls", 30), ("held-back", 10), ("shells", 3)])
def test_walls_are_named_for_what_they_are(folder: str, number: int) -> None:
    right = {path.stem for path in files(folder) if codes(answer(path)) == [path.stem.partition(".")[0]]}
    assert len(files(folder)) == number
    assert {path.stem for path in files(folder)} - right <= MISSED


@pytest.mark.parametrize("path", files("pages"), ids=lambda path: path.stem)
def test_a_page_that_looks_like_a_wall_is_none(path: Path) -> None:
    assert answer(path) == ()


@pytest.mark.skipif(not REAL.is_dir(), reason="no real article pages beside this checkout")
def test_real_articles_are_no_walls() -> None:
    alarms = {}
    for path in sorted(REAL.glob("*.html.gz")):
        shown = outline(gzip.decompress(path.read_bytes()), "text/html")
        if found := signs(shown, head=parse_head(b"HTTP/1.1 200 OK\r\n\r\n"), requested=PAGE, final=PAGE):
            alarms[path.name] = found
    assert alarms == {}


@pytest.mark.skipif(not REAL.is_dir(), reason="no real article pages beside this checkout")
def test_what_stands_around_real_articles_is_no_wall_either() -> None:
    """Of each page all running text is left out; only what calls itself not free may then be a paywall."""
    alarms = {}
    for path in sorted(REAL.glob("*.html.gz"))[::3]:
        shown = outline(gzip.decompress(path.read_bytes()), "text/html")
        around = tuple(block for block in shown.blocks if block not in set(shown.running))
        left = dataclasses.replace(
            shown, blocks=around, running=(), running_words=0, words=shown.words - shown.running_words
        )
        found = signs(left, head=parse_head(b"HTTP/1.1 200 OK\r\n\r\n"), requested=PAGE, final=PAGE)
        if found and (codes(found) != ["paywall"] or shown.free is not False):
            alarms[path.name] = found
    assert alarms == {}


MARKS = [
    ("", "cf-mitigated: challenge\r\n"),
    ("", "X-Amzn-Waf-Action: captcha\r\n"),
    ("", "x-vercel-mitigated: challenge\r\n"),
    ("<script src=https://ct.captcha-delivery.com/c.js></script>", ""),
    ("<script src=/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1?ray=1></script>", ""),
    ("<iframe src='/_Incapsula_Resource?SWUDNSAI=31&xinfo=1'></iframe>", ""),
    ("<script>window._cf_chl_opt={}</script>", ""),
    ("<script>window.gokuProps = {}</script>", ""),
    ("<script id=anubis_challenge type=application/json>{}</script>", ""),
    ("<div id=px-captcha></div>", ""),
]


@pytest.mark.parametrize(("html", "fields"), MARKS)
def test_the_marks_of_a_challenge_on_a_page_with_hardly_any_text_leave_no_doubt(
    html: str, fields: str
) -> None:
    (sign,) = seen(f"<title>x</title>{html}<p>Wait.", fields=fields)
    assert (sign.code, sign.strong) == ("challenge", True)


@pytest.mark.parametrize(("html", "fields"), MARKS)
def test_on_a_page_with_text_or_one_that_is_cut_they_leave_some(html: str, fields: str) -> None:
    assert not any(sign.strong for sign in seen(f"{html}<p>{TEXT * 4}", fields=fields))
    assert not any(sign.strong for sign in seen(html, fields=fields, cut=True))


@pytest.mark.parametrize(
    "html",
    [
        "<script src=/cdn-cgi/challenge-platform/scripts/jsd/main.js></script>",
        "<script src=https://challenges.cloudflare.com/turnstile/v0/api.js></script>",
        "<script src=https://js.datadome.co/tags.js></script>",
        "<script src=https://client.perimeterx.net/PX1/main.min.js></script><script>window._pxAppId='PX1'</script>",
        "<script src=https://1.edge.sdk.awswaf.com/2/challenge.compact.js></script>",
        "<script src=/_Incapsula_Resource?SWJIYLWA=1></script>",
        "<script src=https://www.google.com/recaptcha/api.js></script>",
    ],
)
def test_sensors_and_widgets_are_no_challenge(html: str) -> None:
    shown = f"{html}<title>Tide table</title><h1>Tide table</h1><p>06:12, 3.4 m<p>12:31, 0.9 m"
    assert (
        seen(shown, fields="server: cloudflare\r\nset-cookie: datadome=1\r\nx-datadome: protected\r\n") == ()
    )


@pytest.mark.parametrize(
    "html", ["<script src=/_Incapsula_Resource?SWJIYLWA=1></script>", "<script>KPSDK={}</script>"]
)
def test_a_sensor_and_nothing_else_is_a_weak_sign_of_one(html: str) -> None:
    (sign,) = seen(html)
    assert (sign.code, sign.strong) == ("challenge", False)


NAMED = [
    ("challenge", "<title>Verify you are human</title>"),
    ("challenge", "<title>Just a moment...</title><meta name=robots content=noindex>"),
    ("login-wall", "<title>Sign in | Club</title><form><input type=password></form>"),
    ("login-wall", "<h1>Old thread</h1><p>You must be logged in to view this thread."),
    ("paywall", "<h1>The dyke</h1><p>Subscribe to continue reading"),
    ("paywall", '<script type="application/ld+json">{"isAccessibleForFree":false}</script><p>Teaser'),
    ("parked", "<h1>This domain is for sale</h1>"),
    ("soft-404", "<title>Page not found | Museum</title>"),
    ("soft-404", "<title>Museum</title><p>Sorry, this page does not exist."),
]


@pytest.mark.parametrize(("code", "html"), NAMED)
def test_a_phrase_in_its_place_names_a_wall_and_nothing_but_challenges_can_be_sure(
    code: str, html: str
) -> None:
    (sign,) = seen(html)
    assert (sign.code, sign.strong) == (code, False)
    assert sign.evidence


@pytest.mark.parametrize(("code", "html"), NAMED)
def test_it_names_none_where_there_is_a_text_beside_it(code: str, html: str) -> None:
    assert seen(f"{html}<p>{TEXT}<p>{TEXT}<p>{TEXT}") == ()


def test_a_banner_above_a_text_is_no_wall() -> None:
    banner = "<p>We and our partners use cookies to process personal data.<button>Accept all</button>"
    assert codes(seen(banner)) == ["consent-wall"]
    assert seen(f"{banner}<p>{TEXT}") == ()


@pytest.mark.parametrize(
    ("code", "to", "html"),
    [
        ("login-wall", "https://news.example/login?next=/2024", "<title>News</title><input type=password>"),
        ("login-wall", "https://sso.example/realms/x", "<h1>Sign in</h1>"),
        (
            "consent-wall",
            "https://consent.news.example/x",
            "<p>We and our partners use cookies with your consent.",
        ),
        ("soft-404", "https://news.example/404", "<h1>Page not found</h1>"),
    ],
)
def test_where_a_redirect_led_is_a_sign_unless_it_was_asked_for(code: str, to: str, html: str) -> None:
    (sign,) = seen(html, to=Url.parse(to))
    assert sign.code == code
    assert "sent to" in sign.evidence
    assert all("sent to" not in sign.evidence for sign in seen(html, to=Url.parse(to), asked=Url.parse(to)))


def test_a_page_that_was_cited_as_a_login_page_is_no_wall() -> None:
    login = Url.parse("https://bank.example/login")
    assert seen("<title>Sign in</title><input type=password>", to=login, asked=login) == ()


def test_a_shell_is_named_where_nothing_else_is() -> None:
    shell = "<div id=root></div><script src=/app.js></script>"
    assert codes(seen(shell)) == ["needs-script"]
    assert codes(seen(f"<title>Page not found</title>{shell}")) == ["soft-404"]
    assert seen(shell, cut=True) == ()
    assert seen(f"{shell}<img src=a.jpg>") == ()
    assert seen(f"{shell}<p>{TEXT}") == ()


def test_a_document_that_shows_nothing_is_no_wall() -> None:
    assert seen("") == ()
    assert signs(Outline(), head=parse_head(b"HTTP/1.1 200 OK\r\n\r\n"), requested=PAGE, final=PAGE) == ()


def test_evidence_is_short() -> None:
    (sign,) = seen(f"<title>Page not found {'x' * 300}</title><h1>Page not found</h1>", fields="")
    assert len(sign.evidence) <= MAX_EVIDENCE
    (sign,) = seen("", fields=f"cf-mitigated: {'x' * 300}\r\n")
    assert len(sign.evidence) == MAX_EVIDENCE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Can’t  be\nFOUND", "can't be found"),
        ("ＡＢＣ…", "abc..."),
        ("Straße", "strasse"),
        ("e\u0301té", "été"),
    ],
)
def test_text_is_compared_folded(text: str, expected: str) -> None:
    assert folded(text) == expected


TAGS = [
    "<title>",
    "</title>",
    "<h1>",
    "</h1>",
    "<p>",
    "<form>",
    "<input type=password>",
    "<script>",
    "</script>",
]
WORDS = [
    "page",
    "not found",
    "404",
    "just a moment",
    "cookies",
    "partners",
    "accept",
    "log in",
    "subscribe",
    "domain",
]


@given(st.lists(st.sampled_from([*TAGS, *WORDS, " ", "-", "|", "x"])).map(" ".join))
def test_any_page_is_looked_at(html: str) -> None:
    found = seen(html)
    assert len(set(codes(found))) == len(found)
    assert all(sign.evidence and len(sign.evidence) <= MAX_EVIDENCE for sign in found)


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "page ",
            "page not ",
            "domain ",
            "x.y ",
            "subscribe to ",
            "dieser artikel ",
            "this article is ",
            "para seguir leyendo ",
        ),
        *(
            "ページ",
            "お探しの",
            "このドメイン",
            "残り",
            "we and our partners use cookies ",
            "reste 1",
            "you've read all the ",
        ),
        *(
            "<p>page ",
            "<p>a b c d e f g h i j k l m ",
            "- | : ",
            "page ' ' ' ",
            "x",
            "\ufdfa",
            "<button>accept ",
        ),
        *("<h1>page not found ", "<i id=x>", "<script src='/cdn-cgi/challenge-platform/a/a/'></script>"),
    ],
)
def test_hostile_pages_take_little_time(piece: str) -> None:
    html = piece * (300_000 // len(piece))
    began = time.monotonic()
    seen(html)
    seen(f"<title>{html[:5_000]}</title><p>{html}")
    assert time.monotonic() - began < 5
