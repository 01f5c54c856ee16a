"""The three verdicts and the checks that lead to them (ETSI EN 319 102-1's terms)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum

import msgspec

from archiver.errors import ArchiverError, FormatError, LimitError


class Verdict(Enum):
    """One of three.

    PASSED: all is proved. INDETERMINATE: nothing is wrong, something is missing. FAILED: something is
    wrong.
    """

    PASSED = "PASSED"
    INDETERMINATE = "INDETERMINATE"
    FAILED = "FAILED"

    @property
    def exit_code(self) -> int:
        """What a command ends with: 0, 3 or 1."""
        return {"PASSED": 0, "INDETERMINATE": 3, "FAILED": 1}[self.value]

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """The worst of *verdicts*; of none, INDETERMINATE: what was not checked has not passed."""
        order = list(cls)
        return max(verdicts, key=order.index, default=cls.INDETERMINATE)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a verdict.

    *code* is the stable reason (``OK`` where there is nothing to say); *message* is for people and may
    quote the bundle, so it is escaped before it is shown.
    """

    name: str
    verdict: Verdict
    code: str = "OK"
    message: str = ""

    def __str__(self) -> str:
        text = f"{self.verdict.value} {self.name}"
        if self.code != "OK":
            text += f" {self.code}"
        return f"{text}: {self.message}" if self.message else text


def passed(name: str, message: str = "", *, code: str = "OK") -> Check:
    """A check that holds; with a *code* other than OK it is a note."""
    return Check(name=name, verdict=Verdict.PASSED, code=code, message=message)


def failed(name: str, code: str, message: str) -> Check:
    """A check that found something wrong."""
    return Check(name=name, verdict=Verdict.FAILED, code=code, message=message)


def indeterminate(name: str, code: str, message: str) -> Check:
    """A check that could not be made or lacks something."""
    return Check(name=name, verdict=Verdict.INDETERMINATE, code=code, message=message)


def from_error(name: str, error: ArchiverError) -> Check:
    """The check that *error* amounts to."""
    if isinstance(error, LimitError):
        return indeterminate(name, "RESOURCE_LIMIT", str(error))
    if isinstance(error, FormatError):
        if error.code == "UNSUPPORTED_VERSION":
            return indeterminate(name, error.code, str(error))
        return failed(name, error.code, str(error))
    raise error


def guarded(name: str, work: Callable[[], Iterator[Check]]) -> list[Check]:
    """What *work* finds; an error that it ends in is one more check, called *name*."""
    checks: list[Check] = []
    try:
        checks.extend(work())
    except (FormatError, LimitError) as error:
        checks.append(from_error(name, error))
    return checks
