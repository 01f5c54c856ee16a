"""datapackage.json, the list of members, and datapackage-digest.json, which seals it (WACZ 1.1.1)."""

from __future__ import annotations

from typing import Any

import msgspec

from archiver import strictjson
from archiver.digest import Digest
from archiver.errors import FormatError

NAME = "datapackage.json"
DIGEST_NAME = "datapackage-digest.json"
WACZ_VERSION = "1.1.1"  # py-wacz accepts exactly this text
PROVENANCE_TYPE = "application/vnd.archiver.provenance.v1+json"


class Resource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One member as listed; *bytes* is its size, *hash* ``sha256:`` and hex."""

    bytes: int
    hash: str
    name: str
    path: str

    @property
    def digest(self) -> Digest:
        """The listed hash as a value."""
        return Digest.parse(self.hash)


class Datapackage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """datapackage.json; *created* is the moment of packing, then of sealing (UTC, claimed)."""

    created: str
    main_page_date: str | None = msgspec.field(name="mainPageDate", default=None)
    main_page_url: str | None = msgspec.field(name="mainPageUrl", default=None)
    profile: str
    resources: list[Resource]
    software: str
    title: str | None = None
    wacz_version: str

    def to_json(self) -> bytes:
        """Canonical JSON."""
        return strictjson.dumps(self)

    @classmethod
    def from_json(cls, data: bytes) -> Datapackage:
        """Read the member; FormatError names the field that is not as it must be."""
        try:
            package = strictjson.convert(strictjson.loads_canonical(data), cls)
            if package.profile != "data-package":
                raise FormatError("is not data-package", where="profile")
            for number, resource in enumerate(package.resources):
                if resource.name != resource.path:
                    raise FormatError("name and path differ", where=f"resources[{number}]")
                Digest.parse(resource.hash)
            if package.to_json() != data:
                raise FormatError("holds a field without a value")
            if package.wacz_version != WACZ_VERSION:
                raise FormatError(f"is not {WACZ_VERSION}", where="wacz_version", code="UNSUPPORTED_VERSION")
        except FormatError as error:
            raise error.inside(NAME) from error
        return package


class Provenance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The proof: the envelope as sealed, then what others added."""

    envelope: dict[str, Any]
    evidence: list[Any]
    media_type: str = msgspec.field(name="mediaType")


class DatapackageDigest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """datapackage-digest.json; *signed_data* is the wacz-auth form that other WACZ tools read."""

    hash: str
    path: str
    provenance: Provenance | None = None
    signed_data: dict[str, Any] | None = msgspec.field(name="signedData", default=None)

    def to_json(self) -> bytes:
        """Canonical JSON."""
        return strictjson.dumps(self)

    @classmethod
    def from_json(cls, data: bytes) -> DatapackageDigest:
        """Read the member; FormatError names the field that is not as it must be."""
        try:
            value = strictjson.convert(strictjson.loads_canonical(data), cls)
            if value.path != NAME:
                raise FormatError(f"is not {NAME}", where="path")
            Digest.parse(value.hash)
            if value.to_json() != data:
                raise FormatError("holds a field without a value")
            if value.provenance is not None and value.provenance.media_type != PROVENANCE_TYPE:
                raise FormatError(
                    f"is not {PROVENANCE_TYPE}", where="provenance.mediaType", code="UNSUPPORTED_VERSION"
                )
        except FormatError as error:
            raise error.inside(DIGEST_NAME) from error
        return value
