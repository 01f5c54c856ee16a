from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.signing.keyring import Keyring
from tests import small
from tests.cli.command import Command
from tests.cli.site import ROUTES
from tests.fetch.rawserver import RawServer
from tests.verify.foreign import lookalikes


@pytest.fixture(autouse=True)
def no_such_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver answers at once, as it does where it can be asked, for names that can have no address."""
    look_up = socket.getaddrinfo

    def answer(host: bytes | str | None, *rest: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and name.endswith((".invalid", ".example")):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.fixture
def archiver(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Command(capsys)


@pytest.fixture
def keyring(own_settings: Path) -> Keyring:
    """The keyring that commands find by themselves; one identity, trusted, is in it."""
    ring = Keyring(own_settings / "data" / "archiver" / "keyring")
    ring.trust(ring.new("Tester").identity, small.NOON)
    return ring


@pytest.fixture
def site() -> Iterator[RawServer]:
    """A small site on loopback."""
    with RawServer(ROUTES) as server:
        yield server


@pytest.fixture
def article(tmp_path: Path) -> Path:
    """A sealed bundle on disk, by an identity that nobody trusts yet."""
    path = tmp_path / "article.wacz"
    path.write_bytes(small.bundle())
    return path


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """The same bundle before it was sealed."""
    path = tmp_path / "packed.wacz"
    path.write_bytes(small.packed())
    return path


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """The public identity file of whoever sealed `article`."""
    path = tmp_path / "library.json"
    path.write_bytes(small.identity().identity.to_bytes())
    return path


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A WACZ as another tool would make it."""
    path = tmp_path / "foreign.wacz"
    path.write_bytes(lookalikes.unsigned())
    return path
