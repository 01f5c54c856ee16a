"""How fast the members of a bundle are hashed, against the hash alone."""

from __future__ import annotations

import hashlib
import time

from archiver.bundle.bundle import open_bundle
from archiver.bundle.examine import _sums
from archiver.digest import Digest
from benchmarks.paired import paired
from benchmarks.row import Row
from benchmarks.workshop import Workshop


def run(workshop: Workshop) -> tuple[Row, ...]:
    """Megabytes a second of members, CRC-32 and then SHA-256, and through `hashlib.file_digest`."""
    path = workshop.large.bundle

    def ours() -> float:
        with open_bundle(path) as bundle:
            started = time.perf_counter()
            _sums(bundle)  # not the whole of `examine`: only what reads members for their sums
            for name in bundle.members:
                Digest.of_chunks(bundle.member(name).chunks())
            return time.perf_counter() - started

    def theirs() -> float:
        with path.open("rb") as file:
            started = time.perf_counter()
            hashlib.file_digest(file, "sha256")
            return time.perf_counter() - started

    our_time, their_time = paired(ours, theirs)
    megabytes = path.stat().st_size / 1e6
    return (
        Row(
            benchmark="hashing",
            what="the members' digests and CRC-32 inside verify, one thread",
            ours=f"{megabytes / our_time:,.0f} MB/s",
            peer="`hashlib.file_digest`",
            theirs=f"{megabytes / their_time:,.0f} MB/s",
            figure=100 * their_time / our_time,
            unit="%",
            sense="at least",
            target=60,
        ),
    )
