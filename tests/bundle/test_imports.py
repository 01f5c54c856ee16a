"""WARCs of other makers in a bundle of ours: kept byte for byte, signed as imported, never taken for more."""

from __future__ import annotations

import functools
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from archiver.bundle.bundle import ARCHIVES, INDEX, MANIFEST, PAGES
from archiver.bundle.container import check_name
from archiver.bundle.datapackage import Datapackage
from archiver.bundle.pages import Page, read_pages, write_pages
from archiver.digest import Digest
from archiver.errors import FormatError, InputError, VerificationError
from archiver.imports import Import, Source, archive_names
from archiver.manifest import Manifest, project
from archiver.verify import Result, verify
from archiver.warc.capture import OURS, Capture
from archiver.warc.cdxj import index_bytes
from archiver.warc.stated import Stated
from archiver.warc.window import Window
from archiver.warc.writer import WarcWriter
from tests import rogue, small
from tests.memory import memory_file
from tests.warc import theirs
from tests.warc.theirs import ANSWER, CHUNKED, DATE, HTML, SHAPES, URL, record, record_id


@contextmanager
def importing(warcs: Sequence[tuple[str, bytes]]) -> Iterator[Import]:
    """The *warcs*, each with its file's name, on their way into a bundle."""
    with ExitStack() as opened:
        sources = [
            Source(name=name, window=Window(opened.enter_context(memory_file(data)))) for name, data in warcs
        ]
        yield Import(sources, now=lambda: small.NOON)


def imported(*warcs: tuple[str, bytes], urls: Sequence[str] = (), source: str | None = None) -> bytes:
    """A packed bundle of *warcs*."""
    with importing(warcs) as on_the_way, tempfile.TemporaryFile() as out:
        on_the_way.check()
        cited = [(url, on_the_way.named_page(url)) for url in urls]
        pages = tuple(page for _, page in cited) or on_the_way.found_pages()
        on_the_way.pack(pages=pages, cited=cited, source=source, to=out)
        out.seek(0)
        return out.read()


def judged(data: bytes) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.wacz"
        path.write_bytes(data)
        return verify(path, small.policy())


def findings(data: bytes) -> set[tuple[str, str, str]]:
    return {
        (check.name, check.verdict.value, check.code)
        for check in judged(data).checks
        if check.code not in ("OK", "CLAIMED_TIME")
    }


