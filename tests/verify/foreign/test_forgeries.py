"""Another tool's bundle, changed by somebody who makes every list and digest anew, and what still tells.

Nobody signs most of these bundles, so that whoever forges a whole one is not found out; what is, is that
its parts do not fit each other. No forgery is ever better than INDETERMINATE.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from archiver.bundle.container import LAST
from archiver.verify import Result, Verdict
from tests import small
from tests.rogue import members_of
from tests.verify.foreign import lookalikes as like
from tests.verify.foreign.handmade import DEFLATED, FULL, Part, handmade, zip64_end
from tests.verify.foreign.lookalikes import (
    CLOSING,
    PACKAGE,
    Members,
    contents,
    page_list,
    warc,
    whole,
    zipped,
)
from tests.verify.foreign.test_lookalikes import INDEX, PAGES, WARC, codes, judge

GZ, IDX = "indexes/index.cdx.gz", "indexes/index.idx"


def failures(result: Result) -> set[tuple[str, str]]:
    return {(check.name, check.code) for check in result.checks if check.verdict is Verdict.FAILED}


def line_with(**changed: object) -> bytes:
    """The index, its first line with other fields; None takes one out."""
    first, second = like.index_lines({"data.warc.gz": warc()})
    start, _, value = first.partition(" {")
    fields = {**json.loads("{" + value), **changed}
    told = {key: item for key, item in fields.items() if item is not None}
    return f"{start} {json.dumps(told)}\n{second}\n".encode()


def raw_line(old: str, new: str) -> bytes:
    data = contents()[INDEX].decode()
    assert old in data
    return data.replace(old, new, 1).encode()


def second() -> dict[str, str]:
    fields: dict[str, str] = json.loads(
        "{" + like.index_lines({"data.warc.gz": warc()})[1].partition(" {")[2]
    )
    return fields


ZEROS = "sha256:" + "0" * 64

INDEXES: dict[str, tuple[Callable[[], bytes], str]] = {
    "another record": (lambda: line_with(offset=second()["offset"]), "HASH_FAILURE"),
    "no record": (lambda: line_with(offset="1"), "HASH_FAILURE"),
    "another URL": (lambda: line_with(url="https://news.example/other"), "HASH_FAILURE"),
    "another URL of the same key": (lambda: line_with(url="http://www.news.example/"), "HASH_FAILURE"),
    "no URL": (lambda: line_with(url=None), "HASH_FAILURE"),
    "another length": (lambda: line_with(length="17"), "HASH_FAILURE"),
    "a negative offset": (lambda: line_with(offset=-1), "FORMAT_FAILURE"),
    "a broken offset": (lambda: line_with(offset=1.5), "FORMAT_FAILURE"),
    "an offset in other digits": (lambda: line_with(offset="١"), "FORMAT_FAILURE"),
    "another status": (lambda: line_with(status="404"), "HASH_FAILURE"),
    "another recordDigest": (lambda: line_with(recordDigest=ZEROS), "HASH_FAILURE"),
    "another digest": (lambda: line_with(digest=ZEROS, recordDigest=None), "HASH_FAILURE"),
    "a revisit that is none": (lambda: line_with(mime="warc/revisit"), "HASH_FAILURE"),
    "another file": (lambda: line_with(filename="other.warc.gz"), "MISSING_MEMBER"),
    "a file elsewhere": (lambda: line_with(filename="../archive/data.warc.gz"), "MISSING_MEMBER"),
    "no file": (lambda: line_with(filename=None), "FORMAT_FAILURE"),
    "another time": (lambda: raw_line(" 20261120100000 ", " 20261120100001 "), "HASH_FAILURE"),
    "half a time": (lambda: raw_line(" 20261120100000 ", " 20261120 "), "HASH_FAILURE"),
    "no time": (lambda: raw_line(" 20261120100000 ", " "), "FORMAT_FAILURE"),
    "a key twice": (
        lambda: raw_line('"url": ', '"url": "https://other.example/", "url": '),
        "FORMAT_FAILURE",
    ),
    "NaN": (lambda: raw_line('"url": ', '"x": NaN, "url": '), "FORMAT_FAILURE"),
    "no JSON": (lambda: raw_line(' {"', ' ("'), "FORMAT_FAILURE"),
    "depth": (lambda: raw_line('"url": ', '"x": ' + "[" * 100 + "]" * 100 + ', "url": '), "FORMAT_FAILURE"),
    "not UTF-8": (lambda: contents()[INDEX].replace(b'"mime"', b'"m\xffme"'), "FORMAT_FAILURE"),
}


@pytest.mark.parametrize("name", INDEXES)
def test_a_line_that_does_not_fit_its_record_fails(name: str) -> None:
    make, code = INDEXES[name]
    result = judge(zipped(whole(contents(**{INDEX: make()}))))
    wrong = {(check.name, check.code) for check in result.checks if check.verdict is Verdict.FAILED}
    assert wrong == {("index", code)}, [str(check) for check in result.checks]


def test_a_digest_of_what_was_imported_is_a_note_where_the_record_is_right() -> None:
    result = judge(zipped(whole(contents(**{INDEX: line_with(digest=ZEROS)}))))
    assert codes(result) == {"index INDEX_DIFFERS", "signature NO_SIGNATURE"}


def blocks(change: Callable[[Members], object]) -> Members:
    members = contents()
    lines = members.pop(INDEX).decode().splitlines()
    members |= like.zipnum(lines, each=1)
    change(members)
    return members


def in_list(members: Members, old: str, new: str) -> None:
    text = members[IDX].decode()
    assert old in text
    members[IDX] = text.replace(old, new, 1).encode()


BLOCKS: dict[str, tuple[Callable[[Members], object], str]] = {
    "another digest": (
        lambda held: in_list(held, '"digest": "sha256:', '"digest": "sha256:f'),
        "FORMAT_FAILURE",
    ),
    "another key": (lambda held: in_list(held, "example,news)/ 2", "example,news)/a 2"), "HASH_FAILURE"),
    "an offset inside": (lambda held: in_list(held, '"offset": 0', '"offset": 1'), "HASH_FAILURE"),
    "an offset beyond": (lambda held: in_list(held, '"offset": 0', '"offset": 99999'), "HASH_FAILURE"),
    "another file": (
        lambda held: in_list(held, '"filename": "index', '"filename": "other'),
        "MISSING_MEMBER",
    ),
    "a block twice": (
        lambda held: held.update({IDX: held[IDX] + held[IDX].splitlines(keepends=True)[1]}),
        "FORMAT_FAILURE",
    ),
    "broken data": (lambda held: held.update({GZ: held[GZ][:-9] + b"\x00" + held[GZ][-8:]}), "HASH_FAILURE"),
    "no JSON": (lambda held: held.update({IDX: held[IDX] + b"and more\n"}), "FORMAT_FAILURE"),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_that_is_not_as_listed_fails(name: str) -> None:
    change, code = BLOCKS[name]
    result = judge(zipped(whole(blocks(change))))
    wrong = {(check.name, check.code) for check in result.checks if check.verdict is Verdict.FAILED}
    assert ("index", code) in wrong, [str(check) for check in result.checks]


@pytest.mark.parametrize(
    "pages",
    [
        page_list({"ts": like.DATE}),
        page_list({"url": 7, "ts": like.DATE}),
        like.HEADER.encode() + b"\n[]\n",
        like.HEADER.encode() + b"\nnothing\n",
        like.HEADER.encode() + b'\n{"url": "https://news.example/", "url": "https://other.example/"}\n',
        b"\xef\xbb\xbf" + page_list({"url": like.PAGE, "ts": like.DATE}),
    ],
)
def test_a_list_of_pages_that_means_no_one_thing_fails(pages: bytes) -> None:
    result = judge(zipped(whole(contents(**{PAGES: pages}))))
    wrong = {(check.name, check.code) for check in result.checks if check.verdict is Verdict.FAILED}
    assert wrong == {("pages", "FORMAT_FAILURE")}


# The lists of members


def relisted(change: Callable[[list[dict[str, Any]]], object]) -> bytes:
    members = contents()
    resources: list[dict[str, Any]] = like.listed(members)
    change(resources)
    return zipped(whole(members, resources=resources))


PACKAGES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a member unlisted": (lambda: relisted(lambda items: items.pop()), "members EXTRA_MEMBER"),
    "a member not there": (
        lambda: relisted(lambda items: items.append({**items[0], "path": "archive/b.warc.gz"})),
        "members MISSING_MEMBER",
    ),
    "another size": (lambda: relisted(lambda items: items[0].update(bytes=7)), "members HASH_FAILURE"),
    "another digest": (lambda: relisted(lambda items: items[1].update(hash=ZEROS)), "members HASH_FAILURE"),
    "a digest in capitals": (
        lambda: relisted(lambda items: items[0].update(hash=items[0]["hash"].upper())),
        "datapackage FORMAT_FAILURE",
    ),
    "a digest with a dash": (
        lambda: relisted(lambda items: items[0].update(hash=items[0]["hash"].replace(":", "-"))),
        "datapackage FORMAT_FAILURE",
    ),
    "a digest cut short": (
        lambda: relisted(lambda items: items[0].update(hash=items[0]["hash"][:-2])),
        "members HASH_FAILURE",
    ),
    "a path twice": (
        lambda: relisted(lambda items: items.append({**items[0], "hash": ZEROS})),
        "datapackage FORMAT_FAILURE",
    ),
    "a size that is none": (
        lambda: relisted(lambda items: items[0].update(bytes=True)),
        "datapackage FORMAT_FAILURE",
    ),
    "no resources": (lambda: zipped(whole(contents(), resources={})), "datapackage FORMAT_FAILURE"),
    "its own list": (
        lambda: relisted(lambda items: items.append({"path": PACKAGE, "hash": ZEROS})),
        "members HASH_FAILURE",
    ),
}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_list_that_does_not_fit_the_members_fails(name: str) -> None:
    make, expected = PACKAGES[name]
    result = judge(make())
    wrong = {f"{check.name} {check.code}" for check in result.checks if check.verdict is Verdict.FAILED}
    assert wrong == {expected}, [str(check) for check in result.checks]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"profile"', '"resources": [], "profile"', "datapackage FORMAT_FAILURE"),
        ('"profile": "data-package"', '"profile": NaN', "datapackage FORMAT_FAILURE"),
        ('"profile": "data-package"', '"profile": "\\ud800"', "datapackage FORMAT_FAILURE"),
        ('"profile": "data-package"', '"profile": 7', "datapackage FORMAT_FAILURE"),
        ("{", "[{", "datapackage FORMAT_FAILURE"),
        ('"profile"', '"bytes": ' + "9" * 5_000 + ', "profile"', "datapackage FORMAT_FAILURE"),
        ('"profile"', '"x": ' + "[" * 100_000 + ', "profile"', "datapackage FORMAT_FAILURE"),
    ],
    ids=["key twice", "NaN", "surrogate", "number", "list", "digits", "depth"],
)
def test_json_that_readers_differ_on_fails(old: str, new: str, expected: str) -> None:
    members = whole(contents())
    data = members[PACKAGE].decode().replace(old, new, 1).encode()
    result = judge(zipped({**members, PACKAGE: data, CLOSING: like.closing(data)}))
    assert {f"{check.name} {check.code}" for check in result.checks if check.verdict is Verdict.FAILED} == {
        expected
    }


EXTRA = [
    "notes.txt",
    "noname",
    "archive/more.warc.gz",
    "indexes/more.cdxj",
    "pages/more.jsonl",
    "provenance/x",
]


@pytest.mark.parametrize("name", EXTRA)
def test_an_unlisted_member_fails_whatever_its_name(name: str) -> None:
    result = judge(zipped({**whole(contents()), name: b"x"}))
    wrong = {(check.name, check.code) for check in result.checks if check.verdict is Verdict.FAILED}
    assert ("members", "EXTRA_MEMBER") in wrong


def test_a_deflated_warc_fails() -> None:
    parts = [
        Part(name=name.encode(), data=data, method=DEFLATED if name == WARC else 0)
        for name, data in whole(contents()).items()
    ]
    result = judge(handmade(parts))
    assert ("container", "FORMAT_FAILURE") in {
        (check.name, check.code) for check in result.checks if check.verdict is Verdict.FAILED
    }


# Signatures

P256 = ec.derive_private_key(7, ec.SECP256R1())
OTHER = ec.derive_private_key(7, ec.SECP384R1())


def changed(make: Callable[[str], Mapping[str, object]], **more: object) -> Callable[[str], dict[str, Any]]:
    """signedData with other properties; None takes one out."""

    def signer(digest: str) -> dict[str, Any]:
        told = {**make(digest), **more}
        return {key: item for key, item in told.items() if item is not None}

    return signer


SIGNATURES: dict[str, tuple[Callable[[str], Any], str]] = {
    "over another digest": (lambda digest: {**like.anonymous(ZEROS), "hash": digest}, "SIG_CRYPTO_FAILURE"),
    "of another digest": (lambda digest: like.anonymous(ZEROS), "HASH_FAILURE"),
    "another key": (changed(like.anonymous, publicKey=like.spki(OTHER)), "SIG_CRYPTO_FAILURE"),
    "a key of P-256": (changed(like.anonymous, publicKey=like.spki(P256)), "KEY_REJECTED"),
    "created otherwise": (changed(like.anonymous, created="2020-01-01T00:00:00Z"), "HASH_FAILURE"),
    "no created": (changed(like.anonymous, created=None), "HASH_FAILURE"),
    "no signature": (changed(like.anonymous, signature=None), "FORMAT_FAILURE"),
    "no key": (changed(like.anonymous, publicKey=None), "FORMAT_FAILURE"),
    "both forms": (changed(like.domain, publicKey=like.spki()), "FORMAT_FAILURE"),
    "half a domain": (changed(like.domain, domainCert=None), "FORMAT_FAILURE"),
    "a timestamp alone": (changed(like.anonymous, timeSignature="AA=="), "FORMAT_FAILURE"),
    "base64 with a line break": (
        lambda digest: {**like.anonymous(digest), "signature": like.anonymous(digest)["signature"] + "\n"},
        "FORMAT_FAILURE",
    ),
    "a number": (changed(like.anonymous, signature=7), "FORMAT_FAILURE"),
    "a list": (lambda digest: [like.anonymous(digest)], "FORMAT_FAILURE"),
    "zeros": (changed(like.anonymous, signature="A" * 128), "SIG_CRYPTO_FAILURE"),
    "the other form's signature": (
        lambda digest: {**like.domain(digest), "signature": like.anonymous(digest)["signature"]},
        "SIG_CRYPTO_FAILURE",
    ),
    "another domain": (changed(like.domain, domain="bank.example"), "CONTRADICTION"),
    "a domain above": (changed(like.domain, domain="example"), "CONTRADICTION"),
    "a domain below": (changed(like.domain, domain="x.archive.example"), "CONTRADICTION"),
    "another certificate": (changed(like.domain, domainCert=like.chain("tsa.example", like.DOMAIN)), ""),
    "no certificate": (
        changed(like.domain, domainCert="-----BEGIN CERTIFICATE-----\nAAAA\n"),
        "FORMAT_FAILURE",
    ),
    "no PEM": (changed(like.domain, domainCert="nothing"), "FORMAT_FAILURE"),
    "eleven certificates": (changed(like.domain, domainCert=like.chain(like.DOMAIN) * 6), "FORMAT_FAILURE"),
    "a token that is no base64": (changed(like.domain, timeSignature="?"), "FORMAT_FAILURE"),
    "a cross-signed certificate that is none": (changed(like.domain, crossSignedCert="x"), "FORMAT_FAILURE"),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_that_is_not_right_fails(name: str) -> None:
    signer, code = SIGNATURES[name]
    result = judge(zipped(whole(contents(), signer)))
    wrong = {(check.name, check.code) for check in result.checks if check.verdict is Verdict.FAILED}
    assert wrong == ({("signature", code)} if code else set()), [str(check) for check in result.checks]
    assert result.verdict is not Verdict.PASSED
    assert code == "" or result.claimant is None


def test_content_replaced_under_the_old_signature_fails() -> None:
    """All lists made anew, the signature kept: what `wacz validate --verify-auth` accepts."""
    old = json.loads(whole(contents(), like.domain)[CLOSING])["signedData"]
    other = warc(words="Other words.")
    members = contents(**{WARC: other})
    lines = like.index_lines({"data.warc.gz": other})
    members[INDEX] = "".join(f"{line}\n" for line in lines).encode()
    result = judge(zipped(whole(members, lambda digest: old)))
    wrong = {(check.name, check.code) for check in result.checks if check.verdict is Verdict.FAILED}
    assert wrong == {("signature", "HASH_FAILURE")}


def test_a_signature_cut_off_is_missing() -> None:
    result = judge(zipped(whole(contents())))
    assert codes(result) == {"signature NO_SIGNATURE"}


def test_a_closing_file_of_other_bytes_fails() -> None:
    members = whole(contents())
    values: list[object] = [
        {"path": "other.json", "hash": json.loads(members[CLOSING])["hash"]},
        {"path": PACKAGE, "hash": ZEROS},
        {"path": PACKAGE},
        [],
    ]
    for value in values:
        result = judge(zipped({**members, CLOSING: json.dumps(value).encode()}))
        assert result.verdict is Verdict.FAILED, value
        assert {check.name for check in result.checks if check.verdict is Verdict.FAILED} == {"datapackage"}


@pytest.mark.parametrize("digest", ["md5:" + "0" * 32, "crc32:00000000"])
def test_a_weak_digest_of_the_whole_is_never_better(digest: str) -> None:
    members = whole(contents())
    closing = json.dumps({"path": PACKAGE, "hash": digest}).encode()
    assert codes(judge(zipped({**members, CLOSING: closing}))) == {
        "datapackage WEAK_DIGEST",
        "signature NO_SIGNATURE",
    }


# Bundles of ours in the clothes of others


def stripped(**more: bytes) -> Members:
    held = {name: data for name, data in members_of(small.bundle()).items() if name not in LAST}
    return {**{name: data for name, data in held.items() if not name.startswith("provenance/")}, **more}


def test_a_bundle_of_ours_in_another_container_is_judged_as_ours() -> None:
    result = judge(zipped(members_of(small.bundle()), deflate=True))
    assert (result.kind, result.verdict) == ("archiver", Verdict.FAILED)


def test_a_bundle_of_ours_without_its_proof_is_judged_as_ours() -> None:
    ours = {
        name: data for name, data in members_of(small.bundle()).items() if not name.startswith("provenance/")
    }
    result = judge(zipped(ours, deflate=True))
    assert (result.kind, result.verdict) == ("archiver", Verdict.FAILED)


def test_a_bundle_that_says_archiver_made_it_is_judged_as_ours() -> None:
    result = judge(zipped(whole(stripped(), software="archiver 0.1.0"), deflate=True))
    assert (result.kind, result.verdict) == ("archiver", Verdict.FAILED)


def test_our_records_packed_by_another_tool_are_another_tools() -> None:
    result = judge(zipped(whole(stripped()), deflate=True))
    assert result.kind == "wacz"
    assert "signature NO_SIGNATURE" in codes(result)
    assert result.verdict is Verdict.INDETERMINATE
    assert result.manifest is not None
    assert (result.manifest.origin, result.manifest.stated) == ("imported", None)


# What players make of an index beyond its lines: each of these was shown by one of them


def records_below(name: str) -> Members:
    """A member that no index but a false one names, and that is called no WARC."""
    return {name: warc(HIDDEN, words="Hidden.")}


HIDDEN = "https://news.example/hidden"
HIDDEN_LINE = "example,news)/hidden 20261120100000 " + json.dumps(
    {"url": HIDDEN, "status": "200", "length": "400", "offset": "0", "filename": "notes.bin"}
)


def first_key(key: str) -> bytes:
    """The index, its first line under another key."""
    data = contents()[INDEX].decode()
    assert data.startswith("example,news)/ ")
    return data.replace("example,news)/ ", f"{key} ", 1).encode()


OTHER_KEYS = [
    "example,bank)/",
    "example,bank)/?__wb_method=get",
    "com,example,news)/",
    "news,example)/",
    "example,www,news)/",
    "example)/",
    "http://(example,bank,)/",
    "https://bank.example/",
    "bank.example/",
    "urn:x",
]


@pytest.mark.parametrize("key", OTHER_KEYS)
def test_a_record_under_the_key_of_another_place_fails(key: str) -> None:
    """pywb looks for keys alone, and shows what it finds as the page that was asked for."""
    result = judge(zipped(whole(contents(**{INDEX: first_key(key)}))))
    wrong = {(check.name, check.code) for check in result.checks if check.verdict is Verdict.FAILED}
    assert wrong == {("index", "HASH_FAILURE")}, [str(check) for check in result.checks]


@pytest.mark.parametrize(
    "key", ["example,news)/other", "example,news,www)/x", "http://(example,news,)/x", "example,news:81)/"]
)
def test_another_key_of_the_same_place_is_told(key: str) -> None:
    result = judge(zipped(whole(contents(**{INDEX: first_key(key)}))))
    assert codes(result) == {"index INDEX_DIFFERS", "signature NO_SIGNATURE"}


def test_two_times_before_a_record_fail() -> None:
    """ReplayWeb.page takes the first, pywb neither."""
    data = first_key("example,news)/ 20010911124600")
    result = judge(zipped(whole(contents(**{INDEX: data}))))
    assert ("index", "FORMAT_FAILURE") in failures(result)


def test_a_header_that_names_a_record_fails() -> None:
    """To ReplayWeb.page a line that begins with an exclamation mark is one like all others."""
    data = contents()[INDEX] + f"!{HIDDEN_LINE}\n".encode()
    result = judge(zipped(whole(contents(**{INDEX: data, **records_below("archive/notes.bin")}))))
    assert ("index", "FORMAT_FAILURE") in failures(result)


def test_a_header_that_names_no_record_is_one() -> None:
    data = b'!meta 0 {"format": "cdxj", "software": "x"}\n!context [1]\n' + contents()[INDEX]
    assert codes(judge(zipped(whole(contents(**{INDEX: data}))))) == {"signature NO_SIGNATURE"}


@pytest.mark.parametrize("url", ["", "urn:x"])
def test_a_record_without_a_place_fails_under_the_key_of_one(url: str) -> None:
    stray = like.record("response", url or HIDDEN, b"HTTP/1.1 200 OK\r\n\r\nHidden.", number=9)
    if not url:
        stray = stray.replace(f"WARC-Target-URI: {HIDDEN}\r\n".encode(), b"")
    packed = gzip.compress(stray, mtime=0)
    value = {"url": url, "offset": str(len(warc())), "length": str(len(packed)), "filename": "data.warc.gz"}
    line = f"example,bank)/ 20261120100000 {json.dumps(value)}\n".encode()
    members = contents(**{WARC: warc() + packed, INDEX: line + contents()[INDEX]})
    assert ("index", "HASH_FAILURE") in failures(judge(zipped(whole(members))))


def test_a_list_of_blocks_with_a_tab_fails() -> None:
    """ReplayWeb.page parts such a line at its tabs, JSON or not, and reads another member there."""
    hidden = gzip.compress(f"{HIDDEN_LINE}\n".encode(), mtime=0)

    def change(held: Members) -> None:
        in_list(held, '{"offset": 0', f'{{"a": 1,\t"evil":\t\t{len(hidden)}\t,"offset": 0')
        held['indexes/"evil":'] = hidden
        held |= records_below("archive/notes.bin")

    assert ("index", "FORMAT_FAILURE") in failures(judge(zipped(whole(blocks(change)))))


@pytest.mark.parametrize("header", ["!metaX 0", "!other 0"])
def test_another_header_in_a_list_of_blocks_fails(header: str) -> None:
    result = judge(zipped(whole(blocks(lambda held: in_list(held, "!meta 0", header)))))
    assert ("index", "FORMAT_FAILURE") in failures(result)


def test_lines_between_the_blocks_are_checked_too() -> None:
    """A second list, or a player that reads on, may come to them."""

    def change(held: Members) -> None:
        held[GZ] += gzip.compress(f"{HIDDEN_LINE}\n".encode(), mtime=0)

    assert ("index", "MISSING_MEMBER") in failures(judge(zipped(whole(blocks(change)))))


def test_blocks_are_those_that_players_read_wherever_the_list_of_them_lies() -> None:
    def change(held: Members) -> None:
        held["x/index.idx"], held["x/index.cdx.gz"] = held[IDX], held[GZ]
        held[GZ] = gzip.compress(f"{HIDDEN_LINE}\n".encode(), mtime=0)
        del held[IDX]

    assert failures(judge(zipped(whole(blocks(change)))))


@pytest.mark.parametrize("name", ["archive/notes.bin", "archive/old.arc.gz", "archive/data.warc.zst"])
def test_what_is_no_warc_among_the_warcs_leaves_the_verdict_open(name: str) -> None:
    result = judge(zipped(whole(contents(**records_below(name)))))
    assert codes(result) == {"members UNSUPPORTED_VERSION", "signature NO_SIGNATURE"}


# What players open and what is none of theirs


@pytest.mark.parametrize(
    "left_out", [(PACKAGE,), (PACKAGE, CLOSING), (PACKAGE, CLOSING, INDEX, PAGES)], ids=len
)
def test_a_zip_of_records_is_never_a_file_of_no_kind(left_out: tuple[str, ...]) -> None:
    """Players show records that lie in archive/ whatever is missing beside them."""
    members = {name: data for name, data in whole(contents()).items() if name not in left_out}
    result = judge(zipped({"webarchive.yaml": b"title: A page\n", **members}))
    assert (result.kind, result.verdict) == ("wacz", Verdict.FAILED)


def test_no_number_of_names_hides_what_a_zip_is() -> None:
    parts = [Part(name=b"%0200d" % number) for number in range(70_000)]
    parts += [Part(name=name.encode(), data=data) for name, data in whole(contents()).items()]
    result = judge(handmade(parts, zip64=True, count=0xFFFF, here=0xFFFF))
    assert (result.kind, result.verdict) == ("wacz", Verdict.INDETERMINATE)


def test_bytes_of_an_end_behind_the_end_do_not_hide_one_of_ours() -> None:
    result = judge(b"%PDF-1.7\n" + small.bundle() + b"PK\x05\x06")
    assert (result.kind, result.verdict) == ("archiver", Verdict.FAILED)


@pytest.mark.parametrize(("name", "check"), [(INDEX, "index"), (PAGES, "pages")])
def test_values_beyond_all_reason_are_not_read(name: str, check: str) -> None:
    """They pack a thousandfold, and each takes a good part of a microsecond."""
    values = ",".join(["[]"] * 100_000)
    line = contents()[name].splitlines()[-1].rpartition(b"}")[0] + f', "x": [{values}]}}\n'.encode()
    result = judge(zipped(whole(contents(**{name: contents()[name] + line * 4})), deflate=True))
    assert codes(result) == {f"{check} RESOURCE_LIMIT", "signature NO_SIGNATURE"}


def test_a_text_of_many_commas_is_one_value() -> None:
    page = {"url": like.PAGE, "ts": like.DATE, "text": '[{",' * 200_000}
    result = judge(zipped(whole(contents(**{PAGES: page_list(*[page] * 4)})), deflate=True))
    assert codes(result) == {"signature NO_SIGNATURE"}


def test_the_key_of_a_very_long_url_is_not_judged() -> None:
    url = "https://news.example/?" + "a" * (64 << 10)
    packed = gzip.compress(like.record("response", url, b"HTTP/1.1 200 OK\r\n\r\nx", number=9), mtime=0)
    value = {"url": url, "offset": str(len(warc())), "length": str(len(packed)), "filename": "data.warc.gz"}
    line = f"example,bank)/ 20261120100000 {json.dumps(value)}\n".encode()
    members = contents(**{WARC: warc() + packed, INDEX: line + contents()[INDEX]})
    assert "index RESOURCE_LIMIT" in codes(judge(zipped(whole(members))))


def answered(*answers: tuple[str, str]) -> Members:
    """The page with an answer at each of these times with these words."""
    records = []
    for number, (date, words) in enumerate(answers, 1):
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + words.encode()
        data = like.record("response", like.PAGE, block, number=number)
        records.append(gzip.compress(data.replace(like.DATE.encode(), date.encode()), mtime=0))
    held = b"".join(records)
    lines = like.index_lines({"data.warc.gz": held})
    return contents(**{WARC: held, INDEX: "".join(f"{line}\n" for line in lines).encode()})


def test_two_answers_of_a_page_in_one_second_leave_the_verdict_open() -> None:
    """An index tells seconds: pywb shows the first of them, ReplayWeb.page the last."""
    early, late, later = like.DATE, "2026-11-20T10:00:00.126Z", "2026-11-20T10:00:01.125Z"
    result = judge(zipped(whole(answered((early, "Words."), (late, "Others.")))))
    assert "pages CONTRADICTION" in codes(result)
    for same in (((early, "Words."), (late, "Words.")), ((early, "Words."), (later, "Others."))):
        assert "pages CONTRADICTION" not in codes(judge(zipped(whole(answered(*same)))))


def end(count: int, size: int, start: int) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, start, 0)


def after_pdf(*, gap: bytes = b"") -> tuple[bytes, int, int]:
    """A bundle behind the beginning of a PDF, up to its end record; where its directory begins, its count."""
    parts = [Part(name=name.encode(), data=data) for name, data in whole(contents()).items()]
    data = handmade(parts, prefix=b"%PDF-1.7\n", gap=gap)
    ends = data.rindex(b"PK\x05\x06")
    return data[:ends], struct.unpack_from("<L", data, ends + 16)[0], len(parts)


def test_a_bundle_that_players_open_is_no_file_of_no_kind_wherever_its_directory_is_said_to_be() -> None:
    """ReplayWeb.page opens all three."""
    data, start, count = after_pdf()
    record = zip64_end(len(data), count, len(data) - start, start)
    apart = record[:56] + bytes(100) + record[56:] + end(0xFFFF, FULL, FULL)
    far, _, _ = after_pdf(gap=bytes(70_000))
    for held in (data + end(count, 1, start), data + apart, far + end(count, 1, 0xFFFFFFF0)):
        result = judge(held)
        assert (result.kind, result.verdict) == ("wacz", Verdict.FAILED)
