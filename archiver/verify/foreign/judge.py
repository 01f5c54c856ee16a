"""Judge what other tools made: any WACZ, any WARC. Nothing they say of themselves is ever taken for proof."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from archiver.bundle.bundle import file_state
from archiver.bundle.datapackage import DIGEST_NAME, NAME
from archiver.bundle.verdict import Check, failed, from_error, guarded, indeterminate, passed
from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.manifest import Manifest, page_candidates, project
from archiver.verify.foreign.container import ForeignContainer, ForeignMember, read_foreign_container
from archiver.verify.foreign.index import check_index
from archiver.verify.foreign.members import check_members, is_archive
from archiver.verify.foreign.package import MAX_DIGEST, MAX_PACKAGE, STRONG, Closing, Package
from archiver.verify.foreign.pages import Pages
from archiver.verify.foreign.signature import Signature
from archiver.verify.policy import Policy
from archiver.verify.result import Result
from archiver.warc.capture import Capture
from archiver.warc.record import Record
from archiver.warc.window import Window

_ARCHIVES = "archive/"
_OURS = re.compile(r"archiver [0-9]", re.ASCII)
_TOLD = 100
_OPEN = {"revisit-without-its-record": "MISSING_MEMBER"}
"""Deviations by which one reader shows what another does not."""


def judge_wacz(file: BinaryIO, name: str, policy: Policy, now: datetime) -> Result | None:
    """The verdict on a WACZ; None where it proves to be one of ours that is broken."""
    before = file_state(file)
    window = Window(file)
    try:
        container = read_foreign_container(window, most_members=policy.limits.members)
    except (FormatError, LimitError) as error:
        return Result(name=name, kind="wacz", checks=(from_error("container", error),), size=window.size)
    judgement = _Wacz(container, policy, now)
    checks = list(judgement.checks())
    if judgement.ours:
        return None
    return Result(
        name=name,
        kind="wacz",
        checks=(*checks, *_refused(policy), *_changed(file, before)),
        software=judgement.software,
        claimant=judgement.claimant,
        created=judgement.created,
        size=window.size,
        files=len(container.members),
        manifest=judgement.manifest,
    )


def judge_warc(file: BinaryIO, name: str, policy: Policy) -> Result:
    """The verdict on a plain WARC: its records alone, which nobody has signed."""
    before = file_state(file)
    window = Window(file)
    archive = Path(name).name or "warc"
    capture = Capture({archive: window}, limits=policy.limits.scan(window.size), imported=True)
    checks = [passed("container", f"a WARC of {window.size} bytes, in no bundle")]
    checks += guarded("records", lambda: _records(capture))
    manifest = _manifest(capture, ()) if _sound(checks) else None
    checks.append(indeterminate("signature", "NO_SIGNATURE", "a WARC is not signed"))
    return Result(
        name=name,
        kind="warc",
        checks=(*checks, *_refused(policy), *_changed(file, before)),
        size=window.size,
        files=1,
        manifest=manifest,
    )


class _Wacz:
    """The checks of a WACZ, and what is to be told of it."""

    def __init__(self, container: ForeignContainer, policy: Policy, now: datetime) -> None:
        self.ours = False
        self.software: str | None = None
        self.claimant: str | None = None
        self.created: str | None = None
        self.manifest: Manifest | None = None
        self._container = container
        self._policy = policy
        self._now = now
        self._package: Package | None = None
        self._digest: Digest | None = None
        self._signed: object = None

    def checks(self) -> Iterator[Check]:
        container = self._container
        yield from container.findings
        yield passed("container", f"{len(container.members)} members")
        yield from guarded("datapackage", self._datapackage)
        package, digest = self._package, self._digest
        if package is None or digest is None or self.ours:
            return
        yield from guarded("members", lambda: check_members(container, package))
        yield from self._capture(package)
        signature = Signature(self._signed, digest, package, self._now)
        yield from signature.checks()
        if signature.holds:
            self.claimant, self.created = signature.claimant, package.created

    def _datapackage(self) -> Iterator[Check]:
        data = self._read(NAME, MAX_PACKAGE)
        if data is None:
            yield failed("members", "MISSING_MEMBER", f"{NAME} is not in the bundle")
            return
        closing = self._read(DIGEST_NAME, MAX_DIGEST)
        self._digest = Digest.of(data)
        found = Closing.from_json(closing) if closing is not None else None
        package = Package.from_json(data)
        self.ours = (found is not None and found.ours) or _OURS.match(package.software or "") is not None
        self._package, self.software = package, package.software
        if not package.supported:
            version, profile = package.version or "of no version", package.profile
            kind = f"WACZ {version}" if profile is None else f"WACZ {version}, profile {profile}"
            why = f"{kind[:200]} is not among those judged"
            yield indeterminate("datapackage", "UNSUPPORTED_VERSION", why)
        if package.configured:
            why = f"{NAME} has a config or relation, by which players may show other things than its records"
            yield indeterminate("datapackage", "UNSUPPORTED_VERSION", why)
        strange = sum(not resource.frictionless for resource in package.resources)
        if strange:
            why = f"{strange} resource names outside the Frictionless pattern, as Scoop's"
            yield passed("datapackage", why, code="KNOWN_DEFECT")
        if found is not None:
            self._signed = found.signed
            yield from _closing(found, data)
        else:
            why = f"there is no {DIGEST_NAME}: nothing but {NAME} itself says what belongs here"
            yield passed("datapackage", why, code="MISSING_MEMBER")
        yield passed("datapackage", f"WACZ {package.version}, {len(package.resources)} members listed"[:200])

    def _read(self, name: str, most: int) -> bytes | None:
        member = self._container.get(name)
        if member is None:
            return None
        return self._container.read(member, max_bytes=min(most, self._policy.limits.json_bytes))

    def _capture(self, package: Package) -> Iterator[Check]:
        """Records, index and pages, each of which needs the first."""
        container = self._container
        archives = [member for member in container.members if is_archive(member.name) and _in_place(member)]
        if not archives:
            return
        capture = Capture(
            {member.name.removeprefix(_ARCHIVES): container.window(member) for member in archives},
            limits=self._policy.limits.scan(sum(member.size for member in archives)),
            imported=True,
        )
        records = guarded("records", lambda: _records(capture))
        yield from records
        if not _sound(records):
            return
        yield from guarded("index", lambda: check_index(container, capture))
        pages = Pages(container, package, capture)
        yield from guarded("pages", pages.checks)
        self.manifest = _manifest(capture, pages.listed)


def _closing(found: Closing, data: bytes) -> Iterator[Check]:
    """datapackage-digest.json against datapackage.json, whose bytes are *data*."""
    if found.path != NAME:
        why = f"{DIGEST_NAME}: path is {found.path!r:.80}, not {NAME}"
        yield failed("datapackage", "FORMAT_FAILURE", why)
    if found.hash.algorithm not in STRONG:
        why = f"{DIGEST_NAME} names a digest by {found.hash.algorithm}, which proves nothing"
        yield indeterminate("datapackage", "WEAK_DIGEST", why)
    elif found.hash.of(data) != found.hash.hex:
        yield failed("datapackage", "HASH_FAILURE", f"{DIGEST_NAME} names another digest for {NAME}")
    if found.unknown:
        shown = ", ".join(repr(key[:40]) for key in found.unknown[:5])
        yield passed("datapackage", f"{DIGEST_NAME} has further properties: {shown}", code="NOT_RELIED_ON")


def _in_place(member: ForeignMember) -> bool:
    """Whether the bytes of *member* stand in the file as they are; where not, the container says so."""
    return member.method == 0 and member.packed == member.size


def _records(capture: Capture) -> Iterator[Check]:
    records = capture.records
    found = [(record, finding) for record in records for finding in record.findings]
    for record, (code, message) in found[:_TOLD]:
        yield failed("records", code, f"{record.archive}: record at {record.offset}: {message}")
    if len(found) > _TOLD:
        yield failed("records", found[_TOLD][1][0], f"and {len(found) - _TOLD} more of these")
    notes: dict[str, tuple[int, str]] = {}
    for archive, deviations in capture.notes.items():
        for deviation, (count, offset) in deviations.items():
            before, first = notes.get(deviation, (0, f"{archive} at {offset}"))
            notes[deviation] = before + count, first
    for deviation, (count, first) in sorted(notes.items()):
        told = f"{deviation}: {count}, the first in {first}"
        if deviation in _OPEN:
            yield indeterminate("records", _OPEN[deviation], told)
        else:
            yield passed("records", told, code="IMPORT_NOTE")
    if not found:
        many = "a WARC" if len(capture.sizes) == 1 else f"{len(capture.sizes)} WARCs"
        yield passed("records", f"{len(records)} records of {many}, no digest is wrong")


def _manifest(capture: Capture, pages: Iterable[Record]) -> Manifest | None:
    """What the records hold, in the form of a manifest of ours; None where they do not give one."""
    try:
        candidates = page_candidates(capture)
        wanted = dict.fromkeys((record.url or "", record.date) for record in pages)
        return project(capture, [page for page in wanted if candidates.get(page) is not None])
    except (FormatError, LimitError):
        return None


def _sound(records: list[Check]) -> bool:
    """Whether the records could be read to their end."""
    return any(check.name == "records" and check.code == "OK" for check in records)


def _refused(policy: Policy) -> Iterator[Check]:
    """What the policy refuses cannot be told of a capture that states nothing."""
    why = "how it was captured is not stated, so that what the policy refuses may have been"
    if policy.refused_settings:
        yield indeterminate("policy", "SETTING_REFUSED", why)
    if policy.refused_statuses:
        yield indeterminate("policy", "STATUS_REFUSED", why)


def _changed(file: BinaryIO, before: object) -> Iterator[Check]:
    if file_state(file) != before:
        yield failed("container", "CHANGED_WHILE_READ", "the file was written to while it was read")
