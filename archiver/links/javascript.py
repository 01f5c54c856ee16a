"""What an ES module imports.

One regular expression cuts a module into the few tokens that can hide an import or tell where another ends:
brackets, strings, templates, comments, slashes; all between them is passed over at the speed of the
expression's engine. Whether a slash divides or begins a regular expression depends on what is before it
(ECMAScript, section 12), so what each open bracket will have been is kept, in one byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archiver.links.link import Check, go_on

_LINE_ENDS = "\n\r\u2028\u2029"
_SPACES = _LINE_ENDS + " \t\v\f\xa0\u1680\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
_LETTER = rf"[^\x00-#%-/:-@\[-^`{{-\x7f{_SPACES}]"  # of a name, digits among them
_COMMENT = rf"/(?:/[^{_LINE_ENDS}]*+|\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z))"
_DOUBLE = r"\"[^\"\\\n\r]*+(?:\\(?:\r\n|[\s\S]|\Z)[^\"\\\n\r]*+)*+"
_SINGLE = r"'[^'\\\n\r]*+(?:\\(?:\r\n|[\s\S]|\Z)[^'\\\n\r]*+)*+"

# Each way to begin is one literal character: the engine then skips to the next of these at full speed.
_TOKEN = re.compile(rf"\(|\)|\{{|\}}|{_DOUBLE}\"?|{_SINGLE}'?|`|{_COMMENT}|/")
_TEMPLATE = re.compile(r"[^`\\$]*+(?:(?:\\(?:[\s\S]|\Z)|\$(?!\{))[^`\\$]*+)*+(?:(\$\{)|`|\Z)")
_REGEX = re.compile(
    rf"/(?:[^/\\\[{_LINE_ENDS}]++|\\[^{_LINE_ENDS}]|\[(?:[^\]\\{_LINE_ENDS}]++|\\[^{_LINE_ENDS}])*+\])++/"
)
_LINE_END = re.compile(rf"[{_LINE_ENDS}]|\Z")
_HASHBANG = re.compile(rf"\ufeff?#![^{_LINE_ENDS}]*+")

_GAP = rf"(?:[{_SPACES}]++|{_COMMENT})*+"
_ESCAPED = r"\\u(?:\{[0-9a-fA-F]++\})?"  # in a name
_STRING = rf"(?:{_DOUBLE}\"|{_SINGLE}')"
_NAME = rf"(?:{_LETTER}++|{_ESCAPED})++{_GAP}"
_NAMES = rf"\{{(?:{_LETTER}++|[,{_SPACES}]++|{_COMMENT}|{_STRING}|{_ESCAPED})*+\}}{_GAP}"
_STATEMENT = re.compile(
    rf"import{_GAP}(?:(?:{_NAME}){{0,2}}(?:,{_GAP})?(?:\*{_GAP}as{_GAP}{_NAME}|{_NAMES})?from{_GAP})?({_STRING})"
    rf"|export{_GAP}(?:\*{_GAP}(?:as{_GAP}(?:{_NAME}|{_STRING}{_GAP}))?|{_NAMES})from{_GAP}({_STRING})"
)
# The four letters that both end with: one literal again, and a rare one.
_KEYWORD = re.compile(rf"port(?<=(?<!{_LETTER})(?<![#\\])(?:im|ex)port)(?!{_LETTER}|\\)")
_NUMBER = re.compile(rf"(?<!{_LETTER})[0-9][0-9_]*+\.\Z")
_LAST_WORD = re.compile(rf"(?<!{_LETTER})[a-z]++\Z")
_DEFAULT = rf"(?:default[{_SPACES}]++)?"  # what is exported as that is no value
_CONTROL_OR_FUNCTION = re.compile(
    rf"(?<!{_LETTER})(?<![.#])(?:if|while|for(?:[{_SPACES}]++await)?|{_DEFAULT}(?:async[{_SPACES}]++)?(function)"
    rf"(?!{_LETTER})[{_SPACES}]*+\*?[{_SPACES}]*+{_LETTER}*+)[{_SPACES}]*+\Z"
)
_CLASS = re.compile(
    rf"(?<!{_LETTER})(?<![.#]){_DEFAULT}class(?!{_LETTER})(?:[{_SPACES}]++(?!extends[{_SPACES}]){_LETTER}++)?"
    rf"(?:[{_SPACES}]++extends[{_SPACES}]++(?:{_LETTER}|\.)++)?[{_SPACES}]*+\Z"
)
_UNESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|u\{0*+([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))")
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")

_CHECKED = 1 << 12
"""Tokens after which is asked whether to go on."""

# What is before a token, and so whether a slash is a division there, and what a brace opens.
_VALUE = 0  # a value has ended: a division, a block
_DUE = 1  # a value is due: a regular expression, an object
_START = 2  # a statement may start: a regular expression, a block
_COLON = 3  # a regular expression; a block among statements, else an object
_DOT = 4  # a name is due, whatever it is
_CONTROL = 5  # brackets are due, after which a statement may start
_HEAD = 6  # the brackets of a function that is a value have ended: its body

# What an open bracket is: which of these its end will be, and what it holds.
_END = 0x0F
_STATEMENTS = 0x10
_MEMBERS = 0x20  # of a class, where "import" may be one and a string the next
_IN_TEMPLATE = 0x40

_BY_CHARACTER = dict.fromkeys("=,?!*%&|^~<([{", _DUE) | {";": _START, ":": _COLON}
_BY_WORD = {
    **dict.fromkeys(
        "return typeof instanceof in of new delete void throw case await yield default".split(), _DUE
    ),
    **dict.fromkeys("else do try finally static with break continue debugger".split(), _START),
    **dict.fromkeys("if while for".split(), _CONTROL),
}
_LONGEST = max(map(len, _BY_WORD))
_ONE_LETTER = dict(zip("bfnrtv0", "\b\f\n\r\t\v\0", strict=True)) | dict.fromkeys(("\r\n", *_LINE_ENDS), "")


def module_imports(text: str, *, check: Check = go_on) -> Iterator[str]:
    """What the static imports and re-exports of the module *text* name, in order, escapes undone.

    Of a text that is no valid module, what can be read is told. Raises what *check* raises.
    """
    hashbang = _HASHBANG.match(text)
    at = done = hashbang.end() if hashbang else 0  # how far tokens have been found, and dealt with
    last = _START
    brackets = bytearray()
    keyword = _next_keyword(text, at)
    no_regex = count = 0
    while True:
        for token in _TOKEN.finditer(text, at):
            count += 1
            if not count % _CHECKED:
                check()
            start, at = token.span()
            if keyword < start:
                break
            first = text[start]
            if first == "(":
                brackets.append(_round(text, done, start, last, brackets))
                last = _DUE
            elif first == ")":
                last = brackets.pop() & _END if brackets else _VALUE
            elif first == "{":
                brackets.append(_curly(text, done, start, last, brackets))
                last = _START
            elif first == "}":
                bracket = brackets.pop() if brackets else _START
                last = bracket & _END
                if bracket == _IN_TEMPLATE:
                    break
            elif first in "\"'":
                last = _VALUE
            elif first == "`":
                break
            elif at - start > 1:  # a comment
                last = _before(text, done, start, last, brackets)
            elif start < no_regex or _before(text, done, start, last, brackets) not in (_DUE, _START, _COLON):
                last = _DUE
            else:
                break
            done = at
        else:
            return
        # What that expression does not find the end of.
        if keyword < start:
            at = start
            while keyword < start:
                if keyword >= done:  # in no string, no comment
                    before = _before(text, done, keyword, last, brackets)
                    if statement := _statement(text, keyword, before, brackets):
                        yield _string(statement[1] or statement[2])
                        at = done = statement.end()
                        last = _START
                        keyword = _next_keyword(text, done)
                        break
                    done, last = keyword + len("import"), _VALUE
                keyword = _next_keyword(text, done)
            continue
        if first in "`}":
            if template := _TEMPLATE.match(text, at):
                at, last = template.end(), _VALUE
                if template[1]:
                    brackets.append(_IN_TEMPLATE)
                    last = _DUE
        elif regex := _REGEX.match(text, start):
            at, last = regex.end(), _VALUE
        else:  # a division after all, as all on its line: else the end of each would be looked for
            last, no_regex = _DUE, _end_of_line(text, start)
        done = at


def _next_keyword(text: str, at: int) -> int:
    """Where the next ``import`` or ``export`` is, be it in a string; the end of *text* where none is."""
    found = _KEYWORD.search(text, at)
    return found.start() - 2 if found else len(text)


def _statement(text: str, keyword: int, before: int, brackets: bytearray) -> re.Match[str] | None:
    """What begins with the *keyword* and ends with a specifier, unless that is a member's name."""
    if before == _DOT or (brackets and brackets[-1] & _MEMBERS):
        return None
    return _STATEMENT.match(text, keyword)


