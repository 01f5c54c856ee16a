"""Base64 that has one spelling: RFC 4648's standard alphabet, padded, no line breaks, no loose bits."""

from __future__ import annotations

import binascii

from archiver.errors import FormatError


def encode_base64(data: bytes) -> str:
    """*data* in the one spelling."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str, where: str) -> bytes:
    """The bytes that *text* spells; *where* names its place in the FormatError.

    The standard library lets ``QR==`` through as a second spelling of ``QQ==``, so what was decoded
    is encoded again and must give *text*.
    """
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error is one; so is what a character beyond ASCII raises
        raise FormatError(f"not base64: {text!r:.80}", where=where) from error
    if encode_base64(data) != text:
        raise FormatError(f"not the canonical base64 of its bytes: …{text[-8:]!r}", where=where)
    return data
