"""Responses that browsers read well and that some players of archives show as garbage."""

from __future__ import annotations

from archiver.warc.http1 import Head, listed

_PLAYED = frozenset({"gzip", "br"})
_NAMED = frozenset({"deflate", "x-gzip", "zstd"})


def hazard(head: Head, oddity: str | None) -> str | None:
    """What players may stumble over in a response that has a body, in one stable word; None for nothing.

    *oddity* is what its chunk framing showed. Players compare the names of codings letter by letter, and
    expect a chunk to begin with its size in hexadecimal digits and CRLF alone.
    """
    if (said := head.all("transfer-encoding")) and said != ["chunked"]:
        return "transfer-encoding-case" if listed(said) == ["chunked"] else "transfer-encoding"
    if oddity is not None:
        return oddity
    said = head.all("content-encoding")
    if not said or (len(said) == 1 and said[0] in _PLAYED):
        return None
    codings = [name for name in listed(said) if name != "identity"]
    if not codings:
        return None
    if len(codings) > 1:
        return "content-encoding-several"
    if codings[0] in _NAMED:
        return f"content-encoding-{codings[0]}"
    return "content-encoding-case" if codings[0] in _PLAYED else "content-encoding-unknown"
