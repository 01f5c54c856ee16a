"""The countersignature beside a file: found, judged, and what it changes in the file's own verdict.

Anybody can put a file beside another, so it is believed only as far as its signer is trusted. Its verdict
and the file's own both count. Only where the file is none of ours does it stand in for the signature that
the file lacks: a trusted signer has vouched for exactly these bytes.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from archiver.bundle.bundle import file_state, open_regular
from archiver.bundle.countersign import MAX_BYTES, SUFFIX, Countersignature, Statement
from archiver.bundle.verdict import Check, Verdict, failed, from_error, indeterminate, passed
from archiver.digest import Digest
from archiver.errors import FormatError, InputError, LimitError
from archiver.verify.evidence import evidence_checks
from archiver.verify.policy import CLOCK_TOLERANCE, Policy
from archiver.verify.result import Countersigner, Result
from archiver.warc.window import Window

_NAME = "countersignature"
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})

STOOD_IN_FOR = frozenset({"NO_SIGNATURE", "UNTRUSTED_SIGNER"})
"""What a trusted countersigner makes up for in another tool's file: that nobody known has signed it."""

CALLED_ARCHIVE = (".wacz", ".warc", ".warc.gz")
"""How files are called that are to be archives; one that is none fails, whoever vouches for its bytes."""


class Beside:
    """The countersignature beside a file that is about to be judged; the file is to stay as it is now."""

    def __init__(self, path: Path, data: bytes, file: BinaryIO, policy: Policy) -> None:
        self._path, self._data, self._file, self._policy = path, data, file, policy
        self._most = _most_bytes(policy)
        self._state = file_state(file)
        self._checks: list[Check] = []
        self._found: Countersigner | None = None

    @classmethod
    def find(cls, path: Path, file: BinaryIO, policy: Policy) -> Beside | None:
        """What lies beside *file*, opened from *path*, or None.

        Raises InputError where it is there and cannot be read, or is no regular file.
        """
        beside = path.with_name(path.name + SUFFIX)
        try:
            source = open_regular(beside)
        except InputError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _NOT_THERE:
                return None
            raise
        with source:
            data = source.read(_most_bytes(policy) + 1)
        return cls(beside, data, file, policy)

    def judge(self, result: Result, now: datetime) -> Result:
        """*result*, which is the file's own, with what the countersignature adds; *now* is UTC."""
        try:
            self._checks.extend(self._run(now))
        except FormatError as error:
            self._checks.append(from_error(_NAME, error.inside(self._path.name)))
        except LimitError as error:
            self._checks.append(from_error(_NAME, LimitError(str(error), where=self._path.name)))
        holds = self._found is not None and not any(check.verdict is Verdict.FAILED for check in self._checks)
        if not holds:
            return msgspec.structs.replace(result, checks=(*result.checks, *self._checks))
        return self._joined(result)

    def _run(self, now: datetime) -> Iterator[Check]:
        countersignature = Countersignature.from_json(self._data, max_bytes=self._most)
        statement = countersignature.statement()
        identity = countersignature.identity.fingerprint
        digest = Digest.of_chunks(Window(self._file).chunks())
        if file_state(self._file) != self._state:
            yield failed(_NAME, "CHANGED_WHILE_READ", "the file was written to while it was read")
            return
        if digest != statement.digest:
            yield failed(_NAME, "HASH_FAILURE", f"{self._path.name} is over other bytes than these")
            return
        signer = self._policy.signer(identity)
        role, date = statement.predicate.role, statement.predicate.date
        self._found = Countersigner(identity=identity, signer=signer, role=role, date=date)
        said = f"these very bytes {role} by"
        if signer is None:
            why = f"{said} identity {identity.hex}, which is not among those trusted"
            yield indeterminate(_NAME, "UNTRUSTED_SIGNER", why)
        else:
            yield passed(_NAME, f"{said} {signer.name} {identity.hex[:16]} at {date}, as it claims")
        if statement.date > now + CLOCK_TOLERANCE:
            yield indeterminate(_NAME, "CLOCK", "the time claimed lies ahead of this machine's clock")
        yield from self._notes(statement, countersignature)

    def _notes(self, statement: Statement, countersignature: Countersignature) -> Iterator[Check]:
        if self._path.name != statement.name + SUFFIX:
            why = f"it was signed under another name, {statement.name!r:.300}"
            yield passed(_NAME, why, code="NAME_DIFFERS")
        yield from evidence_checks(_NAME, list(countersignature.evidence))

    @property
    def _is_called_archive(self) -> bool:
        """Whether the file's name has players take it for a bundle or a WARC, which it then must be."""
        return self._path.name.removesuffix(SUFFIX).lower().endswith(CALLED_ARCHIVE)

    def _joined(self, result: Result) -> Result:
        """*result* and a countersignature that holds, whoever made it."""
        found = self._found
        assert found is not None
        checks = result.checks
        if result.kind == "file" and result.size and not self._is_called_archive:
            checks = tuple(_no_archive(check) for check in checks)
        elif result.kind != "archiver" and found.signer is not None:
            checks = tuple(_made_up_for(check) for check in checks)
        joined = msgspec.structs.replace(result, checks=(*checks, *self._checks), countersigner=found)
        if result.kind == "archiver" or found.signer is None:
            return joined
        return msgspec.structs.replace(joined, signer=found.signer, identity=found.identity)


def _most_bytes(policy: Policy) -> int:
    return min(MAX_BYTES, policy.limits.json_bytes)


def _made_up_for(check: Check) -> Check:
    if check.verdict is not Verdict.INDETERMINATE or check.code not in STOOD_IN_FOR:
        return check
    return msgspec.structs.replace(check, verdict=Verdict.PASSED)


def _no_archive(check: Check) -> Check:
    """Of a file that is none of the kinds we read, nothing but its bytes was to be judged."""
    if check.name != "container":
        return check
    return passed("container", "no archive: only its bytes are vouched for", code="NO_ARCHIVE")
