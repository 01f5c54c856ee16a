"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from archiver.errors import OutputError, OutputExistsError
from archiver.whole import refuse_existing, whole_file, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_with_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    with whole_file(path) as out:
        out.write(b"half")
        out.flush()
        (part,) = names(tmp_path)
        assert part.startswith("a.wacz.")
        assert part.endswith(".part")
        out.seek(0)
        assert out.read() == b"half"
        out.write(b" and whole")
    assert names(tmp_path) == ["a.wacz"]
    assert path.read_bytes() == b"half and whole"
    assert path.stat().st_nlink == 1


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("overwrite", [False, True])
def test_after_an_exception_nothing_has_changed(
    tmp_path: Path, kind: type[BaseException], overwrite: bool
) -> None:
    path = tmp_path / "a"
    if overwrite:
        path.write_bytes(b"old")
    with pytest.raises(kind), whole_file(path, overwrite=overwrite) as out:
        out.write(b"new")
        raise kind
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == (
        {"a": b"old"} if overwrite else {}
    )


def test_an_existing_file_is_replaced_only_when_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(OutputExistsError, match="it exists already"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    write_whole(path, b"new", overwrite=True)
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


def test_a_file_that_comes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(OutputExistsError, match="it exists already"), whole_file(path) as out:
        out.write(b"ours")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("place", ["existing", "nowhere"])
def test_a_link_is_a_file_that_exists_and_is_itself_replaced(tmp_path: Path, place: str) -> None:
    (tmp_path / "existing").write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(place)
    with pytest.raises(OutputExistsError):
        write_whole(link, b"new")
    write_whole(link, b"new", overwrite=True)
    assert not link.is_symlink()
    assert link.read_bytes() == b"new"
    assert (tmp_path / "existing").read_bytes() == b"old"


@pytest.mark.parametrize("overwrite", [False, True])
def test_only_regular_files_are_ever_replaced(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    os.mkfifo(tmp_path / "fifo")
    for name, said in (
        ("folder", "it is a folder"),
        ("link", "it is a folder"),
        ("fifo", "not a regular file"),
    ):
        with pytest.raises(OutputExistsError, match=said):
            write_whole(tmp_path / name, b"new", overwrite=overwrite)
    with pytest.raises(OutputExistsError, match="not a regular file"):
        write_whole(Path("/dev/null"), b"new", overwrite=overwrite)
    assert names(tmp_path) == ["fifo", "folder", "link"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in ("missing/a", "file/a", "missing/further/a"):
        with pytest.raises(OutputError, match="its folder does not exist"):
            write_whole(tmp_path / place, b"new")
        with pytest.raises(OutputError, match="its folder does not exist"):
            refuse_existing(tmp_path / place, overwrite=True)


@pytest.mark.parametrize("name", ["n" * 256, "\u20ac" * 90])
def test_a_name_that_is_too_long_is_said_before_any_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="name too long"):
        refuse_existing(tmp_path / name, overwrite=False)


@pytest.mark.parametrize("name", ["n" * 255, "\u20ac" * 85, "\U0001f642" * 63, "\udce9" * 200])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    write_whole(tmp_path / name, b"new")
    assert names(tmp_path) == [name]


@pytest.mark.parametrize(
    ("mode", "umask", "expected"), [(0o666, 0o022, 0o644), (0o600, 0o022, 0o600), (0o666, 0o077, 0o600)]
)
def test_a_file_has_the_mode_that_was_asked_for(tmp_path: Path, mode: int, umask: int, expected: int) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "a", b"", mode=mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == expected


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 1, 5000, 99_999])
def test_a_full_disk_leaves_nothing(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with largest_file(size), pytest.raises(OutputError, match="cannot be written: file too large") as caught:
        write_whole(path, b"x" * 100_000, overwrite=True)
    assert caught.value.path == path
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_device_without_room_is_an_output_error(tmp_path: Path) -> None:
    """Whatever file it is that the disk has no room for while the block runs."""
    with pytest.raises(OutputError, match="no space left on device"), whole_file(tmp_path / "a") as out:
        out.write(b"x")
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")
    assert names(tmp_path) == []


def test_another_error_of_the_block_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError), whole_file(tmp_path / "a"):
        raise ConnectionResetError(errno.ECONNRESET, "reset")
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "a"):
        (tmp_path / "missing").read_bytes()
    assert names(tmp_path) == []


def test_an_interruption_while_the_name_is_given_takes_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def interrupted(source: Path, target: Path) -> None:
        link(source, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a", b"new")
    assert names(tmp_path) == []


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refused(source: Path, target: Path) -> None:
        raise OSError(code, os.strerror(code), str(source))

    monkeypatch.setattr(os, "link", refused)
    write_whole(tmp_path / "a", b"new")
    assert names(tmp_path) == ["a"]
    with pytest.raises(OutputExistsError), whole_file(tmp_path / "b"):
        (tmp_path / "b").write_bytes(b"theirs")
    assert (tmp_path / "b").read_bytes() == b"theirs"


def test_two_writers_of_one_name_do_not_meet(tmp_path: Path) -> None:
    def write(out: BinaryIO, data: bytes) -> None:
        out.write(data)

    with pytest.raises(OutputExistsError), whole_file(tmp_path / "a") as first:
        with whole_file(tmp_path / "a") as second:
            write(first, b"first")
            write(second, b"second")
        assert (tmp_path / "a").read_bytes() == b"second"
    assert (tmp_path / "a").read_bytes() == b"second"
    assert names(tmp_path) == ["a"]
