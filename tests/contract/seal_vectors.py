"""Vectors of the seal: every way to be believed without having signed."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from archiver import strictjson
from archiver.signing.identity import Identity, LocalIdentity
from archiver.signing.keys import Algorithm
from tests.contract.forging import CLOSING, Bytes, base, consistent, page, sealed, whole
from tests.contract.keys import ATTACKER, COURT, LIBRARY, private_key
from tests.contract.vector import Vector, trusting, vector
from tests.rogue import members_of, zipped

Change = Callable[[Any], object]
_ZEROS = "0" * 64


@functools.cache
def library() -> dict[str, bytes]:
    """The members of the bundle of one page, sealed by the library with all its keys."""
    return members_of(sealed(consistent(whole()), LIBRARY))


@functools.cache
def another() -> dict[str, bytes]:
    """Those of another bundle that the court sealed."""
    return members_of(sealed(consistent(whole(), [page(title="Another")])))


def closed(change: Change, members: Callable[[], dict[str, bytes]] = base) -> bytes:
    """The court's bundle, or that of *members*, with another datapackage-digest.json, which nobody signs."""
    held = members()
    value = json.loads(held[CLOSING])
    change(value)
    changed = strictjson.dumps(value)
    assert changed != held[CLOSING]
    return zipped({**held, CLOSING: changed})


def envelope(change: Change) -> Callable[[], bytes]:
    """A maker of the court's bundle with another envelope."""
    return lambda: closed(lambda value: change(value["provenance"]["envelope"]))


def signatures(change: Change) -> Callable[[], bytes]:
    """A maker of the library's bundle, which has two signatures, with others."""
    return lambda: closed(lambda value: change(value["provenance"]["envelope"]["signatures"]), library)


def _signed(change: Change) -> Callable[[], bytes]:
    """A maker of the court's bundle with other signatures."""
    return envelope(lambda value: change(value["signatures"]))


def first_signature(**fields: str) -> Callable[[], bytes]:
    return envelope(lambda value: value["signatures"][0].update(fields))


def stating(change: Change) -> Callable[[], bytes]:
    """A maker of a bundle whose signed statement is changed so."""

    def payload(data: bytes) -> bytes:
        value = json.loads(data)
        change(value)
        changed = strictjson.dumps(value)
        assert changed != data
        return changed

    return lambda: sealed(base(), payload=payload)


