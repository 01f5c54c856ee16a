"""Another tool's members against its list of them: the same set, the listed bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from archiver.bundle.datapackage import DIGEST_NAME, NAME
from archiver.bundle.verdict import Check, failed, indeterminate, passed
from archiver.errors import FormatError, LimitError
from archiver.verify.foreign.container import ForeignContainer, ForeignMember
from archiver.verify.foreign.package import STRONG, WEAK, Listed, Package

_TWICE = 64 << 10
"""Bytes of the chunks that js-wacz, to 0.1.6, feeds to its hash twice."""

_MOST = 100  # findings of one kind that are told apart; the rest is a count


def is_archive(name: str) -> bool:
    """Whether players take the member *name* for a WARC."""
    return name.startswith("archive/") and name.lower().endswith((".warc", ".warc.gz"))


def check_members(container: ForeignContainer, package: Package) -> Iterator[Check]:
    """Hold the members against the resources of *package*; LimitError from the container passes through."""
    held = {member.name: member for member in container.members}
    listed = {resource.path: resource for resource in package.resources}
    extra = sorted(held.keys() - listed.keys() - {NAME, DIGEST_NAME})
    missing = sorted(listed.keys() - held.keys())
    for code, names, why in (
        ("EXTRA_MEMBER", extra, f"is not in {NAME}"),
        ("MISSING_MEMBER", missing, f"is in {NAME} and not in the bundle"),
    ):
        for name in names[:_MOST]:
            yield failed("members", code, f"{name}: {why}")
        if len(names) > _MOST:
            yield failed("members", code, f"and {len(names) - _MOST} more")
    if package.supported and not any(name.startswith("archive/") for name in held):
        yield failed("members", "MISSING_MEMBER", "no WARC in archive/")
    strange = [name for name in sorted(held) if name.startswith("archive/") and not is_archive(name)]
    for name in strange[:1]:
        why = f" and {len(strange) - 1} more" if strange[1:] else ""
        yield indeterminate("members", "UNSUPPORTED_VERSION", f"{name}{why} in archive/: no WARC, not judged")
    good, weak = 0, 0
    for member in container.members:
        resource = listed.get(member.name)
        if resource is None:
            continue
        try:
            check = _check(container, member, resource)
        except FormatError as error:
            yield failed("members", error.code, f"{member.name}: {error.message}")
            continue
        except LimitError as error:
            raise LimitError(str(error), where=member.name) from error
        if check is not None:
            yield check
        good += check is None or check.code == "KNOWN_DEFECT"
        weak += check is not None and check.code == "WEAK_DIGEST"
    text = f"{good} of {len(listed)} members have the listed bytes"
    yield passed("members", f"{text}, {weak} more by digests that prove nothing" if weak else text)


def _check(container: ForeignContainer, member: ForeignMember, resource: Listed) -> Check | None:
    """What is to be said of one member; None where it has the listed bytes."""
    name, wanted = member.name, resource.hash
    known = wanted is not None and wanted.algorithm in STRONG | WEAK
    hasher = hashlib.new(wanted.algorithm if wanted and known else "sha256", usedforsecurity=False)
    for chunk in container.chunks(member):  # to the end in any case: the CRC is compared there
        hasher.update(chunk)
    if resource.bytes is not None and resource.bytes != member.size:
        return failed("members", "HASH_FAILURE", f"{name}: {member.size} bytes, {resource.bytes} listed")
    if wanted is None or not known:
        why = f"a digest of an unknown kind, {wanted.algorithm}" if wanted else "no digest"
        return indeterminate("members", "WEAK_DIGEST", f"{name}: {NAME} lists {why}")
    if hasher.hexdigest() != wanted.hex:
        if wanted.algorithm == "sha256" and _twice(container, member) == wanted.hex:
            return passed("members", f"{name}: its hash is js-wacz's double hash", code="KNOWN_DEFECT")
        return failed("members", "HASH_FAILURE", f"{name}: its {wanted.algorithm} is not the one listed")
    if wanted.algorithm in WEAK:
        return indeterminate(
            "members", "WEAK_DIGEST", f"{name}: listed by {wanted.algorithm} alone, which can be forged"
        )
    return None


def _twice(container: ForeignContainer, member: ForeignMember) -> str:
    """The digest that js-wacz gives: of each chunk twice, which tells bytes apart as well as of each once."""
    hasher = hashlib.sha256()
    rest = b""
    for piece in container.chunks(member):
        rest += piece
        whole = len(rest) - len(rest) % _TWICE
        for at in range(0, whole, _TWICE):
            chunk = rest[at : at + _TWICE]
            hasher.update(chunk)
            hasher.update(chunk)
        rest = rest[whole:]
    hasher.update(rest)
    hasher.update(rest)
    return hasher.hexdigest()
