"""The metadata record's block: what goes in comes out, and nothing else is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.warc.facts import Facts
from archiver.warc.redaction import Blank

WORDS = st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)
IDS = st.uuids().map(lambda value: f"urn:uuid:{value}")
BLANKS = st.builds(
    Blank,
    header=st.sampled_from(["Cookie", "X-Api-Key", "Set-Cookie", "Set-Cookie2"]),
    offset=st.integers(0, 10**12),
    length=st.integers(1, 10**8),
    interim=st.integers(0, 1000),
)
FACTS = st.builds(
    Facts,
    fetch_time_ms=st.none() | st.integers(0, 10**12),
    tls_version=st.none() | WORDS,
    tls_chain_id=st.none() | IDS,
    via=st.none() | WORDS,
    hops=st.text("REL", max_size=5),
    interim=st.lists(st.binary(min_size=1, max_size=30), max_size=12).map(tuple),
    superseded_by=st.none() | IDS,
    redacted=st.lists(BLANKS.map(str), max_size=3).map(tuple),
)


@given(FACTS)
def test_facts_survive_their_own_bytes(facts: Facts) -> None:
    assert Facts.parse(facts.to_bytes()) == facts


@given(FACTS, st.data())
def test_a_changed_block_is_other_facts_or_refused(facts: Facts, data: st.DataObject) -> None:
    block = facts.to_bytes()
    at = data.draw(st.integers(0, len(block)))
    made = block[:at] + data.draw(st.binary(max_size=3)) + block[at + data.draw(st.integers(0, 3)) :]
    try:
        found = Facts.parse(made)
    except FormatError:
        return
    assert found.to_bytes() == made
    assert made == block or found != facts


@pytest.mark.parametrize(
    "block",
    [
        b"\r\n",
        b"fetchTimeMs: 1",
        b"fetchTimeMs: 1\n",
        b"fetchTimeMs:1\r\n",
        b"fetchTimeMs: 01\r\n",
        b"fetchTimeMs: -1\r\n",
        b"fetchTimeMs: 1\r\nfetchTimeMs: 1\r\n",
        b"fetchTimeMs: 1\r\nfetchTimeMs: 2\r\n",
        b"via: x\r\nfetchTimeMs: 1\r\n",
        b"Via: x\r\n",
        b"via: x \r\n",
        b"via: \xc3\xa9\r\n",
        b"unknown: x\r\n",
        b"supersededBy: urn:uuid:00000000-0000-4000-8000-000000000001\r\n",
        b"supersededBy: <http://x>\r\n",
        b"interim-2: AAAA\r\n",
        b"interim-1: QR==\r\n",
        b"interim-1: A\r\n",
        b"interim-1: AA-_\r\n",
        b"interim-01: AAAA\r\n",
        b"redacted: Cookie 1\r\n",
        b"redacted: Cookie 1 0\r\n",
        b"redacted: Cookie 01 1\r\n",
        b"redacted: Cookie -1 1\r\n",
        b"redacted: Cookie  1 1\r\n",
        b"redacted: Cookie: 1 1\r\n",
        b"redacted: interim-0:Set-Cookie 1 1\r\n",
        b"redacted: Cookie 1 1\r\nvia: x\r\n",
    ],
)
def test_a_block_in_any_other_form_is_refused(block: bytes) -> None:
    with pytest.raises(FormatError):
        Facts.parse(block)
