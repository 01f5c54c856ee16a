"""Secrets on the command line: used, blanked, and never said again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.site import answer
from tests.fetch.rawserver import RawServer, say

PAGE = answer(
    b"<title>Mine</title><link rel=icon href=data:,>", more=b"Set-Cookie: s=hush-server-1; Path=/\r\n"
)


@pytest.mark.usefixtures("keyring")
def test_secrets_are_sent_and_blanked_and_the_verdict_says_so(archiver: Command) -> None:
    Path("headers").write_text("# mine\nAuthorization: Bearer hush-header-1\nAccept-Language: de\n")
    Path("jar.txt").write_text("127.0.0.1\tFALSE\t/\tFALSE\t0\tc\thush-cookie-1\n")
    with RawServer({"/": say(PAGE)}) as server:
        ran = archiver(
            "save", server.url(), "--allow-private", "--json", "-o", "a.wacz",
            "--header", "@headers", "--header", "X-Api-Key: hush-key-1", "--cookies", "jar.txt",
        )  # fmt: skip
        asked = server.received
    assert ran.code == 0
    assert b"Authorization: Bearer hush-header-1\r\n" in asked
    assert b"X-Api-Key: hush-key-1\r\n" in asked
    assert b"Cookie: c=hush-cookie-1\r\n" in asked
    assert b"Accept-Language: de\r\n" in asked
    shown = ran.out + ran.err
    assert "REDACTED" in json.loads(ran.out)["settings"]
    told = archiver("verify", "a.wacz")
    assert told.code == 0
    assert "        4 secret values blanked\n" in told.out
    assert "REDACTED" in told.out
    assert json.loads(archiver("verify", "--json", "a.wacz").out)["blanked"] == 4
    assert archiver("verify", "--refuse", "REDACTED", "a.wacz").code == 3
    shown += archiver("show", "--json", "a.wacz").out + told.out
    assert "hush" not in shown
    assert b"hush" not in Path("a.wacz").read_bytes()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("--header", "X-Key: a\nhush hush\n", "file: line 2: not 'Name: value'"),
        ("--header", "Host: hush\n", "file: line 1: header 'Host'"),
        ("--cookies", "hush\n", "file: line 1: not seven fields"),
        ("--cookies", "a.example\tFALSE\t/\tFALSE\tnever\thush\thush\n", "file: line 1: the fifth field"),
    ],
)
@pytest.mark.usefixtures("keyring")
def test_a_file_that_is_none_is_refused_and_not_shown(
    archiver: Command, name: str, text: str, said: str
) -> None:
    Path("file").write_text(text)
    ran = archiver("save", "http://127.0.0.1:1/", name, "@file" if name == "--header" else "file")
    assert ran.code == 2
    assert said in ran.err
    assert "hush" not in ran.err + ran.out


@pytest.mark.usefixtures("keyring")
def test_a_page_that_repeats_a_secret_is_named(archiver: Command) -> None:
    echo = answer(b"<link rel=icon href=data:,>Your key is hush-header-1")
    with RawServer({"/": say(echo)}) as server:
        arguments = ["save", server.url(), "--allow-private", "--header", "X-Key: hush-header-1"]
        ran, again = archiver(*arguments), archiver(*arguments, "--json")
        assert f"  repeats a secret, which stays readable in the bundle: {server.url()}\n" in ran.err
        assert json.loads(again.out)["exposed"] == [server.url()]
    assert "hush" not in ran.err + ran.out + again.out + again.err
