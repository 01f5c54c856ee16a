"""Whoever judges the bundles, each in a process of its own: archiver, and py-wacz with authsign behind it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.programs import need
from tests.tamper.signer import Domain

_BIN = Path(sys.executable).parent

# The `wacz` command again and again in one process, which saves loading it a hundred times.
_WACZ = """
import contextlib, io, json, sys, traceback
from wacz.main import main
for line in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = main(json.loads(line)) or 0
        except SystemExit as exit:
            code = exit.code or 0
        except Exception:
            code = traceback.print_exc() or 1
    print(json.dumps({"code": code, "said": said.getvalue()}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """archiver's: a verdict, and the verdict and code of each check that says more than OK."""

    verdict: str
    findings: tuple[tuple[str, str], ...]

    def reason(self, genuine: Judgement) -> str:
        """The code of the worst finding that the *genuine* bundle does not have, or has less often."""
        more = Counter(self.findings) - Counter(genuine.findings)
        order = ["FAILED", "INDETERMINATE", "PASSED"]
        return min(((order.index(verdict), code) for verdict, code in more), default=(0, ""))[1]


def archiver(files: Sequence[Path], keyring: Path | None = None) -> list[Judgement]:
    """What `archiver verify --json` says of *files* with *keyring*, or with nobody trusted."""
    if keyring is None:
        keyring = files[0].parent / "empty-keyring"
        keyring.mkdir(exist_ok=True)
    done = subprocess.run(
        [_BIN / "archiver", "verify", "--json", "--keyring", keyring, *files],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if [line.get("input") for line in lines] != [str(file) for file in files]:
        raise RuntimeError(f"archiver judged {len(lines)} of {len(files)} files: {done.stderr}")
    return [_judgement(line) for line in lines]


def _judgement(line: dict[str, object]) -> Judgement:
    checks = line["checks"]
    assert isinstance(checks, list)
    return Judgement(
        verdict=str(line["verdict"]),
        findings=tuple((check["verdict"], check["code"]) for check in checks if check["code"] != "OK"),
    )


def wacz(files: Sequence[Path], *options: str) -> list[bool]:
    """Whether `wacz validate` accepts each of *files*."""
    lines = [json.dumps(["validate", *options, "-f", str(file)]) + "\n" for file in files]
    done = subprocess.run(
        [sys.executable, "-c", _WACZ],
        input="".join(lines),
        env={"PATH": os.environ["PATH"], "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    return [json.loads(line)["code"] == 0 for line in done.stdout.splitlines()]


@contextmanager
def authsign(domain: Domain, folder: Path) -> Iterator[str]:
    """authsign's own server on loopback, which trusts *domain*'s authorities: the URL that verifies."""
    python = need("authsign")
    domain.write_server_key(folder / "authsign")
    roots = folder / "roots.yaml"
    roots.write_text(json.dumps(domain.trusted_roots()))
    signing = {"domain": "archive.library.example", "email": "nobody@library.example", "port": 80}
    config = {"signing": signing | {"output": str(folder / "authsign")}, "trusted_roots": str(roots)}
    (folder / "config.yaml").write_text(json.dumps(config))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # so that whoever asks before the server is up waits, and is not refused
        server = subprocess.Popen(
            [python, "-m", "uvicorn", "authsign.main:app", "--fd", str(listening.fileno())],
            pass_fds=[listening.fileno()],
            cwd=folder,
            env={"CONFIG": str(folder / "config.yaml"), "NO_RENEW": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/verify"
        finally:
            server.terminate()
            server.wait(timeout=10)
