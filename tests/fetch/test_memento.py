from __future__ import annotations

import pytest

from archiver.fetch.memento import memento, raw_form
from archiver.url import Url
from archiver.warc.http1 import Head
from archiver.warc.stated import Memento

WAYBACK = "https://web.archive.org/web/20200102030405"


def head(*fields: tuple[str, str]) -> Head:
    return Head(version="HTTP/1.1", status=200, reason="OK", fields=fields)


@pytest.mark.parametrize(
    ("url", "raw"),
    [
        (f"{WAYBACK}/https://example.org/a?b=c", f"{WAYBACK}id_/https://example.org/a?b=c"),
        (f"{WAYBACK}if_/http://example.org/", f"{WAYBACK}id_/http://example.org/"),
        (
            "http://web.archive.org/web/2020/http:/example.org/",
            "http://web.archive.org/web/2020id_/http:/example.org/",
        ),
        (
            "http://arquivo.pt:81/wayback/1999/http://a.pt/",
            "http://arquivo.pt:81/wayback/1999id_/http://a.pt/",
        ),
        (f"{WAYBACK}id_/https://example.org/", None),
        ("https://web.archive.org/web/*/https://example.org/", None),
        ("https://web.archive.org/save/https://example.org/", None),
        ("https://example.org/web/20200102030405/https://example.org/", None),
        ("https://archive.ph/2020/https://example.org/", None),
        ("https://web.archive.org/", None),
    ],
)
def test_a_wayback_copy_has_a_raw_form(url: str, raw: str | None) -> None:
    form = raw_form(Url.parse(url))
    assert (form.href if form else None) == raw


@pytest.mark.parametrize(
    ("url", "fields", "expected"),
    [
        (
            f"{WAYBACK}/https://example.org/a?b",
            (),
            ("2020-01-02T03:04:05.000000Z", "https://example.org/a?b", "web.archive.org"),
        ),
        (
            f"{WAYBACK}/https:/example.org/a",
            (
                ("Memento-Datetime", "Thu, 02 Jan 2020 03:04:06 GMT"),
                (
                    "Link",
                    '<https://example.org/t>; rel="timemap", <http://example.org/b>; rel="first original"',
                ),
            ),
            ("2020-01-02T03:04:06.000000Z", "http://example.org/b", "web.archive.org"),
        ),
        (
            "https://copies.example/1",
            (("memento-datetime", "Thu, 02 Jan 2020 03:04:05 GMT"),),
            ("2020-01-02T03:04:05.000000Z", None, "copies.example"),
        ),
        ("https://perma.cc/AAAA-BBBB", (), (None, None, "perma.cc")),
        ("https://archive.ph/AbCdE", (("Memento-Datetime", "yesterday"),), (None, None, "archive.ph")),
        (
            "https://copies.example/1",
            (("Link", '<javascript:x>; rel="original"'), ("Memento-Datetime", "")),
            (None, None, "copies.example"),
        ),
    ],
)
def test_what_a_copy_is_of_is_told(
    url: str, fields: tuple[tuple[str, str], ...], expected: tuple[str | None, str | None, str]
) -> None:
    datetime, original, through = expected
    assert memento(Url.parse(url), head(*fields)) == Memento(
        datetime=datetime, original=original, through=through
    )


@pytest.mark.parametrize(
    "fields",
    [
        (("Link", "<" * 100_000),),
        (("Link", ";," * 50_000 + "rel=original"),),
        (("Memento-Datetime", "1" * 99_999),),
    ],
)
def test_hostile_headers_are_read_in_no_time(fields: tuple[tuple[str, str], ...]) -> None:
    memento(Url.parse(f"{WAYBACK}/https://example.org/"), head(*fields))


def test_a_page_that_is_no_copy_is_none() -> None:
    assert memento(Url.parse("https://example.org/web/2020/http://a/"), head()) is None
