"""Attacks on a bundle by somebody who holds the trusted key, or nothing but patience.

The forger here is consistent: after each change to the records the index and the manifest are made anew,
so that what is tested lies behind the comparison of digests. An attack that works today is marked, and
the mark goes with the cure.
"""

from __future__ import annotations

import io
import random
import re
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import brotli
import msgspec
import pytest
from warcio.archiveiterator import ArchiveIterator

from archiver import strictjson
from archiver.bundle.bundle import INDEX, MANIFEST, PAGES, Bundle
from archiver.bundle.container import LAST
from archiver.bundle.datapackage import DatapackageDigest
from archiver.bundle.pages import Page, read_pages, write_pages
from archiver.errors import FormatError, LimitError
from archiver.manifest import project
from archiver.signing.identity import LocalIdentity
from archiver.verify import Result, Verdict, verify
from archiver.warc.capture import Capture
from archiver.warc.cdxj import index_bytes
from archiver.warc.coding import decode
from archiver.warc.record import REQUEST, RESPONSE, WARC_FIELDS
from archiver.warc.stated import MEDIA_TYPE, Seen
from archiver.warc.window import Window
from tests import small
from tests.memory import memory_file
from tests.rogue import forge, members_of, records_of, redigested, warc_of, zipped

WARC = "archive/data.warc.gz"
PAGE = "https://news.example/p"
DATE = "2026-11-23T12:00:00.250000Z"
LATER = "2026-11-23T12:00:00.350000Z"
CLOSING = LAST[1]
MARK = small.PAGE


def judge(data: bytes) -> Result:
    with memory_file(data) as file:
        return verify(file, small.policy(), name="bundle", now=small.NOON)


def codes(result: Result) -> set[str]:
    """The codes of the checks that made the verdict what it is."""
    return {check.code for check in result.checks if check.verdict is result.verdict}


def record(
    kind: str,
    url: str | None,
    block: bytes,
    *,
    number: int,
    media: str = WARC_FIELDS,
    about: str | None = None,
    payload: bytes | None = None,
    date: str = DATE,
) -> bytes:
    """A record with all its digests; *number* makes its id."""
    lines = ["WARC/1.1", f"WARC-Type: {kind}", f"WARC-Record-ID: <{record_id(number)}>", f"WARC-Date: {date}"]
    lines += [f"WARC-Target-URI: {url}"] if url else []
    lines += [f"WARC-Concurrent-To: <{about}>"] if about else []
    if payload is not None:
        lines.append(f"WARC-Payload-Digest: sha256:{sha256(payload).hexdigest()}")
    lines.append(f"WARC-Block-Digest: sha256:{sha256(block).hexdigest()}")
    lines += [f"Content-Type: {media}", f"Content-Length: {len(block)}", "\r\n"]
    return "\r\n".join(lines).encode() + block + b"\r\n\r\n"


def record_id(number: int) -> str:
    return f"urn:uuid:00000000-0000-4000-9000-{number:012x}"


def response(number: int, body: bytes = b"A", *, url: str = PAGE, status: str = "200 OK", more: str = "",
             date: str = DATE) -> bytes:  # fmt: skip
    head = f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode()
    return record("response", url, head + body, number=number, media=RESPONSE, payload=body, date=date)


def facts(number: int, about: int, fields: str, *, url: str = PAGE) -> bytes:
    return record("metadata", url, fields.encode(), number=number, about=record_id(about))


def small_records() -> list[bytes]:
    return records_of(members_of(small.bundle())[WARC])


def around(*records: bytes) -> list[bytes]:
    """*records* between the warcinfo record and the stated record, with nothing else."""
    first, *_, last = small_records()
    return [first, *records, last]


def one_page(url: str = PAGE, date: str = DATE) -> tuple[Page, ...]:
    return (Page(id="x", title="", ts=date, url=url),)


