"""The bundle that every oracle is asked about, and what each URL in it must give."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.oracles.site import PAGE, RESOURCES

_ORIGIN = "http://essays.test:8080"


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleBundle:
    """A bundle of the oracle site, whose resources stand under *origin*."""

    path: Path
    origin: str


def _record(kind: str, media: str, block: bytes, uri: str | None = None) -> bytes:
    digest = hashlib.sha256(block).hexdigest()
    head = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{uuid.uuid4()}>\r\n"
        f"WARC-Date: 2026-11-23T12:00:00.123456Z\r\nWARC-Block-Digest: sha256:{digest}\r\n"
        f"Content-Type: {media}\r\nContent-Length: {len(block)}\r\n"
    )
    head += f"WARC-Target-URI: {uri}\r\n" if uri else ""
    return gzip.compress(head.encode() + b"\r\n" + block + b"\r\n\r\n")


def make_bundle(folder: Path) -> OracleBundle:
    """The oracle site saved into *folder*."""
    # TODO: a stand-in until `save` is there
    warc = folder / "data.warc.gz"
    with warc.open("wb") as out:
        out.write(_record("warcinfo", "application/warc-fields", b"software: by hand\r\n"))
        for resource in RESOURCES:
            out.write(
                _record(
                    "response",
                    "application/http;msgtype=response",
                    resource.responses[-1],
                    _ORIGIN + resource.target,
                )
            )
    indexer = Path(sys.executable).with_name("cdxj-indexer")
    index = subprocess.run([indexer, "--sort", warc], check=True, stdout=subprocess.PIPE).stdout
    pages = [
        {"format": "json-pages-1.0", "id": "pages", "title": "All Pages"},
        {
            "id": "1",
            "url": _ORIGIN + PAGE.target,
            "ts": "2026-11-23T12:00:00Z",
            "title": "The Bridge at Low Water",
        },
    ]
    members = {
        "archive/data.warc.gz": warc.read_bytes(),
        "indexes/index.cdx": index,
        "pages/pages.jsonl": b"".join(json.dumps(page).encode() + b"\n" for page in pages),
    }
    resources = [
        {"name": name, "path": name, "hash": f"sha256:{hashlib.sha256(data).hexdigest()}", "bytes": len(data)}
        for name, data in members.items()
    ]
    package = json.dumps(
        {"profile": "data-package", "wacz_version": "1.1.1", "resources": resources}
    ).encode()
    members["datapackage.json"] = package
    members["datapackage-digest.json"] = json.dumps(
        {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(package).hexdigest()}"}
    ).encode()
    path = folder / "oracle.wacz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return OracleBundle(path=path, origin=_ORIGIN)
