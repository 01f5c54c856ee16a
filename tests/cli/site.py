"""A site of a few pages, as `RawServer` serves it, and what a folder holds before and after."""

from __future__ import annotations

import random
from pathlib import Path

from tests.fetch.rawserver import NOT_FOUND, OK, Route, say


def answer(body: bytes, kind: str = "text/html", status: str = "200 OK", more: bytes = b"") -> bytes:
    """A whole response."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n".encode("latin-1")
    return head + more + b"\r\n" + body


PAGE = b"<!doctype html><title>Tides</title><link rel=stylesheet href=/a.css><link rel=icon href=data:,>"

NOISE = random.Random(1).randbytes(900_000)
"""Nothing makes it smaller."""

ROUTES: dict[str, Route] = {
    "/": say(answer(PAGE)),
    "/a.css": say(answer(b"p{color:red}", "text/css")),
    "/plain": say(answer(b"words\n", "text/plain")),
    "/hello": say(OK),
    "/partial": say(answer(b"<title>Part</title><img src=/broken>")),
    "/broken": say(answer(b"", status="403 Forbidden")),
    "/gone": say(NOT_FOUND),
    "/refused": say(answer(b"no", status="403 Forbidden")),
    "/bad": say(answer(b"no", status="400 Bad Request")),
    "/large": say(answer(NOISE[:200_000], "image/png")),
    "/larger": say(answer(NOISE, "image/png")),
}


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every path under *folder* with its bytes; None for what is no regular file."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
