"""A whole capture with secrets of every kind: none of them is in its bundle, and all else is."""

from __future__ import annotations

import base64
import gzip
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from archiver.bundle.bundle import Bundle
from archiver.fetch.cookiefile import read_cookies
from archiver.fetch.settings import FetchSettings, ForcedAddress
from archiver.save import save
from archiver.verify import Policy, verify
from archiver.warc.capture import Capture, StoredExchange
from archiver.warc.redaction import Blank
from tests import small
from tests.fetch.authority import Authority
from tests.fetch.conftest import QUICK
from tests.fetch.rawserver import NOT_FOUND, OK, RawServer, Reply, Route, Then, say

CITED, OTHER = "cited.example", "other.example"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"


class Either(RawServer):
    """Speaks http and https on one port."""

    def __init__(self, routes: Mapping[str, Route | list[Reply]], context: ssl.SSLContext) -> None:
        super().__init__(routes)
        self.secure = RawServer(routes, context=context)
        self.secure._listener.close()

    def _serve(self, sock: socket.socket) -> None:
        if sock.recv(1, socket.MSG_PEEK) == b"\x16":
            self.secure._serve(sock)
        else:
            super()._serve(sock)


class Site:
    """Routes that write down what was asked and answered, and the marks of every secret that passed."""

    def __init__(self) -> None:
        self.marks: dict[str, str] = {}
        self.talk: list[tuple[bytes, bytes]] = []

    def mark(self, name: str) -> str:
        """A value that stands nowhere else."""
        return self.marks.setdefault(name, f"{len(self.marks):02}{sha256(name.encode()).hexdigest()[:30]}")

    def logged(self, reply: Reply) -> Route:
        sent = b"".join(step for step in reply if isinstance(step, bytes))

        def route(request: bytes) -> Reply:
            self.talk.append((request, sent))
            return reply

        return route

    def image(self, lines: str, body: bytes = b"png") -> Route:
        head = HEAD + lines.encode("latin-1") + b"Content-Length: %d\r\n\r\n" % len(body)
        return self.logged(say(head + body))

    def text(self, *steps: str | float | Then) -> Route:
        return self.logged(say(*(step.encode() if isinstance(step, str) else step for step in steps)))


def resolve(*names: tuple[str, int]) -> tuple[ForcedAddress, ...]:
    return tuple(ForcedAddress.parse(f"{host}:{port}:127.0.0.1") for host, port in names)


def unlike(data: bytes, wire: bytes, blanks: list[Blank]) -> str | None:
    """How *data* differs from *wire* outside *blanks*."""
    if len(data) != len(wire):
        return "length"
    for blank in blanks:
        if set(data[blank.offset : blank.end]) != {ord("*")}:
            return f"not blank: {blank}"
        wire = wire[: blank.offset] + data[blank.offset : blank.end] + wire[blank.end :]
    return None if data == wire else "bytes"


def as_on_wire(exchange: StoredExchange, capture: Capture, wire: tuple[bytes, bytes]) -> bool:
    """Whether *exchange* is *wire*, byte for byte, but for what it says is blanked."""
    blanks = [Blank.parse(text) for text in exchange.facts.redacted]
    assert exchange.request is not None
    asked = b"".join(capture.block(exchange.request))
    if unlike(asked, wire[0], [blank for blank in blanks if blank.in_request]):
        return False
    sent = wire[1]
    for number, message in enumerate(exchange.facts.interim, 1):
        if unlike(message, sent[: len(message)], [blank for blank in blanks if blank.interim == number]):
            return False
        sent = sent[len(message) :]
    ours = [blank for blank in blanks if not blank.interim and not blank.in_request]
    return unlike(b"".join(exchange.raw()), sent, ours) is None


def in_all_codes(mark: str) -> list[bytes]:
    """*mark* as it is, and within base64 at each place it may have in a group."""
    found = [mark.encode(), quote(mark, safe="").encode(), mark.encode().hex().encode()]
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + mark.encode() + b"\0" * 2)
        found.append(coded[4:-8])
    return found


def everything_in(path: Path) -> bytes:
    """All that a reader can find in a bundle: its bytes, its records unpacked, what is coded in them."""
    found = [path.read_bytes()]
    with path.open("rb") as file:
        bundle = Bundle(file, name="bundle")
        for record in bundle.capture.records:
            window = bundle.capture.window(record.archive)
            found.append(gzip.decompress(window.read_at(record.offset, record.length)))
        for exchange in bundle.capture.exchanges():
            found += exchange.facts.interim
            found += exchange.decoded(10 << 20)
    return b"\n".join(found)


