"""Real article pages, served again on loopback: none of them may be taken for something else."""

from __future__ import annotations

import gzip
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.fetch.fetcher import Fetcher
from archiver.fetch.page import capture_page
from archiver.fetch.settings import FetchSettings, ForcedAddress
from archiver.status import judge
from archiver.url import Url
from archiver.walls import signs
from tests.fetch.rawserver import RawServer, Reply, Route
from tests.fetch.test_page import ONE_TRY, answer

PAGES = Path(__file__).parents[2].parent / "shared/articles/pages"
MOST_WRONG = 0.02
"""The share of articles that may be called blocked, a wall or not there."""


@pytest.mark.skipif(not PAGES.is_dir(), reason="no real article pages beside this checkout")
def test_hardly_any_real_article_is_called_a_wall() -> None:
    files = sorted(PAGES.glob("*.html.gz"))
    routes: dict[str, Route | list[Reply]] = {
        f"/2024/05/{path.name}": answer(gzip.decompress(path.read_bytes())) for path in files
    }
    limits = replace(ONE_TRY, resources=0)  # what is judged is the page alone
    called: dict[str, tuple[str, ...]] = {}
    with RawServer(routes) as server:
        settings = FetchSettings(resolve=(ForcedAddress.parse(f"news.example:{server.port}:127.0.0.1"),))
        for path in files:
            url = Url.parse(server.url(f"/2024/05/{path.name}", host="news.example"))
            with Fetcher(settings, limits) as fetcher:
                page = capture_page(
                    url, fetcher=fetcher, limits=limits, record=lambda _: None, stop=threading.Event()
                )
            assert page.outline is not None
            assert page.head is not None
            found = signs(page.outline, head=page.head, requested=url, final=page.final)
            judgement = judge(
                requested=url,
                final=page.final,
                head=page.head,
                truncated=page.truncated,
                missing=0,
                interrupted=page.interrupted,
                error=page.error,
                signs=found,
            )
            if judgement.status != "complete":
                called[path.name] = judgement.reasons
    assert len(files) > 100
    assert len(called) <= MOST_WRONG * len(files), called
