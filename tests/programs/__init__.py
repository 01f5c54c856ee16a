"""Programs from outside Python that tests run beside ours; ``install`` gets them."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

_HERE = Path(__file__).parents[2] / ".programs"

_ON_PATH = {
    "openssl": ("openssl",),
    "unzip": ("unzip",),
    "wget": ("wget",),
    "chromium": ("chromium", "google-chrome", "chromium-browser"),
    "node": ("node",),
}
_IN_FOLDER = {
    "authsign": _HERE / "authsign/bin/python",
    "pywb": _HERE / "pywb/bin/wayback",
    "surt": _HERE / "pywb/bin/python",
    "replaywebpage": _HERE / "replaywebpage",
    "es-module-lexer": _HERE / "es-module-lexer/dist/lexer.minimal.cjs",
    "js-wacz": _HERE / "js-wacz/node_modules/@harvard-lil/js-wacz/bin/cli.js",
    "debian-docs": _HERE / "debian-docs/usr/share/doc",
}

_MISSING = re.compile(r"the program (\S+) is missing")


def need(name: str) -> Path:
    """Where the program *name* is; ``surt`` and ``authsign`` give a Python that has it,
    ``replaywebpage`` its folder, ``es-module-lexer`` a module for Node, ``js-wacz`` a script for it,
    ``debian-docs`` a folder of pages.

    A missing one skips the test that asks, and fails it where CI is set: there every program is promised.
    """
    found = _find(name)
    if found is not None:
        return found
    message = f"the program {name} is missing: make programs"
    if os.environ.get("CI", "") in ("", "0", "false"):
        pytest.skip(message)
    pytest.fail(message)


def _find(name: str) -> Path | None:
    if name in _IN_FOLDER:
        place = _IN_FOLDER[name]
        return place if place.exists() else None
    return next((Path(found) for command in _ON_PATH[name] if (found := shutil.which(command))), None)


def summary(terminalreporter: pytest.TerminalReporter) -> None:
    """At the end of a run, one line that names the programs whose absence left tests out."""
    reasons = (str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    names = sorted({name for reason in reasons for name in _MISSING.findall(reason)})
    if names:
        terminalreporter.write_line(
            f"Left out for want of {', '.join(names)}: `make programs` installs them, or says how to.",
            yellow=True,
        )
