"""Every exception archiver raises.

::

    ArchiverError
    ├── CaptureError        a URL could not be captured            .url .reason
    ├── FormatError         bytes are not what they must be        .where .code
    ├── LimitError          a stated limit was reached             .where
    ├── InputError          an input is not there or no file       .path
    ├── KeyFileError        a key or identity file cannot be used  .path
    ├── OutputError         a file could not be written            .path
    │   └── OutputExistsError   …because it is there already
    └── VerificationError   a bundle did not pass                  .result
"""

from __future__ import annotations

from pathlib import Path


class ArchiverError(Exception):
    """The root of the tree; its text is one line fit to be shown to a person."""


class CaptureError(ArchiverError):
    """A URL could not be captured.

    *reason* is a stable word (``dns``, ``connect``, ``tls``, ``guard``, ``timeout``, …) for programs.
    """

    def __init__(self, message: str, *, url: str, reason: str) -> None:
        super().__init__(message)
        self.url = url
        self.reason = reason


class FormatError(ArchiverError):
    """Bytes break the format they claim to have.

    *where* names the place (``datapackage.json: resources[3].hash``); *code* is the reason code a
    verdict carries for it.
    """

    def __init__(self, message: str, *, where: str = "", code: str = "FORMAT_FAILURE") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.message = message
        self.where = where
        self.code = code

    def inside(self, outer: str) -> FormatError:
        """The same error, its place named from one level further out."""
        return FormatError(
            self.message, where=f"{outer}: {self.where}" if self.where else outer, code=self.code
        )


class LimitError(ArchiverError):
    """A limit that the caller set was reached before the work was done."""

    def __init__(self, message: str, *, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


class InputError(ArchiverError):
    """An input file is not there, cannot be read or is not a regular file."""

    def __init__(self, message: str, *, path: Path) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class KeyFileError(ArchiverError):
    """A key file or an identity file is unreadable, unsafe, locked or not what it should be."""

    def __init__(self, message: str, *, path: Path | None = None) -> None:
        super().__init__(f"{path}: {message}" if path is not None else message)
        self.path = path


class OutputError(ArchiverError):
    """A file could not be written; nothing is left under its final name."""

    def __init__(self, message: str, *, path: Path) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class OutputExistsError(OutputError):
    """The output is there already and overwriting was not asked for."""


class VerificationError(ArchiverError):
    """A bundle did not pass; *result* says why."""

    def __init__(self, message: str, *, result: object) -> None:
        super().__init__(message)
        self.result = result
