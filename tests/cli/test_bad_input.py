"""Bad input at the command line: one clear line, the right exit code, nothing lost."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archiver.signing.keyring import Keyring
from tests import small
from tests.cli.command import Command, Ran
from tests.cli.site import contents
from tests.fetch.rawserver import RawServer

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
PR_CAPBSET_DROP = 24


def closed_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def check(ran: Ran, code: int, *said: str) -> None:
    """One clear line on standard error and nothing on standard output."""
    assert ran.code == code, ran
    assert ran.out == ""
    (line,) = ran.error_lines
    assert line.startswith("archiver: ")
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in line)
    for text in said:
        assert text in line


NOWHERE = "http://site.example:{port}/page"
NOT_CAPTURED: list[tuple[str, list[str], int, list[str]]] = [
    ("no such host", ["http://no-such-host.invalid/"], 1, ["no-such-host.invalid", "spelled right"]),
    (
        "port closed",
        [NOWHERE, "--resolve", "site.example:{port}:127.0.0.1"],
        1,
        ["site.example:{port}", "refused", "try again later"],
    ),
    ("private address", ["http://127.0.0.1:{port}/"], 1, ["not on the public network", "--allow-private"]),
    ("no scheme", ["example.org/page"], 2, ["neither a file here nor a URL", "https://example.org/page"]),
    ("a file that is not there", ["thesis.docx"], 2, ["thesis.docx", "neither a file here nor a URL"]),
    ("an empty argument", [""], 2, ["neither a file here nor a URL"]),
    ("a broken URL", ["http://[::1/"], 2, ["is not a URL"]),
    ("no port", ["http://example.org:99999/"], 2, ["is not a URL"]),
    ("ftp", ["ftp://example.org/file"], 2, ["ftp: URLs cannot be captured"]),
    ("file", ["file:///etc/passwd"], 2, ["file: URLs cannot be captured"]),
    ("javascript", ["javascript:alert(1)"], 2, ["cannot be captured"]),
    ("a password in the URL", ["http://me:secret@example.org/"], 2, ["on record"]),
    ("a document", ["thesis.txt"], 2, ["thesis.txt", "cannot be read for citations yet"]),
    ("standard input", ["-"], 2, ["cannot be read for citations yet"]),
    ("one good and one bad", ["http://127.0.0.1:{port}/", "nonsense"], 2, ["nonsense"]),
    ("no input", [], 2, ["Missing argument", "archiver save --help"]),
    ("an unknown option", ["--nope", NOWHERE], 2, ["--nope", "archiver save --help"]),
    ("a limit that is no number", [NOWHERE, "--max-seconds", "soon"], 2, ["soon"]),
    ("a limit that is nan", [NOWHERE, "--max-seconds", "nan"], 2, ["nan"]),
    ("a limit below zero", [NOWHERE, "--idle-timeout", "-1"], 2, ["-1"]),
    ("a size that is none", [NOWHERE, "--max-capture", "12Q"], 2, ["12Q", "500M"]),
    ("a forced address that is none", [NOWHERE, "--resolve", "a:b"], 2, ["HOST:PORT:ADDR"]),
    ("a proxy's secret", [NOWHERE, "--header", "Proxy-Authorization: hush"], 2, ["not to the proxy"]),
    ("a header from no file", [NOWHERE, "--header", "@nowhere"], 2, ["nowhere"]),
    ("cookies from no file", [NOWHERE, "--cookies", "nowhere"], 2, ["nowhere"]),
    ("a header that is none", [NOWHERE, "--header", "words"], 2, ["Name: value"]),
    ("a header of two lines", [NOWHERE, "--header", "A: b\r\nC: d"], 2, ["control character"]),
    ("a proxy that is none", [NOWHERE, "--proxy", "x"], 2, ["--proxy"]),
    ("no such CA file", [NOWHERE, "--cacert", "ca.pem"], 2, ["ca.pem", "no such file"]),
    ("a CA file that is none", [NOWHERE, "--cacert", "thesis.txt"], 2, ["thesis.txt", "no PEM certificate"]),
    ("a CA file that never ends", [NOWHERE, "--cacert", "/dev/zero"], 2, ["/dev/zero", "not a regular file"]),
    ("output exists", [NOWHERE, "-o", "thesis.txt"], 2, ["thesis.txt", "exists already", "--force"]),
    ("output is a dangling link", [NOWHERE, "-o", "link"], 2, ["link", "exists already", "--force"]),
    ("output is a device", [NOWHERE, "-o", "/dev/null", "--force"], 2, ["/dev/null", "not a regular file"]),
    ("folder missing", [NOWHERE, "-o", "missing/a.wacz"], 4, ["missing/a.wacz", "folder does not exist"]),
    ("output folder missing", [NOWHERE, "-o", "missing/"], 4, ["missing/", "make it first"]),
    ("folder is a file", [NOWHERE, "-o", "thesis.txt/a.wacz"], 4, ["thesis.txt/a.wacz"]),
    ("a name too long", [NOWHERE, "-o", "a" * 256], 4, ["name too long"]),
    ("several into a file", [NOWHERE, NOWHERE, "-o", "thesis.txt"], 2, ["thesis.txt", "no folder"]),
    ("no such identity", [NOWHERE, "--identity", "Nobody"], 2, ["no identity answers to 'Nobody'"]),
    ("many without leave", [NOWHERE] * 26, 2, ["26 captures", "--yes"]),
]


@pytest.mark.parametrize(
    ("arguments", "code", "said"), [case[1:] for case in NOT_CAPTURED], ids=[case[0] for case in NOT_CAPTURED]
)
def test_what_cannot_be_saved_is_said_in_one_line(
    archiver: Command, keyring: Keyring, tmp_path: Path, arguments: list[str], code: int, said: list[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("See http://example.org/.")
    (tmp_path / "link").symlink_to("nowhere")
    port = str(closed_port())
    before = contents(tmp_path)
    arguments = [argument.replace("{port}", port) for argument in arguments]
    quick = ["--attempts", "1", "--connect-timeout", "5"] if arguments else []
    ran = archiver("save", *arguments, *quick)
    check(ran, code, *(text.replace("{port}", port) for text in said))
    assert contents(tmp_path) == before


def test_no_file_is_made_for_a_name_that_is_nowhere(
    archiver: Command, keyring: Keyring, tmp_path: Path
) -> None:
    check(
        archiver("save", "http://no-such-host.invalid/", "-o", "a.wacz", "--attempts", "1"),
        1,
        "nothing was kept",
    )
    assert contents(tmp_path) == {}


NO_BUNDLE: dict[str, tuple[int, str]] = {
    "missing.wacz": (2, "no such file"),
    "folder": (2, "not a regular file"),
    "fifo": (2, "not a regular file"),
    "/dev/zero": (2, "not a regular file"),
    "socket": (2, "no such device"),
}
BROKEN: dict[str, Callable[[], bytes]] = {
    "empty.wacz": lambda: b"",
    "text.wacz": lambda: b"PASSED  this is not a bundle at all, however it begins\n" * 3,
    "short.wacz": lambda: small.bundle()[:5000],
    "end.wacz": lambda: small.bundle()[:-1],
    "longer.wacz": lambda: small.bundle() + b"\0",
}


@pytest.fixture
def inputs(tmp_path: Path) -> Iterator[Path]:
    """A folder of things that are no bundles."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name, data in BROKEN.items():
        (tmp_path / name).write_bytes(data())
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "socket"))
        yield tmp_path


