"""`archiver save`."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click
import msgspec

from archiver import cli
from archiver.citation import Citation
from archiver.cli import options
from archiver.cli.progress import progress_line
from archiver.cli.render import size_text
from archiver.cli.signer import signing_identity
from archiver.errors import ArchiverError, CaptureError, FormatError, InputError
from archiver.fetch.limits import Limits
from archiver.fetch.proxy import Proxy
from archiver.fetch.settings import USER_AGENT, FetchSettings, ForcedAddress, parse_header
from archiver.save import Saved, bundle_name, save
from archiver.whole import refuse_existing

_WORST_FIRST = (cli.EXIT_BROKEN, cli.EXIT_NO, cli.EXIT_USAGE, cli.EXIT_UNSURE, 0)
_CODES = {"complete": 0, "failed": cli.EXIT_NO}

MAX_CACERT = 4 << 20

_SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Size(click.ParamType):
    """Bytes, or with K, M or G."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        text = str(value).upper().removesuffix("B")
        number, unit = (text[:-1], text[-1]) if text[-1:] in ("K", "M", "G") else (text, "")
        if not number.isascii() or not number.isdigit() or len(number) > 12:
            self.fail(f"{value!r} is not a size such as 500M or 1G", param, ctx)
        return int(number) * _SIZES[unit]


def _limit(
    flag: str, field: str, help_text: str, kind: click.ParamType | type = int
) -> Callable[[options.F], options.F]:
    """An option for one field of Limits, its default shown."""
    default = getattr(Limits(), field)
    shown = size_text(default) if isinstance(kind, Size) else f"{default:g}"
    return click.option(flag, field, type=kind, metavar="N", help=f"{help_text} [{shown}]")


@click.command("save")
@click.argument("inputs", nargs=-1, required=True, metavar="URL …")
@click.option("-o", "--output", metavar="PATH",
              help="File, or folder if it ends in / or is one; else named for time and URL.")  # fmt: skip
@options.force_option
@click.option("--keep-failed", is_flag=True, help="Keep a bundle even where no server answered.")
@click.option("--yes", is_flag=True, help="Do not ask before more than 25 captures.")
@click.option(
    "--resolve", multiple=True, metavar="HOST:PORT:ADDR", help="Reach HOST:PORT at ADDR; may be private."
)
@click.option("--cacert", type=click.Path(path_type=Path), help="Trust these CA certificates (PEM) too.")
@click.option("--insecure", is_flag=True, help="Accept any TLS certificate; shown under every verdict.")
@click.option("--proxy", metavar="URL", help="Go through http://HOST:PORT or socks5://HOST:PORT.")
@click.option("--allow-private", is_flag=True, help="Let private and local addresses be reached.")
@click.option("--user-agent", help=f"[{USER_AGENT}]")
@click.option(
    "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Send with every request; no secrets."
)
@click.option("-j", "--jobs", type=click.IntRange(1, 256), help="Connections in all [16].")
@_limit("--max-seconds", "seconds", "Seconds a page.", float)
@_limit("--max-resource", "resource_bytes", "Bytes a resource.", Size())
@_limit("--max-document", "document_bytes", "Bytes of the cited document itself.", Size())
@_limit("--max-capture", "capture_bytes", "Bytes a capture, the cited document not counted.", Size())
@_limit("--max-resources", "resources", "Resources a page.")
@_limit("--max-redirects", "redirects", "Redirects in a row.")
@_limit("--max-frames", "frame_depth", "Depth of frames in frames.")
@_limit("--max-css-depth", "css_depth", "Depth of stylesheets that import stylesheets.")
@_limit("--max-header", "header_bytes", "Bytes of a response's head.", Size())
@_limit("--connect-timeout", "connect", "Seconds to connect.", float)
@_limit("--idle-timeout", "idle", "Seconds without a byte.", float)
@_limit("--min-rate", "drip", "Bytes a second under which a server is given up.", Size())
@_limit("--attempts", "attempts", "Attempts at a request.")
@options.identity_option
@options.passphrase_option
@options.keyring_option
@options.json_option
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but the bundle's path.")
def command(
    inputs: tuple[str, ...],
    output: str | None,
    force: bool,
    keep_failed: bool,
    yes: bool,
    resolve: tuple[str, ...],
    cacert: Path | None,
    insecure: bool,
    proxy: str | None,
    allow_private: bool,
    user_agent: str | None,
    headers: tuple[str, ...],
    jobs: int | None,
    identity: str | None,
    passphrase_file: Path | None,
    keyring: Path | None,
    as_json: bool,
    quiet: bool,
    **limits: float | None,
) -> int:
    """Capture what each URL serves now, with all that its page needs, and seal it into a bundle.

    Prints the bundle's path. Exit 0: complete. 3: kept, but not whole, and what is missing is listed.
    1: failed. The first Ctrl-C keeps what there is as partial, the second keeps nothing.
    """
    chosen = options.settings(
        identity=identity, passphrase_file=passphrase_file, keyring=keyring, user_agent=user_agent, jobs=jobs
    )
    citations = [_citation(text) for text in inputs]
    settings = FetchSettings(
        resolve=tuple(map(ForcedAddress.parse, resolve)),
        cacert=_read_cacert(cacert) if cacert is not None else None,
        insecure=insecure,
        proxy=Proxy.parse(proxy) if proxy is not None else None,
        allow_private=allow_private,
        user_agent=chosen.user_agent or USER_AGENT,
        headers=tuple(map(parse_header, headers)),
    )
    bounds = replace(
        Limits(),
        **{name: value for name, value in limits.items() if value is not None},  # type: ignore[arg-type]
        **({"connections": chosen.jobs} if chosen.jobs is not None else {}),
    )
    if len(citations) > 25 and not yes:
        click.confirm(f"{len(citations)} captures. Go on?", abort=True, err=True)
    now = datetime.now(UTC)
    outputs = _outputs(citations, output, now)
    for path in outputs:
        refuse_existing(path, overwrite=force)
    signer = signing_identity(chosen, make=True)
    codes: list[int] = []
    stop = threading.Event()
    with _interruptible(stop), progress_line(quiet=quiet or as_json) as progress:
        for citation, path in zip(citations, outputs, strict=True):
            try:
                saved = save(
                    citation,
                    signer,
                    to=path,
                    settings=settings,
                    limits=bounds,
                    operator=chosen.operator,
                    overwrite=force,
                    keep_failed=keep_failed,
                    stop=stop,
                    progress=progress.update,
                )
            except ArchiverError as error:
                progress.clear()
                if len(citations) == 1 or not isinstance(error, CaptureError):
                    raise
                cli.say(f"archiver: {citation.url}: {error}")
                codes.append(cli.exit_code(error))
                continue
            progress.clear()
            _report(saved, as_json=as_json, quiet=quiet)
            codes.append(_CODES.get(saved.stated.status, cli.EXIT_UNSURE))
            if stop.is_set():
                break
    return next(code for code in _WORST_FIRST if code in codes)


