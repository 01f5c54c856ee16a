"""Readers that people open bundles with, each a separate process, show the very bodies that were served."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from archiver.digest import Digest
from tests.oracles import pywb, replayweb
from tests.oracles.bundle import OracleBundle
from tests.oracles.replayed import Replayed
from tests.oracles.site import RESOURCES, Resource

READERS = {"pywb": pywb.replay, "replaywebpage": replayweb.replay}
NEVER_SAVED = "/essays/never-saved"


@pytest.fixture(scope="session", params=READERS)
def replayed(
    request: pytest.FixtureRequest, oracle_bundle: OracleBundle, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Replayed]:
    """Every URL of the bundle, and one that is not in it, as one reader shows them; each starts once."""
    targets = [resource.target for resource in RESOURCES] + [NEVER_SAVED]
    urls = [oracle_bundle.origin + target for target in targets]
    answers = READERS[request.param](oracle_bundle.path, urls, folder=tmp_path_factory.mktemp(request.param))
    return {url.removeprefix(oracle_bundle.origin): answer for url, answer in answers.items()}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_a_reader_shows_the_body_that_was_served(
    replayed: Mapping[str, Replayed], resource: Resource
) -> None:
    assert replayed[resource.target] == Replayed(
        status=200, digest=Digest.of(resource.body), mime=resource.mime
    )


def test_a_reader_shows_nothing_for_a_url_that_is_not_in_the_bundle(replayed: Mapping[str, Replayed]) -> None:
    assert replayed[NEVER_SAVED].status == 404
