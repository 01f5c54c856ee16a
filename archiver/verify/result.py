"""What verifying found, for programs and for people."""

from __future__ import annotations

import msgspec

from archiver.bundle.verdict import Check, Verdict
from archiver.digest import Digest
from archiver.errors import VerificationError
from archiver.manifest import Manifest
from archiver.verify.policy import Signer


class Countersigner(msgspec.Struct, frozen=True, kw_only=True):
    """Whose countersignature beside the file holds over its bytes, trusted or not."""

    identity: Digest
    signer: Signer | None
    """As the policy knows them; None while not trusted."""
    role: str
    """What they say: received, witnessed or captured."""
    date: str
    """When, as claimed (UTC)."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one bundle and every check behind it; true only when it passed."""

    name: str
    """What was verified, as the caller named it."""
    checks: tuple[Check, ...]
    kind: str = "archiver"
    """What was judged: a bundle of ours, another tool's (wacz), a plain warc, or a file of no such kind."""
    id: Digest | None = None
    """The bundle's id as computed, once a signature over it by the bundle's own identity held."""
    signer: Signer | None = None
    """Who signed, from the policy; None while not trusted or not proved."""
    identity: Digest | None = None
    """The fingerprint of the identity whose keys signed, trusted or not; None where no signature held."""
    countersigner: Countersigner | None = None
    """Who countersigned it beside itself; *signer* too, where the file is none of ours."""
    software: str | None = None
    """What made another tool's bundle, by its own word; proved by nothing."""
    claimant: str | None = None
    """Whom or which key another tool's bundle is signed for, by its own word; proved by nothing."""
    created: str | None = None
    """When it was sealed, as claimed by the signer (UTC)."""
    size: int = 0
    """Bytes of the whole bundle."""
    files: int = 0
    blanks: int = 0
    """Ranges of its records that hold asterisks in a secret's place."""
    manifest: Manifest | None = None
    """Made anew from the records; use `require`, which gives it only when the bundle passed."""

    @property
    def verdict(self) -> Verdict:
        """The worst of the checks' verdicts."""
        return Verdict.worst(check.verdict for check in self.checks)

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASSED

    def require(self) -> Manifest:
        """The manifest, believed; VerificationError unless the bundle passed."""
        if not self or self.manifest is None:
            bad = next((check for check in self.checks if check.verdict is self.verdict), None)
            raise VerificationError(f"{self.name}: {bad or self.verdict.value}", result=self)
        return self.manifest
