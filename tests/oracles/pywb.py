"""pywb, a separate process, serving bundles that its own manager has taken in: their WARCs, their indexes."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from archiver.digest import Digest
from tests.oracles.process import running, said
from tests.oracles.replayed import Replayed
from tests.programs import need

_COLLECTION = "cited"
_STARTS_WITHIN = 30.0


def replay(asked: Mapping[Path, Sequence[str]], *, folder: Path) -> dict[str, Replayed]:
    """What pywb's raw replay gives for the URLs that each bundle is *asked* for; *folder* is for its use."""
    wayback = need("pywb")
    manager = wayback.with_name("wb-manager")
    _run(manager, "init", _COLLECTION, folder=folder)
    _run(manager, "add", "--unpack-wacz", _COLLECTION, *asked, folder=folder)
    port = _free_port()
    command: list[str | Path] = [wayback, "--bind", "127.0.0.1", "--port", str(port), "--directory", folder]
    with running(command, folder=folder) as process, requests.Session() as session:
        session.trust_env = False
        base = f"http://127.0.0.1:{port}/{_COLLECTION}"
        _wait(process, port, folder)
        return {url: _fetch(session, f"{base}/id_/{url}") for urls in asked.values() for url in urls}


def _run(*command: str | Path, folder: Path) -> None:
    with running(command, folder=folder) as process:
        code = process.wait(_STARTS_WITHIN)
    assert code == 0, said(folder)


def _free_port() -> int:
    # pywb does not say which port it got for 0.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"pywb did not start:\n{said(folder)}")


def _fetch(session: requests.Session, url: str) -> Replayed:
    answer = session.get(url, headers={"Accept-Encoding": "gzip, br"}, timeout=20, allow_redirects=False)
    return Replayed(
        status=answer.status_code,
        digest=Digest.of(answer.content),
        mime=answer.headers.get("Content-Type", "").partition(";")[0],
    )
