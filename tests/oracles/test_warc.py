"""Other people's WARC readers find our records whole, and the same payloads in them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import fastwarc
import pytest
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader

from tests.oracles.bundle import OracleBundle
from tests.oracles.site import RESOURCES

# warcio takes the Brotli package for brotlipy, which has the same name, and then fails on every br body.
WARCIO = "import sys; sys.modules['brotli'] = None; from warcio.cli import main; main()"

DECODERS: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "gzip": lambda body: zlib.decompress(body, wbits=31),
    "br": brotli.decompress,
}


@pytest.fixture(scope="module")
def warc(oracle_bundle: OracleBundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with zipfile.ZipFile(oracle_bundle.path) as file:
        return Path(file.extract("archive/data.warc.gz", tmp_path_factory.mktemp("warc")))


def test_warcio_check_accepts_every_digest(warc: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WARCIO, "check", "-v", warc],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_fastwarc_verifies_every_block_digest(warc: Path) -> None:
    with warc.open("rb") as file:
        records = [
            (record.headers["WARC-Type"], record.verify_block_digest())
            for record in fastwarc.ArchiveIterator(
                file, parse_http=False, record_types=WarcRecordType.any_type
            )
        ]
    assert len(records) > len(RESOURCES)
    assert all(verified for _, verified in records), records


def test_warcio_reads_the_bodies_that_were_served(warc: Path, oracle_bundle: OracleBundle) -> None:
    bodies = {}
    with warc.open("rb") as file:
        for record in ArchiveIterator(file):
            if record.rec_type == "response":
                # Not content_stream(), for the reason above.
                chunked = record.http_headers.get_header("Transfer-Encoding") == "chunked"
                body = (ChunkedDataReader(record.raw_stream) if chunked else record.raw_stream).read()
                decode = DECODERS[record.http_headers.get_header("Content-Encoding")]
                bodies[record.rec_headers.get_header("WARC-Target-URI")] = decode(body)
    for resource in RESOURCES:
        assert bodies[oracle_bundle.origin + resource.target] == resource.body