USES: dict[str, Callable[[str], list[str]]] = {
    "verify": lambda name: ["verify", name],
    "show": lambda name: ["show", name],
    "show --list": lambda name: ["show", "--list", name],
    "show --files": lambda name: ["show", name, "--files", "out"],
    "show --extract": lambda name: ["show", name, "--extract", small.PAGE],
    "seal": lambda name: ["seal", name],
    "seal -o": lambda name: ["seal", name, "-o", "sealed.wacz"],
    "pack": lambda name: ["pack", name, "-o", "packed.wacz"],
    "identity trust": lambda name: ["identity", "trust", name],
    "identity import": lambda name: ["identity", "import", name],
}


@pytest.mark.parametrize("name", NO_BUNDLE)
@pytest.mark.parametrize("use", USES)
def test_an_input_that_is_no_regular_file_is_a_usage_error(
    archiver: Command, keyring: Keyring, inputs: Path, use: str, name: str
) -> None:
    before = contents(inputs)
    code, said = NO_BUNDLE[name]
    check(archiver(*USES[use](name)), code, name, said)
    assert contents(inputs) == before


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("use", [use for use in USES if not use.startswith(("verify", "identity"))])
def test_a_broken_bundle_is_a_no(
    archiver: Command, keyring: Keyring, inputs: Path, use: str, name: str
) -> None:
    before = contents(inputs)
    check(archiver(*USES[use](name)), 1, name)
    assert contents(inputs) == before


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("more", [[], ["--explain"]])
def test_verify_calls_a_broken_bundle_failed(
    archiver: Command, keyring: Keyring, inputs: Path, name: str, more: list[str]
) -> None:
    ran = archiver("verify", *more, name)
    assert ran.code == 1
    assert ran.out.startswith(f"FAILED  {name}\n")
    assert "PASSED" not in ran.out.partition("\n")[0]
    assert not [line for line in (ran.out + ran.err).splitlines() if line.startswith("PASSED")]
    assert ran.err == "" or more


