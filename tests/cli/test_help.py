"""Every command and every option says what it does."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from archiver import cli
from tests.cli.command import Command


def commands(
    command: click.Command, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command under *command*, by the words that call it."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, (*words, name))


COMMANDS = dict(commands(cli.main))
NAMES = [" ".join(words) for words in COMMANDS]


def test_these_are_the_commands() -> None:
    assert NAMES == [
        "", "save", "verify", "show", "pack", "seal", "identity", "identity export", "identity import",
        "identity list", "identity new", "identity show", "identity trust",
    ]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=NAMES)
def test_a_command_and_all_its_options_have_a_help_text(archiver: Command, words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    assert command.help
    silent = [
        parameter.opts
        for parameter in command.params
        if isinstance(parameter, click.Option) and not (parameter.help or "").strip()
    ]
    assert silent == []
    ran = archiver(*words, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: {' '.join(('archiver', *words))} ")


def test_the_short_helps_are_those_of_the_commands(archiver: Command) -> None:
    listed = archiver("--help").out.partition("Commands:\n")[2]
    for words, command in COMMANDS.items():
        if len(words) == 1:
            assert words[0] in listed
            assert command.help


def test_the_version_is_told(archiver: Command) -> None:
    from archiver.version import __version__

    assert archiver("--version").out == f"archiver, version {__version__}\n"


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_both_spellings_of_help_work_everywhere(archiver: Command, flag: str) -> None:
    for words in COMMANDS:
        assert archiver(*words, flag).code == 0
