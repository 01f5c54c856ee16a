"""What the operator may ask for, and what is refused."""

from __future__ import annotations

import pytest

from archiver.errors import FormatError
from archiver.fetch.limits import Limits
from archiver.fetch.proxy import Proxy
from archiver.fetch.settings import FetchSettings, ForcedAddress, check_header, parse_header


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("example.org:443:192.0.2.1", "example.org:443:192.0.2.1"),
        ("EXAMPLE.org:80:[2001:db8::1]", "example.org:80:2001:db8::1"),
        ("bücher.example:80:2001:DB8:0::1", "xn--bcher-kva.example:80:2001:db8::1"),
        ("[::1]:8080:127.0.0.1", "[::1]:8080:127.0.0.1"),
    ],
)
def test_a_forced_address_is_read(text: str, shown: str) -> None:
    assert str(ForcedAddress.parse(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "", "example.org", "example.org:443", "example.org::1.2.3.4", "example.org:443:", ":443:1.2.3.4",
        "example.org:0:1.2.3.4", "example.org:65536:1.2.3.4", "example.org:443:other.example",
        "example.org:443:1.2.3", "example.org:443:1.2.3.4:5", "a/b:443:1.2.3.4", "a@b:443:1.2.3.4",
        "example.org:٤٤٣:1.2.3.4", "*:443:1.2.3.4\n",
    ],
)  # fmt: skip
def test_a_bad_forced_address_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="--resolve"):
        ForcedAddress.parse(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("HTTP://proxy.example/", "http://proxy.example:80"),
        ("socks5://127.0.0.1", "socks5://127.0.0.1:1080"),
        ("socks5://127.0.0.1:80", "socks5://127.0.0.1:80"),
        ("socks5h://[::1]:9050", "socks5h://[::1]:9050"),
    ],
)
def test_a_proxy_is_read(text: str, shown: str) -> None:
    assert str(Proxy.parse(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "", "proxy.example:3128", "https://proxy.example", "socks4://proxy.example", "http://user:pass@proxy.example",
        "http://proxy.example/path", "http://proxy.example?x", "http://proxy.example#x", "http://", "http://a:99999",
    ],
)  # fmt: skip
def test_a_bad_proxy_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="--proxy"):
        Proxy.parse(text)


def test_a_header_is_read() -> None:
    assert parse_header("Accept-Language:  de, en;q=0.5 ") == ("Accept-Language", "de, en;q=0.5")


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "authorization", "Cookie", "Cookie2", "Set-Cookie", "Proxy-Authorization",
        "X-Api-Key", "X-APIKey", "Api-Key", "X-Auth-Token", "X-Access-Token", "X-CSRF-Token",
        "X-Amz-Security-Token", "X-Secret", "X-Password", "X-Session", "X-Goog-Api-Key",
        "Ocp-Apim-Subscription-Key",
    ],
)  # fmt: skip
def test_a_header_that_is_likely_a_secret_is_refused(name: str) -> None:
    with pytest.raises(FormatError, match="secrets are refused"):
        check_header(name, "x")


@pytest.mark.parametrize(
    "name",
    [
        "Host", "Content-Length", "Transfer-Encoding", "Connection", "Accept-Encoding", "TE", "Upgrade",
        "Expect", "Range", "If-None-Match", "Keep-Alive", "Proxy-Connection",
    ],
)  # fmt: skip
def test_a_header_that_is_the_recorders_own_is_refused(name: str) -> None:
    with pytest.raises(FormatError, match="recorder's own"):
        check_header(name, "x")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nHost: b"), ("X", "a\nb"), ("X", "a\rb"), ("X", "a\0b"), ("X", "a\x1b[0m"), ("X", "a\x7f"),
        ("X", "a\x85b"), ("X", "\u202eb"), ("", "a"), ("X Y", "a"), ("X:", "a"), ("X\r\n", "a"), ("é", "a"),
    ],
)  # fmt: skip
def test_what_is_not_one_header_line_is_refused(name: str, value: str) -> None:
    with pytest.raises(FormatError, match="header"):
        check_header(name, value)
    with pytest.raises(FormatError, match="header"):
        FetchSettings(headers=((name, value),))


def test_a_user_agent_of_two_lines_is_refused() -> None:
    with pytest.raises(FormatError, match="User-Agent"):
        FetchSettings(user_agent="a\r\nb")


@pytest.mark.parametrize("text", ["no colon", "", ": value"])
def test_what_is_no_header_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="header"):
        parse_header(text)


def test_each_setting_that_weakens_the_connection_has_its_code() -> None:
    assert FetchSettings().codes == ()
    everything = FetchSettings(
        resolve=(ForcedAddress.parse("a:1:1.2.3.4"),),
        cacert=b"",
        insecure=True,
        proxy=Proxy.parse("http://a"),
        allow_private=True,
    )
    assert everything.codes == ("FORCED_ADDRESS", "TLS_UNVERIFIED", "EXTRA_CA", "PRIVATE_ADDRESS", "PROXY")


@pytest.mark.parametrize(
    "limits", [{"attempts": 0}, {"seconds": -1}, {"idle": float("nan")}, {"connections": 0}]
)
def test_a_limit_that_is_none_is_refused(limits: dict[str, float]) -> None:
    with pytest.raises(FormatError, match=next(iter(limits))):
        Limits(**limits)  # type: ignore[arg-type]
