"""A page whose every resource is known, on loopback: what a capture must hold, and must never ask for.

    python -m tests.groundtruth.site [--addresses]

serves it until interrupted. With --addresses the origins are plain addresses, for programs that cannot be
told where a name is to be found.
"""

from __future__ import annotations

import argparse
import gzip
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import brotli

import archiver
from tests.fetch.authority import Authority
from tests.fetch.rawserver import RawServer, Reply, say
from tests.groundtruth.pages import BARE, DIRECT, PAGE, Pages
from tests.groundtruth.resource import Resource

NEWS, CDN = "news.example", "cdn.example"
_NAMED = {"news": NEWS, "cdn": CDN, "port": NEWS}
_ADDRESSES = {"news": "127.0.0.1", "cdn": "127.0.0.2", "port": "127.0.0.1"}

_REASONS = {200: "OK", 302: "Found", 403: "Forbidden", 404: "Not Found", 410: "Gone"}
_CODED = re.compile(r"text/(?!plain)|application/(?:json|manifest|xhtml)|image/svg")
_COOKIE = "visit=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came, and what it was answered with."""

    url: str
    request: bytes
    status: int = 0
    entity: bytes = b""
    """The body without chunk framing, its content coding kept."""

    def header(self, name: str) -> str | None:
        """The value of the request's header *name*."""
        found = re.search(rf"(?im)^{re.escape(name)}: *([^\r\n]*)\r?$", self.request.decode("latin-1"))
        return found[1] if found else None


