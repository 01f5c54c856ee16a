"""What a save ended in: for people on standard error, for scripts as JSON, and what to try next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from archiver import cli
from archiver.citation import Citation
from archiver.cli.render import count_text, memento_text, size_text
from archiver.errors import ArchiverError, CaptureError
from archiver.save import Saved
from archiver.warc.stated import Stated

_ADVICE = {
    "blocked": "the site refuses tools: save the page with a browser extension, or ask for another copy",
    "gone": "the page is gone; this bundle is evidence of that",
}

_ABOUT_SIGNS = {
    "challenge": "a check for robots stands in the way: save the page with a browser extension",
    "consent-wall": "it wants consent first: --cookies FILE with the cookies of a browser that gave it",
    "login-wall": "it wants a login: --cookies FILE with the cookies of a browser that is logged in",
    "paywall": "it shows a part only: --cookies FILE with the cookies of a browser that may read it",
    "parked": "the domain seems to be for sale: look for an older copy in a web archive and cite that",
    "soft-404": "it says that the page is not there: look for an older copy in a web archive and cite that",
    "needs-script": "a script makes its text, and none is run: save the page with a browser extension",
}

_NEXT = {
    "dns": "Is the name spelled right, is this machine online?",
    "connect": "The server may be down: try again later",
    "tls": "--cacert FILE trusts its authority, --insecure any certificate; the verdict will say so",
    "guard": "--allow-private, or --resolve HOST:PORT:ADDR, lets it be reached; the verdict will say so",
    "timeout": "Try again later, or allow more with --max-seconds, --connect-timeout, --idle-timeout",
    "limit-seconds": "--max-seconds allows more",
    "proxy": "Is the address of --proxy right?",
    "robots": "--robots note captures it all the same and says so",
}


def report(saved: Saved, *, as_json: bool, quiet: bool) -> None:
    """Say what was kept, what is missing of it and why."""
    if as_json:
        cli.emit(_as_json(saved))
        return
    cli.emit_path(saved.path)
    if quiet:
        return
    for line, lead in _lines(saved):
        cli.say(line, lead=lead)


def report_error(citation: Citation, error: ArchiverError, *, as_json: bool) -> None:
    """Say why nothing was kept of *citation*."""
    reason = error.reason if isinstance(error, CaptureError) else "internal"
    if as_json:
        cli.emit(
            {
                "bundle": None,
                "requested_url": citation.url,
                "status": "failed",
                "reasons": [reason],
                "error": str(error),
            }
        )
    advice = ""
    if isinstance(error, CaptureError):
        advice = ". " + _NEXT.get(reason, "Try again later; --keep-failed keeps what was recorded")
    cli.say(f"archiver: {citation.url}: {error}; nothing was kept{advice}")


def _as_json(saved: Saved) -> dict[str, object]:
    stated = saved.stated
    return {
        "bundle": str(saved.path),
        "id": str(saved.id),
        "requested_url": stated.requested,
        "final_url": saved.final_url,
        "title": saved.title,
        "status": stated.status,
        "reasons": stated.reasons,
        "signs": stated.signs,
        "settings": stated.weakened,
        "exchanges": saved.exchanges,
        "bytes": saved.bytes,
        "missing": stated.missing,
        "missing_count": stated.missing_count,
        "broken_at_origin": stated.broken_at_origin,
        "broken_at_origin_count": stated.broken_at_origin_count,
        "exposed": saved.exposed,
        "replay_hazards": stated.replay_hazards,
        "memento": stated.memento,
        "robots": stated.robots,
        "noarchive": stated.noarchive,
    }


def _lines(saved: Saved) -> Iterator[tuple[str, str]]:
    """Each line, unescaped, and what stands before it."""
    stated = saved.stated
    reasons = f" ({', '.join(stated.reasons)})" if stated.reasons else ""
    held = f"{count_text(saved.exchanges, 'exchange')}, {size_text(saved.bytes)}"
    yield f"{stated.status}{reasons}: {held}, id {saved.id}", ""
    if "redirected-away" in stated.reasons:
        yield f"asked for {stated.requested}, ended at {saved.final_url}", "  "
    for sign in stated.signs:
        yield f"{sign.code}: {sign.evidence}", "  "
        if sign.code in _ABOUT_SIGNS:
            yield _ABOUT_SIGNS[sign.code], "  "
    yield from _lists(stated)
    if stated.memento is not None:
        yield memento_text(stated.memento), "  "
    for sentence in (*stated.robots[:_MOST_SENTENCES], *stated.noarchive[:_MOST_SENTENCES]):
        yield f"the server says: {sentence}", "  "
    if stated.settings.redacted:
        yield "secrets are blanked in the record; what the page itself says about you is not", ""
    for url in saved.exposed:
        yield f"repeats a secret, which stays readable in the bundle: {url}", "  "
    advice = _ADVICE.get(stated.status)
    if advice:
        yield advice, ""
    yield "the time is claimed only: no timestamp proves it", ""


_MOST_SENTENCES = 10


def _lists(stated: Stated) -> Iterator[tuple[str, str]]:
    """Every URL that is missing, from where and why; what is broken at its origin; what may show wrongly."""
    for what, entries, count in (
        ("missing", stated.missing, stated.missing_count),
        ("broken at origin", stated.broken_at_origin, stated.broken_at_origin_count),
    ):
        if count > 1:
            reasons = Counter(entry.reason for entry in entries).most_common()
            yield f"{count} {what}: {', '.join(f'{many} {reason}' for reason, many in reasons)}", "  "
        for entry in entries:
            yield f"{what}: {entry.url} ({entry.reason}; from {entry.referrer or 'the citation'})", "  "
        if count > len(entries):
            yield f"{what}: {count - len(entries)} more, of which only the number is kept", "  "
    for hazard in stated.replay_hazards:
        yield f"some players may show this wrongly: {hazard.url} ({hazard.kind})", "  "
