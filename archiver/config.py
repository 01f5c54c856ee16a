"""Settings from flags > environment > file > default; knows where the keyring lies.

A file in the working folder may set how to capture, never whom to trust or which keys to use: folders are
handed around together with the bundles in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from archiver.errors import FormatError, InputError

_PERSONAL_ONLY = frozenset({"keyring", "identity", "passphrase_file"})
_MAX_FILE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a command needs to know that its own flags did not say."""

    keyring: Path
    identity: str | None = None
    """Name or fingerprint of the identity that seals; None while there is just one."""
    passphrase_file: Path | None = None
    operator: str | None = None
    """Who runs this, as the stated record is to name them."""
    user_agent: str | None = None
    jobs: int | None = None
    """Connections of one capture."""

    @classmethod
    def load(cls, environ: Mapping[str, str], *, home: Path, here: Path) -> Settings:
        """The settings of this machine and user.

        Reads ``ARCHIVER_*`` from *environ*, ``archiver.toml`` in *here*, then the user's
        ``archiver/config.toml``. FormatError names a file and key that make no sense.
        """
        config_home = _folder(environ.get("XDG_CONFIG_HOME"), home / ".config")
        data_home = _folder(environ.get("XDG_DATA_HOME"), home / ".local" / "share")
        settings = cls(keyring=data_home / "archiver" / "keyring")
        settings = _merge(settings, config_home / "archiver" / "config.toml", personal=True)
        settings = _merge(settings, here / "archiver.toml", personal=False)
        named = {
            field.name: environ[f"ARCHIVER_{field.name.upper()}"]
            for field in fields(cls)
            if environ.get(f"ARCHIVER_{field.name.upper()}")
        }
        return _apply(settings, named, where="environment")


def _folder(text: str | None, default: Path) -> Path:
    """The XDG rule: a relative path is ignored."""
    return Path(text) if text and Path(text).is_absolute() else default


def _merge(settings: Settings, path: Path, *, personal: bool) -> Settings:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except FileNotFoundError:
        return settings
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), path=path) from error
    import tomllib  # only where there is a file to read

    try:
        if len(data) > _MAX_FILE:
            raise FormatError("is larger than a megabyte", where=str(path))
        values = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormatError(f"is not TOML: {error}", where=str(path)) from error
    if not personal and not values.keys().isdisjoint(_PERSONAL_ONLY):
        raise FormatError(
            f"sets {', '.join(sorted(values.keys() & _PERSONAL_ONLY))}; "
            "only your own config.toml, a flag or the environment may",
            where=str(path),
        )
    return _apply(settings, values, where=str(path))


def _apply(settings: Settings, values: Mapping[str, object], *, where: str) -> Settings:
    known = {field.name for field in fields(Settings)}
    for name, value in values.items():
        if name not in known:
            raise FormatError(f"no such setting: {name}", where=where)
        settings = replace(settings, **{name: _value(name, value, where)})
    return settings


def _value(name: str, value: object, where: str) -> Path | str | int:
    if name == "jobs":
        text = str(value)
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 256:
            raise FormatError("is not a number from 1 to 256", where=f"{where}: jobs")
        return int(text)
    if not isinstance(value, str) or not value:
        raise FormatError("is not text", where=f"{where}: {name}")
    return Path(value).expanduser() if name in ("keyring", "passphrase_file") else value
