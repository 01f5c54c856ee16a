"""Exchanges to WARC records: many small ones, and large ones."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archiver.bundle.pack import SOFTWARE
from archiver.warc.stated import Stated
from archiver.warc.writer import WarcWriter
from benchmarks.paired import paired
from benchmarks.row import Row
from benchmarks.sample import ADDRESS, START, Sample, samples
from benchmarks.workshop import Workshop

RECORDS_EACH = 3
"""Request, response and metadata."""

_SMALL_COUNT, _SMALL_SIZE = 1_000, 2 << 10
_LARGE_COUNT, _LARGE_SIZE = 5, 8 << 20


def run(workshop: Workshop) -> tuple[Row, ...]:
    """Records a second of small pages, megabytes a second of large ones, against warcio's gzip writer."""
    small = list(samples(_SMALL_COUNT, _SMALL_SIZE, pictures=False))
    large = list(samples(_LARGE_COUNT, _LARGE_SIZE, pictures=False))
    small_ours, small_theirs = _measured(workshop.folder, small)
    large_ours, large_theirs = _measured(workshop.folder, large)
    records = RECORDS_EACH * _SMALL_COUNT
    megabytes = _LARGE_COUNT * _LARGE_SIZE / 1e6
    return (
        Row(
            benchmark="writing",
            what="write small WARC records (pages of 2 KB)",
            ours=f"{records / small_ours:,.0f} records/s",
            peer="warcio",
            theirs=f"{records / small_theirs:,.0f} records/s",
            figure=small_theirs / small_ours,
            unit="x",
            sense="at least",
            target=3,
            note=(
                "of some 80 µs of CPU an exchange, which is three records, gzip takes 28; the rest is mostly "
                "Python: headers written and checked, digests, facts"
            ),
        ),
        Row(
            benchmark="writing",
            what="write large WARC records (8 MB of HTML)",
            ours=f"{megabytes / large_ours:.0f} MB/s",
            peer="warcio",
            theirs=f"{megabytes / large_theirs:.0f} MB/s",
            figure=large_theirs / large_ours,
            unit="x",
            sense="at least",
            target=8,
        ),
    )


def write_ours(out: BinaryIO, chosen: Iterable[Sample], *, stated: Stated | None = None) -> None:
    """The samples as records of ours; *stated* last, which makes it a whole capture."""
    writer = WarcWriter(out, software=SOFTWARE)
    writer.warcinfo({}, date=START)
    for sample in chosen:
        writer.exchange(sample.exchange())
    if stated is not None:
        writer.stated(stated.to_json(), date=START)


def write_with_warcio(out: BinaryIO, chosen: Iterable[Sample]) -> None:
    """The same records, with the same facts, by warcio."""
    writer = WARCWriter(out, gzip=True)
    writer.write_record(writer.create_warcinfo_record("bench.warc.gz", {"software": "bench"}))
    for sample in chosen:
        date = sample.started.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        response = writer.create_warc_record(
            sample.url,
            "response",
            payload=io.BytesIO(sample.body),
            length=len(sample.body),
            http_headers=StatusAndHeaders("200 OK", sample.response_fields, protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": date, "WARC-IP-Address": ADDRESS},
        )
        beside = {"WARC-Date": date, "WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID")}
        request = writer.create_warc_record(
            sample.url,
            "request",
            payload=io.BytesIO(),
            length=0,
            http_headers=StatusAndHeaders(
                f"GET {sample.path} HTTP/1.1", sample.request_fields, is_http_request=True
            ),
            warc_headers_dict=dict(beside),
        )
        facts = b"fetchTimeMs: 20\r\nhopsFromSeed: E\r\n"
        metadata = writer.create_warc_record(
            sample.url,
            "metadata",
            payload=io.BytesIO(facts),
            length=len(facts),
            warc_content_type="application/warc-fields",
            warc_headers_dict=dict(beside),
        )
        for record in (response, request, metadata):
            writer.write_record(record)


def _measured(folder: Path, chosen: Sequence[Sample]) -> tuple[float, float]:
    def ours() -> float:
        with (folder / "ours.warc.gz").open("wb") as out:
            started = time.perf_counter()
            write_ours(out, chosen)
            return time.perf_counter() - started

    def theirs() -> float:
        with (folder / "theirs.warc.gz").open("wb") as out:
            started = time.perf_counter()
            write_with_warcio(out, chosen)
            return time.perf_counter() - started

    return paired(ours, theirs)
