"""Images that JSON beside a page names: JSON-LD of the page itself, and the web app manifest.

Neither is shown by the page; both are what search results, feeds and home screens show of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

MAX_JSON = 512 << 10
"""Bytes (of JSON-LD: characters) that are read; a longer text names nothing."""

_MAX_VALUES = 20_000
_IMAGES = ("image", "logo", "photo", "primaryImageOfPage", "thumbnail", "thumbnailUrl")
_FILMS = frozenset({"AudioObject", "VideoObject"})
_ADDRESS = ("url", "contentUrl")


def linked_data(text: str) -> Iterator[tuple[str, bool]]:
    """What the JSON-LD *text* names, as written: images, and true beside a film's or a recording's file.

    Broken JSON names nothing.
    """
    for value in _objects(_parsed(text.encode("utf-8", "replace"))):
        for name in _IMAGES:
            for address in _addresses(value.get(name)):
                yield address, False
        kinds = value.get("@type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if "ImageObject" in kinds:
            for name in _ADDRESS:
                for address in _addresses(value.get(name)):
                    yield address, False
        if any(kind in _FILMS for kind in kinds if isinstance(kind, str)):
            for address in _addresses(value.get("contentUrl")):
                yield address, True


def manifest_images(data: bytes) -> Iterator[str]:
    """The icons and screenshots that the web app manifest *data* names, its shortcuts' icons too."""
    manifest = _parsed(data.removeprefix(b"\xef\xbb\xbf"))
    if not isinstance(manifest, dict):
        return
    shortcuts = manifest.get("shortcuts")
    holders = [manifest, *(shortcuts if isinstance(shortcuts, list) else [])]
    for holder in holders:
        if not isinstance(holder, dict):
            continue
        for name in ("icons", "screenshots"):
            images = holder.get(name)
            for image in images if isinstance(images, list) else []:
                source = image.get("src") if isinstance(image, dict) else None
                if isinstance(source, str):
                    yield source


def _parsed(data: bytes) -> Any:
    if len(data) > MAX_JSON:
        return None
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within *value*, in the order of the text, up to a number of values."""
    waiting, count = [value], 0
    while waiting and count < _MAX_VALUES:
        value, count = waiting.pop(), count + 1
        if isinstance(value, dict):
            yield value
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)


def _addresses(value: Any) -> Iterator[str]:
    """The URLs that *value* is or lists; an object's own are found where that object is."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            for name in _ADDRESS:
                if isinstance(address := one.get(name), str):
                    yield address
