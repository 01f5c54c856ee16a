"""Which identity signs: the one that was named, the only one there is, or a new one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from archiver.cli import options, say
from archiver.config import Settings
from archiver.errors import KeyFileError, OutputError
from archiver.signing.identity import LocalIdentity
from archiver.signing.keyring import Keyring

FIRST_NAME = "Personal archive"
"""What an identity made on first use calls itself; it names nobody."""


def signing_identity(chosen: Settings, *, make: bool = False) -> LocalIdentity:
    """The identity that *chosen* names, unlocked; with *make*, one is made and trusted where there is none.

    Raises KeyFileError where none or several could be meant, or where the passphrase is wrong.
    """
    ring = options.keyring(chosen)
    if chosen.identity is not None:
        return ring.identity(chosen.identity, options.passphrase(chosen))
    own = ring.own()
    if not own and make:
        made = _first(ring)
        if made is not None:
            return made
        own = ring.own()
    if not own:
        raise KeyFileError(
            "there is no identity of yours yet: `archiver identity new NAME` makes one", path=ring.folder
        )
    if len(own) > 1:
        names = ", ".join(repr(identity.name) for identity in own[:5])
        raise KeyFileError(
            f"several identities are yours ({names}): name one with --identity, "
            "or once for all as identity in your config.toml",
            path=ring.folder,
        )
    return ring.identity(own[0].fingerprint.hex, options.passphrase(chosen))


def _first(ring: Keyring) -> LocalIdentity | None:
    """A first identity, trusted; None where another process made one at the same moment."""
    with _alone(ring.folder):
        if ring.own():
            return None
        made = ring.new(FIRST_NAME)
        ring.trust(made.identity, datetime.now(UTC))
    say(f"made a signing identity, {made.identity.fingerprint.hex[:16]}…, kept in {ring.folder} and trusted")
    return made


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """A block that one process at a time runs for *folder*, which is made if need be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise OutputError(f"cannot be made or read: {error.strerror}", path=folder) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