def forged(
    records: list[bytes], pages: tuple[Page, ...] | None = None, more: dict[str, bytes] | None = None
) -> bytes:
    """A sealed bundle whose index, manifest and statement are what *records* give."""
    members = members_of(small.bundle()) | {WARC: warc_of(records)} | (more or {})
    with tempfile.TemporaryFile() as file:
        file.write(members[WARC])
        file.flush()
        capture = Capture({"data.warc.gz": Window(file)})
        if pages is not None:
            members[PAGES] = write_pages(pages)
        listed = read_pages(members[PAGES])
        members[INDEX] = index_bytes(capture)
        members[MANIFEST] = project(capture, ((page.url, page.ts) for page in listed)).to_json()
    main = listed[0]
    return forge(
        members,
        package=lambda package: msgspec.structs.replace(
            package, main_page_url=main.url, main_page_date=main.ts, title=main.title or None
        ),
    )


def spent(data: bytes, folder: Path) -> tuple[float, int]:
    """Seconds and megabytes that a process of its own takes to judge *data*."""
    path = folder / "bundle.wacz"
    path.write_bytes(data)
    program = (
        "import re, sys, time; from pathlib import Path; from archiver.verify import Policy, verify\n"
        "begun = time.monotonic(); verify(Path(sys.argv[1]), Policy()); took = time.monotonic() - begun\n"
        "peak = re.search(r'VmHWM:\\s*(\\d+) kB', Path('/proc/self/status').read_text())\n"
        "print(took, int(peak[1]) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, timeout=60, check=True, text=True
    )
    seconds, megabytes = done.stdout.split()
    return float(seconds), int(megabytes)


def refused(records: list[bytes], pages: tuple[Page, ...] | None = None) -> bool:
    """Whether a bundle of *records* and *pages* fails, or already the projection that describes it."""
    try:
        return judge(forged(records, pages)).verdict is Verdict.FAILED
    except FormatError:
        return True


def hostile(packed: bytes) -> bytes:
    """The small bundle with the gzip member *packed* before its last record; its index is stale."""
    *rest, last = small_records()
    return forge(members_of(small.bundle()) | {WARC: warc_of(rest) + packed + warc_of([last])})


