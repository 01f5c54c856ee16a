"""A verdict in words: what stands under it, and what it does not prove.

Every text that may come from a bundle goes through `terminal`, so that nothing in one can move the
cursor, change a colour or draw a verdict of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from archiver.bundle.verdict import Check, Verdict
from archiver.escape import terminal
from archiver.manifest import DateSkew, Manifest
from archiver.verify.policy import Signer
from archiver.verify.result import Countersigner, Result
from archiver.warc.stated import Memento, Stated

NOT_PROVED = "that the server's words are true, nor that another visitor saw the same"

_MOST_FINDINGS = 20
_OF_IMPORTS = ("IMPORT_NOTE", "NAME_DIFFERS")


def verdict_lines(result: Result, *, explain: bool = False) -> Iterator[str]:
    """The lines that `verify` prints for one bundle, safe for a terminal."""
    head = f"{result.verdict.value}  {terminal(result.name)}"
    if result.id is not None:
        head += f"  id {result.id}"
    yield head
    known = bool(result)
    manifest = result.manifest
    if result.kind in ("wacz", "warc"):
        yield f"        {_maker(result)}"
    elif manifest is not None:
        yield f"        {_status(manifest, believed=known)}"
    if manifest is not None:
        yield from _what(result, manifest)
    yield f"who     {_who(result)}"
    if result.countersigner is not None and not _stands_in(result):
        yield f"        {_countersigner(result.countersigner)}"
    yield f"when    {_when(result, manifest)}"
    if manifest is not None and manifest.derived.date_skew is not None:
        yield f"        {_clocks(manifest.derived.date_skew)} (uncertified)"
    if result.verdict is not Verdict.FAILED:
        yield f"not     {_not_proved(result)}"
    shown = result.checks if explain else tuple(_findings(result))
    for check in shown[: None if explain else _MOST_FINDINGS]:
        yield f"{'check' if explain else 'why':<8}{_check(check)}"
    if not explain and len(shown) > _MOST_FINDINGS:
        yield f"        and {len(shown) - _MOST_FINDINGS} more (--explain lists all)"
    if not explain:
        yield from _notes(result)


def _notes(result: Result) -> Iterator[str]:
    """What is to be known of another tool's work and is not wrong, each kind once."""
    own = result.kind == "archiver"
    notes = [
        check
        for check in result.checks
        if check.verdict is Verdict.PASSED
        and (check.code in _OF_IMPORTS if own else check.code not in ("OK", "NO_ARCHIVE"))
    ]
    kinds = [_kind(check) for check in notes]
    first = {_kind(check): check for check in reversed(notes)}
    for kind, check in reversed(first.items()):
        name, code, _ = kind
        many = kinds.count(kind) - 1
        more = f" (and {many} more)" if many else ""
        yield f"note    {name} {code}: {terminal(check.message, limit=200)}{more}"


def _kind(check: Check) -> tuple[str, str, str]:
    """What makes two notes of one kind: check, code and, of an import, the deviation."""
    return check.name, check.code, check.message.rpartition(": ")[0] if check.code == "IMPORT_NOTE" else ""


def _findings(result: Result) -> Iterator[Check]:
    for wanted in (Verdict.FAILED, Verdict.INDETERMINATE):
        yield from (check for check in result.checks if check.verdict is wanted)


def _check(check: Check) -> str:
    code = "" if check.code == "OK" else f" {check.code}"
    return f"{check.verdict.value} {check.name}{code}: {terminal(check.message)}"


def _maker(result: Result) -> str:
    """What another tool's file says it was made by."""
    if result.kind == "warc":
        return "a plain WARC: its records are judged, and nothing says who made it"
    made = (
        f"made by {terminal(result.software, limit=100)}, it says" if result.software else "by another tool"
    )
    return f"{made}; how it was captured is not stated"


def _status(manifest: Manifest, *, believed: bool) -> str:
    stated = manifest.stated
    if stated is None:
        return "imported; the capturer stated nothing"
    text: str = stated.status
    if stated.reasons:
        text += f" ({terminal(', '.join(stated.reasons))})"
    text += (
        f", {stated.origin} by {terminal(stated.environment.get('software', 'unnamed software'), limit=60)}"
    )
    text += f" ({stated.engine}); {settings_text(stated)}"
    return text if believed else f"says of itself: {text}"


def settings_text(stated: Stated) -> str:
    """The settings that redirected or weakened the connection, in one clause."""
    weakened = stated.weakened
    return f"settings: {', '.join(weakened)}" if weakened else "no setting weakened the connection"


def _what(result: Result, manifest: Manifest) -> Iterator[str]:
    counts = manifest.derived.counts
    loose = any(check.code == "UNACCOUNTED_BYTES" for check in result.checks)
    whole = "" if loose or result.verdict is Verdict.FAILED else ": every byte accounted for"
    held = f"{count_text(result.files, 'file')}, {count_text(counts.exchanges, 'exchange')}"
    yield f"what    {held}, {size_text(result.size)}{whole}"
    if result.blanks:
        yield f"        {count_text(result.blanks, 'secret value')} blanked"
    for entry in manifest.derived.captures[:5]:
        redirect = f" -> {terminal(entry.final_url)}" if entry.final_url != entry.requested_url else ""
        yield f"        {terminal(entry.requested_url)}{redirect}  HTTP {entry.status}"
    if len(manifest.derived.captures) > 5:
        yield f"        and {len(manifest.derived.captures) - 5} more pages"
    stated = manifest.stated
    if stated is not None and stated.memento is not None:
        yield f"        {terminal(memento_text(stated.memento), limit=2_000)}"
    if stated is not None and (stated.missing_count or stated.broken_at_origin_count):
        yield f"        {stated.missing_count} missing, {stated.broken_at_origin_count} broken at origin"


