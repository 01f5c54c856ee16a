"""Which identity signs: the one that was named, the only one there is, or a new one."""

from __future__ import annotations

from datetime import UTC, datetime

from archiver.cli import options, say
from archiver.config import Settings
from archiver.errors import KeyFileError
from archiver.signing.identity import LocalIdentity

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
        made = ring.new(FIRST_NAME)
        ring.trust(made.identity, datetime.now(UTC))
        short = made.identity.fingerprint.hex[:16]
        say(f"made a signing identity, {short}…, kept in {ring.folder} and trusted")
        return made
    if not own:
        raise KeyFileError(
            "there is no identity of yours yet: `archiver identity new NAME`", path=ring.folder
        )
    if len(own) > 1:
        names = ", ".join(repr(identity.name) for identity in own[:5])
        raise KeyFileError(
            f"several identities are yours ({names}): name one with --identity", path=ring.folder
        )
    return ring.identity(own[0].fingerprint.hex, options.passphrase(chosen))
