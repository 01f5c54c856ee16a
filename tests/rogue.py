"""A forger who holds the signing key: digests, hashes and signatures made anew over anything.

`seal` refuses what does not hold; this does not, so that the deeper checks are reached.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Callable

import msgspec

from archiver.bundle.bundle import IDENTITY, MANIFEST
from archiver.bundle.container import (
    LAST,
    Member,
    _directory,
    _local_header,
    order_key,
    read_container,
)
from archiver.bundle.datapackage import (
    DIGEST_NAME,
    NAME,
    PROVENANCE_TYPE,
    Datapackage,
    DatapackageDigest,
    Provenance,
    Resource,
)
from archiver.bundle.statement import PAYLOAD_TYPE, Statement, make_statement
from archiver.digest import Digest
from archiver.errors import ArchiverError
from archiver.manifest import Manifest
from archiver.signing.identity import LocalIdentity
from archiver.signing.waczauth import signed_data
from archiver.warc.window import Window
from tests import small
from tests.memory import memory_file


def members_of(data: bytes) -> dict[str, bytes]:
    with memory_file(data) as file:
        window = Window(file)
        return {member.name: window.read_at(member.offset, member.size) for member in read_container(window)}


def zipped(members: dict[str, bytes]) -> bytes:
    """A canonical ZIP of *members*, whatever their names."""
    out = bytearray()
    listed = []
    for name in sorted(members, key=order_key):
        data = members[name]
        member = Member(name=name, crc=zlib.crc32(data), size=len(data), header=len(out))
        out += _local_header(member) + data
        listed.append(member)
    return bytes(out) + _directory(listed, len(out))


def forge(
    members: dict[str, bytes],
    *,
    local: LocalIdentity | None = None,
    public: Callable[[bytes], bytes] = lambda value: value,
    package: Callable[[Datapackage], Datapackage] = lambda value: value,
    package_bytes: Callable[[bytes], bytes] = lambda value: value,
    statement: Callable[[Statement], Statement] = lambda value: value,
    payload: Callable[[bytes], bytes] = lambda value: value,
    payload_type: str = PAYLOAD_TYPE,
    closing: Callable[[DatapackageDigest], DatapackageDigest] = lambda value: value,
    container: Callable[[dict[str, bytes]], bytes] = zipped,
) -> bytes:
    """A bundle of *members* with every hash and signature right; each hook changes a layer before signing."""
    signer = local or small.identity()
    held = {name: data for name, data in members.items() if name not in LAST}
    held[IDENTITY] = public(signer.identity.to_bytes())
    original = Datapackage.from_json(members_of(small.bundle())[NAME])
    listed = [
        Resource(name=name, path=name, hash=str(Digest.of(held[name])), bytes=len(held[name]))
        for name in sorted(held, key=order_key)
    ]
    made = package(msgspec.structs.replace(original, resources=listed))
    listing = package_bytes(made.to_json())
    digest = Digest.of(listing)
    try:
        manifest = Manifest.from_json(held[MANIFEST])
    except (ArchiverError, KeyError):
        manifest = Manifest.from_json(members_of(small.bundle())[MANIFEST])
    stated = statement(
        make_statement(
            made,
            digest,
            identity=Digest.of(held[IDENTITY]),
            origin=manifest.origin,
            captures=manifest.derived.captures,
        )
    )
    envelope = signer.sign_payload(payload_type, payload(stated.to_json()))
    last = closing(
        DatapackageDigest(
            path=NAME,
            hash=str(digest),
            provenance=Provenance(media_type=PROVENANCE_TYPE, envelope=envelope.to_builtins(), evidence=[]),
            signed_data=signed_data(signer, digest, made.created, made.software)
            if signer.identity.wacz_key
            else None,
        )
    )
    return container({**held, NAME: listing, DIGEST_NAME: last.to_json()})


def records_of(warc: bytes) -> list[bytes]:
    """The records of a WARC of one gzip member each, unpacked."""
    records = []
    while warc:
        unpacker = zlib.decompressobj(31)
        records.append(unpacker.decompress(warc))
        warc = unpacker.unused_data
    return records


def warc_of(records: list[bytes]) -> bytes:
    return b"".join(gzip.compress(record, 1, mtime=0) for record in records)


def redigested(record: bytes) -> bytes:
    """The record with Content-Length and digests as its block now has them, where they can be found."""
    header, blank, rest = record.partition(b"\r\n\r\n")
    if not blank or not rest.endswith(b"\r\n\r\n"):
        return record
    block = rest[:-4]
    payload = block.partition(b"\r\n\r\n")[2]
    header = re.sub(
        rb"(?m)^Content-Length: .*$", b"Content-Length: %d\r" % len(block), header.replace(b"\r\n", b"\n")
    )
    for name, data in ((b"Block", block), (b"Payload", payload)):
        digest = hashlib.sha256(data).hexdigest().encode()
        header = re.sub(
            rb"(?m)^WARC-%s-Digest: .*$" % name, b"WARC-%s-Digest: sha256:%s" % (name, digest), header
        )
    header = header.replace(b"\r", b"").replace(b"\n", b"\r\n")
    return header + blank + block + b"\r\n\r\n"
