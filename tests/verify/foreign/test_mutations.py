"""Whatever is changed at one place of another tool's bundle: it fails, or it means exactly what it meant."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Iterator

import pytest

from archiver.verify import Result, Verdict
from tests.verify.foreign import lookalikes as like
from tests.verify.foreign.test_lookalikes import judge, many_blocks, several_warcs

BUNDLES: dict[str, Callable[[], bytes]] = {
    "unsigned": like.unsigned,
    "anonymous": like.archivewebpage,
    "domain": like.domain_signed,
    "several": several_warcs,
    "blocks": many_blocks,
}
TRIES = 800


def meaning(result: Result) -> tuple[object, ...]:
    return result.verdict, result.manifest, result.kind


def same(changed: Result, before: Result) -> bool:
    """Whether nobody is better off by the change, and shown nothing else where it does not fail."""
    if changed.verdict is Verdict.INDETERMINATE and changed.manifest is None:
        return any(check.code == "RESOURCE_LIMIT" for check in changed.checks)
    return changed.verdict is Verdict.FAILED or meaning(changed) == meaning(before)


def flips(data: bytes, seed: int) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(seed)
    for at in sorted(chance.sample(range(len(data)), min(TRIES, len(data)))):
        bit = 1 << chance.randrange(8)
        yield f"bit {bit} at {at}", data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


@pytest.mark.parametrize("name", BUNDLES)
def test_no_flipped_bit_shows_anything_else(name: str) -> None:
    data = BUNDLES[name]()
    before = judge(data)
    failures = []
    for what, changed in flips(data, len(name)):
        result = judge(changed)
        assert same(result, before), (what, [str(check) for check in result.checks])
        failures.append(result.verdict is Verdict.FAILED)
    assert sum(failures) > 0.6 * len(failures)


@pytest.mark.parametrize("name", BUNDLES)
def test_no_part_taken_out_put_in_or_moved_shows_anything_else(name: str) -> None:
    data = BUNDLES[name]()
    before = judge(data)
    chance = random.Random(name)
    for _ in range(150):
        start, end = sorted(chance.sample(range(len(data) + 1), 2))
        end = min(end, start + chance.choice((1, 3, 40, 1_000)))
        part = data[start:end]
        for what, changed in (
            ("out", data[:start] + data[end:]),
            ("cut", data[:start]),
            ("twice", data[:end] + part + data[end:]),
            ("zeros", data[:start] + bytes(len(part)) + data[end:]),
            ("turned", data[:start] + part[::-1] + data[end:]),
        ):
            result = judge(changed)
            assert changed == data or same(result, before), (what, start, end, result.checks)


@pytest.mark.parametrize("name", BUNDLES)
def test_no_member_changed_shows_anything_else(name: str) -> None:
    """Through an honest ZIP, so that no checksum of the container is in the way."""
    data = BUNDLES[name]()
    before = judge(data)
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members = {info.filename: source.read(info) for info in source.infolist()}
        methods = {info.filename: info.compress_type for info in source.infolist()}
    assert same(judge(zipped(members, methods)), before)
    chance = random.Random(name)
    for member, held in members.items():
        for _ in range(40):
            at = chance.randrange(len(held))
            other = held[:at] + bytes([held[at] ^ 1 << chance.randrange(8)]) + held[at + 1 :]
            result = judge(zipped({**members, member: other}, methods))
            assert same(result, before), (member, at, [str(check) for check in result.checks])
            if member != like.CLOSING:
                assert result.verdict is Verdict.FAILED, (member, at)


@pytest.mark.parametrize(
    "signer", [None, like.anonymous, like.domain], ids=["unsigned", "anonymous", "domain"]
)
def test_nothing_listed_and_signed_anew_passes(signer: like.Signer | None) -> None:
    """The lists and signatures are right, so that what reads the members is reached."""
    members = like.pywacz_contents() if signer is None else like.contents()
    chance = random.Random(7)
    for name, held in members.items():
        for _ in range(120):
            start = chance.randrange(len(held))
            end = start + chance.choice((0, 1, 1, 5, 200))
            junk = chance.choice(
                (b"", bytes([chance.randrange(256)]), held[: chance.randrange(50)], b'{"', b"\n")
            )
            other = held[:start] + junk + held[end:]
            result = judge(like.zipped(like.whole({**members, name: other}, signer)))
            assert result.verdict is not Verdict.PASSED


def zipped(members: dict[str, bytes], methods: dict[str, int]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name, data in members.items():
            target.writestr(name, data, methods[name])
    return out.getvalue()
