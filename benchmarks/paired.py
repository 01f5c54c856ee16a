"""Two things measured in turn, so that what else the machine does falls on both alike."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

RUNS = 5


def paired(
    ours: Callable[[], float], theirs: Callable[[], float], *, runs: int = RUNS
) -> tuple[float, float]:
    """The medians of *runs* measurements of each, taken alternately; what each costs is for it to say."""
    pairs = [(ours(), theirs()) for _ in range(runs)]
    return median(first for first, _ in pairs), median(second for _, second in pairs)
