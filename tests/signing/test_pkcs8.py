from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from archiver.errors import KeyFileError
from archiver.signing import pkcs8
from archiver.signing.keys import Algorithm, LocalKey
from archiver.signing.strictbase64 import decode_base64, encode_base64

PASSPHRASE = "richtig pferd batterie ☃"
QUICK = 1000

every_algorithm = pytest.mark.parametrize("alg", list(Algorithm))


@every_algorithm
def test_a_plain_key_survives(alg: Algorithm) -> None:
    key = LocalKey.generate(alg)
    pem = pkcs8.to_pem(key)
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert not pkcs8.is_encrypted(pem)
    assert key.public.verifies(pkcs8.from_pem(pem).sign(b"message"), b"message")
    assert pem == key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@every_algorithm
def test_a_key_under_a_passphrase_survives(alg: Algorithm) -> None:
    key = LocalKey.generate(alg)
    pem = pkcs8.to_pem(key, PASSPHRASE, rounds=QUICK)
    assert pkcs8.is_encrypted(pem)
    assert key.public.verifies(pkcs8.from_pem(pem, PASSPHRASE).sign(b"message"), b"message")


@every_algorithm
def test_the_library_reads_our_wrapping_at_the_rounds_we_promise(alg: Algorithm) -> None:
    key = LocalKey.generate(alg)
    pem = pkcs8.to_pem(key, PASSPHRASE)
    assert bytes.fromhex("0203") + (600_000).to_bytes(3, "big") in _der(pem)
    private = load_pem_private_key(pem, PASSPHRASE.encode())
    assert private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) == pkcs8.to_pem(key)


def test_the_wrapping_is_a_function_of_key_passphrase_salt_and_iv() -> None:
    key = LocalKey.generate(Algorithm.ED25519)
    made = {pkcs8.to_pem(key, "x", rounds=QUICK, random=bytes) for _ in range(3)}
    assert len(made) == 1
    assert pkcs8.to_pem(key, "x", rounds=QUICK) != pkcs8.to_pem(key, "x", rounds=QUICK)


@pytest.mark.parametrize("passphrase", ["wrong", PASSPHRASE + " ", ""])
def test_a_wrong_passphrase_is_said_to_be_wrong(passphrase: str) -> None:
    pem = pkcs8.to_pem(LocalKey.generate(Algorithm.ED25519), PASSPHRASE, rounds=QUICK)
    with pytest.raises(KeyFileError, match="wrong passphrase"):
        pkcs8.from_pem(pem, passphrase)


def test_a_missing_passphrase_is_said_to_be_missing() -> None:
    pem = pkcs8.to_pem(LocalKey.generate(Algorithm.ED25519), PASSPHRASE, rounds=QUICK)
    with pytest.raises(KeyFileError, match="needs a passphrase"):
        pkcs8.from_pem(pem)


def test_an_empty_passphrase_protects_nothing() -> None:
    with pytest.raises(KeyFileError, match="empty"):
        pkcs8.to_pem(LocalKey.generate(Algorithm.ED25519), "")


@pytest.mark.parametrize("rounds", [pkcs8.MAX_ROUNDS + 1, 2**31 - 1, 2**63])
def test_a_file_that_asks_for_endless_rounds_is_refused_at_once(rounds: int) -> None:
    asked = rounds.to_bytes(rounds.bit_length() // 8 + 1, "big").hex()
    salted = _tlv("30", _tlv("04", "00" * 16) + _tlv("02", asked) + "300c06082a864886f70d020b0500")
    kdf = _tlv("30", "06092a864886f70d01050c" + salted)
    cipher = _tlv("30", "060960864801650304012a" + _tlv("04", "00" * 16))
    scheme = _tlv("30", "06092a864886f70d01050d" + _tlv("30", kdf + cipher))
    hostile = bytes.fromhex("3081" + _tlv("", scheme + _tlv("04", "00" * 48)))
    with pytest.raises(KeyFileError, match=f"asks for {rounds} rounds"):
        pkcs8.from_pem(_pem("ENCRYPTED PRIVATE KEY", hostile), PASSPHRASE)


def test_an_encrypted_key_that_the_library_wrote_is_read() -> None:
    key = LocalKey.generate(Algorithm.ECDSA_P384)
    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    assert pkcs8.from_pem(pem, "x") == key


def _tlv(tag: str, content: str) -> str:
    return f"{tag}{len(content) // 2:02x}{content}"


def _der(pem: bytes) -> bytes:
    return decode_base64(b"".join(pem.splitlines()[1:-1]).decode(), "")


def _pem(label: str, der: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n{encode_base64(der)}\n-----END {label}-----\n".encode()


PLAIN = pkcs8.to_pem(LocalKey.generate(Algorithm.ED25519))
LOCKED = pkcs8.to_pem(LocalKey.generate(Algorithm.ED25519), PASSPHRASE, rounds=QUICK)
PBES1 = "301a301006092a864886f70d010503300304000201010406616263646566"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        PLAIN + PLAIN,
        b"text before\n" + PLAIN,
        PLAIN.replace(b"PRIVATE", b"PUBLIC"),
        PLAIN.replace(b"-----END PRIVATE KEY-----", b"-----END ENCRYPTED PRIVATE KEY-----"),
        PLAIN[:-40],
        PLAIN.replace(b"MC4", b"MC5"),
        PLAIN.replace(b"MC4", b"M!4"),
        _pem("PRIVATE KEY", b"\x30\x00"),
        _pem("ENCRYPTED PRIVATE KEY", b"\x30\x00"),
        _pem("ENCRYPTED PRIVATE KEY", b"\x30\x84\xff\xff\xff\xff"),
        _pem("ENCRYPTED PRIVATE KEY", b"\x30"),
        _pem("ENCRYPTED PRIVATE KEY", _der(PLAIN)),
        _pem("ENCRYPTED PRIVATE KEY", bytes.fromhex(PBES1)),
        _pem("PRIVATE KEY", _der(LOCKED)),
        _pem("PRIVATE KEY", b"\0" * 20_000),
    ],
    ids=range(17),
)
def test_a_damaged_or_other_file_is_refused(data: bytes) -> None:
    with pytest.raises(KeyFileError):
        pkcs8.from_pem(data, PASSPHRASE)


def test_a_changed_byte_in_a_locked_file_never_gives_its_key() -> None:
    """CBC does not authenticate: another seed may come out, and then the identity's keys tell."""
    key = pkcs8.from_pem(LOCKED, PASSPHRASE)
    for at in range(len(LOCKED)):
        broken = LOCKED[:at] + bytes([LOCKED[at] ^ 1]) + LOCKED[at + 1 :]
        try:
            found = pkcs8.from_pem(broken, PASSPHRASE)
        except KeyFileError:
            continue
        assert found != key


@pytest.mark.parametrize(
    "private",
    [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(public_exponent=65537, key_size=2048)],
    ids=["P-256", "RSA"],
)
def test_a_key_of_another_kind_is_refused(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    with pytest.raises(KeyFileError):
        pkcs8.from_pem(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
