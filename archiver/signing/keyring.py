"""A keyring: a folder of one's own identities and of those one trusts.

::

    identities/<fingerprint>/   0700   identity.json and a PKCS#8 PEM file for each of its keys, 0600
    trusted/<fingerprint>.json         {"identity": …, "name": …, "since": "2026-11-23"}, canonical JSON

Everything appears whole, by a rename, so that two processes may use one keyring at once. Names that
begin with a dot are unfinished work of a process, perhaps of one that was killed, and are passed over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archiver.digest import Digest
from archiver.errors import FormatError, KeyFileError, LimitError, OutputError
from archiver.signing import keyfile
from archiver.signing.identity import MAX_BYTES, Identity, LocalIdentity, check_name
from archiver.strictjson import convert, dumps, loads_canonical
from archiver.whole import write_whole

if TYPE_CHECKING:  # what has to do with private keys is loaded on use: `verify` has none
    from archiver.signing.export import Export

_HEX = r"[0-9a-f]{64}"
_PREFIX = r"(?:sha256:)?([0-9a-f]{8,64})"
_IDENTITY = "identity.json"

Passphrase = Callable[[], str] | None
"""Asks for a passphrase; called at most once, and only where a key needs it."""


class _TrustedJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    identity: dict[str, object]
    name: str
    since: str


class Trusted(msgspec.Struct, frozen=True, kw_only=True):
    """An identity that the owner of the keyring trusts, under the name that the owner knows it by."""

    identity: Identity
    name: str
    since: str
    """A date, UTC: ``2026-11-23``."""


class Keyring:
    """The keyring in *folder*, which need not exist until something is put into it.

    Every method raises KeyFileError, which names the path, for a file that is damaged, unsafe or not
    what it should be, and OutputError where the keyring cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._own = folder / "identities"
        self._trusted = folder / "trusted"

    def new(self, name: str, passphrase: str | None = None) -> LocalIdentity:
        """A new identity called *name*, its keys kept under *passphrase* if there is one.

        KeyFileError where the keyring has an identity of one's own under that name, or *name* is no name.
        """
        from archiver.signing.export import Export
        from archiver.signing.pkcs8 import to_pem

        try:
            check_name(name)
        except FormatError as error:
            raise KeyFileError(str(error)) from error
        if any(identity.name == name for identity in self.own()):
            raise KeyFileError(f"there is an identity of yours called {name!r} already", path=self.folder)
        local = LocalIdentity.create(name)
        self._store(
            Export(identity=local.identity, private=tuple(to_pem(key, passphrase) for key in local.keys))
        )
        return local

    def own(self) -> tuple[Identity, ...]:
        """One's own identities, by name."""
        found = [self._read_own(path) for path in _entries(self._own) if re.fullmatch(_HEX, path.name)]
        return tuple(sorted(found, key=lambda identity: (identity.name, identity.fingerprint)))

    def identity(self, name_or_fingerprint: str, passphrase: Passphrase = None) -> LocalIdentity:
        """One's own identity of that name or fingerprint (8 hex digits of it or more), ready to sign.

        KeyFileError where none or several answer to it, and for a passphrase that is wrong or missing.
        """
        return self._export(self._one(name_or_fingerprint)).unlock(passphrase)

    def export(self, name_or_fingerprint: str) -> bytes:
        """The public identity.json of one's own or a trusted identity."""
        return self._one(name_or_fingerprint, trusted=True).to_bytes()

    def export_private(self, name_or_fingerprint: str) -> bytes:
        """One of one's own identities with its private keys as they are kept, for `import_private`."""
        return self._export(self._one(name_or_fingerprint)).to_bytes()

    def import_private(self, data: bytes, passphrase: Passphrase = None) -> Identity:
        """Put into the keyring what `export_private` gave; the keys stay under the passphrase they have.

        They are unlocked once, to see that they belong to the identity. KeyFileError where they do
        not, where *data* has none, and where the keyring has the identity already.
        """
        from archiver.signing.export import Export

        exported = Export.from_bytes(data)
        if not exported.private:
            raise KeyFileError(
                "holds no private keys: a public identity is trusted, not imported as one's own"
            )
        exported.unlock(passphrase)
        self._store(exported)
        return exported.identity

    def trust(self, identity: Identity, now: datetime, name: str | None = None) -> Trusted:
        """Trust *identity* from *now* on, shown as *name*, or else as it calls itself.

        One that is trusted already keeps its date.
        """
        try:
            if name is not None:
                check_name(name)
        except FormatError as error:
            raise KeyFileError(str(error)) from error
        path = self._trusted / f"{identity.fingerprint.hex}.json"
        _make_folder(self._trusted)
        known = path.exists()
        since = self._read_trusted(path).since if known else now.astimezone(UTC).date().isoformat()
        trusted = Trusted(identity=identity, name=name or identity.name, since=since)
        value = {"identity": identity.to_builtins(), "name": trusted.name, "since": since}
        write_whole(path, dumps(value), overwrite=True, mode=0o600)
        return trusted

    def trusted(self) -> tuple[Trusted, ...]:
        """The identities that one trusts, by the name that they are shown under."""
        found = [self._read_trusted(path) for path in _entries(self._trusted) if path.suffix == ".json"]
        return tuple(sorted(found, key=lambda trusted: (trusted.name, trusted.identity.fingerprint)))

    def untrust(self, fingerprint: Digest) -> None:
        """Trust the identity of that *fingerprint* no longer; KeyFileError where it was not trusted."""
        path = self._trusted / f"{fingerprint.hex}.json"
        try:
            path.unlink()
            _sync(self._trusted)
        except FileNotFoundError as error:
            raise KeyFileError(f"{fingerprint} is not trusted", path=self.folder) from error
        except OSError as error:
            raise KeyFileError(f"cannot be removed: {error.strerror}", path=path) from error

    def _one(self, wanted: str, *, trusted: bool = False) -> Identity:
        match = re.fullmatch(_PREFIX, wanted)
        known = list(self.own())
        names = {identity.fingerprint: {identity.name} for identity in known}
        if trusted:
            for entry in self.trusted():
                if entry.identity.fingerprint not in names:
                    known.append(entry.identity)
                names.setdefault(entry.identity.fingerprint, set()).add(entry.name)
        found = [
            identity
            for identity in known
            if wanted in names[identity.fingerprint]
            or (match is not None and identity.fingerprint.hex.startswith(match[1]))
        ]
        if len(found) != 1:
            what = f"{len(found)} identities answer" if found else "no identity answers"
            raise KeyFileError(f"{what} to {wanted!r:.100}", path=self.folder)
        return found[0]

    def _read_own(self, folder: Path) -> Identity:
        path = folder / _IDENTITY
        with _naming(path):
            identity = Identity.from_bytes(keyfile.read_public(path, max_bytes=MAX_BYTES))
            if identity.fingerprint.hex != folder.name:
                raise FormatError("not the identity that its folder is named after")
        return identity

    def _export(self, identity: Identity) -> Export:
        from archiver.signing import pkcs8
        from archiver.signing.export import Export

        folder = self._own / identity.fingerprint.hex
        private = []
        for name in _key_names(identity):
            with _naming(folder / name):
                private.append(keyfile.read_private(folder / name, max_bytes=pkcs8.MAX_BYTES))
        return Export(
            identity=identity,
            private=tuple(private),
            places=tuple(folder / name for name in _key_names(identity)),
        )

    def _read_trusted(self, path: Path) -> Trusted:
        with _naming(path):
            data = keyfile.read_public(path, max_bytes=2 * MAX_BYTES)
            parsed = convert(loads_canonical(data), _TrustedJson)
            identity = Identity.from_builtins(parsed.identity)
            if f"{identity.fingerprint.hex}.json" != path.name:
                raise FormatError("not the identity that the file is named after")
            check_name(parsed.name)
            _check_date(parsed.since)
        return Trusted(identity=identity, name=parsed.name, since=parsed.since)

    def _store(self, exported: Export) -> None:
        target = self._own / exported.identity.fingerprint.hex
        with _unfinished(self._own) as work:
            write_whole(work / _IDENTITY, exported.identity.to_bytes(), mode=0o600)
            for name, pem in zip(_key_names(exported.identity), exported.private, strict=True):
                write_whole(work / name, pem, mode=0o600)
            if target.exists():
                raise KeyFileError("the keyring has this identity already", path=target)
            work.rename(target)  # fails, too, where another process has just put it there
            _sync(self._own)


def _key_names(identity: Identity) -> list[str]:
    return [f"{index}-{key.public.alg}.pem" for index, key in enumerate(identity.keys, 1)]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise KeyFileError(f"cannot be read: {error.strerror}", path=folder) from error


def _check_date(text: str) -> None:
    try:
        exact = date.fromisoformat(text).isoformat() == text
    except ValueError:
        exact = False
    if not exact:
        raise FormatError(f"not a date: {text!r:.40}", where="since")


def _make_folder(folder: Path) -> None:
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot be written: {error.strerror}", path=folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some file systems cannot sync a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A hidden folder of our own inside *folder*, gone afterwards; OutputError where it cannot be."""
    import shutil  # these two take a tenth of what `verify` may take to start, and it writes nothing
    import tempfile

    _make_folder(folder)
    try:
        work = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Errors in what *path* holds become KeyFileError with its name."""
    try:
        yield
    except (FormatError, LimitError) as error:
        raise KeyFileError(str(error), path=path) from error
