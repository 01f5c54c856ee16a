"""Bundles of other tools' shapes, versions and habits: none fails, and each habit is named."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from archiver.errors import VerificationError
from archiver.verify import Result, Verdict, verify
from archiver.warc.surt import surt_key
from tests import small
from tests.memory import memory_file
from tests.programs import need
from tests.verify.foreign import lookalikes as like
from tests.verify.foreign.handmade import Part, handmade
from tests.verify.foreign.lookalikes import contents, index_lines, page_list, warc, whole, zipnum, zipped

INDEX, PAGES, WARC = "indexes/index.cdx", "pages/pages.jsonl", "archive/data.warc.gz"
PLAIN = {"container CONTAINER_NOTE", "records IMPORT_NOTE", "time CLAIMED_TIME"}


def judge(data: bytes, now: datetime = small.NOON) -> Result:
    with memory_file(data) as file:
        return verify(file, small.policy(), name="bundle", now=now)


def codes(result: Result) -> set[str]:
    """Every reason that is no mere difference from what we write ourselves."""
    found = {f"{check.name} {check.code}" for check in result.checks if check.code != "OK"}
    return found - PLAIN


def several_warcs() -> bytes:
    warcs = {"a.warc.gz": warc(), "b.warc": warc("https://other.example/", packed=False)}
    members = {f"archive/{name}": data for name, data in warcs.items()}
    lines = "".join(f"{line}\n" for line in index_lines(warcs))
    page = {"url": "https://other.example/", "ts": like.DATE, "id": "1"}
    return zipped(whole({**members, INDEX: lines.encode(), PAGES: page_list(page)}))


def many_blocks(*, times: bool = True) -> bytes:
    warcs = {f"{number}.warc.gz": warc(f"https://news.example/{number}") for number in range(8)}
    members = {f"archive/{name}": data for name, data in warcs.items()}
    members |= zipnum(index_lines(warcs), each=3, times=times)
    return zipped(whole({**members, PAGES: page_list()}), deflate=True)


def lone_gz() -> bytes:
    members = contents()
    lines = members.pop(INDEX)
    return zipped(whole({**members, "indexes/index.cdx.gz": gzip.compress(lines)}))


def extra_pages(header: str) -> bytes:
    more = page_list({"url": like.STYLE, "ts": like.DATE}, {"url": like.PAGE, "ts": like.DATE}, header=header)
    return zipped(whole(contents(**{"pages/extraPages.jsonl": more})))


def of_version(version: str | None, **more: Any) -> bytes:
    return zipped(whole(contents(), wacz_version=version, **more))


def first_version() -> bytes:
    """WACZ 1.0.0 as it was written in 2021: MD5 under ``stats``, no digest of datapackage.json."""
    members = contents()
    resources = [
        {
            "path": name,
            "hashing": "md5",
            "stats": {"hash": hashlib.md5(data, usedforsecurity=False).hexdigest(), "bytes": len(data)},
        }
        for name, data in members.items()
    ]
    made = whole(
        members, resources=resources, wacz_version="1.0.0", metadata={"title": "A page"}, created=None
    )
    del made[like.CLOSING]
    return zipped(made)


def by_md5() -> bytes:
    def md5(name: str, data: bytes) -> str:
        return f"md5:{hashlib.md5(data, usedforsecurity=False).hexdigest()}"

    members = contents()
    return zipped(whole(members, like.anonymous, resources=like.listed(members, hashed=md5)))


def without_sizes() -> bytes:
    members = contents()
    resources = [{key: item[key] for key in ("name", "path", "hash")} for item in like.listed(members)]
    return zipped(whole(members, resources=resources))


def zip64() -> bytes:
    parts = [Part(name=name.encode(), data=data) for name, data in whole(contents()).items()]
    return handmade(parts, zip64=True)


def posted() -> bytes:
    """A line for a POST: the key has the body behind it, and so, with some tools, has the URL."""
    warcs = {"data.warc.gz": warc()}
    plain, line = index_lines(warcs)
    body = "__wb_method=post&q=1"
    _, moment, value = line.split(" ", 2)
    fields = json.loads(value)
    key = surt_key(f"{fields['url']}&{body}")
    first = f"{key} {moment} {json.dumps(fields)}"
    second = f"{key} {moment} {json.dumps({**fields, 'url': f'{like.STYLE}&{body}', 'method': 'POST'})}"
    return zipped(whole(contents(**{INDEX: f"{plain}\n{first}\n{second}\n".encode()})))


NO_SIGNATURE = {"signature NO_SIGNATURE"}
UNKNOWN_KEY = {"signer UNTRUSTED_SIGNER", "signature KNOWN_DEFECT"}

GENUINE: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "unsigned, deflated": (like.unsigned, NO_SIGNATURE),
    "ArchiveWeb.page": (like.archivewebpage, UNKNOWN_KEY),
    "high s": (
        lambda: zipped(whole(contents(), lambda digest: like.anonymous(digest, high=True))),
        UNKNOWN_KEY,
    ),
    "py-wacz and authsign": (like.domain_signed, {"signer UNTRUSTED_SIGNER", "time UNTRUSTED_TIME"}),
    "js-wacz": (like.jswacz, {"members KNOWN_DEFECT", *NO_SIGNATURE}),
    "several WARCs": (several_warcs, NO_SIGNATURE),
    "ZipNum": (many_blocks, NO_SIGNATURE),
    "ZipNum, keys alone": (lambda: many_blocks(times=False), NO_SIGNATURE),
    "a lone index.cdx.gz": (lone_gz, {"index KNOWN_DEFECT", *NO_SIGNATURE}),
    "extra pages": (lambda: extra_pages(like.HEADER), NO_SIGNATURE),
    "extra pages, no header": (lambda: extra_pages(""), {"pages KNOWN_DEFECT", *NO_SIGNATURE}),
    "WACZ 1.0.0": (first_version, {"members WEAK_DIGEST", "datapackage MISSING_MEMBER", *NO_SIGNATURE}),
    "WACZ 1.1.0": (lambda: of_version("1.1.0"), NO_SIGNATURE),
    "WACZ 1.2.0": (
        lambda: of_version(None, profile="wacz", home={"url": like.PAGE, "ts": like.DATE}),
        NO_SIGNATURE,
    ),
    "a later WACZ": (lambda: of_version("3.0.0"), {"datapackage UNSUPPORTED_VERSION", *NO_SIGNATURE}),
    "a multi-WACZ": (
        lambda: zipped(whole({}, resources=[], profile="multi-wacz-package")),
        {"datapackage UNSUPPORTED_VERSION", *NO_SIGNATURE},
    ),
    "md5, signed": (by_md5, {"members WEAK_DIGEST", *UNKNOWN_KEY}),
    "no sizes": (without_sizes, NO_SIGNATURE),
    "Zip64": (zip64, NO_SIGNATURE),
    "a POST": (posted, NO_SIGNATURE),
    "a config": (
        lambda: zipped(whole(contents(), config={"decodeResponses": False})),
        {"datapackage UNSUPPORTED_VERSION", *NO_SIGNATURE},
    ),
    "a bundle that asks for another": (
        lambda: zipped(whole(contents(), relation={"requires": ["https://other.example/a.wacz"]})),
        {"datapackage UNSUPPORTED_VERSION", *NO_SIGNATURE},
    ),
    "a signing service that refused": (
        lambda: zipped(whole(contents(), lambda digest: {"detail": "Forbidden"})),
        NO_SIGNATURE,
    ),
    "a further property": (
        lambda: zipped(whole(contents(), lambda digest: {**like.domain(digest), "extra": "1"})),
        {"signature NOT_RELIED_ON", "signer UNTRUSTED_SIGNER", "time UNTRUSTED_TIME"},
    ),
    "a wildcard": (
        lambda: zipped(whole(contents(), lambda digest: like.domain(digest, names=("*.example",)))),
        {"signer UNTRUSTED_SIGNER", "time UNTRUSTED_TIME"},
    ),
    "another wacz-auth": (
        lambda: zipped(whole(contents(), lambda digest: {**like.domain(digest), "version": "0.2.0"})),
        {"signature UNSUPPORTED_VERSION", "signer UNTRUSTED_SIGNER", "time UNTRUSTED_TIME"},
    ),
    "not all indexed": (
        lambda: zipped(whole(contents(**{INDEX: index_lines({"data.warc.gz": warc()})[0].encode()}))),
        {"index UNINDEXED", *NO_SIGNATURE},
    ),
    "no list of pages": (
        lambda: zipped(whole({key: data for key, data in contents().items() if key != PAGES})),
        {"pages PAGE_WITHOUT_RECORD", *NO_SIGNATURE},
    ),
    "pages that failed to load": (
        lambda: zipped(
            whole(contents(**{PAGES: page_list({"url": "https://gone.example/", "ts": like.DATE})}))
        ),
        {"pages PAGE_WITHOUT_RECORD", *NO_SIGNATURE},
    ),
    "pages of another time": (
        lambda: zipped(
            whole(contents(**{PAGES: page_list({"url": like.PAGE, "ts": "2026-11-19T00:00:00Z"})}))
        ),
        {"pages PAGE_TIME", *NO_SIGNATURE},
    ),
    "a page spelt otherwise": (
        lambda: zipped(
            whole(contents(**{PAGES: page_list({"url": "http://www.news.example#x", "ts": like.DATE})}))
        ),
        NO_SIGNATURE,
    ),
    "made tomorrow": (
        lambda: zipped(whole(contents(), created="2026-11-25T00:00:00Z")),
        {"time CLOCK", *NO_SIGNATURE},
    ),
}


@pytest.mark.parametrize("name", GENUINE)
def test_a_look_alike_is_whole_and_proves_nobody(name: str) -> None:
    make, expected = GENUINE[name]
    result = judge(make())
    assert codes(result) == expected, [str(check) for check in result.checks]
    assert result.verdict is Verdict.INDETERMINATE
    assert result.kind == "wacz"
    assert result.signer is None
    with pytest.raises(VerificationError):
        result.require()


def test_what_it_holds_is_told_like_our_own() -> None:
    manifest = judge(like.archivewebpage()).manifest
    assert manifest is not None
    assert [entry.url for entry in manifest.derived.exchanges] == [like.PAGE, like.STYLE]
    [capture] = manifest.derived.captures
    assert (capture.requested_url, capture.status, capture.date) == (like.PAGE, 200, like.DATE)


def test_a_key_that_the_verifier_trusts_elsewhere_is_not_trusted_here() -> None:
    """Identities are trusted for what they seal; the wacz-auth key of one signs for other tools' eyes."""
    local = small.identity()
    key = local.identity.wacz_key
    assert key is not None

    def signer(digest: str) -> dict[str, str]:
        signature = base64.b64encode(local.sign_wacz(digest.encode())).decode()
        return {
            **like.anonymous(digest),
            "publicKey": base64.b64encode(key.spki).decode(),
            "signature": signature,
        }

    result = judge(zipped(whole(contents(), signer)))
    assert codes(result) == UNKNOWN_KEY
    assert result.signer is None


