"""Documents that are not what they are called, and XML and JSON that are written to break their readers."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.hostile.case import IMAGE, Case, answer, page
from tests.hostile.server import Routes

_XHTML = "<html xmlns='http://www.w3.org/1999/xhtml'><head><link rel='icon' href='data:,'/></head>"


def _laughs(count: int) -> str:
    entities = "".join(f"<!ENTITY e{number} '{f'&e{number - 1};' * 10}'>" for number in range(1, count))
    return f"<!DOCTYPE html [<!ENTITY e0 'ha'>{entities}]>{_XHTML}<p>&e{count - 1};</p><img src='x'/></html>"


def _with_json(text: str) -> Routes:
    """A page with *text* in it twice, and once more as its manifest."""
    scripts = "".join(f"<script type={kind}>{text}</script>" for kind in ("application/ld+json", "importmap"))
    return {
        "/": page(f"<link rel=manifest href=/m>{scripts}"),
        "/m": answer(text, "application/manifest+json"),
    }


def _in_frames(documents: Sequence[tuple[str, bytes, tuple[str, ...]]]) -> Routes:
    """Each of *documents*, with its Content-Type, in a frame of its own."""
    frames = "".join(f"<iframe src=/frame{number}></iframe>" for number in range(len(documents)))
    served = {f"/frame{number}": answer(body, mime) for number, (mime, body, _) in enumerate(documents)}
    return {"/": page(frames), "*": IMAGE, **served}


_MISLABELLED: tuple[tuple[str, bytes, tuple[str, ...]], ...] = (
    ("text/html; charset=iso-8859-1", "\ufeff<img src=/1ä?ä>".encode("utf-16-be"), ("/1%C3%A4?%C3%A4",)),
    ("text/html; charset=utf-16be", "<img src=/2ä>".encode("utf-16-be"), ("/2%C3%A4",)),
    ("text/html", "<img src=/no>".encode("utf-16-le"), ()),
    ("text/html; charset=windows-1252", "<img src=/3ä?ä>".encode(), ("/3%C3%83%C2%A4?%C3%A4",)),
    ("text/html; charset=utf-8", "<img src=/4ä>".encode("cp1252"), ("/4%EF%BF%BD",)),
    ("text/html; charset=utf-7", b"<meta charset=utf-7>+ADw-img src=/no+AD4-<img src=/5>", ("/5",)),
    ("text/html; charset=\x1b[2Jrot13", b"<img src=/6>", ("/6",)),
    ("text/html", b"\0<im\0g src=/no>\0<img src=/7\0>\0\0" + b"\0" * 100_000, ("/7%EF%BF%BD",)),
    ("text/plain\r\nContent-Type: text/html", b"<img src=/8>", ("/8",)),
    ("", b"<!--" + b"x" * 5_000 + b"--><img src=/9>", ("/9",)),
    ("", f"<?xml version='1.0'?>{_XHTML}<img src='/10'/></html>".encode(), ("/10",)),
    (
        "application/xhtml+xml",
        "<!DOCTYPE html SYSTEM '/no' [<!ENTITY % p SYSTEM '/no'>%p;<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
        f"{_XHTML}&e;<img src='/11'/></html>".encode(),
        ("/11",),
    ),
    (
        "image/svg+xml",
        (
            b"<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>"
            b"<use href='#a'/><use href='/frame12#a'/><image href='/frame12'/><image xlink:href='/12'/></svg>"
        ),
        ("/12",),
    ),
)
"""A Content-Type, a body, and what a browser asks for then."""

_TOO_MUCH = tuple(
    text.encode()
    for text in (
        _laughs(10),
        f"{_XHTML}<p>&#xD800;</p><img src='/no'/></html>",
        f"{_XHTML}<{'a' * 60_000}/><img src='/no'/></html>",
    )
)
_NESTED = "[" * 100_000 + "]" * 100_000

CASES = (
    Case(
        name="documents in encodings and of types that are not theirs",
        routes=lambda: _in_frames(_MISLABELLED),
        requests=2 + sum(1 + len(asked) for *_, asked in _MISLABELLED),
        asked=tuple(target for *_, asked in _MISLABELLED for target in asked),
        status="complete",
    ),
    Case(
        name="XML that is too much, or none",
        routes=lambda: _in_frames([("application/xhtml+xml", body, ()) for body in _TOO_MUCH]),
        requests=2 + len(_TOO_MUCH),
        status="partial",
        reasons=("missing",),
        missing={"limit-links": len(_TOO_MUCH)},
    ),
    Case(
        name="JSON of 20 MB in a page, and as a manifest",
        routes=lambda: _with_json(json.dumps({"x": "x" * 20_000_000})),
        requests=2,
        peak=200,
        status="partial",
        reasons=("missing",),
        missing={"limit-links": 2},
    ),
    Case(
        name="JSON 100,000 deep in a page, and as a manifest",
        routes=lambda: _with_json(f'{{"icons":{_NESTED},"imports":{_NESTED}}}'),
        requests=2,
        status="complete",
    ),
)
