"""On a terminal: progress is shown, passphrases are asked for, payloads are kept off it."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from archiver.signing.keyring import Keyring
from tests.cli.command import Command
from tests.cli.site import answer
from tests.fetch.rawserver import RawServer, say


class Terminal:
    """The far side of a pseudo-terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.shown = b""

    def await_text(self, text: bytes) -> None:
        """Read until *text* is shown."""
        end = time.monotonic() + 20
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            self.shown += os.read(self._descriptor, 4096)

    def type(self, text: bytes) -> None:
        os.write(self._descriptor, text)

    def read_to_end(self) -> bytes:
        """All that is shown until the command ends."""
        with contextlib.suppress(OSError):  # EIO: the near side is closed
            while part := os.read(self._descriptor, 4096):
                self.shown += part
        return self.shown


@contextlib.contextmanager
def on_a_terminal(
    *arguments: str, out: int | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], Terminal]]:
    """The command with a terminal for input and errors, and for output too unless that goes to *out*."""
    far, near = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "archiver", *arguments],
            stdin=near,
            stdout=near if out is None else out,
            stderr=near,
            start_new_session=True,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "200"},
        )
        os.close(near)
        try:
            yield process, Terminal(far)
        finally:
            process.kill()
            process.wait()
    finally:
        os.close(far)


def test_progress_is_shown_and_taken_away_again(archiver: Command, keyring: Keyring) -> None:
    images = b"".join(b"<img src=/%d>" % number for number in range(3))
    routes = {"/": say(answer(images)), "*": say(0.3, answer(b"picture", "image/png"))}
    with (
        RawServer(routes) as site,
        on_a_terminal(
            "save", site.url(), "--allow-private", "-o", "a.wacz", "-j", "1", out=subprocess.PIPE
        ) as (
            process,
            terminal,
        ),
    ):
        shown = terminal.read_to_end().decode()
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.read() == b"a.wacz\n"
        assert process.wait(20) == 0
    assert "2 of 5 found" in shown
    assert re.search(r"complete: 5 exchanges, .*\r\n.*no timestamp proves it\r\n$", shown)


def test_a_passphrase_is_asked_for_and_not_shown(archiver: Command, packed: Path) -> None:
    with on_a_terminal("identity", "new", "Careful", "--passphrase") as (process, terminal):
        terminal.await_text(b"Passphrase: ")
        terminal.type(b"correct horse\n")
        terminal.await_text(b"Repeat for confirmation: ")
        terminal.type(b"correct horse\n")
        assert b"horse" not in terminal.read_to_end()
        assert process.wait(20) == 0
    with on_a_terminal("seal", str(packed)) as (process, terminal):
        terminal.await_text(b"Passphrase: ")
        terminal.type(b"correct horse\n")
        assert b"horse" not in terminal.read_to_end()
        assert process.wait(20) == 0
    assert archiver("verify", packed).code == 0


def test_a_payload_is_not_written_to_a_terminal(article: Path) -> None:
    with on_a_terminal("show", str(article), "--extract", "http://news.example/a") as (process, terminal):
        assert b"redirect standard output to a file" in terminal.read_to_end()
        assert process.wait(20) == 2


def test_many_captures_are_shown_and_asked_about(archiver: Command, keyring: Keyring, tmp_path: Path) -> None:
    urls = [f"http://127.0.0.1:9/{number}" for number in range(26)]
    with on_a_terminal("save", *urls) as (process, terminal):
        terminal.await_text(b"26 captures. Go on? [y/N]: ")
        for url in urls:
            assert url.encode() in terminal.shown
        terminal.type(b"n\n")
        terminal.read_to_end()
        assert process.wait(20) == 130
    assert list(tmp_path.iterdir()) == []
