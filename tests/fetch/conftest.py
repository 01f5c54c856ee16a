"""What the fetch tests share: an authority, and fetchers that reach loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from archiver.fetch.fetcher import Fetched, Fetcher
from archiver.fetch.limits import Limits
from archiver.fetch.request import Request
from archiver.fetch.settings import FetchSettings
from archiver.url import Url
from tests.fetch.authority import Authority

QUICK = Limits(backoff=0.02, connect=5.0, idle=5.0)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


class Client:
    """A fetcher and its answers, closed together."""

    def __init__(self, fetcher: Fetcher) -> None:
        self.fetcher = fetcher
        self._fetched: list[Fetched] = []

    def get(self, url: str, *, deadline: float | None = None, **fields: object) -> Fetched:
        request = Request(url=Url.parse(url), **fields)  # type: ignore[arg-type]
        fetched = self.fetcher.fetch(request, deadline=deadline)
        self._fetched.append(fetched)
        return fetched

    def close(self) -> None:
        self.fetcher.close()
        for fetched in self._fetched:
            for attempt in fetched.attempts:
                attempt.response.close()


Connect = Callable[..., Client]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make a client; private addresses are allowed unless settings say otherwise, limits are quick."""
    made: list[Client] = []

    def make(settings: FetchSettings | None = None, limits: Limits = QUICK, **arguments: object) -> Client:
        if settings is None:
            settings = FetchSettings(allow_private=True)
        made.append(Client(Fetcher(settings, limits, **arguments)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for client in made:
        client.close()
