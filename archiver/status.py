"""How whole a capture is: decided here and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archiver.errors import FormatError
from archiver.links.outline import Outline
from archiver.url import Url
from archiver.url.suffixes import site
from archiver.walls import Sign
from archiver.warc.http1 import Head
from archiver.warc.stated import Status

_LOGIN = frozenset(
    {
        "login",
        "log-in",
        "signin",
        "sign-in",
        "sign_in",
        "sso",
        "auth",
        "authenticate",
        "anmelden",
        "connexion",
    }
)

_STUB = 100
"""Words up to which a page that sends its readers on is nothing else."""
_SOON = 60
"""Seconds within which it does; later than that, a page reloads itself or rests."""
_REFRESH = re.compile(
    r"\s*([0-9]{1,9})[0-9.]*\s*[;,\s]\s*(?:url\s*=\s*)?[\"']?([^\"'\s]{1,4000})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A status and the stable words that say why; empty for a complete capture."""

    status: Status
    reasons: tuple[str, ...] = ()


IMPORTED = Judgement(status="partial", reasons=("imported",))
"""Of WARCs that another tool made: whoever imports them does not know what was wanted and not got."""


def judge(
    *,
    requested: Url,
    final: Url | None,
    head: Head | None,
    truncated: str | None,
    missing: int,
    interrupted: bool,
    error: str | None,
    outline: Outline | None = None,
    signs: tuple[Sign, ...] = (),
) -> Judgement:
    """The status of a capture.

    *requested* and *final* are the page's URL before and after redirects, *head* its final response head
    (None when no answer came), *truncated* why that answer was cut short, *missing* how many URLs were
    wanted and not got, *error* the word for why the page itself could not be had, *outline* what it shows,
    *signs* what speaks against its being what was cited.
    """
    if head is None:
        if interrupted:
            return Judgement(status="partial", reasons=("interrupted",))
        return Judgement(status="failed", reasons=(error or "no-response",))
    if head.status in (404, 410):
        return Judgement(status="gone", reasons=(f"http-{head.status}",))
    strong = _blocked(requested, final, head, signs)
    if strong:
        return Judgement(status="blocked", reasons=strong)
    if 300 <= head.status < 400 and error is not None and not interrupted:
        return Judgement(status="failed", reasons=(f"page-{error}",))
    if head.status >= 500 and interrupted:  # it might have got better at the next attempt
        return Judgement(status="partial", reasons=("interrupted", f"http-{head.status}"))
    if head.status >= 400:
        return Judgement(status="failed", reasons=(f"http-{head.status}",))
    if head.status < 200:  # 101 among them: nobody asked for another protocol
        return Judgement(status="failed", reasons=(f"http-{head.status:03}",))
    reasons: list[str] = []
    if interrupted:
        reasons.append("interrupted")
    if head.status in (204, 205, 206):  # no page at all, or a part that nobody asked for
        reasons.append(f"http-{head.status}")
    if error is not None:
        reasons.append(f"page-{error}")
    if truncated is not None:
        reasons.append(f"page-truncated-{truncated}")
    if 300 <= head.status < 400 and error is None:
        reasons.append("redirect-not-followed")
    if final is not None and _redirected_away(requested, final):
        reasons.append("redirected-away")
    if final is not None and _refreshes(final, head, outline):
        reasons.append("refresh-not-followed")
    reasons += [sign.code for sign in signs if sign.code not in reasons]
    if missing:
        reasons.append("missing")
    return Judgement(status="partial" if reasons else "complete", reasons=tuple(reasons))


def _blocked(requested: Url, final: Url | None, head: Head, walls: tuple[Sign, ...]) -> tuple[str, ...]:
    """Strong signs only."""
    signs: list[str] = []
    if head.first("cf-mitigated") is not None:
        signs.append("cf-mitigated")
    if head.status in (401, 403, 429):
        signs.append(f"http-{head.status}")
    if final is not None and final.path != requested.path and _is_login(final) and not _is_login(requested):
        signs.append("login-redirect")
    return (*signs, *(sign.code for sign in walls if sign.strong))


def _is_login(url: Url) -> bool:
    segments = {segment.lower().partition(".")[0] for segment in url.path.split("/")}
    return not segments.isdisjoint(_LOGIN)


def _redirected_away(requested: Url, final: Url) -> bool:
    """Whether a deep link ended at a front page, or at another registrable domain."""
    deep = requested.path.strip("/") != ""
    to_front = deep and final.path.strip("/") == "" and final.query is None
    # The list of suffixes is long: it is read only where the hosts differ at all.
    return to_front or (requested.host != final.host and site(requested) != site(final))


def _refreshes(final: Url, head: Head, outline: Outline | None) -> bool:
    """Whether the page is a stub that sends its readers on: hardly any text, and soon another address."""
    if outline is None or outline.words > _STUB:
        return False
    said = [*head.all("refresh"), *(value for name, value in outline.metas if name == "refresh")]
    for found in filter(None, map(_REFRESH.match, said)):
        if int(found[1]) > _SOON:
            continue
        try:
            target = Url.parse(found[2], final).without_fragment
        except FormatError:
            continue
        if target != final.without_fragment:
            return True
    return False
