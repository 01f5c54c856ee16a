"""Options that several commands share, and the settings behind them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec.structs import replace

from archiver.config import Settings
from archiver.errors import FormatError, InputError, KeyFileError, LimitError, OutputExistsError
from archiver.signing.keyring import Keyring
from archiver.whole import refuse_existing

F = TypeVar("F", bound=Callable[..., Any])

MAX_PASSPHRASE = 1_024

keyring_option = click.option(
    "--keyring",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of your identities and of those you trust.",
)
passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File whose first line unlocks the signing keys; asked for on a terminal otherwise.",
)
identity_option = click.option("--identity", help="Which of your identities seals: a name or fingerprint.")
force_option = click.option("--force", is_flag=True, help="Replace an output that exists.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object per input, one per line.")


@contextmanager
def usage() -> Iterator[None]:
    """A block that reads what the user typed or set up: what is wrong in it is a usage error."""
    try:
        yield
    except FormatError as error:
        raise click.UsageError(str(error)) from error


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """A block that reads the file *path*: what is wrong in it is said with its name."""
    try:
        yield
    except FormatError as error:
        raise error.inside(str(path)) from error
    except LimitError as error:
        raise LimitError(str(error), where=str(path)) from error


def refuse_output(path: Path, *, force: bool) -> None:
    """Refuse, before any work is done, an output that is there already and may not be replaced."""
    try:
        refuse_existing(path, overwrite=force)
    except OutputExistsError as error:
        refuse_existing(path, overwrite=True)  # raises where --force would not help either
        raise OutputExistsError("it exists already; --force replaces it", path=path) from error


def settings(**flags: object) -> Settings:
    """This user's settings, *flags* that were given taking precedence."""
    try:
        home, here = Path.home(), Path.cwd()
    except RuntimeError as error:
        raise click.UsageError("there is no home folder: set HOME") from error
    try:
        loaded = Settings.load(os.environ, home=home, here=here)
    except FormatError as error:
        raise InputError(error.message, path=Path(error.where)) from error
    return replace(loaded, **{name: value for name, value in flags.items() if value is not None})


def keyring(chosen: Settings) -> Keyring:
    """The keyring that *chosen* names."""
    return Keyring(chosen.keyring)


def passphrase(chosen: Settings, prompt: str = "Passphrase") -> Callable[[], str]:
    """How a passphrase is got when a key needs one: from the file that was named, or by asking."""

    def ask() -> str:
        if chosen.passphrase_file is not None:
            return read_passphrase(chosen.passphrase_file)
        if not sys.stdin.isatty():
            raise KeyFileError("the key needs a passphrase: name a file with --passphrase-file")
        return str(click.prompt(prompt, hide_input=True, err=True))

    return ask


def read_passphrase(path: Path) -> str:
    """The first line of *path*."""
    try:
        with path.open("rb") as file:
            line = file.readline(MAX_PASSPHRASE + 2)
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), path=path) from error
    line = line.rstrip(b"\r\n")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise KeyFileError("the passphrase is not UTF-8 text", path=path) from error
    if not text:
        raise KeyFileError("its first line is empty", path=path)
    if len(line) > MAX_PASSPHRASE:
        raise KeyFileError(f"its first line is longer than {MAX_PASSPHRASE} bytes", path=path)
    return text
