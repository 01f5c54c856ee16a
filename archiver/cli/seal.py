"""`archiver seal`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from archiver import cli
from archiver.bundle.bundle import Bundle, file_state, open_regular
from archiver.bundle.countersign import ROLES, SUFFIX, countersign
from archiver.bundle.seal import seal
from archiver.bundle.verdict import Verdict
from archiver.cli import options
from archiver.cli.signer import signing_identity
from archiver.config import Settings
from archiver.digest import CHUNK, Digest
from archiver.errors import FormatError, InputError, LimitError, VerificationError
from archiver.verify import Policy, Result, verify
from archiver.verify.beside import CALLED_ARCHIVE, STOOD_IN_FOR
from archiver.whole import whole_file, write_whole


@click.command("seal")
@click.argument("file", type=click.Path(path_type=Path), metavar="BUNDLE|FILE")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
              help="Write the sealed bundle or the countersignature here.")  # fmt: skip
@click.option("--role", type=click.Choice(ROLES),
              help="What you say of a file: that you received it (the default), or more.")  # fmt: skip
@options.force_option
@options.identity_option
@options.passphrase_option
@options.keyring_option
def command(
    file: Path,
    output: Path | None,
    role: str | None,
    force: bool,
    identity: str | None,
    passphrase_file: Path | None,
    keyring: Path | None,
) -> None:
    """Sign a packed bundle, after every check but the signature; any other file beside itself.

    A packed bundle of archiver's own is sealed in its place. Another tool's bundle, a WARC or a file of any
    kind stays as it is: the countersignature is FILE.intoto.json, which `archiver verify FILE` finds.
    """
    chosen = options.settings(identity=identity, passphrase_file=passphrase_file, keyring=keyring)
    if output is not None:
        options.refuse_output(output, force=force)
    with open_regular(file) as source:
        state = file_state(source)
        with _naming(file):
            judged = _judge_others(source, file)
        if judged is not None:
            beside = output or file.with_name(file.name + SUFFIX)
            _countersign(source, state, judged, beside, chosen, role=role or ROLES[0], force=force)
        elif role is not None:
            raise click.UsageError("--role is for files that are signed beside themselves; this is sealed")
        else:
            _seal(source, file, output, chosen, force=force)


def _judge_others(source: BinaryIO, path: Path) -> Result | None:
    """What there is to say of a file that is none of ours, whoever signed it; None for a bundle of ours.

    FormatError, or LimitError, where it is one of ours and broken, or is called a bundle and is no archive.
    """
    try:
        Bundle(source, name=str(path))
    except (FormatError, LimitError):
        judged = verify(source, Policy(), name=str(path))
        if judged.kind == "archiver" or (
            judged.kind == "file" and path.name.lower().endswith(CALLED_ARCHIVE)
        ):
            raise
        return judged
    return None


def _seal(source: BinaryIO, path: Path, output: Path | None, chosen: Settings, *, force: bool) -> None:
    signer = signing_identity(chosen)
    mode = stat.S_IMODE(os.fstat(source.fileno()).st_mode)
    with (
        whole_file(output or path.resolve(), overwrite=force or output is None, mode=mode) as out,
        _naming(path),
    ):
        while chunk := source.read(CHUNK):
            out.write(chunk)
        out.flush()
        seal(out, signer, created=datetime.now(UTC))
    cli.emit_path(output or path)


def _countersign(
    source: BinaryIO,
    state: tuple[int, ...],
    judged: Result,
    beside: Path,
    chosen: Settings,
    *,
    role: str,
    force: bool,
) -> None:
    """Write *beside*, over the bytes of *source* as they were at *state* and as they were *judged*."""
    path = Path(judged.name)
    if path.name.endswith(SUFFIX):
        raise InputError("is a countersignature itself", path=path)
    if beside.exists() and beside.samefile(path):
        raise InputError("the countersignature cannot take the place of what it is over", path=path)
    options.refuse_output(beside, force=force)
    signer = signing_identity(chosen)
    with _naming(path):
        if os.fstat(source.fileno()).st_size == 0:
            raise FormatError("the file is empty")
        source.seek(0)
        digest = Digest.of(source)
        if file_state(source) != state:
            raise FormatError("it was written to while it was read", code="CHANGED_WHILE_READ")
        signed = countersign(path.name, digest, signer, role=role, created=datetime.now(UTC))
        write_whole(beside, signed.to_json(), overwrite=force)
    cli.emit_path(beside)
    for line in _doubts(judged):
        cli.say(f"{path}: {line}")
    if beside.absolute() != path.with_name(path.name + SUFFIX).absolute():
        cli.say(f"`archiver verify {path.name}` looks for it beside the file, as {path.name}{SUFFIX}")


def _doubts(judged: Result) -> Iterator[str]:
    """What verify says of the file whoever has countersigned it."""
    if judged.kind == "file":
        yield "no archive, so nothing but its bytes is vouched for"
        return
    for verdict in (Verdict.FAILED, Verdict.INDETERMINATE):
        doubts = [check for check in judged.checks if check.verdict is verdict]
        for check in doubts:
            if check.code not in STOOD_IN_FOR:
                yield f"signed, but by itself it is {check}"
                return


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """As `options.naming`, for a bundle that does not hold too."""
    try:
        with options.naming(path):
            yield
    except VerificationError as error:
        raise VerificationError(f"{path}: {error}", result=error.result) from error
