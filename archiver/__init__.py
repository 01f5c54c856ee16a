"""Keeps what was cited, and proves it.

    keyring = archiver.Keyring(folder)
    saved = archiver.save("https://example.org/article", keyring.identity("library"), to=path)
    result = archiver.verify(path, archiver.Policy.trusting(keyring))
    manifest = result.require()

Names are loaded on first use, so that importing the package costs nothing. The library never reads the
environment or the home folder, never prints and never exits.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archiver.bundle.bundle import Bundle, open_bundle
    from archiver.bundle.pack import pack
    from archiver.bundle.seal import seal
    from archiver.citation import Citation
    from archiver.digest import Digest
    from archiver.errors import (
        ArchiverError,
        CaptureError,
        FormatError,
        InputError,
        KeyFileError,
        LimitError,
        OutputError,
        OutputExistsError,
        VerificationError,
    )
    from archiver.fetch.limits import Limits
    from archiver.fetch.settings import FetchSettings, ForcedAddress
    from archiver.manifest import Manifest
    from archiver.save import Saved, save
    from archiver.signing.identity import Identity, LocalIdentity
    from archiver.signing.keyring import Keyring
    from archiver.verify import Check, Policy, Result, Signer, Verdict, verify  # type: ignore[no-redef]
    from archiver.version import __version__
    from archiver.warc.capture import Capture

_PLACES = {
    "ArchiverError": "errors",
    "Bundle": "bundle.bundle",
    "Capture": "warc.capture",
    "CaptureError": "errors",
    "Check": "verify",
    "Citation": "citation",
    "Digest": "digest",
    "FetchSettings": "fetch.settings",
    "ForcedAddress": "fetch.settings",
    "FormatError": "errors",
    "Identity": "signing.identity",
    "InputError": "errors",
    "KeyFileError": "errors",
    "Keyring": "signing.keyring",
    "LimitError": "errors",
    "Limits": "fetch.limits",
    "LocalIdentity": "signing.identity",
    "Manifest": "manifest",
    "OutputError": "errors",
    "OutputExistsError": "errors",
    "Policy": "verify",
    "Result": "verify",
    "Saved": "save",
    "Signer": "verify",
    "VerificationError": "errors",
    "Verdict": "verify",
    "__version__": "version",
    "open_bundle": "bundle.bundle",
    "pack": "bundle.pack",
    "save": "save",
    "seal": "bundle.seal",
    "verify": "verify",
}

__all__ = [
    "ArchiverError",
    "Bundle",
    "Capture",
    "CaptureError",
    "Check",
    "Citation",
    "Digest",
    "FetchSettings",
    "ForcedAddress",
    "FormatError",
    "Identity",
    "InputError",
    "KeyFileError",
    "Keyring",
    "LimitError",
    "Limits",
    "LocalIdentity",
    "Manifest",
    "OutputError",
    "OutputExistsError",
    "Policy",
    "Result",
    "Saved",
    "Signer",
    "Verdict",
    "VerificationError",
    "__version__",
    "open_bundle",
    "pack",
    "save",
    "seal",
    "verify",
]


def __getattr__(name: str) -> object:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'archiver' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"archiver.{place}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


class _Package(types.ModuleType):
    """Keeps `archiver.save` and `archiver.verify` the functions when the modules of that name are loaded."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _PLACES and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
