"""What the benchmarks share: a folder that goes away, a keyring of its own, and bundles made once."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.child import Cost, cost

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A sealed bundle, and the WARC that went into it."""

    bundle: Path
    warc: Path


class Workshop:
    """*folder* is empty to begin with and the caller's to remove."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Without PYTHON…: a wish not to write bytecode would have every start compile it anew.
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("ARCHIVER_", "PYTHON"))
        }
        self.environment = inherited | {
            "ARCHIVER_KEYRING": str(folder / "keyring"),
            "PYTHONPATH": str(ROOT),
            "XDG_CONFIG_HOME": str(folder),
        }

    def archiver(self, *arguments: str) -> Cost:
        """What the command line costs as a process of its own."""
        return cost(sys.executable, "-m", "archiver", *arguments, environment=self.environment)

    @cached_property
    def large(self) -> Made:
        """The bundle of ten thousand records and 250 MB."""
        return self._make("large")

    @cached_property
    def small(self) -> Made:
        """A bundle of a page and a few pictures."""
        return self._make("small")

    def _make(self, size: str) -> Made:
        folder = self.folder / size
        folder.mkdir()
        command = [sys.executable, "-m", "benchmarks.sealing", "ours", size, str(folder)]
        subprocess.run(command, env=self.environment, check=True)
        return Made(bundle=folder / "ours.wacz", warc=folder / "data.warc.gz")
