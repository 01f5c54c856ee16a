"""The public suffix list: below which names anybody may register one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from archiver.url.url import Url

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


@cache
def public_suffixes() -> PublicSuffixList:
    """The list; it is long, and read when it is first asked for."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def site(url: Url) -> str | None:
    """The registrable domain of *url*; an address or a name without one stands for itself."""
    return public_suffixes().privatesuffix(url.host) or url.host if url.host else None