def bomb(
    kind: str, url: str | None, media: str, start: bytes, unit: bytes, count: int, about: str = ""
) -> bytes:
    """A gzip member of one record whose block is *start* and *count* times *unit*."""
    header = record(kind, url, b"", number=9, media=media, about=about or None, payload=b"")
    size = b"Content-Length: %d" % (len(start) + len(unit) * count)
    header = header[:-4].replace(b"Content-Length: 0", size)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(header + start)]
    step = max(1, (1 << 20) // len(unit))
    parts += [packer.compress(unit * min(step, count - at)) for at in range(0, count, step)]
    return b"".join([*parts, packer.compress(b"\r\n\r\n"), packer.flush()])


def test_the_consistent_forger_can_make_a_bundle_that_passes() -> None:
    """Or the tests below would show nothing."""
    assert judge(forged(small_records()))
    assert judge(forged(around(response(1)), one_page()))


# What players would show, and verify did not look at


@pytest.mark.parametrize(
    "name",
    [
        "indexes/more.cdx",
        "indexes/index.cdx.gz",
        "indexes/index.idx",
        "article/more.cdxj",
        "provenance/a.cdx",
    ],
)
def test_a_second_index_fails(name: str) -> None:
    """wabac.js loads every .cdx, .cdxj and .idx member whatever its folder, pywb each .cdx and .cdx.gz."""
    line = members_of(small.bundle())[INDEX].replace(b'"status": "404"', b'"status": "200"')
    assert judge(forged(small_records(), more={name: line})).verdict is Verdict.FAILED


@pytest.mark.parametrize("kind", ["resource", "metadata"])
def test_content_in_a_record_that_no_index_names_fails(kind: str) -> None:
    """Readers that index a WARC anew take such a record for what the URL answered."""
    block = b"<p>Other words.</p>"
    payload = block if kind == "resource" else None
    extra = record(kind, MARK, block, number=1, media="text/html", payload=payload)
    *rest, last = small_records()
    assert refused([*rest, extra, last])
    assert judge(hostile(warc_of([extra]))).verdict is Verdict.FAILED


@pytest.mark.parametrize("other", ["itself", "each other", "its request", "an earlier one"])
def test_nothing_is_hidden_by_superseding_it_with_nothing_later(other: str) -> None:
    by = {"itself": 1, "each other": 2, "its request": 3, "an earlier one": 0}[other]
    hidden = "https://news.example/hidden"
    request = record("request", hidden, b"GET /hidden HTTP/1.1\r\n\r\n", number=3, media=REQUEST,
                     about=record_id(1), payload=b"")  # fmt: skip
    records = [
        response(0, b"before", url=hidden, date="2026-11-23T12:00:00.150000Z"),
        response(1, b"hidden", url=hidden),
        request,
        facts(4, 1, f"supersededBy: <{record_id(by)}>\r\n", url=hidden),
        response(2, b"after", url=hidden, date=LATER),
    ]
    if other == "each other":
        records.append(facts(5, 2, f"supersededBy: <{record_id(1)}>\r\n", url=hidden))
    *rest, last = small_records()
    assert refused([*rest, *records, last])


def test_two_answers_of_one_url_at_one_moment_fail() -> None:
    """The manifest names the first, `show --extract` gives the second, a player whichever sorts first."""
    assert refused(around(response(1, b"A"), response(2, b"B")), one_page())


def test_a_page_that_players_answer_from_another_record_fails() -> None:
    post = record("request", PAGE, b"POST /p HTTP/1.1\r\n\r\nx=1", number=3, media=REQUEST,
                  about=record_id(1), payload=b"x=1")  # fmt: skip
    by_post = around(response(1, b"A"), post, response(2, b"B", date=LATER))
    in_part = around(response(1, b"A", status="206 Partial Content"), response(2, b"B", date=LATER))
    assert [refused(records, one_page()) for records in (by_post, in_part)] == [True, True]


def test_a_redirect_is_followed_only_from_an_answer_that_redirects() -> None:
    """Where it led is the capturer's word, in `via`; that it led anywhere must be in the answer."""
    onward = response(2, b"B", url="https://good.example/")
    linked = facts(3, 2, f"via: {PAGE}\r\nhopsFromSeed: R\r\n", url="https://good.example/")
    for first, final in (
        (response(1, b"", status="302 Found", more="Location: /true\r\n"), "https://good.example/"),
        (response(1, b"A"), PAGE),
    ):
        result = judge(forged(around(first, onward, linked), one_page()))
        assert result.require().derived.captures[0].final_url == final
    nowhere = around(response(1, b"", status="302 Found"), onward, linked)
    assert refused(nowhere)  # a redirect that ends there is not complete


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oh", "206 Part", "302 Found", "199 Odd"])
def test_complete_is_not_believed_of_an_answer_that_is_none(status: str) -> None:
    assert refused(around(response(1, b"A", status=status)))


@pytest.mark.parametrize(
    "doubt", [{"reasons": ["soft-404"]}, {"signs": [Seen(code="paywall", evidence="a price")]}]
)
def test_complete_is_not_believed_beside_a_doubt(doubt: dict[str, object]) -> None:
    *rest, _ = small_records()
    stated = msgspec.structs.replace(small.stated(), **doubt)
    last = record("metadata", None, stated.to_json(), number=99, media=MEDIA_TYPE)
    assert refused([*rest, last])


def test_a_second_stated_record_fails() -> None:
    statement = msgspec.structs.replace(small.stated(), status="blocked", reasons=["http-403"])
    earlier = record("metadata", None, statement.to_json(), number=1, media=MEDIA_TYPE)
    *rest, last = small_records()
    assert refused([*rest, earlier, last])
    assert judge(hostile(warc_of([earlier]))).verdict is Verdict.FAILED


def test_a_page_listed_twice_fails() -> None:
    """Each is followed through its redirects: many pages times a long chain is minutes of work."""
    assert refused(around(response(1)), one_page() * 2)


# What a server can do to a capture


@pytest.mark.parametrize("year", [1601, 9999])
def test_a_server_with_an_absurd_clock_does_not_stop_a_bundle(year: int) -> None:
    strange = response(1, more=f"Date: Mon, 01 Jan {year} 00:00:00 GMT\r\n")
    assert judge(forged(around(strange), one_page()))


@pytest.mark.parametrize("size", [600_000, 1_000_000, 20_000_000])
def test_a_brotli_body_is_decoded_to_its_end(size: int) -> None:
    data = b"ab" * (size // 2)
    assert b"".join(decode([brotli.compress(data, quality=5)], ["br"], max_bytes=1 << 30)) == data


# Time and memory


@pytest.mark.parametrize("start", ["http://a.example/?", "http://a.example/"])
@pytest.mark.parametrize("length", [60_000, 400_000])
def test_a_long_url_is_no_long_wait(start: str, length: int, tmp_path: Path) -> None:
    unit = "cfid=" if start.endswith("?") else f"({'a' * 24})/"
    url = start + unit * (length // len(unit))
    seconds, _ = spent(
        hostile(bomb("response", url, RESPONSE, b"HTTP/1.1 200 OK\r\n\r\n", b"A", 1)), tmp_path
    )
    assert seconds < 1


def test_many_header_fields_are_a_limit(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + b"aa:bb\n" * 170_000 + b"\n"
    heads = [
        record("response", PAGE, head, number=number, media=RESPONSE, payload=b"") for number in range(12)
    ]
    data = hostile(warc_of(heads))
    assert len(data) < 150_000
    seconds, megabytes = spent(data, tmp_path)
    assert (seconds < 2, megabytes < 200) == (True, True)


@pytest.mark.parametrize("media", [WARC_FIELDS, MEDIA_TYPE])
def test_a_large_block_is_never_held_whole(media: str, tmp_path: Path) -> None:
    *rest, _ = small_records()
    about = record_id(1) if media == WARC_FIELDS else ""
    url = PAGE if about else record_id(9)
    large = bomb("metadata", url, media, b"", b"a" * 1000, 400_000, about)
    whole = forge(members_of(small.bundle()) | {WARC: warc_of([*rest, response(1)]) + large})
    assert len(whole) < 1_000_000
    _, megabytes = spent(whole, tmp_path)
    assert megabytes < 200


def test_a_body_of_tiny_chunks_is_a_limit(tmp_path: Path) -> None:
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = hostile(bomb("response", PAGE, RESPONSE, start, b"1\r\nx\r\n", 2_500_000))
    assert len(data) < 100_000
    seconds, _ = spent(data, tmp_path)
    assert seconds < 1


def test_json_of_many_empty_things_is_a_limit(tmp_path: Path) -> None:
    members = members_of(small.bundle())
    evidence = b'"evidence":[' + b",".join([b"{}"] * 3_000_000) + b"]"
    data = zipped(members | {CLOSING: members[CLOSING].replace(b'"evidence":[]', evidence)})
    seconds, megabytes = spent(data, tmp_path)
    assert (seconds < 2, megabytes < 200) == (True, True)


def test_no_depth_of_json_is_a_crash() -> None:
    for depth in range(65, 1_200):
        with pytest.raises((FormatError, LimitError)):
            strictjson.loads_canonical(b"[" * depth + b"]" * depth)


# Seal


def test_a_wrong_wacz_auth_signature_fails_without_an_envelope_too() -> None:
    members = members_of(small.bundle())
    closing = DatapackageDigest.from_json(members[CLOSING])
    assert closing.signed_data is not None
    broken = {**closing.signed_data, "signature": "AAAA"}
    stripped = msgspec.structs.replace(closing, provenance=None, signed_data=broken)
    assert judge(zipped(members | {CLOSING: stripped.to_json()})).verdict is Verdict.FAILED


@pytest.mark.parametrize("created", ["2026-1-3T1:2:3Z", "２０２６-11-23T12:00:00Z", "2026-11-23t12:00:00z"])
def test_a_sealing_time_has_one_spelling(created: str) -> None:
    data = forge(
        members_of(small.bundle()), package=lambda package: msgspec.structs.replace(package, created=created)
    )
    assert judge(data).verdict is Verdict.FAILED


def enveloped(change: Callable[[dict[str, object]], None]) -> bytes:
    members = members_of(small.bundle())
    value = strictjson.loads_canonical(members[CLOSING])
    change(value)
    return zipped(members | {CLOSING: strictjson.dumps(value)})


def signatures(value: dict[str, object]) -> list[dict[str, str]]:
    return value["provenance"]["envelope"]["signatures"]  # type: ignore[index,no-any-return]


def _wacz_auth_pasted(value: dict[str, object]) -> None:
    signatures(value)[0]["sig"] = value["signedData"]["signature"]  # type: ignore[index]


def _other_keyid(value: dict[str, object]) -> None:
    signatures(value)[0]["keyid"] = "sha256:" + "0" * 64


def _strangers(value: dict[str, object]) -> None:
    stranger = LocalIdentity.create("Stranger").sign_payload("application/vnd.in-toto+json", b"{}")
    for mine, theirs in zip(signatures(value), stranger.to_builtins()["signatures"], strict=True):  # type: ignore[call-overload]
        mine["sig"] = theirs["sig"]


def _first_twice(value: dict[str, object]) -> None:
    signatures(value)[1] = dict(signatures(value)[0])


def _reversed(value: dict[str, object]) -> None:
    signatures(value).reverse()


def _loose_bits(value: dict[str, object]) -> None:
    first = signatures(value)[0]
    first["sig"] = first["sig"][:-3] + chr(ord(first["sig"][-3]) + 1) + "=="


def _url_safe(value: dict[str, object]) -> None:
    for one in signatures(value):
        one["sig"] = one["sig"].replace("+", "-").replace("/", "_")


def _one_more_field(value: dict[str, object]) -> None:
    value["provenance"]["envelope"]["crit"] = []  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_wacz_auth_pasted, "SIG_CRYPTO_FAILURE"),
        (_other_keyid, "FORMAT_FAILURE"),
        (_strangers, "SIG_CRYPTO_FAILURE"),
        (_first_twice, "FORMAT_FAILURE"),
        (_reversed, "FORMAT_FAILURE"),
        (_loose_bits, "FORMAT_FAILURE"),
        (_url_safe, "FORMAT_FAILURE"),
        (_one_more_field, "FORMAT_FAILURE"),
    ],
)
def test_an_envelope_that_was_touched_fails(change: Callable[[dict[str, object]], None], code: str) -> None:
    result = judge(enveloped(change))
    assert result.verdict is Verdict.FAILED
    assert code in codes(result)
    assert result.signer is None


# Records


def packed_with_flags(data: bytes, flags: int, extra: bytes = b"", *, crc: int = 0, size: int = 0) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    header = b"\x1f\x8b\x08" + bytes([flags]) + bytes(5) + b"\xff" + extra
    trailer = (zlib.crc32(data) ^ crc).to_bytes(4, "little") + (len(data) ^ size).to_bytes(4, "little")
    return header + packer.compress(data) + packer.flush() + trailer


def written(old: bytes, new: bytes) -> bytes:
    changed = re.sub(old, new, response(1))
    assert changed != response(1)
    return warc_of([changed])


MALFORMED = {
    "two records in a member": warc_of([response(1) + response(2)]),
    "one record in two members": warc_of([response(1)[:99], response(1)[99:]]),
    "zeros behind a member": warc_of([response(1)]) + bytes(8),
    "a file name in the gzip header": packed_with_flags(response(1), 8, b"hidden\0"),
    "a comment in the gzip header": packed_with_flags(response(1), 16, b"hidden\0"),
    "a wrong gzip checksum": packed_with_flags(response(1), 0, crc=1),
    "a wrong gzip size": packed_with_flags(response(1), 0, size=1),
    "an uncompressed record": response(1),
    "a short Content-Length": written(
        rb"Content-Length: [0-9]+\r\n\r\nHTTP", b"Content-Length: 3\r\n\r\nHTTP"
    ),
    "a long Content-Length": written(
        rb"Content-Length: [0-9]+\r\n\r\nHTTP", b"Content-Length: 99\r\n\r\nHTTP"
    ),
    "a negative Content-Length": written(rb"Content-Length: ([0-9]+\r\n\r\nHTTP)", rb"Content-Length: -\1"),
    "a padded Content-Length": written(rb"Content-Length: ([0-9]+\r\n\r\nHTTP)", rb"Content-Length: 0\1"),
    "two Content-Lengths": written(rb"(Content-Length: [0-9]+\r\n)(\r\nHTTP)", rb"\1\1\2"),
    "a sha1 digest": written(rb"Block-Digest: sha256:[0-9a-f]+", b"Block-Digest: sha1:AAAA"),
    "no block digest": written(rb"WARC-Block-Digest: sha256:[0-9a-f]+\r\n", b""),
    "no payload digest": written(rb"WARC-Payload-Digest: sha256:[0-9a-f]+\r\n", b""),
    "a line ending in LF": written(rb"WARC/1.1\r\n", b"WARC/1.1\n"),
    "a folded line": written(b"WARC-Date: ", b"WARC-Date: \r\n "),
    "a URL in angle brackets": written(rb"URI: (\S+)", rb"URI: <\1>"),
    "another case of a type": written(b"Type: response", b"Type: Response"),
    "another WARC version": written(b"WARC/1.1", b"WARC/1.0"),
    "a revisit": written(b"Type: response", b"Type: revisit"),
    "one id twice": warc_of([response(1), response(1)]),
}


@pytest.mark.parametrize("packed", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_record_fails_whatever_else_is_right(packed: bytes) -> None:
    result = judge(hostile(packed))
    assert result.verdict is Verdict.FAILED
    assert "FORMAT_FAILURE" in {check.code for check in result.checks if check.name == "records"}


def test_a_well_formed_record_in_its_place_does_not() -> None:
    """What makes the table above mean something: it is the record that fails there, not its being new."""
    checks = judge(hostile(warc_of([response(1)]))).checks
    assert {check.code for check in checks if check.name == "records"} == {"OK"}


def test_a_wrong_payload_digest_fails() -> None:
    wrong = re.sub(rb"Payload-Digest: sha256:[0-9a-f]+", b"Payload-Digest: sha256:" + b"0" * 64, response(1))
    assert codes(judge(forged(around(wrong), one_page()))) == {"HASH_FAILURE"}


@pytest.mark.parametrize("part", range(3))
def test_what_passes_after_a_consistent_change_is_what_warcio_reads(part: int) -> None:
    """Mutants of the records with index and manifest made anew: each index line is of the record it names."""
    dice = random.Random(part)
    original = small_records()
    compared = 0
    for _ in range(60):
        records = list(original)
        which = dice.randrange(1, len(records) - 1)
        changed = bytearray(records[which])
        for _ in range(dice.randint(1, 2)):
            changed[dice.randrange(len(changed))] = dice.choice(b"0123456789abcdefR :;\r\n\t\xe9<>")
        records[which] = redigested(bytes(changed))
        try:
            data = forged(records)
        except (FormatError, LimitError):
            continue  # no such capture can be packed
        if not judge(data):
            continue
        compared += 1
        with memory_file(data) as file:
            bundle = Bundle(file, name="bundle")
            archive = bundle.member(WARC)
            for line in bundle.read(INDEX).splitlines():
                entry = msgspec.json.decode(line.split(b" ", 2)[2])
                raw = archive.read_at(int(entry["offset"]), int(entry["length"]))
                found = next(iter(ArchiveIterator(io.BytesIO(raw))))
                assert found.rec_headers.get_header("WARC-Target-URI") == entry["url"]
                assert int(found.http_headers.get_statuscode()) == int(entry["status"])
    assert compared > 3
