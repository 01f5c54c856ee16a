"""Whom and what a verifier accepts; never read from a bundle."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from archiver.digest import Digest
from archiver.signing.keyring import Keyring

SETTINGS = frozenset(
    {
        "FORCED_ADDRESS",
        "TLS_UNVERIFIED",
        "EXTRA_CA",
        "PRIVATE_ADDRESS",
        "PROXY",
        "OPERATOR_SCRIPT",
        "REDACTED",
    }
)
"""The codes of settings that redirected or weakened a connection; a policy can refuse any of them."""

STATUSES = frozenset({"complete", "partial", "blocked", "gone", "failed"})


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
    refused_settings: frozenset[str] = frozenset()
    refused_statuses: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = (self.refused_settings - SETTINGS) | (self.refused_statuses - STATUSES)
        if unknown:
            raise ValueError(f"no such setting or status: {', '.join(sorted(unknown))}")

    @classmethod
    def trusting(cls, keyring: Keyring, *more: Signer, refuse: Iterable[str] = ()) -> Policy:
        """The signers that *keyring* trusts and *more*; *refuse* names settings and statuses."""
        refused = frozenset(refuse)
        known = tuple(
            Signer(fingerprint=trusted.identity.fingerprint, name=trusted.name, since=trusted.since[:10])
            for trusted in keyring.trusted()
        )
        return cls(
            signers=known + more,
            refused_settings=refused - STATUSES,
            refused_statuses=refused & STATUSES,
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
        if self.refused_settings:
            lines.append(f"none of these settings was used: {', '.join(sorted(self.refused_settings))}")
        if self.refused_statuses:
            lines.append(f"the capture's status is none of: {', '.join(sorted(self.refused_statuses))}")
        lines.append("no timestamp is asked for: the time of capture stays a claim")
        return lines