# Programs


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    folder = tmp_path_factory.mktemp("pywacz")
    (folder / "one.warc.gz").write_bytes(warc())
    (folder / "two.warc").write_bytes(warc("https://other.example/", packed=False))
    (folder / "extra.jsonl").write_bytes(page_list({"url": like.STYLE, "title": "A style"}))
    pages = page_list({"url": like.PAGE, "ts": like.DATE, "title": "A page", "id": "1"})
    (folder / "pages.jsonl").write_bytes(pages)

    def create(*arguments: str) -> bytes:
        command = [sys.executable, "-m", "wacz", "create", "-o", "out.wacz", *arguments]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
        return (folder / "out.wacz").read_bytes()

    return create


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("one.warc.gz", "--detect-pages"), NO_SIGNATURE),
        (("one.warc.gz", "two.warc", "--detect-pages", "--text"), NO_SIGNATURE),
        (("one.warc.gz", "--pages", "pages.jsonl", "-e", "extra.jsonl"), {"pages PAGE_TIME", *NO_SIGNATURE}),
        (("one.warc.gz", "--pages", "pages.jsonl", "--copy-pages"), NO_SIGNATURE),
        (("one.warc.gz", "--url", like.PAGE, "--detect-pages"), NO_SIGNATURE),
        (("one.warc.gz",), {"pages PAGE_WITHOUT_RECORD", *NO_SIGNATURE}),
        (
            ("one.warc.gz", "--detect-pages", "--hash-type", "md5"),
            {"members WEAK_DIGEST", *NO_SIGNATURE},
        ),
    ],
    ids=lambda value: " ".join(sorted(value) if isinstance(value, set) else value),
)
def test_what_pywacz_makes_is_whole(
    made: Callable[..., bytes], arguments: tuple[str, ...], expected: set[str]
) -> None:
    result = judge(made(*arguments), datetime.now(UTC))
    assert codes(result) == expected, [str(check) for check in result.checks]
    assert result.verdict is Verdict.INDETERMINATE


