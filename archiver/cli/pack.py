"""`archiver pack`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from archiver import cli
from archiver.bundle.bundle import open_regular
from archiver.bundle.pack import pack, pages_of
from archiver.cli import options
from archiver.errors import FormatError, LimitError, OutputExistsError
from archiver.title import page_title
from archiver.warc.capture import OURS, Capture
from archiver.warc.http1 import text
from archiver.warc.imported import is_own
from archiver.warc.window import Window
from archiver.whole import whole_file


@click.command("pack")
@click.argument("warcs", nargs=-1, required=True, metavar="WARC...", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The bundle."
)
@click.option("--url", "urls", multiple=True, metavar="URL",
              help="A page of the WARCs that is cited; otherwise every HTML page is one.")  # fmt: skip
@click.option("--from", "source", metavar="WHO", help="Who made the WARCs, or gave them to you.")
@options.force_option
def command(
    warcs: tuple[Path, ...], output: Path, urls: tuple[str, ...], source: str | None, force: bool
) -> None:
    """Make a packed, unsigned bundle from WARCs; `archiver seal` signs it.

    A WARC that archiver wrote is packed as a capture, if it comes alone and without --url and --from. All
    others, by any tool, are imported: kept byte for byte, and marked as imported for good.
    """
    options.refuse_output(output, force=force)
    with ExitStack() as opened:
        files = {path: opened.enter_context(open_regular(path)) for path in dict.fromkeys(warcs)}
        if output.exists() and any(_is_at(file, output) for file in files.values()):
            raise OutputExistsError("it is one of the WARCs", path=output)
        out = opened.enter_context(whole_file(output, overwrite=force))
        first = next(iter(files.values()))
        if len(files) == 1 and not urls and source is None and is_own(Window(first)):
            with options.naming(warcs[0]):
                capture = Capture({OURS: Window(first)})
                pack(capture, pages=pages_of(capture, page_title), to=out, created=datetime.now(UTC))
            # Whoever was handed it must know: nothing proves it, and `seal` signs it.
            cli.say("packed as a capture by archiver, which it says it is; --from WHO imports it instead")
        else:
            _import(files, urls, source, out)
    cli.emit_path(output)


def _is_at(file: BinaryIO, path: Path) -> bool:
    return os.path.samestat(os.fstat(file.fileno()), path.stat())


def _import(files: Mapping[Path, BinaryIO], urls: tuple[str, ...], source: str | None, out: BinaryIO) -> None:
    from archiver.imports import MAX_FOUND, Import, Source  # on use: a WARC of our own does without

    sources = [Source(name=text(os.fsencode(path.name)), window=Window(file)) for path, file in files.items()]
    imported = Import(sources, now=lambda: datetime.now(UTC))
    paths = dict(zip(imported.sources, files, strict=True))
    with _naming(paths):
        imported.check()
        cited = [(text(os.fsencode(url)), imported.named_page(url)) for url in urls]
        pages = tuple(dict.fromkeys(page for _, page in cited)) or imported.found_pages()
        whom = text(os.fsencode(source)) if source is not None else None
        imported.pack(pages=pages, cited=cited, source=whom, to=out)
    if not urls and len(imported.html) > MAX_FOUND:
        cli.say(f"lists the first {MAX_FOUND} pages; --url names others")


@contextmanager
def _naming(paths: Mapping[str, Path]) -> Iterator[None]:
    """A block that reads WARCs by their names in the bundle: what is wrong in one is said with its path."""
    try:
        yield
    except (FormatError, LimitError) as error:
        archive, _, place = error.where.removeprefix("archive/").partition(": ")
        if archive not in paths:
            raise
        where = f"{paths[archive]}: {place}"
        if isinstance(error, LimitError):
            raise LimitError(str(error).removeprefix(f"{error.where}: "), where=where) from error
        raise FormatError(error.message, where=where, code=error.code) from error
