"""`archiver show`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from archiver import cli
from archiver.bundle.bundle import MANIFEST, Bundle, open_bundle, open_regular
from archiver.cli import options
from archiver.cli.render import count_text, memento_text, settings_text, size_text
from archiver.errors import FormatError, InputError, LimitError, OutputError, OutputExistsError
from archiver.escape import file_name, terminal
from archiver.manifest import ExchangeEntry, Manifest
from archiver.url import Url
from archiver.verify.foreign.kind import is_foreign
from archiver.warc.capture import StoredExchange
from archiver.warc.window import Window
from archiver.whole import whole_file

MAX_DECODED = 4 << 30
"""Payloads are decoded up to this many bytes, all of a bundle's together."""

MAX_LINES = 50
"""Entries of one list in the summary."""

UNVERIFIED = "UNVERIFIED: what the bundle says of itself; `archiver verify` checks it"


@click.command("show")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--list", "listing", is_flag=True, help="Every exchange, one per line.")
@click.option("--extract", metavar="URL", help="Write what URL answered to standard output, decoded.")
@click.option("--raw", is_flag=True, help="With --extract: the whole answer as it was on the wire.")
@click.option("--files", "folder", type=click.Path(path_type=Path), metavar="DIR",
              help="Write every decoded payload into DIR, under safe names; replaces nothing.")  # fmt: skip
@options.json_option
def command(
    bundle: Path, listing: bool, extract: str | None, raw: bool, folder: Path | None, as_json: bool
) -> int:
    """Say what a bundle holds. Nothing is verified."""
    if raw and extract is None:
        raise click.UsageError("--raw goes with --extract")
    if sum((listing, extract is not None, folder is not None)) > 1:
        raise click.UsageError("one of --list, --extract and --files at a time")
    if as_json and extract is not None:
        raise click.UsageError("--extract gives the bytes themselves, not JSON")
    with options.naming(bundle), _open(bundle) as opened:
        if extract is not None:
            return _extract(opened, extract, raw=raw)
        if folder is not None:
            return _files(opened, folder, as_json=as_json)
        manifest = Manifest.from_json(opened.read(MANIFEST))
        if listing:
            _list(manifest, as_json=as_json)
        elif as_json:
            cli.emit(_summary_json(opened, manifest))
        else:
            for line in _summary(opened, manifest):
                click.echo(line)
    return 0


def _open(path: Path) -> Bundle:
    """The bundle at *path*; LimitError, as far as we are concerned, where another tool made it."""
    try:
        return open_bundle(path)
    except FormatError:
        with open_regular(path) as file:
            if is_foreign(Window(file)):
                raise LimitError(
                    "made by another tool; so far only bundles of archiver's own are read"
                ) from None
        raise


def _summary(bundle: Bundle, manifest: Manifest) -> Iterator[str]:
    yield UNVERIFIED
    state = "sealed" if bundle.sealed else "packed"
    yield f"bundle   {terminal(bundle.name)}, {size_text(bundle.window.size)}, {state}"
    if bundle.id is not None:
        yield f"id       {bundle.id}"
    for page in bundle.pages[:MAX_LINES]:
        yield f"page     {terminal(page.url)}"
        yield f"         {terminal(page.title or 'without a title')}, captured {terminal(page.ts, limit=40)}"
    for entry in manifest.derived.captures[:MAX_LINES]:
        if entry.final_url != entry.requested_url:
            yield f"final    {terminal(entry.final_url)}"
        yield f"answer   HTTP {entry.status}, payload {terminal(entry.payload_digest, limit=80)}"
    stated = manifest.stated
    if stated is not None:
        reasons = f" ({terminal(', '.join(stated.reasons))})" if stated.reasons else ""
        yield f"status   {stated.status}{reasons}; {settings_text(stated)}"
        yield f"engine   {stated.engine}, {terminal(stated.environment.get('software', 'unknown'), limit=80)}"
        if stated.memento is not None:
            yield f"copy     {terminal(memento_text(stated.memento), limit=2_000)}"
        for sign in stated.signs:
            yield f"sign     {terminal(sign.code, limit=60)}: {terminal(sign.evidence)}"
        for sentence in (*stated.robots[:MAX_LINES], *stated.noarchive[:MAX_LINES]):
            yield f"server   {terminal(sentence)}"
        for hazard in stated.replay_hazards[:MAX_LINES]:
            yield f"hazard   {terminal(hazard.kind, limit=60)}  {terminal(hazard.url)}"
        for title, entries, count in (
            ("missing", stated.missing, stated.missing_count),
            ("broken", stated.broken_at_origin, stated.broken_at_origin_count),
        ):
            if count:
                yield f"{title:<9}{count}"
            for missing in entries[:MAX_LINES]:
                yield f"         {terminal(missing.reason, limit=60)}  {terminal(missing.url)}"
    counts = manifest.derived.counts
    yield f"holds    {count_text(counts.exchanges, 'exchange')}, {size_text(counts.payload_bytes)} of payload"
    for member in bundle.members.values():
        yield f"         {member.size:>12}  {member.name}"


