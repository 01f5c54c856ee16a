"""benchmarks/results.json, and the table that the README shows of it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from benchmarks.row import Row

FILE = Path(__file__).with_name("results.json")
README = Path(__file__).parent.parent / "README.md"

START, END = "<!-- benchmarks:start -->", "<!-- benchmarks:end -->"
_PEERS = ("requests", "warcio", "wacz", "lxml", "html5lib", "tinycss2")


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the figures were measured; nothing that names the machine."""

    cores: int
    system: str
    python: str
    peers: dict[str, str]


class Results(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole run, or the sum of several on the same machine."""

    date: str
    machine: Machine
    rows: list[Row]

    @classmethod
    def read(cls, path: Path) -> Results:
        """The results in *path*; msgspec.ValidationError where it is anything else."""
        return msgspec.json.decode(path.read_bytes(), type=cls)

    def write(self, path: Path) -> None:
        """Keep them in *path*, laid out to be read and compared by people."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")

    def replaced(self, new: Results) -> Results:
        """These, with each benchmark that *new* has run taken from it; *new* alone from another machine."""
        if new.machine != self.machine:
            return new
        fresh = {row.benchmark for row in new.rows}
        kept = [row for row in self.rows if row.benchmark not in fresh]
        return Results(date=new.date, machine=new.machine, rows=[*kept, *new.rows])

    def ordered(self, benchmarks: Iterable[str]) -> Results:
        """These, the rows in the order of *benchmarks*; rows of any other benchmark are dropped."""
        rows = [row for benchmark in benchmarks for row in self.rows if row.benchmark == benchmark]
        return Results(date=self.date, machine=self.machine, rows=rows)


def today() -> str:
    """The date, UTC."""
    return datetime.now(UTC).date().isoformat()


def this_machine() -> Machine:
    """What the figures depend on, as far as it can be told."""
    return Machine(
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        peers={name: version(name) for name in _PEERS} | _wget(),
    )


def _wget() -> dict[str, str]:
    """The version of the one peer that is a program; empty where it is not there."""
    program = shutil.which("wget")
    if program is None:
        return {}
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"[0-9]+(?:\.[0-9]+)+", said)
    return {"wget": found[0] if found else "of unknown version"}


def render(results: Results) -> str:
    """The table, Markdown, as it stands between the README's markers."""
    machine = results.machine
    peers = ", ".join(f"{name} {number}" for name, number in machine.peers.items())
    measured = (
        f"Measured {results.date} on {machine.cores} cores, {machine.system}, Python {machine.python};"
        f" {peers}. Medians of runs that alternate with the peer's on the same machine."
    )
    lines = [
        "| what | archiver | peer | figure | target |",
        "|---|---|---|---|---|",
        *(_line(row) for row in results.rows),
        "",
        measured,
    ]
    notes = [f"* {row.what}: {row.note}" for row in results.rows if row.note and not row.met]
    return "\n".join([*lines, *(["", *notes] if notes else [])]) + "\n"


def _line(row: Row) -> str:
    peer = f"{row.peer}: {row.theirs}" if row.theirs else row.peer
    met = "" if row.met else " (missed)"
    return f"| {row.what} | {row.ours} | {peer} | {row.figure_text}{met} | {row.target_text} |"


def shown_in(readme: str) -> str:
    """What stands between the markers of *readme*; ValueError where they are not there once each."""
    before, start, rest = readme.partition(START)
    table, end, after = rest.partition(END)
    if not start or not end or START in before + table + after or END in before + after:
        raise ValueError(f"the README needs {START} and {END}, once each and in this order")
    return table


def put_into(readme: str, table: str) -> str:
    """*readme* with *table* between its markers; ValueError as above."""
    return readme.replace(START + shown_in(readme) + END, f"{START}\n{table}{END}")
