"""Vectors of imports: WARCs of other makers beside a record of our own that says where they come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from archiver.bundle.bundle import PAGES
from archiver.bundle.pages import write_pages
from archiver.digest import Digest
from archiver.warc.stated import MEDIA_TYPE, Cited, Imported, Stated
from tests.contract.forging import (
    ANSWER,
    WARC,
    base,
    page,
    rebuilt,
    replaced,
    sealed,
    stated_record,
    statement,
    warc_of,
    warcinfo,
)
from tests.contract.keys import COURT
from tests.contract.vector import Vector, trusting, vector
from tests.verify.test_attacks import record as our_record
from tests.verify.test_attacks import record_id as our_id
from tests.warc import theirs

THEIRS = "archive/theirs.warc"
_NOTE = "PASSED records IMPORT_NOTE"
_BROKEN = "records FORMAT_FAILURE"
_WRONG = "records HASH_FAILURE"
_CONTRADICTION = "manifest CONTRADICTION"
_PAGE = page(theirs.URL, theirs.DATE)
_ANSWER = theirs.record("response", theirs.ANSWER)


def stated(archives: dict[str, bytes], **changes: Any) -> Stated:
    """What an importer of *archives* states."""
    plain = statement()
    nothing = msgspec.structs.replace(plain.settings, concurrency=0, limits={}, user_agent="")
    imports = [
        Imported(
            archive=name.removeprefix("archive/"), bytes=len(data), digest=str(Digest.of(data)),
            name="THEIRS.warc", source="Example Archive",
        )
        for name, data in sorted(archives.items())
    ]  # fmt: skip
    imported = msgspec.structs.replace(
        plain,
        engine="import",
        origin="imported",
        status="partial",
        reasons=["imported"],
        settings=nothing,
        requested=theirs.URL,
        citations=[Cited(url=theirs.URL, as_written=theirs.URL, role="cited")],
        imports=imports,
    )
    return msgspec.structs.replace(imported, **changes)


def _members(archives: dict[str, bytes], told: Stated, *ours: bytes) -> dict[str, bytes]:
    own = warc_of([warcinfo(), *ours, stated_record(told)])
    return {WARC: own, **archives, PAGES: write_pages((_PAGE,))}


def _import(*records: bytes, **changes: Any) -> Callable[[], bytes]:
    """A maker of a bundle of one imported archive that holds *records*."""
    archives = {THEIRS: b"".join(records)}
    return lambda: sealed(rebuilt(_members(archives, stated(archives, **changes))))


def _digest(name: str, value: str) -> Callable[[], bytes]:
    return _import(theirs.record("response", theirs.ANSWER, fields={name: value}))


def _unread(data: bytes) -> Callable[[], bytes]:
    """A maker of a bundle of an imported archive that cannot be read; index and manifest are another's."""
    return lambda: sealed({**base(), **_members({THEIRS: data}, stated({THEIRS: data}))})


def _two() -> bytes:
    later = theirs.record("response", theirs.ANSWER, fields={"WARC-Date": "2025-05-06T07:08:09Z"})
    archives = {THEIRS: _ANSWER, "archive/more.warc": later}
    return sealed(rebuilt(_members(archives, stated(archives))))


def _swapped() -> bytes:
    """The archive is another than the importer was given; all else agrees with the one that is there."""
    told = stated({THEIRS: _ANSWER})
    other = {THEIRS: theirs.record("response", theirs.ANSWER.replace(b"Words", b"Sword"))}
    return sealed(rebuilt(_members(other, told)))


def _beside_a_capture() -> bytes:
    archives = {THEIRS: _ANSWER}
    return sealed(rebuilt(_members(archives, stated(archives), ANSWER)))


def _as_captured() -> bytes:
    archives = {THEIRS: _ANSWER}
    told = statement(requested=theirs.URL, status="partial", reasons=["missing"])
    return sealed(rebuilt(_members(archives, told)))


def _a_stated_record_of_their_own() -> bytes:
    """The first of the shapes, and a record in their archive that would be ours if it were in ours."""
    told = our_record("metadata", our_id(7), statement().to_json(), number=7, media=MEDIA_TYPE)
    return b"".join((_ANSWER, told))


_TWIN = theirs.record(
    "response", theirs.ANSWER.replace(b"Words", b"Sword"), fields={"WARC-Record-ID": theirs.record_id(2)}
)
_REVISIT = theirs.pywb()[1]


def _odd_hosts() -> list[bytes]:
    hosts = ["a...b", "0177.10.1", "0177.108.1", "http://c", "d%ff"]
    return [
        theirs.record(
            "response",
            theirs.ANSWER,
            fields={"WARC-Record-ID": theirs.record_id(number), "WARC-Target-URI": f"http://{host}/"},
        )
        for number, host in enumerate(hosts, 10)
    ]


