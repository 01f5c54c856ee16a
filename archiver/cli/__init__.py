"""The command line: parse, call, print; no rule of the domain lives here.

This module loads click and nothing else, so that `--help` is quick; each command is imported when it runs.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType

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
    "pack": "Make a packed bundle from WARCs, archiver's own or others'.",
    "seal": "Sign a packed bundle, or any other file beside itself.",
    "identity": "Make, list and trust signing identities.",
}

EXIT_NO, EXIT_USAGE, EXIT_UNSURE, EXIT_BROKEN, EXIT_INTERRUPTED = 1, 2, 3, 4, 130

_COLLECT_EVERY = 50_000  # objects: a short run is over before the first collection
_NEWER = "UNSUPPORTED_VERSION"
_WORST_FIRST = (EXIT_BROKEN, EXIT_NO, EXIT_USAGE, EXIT_UNSURE, 0)


class _InterruptError(Exception):
    """A KeyboardInterrupt, which click would meet with an empty line of its own."""


class _ReaderGoneError(Exception):
    """A BrokenPipeError, which click would end with 1, as if it were a verdict."""


class _Commands(click.Group):
    """The group whose commands are modules, imported on use."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise _InterruptError from error
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

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
    if isinstance(error, LimitError) or (isinstance(error, FormatError) and error.code == _NEWER):
        return EXIT_UNSURE
    if isinstance(error, CaptureError | FormatError | VerificationError):
        return EXIT_NO
    return EXIT_BROKEN


def worst(codes: Iterable[int]) -> int:
    """What a command ends with whose inputs, one by one, would have ended with *codes*."""
    return min(codes, key=_WORST_FIRST.index, default=0)


def say(text: str, *, lead: str = "") -> None:
    """One line on standard error, *lead* first; *text* may quote anything, so it is escaped."""
    from archiver.escape import terminal

    click.echo(lead + terminal(text, limit=2_000), err=True)


def emit(value: object) -> None:
    """*value* as one line of JSON on standard output, in ASCII: it has no power over a terminal either."""
    import json

    import msgspec

    text = json.dumps(msgspec.to_builtins(value), separators=(",", ":"))
    click.echo(text.replace("\x7f", "\\u007f"))


def emit_path(path: Path) -> None:
    """*path*, which is the user's own, as one line on standard output, to the byte."""
    click.echo(os.fsencode(path))


def run(arguments: Sequence[str] | None = None) -> None:
    """The console command: run, and leave with a documented exit code and no traceback."""
    gc.set_threshold(_COLLECT_EVERY)
    atexit.register(gc.freeze)  # no last look through memory that goes back to the system as a whole
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that lacks a character is shown its number rather than an error.
        sys.stdout.reconfigure(errors="backslashreplace")
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
    try:
        code = _run(arguments)
    except KeyboardInterrupt:  # once more, while the first was being answered
        code = EXIT_INTERRUPTED
    _end(code)


def _end(code: int) -> None:
    """Leave with *code*, whatever signal comes now."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
    except KeyboardInterrupt:
        _end(code)
    sys.exit(code)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does: what is half written is removed on the way out."""
    raise KeyboardInterrupt


def _drop_output() -> None:
    """Send what standard output could not take to nowhere, or it would be tried once more at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: Sequence[str] | None) -> int:
    try:
        result = main.main(args=arguments, prog_name="archiver", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, _InterruptError, KeyboardInterrupt):
        say("archiver: interrupted; nothing was kept")
        return EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return EXIT_USAGE
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        say(f"archiver: {error.format_message()}" + (f" ({context.command_path} --help)" if context else ""))
        return EXIT_USAGE
    except ArchiverError as error:
        say(f"archiver: {error}")
        return exit_code(error)
    except (_ReaderGoneError, BrokenPipeError):
        # The reader has gone (`archiver show … | head`): quietly, as a filter does.
        _drop_output()
        return 128 + signal.SIGPIPE
    except OSError as error:
        _drop_output()
        place = f"{error.filename}: " if error.filename is not None else ""
        say(f"archiver: {place}{(error.strerror or str(error)).lower()}")
        return EXIT_BROKEN
    except Exception as error:  # the last door: a bug ends as exit 4, never as a verdict
        if os.environ.get("ARCHIVER_DEBUG"):
            raise
        say(f"archiver: internal error, please report it: {type(error).__name__}: {error}")
        return EXIT_BROKEN
    return result if isinstance(result, int) else 0
