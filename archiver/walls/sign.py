"""Whether a page is what was cited, or something that stands in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archiver.links.outline import Outline, count_words
from archiver.url import Url
from archiver.walls import phrases
from archiver.walls.page import Page, is_about, said
from archiver.warc.http1 import Head

MAX_EVIDENCE = 120
"""Characters of a sign's evidence."""

# All in words; `count_words` makes them alike for all scripts.
_LONG = 1_000
"""Of running text, from which on a page is what it seems to be."""
_HARDLY_ANY = 300
"""Of all that is shown, up to which a page that loads a challenge is nothing else. Challenges that explain
themselves show 200."""
_TEASER = 200
_TEASER_UNSAID = 100
"""Of running text, up to which a paywall leaves a teaser: where metadata says that the page is not free, and
where nothing but its text does."""
_NOTE = 60
_THEME = 300
"""Of running text beside its own, up to which a page called "not found" is not an article of that name; more
where the site's own marks say so too, for themes show their latest posts there."""
_NOTICE = 40
"""Of the longest paragraph that says that something is not there, and is not about such pages."""
_FEW = 30
"""Of running text beside its own, that a wall may have: a slogan, an address, an offer."""
_AROUND = 120
"""Of any sort beside its own, that a wall may have: the site's menus and footer."""
_BUTTON = 6
"""Of a button's label."""
_BEFORE = 3
"""Before the words that make a block a paywall's notice."""
_SHELL = 25
_EMPTY = 5
"""Up to which a page with scripts waits for them: where it has a place for a script to fill or says that it
needs one, and where it does not."""
_PICTURES = 5
"""Images that a wall may have: logos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One thing that speaks against a page's being what was cited."""

    code: str
    """challenge, consent-wall, login-wall, paywall, parked, soft-404 or needs-script."""
    strong: bool
    """Whether it leaves no doubt."""
    evidence: str
    """What was seen, in up to MAX_EVIDENCE characters; the page's own words stand as it wrote them."""


def signs(outline: Outline, *, head: Head, requested: Url, final: Url) -> tuple[Sign, ...]:
    """What speaks against *outline*'s being what was cited at *requested*; one sign of a kind at most.

    *head* came with it from *final*, where redirects led.

    A page's words count where it says hardly anything else, for an article about captchas has a text. So each
    rule asks for a phrase in a place of its own (the title, a heading, a short block) and for no more running
    text beside it than such a page has; ordinary articles have a hundred words at least. Only a challenge is
    ever strong: one that headers, scripts or ids name which nothing else has, on a page with hardly any text.
    """
    page = Page(outline, head=head, requested=requested, final=final)
    rules = _RULES if outline.running_words <= _LONG else (_marked_challenge,)
    found = [sign for rule in rules if (sign := rule(page)) is not None]
    if not found and (shell := _needs_script(page)) is not None:  # a wall may well be a shell besides
        found = [shell]
    return tuple(found)


def _sign(code: str, *evidence: str, strong: bool = False) -> Sign:
    return Sign(code=code, strong=strong, evidence="; ".join(evidence)[:MAX_EVIDENCE])


def _challenge(page: Page) -> Sign | None:
    if marked := _marked_challenge(page):
        return marked
    outline = page.outline
    own = (phrases.CHALLENGE_NAMES, phrases.CHALLENGE_VAGUE, phrases.CHALLENGE_TEXT)
    if page.running_beside(*own, most=_NOTICE) > _FEW:
        return None
    named = page.named(phrases.CHALLENGE_NAMES)
    vaguely = page.named(phrases.CHALLENGE_VAGUE)
    text = said(page.blocks, phrases.CHALLENGE_TEXT)
    captcha = [f"address {found[0]}"] if (found := phrases.CAPTCHAS.search(page.addresses)) else []
    if named or (vaguely and (text or captcha or page.is_not_for_robots())):
        return _sign("challenge", *named, *vaguely, *text, *captcha)
    if text and outline.words <= _AROUND and outline.media <= _PICTURES and not page.has_subject():
        return _sign("challenge", *text, *captcha)
    guard = phrases.GUARD_ADDRESSES.search(page.addresses) or phrases.GUARD_SCRIPTS.search(page.inline)
    if guard and outline.words <= _EMPTY and not outline.media:
        return _sign("challenge", f"{guard[0]} and {outline.words} words")
    return None


def _marked_challenge(page: Page) -> Sign | None:
    """A challenge by the marks of those who pose them: no doubt is left where there is hardly any text."""
    hardly_any = page.outline.words <= _HARDLY_ANY and not page.outline.cut
    for name in phrases.CHALLENGE_HEADERS:
        if (value := page.head.first(name)) is not None:
            return _sign("challenge", f"header {name}: {value}", strong=hardly_any)
    mark = _challenge_mark(page)
    if mark is not None and (hardly_any or page.outline.running_words <= _HARDLY_ANY):
        return _sign("challenge", mark, strong=hardly_any)
    return None


def _challenge_mark(page: Page) -> str | None:
    """What of a challenge the document loads or holds."""
    if found := phrases.CHALLENGE_ADDRESSES.search(page.addresses):
        return f"address {found[0]}"
    if found := phrases.CHALLENGE_SCRIPTS.search(page.inline):
        return f"script {found[0]}"
    return next((f"id {one}" for one in page.outline.ids if one.lower() in phrases.CHALLENGE_IDS), None)


