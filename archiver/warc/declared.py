"""Digests as WARC headers of any tool declare them, and those of the same bytes to compare them with."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from archiver.digest import Digest
from archiver.warc.hasher import Aside

if TYPE_CHECKING:
    from concurrent.futures import Future

LEGACY = frozenset({"md5", "sha1"})
"""Algorithms that a digest must not rest on: others may be made to have it too."""

_MAKE = {
    "md5": hashlib.md5,
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
_LARGE = 128 << 10  # bytes that are worth handing over
_BASE32 = re.compile(r"[A-Za-z2-7]+", re.ASCII)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_DIGITS = str.maketrans(
    _ALPHABET + _ALPHABET.upper()[:26], "0123456789abcdefghijklmnopqrstuv" + "0123456789abcdefghijklmnop"
)


def algorithm_of(declared: str | None) -> str | None:
    """The algorithm that *declared* names, ``sha1`` for ``SHA-1``; None where it is none that we know."""
    name = (declared or "").partition(":")[0]
    if name in _MAKE:
        return name
    plain = name.lower().replace("-", "").replace("_", "")
    return plain if plain in _MAKE and name.isascii() else None


class Sums:
    """Digests of the same bytes: SHA-256 always, and by each other known one of *algorithms*.

    Data given to it must not change; one large piece at most is on its way in another thread.
    """

    __slots__ = ("_aside", "_hashes", "_pending")

    def __init__(self, aside: Aside, *algorithms: str | None) -> None:
        self._aside = aside
        self._hashes = {"sha256": hashlib.sha256()}
        for name in algorithms:
            if name is not None and name not in self._hashes:
                self._hashes[name] = _MAKE[name](usedforsecurity=False)
        self._pending: Future[None] | None = None

    def update(self, data: bytes | memoryview) -> None:
        """Add *data*."""
        self._settle()
        if len(data) >= _LARGE:
            self._pending = self._aside.submit(self._update, data)
        else:
            self._update(data)

    def digest(self) -> Digest:
        """The SHA-256 of all that was added."""
        self._settle()
        return Digest(self._hashes["sha256"].hexdigest())

    def matches(self, declared: str) -> bool:
        """Whether *declared* is the digest by the algorithm it names, which must be one of these.

        In hexadecimal or Base32 digits, in either case, or in Base64; padded or not.
        """
        self._settle()
        said = declared.partition(":")[2].strip(" \t").rstrip("=")
        raw = self._hashes[algorithm_of(declared) or ""].digest()
        if len(said) == 2 * len(raw):
            return said.lower() == raw.hex() and said.isascii()
        if len(said) == -(-8 * len(raw) // 5):
            return bool(_BASE32.fullmatch(said)) and int(said.translate(_DIGITS), 32) == (
                int.from_bytes(raw) << -8 * len(raw) % 5
            )
        return said.encode() == base64.b64encode(raw).rstrip(b"=")

    def _update(self, data: bytes | memoryview) -> None:
        for one in self._hashes.values():
            one.update(data)

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None
