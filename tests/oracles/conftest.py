from __future__ import annotations

import pytest

from tests.oracles.bundle import OracleBundle, make_bundle


@pytest.fixture(scope="session")
def oracle_bundle(tmp_path_factory: pytest.TempPathFactory) -> OracleBundle:
    return make_bundle(tmp_path_factory.mktemp("oracle"))
