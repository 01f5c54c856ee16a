from __future__ import annotations

import codecs
import random
import time

import pytest

from archiver.errors import LimitError
from archiver.links.css import css_links
from archiver.links.encoding import decode_css, decode_html
from archiver.links.html import html_links
from archiver.links.outline import outline

PIECE = 1 << 20


def test_windows_1252_has_a_character_for_each_byte() -> None:
    data, codec = decode_html(bytes(range(256)), "text/html; charset=iso-8859-1")
    text = data.decode()
    assert codec == "cp1252"
    for byte, char in enumerate(text):
        assert char == (bytes([byte]).decode("cp1252", "ignore") or chr(byte))
    assert len(text) == 256


@pytest.mark.parametrize(
    "codec",
    [
        *("utf-8", "utf-16-le", "utf-16-be", "cp874", "cp1253", "koi8-r", "cp932", "cp949"),
        *("gb18030", "big5hkscs", "euc_jp", "iso2022_jp"),
    ],
)
def test_a_text_in_pieces_is_the_text(codec: str) -> None:
    chance = random.Random(codec)
    for length in range(PIECE - 3, PIECE + 1):
        end = chance.randbytes(40) + "日本 é".encode(codec, "replace")[: -(length % 2) or None]
        data = "a".encode(codec) * (length // len("a".encode(codec))) + end
        whole = data.decode(codec, "replace")
        assert decode_css(data, f"text/css; charset={codec}", None) == (whole, codecs.lookup(codec).name)
        assert decode_html(data, f"text/html; charset={codec}")[0].decode() == whole


@pytest.mark.parametrize(
    ("piece", "codec"),
    [
        (b"\x81", "windows-1252"),
        (b"\xff", "windows-1253"),
        (b"\x00\xd8", "utf-16le"),
        (b"\xff", "shift_jis"),
        (b"\xff", "utf-8"),
        (b"a", "utf-8"),
    ],
)
def test_a_limit_ends_the_decoding(piece: bytes, codec: str) -> None:
    data, calls = piece * (4 * PIECE // len(piece)), 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise LimitError("enough")

    for decode in (
        lambda: html_links(data, url="https://h/", content_type=f"text/html; charset={codec}", check=check),
        lambda: css_links(data, url="https://h/", content_type=f"text/css; charset={codec}", check=check),
        lambda: outline(data, f"text/html; charset={codec}", check=check),
    ):
        calls, began = 0, time.monotonic()
        assert decode().cut
        assert calls == 3
        assert time.monotonic() - began < 1
    calls = 0
    with pytest.raises(LimitError):
        decode_html(data, f"text/html; charset={codec}", check)
