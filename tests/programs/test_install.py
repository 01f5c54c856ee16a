"""`make programs` on machines that lack things: every package manager here is a stand-in on the PATH."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TOOLS = "bash cat cksum cp dirname mkdir rm tar touch chmod mv".split()
FROM_PIP = ["pywb", "authsign"]
PUBLISHED_ON_NPM = ["replaywebpage", "es-module-lexer"]
DOWNLOADED = [*PUBLISHED_ON_NPM, "js-wacz", "debian-docs"]
MIRROR = "https://mirror.invalid/simple"

FAILS = f"echo 'cannot reach {MIRROR}'; echo 'cannot reach {MIRROR}' >&2; exit 3"
APT = """
[ "$1" = install ] || exit 0
for name; do :; done
[ "$name" != nodejs ] || name=node
printf '#!/bin/sh\\n' >"${0%/*}/$name"
chmod +x "${0%/*}/$name"
"""
# Enough of a Python to make an environment, and of npm to fetch something that was never published.
PYTHON = """
[ "$2" != venv ] || { mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; }
"""
NPM = '[ "$1" = pack ] && touch "$5/${6%@*}-${6##*@}.tgz"'


class Machine:
    """A copy of the script in a folder of its own, and a PATH with nothing on it but *programs*."""

    def __init__(self, folder: Path, programs: Mapping[str, str]) -> None:
        self.folder, self._bin = folder, folder / "bin"
        target = folder / "tests/programs"
        target.mkdir(parents=True)
        for name in ("install", "pywb.txt", "authsign.txt"):
            shutil.copy(HERE / name, target)
        shutil.copytree(HERE / "js-wacz", target / "js-wacz")
        self._bin.mkdir()
        for name in TOOLS:
            found = shutil.which(name)
            assert found is not None
            (self._bin / name).symlink_to(found)
        for name, script in {"id": "echo 0", **programs}.items():
            file = self._bin / name
            file.write_text(f"#!/bin/sh\n{script}\n")
            file.chmod(0o755)

    def install(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", self.folder / "tests/programs/install"],
            env={"PATH": str(self._bin), **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    @property
    def log(self) -> str:
        return (self.folder / ".programs/install.log").read_text()


def missing(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.split(":")[1].strip() for line in done.stderr.splitlines() if line.startswith("missing:")]


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("0", 0), ("false", 0), ("true", 1), ("1", 1)])
def test_where_nothing_can_be_had_all_is_named_and_ci_fails(tmp_path: Path, ci: str, code: int) -> None:
    done = Machine(tmp_path, {}).install(CI=ci)
    assert done.returncode == code
    programs = ["openssl", "unzip", "wget", "chromium", "node", "npm"]
    assert missing(done) == [*programs, *FROM_PIP, *DOWNLOADED]


def test_no_mirror_is_ever_printed(tmp_path: Path) -> None:
    python = f'case "$1" in -m) {FAILS};; esac'
    failing = dict.fromkeys(("apt-get", "dpkg-deb", "npm", "chromium"), FAILS)
    machine = Machine(tmp_path, {**failing, "python3": python})
    done = machine.install(CI="true")
    assert done.returncode == 1
    assert machine.log.count(MIRROR) >= 8
    assert "mirror.invalid" not in done.stdout + done.stderr
    assert {"wget", "chromium", *FROM_PIP, *DOWNLOADED} <= set(missing(done))


def test_apt_brings_the_programs_that_are_not_there(tmp_path: Path) -> None:
    machine = Machine(tmp_path, {"apt-get": APT, "wget": "", "python3": PYTHON})
    done = machine.install(CI="true")
    lines = [line for line in done.stdout.splitlines() if line.startswith("apt-get")]
    assert [line.rpartition(" ")[2] for line in lines] == ["openssl", "unzip", "chromium", "nodejs", "npm"]
    assert missing(done) == DOWNLOADED


def test_one_package_that_apt_lacks_keeps_no_other_away(tmp_path: Path) -> None:
    machine = Machine(tmp_path, {"apt-get": f'case "$*" in *chromium) {FAILS};; esac\n{APT}'})
    assert missing(machine.install()) == ["chromium", *FROM_PIP, *DOWNLOADED]


def test_without_root_apt_is_not_tried(tmp_path: Path) -> None:
    done = Machine(tmp_path, {"apt-get": APT, "id": "echo 1000"}).install()
    assert "apt-get install wget" not in done.stdout
    assert "wget" in missing(done)


def test_another_archive_than_the_pinned_one_is_not_kept(tmp_path: Path) -> None:
    programs = {"apt-get": APT, "openssl": "echo 00ff *archive", "npm": NPM, "python3": PYTHON}
    machine = Machine(tmp_path, programs)
    assert missing(machine.install()) == DOWNLOADED
    assert "sha512 is 00ff, expected 9c28" in machine.log
    assert "sha512 is 00ff, expected 44da" in machine.log
    assert sorted(path.name for path in (tmp_path / ".programs").iterdir()) == sorted(
        ["install.log", *FROM_PIP]
    )


def test_documentation_is_unpacked_once_and_not_by_half(tmp_path: Path) -> None:
    dpkg = 'mkdir -p "$3/usr" && [ -f "$2" ]'
    machine = Machine(tmp_path / "a", {"apt-get": APT, "dpkg-deb": dpkg})  # an apt-get that downloads nothing
    assert "debian-docs" in missing(machine.install())
    assert not list((machine.folder / ".programs").glob("debian-docs*"))
    apt = f"[ $1 != download ] || touch ${{3}}_1_all.deb\n{APT}"
    machine = Machine(tmp_path / "b", {"apt-get": apt, "dpkg-deb": dpkg})
    assert "debian-docs" not in missing(machine.install())
    assert (machine.folder / ".programs/debian-docs/usr").is_dir()
    assert "download" not in machine.install().stdout


def test_what_a_lock_pins_is_installed_once_and_not_by_half(tmp_path: Path) -> None:
    script = "node_modules/@harvard-lil/js-wacz/bin/cli.js"
    npm = f"""
    [ "$1 $4" = "ci --ignore-scripts" ] && [ -f "$3/package-lock.json" ] || exit 1
    mkdir -p "$3/{script}" && rm -r "$3/{script}" && echo >"$3/{script}"
    """
    for number, bad in enumerate(("exit 0", f"{npm}\nexit 1")):
        machine = Machine(tmp_path / str(number), {"npm": bad})
        assert "js-wacz" in missing(machine.install())
        assert not list((machine.folder / ".programs").glob("js-wacz*"))
    machine = Machine(tmp_path / "good", {"npm": npm})
    assert "js-wacz" not in missing(machine.install())
    assert (machine.folder / ".programs/js-wacz" / script).is_file()
    assert "npm ci" not in machine.install().stdout
    lock = machine.folder / "tests/programs/js-wacz/package-lock.json"
    lock.write_text(f"{lock.read_text()}\n")
    assert "npm ci js-wacz" in machine.install().stdout


def test_the_lock_pins_every_package_and_names_no_registry() -> None:
    _, *packages = json.loads((HERE / "js-wacz/package-lock.json").read_bytes())["packages"].items()
    assert len(packages) > 100
    for name, package in packages:
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
        assert "dev" not in package, name
    version = dict(packages)["node_modules/@harvard-lil/js-wacz"]["version"]
    assert f"\nJS_WACZ={version}\n" in (HERE / "install").read_text()


def test_an_environment_that_was_moved_is_made_anew(tmp_path: Path) -> None:
    machine = Machine(tmp_path, {"python3": PYTHON})
    assert "pip install" in machine.install().stdout
    assert "pip install" not in machine.install().stdout
    home = tmp_path / ".programs/pywb"
    mark = (home / "mark").read_text()
    (home / "mark").write_text(mark.replace(str(home), "/elsewhere"))
    assert "pip install" in machine.install().stdout


def test_a_python_that_is_too_old_is_said_to_be(tmp_path: Path) -> None:
    done = Machine(tmp_path, {"python3": "exit 1"}).install()
    assert "missing: pywb: python3 is no Python 3.11 or newer" in done.stderr
