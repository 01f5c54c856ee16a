"""The demonstration: its site is whole, and its story ends as told."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from demo.font import web_font
from demo.pictures import favicon, harbour
from demo.server import ADDRESS, Site

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def get(site: Site, url: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert f"{parts.hostname}:{parts.port}:{ADDRESS}" in site.resolve
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    connection.sock = socket.create_connection((ADDRESS, parts.port or 0), timeout=10)
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=str(site.cacert))
        connection.sock = context.wrap_socket(connection.sock, server_hostname=parts.hostname)
    with contextlib.closing(connection):
        connection.request("GET", parts.path, headers={"Host": parts.netloc})
        response = connection.getresponse()
        return response.status, response.headers, response.read()


def test_the_citation_is_a_plain_http_address_that_leads_to_the_article(site: Site) -> None:
    assert site.cited.startswith("http://")
    status, headers, _ = get(site, site.cited)
    assert (status, headers["Location"]) == (301, site.article)


def test_everything_the_article_names_is_there(site: Site) -> None:
    page = get(site, site.article)[2].decode()
    named = re.findall(r'\b(?:src|href)="([^"]+)"', page)
    named += [
        part.split()[0] for srcset in re.findall(r'srcset="([^"]+)"', page) for part in srcset.split(",")
    ]
    urls = {urljoin(site.article, url) for url in named}
    assert len(urls) >= 10
    assert {urlsplit(url).hostname for url in urls} == {"news.example", "static.example"}
    assert [url for url in sorted(urls) if get(site, url)[0] != 200] == []


def test_everything_the_stylesheets_name_is_there(site: Site) -> None:
    sheets = [url for url in site.urls if url.endswith(".css")]
    text = {url: gzip.decompress(get(site, url)[2]).decode() for url in sheets}
    named = {
        urljoin(url, name)
        for url, css in text.items()
        for name in re.findall(r'(?:url\(|@import )"([^"]+)"', css)
    }
    assert {Path(url).suffix for url in named} == {".css", ".svg", ".ttf"}
    assert [url for url in sorted(named) if get(site, url)[0] != 200] == []


def test_nothing_is_served_that_no_page_needs(site: Site) -> None:
    text = b"".join(
        gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body
        for _, headers, body in (get(site, url) for url in site.urls)
    )
    assert [url for url in site.urls if url.rpartition("/")[2].encode() not in text] == []


def test_stylesheets_come_gzipped_in_chunks(site: Site) -> None:
    _, headers, body = get(site, f"{site.static}/styles/courier.css")
    assert headers["Transfer-Encoding"] == "chunked"
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body).startswith(b"@charset")


def test_no_placeholder_is_left_in_a_page(site: Site) -> None:
    assert [url for url in site.urls if re.search(rb"@[A-Z]+@", get(site, url)[2])] == []


def test_an_unknown_path_or_host_is_not_found(site: Site) -> None:
    assert get(site, f"{site.news}/nothing")[0] == 404
    assert get(site, f"{site.static}/2026/every-tide.html")[0] == 404


def test_closing_ends_a_connection_that_is_kept_alive() -> None:
    with Site() as site:
        parts = urlsplit(site.cited)
        connection = http.client.HTTPConnection(ADDRESS, parts.port, timeout=10)
        connection.request("GET", parts.path, headers={"Host": parts.netloc})
        connection.getresponse().read()
        keys = site.cacert.parent
    with contextlib.closing(connection):
        assert connection.sock.recv(1) == b""
    assert not keys.exists()


@pytest.mark.parametrize(
    ("picture", "width"), [(harbour(400), 400), (harbour(800), 800), (favicon()[22:], 16)]
)
def test_a_painted_picture_is_a_whole_png(picture: bytes, width: int) -> None:
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(picture):
        size, kind = struct.unpack_from(">I4s", picture, at)
        data = picture[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", picture, at + 8 + size) == (zlib.crc32(kind + data),)
        chunks[kind] = data
        at += 12 + size
    columns, rows = struct.unpack_from(">II", chunks[b"IHDR"])
    assert columns == width
    assert len(zlib.decompress(chunks[b"IDAT"])) == rows * (1 + 3 * columns)


def test_the_web_font_holds_every_table_a_browser_wants_with_its_checksum() -> None:
    font = web_font()
    count = struct.unpack_from(">IH", font)[1]
    tables = {}
    for index in range(count):
        tag, checksum, offset, size = struct.unpack_from(">4sIII", font, 12 + 16 * index)
        data = font[offset : offset + size]
        assert len(data) == size
        if tag == b"head":
            data = data[:8] + bytes(4) + data[12:]
        assert (
            sum(word for (word,) in struct.iter_unpack(">I", data + bytes(-size % 4))) & 0xFFFFFFFF
            == checksum
        )
        tables[tag] = data
    assert list(tables) == sorted(tables)
    assert set(tables) == {
        b"OS/2",
        b"cmap",
        b"glyf",
        b"head",
        b"hhea",
        b"hmtx",
        b"loca",
        b"maxp",
        b"name",
        b"post",
    }
    assert sum(word for (word,) in struct.iter_unpack(">I", font)) & 0xFFFFFFFF == 0xB1B0AFBA


def tell(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "demo", *arguments],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_the_story_ends_as_told_and_can_be_told_again(tmp_path: Path) -> None:
    for _ in range(2):
        told = tell(tmp_path)
        assert told.returncode == 0, told.stdout + told.stderr
        assert told.stderr == ""
        assert re.search(r"^    PASSED ", told.stdout, re.MULTILINE)
        assert re.search(r"^    FAILED ", told.stdout, re.MULTILINE)
        assert "archive/data.warc.gz" in told.stdout.partition("FAILED  ")[2]
        assert "complete" in told.stdout
        assert "replayweb.page" in told.stdout
    assert (tmp_path / "demo-output" / "article.wacz").is_file()
    assert (tmp_path / "demo-output" / "keyring").is_dir()


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "demo-output").mkdir()
    (tmp_path / "demo-output" / "article.wacz").write_bytes(b"mine")
    told = tell(tmp_path)
    assert told.returncode == 1
    assert "the demo did not make it" in told.stderr
    assert (tmp_path / "demo-output" / "article.wacz").read_bytes() == b"mine"


@pytest.mark.parametrize("arguments", [("--help",), ("https://a.example/", "https://b.example/")])
def test_anything_but_one_url_is_a_usage_error(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    told = tell(tmp_path, *arguments)
    assert told.returncode == 2
    assert told.stderr.startswith("Usage:")


def test_the_demo_says_so_when_a_step_goes_wrong(tmp_path: Path) -> None:
    told = tell(tmp_path, "http://127.0.0.1:9/nobody-listens-here")
    assert told.returncode == 1
    assert "The demo stops here" in told.stderr
