"""Pages of documentation as Debian packages it, served on loopback and saved: what others really publish."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest

import archiver
from archiver.links.encoding import decode_html
from tests import small
from tests.fetch.rawserver import NOT_FOUND, RawServer, Reply, say
from tests.links.reference import Found, Tree, sheet_links
from tests.links.test_real_pages import assert_the_same_links
from tests.programs import need

SPREAD = {"apache2-doc/manual": 50, "libbluray-dev/html": 10}
"""How many pages are taken from where."""
COUNT = sum(SPREAD.values())
CODECS = {"euc-kr": "cp949", "windows-1252": "cp1252"}
"""What Python calls an encoding of the web."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Documentation:
    """A folder that is served: its files, and within it what its symbolic links point at."""

    folder: Path
    server: RawServer
    pages: list[str]
    """The URLs of COUNT pages."""

    def file(self, url: str) -> Path | None:
        """What is served at *url*, if anything is."""
        return _file(self.folder, url.removeprefix(self.server.url("")))

    def wanted(self, page: str) -> Iterator[tuple[str, Found]]:
        """*page*, what it needs, and what that needs, as the reference sees it; each with what it names."""
        waiting, seen = [(page, {"frame"})], {page}
        while waiting:
            url, kinds = waiting.pop()
            file = self.file(url)
            named: Found = {}
            if file is not None and "frame" in kinds:
                named = Tree(file.read_bytes(), url=url).links()
            elif file is not None and "style" in kinds:
                named = sheet_links(file.read_text("utf-8"), url=url)
            yield url, named
            waiting += [(found, as_what) for found, as_what in named.items() if found not in seen]
            seen |= named.keys()


def _file(folder: Path, target: str) -> Path | None:
    file = (folder / unquote(target.partition("?")[0]).lstrip("/")).resolve()
    return file if file.is_relative_to(folder) and file.is_file() else None


def _spread(folder: Path) -> Iterator[Path]:
    for place, count in SPREAD.items():
        files = sorted(path for path in (folder / place).rglob("*.html") if not path.is_symlink())
        yield from (files[at * len(files) // count] for at in range(count))


@pytest.fixture(scope="module")
def documentation() -> Iterator[Documentation]:
    folder = need("debian-docs").resolve()

    def serve(request: bytes) -> Reply:
        file = _file(folder, request.split(b" ")[1].decode())
        if file is None:
            return say(NOT_FOUND)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {file.stat().st_size}\r\n\r\n"
        return say(head.encode() + file.read_bytes())

    with RawServer({"*": serve}) as server:
        pages = [server.url(f"/{file.relative_to(folder).as_posix()}") for file in _spread(folder)]
        yield Documentation(folder=folder, server=server, pages=pages)


def test_the_pages_are_of_many_folders_and_in_several_encodings(documentation: Documentation) -> None:
    documents = {url: file.read_bytes() for url in documentation.pages if (file := documentation.file(url))}
    assert len(documents) == COUNT
    assert len({url.rpartition("/")[0] for url in documents}) >= 20
    trees = {url: Tree(data, url=url) for url, data in documents.items()}
    assert {kind for tree in trees.values() for kinds in tree.links().values() for kind in kinds} >= {
        *("icon", "image", "script", "style")
    }
    encodings = {url: tree.encoding for url, tree in trees.items()}
    assert len(set(encodings.values())) >= 3
    ours = {url: decode_html(data, "text/html")[1] for url, data in documents.items()}
    assert ours == {url: CODECS.get(encoding, encoding) for url, encoding in encodings.items()}


@pytest.mark.parametrize("number", range(COUNT))
def test_a_page_is_saved_with_all_that_its_server_has(
    documentation: Documentation, number: int, tmp_path: Path
) -> None:
    page = documentation.pages[number]
    wanted = dict(documentation.wanted(page))
    file = documentation.file(page)
    assert file is not None
    assert_the_same_links(file.read_bytes(), page, wanted[page])
    settings = archiver.FetchSettings(allow_private=True)
    saved = archiver.save(page, small.identity(), to=tmp_path / "a.wacz", settings=settings)
    assert saved.stated.missing == []
    assert saved.stated.reasons == (["needs-script"] if "/search/" in page else [])
    with archiver.open_bundle(saved.path) as bundle:
        held = {one.url: (one.status, b"".join(one.decoded(1 << 20))) for one in bundle.capture.exchanges()}
    held.pop(documentation.server.url("/favicon.ico"), None)  # a guess
    files = {url: documentation.file(url) for url in wanted}
    assert held == {url: (200, file.read_bytes()) if file else (404, b"") for url, file in files.items()}
