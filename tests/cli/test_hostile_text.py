"""Text from pages, servers and bundles has no power over a terminal, and draws no verdict of its own."""

from __future__ import annotations

import json
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from archiver.bundle.bundle import MANIFEST, PAGES
from archiver.bundle.container import LAST
from archiver.bundle.datapackage import Datapackage, DatapackageDigest
from archiver.bundle.pack import pack, pages_of
from archiver.bundle.statement import Statement
from archiver.signing.keyring import Keyring
from archiver.warc.capture import OURS, Capture
from archiver.warc.exchange import Exchange
from archiver.warc.stated import Missing, Stated
from archiver.warc.window import Window
from archiver.warc.writer import WarcWriter
from tests import small
from tests.cli.command import Command, Ran
from tests.cli.site import answer
from tests.fetch.rawserver import NOT_FOUND, RawServer, Reply, Route, say
from tests.rogue import forge, members_of, zipped

FAKE = "PASSED  article.wacz  id sha256:" + "0" * 64
EVIL = (
    f"\r\n{FAKE}\n\x1b[2J\x1b[H\x1b]8;;http://evil.example/\x07{FAKE}\x1b]8;;\x07\x9b31m\x00\x7f\x85{FAKE}\x0b\x0c"
    f"\u202e{FAKE}\u2066\u200f\u200b\ufeff\u2028{FAKE}\u2029{FAKE}\U000e0041"
)
KEY = "".join(char for char in EVIL if char.isascii())
IN_A_HEADER = "text/\x1b[2Jhtml\x9b31m\u202e" + FAKE + "; charset=utf-8"


def check(ran: Ran, *, verdicts: int = 0) -> None:
    """Nothing but printable characters and new lines, and no verdict but *verdicts* of ours."""
    for text in (ran.out, ran.err):
        unsafe = {char for char in text if char != "\n" and not is_safe(char)}
        assert unsafe == set(), ascii(unsafe)
    lines = (ran.out + ran.err).splitlines()
    assert sum(line.startswith(("PASSED", "FAILED", "INDETERMINATE")) for line in lines) == verdicts
    assert len(lines) < 300
    assert ran.out.startswith("{") or max(map(len, lines), default=0) < 10_000


