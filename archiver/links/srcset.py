"""The candidates of a srcset attribute (HTML standard, section 4.8.4.3.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archiver.links.link import Check, go_on

_SPACE = r"[ \t\r\n\f]"
_USUAL = re.compile(
    rf"[ \t\r\n\f,]*+([^ \t\r\n\f]*[^ \t\r\n\f,]){_SPACE}++"
    rf"(?:([0-9]{{1,9}})w|([0-9]{{0,9}}\.?[0-9]{{1,9}})x){_SPACE}*+(?:,|\Z)"
)
"""What nearly all candidates are: a URL and one descriptor."""
_URL = re.compile(r"[ \t\r\n\f,]*+([^ \t\r\n\f]++)")
_DESCRIPTORS = re.compile(r"(?:[^,(]++|\([^)]*+\)?)*+,?")
_WIDTH = re.compile(r"(?<!\S)([0-9]{1,9})w(?!\S)")
_DENSITY = re.compile(r"(?<!\S)([0-9]{0,9}\.?[0-9]{1,9})x(?!\S)")

MAX_CANDIDATES = 10_000
"""How many candidates of one srcset are read."""
_CHECKED = 1 << 10
"""Candidates after which is asked whether to go on."""

_USUAL_WIDTH = 1280
"""CSS pixels of the window in which a page is thought to be looked at, one dot each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One image of a srcset: its URL as written, and its width in pixels or its density."""

    url: str
    width: int | None
    density: float


def candidates(text: str, *, check: Check = go_on) -> list[Candidate]:
    """The candidates in *text*, in order; one more than MAX_CANDIDATES where there are any more than these.

    Raises what *check* raises.
    """
    found: list[Candidate] = []
    at = 0
    while match := len(found) <= MAX_CANDIDATES and (_USUAL.match(text, at) or _URL.match(text, at)):
        if not len(found) % _CHECKED:
            check()
        url, at = match[1], match.end()
        width = density = None
        if match.re is _USUAL:
            width, density = match[2], match[3]
        elif url.endswith(","):
            url = url.rstrip(",")
        elif rest := _DESCRIPTORS.match(text, at):
            at = rest.end()
            descriptors = rest[0].rstrip(",")
            width, density = _first(_WIDTH, descriptors), _first(_DENSITY, descriptors)
        found.append(
            Candidate(
                url=url,
                width=int(width) if width else None,
                density=float(density) if density else 1.0,
            )
        )
    return found


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found[1] if found else None


def shown(found: list[Candidate], *, beside_src: bool = False) -> Candidate | None:
    """The candidate that an ordinary window shows: the smallest that fills it, else the largest.

    None where there is none, and where the src beside the srcset is shown, as the one of density 1.
    """
    if any(candidate.width is not None for candidate in found):
        wide = [candidate for candidate in found if (candidate.width or 0) >= _USUAL_WIDTH]
        if wide:
            return min(wide, key=lambda candidate: candidate.width or 0)
        return max(found, key=lambda candidate: candidate.width or 0)
    if beside_src and not any(candidate.density == 1 for candidate in found):
        return None
    dense = [candidate for candidate in found if candidate.density >= 1]
    if dense:
        return min(dense, key=lambda candidate: candidate.density)
    return max(found, key=lambda candidate: candidate.density, default=None)