def answers(site: Site, here: str, there: str) -> dict[str, Route]:
    """A page at *here*/page, what it shows, and what *there* gives: cookies, each in a form of its own."""
    mark = site.mark
    png = HEAD.decode()
    chunked = f"{png}Transfer-Encoding: chunked\r\n"
    moved = "HTTP/1.1 302 Found\r\nSet-Cookie: {}\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n"
    many = "".join(f"X-{number}: y\r\n" for number in range(5500))
    images: dict[str, Route] = {
        "/lower": site.image(f"set-cookie:l={mark('lower')}\r\n"),
        "/lf": site.text(f"HTTP/1.1 200 OK\nSet-Cookie: l={mark('lf')}\nContent-Length: 1\n\nx"),
        "/folded": site.image(f"Set-Cookie:\r\n f={mark('folded')};\r\n\tPath={mark('path')}\r\n"),
        "/spaced": site.image(f"Set-Cookie \t:  s={mark('spaced')} \t\r\n"),
        "/old": site.image(f"SET-COOKIE2: o={mark('old')}\r\n"),
        "/hints": site.text(
            f"HTTP/1.1 103 Early Hints\r\nSet-Cookie: h={mark('hints')}\r\n\r\n",
            0.02,
            f"HTTP/1.1 100 Continue\r\nX: y\r\nset-cookie: h={mark('continue')}\r\n\r\n{OK.decode()}",
        ),
        "/trailer": site.text(
            f"{chunked}\r\n3\r\npng\r\n0\r\nX: y\r\n", f"Set-Cookie: t={mark('trailer')}\r\n\r\n"
        ),
        "/busy": site.text(f"HTTP/1.1 503 Busy\r\nSet-Cookie: b={mark('busy')}\r\nContent-Length: 0\r\n\r\n"),
        "/cut": site.text(f"HTTP/1.1 200 OK\r\nX: y\r\nSet-Cookie: c={mark('cut')}", Then.CLOSE),
        "/large": site.image(f"Set-Cookie: l={mark('large') * 2000}\r\n"),
        "/gzip": site.image(
            f"Content-Encoding: gzip\r\nSet-Cookie: g={mark('gzip')}\r\n", gzip.compress(b"x")
        ),
        "/cr": site.image(f"X: y\rSet-Cookie: c={mark('cr')}\r\n"),
        "/away": site.text(moved.format(f"w={mark('away')}", f"{there}/arrived")),
        "/two": site.image(f"Set-Cookie: a={mark('two')}\r\nX: y\r\nSet-Cookie: b={mark('three')}\r\n"),
        "/plain": site.image(""),
        "/control": site.image(f"\x00Set-Cookie\x0b: c={mark('control')}\x01\r\n"),
        "/latin": site.image(f"Set-Cookie: \xe9={mark('latin')}\xff\r\n"),
        "/late": site.text(f"{png}Content-Length: 0\r\n{many}Set-Cookie: l={mark('late')}\r\n\r\n"),
        "/hazard": site.text(f"{chunked}Set-Cookie: z={mark('hazard')}\r\n\r\n3;x=y\r\npng\r\n0\r\n\r\n"),
        "/downgrade": site.image(f"Set-Cookie: d={mark('downgrade')}\r\n"),
    }
    page = "".join(f"<img src={path}>" for path in images if path != "/downgrade")
    page += f"<img src={there}/other><img src={here.replace('https', 'http')}/downgrade>"
    return images | {
        "/": site.text(moved.format(f"r={mark('redirect')}; Path=/", f"{here}/page")),
        "/page": site.text(
            f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: s={mark('page')}; Path=/\r\n"
            f"Content-Length: {len(page)}\r\n\r\n{page}"
        ),
        "/other": site.image(f"Set-Cookie: o={mark('other')}; Path=/\r\n"),
        "/arrived": site.image(f"Set-Cookie: v={mark('arrived')}; Path=/\r\n"),
        "*": site.logged(say(NOT_FOUND)),
    }


def given(site: Site) -> FetchSettings:
    """Secrets of every kind that an operator can give."""
    mark = site.mark
    basic = base64.b64encode(f"me:{mark('password')}".encode()).decode()
    site.marks["basic"] = basic
    jar = (
        "# Netscape HTTP Cookie File\n"
        f"{CITED}\tFALSE\t/\tFALSE\t0\tone\t{mark('host-only')}\n"
        f".{CITED}\tTRUE\t/\tTRUE\t4102444800\ttwo\t{mark('secure')}\n"
        f"#HttpOnly_{CITED}\tFALSE\t/page\tFALSE\t0\tthree\t{mark('http-only')}\n"
        f"{CITED}\tFALSE\t/\tFALSE\t0\t\t{mark('nameless')}\n"
        f"{OTHER}\tFALSE\t/\tFALSE\t0\tfour\t{mark('other-given')}\n"
    )
    return FetchSettings(
        headers=(("X-Shown", "to everybody"),),
        secrets=(
            ("Authorization", f"Bearer {mark('bearer')}"),
            ("Authorization", f"Basic {basic}"),
            ("X-Api-Key", mark("key")),
            ("X-Auth-Token", f"\u00fc{mark('token')}\u20ac"),
            ("Cookie", f"mine={mark('cookie')}; r=older"),
            ("X-Session", mark("session")),
        ),
        cookies=read_cookies(jar.encode(), now=0),
    )


