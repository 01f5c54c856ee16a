"""What a style sheet imports and shows.

A style sheet is cut by one regular expression into the few tokens that can hold a URL or hide one (CSS
Syntax, section 4); all between them is passed over at the speed of the expression's engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from archiver.errors import LimitError
from archiver.links.encoding import decode_css
from archiver.links.link import MAX_LINKS, Check, Kind, Link, Links, Resolver, go_on, is_too_long
from archiver.url import Url

_SPACE = r"[ \t\r\n\f]*+"
_ESCAPED = r"(?:[0-9a-fA-F]{1,6}(?:\r\n|[ \t\r\n\f])?|[^\r\n\f0-9a-fA-F])"  # after its backslash
_NAME = rf"(?:[-\w]|[^\x00-\x7f]|\\{_ESCAPED})"
_COMMENT = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)"
_STRING = (
    r"\"[^\"\\\r\n\f]*+(?:\\(?:\r\n|[\s\S]|\Z)[^\"\\\r\n\f]*+)*+\"?"
    r"|'[^'\\\r\n\f]*+(?:\\(?:\r\n|[\s\S]|\Z)[^'\\\r\n\f]*+)*+'?"
)
_BARE = rf"[^\"'()\\\s\x00-\x08\x0e-\x1f\x7f]*+(?:\\{_ESCAPED}[^\"'()\\\s\x00-\x08\x0e-\x1f\x7f]*+)*+"


def _letter(char: str) -> str:
    """A letter of a function's name, as itself or escaped."""
    return rf"(?:[{char}{char.upper()}]|\\{_letter_escaped(char)})"


def _letter_escaped(char: str) -> str:
    codes = "|".join(f"{ord(form):x}" for form in (char, char.upper()))
    return rf"(?:0{{0,4}}(?:{codes})(?:\r\n|[ \t\r\n\f])?|[{char}{char.upper()}])"


# A URL in brackets: quoted (the rest of the function follows), bare, or bad, which is passed over whole.
_IN_BRACKETS = (
    rf"{_letter('r')}{_letter('l')}\(({_SPACE}(?:{_STRING})(?:{_SPACE}\))?|{_SPACE}{_BARE}{_SPACE}(?:\)|\Z)"
    r"|[^)\\]*+(?:\\[\s\S][^)\\]*+)*+\)?)"
)
_NOT_IN_A_NAME = r"(?<![-\w\\#]{0})(?<![^\x00-\x7f]{0})"
_URL = "|".join(
    (
        "u" + _NOT_IN_A_NAME.replace("{0}", "u") + _IN_BRACKETS,
        "U" + _NOT_IN_A_NAME.replace("{0}", "U") + _IN_BRACKETS,
        r"\\" + _NOT_IN_A_NAME.replace("{0}", r"\\") + _letter_escaped("u") + _IN_BRACKETS,
    )
)
_IMAGE_SET = "|".join(
    rf"{i}(?:(?<=-webkit-{i})|{_NOT_IN_A_NAME.replace('{0}', i)})[mM][aA][gG][eE]-[sS][eE][tT]\("
    for i in "iI"
)
# Each way to begin is one literal character: the engine then skips to the next of these at full speed.
_TOKEN = re.compile(rf"{_COMMENT}|{_STRING}|{_URL}|@{_NAME}++|{_IMAGE_SET}|\\{_ESCAPED}{_NAME}*+")
_IN_IMAGE_SET = re.compile(
    rf"{_COMMENT}|{_STRING}|{_URL}|{_NAME}++(?P<function>\()?|[()]"
    r"|[^-\w\"'()/\\\x80-\U0010ffff]{1,4096}+"  # nothing, in pieces: between these is asked whether to go on
)
_QUOTED = re.compile(rf"{_SPACE}({_STRING})")
_WHOLE_BARE = re.compile(rf"{_SPACE}({_BARE}){_SPACE}\)?")
_UNESCAPED = re.compile(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[ \t\r\n\f])?|(\r\n|[\r\n\f])|([\s\S])|\Z)")
_SOURCES = re.compile(r"[;{]\s*+src\s*+:", re.IGNORECASE)

_WITHOUT_LINKS = frozenset({"import", "namespace", "supports", "document", "-moz-document"})
"""At-rules whose URLs, up to the next ``;`` or ``{``, are names and conditions, but for an import's first."""


_CHECKED = 1 << 12
"""Tokens after which is asked whether to go on."""
MAX_IMAGES = 10_000
"""How many images of one image-set are told."""


class TooManyImagesError(LimitError):
    """An image-set has more than MAX_IMAGES; all else has been told."""


@dataclass(frozen=True, slots=True)
class CssUrl:
    """A URL as a style sheet writes it, unescaped."""

    text: str
    kind: Kind
    place: str
    alternative: bool = False


