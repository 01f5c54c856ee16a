"""Readers show what lies in the imported WARCs of a bundle: in plain ones, packed ones, and by revisits."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from archiver.digest import Digest
from tests import small
from tests.bundle.test_imports import imported
from tests.oracles import pywb, replayweb
from tests.oracles.replayed import Replayed
from tests.warc import theirs
from tests.warc.theirs import ANSWER, CHUNKED, CSS, HTML, record, record_id

READERS = {"pywb": pywb.replay, "replaywebpage": replayweb.replay}
SITE = "https://news.example/"
SUM = theirs.base32("sha1", HTML)


def answer(number: int, path: str, block: bytes = ANSWER, *, digest: str | None = None) -> bytes:
    named = {"WARC-Record-ID": record_id(number), "WARC-Target-URI": SITE + path}
    return record("response", block, fields={**named, "WARC-Payload-Digest": digest})


def same(number: int, path: str, **refers: str) -> bytes:
    """A revisit of `first`."""
    fields = {
        "WARC-Record-ID": record_id(number),
        "WARC-Target-URI": SITE + path,
        "WARC-Date": "2024-06-01T00:00:00Z",
        "WARC-Profile": theirs.SAME,
        "WARC-Payload-Digest": SUM,
    }
    return record("revisit", ANSWER.removesuffix(HTML), fields=fields | refers)


PACKED = (
    answer(1, "first", digest=SUM),
    answer(2, "chunked", CHUNKED),
    same(3, "placed", **{"WARC-Refers-To-Target-URI": SITE + "first", "WARC-Refers-To-Date": theirs.DATE}),
    same(4, "first"),
)
PLAIN = (
    answer(5, "plain"),
    answer(6, "last", CHUNKED),
)
SHOWN = {"first": HTML, "placed": HTML, "plain": HTML, "chunked": CSS, "last": CSS}


@pytest.fixture(scope="session", params=READERS)
def replayed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Replayed]:
    folder = tmp_path_factory.mktemp(f"imported-{request.param}")
    bundle = folder / "a.wacz"
    bundle.write_bytes(
        small.sealed(imported(("data.warc.gz", theirs.gzipped(PACKED)), ("plain.warc", b"".join(PLAIN))))
    )
    used = folder / "used"
    used.mkdir()
    return READERS[request.param]({bundle: [SITE + path for path in SHOWN]}, folder=used)


@pytest.mark.parametrize("path", SHOWN)
def test_a_reader_shows_what_was_imported(replayed: Mapping[str, Replayed], path: str) -> None:
    body = SHOWN[path]
    mime = "text/html" if body is HTML else "text/css"
    assert replayed[SITE + path] == Replayed(status=200, digest=Digest.of(body), mime=mime)
