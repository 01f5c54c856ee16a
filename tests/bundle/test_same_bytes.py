"""Given the same WARC, identity, `created` and version, bundles are equal but for one hedged signature."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from archiver.bundle.container import LAST
from archiver.bundle.datapackage import DatapackageDigest
from archiver.signing.dsse import Envelope
from archiver.signing.export import Export
from archiver.signing.pkcs8 import to_pem
from tests import small
from tests.rogue import members_of, zipped

CLOSING = LAST[1]

PROGRAM = """
import sys
from pathlib import Path
from archiver.signing.export import Export
from tests import small
local = Export.from_bytes(Path(sys.argv[1]).read_bytes()).unlock()
Path(sys.argv[2]).write_bytes(small.sealed(local=local))
"""


def with_signatures_of(data: bytes, other: bytes) -> bytes:
    """*data* with its ML-DSA signature replaced by that of *other*, and so the CRC that follows from it."""
    members, others = members_of(data), members_of(other)
    closing, theirs = (DatapackageDigest.from_json(files[CLOSING]) for files in (members, others))
    assert closing.provenance is not None and theirs.provenance is not None
    mine = Envelope.from_builtins(closing.provenance.envelope)
    signatures = Envelope.from_builtins(theirs.provenance.envelope).signatures
    assert mine.signatures[0] == signatures[0], "Ed25519 is deterministic"
    assert mine.signatures[1] != signatures[1], "ML-DSA is hedged"
    envelope = Envelope(payload=mine.payload, payload_type=mine.payload_type, signatures=signatures)
    provenance = msgspec.structs.replace(closing.provenance, envelope=envelope.to_builtins())
    members[CLOSING] = msgspec.structs.replace(closing, provenance=provenance).to_json()
    return zipped(members)


def test_packing_twice_gives_the_same_bytes() -> None:
    assert small.packed() == small.packed()


def test_another_process_in_another_place_seals_the_same_bytes(tmp_path: Path) -> None:
    local = small.identity()
    keys = tmp_path / "identity.json"
    keys.write_bytes(
        Export(identity=local.identity, private=tuple(to_pem(key) for key in local.keys)).to_bytes()
    )
    other = tmp_path / "other.wacz"
    environment = {**os.environ, "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7", "LC_ALL": "C"}
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", PROGRAM, keys, other], check=True, cwd=root, env=environment, timeout=60
    )
    assert with_signatures_of(other.read_bytes(), small.bundle()) == small.bundle()
