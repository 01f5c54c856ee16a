"""What is fuzzed: where inputs begin, and what must hold for each of them."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from archiver import strictjson
from archiver.bundle.bundle import MANIFEST, PAGES
from archiver.bundle.container import read_container
from archiver.bundle.datapackage import DIGEST_NAME, NAME, Datapackage, DatapackageDigest
from archiver.bundle.pages import read_pages
from archiver.digest import Digest
from archiver.errors import ArchiverError
from archiver.manifest import Manifest
from archiver.signing.dsse import Envelope
from archiver.signing.identity import Identity
from archiver.verify import Verdict, verify
from archiver.verify.foreign.container import read_foreign_container
from archiver.warc.capture import OURS, Capture
from archiver.warc.cdxj import index_bytes
from archiver.warc.imported import ImportedScan
from archiver.warc.scan import Scan
from archiver.warc.window import Window
from tests import small
from tests.guided import rogue
from tests.memory import memory_file
from tests.rogue import members_of, records_of, warc_of, zipped
from tests.verify.foreign.lookalikes import archivewebpage, unsigned, warc


@dataclass(frozen=True)
class Target:
    """One thing to fuzz; *check* raises nothing but what is a finding."""

    seeds: Callable[[], list[bytes]]
    check: Callable[[bytes], None]
    share: int
    """Its part of all inputs, of a thousand."""
    longest: int = 20_000
    """Bytes of the longest input."""


def container(data: bytes) -> None:
    """A ZIP that is read is the one that its members make, with nothing between them; or it is refused."""
    for whole in (data, rogue.edited(data)):
        with memory_file(whole) as file, suppress(ArchiverError):
            members = read_container(Window(file))
            held = {one.name: whole[one.offset : one.offset + one.size] for one in members}
            if all(one.crc == zlib.crc32(held[one.name]) for one in members):
                assert zipped(held) == whole


def canonical(data: bytes) -> None:
    """What is taken comes out as the same bytes, and the other reader gives the same value."""
    with suppress(ArchiverError):
        value = strictjson.loads_canonical(data)
        assert strictjson.dumps(value) == data
        assert strictjson.loads(data) == value
    with suppress(ArchiverError):
        strictjson.loads(data)


def documents(data: bytes) -> None:
    """Every kind of JSON that a bundle holds, each read by its own reader."""
    for read in (Manifest.from_json, Datapackage.from_json, DatapackageDigest.from_json, read_pages):
        with suppress(ArchiverError):
            read(data)


def identity(data: bytes) -> None:
    """An identity that is taken has one form; an envelope with its signatures is read or refused."""
    with suppress(ArchiverError):
        assert Identity.from_bytes(data).to_bytes() == data
    with suppress(ArchiverError):
        envelope = Envelope.from_builtins(strictjson.loads_canonical(data))
        assert strictjson.dumps(envelope.to_builtins()) == data


def records(data: bytes) -> None:
    """A WARC before compression: a gzip member for each record, scanned and indexed, or refused."""
    capture_of(b"".join(gzip.compress(b"WARC/1.1\r\n" + part, 0, mtime=0) for part in _parts(data)))


def members(data: bytes) -> None:
    """A WARC as it stands in the file, compressed."""
    capture_of(data)


def imported(data: bytes) -> None:
    """Anybody's WARC is read to its end or refused: as it stands, and with its records compressed."""
    packed = b"".join(gzip.compress(b"WARC/1." + part, 0, mtime=0) for part in data.split(b"WARC/1."))
    for whole in (data, packed):
        with memory_file(whole) as file, suppress(ArchiverError):
            scan = ImportedScan(Window(file), "other.warc")
            seen = list(scan)
            assert scan.digest() == Digest.of(whole)
            assert all(record.offset + record.length <= len(whole) for record in seen)
            capture = Capture({"other.warc": Window(file)}, imported=True)
            index_bytes(capture)
            for exchange in capture.exchanges():
                for _ in exchange.decoded(1 << 20):
                    pass


