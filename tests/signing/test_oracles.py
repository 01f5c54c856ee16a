"""Other people's cryptography agrees with ours: openssl, securesystemslib, and WebCrypto in Node."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key  # type: ignore[attr-defined]

from archiver.digest import Digest
from archiver.signing import pkcs8
from archiver.signing.dsse import PAYLOAD_TYPE, pae
from archiver.signing.identity import LocalIdentity
from archiver.signing.keys import Algorithm, LocalKey
from archiver.signing.strictbase64 import encode_base64
from archiver.signing.waczauth import signed_data
from tests.oracles import webcrypto
from tests.programs import need

PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'
PASSPHRASE = "correct horse"


def run(*command: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, input=data, capture_output=True, timeout=50, check=False)


def public_pem(spki: bytes) -> bytes:
    return f"-----BEGIN PUBLIC KEY-----\n{encode_base64(spki)}\n-----END PUBLIC KEY-----\n".encode()


def test_openssl_verifies_the_ed25519_signature(library: LocalIdentity, tmp_path: Path) -> None:
    openssl = need("openssl")
    envelope = library.sign_payload(PAYLOAD_TYPE, PAYLOAD)
    key, message, signature = (tmp_path / name for name in ("key.pem", "message", "signature"))
    key.write_bytes(public_pem(library.identity.seal_keys[0].spki))
    signature.write_bytes(envelope.signatures[0].sig)
    flags: list[str | Path] = [
        "-verify",
        "-rawin",
        "-pubin",
        "-inkey",
        key,
        "-sigfile",
        signature,
        "-in",
        message,
    ]
    verify = [openssl, "pkeyutl", *flags]
    message.write_bytes(pae(PAYLOAD_TYPE, PAYLOAD))
    good = run(*verify)
    assert (good.returncode, good.stdout.strip()) == (0, b"Signature Verified Successfully")
    message.write_bytes(pae(PAYLOAD_TYPE, PAYLOAD + b" "))
    assert run(*verify).returncode != 0


def test_securesystemslib_verifies_the_envelope(library: LocalIdentity, attacker: LocalIdentity) -> None:
    public = library.identity.seal_keys[0]
    key = Key.from_dict(
        public.keyid,
        {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public.spki[-32:].hex()}},
    )
    ours = library.sign_payload(PAYLOAD_TYPE, PAYLOAD).to_builtins()
    theirs = OtherEnvelope.from_dict(json.loads(json.dumps(ours)))
    assert theirs.pae() == pae(PAYLOAD_TYPE, PAYLOAD)
    assert list(theirs.verify([key], 1)) == [public.keyid]
    forged = json.loads(json.dumps(ours))
    forged["signatures"][0]["sig"] = encode_base64(
        attacker.sign_payload(PAYLOAD_TYPE, PAYLOAD).signatures[0].sig
    )
    with pytest.raises(VerificationError):
        OtherEnvelope.from_dict(forged).verify([key], 1)


def test_webcrypto_verifies_the_wacz_auth_signature(library: LocalIdentity) -> None:
    data = signed_data(
        library, Digest.of(b"datapackage.json"), created="2026-11-23T10:06:51Z", software="archiver"
    )
    assert webcrypto.verifies(data)
    assert not webcrypto.verifies(data | {"hash": str(Digest.of(b"another"))})


def _openssl_for(alg: Algorithm) -> Path:
    openssl = need("openssl")
    version = re.match(rb"OpenSSL (\d+)\.(\d+)", run(openssl, "version").stdout)
    assert version is not None
    if alg is Algorithm.ML_DSA_65 and (int(version[1]), int(version[2])) < (3, 5):
        pytest.skip("openssl has ML-DSA from 3.5 on")
    return openssl


@pytest.mark.parametrize("alg", list(Algorithm))
@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_openssl_reads_our_key_files(tmp_path: Path, alg: Algorithm, passphrase: str | None) -> None:
    openssl = _openssl_for(alg)
    key = LocalKey.generate(alg)
    path = tmp_path / "key.pem"
    path.write_bytes(pkcs8.to_pem(key, passphrase))

    def read(secret: str) -> subprocess.CompletedProcess[bytes]:
        return run(openssl, "pkey", "-in", path, "-passin", f"pass:{secret}", "-pubout", "-outform", "DER")

    done = read(passphrase or "")
    assert (done.returncode, done.stdout) == (0, key.public.spki), done.stderr
    if passphrase:
        assert read(passphrase + "x").returncode != 0


@pytest.mark.parametrize("alg", list(Algorithm))
def test_openssl_finds_the_wrapping_that_the_format_asks_for(tmp_path: Path, alg: Algorithm) -> None:
    openssl = need("openssl")
    path = tmp_path / "key.pem"
    path.write_bytes(pkcs8.to_pem(LocalKey.generate(alg), PASSPHRASE))
    told = run(openssl, "asn1parse", "-in", path).stdout.decode()
    assert re.findall(r"OBJECT\s+:(.+)", told) == ["PBES2", "PBKDF2", "hmacWithSHA512", "aes-256-cbc"]
    (rounds,) = re.findall(r"INTEGER\s+:([0-9A-F]+)", told)
    assert int(rounds, 16) >= 600_000
    salt = re.search(r"OCTET STRING\s+\[HEX DUMP\]:([0-9A-F]+)", told)
    assert salt is not None
    assert len(salt[1]) == 32


@pytest.mark.parametrize(
    "kind", [["ed25519"], ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]], ids=["Ed25519", "P-384"]
)
def test_we_read_the_key_files_of_openssl(tmp_path: Path, kind: list[str]) -> None:
    openssl = need("openssl")
    plain, locked = tmp_path / "plain.pem", tmp_path / "locked.pem"
    assert run(openssl, "genpkey", "-algorithm", *kind, "-out", plain).returncode == 0
    wrap = ["-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512", "-iter", "600000"]
    assert (
        run(
            openssl, "pkcs8", *wrap, "-in", plain, "-out", locked, "-passout", f"pass:{PASSPHRASE}"
        ).returncode
        == 0
    )
    spki = run(openssl, "pkey", "-in", plain, "-pubout", "-outform", "DER").stdout
    assert pkcs8.from_pem(plain.read_bytes()).public.spki == spki
    assert pkcs8.from_pem(locked.read_bytes(), PASSPHRASE).public.spki == spki


def test_openssl_gives_the_keyid(library: LocalIdentity) -> None:
    openssl = need("openssl")
    for key in library.identity.seal_keys:
        told = run(openssl, "dgst", "-sha256", "-r", data=key.spki).stdout.decode()
        assert key.keyid == f"sha256:{told[:64]}"
