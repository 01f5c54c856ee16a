"""A quick HTTP server on loopback, in a process of its own so that its work is on nobody's account.

``/small/N`` gives a document of a few kilobytes, ``/large/N`` one of N bytes that no compressor shortens.
"""

from __future__ import annotations

import contextlib
import random
import re
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator

ADDRESS = "127.0.0.1"
HOST = "bench.example"
SMALL_BYTES = 4 << 10

_BLOCK = random.Random(20261123).randbytes((1 << 20) - 8)
_REQUEST = re.compile(rb"GET /(small|large)/([0-9]{1,12}) HTTP/1\.1\r\n")


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        while head := self._head():
            found = _REQUEST.match(head)
            if not found:
                self.wfile.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            elif found[1] == b"small":
                self.wfile.write(
                    _answer(b"text/html; charset=utf-8", SMALL_BYTES) + _BLOCK.hex().encode()[:SMALL_BYTES]
                )
            else:
                self._large(int(found[2]))

    def _head(self) -> bytes:
        lines = []
        while (line := self.rfile.readline(65536)) not in (b"", b"\r\n"):
            lines.append(line)
        return b"".join(lines)

    def _large(self, size: int) -> None:
        self.wfile.write(_answer(b"application/octet-stream", size))
        for start in range(0, size, 1 << 20):
            self.wfile.write((start.to_bytes(8) + _BLOCK)[: size - start])


def _answer(content_type: bytes, size: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nServer: bench\r\n\r\n" % (
        content_type,
        size,
    )


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away early is no news."""


@contextlib.contextmanager
def origin() -> Iterator[int]:
    """The server's port, for as long as the block lasts."""
    command = [sys.executable, "-m", "benchmarks.origin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()  # which tells it to end


def _serve() -> None:
    with _Server((ADDRESS, 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    _serve()
