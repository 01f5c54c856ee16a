"""A whole page saved by the command line: how long that takes, in what memory, and how much is kept."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader

from archiver.warc.coding import decode
from benchmarks.child import Cost, cost
from benchmarks.paired import RUNS, paired
from benchmarks.row import Row, seconds
from benchmarks.site import ASSETS, DELAY, site
from benchmarks.workshop import Workshop
from tests.groundtruth.site import Site, ground_truth

_FEW, _USUAL, _ORIGINS = 6, 16, 3
"""Connections: what a browser opens to one origin, and in all, which takes several origins to reach."""


def run(workshop: Workshop) -> tuple[Row, ...]:
    """Seconds for a page and a thousand assets, held against the latency alone and against wget."""
    fetched: list[Cost] = []

    def ours() -> float:
        return _save(workshop, url, _FEW).wall

    def theirs() -> float:
        fetched.append(_wget(workshop, url))
        return fetched[-1].wall

    with site(origins=1) as url:
        few, by_wget = paired(ours, theirs)
    with site(origins=_ORIGINS) as url:
        saved = [_save(workshop, url, _USUAL) for _ in range(RUNS)]
    usual, peak = median(one.wall for one in saved), median(one.peak for one in saved)
    what = f"save a page with {ASSETS:,} assets, {DELAY * 1000:.0f} ms a request, {{}} connections"
    return (
        _against_latency(what.format(_FEW), few, _FEW, 1.5),
        Row(
            benchmark="page",
            what=what.format(_FEW),
            ours=seconds(few),
            peer="`wget -p --warc-file`",
            theirs=seconds(by_wget),
            figure=by_wget / few,
            unit="x",
            sense="at least",
            target=4,
        ),
        _against_latency(what.format(_USUAL), usual, _USUAL, 1.8),
        Row(
            benchmark="page",
            what="peak memory of that",
            ours=f"{peak / 1e6:.0f} MB",
            peer="`wget -p --warc-file`",
            theirs=f"{median(one.peak for one in fetched) / 1e6:.0f} MB",
            figure=peak / 1e6,
            unit="MB",
            sense="at most",
            target=80,
            note="the program without a page takes 50 MB of it, nearly all of that the libraries",
        ),
        _whole_page(workshop),
    )


def _against_latency(what: str, measured: float, connections: int, target: float) -> Row:
    bound = DELAY * (1 + ASSETS / connections)
    return Row(
        benchmark="page",
        what=what,
        ours=seconds(measured),
        peer="the waiting alone",
        theirs=seconds(bound),
        figure=measured / bound,
        unit="x",
        sense="at most",
        target=target,
        note="0.2 s of it start the program, 0.3 s read the record again, pack, check and seal",
    )


def _whole_page(workshop: Workshop) -> Row:
    """How much of a page whose every resource is known is kept, what takes a browser to find included."""
    bundle, folder = workshop.folder / "whole.wacz", workshop.folder / "whole"
    folder.mkdir()
    with ground_truth(addresses=True) as known:
        trusted = str(known.cacert)
        ours = [sys.executable, "-m", "archiver", "save", known.url, "--allow-private"]
        _run(workshop, *ours, "--cacert", trusted, "-o", str(bundle), not_whole=3)
        _run(workshop, *wget(folder), "--span-hosts", "--ca-certificate", trusted, known.url, not_whole=8)
        with zipfile.ZipFile(bundle) as members, members.open("archive/data.warc.gz") as warc:
            held, wanted = _held(known, answers(warc))
        with (folder / "page.warc.gz").open("rb") as warc:
            held_by_wget, _ = _held(known, answers(warc))
    return Row(
        benchmark="page",
        what=f"keep a page whose {wanted} resources are known, each with the same status and bytes",
        ours=str(held),
        peer="`wget -p -H --warc-file`",
        theirs=str(held_by_wget),
        figure=100 * held / wanted,
        unit="%",
        sense="at least",
        target=95,
    )


def _run(workshop: Workshop, *command: str, not_whole: int) -> None:
    """Run *command*, which may end with *not_whole* where not all was to be had."""
    ran = subprocess.run(command, env=workshop.environment, capture_output=True, text=True, check=False)
    if ran.returncode not in (0, not_whole):
        raise RuntimeError(f"{' '.join(command)}: {ran.stderr}")


def _held(known: Site, kept: Mapping[str, Answer]) -> tuple[int, int]:
    """How many of the page's resources are *kept* as they were served, and how many it has."""
    served = {
        resource.url: Answer(resource.status, resource.sha256)
        for resource in known.resources
        if resource.cited == known.url
    }
    return sum(kept.get(url) == answer for url, answer in served.items()), len(served)


def _save(workshop: Workshop, url: str, connections: int) -> Cost:
    """The whole command, from its start to the sealed bundle."""
    bundle = workshop.folder / "page.wacz"
    found = workshop.archiver(
        "save", url, "--allow-private", "-j", str(connections), "-o", str(bundle), "--force"
    )
    with zipfile.ZipFile(bundle) as members, members.open("archive/data.warc.gz") as warc:
        _check_whole(warc)
    return found


def _wget(workshop: Workshop, url: str) -> Cost:
    folder = workshop.folder / "wget"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    found = cost(*wget(folder), url, environment=workshop.environment)
    with (folder / "page.warc.gz").open("rb") as warc:
        _check_whole(warc)
    return found


def wget(folder: Path) -> list[str]:
    """The peer's command for a page and what it needs, all of it put into *folder*; its URL is to follow.

    RuntimeError where there is no wget.
    """
    program = shutil.which("wget")
    if program is None:
        raise RuntimeError("the program wget is missing: make programs")
    alone = ["--no-config", "--no-hsts", "--no-proxy", "--quiet", "--execute", "robots=off"]
    kept = ["--directory-prefix", str(folder), "--warc-file", str(folder / "page")]
    return [program, *alone, *kept, "--page-requisites"]


def _check_whole(warc: IO[bytes]) -> None:
    """A page not kept whole measures nothing."""
    whole = {url for url, answer in answers(warc).items() if answer.status == 200}
    if len(whole) != 1 + ASSETS:
        raise RuntimeError(f"{len(whole)} resources kept, not {1 + ASSETS}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a WARC holds of one URL."""

    status: int
    payload: str
    """SHA-256 of the entity, codings undone."""


def answers(warc: IO[bytes]) -> dict[str, Answer]:
    """The last answer to each URL, read by warcio."""
    found: dict[str, Answer] = {}
    for record in ArchiveIterator(warc):
        if record.rec_type == "response" and record.http_headers is not None:
            url = record.rec_headers.get_header("WARC-Target-URI").strip("<>")
            head = record.http_headers
            body: bytes = record.raw_stream.read()
            if (head.get_header("Transfer-Encoding") or "").lower() == "chunked":
                body = ChunkedDataReader(io.BytesIO(body)).read()
            # warcio's own way leaves a body coded where its version and Brotli's do not fit together.
            body = b"".join(decode([body], [head.get_header("Content-Encoding") or ""], max_bytes=1 << 30))
            found[url] = Answer(int(head.get_statuscode()), hashlib.sha256(body).hexdigest())
    return found
