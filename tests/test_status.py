"""How whole a capture is."""

from __future__ import annotations

import pytest

from archiver.status import Judgement, judge
from archiver.url import Url
from archiver.warc.http1 import parse_head

PAGE = "https://news.example/2026/article"
LOGIN = "https://news.example/login?next=/2026/article"


def judged(
    status: int | None = 200,
    *,
    to: str = PAGE,
    cited: str = PAGE,
    more: str = "",
    truncated: str | None = None,
    missing: int = 0,
    interrupted: bool = False,
    error: str | None = None,
) -> Judgement:
    """The judgement on a page cited at *cited* that answered *status* at *to*."""
    head = parse_head(f"HTTP/1.1 {status} X\r\n{more}\r\n".encode()) if status is not None else None
    return judge(
        requested=Url.parse(cited),
        final=Url.parse(to),
        head=head,
        truncated=truncated,
        missing=missing,
        interrupted=interrupted,
        error=error,
    )


def test_a_page_with_all_that_was_wanted_is_complete() -> None:
    assert judged() == Judgement(status="complete", reasons=())


@pytest.mark.parametrize("status", [200, 203, 226])
def test_every_answer_of_the_2xx_is_one(status: int) -> None:
    assert judged(status).status == "complete"


PARTIAL: list[tuple[Judgement, tuple[str, ...]]] = [
    (judged(missing=1), ("missing",)),
    (judged(interrupted=True), ("interrupted",)),
    (judged(interrupted=True, missing=3), ("interrupted", "missing")),
    (judged(truncated="length", error="limit-bytes"), ("page-limit-bytes", "page-truncated-length")),
    (judged(error="disconnect", truncated="disconnect", missing=1),
     ("page-disconnect", "page-truncated-disconnect", "missing")),
    (judged(None, interrupted=True, error="interrupted"), ("interrupted",)),
    (judged(503, interrupted=True), ("interrupted", "http-503")),
    (judged(204), ("http-204",)),
    (judged(205), ("http-205",)),
    (judged(206), ("http-206",)),
    (judged(304), ("redirect-not-followed",)),
    (judged(300), ("redirect-not-followed",)),
    (judged(to="https://news.example/"), ("redirected-away",)),
    (judged(to="https://news.example"), ("redirected-away",)),
    (judged(to="https://other.example/2026/article"), ("redirected-away",)),
    (judged(cited="https://news.co.uk/a", to="https://other.co.uk/a"), ("redirected-away",)),
    (judged(cited="https://a.github.io/a", to="https://b.github.io/a"), ("redirected-away",)),
    (judged(cited="http://198.51.100.1/a", to="http://198.51.100.2/a"), ("redirected-away",)),
    (judged(cited="http://198.51.100.1/a", to="http://news.example/a"), ("redirected-away",)),
]  # fmt: skip


@pytest.mark.parametrize(("judgement", "reasons"), PARTIAL, ids=[" ".join(case[1]) for case in PARTIAL])
def test_what_lacks_something_is_partial_and_says_what(
    judgement: Judgement, reasons: tuple[str, ...]
) -> None:
    assert judgement == Judgement(status="partial", reasons=reasons)


@pytest.mark.parametrize(
    ("cited", "to"),
    [
        (PAGE, "https://www.news.example/2026/article"),
        ("http://news.example/2026/article", PAGE),
        (PAGE, "https://news.example/2026/article/index.html"),
        (PAGE, "https://news.example/?p=1234"),
        ("https://news.example/", "https://news.example/"),
        ("https://news.example/", "https://www.news.example/home"),
        ("https://NEWS.example/a", "https://news.example/a"),
        ("https://a.news.co.uk/a", "https://b.news.co.uk/b"),
        ("http://localhost:8000/a", "http://localhost:8001/a"),
        ("http://198.51.100.1/a", "http://198.51.100.1:81/a"),
    ],
)
def test_a_redirect_within_one_site_is_whole(cited: str, to: str) -> None:
    assert judged(cited=cited, to=to).status == "complete"


BLOCKED: list[tuple[Judgement, tuple[str, ...]]] = [
    (judged(401), ("http-401",)),
    (judged(403), ("http-403",)),
    (judged(429), ("http-429",)),
    (judged(429, interrupted=True), ("http-429",)),
    (judged(200, more="CF-Mitigated: challenge\r\n"), ("cf-mitigated",)),
    (judged(503, more="cf-mitigated: challenge\r\n"), ("cf-mitigated",)),
    (judged(403, more="cf-mitigated: challenge\r\n"), ("cf-mitigated", "http-403")),
    (judged(to=LOGIN), ("login-redirect",)),
    (judged(to="https://sso.example/auth/realms/x"), ("login-redirect",)),
    (judged(to="https://news.example/Account/SignIn.aspx"), ("login-redirect",)),
    (judged(403, to=LOGIN, missing=2), ("http-403", "login-redirect")),
]


@pytest.mark.parametrize(("judgement", "reasons"), BLOCKED, ids=[" ".join(case[1]) for case in BLOCKED])
def test_strong_signs_of_a_wall_are_blocked(judgement: Judgement, reasons: tuple[str, ...]) -> None:
    assert judgement == Judgement(status="blocked", reasons=reasons)


@pytest.mark.parametrize(
    ("cited", "to"),
    [
        ("https://news.example/login", "https://news.example/login"),
        ("https://news.example/login", "https://news.example/signin"),
        (PAGE, "https://news.example/2026/how-to-login"),
        (PAGE, "https://news.example/2026/article?from=login"),
        (PAGE, "https://login.news.example/2026/article"),
    ],
)
def test_a_page_about_signing_in_is_no_wall(cited: str, to: str) -> None:
    assert judged(cited=cited, to=to).status == "complete"


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("missing", [0, 2])
def test_a_page_that_is_no_more_is_gone(status: int, missing: int) -> None:
    assert judged(status, missing=missing) == Judgement(status="gone", reasons=(f"http-{status}",))
    away = judged(status, to="https://other.example/404", interrupted=True)
    assert away.status == "gone"


@pytest.mark.parametrize("status", [101, 400, 402, 405, 406, 418, 451, 500, 502, 503, 504, 599])
def test_any_other_answer_is_a_failure(status: int) -> None:
    assert judged(status, missing=1) == Judgement(status="failed", reasons=(f"http-{status}",))


@pytest.mark.parametrize("error", ["dns", "connect", "tls", "guard", "timeout", "protocol", "disconnect"])
def test_no_answer_at_all_is_a_failure(error: str) -> None:
    assert judged(None, error=error) == Judgement(status="failed", reasons=(error,))


def test_no_answer_without_a_word_is_one_too() -> None:
    assert judged(None) == Judgement(status="failed", reasons=("no-response",))


@pytest.mark.parametrize("error", ["limit-redirects", "bad-redirect", "scheme"])
def test_a_redirect_that_leads_nowhere_is_a_failure(error: str) -> None:
    assert judged(302, error=error) == Judgement(status="failed", reasons=(f"page-{error}",))


def test_an_interrupted_redirect_is_partial() -> None:
    judgement = judged(302, error="interrupted", interrupted=True)
    assert judgement.status == "partial"
    assert judgement.reasons[0] == "interrupted"
