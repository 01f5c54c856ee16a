"""`archiver identity`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from archiver import cli
from archiver.bundle.bundle import open_regular
from archiver.cli import options
from archiver.cli.render import fingerprint_text
from archiver.errors import KeyFileError
from archiver.escape import terminal
from archiver.signing.export import MAX_BYTES, Export
from archiver.signing.identity import Identity
from archiver.whole import write_whole


@click.group("identity")
def command() -> None:
    """Make, list and trust signing identities.

    An identity is a named set of public keys, known by its fingerprint. Its private keys stay in your
    keyring; whoever is to check your bundles needs the public file that `export` gives, once, by a way
    that they trust.
    """


@command.command("new")
@click.argument("name")
@click.option("--passphrase", "ask", is_flag=True, help="Keep the keys under a passphrase, asked for.")
@options.passphrase_option
@options.keyring_option
def new(name: str, ask: bool, passphrase_file: Path | None, keyring: Path | None) -> None:
    """Make an identity called NAME and trust it."""
    chosen = options.settings(keyring=keyring, passphrase_file=passphrase_file)
    secret: str | None = None
    if chosen.passphrase_file is not None:
        secret = options.read_passphrase(chosen.passphrase_file)
    elif ask:
        if not sys.stdin.isatty():
            raise click.UsageError("--passphrase asks on a terminal: name a file with --passphrase-file")
        secret = str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True))
    ring = options.keyring(chosen)
    made = ring.new(name, secret).identity
    ring.trust(made, datetime.now(UTC))
    click.echo(made.fingerprint.hex)
    if secret is None:
        cli.say("the keys are kept without a passphrase, readable by your user alone")


@command.command("list")
@options.json_option
@options.keyring_option
def list_(as_json: bool, keyring: Path | None) -> None:
    """Your own identities and those you trust."""
    ring = options.keyring(options.settings(keyring=keyring))
    own = {identity.fingerprint for identity in ring.own()}
    trusted = {entry.identity.fingerprint: entry for entry in ring.trusted()}
    for identity in [*ring.own(), *(entry.identity for fp, entry in trusted.items() if fp not in own)]:
        entry = trusted.get(identity.fingerprint)
        if as_json:
            cli.emit(
                {
                    "name": entry.name if entry else identity.name,
                    "fingerprint": str(identity.fingerprint),
                    "own": identity.fingerprint in own,
                    "trusted_since": entry.since if entry else None,
                }
            )
            continue
        kind = "own" if identity.fingerprint in own else "   "
        since = f"trusted since {entry.since}" if entry else "not trusted"
        name = terminal(entry.name if entry else identity.name)
        click.echo(f"{kind}  {fingerprint_text(identity.fingerprint.hex)}  {since}  {name}")


@command.command("show")
@click.argument("name")
@options.keyring_option
def show(name: str, keyring: Path | None) -> None:
    """The keys of one identity of the keyring, by name or fingerprint."""
    ring = options.keyring(options.settings(keyring=keyring))
    identity = Identity.from_bytes(ring.export(name))
    entry = next((one for one in ring.trusted() if one.identity == identity), None)
    click.echo(f"name         {terminal(identity.name)}")
    click.echo(f"fingerprint  {identity.fingerprint.hex}")
    click.echo(f"trusted      {f'as {terminal(entry.name)} since {entry.since}' if entry else 'no'}")
    for key in identity.keys:
        click.echo(f"key          {key.use.value:<10}{key.public.alg.value:<12}{key.public.keyid}")


@command.command("export")
@click.argument("name")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; else printed."
)
@click.option("--private", is_flag=True, help="With the private keys, as they are kept: to move an identity.")
@options.force_option
@options.keyring_option
def export(name: str, output: Path | None, private: bool, force: bool, keyring: Path | None) -> None:
    """Write an identity as one file: public, to be given to those who check your bundles."""
    ring = options.keyring(options.settings(keyring=keyring))
    if private and output is None:
        raise click.UsageError("private keys are written to a file only: name one with -o")
    data = ring.export_private(name) if private else ring.export(name)
    if output is None:
        click.echo(data)
    else:
        options.refuse_output(output, force=force)
        write_whole(output, data, overwrite=force, mode=0o600 if private else 0o666)


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@options.passphrase_option
@options.keyring_option
def import_(file: Path, passphrase_file: Path | None, keyring: Path | None) -> None:
    """Take over an identity with its private keys, as `export --private` wrote it, and trust it."""
    chosen = options.settings(keyring=keyring, passphrase_file=passphrase_file)
    ring = options.keyring(chosen)
    data = _read(file)
    try:
        identity = ring.import_private(data, options.passphrase(chosen))
    except KeyFileError as error:
        raise error if error.path is not None else KeyFileError(str(error), path=file) from error
    ring.trust(identity, datetime.now(UTC))
    click.echo(identity.fingerprint.hex)


@command.command("trust")
@click.argument("file", metavar="FILE")
@click.option("--name", help="What you call its owner; by default what it calls itself.")
@click.option("--remove", is_flag=True, help="Trust it no longer; FILE may be its name or fingerprint then.")
@options.keyring_option
def trust(file: str, name: str | None, remove: bool, keyring: Path | None) -> None:
    """Trust the identity in FILE from today on.

    Compare the fingerprint that is printed with the one its owner tells you by another way.
    """
    ring = options.keyring(options.settings(keyring=keyring))
    if remove:
        if name is not None:
            raise click.UsageError("--name does not go with --remove")
        identity = _identity(Path(file)) if Path(file).exists() else Identity.from_bytes(ring.export(file))
        ring.untrust(identity.fingerprint)
        click.echo(identity.fingerprint.hex)
        cli.say(f"{identity.name!r} is trusted no longer")
        return
    identity = _identity(Path(file))
    entry = ring.trust(identity, datetime.now(UTC), name)
    click.echo(identity.fingerprint.hex)
    cli.say(f"trusted as {entry.name!r} since {entry.since}; check the fingerprint with its owner")


def _identity(path: Path) -> Identity:
    data = _read(path)
    try:
        return Export.from_bytes(data).identity
    except KeyFileError as error:
        raise KeyFileError(str(error), path=path) from error


def _read(path: Path) -> bytes:
    with open_regular(path) as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise KeyFileError("too large for an identity", path=path)
    return data