def foreign_container(data: bytes) -> None:
    """What is read of anybody's ZIP is what zipfile reads, or something is said about it."""
    with memory_file(data) as file, suppress(ArchiverError):
        container = read_foreign_container(Window(file))
        held = {}
        for member in container.members:
            with suppress(ArchiverError):
                held[member.name] = container.read(member, max_bytes=1 << 20)
        if container.findings:
            return
        with zipfile.ZipFile(io.BytesIO(data)) as other:
            assert {name: other.read(name) for name in held} == held


def others(data: bytes) -> None:
    """Another tool's bundle, changed, listed and signed anew or not, by nobody trusted: it never passes."""
    with memory_file(rogue.others(data)) as file:
        assert verify(file, small.policy(), now=small.NOON).verdict is not Verdict.PASSED


def capture_of(warc: bytes) -> None:
    with memory_file(warc) as file, suppress(ArchiverError):
        seen = list(Scan(Window(file), OURS))
        assert [record.offset for record in seen] == sorted({record.offset for record in seen})
        assert sum(record.length for record in seen) == len(warc)
        capture = Capture({OURS: Window(file)})
        index_bytes(capture)
        for exchange in capture.exchanges():
            for _ in exchange.decoded(1 << 20):
                pass


def bundle(data: bytes) -> None:
    """Not one byte differs from the sealed bundle, or it does not pass (evidence apart)."""
    for changed in (data, rogue.edited(data)):
        if passes(changed):
            assert _without_evidence(changed) == _without_evidence(small.bundle())


def signed(data: bytes) -> None:
    """Hashed and signed anew, it passes only if nothing in it contradicts its records."""
    made = rogue.made(data)
    if passes(made):
        assert not rogue.contradictions(made)


def passes(data: bytes) -> bool:
    with memory_file(data) as file:
        return verify(file, small.policy(), now=small.NOON).verdict is Verdict.PASSED


def _parts(data: bytes) -> list[bytes]:
    return [part for part in data.split(b"WARC/1.1\r\n") if part]


def _without_evidence(data: bytes) -> tuple[object, ...]:
    held = members_of(data)
    closing = strictjson.loads_canonical(held.pop(DIGEST_NAME))
    closing["provenance"].pop("evidence")
    return held, closing


def _members(*names: str) -> Callable[[], list[bytes]]:
    return lambda: [members_of(small.bundle())[name] for name in names]


def _containers() -> list[bytes]:
    whole = small.bundle()
    end = struct.unpack_from("<H", whole, len(whole) - 12)[0]
    assert end
    return [whole, whole[-22:], *rogue.edits()]


def _envelope() -> list[bytes]:
    closing = strictjson.loads_canonical(members_of(small.bundle())[DIGEST_NAME])
    return [small.identity().identity.to_bytes(), strictjson.dumps(closing["provenance"]["envelope"])]


def _warc() -> bytes:
    return members_of(small.bundle())["archive/" + OURS]


TARGETS = {
    target.check.__name__: target
    for target in (
        Target(_containers, container, 200),
        Target(lambda: [unsigned(), archivewebpage()], foreign_container, 150),
        Target(_members(MANIFEST, NAME, DIGEST_NAME), canonical, 200),
        Target(_members(MANIFEST, NAME, DIGEST_NAME, PAGES), documents, 150),
        Target(_envelope, identity, 150),
        Target(lambda: [b"".join(records_of(_warc())), *records_of(_warc())], records, 150),
        Target(lambda: [_warc(), warc_of(records_of(_warc())[:2])], members, 150),
        Target(lambda: [warc(packed=False), warc(), b"".join(records_of(_warc()))], imported, 150),
        Target(lambda: [small.bundle(), *rogue.edits()], bundle, 300),
        Target(lambda: [bytes([how]) + one for one in rogue.edits() for how in range(3)], others, 200),
        Target(rogue.seeds, signed, 500),
    )
}
WHOLE = ("bundle", "others", "signed")
"""Those that go through the whole of verify; the others are parsers."""
