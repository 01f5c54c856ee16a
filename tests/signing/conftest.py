from __future__ import annotations

import pytest

from archiver.signing.identity import LocalIdentity


@pytest.fixture(scope="session")
def library() -> LocalIdentity:
    return LocalIdentity.create("Example Law Library")


@pytest.fixture(scope="session")
def attacker() -> LocalIdentity:
    return LocalIdentity.create("Example Law Library")
