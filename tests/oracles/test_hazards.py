"""What is called a hazard is one: some reader shows it wrongly; and all readers show the rest as it was."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import archiver
from archiver.digest import Digest
from archiver.fetch.settings import ForcedAddress
from tests.fetch.rawserver import RawServer, Route, say
from tests.fetch.test_hazards import BODY, HAZARDS, SOUND
from tests.oracles import pywb, replayweb

_HOST = "news.example"
_WITH_BODY = {name: data for name, data in SOUND.items() if name not in ("no body", "no content", "moved")}
_RESPONSES = [*((name, data) for name, (data, _) in HAZARDS.items()), *_WITH_BODY.items()]
_TARGETS = {name: f"/{number}" for number, (name, _) in enumerate(_RESPONSES)}

_SHOWN_RIGHTLY = {"content-encoding-unknown"}
"""Readers leave such a body alone, as browsers do; but nobody can read it for what it names."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[bool]]:
    """For each response, whether each reader shows the body that was meant."""
    folder = tmp_path_factory.mktemp("hazards")
    page = "".join(f"<img src={target}>" for target in _TARGETS.values()).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
    routes: dict[str, Route] = {_TARGETS[name]: say(data) for name, data in _RESPONSES}
    with RawServer(routes | {"/": say(head % len(page) + page)}) as server:
        saved = archiver.save(
            server.url("/", _HOST),
            archiver.LocalIdentity.create("Example Law Library"),
            to=folder / "hazards.wacz",
            settings=archiver.FetchSettings(
                resolve=(ForcedAddress.parse(f"{_HOST}:{server.port}:{server.address}"),)
            ),
        )
    told = {hazard.url.rpartition("/")[2]: hazard.kind for hazard in saved.stated.replay_hazards}
    assert told == {_TARGETS[name][1:]: kind for name, (_, kind) in HAZARDS.items()}
    asked = {saved.path: [server.url(target, _HOST) for target in _TARGETS.values()]}
    found = [
        replay(asked, folder=tmp_path_factory.mktemp("reader")) for replay in (replayweb.replay, pywb.replay)
    ]
    right = Digest.of(BODY)
    return {
        name: [answers[server.url(target, _HOST)].digest == right for answers in found]
        for name, target in _TARGETS.items()
    }


@pytest.mark.parametrize("name", HAZARDS)
def test_a_hazard_is_shown_wrongly_by_a_reader(shown: Mapping[str, list[bool]], name: str) -> None:
    assert all(shown[name]) == (HAZARDS[name][1] in _SHOWN_RIGHTLY)


@pytest.mark.parametrize("name", _WITH_BODY)
def test_what_is_no_hazard_is_shown_by_every_reader_as_it_was(
    shown: Mapping[str, list[bool]], name: str
) -> None:
    assert shown[name] == [True, True]