def spki_p256() -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    return b64(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def attackers(name: str) -> Any:
    """Part of the closing of the attacker's bundle."""
    return json.loads(members_of(sealed(consistent(whole()), ATTACKER))[CLOSING])[name]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def from_b64(text: str) -> bytes:
    return base64.b64decode(text)


# Signatures that are not there, or by somebody else


def _attackers_signatures(found: Any, *, keyids: bool) -> None:
    theirs = attackers("provenance")["envelope"]["signatures"]
    for mine, other in zip(found, theirs, strict=True):
        mine["sig"] = other["sig"]
        if keyids:
            mine["keyid"] = other["keyid"]


def _resigned(message: Bytes) -> Callable[[], bytes]:
    """The court's key signs something else about the payload: *message* makes what."""

    def change(value: Any) -> None:
        key = private_key("court", Algorithm.ED25519)
        value["signatures"][0]["sig"] = b64(key.sign(message(from_b64(value["payload"]))))

    return envelope(change)


def _checkpoint(_: bytes) -> bytes:
    return b"log.example\n1\n" + base64.b64encode(sha256(b"").digest()) + b"\n"


def _pasted_wacz_auth(value: Any) -> None:
    value["provenance"]["envelope"]["signatures"][0]["sig"] = value["signedData"]["signature"]


def _other_envelope(value: Any) -> None:
    value["provenance"]["envelope"] = json.loads(another()[CLOSING])["provenance"]["envelope"]


def _stripped_and_wrong(value: Any) -> None:
    del value["provenance"]
    value["signedData"]["signature"] = b64(bytes(47) + b"\1" + bytes(47) + b"\1")


def _stripped_and_p256(value: Any) -> None:
    del value["provenance"]
    value["signedData"]["publicKey"] = spki_p256()


def _null_provenance() -> bytes:
    return closed(lambda value: value.update(provenance=None))


def _only_ed25519() -> bytes:
    identity = Identity(name=LIBRARY.identity.name, keys=LIBRARY.identity.keys[:1])
    return sealed(consistent(whole()), LocalIdentity(identity=identity, keys=LIBRARY.keys[:1]))


def _identity_over_strangers() -> bytes:
    """The attacker seals, and puts the court's identity file where its own belongs."""
    return sealed(consistent(whole()), ATTACKER, public=lambda _: COURT.identity.to_bytes())


_UNTRUSTED = "signer UNTRUSTED_SIGNER"
_FORM = "signature FORMAT_FAILURE"
_CRYPTO = "signature SIG_CRYPTO_FAILURE"
_ABSENT = "signature MISSING_REQUIRED_SIGNATURE"

_WHO: list[Vector] = [
    vector("provenance-stripped", "signature NO_SIGNATURE",
           lambda: closed(lambda value: value.pop("provenance")),
           "The proof was taken out; the signature for other WACZ tools is left and proves nobody that is "
           "trusted."),
    vector("all-signatures-stripped", "signature NO_SIGNATURE",
           lambda: closed(lambda value: [value.pop("provenance"), value.pop("signedData")]),
           "Every signature was taken out."),
    vector("provenance-stripped-and-wacz-auth-wrong", "signature NO_SIGNATURE, wacz-auth SIG_CRYPTO_FAILURE",
           lambda: closed(_stripped_and_wrong),
           "The proof was taken out, and what signature is left is of nothing."),
    vector("provenance-stripped-and-wacz-auth-key-on-p-256", "signature NO_SIGNATURE, wacz-auth KEY_REJECTED",
           lambda: closed(_stripped_and_p256),
           "The proof was taken out, and the key of what signature is left is on another curve than "
           "wacz-auth's."),
    vector("provenance-null",
           "datapackage FORMAT_FAILURE, statement FORMAT_FAILURE, signature FORMAT_FAILURE", _null_provenance,
           "The proof is null; what has no value is not written."),
    vector("dsse-ml-dsa-signature-missing", _ABSENT, signatures(lambda found: found.pop()),
           "The ML-DSA-65 signature was taken out; all keys of the identity must have signed."),
    vector("dsse-ed25519-signature-missing", _ABSENT, signatures(lambda found: found.pop(0)),
           "The Ed25519 signature was taken out; all keys of the identity must have signed."),
    vector("dsse-no-signatures", _ABSENT, signatures(lambda found: found.clear()),
           "The envelope holds no signatures."),
    vector("identity-reduced-to-its-ed25519-key", _UNTRUSTED, _only_ed25519,
           "The library's name and Ed25519 key, without its ML-DSA-65 key: that is another identity."),
    vector("dsse-signature-by-the-attacker-under-the-courts-keyid", _CRYPTO,
           _signed(lambda found: _attackers_signatures(found, keyids=False)),
           "The attacker signed and left the court's keyid; a keyid chooses nothing."),
    vector("dsse-signature-by-the-attacker-under-its-own-keyid", _CRYPTO,
           _signed(lambda found: _attackers_signatures(found, keyids=True)),
           "The attacker signed under its own keyid, and the identity in the bundle is the court's."),
    vector("dsse-keyid-of-zeros", _FORM, first_signature(keyid=f"sha256:{_ZEROS}"),
           "A keyid is another than the digest of the key that verifies."),
    vector("dsse-keyid-empty", _FORM, first_signature(keyid=""), "A keyid is empty."),
    vector("dsse-signature-empty", _CRYPTO, first_signature(sig=""), "A signature is of no bytes."),
    vector("dsse-signature-of-zeros", _CRYPTO, first_signature(sig=b64(bytes(64))),
           "A signature is all zeros."),
    vector("dsse-ml-dsa-signature-of-zeros", _CRYPTO,
           signatures(lambda found: found[1].update(sig=b64(bytes(3309)))),
           "The ML-DSA-65 signature is all zeros; the Ed25519 and wacz-auth signatures are good, the worst "
           "counts."),
    vector("dsse-signatures-swapped", _FORM, signatures(lambda found: found.reverse()),
           "The signatures are in another order than the identity's keys."),
    vector("dsse-one-signature-twice", _FORM, signatures(lambda found: found.append(dict(found[0]))),
           "The Ed25519 signature is there twice."),
    vector("dsse-one-signature-twice-and-the-other-missing", _FORM,
           signatures(lambda found: found.__setitem__(1, dict(found[0]))),
           "The Ed25519 signature stands in the place of the ML-DSA-65 one as well."),
    vector("dsse-one-more-signature", _FORM,
           signatures(lambda found: found.append(attackers("provenance")["envelope"]["signatures"][0])),
           "The attacker's signature stands behind those of the library; others add evidence, not "
           "signatures."),
    vector("dsse-signed-without-its-type", _CRYPTO, _resigned(lambda payload: payload),
           "The court's key signed the payload alone, without the encoding that names its type."),
    vector("dsse-signed-as-another-type", _CRYPTO,
           _resigned(lambda payload: b"DSSEv1 16 application/json %d %b" % (len(payload), payload)),
           "The court's key signed the payload as another type."),
    vector("dsse-signature-of-a-log-checkpoint", _CRYPTO, _resigned(_checkpoint),
           "A signature that the court's key made over a log's checkpoint stands in the envelope."),
    vector("dsse-signature-of-wacz-auth", _CRYPTO, lambda: closed(_pasted_wacz_auth),
           "The wacz-auth signature stands in the envelope."),
    vector("dsse-payload-type-changed", f"{_FORM}, statement FORMAT_FAILURE",
           envelope(lambda value: value.update(payloadType="application/json")),
           "The payload's type was changed after signing."),
    vector("dsse-payload-type-of-another-protocol", f"{_FORM}, statement FORMAT_FAILURE",
           lambda: sealed(base(), payload_type="application/vnd.other+json"),
           "The keys signed the same payload as one of another protocol."),
    vector("dsse-envelope-of-another-bundle", "statement HASH_FAILURE", lambda: closed(_other_envelope),
           "The court's good envelope of another bundle was put in the place of this one's."),
    vector("attackers-seal-under-the-courts-name", _UNTRUSTED, lambda: sealed(consistent(whole()), ATTACKER),
           "Another identity of the same name sealed it; a name proves nothing, and is not shown as the "
           "signer."),
    vector("attackers-seal-naming-the-courts-fingerprint", f"{_UNTRUSTED}, statement HASH_FAILURE",
           lambda: sealed(consistent(whole()), ATTACKER, payload=lambda data: data.replace(
               str(ATTACKER.identity.fingerprint).encode(), str(COURT.identity.fingerprint).encode())),
           "The attacker's statement says that the court sealed it."),
    vector("attackers-seal-beside-the-courts-identity", _CRYPTO, _identity_over_strangers,
           "The attacker sealed it and put the court's identity file into the bundle, listed and in the "
           "statement."),
    vector("nobody-is-trusted", _UNTRUSTED, lambda: zipped(base()),
           "The policy trusts nobody: keys that a bundle brings along are no reason to believe it.",
           policy=trusting()),
    vector("sealed-by-an-identity-that-is-not-listed", _UNTRUSTED, lambda: zipped(base()),
           "A sound bundle by the court, judged by who trusts the library alone.", policy=trusting(LIBRARY)),
    vector("trusted-by-a-key-and-not-by-its-identity", _UNTRUSTED, lambda: zipped(base()),
           "The policy lists the digest of the court's key; one trusts identities, never single keys.",
           policy={**trusting(), "identities": [
               {"fingerprint": COURT.identity.seal_keys[0].keyid, "name": "a key"}]}),
]  # fmt: skip


# The statement


def _subject(at: int, digest: Any) -> Callable[[], bytes]:
    return stating(lambda value: value["subject"][at].update(digest=digest))


def _capitals(value: Any) -> None:
    digest = value["subject"][0]["digest"]
    digest["sha256"] = digest["sha256"].upper()


def _beside(**more: str) -> Callable[[], bytes]:
    return stating(lambda value: value["subject"][0]["digest"].update(more))


def _rewritten(change: Callable[[str], str]) -> Callable[[], bytes]:
    def apply(value: Any) -> None:
        digest = value["subject"][0]["digest"]
        digest["sha256"] = change(digest["sha256"])

    return stating(apply)


def _predicate(**fields: Any) -> Callable[[], bytes]:
    return stating(lambda value: value["predicate"].update(fields))


def _capture(**fields: Any) -> Callable[[], bytes]:
    return stating(lambda value: value["predicate"]["captures"][0].update(fields))


_NAMESPACE = "urn:uuid:c5450e06-fa35-4295-8315-053544d24f8b"
_MALFORMED = "statement FORMAT_FAILURE"
_DIFFERS = "statement HASH_FAILURE"
_MORE = {"name": "archive/more.warc", "digest": {"sha256": _ZEROS}}
_MD5 = "d41d8cd98f00b204e9800998ecf8427e"

_STATEMENT: list[Vector] = [
    vector("statement-of-an-older-in-toto", _MALFORMED,
           stating(lambda value: value.update(_type="https://in-toto.io/Statement/v0.1")),
           "The statement is one of in-toto 0.1."),
    vector("statement-of-another-predicate", _MALFORMED,
           stating(lambda value: value.update(predicateType="https://slsa.dev/provenance/v1")),
           "The same keys signed a statement of another kind (how software was built)."),
    vector("statement-that-is-a-countersignature", _MALFORMED,
           stating(lambda value: value.update(predicateType=f"{_NAMESPACE}#countersign/v1")),
           "A countersignature stands where the seal belongs."),
    vector("statement-without-subjects", _MALFORMED, stating(lambda value: value["subject"].clear()),
           "The statement covers nothing."),
    vector("statement-without-datapackage", _DIFFERS, stating(lambda value: value["subject"].pop(0)),
           "The statement does not cover datapackage.json."),
    vector("statement-without-one-member", _DIFFERS, stating(lambda value: value["subject"].pop()),
           "The statement covers all members but one."),
    vector("statement-of-a-member-more", "statement MISSING_MEMBER",
           stating(lambda value: value["subject"].append(_MORE)),
           "The statement covers a member that is not in the bundle."),
    vector("statement-of-a-member-twice", _MALFORMED,
           stating(lambda value: value["subject"].append(value["subject"][0])),
           "The statement names a member twice."),
    vector("statement-in-another-order", "statement MISSING_MEMBER",
           stating(lambda value: value["subject"].reverse()),
           "The subjects are in another order than the members."),
    vector("statement-digest-of-another-file", _DIFFERS, _subject(1, {"sha256": _ZEROS}),
           "A subject's digest is another than the member's."),
    vector("statement-digest-md5-alone", _MALFORMED, _subject(1, {"md5": _MD5}),
           "A subject has an MD5 digest and no other."),
    vector("statement-digest-sha1-alone", _MALFORMED, _subject(1, {"sha1": _ZEROS[:40]}),
           "A subject has a SHA-1 digest and no other."),
    vector("statement-digest-of-no-algorithm", _MALFORMED, _subject(1, {}), "A subject has no digest."),
    vector("statement-digest-empty", _MALFORMED, _subject(1, {"sha256": ""}), "A subject's digest is empty."),
    vector("statement-digest-beside-a-wrong-sha512", _MALFORMED, _beside(sha512=_ZEROS * 2),
           "Beside the right SHA-256 stands a SHA-512 that is not the file's; no other algorithm than "
           "SHA-256 is known."),
    vector("statement-digest-beside-an-unknown-one", _MALFORMED, _beside(blake3=_ZEROS),
           "Beside the right SHA-256 stands a digest of another algorithm, which no reader of v1 could "
           "check."),
    vector("statement-digest-in-capitals", _MALFORMED, stating(_capitals), "A digest is in capitals."),
    vector("statement-digest-with-its-algorithm", _MALFORMED, _rewritten(lambda text: "sha256-" + text),
           "A digest names its algorithm before its digits."),
    vector("statement-digest-with-0x", _MALFORMED, _rewritten(lambda text: "0x" + text[2:]),
           "A digest begins with 0x."),
    vector("statement-digest-cut-short", _MALFORMED, _rewritten(lambda text: text[:-2]),
           "A digest is a byte short."),
    vector("statement-captures-left-out", _DIFFERS, _predicate(captures=[]),
           "The predicate says that nothing was captured."),
    vector("statement-capture-of-another-status", _DIFFERS, _capture(status=404),
           "The predicate says that the page was not found; the WARC holds a 200."),
    vector("statement-capture-of-another-url", _DIFFERS, _capture(requested_url="https://other.example/"),
           "The predicate says that another URL was captured."),
    vector("statement-capture-of-another-body", _DIFFERS, _capture(payload_digest=f"sha256:{_ZEROS}"),
           "The predicate gives the body another digest."),
    vector("statement-origin-imported", _DIFFERS, _predicate(origin="imported"),
           "The predicate says imported, the stated record says captured."),
    vector("statement-of-another-identity", _DIFFERS, _predicate(identity=f"sha256:{_ZEROS}"),
           "The predicate names another identity than the bundle's."),
    vector("statement-created-at-another-time", _DIFFERS, _predicate(created="2020-01-01T00:00:00Z"),
           "The predicate was made at another time than datapackage.json."),
    vector("statement-by-another-producer", _DIFFERS, _predicate(producer="somebody"),
           "The predicate names another software than datapackage.json."),
]  # fmt: skip


VECTORS: list[Vector] = [*_WHO, *_STATEMENT]
