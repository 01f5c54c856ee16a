"""The in-toto Statement that a seal signs: every member by digest, and what was captured."""

from __future__ import annotations

import msgspec

from archiver import strictjson
from archiver.bundle.datapackage import NAME, Datapackage
from archiver.digest import Digest
from archiver.errors import FormatError
from archiver.manifest import CaptureEntry

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:uuid:c5450e06-fa35-4295-8315-053544d24f8b#capture/v1"


class Sha256(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An in-toto DigestSet of the one algorithm we use."""

    sha256: str


class Subject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member and its digest."""

    digest: Sha256
    name: str


class Predicate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who sealed what, with what, when (claimed, UTC)."""

    captures: list[CaptureEntry]
    created: str
    identity: str
    origin: str
    producer: str


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The payload of the envelope."""

    predicate: Predicate
    predicate_type: str = msgspec.field(name="predicateType")
    subject: list[Subject]
    type: str = msgspec.field(name="_type")

    def to_json(self) -> bytes:
        """Canonical JSON: the very bytes that are signed."""
        return strictjson.dumps(self)


def make_statement(
    package: Datapackage,
    package_digest: Digest,
    *,
    identity: Digest,
    origin: str,
    captures: list[CaptureEntry],
) -> Statement:
    """The one statement that may be signed over a bundle with this *package*."""
    listed = [(NAME, package_digest)] + [(resource.path, resource.digest) for resource in package.resources]
    return Statement(
        type=STATEMENT_TYPE,
        subject=[Subject(name=name, digest=Sha256(sha256=digest.hex)) for name, digest in listed],
        predicate_type=PREDICATE_TYPE,
        predicate=Predicate(
            identity=str(identity),
            origin=origin,
            captures=captures,
            producer=package.software,
            created=package.created,
        ),
    )


def read_statement(payload: bytes, predicate_type: str, what: str) -> object:
    """The decoded JSON of *payload*, an in-toto v1 Statement of *predicate_type*, which is that of *what*.

    FormatError for any other: UNSUPPORTED_VERSION where it is another version of the same kind.
    """
    value = strictjson.loads_canonical(payload)
    if not isinstance(value, dict) or value.get("_type") != STATEMENT_TYPE:
        raise FormatError("is not an in-toto v1 Statement")
    kind = value.get("predicateType")
    if kind != predicate_type:
        family = predicate_type.rpartition("/")[0] + "/"
        newer = isinstance(kind, str) and kind.startswith(family)
        raise FormatError(
            f"{kind!r:.120} is not {what} of this version",
            where="predicateType",
            code="UNSUPPORTED_VERSION" if newer else "FORMAT_FAILURE",
        )
    return value


def check_statement(payload: bytes, payload_type: str, expected: Statement) -> None:
    """Raise FormatError unless *payload* is the statement that the bundle's own bytes give.

    FORMAT_FAILURE where it is not a capture statement at all, UNSUPPORTED_VERSION for another version
    of one, MISSING_MEMBER where its subjects are others, HASH_FAILURE where any value differs.
    """
    where = "statement"
    if payload_type != PAYLOAD_TYPE:
        raise FormatError(f"payload type {payload_type!r:.80} is not {PAYLOAD_TYPE}", where=where)
    try:
        statement = strictjson.convert(read_statement(payload, PREDICATE_TYPE, "a capture"), Statement)
    except FormatError as error:
        raise error.inside(where) from error
    if statement == expected:
        return
    if not statement.subject:
        raise FormatError("covers nothing", where=where)
    for number, subject in enumerate(statement.subject):
        try:
            Digest.parse(f"sha256:{subject.digest.sha256}")
        except FormatError as error:
            raise error.inside(f"{where}: subject[{number}]") from error
    found = {subject.name: subject.digest for subject in statement.subject}
    if len(found) != len(statement.subject):
        raise FormatError("names a subject twice", where=where)
    for subject in expected.subject:
        if subject.name not in found:
            raise FormatError(f"does not cover {subject.name}", where=where, code="HASH_FAILURE")
        if found[subject.name] != subject.digest:
            raise FormatError(f"another digest for {subject.name}", where=where, code="HASH_FAILURE")
    if statement.subject != expected.subject:
        raise FormatError(
            "covers members that are not in the bundle, or in another order",
            where=where,
            code="MISSING_MEMBER",
        )
    for field in Predicate.__struct_fields__:
        if getattr(statement.predicate, field) != getattr(expected.predicate, field):
            raise FormatError(
                "differs from the bundle", where=f"{where}: predicate.{field}", code="HASH_FAILURE"
            )
    raise FormatError("differs from the bundle", where=where, code="HASH_FAILURE")
