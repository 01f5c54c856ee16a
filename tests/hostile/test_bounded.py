"""Whatever a server does, `save` ends soon, stays small, asks little, and says what became of it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.bundle.bundle import open_bundle
from archiver.signing.keyring import Keyring
from archiver.verify import Policy, Verdict, verify
from archiver.warc.capture import StoredExchange
from tests import small
from tests.fetch.authority import Authority
from tests.hostile import bodies, disguises, documents, handshakes, heads, redirects
from tests.hostile.case import EXIT, HOST, SECONDS, SOME, Case
from tests.hostile.command import BUNDLE, Ran, save
from tests.hostile.handshakes import CACERT
from tests.hostile.server import KEPT, HostileServer, Visit

CASES = (
    *redirects.CASES,
    *heads.CASES,
    *bodies.CASES,
    *documents.CASES,
    *disguises.CASES,
    *handshakes.CASES,
)


@pytest.fixture
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def keyring(own_settings: Path) -> Keyring:
    """The keyring that the command finds by itself; one identity, trusted, is in it."""
    ring = Keyring(own_settings / "data" / "archiver" / "keyring")
    ring.trust(ring.new("Tester").identity, small.NOON)
    return ring


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_hostile_server_is_bounded(
    case: Case, authority: Authority, keyring: Keyring, tmp_path: Path
) -> None:
    context = case.tls(authority) if case.tls else None
    with HostileServer(case.routes(), context=context) as server:
        flags = ["--resolve", f"{HOST}:{server.port}:127.0.0.1"] if case.named else ["--allow-private"]
        if case.trusted:
            flags += ["--cacert", str(authority.folder / CACERT)]
        url = server.url(host=HOST if case.named else "")
        url = url.replace(server.scheme, case.scheme or server.scheme, 1)
        ran = save(url, *flags, *case.flags, folder=tmp_path)
        visits = list(server.visits)
    assert ran.seconds <= SECONDS
    assert ran.work <= case.work
    assert ran.peak <= case.peak
    assert len(visits) <= case.requests
    _check_words(case, ran)
    asked = {visit.target for visit in visits}
    assert asked.issuperset(case.asked)
    if case.kept:
        _check_bundle(case, ran, tmp_path / BUNDLE, keyring, visits)
    assert sorted(path.name for path in tmp_path.iterdir()) == ([BUNDLE] if case.kept else []) + ["took"]


def _check_words(case: Case, ran: Ran) -> None:
    """The outcome is the one of *case*, by name, and no text of the server has power over a terminal."""
    told = ran.told
    assert (ran.code, told["status"]) == (EXIT[case.status], case.status), told
    assert tuple(told["reasons"]) == case.reasons
    assert (told["bundle"] is not None) == case.kept
    assert (told["status"] == "complete") == (ran.code == 0 and not told["reasons"] and not told["missing"])
    if case.kept:
        why = Counter(entry["reason"] for entry in told["missing"])
        assert why.keys() == case.missing.keys(), told["missing"][:20]
        assert all(case.missing[word] in (SOME, count) for word, count in why.items())
        assert told["missing_count"] == (why.total() if case.lost is None else case.lost)
        assert told["broken_at_origin_count"] == 0
    assert case.said in ran.err
    assert ran.out.isascii()
    assert "Traceback" not in ran.err
    assert all(char == "\n" or unicodedata.category(char)[0] not in "CZ" or char == " " for char in ran.err)


def _check_bundle(case: Case, ran: Ran, path: Path, keyring: Keyring, visits: list[Visit]) -> None:
    """It passes, says what was said, and holds what was sent and nothing else."""
    result = verify(path, Policy.trusting(keyring))
    assert result.verdict is Verdict.PASSED, [check for check in result.checks if check.code != "OK"]
    manifest = result.require()
    assert manifest.stated is not None
    assert (manifest.stated.status, tuple(manifest.stated.reasons)) == (case.status, case.reasons)
    assert manifest.stated.missing_count == ran.told["missing_count"]
    with open_bundle(path) as bundle:
        exchanges = bundle.capture.exchanges()
        for exchange in exchanges:
            assert any(_is_of(visit, exchange, case) for visit in _visits_of(exchange, visits)), exchange.url
        whole = {_target(exchange) for exchange in exchanges if exchange.record.truncated is None}
        assert whole.issuperset(case.recorded)


def _visits_of(exchange: StoredExchange, visits: list[Visit]) -> Iterator[Visit]:
    return (visit for visit in visits if visit.target == _target(exchange))


def _target(exchange: StoredExchange) -> str:
    return "/" + exchange.url.partition("://")[2].partition("/")[2]


def _is_of(visit: Visit, exchange: StoredExchange, case: Case) -> bool:
    """Whether *exchange* is what was sent on *visit*: its beginning or, where it says so, all of it."""
    recorded = bytearray(b"".join(exchange.facts.interim))
    size = len(recorded) + exchange.record.block_size
    for chunk in exchange.raw():
        recorded += chunk
        if len(recorded) >= KEPT:
            break
    if exchange.record.truncated is None and not case.surplus and size != visit.size:
        return False
    return size <= visit.size and visit.sent.startswith(recorded[:KEPT])
