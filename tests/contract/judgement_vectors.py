"""Vectors of what a verifier asks beyond soundness: policy, time, evidence, versions, blanked values."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from archiver import strictjson
from archiver.bundle.bundle import MANIFEST
from archiver.bundle.datapackage import DatapackageDigest
from archiver.bundle.statement import PREDICATE_TYPE, Statement
from tests.contract.forging import base, consistent, page, replaced, sealed, settings, statement, whole
from tests.contract.keys import COURT, LIBRARY
from tests.contract.projection_vectors import MISSING, as_recorded
from tests.contract.vector import Vector, trusting, vector
from tests.rogue import zipped
from tests.verify.test_redaction import CONTRADICTIONS, FORM, blanked

_ALL = (LIBRARY, COURT)


# Policy


def _refusing(name: str, code: str, says: str, **changed: Any) -> Vector:
    return vector(f"policy-refuses-{name}", "policy SETTING_REFUSED",
                  lambda: sealed(consistent(whole(stated=settings(**changed)))), says,
                  policy=trusting(*_ALL, refuse={"settings": [code]}))  # fmt: skip


def _status(status: str) -> Vector:
    partly = {"status": status, "reasons": ["missing"], "missing": [MISSING], "missing_count": 1}
    stated = statement(**(partly if status != "complete" else {}))
    return vector(f"policy-refuses-what-is-{status}", "policy STATUS_REFUSED",
                  lambda: sealed(consistent(whole(stated=stated))),
                  f"The policy refuses what is {status}, as this is.",
                  policy=trusting(*_ALL, refuse={"statuses": [status]}))  # fmt: skip


def _limited(name: str, reasons: str, says: str, **limits: int) -> Vector:
    return vector(
        f"policy-limits-{name}", reasons, lambda: zipped(base()), says, policy=trusting(*_ALL, limits=limits)
    )


_POLICY: list[Vector] = [
    _refusing("a-forced-address", "FORCED_ADDRESS",
              "The policy refuses a forced address, and one was forced.",
              resolve=["news.example:443:192.0.2.1"]),
    _refusing("unverified-tls", "TLS_UNVERIFIED",
              "The policy refuses unverified TLS, and TLS was not verified.", insecure=True),
    _refusing("extra-authorities", "EXTRA_CA", "The policy refuses extra authorities, and one was added.",
              cacert=[f"sha256:{'0' * 64}"]),
    _refusing("private-addresses", "PRIVATE_ADDRESS",
              "The policy refuses private addresses, and they were allowed.", allow_private=True),
    _refusing("a-private-address-that-was-reached", "PRIVATE_ADDRESS",
              "The policy refuses private addresses, and a connection went to one.", private_reached=True),
    _refusing("a-proxy", "PROXY", "The policy refuses proxies, and one was used.",
              proxy="http://proxy.example:8080"),
    _refusing("blanked-values", "REDACTED", "The policy refuses blanked values, and secrets were given.",
              redacted=True),
    *map(_status, ("complete", "partial", "blocked")),
    vector("policy-refuses-what-is-not-there", "",
           lambda: zipped(base()), "The policy refuses settings and statuses of which the bundle has none.",
           policy=trusting(*_ALL, refuse={"settings": ["PROXY", "TLS_UNVERIFIED"], "statuses": ["partial"]})),
    vector("policy-requires-two-identities", "policy THRESHOLD_NOT_REACHED",
           lambda: sealed(consistent(whole()), LIBRARY),
           "The policy asks for two of its identities. The library has two keys and is one.",
           policy=trusting(*_ALL, required=2)),
    _limited("members", "container RESOURCE_LIMIT",
             "The policy reads three members at most; there are seven.", members=3),
    _limited("records", "records RESOURCE_LIMIT", "The policy reads two records at most; there are three.",
             records=2),
    _limited("unpacked-bytes", "records RESOURCE_LIMIT", "The policy unpacks 500 bytes of records at most.",
             unpacked_bytes=500),
    _limited("json-bytes", "container RESOURCE_LIMIT", "The policy reads 100 bytes of JSON at most.",
             json_bytes=100),
]  # fmt: skip


# Time and evidence


def _created(text: str) -> Callable[[], bytes]:
    return lambda: sealed(base(), package=lambda value: msgspec.structs.replace(value, created=text))


def _proof(closing: DatapackageDigest, **fields: Any) -> DatapackageDigest:
    """*closing* with other fields of its provenance."""
    assert closing.provenance is not None
    return msgspec.structs.replace(closing, provenance=msgspec.structs.replace(closing.provenance, **fields))


def _evidence(value: object) -> Callable[[], bytes]:
    def change(closing: DatapackageDigest) -> DatapackageDigest:
        return _proof(closing, evidence=value)

    return lambda: sealed(base(), closing=change)


_TIME: list[Vector] = [
    vector("time-ahead-of-every-clock", "time CLOCK", _created("9999-01-01T00:00:00Z"),
           "The sealing time claimed is in the year 9999: some clock is wrong, and which cannot be told."),
    *(vector(f"time-{short}", "time FORMAT_FAILURE", _created(text),
             f"The sealing time claimed is {text!r}, not a UTC time in seconds.")
      for short, text in (
          ("in-another-zone", "2026-11-23T12:00:00+01:00"),
          ("with-a-fraction", "2026-11-23T12:00:00.5Z"),
          ("of-no-day", "2026-02-30T12:00:00Z"),
          ("empty", ""),
      )),
    vector("evidence-of-an-unknown-type", "evidence NOT_RELIED_ON",
           _evidence([{"type": "example", "note": 1}]),
           "Somebody added evidence of a type that v1 does not have: it counts for nothing and spoils "
           "nothing."),
    vector("evidence-of-1001-entries", "PASSED evidence RESOURCE_LIMIT", _evidence([{"type": "x"}] * 1001),
           "Somebody added more entries than are read: they count for nothing and spoil nothing."),
    *(vector(f"evidence-{short}", "evidence FORMAT_FAILURE", _evidence(value),
             f"{says}: the array is not one of evidence.")
      for short, value, says in (
          ("that-is-text", ["trust me"], "An entry is text"),
          ("without-a-type", [{}], "An entry has no type"),
          ("of-a-type-that-is-a-number", [{"type": 1}], "An entry's type is a number"),
      )),
]  # fmt: skip


# Versions


def _of_spec(spec: str) -> Callable[[], bytes]:
    def make() -> bytes:
        manifest = strictjson.dumps({**json.loads(base()[MANIFEST]), "spec": spec})
        return sealed({**base(), MANIFEST: manifest}, statement=as_recorded)

    return make


def _of_wacz(version: str) -> Callable[[], bytes]:
    def change(data: bytes) -> bytes:
        return data.replace(b'"wacz_version":"1.1.1"', f'"wacz_version":"{version}"'.encode())

    return lambda: sealed(base(), package_bytes=change)


def _newer_with_null(data: bytes) -> bytes:
    newer = replaced(data, b'"wacz_version":"1.1.1"', b'"wacz_version":"1.2.0"')
    return replaced(newer, b'"title":"A page"', b'"title":null')


def _of_predicate(kind: str) -> Callable[[], bytes]:
    def change(made: Statement) -> Statement:
        return msgspec.structs.replace(made, predicate_type=kind)

    return lambda: sealed(base(), statement=change)


def _of_provenance(version: str) -> Callable[[], bytes]:
    def change(closing: DatapackageDigest) -> DatapackageDigest:
        return _proof(closing, media_type=f"application/vnd.archiver.provenance.{version}+json")

    return lambda: sealed(base(), closing=change)


_UNSUPPORTED = "datapackage UNSUPPORTED_VERSION, statement UNSUPPORTED_VERSION, signature UNSUPPORTED_VERSION"
_VERSIONS: list[Vector] = [
    vector("version-of-the-manifest-newer", "manifest UNSUPPORTED_VERSION", _of_spec("archiver-bundle/v9"),
           "The manifest is of a spec that this verifier lacks; nothing is wrong that it knows of."),
    vector("version-of-the-manifest-older", "manifest UNSUPPORTED_VERSION", _of_spec("archiver-bundle/v0"),
           "The manifest is of an older spec than there was: nobody is talked down to one."),
    vector("version-of-the-manifest-none", "manifest FORMAT_FAILURE", _of_spec("v1"),
           "The manifest's spec is not one of this format."),
    vector("version-of-the-predicate-newer", "statement UNSUPPORTED_VERSION",
           _of_predicate(PREDICATE_TYPE.replace("/v1", "/v2")),
           "The predicate is of a version that this verifier lacks."),
    vector("version-of-the-predicate-older", "statement UNSUPPORTED_VERSION",
           _of_predicate(PREDICATE_TYPE.replace("/v1", "/v0")),
           "The predicate is of an older version than there was."),
    vector("version-of-wacz-newer", _UNSUPPORTED, _of_wacz("1.2.0"),
           "datapackage.json is of WACZ 1.2.0; v1 bundles are of 1.1.1."),
    vector("version-of-wacz-older", _UNSUPPORTED, _of_wacz("1.0.0"),
           "datapackage.json is of WACZ 1.0.0; v1 bundles are of 1.1.1."),
    vector("version-of-wacz-newer-in-another-form",
           "datapackage FORMAT_FAILURE, statement FORMAT_FAILURE, signature FORMAT_FAILURE",
           lambda: sealed(base(), package_bytes=_newer_with_null),
           "datapackage.json is of WACZ 1.2.0 and has a field that is null: its form comes first."),
    vector("version-of-the-proof-newer", _UNSUPPORTED, _of_provenance("v2"),
           "The proof is of a version that this verifier lacks."),
    vector("version-of-the-proof-older", _UNSUPPORTED, _of_provenance("v0"),
           "The proof is of an older version than there was."),
]  # fmt: skip


# Blanked values


def _range(name: str, says: str) -> Vector:
    return vector(f"blanked-{says.replace(' ', '-').replace(chr(39), '')}", "records FORMAT_FAILURE",
                  lambda: sealed(consistent(blanked(FORM[name]), [page()])),
                  f"A range that is said to be blanked is {says}: anything could be hidden so.")  # fmt: skip


def _said(name: str, says: str) -> Vector:
    redacted, parts = CONTRADICTIONS[name]
    return vector(f"blanked-{name.replace(' ', '-')}", "records CONTRADICTION",
                  lambda: sealed(consistent(blanked(redacted, **parts), [page()])), f"{says}.")  # fmt: skip


_BLANKED: list[Vector] = [
    _range("the request line", "in the request line"),
    _range("the break after a value", "beyond a value"),
    _range("overlapping", "in another range"),
    _range("out of order", "out of order"),
    _range("an interim answer that is not there", "in no interim answer"),
    _range("the status line", "in the status line"),
    _range("the body", "in the body"),
    _said("something left of a secret", "A byte of a secret is left in a range that is said to be blanked"),
    _said("something left in the trailer",
          "A value in a trailer is left in a range that is said to be blanked"),
    _said("a header that was not stated", "A header is blanked that was not stated to be a secret"),
    _said("a capture that states no secrets",
          "Values are blanked, and the stated record knows of no secrets"),
]  # fmt: skip


VECTORS: list[Vector] = [*_POLICY, *_TIME, *_VERSIONS, *_BLANKED]