def members_of(data: bytes) -> Mapping[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def manifest_of(data: bytes) -> Manifest:
    return Manifest.from_json(members_of(data)[MANIFEST])


@pytest.mark.parametrize("packed", [True, False], ids=["members", "plain"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_any_tool_wrote_is_sealed_and_passes_with_its_notes(shape: str, packed: bool) -> None:
    records = SHAPES[shape]()
    warc = theirs.gzipped(records) if packed else b"".join(records)
    urls = [URL] if shape == "warcprox" else []  # it holds no HTML page
    bundle = small.sealed(imported(("Their Crawl.WARC.gz" if packed else "x.warc", warc), urls=urls))
    name = "their-crawl.warc.gz" if packed else "x.warc"
    assert members_of(bundle)[ARCHIVES + name] == warc
    result = judged(bundle)
    assert result
    _, notes = theirs.read(warc)
    said = [check.message for check in result.checks if check.code == "IMPORT_NOTE"]
    assert said == [
        f"archive/{name}: {code}: {count}, the first in the record at offset {offset}"
        for code, (count, offset) in sorted(notes.items())
    ]
    assert result.manifest is not None
    assert result.manifest.origin == "imported"


def test_what_is_stated_of_an_import() -> None:
    warc = b"".join(SHAPES["browsertrix"]())
    bundle = imported(("Crawl Ä.warc", warc), urls=[URL + "#top"], source="The National Library")
    manifest = manifest_of(bundle)
    stated = manifest.stated
    assert stated is not None
    (one,) = stated.imports
    assert (one.archive, one.name, one.bytes) == ("crawl--.warc", "Crawl Ä.warc", len(warc))
    assert (one.digest, one.source) == (str(Digest.of(warc)), "The National Library")
    assert (stated.origin, stated.engine) == ("imported", "import")
    assert (stated.status, stated.reasons) == ("partial", ["imported"])
    assert stated.weakened == ("SETTINGS_UNKNOWN",)
    assert (stated.requested, [(c.url, c.as_written) for c in stated.citations]) == (
        URL,
        [(URL, URL + "#top")],
    )
    assert stated.clock.start.utc == "2026-11-23T12:00:00.250000Z"
    entry = manifest.derived.exchanges[0]
    assert (entry.archive, entry.date, entry.method) == ("crawl--.warc", "2024-05-06T07:08:09.123Z", "GET")
    assert manifest.derived.counts.records == {
        "metadata": 1, "request": 1, "resource": 1, "response": 1, "warcinfo": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a.warc.gz"], ["a.warc.gz"]),
        (["A B\n(1).WARC"], ["a-b--1-.warc"]),
        (["data.warc.gz"], ["data-2.warc.gz"]),
        (["data.warc"], ["data.warc"]),
        (["a.warc", "A.warc", "a.WARC", "a.warc.gz"], ["a.warc", "a-2.warc", "a-3.warc", "a.warc.gz"]),
        (["a-2.warc", "a.warc", "a.warc"], ["a-2.warc", "a.warc", "a-3.warc"]),
        (["crawl"], ["crawl.warc"]),
        (["crawl.gz+"], ["crawl.gz-.warc.gz"]),
        ([".warc"], ["-.warc"]),
        ([".hidden.warc"], ["-hidden.warc"]),
        (["é" * 300 + ".warc"], ["-" * 150 + ".warc"]),
        (["a.warc.gz.warc"], ["a.warc.gz.warc"]),
        (["K\u212a.warc"], ["k-.warc"]),
    ],
)
def test_the_name_under_archive(given: list[str], expected: list[str]) -> None:
    with memory_file(b"WARC") as plain, memory_file(b"\x1f\x8b") as gzipped:
        names = archive_names(
            [Source(name=name, window=Window(gzipped if name.endswith("+") else plain)) for name in given]
        )
    assert list(names) == expected
    for name in names:
        check_name(ARCHIVES + name)


def test_several_warcs_of_one_name_lie_side_by_side_in_the_order_of_their_names() -> None:
    one = record("response", ANSWER)
    two = record("response", CHUNKED, fields={"WARC-Target-URI": URL + ".css"})
    bundle = small.sealed(imported(("data.warc.gz", theirs.gzipped([two])), ("x.warc", one), ("X.warc", two)))
    held = [name for name in members_of(bundle) if name.startswith(ARCHIVES)]
    assert held == [f"archive/{name}" for name in ("data-2.warc.gz", "data.warc.gz", "x-2.warc", "x.warc")]
    assert judged(bundle)
    stated = manifest_of(bundle).stated
    assert stated is not None
    assert [(each.archive, each.name) for each in stated.imports] == [
        ("data-2.warc.gz", "data.warc.gz"), ("x-2.warc", "X.warc"), ("x.warc", "x.warc"),
    ]  # fmt: skip
    places = [line.partition(b'"filename": ')[2][:17] for line in members_of(bundle)[INDEX].splitlines()]
    assert places == [b'"x.warc", "record', b'"data-2.warc.gz",', b'"x-2.warc", "reco']


def page(number: int, url: str, body: bytes = HTML, **fields: str) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    more = {name.replace("_", "-"): value for name, value in fields.items()}
    return record(
        "response", head + body, fields={"WARC-Record-ID": record_id(number), "WARC-Target-URI": url, **more}
    )


NEWS = "https://news.example/"
LATER = "2024-06-01T00:00:00Z"
WARC = b"".join(
    (
        page(1, NEWS, b"<title>First</title>"),
        page(2, NEWS, b"<title>Second</title>", WARC_Date=LATER),
        page(3, NEWS + "a b?x=%C3%A9#frag", b"<title>Spaced</title>"),
        record(
            "response", CHUNKED, fields={"WARC-Record-ID": record_id(4), "WARC-Target-URI": NEWS + "a.css"}
        ),
        record(
            "response",
            b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n",
            fields={"WARC-Record-ID": record_id(5), "WARC-Target-URI": NEWS + "gone"},
        ),
        record(
            "response",
            b"HTTP/1.1 404 Not Found\r\n\r\n",
            fields={
                "WARC-Record-ID": record_id(13),
                "WARC-Target-URI": NEWS + "same",
                "WARC-Date": LATER,
            },
        ),
        page(6, NEWS + "form"),
        record(
            "request",
            b"POST /form HTTP/1.1\r\n\r\na=b",
            fields={
                "WARC-Record-ID": record_id(7),
                "WARC-Target-URI": NEWS + "form",
                "WARC-Concurrent-To": record_id(6),
            },
        ),
        page(8, NEWS + "twice", b"one"),
        page(9, NEWS + "twice", b"other"),
        page(10, NEWS + "same"),
        page(11, NEWS + "same"),
        record(
            "revisit",
            ANSWER.removesuffix(HTML),
            fields={
                "WARC-Record-ID": record_id(12),
                "WARC-Target-URI": NEWS + "copy",
                "WARC-Refers-To": record_id(10),
                "WARC-Date": LATER,
            },
        ),
    )
)


def test_the_pages_that_are_found_are_the_html_documents() -> None:
    pages = read_pages(members_of(imported(("a.warc", WARC)))[PAGES])
    assert [(one.url.removeprefix(NEWS), one.ts, one.title) for one in pages] == [
        ("", DATE, "First"), ("", LATER, "Second"), ("a b?x=%C3%A9#frag", DATE, "Spaced"),
        ("same", DATE, "An article"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("named", "found"),
    [
        (NEWS, ("", LATER)),  # the latest
        ("HTTPS://NEWS.example:443", ("", LATER)),
        (NEWS + "#part", ("", LATER)),
        (NEWS + "a b?x=%C3%A9#frag", ("a b?x=%C3%A9#frag", DATE)),
        (NEWS + "a%20b?x=é", ("a b?x=%C3%A9#frag", DATE)),
        (NEWS + "a.css", ("a.css", DATE)),
        (NEWS + "gone", ("gone", DATE)),
        (NEWS + "same", ("same", DATE)),
    ],
)
def test_a_page_is_found_as_written_or_as_a_browser_writes_it(named: str, found: tuple[str, str]) -> None:
    bundle = small.sealed(imported(("a.warc", WARC), urls=[named]))
    (only,) = read_pages(members_of(bundle)[PAGES])
    assert (only.url.removeprefix(NEWS), only.ts) == found
    assert judged(bundle)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (NEWS + "gon", f"a.warc: holds no answer to {NEWS}gon; it holds {NEWS}gone, "),
        ("nonsense", "a.warc: holds no answer to nonsense; it holds "),
        (NEWS + "form", "holds no answer to"),  # what was posted is no page
        (NEWS + "copy", "only a record that it was the same as before"),
        (NEWS + "twice", "holds differing answers to"),
    ],
)
def test_a_page_that_is_not_there_is_refused_with_what_is_near(named: str, said: str) -> None:
    with importing([("a.warc", WARC)]) as on_the_way, pytest.raises(InputError) as raised:
        on_the_way.named_page(named)
    assert said in str(raised.value)


def dated(number: int, url: str, date: str, block: bytes) -> bytes:
    return record(
        "response",
        block,
        fields={"WARC-Record-ID": record_id(number), "WARC-Target-URI": url, "WARC-Date": date},
    )


OTHER = ANSWER.replace(b"Words", b"Wards")


@pytest.mark.parametrize(
    ("others_url", "others_date"),
    [
        (URL, "2024-05-06T07:08:09.0Z"),
        (URL, "2024-05-06T07:08:09.000999Z"),
        (URL + "#", DATE),
        (URL + "#part", "2024-05-06T07:08:09.0001Z"),
    ],
)
def test_no_page_is_one_of_several_answers_that_players_cannot_tell_apart(
    others_url: str, others_date: str
) -> None:
    first, alike = dated(1, URL, DATE, ANSWER), dated(2, others_url, others_date, ANSWER)
    with importing([("a.warc", first + alike)]) as on_the_way:
        assert on_the_way.capture.notes["a.warc"]["second-answer"] == (1, len(first))
        assert [page.url for page in on_the_way.found_pages()] == [URL, others_url]
    warc = first + dated(2, others_url, others_date, OTHER)
    with importing([("a.warc", warc)]) as on_the_way:
        assert not on_the_way.html
        with pytest.raises(InputError, match="differing answers"):
            on_the_way.named_page(URL)
    for place in ((URL, DATE), (others_url, others_date)):
        bundle = forged(
            lambda value: with_import(value, digest=str(Digest.of(warc)), bytes=len(warc)),
            archives={"archive/a.warc": warc},
            page=place,
        )
        assert ("pages", "FAILED", "FORMAT_FAILURE") in findings(bundle)


def test_no_page_is_an_answer_that_a_revisit_lies_over() -> None:
    gone = dated(1, URL, DATE, ANSWER.replace(b"200 OK", b"404 Not Found"))
    other = dated(2, "https://other.example/", DATE, OTHER)
    fields = {"WARC-Record-ID": record_id(3), "WARC-Refers-To": record_id(2)}
    warc = gone + other + record("revisit", OTHER.removesuffix(HTML), fields=fields)
    with importing([("a.warc", warc)]) as on_the_way:
        assert on_the_way.capture.revisits()
        with pytest.raises(InputError, match="differing answers"):
            on_the_way.named_page(URL)


def test_an_archive_that_is_written_to_while_it_is_packed_is_said() -> None:
    with memory_file(WARC) as file, tempfile.TemporaryFile() as out:
        on_the_way = Import([Source(name="a.warc", window=Window(file))], now=lambda: small.NOON)
        pages = on_the_way.found_pages()
        file.seek(len(WARC) - 10)
        file.write(b"x")
        with pytest.raises(FormatError) as raised:
            on_the_way.pack(pages=pages, cited=[], source=None, to=out)
        assert (raised.value.code, raised.value.where) == ("CHANGED_WHILE_READ", "archive/a.warc")


def test_warcs_without_a_page_are_refused() -> None:
    css = record("response", CHUNKED)
    with importing([("a.warc", css), ("b.warc", css)]) as on_the_way, pytest.raises(InputError) as raised:
        on_the_way.found_pages()
    assert str(raised.value) == "a.warc and 1 more: holds no HTML page with status 200; --url names another"


def test_wrong_digests_are_refused_with_their_place() -> None:
    bad = record("resource", b"x", fields={"WARC-Block-Digest": theirs.hexadecimal("sha1", b"y")})
    for warc, more in ((WARC + bad, ""), (WARC + bad + bad, "; 2 digests are wrong")):
        with importing([("a.warc", warc)]) as on_the_way, pytest.raises(FormatError) as raised:
            on_the_way.check()
        assert raised.value.code == "HASH_FAILURE"
        assert str(raised.value).startswith(
            f"archive/a.warc: record at offset {len(WARC)}: WARC-Block-Digest says sha1:"
        )
        assert str(raised.value).endswith(f"the bytes have another{more}")


def test_a_warc_of_ours_among_others_is_imported_like_them() -> None:
    ours = members_of(small.bundle())["archive/data.warc.gz"]
    bundle = small.sealed(imported(("data.warc.gz", ours), urls=[small.PAGE]))
    assert judged(bundle)
    stated = manifest_of(bundle).stated
    assert stated is not None
    assert (stated.origin, [one.archive for one in stated.imports]) == ("imported", ["data-2.warc.gz"])


@functools.cache
def packed() -> bytes:
    return imported(("a.warc", WARC))


def forged(
    change: Callable[[Stated], Stated] = lambda value: value,
    *,
    archives: Mapping[str, bytes] | None = None,
    captured: bool = False,
    page: tuple[str, str] = (NEWS, DATE),
) -> bytes:
    """An import with another stated record, other *archives* or another *page*, and every hash, index,
    manifest and signature made anew; with *captured* our own archive holds a capture as well."""
    plain = manifest_of(packed()).stated
    assert plain is not None
    members = {"archive/a.warc": WARC} if archives is None else dict(archives)
    with ExitStack() as opened:
        ours = opened.enter_context(tempfile.TemporaryFile())
        if captured:
            small.write_warc(ours, change(plain))
        else:
            writer = WarcWriter(ours, software="archiver 0.1.0")
            writer.warcinfo({}, date=small.NOON)
            writer.stated(change(plain).to_json(), date=small.NOON)
            ours.flush()
        ours.seek(0)
        members[f"archive/{OURS}"] = ours.read()
        capture = Capture(
            {
                name.removeprefix(ARCHIVES): Window(opened.enter_context(memory_file(data)))
                for name, data in members.items()
            }
        )
        line = Page(id="a", title="", ts=page[1], url=page[0])
        try:
            manifest = project(capture, [page]).to_json()
        except FormatError:
            manifest = members_of(packed())[MANIFEST]
        members |= {INDEX: index_bytes(capture), PAGES: write_pages((line,)), MANIFEST: manifest}

    def main_page(value: Datapackage) -> Datapackage:
        return replace(value, main_page_url=page[0], main_page_date=page[1], title=None)

    return rogue.forge(members, package=main_page)


NOTES = ("records", "PASSED", "IMPORT_NOTE")
CONTRADICTION = ("manifest", "FAILED", "CONTRADICTION")


def test_an_import_forged_anew_is_the_import() -> None:
    assert findings(forged()) == {NOTES}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("origin", lambda value: replace(value, origin="captured")),
        ("engine", lambda value: replace(value, engine="http")),
        ("both", lambda value: replace(value, origin="captured", engine="http", imports=[])),
        ("complete", lambda value: replace(value, status="complete", reasons=[])),
        ("none", lambda value: replace(value, imports=[])),
        ("twice", lambda value: replace(value, imports=value.imports * 2)),
        ("digest", lambda value: with_import(value, digest=str(Digest.of(b"")))),
        ("size", lambda value: with_import(value, bytes=1)),
        ("name", lambda value: with_import(value, archive="b.warc")),
    ],
)
def test_what_is_stated_of_an_import_must_be_what_lies_there(
    name: str, change: Callable[[Stated], Stated]
) -> None:
    assert CONTRADICTION in findings(forged(change)), name


