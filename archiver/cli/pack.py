"""`archiver pack`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from archiver import cli
from archiver.bundle.bundle import open_regular
from archiver.bundle.pack import pack, pages_of
from archiver.cli import options
from archiver.title import page_title
from archiver.warc.capture import OURS, Capture
from archiver.warc.window import Window
from archiver.whole import whole_file


@click.command("pack")
@click.argument("warc", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The bundle."
)
@options.force_option
def command(warc: Path, output: Path, force: bool) -> None:
    """Make a packed, unsigned bundle from a WARC that archiver wrote; `archiver seal` signs it."""
    options.refuse_output(output, force=force)
    with open_regular(warc) as source, whole_file(output, overwrite=force) as out, options.naming(warc):
        capture = Capture({OURS: Window(source)})
        pack(capture, pages=pages_of(capture, page_title), to=out, created=datetime.now(UTC))
    cli.emit_path(output)
