"""A page with a thousand assets on loopback, each answer held back, in a process of its own.

Seven of ten assets are pictures, which do not compress, two are scripts and one is a style sheet; all have
20 to 50 KB, the page names each of them, and nothing names anything else. What is held back is not worked
on meanwhile, so that the server's own share of the processor stays small.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import selectors
import subprocess
import sys
import threading
from collections.abc import Iterator

from benchmarks.markup import Markup

ASSETS = 1_000
DELAY = 0.02
"""Seconds from a request's last byte to the first byte of its answer."""

_ADDRESS = "127.0.0.1"
_SEED = 20261123
_SIZES = (20_000, 50_000)
_KINDS = "picture picture picture script picture picture sheet picture script picture".split()
_TYPES = {"picture": "image/jpeg", "script": "text/javascript", "sheet": "text/css; charset=utf-8"}
_NAMED = {
    "picture": '<p><img src="{url}" alt="{words}" width="640" height="480"></p>\n',
    "script": '<script src="{url}" defer></script>\n',
    "sheet": '<link rel="stylesheet" href="{url}">\n',
}
_URL = re.compile(rb"url\([^)]*\)")
_REQUEST = re.compile(rb"GET (/[^ ]*) HTTP/1\.1\r\n")


@contextlib.contextmanager
def site(*, origins: int) -> Iterator[str]:
    """The page's URL, for as long as the block lasts; its assets are spread over *origins* ports."""
    command = [sys.executable, "-m", "benchmarks.site", str(origins)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()  # which tells it to end


class _Connection(asyncio.Protocol):
    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            asked = _REQUEST.match(head)
            answer = self._answers.get(asked[1]) if asked else None
            asyncio.get_running_loop().call_later(DELAY, self._answer, answer or _NOT_FOUND)

    def _answer(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def _answer(content_type: str, body: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 10:06:51 GMT\r\nServer: bench\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        "Last-Modified: Sun, 22 Nov 2026 22:00:00 GMT\r\nCache-Control: max-age=3600\r\n\r\n"
    )
    return head.encode("ascii") + body


_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def _answers(origins: list[str]) -> dict[bytes, bytes]:
    """What is served at each path; it is the same from every origin."""
    source, markup = random.Random(_SEED), Markup(_SEED)
    kinds = [_KINDS[number % len(_KINDS)] for number in range(ASSETS)]
    paths = [f"/{kind}/{number}" for number, kind in enumerate(kinds)]
    urls = [origins[number % len(origins)] + path for number, path in enumerate(paths)]
    named = [f'<link rel="shortcut icon" href="{urls[0]}">\n']
    answers: dict[bytes, bytes] = {}
    for number, (kind, path, url) in enumerate(zip(kinds, paths, urls, strict=True)):
        size = source.randint(*_SIZES)
        if kind == "picture":
            body = source.randbytes(size)
        elif kind == "script":
            body = markup.script(size)
        else:  # what it shows are pictures of the page
            body = _URL.sub(b"url(%s)" % urls[number - 1].encode("ascii"), markup.css(size))
        answers[path.encode("ascii")] = _answer(_TYPES[kind], body)
        named.append(f"<p>{markup.sentence()}</p>\n{_NAMED[kind].format(url=url, words=markup.sentence())}")
    page = f'<!doctype html>\n<html lang="en"><title>Bench</title>\n{"".join(named)}</html>\n'
    answers[b"/"] = _answer("text/html; charset=utf-8", page.encode("ascii"))
    return answers


async def _serve(count: int) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    answers: dict[bytes, bytes] = {}
    servers = [await loop.create_server(lambda: _Connection(answers), _ADDRESS, 0) for _ in range(count)]
    origins = [f"http://{_ADDRESS}:{server.sockets[0].getsockname()[1]}" for server in servers]
    answers |= _answers(origins)
    print(f"{origins[0]}/", flush=True)

    def wait_for_the_end() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    await over.wait()


def _loop() -> asyncio.AbstractEventLoop:
    # Most selectors wait in whole milliseconds, and so up to one longer than they are asked to.
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(_serve(int(sys.argv[1])))
