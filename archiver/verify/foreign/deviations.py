"""How a ZIP differs from one of ours, each kind told once."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.bundle.verdict import Check, Verdict, failed, passed

_EXTRAS = "extra fields"
_SHOWN = 8


class Deviations:
    """What was found, each kind once: how many times, and the first member that has it."""

    def __init__(self) -> None:
        self._found: dict[tuple[Verdict, str], tuple[str, int]] = {}
        self._extras: dict[int, None] = {}

    def fail(self, what: str, name: str = "") -> None:
        """*what* makes the content ambiguous: two honest readers could see other names or bytes."""
        self._add(Verdict.FAILED, what, name)

    def note(self, what: str, name: str = "") -> None:
        """*what* is not as we would write it, and changes nothing for any reader."""
        self._add(Verdict.PASSED, what, name)

    def extra_field(self, kind: int, name: str) -> None:
        """An extra field that changes nothing that we know of."""
        self._extras[kind] = None
        self.note(_EXTRAS, name)

    def checks(self) -> Iterator[Check]:
        """A check for each kind, failures first."""
        for (verdict, what), (name, times) in self._found.items():
            if verdict is Verdict.FAILED:
                yield failed("container", "FORMAT_FAILURE", _told(what, name, times))
        for (verdict, what), (name, times) in self._found.items():
            if verdict is Verdict.PASSED:
                kinds = ", ".join(f"{kind:#06x}" for kind in list(self._extras)[:_SHOWN])
                told = f"{what} ({kinds})" if what == _EXTRAS else what
                yield passed("container", _told(told, name, times), code="CONTAINER_NOTE")

    def _add(self, verdict: Verdict, what: str, name: str) -> None:
        first, times = self._found.get((verdict, what), (name, 0))
        self._found[verdict, what] = first, times + 1


def _told(what: str, name: str, times: int) -> str:
    if not name:
        return what
    more = f" and {times - 1} more" if times > 1 else ""
    return f"{what}: {name!r:.200}{more}"
