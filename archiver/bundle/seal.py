"""From a packed bundle to a sealed one: identity added, statement signed, nothing else changed."""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO

import msgspec

from archiver.bundle.bundle import IDENTITY, Bundle
from archiver.bundle.container import ContainerWriter, order_key
from archiver.bundle.datapackage import (
    DIGEST_NAME,
    NAME,
    PROVENANCE_TYPE,
    DatapackageDigest,
    Provenance,
    Resource,
)
from archiver.bundle.examine import examine
from archiver.bundle.moment import utc_text
from archiver.bundle.pack import SOFTWARE
from archiver.bundle.statement import PAYLOAD_TYPE, make_statement
from archiver.bundle.verdict import Verdict
from archiver.digest import Digest
from archiver.errors import FormatError, VerificationError
from archiver.signing.identity import LocalIdentity
from archiver.signing.waczauth import signed_data
from archiver.warc.capture import Capture


def seal(
    file: BinaryIO, identity: LocalIdentity, *, created: datetime, packed: Capture | None = None
) -> Digest:
    """Seal the packed bundle in *file*, which is rewritten from its first provenance member on.

    The file must be open for reading and writing and not be anybody's final copy yet. Every check but the
    signature is run first; with *packed*, the capture that this process packed it from, the records are
    not scanned again but their archives' digests compared. Gives the bundle's id. Raises
    VerificationError where a check does not hold, FormatError where the bundle is sealed already or is
    not a bundle.
    """
    bundle = Bundle(file, name="bundle", packed=packed)
    if bundle.sealed:
        raise FormatError("the bundle is sealed already")
    examination = examine(bundle)
    bad = [check for check in examination.checks if check.verdict is not Verdict.PASSED]
    if bad or examination.manifest is None:
        raise VerificationError(f"not sealed: {bad[0] if bad else 'no manifest'}", result=examination)
    manifest = examination.manifest
    kept = [member for member in bundle.members.values() if order_key(member.name) < order_key(IDENTITY)]
    tail = {
        name: bundle.read(name)
        for name in bundle.members
        if order_key(IDENTITY) < order_key(name) < order_key(NAME)
    }
    public = identity.identity.to_bytes()
    listed = Resource(name=IDENTITY, path=IDENTITY, hash=str(Digest.of(public)), bytes=len(public))
    package = msgspec.structs.replace(
        bundle.package,
        created=utc_text(created),
        software=SOFTWARE,
        resources=sorted([*bundle.package.resources, listed], key=lambda resource: order_key(resource.path)),
    )
    package_bytes = package.to_json()
    package_digest = Digest.of(package_bytes)
    statement = make_statement(
        package,
        package_digest,
        identity=identity.identity.fingerprint,
        origin=manifest.origin,
        captures=manifest.derived.captures,
    )
    envelope = identity.sign_payload(PAYLOAD_TYPE, statement.to_json())
    closing = DatapackageDigest(
        path=NAME,
        hash=str(package_digest),
        provenance=Provenance(media_type=PROVENANCE_TYPE, envelope=envelope.to_builtins(), evidence=[]),
        signed_data=signed_data(identity, package_digest, package.created, package.software),
    )
    file.seek(kept[-1].offset + kept[-1].size)
    writer = ContainerWriter(file, kept)
    closing_bytes = closing.to_json()
    for name, data in [
        (IDENTITY, public),
        *sorted(tail.items(), key=lambda item: order_key(item[0])),
        (NAME, package_bytes),
        (DIGEST_NAME, closing_bytes),
    ]:
        writer.add(name, (data,), len(data))
    writer.finish()
    file.flush()
    return package_digest