def with_import(stated: Stated, **changes: Any) -> Stated:
    (one,) = stated.imports
    return replace(stated, imports=[replace(one, **changes)])


def test_a_capture_with_another_archive_beside_it_is_no_capture() -> None:
    for change in (lambda value: value, lambda _: small.stated()):
        assert CONTRADICTION in findings(forged(change, captured=True))


def test_a_capture_that_calls_itself_imported_is_none() -> None:
    for changes in ({"origin": "imported"}, {"engine": "import"}, {"origin": "imported", "engine": "import"}):
        bundle = small.packed(replace(small.stated(), **changes))
        with pytest.raises(VerificationError, match="says the stated record"):
            small.sealed(bundle)
        assert CONTRADICTION in findings(rogue.forge(rogue.members_of(bundle)))


def test_a_page_must_be_content_of_one_meaning() -> None:
    assert ("pages", "FAILED", "HASH_FAILURE") in findings(forged(page=(NEWS + "copy", LATER)))  # a revisit
    assert ("pages", "FAILED", "HASH_FAILURE") in findings(forged(page=(NEWS + "form", DATE)))
    assert ("pages", "FAILED", "FORMAT_FAILURE") in findings(forged(page=(NEWS + "twice", DATE)))
    assert findings(forged(page=(NEWS + "same", DATE))) == {NOTES}


