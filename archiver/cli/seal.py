"""`archiver seal`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from archiver import cli
from archiver.bundle.bundle import open_regular
from archiver.bundle.seal import seal
from archiver.cli import options
from archiver.cli.signer import signing_identity
from archiver.digest import CHUNK
from archiver.errors import VerificationError
from archiver.whole import whole_file


@click.command("seal")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
              help="Write the sealed bundle here; by default it takes the packed one's place.")  # fmt: skip
@options.force_option
@options.identity_option
@options.passphrase_option
@options.keyring_option
def command(
    bundle: Path,
    output: Path | None,
    force: bool,
    identity: str | None,
    passphrase_file: Path | None,
    keyring: Path | None,
) -> None:
    """Sign a packed bundle, after every check but the signature."""
    chosen = options.settings(identity=identity, passphrase_file=passphrase_file, keyring=keyring)
    if output is not None:
        options.refuse_output(output, force=force)
    with open_regular(bundle) as source:
        signer = signing_identity(chosen)
        mode = stat.S_IMODE(os.fstat(source.fileno()).st_mode)
        with (
            whole_file(output or bundle.resolve(), overwrite=force or output is None, mode=mode) as out,
            _naming(bundle),
        ):
            while chunk := source.read(CHUNK):
                out.write(chunk)
            out.flush()
            seal(out, signer, created=datetime.now(UTC))
    cli.emit_path(output or bundle)


@contextmanager
def _naming(bundle: Path) -> Iterator[None]:
    """As `options.naming`, for a bundle that does not hold too."""
    try:
        with options.naming(bundle):
            yield
    except VerificationError as error:
        raise VerificationError(f"{bundle}: {error}", result=error.result) from error
