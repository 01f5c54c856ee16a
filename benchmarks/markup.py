"""Made-up pages, style sheets and scripts, the same on every run.

In what the search for links meets they are like front pages and articles of newspapers: in elements,
attributes and images to the kilobyte, in how much of a page is style and script, in rules, strings and URLs.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from benchmarks.sample import SYLLABLES

_Templates = Sequence[tuple[int, str]]
"""Each with how often it is taken; ``$w`` and the like are filled in anew each time."""

_PROPERTIES = (
    "margin:0 auto",
    "padding:$npx $npx",
    "display:flex",
    "color:#$x",
    "background:#$x",
    "border:1px solid rgba(0,0,0,.$n)",
    "width:calc(100% - $npx)",
    "font-size:$npx",
    "transition:opacity .$ns ease-in-out",
    "justify-content:space-between",
    "text-decoration:none!important",
    "--$w-color:var(--$w-$n)",
)
_RULES: _Templates = (
    (60, ".$w-$w{$p;$p;$p;$p}\n"),
    (40, ".$w__$w:hover,.$w .$w > a{$p;$p;$p;$p}\n"),
    (6, ".sm\\:$w-$n .$w::before{content:'\\e$n';$p}\n"),
    (10, '@media (min-width:$n00px){.$w{$p}#$w[data-$w="$w"]{$p;$p}}\n'),
    (10, "/* $w $w $w */\n"),
    (1, "@font-face{font-family:'$w';src:url(/fonts/$w.woff2) format('woff2'),url('$w.woff');$p}\n"),
    (1, ".$w{background-image:url(../img/$w-$n.png);$p}\n"),
    (1, '.$w{background:url("https://static.bench.example/$w/$n.svg") no-repeat}\n'),
)
_STATEMENTS: _Templates = (
    (8, "var $w=function($w){return $w.$w('$w')||$n};\n"),
    (8, 'if(!window.$w&&document.$w("$w-$n")){$w.push({"$w":"$w","$w":$n})}\n'),
    (8, '{"$w":[$n,"$w $w"],"url":"https:\\/\\/bench.example\\/$w\\/$n"},\n'),
    (2, "// $w $w $w\n"),
)
_ELEMENTS: _Templates = (
    (36, '<div class="$w-$w $w__$w $w-$n" id="$w-$n"><div class="$w $w--$w">\n$s\n</div></div>\n'),
    (
        32,
        '<li class="nav__$w nav__$w--$w"><a href="/$w/$w-$w-$n.html" class="link link--$w">$w $w</a></li>\n',
    ),
    (20, '<a href="https://bench.example/$w/$w-$w?$w=$n" data-$w="$w"><span class="$w-$w">$s</span></a>\n'),
    (12, "<p>$s $s $s $s</p>\n"),
    (12, '<p class="$w" style="$p;$p">$s <b>$s</b> $s</p>\n'),
    (6, '<img src="/img/$w/$n.jpg" alt="$s" width="$n" height="$n" loading="lazy" class="$w">\n'),
    (
        1,
        '<img class="$w" src="https://img.bench.example/$w-$n.jpg" srcset="$t, /$w/$n.png 1600w" alt="$s">\n',
    ),
    (1, '<picture><source type="image/webp" srcset="$t"><img src="/$w/$n.png" alt=""></picture>\n'),
    (2, '<svg class="$w" viewBox="0 0 $n $n"><path d="M$n $nl-$n $nz"/><use href="#$w"/></svg>\n'),
    (2, '<meta property="og:$w" content="$s"><link rel="$w" href="/$w/$n.css">\n'),
    (2, '<div style="background-image:url(/img/$w-$n.jpg)"><h2>$s</h2></div>\n'),
    (2, '<script src="https://static.bench.example/$w.js?v=$n" async></script>\n'),
    (7, "<script>\n$j</script>\n"),
    (2, "<style>\n$c</style>\n"),
)
_SET = "/img/$w.jpg 320w, /img/$w-$n.jpg 640w, /img/$w-$n.webp?q=80 1000w"
_SCRIPT_WITHIN, _STYLE_WITHIN = 2_500, 6_000
"""Characters of one script, and of one style sheet, within a page."""

_BEGINNING = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Bench</title></head><body>\n'
)
_SLOT = re.compile(r"\$([a-z])")


class Markup:
    """Makes documents up; the same *seed* and the same calls give the same bytes."""

    def __init__(self, seed: int) -> None:
        self._source = random.Random(seed)
        syllables = SYLLABLES.split()
        self._words = ["".join(self._source.choices(syllables, k=1 + place % 4)) for place in range(2_000)]

    def html(self, size: int) -> bytes:
        """A page of about *size* bytes."""
        return (_BEGINNING + self._lines(_ELEMENTS, size)).encode("ascii")

    def css(self, size: int) -> bytes:
        """A style sheet of about *size* bytes."""
        return self._lines(_RULES, size).encode("ascii")

    def script(self, size: int) -> bytes:
        """A script of about *size* bytes, which nobody could run."""
        return self._lines(_STATEMENTS, size).encode("ascii")

    def sentence(self) -> str:
        """Some words."""
        return " ".join(self._source.choices(self._words, k=8))

    def _lines(self, templates: _Templates, size: int) -> str:
        texts, weights = [text for _, text in templates], [weight for weight, _ in templates]
        made: list[str] = []
        while size > 0:
            made.append(self._filled(self._source.choices(texts, weights)[0]))
            size -= len(made[-1])
        return "".join(made)

    def _filled(self, template: str) -> str:
        return _SLOT.sub(lambda slot: self._slots[slot[1]](self), template)

    def _word(self) -> str:
        return self._source.choice(self._words)

    def _number(self) -> str:
        return str(self._source.randrange(1, 1_000))

    def _colour(self) -> str:
        return f"{self._source.randrange(1 << 24):06x}"

    def _property(self) -> str:
        return self._filled(self._source.choice(_PROPERTIES))

    def _set(self) -> str:
        return self._filled(_SET)

    def _script(self) -> str:
        return self._lines(_STATEMENTS, _SCRIPT_WITHIN)

    def _style(self) -> str:
        return self._lines(_RULES, _STYLE_WITHIN)

    _slots: dict[str, Callable[[Markup], str]] = {  # noqa: RUF012
        "w": _word,
        "n": _number,
        "x": _colour,
        "p": _property,
        "s": sentence,
        "t": _set,
        "j": _script,
        "c": _style,
    }
