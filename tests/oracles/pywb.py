"""pywb, a separate process, serving bundles' own WARCs by the bundles' own indexes."""

from __future__ import annotations

import socket
import subprocess
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from archiver.digest import Digest
from tests.oracles.process import running, said
from tests.oracles.replayed import Replayed
from tests.programs import need

_STARTS_WITHIN = 30.0


def replay(asked: Mapping[Path, Sequence[str]], *, folder: Path) -> dict[str, Replayed]:
    """What pywb's raw replay gives for the URLs that each bundle is *asked* for; *folder* is for its use."""
    wayback = need("pywb")
    for bundle in asked:
        _unpack(bundle, folder / "collections" / bundle.stem)
    port = _free_port()
    command: list[str | Path] = [wayback, "--bind", "127.0.0.1", "--port", str(port), "--directory", folder]
    with running(command, folder=folder) as process, requests.Session() as session:
        session.trust_env = False
        _wait(process, port, folder)
        return {
            url: _fetch(session, f"http://127.0.0.1:{port}/{bundle.stem}/id_/{url}")
            for bundle, urls in asked.items()
            for url in urls
        }


def _unpack(bundle: Path, collection: Path) -> None:
    """The members pywb knows, unchanged, where it looks for them (it takes no WACZ as it is)."""
    with zipfile.ZipFile(bundle) as file:
        for name in file.namelist():
            folder, _, base = name.rpartition("/")
            if folder in ("archive", "indexes"):
                place = collection / folder / base
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.read(name))


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
