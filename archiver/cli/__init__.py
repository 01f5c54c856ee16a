"""The command line: parse, call, print; no rule of the domain lives here.

This module loads click and nothing else, so that `--help` is quick; each command is imported when it runs.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Sequence

import click

from archiver.errors import (
    ArchiverError,
    CaptureError,
    FormatError,
    InputError,
    KeyFileError,
    LimitError,
    OutputError,
    OutputExistsError,
    VerificationError,
)
from archiver.version import __version__

_COMMANDS = {
    "save": "Capture what a URL serves now and seal it into a bundle.",
    "verify": "Check bundles: every byte, the signer, the time.",
    "show": "Say what a bundle holds, unverified.",
    "pack": "Make a packed bundle from a WARC of archiver's own.",
    "seal": "Sign a packed bundle.",
    "identity": "Make, list and trust signing identities.",
}

EXIT_NO, EXIT_USAGE, EXIT_UNSURE, EXIT_BROKEN, EXIT_INTERRUPTED = 1, 2, 3, 4, 130


class _Commands(click.Group):
    """The group whose commands are modules, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"archiver.cli.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, "--version", prog_name="archiver")
def main() -> None:
    """Keep what was cited, and prove it.

    Results go to standard output, all else to standard error. Exit codes: 0 yes; 1 no; 2 usage; 3 cannot
    tell, or not whole; 4 internal or I/O error; 130 interrupted with nothing kept.
    """


def exit_code(error: ArchiverError) -> int:
    """What a command ends with when *error* stops it."""
    if isinstance(error, OutputExistsError | InputError | KeyFileError):
        return EXIT_USAGE
    if isinstance(error, OutputError):
        return EXIT_BROKEN
    if isinstance(error, CaptureError):
        return EXIT_USAGE if error.reason == "usage" else EXIT_NO
    if isinstance(error, LimitError):
        return EXIT_UNSURE
    if isinstance(error, FormatError | VerificationError):
        return EXIT_NO
    return EXIT_BROKEN


def say(text: str) -> None:
    """One line on standard error; *text* may quote anything, so it is escaped."""
    from archiver.escape import terminal

    click.echo(terminal(text, limit=2_000), err=True)


def run(arguments: Sequence[str] | None = None) -> None:
    """The console command: run, and leave with a documented exit code and no traceback."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = main.main(args=arguments, prog_name="archiver", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("archiver: interrupted; nothing was kept")
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" (archiver {context.info_name} --help)" if context and context.parent else ""
        say(f"archiver: {error.format_message()}{hint}")
        return EXIT_USAGE
    except ArchiverError as error:
        say(f"archiver: {error}")
        return exit_code(error)
    except BrokenPipeError:
        # The reader has gone (`archiver show … | head`): quietly, as a filter does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:  # the last door: a bug ends as exit 4, never as a verdict
        if os.environ.get("ARCHIVER_DEBUG"):
            raise
        say(f"archiver: internal error, please report it: {type(error).__name__}: {error}")
        return EXIT_BROKEN
    return result if isinstance(result, int) else 0