def memento_text(memento: Memento) -> str:
    """What copy of what a page is, unescaped."""
    original = f" of {memento.original}" if memento.original else ""
    taken = ""
    if memento.datetime:
        taken = f", taken {memento.datetime.partition('.')[0].replace('T', ' ')} UTC by its word"
    return f"seen through {memento.through}: its copy{original}{taken}"


def _not_proved(result: Result) -> str:
    if result.kind == "file":
        return "anything but who vouches for these bytes: nothing in the file was read"
    found = result.countersigner
    if found is not None and _stands_in(result) and found.role != "captured":
        return f"{NOT_PROVED}, nor who captured it"
    return NOT_PROVED


def _stands_in(result: Result) -> bool:
    """Whether a trusted countersigner is all that is known of who signed."""
    return result.kind != "archiver" and result.signer is not None and result.countersigner is not None


def _who(result: Result) -> str:
    if result.countersigner is not None and _stands_in(result):
        return _countersigner(result.countersigner)
    if result.signer is not None:
        since = f"  (trusted since {terminal(result.signer.since)})" if result.signer.since else ""
        return f"{terminal(result.signer.name)}  {fingerprint_text(result.signer.fingerprint.hex)}{since}"
    if result.identity is not None:
        return f"not known to you: identity {fingerprint_text(result.identity.hex)}"
    if result.claimant is not None:
        return f"not proved: {terminal(result.claimant, limit=200)}"
    return "nobody that can be named: no signature holds over these bytes"


def _countersigner(found: Countersigner) -> str:
    """What the countersignature beside the file says, and who says it."""
    name = terminal(found.signer.name) if found.signer is not None else "an identity not known to you"
    return f"{found.role} by {name}  {fingerprint_text(found.identity.hex)}  (claimed at {_time(found.date)})"


def _when(result: Result, manifest: Manifest | None) -> str:
    parts = []
    if manifest is not None and manifest.derived.captures:
        parts.append(f"capture claimed at {_time(manifest.derived.captures[0].date)}")
    if result.created is not None:
        parts.append(f"sealing claimed at {_time(result.created)}")
    return f"{', '.join(parts)}; no timestamp proves it" if parts else "not known"


def _time(text: str) -> str:
    return terminal(text.replace("T", " ").removesuffix("Z").partition(".")[0] + " UTC", limit=40)


def _clocks(skew: DateSkew) -> str:
    many = f"{skew.servers} servers' clocks" if skew.servers != 1 else "1 server's clock"
    seconds = -(-skew.largest_us // 1_000_000)
    verb = "agrees" if skew.servers == 1 else "agree"
    return f"{many} {verb} within {seconds} s" if seconds <= 60 else f"{many} differ by up to {seconds} s"


def fingerprint_text(digits: str) -> str:
    """The first 24 hex digits of a fingerprint in groups of four."""
    return " ".join(digits[at : at + 4] for at in range(0, 24, 4)) + " …"


def count_text(count: int, noun: str) -> str:
    """*count* of *noun* for people."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def size_text(count: int) -> str:
    """*count* bytes for people."""
    size = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"


def as_json(result: Result) -> dict[str, object]:
    """The result as one JSON object; texts are as they stand in the bundle, unescaped but for JSON's own."""
    stated = result.manifest.stated if result.manifest is not None else None
    return {
        "input": result.name,
        "kind": result.kind,
        "verdict": result.verdict.value,
        "id": str(result.id) if result.id is not None else None,
        "status": stated.status if stated is not None else None,
        "memento": stated.memento if stated is not None else None,
        "origin": result.manifest.origin if result.manifest is not None else None,
        "settings": list(stated.weakened) if stated is not None else [],
        "files": result.files,
        "bytes": result.size,
        "blanked": result.blanks,
        "exchanges": result.manifest.derived.counts.exchanges if result.manifest is not None else None,
        "captures": list(result.manifest.derived.captures) if result.manifest is not None else [],
        "identity": str(result.identity) if result.identity is not None else None,
        "signer": _signer_json(result.signer),
        "countersignature": _countersignature_json(result.countersigner),
        "claimed": {"sealed": result.created, "signer": result.claimant, "software": result.software},
        "proved_time": None,
        "not_proved": [_not_proved(result)],
        "checks": [
            {"name": check.name, "verdict": check.verdict.value, "code": check.code, "message": check.message}
            for check in result.checks
        ],
    }


def _signer_json(signer: Signer | None) -> dict[str, str] | None:
    if signer is None:
        return None
    return {"name": signer.name, "fingerprint": str(signer.fingerprint), "since": signer.since}


def _countersignature_json(found: Countersigner | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "identity": str(found.identity),
        "signer": _signer_json(found.signer),
        "role": found.role,
        "date": found.date,
    }
