"""Private keys at rest: PKCS#8 in PEM, plain or under a passphrase.

``cryptography`` writes encrypted PKCS#8 with 2,048 rounds and cannot be told otherwise, too few for a
key of decades. So the PBES2 wrapping (RFC 8018) is written here; reading is the library's, after a look
at the rounds that a file asks for. openssl reads both forms (ML-DSA from 3.5 on).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from archiver.errors import FormatError, KeyFileError
from archiver.signing.keys import LocalKey
from archiver.signing.strictbase64 import decode_base64, encode_base64

ROUNDS = 600_000
"""PBKDF2 rounds of the keys written here."""

MAX_ROUNDS = 10_000_000
"""A file that asks for more is refused; these take some seconds."""

MAX_BYTES = 16 << 10
"""No key file is larger."""

_PEM = re.compile(
    rb"-----BEGIN (PRIVATE|ENCRYPTED PRIVATE) KEY-----\r?\n"
    rb"([A-Za-z0-9+/=\r\n]+)\r?\n"
    rb"-----END \1 KEY-----\r?\n?"
)
_LINE = 64
_INTEGER, _OCTETS, _NULL, _OID, _SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
_PBES2 = bytes.fromhex("2a864886f70d01050d")
_PBKDF2 = bytes.fromhex("2a864886f70d01050c")
_HMAC_SHA512 = bytes.fromhex("2a864886f70d020b")
_AES256_CBC = bytes.fromhex("60864801650304012a")


def to_pem(
    key: LocalKey,
    passphrase: str | None = None,
    *,
    rounds: int = ROUNDS,
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """*key* as a PEM file, encrypted where there is a *passphrase* (PBKDF2-HMAC-SHA512, AES-256-CBC)."""
    der = key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    if passphrase is None:
        return _armour("PRIVATE KEY", der)
    if not passphrase:
        raise KeyFileError("an empty passphrase protects nothing")
    salt, iv = random(16), random(16)
    secret = PBKDF2HMAC(hashes.SHA512(), 32, salt, rounds).derive(_passphrase_bytes(passphrase))
    padder, encryptor = PKCS7(128).padder(), Cipher(algorithms.AES256(secret), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(der) + padder.finalize()) + encryptor.finalize()
    kdf = _sequence(
        _der(_OID, _PBKDF2),
        _sequence(
            _der(_OCTETS, salt),
            _der(_INTEGER, rounds.to_bytes(rounds.bit_length() // 8 + 1, "big")),
            _sequence(_der(_OID, _HMAC_SHA512), _der(_NULL, b"")),
        ),
    )
    scheme = _sequence(
        _der(_OID, _PBES2), _sequence(kdf, _sequence(_der(_OID, _AES256_CBC), _der(_OCTETS, iv)))
    )
    return _armour("ENCRYPTED PRIVATE KEY", _sequence(scheme, _der(_OCTETS, sealed)))


def is_encrypted(pem: bytes) -> bool:
    """Whether a passphrase is needed to read *pem*; KeyFileError where it is not a PKCS#8 PEM file."""
    return _unarmour(pem)[0]


def from_pem(pem: bytes, passphrase: str | None = None) -> LocalKey:
    """The key in *pem*, which is PKCS#8, plain or PBES2 with PBKDF2.

    Raises KeyFileError for a wrong or missing passphrase, more than 10,000,000 rounds, another form
    and another algorithm.
    """
    encrypted, der = _unarmour(pem)
    password = None
    if encrypted:
        if passphrase is None:
            raise KeyFileError("needs a passphrase")
        _check_rounds(der)
        password = _passphrase_bytes(passphrase)
    try:
        private = load_der_private_key(der, password)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError) as error:  # the last: a short seed
        cause = "wrong passphrase, or a damaged file" if encrypted else "damaged, or of an unknown algorithm"
        raise KeyFileError(cause) from error
    if not isinstance(
        private, ed25519.Ed25519PrivateKey | mldsa.MLDSA65PrivateKey | ec.EllipticCurvePrivateKey
    ):
        raise KeyFileError("neither an Ed25519, an ML-DSA-65 nor an ECDSA P-384 key")
    try:
        return LocalKey.of(private)
    except FormatError as error:
        raise KeyFileError(str(error)) from error


def _passphrase_bytes(passphrase: str) -> bytes:
    return passphrase.encode("utf-8", "surrogateescape")


def _armour(label: str, der: bytes) -> bytes:
    text = encode_base64(der)
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode("ascii")


def _unarmour(pem: bytes) -> tuple[bool, bytes]:
    if len(pem) > MAX_BYTES:
        raise KeyFileError(f"larger than {MAX_BYTES} bytes")
    match = _PEM.fullmatch(pem)
    if match is None:
        raise KeyFileError("not a PEM file with one PKCS#8 private key")
    try:
        der = decode_base64(b"".join(match[2].split()).decode("ascii"), "")
    except FormatError as error:
        raise KeyFileError("damaged: its base64 does not decode") from error
    return match[1] == b"ENCRYPTED PRIVATE", der


def _check_rounds(der: bytes) -> None:
    """Refuse what would take long: key derivations other than PBKDF2, and too many rounds of it."""
    try:
        outer = _open(der, _SEQUENCE)[0]
        scheme, parameters = _open(_open(outer, _SEQUENCE)[0], _OID)
        kdf = _open(_open(parameters, _SEQUENCE)[0], _SEQUENCE)[0]
        function, parameters = _open(kdf, _OID)
        if (scheme, function) != (_PBES2, _PBKDF2):
            raise KeyFileError("encrypted in another way than PBES2 with PBKDF2")
        after_salt = _open(_open(parameters, _SEQUENCE)[0], _OCTETS)[1]
        rounds = int.from_bytes(_open(after_salt, _INTEGER)[0], "big")
    except IndexError as error:
        raise KeyFileError("damaged: not an encrypted PKCS#8 key") from error
    if rounds > MAX_ROUNDS:
        raise KeyFileError(f"asks for {rounds} rounds of PBKDF2; the limit is {MAX_ROUNDS}")


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _der(_SEQUENCE, b"".join(parts))


def _open(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the element that *data* begins with, and what follows; IndexError if it is not *tag*."""
    size, start = data[1], 2
    if size >= 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    if data[0] != tag or start + size > len(data):
        raise IndexError
    return data[start : start + size], data[start + size :]
