from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.signing.strictbase64 import decode_base64, encode_base64


@given(st.binary(max_size=100))
def test_bytes_survive(data: bytes) -> None:
    assert decode_base64(encode_base64(data), "here") == data


@given(st.text(alphabet="AQRz9+/=-_ \n", max_size=12))
def test_what_decodes_is_the_one_spelling(text: str) -> None:
    try:
        data = decode_base64(text, "here")
    except FormatError:
        return
    assert encode_base64(data) == text


@pytest.mark.parametrize(
    "text",
    [
        "QR==",
        "QUJ=",
        "QQ",
        "QQ=",
        "QQ===",
        "QQ==\n",
        " QQ==",
        "Q\nQ==",
        "-_-_",
        "QQ==QQ==",
        "=",
        "é",
        "\ud800",
    ],
)
def test_a_loose_spelling_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(FormatError, match=r"^payload: not") as raised:
        decode_base64(text, "payload")
    assert raised.value.code == "FORMAT_FAILURE"
