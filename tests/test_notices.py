from __future__ import annotations

import pytest

from archiver.links.outline import outline
from archiver.notices import notices
from archiver.warc.http1 import Head


def head(*fields: tuple[str, str]) -> Head:
    return Head(version="HTTP/1.1", status=200, reason="OK", fields=fields)


@pytest.mark.parametrize(
    ("fields", "page", "expected"),
    [
        ((("X-Robots-Tag", "noindex"),), "<meta name=robots content='index, follow'>", ()),
        (
            (("x-robots-tag", "otherbot: NoArchive, noindex"),),
            "",
            ("X-Robots-Tag: otherbot: NoArchive, noindex",),
        ),
        ((), "<meta name=ROBOTS content='noindex,noarchive'>", ("meta robots: noindex,noarchive",)),
        ((("TDM-Reservation", "0"),), "<meta name=tdm-reservation content=0>", ()),
        (
            (("TDM-Reservation", "1"), ("tdm-policy", "https://example.org/tdm.json")),
            "<meta name=tdm-reservation content=1>",
            ("tdm-reservation: 1", "tdm-policy: https://example.org/tdm.json", "meta tdm-reservation: 1"),
        ),
        ((("X-Robots-Tag", "noai"), ("X-Robots-Tag", "noai")), "", ("X-Robots-Tag: noai",)),
        ((("X-Robots-Tag", "unavailable_after: noarchives"),), "<p>noarchive", ()),
    ],
)
def test_what_a_server_asks_is_noted(
    fields: tuple[tuple[str, str], ...], page: str, expected: tuple[str, ...]
) -> None:
    assert notices(head(*fields), outline(page.encode(), "text/html")) == expected


def test_notices_are_bounded() -> None:
    many = notices(
        head(*(("X-Robots-Tag", f"noarchive {number}" + "x" * 9_000) for number in range(2_000))), None
    )
    assert len(many) == 50
    assert all(len(one) < 600 for one in many)


def test_a_page_without_an_answer_has_none() -> None:
    assert notices(None, None) == ()
