"""An interrupted save: one signal keeps what there is, two keep nothing; a killed one leaves nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archiver.signing.keyring import Keyring
from tests.cli.command import Command
from tests.cli.site import answer, contents
from tests.fetch.rawserver import RawServer, Route, await_true, say

HELD = 60.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n"
SLOW: dict[str, Route] = {
    "/silent": say(HELD),
    "/half": say(HEAD + b"<title>Half</title>" + b"x" * 5000, HELD),
    "/picture": say(answer(b"<title>Slow</title><p>Words.<img src=/fast><img src=/silent><img src=/other>")),
    "/fast": say(answer(b"picture", "image/png")),
    "/other": say(answer(b"picture", "image/png"), HELD),
    "/unwell": say(answer(b"later", status="503 Busy", more=b"Retry-After: 25\r\n")),
    "/away": say(answer(b"", status="302 Found", more=b"Location: /silent\r\n")),
}
WAITS_AT = {"/picture": "/silent", "/away": "/silent"}


@pytest.fixture
def slow() -> Iterator[RawServer]:
    with RawServer(SLOW) as server:
        yield server


@contextmanager
def saving(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`archiver save` as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "archiver", "save", "--allow-private", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def reach(slow: RawServer, target: str) -> str:
    """The URL of *target*, and what is asked for last before the server keeps silent."""
    return WAITS_AT.get(target, target)


@pytest.mark.parametrize("target", ["/silent", "/half", "/picture", "/unwell", "/away"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_the_first_signal_keeps_what_there_is_as_partial(
    archiver: Command, keyring: Keyring, slow: RawServer, tmp_path: Path, target: str, number: signal.Signals
) -> None:
    with saving(slow.url(target), "-o", "a.wacz") as process:
        await_true(lambda: reach(slow, target) in slow.targets)
        time.sleep(0.1)
        begun = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert time.monotonic() - begun < 5
    assert process.returncode == 3, err
    assert out == "a.wacz\n"
    assert err.startswith("archiver: stopping; what there is will be kept as partial")
    assert list(contents(tmp_path)) == ["a.wacz"]
    ran = archiver("verify", "a.wacz")
    assert (ran.code, ran.out.partition(" ")[0]) == (0, "PASSED")
    summary = json.loads(archiver("show", "--json", "a.wacz").out)["stated"]
    assert (summary["status"], summary["reasons"][0]) == ("partial", "interrupted")


def test_what_was_wanted_and_not_got_is_listed(archiver: Command, keyring: Keyring, slow: RawServer) -> None:
    with saving(slow.url("/picture"), "-o", "a.wacz", "--json", "-j", "1") as process:
        await_true(lambda: "/silent" in slow.targets)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    told = json.loads(out)
    assert told["status"] == "partial"
    assert {entry["url"]: entry["reason"] for entry in told["missing"]} == {
        slow.url("/silent"): "interrupted",
        slow.url("/other"): "interrupted",
    }


@pytest.mark.parametrize("target", ["/silent", "/half", "/picture"])
def test_the_second_signal_keeps_nothing(
    keyring: Keyring, slow: RawServer, archiver: Command, target: str
) -> None:
    Path("a.wacz").write_bytes(b"old")
    with saving(slow.url(target), "-o", "a.wacz", "--force") as process:
        await_true(lambda: reach(slow, target) in slow.targets)
        for number in (signal.SIGINT, signal.SIGTERM):  # as close together as can be
            process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "archiver: interrupted; nothing was kept"
    assert contents(Path()) == {"a.wacz": b"old"}


@pytest.mark.parametrize("milliseconds", range(10))
def test_two_signals_are_heeded_whenever_they_come(
    keyring: Keyring, slow: RawServer, milliseconds: int
) -> None:
    with saving(slow.url("/picture"), "-o", "a.wacz") as process:
        await_true(lambda: "/silent" in slow.targets)
        time.sleep(milliseconds / 1000)
        for number in (signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
        out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")


def test_a_killed_process_leaves_nothing_under_the_final_name(
    keyring: Keyring, slow: RawServer, archiver: Command
) -> None:
    with saving(slow.url("/half"), "-o", "a.wacz") as process:
        await_true(lambda: "/half" in slow.targets)
        process.kill()
        process.wait()
    assert [name for name in contents(Path()) if not name.endswith(".part")] == []


def test_several_captures_end_with_the_one_that_was_interrupted(
    archiver: Command, keyring: Keyring, slow: RawServer, tmp_path: Path
) -> None:
    targets = [slow.url(target) for target in ("/fast", "/half", "/fast?2", "/fast?3")]
    with saving(*targets, "-o", str(tmp_path)) as process:
        await_true(lambda: "/half" in slow.targets)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert len(out.splitlines()) == 2
    assert err.splitlines()[-1] == "archiver: interrupted; 2 more not begun"
    assert archiver("verify", *out.splitlines()).code == 0


def test_a_bundle_finished_before_stays_when_a_later_one_is_dropped(
    archiver: Command, keyring: Keyring, slow: RawServer, tmp_path: Path
) -> None:
    with saving(slow.url("/fast"), slow.url("/silent"), "-o", str(tmp_path)) as process:
        await_true(lambda: "/silent" in slow.targets)
        for number in (signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "archiver: interrupted; this one was dropped"
    assert archiver("verify", *out.splitlines()).code == 0
    assert len(contents(tmp_path)) == len(out.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_another_command_that_is_interrupted_says_so(archiver: Command, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "archiver", "verify", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(b"x" * 200_000)  # more than a pipe holds: when it is written, the command reads
    process.stdin.flush()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, b"", b"archiver: interrupted; nothing was kept\n")
