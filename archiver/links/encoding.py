"""The character encoding of a document, found as browsers find it (WHATWG Encoding and HTML standards)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from io import BytesIO

from archiver.errors import LimitError
from archiver.links.link import Check, go_on

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# Labels that mean something else on the web than in Python, and those Python does not know.
_BY_LABEL = {
    "unicode-1-1-utf-8": "utf-8",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "x-x-big5": "big5hkscs",
    "x-euc-jp": "euc_jp",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ukrainian": "mac_cyrillic",
    "windows-949": "cp949",
    "ks_c_5601-1987": "cp949",
    "dos-874": "cp874",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
}
_BY_CODEC = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "utf-16": "utf-16-le",
}
_AS_THEY_ARE = frozenset(
    [
        *(
            "utf-8",
            "utf-16-le",
            "utf-16-be",
            "cp866",
            "koi8-r",
            "koi8-u",
            "mac-roman",
            "mac-cyrillic",
            "cp874",
        ),
        *("cp932", "cp949", "gb18030", "big5hkscs", "euc_jp", "iso2022_jp"),
        *(f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
        *(f"cp125{page}" for page in range(9)),
    ]
)

_WINDOWS_1252 = "".join(
    chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252")
    for byte in range(256)
)
"""What each byte means on the web, where Python knows no character for five."""

_MAX_RECODED = 32 << 20
"""Bytes of UTF-8 that are made of a document: they are in memory beside it, and once more in its parser."""
_PRESCANNED = 1024
_HEAD = 64 << 10
"""Bytes in which a document that is no UTF-8 may still name its encoding: browsers read it anew then."""
_PIECE = 1 << 20
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]+)", re.IGNORECASE)
_COMMENT = re.compile(rb"<!(?=--).*?(?:-->|\Z)", re.DOTALL)
_ATTRIBUTE = rb"""[^\s/>=][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?)?"""
_TAG = re.compile(rb"<[!?/]?([a-zA-Z][^\s/>]*+)((?:[\s/]++|%s)*+)" % _ATTRIBUTE)
_NAME_AND_VALUE = re.compile(rb"""([^\s/>=]++)\s*+(?:=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]*+)))?""")
_IN_CONTENT = re.compile(rb"""charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;"'][^\s;]*))""", re.IGNORECASE)
_XML_DECLARATION = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([^\"']+)", re.IGNORECASE)
_CSS_CHARSET = re.compile(rb'@charset "([^"]{1,100})";')


def codec_of(label: str) -> str | None:
    """The Python codec that reads what the web calls *label*; None for what no browser knows."""
    label = label.strip().lower()
    known = _BY_LABEL.get(label)
    if known:
        return known
    try:
        name = codecs.lookup(label).name if label.isascii() and len(label) < 40 else ""
    except (LookupError, ValueError):
        return None
    name = _BY_CODEC.get(name, name)
    return name if name in _AS_THEY_ARE else None


def charset_parameter(content_type: str | None) -> str | None:
    """The codec that a Content-Type names."""
    found = _CHARSET.search(content_type or "")
    return codec_of(found[1]) if found else None


def decode_html(data: bytes, content_type: str | None, check: Check = go_on) -> tuple[bytes, str]:
    """A document in UTF-8, and its codec: by BOM, Content-Type or meta; unsaid, UTF-8 where it is that.

    *data* itself, with its BOM, where it is valid UTF-8. Raises LimitError where that would be more than
    32 MB, and what *check* raises, which is called many times a second.
    """
    codec = _bom(data) or charset_parameter(content_type) or _declared(data[:_PRESCANNED])
    if codec in (None, "utf-8"):
        if _is_utf8(data, check):
            return data, "utf-8"
        codec = codec or _declared(data[:_HEAD]) or "cp1252"
    written = BytesIO()  # whose value is no copy
    for piece in _decoded(data, codec, check):
        if written.write(piece.encode("utf-8", "replace")) and written.tell() > _MAX_RECODED:
            raise LimitError("a document larger than is put into another encoding")
    return written.getvalue(), codec


def decode_css(
    data: bytes, content_type: str | None, encoding: str | None, check: Check = go_on
) -> tuple[str, str]:
    """A style sheet's text and its codec: BOM, Content-Type, @charset, *encoding* of what links it, UTF-8.

    Raises what *check* raises, which is called many times a second.
    """
    codec = _bom(data) or charset_parameter(content_type)
    if codec is None:
        found = _CSS_CHARSET.match(data)
        codec = _not_utf16(codec_of(found[1].decode("ascii", "replace"))) if found else None
    codec = codec or (codec_of(encoding) if encoding else None) or "utf-8"
    return "".join(_decoded(data, codec, check)), codec


def _decoded(data: bytes, codec: str, check: Check) -> Iterator[str]:
    """The text of *data*, without its BOM, in pieces."""
    bom = _bom_of(codec)
    view = memoryview(data)[len(bom) if data.startswith(bom) else 0 :]
    decoder = codecs.getincrementaldecoder(codec)("replace")
    for at in range(0, len(view), _PIECE):
        if at:
            check()
        piece = view[at : at + _PIECE]
        if codec == "cp1252":
            yield codecs.charmap_decode(piece, "replace", _WINDOWS_1252)[0]
        else:
            yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _is_utf8(data: bytes, check: Check) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        for at in range(0, len(data), _PIECE):  # in pieces: nobody wants the text
            if at:
                check()
            decoder.decode(view[at : at + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _bom(data: bytes) -> str | None:
    return next((codec for bom, codec in _BOMS if data.startswith(bom)), None)


def _bom_of(codec: str) -> bytes:
    return next((bom for bom, name in _BOMS if name == codec), b"")


def _declared(head: bytes) -> str | None:
    """What a meta element or an XML declaration says; what can be read as ASCII is not UTF-16 but UTF-8."""
    for tag, text in _TAG.findall(_COMMENT.sub(b"", head)):
        if tag.lower() != b"meta":
            continue
        attributes: dict[bytes, bytes] = {}
        for name, *values in _NAME_AND_VALUE.findall(text):
            attributes.setdefault(name.lower(), b"".join(values))
        label = attributes.get(b"charset")
        if label is None and attributes.get(b"http-equiv", b"").lower() == b"content-type":
            found = _IN_CONTENT.search(attributes.get(b"content", b""))
            label = b"".join(group or b"" for group in found.groups()) if found else None
        codec = _not_utf16(codec_of(label.decode("ascii", "replace"))) if label else None
        if codec:
            return codec
    found = _XML_DECLARATION.match(head)
    return _not_utf16(codec_of(found[1].decode("ascii", "replace"))) if found else None


def _not_utf16(codec: str | None) -> str | None:
    return "utf-8" if codec in ("utf-16-le", "utf-16-be") else codec
