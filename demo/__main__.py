"""``python -m demo [URL]``: save a cited page, show it, verify it, change one byte, verify again.

Without a URL the page is an invented article served on loopback; with one it is that page. What is made
stays in ``demo-output/``; the next run replaces it.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from demo.server import Site

_OUTPUT = Path("demo-output")
_MARK = "made-by-the-demo.txt"
_BUNDLE, _CHANGED, _KEYRING = "article.wacz", "article-one-byte-changed.wacz", "keyring"
_WARC = "archive/data.warc.gz"
_WIDTH = 100


class DemoError(Exception):
    """A step did not go as told; the text is for the person at the terminal."""


def main(arguments: Sequence[str]) -> int:
    """Tell the story; 0 when every step ended as it should."""
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print("Usage: python -m demo [URL]", file=sys.stderr)
        return 2
    try:
        with _cited(*arguments) as (url, options, whole):
            _prepare(_OUTPUT)
            _save(url, options, whole=whole)
        _look_and_judge()
        _tamper()
        _farewell()
    except DemoError as error:
        print(f"\nThe demo stops here: {error}", file=sys.stderr)
        return 1
    return 0


@contextlib.contextmanager
def _cited(url: str | None = None) -> Iterator[tuple[str, list[str], bool]]:
    """The URL to save, the options it needs, and whether the capture must be complete."""
    if url is not None:
        _tell(f"A page was cited, and pages change: {url}")
        yield url, [], False
        return
    with Site() as site:
        _tell(
            "An invented newspaper is now being served on this machine: a short plain-http address that"
            " redirects to an article on https, with its pictures, styles, font and script on a second"
            " origin. Its names and its certificate authority exist nowhere else, hence the options below;"
            " a save from the web needs none of them."
        )
        options = [part for entry in site.resolve for part in ("--resolve", entry)]
        yield site.cited, [*options, "--cacert", str(site.cacert)], True


def _save(url: str, options: Sequence[str], *, whole: bool) -> None:
    _tell("1. Save what was cited: the page and all it needs, sealed in one file.")
    _archiver("save", url, *options, "-o", str(_OUTPUT / _BUNDLE), expected=(0,) if whole else (0, 3))


def _look_and_judge() -> None:
    bundle = str(_OUTPUT / _BUNDLE)
    _tell("2. Look at it. This believes nothing and proves nothing yet.")
    _archiver("show", bundle, expected=(0,))
    _tell("3. Verify it: every byte, offline, against the identities you trust. It should say PASSED.")
    _archiver("verify", bundle, expected=(0,), says="PASSED")


def _tamper() -> None:
    changed = _OUTPUT / _CHANGED
    position = _copy_with_one_bit_changed(_OUTPUT / _BUNDLE, changed)
    _tell(
        f"4. Somebody changes one bit of a copy: byte {position}, in the middle of {_WARC}."
        " It should say FAILED, and where."
    )
    _archiver("verify", str(changed), expected=(1,), says="FAILED")


def _farewell() -> None:
    bundle = _OUTPUT / _BUNDLE
    print(f"""
The bundle is {bundle} ({bundle.stat().st_size:,} bytes), a plain WACZ file. To look at it:

  * open https://replayweb.page in a browser, choose "Load Web Archive" and this file: it is read by the
    browser itself and sent nowhere;
  * or take the files out:

        {_program()} show {bundle} --files {_OUTPUT / "files"}

The identity that sealed it lies in {_OUTPUT / _KEYRING} and is the demo's own; yours is untouched.""")


def _prepare(folder: Path) -> None:
    """An empty *folder*; what an earlier run left is removed, anybody else's folder is refused."""
    if folder.is_symlink() or (folder.exists() and not (folder / _MARK).is_file()):
        raise DemoError(f"{folder} is there already and the demo did not make it")
    if folder.exists():
        for name in (_BUNDLE, _CHANGED):
            (folder / name).unlink(missing_ok=True)
        for name in (_KEYRING, "files"):
            shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    (folder / _MARK).write_text(
        "The demo made this folder and replaces its own files in it.\n", encoding="ascii"
    )


def _copy_with_one_bit_changed(bundle: Path, copy: Path) -> int:
    """Write *copy*, which is *bundle* but for one bit in its WARC; gives that byte's position."""
    data = bytearray(bundle.read_bytes())
    with zipfile.ZipFile(bundle) as members:
        member = members.getinfo(_WARC)
    position = member.header_offset + 30 + len(member.orig_filename) + member.compress_size // 2
    data[position] ^= 1
    copy.write_bytes(data)
    return position


def _archiver(*arguments: str, expected: Collection[int], says: str = "") -> None:
    """Run the command as a user would, show what it prints, hold it to its exit code and its word."""
    print(f"\n  $ {_line(*arguments)}", flush=True)
    environment = os.environ | {"ARCHIVER_KEYRING": str(_OUTPUT / _KEYRING), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "archiver", *arguments]
    ran = subprocess.run(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    for line in ran.stdout.splitlines():
        print(f"    {line}" if line else "")
    print(f"    (exit code {ran.returncode})", flush=True)
    if ran.returncode not in expected:
        wanted = " or ".join(map(str, sorted(expected)))
        raise DemoError(f"exit code {ran.returncode} where {wanted} was expected")
    if says not in ran.stdout:
        raise DemoError(f"the word {says} was expected")


def _program() -> str:
    """What to type for the command, in a shell that knows nothing of this environment too."""
    return (
        "archiver"
        if shutil.which("archiver")
        else os.path.relpath(Path(sys.executable).with_name("archiver"))
    )


def _line(*arguments: str) -> str:
    """The command as it would be typed, folded before an option where it is long."""
    words = ["archiver", *map(shlex.quote, arguments)]
    if len(" ".join(words)) <= _WIDTH:
        return " ".join(words)
    lines = [""]
    for index, word in enumerate(words):
        if word.startswith("-") and index:
            lines.append("")
        lines[-1] += f"{word} "
    return " \\\n        ".join(line.rstrip() for line in lines)


def _tell(text: str) -> None:
    print(f"\n{textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