def _parked(page: Page) -> Sign | None:
    if page.is_article() or page.running_beside(phrases.PARKED) > _FEW:
        return None
    if mark := _parked_mark(page):
        return _sign("parked", mark)
    if named := page.named(phrases.PARKED):
        return _sign("parked", *named)
    text = said(page.labels, phrases.PARKED)
    short = _AROUND if any(page.host in name for name, _ in page.names) else _NOTICE
    if text and page.outline.words <= short:
        return _sign("parked", *text)
    return None


def _parked_mark(page: Page) -> str | None:
    """What of a domain parking service the answer holds."""
    if (key := page.head.first("x-adblock-key")) is not None:
        return f"header x-adblock-key: {key}"
    if found := phrases.PARKED_ADDRESSES.search(page.addresses):
        return f"address {found[0]}"
    if found := phrases.PARKED_SCRIPTS.search(page.inline):
        return f"script {found[0]}"
    return "attribute data-adblockkey" if "data-adblockkey" in page.outline.root else None


def _consent_wall(page: Page) -> Sign | None:
    topics = phrases.CONSENT_TOPICS
    asking = [block for block in page.blocks if sum(bool(topic.search(block)) for topic in topics) > 1]
    words = sum(map(count_words, asking))
    running = page.running_beside(*topics)
    if not asking or running > _FEW:
        return None
    if page.was_sent_to(phrases.CONSENT_ADDRESS):
        return _sign("consent-wall", "sent to a page that asks for consent", f'text "{asking[0]}"')
    buttons = (block for block in page.labels if count_words(block) <= _BUTTON)
    accept = next((block for block in buttons if is_about(block, phrases.ACCEPT, spare=1)), None)
    alone = page.outline.words - words <= _AROUND and page.outline.media <= _PICTURES
    if accept is None or not alone or page.has_subject(*topics):
        return None
    return _sign("consent-wall", f'button "{accept}"', f'text "{asking[0]}"')


def _login_wall(page: Page) -> Sign | None:
    if page.asked_for(phrases.LOGIN_ADDRESS) or page.running_beside(phrases.LOGIN_TEXT) > _FEW:
        return None
    named = page.named(phrases.LOGIN_NAMES)
    text = said((label for label in page.labels if not phrases.TAKING_PART.search(label)), phrases.LOGIN_TEXT)
    fields = ["a password field"] if page.outline.passwords else []
    if page.was_sent_to(phrases.LOGIN_ADDRESS) and (named or text or fields):
        return _sign("login-wall", "sent to a page that asks to log in", *named, *text, *fields)
    by_name = named and (fields or page.outline.words <= _SHELL) and not page.has_subject(phrases.LOGIN_NAMES)
    if text or by_name:
        return _sign("login-wall", *named, *text, *fields)
    return None


def _paywall(page: Page) -> Sign | None:
    unfree = ["isAccessibleForFree is false"] if page.outline.free is False else []
    running = page.running_beside(phrases.PAYWALL, phrases.PAYWALL_OFFERS, phrases.SUBSCRIBED, most=_NOTICE)
    if running > (_TEASER if unfree else _TEASER_UNSAID):
        return None
    notices = said(page.labels, phrases.PAYWALL, before=_BEFORE)
    offers = said(page.labels, phrases.PAYWALL_OFFERS, before=_BEFORE)
    customers = said(page.labels, phrases.SUBSCRIBED)
    if notices or (offers and (unfree or customers)) or (unfree and (customers or running <= _TEASER_UNSAID)):
        return _sign("paywall", *unfree, *notices, *offers, *customers)
    return None


def _soft_404(page: Page) -> Sign | None:
    if page.is_article():
        return None
    named = page.named(phrases.NOT_FOUND)
    marks = [f"the page is called {one}" for one in page.outline.root if one in phrases.NOT_FOUND_ROOT]
    if page.was_sent_to(phrases.NOT_FOUND_ADDRESS):
        marks.append("sent to a page for what is not found")
    text = said(page.blocks, phrases.NOT_FOUND) + said(page.blocks, phrases.MOVED)
    running = page.running_beside(phrases.NOT_FOUND, phrases.MOVED, most=_NOTICE)
    if page.is_not_for_robots():
        marks.append("robots noindex")
    if named:
        allowed = _THEME if marks else _NOTE if text or len(named) > 1 else _FEW
        return _sign("soft-404", *named, *marks, *text) if running <= allowed else None
    alone = (
        page.outline.words <= _AROUND
        and page.outline.media <= _PICTURES
        and not page.has_subject(phrases.APOLOGIES)
    )
    notices = [f'text "{one}"' for one in page.sentences if is_about(one, phrases.NOT_FOUND)]
    if running <= _FEW and (len(marks) > 1 or (notices and (marks or alone))):
        return _sign("soft-404", *notices, *marks)
    return None


def _needs_script(page: Page) -> Sign | None:
    outline = page.outline
    if outline.cut or outline.media or outline.frames or not (outline.scripts or outline.inline):
        return None
    places = [f"id {one}" for one in outline.ids if one.lower() in phrases.SHELL_IDS]
    asks = said([outline.fallback], phrases.ASKS_FOR_SCRIPT)
    if outline.words <= (_SHELL if places or asks else _EMPTY):
        return _sign("needs-script", f"{outline.words} words shown", *places, *asks)
    return None


_RULES: tuple[Callable[[Page], Sign | None], ...] = (
    _challenge,
    _parked,
    _consent_wall,
    _login_wall,
    _paywall,
    _soft_404,
)
