"""The canonical ZIP: other readers take it, and nothing but the one form of it is taken."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.bundle.container import ContainerWriter, Member, _directory, _local_header, read_container
from archiver.errors import FormatError, LimitError
from archiver.warc.window import Window

FILES = {
    "archive/data.warc.gz": b"records",
    "indexes/index.cdx": b"",
    "pages/pages.jsonl": b"{}\n",
    "datapackage.json": b"{}",
    "datapackage-digest.json": b"{}",
}


def written(files: dict[str, bytes]) -> bytes:
    with tempfile.TemporaryFile() as out:
        writer = ContainerWriter(out)
        for name, data in files.items():
            writer.add(name, (data,), len(data))
        writer.finish()
        out.seek(0)
        return out.read()


def members(data: bytes) -> dict[str, bytes]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        window = Window(file)
        return {member.name: window.read_at(member.offset, member.size) for member in read_container(window)}


def test_what_is_written_is_read() -> None:
    assert members(written(FILES)) == FILES


def test_zipfile_reads_it_too() -> None:
    with zipfile.ZipFile(io.BytesIO(written(FILES))) as found:
        assert found.testzip() is None
        assert {info.filename: found.read(info) for info in found.infolist()} == FILES
        assert {(info.compress_type, info.date_time, info.external_attr) for info in found.infolist()} == {
            (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0), 0)
        }


@given(st.dictionaries(st.sampled_from(sorted(FILES)), st.binary(max_size=40), min_size=1))
def test_the_bytes_are_a_function_of_the_members(files: dict[str, bytes]) -> None:
    ordered = {name: files[name] for name in FILES if name in files}
    assert written(ordered) == written(members(written(ordered)))


@pytest.mark.parametrize(
    "name",
    [
        "archive/../x.json", "/x.json", "C:/x.json", "archive\\x.warc", "archive/x", "archive/.hidden",
        "archive/a/b.warc", "Archive/a.warc", "archive/ä.warc", "other/a.json", "a.json", "archive/",
        "archive/a\0.warc", "archive/.", "archive/..", "", "archive/" + "a" * 300 + ".warc",
    ],
)  # fmt: skip
def test_a_name_that_no_bundle_has_is_refused(name: str) -> None:
    with tempfile.TemporaryFile() as out, pytest.raises(FormatError, match="member name"):
        ContainerWriter(out).add(name, (), 0)


def test_members_are_written_in_one_order_only() -> None:
    with tempfile.TemporaryFile() as out:
        writer = ContainerWriter(out)
        writer.add("pages/pages.jsonl", (), 0)
        with pytest.raises(FormatError, match="out of order"):
            writer.add("indexes/index.cdx", (), 0)


def rebuilt(change: Callable[[list[Member]], list[Member]]) -> bytes:
    """A container whose central directory lists other members than its local headers."""
    data = written(FILES)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        found = list(read_container(Window(file)))
    start = found[-1].offset + found[-1].size
    return data[:start] + _directory(change(found), start)


def by_zipfile(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in FILES.items():
            made.writestr(name, data * 40)
    return out.getvalue()


def patched(offset: int, data: bytes) -> bytes:
    """The good container with *data* at *offset* of its first central entry."""
    at = GOOD.index(b"PK\x01\x02") + offset
    return GOOD[:at] + data + GOOD[at + len(data) :]


GOOD = written(FILES)
END = len(GOOD) - 22

REFUSED = {
    "nothing": b"",
    "text": b"not a zip at all, and longer than an end record",
    "a prefix": b"MZ" + GOOD,
    "a suffix": GOOD + b"\0",
    "a second zip": GOOD + GOOD,
    "a comment": GOOD[:-2] + b"\x01\0x",
    "a gap": GOOD[:END].replace(b"PK\x01\x02", b"\0PK\x01\x02", 1) + GOOD[END:],
    "a member dropped from the directory": rebuilt(lambda found: found[1:]),
    "a member listed twice": rebuilt(lambda found: [*found, found[-1]]),
    "members listed in another order": rebuilt(lambda found: [found[1], found[0], *found[2:]]),
    "overlapping members": rebuilt(
        lambda found: [Member(name=m.name, crc=m.crc, size=m.size, header=0) for m in found]
    ),
    "deflated members": by_zipfile(zipfile.ZIP_DEFLATED),
    "a Unix host": patched(4, b"\x14\x03"),
    "a symlink's mode": patched(38, struct.pack("<L", 0o120777 << 16)),
    "the flag of encryption": patched(8, b"\x01\0"),
    "another method": patched(10, b"\x08\0"),
    "another date": patched(14, b"\x22\0"),
    "a false Zip64 count": GOOD[:END] + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0, 0, 0),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_anything_but_the_canonical_form_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        members(data)


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80])
def test_a_changed_byte_outside_the_data_is_refused(mask: int) -> None:
    """Even in a name or a CRC: the local header and the central one would differ."""
    with tempfile.TemporaryFile() as file:
        file.write(GOOD)
        file.flush()
        found = read_container(Window(file))
    data = {at for member in found for at in range(member.offset, member.offset + member.size)}
    for at in range(len(GOOD)):
        if at not in data:
            changed = bytearray(GOOD)
            changed[at] ^= mask
            with pytest.raises((FormatError, LimitError)):
                members(bytes(changed))


def test_sizes_past_four_gigabytes_take_zip64_fields() -> None:
    """Without writing one: the headers are a function of name, size, CRC and place."""
    big = Member(name="archive/data.warc.gz", crc=1, size=0x1_0000_0001, header=0)
    far = Member(name="indexes/index.cdx", crc=2, size=3, header=big.offset + big.size)
    assert _local_header(big)[4:6] == b"\x2d\0"
    assert struct.pack("<2H2Q", 1, 16, big.size, big.size) in _local_header(big)
    assert len(_local_header(far)) == 30 + len(far.name)
    assert _local_header(far)[4:6] == b"\x2d\0"
    start = far.offset + far.size
    directory = _directory([big, far], start)
    assert struct.pack("<2HQ", 1, 8, far.header) in directory
    assert b"PK\x06\x06" in directory
    assert b"PK\x06\x07" in directory


def test_a_sparse_bundle_past_four_gigabytes_is_read_by_zipfile_as_by_us() -> None:
    size = 0xFFFFFFFF + 10
    with tempfile.TemporaryFile() as file:
        big = Member(name="archive/data.warc.gz", crc=0, size=size, header=0)
        file.write(_local_header(big))
        file.truncate(big.offset + size)
        file.seek(0, 2)
        last = Member(name="datapackage.json", crc=zlib.crc32(b"{}"), size=2, header=file.tell())
        file.write(_local_header(last) + b"{}")
        file.write(_directory([big, last], file.tell()))
        file.flush()
        assert read_container(Window(file)) == (big, last)
        with zipfile.ZipFile(file) as found:
            assert found.read("datapackage.json") == b"{}"
            assert found.getinfo("archive/data.warc.gz").file_size == size


def test_too_many_members_are_a_limit_not_a_wait() -> None:
    count = 1_000_000
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 20, 45, 0, 0, count, count, 0, 0)
    end += struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    end += struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0, 0, 0)
    with pytest.raises(LimitError, match="members"):
        members(end)