@pytest.mark.parametrize("use", ["identity trust", "identity import"])
def test_a_file_that_is_no_identity_is_a_usage_error(
    archiver: Command, keyring: Keyring, inputs: Path, use: str
) -> None:
    check(archiver(*USES[use]("text.wacz")), 2, "text.wacz", "not an exported identity")


def test_a_file_that_is_no_identity_cannot_be_trusted_this_once_either(
    archiver: Command, inputs: Path
) -> None:
    check(archiver("verify", "--trust", "text.wacz", "end.wacz"), 2, "text.wacz", "not an identity")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file grows beyond *size* bytes meanwhile, as if the disk were full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("target", ["/large", "/larger"])
@pytest.mark.parametrize("size", [0, 8_000, 190_000])
def test_a_full_disk_loses_nothing_but_the_capture(
    archiver: Command, keyring: Keyring, site: RawServer, tmp_path: Path, target: str, size: int
) -> None:
    (tmp_path / "old.wacz").write_bytes(b"old")
    with largest_file(size):
        ran = archiver("save", site.url(target), "--allow-private", "-o", "old.wacz", "--force")
    check(ran, 4, "old.wacz", "cannot be written: file too large")
    assert contents(tmp_path) == {"old.wacz": b"old"}


def test_a_disk_that_is_full_when_it_comes_to_sealing_loses_nothing(
    archiver: Command, keyring: Keyring, packed: Path
) -> None:
    for more in ([], ["-o", "sealed.wacz"]):
        with largest_file(len(small.packed()) + 100):
            ran = archiver("seal", "packed.wacz", *more)
        check(ran, 4, "cannot be written")
        assert contents(packed.parent) == {"packed.wacz": small.packed()}


def test_no_half_identity_is_left_by_a_full_disk(archiver: Command, own_settings: Path) -> None:
    with largest_file(100):
        ran = archiver("identity", "new", "Library")
    check(ran, 4, "cannot be written")
    left = [path for path in own_settings.rglob("*") if path.is_file()]
    assert left == []
    assert archiver("identity", "new", "Library").code == 0


def test_payloads_that_do_not_fit_leave_no_half_file(
    archiver: Command, article: Path, tmp_path: Path
) -> None:
    with largest_file(50):
        ran = archiver("show", article, "--files", "out")
    assert ran.code == 4
    assert ran.error_lines[-1].startswith("archiver: out/0002-article: cannot be written")
    assert list(contents(tmp_path / "out")) == ["0001-a"]


def drop_capabilities() -> None:
    """In a child that is root's: be bound by permissions as anybody else."""
    if os.geteuid() == 0:
        library = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if library.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "prctl")


