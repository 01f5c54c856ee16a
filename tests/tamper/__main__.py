"""``python -m tests.tamper``: make the table, print it, and show it in the README."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.tamper.table import END, README, START, make_table, render, shown_in


def main() -> int:
    before = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="archiver-tamper-") as folder:
        table = render(make_table(Path(folder)))
    print(table, end="")
    README.write_text(before.replace(START + shown_in(before) + END, f"{START}\n{table}{END}"), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
