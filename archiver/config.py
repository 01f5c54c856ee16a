"""Settings from flags > environment > file > default; knows where the keyring lies.

A file in the working folder may set how to capture, never whom to trust or which keys to use: folders are
handed around together with the bundles in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from archiver.bundle.bundle import open_regular
from archiver.errors import FormatError, InputError

_PERSONAL_ONLY = frozenset({"keyring", "identity", "passphrase_file"})
_MAX_FILE = 64 << 10


class Settings(msgspec.Struct, frozen=True, kw_only=True):
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
        settings = _merge(settings, config_home / "archiver" / "config.toml", home=home, personal=True)
        settings = _merge(settings, here / "archiver.toml", home=home, personal=False)
        for name in cls.__struct_fields__:
            variable = f"ARCHIVER_{name.upper()}"
            if given := environ.get(variable):
                settings = _with(settings, name, given, where=variable, folder=here, home=home)
        return settings


def _folder(text: str | None, default: Path) -> Path:
    """The XDG rule: a relative path is ignored."""
    return Path(text) if text and Path(text).is_absolute() else default


def _merge(settings: Settings, path: Path, *, home: Path, personal: bool) -> Settings:
    """*settings* with what the file *path* says, if it is there; FIFOs and devices are refused."""
    try:
        with open_regular(path) as file:
            data = file.read(_MAX_FILE + 1)
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return settings
        raise
    import tomllib  # only where there is a file to read

    try:
        if len(data) > _MAX_FILE:
            raise FormatError(f"is larger than {_MAX_FILE} bytes", where=str(path))
        values = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:  # TOMLDecodeError is one, and so is what a number of 5,000 digits ends in
        raise FormatError(f"is not TOML: {error}", where=str(path)) from error
    except RecursionError as error:
        raise FormatError("is nested too deep", where=str(path)) from error
    if not personal and not values.keys().isdisjoint(_PERSONAL_ONLY):
        raise FormatError(
            f"sets {', '.join(sorted(values.keys() & _PERSONAL_ONLY))}; "
            "only your own config.toml, a flag or the environment may",
            where=str(path),
        )
    for name, value in values.items():
        if name not in Settings.__struct_fields__:
            raise FormatError(f"no such setting: {name}", where=str(path))
        settings = _with(settings, name, value, where=f"{path}: {name}", folder=path.parent, home=home)
    return settings


def _with(settings: Settings, name: str, value: object, *, where: str, folder: Path, home: Path) -> Settings:
    """*settings* with one more value; paths are relative to *folder*, or to *home* after ``~/``."""
    if name == "jobs":
        text = str(value)
        if not re.fullmatch("[0-9]{1,3}", text, re.ASCII) or not 1 <= int(text) <= 256:
            raise FormatError("is not a number from 1 to 256", where=where)
        return replace(settings, jobs=int(text))
    if not isinstance(value, str) or not value:
        raise FormatError("is not text", where=where)
    if name in ("keyring", "passphrase_file"):
        place = home / value[2:] if value.startswith("~/") else folder / value
        return (
            replace(settings, keyring=place)
            if name == "keyring"
            else replace(settings, passphrase_file=place)
        )
    return replace(settings, **{name: value})
