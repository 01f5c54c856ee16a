"""What a capture ran on: software versions and the state of the machine's clock."""

from __future__ import annotations

import ctypes
import platform
import ssl
import sys
from importlib import metadata

from archiver.version import __version__

_UNSYNCHRONISED = 0x0040  # STA_UNSYNC of Linux's <sys/timex.h>
_TIMEX_BYTES = 512  # more than any struct timex


def describe() -> dict[str, str]:
    """The versions that may matter to whoever reads the record, by name."""
    versions = {
        "software": f"archiver {__version__}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "openssl": ssl.OPENSSL_VERSION,
    }
    for name in ("brotli", "cryptography", "isal", "lxml"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def ntp_state() -> str | None:
    """`synchronised` or `unsynchronised` where the kernel tells (Linux), else None."""
    if sys.platform != "linux":
        return None
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes = 0: nothing is set, only read
    try:
        answer = ctypes.CDLL(None).adjtimex(buffer)
    except (OSError, AttributeError):
        return None
    if answer < 0:
        return None
    # struct timex: modes (int, padded to a long), offset, freq, maxerror, esterror (longs), status (int)
    long = ctypes.sizeof(ctypes.c_long)
    status = int.from_bytes(buffer.raw[5 * long : 5 * long + 4], sys.byteorder)
    return "unsynchronised" if status & _UNSYNCHRONISED else "synchronised"
