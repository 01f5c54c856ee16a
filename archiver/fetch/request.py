"""One request: what is asked for, and the bytes that ask for it."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.errors import FormatError
from archiver.fetch.limits import Budget
from archiver.fetch.settings import Headers, check_header
from archiver.url import Url

ACCEPT = {
    "document": (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
    ),
    "image": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "style": "text/css,*/*;q=0.1",
    "script": "*/*",
    "font": "*/*",
    "any": "*/*",
}
"""What Chromium asks for, but signed exchanges: their inner response would be a page nobody requested."""

_LONGEST_REFERER = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One URL to be asked for, and how it came up."""

    url: Url
    method: str = "GET"
    kind: str = "any"
    """A key of `ACCEPT`."""
    referer: str | None = None
    """The URL of the page that asks; what of it is told, *policy* decides."""
    policy: str = ""
    """A referrer policy; what is none is browsers' default."""
    via: str | None = None
    """The URL that led here, for the record."""
    hops: str = ""
    """hopsFromSeed, for the record."""
    headers: Headers = ()
    max_bytes: int = 100 << 20
    """The most that the body may have, as on the wire."""
    budget: Budget | None = None
    """What all bodies of the capture may have together, this one among them."""

    def __post_init__(self) -> None:
        if self.method not in ("GET", "HEAD") or self.kind not in ACCEPT:
            raise FormatError(f"no such request: {self.method} {self.kind}")
        for name, value in self.headers:
            check_header(name, value)


def request_bytes(
    request: Request, *, user_agent: str, headers: Headers, cookie: str | None, encoding: str = "gzip, br"
) -> bytes:
    """The request as it goes on the wire; *headers* take the place of ours of the same name.

    *encoding* is what the body may be coded in.
    """
    url = request.url
    port = f":{url.port}" if url.port is not None else ""
    ours = [
        ("Host", f"{url.host}{port}"),
        ("User-Agent", user_agent),
        ("Accept", ACCEPT[request.kind]),
        ("Accept-Encoding", encoding),
    ]
    if request.referer is not None and (told := referer(request.referer, url, request.policy)) is not None:
        ours.append(("Referer", told))
    theirs = (*headers, *request.headers)
    named = {name.lower() for name, _ in theirs}
    lines = [f"{request.method} {url.target} HTTP/1.1".encode("ascii")]
    lines += [f"{name}: {value}".encode() for name, value in ours if name.lower() not in named]
    lines += [f"{name}: {value}".encode() for name, value in theirs]
    if cookie is not None:
        lines.append(b"Cookie: " + cookie.encode("iso-8859-1"))
    lines.append(b"Connection: keep-alive")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def referer(page: str, target: Url, policy: str = "") -> str | None:
    """What *target* is told of *page* under *policy* (Referrer Policy, section 8.3)."""
    try:
        url = Url.parse(page).without_fragment
    except FormatError:
        return None
    if not url.is_http:
        return None
    origin = f"{url.origin}/"
    whole = f"{url.origin}{url.target}"  # the origin leaves out a name and password
    if len(whole) > _LONGEST_REFERER:
        whole = origin
    same = url.origin == target.origin
    downgrade = url.scheme == "https" and target.scheme == "http"
    match policy:
        case "no-referrer":
            return None
        case "unsafe-url":
            return whole
        case "origin":
            return origin
        case "same-origin":
            return whole if same else None
        case "origin-when-cross-origin":
            return whole if same else origin
        case "no-referrer-when-downgrade":
            return None if downgrade else whole
        case "strict-origin":
            return None if downgrade else origin
        case _:
            return None if downgrade else whole if same else origin