def test_a_whole_capture_holds_none_of_thirty_secrets_and_all_else(
    authority: Authority, tmp_path: Path
) -> None:
    site = Site()
    routes: dict[str, Route | list[Reply]] = {}
    context, _ = authority.server(CITED, OTHER)
    path = tmp_path / "secret.wacz"
    with Either(routes, context) as cited, Either(routes, context) as other:
        routes |= answers(site, f"https://{CITED}:{cited.port}", f"https://{OTHER}:{other.port}")
        settings = replace(
            given(site), resolve=resolve((CITED, cited.port), (OTHER, other.port)), cacert=authority.pem
        )
        saved = save(
            f"http://{CITED}:{cited.port}/",
            small.identity(),
            to=path,
            settings=settings,
            limits=replace(QUICK, attempts=2),
        )

    check_nothing_is_shown(site, path)
    check_each_host_got_its_own(site)
    count = check_the_record(site, path)
    assert saved.stated.settings.headers[0] == "X-Shown: to everybody"
    assert {"Authorization: ****", "Cookie: ****"} < set(saved.stated.settings.headers)
    assert saved.stated.settings.cookies == 5
    result = verify(path, Policy())
    assert [check for check in result.checks if check.verdict.value == "FAILED"] == []
    assert result.blanks == count > 150
    assert result.manifest is not None
    assert result.manifest.stated is not None
    assert result.manifest.stated.weakened == ("FORCED_ADDRESS", "EXTRA_CA", "PRIVATE_ADDRESS", "REDACTED")


def check_nothing_is_shown(site: Site, path: Path) -> None:
    wire = b"".join(asked + sent for asked, sent in site.talk)
    found = everything_in(path)
    assert len(site.marks) > 30
    for name, value in site.marks.items():
        assert value.encode() in wire or name in ("password", "other-given"), f"{name} was never sent"
        assert not [form for form in in_all_codes(value) if form in found], f"{name} is in the bundle"


def check_each_host_got_its_own(site: Site) -> None:
    own = [site.mark(name).encode() for name in ("bearer", "basic", "key", "token", "session", "cookie")]
    theirs = [asked for asked, _ in site.talk if f"Host: {OTHER}".encode() in asked]
    ours = [asked for asked, _ in site.talk if f"Host: {CITED}".encode() in asked]
    assert len(theirs) == 2
    assert len(ours) > 20
    for asked in theirs:
        assert not re.search(rb"Authorization|X-Api-Key|X-Auth|X-Session", asked)
        assert not [value for value in own if value in asked]
        assert not [name for name in ("host-only", "secure") if site.mark(name).encode() in asked]
        assert site.mark("other-given").encode() not in asked  # a page must not use what is of another site
        assert b"X-Shown: to everybody\r\n" in asked
    for asked in ours:
        assert not [value for value in own if value not in asked]
        assert asked.count(b"\r\nCookie: ") == 1
    assert sum(b"r=older" in asked for asked in ours) == 1, "a newer value takes an older one's place"
    assert any(f"r={site.mark('redirect')}".encode() in asked for asked in ours), "what is learnt works"


def check_the_record(site: Site, path: Path) -> int:
    """Find every request and answer that passed in the record; how many ranges are blanked there."""
    with path.open("rb") as file:
        capture = Bundle(file, name="bundle").capture
        exchanges = capture.exchanges()
        left = [(asked, sent) for asked, sent in site.talk if not asked.startswith(b"GET /cut ")]
        for exchange in exchanges:
            same = [one for one in left if as_on_wire(exchange, capture, one)]
            assert same, exchange.url
            left.remove(same[0])
        assert left == []
        cut = [record for record in capture.records if (record.url or "").endswith("/cut")]
        assert [record.type for record in cut] == ["response", "request", "metadata"] * 2
        answered = b"".join(capture.block(cut[0]))
        assert answered == b"HTTP/1.1 200 OK\r\nX: y\r\nSet-Cookie: " + b"*" * 34
        return sum(
            (record.block or b"").count(b"redacted: ")
            for record in capture.records
            if record.type == "metadata"
        )
