from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.oracles.bundle import SCHEMES, OracleBundle, make_bundle


@pytest.fixture(scope="session")
def oracle_bundles(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, OracleBundle]:
    """The site's bundles by the scheme it was served over."""
    return {scheme: make_bundle(tmp_path_factory.mktemp(scheme), scheme) for scheme in SCHEMES}


@pytest.fixture(scope="session", params=SCHEMES)
def oracle_bundle(request: pytest.FixtureRequest, oracle_bundles: Mapping[str, OracleBundle]) -> OracleBundle:
    bundle: OracleBundle = oracle_bundles[request.param]
    return bundle