def is_safe(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def stated() -> Stated:
    """What was stated, with all its texts evil."""
    evil = Missing(url=EVIL, referrer=EVIL, reason=EVIL)
    return msgspec.structs.replace(
        small.stated(),
        status="partial",
        reasons=[EVIL, EVIL],
        missing=[evil] * 60,
        missing_count=60,
        broken_at_origin=[evil],
        broken_at_origin_count=1,
        operator=EVIL,
        environment={"software": EVIL},
    )


def evil_bundle() -> bytes:
    """A sound bundle, sealed, of a capture whose server and page are evil."""
    new_id = small.ids()
    redirect, page, *_ = small.exchanges(new_id)
    with tempfile.TemporaryFile() as warc, tempfile.TemporaryFile() as out:
        writer = WarcWriter(warc, software="archiver 0.1.0", new_id=new_id)
        writer.warcinfo({}, date=small.NOON)
        writer.exchange(redirect)
        writer.exchange(with_type(page, IN_A_HEADER))
        writer.stated(stated().to_json(), date=small.NOON)
        warc.flush()
        capture = Capture({OURS: Window(warc)})
        pack(capture, pages=pages_of(capture, lambda _: EVIL), to=out, created=small.NOON)
        out.seek(0)
        return small.sealed(out.read())


def with_type(exchange: Exchange, content_type: str) -> Exchange:
    data = exchange.response.read().replace(b"text/html", content_type.encode())
    exchange.response.seek(0)
    exchange.response.truncate()
    exchange.response.write(data)
    exchange.response.seek(0)
    return msgspec.structs.replace(exchange, response_size=len(data))


USES: list[list[str]] = [
    ["verify"],
    ["verify", "--explain"],
    ["verify", "--json"],
    ["show"],
    ["show", "--list"],
    ["show", "--json"],
    ["show", "--list", "--json"],
    ["show", "--files", "out"],
    ["show", "--extract", "http://nowhere.example/"],
    ["show", "--extract", small.PAGE],
    ["seal"],
]


@pytest.mark.parametrize("use", USES, ids=map(" ".join, USES))
@pytest.mark.parametrize("name", ["article.wacz", "\x1b[2J\nPASSED  x\u202e\udce9.wacz"])
def test_an_evil_bundle_has_no_power(
    archiver: Command, keyring: Keyring, tmp_path: Path, use: list[str], name: str
) -> None:
    keyring.trust(small.identity().identity, small.NOON)
    (tmp_path / name).write_bytes(evil_bundle())
    ran = archiver(*use, name)
    verdicts = 1 if use[0] == "verify" and "--json" not in use else 0
    check(ran, verdicts=verdicts)
    if verdicts:
        assert ran.out.startswith("PASSED  ")
        assert ran.code == 0
    if "--json" in use:
        for line in ran.out.splitlines():
            json.loads(line)


def test_json_gives_texts_as_they_are(archiver: Command, tmp_path: Path) -> None:
    (tmp_path / "article.wacz").write_bytes(evil_bundle())
    summary = json.loads(archiver("show", "--json", "article.wacz").out)
    assert summary["pages"][0]["title"] == EVIL
    assert summary["stated"]["reasons"] == [EVIL, EVIL]


def test_an_identity_files_name_has_no_power(archiver: Command, article: Path, tmp_path: Path) -> None:
    name = "\x1b[2J\nPASSED\u202e.json"
    (tmp_path / name).write_bytes(small.identity().identity.to_bytes())
    ran = archiver("verify", "--explain", "--trust", name, article)
    check(ran, verdicts=1)
    assert ran.code == 0


def with_member(name: str, data: bytes) -> Callable[[], bytes]:
    return lambda: forge({**members_of(small.bundle()), name: data})


def with_closing(data: bytes) -> Callable[[], bytes]:
    """The last member, which `forge` would make anew, replaced."""
    return lambda: zipped({**members_of(small.bundle()), LAST[1]: data})


def changed(**hooks: object) -> Callable[[], bytes]:
    return lambda: forge(members_of(small.bundle()), **hooks)  # type: ignore[arg-type]


def evil_package(field: str) -> Callable[[Datapackage], Datapackage]:
    return lambda package: msgspec.structs.replace(package, **{field: EVIL})


def evil_statement(field: str) -> Callable[[Statement], Statement]:
    def hook(statement: Statement) -> Statement:
        if field in Statement.__struct_fields__:
            return msgspec.structs.replace(statement, **{field: EVIL})
        predicate = msgspec.structs.replace(statement.predicate, **{field: EVIL})
        return msgspec.structs.replace(statement, predicate=predicate)

    return hook


def evil_closing(field: str) -> Callable[[DatapackageDigest], DatapackageDigest]:
    def hook(closing: DatapackageDigest) -> DatapackageDigest:
        if field == "signed_data":
            return msgspec.structs.replace(closing, signed_data={KEY: EVIL})
        if field == "evidence":
            assert closing.provenance is not None
            provenance = msgspec.structs.replace(closing.provenance, evidence=[{KEY: EVIL, "type": EVIL}])
            return msgspec.structs.replace(closing, provenance=provenance)
        if field in ("media_type", "envelope"):
            assert closing.provenance is not None
            value: object = EVIL if field == "media_type" else {KEY: EVIL, "payloadType": EVIL}
            provenance = msgspec.structs.replace(closing.provenance, **{field: value})
            return msgspec.structs.replace(closing, provenance=provenance)
        return msgspec.structs.replace(closing, **{field: EVIL})

    return hook


def evil_manifest() -> bytes:
    value = json.loads(members_of(small.bundle())[MANIFEST])
    value["spec"] = EVIL
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def evil_name() -> bytes:
    """A member's name changed in both headers."""
    return small.bundle().replace(b"indexes/index.cdx", b"\x1b[2J\nPASSED  ok\xe2")


JSON = json.dumps({KEY: EVIL}, separators=(",", ":"), ensure_ascii=False).encode()
JSON_KEY = json.dumps({EVIL: EVIL}, separators=(",", ":"), ensure_ascii=False).encode()
BROKEN: dict[str, Callable[[], bytes]] = {
    **{f"package {name}": changed(package=evil_package(name)) for name in
       ("created", "software", "title", "main_page_url", "main_page_date", "profile", "wacz_version")},
    **{f"statement {name}": changed(statement=evil_statement(name)) for name in
       ("producer", "origin", "created", "identity", "predicate_type", "type")},
    **{f"closing {name}": changed(closing=evil_closing(name)) for name in
       ("path", "hash", "media_type", "envelope", "signed_data", "evidence")},
    "payload": changed(payload=lambda _: JSON),
    "payload key": changed(payload=lambda _: JSON_KEY),
    "payload type": changed(payload_type=EVIL),
    "manifest": lambda: with_member(MANIFEST, evil_manifest())(),
    "manifest of another kind": with_member(MANIFEST, JSON),
    "pages": lambda: with_member(PAGES, members_of(small.bundle())[PAGES] + JSON_KEY + b"\n")(),
    "index": with_member("indexes/index.cdx", EVIL.encode() + b"\n"),
    "warc": with_member("archive/data.warc.gz", EVIL.encode()),
    "another member": with_member("article/article.md", EVIL.encode()),
    "last member": with_closing(JSON),
    "last member's key": with_closing(JSON_KEY),
    "member name": evil_name,
}  # fmt: skip


SOUND = ("package software", "another member", "closing evidence")
"""No rule is broken by these."""


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_evil_bundle_has_no_power(
    archiver: Command, keyring: Keyring, tmp_path: Path, case: str
) -> None:
    keyring.trust(small.identity().identity, small.NOON)
    Path("article.wacz").write_bytes(BROKEN[case]())
    for more in ([], ["--explain"]):
        ran = archiver("verify", *more, "article.wacz")
        check(ran, verdicts=1)
        assert not ran.out.startswith("PASSED") or case in SOUND
    for use in (["show"], ["show", "--list"], ["show", "--json"], ["seal"], ["verify", "--json"]):
        check(archiver(*use, "article.wacz"))


def evil_page() -> bytes:
    title = EVIL.replace("\x00", "")
    links = "".join(f'<img src="/{number}/{title}">' for number in range(3))
    return f"<!doctype html><meta charset=utf-8><title>{title}</title>{links}".encode()


def test_an_evil_site_has_no_power_over_whoever_saves_it(archiver: Command, keyring: Keyring) -> None:
    routes: dict[str, Route | list[Reply]] = {
        "/": say(
            b"HTTP/1.1 302 \x1b[2J\x9b31m %s\r\nLocation: /page\x1b[2J\xe2\x80\xae?%s\r\nX: \x1b[31m\r\n"
            b"Content-Length: 0\r\n\r\n" % (FAKE.encode(), FAKE.replace(" ", "\x0b").encode())
        ),
        "*": lambda request: say(
            answer(evil_page(), kind=IN_A_HEADER.encode().decode("latin-1"))
            if b" /page" in request
            else NOT_FOUND
        ),
    }
    with RawServer(routes) as site:
        ran = archiver("save", site.url(f"/?{EVIL}"), site.url("/"), "--allow-private", "--attempts", "1")
    check(ran)
    paths = ran.out.splitlines()
    assert len(paths) == 2
    for path in paths:
        for use in USES[:-1]:
            check(archiver(*use, path), verdicts=use[0] == "verify" and "--json" not in use)


def test_an_evil_url_has_no_power_in_an_error(archiver: Command, keyring: Keyring) -> None:
    for text in (EVIL, f"http://{EVIL}/", f"http://127.0.0.1:9/{EVIL}", f"ftp://x/{EVIL}"):
        for use in (["save"], ["verify"], ["show"], ["identity", "new"], ["identity", "trust"]):
            ran = archiver(*use, text.replace("\x00", ""))
            assert ran.code in (1, 2)
            check(ran)
            assert len(ran.error_lines) == 1
