"""What the documents say of other tools and of checking by hand does what they say."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.oracles.bundle import OracleBundle
from tests.oracles.test_warc import WARCIO
from tests.programs import need

DOCS = Path(__file__).parents[2] / "docs"


def follow_by_hand(folder: Path) -> subprocess.CompletedProcess[str]:
    """The commands of docs/verifying.md typed into a shell in *folder*; it stops at the first that fails."""
    need("openssl")
    need("unzip")
    page = (DOCS / "verifying.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- by-hand:start -->\n```sh\n(.+?)```", page, re.DOTALL)
    assert found is not None
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-e", "-c", found[1]],
        cwd=folder,
        env={"PATH": path, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_commands_by_hand_find_a_bundle_good(oracle_bundle: OracleBundle, tmp_path: Path) -> None:
    shutil.copy(oracle_bundle.path, tmp_path / "article.wacz")
    done = follow_by_hand(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    *verified, fingerprint = done.stdout.splitlines()
    assert verified == ["Signature Verified Successfully", "Verified OK"]
    assert re.fullmatch(r"SHA(2-)?256\(provenance/identity\.json\)= [0-9a-f]{64}", fingerprint)


def with_another_payload(closing: bytes) -> bytes:
    payload = json.loads(closing)["provenance"]["envelope"]["payload"]
    changed = base64.b64decode(payload).replace(b'"origin":"captured"', b'"origin":"imported"')
    return closing.replace(payload.encode(), base64.b64encode(changed))


@pytest.mark.parametrize(
    ("member", "change", "said"),
    [
        ("archive/data.warc.gz", lambda data: data[:-1] + b"x", "archive/data.warc.gz: FAILED"),
        ("provenance/identity.json", lambda data: data + b" ", "provenance/identity.json: FAILED"),
        ("datapackage.json", lambda data: data + b" ", "datapackage.json: FAILED"),
        ("datapackage-digest.json", with_another_payload, "Signature Verification Failure"),
        (
            "datapackage-digest.json",
            lambda data: re.sub(rb'("signature":").{8}', rb"\1AAAAAAAA", data),
            "Verification failure",
        ),
    ],
    ids=["warc", "identity", "datapackage", "payload", "wacz-auth"],
)
def test_the_commands_by_hand_find_a_changed_bundle_bad(
    oracle_bundles: Mapping[str, OracleBundle],
    tmp_path: Path,
    member: str,
    change: Callable[[bytes], bytes],
    said: str,
) -> None:
    with (
        zipfile.ZipFile(oracle_bundles["https"].path) as file,
        zipfile.ZipFile(tmp_path / "article.wacz", "w") as copy,
    ):
        for name in file.namelist():
            data = file.read(name)
            copy.writestr(name, change(data) if name == member else data)
    done = follow_by_hand(tmp_path)
    assert done.returncode != 0
    assert said in (done.stdout + done.stderr).splitlines()


def test_the_way_around_the_brotli_package_is_the_one_that_is_tested() -> None:
    assert f'python -c "{WARCIO}" check' in (DOCS / "other-tools.md").read_text(encoding="utf-8")
