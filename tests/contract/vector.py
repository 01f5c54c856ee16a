"""One vector: how its bundle is made, the policy it is judged by, what must be found, and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from archiver.digest import Digest
from archiver.signing.identity import LocalIdentity
from tests.contract.keys import COURT, LIBRARY

POLICY_SPEC = "archiver-policy/v1-draft"

_INDETERMINATE = frozenset(
    "NO_SIGNATURE UNTRUSTED_SIGNER THRESHOLD_NOT_REACHED UNSUPPORTED_VERSION RESOURCE_LIMIT CLOCK "
    "SETTING_REFUSED STATUS_REFUSED".split()
)
_NOTES = frozenset({"CLAIMED_TIME", "NOT_RELIED_ON"})
_ORDER = ("PASSED", "INDETERMINATE", "FAILED")
CLAIMED = "time CLAIMED_TIME"


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle and its judgement; *reasons* are ``check CODE``, or ``VERDICT check CODE``."""

    name: str
    says: str
    """One line: what was done, and why the verdict is what it is."""
    reasons: tuple[str, ...]
    make: Callable[[], bytes]
    policy: dict[str, Any]

    def expected(self) -> dict[str, Any]:
        """What stands in expect.json."""
        found = sorted({_reason(text) for text in self.reasons})
        verdicts = ["PASSED", *(verdict for _, verdict, _ in found)]
        return {
            "verdict": max(verdicts, key=_ORDER.index),
            "reasons": [{"check": check, "code": code, "verdict": verdict} for check, verdict, code in found],
        }

    def files(self) -> dict[str, bytes]:
        """Its files by name."""
        verdict = self.expected()["verdict"]
        return {
            "bundle.wacz": self.make(),
            "policy.json": as_text(self.policy),
            "expect.json": as_text(self.expected()),
            "README.md": f"# {self.name}\n\n**{verdict}.** {self.says}\n".encode(),
        }


def trusting(*identities: LocalIdentity, **rules: Any) -> dict[str, Any]:
    """A policy that trusts *identities*."""
    return {
        "spec": POLICY_SPEC,
        "identities": [
            {"fingerprint": str(local.identity.fingerprint), "name": local.identity.name}
            for local in identities
        ],
        **rules,
    }


def trusting_file(data: bytes, name: str, **rules: Any) -> dict[str, Any]:
    """A policy that trusts the identity file *data*, sound or not."""
    return {"spec": POLICY_SPEC, "identities": [{"fingerprint": str(Digest.of(data)), "name": name}], **rules}


TRUSTED = trusting(LIBRARY, COURT)


def vector(
    name: str,
    reasons: str,
    make: Callable[[], bytes],
    says: str,
    *,
    policy: dict[str, Any] | None = None,
) -> Vector:
    """A vector; *reasons* are parted by commas.

    Where the signatures are looked at and hold, the note that the time is only claimed is among them
    without being named.
    """
    named = tuple(text.strip() for text in reasons.split(",") if text.strip())
    timed = not {_reason(text)[0] for text in named} & {"container", "signature", "time"}
    return Vector(
        name=name,
        says=says,
        reasons=named + ((CLAIMED,) if timed else ()),
        make=make,
        policy=TRUSTED if policy is None else policy,
    )


def table(vectors: Iterable[Vector]) -> str:
    """The rows of the table of all vectors."""
    return "".join(
        f"| [{one.name}]({one.name}/) | {one.expected()['verdict']} | {_codes(one)} | {one.says} |\n"
        for one in vectors
    )


def as_text(value: object) -> bytes:
    """*value* as JSON on one line."""
    return json.dumps(value).encode() + b"\n"


def _codes(one: Vector) -> str:
    reasons = one.expected()["reasons"]
    told = [reason for reason in reasons if (reason["check"], reason["code"]) != tuple(CLAIMED.split())]
    return ", ".join(f"{reason['check']} {reason['code']}" for reason in told)


def _reason(text: str) -> tuple[str, str, str]:
    """Check, verdict and code of a reason as it is written in a vector."""
    *verdict, check, code = text.split()
    if verdict:
        return check, verdict[0], code
    if code in _NOTES:
        return check, "PASSED", code
    return check, "INDETERMINATE" if code in _INDETERMINATE else "FAILED", code