def _end_of_line(text: str, at: int) -> int:
    found = _LINE_END.search(text, at)
    return found.start() if found else len(text)


def _before(text: str, start: int, end: int, last: int, brackets: bytearray) -> int:
    """What is before *end*, where *last* is what was before *start* and no token is between the two."""
    between = text[start:end].rstrip(_SPACES)
    if not between:
        return last
    char = between[-1]
    if char in _BY_CHARACTER:
        return _BY_CHARACTER[char]
    if char in "+-":
        return _DUE if (len(between) - len(between.rstrip(char))) % 2 else _VALUE
    if char == ">":
        return _START if between.endswith("=>") else _DUE
    if char == ".":
        return _DOT if _ends_with_dot(between) else _DUE if between.endswith("...") else _VALUE
    found = _LAST_WORD.search(between, len(between) - _LONGEST)
    if not found or found[0] not in _BY_WORD:
        return _VALUE
    rest = between[: found.start()].rstrip(_SPACES)
    if rest.endswith("#") or _ends_with_dot(rest) or (not rest and last == _DOT):
        return _VALUE
    if found[0] == "of" and not (brackets and brackets[-1] == _START):
        return _VALUE
    return _BY_WORD[found[0]]


def _ends_with_dot(text: str) -> bool:
    """Whether a dot ends *text* after which a name is due: not that of a number or of a spread."""
    return text.endswith(".") and not text.endswith("...") and not _NUMBER.search(text)


