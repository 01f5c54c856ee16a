"""What a style sheet names, found a second way: in tinycss2's tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import tinycss2


class Named(NamedTuple):
    """A URL as it is written, and what it is named as."""

    text: str
    kind: str


_NAMES_ONLY = ("import", "namespace", "supports", "document", "-moz-document")
"""At-rules whose preludes hold names and conditions."""


def in_sheet(text: str) -> Iterator[Named]:
    """What the style sheet *text* names, in its order."""
    importing = True
    for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            importing = False
            yield from _in_block(rule.content)
        elif rule.type == "at-rule":
            name = rule.lower_at_keyword
            importing = importing and rule.content is None and name in ("charset", "import", "layer")
            if name == "import" and importing:
                yield from _imported(rule.prelude)
            yield from _in_at_rule(name, rule.prelude, rule.content)


def in_declarations(text: str) -> Iterator[Named]:
    """What the style attribute *text* names, in its order."""
    return _in_block(tinycss2.parse_component_value_list(text))


def _imported(prelude: list[Any]) -> Iterator[Named]:
    first = next((token for token in prelude if token.type not in ("whitespace", "comment")), None)
    if first is not None and first.type in ("url", "string"):
        yield Named(first.value, "style")
    elif first is not None and first.type == "function" and first.lower_name == "url":
        yield from (Named(token.value, "style") for token in first.arguments if token.type == "string")


def _in_at_rule(name: str, prelude: list[Any], content: list[Any] | None) -> Iterator[Named]:
    if name not in _NAMES_ONLY:
        yield from _in_tokens(prelude, "image")
    yield from _in_block(content or [], "font" if name == "font-face" else "image")


def _in_block(content: list[Any], kind: str = "image") -> Iterator[Named]:
    """What declarations name, and the rules that are nested among them."""
    at = 0
    while at < len(content):
        first, at = content[at], at + 1
        if first.type != "at-keyword":
            yield from _in_tokens([first], kind)
            continue
        start = at
        while at < len(content) and content[at] != ";" and content[at].type != "{} block":
            at += 1
        block = content[at].content if at < len(content) and content[at].type == "{} block" else None
        yield from _in_at_rule(first.lower_value, content[start:at], block)
        at += 1


def _in_tokens(tokens: Iterable[Any], kind: str, *, strings: bool = False) -> Iterator[Named]:
    for token in tokens:
        if token.type == "url" or (token.type == "string" and strings):
            yield Named(token.value, kind)
        elif token.type == "function" and token.lower_name == "url":
            yield from (Named(inner.value, kind) for inner in token.arguments if inner.type == "string")
        elif token.type == "function":
            images = token.lower_name in ("image-set", "-webkit-image-set")
            yield from _in_tokens(token.arguments, kind, strings=images)
        elif token.type == "{} block":
            yield from _in_block(token.content, kind)
        elif token.type in ("() block", "[] block"):
            yield from _in_tokens(token.content, kind)
