"""`archiver verify`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import click

from archiver import cli
from archiver.bundle.bundle import open_regular
from archiver.bundle.countersign import SUFFIX
from archiver.cli import options
from archiver.cli.render import as_json, verdict_lines
from archiver.errors import ArchiverError, FormatError, InputError, KeyFileError, LimitError, OutputError
from archiver.signing.identity import MAX_BYTES, Identity
from archiver.verify import Policy, Result, Signer, verify
from archiver.verify.policy import MAX_BYTES as MAX_POLICY
from archiver.verify.policy import SETTINGS, SPEC, STATUSES

_STDIN = Path("-")

MAX_STDIN = 16 << 30
"""A bundle on standard input is spooled up to this many bytes."""


@click.command("verify")
@click.argument("bundles", nargs=-1, required=True, metavar="BUNDLE|FOLDER|- …")
@click.option("-r", "--recursive", is_flag=True,
              help="Check every .wacz in a FOLDER and the folders in it, on all cores.")  # fmt: skip
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), metavar="FILE",
              help="Whom and what to accept, as JSON; your keyring is not asked then.")  # fmt: skip
@click.option("--trust", "trusted", multiple=True, type=click.Path(path_type=Path), metavar="IDENTITY",
              help="Trust this identity file too, this once.")  # fmt: skip
@click.option("--refuse", multiple=True, metavar="CODE", type=click.Choice(sorted(SETTINGS | STATUSES)),
              help="Do not pass a bundle with this setting or status.")  # fmt: skip
@click.option("--explain", is_flag=True, help="The policy in words, and every check.")
@options.json_option
@options.keyring_option
def command(
    bundles: tuple[str, ...],
    recursive: bool,
    policy_file: Path | None,
    trusted: tuple[Path, ...],
    refuse: tuple[str, ...],
    explain: bool,
    as_json: bool,
    keyring: Path | None,
) -> int:
    """Check bundles, offline: every byte, the signer, the time.

    PASSED (exit 0): every byte is accounted for and an identity that you trust signed it. INDETERMINATE
    (3): nothing is wrong, something is missing. FAILED (1): something is wrong. `-` reads standard input.
    """
    if bundles.count("-") > 1:
        raise click.UsageError("standard input can be read once only")
    more = map(_signer, trusted)
    if policy_file is None:
        ring = options.keyring(options.settings(keyring=keyring))
        policy = Policy.trusting(ring, *more, refuse=refuse)
    elif keyring is not None:
        raise click.UsageError("--policy says whom to trust, so it cannot be given with --keyring")
    else:
        policy = _policy(policy_file).adding(*more, refuse=refuse)
    if explain and not as_json:
        for line in policy.explain():
            cli.say(line, lead="policy  ")

    def one(name: str) -> int:
        return _one(name, policy, explain=explain, json=as_json)

    if not recursive:
        return cli.worst(map(one, bundles))
    from archiver.cli import folder  # for many bundles alone

    return cli.worst(folder.each(bundles, one, lambda name, error: _refuse(name, error, json=as_json)))


def _one(name: str, policy: Policy, *, explain: bool, json: bool) -> int:
    try:
        result = _verify(name, policy)
    except (InputError, OutputError) as error:
        return _refuse(name, error, json=json)
    if json:
        cli.emit(as_json(result))
    else:
        _print(verdict_lines(result, explain=explain))
    return result.verdict.exit_code


def _refuse(name: str, error: ArchiverError, *, json: bool) -> int:
    """Say why there is no verdict on *name*."""
    if json:
        cli.emit({"input": name, "verdict": None, "error": str(error)})
    cli.say(f"archiver: {error}")
    return cli.exit_code(error)


def _verify(name: str, policy: Policy) -> Result:
    if name != "-":
        if name.endswith(SUFFIX):
            why = f"is a countersignature: give what it lies beside, {name.removesuffix(SUFFIX)}"
            raise InputError(why, path=Path(name))
        return verify(Path(name), policy)
    import tempfile  # for standard input alone: it costs as much to load as a small bundle to check

    if sys.stdin is None:
        raise InputError("standard input is closed", path=_STDIN)
    with tempfile.TemporaryFile(buffering=0) as spool:
        _spool(sys.stdin.buffer, spool)
        return verify(spool, policy, name="-")


def _spool(source: BinaryIO, spool: BinaryIO) -> None:
    total = 0
    while chunk := _read(source):
        total += len(chunk)
        if total > MAX_STDIN:
            raise InputError(f"more than {MAX_STDIN} bytes", path=_STDIN)
        left = memoryview(chunk)
        try:
            while left:
                left = left[spool.write(left) :]
        except OSError as error:
            reason = f"cannot be spooled: {error.strerror}; TMPDIR may name a folder with room for it"
            raise OutputError(reason, path=_STDIN) from error


def _read(source: BinaryIO) -> bytes:
    try:
        return source.read(1 << 20)
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), path=_STDIN) from error


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _policy(path: Path) -> Policy:
    """The policy in the file *path*; InputError where it holds none."""
    with open_regular(path) as file:
        data = file.read(MAX_POLICY + 1)
    try:
        return Policy.from_json(data)
    except (FormatError, LimitError) as error:
        raise InputError(f"not a policy of the form {SPEC}: {error}", path=path) from error


def _signer(path: Path) -> Signer:
    """A signer from an identity file, shown under the file's name: what it calls itself proves nothing."""
    with open_regular(path) as file:
        data = file.read(MAX_BYTES + 1)
    try:
        identity = Identity.from_bytes(data)
    except (FormatError, LimitError) as error:
        raise KeyFileError(f"not an identity: {error}", path=path) from error
    return Signer(fingerprint=identity.fingerprint, name=path.name)
