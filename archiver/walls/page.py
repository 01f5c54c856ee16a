"""A page made ready for comparing: what it shows and loads, folded, and where it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from archiver.links.outline import Outline, count_words
from archiver.url import Url
from archiver.walls.phrases import folded
from archiver.warc.http1 import Head

_MAX_LOOKED_AT = 16 << 10
"""Characters of a document's text in which phrases are looked for."""
_MAX_NAMES = 5
_MAX_NAME = 200
"""How many headings are compared, and how long titles and headings may be."""
_LABEL = 20
"""Words of the longest block that is a notice of its own and not part of a text."""
_SPARE = 3
"""Words that a text may have beside the phrase that it is about."""

_BETWEEN = re.compile(r"\s[-–—·•:»«~]+\s|[|¦]|:(?=[\u3040-\u30ff\u4e00-\u9fff])")
"""What stands between the parts of a title, one of which is the site's name."""
_SENTENCE_END = re.compile(r"(?<=[.!?。])\s*(?<![0-9]\.)(?=\D)")
_NOT_IN_A_WORD = re.compile(r"[^\w']+")


class Page:
    """An *outline*, the *head* that it came with, the URL that was *requested* and the *final* one."""

    def __init__(self, outline: Outline, *, head: Head, requested: Url, final: Url) -> None:
        self.outline = outline
        self.head = head
        self.host = (final.host or "").removeprefix("www.")
        self._requested = requested.without_fragment_text.lower()
        self._final = final.without_fragment_text.lower()

    @cached_property
    def names(self) -> list[tuple[str, str]]:
        """The parts of the title and the first headings, each folded and as evidence."""
        title = self.outline.title
        names = [(part, f'title "{title}"') for part in _BETWEEN.split(folded(title[:_MAX_NAME]))]
        names += [(folded(one), f'heading "{one}"') for one in self.outline.headings[:_MAX_NAMES]]
        return [(text.strip(), evidence) for text, evidence in names if text.strip()]

    @cached_property
    def blocks(self) -> list[str]:
        """The text that is looked at, folded."""
        blocks, room = [], _MAX_LOOKED_AT
        for block in self.outline.blocks:
            if room <= 0:
                break
            blocks.append(folded(block[:room]))
            room -= len(block)
        return blocks

    @cached_property
    def labels(self) -> list[str]:
        """Blocks short enough to be a notice, a button, an entry."""
        return [block for block in self.blocks if count_words(block) <= _LABEL]

    @cached_property
    def sentences(self) -> list[str]:
        """What *labels* say, sentence by sentence."""
        return [sentence for label in self.labels for sentence in _SENTENCE_END.split(label)]

    @cached_property
    def addresses(self) -> str:
        """Where scripts, frames and forms lead, a line each, lower case."""
        outline = self.outline
        return "\n".join((*outline.scripts, *outline.frames, *outline.forms)).lower()

    @cached_property
    def inline(self) -> str:
        """How scripts within the page begin, lower case."""
        return "\n".join(self.outline.inline).lower()

    def has_subject(self, *walls: re.Pattern[str]) -> bool:
        """Whether the title repeats a heading that is none of a wall's: pages about something do."""
        title = folded(self.outline.title)
        headings = (folded(one) for one in self.outline.headings[:_MAX_NAMES])
        return any(one in title and not any(is_about(one, wall) for wall in walls) for one in headings if one)

    def is_article(self) -> bool:
        """Whether the page's metadata calls it one."""
        return (
            self.outline.meta("og:type") == "article"
            or self.outline.meta("article:published_time") is not None
        )

    def is_not_for_robots(self) -> bool:
        """Whether the page asks not to be indexed, as pages that are nothing of their own do."""
        return any(name == "robots" and "noindex" in value.lower() for name, value in self.outline.metas)

    @cached_property
    def _running(self) -> list[tuple[str, int]]:
        """The running text that is looked at, folded, and the words of each paragraph."""
        return [(folded(block[:_MAX_LOOKED_AT]), count_words(block)) for block in self.outline.running]

    def running_beside(self, *own: re.Pattern[str], most: int = _MAX_LOOKED_AT) -> int:
        """The words of running text, but for paragraphs of *most* words at most that hold one of *own*."""
        found = (
            words for text, words in self._running if words <= most and any(one.search(text) for one in own)
        )
        return self.outline.running_words - sum(found)

    def was_sent_to(self, addresses: re.Pattern[str]) -> bool:
        """Whether a redirect led to one of *addresses*, and none of these was asked for."""
        return bool(addresses.search(self._final)) and not self.asked_for(addresses)

    def asked_for(self, addresses: re.Pattern[str]) -> bool:
        """Whether the requested URL is one of *addresses*."""
        return bool(addresses.search(self._requested))

    def named(self, phrase: re.Pattern[str]) -> list[str]:
        """The title and the headings that are about *phrase*, as evidence, each once."""
        return list(
            dict.fromkeys(evidence for text, evidence in self.names if is_about(text, phrase, but=self.host))
        )


def said(blocks: Iterable[str], phrase: re.Pattern[str], *, before: int = _MAX_LOOKED_AT) -> list[str]:
    """What of *phrase* is found in *blocks* after *before* words at most, as evidence, each once."""
    found = (one for block in blocks if (one := phrase.search(block)))
    near = (
        one[0]
        for one in found
        if before == _MAX_LOOKED_AT or count_words(one.string[: one.start()]) <= before
    )
    return list(dict.fromkeys(f'text "{one}"' for one in near))


def is_about(text: str, phrase: re.Pattern[str], *, but: str = "", spare: int = _SPARE) -> bool:
    """Whether *text* is *phrase* and no more than *spare* words beside it, those of *but* not counted."""
    if len(text) > _MAX_NAME or not (found := phrase.search(text)):
        return False
    beside = f"{text[: found.start()]} {text[found.end() :]}"
    if but:
        beside = beside.replace(but, "")
    return count_words(_NOT_IN_A_WORD.sub(" ", beside)) <= spare
