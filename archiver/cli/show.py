"""`archiver show`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from archiver import cli
from archiver.bundle.bundle import MANIFEST, Bundle, open_bundle
from archiver.cli import options
from archiver.cli.render import settings_text, size_text
from archiver.errors import FormatError, InputError, LimitError, OutputError
from archiver.escape import file_name, terminal
from archiver.manifest import ExchangeEntry, Manifest
from archiver.url import Url
from archiver.warc.capture import StoredExchange
from archiver.whole import whole_file

MAX_DECODED = 4 << 30
"""No payload is decoded past this many bytes."""

UNVERIFIED = "UNVERIFIED: what the bundle says of itself; `archiver verify` checks it"


@click.command("show")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--list", "listing", is_flag=True, help="Every exchange, one per line.")
@click.option("--extract", metavar="URL", help="Write what URL answered to standard output, decoded.")
@click.option("--raw", is_flag=True, help="With --extract: the whole answer as it was on the wire.")
@click.option("--files", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Write every decoded payload into DIR, under safe names.")  # fmt: skip
@options.json_option
def command(
    bundle: Path, listing: bool, extract: str | None, raw: bool, folder: Path | None, as_json: bool
) -> int:
    """Say what a bundle holds. Nothing is verified."""
    if raw and extract is None:
        raise click.UsageError("--raw goes with --extract")
    if sum((listing, extract is not None, folder is not None)) > 1:
        raise click.UsageError("one of --list, --extract and --files at a time")
    with open_bundle(bundle) as opened:
        if extract is not None:
            return _extract(opened, extract, raw=raw)
        manifest = Manifest.from_json(opened.read(MANIFEST))
        if folder is not None:
            return _files(opened, folder)
        if listing:
            _list(manifest, as_json=as_json)
        elif as_json:
            click.echo(msgspec.json.encode(_summary_json(opened, manifest)))
        else:
            for line in _summary(opened, manifest):
                click.echo(line)
    return 0


def _summary(bundle: Bundle, manifest: Manifest) -> Iterator[str]:
    yield UNVERIFIED
    state = "sealed" if bundle.sealed else "packed"
    yield f"bundle   {terminal(bundle.name)}, {size_text(bundle.window.size)}, {state}"
    if bundle.id is not None:
        yield f"id       {bundle.id}"
    for page in bundle.pages:
        yield f"page     {terminal(page.url)}"
        yield f"         {terminal(page.title or 'without a title')}, captured {terminal(page.ts, limit=40)}"
    for entry in manifest.derived.captures:
        if entry.final_url != entry.requested_url:
            yield f"final    {terminal(entry.final_url)}"
        yield f"answer   HTTP {entry.status}, payload {terminal(entry.payload_digest, limit=80)}"
    stated = manifest.stated
    if stated is not None:
        reasons = f" ({terminal(', '.join(stated.reasons))})" if stated.reasons else ""
        yield f"status   {stated.status}{reasons}; {settings_text(stated)}"
        yield f"engine   {stated.engine}, {terminal(stated.environment.get('software', 'unknown'), limit=80)}"
        for title, entries, count in (
            ("missing", stated.missing, stated.missing_count),
            ("broken", stated.broken_at_origin, stated.broken_at_origin_count),
        ):
            if count:
                yield f"{title:<9}{count}"
            for missing in entries[:50]:
                yield f"         {terminal(missing.reason, limit=60)}  {terminal(missing.url)}"
    counts = manifest.derived.counts
    yield f"holds    {counts.exchanges} exchanges, {size_text(counts.payload_bytes)} of payload"
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
        click.echo(msgspec.json.encode(entry) if as_json else _line(entry))


def _line(entry: ExchangeEntry) -> str:
    notes = [f"cut short: {terminal(entry.truncated, limit=30)}"] if entry.truncated else []
    notes += ["superseded"] if entry.superseded_by else []
    note = f"  ({', '.join(notes)})" if notes else ""
    return (
        f"{entry.status}  {entry.size:>10}  {terminal(entry.mime, limit=40):<28}  {terminal(entry.url)}{note}"
    )


def _extract(bundle: Bundle, wanted: str, *, raw: bool) -> int:
    if sys.stdout.isatty():
        raise click.UsageError("a payload is not written to a terminal: redirect standard output to a file")
    try:
        url = Url.parse(wanted).without_fragment.href
    except FormatError as error:
        raise click.UsageError(f"not a URL: {wanted!r:.200}") from error
    exchange = bundle.capture.find(url)
    if exchange is None:
        raise InputError(f"holds no answer of {url}; --list names what it holds", path=Path(bundle.name))
    cli.say(UNVERIFIED)
    for chunk in exchange.raw() if raw else exchange.decoded(max_bytes=MAX_DECODED):
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    return 0


def _files(bundle: Bundle, folder: Path) -> int:
    """Each payload as its own file; a payload that cannot be decoded is said and leaves no file."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError((error.strerror or str(error)).lower(), path=folder) from error
    cli.say(UNVERIFIED)
    code = 0
    current = [exchange for exchange in bundle.capture.exchanges() if exchange.facts.superseded_by is None]
    for number, exchange in enumerate(current, 1):
        path = folder / f"{number:04}-{_safe_name(exchange)}"
        try:
            with whole_file(path) as out:
                for chunk in exchange.decoded(max_bytes=MAX_DECODED):
                    out.write(chunk)
        except (FormatError, LimitError) as error:
            cli.say(f"not written: {exchange.url}: {error}")
            code = cli.EXIT_UNSURE
            continue
        click.echo(f"{terminal(str(path))}\t{terminal(exchange.url)}")
    return code


def _safe_name(exchange: StoredExchange) -> str:
    """A name of plain letters from the URL's last segment, or from its host."""
    path = exchange.url.partition("?")[0].partition("://")[2]
    host, _, rest = path.partition("/")
    return file_name(rest.rpartition("/")[2] or host, limit=80)
