"""The law of the format: outside `evidence`, flip any one byte and verify does not say PASSED.

Held over every byte of the smallest bundle that has every part, in process, three masks each; and over
truncations, insertions and swaps. Never an exception: whatever the bytes, there is a verdict.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from archiver.bundle.container import _local_header, read_container
from archiver.verify import Result, Verdict, verify
from archiver.warc.window import Window
from tests import small
from tests.memory import memory_file

PARTS = 16
"""The bundle is cut into this many parts, so that the test can run on several cores."""


def judge(data: bytes) -> Result:
    with memory_file(data) as file:
        return verify(file, small.policy(), name="bundle", now=small.NOON)


def test_the_bundle_itself_passes() -> None:
    result = judge(small.bundle())
    assert [str(check) for check in result.checks if check.verdict is not Verdict.PASSED] == []
    assert result


@pytest.mark.parametrize("part", range(PARTS))
def test_no_flipped_byte_passes(part: int) -> None:
    data = small.bundle()
    policy = small.policy()
    assert data.count(b'"evidence":[]') == 1, "there is no evidence here, so no byte is excepted"
    with memory_file(data) as file:
        for at in range(part * len(data) // PARTS, (part + 1) * len(data) // PARTS):
            for mask in (0x01, 0x20, 0x80):
                os.pwrite(file.fileno(), bytes((data[at] ^ mask,)), at)
                verdict = verify(file, policy, now=small.NOON).verdict
                assert verdict is not Verdict.PASSED, f"byte {at} ^ {mask:#x}"
            os.pwrite(file.fileno(), data[at : at + 1], at)
        assert verify(file, policy, now=small.NOON).verdict is Verdict.PASSED


@pytest.mark.parametrize("part", range(4))
def test_no_truncation_passes(part: int) -> None:
    data = small.bundle()
    with memory_file(data) as file:
        for length in range((part + 1) * len(data) // 4 - 1, part * len(data) // 4 - 1, -1):
            os.ftruncate(file.fileno(), length)
            assert verify(file, small.policy(), now=small.NOON).verdict is Verdict.FAILED, f"cut at {length}"
            if length == part * len(data) // 4:
                break


def test_no_inserted_byte_passes() -> None:
    data = small.bundle()
    byte = random.Random(1)
    for at in range(0, len(data) + 1, 64):
        changed = data[:at] + bytes((byte.randrange(256),)) + data[at:]
        assert judge(changed).verdict is not Verdict.PASSED, f"a byte inserted at {at}"


def swapped() -> Iterator[bytes]:
    """Each adjacent pair of members in the other order, as they lie in the file."""
    data = small.bundle()
    with memory_file(data) as file:
        members = read_container(Window(file))
    ends = [member.offset + member.size for member in members]
    for number in range(len(members) - 1):
        start, middle, end = members[number].header, ends[number], ends[number + 1]
        assert data[start:].startswith(_local_header(members[number]))
        yield data[:start] + data[middle:end] + data[start:middle] + data[end:]


def test_no_two_members_change_places() -> None:
    for number, changed in enumerate(swapped()):
        assert judge(changed).verdict is Verdict.FAILED, f"members {number} and {number + 1}"
