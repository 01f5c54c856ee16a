"""Which records of imported WARCs belong together.

The rules go on from those of `imported`:

12. A request belongs to a response or revisit of the same URL in the same WARC where either names the
    other's id in WARC-Concurrent-To; of several the first. One that none belongs to was asked for by GET.
    Of several records of one id the first has it.
13. A revisit refers to the exchange, in any imported WARC, whose id is its WARC-Refers-To; else to that of
    its WARC-Refers-To-Target-URI and WARC-Refers-To-Date; else to the first that has the same
    WARC-Payload-Digest, letter by letter. That exchange must be no later, by the second, and where both
    have a WARC-Payload-Digest by one algorithm, it must be the same. Otherwise its record is not there.
14. A revisit is never content. One whose record is there has a line in the index, with the digest of that
    record's payload, where no response with status 200 has one under the same URL and method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from archiver.warc.declared import algorithm_of
from archiver.warc.importedheader import ImportedHeader, parse_date
from archiver.warc.record import Record

Note = Callable[[Record, str], None]
"""Takes down a deviation of a record."""


def requests_of(records: Sequence[Record], note: Note) -> Mapping[int, Record]:
    """The request of each response and revisit among *records*, all of one WARC, by its `id()`."""
    answers: dict[str, Record] = {}
    requests: dict[str, Record] = {}
    for record in records:
        if record.id:
            known = requests if record.type == "request" else answers
            if record.type in ("request", "response", "revisit"):
                known.setdefault(record.id, record)
    found: dict[int, Record] = {}
    for record in records:
        others = answers if record.type == "request" else requests
        for other_id in _concurrent(record) if record.type in ("request", "response", "revisit") else ():
            other = others.get(other_id)
            if other is None or other.url != record.url:
                continue
            answer, request = (other, record) if record.type == "request" else (record, other)
            if found.setdefault(id(answer), request) is not request:
                note(request, "second-request")
    return found


def originals(
    revisits: Iterable[Record], exchanges: Sequence[Record], note: Note
) -> Iterator[tuple[Record, Record]]:
    """Each of *revisits* whose record is among *exchanges*, with that."""
    by_id: dict[str, Record] = {}
    by_place: dict[tuple[str | None, str], Record] = {}
    by_digest: dict[str, Record] = {}
    for record in exchanges:
        by_place.setdefault((record.url, record.date), record)
        if record.id:
            by_id.setdefault(record.id, record)
        if record.header.payload_digest:
            by_digest.setdefault(record.header.payload_digest, record)
    for revisit in revisits:
        header = revisit.header
        assert isinstance(header, ImportedHeader)
        original = (
            by_id.get(header.refers_to or "")
            or by_place.get((header.refers_to_url, header.refers_to_date or ""))
            or by_digest.get(header.payload_digest or "")
        )
        if original is not None and _fits(revisit, original):
            yield revisit, original
        else:
            note(revisit, "revisit-without-its-record")


def _concurrent(record: Record) -> tuple[str, ...]:
    header = record.header
    return header.concurrent if isinstance(header, ImportedHeader) else ()


def _fits(revisit: Record, original: Record) -> bool:
    """Whether *revisit* may stand for *original*."""
    if _second(original) > _second(revisit):
        return False
    ours, theirs = revisit.header.payload_digest, original.header.payload_digest
    return ours == theirs or algorithm_of(ours) is None or algorithm_of(ours) != algorithm_of(theirs)


def _second(record: Record) -> datetime:
    moment = parse_date(record.date)
    assert moment is not None  # it is an exchange (rule 8)
    return moment.replace(microsecond=0)
