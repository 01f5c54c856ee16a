"""The certificates of a connection as one resource record holds them: PEM, leaf first."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

from archiver.digest import Digest
from archiver.errors import FormatError

_LINE = 64
_BEGIN = b"-----BEGIN CERTIFICATE-----\n"
_FINISH = b"-----END CERTIFICATE-----\n"
_PEM = re.compile(_BEGIN + rb"((?:[A-Za-z0-9+/=]{1,64}\n)+)" + _FINISH)


def chain_block(chain: Iterable[bytes]) -> bytes:
    """The block of a record that holds *chain*, DER."""
    return b"".join(map(_pem, chain))


def chain_url(leaf: Digest) -> str:
    """Where a chain stands whose first certificate has the digest *leaf*."""
    return f"urn:{leaf}"


def parse_chain(block: bytes) -> tuple[bytes, ...]:
    """The certificates in a block that `chain_block` wrote, DER; FormatError for any other bytes.

    Whether what is in the PEM is a certificate is not asked.
    """
    found = _PEM.findall(block)
    try:
        chain = tuple(binascii.a2b_base64(code) for code in found)
    except binascii.Error as error:
        raise FormatError("a certificate that is not base64") from error
    if not chain or chain_block(chain) != block:
        raise FormatError("certificates that are not as we write them")
    return chain


def _pem(der: bytes) -> bytes:
    code = base64.b64encode(der)
    lines = (code[at : at + _LINE] + b"\n" for at in range(0, len(code), _LINE))
    return b"".join((_BEGIN, *lines, _FINISH))