class Site:
    """The site while it is served; made by `ground_truth`."""

    def __init__(self, folder: Path, opened: ExitStack, *, addresses: bool) -> None:
        hosts = _ADDRESSES if addresses else _NAMED
        authority = Authority.make(folder)
        self.cacert = folder / "ca.pem"
        """The certificate that a client must trust to read what comes over https."""
        self.cacert.write_bytes(authority.pem)
        self._lock = threading.Lock()
        self._asked: list[Asked] = []
        servers = {
            name: RawServer(
                {"*": partial(self._answer, name)},
                context=authority.server(host)[0] if name == "cdn" else None,
                address=host if addresses else "127.0.0.1",
            )
            for name, host in hosts.items()
        }
        self.origins: Mapping[str, str] = {
            name: server.url("", hosts[name]) for name, server in servers.items()
        }
        """``news``, ``cdn`` (over https) and ``port``, which is news on another port."""
        pages = Pages(self.origins)
        self.url = self.origins["news"] + PAGE
        """The page that names nearly everything."""
        self.cited = (self.url, *(self.origins["news"] + path for path in (BARE, *DIRECT.values())))
        """All URLs to be cited: that page, one without an icon, and documents that are no pages."""
        self.resources: tuple[Resource, ...] = tuple(pages.resources.values())
        self.traps: Mapping[str, str] = pages.traps
        """The item of each trap by its path; nothing under /trap/ is ever to be asked for."""
        self._resources: Mapping[str, Resource] = pages.resources
        self._places: Mapping[str, int] = {url: place for place, url in enumerate(pages.resources)}
        self.resolve = tuple(
            archiver.ForcedAddress.parse(f"{hosts[name]}:{server.port}:127.0.0.1")
            for name, server in servers.items()
            if not addresses
        )
        """Where the names are to be found."""
        self.settings = archiver.FetchSettings(
            resolve=self.resolve, cacert=authority.pem, allow_private=addresses
        )
        """What a capture needs to reach the site."""
        for server in servers.values():
            opened.enter_context(server)

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Every request so far, in the order in which they came."""
        with self._lock:
            return tuple(self._asked)

    def forget(self) -> None:
        """Begin the list of requests anew."""
        with self._lock:
            self._asked.clear()

    def told(self, parent: str, target: str) -> str | None:
        """What a browser tells *target* of *parent*, the document that names it, as Referer."""
        if parent.startswith("https:") and target.startswith("http:"):
            return None
        return parent if _origin(parent) == _origin(target) else f"{_origin(parent)}/"

    def _answer(self, origin: str, request: bytes) -> Reply:
        url = self.origins[origin] + request.split(b" ", 2)[1].decode("latin-1")
        asked = Asked(url=url, request=request)
        status, mime, body = self._said(origin, asked)
        resource = self._resources.get(url)
        place = self._places.get(url, 0)
        coding = _coding(place, mime, asked.header("Accept-Encoding") or "")
        entity = _encoded(body, coding)
        with self._lock:
            self._asked.append(replace(asked, status=status, entity=entity))
        chunked = place % 2 == 1
        fields = {
            "Content-Type": mime,
            "Access-Control-Allow-Origin": "*",
            "Location": resource.location if resource is not None else None,
            "Set-Cookie": f"{_COOKIE}; Path=/" if url == self.url else None,
            "Content-Encoding": coding or None,
            "Transfer-Encoding": "chunked" if chunked else None,
            "Content-Length": None if chunked else str(len(entity)),
        }
        lines = [f"HTTP/1.1 {status} {_REASONS[status]}"]
        lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
        head = "\r\n".join([*lines, "", ""]).encode()
        return say(head + (_chunked(entity) if chunked else entity))

    def _said(self, origin: str, asked: Asked) -> tuple[int, str, bytes]:
        """Status, media type and body for one request."""
        resource = self._resources.get(asked.url)
        if asked.header("Host") != self.origins[origin].partition("//")[2]:
            return 403, "text/plain", b"This is another host.\n"
        if resource is None:
            trap = "/trap/" in asked.url
            return (200, "text/plain", b"A trap.\n") if trap else (404, "text/plain", b"No such thing.\n")
        if not self._is_met(resource, asked):
            return 403, "text/plain", b"Not for you.\n"
        return resource.status, resource.mime, resource.body

    def _is_met(self, resource: Resource, asked: Asked) -> bool:
        match resource.need:
            case "accept":
                return "image/webp" in (asked.header("Accept") or "")
            case "cookie":
                return asked.header("Cookie") == _COOKIE
            case "referer":
                return asked.header("Referer") == self.told(resource.parent or "", resource.url)
            case "no-referer":
                return asked.header("Referer") is None
            case _:
                return True


@contextmanager
def ground_truth(*, addresses: bool = False) -> Iterator[Site]:
    """The site, served in threads of this process until the block ends."""
    with ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="archiver-ground-truth-"))
        yield Site(Path(folder), opened, addresses=addresses)


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _coding(place: int, mime: str, accepted: str) -> str:
    """How a text is sent: in gzip, in Brotli or as it is, in turn, where the client takes that."""
    coding = ("gzip", "br", "")[place % 3] if _CODED.match(mime) else ""
    return coding if re.search(rf"\b{coding}\b", accepted) else ""


def _encoded(body: bytes, coding: str) -> bytes:
    if coding == "gzip":
        return gzip.compress(body, mtime=0)
    return brotli.compress(body) if coding == "br" else body


def _chunked(entity: bytes, size: int = 500) -> bytes:
    pieces = [entity[at : at + size] for at in range(0, len(entity), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.groundtruth.site", description=__doc__)
    parser.add_argument("--addresses", action="store_true", help="plain addresses instead of names")
    options = parser.parse_args()
    with ground_truth(addresses=options.addresses) as site:
        told = " ".join(f"--resolve {entry}" for entry in site.resolve) or "--allow-private"
        print(f"page       {site.url}")
        print(f"also       {' '.join(site.cited[1:])}")
        print(f"origins    {' '.join(site.origins.values())}")
        print(f"cacert     {site.cacert}")
        print(f"archiver   --cacert {site.cacert} {told}")
        if not options.addresses:
            print(f"chromium   --host-resolver-rules='MAP {NEWS} 127.0.0.1, MAP {CDN} 127.0.0.1'")
        print(f"resources  {len(site.resources)}", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    _main()
