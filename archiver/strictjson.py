"""JSON that means one thing: canonical bytes for what we write, no loose ends in what others wrote.

Canonical is RFC 8785 narrowed: ASCII keys, integers within ±(2^53-1), no other numbers.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from archiver.errors import FormatError, LimitError

T = TypeVar("T")

MAX_BYTES = 128 << 20
"""No JSON document larger than this is parsed."""

MAX_CONTAINERS = 500_000
MAX_VALUES = 2_500_000
"""Nor one with more brackets or commas than this: a value takes twenty times the memory of its text."""

MAX_DEPTH = 64
"""Arrays and objects nested deeper than this are refused."""

_MAX_INT = 2**53 - 1

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # one that does not end runs to the end
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)


def dumps(value: object) -> bytes:
    """*value* as canonical JSON without a trailing newline.

    *value* is built of dicts, lists, tuples, strings, integers, booleans, None and msgspec structs.
    Raises FormatError for floats, large integers, keys beyond ASCII and lone surrogates.
    """
    plain = msgspec.to_builtins(value, builtin_types=(bytes,))
    _check(plain, 0)
    try:
        return msgspec.json.encode(plain, order="deterministic")
    except UnicodeEncodeError as error:
        raise FormatError("text holds a lone surrogate") from error


def loads_canonical(data: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """The value of *data*, which must be canonical JSON to the byte.

    Raises FormatError where it is not, LimitError where it is larger than *max_bytes*.
    """
    value = _decode(data, max_bytes)
    _check(value, 0)
    if msgspec.json.encode(value, order="deterministic") != data:
        raise FormatError("not canonical JSON (keys sorted and single, no white space, integers only)")
    return value


def loads(data: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """The value of JSON that somebody else wrote; floats are allowed.

    Raises FormatError for duplicate keys, NaN, lone surrogates and anything that is not UTF-8 JSON.
    """
    import json  # on use: canonical JSON, all that most runs read, does without

    _check_size(data, max_bytes)
    _check_depth(data)
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_single, parse_constant=_refuse, parse_int=_integer)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormatError("not JSON") from error
    return value


def convert(value: object, kind: type[T]) -> T:
    """*value*, as decoded, turned into *kind*; FormatError names the field that does not fit."""
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        raise FormatError(str(error)) from error


def outside_strings(data: bytes) -> bytes:
    """JSON *data* without its strings: what is left of commas and brackets are those of its values."""
    return _STRING.sub(b"", data)


def _check_size(data: bytes, max_bytes: int) -> None:
    if len(data) > max_bytes:
        raise LimitError(f"{len(data)} bytes of JSON; the limit is {max_bytes}")
    if _is_large(data) and _is_large(outside_strings(data)):  # second: URLs are full of commas, too
        raise LimitError(f"more than {MAX_CONTAINERS} lists or {MAX_VALUES} values in one JSON document")


def _is_large(data: bytes) -> bool:
    return data.count(b"{") + data.count(b"[") > MAX_CONTAINERS or data.count(b",") > MAX_VALUES


def _decode(data: bytes, max_bytes: int) -> Any:
    _check_size(data, max_bytes)
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError("not JSON") from error


def _check(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return
    if kind is int:
        if not -_MAX_INT <= value <= _MAX_INT:
            raise FormatError("an integer beyond ±(2^53-1)")
    elif kind is dict:
        if depth >= MAX_DEPTH:
            raise FormatError(f"nested deeper than {MAX_DEPTH}")
        for key, item in value.items():
            if not key.isascii():
                raise FormatError(f"a key beyond ASCII: {key!r:.80}")
            kind = type(item)
            if item is None or kind is str or (kind is int and -_MAX_INT <= item <= _MAX_INT):
                continue  # most are: no call for them
            _check(item, depth + 1)
    elif kind is list or kind is tuple:
        if depth >= MAX_DEPTH:
            raise FormatError(f"nested deeper than {MAX_DEPTH}")
        for item in value:
            if item is not None and type(item) is not str:
                _check(item, depth + 1)
    else:
        raise FormatError(f"a {kind.__name__} has no canonical form")


def _check_depth(data: bytes) -> None:
    """Count brackets outside strings, so that no parser is given more depth than it can stand."""
    depth = 0
    for found in _BRACKET.finditer(data):
        token = found[0]
        depth += (token in b"[{") - (token in b"]}")
        if depth > MAX_DEPTH:
            raise FormatError(f"nested deeper than {MAX_DEPTH}")


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormatError("an object has the same key twice")
    return found


def _refuse(name: str) -> Any:
    raise FormatError(f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise FormatError("an integer of more than 20 digits")
    return int(digits)
