"""`archiver save`: where bundles go, what is said, with which exit code."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.bundle.bundle import open_bundle
from archiver.signing.keyring import Keyring
from archiver.signing.pkcs8 import is_encrypted
from tests.cli.command import Command
from tests.cli.site import contents
from tests.fetch.rawserver import RawServer

NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-127-0-0-1-[0-9a-f]{8}\.wacz")


def test_the_first_save_makes_an_identity_says_so_and_trusts_it(
    archiver: Command, site: RawServer, own_settings: Path
) -> None:
    ran = archiver("save", site.url(), "--allow-private", "-o", "article.wacz")
    assert (ran.code, ran.out) == (0, "article.wacz\n")
    made, status, time = ran.error_lines
    keyring = own_settings / "data" / "archiver" / "keyring"
    assert re.fullmatch(rf"made a signing identity, [0-9a-f]{{16}}…, kept in {keyring} and trusted", made)
    assert status.startswith("complete: 2 exchanges, ")
    assert "no timestamp proves it" in time
    keys = [path for path in keyring.rglob("*") if path.is_file() and path.parent.name != "trusted"]
    assert len(keys) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    verified = archiver("verify", "article.wacz")
    assert verified.code == 0
    assert verified.out.startswith("PASSED  article.wacz  id sha256:")
    again = archiver("save", site.url(), "--allow-private", "-o", "again.wacz")
    assert len(again.error_lines) == 2
    assert len(Keyring(keyring).own()) == 1


def test_first_saves_at_the_same_moment_make_one_identity(
    archiver: Command, site: RawServer, own_settings: Path
) -> None:
    started = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "archiver",
                "save",
                site.url(),
                "--allow-private",
                "-q",
                "-o",
                f"{number}.wacz",
            ],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        for number in range(3)
    ]
    said = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    assert sum(b"made a signing identity" in text for text in said) == 1
    assert archiver("verify", "0.wacz", "1.wacz", "2.wacz").code == 0


CODES = [
    ("/", 0, "complete: 2 exchanges"),
    ("/plain", 0, "complete: 1 exchange,"),
    ("/partial", 3, "partial (missing): 3 exchanges"),
    ("/refused", 3, "blocked (http-403): 2 exchanges"),
    ("/gone", 3, "gone (http-404): 1 exchange,"),
    ("/bad", 1, "failed (http-400): 2 exchanges"),
]


@pytest.mark.parametrize(("target", "code", "said"), CODES, ids=[case[0] for case in CODES])
def test_the_exit_code_says_how_whole_a_capture_is(
    archiver: Command, keyring: Keyring, site: RawServer, target: str, code: int, said: str
) -> None:
    ran = archiver("save", site.url(target), "--allow-private", "-o", "a.wacz")
    assert (ran.code, ran.out) == (code, "a.wacz\n")
    assert ran.err.startswith(said)
    assert archiver("verify", "a.wacz").code == 0


def test_what_is_missing_is_listed_with_its_referrer_and_why(
    archiver: Command, keyring: Keyring, site: RawServer
) -> None:
    ran = archiver("save", site.url("/partial"), "--allow-private", "-o", "a.wacz")
    line = f"  missing: {site.url('/broken')} (http-403; from {site.url('/partial')})"
    assert ran.error_lines[1] == line


def test_a_blocked_page_names_the_next_step(archiver: Command, keyring: Keyring, site: RawServer) -> None:
    ran = archiver("save", site.url("/refused"), "--allow-private", "-o", "a.wacz")
    assert ran.error_lines[1].startswith("the site refuses tools")


def test_without_an_output_a_bundle_is_named_for_time_and_url(
    archiver: Command, keyring: Keyring, site: RawServer, tmp_path: Path
) -> None:
    ran = archiver("save", site.url(), "--allow-private")
    assert NAME.fullmatch(ran.out.rstrip("\n"))
    assert list(contents(tmp_path)) == [ran.out.rstrip("\n")]


@pytest.mark.parametrize("output", ["folder", "folder/"])
def test_an_output_that_is_a_folder_is_filled(
    archiver: Command, keyring: Keyring, site: RawServer, tmp_path: Path, output: str
) -> None:
    (tmp_path / "folder").mkdir()
    urls = [site.url(), site.url("/plain"), site.url("/partial")]
    ran = archiver("save", *urls, "--allow-private", "-o", output)
    assert ran.code == 3
    paths = ran.out.splitlines()
    assert sorted(paths) == list(map(str, sorted(Path("folder").iterdir())))
    assert [NAME.fullmatch(Path(path).name) is not None for path in paths] == [True, False, False]
    assert ["-plain-" in paths[1], "-partial-" in paths[2]] == [True, True]
    for path, url in zip(paths, urls, strict=True):
        with open_bundle(Path(path)) as bundle:
            assert bundle.pages[0].url == url


def test_a_name_that_is_taken_gets_a_number(archiver: Command, keyring: Keyring, site: RawServer) -> None:
    ran = archiver("save", *[site.url("/plain")] * 3, "--allow-private")
    first, second, third = (path.removesuffix(".wacz") for path in ran.out.splitlines())
    assert (second, third) == (f"{first}-2", f"{first}-3")


def test_one_that_fails_does_not_keep_the_others_back(
    archiver: Command, keyring: Keyring, site: RawServer, tmp_path: Path
) -> None:
    bad = "http://no-such-host.invalid/"
    ran = archiver("save", bad, site.url("/plain"), "--allow-private", "-o", tmp_path, "--attempts", "1")
    assert ran.code == 1
    assert ran.error_lines[0].startswith(f"archiver: {bad}: cannot find the host")
    (path,) = ran.out.splitlines()
    assert archiver("verify", path).code == 0


def test_json_is_one_object_an_input_even_for_one_that_failed(
    archiver: Command, keyring: Keyring, site: RawServer, tmp_path: Path
) -> None:
    urls = [site.url(), "http://no-such-host.invalid/", site.url("/partial")]
    ran = archiver("save", *urls, "--allow-private", "--json", "-o", tmp_path, "--attempts", "1")
    assert ran.code == 1
    whole, failed, partial = map(json.loads, ran.out.splitlines())
    assert [told["requested_url"] for told in (whole, failed, partial)] == urls
    assert (whole["status"], whole["reasons"], whole["title"]) == ("complete", [], "Tides")
    assert whole["id"].startswith("sha256:")
    assert whole["settings"] == ["PRIVATE_ADDRESS"]
    assert (failed["status"], failed["reasons"], failed["bundle"]) == ("failed", ["dns"], None)
    assert partial["missing"] == [
        {"url": site.url("/broken"), "referrer": site.url("/partial"), "reason": "http-403"}
    ]
    assert len(ran.error_lines) == 1


def test_quiet_says_the_path_alone(archiver: Command, keyring: Keyring, site: RawServer) -> None:
    ran = archiver("save", site.url("/partial"), "--allow-private", "-q", "-o", "a.wacz")
    assert (ran.out, ran.err) == ("a.wacz\n", "")


def test_a_failed_capture_is_kept_when_asked_for(archiver: Command, keyring: Keyring) -> None:
    ran = archiver("save", "http://no-such-host.invalid/", "--keep-failed", "-o", "a.wacz", "--attempts", "1")
    assert (ran.code, ran.out) == (1, "a.wacz\n")
    assert ran.err.startswith("failed (dns): 0 exchanges")
    assert archiver("verify", "a.wacz").code == 0
    assert archiver("show", "a.wacz").code == 0


def test_force_replaces_an_output(archiver: Command, keyring: Keyring, site: RawServer) -> None:
    Path("a.wacz").write_bytes(b"old")
    assert archiver("save", site.url(), "--allow-private", "-o", "a.wacz", "--force").code == 0
    assert archiver("verify", "a.wacz").code == 0


def test_an_output_that_comes_up_meanwhile_is_not_replaced(
    archiver: Command, keyring: Keyring, tmp_path: Path
) -> None:
    def arrive(_: bytes) -> list[bytes]:
        (tmp_path / "a.wacz").write_bytes(b"another's")
        return [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]

    with RawServer({"/": arrive}) as site:
        ran = archiver("save", site.url(), "--allow-private", "-o", "a.wacz")
    assert ran.code == 2
    assert ran.err == "archiver: a.wacz: it exists already\n"
    assert contents(tmp_path) == {"a.wacz": b"another's"}


def test_settings_that_weaken_a_connection_stand_under_the_verdict(
    archiver: Command, keyring: Keyring, site: RawServer
) -> None:
    resolve = f"news.example:{site.port}:127.0.0.1"
    archiver("save", f"http://news.example:{site.port}/", "--resolve", resolve, "-o", "a.wacz")
    lines = archiver("verify", "a.wacz").out.splitlines()
    assert lines[1].endswith("; settings: FORCED_ADDRESS, PRIVATE_ADDRESS")


def test_headers_and_user_agent_are_sent_and_stated(
    archiver: Command, keyring: Keyring, site: RawServer
) -> None:
    ran = archiver("save", site.url("/plain"), "--allow-private", "-o", "a.wacz",
                   "--header", "Accept-Language: de", "--user-agent", "tester/1")  # fmt: skip
    assert ran.code == 0
    assert b"\r\nAccept-Language: de\r\n" in site.received
    assert b"\r\nUser-Agent: tester/1\r\n" in site.received
    stated = json.loads(archiver("show", "--json", "a.wacz").out)["stated"]["settings"]
    assert (stated["headers"], stated["user_agent"]) == (["Accept-Language: de"], "tester/1")


def test_limits_are_stated(archiver: Command, keyring: Keyring, site: RawServer) -> None:
    archiver("save", site.url("/plain"), "--allow-private", "-o", "a.wacz", "-j", "3",
             "--max-seconds", "7.5", "--max-capture", "2M", "--max-header", "64K")  # fmt: skip
    settings = json.loads(archiver("show", "--json", "a.wacz").out)["stated"]["settings"]
    assert settings["concurrency"] == 3
    assert settings["limits"]["seconds_us"] == 7_500_000
    assert settings["limits"]["capture_bytes"] == 2 << 20
    assert settings["limits"]["header_bytes"] == 64 << 10


def test_a_limit_that_is_hit_is_a_reason(archiver: Command, keyring: Keyring, site: RawServer) -> None:
    ran = archiver("save", site.url("/large"), "--allow-private", "-o", "a.wacz", "--max-document", "50K")
    assert ran.code == 3
    assert ran.err.startswith("partial (page-limit-bytes")


def test_the_identity_that_is_named_seals(archiver: Command, keyring: Keyring, site: RawServer) -> None:
    second = keyring.new("Second")
    several = archiver("save", site.url("/plain"), "--allow-private", "-o", "a.wacz")
    assert several.code == 2
    assert "several identities are yours ('Second', 'Tester')" in several.err
    assert "--identity" in several.err
    for name in ("Second", second.identity.fingerprint.hex[:12]):
        ran = archiver(
            "save", site.url("/plain"), "--allow-private", "-o", "a.wacz", "--force", "--identity", name
        )
        assert ran.code == 0
        verdict = json.loads(archiver("verify", "--json", "a.wacz").out)
        assert verdict["identity"] == str(second.identity.fingerprint)
        assert verdict["verdict"] == "INDETERMINATE"


def test_the_keyring_is_where_the_environment_or_the_flag_says(
    archiver: Command, site: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVER_KEYRING", str(tmp_path / "ring"))
    archiver("save", site.url("/plain"), "--allow-private", "-o", "a.wacz")
    assert len(Keyring(tmp_path / "ring").own()) == 1
    assert archiver("verify", "a.wacz").code == 0
    assert archiver("verify", "a.wacz", "--keyring", tmp_path / "other").code == 3
    archiver("save", site.url("/plain"), "--allow-private", "-o", "b.wacz", "--keyring", tmp_path / "other")
    assert archiver("verify", "b.wacz").code == 3
    assert archiver("verify", "b.wacz", "--keyring", tmp_path / "other").code == 0


def test_settings_come_from_flag_environment_and_files_in_this_order(
    archiver: Command, keyring: Keyring, site: RawServer, own_settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sent(*more: str) -> bytes:
        archiver("save", site.url("/plain"), "--allow-private", "-o", "a.wacz", "--force", *more)
        return site.received.rpartition(b"User-Agent: ")[2].partition(b"\r\n")[0]

    keyring.new("Second")
    config = own_settings / "config" / "archiver"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('identity = "Second"\noperator = "Ada"\nuser_agent = "personal/1"\n')
    assert sent() == b"personal/1"
    stated = json.loads(archiver("show", "--json", "a.wacz").out)["stated"]
    assert stated["operator"] == "Ada"
    Path("archiver.toml").write_text('user_agent = "folder/1"\njobs = 2\n')
    assert sent() == b"folder/1"
    monkeypatch.setenv("ARCHIVER_USER_AGENT", "environment/1")
    assert sent() == b"environment/1"
    assert sent("--user-agent", "flag/1") == b"flag/1"


def test_keys_under_a_passphrase_are_opened_by_its_file(
    archiver: Command, site: RawServer, own_settings: Path
) -> None:
    Path("secret").write_text("correct horse\n")
    assert archiver("identity", "new", "Careful", "--passphrase-file", "secret").code == 0
    keys = list(own_settings.rglob("*.pem"))
    assert len(keys) == 3
    assert all(is_encrypted(path.read_bytes()) for path in keys)
    args = ["save", site.url("/plain"), "--allow-private", "-o", "a.wacz"]
    assert archiver(*args).code == 2
    assert archiver(*args, "--passphrase-file", "secret").code == 0
    assert archiver("verify", "a.wacz").code == 0


def test_a_bundle_with_a_name_of_any_bytes_is_named_to_the_byte(
    keyring: Keyring, site: RawServer, tmp_path: Path
) -> None:
    name = b"caf\xe9 \xe2\x82\xac.wacz"
    done = subprocess.run(
        [sys.executable, "-m", "archiver", "save", site.url("/plain"), "--allow-private", "-q", "-o", name],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, name + b"\n", b"")


def test_more_than_25_captures_need_a_yes(
    archiver: Command, keyring: Keyring, site: RawServer, tmp_path: Path
) -> None:
    urls = [site.url(f"/plain?{number}") for number in range(26)]
    assert archiver("save", *urls, "--allow-private").code == 2
    assert contents(tmp_path) == {}
