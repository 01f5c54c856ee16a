"""`archiver show`: what a bundle holds, and its payloads as files, inside one folder."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace

from archiver.bundle.bundle import MANIFEST
from archiver.bundle.pack import pack
from archiver.manifest import SPEC
from archiver.warc.capture import OURS, Capture
from archiver.warc.exchange import Exchange
from archiver.warc.window import Window
from archiver.warc.writer import WarcWriter
from tests import small
from tests.cli.command import Command
from tests.cli.site import answer, contents
from tests.rogue import forge, members_of

UNVERIFIED = "UNVERIFIED: what the bundle says of itself; `archiver verify` checks it"
CSS = "https://news.example/2026/a.css"


def bundle_of(answers: Iterable[tuple[str, bytes]]) -> bytes:
    """A packed bundle of exchanges with these URLs and responses."""
    new_id = small.ids()
    template = small.exchanges(new_id)[0]
    with tempfile.TemporaryFile() as warc, tempfile.TemporaryFile() as out:
        writer = WarcWriter(warc, software="archiver 0.1.0", new_id=new_id)
        writer.warcinfo({}, date=small.NOON)
        for url, response in answers:
            writer.exchange(exchange(template, new_id(), url, response))
        writer.stated(small.stated().to_json(), date=small.NOON)
        warc.flush()
        pack(Capture({OURS: Window(warc)}), pages=(), to=out, created=small.NOON)
        out.seek(0)
        return out.read()


def exchange(template: Exchange, record_id: str, url: str, response: bytes) -> Exchange:
    return replace(
        template,
        record_id=record_id,
        url=url,
        request=b"GET / HTTP/1.1\r\n\r\n",
        response=io.BytesIO(response),
        response_size=len(response),
    )


def test_the_summary_is_marked_as_unverified(archiver: Command, article: Path) -> None:
    ran = archiver("show", article)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == UNVERIFIED
    assert lines[1].endswith(", sealed")
    for text in ("http://news.example/a", "A small article", small.PAGE, "HTTP 200", "complete", "gone.png"):
        assert text in ran.out


def test_a_packed_bundle_has_no_id(archiver: Command, packed: Path) -> None:
    ran = archiver("show", packed)
    assert ran.out.splitlines()[1].endswith(", packed")
    assert "\nid " not in ran.out
    assert json.loads(archiver("show", "--json", packed).out)["id"] is None


def test_json_says_that_nothing_was_verified(archiver: Command, article: Path) -> None:
    told = json.loads(archiver("show", "--json", article).out)
    assert (told["verified"], told["sealed"]) == (False, True)
    assert told["id"].startswith("sha256:")
    assert told["counts"]["exchanges"] == 5
    assert [member["name"] for member in told["members"]][-1] == "datapackage-digest.json"


def test_the_list_has_a_line_for_each_exchange(archiver: Command, article: Path) -> None:
    ran = archiver("show", "--list", article)
    assert ran.err == UNVERIFIED + "\n"
    assert [line.split()[0] for line in ran.out.splitlines()] == ["301", "200", "503", "200", "404"]
    assert ran.out.splitlines()[2].endswith(f"{CSS}  (superseded)")
    told = [json.loads(line) for line in archiver("show", "--list", "--json", article).out.splitlines()]
    assert [entry["status"] for entry in told] == [301, 200, 503, 200, 404]


@pytest.mark.parametrize(
    ("url", "more", "expected"),
    [
        (CSS, [], b"p{color:red}\n"),
        (CSS, ["--raw"], small.CHUNKED),
        (small.PAGE, [], small.HTML),
        (f"{small.PAGE}#fragment", ["--raw"], small.ANSWER),
        ("HTTPS://News.Example:443/2026/./article?id=1", [], small.HTML),
        ("http://news.example/a", [], b""),
    ],
)
def test_a_payload_is_extracted_to_the_byte(
    archiver: Command, article: Path, url: str, more: list[str], expected: bytes
) -> None:
    ran = archiver("show", article, "--extract", url, *more)
    assert (ran.code, ran.err) == (0, UNVERIFIED + "\n")
    assert ran.out.encode() == expected


def test_a_payload_of_any_bytes_is_extracted(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40
    url = "https://news.example/picture"
    (tmp_path / "a.wacz").write_bytes(bundle_of([(url, answer(data, "image/png"))]))
    done = subprocess.run(
        [sys.executable, "-m", "archiver", "show", "a.wacz", "--extract", url],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert done.stdout == data


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    url = "https://news.example/large"
    (tmp_path / "a.wacz").write_bytes(bundle_of([(url, answer(b"x" * 3_000_000))]))
    shown = subprocess.Popen(
        [sys.executable, "-m", "archiver", "show", "a.wacz", "--extract", url],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert shown.stdout is not None
    assert shown.stderr is not None
    with shown.stdout, shown.stderr:
        assert shown.stdout.read(10) == b"x" * 10
        shown.stdout.close()
        assert shown.stderr.read().decode() == UNVERIFIED + "\n"
        assert shown.wait(20) == 141


def test_files_are_the_decoded_payloads(archiver: Command, article: Path, tmp_path: Path) -> None:
    ran = archiver("show", article, "--files", "out")
    assert (ran.code, ran.err) == (0, UNVERIFIED + "\n")
    assert contents(tmp_path / "out") == {
        "0001-a": b"",
        "0002-article": small.HTML,
        "0003-a.css": b"p{color:red}\n",
        "0004-gone.png": b"gone\n",
    }
    assert ran.out.splitlines()[2] == f"out/0003-a.css  {CSS}"


def test_files_are_told_as_json(archiver: Command, article: Path) -> None:
    told = [
        json.loads(line) for line in archiver("show", article, "--files", "out", "--json").out.splitlines()
    ]
    assert told[2] == {"path": "out/0003-a.css", "url": CSS, "bytes": 13}


HOSTILE = [
    "https://news.example/../../../etc/passwd",
    "https://news.example/..",
    "https://news.example/.",
    "https://news.example/.bashrc",
    "https://news.example/..%2f..%2fetc%2fpasswd",
    "https://news.example/..\\..\\windows",
    "https://news.example/%00",
    "https://news.example/%E2%80%AEgpj.exe",
    "https://news.example/CON",
    "https://news.example/aux.txt",
    "https://news.example/a:b|c*?x",
    "https://news.example/" + "n" * 3_000,
    "https://news.example/" + "%F0%9F%98%80" * 500,
    "https://news.example/$(touch${IFS}pwned)",
    "https://news.example/-rf",
    "https://news.example//",
    "https://news.example",
    "file:///etc/passwd",
    "urn:x",
    "/etc/passwd",
    "C:\\autoexec.bat",
]


def test_no_url_leads_out_of_the_folder(archiver: Command, tmp_path: Path) -> None:
    Path("a.wacz").write_bytes(bundle_of((url, answer(url.encode())) for url in HOSTILE))
    ran = archiver("show", "a.wacz", "--files", "out")
    assert (ran.code, len(ran.out.splitlines())) == (0, len(HOSTILE))
    written = contents(tmp_path)
    names = [name for name in written if name not in ("a.wacz", "out")]
    assert sorted(written[name] or b"" for name in names) == sorted(url.encode() for url in HOSTILE)
    for name in names:
        folder, _, base = name.partition("/")
        assert folder == "out"
        assert base.isascii()
        assert base.replace("-", "").replace(".", "").replace("_", "").isalnum()
        assert len(base) <= 100


@pytest.mark.parametrize("kind", ["file", "link", "dangling", "folder", "fifo"])
def test_nothing_is_replaced_and_nothing_half_done(
    archiver: Command, article: Path, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "out").mkdir()
    taken = tmp_path / "out" / "0003-a.css"
    match kind:
        case "file":
            taken.write_bytes(b"mine")
        case "link":
            taken.symlink_to("../mine")
        case "dangling":
            taken.symlink_to("../nowhere")
        case "folder":
            taken.mkdir()
        case _:
            os.mkfifo(taken)
    before = contents(tmp_path)
    ran = archiver("show", article, "--files", "out")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "archiver: out/0003-a.css: it exists already: name an empty folder\n"
    assert contents(tmp_path) == before


def test_a_payload_that_cannot_be_decoded_leaves_no_file(archiver: Command, tmp_path: Path) -> None:
    broken = gzip.compress(b"words" * 100)[:-9]
    answers = [
        ("https://a.example/good", answer(b"good")),
        ("https://a.example/bad", answer(broken, more=b"Content-Encoding: gzip\r\n")),
        ("https://a.example/unknown", answer(b"x", more=b"Content-Encoding: zopfli\r\n")),
        ("https://a.example/well", answer(gzip.compress(b"well"), more=b"Content-Encoding: gzip\r\n")),
    ]
    Path("a.wacz").write_bytes(bundle_of(answers))
    ran = archiver("show", "a.wacz", "--files", "out")
    assert ran.code == 3
    assert contents(tmp_path / "out") == {"0001-good": b"good", "0004-well": b"well"}
    assert [line.partition(": ")[2].partition(": ")[0] for line in ran.error_lines[1:]] == [
        "https://a.example/bad",
        "https://a.example/unknown",
    ]


def test_payloads_are_decoded_up_to_a_limit(
    archiver: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.cli.show.MAX_DECODED", 10_000)
    bomb = answer(gzip.compress(bytes(1_000_000)), more=b"Content-Encoding: gzip\r\n")
    six = answer(gzip.compress(bytes(6_000)), more=b"Content-Encoding: gzip\r\n")
    names = {"bomb": bomb, "one": six, "two": six}
    Path("a.wacz").write_bytes(bundle_of((f"https://a.example/{name}", data) for name, data in names.items()))
    ran = archiver("show", "a.wacz", "--files", "out")
    assert ran.code == 3
    assert contents(tmp_path / "out") == {"0002-one": bytes(6_000)}


def test_a_bundle_of_a_newer_version_is_no_broken_one(archiver: Command, tmp_path: Path) -> None:
    members = members_of(small.bundle())
    newer = members[MANIFEST].replace(SPEC.encode(), b"archiver-bundle/v9")
    Path("a.wacz").write_bytes(forge({**members, MANIFEST: newer}))
    ran = archiver("show", "a.wacz")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("archiver: a.wacz: provenance/manifest.json: spec 'archiver-bundle/v9' is not")
    assert archiver("verify", "a.wacz").code == 3


def test_another_tools_bundle_is_named_as_such(archiver: Command, foreign: Path) -> None:
    for more in ([], ["--list"], ["--extract", "http://x/"], ["--files", "out"]):
        ran = archiver("show", foreign, *more)
        assert (ran.code, ran.out) == (3, "")
        assert ran.err.startswith(f"archiver: {foreign}: made by another tool")
    assert not Path("out").exists()
