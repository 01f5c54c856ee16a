"""An identity on its way between keyrings: public alone, or with its private keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from archiver.errors import FormatError, KeyFileError, LimitError
from archiver.signing.identity import Identity, LocalIdentity
from archiver.strictjson import convert, dumps, loads_canonical

MAX_BYTES = 256 << 10
"""No exported identity is larger."""


class _ExportJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    identity: dict[str, object]
    private: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """*identity* and, unless it is public alone, a PEM file for each of its keys, in their order.

    *places* says, for messages, where each PEM file was read from.
    """

    identity: Identity
    private: tuple[bytes, ...] = field(default=(), repr=False)
    places: tuple[Path, ...] = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> Export:
        """Read an identity.json, or the form with private keys; KeyFileError for anything else."""
        try:
            value = loads_canonical(data, max_bytes=MAX_BYTES)
            if not (isinstance(value, dict) and "private" in value):
                return cls(identity=Identity.from_builtins(value))
            parsed = convert(value, _ExportJson)
            identity = Identity.from_builtins(parsed.identity)
        except (FormatError, LimitError) as error:
            raise KeyFileError(f"not an exported identity: {error}") from error
        if len(parsed.private) != len(identity.keys):
            raise KeyFileError(f"{len(parsed.private)} private keys for an identity of {len(identity.keys)}")
        return cls(identity=identity, private=tuple(pem.encode("utf-8") for pem in parsed.private))

    def to_bytes(self) -> bytes:
        """One file of canonical JSON: identity.json itself, or ``{"identity": …, "private": [PEM, …]}``."""
        if not self.private:
            return self.identity.to_bytes()
        private = [pem.decode("utf-8") for pem in self.private]
        return dumps({"identity": self.identity.to_builtins(), "private": private})

    def unlock(self, passphrase: Callable[[], str] | None = None) -> LocalIdentity:
        """The identity ready to sign; *passphrase* is called at most once, and only if a key needs it.

        KeyFileError for a wrong or missing passphrase, a damaged key, and keys of another identity.
        """
        from archiver.signing import pkcs8  # loaded for private keys only: `verify` has none

        secret: str | None = None
        keys = []
        for index, pem in enumerate(self.private):
            try:
                if passphrase is not None and secret is None and pkcs8.is_encrypted(pem):
                    secret = passphrase()
                keys.append(pkcs8.from_pem(pem, secret))
            except KeyFileError as error:
                if index < len(self.places) and error.path is None:
                    raise KeyFileError(str(error), path=self.places[index]) from error
                raise
        try:
            return LocalIdentity(identity=self.identity, keys=tuple(keys))
        except FormatError as error:
            raise KeyFileError(str(error), path=self.places[0].parent if self.places else None) from error
