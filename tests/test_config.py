"""Settings: flags over environment over files over defaults, and what a folder may not set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archiver.config import Settings
from archiver.errors import FormatError, InputError


def load(home: Path, **environ: str) -> Settings:
    return Settings.load(environ, home=home, here=home / "here")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".config" / "archiver").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    return tmp_path


def personal(home: Path, text: str) -> None:
    (home / ".config" / "archiver" / "config.toml").write_text(text)


def folder(home: Path, text: str) -> None:
    (home / "here" / "archiver.toml").write_text(text)


def test_with_nothing_set_the_keyring_lies_where_data_lie(home: Path) -> None:
    assert load(home) == Settings(keyring=home / ".local" / "share" / "archiver" / "keyring")


def test_the_places_of_the_desktop_standard_are_heeded(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "elsewhere" / "archiver"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('operator = "Ada"')
    found = load(home, XDG_DATA_HOME=str(tmp_path / "data"), XDG_CONFIG_HOME=str(tmp_path / "elsewhere"))
    assert found.keyring == tmp_path / "data" / "archiver" / "keyring"
    assert found.operator == "Ada"


@pytest.mark.parametrize("text", ["", "relative/data"])
def test_a_relative_place_is_ignored_as_that_standard_says(home: Path, text: str) -> None:
    assert load(home, XDG_DATA_HOME=text) == load(home)


def test_the_environment_beats_the_folder_which_beats_the_person(home: Path) -> None:
    personal(home, 'user_agent = "personal"\noperator = "Ada"\njobs = 1')
    folder(home, 'user_agent = "folder"\njobs = 2')
    found = load(home, ARCHIVER_USER_AGENT="environment")
    assert (found.user_agent, found.jobs, found.operator) == ("environment", 2, "Ada")


def test_every_setting_has_a_variable_and_a_key(home: Path) -> None:
    values = {name: "7" if name == "jobs" else "/text" for name in Settings.__struct_fields__}
    found = load(home, **{f"ARCHIVER_{name.upper()}": value for name, value in values.items()})
    personal(home, "\n".join(f'{name} = "{value}"' for name, value in values.items()))
    assert load(home) == found
    assert {name for name in Settings.__struct_fields__ if getattr(found, name) is None} == set()


def test_an_empty_variable_is_none(home: Path) -> None:
    assert load(home, ARCHIVER_KEYRING="", ARCHIVER_JOBS="") == load(home)


@pytest.mark.parametrize("name", ["keyring", "identity", "passphrase_file"])
def test_a_folder_does_not_choose_whom_to_trust_nor_which_keys(home: Path, name: str) -> None:
    folder(home, f'{name} = "x"')
    with pytest.raises(FormatError, match=rf"archiver\.toml: sets {name}; only your own config\.toml"):
        load(home)
    (home / "here" / "archiver.toml").unlink()
    personal(home, f'{name} = "x"')
    assert load(home) != Settings(keyring=load(home).keyring) or name == "keyring"


def test_paths_are_relative_to_the_file_that_names_them(home: Path) -> None:
    personal(home, 'keyring = "ring"\npassphrase_file = "~/secret"')
    found = load(home)
    assert found.keyring == home / ".config" / "archiver" / "ring"
    assert found.passphrase_file == home / "secret"
    found = load(home, ARCHIVER_KEYRING="ring", ARCHIVER_PASSPHRASE_FILE="/secret")
    assert found.keyring == home / "here" / "ring"
    assert found.passphrase_file == Path("/secret")


@pytest.mark.parametrize("text", ["1", "256", "16"])
def test_jobs_are_a_number(home: Path, text: str) -> None:
    personal(home, f"jobs = {text}")
    assert load(home).jobs == int(text)


@pytest.mark.parametrize(
    "text", ["0", "257", "-1", "1.5", "true", '""', "[]", "9" * 5000, "2026-13-45", '"\u0661"', '"1 "']
)
def test_what_is_no_number_of_jobs_is_refused(home: Path, text: str) -> None:
    personal(home, f"jobs = {text}")
    with pytest.raises(FormatError):
        load(home)


@pytest.mark.parametrize("text", ["1", "true", '""', "[]", "{}", "2026-01-01"])
def test_what_is_no_text_is_refused_with_its_place(home: Path, text: str) -> None:
    personal(home, f"operator = {text}")
    with pytest.raises(FormatError, match=r"config\.toml: operator: is not text"):
        load(home)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"colour = 1", "no such setting: colour"),
        (b"[capture]\njobs = 1", "no such setting: capture"),
        (b"jobs =", "is not TOML"),
        (b"jobs = 1\njobs = 2", "is not TOML"),
        (b"\xff", "is not TOML"),
        (b"#" + b"x" * (64 << 10), "is larger than 65536 bytes"),
        (b"a = " + b"[" * 60_000, "is n"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_a_file_that_makes_no_sense_is_named(home: Path, data: bytes, said: str) -> None:
    (home / "here" / "archiver.toml").write_bytes(data)
    with pytest.raises(FormatError, match=said) as caught:
        load(home)
    assert caught.value.where.startswith(str(home / "here" / "archiver.toml"))


def test_a_fifo_is_no_settings_file_and_is_not_waited_for(home: Path) -> None:
    os.mkfifo(home / "here" / "archiver.toml")
    with pytest.raises(InputError, match="is not a regular file"):
        load(home)


def test_a_folder_is_no_settings_file(home: Path) -> None:
    (home / "here" / "archiver.toml").mkdir()
    with pytest.raises(InputError, match="is not a regular file"):
        load(home)


def test_a_variable_that_makes_no_sense_is_named(home: Path) -> None:
    with pytest.raises(FormatError, match="ARCHIVER_JOBS: is not a number from 1 to 256"):
        load(home, ARCHIVER_JOBS="many")
