"""`archiver save`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from archiver import cli
from archiver.bundle.bundle import open_regular
from archiver.citation import Citation
from archiver.cli import options
from archiver.cli.interruption import Interruption
from archiver.cli.outcome import report, report_error
from archiver.cli.progress import progress_line
from archiver.cli.signer import signing_identity
from archiver.errors import ArchiverError, FormatError, InputError, OutputError
from archiver.fetch.cookiefile import MAX_COOKIE_FILE, GivenCookie, read_cookies
from archiver.fetch.limits import Limits
from archiver.fetch.proxy import Proxy
from archiver.fetch.robots import Regard
from archiver.fetch.settings import (
    MAX_HEADER_FILE,
    USER_AGENT,
    FetchSettings,
    ForcedAddress,
    Headers,
    parse_header,
    parted,
    read_headers,
)
from archiver.fetch.tls import client_context
from archiver.save import bundle_name, save

_CODES = {"complete": 0, "failed": cli.EXIT_NO}

MAX_CACERT = 4 << 20

ASK_PAST = 25
"""More captures than this are asked about first."""

_SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def size(text: str) -> int:
    """Bytes, or with K, M or G behind."""
    number = text.upper().removesuffix("B")
    unit = number[-1:] if number[-1:] in ("K", "M", "G") else ""
    number = number.removesuffix(unit)
    if not number.isascii() or not number.isdigit() or len(number) > 12:
        raise click.BadParameter(f"{text!r} is not a size such as 500M or 1G")
    return int(number) * _SIZES[unit]


def _limit(
    flag: str, field: str, help_text: str, kind: Callable[[str], float] = int
) -> Callable[[options.F], options.F]:
    """An option for one field of Limits, its default shown."""
    default = getattr(Limits(), field)
    shown = _size_shown(default) if kind is size else f"{default:g}"
    return click.option(flag, field, type=kind, metavar="N", help=f"{help_text} [{shown}]")


def _size_shown(count: int) -> str:
    """*count* as it would be typed."""
    unit = next((unit for unit in ("G", "M", "K") if count % _SIZES[unit] == 0), "")
    return f"{count // _SIZES[unit]}{unit}"


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
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'|@FILE",
    help="Send this, or each line of FILE. Secrets go to the cited site alone and are blanked in the record.",
)
@click.option(
    "--cookies",
    "jars",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Send the cookies of this cookies.txt where they belong; they are blanked in the record.",
)
@click.option(
    "--robots",
    type=click.Choice(["ignore", "note", "obey"]),
    default="ignore",
    help="Ask for robots.txt, and note or obey it; a person's one page needs no leave. [ignore]",
)
@click.option("-j", "--jobs", type=click.IntRange(1, 256), help="Connections in all [16].")
@_limit("--max-seconds", "seconds", "Seconds a page.", float)
@_limit("--max-resource", "resource_bytes", "Bytes a resource.", size)
@_limit("--max-document", "document_bytes", "Bytes of the cited document itself.", size)
@_limit("--max-capture", "capture_bytes", "Bytes a capture, the cited document not counted.", size)
@_limit("--max-resources", "resources", "Resources a page.")
@_limit("--max-redirects", "redirects", "Redirects in a row.")
@_limit("--max-frames", "frame_depth", "Depth of frames in frames.")
@_limit("--max-css-depth", "css_depth", "Depth of stylesheets that import stylesheets.")
@_limit("--max-header", "header_bytes", "Bytes of a response's head.", size)
@_limit("--connect-timeout", "connect", "Seconds to connect.", float)
@_limit("--idle-timeout", "idle", "Seconds without a byte.", float)
@_limit("--min-rate", "drip", "Bytes a second under which a server is given up.", size)
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
    jars: tuple[Path, ...],
    robots: Regard,
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
    with options.usage():
        plain, secrets = parted(header for text in headers for header in _read_headers(text))
        settings = FetchSettings(
            resolve=tuple(map(ForcedAddress.parse, resolve)),
            cacert=_read_cacert(cacert) if cacert is not None else None,
            insecure=insecure,
            proxy=Proxy.parse(proxy) if proxy is not None else None,
            allow_private=allow_private,
            user_agent=chosen.user_agent or USER_AGENT,
            headers=plain,
            secrets=secrets,
            cookies=tuple(cookie for path in jars for cookie in _read_jar(path)),
        )
        bounds = replace(
            Limits(),
            **{name: value for name, value in limits.items() if value is not None},  # type: ignore[arg-type]
            **({"connections": chosen.jobs} if chosen.jobs is not None else {}),
        )
    outputs = _outputs(citations, output, datetime.now(UTC))
    for path in outputs:
        options.refuse_output(path, force=force)
    if len(citations) > ASK_PAST and not yes:
        _ask(citations)
    signer = signing_identity(chosen, make=True)
    codes: list[int] = []
    with Interruption() as interruption, progress_line(quiet=quiet or as_json) as progress:
        for citation, path in zip(citations, outputs, strict=True):
            try:
                with interruption.may_drop():
                    saved = save(
                        citation,
                        signer,
                        to=path,
                        settings=settings,
                        limits=bounds,
                        robots=robots,
                        operator=chosen.operator,
                        overwrite=force,
                        keep_failed=keep_failed,
                        stop=interruption.stop,
                        progress=progress.update,
                    )
            except KeyboardInterrupt:
                progress.clear()
                cli.say(f"archiver: interrupted; {'this one was dropped' if codes else 'nothing was kept'}")
                return cli.EXIT_INTERRUPTED
            except OutputError:
                raise  # nor will the next one find room
            except ArchiverError as error:
                progress.clear()
                report_error(citation, error, as_json=as_json)
                codes.append(cli.exit_code(error))
            else:
                progress.clear()
                report(saved, as_json=as_json, quiet=quiet)
                codes.append(_CODES.get(saved.stated.status, cli.EXIT_UNSURE))
            if interruption.stop.is_set():
                break
    if left := len(citations) - len(codes):
        cli.say(f"archiver: interrupted; {left} more not begun")
    return cli.worst(codes)


def _citation(text: str) -> Citation:
    if text == "-" or (text and "://" not in text and os.path.lexists(text)):
        raise InputError("documents cannot be read for citations yet; name the URL itself", path=Path(text))
    with options.usage():
        return Citation.parse(text)


def _outputs(citations: list[Citation], output: str | None, now: datetime) -> list[Path]:
    """Where each bundle goes; a default name that is taken gets -2."""
    folder = Path(output or "")
    if output and not output.endswith("/") and not folder.is_dir():
        if len(citations) == 1:
            return [folder]
        if os.path.lexists(folder):
            raise click.UsageError(f"{output} is no folder, and several captures need one")
    paths: list[Path] = []
    for citation in citations:
        name = bundle_name(citation.url, now)
        path, number = folder / name, 2
        while path in paths or os.path.lexists(path):
            path = folder / f"{name.removesuffix('.wacz')}-{number}.wacz"
            number += 1
        paths.append(path)
    return paths


def _ask(citations: list[Citation]) -> None:
    """Show what would be captured and go on only if that is meant."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"{len(citations)} captures at once: --yes if that is meant")
    for citation in citations:
        cli.say(citation.url, lead="  ")
    click.confirm(f"{len(citations)} captures. Go on?", abort=True, err=True)


def _read_headers(text: str) -> Headers:
    """The header that *text* is, or those in the file it names."""
    if not text.startswith("@"):
        return (parse_header(text),)
    path = Path(text[1:])
    with open_regular(path) as file:
        return read_headers(file.read(MAX_HEADER_FILE + 1), where=str(path))


def _read_jar(path: Path) -> tuple[GivenCookie, ...]:
    with open_regular(path) as file:
        return read_cookies(file.read(MAX_COOKIE_FILE + 1), now=time.time(), where=str(path))


def _read_cacert(path: Path) -> bytes:
    with open_regular(path) as file:
        data = file.read(MAX_CACERT + 1)
    if len(data) > MAX_CACERT:
        raise InputError("too large for a file of CA certificates", path=path)
    try:
        client_context(cacert=data, insecure=True)
    except FormatError as error:
        raise FormatError(error.message, where=str(path)) from error
    return data
