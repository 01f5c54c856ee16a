"""`archiver seal`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from archiver.bundle.bundle import open_regular
from archiver.bundle.seal import seal
from archiver.cli import options
from archiver.cli.signer import signing_identity
from archiver.digest import CHUNK
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
    with open_regular(bundle) as source:
        signer = signing_identity(chosen)
        with whole_file(output or bundle, overwrite=force or output is None) as out:
            while chunk := source.read(CHUNK):
                out.write(chunk)
            out.flush()
            seal(out, signer, created=datetime.now(UTC))
    click.echo(output or bundle)
