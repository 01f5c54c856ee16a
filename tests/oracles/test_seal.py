"""The seal of a whole bundle, checked by other people's programs alone: no code of ours reads it here."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import textwrap
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key  # type: ignore[attr-defined]

from tests.oracles.bundle import OracleBundle
from tests.oracles.webcrypto import verifies
from tests.programs import need

Run = subprocess.CompletedProcess[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A sealed bundle as the standard library reads it."""

    path: Path
    members: dict[str, bytes]
    closing: dict[str, Any]
    """datapackage-digest.json."""
    identity: dict[str, Any]
    envelope: dict[str, Any]
    payload: bytes
    statement: dict[str, Any]

    @property
    def signed(self) -> bytes:
        """The bytes under the signatures: DSSE's pre-authentication encoding."""
        kind = self.envelope["payloadType"]
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(self.payload), self.payload)

    def spki(self, alg: str) -> bytes:
        (found,) = (key["spki"] for key in self.identity["keys"] if key["alg"] == alg)
        return base64.b64decode(found, validate=True)

    def signature(self, alg: str) -> bytes:
        keyid = "sha256:" + hashlib.sha256(self.spki(alg)).hexdigest()
        (found,) = (one["sig"] for one in self.envelope["signatures"] if one["keyid"] == keyid)
        return base64.b64decode(found, validate=True)


@pytest.fixture
def sealed(oracle_bundle: OracleBundle) -> Sealed:
    with zipfile.ZipFile(oracle_bundle.path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    closing = json.loads(members["datapackage-digest.json"])
    envelope = closing["provenance"]["envelope"]
    payload = base64.b64decode(envelope["payload"], validate=True)
    return Sealed(
        path=oracle_bundle.path,
        members=members,
        closing=closing,
        identity=json.loads(members["provenance/identity.json"]),
        envelope=envelope,
        payload=payload,
        statement=json.loads(payload),
    )


def run(*command: str | Path, data: bytes = b"") -> Run:
    return subprocess.run(command, input=data, capture_output=True, timeout=50, check=False)


def test_the_signed_statement_has_the_digest_of_every_member(sealed: Sealed) -> None:
    subjects = [(one["name"], one["digest"]["sha256"]) for one in sealed.statement["subject"]]
    covered = {name: data for name, data in sealed.members.items() if name != "datapackage-digest.json"}
    assert sorted(subjects) == sorted(
        (name, hashlib.sha256(data).hexdigest()) for name, data in covered.items()
    )


def test_the_datapackage_lists_every_member_before_it(sealed: Sealed) -> None:
    package = json.loads(sealed.members["datapackage.json"])
    listed = {(one["path"], one["bytes"], one["hash"]) for one in package["resources"]}
    last = {"datapackage.json", "datapackage-digest.json"}
    assert listed == {
        (name, len(data), "sha256:" + hashlib.sha256(data).hexdigest())
        for name, data in sealed.members.items()
        if name not in last
    }
    whole = hashlib.sha256(sealed.members["datapackage.json"]).hexdigest()
    assert (sealed.closing["path"], sealed.closing["hash"]) == ("datapackage.json", f"sha256:{whole}")


def test_openssl_finds_the_fingerprint_that_was_signed(sealed: Sealed) -> None:
    told = run(need("openssl"), "dgst", "-sha256", "-r", data=sealed.members["provenance/identity.json"])
    assert sealed.statement["predicate"]["identity"] == "sha256:" + told.stdout.decode()[:64]


def test_openssl_verifies_the_ed25519_signature(sealed: Sealed, tmp_path: Path) -> None:
    key, message, signature = (tmp_path / name for name in ("key.pem", "message", "signature"))
    lines = textwrap.wrap(base64.b64encode(sealed.spki("ed25519")).decode(), 64)
    key.write_text("\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]))
    signature.write_bytes(sealed.signature("ed25519"))
    openssl = need("openssl")

    def verify(signed: bytes) -> Run:
        message.write_bytes(signed)
        with_key = ("pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", message)
        return run(openssl, *with_key, "-sigfile", signature)

    good = verify(sealed.signed)
    assert (good.returncode, good.stdout.strip()) == (0, b"Signature Verified Successfully"), good.stderr
    assert verify(sealed.signed.replace(b'"origin":"captured"', b'"origin":"imported"')).returncode != 0


def test_securesystemslib_verifies_the_ed25519_signature(sealed: Sealed) -> None:
    keyid = "sha256:" + hashlib.sha256(sealed.spki("ed25519")).hexdigest()
    public = {"public": sealed.spki("ed25519")[-32:].hex()}
    key = Key.from_dict(keyid, {"keytype": "ed25519", "scheme": "ed25519", "keyval": public})
    assert list(Envelope.from_dict(json.loads(json.dumps(sealed.envelope))).verify([key], 1)) == [keyid]
    changed = sealed.payload.replace(b'"origin":"captured"', b'"origin":"imported"')
    forged = sealed.envelope | {"payload": base64.b64encode(changed).decode()}
    with pytest.raises(VerificationError):
        Envelope.from_dict(forged).verify([key], 1)


def test_cryptography_verifies_the_ml_dsa_signature(sealed: Sealed) -> None:
    key = load_der_public_key(sealed.spki("ml-dsa-65"))
    assert isinstance(key, MLDSA65PublicKey)
    key.verify(sealed.signature("ml-dsa-65"), sealed.signed)
    with pytest.raises(InvalidSignature):
        key.verify(sealed.signature("ml-dsa-65"), sealed.signed + b" ")


def test_webcrypto_verifies_the_wacz_auth_signature(sealed: Sealed) -> None:
    data = sealed.closing["signedData"]
    assert data["hash"] == sealed.closing["hash"]
    assert data["publicKey"] == base64.b64encode(sealed.spki("ecdsa-p384")).decode()
    assert verifies(data)
    assert not verifies(data | {"hash": f"sha256:{0:064x}"})


def test_unzip_finds_nothing_wrong(sealed: Sealed, tmp_path: Path) -> None:
    unzip = need("unzip")
    tested = run(unzip, "-t", sealed.path)
    assert (tested.returncode, tested.stderr) == (0, b""), tested.stdout
    assert run(unzip, "-q", sealed.path, "-d", tmp_path).returncode == 0
    # Readable, although no permissions are stored.
    assert {name: (tmp_path / name).read_bytes() for name in sealed.members} == sealed.members


def test_zipinfo_finds_every_member_stored_and_no_extras(sealed: Sealed) -> None:
    told = run(need("unzip"), "-Z", sealed.path).stdout.decode()
    lines = [line.split() for line in told.splitlines() if line.startswith("-")]
    assert [line[-1] for line in lines] == list(sealed.members)
    # Text or binary is its guess; the hyphen after it says that there is neither extra field nor descriptor.
    assert {(line[5], line[4][1:]) for line in lines} == {("stor", "-")}


def test_the_standard_library_tests_every_crc(sealed: Sealed) -> None:
    done = run(sys.executable, "-m", "zipfile", "-t", sealed.path)
    assert (done.returncode, done.stdout.strip()) == (0, b"Done testing")
