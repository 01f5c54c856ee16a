"""Judging bundles: policy in, verdict out, no network and no writing."""

from archiver.bundle.verdict import Check, Verdict
from archiver.verify.policy import Policy, Signer
from archiver.verify.result import Result
from archiver.verify.verify import verify

__all__ = ["Check", "Policy", "Result", "Signer", "Verdict", "verify"]
