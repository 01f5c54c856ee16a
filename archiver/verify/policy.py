"""Whom and what a verifier accepts; never read from a bundle."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from archiver import strictjson
from archiver.bundle.limits import ReadLimits
from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.signing.identity import check_name
from archiver.signing.keyring import Keyring

CLOCK_TOLERANCE = timedelta(minutes=10)
"""How far ahead of the verifier's own clock a time that is claimed may lie."""

SPEC = "archiver-policy/v1-draft"
"""The form of the JSON that `Policy.from_json` reads."""

MAX_BYTES = 16 << 20
"""No policy file is larger."""

MAX_IDENTITIES = 10_000

SETTINGS = frozenset(
    {
        "FORCED_ADDRESS",
        "TLS_UNVERIFIED",
        "EXTRA_CA",
        "PRIVATE_ADDRESS",
        "PROXY",
        "OPERATOR_SCRIPT",
        "REDACTED",
        "SETTINGS_UNKNOWN",
    }
)
"""The codes of settings that redirected or weakened a connection; a policy can refuse any of them."""

STATUSES = frozenset({"complete", "partial", "blocked", "gone", "failed"})


class _SignerJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    fingerprint: str
    name: str


class _RefuseJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    settings: list[str] = []
    statuses: list[str] = []


class _LimitsJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    members: int | msgspec.UnsetType = msgspec.UNSET
    records: int | msgspec.UnsetType = msgspec.UNSET
    unpacked_bytes: int | msgspec.UnsetType = msgspec.UNSET
    json_bytes: int | msgspec.UnsetType = msgspec.UNSET


class _PolicyJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    identities: list[_SignerJson] = []
    limits: _LimitsJson = _LimitsJson()
    refuse: _RefuseJson = _RefuseJson()
    required: int = 1
    spec: str


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """An identity the verifier trusts, under the name that the verifier gave it."""

    fingerprint: Digest
    name: str
    since: str = ""
    """When it was trusted, ``2026-02-11``; empty where nobody wrote it down."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold beyond the bundle's own soundness.

    With no signer trusted nothing can pass.
    """

    signers: tuple[Signer, ...] = ()
    required: int = 1
    """How many of the signers must have signed, by seal or by countersignature; one with two keys is one."""
    refused_settings: frozenset[str] = frozenset()
    refused_statuses: frozenset[str] = frozenset()
    limits: ReadLimits = ReadLimits()

    def __post_init__(self) -> None:
        unknown = (self.refused_settings - SETTINGS) | (self.refused_statuses - STATUSES)
        if unknown:
            raise ValueError(f"no such setting or status: {', '.join(sorted(unknown))}")
        if not 1 <= self.required <= MAX_IDENTITIES:
            raise ValueError(f"required: {self.required} is not between 1 and {MAX_IDENTITIES}")

    @classmethod
    def trusting(cls, keyring: Keyring, *more: Signer, refuse: Iterable[str] = ()) -> Policy:
        """The signers that *keyring* trusts and *more*; *refuse* names settings and statuses."""
        known = tuple(
            Signer(fingerprint=trusted.identity.fingerprint, name=trusted.name, since=trusted.since[:10])
            for trusted in keyring.trusted()
        )
        return cls(signers=known).adding(*more, refuse=refuse)

    @classmethod
    def from_json(cls, data: bytes) -> Policy:
        """The policy that somebody wrote as JSON, of the form SPEC.

        Raises FormatError, which names the field, for anything that is not of that form
        (UNSUPPORTED_VERSION for another form), LimitError past 16 MiB or 10,000 identities.
        """
        value = strictjson.loads(data, max_bytes=MAX_BYTES)
        spec = value.get("spec") if isinstance(value, dict) else None
        if spec != SPEC:
            raise FormatError(f"{spec!r:.80} is not {SPEC}", where="spec", code="UNSUPPORTED_VERSION")
        parsed = strictjson.convert(value, _PolicyJson)
        if len(parsed.identities) > MAX_IDENTITIES:
            raise FormatError(f"more than {MAX_IDENTITIES}", where="identities")
        signers: dict[Digest, Signer] = {}
        for index, entry in enumerate(parsed.identities):
            signer = _signer(entry, f"identities[{index}]")
            if signer.fingerprint in signers:
                raise FormatError("an earlier one has the same fingerprint", where=f"identities[{index}]")
            signers[signer.fingerprint] = signer
        try:
            return cls(
                signers=tuple(signers.values()),
                required=parsed.required,
                refused_settings=_codes(parsed.refuse.settings, SETTINGS, "refuse.settings"),
                refused_statuses=_codes(parsed.refuse.statuses, STATUSES, "refuse.statuses"),
                limits=ReadLimits(**msgspec.to_builtins(parsed.limits)),
            )
        except ValueError as error:
            raise FormatError(str(error)) from error

    def adding(self, *more: Signer, refuse: Iterable[str] = ()) -> Policy:
        """This policy with *more* signers, and with settings and statuses that it is to *refuse* too."""
        refused = frozenset(refuse)
        known = {signer.fingerprint for signer in self.signers}
        new = {signer.fingerprint: signer for signer in more if signer.fingerprint not in known}
        return msgspec.structs.replace(
            self,
            signers=(*self.signers, *new.values()),
            refused_settings=self.refused_settings | (refused - STATUSES),
            refused_statuses=self.refused_statuses | (refused & STATUSES),
        )

    def signer(self, fingerprint: Digest) -> Signer | None:
        """The trusted signer with this fingerprint, or None."""
        return next((signer for signer in self.signers if signer.fingerprint == fingerprint), None)

    def explain(self) -> list[str]:
        """The policy in words, a line a rule."""
        lines = ["a bundle passes when every byte is accounted for and all its seal's keys have signed it"]
        if self.signers:
            lines.append(f"the signer is one of {len(self.signers)} trusted identities:")
            lines += [f"  {signer.name}  {signer.fingerprint.hex[:16]}…" for signer in self.signers]
        else:
            lines.append(
                "no identity is trusted, so nothing can pass; `archiver identity trust FILE` adds one"
            )
        if self.required > 1:
            lines.append(f"{self.required} of them have signed it, or countersigned it beside itself")
        if self.refused_settings:
            lines.append(f"none of these settings was used: {', '.join(sorted(self.refused_settings))}")
        if self.refused_statuses:
            lines.append(f"the capture's status is none of: {', '.join(sorted(self.refused_statuses))}")
        lines.append(self._explain_limits())
        lines.append("no timestamp is asked for: the time of capture stays a claim")
        return lines

    def _explain_limits(self) -> str:
        limits = self.limits
        unpacked = "" if limits.unpacked_bytes is None else f", {limits.unpacked_bytes} bytes unpacked"
        return (
            f"no more is read than {limits.members} members, {limits.json_bytes} bytes of one JSON or index, "
            f"{limits.records} records{unpacked}"
        )


def _signer(entry: _SignerJson, where: str) -> Signer:
    try:
        check_name(entry.name)
        return Signer(fingerprint=Digest.parse(entry.fingerprint), name=entry.name)
    except FormatError as error:
        raise error.inside(where) from error


def _codes(given: list[str], known: frozenset[str], where: str) -> frozenset[str]:
    for index, code in enumerate(given):
        if code not in known:
            raise FormatError(
                f"{code!r:.80} is none of {', '.join(sorted(known))}", where=f"{where}[{index}]"
            )
        if code in given[:index]:
            raise FormatError(f"{code} for the second time", where=f"{where}[{index}]")
    return frozenset(given)