def _citation(text: str) -> Citation:
    if text == "-" or ("://" not in text and Path(text).exists()):
        raise InputError("documents cannot be read for citations yet; name the URL itself", path=Path(text))
    try:
        return Citation.parse(text)
    except FormatError as error:
        raise click.UsageError(str(error)) from error


def _outputs(citations: list[Citation], output: str | None, now: datetime) -> list[Path]:
    """Where each bundle goes; a default name that is taken gets -2."""
    folder = Path(output or "")
    if output and len(citations) == 1 and not output.endswith("/") and not folder.is_dir():
        return [folder]
    paths: list[Path] = []
    for citation in citations:
        name = bundle_name(citation.url, now)
        path, number = folder / name, 2
        while path in paths or path.exists():
            path = folder / f"{name.removesuffix('.wacz')}-{number}.wacz"
            number += 1
        paths.append(path)
    return paths


def _read_cacert(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CACERT + 1)
    except OSError as error:
        raise InputError((error.strerror or str(error)).lower(), path=path) from error
    if len(data) > MAX_CACERT:
        raise InputError("too large for a file of CA certificates", path=path)
    return data


@contextmanager
def _interruptible(stop: threading.Event) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the capture and keeps it, the second drops it."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        cli.say("archiver: stopping; what there is will be kept as partial. Once more keeps nothing.")

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _report(saved: Saved, *, as_json: bool, quiet: bool) -> None:
    stated = saved.stated
    if as_json:
        click.echo(
            msgspec.json.encode(
                {
                    "bundle": str(saved.path),
                    "id": str(saved.id),
                    "requested_url": stated.requested,
                    "final_url": saved.final_url,
                    "title": saved.title,
                    "status": stated.status,
                    "reasons": stated.reasons,
                    "settings": list(stated.weakened),
                    "exchanges": saved.exchanges,
                    "bytes": saved.bytes,
                    "missing": stated.missing,
                    "missing_count": stated.missing_count,
                    "broken_at_origin": stated.broken_at_origin,
                    "broken_at_origin_count": stated.broken_at_origin_count,
                }
            )
        )
        return
    click.echo(saved.path)
    if quiet:
        return
    reasons = f" ({', '.join(stated.reasons)})" if stated.reasons else ""
    cli.say(f"{stated.status}{reasons}: {saved.exchanges} exchanges, {size_text(saved.bytes)}, id {saved.id}")
    for what, entries, count in (
        ("missing", stated.missing, stated.missing_count),
        ("broken at origin", stated.broken_at_origin, stated.broken_at_origin_count),
    ):
        for entry in entries[:100]:
            cli.say(f"  {what}: {entry.url} ({entry.reason}; from {entry.referrer or 'the citation'})")
        if count > 100:
            cli.say(f"  {what}: {count - 100} more; archiver show lists them")
    advice = _ADVICE.get(stated.status)
    if advice:
        cli.say(advice)
    cli.say("the time is claimed only: no timestamp proves it")


_ADVICE = {
    "blocked": "the site refuses tools: save the page with a browser extension, or ask for another copy",
    "gone": "the page is gone; this bundle is evidence of that",
}
