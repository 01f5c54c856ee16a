"""A minute of fuzzing led by coverage; `make fuzz` does it until a million inputs were tried."""

from __future__ import annotations

import importlib.util

import pytest

from tests.guided.__main__ import run
from tests.guided.targets import TARGETS, WHOLE

PARSERS = sorted(set(TARGETS) - set(WHOLE))
SECONDS = 60


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris is not installed: pip has it for Linux on x86-64",
)
@pytest.mark.parametrize("group", [PARSERS, *([name] for name in WHOLE)], ids=" ".join)
def test_seconds_of_guided_fuzzing_find_nothing(group: list[str]) -> None:
    seconds = -(-SECONDS // (len(WHOLE) + 1) // len(group))
    for name, tried, failed in run(group, [-1] * len(group), seconds):
        assert not failed, f"{name}: {failed}"
        assert tried > 20
