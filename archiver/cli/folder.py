"""The bundles in a folder: `verify -r` finds them in a fixed order and checks them on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from archiver.cli.crew import Answer, Crew
from archiver.errors import ArchiverError, InputError

SUFFIX = ".wacz"


def each(
    names: Iterable[str], work: Callable[[str], int], refuse: Callable[[str, ArchiverError], int]
) -> Iterator[int]:
    """The exit code of each of *names* and of each bundle in those that are folders, in that order.

    What *work* prints of one comes out whole, in its turn. *refuse* says what could not be looked at.
    """
    with Crew(work) as crew:
        for name, answer in crew.answers(_inputs(names)):
            if isinstance(answer, Answer):
                click.echo(answer.out, nl=False)
                click.echo(answer.err, nl=False, err=True)
                yield answer.code
            else:
                yield refuse(name, answer)


def _inputs(names: Iterable[str]) -> Iterator[tuple[str, ArchiverError | None]]:
    for name in names:
        if not Path(name).is_dir():
            yield name, None
            continue
        empty = True
        for found in bundles_in(name):
            empty = False
            yield found
        if empty:
            yield name, InputError(f"holds no file whose name ends in {SUFFIX}", path=Path(name))


def bundles_in(folder: str) -> Iterator[tuple[str, ArchiverError | None]]:
    """The path of everything under *folder* that is called a bundle, in bytewise order of the whole paths.

    Links to folders are not followed, so nothing comes twice and there is an end. A folder that cannot be
    listed comes with its error, in its place. No more is held than the names in one folder at each depth.
    """
    waiting = [_listed(folder)]
    while waiting:
        path, is_folder, error = next(waiting[-1], (None, False, None))
        if path is None:
            waiting.pop()
        elif is_folder:
            waiting.append(_listed(path))
        else:
            yield path, error


def _listed(folder: str) -> Iterator[tuple[str, bool, ArchiverError | None]]:
    """What *folder* holds: path, whether it is a folder; or the error that listing it ended in."""
    found: list[tuple[bytes, str, bool]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder or entry.name.lower().endswith(SUFFIX):
                    # All that lies in a folder comes where its name and a slash do.
                    found.append((os.fsencode(entry.name) + b"/" * is_folder, entry.path, is_folder))
    except OSError as error:
        yield folder, False, InputError((error.strerror or str(error)).lower(), path=Path(folder))
        return
    found.sort()
    for _, path, is_folder in found:
        yield path, is_folder, None
