"""datapackage.json and datapackage-digest.json of any tool: read strictly, believed in nothing."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec

from archiver import strictjson
from archiver.errors import FormatError

MAX_PACKAGE = 16 << 20
"""Bytes of the longest datapackage.json that is read: some hundred bytes a member."""

MAX_DIGEST = 4 << 20
"""Bytes of the longest datapackage-digest.json that is read; certificates are the most of it."""

VERSIONS = ("1.0.0", "1.1.0", "1.1.1", "1.2.0")
"""WACZ versions that can be judged; 1.2.0 is a draft, which says ``"profile": "wacz"`` and no version."""

STRONG = frozenset({"sha256", "sha384", "sha512"})
WEAK = frozenset({"md5", "sha1"})

_PROFILES = ("data-package", "wacz-package", "wacz", None)
_HEX_SIZES = {32: "md5", 40: "sha1", 64: "sha256"}
_DIGEST = re.compile(r"(?:([a-z0-9-]{1,20}):)?([0-9a-f]{8,128})", re.ASCII)
_NAME = re.compile(r"[-a-z0-9._/]+", re.ASCII)


class Hash(msgspec.Struct, frozen=True, kw_only=True):
    """A digest as listed: the algorithm's name (``sha256``, ``md5``, …) and lower-case hex digits."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    def of(self, data: bytes) -> str:
        """The digits that *data* has; the algorithm must be a known one."""
        return hashlib.new(self.algorithm, data, usedforsecurity=False).hexdigest()

    @classmethod
    def parse(cls, text: object, *, hashing: object = None) -> Hash:
        """Read ``sha256:…`` or, as WACZ 1.0.0 has it, hex digits alone of the algorithm *hashing*.

        Raises FormatError for anything else.
        """
        found = _DIGEST.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise FormatError(f"not a digest: {text!r:.80}")
        name = found[1] or (hashing if isinstance(hashing, str) else None) or _HEX_SIZES.get(len(found[2]))
        if name is None:
            raise FormatError(f"not a digest: {text!r:.80}")
        return cls(algorithm=name, hex=found[2])


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A resource of datapackage.json; *hash* and *bytes* are None where it names none."""

    path: str
    name: str | None
    hash: Hash | None
    bytes: int | None

    @property
    def frictionless(self) -> bool:
        """Whether its name is one that the Frictionless standard allows."""
        return self.name is None or _NAME.fullmatch(self.name) is not None


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """datapackage.json of any tool and version; texts are claims, None where they are not there."""

    version: str | None
    """What ``wacz_version`` says; 1.2.0 where the profile is that draft's."""
    profile: str | None
    resources: tuple[Listed, ...]
    software: str | None
    created: str | None
    title: str | None
    main_url: str | None
    configured: bool
    """It has a ``config`` or a ``relation``, by which players show other things than its records hold."""

    @property
    def supported(self) -> bool:
        """Whether it is of a version and a kind that can be judged."""
        return self.version in VERSIONS and self.profile in _PROFILES

    @classmethod
    def from_json(cls, data: bytes) -> Package:
        """Read the file; FormatError names the field that is not of its form."""
        try:
            value = strictjson.loads(data, max_bytes=MAX_PACKAGE)
            if not isinstance(value, dict):
                raise FormatError("not a JSON object")
            resources = value.get("resources")
            if not isinstance(resources, list):
                raise FormatError("not a list", where="resources")
            listed = tuple(_listed(item, number) for number, item in enumerate(resources))
            if len({item.path for item in listed}) != len(listed):
                raise FormatError("a path is listed twice", where="resources")
            profile, version = _text(value, "profile"), _text(value, "wacz_version")
            home = value["home"] if isinstance(value.get("home"), dict) else {}
            return cls(
                version=version or ("1.2.0" if profile == "wacz" else None),
                profile=profile,
                resources=listed,
                software=_text(value, "software"),
                created=_text(value, "created"),
                title=_text(value, "title"),
                # py-wacz writes URL, js-wacz, the standard and we write Url, the draft has an object
                main_url=_text(value, "mainPageUrl") or _text(value, "mainPageURL") or _text(home, "url"),
                configured=any(value.get(name) is not None for name in ("config", "relation")),
            )
        except FormatError as error:
            raise error.inside("datapackage.json") from error


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """datapackage-digest.json of any tool."""

    path: str | None
    hash: Hash
    signed: object
    """``signedData`` as decoded; None where there is none."""
    ours: bool
    """It has a ``provenance``, as bundles of archiver's own have."""
    unknown: tuple[str, ...]
    """Properties that no standard names."""

    @classmethod
    def from_json(cls, data: bytes) -> Closing:
        """Read the file; FormatError names the field that is not of its form."""
        try:
            value = strictjson.loads(data, max_bytes=MAX_DIGEST)
            if not isinstance(value, dict):
                raise FormatError("not a JSON object")
            try:
                digest = Hash.parse(value.get("hash"))
            except FormatError as error:
                raise error.inside("hash") from error
            return cls(
                path=_text(value, "path"),
                hash=digest,
                signed=value.get("signedData"),
                ours="provenance" in value,
                unknown=tuple(sorted(value.keys() - {"path", "hash", "signedData", "provenance"})),
            )
        except FormatError as error:
            raise error.inside("datapackage-digest.json") from error


def _listed(item: object, number: int) -> Listed:
    where = f"resources[{number}]"
    if not isinstance(item, dict):
        raise FormatError("not a JSON object", where=where)
    path = item.get("path")
    if not isinstance(path, str) or not path:
        raise FormatError("not a path", where=f"{where}.path")
    stats = item["stats"] if isinstance(item.get("stats"), dict) else {}  # WACZ 1.0.0
    text = item.get("hash", stats.get("hash"))
    size = item.get("bytes", stats.get("bytes"))
    if size is not None and (type(size) is not int or size < 0):
        raise FormatError("not a number of bytes", where=f"{where}.bytes")
    try:
        digest = None if text is None else Hash.parse(text, hashing=item.get("hashing"))
    except FormatError as error:
        raise error.inside(f"{where}.hash") from error
    return Listed(path=path, name=_text(item, "name"), hash=digest, bytes=size)


def _text(value: dict[str, Any], key: str) -> str | None:
    text = value.get(key)
    if text is not None and not isinstance(text, str):
        raise FormatError("not a text", where=key)
    return text
