"""py-wacz, which other people check bundles with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.oracles.bundle import OracleBundle

WACZ = Path(sys.executable).with_name("wacz")


def test_py_wacz_finds_the_bundle_valid(oracle_bundle: OracleBundle) -> None:
    done = subprocess.run(
        [WACZ, "validate", "-f", oracle_bundle.path], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