def css_links(
    data: bytes, *, url: str, content_type: str | None, encoding: str | None = None, check: Check = go_on
) -> Links:
    """What the style sheet *data*, served from *url*, needs.

    *encoding* is that of the document or sheet which links it. FormatError where *url* is none.
    """
    base, links = Url.parse(url), Links()
    try:
        text, codec = decode_css(data, content_type, encoding, check)
        resolve = Resolver(base, codec)
        for found in css_urls(text, check=check):
            if len(links) >= MAX_LINKS:
                links.cut = True
                break
            target = resolve(found.text)
            if target is not None:
                links.add(Link(url=target, kind=found.kind, place=found.place, alternative=found.alternative))
            elif is_too_long(found.text):
                links.cut = True
    except LimitError:
        links.cut = True
    return links


def css_urls(text: str, *, sheet: bool = True, check: Check = go_on) -> Iterator[CssUrl]:
    """The URLs in *text*, in order; a style attribute's unless a *sheet*.

    Raises what *check* raises and, having told all else, TooManyImagesError.
    """
    done = 0  # how far tokens have been dealt with
    imports_over = not sheet
    awaiting_import = passing_over = font_face = sources_seen = too_many = False
    for count, token in enumerate(_TOKEN.finditer(text), 1):
        if not count % _CHECKED:
            check()
        start = token.start()
        if start < done:
            continue
        # What lies between two tokens matters only while something before it is open.
        if not imports_over or passing_over or font_face or awaiting_import:
            between = text[done:start]
            if "{" in between:
                imports_over = True
            if ";" in between or "{" in between:
                passing_over = awaiting_import = False
            if font_face:
                font_face = "}" not in between
                sources_seen = sources_seen and not _SOURCES.search(between)
            if awaiting_import and between.strip():
                awaiting_import = False
        done = token.end()
        found = token[0]
        first = found[0]
        if first == "@":
            name = unescape(found[1:]).lower()
            awaiting_import = name == "import" and not imports_over
            passing_over = name in _WITHOUT_LINKS
            font_face, sources_seen = name == "font-face", False
        elif first in "iI":
            images, done = _image_set(text, done, check)
            if not passing_over:
                too_many = too_many or len(images) > MAX_IMAGES
                for at, image in enumerate(images[:MAX_IMAGES]):
                    yield CssUrl(image, Kind.IMAGE, "css image-set", at > 0)
        elif first in "\"'":
            if awaiting_import:
                yield CssUrl(_string(found), Kind.STYLE, "css @import")
                awaiting_import = False
        elif token.lastindex:
            written = _in_brackets(token[token.lastindex])
            if not written or written.startswith("#"):
                continue
            if awaiting_import:
                yield CssUrl(written, Kind.STYLE, "css @import")
                awaiting_import = False
            elif passing_over:
                continue
            elif font_face:
                yield CssUrl(written, Kind.FONT, "css @font-face", sources_seen)
                sources_seen = True
            else:
                yield CssUrl(written, Kind.IMAGE, "css url()")
    if too_many:
        raise TooManyImagesError(f"an image-set of more than {MAX_IMAGES} images")


def _image_set(text: str, start: int, check: Check) -> tuple[list[str], int]:
    """The images between the brackets that open before *start*, and where these close.

    One more than MAX_IMAGES where there are any more than these.
    """
    images: list[str] = []
    sets = bytearray([True])  # whether each open bracket is an image-set's
    for count, token in enumerate(_IN_IMAGE_SET.finditer(text, start)):
        if not count % _CHECKED:
            check()
        found = token[0]
        if found == ")":
            sets.pop()
            if not sets:
                return images, token.end()
        elif found[0] in "\"'":
            if sets[-1] and len(images) <= MAX_IMAGES:
                images.append(_string(found))
        elif found == "(" or token.lastgroup:
            sets.append(unescape(found).lower() in ("image-set(", "-webkit-image-set("))
        elif token.lastindex:
            if len(images) <= MAX_IMAGES and (image := _in_brackets(token[token.lastindex])):
                images.append(image)
            if not found.endswith(")"):
                sets.append(False)  # a url() with more in it than the URL
    return images, len(text)


def _in_brackets(rest: str) -> str:
    """The URL that begins *rest*, a url token after its bracket; empty for a bad one."""
    quoted = _QUOTED.match(rest)
    if quoted:
        return _string(quoted[1])
    bare = _WHOLE_BARE.fullmatch(rest)
    return unescape(bare[1]) if bare else ""


def _string(token: str) -> str:
    closed = len(token) > 1 and token[-1] == token[0]
    return unescape(token[1:-1] if closed else token[1:])


def unescape(text: str) -> str:
    """*text* with its CSS escapes undone (section 4.3.7)."""
    return _UNESCAPED.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    digits, newline, char = found.groups()
    if digits:
        code = int(digits, 16)
        return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
    return "" if newline else char or "\ufffd"
