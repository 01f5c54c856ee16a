"""Judge a bundle: its soundness, its signature, its signer, against a policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from archiver.bundle.bundle import IDENTITY, Bundle, open_regular
from archiver.bundle.examine import examine
from archiver.bundle.moment import parse_utc
from archiver.bundle.verdict import Check, Verdict, failed, from_error, guarded, indeterminate, passed
from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.manifest import Manifest
from archiver.signing.dsse import Envelope, verify_envelope
from archiver.signing.identity import Identity
from archiver.signing.waczauth import check_signed_data
from archiver.verify.beside import Beside
from archiver.verify.evidence import evidence_checks
from archiver.verify.policy import CLOCK_TOLERANCE, Policy
from archiver.verify.result import Result
from archiver.warc.window import Window


def verify(
    source: Bundle | Path | BinaryIO, policy: Policy, *, name: str | None = None, now: datetime | None = None
) -> Result:
    """Check every byte of *source* and who signed it; findings are in the result, never raised.

    *name* is what the result calls an open file; *now* (UTC) is the verifier's clock, by default the
    machine's. A countersignature that lies beside a path is checked too. Raises InputError where a path is
    not a readable regular file: there is nothing to judge.
    """
    moment = now or datetime.now(UTC)
    if isinstance(source, Path):
        with open_regular(source) as file:
            beside = Beside.find(source, file, policy)
            result = _verify(file, policy, name or str(source), moment)
            if beside is not None:
                result = beside.judge(result, moment)
    else:
        result = _verify(source, policy, name or "bundle", moment)
    return msgspec.structs.replace(result, checks=(*result.checks, *_threshold(result, policy)))


def _verify(source: Bundle | BinaryIO, policy: Policy, called: str, moment: datetime) -> Result:
    if isinstance(source, Bundle):
        return _judge(source, policy, moment)
    try:
        bundle = Bundle(source, name=called, limits=policy.limits)
    except (FormatError, LimitError) as error:
        return _other(source, policy, called, moment, error)
    return _judge(bundle, policy, moment)


def _other(
    source: BinaryIO, policy: Policy, called: str, moment: datetime, error: FormatError | LimitError
) -> Result:
    """The verdict on a file that is no canonical container, as *error* says."""
    # On use: a sound bundle of ours needs none of it.
    from archiver.verify.foreign.judge import judge_wacz, judge_warc
    from archiver.verify.foreign.kind import kind_of

    window = Window(source)
    kind = kind_of(window)
    if kind == "warc":
        return judge_warc(source, called, policy)
    if kind == "wacz":
        result = judge_wacz(source, called, policy, moment)
        if result is not None:
            return result
        kind = "archiver"
    return Result(name=called, kind=kind, checks=(from_error("container", error),), size=window.size)


def _judge(bundle: Bundle, policy: Policy, now: datetime) -> Result:
    examination = examine(bundle)
    checks = list(examination.checks)
    signature = _Signature(bundle, policy, now)
    checks += signature.checks()
    if examination.manifest is not None:
        checks += _policy(examination.manifest, policy)
    identity = signature.identity
    covered = any(check.name == "statement" and check.verdict is Verdict.PASSED for check in checks)
    return Result(
        name=bundle.name,
        checks=tuple(checks),
        id=bundle.package_digest if identity is not None and covered else None,
        signer=policy.signer(identity.fingerprint) if identity is not None and covered else None,
        identity=identity.fingerprint if identity is not None and covered else None,
        created=signature.created if covered else None,
        size=bundle.window.size,
        files=len(bundle.members),
        blanks=examination.blanks,
        manifest=examination.manifest,
    )


class _Signature:
    """The checks of the seal; *identity* is set once all its keys were seen to have signed."""

    def __init__(self, bundle: Bundle, policy: Policy, now: datetime) -> None:
        self._bundle, self._policy, self._now = bundle, policy, now
        self.identity: Identity | None = None
        self.created: str | None = None

    def checks(self) -> list[Check]:
        return guarded("signature", self._run)

    def _run(self) -> Iterator[Check]:
        bundle = self._bundle
        provenance = bundle.closing.provenance
        if provenance is None:
            yield indeterminate("signature", "NO_SIGNATURE", "the bundle is not sealed")
            if bundle.closing.signed_data is not None:
                yield from self._wacz_auth(None)
            return
        public = bundle.read(IDENTITY, max_bytes=1 << 20)
        identity = Identity.from_bytes(public)
        verify_envelope(Envelope.from_builtins(provenance.envelope), identity)
        self.identity = identity
        self.created = bundle.package.created
        yield passed(
            "signature", f"by all {len(identity.seal_keys)} keys of identity {identity.fingerprint.hex[:16]}"
        )
        signer = self._policy.signer(Digest.of(public))
        if signer is None:
            yield indeterminate(
                "signer",
                "UNTRUSTED_SIGNER",
                f"identity {identity.fingerprint.hex} is not among those trusted",
            )
        else:
            yield passed("signer", f"{signer.name} {signer.fingerprint.hex[:16]}")
        yield from self._wacz_auth(identity)
        yield from guarded("evidence", lambda: evidence_checks("evidence", provenance.evidence))
        yield from self._time()

    def _wacz_auth(self, identity: Identity | None) -> Iterator[Check]:
        package, signed = self._bundle.package, self._bundle.closing.signed_data
        if signed is None:
            if identity is not None and identity.wacz_key is not None:
                yield failed("wacz-auth", "MISSING_REQUIRED_SIGNATURE", "signedData is not there")
            return
        try:
            check_signed_data(
                signed, self._bundle.package_digest, package.created, package.software, identity
            )
        except FormatError as error:
            yield from_error("wacz-auth", error)
        else:
            yield passed("wacz-auth", "the anonymous signature for other WACZ tools is good too")

    def _time(self) -> Iterator[Check]:
        try:
            created = parse_utc(self._bundle.package.created)
        except FormatError:
            yield failed("time", "FORMAT_FAILURE", "the sealing time claimed is not a UTC time")
            return
        if created > self._now + CLOCK_TOLERANCE:
            yield indeterminate(
                "time", "CLOCK", "the sealing time claimed lies ahead of this machine's clock"
            )
        else:
            yield passed("time", "claimed only; no timestamp proves it", code="CLAIMED_TIME")


def _threshold(result: Result, policy: Policy) -> Iterator[Check]:
    """That as many trusted identities as the policy requires have signed; who is unknown was said before."""
    signers = [result.signer, result.countersigner.signer if result.countersigner is not None else None]
    count = len({signer.fingerprint for signer in signers if signer is not None})
    if count < policy.required and (policy.required > 1 or result):
        why = f"signed by {count} of the trusted identities; the policy requires {policy.required}"
        yield indeterminate("policy", "THRESHOLD_NOT_REACHED", why)


def _policy(manifest: Manifest, policy: Policy) -> Iterator[Check]:
    stated = manifest.stated
    if stated is None:
        return
    for code in stated.weakened:
        if code in policy.refused_settings:
            yield indeterminate("policy", "SETTING_REFUSED", f"{code} was used, and the policy refuses it")
        elif code == "SETTINGS_UNKNOWN" and policy.refused_settings:
            names = ", ".join(sorted(policy.refused_settings))
            yield indeterminate("policy", "SETTING_REFUSED", f"it is not known whether {names} was used")
    if stated.status in policy.refused_statuses:
        yield indeterminate(
            "policy", "STATUS_REFUSED", f"the capture is {stated.status}, and the policy refuses it"
        )
