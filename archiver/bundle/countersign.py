"""A countersignature: somebody's signed word to have received, witnessed or captured exactly these bytes.

It lies beside the file that it is over, as ``FILE.intoto.json``, and leaves the file as it is: a bundle
that another tool made, or a file of any kind. Whose word it is worth is for `verify`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from archiver import strictjson
from archiver.bundle.datapackage import PROVENANCE_TYPE
from archiver.bundle.moment import parse_utc, utc_text
from archiver.bundle.statement import PAYLOAD_TYPE, STATEMENT_TYPE, Sha256, Subject, read_statement
from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.signing.dsse import Envelope, verify_envelope
from archiver.signing.identity import Identity, LocalIdentity

SUFFIX = ".intoto.json"
"""The countersignature of a file is called as the file is, and this."""

ROLES = ("received", "witnessed", "captured")
"""What the signer says of the file: to hold these bytes; to have seen them made; to have made them."""

MAX_BYTES = 8 << 20
"""No countersignature is larger."""

PREDICATE_TYPE = "urn:uuid:c5450e06-fa35-4295-8315-053544d24f8b#countersign/v1"
_MAX_NAME = 255


class Predicate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who says what of the subject, and when by the signer's own clock (UTC, whole seconds)."""

    date: str
    identity: str
    role: str


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payload: an in-toto Statement over one file."""

    predicate: Predicate
    predicate_type: str = msgspec.field(name="predicateType")
    subject: list[Subject]
    type: str = msgspec.field(name="_type")

    def to_json(self) -> bytes:
        """Canonical JSON: the very bytes that are signed."""
        return strictjson.dumps(self)

    @classmethod
    def from_json(cls, data: bytes) -> Statement:
        """Read the payload.

        FormatError names the field that is not as it must be; UNSUPPORTED_VERSION for another version of
        a countersignature, FORMAT_FAILURE for a statement of any other kind.
        """
        statement = strictjson.convert(read_statement(data, PREDICATE_TYPE, "a countersignature"), cls)
        if len(statement.subject) != 1:
            raise FormatError(f"{len(statement.subject)} files; it is over one", where="subject")
        (subject,) = statement.subject
        check_base_name(subject.name, "subject[0].name")
        predicate = statement.predicate
        _parse_digest(f"sha256:{subject.digest.sha256}", "subject[0].digest")
        _parse_digest(predicate.identity, "predicate.identity")
        if predicate.role not in ROLES:
            raise FormatError(f"{predicate.role!r:.80} is none of {', '.join(ROLES)}", where="predicate.role")
        _parse_date(predicate.date)
        return statement

    @property
    def name(self) -> str:
        """The base name that the file had."""
        return self.subject[0].name

    @property
    def digest(self) -> Digest:
        """The digest of the file."""
        return Digest(self.subject[0].digest.sha256)

    @property
    def date(self) -> datetime:
        """The date claimed."""
        return _parse_date(self.predicate.date)


class _CountersignatureJson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    envelope: dict[str, Any]
    evidence: list[Any]
    identity: dict[str, Any]
    mediaType: str  # noqa: N815 - the name in the file


class Countersignature(msgspec.Struct, frozen=True, kw_only=True):
    """A file's countersignature; nothing in it is verified but by `statement`."""

    identity: Identity
    """Whose keys are to verify it; believed by those only who trust its fingerprint."""
    envelope: Envelope
    evidence: tuple[object, ...] = ()

    def to_json(self) -> bytes:
        """Canonical JSON, as it lies beside the file."""
        return strictjson.dumps(
            {
                "envelope": self.envelope.to_builtins(),
                "evidence": list(self.evidence),
                "identity": self.identity.to_builtins(),
                "mediaType": PROVENANCE_TYPE,
            }
        )

    @classmethod
    def from_json(cls, data: bytes, *, max_bytes: int = MAX_BYTES) -> Countersignature:
        """Read the file; LimitError past *max_bytes*, FormatError that names the field which is not right."""
        value: Any = strictjson.loads_canonical(data, max_bytes=max_bytes)
        kind = value.get("mediaType") if isinstance(value, dict) else None
        if kind != PROVENANCE_TYPE:
            code = "UNSUPPORTED_VERSION" if isinstance(kind, str) else "FORMAT_FAILURE"
            raise FormatError(f"{kind!r:.120} is not {PROVENANCE_TYPE}", where="mediaType", code=code)
        parsed = strictjson.convert(value, _CountersignatureJson)
        try:
            identity = Identity.from_builtins(parsed.identity)
        except FormatError as error:
            raise error.inside("identity") from error
        try:
            envelope = Envelope.from_builtins(parsed.envelope)
        except FormatError as error:
            raise error.inside("envelope") from error
        return cls(identity=identity, envelope=envelope, evidence=tuple(parsed.evidence))

    def statement(self) -> Statement:
        """What all seal keys of the identity have signed.

        Raises FormatError where one has not, where it is no countersignature, and (HASH_FAILURE) where it
        names another identity.
        """
        try:
            verify_envelope(self.envelope, self.identity)
        except FormatError as error:
            raise error.inside("envelope") from error
        try:
            statement = Statement.from_json(self.envelope.payload)
            if statement.predicate.identity != str(self.identity.fingerprint):
                message = "is not the identity whose keys have signed"
                raise FormatError(message, where="predicate.identity", code="HASH_FAILURE")
        except FormatError as error:
            raise error.inside("statement") from error
        return statement


def countersign(
    name: str, digest: Digest, signer: LocalIdentity, *, role: str, created: datetime
) -> Countersignature:
    """*signer*'s word on the file of that base *name* and *digest*; *role* is one of ROLES.

    FormatError for a name that is none, or is not text.
    """
    check_base_name(name, "name")
    if role not in ROLES:
        raise ValueError(f"no such role: {role}")
    statement = Statement(
        type=STATEMENT_TYPE,
        subject=[Subject(name=name, digest=Sha256(sha256=digest.hex))],
        predicate_type=PREDICATE_TYPE,
        predicate=Predicate(date=utc_text(created), identity=str(signer.identity.fingerprint), role=role),
    )
    return Countersignature(
        identity=signer.identity, envelope=signer.sign_payload(PAYLOAD_TYPE, statement.to_json())
    )


def check_base_name(name: str, where: str) -> None:
    """Refuse, with FormatError, what cannot be the name of a file in its folder."""
    if not 1 <= len(name) <= _MAX_NAME or "/" in name or "\0" in name or name in (".", ".."):
        raise FormatError(f"not the base name of a file: {name!r:.80}", where=where)


def _parse_digest(text: str, where: str) -> None:
    try:
        Digest.parse(text)
    except FormatError as error:
        raise error.inside(where) from error


def _parse_date(text: str) -> datetime:
    try:
        return parse_utc(text)
    except FormatError as error:
        raise error.inside("predicate.date") from error
