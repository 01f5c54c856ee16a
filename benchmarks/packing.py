"""A WARC that is there already, made into a bundle: `archiver pack` against `wacz create`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.child import cost, script
from benchmarks.paired import paired
from benchmarks.row import Row, seconds
from benchmarks.sample import PAGE, samples
from benchmarks.sealing import stated
from benchmarks.workshop import Workshop
from benchmarks.writing import RECORDS_EACH, write_ours, write_with_warcio

_KINDS = (("small", 10_000, 2 << 10, "pages of 2 KB", 4), ("large", 30, 8 << 20, "pages of 8 MB", 2))
"""Name, how many exchanges, the bytes of each body, what that is, and the target."""

_NOTE = (
    "every digest of every record is taken and compared, and index and manifest are made of what the records "
    "hold; the peer unpacks the records, and takes digests from their headers"
)


def run(workshop: Workshop) -> tuple[Row, ...]:
    """Seconds to pack a WARC of ours, and to import the same records as warcio wrote them."""
    folder = workshop.folder / "packing"
    folder.mkdir()
    rows = []
    for name, count, size, kind, target in _KINDS:
        ours, theirs = folder / f"{name}-ours.warc.gz", folder / f"{name}-warcio.warc.gz"
        with ours.open("wb") as out:
            write_ours(out, samples(count, size, pictures=False), stated=stated())
        with theirs.open("wb") as out:
            write_with_warcio(out, samples(count, size, pictures=False))
        records = f"{RECORDS_EACH * count:,} records, {kind}"
        for what, warc, options in (
            (f"pack a WARC of ours, {records}", ours, ()),
            (f"import a WARC by warcio, {records}", theirs, ("--url", PAGE)),
        ):
            our_time, their_time = paired(
                _packed(workshop, warc, options), _created(workshop, warc, ("--url", PAGE))
            )
            rows.append(
                Row(
                    benchmark="packing",
                    what=what,
                    ours=seconds(our_time),
                    peer="`wacz create`",
                    theirs=seconds(their_time),
                    figure=their_time / our_time,
                    unit="x",
                    sense="at least",
                    target=target,
                    note=_NOTE,
                )
            )
    return tuple(rows)


def _packed(workshop: Workshop, warc: Path, options: tuple[str, ...]) -> Callable[[], float]:
    bundle = warc.with_suffix(".wacz")

    def measured() -> float:
        return workshop.archiver("pack", "--force", *options, "-o", str(bundle), str(warc)).wall

    return measured


def _created(workshop: Workshop, warc: Path, options: tuple[str, ...]) -> Callable[[], float]:
    bundle = warc.with_suffix(".peer.wacz")

    def measured() -> float:
        command = (script("wacz"), "create", *options, "-o", str(bundle), str(warc))
        return cost(*command, environment=workshop.environment).wall

    return measured
