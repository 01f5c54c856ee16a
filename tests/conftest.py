"""What every test gets: no settings or keys of the user's own, and no network but loopback."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pytest

from tests.programs import summary

_connect = socket.socket.connect


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    summary(terminalreporter)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their number: gzip writes the time into some, and workers must collect alike."""
    if isinstance(val, bytes) and not (val.isascii() and val.decode("ascii").isprintable()):
        return f"{argname} of {len(val)} bytes"
    return None


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own; its path comes back."""
    home = tmp_path_factory.mktemp("home")
    for name in ("ARCHIVER_KEYRING", "ARCHIVER_IDENTITY", "ARCHIVER_PASSPHRASE_FILE", "ARCHIVER_JOBS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    return home


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere but this machine fails the test that tries it."""

    def connect(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            host = ipaddress.ip_address(str(address[0]).partition("%")[0])
            if not host.is_loopback:
                pytest.fail(f"a test reached for {address}")
        _connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)
