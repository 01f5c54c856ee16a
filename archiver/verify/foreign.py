"""Tell a WACZ that another tool made from a broken one of ours."""

from __future__ import annotations

import struct

from archiver.errors import FormatError
from archiver.warc.window import Window

_TAIL = 22 + 0xFFFF
_DIRECTORY = 16 << 20
_END = 16 << 20
_OURS = b"application/vnd.archiver."  # stands in every seal of ours, as it is: our members are stored


def is_foreign(window: Window) -> bool:
    """Whether *window* is a ZIP that lists a datapackage.json, nothing of ours and no seal of ours.

    Only names in the central directory are looked at, and nothing is believed: a bundle of ours whose
    provenance was cut out looks foreign, and neither can pass.
    """
    try:
        tail = window.read_at(max(0, window.size - _TAIL), min(_TAIL, window.size))
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + 22 > len(tail):
            return False
        size, start = struct.unpack_from("<2L", tail, at + 12)
        names = _names(window.read_at(start, min(size, _DIRECTORY)))
        end = window.read_at(max(0, window.size - _END), min(_END, window.size))
    except FormatError:
        return False
    if _OURS in end:
        return False
    return "datapackage.json" in names and not any(name.startswith("provenance/") for name in names)


def _names(directory: bytes) -> set[str]:
    names: set[str] = set()
    at = 0
    while directory[at : at + 4] == b"PK\x01\x02" and at + 46 <= len(directory):
        name, extra, comment = struct.unpack_from("<3H", directory, at + 28)
        names.add(directory[at + 46 : at + 46 + name].decode("utf-8", "replace"))
        at += 46 + name + extra + comment
    return names
