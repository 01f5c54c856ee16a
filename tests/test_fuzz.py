"""Half a minute of `make fuzz`, from fixed seeds."""

from __future__ import annotations

import pytest

from tests.fuzz import TARGETS, run

GROUPS = ["page", "sheet srcset", "head chunked well_chunked", "module import_map", "bundle warc", "rogue"]


def test_each_target_is_in_one_group() -> None:
    assert sorted(" ".join(GROUPS).split()) == sorted(TARGETS)


@pytest.mark.parametrize("group", GROUPS)
def test_seconds_of_fuzzing_find_nothing(group: str) -> None:
    names = group.split()
    counts = run(5.0, seed=1, names=names)
    assert all(counts[name] >= 5 * TARGETS[name].times for name in names)
