"""What a hostile bundle can make its reader do: 2 seconds and 200 MB, whatever it unpacks to.

Each is judged in a process of its own. Large inputs are holes in files, and compressed blocks repeated.
Ours are stored, sealed and right in every digest; those of another tool's shape are deflated and unsigned.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import msgspec
import pytest

from archiver.bundle.bundle import IDENTITY, INDEX, MANIFEST, PAGES
from archiver.bundle.container import LAST, Member, _directory, _local_header, order_key
from archiver.bundle.datapackage import Datapackage, Resource
from archiver.verify import verify
from archiver.warc.capture import Capture
from archiver.warc.cdxj import index_bytes
from archiver.warc.deflate import crc32
from archiver.warc.record import RESPONSE
from archiver.warc.window import Window
from tests import small
from tests.rogue import forge, members_of, warc_of
from tests.verify.foreign.handmade import DEFLATED, FULL, Part, handmade, zip64_end
from tests.verify.foreign.test_container import fifield, wide
from tests.verify.test_attacks import DATE, PAGE, WARC, hostile, record, response

SECONDS, MEGABYTES = 2, 200

JUDGE = """
import json, re, sys, time
from pathlib import Path
from archiver.verify import Policy, verify
begun, worked = time.monotonic(), time.process_time()
result = verify(Path(sys.argv[1]), Policy())
took = min(time.monotonic() - begun, time.process_time() - worked)  # the second where the machine is busy
peak = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
checks = [[check.verdict.value, check.name, check.code, check.message[:300]] for check in result.checks]
print(json.dumps([took, int(peak[1]) // 1024, result.verdict.value, checks]))
"""

MB = 1 << 20


@dataclass(frozen=True)
class Repeated:
    """Very many bytes: *start*, *count* times the *unit*, *end*; never held as a whole."""

    unit: bytes
    count: int
    start: bytes = b""
    end: bytes = b""

    @property
    def size(self) -> int:
        return len(self.start) + len(self.unit) * self.count + len(self.end)

    @cached_property
    def crc(self) -> int:
        crc = crc32(self.start)
        for _ in range(self.count):
            crc = crc32(self.unit, crc)
        return crc32(self.end, crc)

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256(self.start)
        for _ in range(self.count):
            digest.update(self.unit)
        digest.update(self.end)
        return digest.hexdigest()

    @cached_property
    def deflated(self) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        start = packer.compress(self.start) + packer.flush(zlib.Z_FULL_FLUSH)
        unit = packer.compress(self.unit) + packer.flush(zlib.Z_FULL_FLUSH)
        return start + unit * self.count + packer.compress(self.end) + packer.flush()

    @property
    def gzipped(self) -> bytes:
        """One gzip member."""
        trailer = self.crc.to_bytes(4, "little") + (self.size & FULL).to_bytes(4, "little")
        return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + self.deflated + trailer


Content = bytes | Repeated

I, F = "INDETERMINATE", "FAILED"  # noqa: E741
LIMIT, FORMAT = "RESOURCE_LIMIT", "FORMAT_FAILURE"


# Bundles of our own shape


@dataclass(frozen=True)
class Own:
    """A sealed bundle with some members changed; what is Repeated is all zeros, and a hole in the file."""

    changed: Mapping[str, Content]

    def write(self, path: Path) -> None:
        huge = {name: content for name, content in self.changed.items() if isinstance(content, Repeated)}
        given = {name: content for name, content in self.changed.items() if isinstance(content, bytes)}
        empty = dict.fromkeys(huge, b"")

        def listed(resource: Resource) -> Resource:
            content = huge.get(resource.path)
            if content is None:
                return resource
            return msgspec.structs.replace(resource, hash=f"sha256:{content.sha256}", bytes=content.size)

        def listing(package: Datapackage) -> Datapackage:
            return msgspec.structs.replace(package, resources=[*map(listed, package.resources)])

        whole = forge(members_of(small.bundle()) | given | empty, package=listing)
        held: dict[str, Content] = {**members_of(whole), **given, **huge}
        members = []
        with path.open("wb") as out:
            for name in sorted(held, key=order_key):
                content = held[name]
                crc = content.crc if isinstance(content, Repeated) else crc32(content)
                size = content.size if isinstance(content, Repeated) else len(content)
                members.append(Member(name=name, crc=crc, size=size, header=out.tell()))
                out.write(_local_header(members[-1]))
                if isinstance(content, Repeated):
                    assert not any(content.unit)
                    out.seek(size, 1)
                else:
                    out.write(content)
            out.write(_directory(members, out.tell()))


# Bundles of other tools' shape: unsigned, deflated where other tools deflate


@cache
def foreign_members() -> Mapping[str, bytes]:
    warc = warc_of([response(1, b"<p>Words.</p>", more="Content-Type: text/html\r\n")])
    with tempfile.TemporaryFile() as file:
        file.write(warc)
        file.flush()
        index = index_bytes(Capture({"data.warc.gz": Window(file)}, imported=True))
    page = json.dumps({"id": "1", "url": PAGE, "ts": DATE, "title": "Words"}).encode()
    head = b'{"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}\n'
    return {WARC: warc, INDEX: index, PAGES: head + page + b"\n"}


def foreign(changed: Mapping[str, Content], *, without: str = "") -> bytes:
    """An unsigned bundle with those members, each deflated but WARCs and .gz, with the right digests."""
    held: dict[str, Content] = {**foreign_members(), **changed}
    held.pop(without, None)
    package = (
        held.pop(LAST[0], None)
        or json.dumps(
            {
                "profile": "data-package",
                "wacz_version": "1.1.1",
                "resources": [
                    {"name": name.rpartition("/")[2], "path": name, "hash": f"sha256:{digest}", "bytes": size}
                    for name, (digest, size) in ((name, _sums(content)) for name, content in held.items())
                ],
            }
        ).encode()
    )
    return handmade([foreign_part(name, content) for name, content in {**held, LAST[0]: package}.items()])


def _sums(content: Content) -> tuple[str, int]:
    if isinstance(content, Repeated):
        return content.sha256, content.size
    return hashlib.sha256(content).hexdigest(), len(content)


def foreign_part(name: str, content: Content) -> Part:
    if isinstance(content, bytes):
        in_place = name.endswith((".gz", ".warc"))
        return Part(name=name.encode(), data=content, method=0 if in_place else DEFLATED)
    numbers = {"crc": content.crc, "size": content.size}
    if content.size < FULL:
        return Part(name=name.encode(), method=DEFLATED, packed=content.deflated, both=numbers)
    extra = wide(content.size, len(content.deflated))
    numbers |= {"size": FULL, "packed": FULL}
    return Part(
        name=name.encode(),
        method=DEFLATED,
        packed=content.deflated,
        both=numbers,
        extra=extra,
        local_extra=extra,
    )


# Records


def record_of(block: Repeated, number: int = 7) -> Repeated:
    """A response record of that block; its digests are wrong, which nobody comes to see."""
    whole = record("response", PAGE, b"", number=number, media=RESPONSE, payload=b"")
    start = whole[:-4].replace(b"Content-Length: 0\r\n", b"Content-Length: %d\r\n" % block.size)
    return Repeated(block.unit, block.count, start + block.start, b"\r\n\r\n")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


@cache
def bomb(gigabytes: int = 10) -> bytes:
    """A gzip member of a few MB, a record of *gigabytes* of zeros."""
    return record_of(Repeated(bytes(MB), gigabytes << 10, start=HEAD)).gzipped


@cache
def many_lines() -> bytes:
    """A record with a million lines in its header."""
    line = b"X-A: b\r\n"
    return Repeated(line * 1_000, 1_000, start=b"WARC/1.1\r\n", end=b"\r\n").gzipped


def million_members(first: bytes, count: int = 1_000_000) -> bytes:
    """A ZIP of 10^6 empty members, the *first* among them; the end records announce *count*."""
    size = len(first)
    local, entry = Part(name=bytes(size)).local_header(), Part(name=bytes(size)).entry(0)
    out, directory = bytearray(), bytearray()
    for number in range(1_000_000):
        name = b"raw/%0*d" % (size - 4, number) if number else first
        directory += entry[:42] + len(out).to_bytes(4, "little") + name
        out += local[:-size] + name
    start = len(out)
    end = zip64_end(start + len(directory), count, len(directory), start)
    short = min(count, 0xFFFF)
    last = handmade([], here=short, count=short, size=len(directory), start=start)
    return bytes(out + directory + end + last)


# The cases

Made = bytes | Own

SPACES = Repeated(b" " * MB, 1024, start=b"{", end=b"}")
NEWLINES = Repeated(b"\n" * MB, 120)
DEEP = b"[" * 100_000 + b"]" * 100_000
GZIP_INDEX, BLOCKS = "indexes/index.cdx.gz", "indexes/index.idx"
META = b'!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n'
BAD_PAGES = Repeated(b"x\n" * 500_000, 20)


@cache
def zeros(megabytes: int) -> Repeated:
    return Repeated(bytes(MB), megabytes)


def line_of(name: str) -> bytes:
    """The last line of a member of another tool's."""
    return foreign_members()[name].splitlines(keepends=True)[-1]


def own_pages() -> bytes:
    line = b'{"id":"1","title":"","ts":"2026-11-23T12:00:00Z","url":"https://a.example/"}\n'
    return members_of(small.bundle())[PAGES] + line * 1_000_000


def with_index(packed: bytes, blocks: bytes | None = None) -> bytes:
    """Of another tool's shape, its index compressed, with a list of *blocks* if there are any."""
    more = {} if blocks is None else {BLOCKS: META + blocks}
    return foreign({GZIP_INDEX: packed, **more}, without=INDEX)


def one_block_often() -> bytes:
    block = bytes(range(256)) * (32 << 10)
    line = b'com,a)/ 2026 {"offset": 0, "length": %d, "digest": "md5:%s"}\n' % (len(block), b"0" * 32)
    return with_index(block, line * 100_000)


def ten_archives() -> dict[str, Content]:
    """Each within the limit, all together not."""
    return {f"archive/{number}.warc.gz": bomb(1) for number in range(10)}


def ten_records() -> bytes:
    numbered = (record_of(Repeated(bytes(MB), 500, start=HEAD), number) for number in range(10))
    return b"".join(packed.gzipped for packed in numbered)


@cache
def many_records(thousands: int = 60) -> bytes:
    """In one gzip member, as a whole WARC compressed at once."""
    return Repeated(response(1, b"<p>Words.</p>") * 1_000, thousands).gzipped


def nested() -> bytes:
    """A bomb in a ZIP in a ZIP: the inner one is some bytes to us."""
    inner = handmade([Part(name=b"a", method=DEFLATED, packed=zeros(1024).deflated)])
    return foreign({"raw/inner.zip": inner})


def lying() -> bytes:
    """Deflated to a gigabyte, which no header says."""
    lie = Part(name=LAST[0].encode(), method=DEFLATED, packed=SPACES.deflated, both={"size": 1000})
    return handmade([lie])


CASES: dict[str, tuple[Callable[[], Made], str, str, str]] = {
    "ours, 10^6 members": (lambda: million_members(b"provenance/a.json"), I, "container", LIMIT),
    "ours, 1 GB of datapackage": (lambda: Own({LAST[0]: zeros(1024)}), I, "container", LIMIT),
    "ours, 1 GB of seal": (lambda: Own({LAST[1]: zeros(1024)}), I, "container", LIMIT),
    "ours, 1 GB of manifest": (lambda: Own({MANIFEST: zeros(1024)}), I, "container", LIMIT),
    "ours, 1 GB of identity": (lambda: Own({IDENTITY: zeros(1024)}), I, "container", LIMIT),
    "ours, 1 GB of pages": (lambda: Own({PAGES: zeros(1024)}), I, "container", LIMIT),
    "ours, 3 GB of index": (lambda: Own({INDEX: zeros(3072)}), I, "container", LIMIT),
    "ours, 10^7 index lines": (lambda: Own({INDEX: b"a\n" * 10**7}), F, "index", "HASH_FAILURE"),
    "ours, 10^8 empty index lines": (lambda: Own({INDEX: b"\n" * 10**8}), F, "index", "HASH_FAILURE"),
    "ours, 10^6 pages": (lambda: Own({PAGES: own_pages()}), I, "pages", LIMIT),
    "ours, depth 10^5 in the manifest": (lambda: Own({MANIFEST: DEEP}), F, "manifest", FORMAT),
    "ours, depth 10^5 in the seal": (lambda: Own({LAST[1]: DEEP}), F, "datapackage", FORMAT),
    "ours, a record of 10 GB": (lambda: hostile(bomb()), I, "records", LIMIT),
    "ours, ten records of 500 MB": (lambda: hostile(ten_records()), I, "records", LIMIT),
    "ours, ten archives of 1 GB": (lambda: Own(ten_archives()), I, "records", LIMIT),
    "ours, 10^6 lines in a WARC header": (lambda: hostile(many_lines()), F, "records", FORMAT),
    "10^6 members": (lambda: million_members(LAST[0].encode()), I, "container", LIMIT),
    "10^6 members, of which 5 are announced": (
        lambda: million_members(LAST[0].encode(), 5),
        I,
        "container",
        LIMIT,
    ),
    "a name of 65,535 bytes": (
        lambda: handmade([Part(name=b"a" * 65_535), Part(name=LAST[0].encode())]),
        I,
        "container",
        LIMIT,
    ),
    "1 GB of datapackage": (lambda: foreign({LAST[0]: SPACES}), I, "container", LIMIT),
    "1 GB of datapackage, said to be less": (lying, F, "datapackage", FORMAT),
    "1 GB of pages": (lambda: foreign({PAGES: SPACES}), I, "container", LIMIT),
    "1 GB of index": (lambda: foreign({INDEX: SPACES}), I, "container", LIMIT),
    "members that overlap": (fifield, F, "container", FORMAT),
    "a bomb in a ZIP in a ZIP": (nested, I, "signature", "NO_SIGNATURE"),
    "10^7 index lines": (lambda: foreign({INDEX: line_of(INDEX) * 300_000}), I, "index", LIMIT),
    "10^8 empty index lines": (lambda: foreign({INDEX: NEWLINES}), I, "index", LIMIT),
    "a gzip bomb for an index": (lambda: with_index(NEWLINES.gzipped), I, "index", LIMIT),
    "10^7 lines in a compressed index": (
        lambda: with_index(Repeated(line_of(INDEX) * 1_000, 10_000).gzipped),
        I,
        "index",
        LIMIT,
    ),
    "a line of 1 GB in a compressed index": (
        lambda: with_index(Repeated(b"!" * MB, 1024).gzipped),
        I,
        "index",
        LIMIT,
    ),
    "10^5 times the same block of an index": (one_block_often, F, "index", FORMAT),
    "10^6 bad blocks of an index": (lambda: with_index(b"", b"x\n" * 10**6), I, "index", LIMIT),
    "10^6 pages": (lambda: foreign({PAGES: line_of(PAGES) * 10**6}), I, "pages", LIMIT),
    "10^7 bad pages": (lambda: foreign({PAGES: BAD_PAGES}), I, "pages", LIMIT),
    "10^8 empty lines of pages": (lambda: foreign({PAGES: NEWLINES}), I, "pages", LIMIT),
    "depth 10^5 in datapackage": (lambda: foreign({LAST[0]: DEEP}), F, "datapackage", FORMAT),
    "depth 10^5 in a page": (lambda: foreign({PAGES: DEEP}), F, "pages", FORMAT),
    "a record of 10 GB": (lambda: foreign({WARC: bomb()}), I, "records", LIMIT),
    "ten records of 500 MB": (lambda: foreign({WARC: ten_records()}), I, "records", LIMIT),
    "ten archives of 1 GB": (lambda: foreign(ten_archives()), I, "records", LIMIT),
    "10^6 lines in a WARC header": (lambda: foreign({WARC: many_lines()}), F, "records", FORMAT),
    "10^6 records in a gzip member": (
        lambda: foreign({WARC: many_records(1_000)}),
        I,
        "records",
        LIMIT,
    ),
    "60,000 records in each of ten archives": (
        lambda: foreign({f"archive/{number}.warc.gz": many_records() for number in range(10)}),
        I,
        "records",
        LIMIT,
    ),
    "a WARC alone, a record of 10 GB": (bomb, I, "records", LIMIT),
}


@pytest.mark.parametrize(("make", "verdict", "check", "code"), CASES.values(), ids=CASES.keys())
def test_two_seconds_and_two_hundred_megabytes(
    make: Callable[[], Made], verdict: str, check: str, code: str, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.wacz"
    made = make()
    if isinstance(made, Own):
        made.write(path)
    else:
        path.write_bytes(made)
    done = subprocess.run(
        [sys.executable, "-c", JUDGE, path], capture_output=True, timeout=60, check=True, text=True
    )
    path.unlink()
    seconds, megabytes, found, checks = json.loads(done.stdout)
    assert found == verdict, checks
    assert [verdict, check, code] in [told[:3] for told in checks], checks
    assert (seconds < SECONDS, megabytes < MEGABYTES) == (True, True), (seconds, megabytes)


def test_what_is_large_is_large() -> None:
    """Or the table would show nothing."""
    assert zlib.decompress(zeros(3).deflated, -15) == bytes(3 * MB)
    assert len(zlib.decompress(Repeated(b"ab", 3, start=b"(", end=b")").gzipped, 31)) == 8
    with tempfile.NamedTemporaryFile() as file:
        Own({}).write(Path(file.name))
        assert verify(Path(file.name), small.policy(), now=small.NOON)
