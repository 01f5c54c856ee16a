"""JSON that means one thing."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import strictjson
from archiver.errors import FormatError, LimitError

INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
KEYS = st.text(st.characters(max_codepoint=0x7F), max_size=10)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_a_value_survives_its_own_bytes(value: object) -> None:
    data = strictjson.dumps(value)
    assert strictjson.loads_canonical(data) == value
    assert strictjson.loads(data) == value
    assert json.loads(data) == value


@given(VALUES)
def test_canonical_is_what_rfc_8785_makes_of_it(value: object) -> None:
    """For ASCII keys and integers alone: sorted keys, no white space, escapes only where JSON needs them."""
    made = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert strictjson.dumps(value) == made.encode("utf-8")


@given(VALUES, st.integers(0, 400), st.sampled_from(list(b' \n\t0-,:"[]{}\\u')))
def test_no_other_bytes_are_canonical(value: object, at: int, byte: int) -> None:
    data = strictjson.dumps(value)
    changed = data[:at] + bytes([byte]) + data[at:]
    try:
        found = strictjson.loads_canonical(changed)
    except FormatError:
        return
    assert strictjson.dumps(found) == changed, "read back, it must be those very bytes"


NOT_CANONICAL = [
    b"",
    b" 1",
    b"1 ",
    b"1\n",
    b"01",
    b"-0",
    b"1.0",
    b"1e3",
    b"9007199254740992",
    b"-9007199254740992",
    b"1" * 30,
    b"NaN",
    b"Infinity",
    b"[1, 2]",
    b'{"b":1,"a":2}',
    b'{"a":1,"a":1}',
    b'{"a":1,"a":2}',
    b'{"\xc3\xa9":1}',
    b'{"\\u00e9":1}',
    b'"\\u0041"',
    b'"\\/"',
    b'"\\u00e9"',
    b'"\\U0041"',
    b'"\\u001F"',
    b'"\\ud800"',
    b'"\xed\xa0\x80"',
    b'"\xff"',
    b'"\xc0\x80"',
    b"\xef\xbb\xbf1",
    b"1\x00",
    b"[1,]",
    b"'a'",
    b"//\n1",
    "1".encode("utf-16"),
    b"[" * 100_000,
    b"[" * 65 + b"]" * 65,
    b'{"a":' * 65 + b"1" + b"}" * 65,
]


@pytest.mark.parametrize("data", NOT_CANONICAL, ids=lambda data: repr(data[:24]))
def test_what_is_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        strictjson.loads_canonical(data)


def test_the_deepest_and_the_largest_that_is_allowed_is_read() -> None:
    deep = b"[" * strictjson.MAX_DEPTH + b"]" * strictjson.MAX_DEPTH
    strictjson.loads_canonical(deep)
    strictjson.loads(deep)
    assert strictjson.loads_canonical(b"9007199254740991") == 2**53 - 1


def test_more_bytes_than_allowed_are_a_limit_and_not_parsed() -> None:
    for read in (strictjson.loads, strictjson.loads_canonical):
        with pytest.raises(LimitError, match="6 bytes of JSON; the limit is 5"):
            read(b"123456", max_bytes=5)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        math.nan,
        2**53,
        -(2**53),
        {"é": 1},
        {"a": 1.5},
        [[2**60]],
        "\ud800",
        ["\udfff"],
        b"bytes",
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_canonical_form_is_not_written(value: object) -> None:
    with pytest.raises((FormatError, TypeError)):
        strictjson.dumps(value)


def test_a_value_nested_too_deep_is_not_written() -> None:
    value: list[object] = []
    for _ in range(strictjson.MAX_DEPTH):
        value = [value]
    with pytest.raises(FormatError, match="nested deeper than 64"):
        strictjson.dumps(value)


class Point(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    x: int
    y: str | None = None


def test_a_struct_is_written_by_its_fields() -> None:
    assert strictjson.dumps(Point(x=1)) == b'{"x":1,"y":null}'
    assert strictjson.convert({"x": 1, "y": "z"}, Point) == Point(x=1, y="z")


@pytest.mark.parametrize("value", [{}, {"x": "1"}, {"x": True}, {"x": 1.0}, {"x": 1, "z": 2}, [1], None])
def test_a_value_that_does_not_fit_is_refused_with_its_place(value: object) -> None:
    with pytest.raises(FormatError):
        strictjson.convert(value, Point)


OTHERS = [
    (b'{"a": 1.5, "b": [true, null]}', {"a": 1.5, "b": [True, None]}),
    (b' {"b":1,\n"a":2} ', {"b": 1, "a": 2}),
    (b'"\\u00e9\\ud83d\\ude42"', "é🙂"),
    (b"12345678901234567890", 12345678901234567890),
    (b"1e300", 1e300),
    ('{"é":1}'.encode(), {"é": 1}),
    (b'["[[[[", "\\"]]]"]', ["[[[[", '"]]]']),
]


@pytest.mark.parametrize(("data", "value"), OTHERS, ids=[repr(case[0]) for case in OTHERS])
def test_what_others_wrote_is_read(data: bytes, value: object) -> None:
    assert strictjson.loads(data) == value


NOT_JSON = [
    b"",
    b"{",
    b"'a'",
    b"NaN",
    b"[Infinity]",
    b"-Infinity",
    b'{"a":1,"a":1}',
    b'{"a":{"b":1,"b":2}}',
    b'"\\ud800"',
    b'{"\\udc00":1}',
    b'"\xff"',
    b"\xef\xbb\xbf1",
    "1".encode("utf-16"),
    b"1" * 21,
    b"1" * 10_000,
    b"[" * 200_000,
    b'{"a":' * 200_000,
    b'"' + b"\\" * 100_001,
    b"1 2",
]


@pytest.mark.parametrize("data", NOT_JSON, ids=lambda data: repr(data[:24]))
def test_loose_ends_in_what_others_wrote_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        strictjson.loads(data)


@given(st.binary(max_size=60) | st.text('{}[]",:\\0123456789.eE-+ \ntrufalsn', max_size=60).map(str.encode))
def test_reading_any_bytes_gives_a_value_or_a_format_error(data: bytes) -> None:
    for read in (strictjson.loads, strictjson.loads_canonical):
        try:
            read(data)
        except FormatError:
            continue


@pytest.mark.parametrize("many", [b"[],", b"{},", b"1,", b"[[[["])
def test_more_values_than_memory_has_room_for_are_a_limit(many: bytes) -> None:
    count = max(strictjson.MAX_CONTAINERS, strictjson.MAX_VALUES) + 1
    for read in (strictjson.loads, strictjson.loads_canonical):
        with pytest.raises(LimitError, match="more than"):
            read(b"[" + many * count + b"1]")


@pytest.mark.parametrize("text", [b'"\\', b'"', b'"a"', b"\\", b'""""'])
def test_a_hostile_document_takes_no_time_to_speak_of(text: bytes) -> None:
    """Each would be quadratic, or worse, in a careless reader."""
    with pytest.raises(FormatError):
        strictjson.loads(text * 1_000_001)


def test_brackets_in_a_string_that_does_not_end_are_text() -> None:
    for data in (
        b'{"a":"' + b"[" * (strictjson.MAX_CONTAINERS + 1),
        b'["\\' + b"[" * (strictjson.MAX_CONTAINERS + 1),
    ):
        with pytest.raises(FormatError):
            strictjson.loads_canonical(data)
