"""The benchmarks: what they keep is what the README shows, and the tools that measure do measure."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archiver.links import css_links, html_links
from archiver.warc.http1 import framing, parse_head
from benchmarks import __main__ as command
from benchmarks.child import cost
from benchmarks.markup import Markup
from benchmarks.origin import ADDRESS, SMALL_BYTES, origin
from benchmarks.page import Answer, answers, wget
from benchmarks.paired import paired
from benchmarks.results import (
    END,
    FILE,
    README,
    START,
    Machine,
    Results,
    put_into,
    render,
    shown_in,
    this_machine,
)
from benchmarks.row import Row, seconds
from benchmarks.sample import samples
from benchmarks.site import ASSETS, DELAY, site
from tests.programs import need

ROW = Row(
    benchmark="writing",
    what="write records",
    ours="20 MB/s",
    peer="warcio",
    theirs="10 MB/s",
    figure=2.04,
    unit="x",
    sense="at least",
    target=2,
)
RESULTS = Results(
    date="2026-11-23",
    machine=Machine(cores=2, system="Linux x86_64", python="3.11.7", peers={"warcio": "1.8.1"}),
    rows=[ROW, msgspec.structs.replace(ROW, benchmark="startup", what="start", sense="at most", note="slow")],
)


def test_the_readme_shows_the_kept_results() -> None:
    assert shown_in(README.read_text(encoding="utf-8")) == "\n" + render(Results.read(FILE))


def test_every_benchmark_has_its_figures_kept_in_the_order_of_the_table() -> None:
    results = Results.read(FILE)
    assert list(dict.fromkeys(row.benchmark for row in results.rows)) == list(command.NAMES)
    assert results == results.ordered(command.NAMES)


def test_a_missed_target_has_its_reason() -> None:
    assert [row.what for row in Results.read(FILE).rows if not row.met and not row.note] == []


def test_every_benchmark_is_a_module_that_can_be_run() -> None:
    folder = Path(command.__file__).parent
    runnable = [
        path.stem for path in folder.glob("*.py") if "\ndef run(workshop: Workshop)" in path.read_text()
    ]
    assert sorted(runnable) == sorted(command.NAMES)


@pytest.mark.parametrize(
    ("figure", "sense", "target", "met"),
    [
        (2.0, "at least", 2, True),
        (1.96, "at least", 2, True),  # shown as 2.0
        (1.94, "at least", 2, False),
        (10.04, "at most", 10, True),
        (10.06, "at most", 10, False),
    ],
)
def test_a_figure_meets_its_target_as_it_is_shown(
    figure: float, sense: str, target: float, met: bool
) -> None:
    fields = msgspec.structs.asdict(ROW) | {"figure": figure, "sense": sense, "target": target}
    assert msgspec.convert(fields, Row).met is met


@pytest.mark.parametrize(
    ("unit", "figure", "shown"),
    [("x", 2.04, "2.0x"), ("%", -12.6, "-13 %"), ("MB", 71.5, "72 MB"), ("MB/s", 89.6, "90 MB/s")],
)
def test_a_figure_is_shown_with_its_unit(unit: str, figure: float, shown: str) -> None:
    row = msgspec.convert(msgspec.structs.asdict(ROW) | {"unit": unit, "figure": figure}, Row)
    assert row.figure_text == shown


@pytest.mark.parametrize(("value", "shown"), [(0.0000421, "42 µs"), (0.0123, "12.3 ms"), (12.34, "12.3 s")])
def test_a_duration_reads_well(value: float, shown: str) -> None:
    assert seconds(value) == shown


def test_the_table_tells_figure_target_and_the_reason_for_a_miss() -> None:
    table = render(RESULTS)
    assert "| write records | 20 MB/s | warcio: 10 MB/s | 2.0x | ≥ 2.0x |\n" in table
    assert "| start | 20 MB/s | warcio: 10 MB/s | 2.0x | ≤ 2.0x |\n" in table
    missed = msgspec.structs.replace(ROW, figure=1.0, note="warcio was lucky")
    table = render(msgspec.structs.replace(RESULTS, rows=[missed]))
    assert "| 1.0x (missed) | ≥ 2.0x |" in table
    assert "* write records: warcio was lucky" in table


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    before = f"# Title\n{START}\nold\n{END}\nend\n"
    after = put_into(before, "new\n")
    assert after == f"# Title\n{START}\nnew\n{END}\nend\n"
    assert put_into(after, "new\n") == after


@pytest.mark.parametrize("readme", ["", START, f"{END}{START}", f"{START}{END}{START}{END}"])
def test_a_readme_without_its_markers_is_refused(readme: str) -> None:
    with pytest.raises(ValueError, match="benchmarks:start"):
        put_into(readme, "table")


def test_results_survive_their_file(tmp_path: Path) -> None:
    RESULTS.write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == RESULTS


def test_one_benchmark_run_again_takes_the_place_of_its_own_figures_only() -> None:
    fresh = msgspec.structs.replace(ROW, figure=5.0)
    new = msgspec.structs.replace(RESULTS, rows=[fresh])
    assert RESULTS.replaced(new).ordered(["writing", "startup"]).rows == [fresh, RESULTS.rows[1]]


def test_figures_of_two_machines_are_never_mixed() -> None:
    other = msgspec.structs.replace(RESULTS.machine, cores=64)
    new = msgspec.structs.replace(RESULTS, machine=other, rows=[ROW])
    assert RESULTS.replaced(new) == new


def test_pairs_alternate_and_their_medians_come_back() -> None:
    order: list[str] = []

    def timed(name: str, values: list[float]) -> float:
        order.append(name)
        return values.pop()

    ours, theirs = [1.0, 9.0, 2.0], [5.0, 4.0, 30.0]
    assert paired(lambda: timed("ours", ours), lambda: timed("theirs", theirs), runs=3) == (2.0, 5.0)
    assert order == ["ours", "theirs"] * 3


def test_the_cost_of_a_process_is_its_own_and_not_that_of_the_one_that_measures() -> None:
    ballast = bytearray(os.urandom(1)) * (200 << 20)
    quiet = cost(sys.executable, "-c", "pass", environment=os.environ)
    heavy = cost(sys.executable, "-c", "bytearray(b'x') * (100 << 20)", environment=os.environ)
    del ballast
    assert quiet.peak < 60 << 20
    assert 100 << 20 < heavy.peak < 160 << 20
    assert 0 < quiet.cpu < 10
    assert 0 < quiet.wall < 60


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "import os; os.abort()"])
def test_a_command_that_fails_is_not_measured(program: str) -> None:
    with pytest.raises(RuntimeError, match=r"-c"):
        cost(sys.executable, "-c", program, environment=os.environ)


def test_the_origin_serves_small_documents_and_large_ones_of_any_size() -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with origin() as port:
        with opener.open(f"http://{ADDRESS}:{port}/small/7", timeout=10) as answer:
            assert len(answer.read()) == SMALL_BYTES
        with opener.open(f"http://{ADDRESS}:{port}/large/3000001", timeout=10) as answer:
            assert len(set(answer.read()[: 2 << 20])) == 256
            assert answer.headers["Content-Length"] == "3000001"


@pytest.mark.parametrize("origins", [1, 3])
def test_the_site_serves_each_of_its_assets_held_back_and_names_no_others(origins: int) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def got(url: str) -> tuple[bytes, str]:
        with opener.open(url, timeout=10) as answer:
            return answer.read(), answer.headers["Content-Type"]

    with site(origins=origins) as url:
        page, kind = got(url)
        named = {link.url for link in html_links(page, url=url, content_type=kind)}
        assert len(named) == ASSETS
        assert len({asset.split("/")[2] for asset in named}) == origins
        sizes, kinds = set(), set()
        for asset in sorted(named)[::25]:
            started = time.monotonic()
            body, kind = got(asset)
            assert time.monotonic() - started >= DELAY
            sizes.add(len(body))
            kinds.add(kind)
            if kind.startswith("text/css"):
                assert {link.url for link in css_links(body, url=asset, content_type=kind)} < named
        assert 20_000 <= min(sizes) < max(sizes) < 51_000
        assert kinds == {"image/jpeg", "text/javascript", "text/css; charset=utf-8"}


@pytest.mark.parametrize("make", [Markup.html, Markup.css, Markup.script])
def test_markup_is_made_up_the_same_each_time_and_never_the_same_twice(
    make: Callable[[Markup, int], bytes],
) -> None:
    first, again = Markup(1), Markup(1)
    made = make(first, 50_000)
    assert make(again, 50_000) == made
    assert make(first, 50_000) != made
    assert 50_000 <= len(made) < 60_000


def test_what_a_warc_holds_is_told_with_framing_and_coding_undone() -> None:
    body = gzip.compress(b"words " * 100)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=True)
    coded = [("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")]
    for url, status, headers, payload in [
        ("http://a.example/", "500 No", [], b"early"),
        ("http://a.example/", "200 OK", coded, chunked),
        ("http://b.example/", "404 Not Found", [("Content-Length", "0")], b""),
    ]:
        head = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
        record = writer.create_warc_record(
            url, "response", payload=io.BytesIO(payload), length=len(payload), http_headers=head
        )
        writer.write_record(record)
    out.seek(0)
    assert answers(out) == {
        "http://a.example/": Answer(200, hashlib.sha256(b"words " * 100).hexdigest()),
        "http://b.example/": Answer(404, hashlib.sha256(b"").hexdigest()),
    }


def test_without_wget_the_benchmark_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="make programs"):
        wget(tmp_path)
    assert "wget" not in this_machine().peers


def test_every_peer_is_named_with_its_version() -> None:
    need("wget")
    peers = this_machine().peers
    assert list(peers) == ["requests", "warcio", "wacz", "lxml", "html5lib", "tinycss2", "wget"]
    assert all(number[0].isdigit() for number in peers.values())


@pytest.mark.parametrize("size", [100, 2048, 9_000_000])
def test_samples_are_distinct_whole_and_of_the_size_asked_for(size: int) -> None:
    made = list(samples(3, size, pictures=True))
    assert {len(sample.body) for sample in made} == {size}
    assert len({sample.body for sample in made}) == 3
    assert [sample.mime for sample in made] == [
        "text/html; charset=utf-8",
        "image/png",
        "text/html; charset=utf-8",
    ]
    exchange = made[1].exchange()
    data = exchange.response.read()
    head, _, body = data.partition(b"\r\n\r\n")
    assert exchange.response_size == len(data)
    assert body == made[1].body
    assert framing("GET", parse_head(head + b"\r\n\r\n"))[1] == size
    assert made[0] == next(samples(1, size, pictures=False))


def test_a_benchmark_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["juggling"]) == 2
    assert "no such benchmark: juggling" in capsys.readouterr().err


def test_a_readme_without_its_markers_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# archiver\n")
    with pytest.raises(ValueError, match="benchmarks:start"):
        command.main(["memory"], file=tmp_path / "results.json", readme=readme)
    assert not (tmp_path / "results.json").exists()
