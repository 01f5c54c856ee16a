"""`verify -r`: every bundle in a folder, in order, on all cores, whatever the processes meet."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
import pytest

from archiver.cli.crew import Answer, Crew, cores
from archiver.cli.folder import bundles_in
from archiver.errors import ArchiverError, InputError
from tests import small
from tests.cli.command import Command


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """A folder of three good bundles, two of them deeper down, and one that is broken."""
    folder = tmp_path / "collection"
    for name in ("b/2/x.wacz", "b-1/x.wacz", "b.wacz"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(small.bundle())
    (folder / "b/broken.WACZ").write_bytes(b"PK, and no more")
    (folder / "b/notes.txt").write_text("not a bundle")
    return folder


@pytest.fixture
def many(tmp_path: Path) -> Callable[[int], Path]:
    """Makes a folder of as many bundles as asked for, all of them one file."""

    def make(count: int) -> Path:
        folder = tmp_path / f"of-{count}"
        folder.mkdir()
        (folder / "0000.wacz").write_bytes(small.bundle())
        for number in range(1, count):
            os.link(folder / "0000.wacz", folder / f"{number:04}.wacz")
        return folder

    return make


@contextmanager
def verifying(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`archiver verify -r --json` as a process, at the head of a group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "archiver", "verify", "-r", "--json", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def children(pid: int) -> list[int]:
    """The processes that *pid* has started."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def all_gone(group: int) -> bool:
    """Whether no process of *group* is left after a while."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def verdicts(out: str) -> list[tuple[str, str | None]]:
    """Input and verdict of each line of JSON."""
    return [(line["input"], line["verdict"]) for line in map(json.loads, out.splitlines())]


def test_bundles_come_in_bytewise_order_of_their_paths_and_the_worst_decides(
    archiver: Command, collection: Path, article: Path, library: Path
) -> None:
    ran = archiver("verify", "-r", "--json", "--trust", library, collection, article)
    found = [f"{collection}/{name}" for name in ("b-1/x.wacz", "b.wacz", "b/2/x.wacz", "b/broken.WACZ")]
    assert sorted(found, key=os.fsencode) == found
    assert verdicts(ran.out) == [
        (found[0], "PASSED"),
        (found[1], "PASSED"),
        (found[2], "PASSED"),
        (found[3], "FAILED"),
        (str(article), "PASSED"),
    ]
    assert (ran.code, ran.err) == (1, "")


def test_each_is_said_as_it_is_said_of_one_alone(archiver: Command, collection: Path, library: Path) -> None:
    options = ("--trust", library, "--explain")
    one_by_one = [
        archiver("verify", *options, collection / name)
        for name in ("b-1/x.wacz", "b.wacz", "b/2/x.wacz", "b/broken.WACZ")
    ]
    ran = archiver("verify", *options, "-r", collection)
    assert ran.out == "".join(alone.out for alone in one_by_one)
    assert ran.err == one_by_one[0].err  # the policy, which is said once


def test_what_cannot_be_read_is_said_in_its_place_and_the_rest_is_checked(
    archiver: Command, collection: Path, library: Path
) -> None:
    (collection / "b/broken.WACZ").unlink()
    os.mkfifo(collection / "a.wacz")
    (collection / "c.wacz").symlink_to("nowhere")
    (collection / "d.wacz").symlink_to("b", target_is_directory=True)
    ran = archiver("verify", "-r", "--json", "--trust", library, collection, "not-there.wacz")
    told = [(Path(name).name, verdict) for name, verdict in verdicts(ran.out)]
    assert told == [
        ("a.wacz", None),
        ("x.wacz", "PASSED"),
        ("b.wacz", "PASSED"),
        ("x.wacz", "PASSED"),
        ("c.wacz", None),
        ("d.wacz", None),
        ("not-there.wacz", None),
    ]
    assert ran.code == 2
    assert ran.error_lines == [
        f"archiver: {collection}/a.wacz: is not a regular file",
        f"archiver: {collection}/c.wacz: no such file or directory",
        f"archiver: {collection}/d.wacz: is not a regular file",
        "archiver: not-there.wacz: no such file or directory",
    ]


def test_a_link_to_a_folder_is_not_followed_but_for_one_that_is_named(
    archiver: Command, collection: Path, tmp_path: Path
) -> None:
    (collection / "b/up").symlink_to("..", target_is_directory=True)
    (tmp_path / "named").symlink_to(collection, target_is_directory=True)
    ran = archiver("verify", "-r", "--json", tmp_path / "named")
    assert len(ran.out.splitlines()) == 4
    assert all(name.startswith(f"{tmp_path}/named/") for name, _ in verdicts(ran.out))


def test_a_folder_without_bundles_is_an_error(archiver: Command, tmp_path: Path, article: Path) -> None:
    (tmp_path / "empty/in").mkdir(parents=True)
    ran = archiver("verify", "-r", "--json", "empty", article)
    assert ran.code == 2
    assert ran.err == "archiver: empty: holds no file whose name ends in .wacz\n"
    assert verdicts(ran.out) == [("empty", None), (str(article), "INDETERMINATE")]


def test_a_folder_without_the_option_is_no_bundle(archiver: Command, collection: Path) -> None:
    ran = archiver("verify", collection)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"archiver: {collection}: is not a regular file")


def test_names_that_are_no_text_are_found_and_escaped(archiver: Command, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in (b"\xff.wacz", "é\n\x1b[31m.wacz".encode()):
        (folder / os.fsdecode(name)).write_bytes(small.bundle())
    ran = archiver("verify", "-r", folder)
    heads = [line for line in ran.out.splitlines() if line.startswith("INDETERMINATE  ")]
    assert [line.split("  ")[1].rpartition("/")[2] for line in heads] == [
        "é\\x0a\\x1b[31m.wacz",
        "\\udcff.wacz",
    ]
    lines = archiver("verify", "-r", "--json", folder).out.splitlines()
    assert os.fsencode(json.loads(lines[1])["input"]).endswith(b"/\xff.wacz")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_listed_is_an_error_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir(mode=0)
    (tmp_path / "a.wacz").touch()
    (tmp_path / "c.wacz").touch()
    found = list(bundles_in(str(tmp_path)))
    assert [error is None for _, error in found] == [True, False, True]


def test_a_folder_that_is_gone_by_the_time_it_is_its_turn_is_an_error(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.wacz").touch()
    found = bundles_in(str(tmp_path))
    assert next(found) == (f"{tmp_path}/a/x.wacz", None)
    (tmp_path / "b/x.wacz").unlink()
    (tmp_path / "b").rmdir()
    ((path, error),) = found
    assert path == f"{tmp_path}/b"
    assert isinstance(error, InputError)


def test_folders_may_lie_deeper_than_calls_may(tmp_path: Path) -> None:
    folders = [f"{tmp_path}{depth * '/d'}" for depth in range(1, 1_011)]
    for folder in folders:
        Path(folder).mkdir()
    bundle = Path(folders[-1], "x.wacz")
    bundle.touch()
    try:
        assert list(bundles_in(str(tmp_path))) == [(str(bundle), None)]
    finally:
        subprocess.run(["rm", "-r", folders[0]], check=True)  # Python's own ways cannot, or take long


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interruption_ends_all_processes_at_once_and_quietly(
    many: Callable[[int], Path], number: signal.Signals
) -> None:
    with verifying(many(2_000)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        begun = time.monotonic()
        if number is signal.SIGINT:
            os.killpg(process.pid, number)  # Ctrl-C meets all of them
        else:
            process.send_signal(number)
        _, err = process.communicate(timeout=20)
        assert time.monotonic() - begun < 3
        assert process.returncode == 130
        assert err == "archiver: interrupted; nothing was kept\n"
        assert all_gone(process.pid)


def test_a_process_that_is_killed_costs_its_own_bundle_alone(many: Callable[[int], Path]) -> None:
    folder = many(300)
    with verifying(folder) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        os.kill(children(process.pid)[0], signal.SIGKILL)
        out, err = process.communicate(timeout=60)
    told = verdicts(first + out)
    assert [name for name, _ in told] == [f"{folder}/{number:04}.wacz" for number in range(300)]
    (lost,) = (name for name, verdict in told if verdict != "INDETERMINATE")
    assert process.returncode == 4
    assert err == f"archiver: {lost}: the process that was at it was ended by signal 9\n"


def test_nothing_is_left_of_a_command_that_is_killed(many: Callable[[int], Path]) -> None:
    with verifying(many(2_000)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(children(process.pid)) == cores()
        process.kill()
        process.wait()
        assert all_gone(process.pid)


def test_a_reader_that_goes_away_ends_it_quietly(many: Callable[[int], Path]) -> None:
    with verifying(many(2_000)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=20) == 128 + signal.SIGPIPE
        assert process.stderr.read() == ""
        assert all_gone(process.pid)


def test_memory_does_not_follow_the_number_of_bundles(many: Callable[[int], Path]) -> None:
    program = (
        "import resource, subprocess, sys;"
        "command = [sys.executable, '-m', 'archiver', 'verify', '-r', sys.argv[1]];"
        "assert subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 3;"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )

    def peak(count: int) -> int:
        """KB that the largest of all its processes took."""
        command = [sys.executable, "-c", program, str(many(count))]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    few, lots = peak(100), peak(2_000)
    assert lots < few + 3_000, (few, lots)
    assert lots < 80_000


def answers(work: Callable[[str], int], names: list[str], *, size: int) -> list[Answer | ArchiverError]:
    with Crew(work, size=size) as crew:
        told = list(crew.answers((name, None) for name in names))
    assert [name for name, _ in told] == names
    assert children(os.getpid()) == []
    return [answer for _, answer in told]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_answers_come_in_order_whoever_is_done_first(size: int) -> None:
    def work(name: str) -> int:
        time.sleep((int(name) * 7919 % 5) / 1000)
        print(name, "out")
        print(name, "err", file=sys.stderr)
        return int(name) % 4

    told = answers(work, [str(number) for number in range(100)], size=size)
    assert told == [
        Answer(code=number % 4, out=f"{number} out\n", err=f"{number} err\n") for number in range(100)
    ]


def test_answers_too_long_to_be_held_wait_for_their_turn(tmp_path: Path) -> None:
    def work(name: str) -> int:
        (tmp_path / name).touch()
        if name == "10":
            time.sleep(0.5)
            print(name, len(list(tmp_path.iterdir())))
        else:
            print(name * (3 << 20))
        return 0

    names = [str(number) for number in range(10, 40)]
    told = [answer.out for answer in answers(work, names, size=3) if isinstance(answer, Answer)]
    assert [out[:2] for out in told] == names
    assert int(told[0].split()[1]) <= 5  # the first, one that is held, two that wait, one that is at it


def test_work_that_raises_or_dies_is_an_error_of_that_input() -> None:
    def work(name: str) -> int:
        match name:
            case "bug":
                raise ZeroDivisionError("by zero")
            case "disk":
                raise OSError(5, "Input/output error")
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "left":
                os._exit(7)
        print("done")
        return 0

    good = Answer(code=0, out="done\n", err="")
    names = ["a", "bug", "b", "killed", "c", "disk", "d", "left", "left", "e"]
    told = answers(work, names, size=2)
    assert [answer for answer in told if isinstance(answer, Answer)] == [good] * 5
    assert [str(answer) for answer in told if not isinstance(answer, Answer)] == [
        "bug: internal error, please report it: ZeroDivisionError: by zero",
        "killed: the process that was at it was ended by signal 9",
        "disk: input/output error",
        "left: the process that was at it ended with 7",
        "left: the process that was at it ended with 7",
    ]


def test_a_process_keeps_nothing_of_what_is_done() -> None:
    def work(name: str) -> int:
        click.echo(Path("/proc/self/statm").read_text().split()[1])
        click.echo(name + "x" * 100_000, err=True)
        cycle: list[object] = [name * 100_000]
        cycle.append(cycle)
        return 0

    told = answers(work, [f"{number:04}" for number in range(400)], size=1)
    pages = [int(answer.out) for answer in told if isinstance(answer, Answer)]
    assert pages[-1] - pages[20] < 1_000


def test_what_was_printed_before_an_error_is_dropped() -> None:
    def work(name: str) -> int:
        print(name)
        if name == "bug":
            raise ZeroDivisionError
        return 0

    told = answers(work, ["a", "bug", "b"], size=1)
    assert [answer.out for answer in told if isinstance(answer, Answer)] == ["a\n", "b\n"]


def test_the_processes_are_gone_when_the_caller_stops_asking() -> None:
    def work(name: str) -> int:
        time.sleep(0 if name == "0" else 60)
        return 0

    with Crew(work, size=3) as crew:
        next(crew.answers((str(number), None) for number in range(9)))
        assert len(children(os.getpid())) == 3
    assert children(os.getpid()) == []