def bound(*arguments: str) -> Ran:
    """The command as somebody who may not do everything."""
    done = subprocess.run(
        [sys.executable, "-m", "archiver", *arguments],
        preexec_fn=drop_capabilities,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


READ_ONLY: list[tuple[list[str], str]] = [
    (["save", "http://127.0.0.1:9/", "-o", "shut/a.wacz"], "shut/a.wacz: cannot be written"),
    (["save", "http://127.0.0.1:9/", "-o", "shut/"], "cannot be written: permission denied"),
    (["seal", "packed.wacz", "-o", "shut/a.wacz"], "shut/a.wacz: cannot be written"),
    (["show", "packed.wacz", "--files", "shut"], "cannot be written: permission denied"),
    (["show", "packed.wacz", "--files", "shut/out"], "shut/out: cannot be made: permission denied"),
    (["identity", "new", "Library", "--keyring", "shut/keyring"], "shut/keyring"),
    (["identity", "export", "Tester", "-o", "shut/tester.json"], "shut/tester.json: cannot be written"),
]


@pytest.mark.parametrize(
    ("arguments", "said"), READ_ONLY, ids=[case[1].partition(":")[0] for case in READ_ONLY]
)
def test_a_read_only_folder_is_said_at_once(
    archiver: Command, keyring: Keyring, packed: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "shut").mkdir(mode=0o555)
    before = contents(tmp_path)
    ran = bound(*arguments)
    assert ran.code == 4, ran
    assert ran.out == ""
    assert said in ran.error_lines[-1]
    assert len(ran.error_lines) == (2 if ran.error_lines[0].startswith("UNVERIFIED") else 1)
    assert contents(tmp_path) == before


def test_an_input_that_may_not_be_read_is_a_usage_error(archiver: Command, article: Path) -> None:
    article.chmod(0)
    check(bound("verify", "article.wacz"), 2, "article.wacz: permission denied")


def test_a_key_that_others_can_read_is_refused(
    archiver: Command, keyring: Keyring, packed: Path, tmp_path: Path
) -> None:
    key = next(keyring.folder.rglob("*-ed25519.pem"))
    key.chmod(0o644)
    before = contents(tmp_path)
    for arguments in (["save", "http://127.0.0.1:9/"], ["seal", "packed.wacz"]):
        check(archiver(*arguments), 2, str(key), "others can read it", "chmod go=")
    check(archiver("identity", "export", "Tester", "--private", "-o", "moved"), 2, "others can read it")
    assert contents(tmp_path) == before


@pytest.fixture(scope="session")
def locked_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A keyring whose one identity is kept under a passphrase."""
    folder = tmp_path_factory.mktemp("locked") / "keyring"
    Keyring(folder).new("Careful", "right")
    return folder


PASSPHRASES: list[tuple[str, bytes | None, str]] = [
    ("wrong", b"wrong\n", "passphrase"),
    ("none", None, "--passphrase-file"),
    ("empty", b"\nright\n", "first line is empty"),
    ("not text", b"\xff\n", "not UTF-8"),
    ("endless", b"x" * 5000, "longer than"),
]


@pytest.mark.parametrize(
    ("data", "said"), [case[1:] for case in PASSPHRASES], ids=[case[0] for case in PASSPHRASES]
)
def test_a_passphrase_that_does_not_open_the_keys_keeps_nothing(
    archiver: Command, locked_keys: Path, packed: Path, tmp_path: Path, data: bytes | None, said: str
) -> None:
    more = ["--keyring", str(locked_keys)]
    if data is not None:
        (tmp_path / "secret").write_bytes(data)
        more += ["--passphrase-file", "secret"]
    before = contents(tmp_path)
    check(archiver("seal", "packed.wacz", *more), 2, said)
    check(archiver("save", "http://127.0.0.1:9/", *more), 2, said)
    assert contents(tmp_path) == before


def test_a_passphrase_file_that_is_not_there_is_said(
    archiver: Command, locked_keys: Path, packed: Path
) -> None:
    ran = archiver("seal", packed, "--keyring", locked_keys, "--passphrase-file", "none")
    check(ran, 2, "none: no such file")


def test_the_right_passphrase_opens_the_keys(archiver: Command, locked_keys: Path, packed: Path) -> None:
    Path("secret").write_bytes(b"right\r\nand more\n")
    ran = archiver("seal", packed, "--keyring", locked_keys, "--passphrase-file", "secret")
    assert (ran.code, ran.err) == (0, "")


OTHER_USAGE: list[tuple[list[str], str]] = [
    (["nothing"], "No such command 'nothing'"),
    (["identity", "nothing"], "archiver identity --help"),
    (["identity", "new"], "archiver identity new --help"),
    (["identity", "new", ""], "name: 0 characters"),
    (["identity", "new", "A\nB"], "control character"),
    (["identity", "new", "Tester"], "already"),
    (["identity", "show", "Nobody"], "no identity answers to 'Nobody'"),
    (["identity", "export", "Tester", "--private"], "name one with -o"),
    (["identity", "new", "Other", "--passphrase"], "--passphrase-file"),
    (["identity", "trust", "Tester", "--remove", "--name", "x"], "--name"),
    (["identity", "trust", "Nobody", "--remove"], "no identity answers to 'Nobody'"),
    (["verify", "-", "-"], "once only"),
    (["verify", "article.wacz", "--refuse", "EVERYTHING"], "EVERYTHING"),
    (["verify", "article.wacz", "--trust", "missing.json"], "missing.json: no such file"),
    (["show", "article.wacz", "--raw"], "--raw goes with --extract"),
    (["show", "article.wacz", "--list", "--files", "x"], "one of --list"),
    (["show", "article.wacz", "--json", "--extract", "http://x/"], "not JSON"),
    (["show", "article.wacz", "--extract", "nonsense"], "nonsense"),
    (["show", "article.wacz", "--extract", "http://nowhere.example/"], "holds no answer"),
    (["show", "article.wacz", "--files", "article.wacz"], "article.wacz: it exists and is no folder"),
    (["pack", "article.wacz"], "--output"),
    (["pack", "article.wacz", "-o", "article.wacz"], "article.wacz: it exists already; --force"),
    (["seal", "packed.wacz", "-o", "article.wacz"], "article.wacz: it exists already; --force"),
]


@pytest.mark.parametrize(("arguments", "said"), OTHER_USAGE, ids=[" ".join(case[0]) for case in OTHER_USAGE])
def test_wrong_usage_is_said_in_one_line(
    archiver: Command,
    keyring: Keyring,
    article: Path,
    packed: Path,
    tmp_path: Path,
    arguments: list[str],
    said: str,
) -> None:
    before = contents(tmp_path)
    ran = archiver(*arguments)
    check(ran, 2, said)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("arguments", [[], ["identity"]])
def test_a_command_alone_shows_its_help_and_is_a_usage_error(archiver: Command, arguments: list[str]) -> None:
    ran = archiver(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("Usage: archiver")


BAD_SETTINGS: list[tuple[str, bytes | None, str]] = [
    ("archiver.toml", b'keyring = "here"', "only your own config.toml"),
    ("archiver.toml", b'identity = "Mallory"', "only your own config.toml"),
    ("archiver.toml", b"colour = 1", "no such setting: colour"),
    ("archiver.toml", b"jobs = 0", "archiver.toml: jobs: is not a number from 1 to 256"),
    ("archiver.toml", b"jobs = [", "is not TOML"),
    ("archiver.toml", b"a = " + b"[" * 30_000, "archiver.toml: is n"),
    ("archiver.toml", b"\xff", "is not TOML"),
    ("archiver.toml", b"#" * 70_000, "larger than"),
    ("archiver.toml", None, "is not a regular file"),
]


@pytest.mark.parametrize(("name", "data", "said"), BAD_SETTINGS, ids=[case[2] for case in BAD_SETTINGS])
def test_a_settings_file_that_makes_no_sense_is_a_usage_error(
    archiver: Command, article: Path, name: str, data: bytes | None, said: str
) -> None:
    if data is None:
        os.mkfifo(name)
    else:
        Path(name).write_bytes(data)
    check(archiver("verify", article), 2, name, said)


def test_an_environment_variable_that_makes_no_sense_is_named(
    archiver: Command, article: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHIVER_JOBS", "many")
    check(archiver("verify", article), 2, "ARCHIVER_JOBS")


def test_a_full_standard_output_is_an_error_and_no_traceback(article: Path, library: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "archiver", "verify", str(article), "--trust", str(library)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (4, "archiver: no space left on device\n")
