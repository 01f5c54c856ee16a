"""Small bundles as other tools make them, each deviation of theirs in its place."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from archiver.warc.capture import Capture
from archiver.warc.record import Record
from archiver.warc.surt import surt_key
from archiver.warc.window import Window
from tests.memory import memory_file
from tests.verify.foreign.handmade import DEFLATED, Part, descriptor, handmade

PAGE = "https://news.example/"
STYLE = "https://news.example/style.css?v=2"
DATE = "2026-11-20T10:00:00.125Z"
CREATED = "2026-11-20T10:00:05Z"
DOMAIN = "archive.example"
PACKAGE, CLOSING = "datapackage.json", "datapackage-digest.json"
HEADER = '{"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}'

Signer = Callable[[str], Any]
Members = dict[str, bytes]


@cache
def warc(url: str = PAGE, *, packed: bool = True, words: str = "Words.") -> bytes:
    """A warcinfo, a page with its request, and a style sheet."""
    records = [record("warcinfo", None, b"software: a look-alike 1.0\r\n", number=1)]
    number = 2
    for place, mime, body in (
        (url, "text/html; charset=utf-8", f"<title>A page</title><p>{words}"),
        (STYLE, "text/css", "p { color: red }"),
    ):
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {mime}\r\nContent-Length: {len(body)}\r\n\r\n"
        asked = b"GET / HTTP/1.1\r\nHost: news.example\r\nReferer: %s\r\n\r\n" % url.encode()
        records.append(record("response", place, head.encode() + body.encode(), number=number))
        records.append(record("request", place, asked, number=number + 1, about=number))
        number += 2
    if not packed:
        return b"".join(records)
    return b"".join(gzip.compress(one, mtime=0) for one in records)


def record(kind: str, url: str | None, block: bytes, *, number: int, about: int | None = None) -> bytes:
    """A record with the digests that most tools write, SHA-256 and SHA-1."""
    payload = block.partition(b"\r\n\r\n")[2] if url else block
    media = f"application/http; msgtype={kind}" if url else "application/warc-fields"
    sha1 = hashlib.sha1(block, usedforsecurity=False).digest()
    name = "<urn:uuid:00000000-0000-4000-8000-{:012}>"
    fields = {
        "WARC-Type": kind,
        "WARC-Record-ID": name.format(number),
        "WARC-Date": DATE,
        "WARC-Target-URI": url,
        "WARC-Concurrent-To": name.format(about) if about else None,
        "WARC-Payload-Digest": f"sha256:{sha256(payload)}",
        "WARC-Block-Digest": f"sha1:{base64.b32encode(sha1).decode()}",
        "Content-Type": media,
        "Content-Length": str(len(block)),
    }
    lines = "".join(f"{key}: {value}\r\n" for key, value in fields.items() if value is not None)
    return f"WARC/1.1\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def records_of(warcs: Mapping[str, bytes]) -> list[Record]:
    with ExitStack() as files:
        windows = {name: Window(files.enter_context(memory_file(data))) for name, data in warcs.items()}
        return list(Capture(windows, imported=True).records)


def index_lines(warcs: Mapping[str, bytes], *, digits: int = 14, numbers: type = str) -> list[str]:
    """The CDXJ lines of all responses, sorted."""
    lines = []
    for record in records_of(warcs):
        if record.type == "response":
            assert record.http is not None
            assert record.url is not None
            value = {
                "url": record.url,
                "mime": (record.http.first("content-type") or "").partition(";")[0],
                "status": numbers(record.http.status),
                "digest": record.header.payload_digest,
                "length": numbers(record.length),
                "offset": numbers(record.offset),
                "filename": record.archive,
                "recordDigest": str(record.record_digest),
            }
            moment = "".join(filter(str.isdigit, record.date))[:digits]
            lines.append(f"{surt_key(record.url)} {moment} {json.dumps(value)}")
    return sorted(lines)


def zipnum(lines: list[str], *, each: int, name: str = "index.cdx.gz", times: bool = True) -> Members:
    """The lines in compressed blocks of *each*, and the list of the blocks."""
    packed, listed = b"", [f"!meta 0 {json.dumps({'format': 'cdxj-gzip-1.0', 'filename': name})}"]
    for at in range(0, len(lines), each):
        block = gzip.compress("".join(f"{line}\n" for line in lines[at : at + each]).encode())
        key = lines[at].partition(" {")[0]
        value = {"offset": len(packed), "length": len(block), "digest": f"sha256:{sha256(block)}"}
        listed.append(f"{key if times else key.partition(' ')[0]} {json.dumps(value)}")
        packed += block
    return {f"indexes/{name}": packed, "indexes/index.idx": "\n".join(listed).encode() + b"\n"}


def page_list(*pages: Mapping[str, object], header: str = HEADER) -> bytes:
    return "".join(f"{line}\n" for line in (header, *map(json.dumps, pages)) if line).encode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def doubled(data: bytes) -> str:
    """The digest that js-wacz makes of a file: each chunk of 64 KiB twice."""
    digest = hashlib.sha256()
    for at in range(0, len(data), 65536):
        digest.update(data[at : at + 65536] * 2)
    return digest.hexdigest()


def listed(members: Members, *, hashed: Callable[[str, bytes], str] | None = None) -> list[dict[str, object]]:
    return [
        {
            "name": name.rpartition("/")[2].lower(),
            "path": name,
            "hash": hashed(name, data) if hashed else f"sha256:{sha256(data)}",
            "bytes": len(data),
        }
        for name, data in members.items()
    ]


def package(members: Members, **more: object) -> bytes:
    """datapackage.json; what is None in *more* is left out."""
    value = {
        "profile": "data-package",
        "resources": listed(members),
        "created": CREATED,
        "wacz_version": "1.1.1",
        "software": "a look-alike 1.0",
        **more,
    }
    return json.dumps({key: item for key, item in value.items() if item is not None}, indent=2).encode()


def closing(data: bytes, signer: Signer | None = None) -> bytes:
    """datapackage-digest.json for a datapackage.json of those bytes."""
    digest = f"sha256:{sha256(data)}"
    value: dict[str, object] = {"path": PACKAGE, "hash": digest}
    if signer is not None:
        value["signedData"] = signer(digest)
    return json.dumps(value, indent=2).encode()


def whole(members: Members, signer: Signer | None = None, **more: Any) -> Members:
    """*members* with a list of them, and its digest, signed by *signer*."""
    data = package(members, **more)
    return {**members, PACKAGE: data, CLOSING: closing(data, signer)}


def zipped(members: Members, *, deflate: bool = False, described: bool = False) -> bytes:
    """A ZIP of them; *deflate* what may be, *described* by data descriptors."""
    parts = []
    for name, data in members.items():
        method = DEFLATED if deflate and not name.endswith((".gz", ".warc")) else 0
        part = Part(name=name.encode(), data=data, method=method)
        if described:
            told = {"crc": 0, "packed": 0, "size": 0}
            after = descriptor(data, packed=len(part.stands))
            part = Part(
                name=part.name, data=data, method=method, both={"flags": 0x0808}, local=told, after=after
            )
        parts.append(part)
    return handmade(parts)


def contents(**more: bytes) -> Members:
    """What all look-alikes hold unless they say otherwise: a WARC, its index, its pages."""
    warcs = {"data.warc.gz": warc()}
    members = {
        "archive/data.warc.gz": warcs["data.warc.gz"],
        "indexes/index.cdx": "".join(f"{line}\n" for line in index_lines(warcs)).encode(),
        "pages/pages.jsonl": page_list({"id": "p1", "url": PAGE, "ts": DATE, "title": "A page"}),
    }
    return {**members, **more}


def unsigned() -> bytes:
    return zipped(whole(contents()), deflate=True)


# Anonymous signatures, as ArchiveWeb.page makes them

KEY = ec.derive_private_key(0x5EED, ec.SECP384R1())
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973


def spki(key: ec.EllipticCurvePrivateKey = KEY) -> str:
    data = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(data).decode()


def anonymous(digest: str, *, high: bool = False, key: ec.EllipticCurvePrivateKey = KEY) -> dict[str, str]:
    """signedData of the anonymous form; of the two spellings of the signature the *high* one or the other."""
    rfc6979 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = decode_dss_signature(key.sign(digest.encode(), rfc6979))
    if (s > _ORDER // 2) != high:
        s = _ORDER - s
    return {
        "hash": digest,
        "signature": base64.b64encode(r.to_bytes(48, "big") + s.to_bytes(48, "big")).decode(),
        "publicKey": spki(key),
        "created": CREATED,
        "software": "a look-alike 1.0",
    }


def archivewebpage() -> bytes:
    """Data descriptors, 17-digit times, numbers as numbers, no version in the signature."""
    warcs = {"data.warc.gz": warc()}
    lines = index_lines(warcs, digits=17, numbers=int)
    members = contents(**{"indexes/index.cdx": "".join(f"{line}\n" for line in lines).encode()})
    return zipped(whole(members, anonymous), described=True)


# Domain signatures, as authsign makes them


@cache
def authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.derive_private_key(0xCA, ec.SECP256R1())
    return key, certificate("A test root", key, "A test root", key, ())


def certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    names: tuple[str, ...],
) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(1 + len(subject))
        .not_valid_before(datetime(2026, 11, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 30, tzinfo=UTC))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(map(x509.DNSName, names)), critical=False)
    return builder.sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True)


LEAF = ec.derive_private_key(0x1EAF, ec.SECP256R1())


@cache
def chain(*names: str) -> str:
    key, root = authority()
    leaf = certificate(names[0], LEAF, "A test root", key, names)
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in (leaf, root))


def domain(digest: str, *, named: str = DOMAIN, names: tuple[str, ...] = (DOMAIN,)) -> dict[str, str]:
    """signedData of the domain form; its timestamp is none."""
    signature = LEAF.sign(digest.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return {
        "hash": digest,
        "created": CREATED,
        "software": "authsigner 0.6.1",
        "signature": base64.b64encode(signature).decode(),
        "domain": named,
        "domainCert": chain(*names),
        "timeSignature": base64.b64encode(b"a token").decode(),
        "timestampCert": chain("tsa.example"),
        "version": "0.1.0",
    }


def domain_signed() -> bytes:
    """As py-wacz: compressed index with its list of blocks, deflated JSON."""
    return zipped(whole(pywacz_contents(), domain), deflate=True)


def pywacz_contents() -> Members:
    members = contents()
    lines = members.pop("indexes/index.cdx").decode().splitlines()
    return {**zipnum(lines, each=1024), **members}


def jswacz() -> bytes:
    """All stored; the WARC's digest is that of each chunk twice."""
    members = contents(**{"archive/data.warc.gz": large_warc()})
    lines = index_lines({"data.warc.gz": large_warc()})
    members["indexes/index.cdx"] = "".join(f"{line}\n" for line in lines).encode()

    def hashed(name: str, data: bytes) -> str:
        return f"sha256:{doubled(data) if name.startswith('archive/') else sha256(data)}"

    main: dict[str, Any] = {"mainPageUrl": PAGE, "mainPageDate": "2026-11-21T00:00:00Z"}
    return zipped(whole(members, resources=listed(members, hashed=hashed), software="js-wacz 0.1.6", **main))


@cache
def large_warc() -> bytes:
    """More than two chunks of 64 KiB."""
    noise = zlib.compress(b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(5_000)))
    return warc(words=base64.b85encode(noise).decode())
