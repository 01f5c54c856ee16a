"""All vectors, in the order of their table."""

from __future__ import annotations

from tests.contract import (
    container_vectors,
    good_vectors,
    identity_vectors,
    import_vectors,
    json_vectors,
    judgement_vectors,
    projection_vectors,
    seal_vectors,
    waczauth_vectors,
    warc_vectors,
)
from tests.contract.vector import Vector, table

FAMILIES: list[tuple[str, list[Vector]]] = [
    ("Good ones", good_vectors.VECTORS),
    ("The ZIP", container_vectors.VECTORS),
    ("JSON and base64", json_vectors.VECTORS),
    ("The seal", seal_vectors.VECTORS),
    ("datapackage-digest.json and wacz-auth", waczauth_vectors.VECTORS),
    ("Identities", identity_vectors.VECTORS),
    ("Records", warc_vectors.VECTORS),
    ("What follows from the records", projection_vectors.VECTORS),
    ("Imports", import_vectors.VECTORS),
    ("Policy, time, evidence, versions, blanked values", judgement_vectors.VECTORS),
]

VECTORS: list[Vector] = [vector for _, family in FAMILIES for vector in family]

_HEAD = """\
# Vectors

Each folder is one bundle and its judgement: `bundle.wacz`; `policy.json`, what the verifier asks;
`expect.json`, the verdict and every reason, that is every distinct check, code and verdict of a check whose
code is not `OK`; `README.md`, what was done. Each has one reason, or the few that must follow from it;
whatever lies above the change was hashed and signed anew. `../run` runs them all against any verifier. Keys
are those of `../keys/`, and for tests only.

The note `CLAIMED_TIME` stands wherever a seal's signatures hold and no timestamp proves when it was made; the
tables leave it out. Most bundles are sealed by the court, which has no ML-DSA key, so that a verifier can
begin without one. The sealing time claimed in them is 2026-11-23 12:00 UTC: a machine whose clock is before
that finds `CLOCK`.

This file and all folders are made by `make vectors`.
"""


def readme() -> bytes:
    """The table of all vectors."""
    parts = [_HEAD]
    for title, family in FAMILIES:
        parts.append(f"\n## {title}\n\n| vector | verdict | reasons | what was done |\n|---|---|---|---|\n")
        parts.append(table(family))
    return "".join(parts).encode()
