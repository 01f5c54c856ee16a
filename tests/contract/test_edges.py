"""Edges that the text draws and that no vector shows, since it would have to be large or in a rare form."""

from __future__ import annotations

import pytest

from archiver.bundle.redaction import _trailer
from archiver.errors import FormatError
from archiver.warc.http1 import parse_fields
from archiver.warc.record import MAX_HEAD, RESPONSE
from archiver.warc.scan import Scan
from archiver.warc.surt import post_append
from archiver.warc.window import Window
from tests.contract.forging import gzipped, replaced
from tests.memory import memory_file
from tests.verify.test_attacks import PAGE, record


def scanned(written: bytes) -> tuple[tuple[str, str], ...]:
    """The findings of the one record in an archive."""
    with memory_file(gzipped(written)) as file:
        (found,) = Scan(Window(file), "data.warc.gz")
        return found.findings


@pytest.mark.parametrize("beyond", [1, 5_000, 600_000])
def test_a_head_cut_short_may_go_on_however_far_after_its_first_mebibyte(beyond: int) -> None:
    """3.5: whether it is HTTP follows from the first MAX_HEAD bytes, not from how a reader takes them."""
    head = b"HTTP/1.1 200 OK\r\nX: "
    block = head + b"a" * (MAX_HEAD - len(head) + beyond) + b"\r\n\r\nbody"
    written = record("response", PAGE, block, number=1, media=RESPONSE)
    cut = replaced(written, b"WARC-Block-Digest", b"WARC-Truncated: length\r\nWARC-Block-Digest")
    assert scanned(cut) == ()
    assert [code for code, _ in scanned(written)] == ["FORMAT_FAILURE"]


@pytest.mark.parametrize("hour", ["24", "30"])
def test_an_hour_is_before_24(hour: str) -> None:
    """1.6: later Pythons read 24:00 as midnight."""
    written = record("response", PAGE, b"HTTP/1.1 200 OK\r\n\r\n", number=1, media=RESPONSE)
    at = written.index(b"T", written.index(b"WARC-Date: "))
    with pytest.raises(FormatError):
        scanned(written[: at + 1] + hour.encode() + written[at + 3 :])


def test_of_a_folded_value_only_spaces_are_taken_from_its_ends() -> None:
    """4.3 rule 5: what Unicode calls white space changes with its version."""
    lines = [b"X:", " \u00a0a\u2003".encode(), b" "]
    assert parse_fields(lines) == (("X", "\u00a0a\u2003"),)


def test_of_a_content_type_only_spaces_and_tabs_are_taken_from_its_ends() -> None:
    """6.4."""
    assert post_append("http://h/", "POST", "application/json\u00a0", b"{}").endswith("__wb_post_data=e30=")


def test_behind_broken_chunks_there_is_no_trailer() -> None:
    """5.2: a second reading that begins anew in the middle would look for blanks in the wrong place."""
    broken = b"zz\r\n" + b"x" * (64 << 10) + b"0\r\nSet-Cookie: ****\r\n\r\n"
    for start in range(64 << 10, (64 << 10) + 8):
        assert not list(_trailer(0, iter([memoryview(broken[:start]), memoryview(broken[start:])])))
    sound = b"1\r\nx\r\n0\r\nSet-Cookie: ****\r\n\r\n"
    assert list(_trailer(10, iter([memoryview(sound)]))) == [(18, b"\nSet-Cookie: ****\r\n\r\n")]
