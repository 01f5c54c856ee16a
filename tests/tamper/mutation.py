"""The twenty ways a bundle is tampered with, each by somebody who has no key.

A mutation gives the bytes of a file, or None where nothing of the kind can be done to such a bundle.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tests.tamper.bundle import (
    ANONYMOUS,
    CLOSING,
    DOMAIN_SIGNED,
    PACKAGE,
    PAGES,
    UNSIGNED,
    WARC,
    Bundle,
    Pair,
    closing_of,
    described,
    digest,
    dumps,
)
from tests.tamper.signer import Anonymous

OTHER_DOMAIN = "court.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is tampered with, and the *others*, genuine, from which things can be taken."""

    genuine: Bundle
    forged: Bundle
    others: Mapping[str, Bundle]

    @classmethod
    def of(cls, kind: str, pairs: Mapping[str, Pair]) -> Target:
        pair = pairs[kind]
        others = {name: one.genuine for name, one in pairs.items()}
        return cls(genuine=pair.genuine, forged=pair.forged, others=others)

    @property
    def kind(self) -> str:
        return self.genuine.kind

    @property
    def closing(self) -> dict[str, object]:
        return self.genuine.json(CLOSING)

    @property
    def signed(self) -> dict[str, str]:
        """A copy of the genuine bundle's `signedData`."""
        value = self.closing["signedData"]
        assert isinstance(value, dict)
        return dict(value)

    def sealed_with(self, **changes: str) -> bytes:
        """The genuine bundle, *changes* made to its `signedData`."""
        return self.genuine.having(
            CLOSING, dumps(self.closing | {"signedData": self.signed | changes})
        ).to_bytes()

    def pasted(self, kind: str) -> bytes:
        """The genuine unsigned bundle under the signature of another one, its date made the other's."""
        signed = self.others[kind].json(CLOSING)["signedData"]
        assert isinstance(signed, dict)
        dated = described(self.genuine, signed["created"])
        return dated.having(CLOSING, closing_of(dated, signed)).to_bytes()


def content(target: Target) -> bytes:
    return target.genuine.having(WARC, target.forged.read(WARC)).to_bytes()


def index(target: Target) -> bytes:
    name = next(name for name, _ in target.genuine.members if name.startswith("indexes/index.cdx"))
    data = target.genuine.read(name)
    packed = name.endswith(".gz")
    text = (gzip.decompress(data) if packed else data).replace(b"seal.png", b"sail.png")
    return target.genuine.having(name, gzip.compress(text, mtime=0) if packed else text).to_bytes()


def pages(target: Target) -> bytes:
    data = target.genuine.read(PAGES).replace(b"news.example/ruling", b"news.example/verdict")
    return target.genuine.having(PAGES, data).to_bytes()


def digest_file(target: Target) -> bytes:
    closing = target.closing | {"hash": digest(b"something else")}
    return target.genuine.having(CLOSING, dumps(closing)).to_bytes()


def signature(target: Target) -> bytes:
    if target.kind == UNSIGNED:
        return target.pasted(ANONYMOUS)
    raw = bytearray(base64.b64decode(target.signed["signature"]))
    raw[-1] ^= 1
    return target.sealed_with(signature=base64.b64encode(raw).decode())


def created(target: Target) -> bytes:
    """Five minutes earlier, wherever the date stands; the digest is made anew where that can help."""
    package = target.genuine.json(PACKAGE)
    text = str(package["created"])
    earlier = (datetime.fromisoformat(text) - timedelta(minutes=5)).isoformat()
    package["created"] = earlier[:19] + text[19:]
    dated = target.genuine.having(PACKAGE, dumps(package))
    if target.kind != UNSIGNED:
        signed = target.signed | {"created": str(package["created"])}
        dated = dated.having(CLOSING, closing_of(dated, signed))
    return dated.to_bytes()


def domain(target: Target) -> bytes:
    """Another signer is named: another domain, another key, or the signature of another bundle."""
    if target.kind == UNSIGNED:
        return target.pasted(DOMAIN_SIGNED)
    return target.sealed_with(
        **({"domain": OTHER_DOMAIN} if "domain" in target.signed else {"publicKey": Anonymous().public})
    )


def unlisted_member(target: Target) -> bytes:
    return target.genuine.having("archive/more.warc.gz", target.forged.read(WARC)).to_bytes()


def unlisted_index(target: Target) -> bytes:
    line = {"url": "https://news.example/ruling", "mime": "text/html", "status": "200", "filename": "x.warc"}
    text = f"example,news)/ruling 20240501120000 {json.dumps(line | {'offset': '0', 'length': '9'})}\n"
    return target.genuine.having("indexes/more.cdx", text.encode()).to_bytes()


def duplicate_name(target: Target) -> bytes:
    """The forged WARC before the genuine one of the same name."""
    first = ((WARC, target.forged.read(WARC)),)
    return replace(target.genuine, members=first + target.genuine.members).to_bytes()


def json_duplicate_key(target: Target) -> bytes:
    """Two digests of the list of members: which one holds is for the reader to choose."""
    false = json.dumps(digest(b"something else")).encode()
    data = target.genuine.read(CLOSING).replace(b'"hash":', b'"hash": ' + false + b',\n  "hash":', 1)
    return target.genuine.having(CLOSING, data).to_bytes()


def prefix(target: Target) -> bytes:
    return b"#!/bin/sh\n" + target.genuine.to_bytes()


def suffix(target: Target) -> bytes:
    return target.genuine.to_bytes() + b"and more"


def comment(target: Target) -> bytes:
    return replace(target.genuine, comment=b"seen by a notary").to_bytes()


def second_zip(target: Target) -> bytes:
    """What readers that start at the end see is the full forgery; from the start, the genuine bundle."""
    return target.genuine.to_bytes() + target.forged.to_bytes()


def md5(target: Target) -> bytes:
    """A full forgery whose digests are all MD5, under the signature over the old SHA-256."""
    made = described(target.forged, str(target.genuine.json(PACKAGE)["created"]), hash_type="md5")
    signed = target.closing.get("signedData")
    return made.having(CLOSING, closing_of(made, signed, hash_type="md5")).to_bytes()


def stripped_signature(target: Target) -> bytes | None:
    if target.kind == UNSIGNED:
        return None
    return target.forged.having(CLOSING, closing_of(target.forged)).to_bytes()


def deleted_digest(target: Target) -> bytes:
    return target.forged.lacking(CLOSING).to_bytes()


def deflated_warc(target: Target) -> bytes:
    return replace(target.genuine, deflated=target.genuine.deflated | {WARC}).to_bytes()


def full_forgery(target: Target) -> bytes | None:
    return None if target.kind == UNSIGNED else target.forged.to_bytes()


Mutation = Callable[[Target], bytes | None]

MUTATIONS: Mapping[str, Mutation] = {
    "content: another WARC": content,
    "index: another URL": index,
    "pages: another URL": pages,
    "digest: another one named": digest_file,
    "signature: one bit [1]": signature,
    "created: five minutes earlier [2]": created,
    "domain: another signer named [1]": domain,
    "unlisted member": unlisted_member,
    "unlisted index": unlisted_index,
    "duplicate name: two WARCs": duplicate_name,
    "JSON duplicate key": json_duplicate_key,
    "prefix": prefix,
    "suffix": suffix,
    "comment": comment,
    "second ZIP appended, forged": second_zip,
    "forged, digests in MD5": md5,
    "forged, signature stripped": stripped_signature,
    "forged, digest file deleted": deleted_digest,
    "deflated WARC": deflated_warc,
    "full forgery, signature kept": full_forgery,
}
"""By name, in the order of the table."""