def test_a_wrong_digest_in_an_imported_archive_fails() -> None:
    bad = WARC + record("resource", b"x", fields={"WARC-Block-Digest": theirs.hexadecimal("sha1", b"y")})
    bundle = forged(
        lambda value: with_import(value, digest=str(Digest.of(bad)), bytes=len(bad)),
        archives={"archive/a.warc": bad},
    )
    assert findings(bundle) == {NOTES, ("records", "FAILED", "HASH_FAILURE")}


def test_a_broken_imported_archive_fails_with_its_place() -> None:
    bundle = forged(archives={"archive/a.warc": WARC})
    broken = rogue.forge({**members_of(bundle), "archive/a.warc": WARC[:-9]})
    (found,) = [check for check in judged(broken).checks if check.name == "records"]
    assert found.code == "FORMAT_FAILURE"
    assert "archive/a.warc: record at offset" in found.message


@pytest.mark.parametrize("shape", ["wget", "heritrix", "browsertrix", "scoop", "pywb"])
def test_py_wacz_finds_an_import_valid(shape: str, tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    records = SHAPES[shape]()
    path.write_bytes(
        small.sealed(imported(("a.warc", b"".join(records)), ("b.warc.gz", theirs.gzipped(records))))
    )
    command: list[str | Path] = [Path(sys.executable).with_name("wacz"), "validate", "-f", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
