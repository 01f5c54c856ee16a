"""Other people's WARC readers find our records whole, and the same payloads in them as we do."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import brotli
import fastwarc
import pytest
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader
from warcio.recordloader import ArcWarcRecord

from archiver.warc.capture import Capture, StoredExchange
from tests.oracles.bundle import OracleBundle
from tests.oracles.site import RESOURCES

# warcio takes the Brotli package for brotlipy, which has the same name, and then fails on every br body.
WARCIO = "import sys; sys.modules['brotli'] = None; from warcio.cli import main; main()"

MOST = 1 << 20


@pytest.fixture
def warc(oracle_bundle: OracleBundle, tmp_path: Path) -> Path:
    with zipfile.ZipFile(oracle_bundle.path) as file:
        return Path(file.extract("archive/data.warc.gz", tmp_path))


def test_warcio_check_accepts_every_digest(warc: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WARCIO, "check", "-v", warc],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("digest pass") >= 2 * len(RESOURCES)


@pytest.mark.parametrize("options", [[], ["-p"]], ids=["blocks", "payloads"])
def test_fastwarc_check_accepts_every_digest(warc: Path, options: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fastwarc.cli", "check", *options, warc],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with Capture.open(warc) as capture:
        assert f"{len(capture.records)} records were verified successfully" in done.stdout + done.stderr


def test_fastwarc_verifies_every_block_digest(warc: Path) -> None:
    with warc.open("rb") as file, Capture.open(warc) as capture:
        # Parsed, a block would have lost its HTTP head, and no digest of it could hold.
        found = [
            (record.record_id, record.verify_block_digest())
            for record in fastwarc.ArchiveIterator(
                file, parse_http=False, record_types=WarcRecordType.any_type
            )
        ]
        assert found == [(f"<{record.id}>", True) for record in capture.records]


def test_fastwarc_reads_the_very_bytes_that_were_served(warc: Path, oracle_bundle: OracleBundle) -> None:
    served: dict[str, list[bytes]] = {}
    with warc.open("rb") as file:
        for record in fastwarc.ArchiveIterator(file, parse_http=False, record_types=WarcRecordType.response):
            served.setdefault(record.headers["WARC-Target-URI"], []).append(record.reader.read())
    assert served == {
        oracle_bundle.origin + resource.target: list(resource.responses) for resource in RESOURCES
    }


def payloads(warc: Path, read: Callable[[ArcWarcRecord], bytes]) -> dict[str, bytes]:
    """What *read* makes of each response that warcio finds, by record id."""
    with warc.open("rb") as file:
        return {
            record.rec_headers.get_header("WARC-Record-ID")[1:-1]: read(record)
            for record in ArchiveIterator(file)
            if record.rec_type == "response"
        }


def dechunked(record: ArcWarcRecord) -> bytes:
    chunked = record.http_headers.get_header("Transfer-Encoding") == "chunked"
    body: bytes = (ChunkedDataReader(record.raw_stream) if chunked else record.raw_stream).read()
    return body


def decoded(record: ArcWarcRecord) -> bytes:
    if record.http_headers.get_header("Content-Encoding") == "br":  # for the reason above
        decompressed: bytes = brotli.decompress(dechunked(record))
        return decompressed
    body: bytes = record.content_stream().read()
    return body


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(dechunked, StoredExchange.entity), (decoded, lambda exchange: exchange.decoded(MOST))],
    ids=["entity", "decoded"],
)
def test_warcio_reads_the_payloads_that_we_read(
    warc: Path,
    theirs: Callable[[ArcWarcRecord], bytes],
    ours: Callable[[StoredExchange], Iterable[bytes]],
) -> None:
    with Capture.open(warc) as capture:
        expected = {exchange.record.id: b"".join(ours(exchange)) for exchange in capture.exchanges()}
    assert payloads(warc, theirs) == expected
    assert len(expected) == sum(len(resource.responses) for resource in RESOURCES)


def test_warcio_reads_the_bodies_that_a_browser_was_to_show(warc: Path) -> None:
    assert {resource.body for resource in RESOURCES} <= set(payloads(warc, decoded).values())
