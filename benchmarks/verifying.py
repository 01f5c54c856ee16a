"""Every byte checked again: `archiver verify` against the validators of WACZ files and WARCs."""

from __future__ import annotations

from benchmarks.child import cost, script
from benchmarks.paired import paired
from benchmarks.row import Row, seconds
from benchmarks.workshop import Workshop


def run(workshop: Workshop) -> tuple[Row, ...]:
    """Seconds to verify a bundle of 250 MB; both peers check less."""
    made = workshop.large

    def ours() -> float:
        return workshop.archiver("verify", str(made.bundle)).wall

    def wacz() -> float:
        return cost(script("wacz"), "validate", "-f", str(made.bundle), environment=workshop.environment).wall

    def warcio() -> float:
        return cost(script("warcio"), "check", str(made.warc), environment=workshop.environment).wall

    rows = []
    for peer, theirs, target in (("`wacz validate`", wacz, 2), ("`warcio check` of its WARC", warcio, 1.5)):
        our_time, their_time = paired(ours, theirs)
        rows.append(
            Row(
                benchmark="verifying",
                what="verify that bundle: every byte, digest, index, manifest, seal",
                ours=seconds(our_time),
                peer=peer,
                theirs=seconds(their_time),
                figure=their_time / our_time,
                unit="x",
                sense="at least",
                target=target,
                note=(
                    "it takes the SHA-256 of the file, of each record in it, of each block and of each "
                    "payload, where `warcio check` hashes blocks and payloads"
                ),
            )
        )
    return tuple(rows)
