"""Mutants whose digests, hashes and signatures were made anew with the trusted key.

Whatever contradicts the WARC, the index, the pages or the manifest is FAILED all the same.
"""

from __future__ import annotations

import random

import msgspec
import pytest

from archiver import strictjson
from archiver.bundle.bundle import INDEX, MANIFEST, PAGES
from archiver.bundle.container import LAST
from archiver.verify import Result, Verdict, verify
from tests import small
from tests.memory import memory_file
from tests.mutation import mutated
from tests.rogue import forge, members_of, records_of, redigested, warc_of

WARC = "archive/data.warc.gz"
PARTS = 8
EACH = 2_000 // 2 // PARTS


def judge(data: bytes) -> Result:
    with memory_file(data) as file:
        return verify(file, small.policy(), name="bundle", now=small.NOON)


def codes(result: Result) -> set[str]:
    return {check.code for check in result.checks if check.verdict is Verdict.FAILED}


def test_the_forger_can_make_a_bundle_that_passes() -> None:
    """Or the tests below would show nothing."""
    assert judge(forge(members_of(small.bundle())))


@pytest.mark.parametrize("part", range(PARTS))
def test_a_rehashed_and_resigned_mutant_never_contradicts_its_warc(part: int) -> None:
    dice = random.Random(part)
    original = members_of(small.bundle())
    records = records_of(original[WARC])
    for number in range(EACH):
        members = dict(original)
        target = dice.choice((WARC, WARC, INDEX, PAGES, MANIFEST))
        if target == WARC:
            changed = list(records)
            which = dice.randrange(len(changed))
            record = mutated(dice, [changed[which]])
            changed[which] = redigested(record) if dice.random() < 0.7 else record
            members[WARC] = warc_of(changed)
            if members[WARC] == warc_of(records):
                continue
        else:
            members[target] = mutated(dice, [original[target]])
            if members[target] == original[target]:
                continue
        result = judge(forge(members))
        if result.verdict is Verdict.PASSED:
            assert target == PAGES, f"mutant {number} of part {part} in {target}"
            assert [(p["url"], p["ts"]) for p in pages(members[PAGES])] == [
                (p["url"], p["ts"]) for p in pages(original[PAGES])
            ]


@pytest.mark.parametrize("part", range(PARTS))
def test_a_random_mutant_never_passes(part: int) -> None:
    dice = random.Random(1_000 + part)
    data = small.bundle()
    for number in range(EACH):
        changed = mutated(dice, [data])
        if changed != data:
            assert judge(changed).verdict is not Verdict.PASSED, f"mutant {number} of part {part}"


def pages(data: bytes) -> list[dict[str, str]]:
    return [msgspec.json.decode(line) for line in data.splitlines()[1:]]


def test_a_record_changed_with_its_own_digests_contradicts_the_index() -> None:
    members = members_of(small.bundle())
    records = records_of(members[WARC])
    changed = [redigested(record.replace(b"Words.", b"Swords")) for record in records]
    assert changed != records
    members[WARC] = warc_of(changed)
    assert "HASH_FAILURE" in codes(judge(forge(members)))


def test_a_record_changed_without_its_digests_fails_by_itself() -> None:
    members = members_of(small.bundle())
    members[WARC] = warc_of([record.replace(b"Words.", b"Swords") for record in records_of(members[WARC])])
    assert any(
        check.name == "records" and check.code == "HASH_FAILURE" for check in judge(forge(members)).checks
    )


@pytest.mark.parametrize(
    ("member", "old", "new"),
    [
        (INDEX, b'"status": "200"', b'"status": "404"'),
        (INDEX, b'"offset": "', b'"offset": "1'),
        (PAGES, b"2026-11-23T12:00:00.25", b"2026-11-23T12:00:00.26"),
        (PAGES, b"http://news.example/a", b"http://news.example/b"),
        (MANIFEST, b'"status":200', b'"status":201'),
        (MANIFEST, b'"exchanges":5', b'"exchanges":4'),
        (MANIFEST, b'"status":"complete"', b'"status":"partial"'),
        (MANIFEST, b'"origin":"captured"', b'"origin":"imported"'),
    ],
)
def test_a_changed_projection_is_a_hash_failure(member: str, old: bytes, new: bytes) -> None:
    members = members_of(small.bundle())
    assert old in members[member]
    members[member] = members[member].replace(old, new, 1)
    assert codes(judge(forge(members))) & {"HASH_FAILURE", "FORMAT_FAILURE"}


def test_complete_with_something_missing_is_a_contradiction() -> None:
    missing = [{"url": "https://news.example/x", "referrer": None, "reason": "timeout"}]
    value = strictjson.loads_canonical(small.stated().to_json())
    value |= {"missing": missing, "missing_count": 1}
    statement = strictjson.convert(value, type(small.stated()))
    result = judge(forge(members_of(small.packed(statement))))
    assert codes(result) == {"CONTRADICTION"}


def test_a_member_that_nobody_listed_is_found() -> None:
    members = members_of(small.bundle())
    whole = forge(members)
    from tests.rogue import zipped

    result = judge(zipped({**members_of(whole), "provenance/note.txt": b"trust me"}))
    assert "EXTRA_MEMBER" in codes(result)


def test_a_listed_member_that_is_gone_is_found() -> None:
    from tests.rogue import zipped

    members = members_of(small.bundle())
    for name in members:
        left = {key: data for key, data in members.items() if key != name}
        result = judge(zipped(left))
        if name in LAST:
            assert result.verdict is Verdict.FAILED, name
        else:
            assert "MISSING_MEMBER" in codes(result), name