# js-wacz takes for a page what has a body that is closed.
FOR_JSWACZ = {
    "plain.warc": warc(packed=False),
    "large.warc.gz": like.large_warc(),
    "paged.warc.gz": warc("https://other.example/", words="</p><body><p>Words.</p></body>"),
}


@pytest.fixture(scope="module")
def jswacz(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    node, script = need("node"), need("js-wacz")
    folder = tmp_path_factory.mktemp("jswacz")
    for name, data in FOR_JSWACZ.items():
        (folder / name).write_bytes(data)

    @cache
    def create(names: str) -> bytes:
        command = [str(node), str(script), "create", "-f", names, "-o", "out.wacz"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
        return (folder / "out.wacz").read_bytes()

    return create


@pytest.mark.parametrize(
    ("names", "doubled", "pages"),
    [
        ("plain.warc", 1, []),
        ("large.warc.gz", 1, []),
        ("paged.warc.gz", 1, ["https://other.example/"]),
        ("{large,paged}.warc.gz", 2, ["https://other.example/"]),
    ],
)
def test_what_jswacz_makes_is_whole_and_its_defect_is_named(
    jswacz: Callable[[str], bytes], names: str, doubled: int, pages: list[str]
) -> None:
    result = judge(jswacz(names), datetime.now(UTC))
    assert codes(result) == {"members KNOWN_DEFECT", *NO_SIGNATURE}, [str(check) for check in result.checks]
    assert result.verdict is Verdict.INDETERMINATE
    assert [check.code for check in result.checks].count("KNOWN_DEFECT") == doubled
    assert result.manifest is not None
    assert [capture.requested_url for capture in result.manifest.derived.captures] == pages


@pytest.mark.parametrize("at", [0, 4, 70_000, -1])
@pytest.mark.parametrize("names", ["large.warc.gz", "{large,paged}.warc.gz"])
def test_a_byte_changed_in_what_jswacz_makes_fails(
    jswacz: Callable[[str], bytes], names: str, at: int
) -> None:
    data, old = jswacz(names), FOR_JSWACZ["large.warc.gz"]
    new = bytearray(old)
    new[at] ^= 1
    assert data.count(old) == 1
    assert judge(data.replace(old, new), datetime.now(UTC)).verdict is Verdict.FAILED


def test_a_byte_that_only_the_double_hash_covers_fails(jswacz: Callable[[str], bytes]) -> None:
    """The time in the head of a gzip member, which no other digest covers, in a ZIP with new checksums."""
    with zipfile.ZipFile(io.BytesIO(jswacz("large.warc.gz"))) as file:
        members = {name: file.read(name) for name in file.namelist()}
    changed = bytearray(members["archive/large.warc.gz"])
    changed[4] ^= 1
    result = judge(zipped({**members, "archive/large.warc.gz": bytes(changed)}), datetime.now(UTC))
    failed = {f"{check.name} {check.code}" for check in result.checks if check.verdict is Verdict.FAILED}
    assert failed == {"members HASH_FAILURE"}


# Plain WARCs


@pytest.mark.parametrize("packed", [True, False])
def test_a_plain_warc_is_judged_by_its_records(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(warc(packed=packed))
    result = verify(path, small.policy(), now=small.NOON)
    assert (result.kind, result.verdict) == ("warc", Verdict.INDETERMINATE)
    assert codes(result) == NO_SIGNATURE
    assert result.manifest is not None
    assert result.manifest.derived.counts.records == {"warcinfo": 1, "response": 2, "request": 2}


def test_a_plain_warc_with_a_changed_byte_fails() -> None:
    data = warc(packed=False).replace(b"Words.", b"Other.")
    result = judge(data)
    assert result.verdict is Verdict.FAILED
    assert {check.code for check in result.checks if check.verdict is Verdict.FAILED} == {"HASH_FAILURE"}


def test_a_plain_warc_that_is_cut_short_fails() -> None:
    result = judge(warc(packed=False)[:-60])
    assert result.verdict is Verdict.FAILED
    assert result.kind == "warc"