VECTORS: list[Vector] = [
    vector("imported", "", _import(_ANSWER),
           "A WARC of another maker is kept byte for byte; ours beside it says so."),
    vector("imported-from-wget", _NOTE, _import(*theirs.wget()),
           "WARC 1.0, URLs in brackets, SHA-1: each deviation is a note."),
    vector("imported-without-block-digests", _NOTE, _import(*theirs.heritrix()),
           "Records without WARC-Block-Digest: a note."),
    vector("imported-with-a-revisit", _NOTE, _import(*theirs.pywb()),
           "A revisit of a page whose 200 is in the index has no line: some players would show nothing."),
    vector("imported-with-a-revisit-of-another-url", _NOTE,
           _import(theirs.pywb()[0], replaced(_REVISIT, b"WARC-Target-URI: " + theirs.URL.encode(),
                                              b"WARC-Target-URI: https://news.example/print")),
           "A revisit whose record is of another URL has an index line with that record's digest, and is "
           "never content."),
    vector("imported-from-odd-hosts", _NOTE, _import(_ANSWER, *_odd_hosts()),
           "Hosts with three dots, of octal numbers and of one that is none, behind a second scheme, and in "
           "bytes that are no UTF-8; the last is no web URL."),
    vector("imported-with-a-revisit-without-its-record", _NOTE,
           _import(_ANSWER, replaced(replaced(_REVISIT, b"2024-05-06T07", b"2023-05-06T07"),
                                     b": sha1:", b": sha1:A")),
           "A revisit whose record is nowhere: it is no content and has no index line."),
    vector("imported-with-a-revisit-of-a-later-record", _NOTE,
           _import(_ANSWER, replaced(_REVISIT, b"2024-05-06T08:08:09Z", b"2020-01-01T00:00:00Z")),
           "A revisit of a record that came after it: it is not its record."),
    vector("imported-two-archives", "", _two, "Two WARCs of other makers, in the order of their names."),
    vector("imported-with-a-stated-record-of-their-own", "",
           lambda: sealed(rebuilt(_members(*_told(_a_stated_record_of_their_own())))),
           "Their WARC holds a record such as ours that says complete: nothing of it is believed."),
    vector("imported-and-the-policy-wants-known-settings", "policy SETTING_REFUSED", _import(_ANSWER),
           "Nobody knows the settings of an imported WARC, and the policy refuses that.",
           policy=trusting(COURT, refuse={"settings": ["SETTINGS_UNKNOWN"]})),
    vector("imported-block-digest-wrong", _WRONG,
           _digest("WARC-Block-Digest", "sha256:" + "0" * 64),
           "A WARC-Block-Digest in their WARC is not the block's."),
    vector("imported-payload-digest-wrong-in-sha1", f"{_WRONG}, {_NOTE}",
           _digest("WARC-Payload-Digest", "sha1:" + "A" * 32),
           "A SHA-1 digest in their WARC is not the payload's: it is not relied on, and wrong all the same."),
    vector("imported-archive-cut-short", _BROKEN, _unread(_ANSWER[:-30]), "Their WARC is cut short."),
    vector("imported-archive-of-two-lengths", _BROKEN,
           _unread(replaced(_ANSWER, b"Content-Length: ", b"Content-Length: 3\r\nContent-Length: ")),
           "A record in their WARC has two lengths."),
    vector("imported-archive-swapped", _CONTRADICTION, _swapped,
           "The imported WARC is another than the one that the stated record names by digest."),
    vector("imported-archive-not-stated", _CONTRADICTION, _as_captured,
           "An imported WARC is in the bundle, and the stated record says captured."),
    vector("imported-beside-a-capture", _CONTRADICTION, _beside_a_capture,
           "Our own WARC holds an answer beside an import: captured and imported are one bundle each."),
    vector("imported-and-complete", _CONTRADICTION, _import(_ANSWER, status="complete", reasons=[]),
           "The status of an import says complete, and nobody knows what was wanted."),
    vector("imported-page-of-two-answers", f"pages FORMAT_FAILURE, {_NOTE}", lambda: _twin(),
           "The page's URL and time have two different answers in their WARC; players may serve either."),
]  # fmt: skip


def _told(data: bytes) -> tuple[dict[str, bytes], Stated]:
    archives = {THEIRS: data}
    return archives, stated(archives)


def _twin() -> bytes:
    archives = {THEIRS: _ANSWER + _TWIN}
    members = _members(archives, stated(archives))
    sound = rebuilt({**members, PAGES: write_pages(())})
    return sealed({**sound, PAGES: members[PAGES]})
