"""`make vectors`: all vectors and test keys made anew, from fixed keys and a fixed clock.

All bytes come out the same each time; of the ML-DSA signatures, which do not, those that are committed are
kept while they verify over the new bytes.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.contract.keys import key_files
from tests.contract.vectors import VECTORS, readme

V1 = Path(__file__).parents[2] / "manifests" / "v1"


def made() -> dict[str, bytes]:
    """Every file of `keys/` and `vectors/` by its path in `manifests/v1`."""
    files = {f"keys/{name}": data for name, data in key_files().items()}
    files["vectors/README.md"] = readme()
    for vector in VECTORS:
        files |= {f"vectors/{vector.name}/{name}": data for name, data in vector.files().items()}
    return files


def committed(folder: Path = V1) -> dict[str, bytes]:
    """The same as they stand in *folder*."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for part in ("keys", "vectors")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def differences(fresh: Mapping[str, bytes], held: Mapping[str, bytes]) -> list[str]:
    """What is not equal, a line each."""
    words = {name: "changed" for name in fresh.keys() & held.keys() if fresh[name] != held[name]}
    words |= dict.fromkeys(fresh.keys() - held.keys(), "new")
    words |= dict.fromkeys(held.keys() - fresh.keys(), "not made")
    return [f"{words[name]}: {name}" for name in sorted(words)]


def main() -> int:
    """Write what differs, remove what is no more; say so."""
    fresh, held = made(), committed()
    found = differences(fresh, held)
    for name, data in fresh.items():
        if held.get(name) != data:
            (V1 / name).parent.mkdir(parents=True, exist_ok=True)
            (V1 / name).write_bytes(data)
    for folder in (V1 / "vectors").iterdir():
        if folder.is_dir() and not any(vector.name == folder.name for vector in VECTORS):
            shutil.rmtree(folder)
    for name in held.keys() - fresh.keys():
        (V1 / name).unlink(missing_ok=True)
    print(*found[:200], f"{len(VECTORS)} vectors, {len(found)} files differed", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
