"""From exchanges in hand to a finished bundle: records, index, pages, list of members, seal.

The peer's way is warcio's writer and then ``wacz create``, which neither rebuilds nor signs.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from archiver.bundle.pack import pack, pages_of
from archiver.bundle.seal import seal
from archiver.signing.keyring import Keyring
from archiver.title import page_title
from archiver.warc.capture import Capture
from archiver.warc.stated import Cited, Clock, Instant, Settings, Stated
from archiver.warc.window import Window
from archiver.whole import whole_file
from benchmarks.child import cost, script
from benchmarks.paired import paired
from benchmarks.row import Row, seconds
from benchmarks.sample import PAGE, START, Sample, samples
from benchmarks.workshop import Workshop
from benchmarks.writing import RECORDS_EACH, write_ours, write_with_warcio

_SIZES = {"large": (3_333, 75_000), "small": (5, 8_000)}
"""How many exchanges, and the bytes of each body; half of them pages, half pictures."""

_ASIDE = "seconds-not-counted"


def run(workshop: Workshop) -> tuple[Row, ...]:
    """Seconds to a sealed bundle of 250 MB, both ways."""
    folder = workshop.folder / "sealing"

    def command(kind: str) -> list[str]:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return [sys.executable, "-m", "benchmarks.sealing", kind, "large", str(folder)]

    def spent(kind: str) -> float:
        wall = cost(*command(kind), environment=workshop.environment).wall
        return wall - float((folder / _ASIDE).read_text())

    def ours() -> float:
        return spent("ours")

    def theirs() -> float:
        written = spent("theirs")
        warc, bundle = str(folder / "theirs.warc.gz"), str(folder / "theirs.wacz")
        packed = cost(script("wacz"), "create", "-o", bundle, warc, environment=workshop.environment)
        return written + packed.wall

    our_time, their_time = paired(ours, theirs)
    shutil.rmtree(folder)
    count, size = _SIZES["large"]
    return (
        Row(
            benchmark="sealing",
            what=f"{RECORDS_EACH * count + 1:,} records, {count * size / 1e6:.0f} MB, to a sealed bundle",
            ours=seconds(our_time),
            peer="warcio + `wacz create`, unsigned",
            theirs=seconds(their_time),
            figure=their_time / our_time,
            unit="x",
            sense="at least",
            target=6,
            note=(
                "all records are read again after they are written, since a bundle is "
                "described from what stands in the file; the peer reads less, and signs nothing"
            ),
        ),
    )


def _ours(size: str, folder: Path) -> None:
    """Write, pack and seal with an identity of the keyring, which is made and trusted if need be."""
    keyring = Keyring(Path(os.environ["ARCHIVER_KEYRING"]))
    now = datetime.now(UTC)
    if not keyring.own():  # `archiver save`, too, makes the one there is
        keyring.trust(keyring.new("bench").identity, now)
    (own,) = keyring.own()
    warc = folder / "data.warc.gz"
    chosen = _samples(size, folder)
    with warc.open("w+b") as out, whole_file(folder / "ours.wacz") as bundle:
        write_ours(out, chosen, stated=stated())
        out.flush()
        capture = Capture({warc.name: Window(out)})
        pack(capture, pages=pages_of(capture, page_title), to=bundle, created=now)
        bundle.flush()
        seal(bundle, keyring.identity(own.name), created=now, packed=capture)


def _theirs(size: str, folder: Path) -> None:
    chosen = _samples(size, folder)
    with (folder / "theirs.warc.gz").open("wb") as out:
        write_with_warcio(out, chosen)


def _samples(size: str, folder: Path) -> list[Sample]:
    """The exchanges to write; how long it took to make them up is put aside in *folder*."""
    started = time.perf_counter()
    count, body = _SIZES[size]
    chosen = list(samples(count, body, pictures=True))
    (folder / _ASIDE).write_text(str(time.perf_counter() - started))
    return chosen


def stated() -> Stated:
    """What an archiver that made those exchanges up would state of them."""
    instant = Instant(monotonic_us=0, utc=START.isoformat(timespec="microseconds").replace("+00:00", "Z"))
    return Stated(
        broken_at_origin=[],
        broken_at_origin_count=0,
        citations=[Cited(url=PAGE, as_written=PAGE, role="cited")],
        clock=Clock(start=instant, end=instant, ntp=None),
        engine="http",
        environment={"software": "bench"},
        imports=[],
        missing=[],
        missing_count=0,
        memento=None,
        noarchive=[],
        operator=None,
        origin="captured",
        reasons=[],
        relations=[],
        replay_hazards=[],
        requested=PAGE,
        robots=[],
        settings=Settings(
            allow_private=False,
            cacert=[],
            concurrency=16,
            cookies=0,
            headers=[],
            insecure=False,
            limits={},
            private_reached=False,
            proxy=None,
            redacted=False,
            resolve=[],
            robots="ignore",
            user_agent="bench/1",
        ),
        signs=[],
        status="complete",
    )


if __name__ == "__main__":
    {"ours": _ours, "theirs": _theirs}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
