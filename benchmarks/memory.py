"""Peak memory of whole commands: it should not follow the size of what they handle."""

from __future__ import annotations

import zipfile
from pathlib import Path

from benchmarks.origin import ADDRESS, HOST, origin
from benchmarks.row import Row
from benchmarks.workshop import Workshop

_SIZES = {"10 MB": 10_000_000, "1 GB": 1_000_000_000}
_TARGET = 80


def run(workshop: Workshop) -> tuple[Row, ...]:
    """Megabytes at the peak of save, verify and pack, for a cited document of 10 MB and of 1 GB."""
    peaks: dict[str, dict[str, int]] = {"save": {}, "verify": {}, "pack": {}}
    with origin() as port:
        for name, size in _SIZES.items():
            bundle = workshop.folder / "memory.wacz"
            peaks["save"][name] = workshop.archiver(
                "save",
                f"http://{HOST}:{port}/large/{size}",
                "--resolve",
                f"{HOST}:{port}:{ADDRESS}",
                "--max-seconds",
                "600",
                "-o",
                str(bundle),
            ).peak
            peaks["verify"][name] = workshop.archiver("verify", str(bundle)).peak
            warc = _take_out(bundle, workshop.folder)
            bundle.unlink()
            peaks["pack"][name] = workshop.archiver("pack", str(warc), "-o", str(bundle)).peak
            bundle.unlink()
            warc.unlink()
    return tuple(_row(command, by_size) for command, by_size in peaks.items())


def _row(command: str, by_size: dict[str, int]) -> Row:
    small, large = (f"{by_size[name] / 1e6:.0f} MB with {name}" for name in _SIZES)
    return Row(
        benchmark="memory",
        what=f"peak memory of `archiver {command}`",
        ours=f"{small}, {large}",
        peer="flat",
        theirs="",
        figure=max(by_size.values()) / 1e6,
        unit="MB",
        sense="at most",
        target=_TARGET,
    )


def _take_out(bundle: Path, folder: Path) -> Path:
    """The bundle's WARC as a file."""
    with zipfile.ZipFile(bundle) as members:
        return Path(members.extract("archive/data.warc.gz", folder))
