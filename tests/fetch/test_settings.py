"""What the operator may ask for, and what is refused."""

from __future__ import annotations

import pytest

from archiver.errors import FormatError
from archiver.fetch.limits import Limits
from archiver.fetch.proxy import Proxy
from archiver.fetch.settings import (
    FetchSettings,
    ForcedAddress,
    check_header,
    is_secret,
    parse_header,
    parted,
    read_headers,
)


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
        "Authorization", "authorization", "Cookie", "Cookie2", "X-Api-Key", "X-APIKey", "Api-Key", "ApiKey",
        "X-Auth-Token", "X-AccessToken", "X-CSRF-Token", "X-Amz-Security-Token", "X-Secret", "X-Password",
        "X-Session", "X-SessionId", "X-Goog-Api-Key", "Ocp-Apim-Subscription-Key", "X-Signature", "X-JWT",
        "CF-Access-Client-Secret", "X-SID",
    ],
)  # fmt: skip
def test_a_header_that_is_likely_a_secret_is_no_header_that_is_recorded(name: str) -> None:
    with pytest.raises(FormatError, match="secrets are refused") as caught:
        FetchSettings(headers=((name, "hush"),))
    assert "hush" not in str(caught.value)
    settings = FetchSettings(secrets=((name, "hush"),))
    assert "hush" not in repr(settings)
    assert settings.codes == ("REDACTED",)
    assert parted([(name, "hush"), ("Accept-Language", "de")]) == (
        (("Accept-Language", "de"),),
        ((name, "hush"),),
    )


@pytest.mark.parametrize(
    "name", ["Accept-Language", "X-Author", "Authors", "Priority", "DNT", "Referer", "X-Inside"]
)
def test_a_header_that_is_no_secret_is_recorded(name: str) -> None:
    assert not is_secret(name)
    assert FetchSettings(headers=((name, "x"),)).codes == ()


@pytest.mark.parametrize("name", ["Proxy-Authorization", "Set-Cookie", "set-cookie2"])
@pytest.mark.parametrize("secret", [False, True])
def test_a_header_that_would_go_to_the_wrong_place_is_refused(name: str, secret: bool) -> None:
    with pytest.raises(FormatError, match=r"site|answers"):
        check_header(name, "x", secret=secret)


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
    with pytest.raises(FormatError, match="header"):
        FetchSettings(secrets=((name, value),))


def test_a_user_agent_of_two_lines_is_refused() -> None:
    with pytest.raises(FormatError, match="User-Agent"):
        FetchSettings(user_agent="a\r\nb")


@pytest.mark.parametrize(
    "text",
    [
        "hush hush",
        "",
        ": hush",
        "Bearer hush: x",
        "Authorization hush: x",
        "X-Key: hush\r\nHost: b",
        "X-Key: hush\0",
    ],
)
def test_what_is_no_header_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(FormatError, match="header") as caught:
        parse_header(text)
    assert "hush" not in str(caught.value)


def test_headers_are_read_from_a_file() -> None:
    data = b"\xef\xbb\xbf# for the archive\r\nAuthorization: Bearer a:b \r\n\r\nX-Name: Zo\xc3\xab\nX-Empty:"
    assert read_headers(data) == (("Authorization", "Bearer a:b"), ("X-Name", "Zo\u00eb"), ("X-Empty", ""))
    assert read_headers(b"") == ()


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"A: b\nhush\n", "FILE: line 2: not 'Name: value'"),
        (b"A: b\n hush: x\n", "FILE: line 2: a line that goes on from the one before"),
        (b"Host: hush\n", "FILE: line 1: header 'Host': this header is the recorder's own to write"),
        (b"A: hush\x00\n", "FILE: line 1: header 'A': a control character in its value"),
        (b"A: hush\xff\n", "FILE: not text in UTF-8"),
        (b"A: hush\n" * 40_000, "FILE: more than 262144 bytes"),
    ],
)
def test_a_file_with_what_is_no_header_is_refused_and_not_shown(data: bytes, shown: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_headers(data, where="FILE")
    assert str(caught.value) == shown


def test_each_setting_that_weakens_the_connection_has_its_code() -> None:
    assert FetchSettings().codes == ()
    everything = FetchSettings(
        resolve=(ForcedAddress.parse("a:1:1.2.3.4"),),
        cacert=b"",
        insecure=True,
        proxy=Proxy.parse("http://a"),
        allow_private=True,
        secrets=(("X", "y"),),
    )
    assert everything.codes == (
        "FORCED_ADDRESS", "TLS_UNVERIFIED", "EXTRA_CA", "PRIVATE_ADDRESS", "PROXY", "REDACTED",
    )  # fmt: skip


@pytest.mark.parametrize(
    "limits", [{"attempts": 0}, {"seconds": -1}, {"idle": float("nan")}, {"connections": 0}]
)
def test_a_limit_that_is_none_is_refused(limits: dict[str, float]) -> None:
    with pytest.raises(FormatError, match=next(iter(limits))):
        Limits(**limits)  # type: ignore[arg-type]
