"""The invented news site, served on loopback over http and https."""

from __future__ import annotations

import contextlib
import gzip
import socket
import socketserver
import ssl
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Self

from demo.authority import make_authority
from demo.font import web_font
from demo.pictures import favicon, harbour, ledger

ADDRESS = "127.0.0.1"
NEWS = "news.example"
STATIC = "static.example"
ARTICLE = "/2026/every-tide.html"
SHORT = "/s/tides"

_PAGES = Path(__file__).with_name("site")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".ttf": "font/ttf",
}
_IDLE_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server says to a GET: status, head fields and body; *chunked* sends the body in chunks."""

    status: int = 200
    fields: tuple[tuple[str, str], ...]
    body: bytes = b""
    chunked: bool = False


class Site:
    """The article and all it needs, on two ephemeral ports of 127.0.0.1; a context manager.

    The citation is a short plain-http address that redirects to the article on https; pictures, styles,
    font and script come from a second origin.
    """

    def __init__(self) -> None:
        answers: dict[tuple[str, str], Answer] = {}
        with contextlib.ExitStack() as opening:
            folder = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="archiver-demo-")))
            authority = make_authority(folder, (NEWS, STATIC))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.chain)
            plain = opening.enter_context(_Server(answers, None))
            secure = opening.enter_context(_Server(answers, context))
            self._closing = opening.pop_all()
        self.cacert = authority.root
        """The certificate that a client must trust to read the https pages."""
        self.news = f"https://{NEWS}:{secure.port}"
        self.static = f"https://{STATIC}:{secure.port}"
        self.cited = f"http://{NEWS}:{plain.port}{SHORT}"
        self.article = self.news + ARTICLE
        self.resolve = (
            f"{NEWS}:{plain.port}:{ADDRESS}",
            f"{NEWS}:{secure.port}:{ADDRESS}",
            f"{STATIC}:{secure.port}:{ADDRESS}",
        )
        answers.update(_answers({"@NEWS@": self.news, "@STATIC@": self.static}))
        self.urls = tuple(f"https://{host}:{secure.port}{path}" for host, path in answers if path != SHORT)
        for server in (plain, secure):
            server.start()

    def close(self) -> None:
        """Stop serving, drop open connections, remove the keys."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _answers(names: Mapping[str, str]) -> dict[tuple[str, str], Answer]:
    """Every answer of the site by host and path; *names* in the HTML pages are replaced."""
    files = {
        (NEWS, "/favicon.ico"): favicon(),
        (STATIC, "/images/harbour-400.png"): harbour(400),
        (STATIC, "/images/harbour-800.png"): harbour(800),
        (STATIC, "/images/ledger.png"): ledger(),
        (STATIC, "/fonts/saltmere-marks.ttf"): web_font(),
    }
    for host in (NEWS, STATIC):
        for path in sorted((_PAGES / host).rglob("*.*")):
            files[host, "/" + path.relative_to(_PAGES / host).as_posix()] = path.read_bytes()
    answers = {place: _file(place[1], body, names) for place, body in files.items()}
    moved = (("Location", names["@NEWS@"] + ARTICLE), ("Content-Type", "text/plain; charset=utf-8"))
    answers[NEWS, SHORT] = Answer(
        status=301, fields=moved, body=b"This short address stands for a longer one.\n"
    )
    return answers


def _file(path: str, body: bytes, names: Mapping[str, str]) -> Answer:
    suffix = Path(path).suffix
    fields = [("Content-Type", _TYPES[suffix]), ("Cache-Control", "max-age=3600")]
    if suffix == ".html":
        for name, value in names.items():
            body = body.replace(name.encode(), value.encode())
    if suffix == ".ttf":  # browsers take a font from another origin only with leave
        fields.append(("Access-Control-Allow-Origin", "*"))
    if suffix == ".css":
        fields.append(("Content-Encoding", "gzip"))
        return Answer(fields=tuple(fields), body=gzip.compress(body, mtime=0), chunked=True)
    return Answer(fields=tuple(fields), body=body)


class _Server(socketserver.ThreadingTCPServer):
    """An HTTP server on an ephemeral port, over TLS where *context* is given; leaving it ends its threads."""

    daemon_threads = False  # so that server_close waits for every connection's thread
    request_queue_size = 64

    def __init__(self, answers: Mapping[tuple[str, str], Answer], context: ssl.SSLContext | None) -> None:
        self.answers = answers
        self._context = context
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((ADDRESS, 0), _Handler)
        self.port: int = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def server_close(self) -> None:
        """Stop answering, end every open connection and wait for its thread."""
        if self._thread.ident is not None:
            self.shutdown()
            self._thread.join()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        super().server_close()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """The next connection; its TLS handshake is left to the thread that serves it."""
        connection, peer = super().get_request()
        connection.settimeout(_IDLE_SECONDS)
        if self._context is not None:
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._lock:
            self._open.add(connection)
        return connection, peer

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget and close a connection that has ended."""
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """A client that goes away in mid-sentence is no news; anything else is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SaltmerePress/2"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        host = self.headers.get("Host", "").partition(":")[0].lower()
        answer = self.server.answers.get((host, self.path.partition("?")[0]))
        if answer is None:
            answer = Answer(
                status=404, fields=(("Content-Type", "text/plain; charset=utf-8"),), body=b"No such page.\n"
            )
        self.send_response(answer.status)
        for name, value in answer.fields:
            self.send_header(name, value)
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.chunked:
            for start in range(0, len(answer.body), 300):
                piece = answer.body[start : start + 300]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Not a word: the terminal belongs to the commands shown."""
