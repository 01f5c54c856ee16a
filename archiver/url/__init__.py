"""URLs as browsers understand them."""

from archiver.url.url import MAX_LENGTH, Url

__all__ = ["MAX_LENGTH", "Url"]