def _summary_json(bundle: Bundle, manifest: Manifest) -> dict[str, object]:
    return {
        "verified": False,
        "bundle": bundle.name,
        "bytes": bundle.window.size,
        "sealed": bundle.sealed,
        "id": str(bundle.id) if bundle.id is not None else None,
        "pages": list(bundle.pages),
        "captures": manifest.derived.captures,
        "stated": manifest.stated,
        "counts": manifest.derived.counts,
        "members": [{"name": member.name, "bytes": member.size} for member in bundle.members.values()],
    }


def _list(manifest: Manifest, *, as_json: bool) -> None:
    if not as_json:
        click.echo(UNVERIFIED, err=True)
    for entry in manifest.derived.exchanges:
        if as_json:
            cli.emit(entry)
        else:
            click.echo(_line(entry))


def _line(entry: ExchangeEntry) -> str:
    notes = [f"cut short: {terminal(entry.truncated, limit=30)}"] if entry.truncated else []
    notes += ["superseded"] if entry.superseded_by else []
    note = f"  ({', '.join(notes)})" if notes else ""
    return (
        f"{entry.status}  {entry.size:>10}  {terminal(entry.mime, limit=40):<28}  {terminal(entry.url)}{note}"
    )


def _extract(bundle: Bundle, wanted: str, *, raw: bool) -> int:
    if sys.stdout.isatty():
        # Escape sequences in it would be obeyed.
        raise click.UsageError("a payload is not written to a terminal: redirect standard output to a file")
    with options.usage():
        url = Url.parse(wanted).without_fragment.href
    exchange = bundle.capture.find(url)
    if exchange is None:
        raise InputError(f"holds no answer of {url}; --list names what it holds", path=Path(bundle.name))
    cli.say(UNVERIFIED)
    for chunk in exchange.raw() if raw else exchange.decoded(max_bytes=MAX_DECODED):
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    return 0


def _files(bundle: Bundle, folder: Path, *, as_json: bool) -> int:
    """Each payload as its own file; a payload that cannot be decoded is said and leaves no file."""
    current = [exchange for exchange in bundle.capture.exchanges() if exchange.facts.superseded_by is None]
    names = [f"{number:04}-{_safe_name(exchange)}" for number, exchange in enumerate(current, 1)]
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise OutputExistsError("it exists and is no folder", path=folder) from error
    except OSError as error:
        raise OutputError(f"cannot be made: {(error.strerror or str(error)).lower()}", path=folder) from error
    for name in names:
        if os.path.lexists(folder / name):
            raise OutputExistsError("it exists already: name an empty folder", path=folder / name)
    cli.say(UNVERIFIED)
    code, left = 0, MAX_DECODED
    for name, exchange in zip(names, current, strict=True):
        path = folder / name
        try:
            with whole_file(path) as out:
                for chunk in exchange.decoded(max_bytes=left):
                    out.write(chunk)
                size = out.tell()
        except (FormatError, LimitError) as error:
            cli.say(f"not written: {exchange.url}: {error}")
            code = cli.EXIT_UNSURE
            continue
        left -= size
        if as_json:
            cli.emit({"path": str(path), "url": exchange.url, "bytes": size})
        else:
            click.echo(f"{terminal(str(path))}  {terminal(exchange.url)}")
    return code


def _safe_name(exchange: StoredExchange) -> str:
    """A name of plain letters from the URL's last segment, or from its host."""
    path = exchange.url.partition("?")[0].partition("://")[2]
    host, _, rest = path.partition("/")
    return file_name(rest.rpartition("/")[2] or host, limit=80)
