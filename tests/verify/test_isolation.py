"""Verify stands alone: no network library loaded, no socket, nothing written, nothing unpacked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import small

PROGRAM = """
import json, os, sys
events = []
def hook(event, args):
    if event.startswith("socket.") or event in ("subprocess.Popen", "os.system", "os.exec", "os.fork"):
        events.append(event)
    elif event == "open":
        path, mode, flags = args
        if flags is not None and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
            events.append(f"open {path!r} to write")
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "os.truncate"):
        events.append(event)
sys.addaudithook(hook)
from archiver.cli import _run
code = _run(sys.argv[1:])
sys.stdout.flush()
print(json.dumps({"code": code, "events": events, "modules": sorted(sys.modules)}), file=sys.stderr)
"""

NETWORK = (
    "requests",
    "urllib3",
    "http.client",
    "ssl",
    "socket",
    "urllib.request",
    "ftplib",
    "smtplib",
)
HEAVY = (
    "rich",
    "warcio",
    "jinja2",
    "lxml",
    "cryptography.x509",
    "brotli",
    "publicsuffixlist",
    "importlib.metadata",
)


def run(*arguments: str, stdin: bytes = b"") -> tuple[str, dict[str, object]]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        timeout=60,
        env=environment,
    )
    told: dict[str, object] = json.loads(done.stderr.decode().splitlines()[-1])
    return done.stdout.decode(), told


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    bundle, identity = tmp_path / "article.wacz", tmp_path / "library.json"
    bundle.write_bytes(small.bundle())
    identity.write_bytes(small.identity().identity.to_bytes())
    return str(bundle), str(identity)


@pytest.mark.parametrize("more", [(), ("--explain",), ("--json",)])
def test_verify_loads_no_network_library_and_touches_nothing(
    files: tuple[str, str], more: tuple[str, ...]
) -> None:
    bundle, identity = files
    out, told = run("verify", bundle, "--trust", identity, *more)
    assert told["code"] == 0, out
    assert told["events"] == []
    modules = told["modules"]
    assert isinstance(modules, list)
    loaded = [name for name in (*NETWORK, *HEAVY) if name in modules]
    assert loaded == []


def test_standard_input_is_spooled_and_nothing_else_is_written(files: tuple[str, str]) -> None:
    bundle, identity = files
    out, told = run("verify", "-", "--trust", identity, stdin=Path(bundle).read_bytes())
    assert told["code"] == 0, out
    events = told["events"]
    assert isinstance(events, list)
    spool = [event for event in events if event != "os.remove"]
    assert all(event.startswith(f"open {tempfile.gettempdir()!r:.5}") for event in spool)
    assert len(spool) <= 3, "the probes of the folder for temporary files, the nameless spool, and no more"


def test_a_failing_bundle_touches_nothing_either(files: tuple[str, str]) -> None:
    bundle, identity = files
    data = bytearray(small.bundle())
    data[100] ^= 1
    Path(bundle).write_bytes(data)
    out, told = run("verify", bundle, "--trust", identity)
    assert told["code"] == 1
    assert out.startswith("FAILED")
    assert told["events"] == []
