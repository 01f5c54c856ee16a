"""One figure of the table: what was measured, against whom, and what it should be."""

from __future__ import annotations

from typing import Literal

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measured figure; *ours* and *theirs* are medians, written with their unit as they are shown."""

    benchmark: str
    """The module that measured it."""
    what: str
    ours: str
    peer: str
    theirs: str
    figure: float
    """What is held against the target: a ratio, a share in per cent, megabytes, or these a second."""
    unit: Literal["x", "%", "MB", "MB/s"]
    sense: Literal["at most", "at least"]
    target: float
    note: str = ""
    """The reason where the figure misses its target; shown only then."""

    @property
    def met(self) -> bool:
        """Whether the figure, as it is shown, is within its target."""
        shown = round(self.figure, _PLACES[self.unit])
        return shown <= self.target if self.sense == "at most" else shown >= self.target

    @property
    def figure_text(self) -> str:
        """The figure as it is shown."""
        return _number(self.figure, self.unit)

    @property
    def target_text(self) -> str:
        """The target as it is shown."""
        sign = "≤" if self.sense == "at most" else "≥"
        return f"{sign} {_number(self.target, self.unit)}"


_PLACES = {"x": 1, "%": 0, "MB": 0, "MB/s": 0}


def _number(value: float, unit: Literal["x", "%", "MB", "MB/s"]) -> str:
    return f"{value:.{_PLACES[unit]}f}{'' if unit == 'x' else ' '}{unit}"


def seconds(value: float) -> str:
    """A duration in the unit that reads best."""
    if value < 1e-3:
        return f"{value * 1e6:.0f} µs"
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
