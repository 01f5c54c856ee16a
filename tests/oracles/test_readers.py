"""Readers that people open bundles with, each a separate process, show the very bodies that were served."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from archiver.digest import Digest
from tests.oracles import pywb, replayweb
from tests.oracles.bundle import SCHEMES, OracleBundle
from tests.oracles.replayed import Replayed
from tests.oracles.site import RESOURCES, Resource

READERS = {"pywb": pywb.replay, "replaywebpage": replayweb.replay}
NEVER_SAVED = "/essays/never-saved"


@pytest.fixture(scope="session", params=READERS)
def replayed(
    request: pytest.FixtureRequest,
    oracle_bundles: Mapping[str, OracleBundle],
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, Replayed]:
    """Every URL of the bundles, and one that is in neither, as one reader shows them; each starts once."""
    targets = [resource.target for resource in RESOURCES] + [NEVER_SAVED]
    asked = {
        bundle.path: [bundle.origin + target for target in targets] for bundle in oracle_bundles.values()
    }
    return READERS[request.param](asked, folder=tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_a_reader_shows_the_body_that_was_served(
    replayed: Mapping[str, Replayed],
    oracle_bundles: Mapping[str, OracleBundle],
    resource: Resource,
    scheme: str,
) -> None:
    assert replayed[oracle_bundles[scheme].origin + resource.target] == Replayed(
        status=200, digest=Digest.of(resource.body), mime=resource.mime
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_reader_shows_nothing_for_a_url_that_is_not_in_the_bundle(
    replayed: Mapping[str, Replayed], oracle_bundles: Mapping[str, OracleBundle], scheme: str
) -> None:
    assert replayed[oracle_bundles[scheme].origin + NEVER_SAVED].status == 404
