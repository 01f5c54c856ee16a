"""Three bundles as other tools make them: signed for a domain, signed anonymously, not signed.

py-wacz makes all three from one WARC. The anonymous one is then laid out as ArchiveWeb.page does
it, with a plain index and ZIP data descriptors.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tempfile
import warnings
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.tamper.signer import Anonymous, Domain, Signer

KINDS = ("domain-signed", "anonymous", "unsigned")
DOMAIN_SIGNED, ANONYMOUS, UNSIGNED = KINDS

PACKAGE, CLOSING = "datapackage.json", "datapackage-digest.json"
WARC, PAGES = "archive/data.warc.gz", "pages/pages.jsonl"

GENUINE_WORDS = "The court found for the tenant."
FORGED_WORDS = "The court found for the landlord."

_PAGE = "https://news.example/ruling"
_IMAGE = "https://news.example/seal.png"
_AT = "2024-05-01T12:00:00Z"
_MEMBER_TIME = (2024, 5, 1, 12, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A WACZ taken apart: its members in file order, a name perhaps twice."""

    kind: str
    members: tuple[tuple[str, bytes], ...]
    deflated: frozenset[str]
    comment: bytes = b""

    def read(self, name: str) -> bytes:
        return next(data for found, data in self.members if found == name)

    def json(self, name: str) -> dict[str, object]:
        value = json.loads(self.read(name))
        assert isinstance(value, dict)
        return value

    def having(self, name: str, data: bytes) -> Bundle:
        """This, with *data* as the member *name*, at its place or as the last."""
        held = tuple((found, data if found == name else old) for found, old in self.members)
        if name not in dict(self.members):
            held += ((name, data),)
        return replace(self, members=held)

    def lacking(self, name: str) -> Bundle:
        return replace(self, members=tuple(member for member in self.members if member[0] != name))

    def to_bytes(self) -> bytes:
        out = io.BytesIO()
        target = _Stream(out) if self.kind == ANONYMOUS else out
        with warnings.catch_warnings(), zipfile.ZipFile(target, "w") as file:
            warnings.simplefilter("ignore")  # that a name is there twice is what somebody wants to see
            for name, data in self.members:
                entry = zipfile.ZipInfo(name, _MEMBER_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED if name in self.deflated else zipfile.ZIP_STORED
                file.writestr(entry, data)
            file.comment = self.comment
        return out.getvalue()


class _Stream(io.RawIOBase):
    """Writes that cannot go back: so ZIP sizes stand in data descriptors."""

    def __init__(self, out: io.BytesIO) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        return self._out.write(data)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A genuine bundle, and what somebody without its key can make of it: other words, the same signature."""

    genuine: Bundle
    forged: Bundle


class Works:
    """Where bundles are made; *folder* keeps the authorities' files, *domain* is who vouches."""

    def __init__(self, folder: Path) -> None:
        self.domain = Domain(folder)
        now = datetime.now(UTC)
        self.created = now - timedelta(minutes=1)
        self._made = {words: _by_pywacz(words) for words in (GENUINE_WORDS, FORGED_WORDS)}

    def pair(self, kind: str) -> Pair:
        signers: dict[str, Signer] = {DOMAIN_SIGNED: self.domain, ANONYMOUS: Anonymous()}
        signer = signers.get(kind)
        created = self.created.strftime("%Y-%m-%dT%H:%M:%S") + (".250Z" if kind == ANONYMOUS else "Z")
        genuine = _closed(self._bare(kind, GENUINE_WORDS), created, signer)
        signed = genuine.json(CLOSING).get("signedData")
        forged = _closed(self._bare(kind, FORGED_WORDS), created, None)
        if signed is not None:
            closing = forged.json(CLOSING) | {"signedData": signed}
            forged = forged.having(CLOSING, dumps(closing))
        return Pair(genuine=genuine, forged=forged)

    def _bare(self, kind: str, words: str) -> Bundle:
        members, deflated = self._made[words]
        if kind != ANONYMOUS:
            return Bundle(kind=kind, members=tuple(members.items()), deflated=deflated)
        lines = gzip.decompress(members["indexes/index.cdx.gz"])
        laid = ((PAGES, members[PAGES]), (WARC, members[WARC]), ("indexes/index.cdx", lines))
        return Bundle(kind=kind, members=laid, deflated=frozenset())


def described(bundle: Bundle, created: str, *, hash_type: str = "sha256") -> Bundle:
    """*bundle* with a datapackage.json over its members, by py-wacz or as if by ArchiveWeb.page."""
    held = [(name, data) for name, data in bundle.members if name not in (PACKAGE, CLOSING)]
    software = Anonymous.software if bundle.kind == ANONYMOUS else "py-wacz 0.6.0"
    package = {
        "profile": "data-package",
        "resources": [
            {
                "name": name.rpartition("/")[2],
                "path": name,
                "hash": digest(data, hash_type),
                "bytes": len(data),
            }
            for name, data in held
        ],
        "title": f"A ruling, {bundle.kind}",
        "created": created,
        "wacz_version": "1.1.1",
        "software": software,
    }  # fmt: skip
    return bundle.having(PACKAGE, dumps(package))


def closing_of(bundle: Bundle, signed: object = None, *, hash_type: str = "sha256") -> bytes:
    """The bytes of a datapackage-digest.json for *bundle*."""
    closing = {"path": PACKAGE, "hash": digest(bundle.read(PACKAGE), hash_type)}
    return dumps(closing | ({"signedData": signed} if signed is not None else {}))


def digest(data: bytes, hash_type: str = "sha256") -> str:
    return f"{hash_type}:{hashlib.new(hash_type, data).hexdigest()}"


def dumps(value: object) -> bytes:
    return json.dumps(value, indent=2).encode()


def _closed(bundle: Bundle, created: str, signer: Signer | None) -> Bundle:
    whole = described(bundle, created)
    signed = signer.signed_data(digest(whole.read(PACKAGE)), created) if signer else None
    return whole.having(CLOSING, closing_of(whole, signed))


def _by_pywacz(words: str) -> tuple[dict[str, bytes], frozenset[str]]:
    """What `wacz create` makes of a WARC that says *words*: its members, and which of them it deflates."""
    with tempfile.TemporaryDirectory(prefix="archiver-tamper-") as name:
        folder = Path(name)
        (folder / "data.warc.gz").write_bytes(_warc(words))
        # A page list of our own, since the one that py-wacz finds has ids by chance.
        pages = [
            {"format": "json-pages-1.0", "id": "pages", "title": "All Pages"},
            {"id": "ruling", "url": _PAGE, "title": "A ruling", "ts": _AT},
        ]
        (folder / "pages.jsonl").write_text("".join(json.dumps(page) + "\n" for page in pages))
        command = [str(Path(sys.executable).with_name("wacz")), "create", "data.warc.gz", "-o", "made.wacz"]
        command += ["-p", "pages.jsonl", "--copy-pages"]
        subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=True)
        with zipfile.ZipFile(folder / "made.wacz") as file:
            listed = [entry for entry in file.infolist() if entry.filename not in (PACKAGE, CLOSING)]
            deflated = {entry.filename for entry in file.infolist() if entry.compress_type}
            return {entry.filename: file.read(entry) for entry in listed}, frozenset(deflated)


def _warc(words: str) -> bytes:
    page = f"<!doctype html><title>A ruling</title><p>{words}</p><img src=seal.png>\n".encode()
    image = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
    records = [
        _record(0, "warcinfo", "application/warc-fields", b"software: a crawler\r\n"),
        _response(1, _PAGE, "text/html", page),
        _response(2, _IMAGE, "image/png", image),
    ]
    return b"".join(gzip.compress(record, mtime=0) for record in records)


def _response(number: int, url: str, media: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    more = f"WARC-Target-URI: {url}\r\nWARC-Payload-Digest: {_sha1(body)}\r\n"
    return _record(number, "response", "application/http; msgtype=response", head + body, more)


def _record(number: int, kind: str, media: str, block: bytes, more: str = "") -> bytes:
    """A record with the digests that most tools write."""
    header = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Date: {_AT}\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012x}>\r\n{more}"
        f"WARC-Block-Digest: {_sha1(block)}\r\nContent-Type: {media}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return header.encode() + block + b"\r\n\r\n"


def _sha1(data: bytes) -> str:
    return f"sha1:{base64.b32encode(hashlib.sha1(data).digest()).decode()}"
