from __future__ import annotations

import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from archiver.errors import FormatError
from archiver.signing.keys import Algorithm, LocalKey, PublicKey, is_low_s, low_s

ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
N = ec.SECP384R1().group_order

every_algorithm = pytest.mark.parametrize("alg", list(Algorithm))


@pytest.fixture(scope="module")
def keys() -> dict[Algorithm, LocalKey]:
    return {alg: LocalKey.generate(alg) for alg in Algorithm}


@every_algorithm
def test_a_signature_verifies_over_its_message_and_no_other(
    keys: dict[Algorithm, LocalKey], alg: Algorithm
) -> None:
    key = keys[alg]
    signature = key.sign(b"message")
    assert key.public.verifies(signature, b"message")
    assert not key.public.verifies(signature, b"massage")


@every_algorithm
def test_a_changed_signature_does_not_verify(keys: dict[Algorithm, LocalKey], alg: Algorithm) -> None:
    key = keys[alg]
    signature = key.sign(b"message")
    for bad in [b"", signature[:-1], signature + b"\0", bytes(len(signature)), b"\xff" * len(signature)]:
        assert not key.public.verifies(bad, b"message")
    for at in range(0, len(signature), max(1, len(signature) // 64)):
        bad = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        assert not key.public.verifies(bad, b"message")


@every_algorithm
def test_the_signature_of_another_key_does_not_verify(
    keys: dict[Algorithm, LocalKey], alg: Algorithm
) -> None:
    assert not keys[alg].public.verifies(LocalKey.generate(alg).sign(b"message"), b"message")


@pytest.mark.parametrize("alg", [Algorithm.ED25519, Algorithm.ECDSA_P384])
def test_classical_signatures_are_equal_each_time(keys: dict[Algorithm, LocalKey], alg: Algorithm) -> None:
    assert keys[alg].sign(b"message") == keys[alg].sign(b"message")


@every_algorithm
def test_the_bytes_of_a_key_say_its_algorithm(keys: dict[Algorithm, LocalKey], alg: Algorithm) -> None:
    spki = keys[alg].public.spki
    assert PublicKey.from_spki(spki) == keys[alg].public
    assert PublicKey.from_spki(spki).alg is alg


@every_algorithm
def test_the_library_encodes_a_key_as_we_do(keys: dict[Algorithm, LocalKey], alg: Algorithm) -> None:
    spki = keys[alg].public.spki
    assert load_der_public_key(spki).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == spki


@every_algorithm
def test_another_algorithm_than_the_keys_own_is_refused(
    keys: dict[Algorithm, LocalKey], alg: Algorithm
) -> None:
    for said in set(Algorithm) - {alg}:
        with pytest.raises(FormatError, match=f"said to be {said}") as raised:
            PublicKey(alg=said, spki=keys[alg].public.spki)
        assert raised.value.code == "KEY_REJECTED"


@every_algorithm
def test_the_keyid_is_the_digest_of_the_spki(keys: dict[Algorithm, LocalKey], alg: Algorithm) -> None:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(keys[alg].public.spki)
    assert keys[alg].public.keyid == f"sha256:{digest.finalize().hex()}"


@every_algorithm
def test_no_private_matter_is_in_a_keys_repr(keys: dict[Algorithm, LocalKey], alg: Algorithm) -> None:
    assert "private" not in repr(keys[alg]).lower()


def _encoding(x: int, y: int) -> bytes:
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _small_order_encodings() -> set[bytes]:
    """Every spelling, canonical or not, of the eight points of small order: fourteen in all."""
    root = pow(2, (P - 1) // 4, P)  # of -1
    # Order 8: dy⁴ + 2y² = 1, so y² = (-1 ± √(1 + d)) / d.
    order8 = set()
    for sign in (1, -1):
        y2 = (-1 + sign * _sqrt(1 + D)) * pow(D, -1, P) % P
        if pow(y2, (P - 1) // 2, P) == 1:
            order8 |= {_sqrt(y2), P - _sqrt(y2)}
    assert root * root % P == P - 1
    assert len(order8) == 2
    spelled = {y + extra for y in {0, 1, P - 1} | order8 for extra in (0, P) if y + extra < 2**255}
    return {_encoding(sign, y) for y in spelled for sign in (0, 1)}


def _sqrt(value: int) -> int:
    found = pow(value, (P + 3) // 8, P)
    if found * found % P != value % P:
        found = found * pow(2, (P - 1) // 4, P) % P
    assert found * found % P == value % P
    return found


def test_the_table_of_small_order_keys_is_whole() -> None:
    assert len(_small_order_encodings()) == 14


@pytest.mark.parametrize("raw", sorted(_small_order_encodings()), ids=bytes.hex)
def test_a_small_order_key_is_refused(raw: bytes) -> None:
    with pytest.raises(FormatError, match=r"small order|canonical") as raised:
        PublicKey.from_spki(ED25519_SPKI + raw)
    assert raised.value.code == "KEY_REJECTED"


def test_the_library_alone_would_let_anybody_sign_under_a_small_order_key() -> None:
    """Why the check is ours: under the neutral point, R = neutral and S = 0 hold for any message."""
    neutral = (1).to_bytes(32, "little")
    ed25519.Ed25519PublicKey.from_public_bytes(neutral).verify(neutral + bytes(32), b"anything at all")


@pytest.mark.parametrize("y", [P, P + 3, P + 18, 2**255 - 1])
@pytest.mark.parametrize("sign", [0, 1])
def test_a_non_canonical_ed25519_point_is_refused(y: int, sign: int) -> None:
    with pytest.raises(FormatError, match="canonical"):
        PublicKey.from_spki(ED25519_SPKI + _encoding(sign, y))


def test_ys_without_a_point_are_refused_and_the_others_taken() -> None:
    on_curve = 0
    for y in range(2, 200):
        square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        if pow(square, (P - 1) // 2, P) == 1:
            on_curve += 1
            PublicKey.from_spki(ED25519_SPKI + _encoding(0, y))
        else:
            with pytest.raises(FormatError, match="not a point of the Ed25519 curve"):
                PublicKey.from_spki(ED25519_SPKI + _encoding(0, y))
    assert 60 < on_curve < 140


def _rsa() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _curve(curve: ec.EllipticCurve) -> bytes:
    key = ec.generate_private_key(curve).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "make",
    [bytes, lambda: b"0", _rsa, lambda: _curve(ec.SECP256R1()), lambda: _curve(ec.SECP521R1())],
    ids=["nothing", "a byte", "RSA", "P-256", "P-521"],
)
def test_another_kind_of_key_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(FormatError) as raised:
        PublicKey.from_spki(make())
    assert raised.value.code == "KEY_REJECTED"


@every_algorithm
def test_a_second_der_spelling_is_refused(keys: dict[Algorithm, LocalKey], alg: Algorithm) -> None:
    spki = keys[alg].public.spki
    length = 2 if spki[1] < 0x80 else 4
    longer = bytes([0x30, 0x83]) + (len(spki) - length).to_bytes(3, "big") + spki[length:]
    for other in [spki + b"\0", spki[:-1], longer]:
        with pytest.raises(FormatError):
            PublicKey.from_spki(other)


def test_only_a_point_on_p384_in_its_plain_spelling_is_taken(keys: dict[Algorithm, LocalKey]) -> None:
    spki = keys[Algorithm.ECDSA_P384].public.spki
    prefix, point = spki[:-97], spki[-97:]
    hybrid = bytes([6 + (point[-1] & 1)]) + point[1:]
    off = point[:-1] + bytes([point[-1] ^ 1])
    for other in [hybrid, off, b"\x04" + bytes(96), b"\x04" + b"\xff" * 96, bytes(97)]:
        with pytest.raises(FormatError) as raised:
            PublicKey.from_spki(prefix + other)
        assert raised.value.code == "KEY_REJECTED"


def test_the_mirrored_ecdsa_signature_is_refused_until_it_is_normalised(
    keys: dict[Algorithm, LocalKey],
) -> None:
    key = keys[Algorithm.ECDSA_P384]
    signature = key.sign(b"message")
    r, s = signature[:48], int.from_bytes(signature[48:], "big")
    mirrored = r + (N - s).to_bytes(48, "big")
    raw = encode_dss_signature(int.from_bytes(r, "big"), N - s)
    library = load_der_public_key(key.public.spki)
    assert isinstance(library, ec.EllipticCurvePublicKey)
    library.verify(raw, b"message", ec.ECDSA(hashes.SHA256()))  # the library alone takes both
    assert is_low_s(signature)
    assert not is_low_s(mirrored)
    assert not key.public.verifies(mirrored, b"message")
    assert low_s(mirrored) == signature == low_s(signature)


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (N, 1), (1, N), (2**384 - 1, 1), (1, N // 2 + 1)])
def test_an_ecdsa_number_out_of_range_is_refused(keys: dict[Algorithm, LocalKey], r: int, s: int) -> None:
    signature = r.to_bytes(48, "big") + s.to_bytes(48, "big")
    assert not is_low_s(signature)
    assert not keys[Algorithm.ECDSA_P384].public.verifies(signature, b"message")


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA384(), hashes.SHA512()], ids=lambda a: a.name)
def test_an_ecdsa_signature_over_another_hash_is_refused(
    keys: dict[Algorithm, LocalKey], algorithm: hashes.HashAlgorithm
) -> None:
    key = keys[Algorithm.ECDSA_P384]
    assert isinstance(key.private, ec.EllipticCurvePrivateKey)
    der = key.private.sign(b"message", ec.ECDSA(algorithm))
    assert not key.public.verifies(der, b"message")
    assert not key.public.verifies(low_s(_plain(der)), b"message")


def _plain(der: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    return b"".join(number.to_bytes(48, "big") for number in decode_dss_signature(der))


def test_a_private_key_on_another_curve_is_refused() -> None:
    with pytest.raises(FormatError, match="secp256r1, not P-384"):
        LocalKey.of(ec.generate_private_key(ec.SECP256R1()))


def test_what_verify_needs_loads_neither_x509_nor_ssl_nor_key_files() -> None:
    code = (
        "import sys, archiver.signing.waczauth, archiver.signing.keyring, archiver.signing.evidence\n"
        "print([m for m in sys.modules if m in ('ssl', '_ssl', 'socket', 'http.client')"
        " or 'x509' in m or m.endswith('.serialization')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True
    )
    assert done.stdout.strip() == "[]"
