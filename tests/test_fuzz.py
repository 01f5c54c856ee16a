"""A few seconds of `make fuzz`, from a fixed seed."""

from __future__ import annotations

from tests.fuzz import TARGETS, run


def test_a_few_seconds_of_fuzzing_find_nothing() -> None:
    assert run(8.0, seed=1) > 20 * len(TARGETS)
