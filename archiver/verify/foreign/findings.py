"""What one check finds in a file by somebody else: the first few of each kind told, the rest counted."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.bundle.verdict import Check, Verdict

_TOLD = 20
_NOTES = 3


class Findings:
    """The findings of the check *name*; a million bad lines make no more than some dozens of checks."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: dict[tuple[Verdict, str], list[str]] = {}
        self._more: dict[tuple[Verdict, str], int] = {}

    def failed(self, code: str, message: str) -> None:
        """Something is wrong."""
        self._add(Verdict.FAILED, code, message)

    def indeterminate(self, code: str, message: str) -> None:
        """Something cannot be judged."""
        self._add(Verdict.INDETERMINATE, code, message)

    def note(self, code: str, message: str) -> None:
        """Something to know, which is not wrong."""
        self._add(Verdict.PASSED, code, message)

    @property
    def bad(self) -> bool:
        """Whether anything is wrong."""
        return any(verdict is Verdict.FAILED for verdict, _ in self._found)

    def checks(self) -> Iterator[Check]:
        """All of them, in the order in which each kind was first met."""
        for (verdict, code), messages in self._found.items():
            for message in messages:
                yield Check(name=self._name, verdict=verdict, code=code, message=message)
            more = self._more.get((verdict, code), 0)
            if more:
                yield Check(name=self._name, verdict=verdict, code=code, message=f"and {more} more of these")

    def _add(self, verdict: Verdict, code: str, message: str) -> None:
        told = self._found.setdefault((verdict, code), [])
        if len(told) < (_NOTES if verdict is Verdict.PASSED else _TOLD):
            told.append(message[:2_000])
        else:
            self._more[verdict, code] = self._more.get((verdict, code), 0) + 1
