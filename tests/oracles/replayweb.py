"""ReplayWeb.page's service worker, in a real Chromium, reading bundles over loopback http."""

from __future__ import annotations

import json
import queue
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from archiver.digest import Digest
from tests.oracles.process import running, said
from tests.oracles.replayed import Replayed
from tests.programs import need

_FLAGS = (
    "--headless",
    "--no-sandbox",  # refused to root otherwise; it loads nothing but what is served here
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
_DONE_WITHIN = 45.0
_PAGE = Path(__file__).with_suffix(".html")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def replay(asked: Mapping[Path, Sequence[str]], *, folder: Path) -> dict[str, Replayed]:
    """What the worker gives, unrewritten, for the URLs that each bundle is *asked* for.

    *folder* is for the browser's use.
    """
    chromium, scripts = need("chromium"), need("replaywebpage")
    questions = {bundle.stem: list(urls) for bundle, urls in asked.items()}
    files = {
        "/": (_PAGE.read_bytes(), "text/html"),
        "/sw.js": ((scripts / "sw.js").read_bytes(), "text/javascript"),
        "/harness/asked.json": (json.dumps(questions).encode(), "application/json"),
    }
    for bundle in asked:
        files[f"/harness/{bundle.stem}.wacz"] = bundle.read_bytes(), "application/wacz"
    told: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with _serving(files, told) as origin:
        command: list[str | Path] = [chromium, *_FLAGS, f"--user-data-dir={folder / 'profile'}", f"{origin}/"]
        with running(command, folder=folder):
            try:
                result = json.loads(told.get(timeout=_DONE_WITHIN))
            except queue.Empty:
                raise AssertionError(f"Chromium told nothing:\n{said(folder)}") from None
    if "error" in result:
        raise AssertionError(f"ReplayWeb.page: {result['error']}\n{said(folder)}")
    return {
        url: Replayed(status=answer["status"], digest=Digest(answer["sha256"]), mime=answer["mime"])
        for url, answer in result["answers"].items()
    }


@contextmanager
def _serving(files: dict[str, tuple[bytes, str]], told: queue.SimpleQueue[bytes]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, files, told)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Static files with byte ranges, by which the worker reads a bundle, and an ear for the page."""

    timeout = 20

    def __init__(
        self, files: dict[str, tuple[bytes, str]], told: queue.SimpleQueue[bytes], *rest: object
    ) -> None:
        self._files = files
        self._told = told
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_POST(self) -> None:
        self._told.put(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def _answer(self, *, body: bool) -> None:
        if self.path not in self._files:
            self.send_error(404)
            return
        data, kind = self._files[self.path]
        total = len(data)
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        if asked:
            first, last = asked.groups()
            start = int(first) if first else max(0, total - int(last))
            end = min(int(last) + 1, total) if first and last else total
            data = data[start:end]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{total}")
        else:
            self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test's own output is what counts."""