def _round(text: str, start: int, end: int, last: int, brackets: bytearray) -> int:
    """What the round bracket at *end* is; the rest as in `_before`."""
    found = _CONTROL_OR_FUNCTION.search(text, start, end)
    if not found:
        return _START if last == _CONTROL and not text[start:end].strip(_SPACES) else _VALUE
    if not found[1]:
        return _START
    return _HEAD if _before(text, start, found.start(), last, brackets) in (_DUE, _COLON) else _VALUE


def _curly(text: str, start: int, end: int, last: int, brackets: bytearray) -> int:
    """What the curly bracket at *end* is; the rest as in `_before`."""
    before = _before(text, start, end, last, brackets)
    if before == _HEAD:
        return _VALUE | _STATEMENTS
    if before == _DUE or (before == _COLON and brackets and not brackets[-1] & _STATEMENTS):
        return _VALUE
    if before == _VALUE and (found := _CLASS.search(text, start, end)):
        is_value = _before(text, start, found.start(), last, brackets) in (_DUE, _COLON)
        return (_VALUE if is_value else _START) | _MEMBERS
    return _START | _STATEMENTS


def _string(literal: str) -> str:
    """What the string *literal* says."""
    text = literal[1:-1]
    return _PAIR.sub(_joined, _UNESCAPED.sub(_character, text)) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    four, braced, two, char = found.groups()
    digits = four or braced or two
    return chr(min(int(digits, 16), 0x10FFFF)) if digits else _ONE_LETTER.get(char, str(char))


def _joined(found: re.Match[str]) -> str:
    return found[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
