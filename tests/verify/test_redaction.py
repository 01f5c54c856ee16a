"""What may be blanked in a record, and that a forger can hide nothing else behind asterisks."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from archiver.cli.render import as_json, verdict_lines
from archiver.verify import Policy, Result, Verdict, verify
from archiver.warc.record import REQUEST, RESPONSE
from archiver.warc.redaction import SET_COOKIE, find
from archiver.warc.stated import MEDIA_TYPE
from tests import small
from tests.memory import memory_file
from tests.verify.test_attacks import DATE, PAGE, codes, facts, forged, judge, one_page, record, record_id
from tests.verify.test_attacks import small_records as records_of_small

ASKED = (
    b"GET /p HTTP/1.1\r\nHost: news.example\r\nAuthorization: *****\r\nX-Key: ***\r\nCookie: ********\r\n\r\n"
)
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nSet-Cookie: ****\r\n\r\n"
ANSWERED = (
    b"HTTP/1.1 200 OK\r\nSet-Cookie: ***\r\nX: ***\r\nset-cookie: **\r\n\t***\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
    b"14\r\nSet-Cookie: *** body\r\n0\r\nX-Sum: *\r\nSet-Cookie2: ******\r\n\r\n"
)
END = b"\r\n\r\n"
HEADERS = ["Authorization: ****", "X-Key: ****", "X-Shown: yes"]


def at(block: bytes, value: bytes, start: int = 0) -> tuple[int, int]:
    """Where *value* stands in *block*, from *start* on, and its length."""
    return block.index(value, start), len(value)


def told(name: str, place: tuple[int, int]) -> str:
    return f"{name} {place[0]} {place[1]}"


FOLDED = ANSWERED.index(b"set-cookie")
SOUND = [
    told("Authorization", at(ASKED, b"*****")),
    told("X-Key", at(ASKED, b"***", ASKED.index(b"X-Key"))),
    told("Cookie", at(ASKED, b"********")),
    told("interim-1:Set-Cookie", at(INTERIM, b"****")),
    told("Set-Cookie", at(ANSWERED, b"***")),
    told("Set-Cookie", at(ANSWERED, b"**", FOLDED)),
    told("Set-Cookie", at(ANSWERED, b"***", FOLDED + 14)),
    told("Set-Cookie2", at(ANSWERED, b"******")),
]


def bundle(redacted: list[str], **parts: Any) -> bytes:
    """A bundle, sealed by the key that is trusted, whose one exchange says it was blanked so."""
    return forged(blanked(redacted, **parts), one_page())


def blanked(
    redacted: list[str],
    *,
    asked: bytes = ASKED,
    answered: bytes = ANSWERED,
    headers: list[str] = HEADERS,
    says_so: bool = True,
    interim: bytes = INTERIM,
    more: Sequence[bytes] = (),
) -> list[bytes]:
    """The records of that bundle."""
    stated = small.stated()
    settings = msgspec.structs.replace(stated.settings, headers=headers, redacted=says_so, cookies=1)
    stated = msgspec.structs.replace(stated, settings=settings)
    fields = f"interim-1: {base64.b64encode(interim).decode()}\r\n" if interim else ""
    fields += "".join(f"redacted: {text}\r\n" for text in redacted)
    request = record("request", PAGE, asked, number=2, media=REQUEST, about=record_id(1), payload=b"")
    block = record("response", PAGE, answered, number=1, media=RESPONSE)
    last = record("metadata", record_id(9), stated.to_json(), number=9, media=MEDIA_TYPE, date=DATE)
    first = records_of_small()[0]
    return [first, block, request, facts(3, 1, fields), *more, last]


def test_blanked_values_pass_and_are_counted() -> None:
    result = judge(bundle(SOUND))
    assert result.verdict is Verdict.PASSED
    assert result.blanks == len(SOUND)
    assert "        8 secret values blanked" in list(verdict_lines(result))
    told = as_json(result)
    assert (told["blanked"], told["settings"]) == (8, ["REDACTED"])
    json.dumps(told, default=str)


def test_a_policy_can_refuse_a_bundle_with_blanked_values() -> None:
    data = bundle(SOUND)
    with memory_file(data) as file:
        policy = Policy(signers=small.policy().signers, refused_settings=frozenset({"REDACTED"}))
        result = verify(file, policy, name="bundle", now=small.NOON)
    assert (result.verdict, codes(result)) == (Verdict.INDETERMINATE, {"SETTING_REFUSED"})


def test_a_capture_without_secrets_counts_none() -> None:
    result = judge(small.bundle())
    assert result.verdict is Verdict.PASSED
    assert result.blanks == 0
    assert not [line for line in verdict_lines(result) if "blanked" in line]


@pytest.mark.parametrize("kept", range(len(SOUND)))
def test_each_range_passes_by_itself(kept: int) -> None:
    assert judge(bundle([SOUND[kept]])).blanks == 1


def failed(result: Result) -> set[str]:
    assert result.verdict is Verdict.FAILED
    assert {check.name for check in result.checks if check.verdict is Verdict.FAILED} == {"records"}
    return codes(result)


HEAD_END = ANSWERED.index(END) + 4
FORM: dict[str, list[str]] = {
    "the request line": ["Cookie 0 3"],
    "another header's value": [told("Cookie", at(ASKED, b"news.example"))],
    "the name of the header": [told("Cookie", at(ASKED, b"Cookie"))],
    "the space before a value": [told("Cookie", (at(ASKED, b"********")[0] - 1, 2))],
    "the break after a value": [told("Cookie", (at(ASKED, b"********")[0], 9))],
    "two headers in one": [told("X-Key", (at(ASKED, b"***", ASKED.index(b"X-Key"))[0], 21))],
    "beyond the request": [told("Cookie", (len(ASKED), 1))],
    "far beyond everything": ["Cookie 999999999999999999 999999999"],
    "the other header's name": [told("X-Key", at(ASKED, b"*****"))],
    "overlapping": [SOUND[0], told("Authorization", (at(ASKED, b"*****")[0] + 1, 2))],
    "twice": [SOUND[2], SOUND[2]],
    "out of order": [SOUND[1], SOUND[0]],
    "answer before request": [SOUND[4], SOUND[0]],
    "answer before interim answer": [SOUND[4], SOUND[3]],
    "an interim answer that is not there": ["interim-2:Set-Cookie 10 1"],
    "a header of an interim answer": [told("interim-1:Set-Cookie", at(INTERIM, b"</a>"))],
    "a request's header of an interim answer": ["interim-1:Cookie 10 1"],
    "another header of the answer": [told("Set-Cookie", at(ANSWERED, b"***", ANSWERED.index(b"X: ")))],
    "another name of the answer's": [told("Set-Cookie", at(ANSWERED, b"******"))],
    "the status line": ["Set-Cookie 0 8"],
    "the body": [told("Set-Cookie", at(ANSWERED, b"***", HEAD_END))],
    "another field of the trailer": [told("Set-Cookie", at(ANSWERED, b"*", ANSWERED.index(b"X-Sum")))],
    "beyond the answer": [told("Set-Cookie", (len(ANSWERED), 1))],
    "a fold's white space": [told("Set-Cookie", (at(ANSWERED, b"***", FOLDED + 14)[0] - 1, 2))],
}


@pytest.mark.parametrize("name", FORM)
def test_a_range_that_is_not_within_such_a_value_fails(name: str) -> None:
    assert failed(judge(bundle(FORM[name]))) == {"FORMAT_FAILURE"}


CONTRADICTIONS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "something left of a secret": ([SOUND[2]], {"asked": ASKED.replace(b"********", b"*******x")}),
    "something left of a cookie": ([SOUND[4]], {"answered": ANSWERED.replace(b"***", b"a=1", 1)}),
    "something left in an interim answer": ([SOUND[3]], {"interim": INTERIM.replace(b"****", b"a=12")}),
    "something left in the trailer": ([SOUND[7]], {"answered": ANSWERED.replace(b"******", b"a=1234")}),
    "a header that was not stated": ([SOUND[0]], {"headers": ["X-Key: ****"]}),
    "a header that was stated with its value": ([SOUND[1]], {"headers": ["Cookie: ****", "X-Key: yes"]}),
    "a capture that states no secrets": (SOUND, {"says_so": False}),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_is_said_of_blanked_values_must_be_so(name: str) -> None:
    redacted, parts = CONTRADICTIONS[name]
    assert failed(judge(bundle(redacted, **parts))) == {"CONTRADICTION"}


@pytest.mark.parametrize(
    ("answered", "trailer"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nSet-Cookie: *", 56),
        (b"HTTP/1.1 200 OK\nSet-Cookie: **\nTransfer-Encoding: chunked\n\n0\n\n", None),
        (b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: **\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", None),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: " + b"*" * 300_000 + b"\r\n\r\n",
            None,
        ),
    ],
    ids=["cut", "line feeds", "carriage return", "large"],
)
def test_an_answer_in_another_form_is_checked_as_it_was_blanked(answered: bytes, trailer: int | None) -> None:
    (value,) = find(answered[trailer or 0 :], SET_COOKIE)
    redacted = str(msgspec.structs.replace(value, offset=(trailer or 0) + value.offset))
    assert judge(bundle([redacted], answered=answered)).blanks == 1


def test_a_request_that_got_no_answer_is_checked_too() -> None:
    def lone(fields: str) -> bytes:
        alone = record("request", PAGE, ASKED, number=5, media=REQUEST, payload=b"")
        return bundle([], more=[alone, facts(6, 5, fields)])

    assert judge(lone(f"redacted: {SOUND[0]}\r\n")).blanks == 1
    assert failed(judge(lone("redacted: Authorization 1 1\r\n"))) == {"FORMAT_FAILURE"}
    assert failed(judge(lone(f"redacted: {SOUND[4]}\r\n"))) == {"FORMAT_FAILURE"}


def test_thousands_of_ranges_are_checked_at_once() -> None:
    lines = b"Set-Cookie:*\r\n" * 5000
    answered = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + lines + b"\r\n0\r\n\r\n"
    redacted = [str(one) for one in find(answered, SET_COOKIE)]
    begun = time.process_time()
    assert judge(bundle(redacted, answered=answered)).blanks == 5000
    assert time.process_time() - begun < 3


def test_heads_that_hide_nothing_and_never_end_are_a_limit() -> None:
    endless = b"HTTP/1.1 200 OK\r\nSet-Cookie: *\r\n" + (b"X: " + b"y" * 5000 + b"\r\n") * 200
    block = record("response", PAGE, endless, number=1, media=RESPONSE)
    block = block.replace(b"WARC-Block-Digest", b"WARC-Truncated: length\r\nWARC-Block-Digest", 1)
    others = []
    for number in range(100, 340, 2):
        others += [block.replace(record_id(1).encode(), record_id(number).encode())]
        others += [facts(number + 1, number, "redacted: Set-Cookie 29 1\r\n")]
    result = judge(bundle(SOUND[:1], more=others))
    assert (result.verdict, codes(result)) == (Verdict.INDETERMINATE, {"RESOURCE_LIMIT"})
