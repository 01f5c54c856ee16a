"""Content codings: what was encoded comes back, and nothing hostile gets out of hand."""

from __future__ import annotations

import functools
import gzip
import itertools
import random
import zlib
from collections.abc import Sequence

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError, LimitError
from archiver.warc.coding import MAX_MEMBERS, content_codings, decode
from archiver.warc.http1 import parse_head

GENEROUS = 1 << 30


def encode(data: bytes, codings: Sequence[str]) -> bytes:
    for coding in codings:
        if coding in ("gzip", "x-gzip"):
            data = gzip.compress(data, 1, mtime=0)
        elif coding == "deflate":
            data = zlib.compress(data)
        elif coding == "br":
            data = brotli.compress(data, quality=1)
    return data


def cut(data: bytes, points: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(point % (len(data) + 1) for point in points), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


CODINGS = st.lists(st.sampled_from(["gzip", "x-gzip", "deflate", "br", "identity"]), max_size=4)


@given(st.binary(max_size=5000), CODINGS, st.lists(st.integers(0, 10_000), max_size=5))
def test_any_stack_of_codings_comes_back_however_the_bytes_arrive(
    data: bytes, codings: list[str], points: list[int]
) -> None:
    pieces = cut(encode(data, codings), points)
    assert b"".join(decode(pieces, codings, max_bytes=GENEROUS)) == data


WORDS = (b"The court held that ", b"\xc3\xa4rgerlich ", b"42 U.S.C. ", b"<p>", b"a", b"\n")
SIZES = (1, 262_145, 600_000, 3_000_000)


@functools.cache
def text_of(kind: str, size: int) -> bytes:
    chance = random.Random(size)
    if kind == "one byte":
        return b"a" * size
    if kind == "words":
        return b"".join(chance.choices(WORDS, k=size // 4 + 1))[:size]
    return chance.randbytes(size)


@pytest.mark.parametrize(
    ("kind", "size", "quality", "step"),
    [
        (kind, size, quality, step)
        for kind in ("one byte", "words", "noise")
        for size in SIZES
        for quality in (1, 5, 11)
        for step in (1, 7, 65_536)
        # What is slow, to compress or to feed byte by byte, is left to the smaller sizes.
        if (quality < 11 or size < 500_000 or kind == "one byte")
        and (step > 7 or size < 500_000 or kind == "one byte")
    ],
)
def test_a_brotli_body_is_decoded_to_its_last_byte(kind: str, size: int, quality: int, step: int) -> None:
    data = text_of(kind, size)
    coded = brotli.compress(data, quality=quality)
    pieces = (coded[at : at + step] for at in range(0, len(coded), step))
    assert b"".join(decode(pieces, ["br"], max_bytes=GENEROUS)) == data


@given(st.binary(max_size=300), st.lists(st.sampled_from(["gzip", "deflate", "br"]), min_size=1, max_size=3))
def test_any_bytes_decode_or_raise_a_format_error(data: bytes, codings: list[str]) -> None:
    try:
        for _ in decode([data], codings, max_bytes=1 << 20):
            pass
    except (FormatError, LimitError):
        pass


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_an_empty_body_is_empty_in_every_coding(coding: str) -> None:
    assert list(decode([], [coding], max_bytes=10)) == []
    assert list(decode([b"", b""], [coding], max_bytes=10)) == []


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_data_that_ends_early_gives_what_came_before_then_an_error(coding: str) -> None:
    text = bytes(range(256)) * 4000
    found = bytearray()
    with pytest.raises(FormatError, match="early"):
        for chunk in decode([encode(text, [coding])[:-5]], [coding], max_bytes=GENEROUS):
            found += chunk
    assert found
    assert text.startswith(bytes(found))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_bomb_stops_at_the_limit(coding: str) -> None:
    total = 0
    with pytest.raises(LimitError):
        for chunk in decode([encode(bytes(20 << 20), [coding])], [coding], max_bytes=5 << 20):
            total += len(chunk)
            assert len(chunk) <= 1 << 20
    assert total <= 5 << 20


def test_a_bomb_inside_a_bomb_stops_at_the_inner_limit() -> None:
    data = encode(bytes(20 << 20), ["gzip", "gzip"])
    with pytest.raises(LimitError):
        list(decode([data], ["gzip", "gzip"], max_bytes=1 << 20))


def test_gzip_members_are_one_body_and_junk_after_them_is_ignored() -> None:
    data = gzip.compress(b"one ") + gzip.compress(b"two")
    for tail in (b"", b"\0", b"\0\0\0\0", b"junk", b"\x1f"):
        assert b"".join(decode([data + tail], ["gzip"], max_bytes=100)) == b"one two"


def test_a_gzip_body_of_endless_empty_members_is_refused() -> None:
    with pytest.raises(LimitError, match="members"):
        list(decode([gzip.compress(b"", mtime=0) * (MAX_MEMBERS + 1)], ["gzip"], max_bytes=GENEROUS))


def test_deflate_without_its_wrapper_is_read_as_browsers_do() -> None:
    packer = zlib.compressobj(wbits=-15)
    bare = packer.compress(b"hello " * 100) + packer.flush()
    assert b"".join(decode([bare[:1], bare[1:]], ["deflate"], max_bytes=1000)) == b"hello " * 100


@pytest.mark.parametrize("codings", [["zstd"], ["gzip", "compress"], ["gzip"] * 5])
def test_codings_that_cannot_be_undone_are_refused_at_once(codings: list[str]) -> None:
    with pytest.raises(FormatError, match="coding"):
        decode([b"x"], codings, max_bytes=10)


def test_a_plain_body_has_the_limit_too() -> None:
    with pytest.raises(LimitError):
        list(decode([b"x" * 11], [], max_bytes=10))


def test_codings_are_read_from_every_field_in_order() -> None:
    head = parse_head(b"HTTP/1.1 200 OK\r\nContent-Encoding: GZIP, identity\r\ncontent-encoding: br\r\n\r\n")
    assert content_codings(head) == ("gzip", "br")


def test_a_coding_has_its_name_in_ascii() -> None:
    odd = "HTTP/1.1 200 OK\r\nContent-Encoding: gz\u0130p, gzip\u00a0\r\n\r\n".encode()
    assert content_codings(parse_head(odd)) == ("gz\u0130p", "gzip\u00a0")
