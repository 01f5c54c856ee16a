"""SHA-256 as a value."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.digest import CHUNK, Digest
from archiver.errors import FormatError

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.binary())
def test_a_digest_is_that_of_hashlib_however_the_bytes_come(data: bytes) -> None:
    expected = hashlib.sha256(data).hexdigest()
    parts = [data[at : at + 7] for at in range(0, len(data), 7)]
    assert Digest.of(data).hex == expected
    assert Digest.of(memoryview(data)).hex == expected
    assert Digest.of(io.BytesIO(data)).hex == expected
    assert Digest.of_chunks(parts).hex == expected


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_survives_its_own_text(raw: bytes) -> None:
    digest = Digest(raw.hex())
    assert Digest.parse(str(digest)) == digest
    assert digest.raw == raw


def test_a_stream_is_read_from_where_it_stands_to_its_end() -> None:
    stream = io.BytesIO(b"ab" * CHUNK)
    stream.seek(1)
    assert Digest.of(stream) == Digest.of((b"ab" * CHUNK)[1:])
    assert stream.read() == b""


def test_nothing_has_the_digest_of_nothing() -> None:
    assert str(Digest.of(b"")) == f"sha256:{EMPTY}"


def test_digests_are_ordered_and_hashable() -> None:
    low, high = Digest("0" * 64), Digest("f" * 64)
    assert sorted({high, low, Digest("0" * 64)}) == [low, high]


@pytest.mark.parametrize(
    "text",
    [
        "",
        EMPTY,
        "sha256:",
        "sha256:" + EMPTY[:-1],
        "sha256:" + EMPTY + "0",
        "sha256:" + EMPTY.upper(),
        "SHA256:" + EMPTY,
        "sha256-" + EMPTY,
        "sha256:0x" + EMPTY[2:],
        " sha256:" + EMPTY,
        "sha256:" + EMPTY + "\n",
        "sha256:" + EMPTY[:-1] + "g",
        "sha256:" + EMPTY[:-1] + "\u0661",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha512:" + EMPTY * 2,
    ],
)
def test_anything_but_the_exact_form_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="not a sha256 digest"):
        Digest.parse(text)


def test_a_value_that_is_no_text_is_refused_too() -> None:
    with pytest.raises(FormatError, match="not a sha256 digest"):
        Digest.parse(None)  # type: ignore[arg-type]


def test_a_long_text_is_not_quoted_whole() -> None:
    with pytest.raises(FormatError) as caught:
        Digest.parse("x" * 10_000)
    assert len(str(caught.value)) < 200
