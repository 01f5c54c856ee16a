"""Vectors of JSON and base64 that mean one thing to one reader and another to the next."""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from archiver import strictjson
from archiver.bundle.bundle import MANIFEST, PAGES
from archiver.bundle.pages import HEADER
from tests.contract.forging import (
    ANSWER,
    ASKED,
    CLOSING,
    WARC,
    Bytes,
    base,
    sealed,
    stated_record,
    statement,
    warc_of,
    whole,
)
from tests.contract.keys import COURT
from tests.contract.vector import Vector, trusting_file, vector
from tests.rogue import members_of, zipped
from tests.verify.test_attacks import facts


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON document of a bundle: how one is made in which it is changed, and what that must lead to."""

    short: str
    called: str
    make: Callable[[Bytes], bytes]
    reasons: str
    number: bytes = b""
    """A member of it with an integer, as it stands there."""


def _closed(change: Bytes) -> bytes:
    return zipped({**base(), CLOSING: change(base()[CLOSING])})


def _in_manifest(change: Bytes) -> bytes:
    return sealed({**base(), MANIFEST: change(base()[MANIFEST])})


def _in_stated(change: Bytes) -> bytes:
    *rest, _ = whole()
    return sealed({**base(), WARC: warc_of([*rest, stated_record(change(statement().to_json()))])})


def _in_page(change: Bytes) -> bytes:
    line = base()[PAGES].removeprefix(HEADER).removesuffix(b"\n")
    return sealed({**base(), PAGES: HEADER + change(line) + b"\n"})


_DOCUMENTS = [
    _Document(
        short="datapackage",
        called="datapackage.json",
        make=lambda change: sealed(base(), package_bytes=change),
        reasons="datapackage FORMAT_FAILURE, statement FORMAT_FAILURE, signature FORMAT_FAILURE",
        number=b'"bytes":355',
    ),
    _Document(
        short="datapackage-digest",
        called="datapackage-digest.json",
        make=_closed,
        reasons="datapackage FORMAT_FAILURE, statement FORMAT_FAILURE, signature FORMAT_FAILURE",
    ),
    _Document(
        short="manifest",
        called="provenance/manifest.json",
        make=_in_manifest,
        reasons="manifest FORMAT_FAILURE",
        number=b'"missing_count":0',
    ),
    _Document(
        short="identity",
        called="provenance/identity.json",
        make=lambda change: sealed(base(), public=change),
        reasons="signature FORMAT_FAILURE",
    ),
    _Document(
        short="statement",
        called="The signed statement",
        make=lambda change: sealed(base(), payload=change),
        reasons="statement FORMAT_FAILURE",
        number=b'"status":200',
    ),
    _Document(
        short="stated-record",
        called="The stated record",
        make=_in_stated,
        reasons="records FORMAT_FAILURE",
        number=b'"missing_count":0',
    ),
    _Document(
        short="page",
        called="A line of pages.jsonl",
        make=_in_page,
        reasons="datapackage FORMAT_FAILURE, pages FORMAT_FAILURE",
    ),
]


def _first_twice(data: bytes) -> bytes:
    """*data* with its first key before itself once more: readers which take the last see no change."""
    name = re.match(rb'\{("[^"]+"):', data)
    assert name is not None
    return b"{" + name[1] + b":null," + data[1:]


def _more(key: str, value: Any) -> Bytes:
    """Canonical JSON with one more key at the top."""
    return lambda data: strictjson.dumps({**json.loads(data), key: value})


def _surrogate(data: bytes) -> bytes:
    assert b'":"' in data
    return data.replace(b'":"', b'":"\\ud800', 1)


def _beyond_ascii(data: bytes) -> bytes:
    return data[:-1] + ',"\u00e9":null}'.encode()


_CHANGES: list[tuple[str, Bytes, str]] = [
    ("key-twice", _first_twice, "has its first key twice; readers that take the last see nothing of it"),
    ("key-unknown-proto", _more("__proto__", {}), "has a key __proto__, which no such document has"),
    ("key-beyond-ascii", _beyond_ascii, "has a key beyond ASCII, whose order is not one to all"),
    ("keys-not-sorted", lambda data: json.dumps(dict(reversed(json.loads(data).items())),
                                                separators=(",", ":")).encode(),
     "has its keys in another order than the canonical one"),
    ("key-escaped", lambda data: re.sub(rb'^\{"(.)', lambda found: b'{"\\u%04x' % ord(found[1]), data),
     "spells a letter of a key as an escape"),
    ("with-white-space", lambda data: data.replace(b":", b": ", 1),
     "has a space that canonical JSON has not"),
    ("with-a-line-end", lambda data: data + b"\r", "ends in a line break"),
    ("with-a-bom", lambda data: b"\xef\xbb\xbf" + data, "begins with a byte order mark"),
    ("in-utf-16", lambda data: data.decode().encode("utf-16-le").replace(b"\n", b"\r"), "is in UTF-16"),
    ("with-a-lone-surrogate", _surrogate, "has text with a lone surrogate, which is no text"),
    ("of-depth-1000", lambda _: b"[" * 1000 + b"]" * 1000, "is nested a thousand times"),
]  # fmt: skip

_NUMBERS: list[tuple[str, bytes, str]] = [
    ("nan", b"NaN", "has NaN in the place of an integer"),
    ("beyond-all-numbers", b"1e999", "has a number that many readers take for infinity"),
    ("minus-zero", b"-0", "has minus zero"),
    ("with-a-fraction", b"1.0", "has a number with a fraction of nothing"),
    ("beyond-2-to-the-53", b"9007199254740992", "has an integer beyond 2^53-1: not every reader can hold it"),
    ("of-5000-digits", b"1" * 5000, "has an integer of 5,000 digits"),
]  # fmt: skip


_EVERYWHERE = frozenset("key-twice key-unknown-proto of-depth-1000 nan".split())
"""What is done to each document; the rest to datapackage.json alone."""
_IN_FULL = frozenset("keys-not-sorted with-white-space with-a-lone-surrogate".split())
"""What is done to the statement beside that."""


def _applied(document: _Document) -> frozenset[str]:
    if document.short == "datapackage":
        return frozenset(short for short, _, _ in _CHANGES)
    return _EVERYWHERE | _IN_FULL if document.short == "statement" else _EVERYWHERE


def _documents() -> list[Vector]:
    return [
        vector(f"json-{document.short}-{short}", document.reasons,
               partial(document.make, _really(change)),
               f"{document.called} {why}; all else is hashed and signed anew.",
               policy=_policy(document, change))
        for document in _DOCUMENTS
        for short, change, why in _CHANGES
        if short in _applied(document)
    ]  # fmt: skip


def _policy(document: _Document, change: Bytes) -> dict[str, Any] | None:
    """Where it is the identity that is changed: a policy that trusts it as it is now."""
    if document.short != "identity":
        return None
    return trusting_file(change(COURT.identity.to_bytes()), COURT.identity.name)


def _really(change: Bytes) -> Bytes:
    def checked(data: bytes) -> bytes:
        changed = change(data)
        assert changed != data
        return changed

    return checked


def _numbers() -> list[Vector]:
    def put(document: _Document, number: bytes) -> Bytes:
        name = document.number.partition(b":")[0]
        return _really(
            lambda data: re.sub(re.escape(name) + rb":[0-9]+", name + b":" + number, data, count=1)
        )

    return [
        vector(f"json-{document.short}-number-{short}", document.reasons,
               partial(document.make, put(document, number)),
               f"{document.called} {why}.")
        for document in _DOCUMENTS
        if document.number
        for short, number, why in _NUMBERS
        if short in _EVERYWHERE or document.short == "datapackage"
    ]  # fmt: skip


def _at(*path: str | int) -> Bytes:
    """Canonical JSON with an unknown key ``more`` in the object at *path*."""

    def change(data: bytes) -> bytes:
        value = json.loads(data)
        place = value
        for step in path:
            place = place[step]
        place["more"] = None
        return strictjson.dumps(value)

    return change


_NESTED: list[tuple[str, str, Bytes, str]] = [
    ("datapackage-resource", "datapackage", _at("resources", 0), "A resource in datapackage.json"),
    ("provenance", "datapackage-digest", _at("provenance"), "The provenance object"),
    ("envelope", "envelope", _at("provenance", "envelope"), "The envelope"),
    ("envelope-signature", "envelope", _at("provenance", "envelope", "signatures", 0),
     "A signature in the envelope (which a key's algorithm could be named in)"),
    ("signed-data", "wacz-auth", _at("signedData"), "signedData"),
    ("predicate", "statement", _at("predicate"), "The predicate"),
    ("subject", "statement", _at("subject", 0), "A subject of the statement"),
    ("identity-key", "identity", _at("keys", 0), "A key of the identity"),
    ("manifest-exchange", "manifest", _at("derived", "exchanges", 0), "An exchange in the manifest"),
    ("stated-settings", "stated-record", _at("settings"), "The settings in the stated record"),
]  # fmt: skip

_BY_NAME = {document.short: document for document in _DOCUMENTS} | {
    "envelope": _Document(
        short="envelope",
        called="",
        make=_closed,
        reasons="statement FORMAT_FAILURE, signature FORMAT_FAILURE",
    ),
    "wacz-auth": _Document(short="wacz-auth", called="", make=_closed, reasons="wacz-auth FORMAT_FAILURE"),
}


def _nested() -> list[Vector]:
    return [
        vector(f"json-{short}-key-unknown", _BY_NAME[document].reasons,
               partial(_BY_NAME[document].make, change),
               f"{called} has one more key; every object of the format is closed.",
               policy=_policy(_BY_NAME[document], change))
        for short, document, change, called in _NESTED
    ]  # fmt: skip


# Base64

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SIGNED = "statement FORMAT_FAILURE, signature FORMAT_FAILURE"


@functools.cache
def _padded() -> dict[str, bytes]:
    """The base by a software whose name makes the payload one byte longer, so that its base64 is padded."""
    return members_of(
        sealed(base(), package=lambda it: msgspec.structs.replace(it, software=it.software + "!"))
    )


def _closing(*path: str | int) -> Callable[[Bytes], bytes]:
    """A bundle of which the text at *path* of datapackage-digest.json is changed."""

    def make(change: Bytes) -> bytes:
        value = json.loads(_padded()[CLOSING])
        _put(value, path, change)
        return zipped({**_padded(), CLOSING: strictjson.dumps(value)})

    return make


def _spki(change: Bytes) -> bytes:
    return sealed(base(), public=_in_spki(change))


def _in_spki(change: Bytes) -> Bytes:
    def public(data: bytes) -> bytes:
        value = json.loads(data)
        _put(value, ("keys", 0, "spki"), change)
        return strictjson.dumps(value)

    return public


def _interim(change: Bytes) -> bytes:
    early = base64.b64encode(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    known = facts(3, 1, f"interim-1: {_really(change)(early).decode()}\r\n")
    return sealed({**base(), WARC: warc_of(whole(ANSWER, ASKED, known))})


def _put(value: Any, path: tuple[str | int, ...], change: Bytes) -> None:
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = _really(change)(value[path[-1]].encode()).decode()


def _loose(text: bytes) -> bytes:
    """Another spelling of the same bytes: a bit is set that padding leaves over."""
    at = len(text.rstrip(b"=")) - 1
    return text[:at] + _ALPHABET[_ALPHABET.index(chr(text[at])) | 1].encode() + text[at + 1 :]


_SPELLINGS: dict[str, tuple[Bytes, str]] = {
    "with-loose-bits": (
        _loose,
        "in a second spelling that leaves bits over; most decoders give the same bytes",
    ),
    "without-padding": (lambda text: text.rstrip(b"="), "without its padding"),
    "with-a-line-break": (lambda text: text[:8] + b"\n" + text[8:], "with a line break in it"),
    "for-urls": (lambda text: text[:-4] + b"-_-_", "in the alphabet for URLs"),
}
_PADDED = ("with-loose-bits", "without-padding")
_PLACES: list[tuple[str, str, str, Callable[[Bytes], bytes], tuple[str, ...]]] = [
    ("payload", "The envelope's payload", _SIGNED, _closing("provenance", "envelope", "payload"), ()),
    ("signature", "A signature of the envelope", _SIGNED,
     _closing("provenance", "envelope", "signatures", 0, "sig"), ()),
    ("spki", "A key of the identity", "signature FORMAT_FAILURE", _spki, ()),
    ("wacz-auth-key", "The key in signedData", "wacz-auth FORMAT_FAILURE",
     _closing("signedData", "publicKey"), _PADDED),
    ("wacz-auth-signature", "The signature in signedData", "wacz-auth FORMAT_FAILURE",
     _closing("signedData", "signature"), _PADDED),
    ("interim", "An interim answer in the facts", "records FORMAT_FAILURE", _interim,
     ("with-a-line-break",)),
]  # fmt: skip


def _base64() -> list[Vector]:
    return [
        vector(f"base64-{short}-{spelling}", reasons, partial(make, change),
               f"{called} is {why}.",
               policy=_policy(_BY_NAME["identity"], _in_spki(change)) if make is _spki else None)
        for short, called, reasons, make, left_out in _PLACES
        for spelling, (change, why) in _SPELLINGS.items()
        if spelling not in left_out
    ]  # fmt: skip


VECTORS: list[Vector] = [*_documents(), *_numbers(), *_nested(), *_base64()]
