from __future__ import annotations

import base64
import importlib.util
import json
import random
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.warc.importedheader import is_web_url
from archiver.warc.surt import post_append, surt_key
from tests.programs import need

HEX32 = "0123456789ABCDEF0123456789abcdef"
ASPX = "hh3bmm45zhwwbn45xyvnvbym"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://example.org", "org,example)/"),
        ("HTTPS://WWW2.Example.ORG:443/A/B/?", "org,example)/a/b"),
        ("http://example.org:443/", "org,example:443)/"),
        ("http://user:secret@example.org:8080/", "org,example:8080)/"),
        ("http://example.org/?b=2&a-=1&a=3&B&a", "org,example)/?a&a=3&a-=1&b&b=2"),
        ("http://example.org/a//b/../%2E%2e/c%2fd%3fe#f", "org,example)/a/c/d?e"),
        ("http://example.org/..", "org,example)/.."),
        ("http://example.org/%2525%7E%C3%A4ü", "org,example)/%25~%c3%a4%c3%bc"),
        (f"http://example.org/(S({ASPX}))/x.ASPX", "org,example)/x.aspx"),
        (f"http://example.org/x;jsessionid={HEX32}", f"org,example)/x;jsessionid={HEX32.lower()}"),
        (f"http://example.org/x?a=1&PHPSESSID={HEX32}&b=2", "org,example)/x?a=1&b=2"),
        ("http://192.168.1.1/", "1,1,168,192)/"),
        ("http://[2001:DB8::1]:81/", "2001:db8::1:81)/"),
        ("http://bücher.example/", "example,xn--bcher-kva)/"),
        ("urn:X-Wpull:Log", "urn:x-wpull:log"),
        ("dns:Example.org", "dns:example.org"),
    ],
)
def test_a_url_has_its_key(url: str, key: str) -> None:
    assert surt_key(url) == key


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org:x/", "http://example.org:65536/", "http://a:80:80/", "http://a::/"),
        *("http://", "http:///", "http://@/", "http://u@:80/", "http://../", "http://%2e/"),
        *("http://[]/", "http://[::1/", "http://a[::1]/", "http://[::1]a/", "http://a]/"),
        *("http://a%ff/", "http://%e2%82/", "http://" + "a" * 1025 + "/"),
    ],
)
def test_what_is_no_host_or_port_is_refused(url: str) -> None:
    with pytest.raises(FormatError):
        surt_key(url)
    assert not is_web_url(url)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://a...b/", "b,,a)/"),
        ("http://...a/", "a)/"),
        ("http://0177.10.1/", "1,0,10,127)/"),
        ("http://0177.108.1/", "1,108,0177)/"),
        ("http://1.08/", "08,1)/"),
        ("http://" + "0" * 60 + "1/", "1,0,0,0)/"),
        ("http://https://a/", "a)/"),
        ("http://http://", None),
    ],
)
def test_an_odd_host_has_the_key_that_the_package_gives(url: str, key: str | None) -> None:
    if key is None:
        assert not is_web_url(url)
    else:
        assert surt_key(url) == key


@given(st.text())
def test_any_text_has_a_key_or_is_refused(text: str) -> None:
    for url in (text, f"http://h/{text}", f"http://{text}"):
        try:
            assert surt_key(url).isascii()
        except FormatError:
            continue


def test_escapes_of_escapes_are_answered_at_once() -> None:
    assert surt_key("http://h/%" + "25" * 30_000) == "h)/%25"


LONG = {
    "cfid": "http://h/?" + "cfid=" * 13_000,
    "cfid and an empty cftoken": "http://h/?" + "cfid=1&cftoken=" * 4_000,
    "sid": "http://h/?" + "sid=" * 16_000,
    "session folders": "http://h/" + f"({ASPX})/" * 2_400,
    "session folders and files": "http://h/" + f"({ASPX})/" * 1_200 + ".aspx" * 6_000,
    "session folders and question marks": "http://h/" + f"({ASPX})/%3f" * 2_100 + ".aspx",
    "a host that must be prepared": "http://" + "ü." * 341,
    "schemes": "http://" * 9_000 + "h/",
    "folders to leave": "http://h/" + "a/" * 10_000 + "../" * 14_000,
    "parameters": "http://h/?" + "&" * 65_000,
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_url_has_its_key_at_once(name: str) -> None:
    begun = time.process_time()
    surt_key(LONG[name])
    assert time.process_time() - begun < 1


# What was found by asking the package, as one pattern each; to look for it so takes quadratic time.
IN_QUERY = re.compile(r"(.*)cfid=[^&]+&cftoken=[^&]+(?:&(.*))?", re.DOTALL)
IN_PATH = [
    re.compile(rf"(.*/){pattern}/([^?]+\.aspx.*)", re.DOTALL)
    for pattern in (rf"\((?:[a-z]\({ASPX}\))+\)", rf"\({ASPX}\)")
]


@settings(max_examples=1000)
@given(
    st.lists(st.sampled_from(["cfid=", "cfid=", "&cftoken=", "cftoken=1", "&", "&", "1"]), max_size=9),
    st.lists(
        st.sampled_from(["/", f"/({ASPX})/", f"({ASPX})/", f"(s({ASPX}))/", ".aspx", ".aspx", "?", "x"]),
        max_size=9,
    ),
)
def test_session_ids_are_those_that_the_patterns_find(query: list[str], path: list[str]) -> None:
    left, rest = "".join(query), "/x" + "".join(path)
    if found := IN_QUERY.fullmatch(left):
        left = found[1] + (found[2] or "")
    for pattern in IN_PATH:
        rest = re.sub("//+", "/", rest)
        if found := pattern.fullmatch(rest):
            rest = found[1] + found[2]
    left = "&".join(sorted(left.split("&"), key=lambda pair: pair.split("=", 1)))
    written = "".join(path).replace("?", "%3f")
    expected = f"h){rest.removesuffix('/') or '/'}" + (f"?{left}" if left else "")
    assert surt_key(f"http://h/x{written}?{''.join(query)}") == expected


SCHEMES = ["http://", "https://", "HTTP://", "http://", "https://", "ftp://", "http:/", "http:", "http:///"]
USERS = ["", "", "", "", "u@", "u:p@", "u:@", "@", "a@b@", "u%40:p@"]
HOSTS = [
    *(
        "h.org",
        "www.H.org",
        "www2.h.org",
        "WWW3.a.B.co.uk",
        "www.com",
        "www.www.com",
        "wwww.h.org",
        "h.org.",
        "a..b",
    ),
    *(
        "1.2.3.4",
        "127.0.0.1",
        "01.2.3.4",
        "2130706433",
        "1.2",
        "256.1.1.1",
        "0x7f.1",
        "010",
        "www.1.2.3.4",
        "1.2.3.4.",
    ),
    *(
        "[::1]",
        "[2001:DB8::1]",
        "localhost",
        "a_b.org",
        "-x.org",
        "h%2eorg",
        "%68.org",
        "a%20b.org",
        "www%31.h.org",
    ),
    *("bücher.example", "xn--bcher-kva.example", "faß.de", "日本.jp", "ÜBER.org"),
]
PORTS = ["", "", "", "", ":80", ":443", ":8080", ":", ":0", ":0080", ":65535", ":65536", ":x"]
PATHS = [
    *(
        "/",
        "/",
        "/",
        "/",
        "//",
        "a",
        "B",
        "c.html",
        ".",
        "..",
        "%2e",
        "%2E%2e",
        "%2f",
        "%2F",
        "%3f",
        "%23",
        "%25",
    ),
    *(
        "%2541",
        "%7e",
        "%",
        "%4",
        "%zz",
        "%C3%A4",
        "%E4",
        "%00",
        "%20",
        "\t",
        "\n",
        "\x7f",
        "\x01",
        "ä",
        "É",
        "\u200b",
    ),
    *(
        f";jsessionid={HEX32}",
        f"/({ASPX})/",
        f"/(S({ASPX}))/",
        f"/(a({ASPX})f({ASPX}))/",
        "x.aspx",
        "A.ASPX/y",
    ),
    *" ~+&=@:!'()*,;\\|[]^`{}\"<>",
]
QUERIES = [
    *(
        "a=1",
        "b=2",
        "B=3",
        "a",
        "a=",
        "=",
        "&",
        "&",
        "&",
        "&",
        "c[]=1",
        "c%5B%5D=2",
        "?",
        "/",
        "..",
        "//",
        "a-b=1",
    ),
    *("%26", "%3d", "%23", "%25", "%2525", "%zz", "%C3%A4", "%E4", "%20", "ä", "a.b", "http://www.X.org/"),
    *(
        f"jsessionid={HEX32}",
        f"&PHPSESSID={HEX32}",
        f"&sid={HEX32}",
        f"sid={HEX32}&",
        f"&SID={HEX32}&",
        f"xsid={HEX32}",
    ),
    *(
        "&ASPSESSIONIDABCDEFGH=ABCDEFGHIJKLMNOPQRSTUVWX&",
        "&CFID=1&CFTOKEN=2",
        "cfid=12&cftoken=x&",
        "cfid=",
        "&cftoken=",
    ),
    *" +;~!'\"\\|",
]


def generated(chance: random.Random) -> str:
    url = chance.choice(SCHEMES) + chance.choice(USERS) + chance.choice(HOSTS) + chance.choice(PORTS)
    if chance.random() < 0.85:
        url += "/" + "".join(chance.choices(PATHS, k=chance.randint(0, 6)))
    if chance.random() < 0.6:
        url += "?" + "".join(chance.choices(QUERIES, k=chance.randint(0, 7)))
    if chance.random() < 0.15:
        url += "#" + "".join(chance.choices(QUERIES, k=2))
    return f" {url}\n" if chance.random() < 0.03 else url


THEIRS = """
import json, sys, surt
for line in sys.stdin:
    try:
        print(json.dumps(surt.surt(json.loads(line))))
    except ValueError:
        print("null")
"""


ODD = [
    *("a", "x", "1", "0", "08", "0177", "108", "255", "256", "9", "80", "4294967296", "0" * 47 + "1", "0x7f"),
    *(
        ".",
        ".",
        ".",
        "..",
        "...",
        "www.",
        "www2.",
        "-",
        "_",
        "@",
        ":",
        "[",
        "]",
        "[::1]",
        ":80",
        ":443",
        "http://",
    ),
    *("%ff", "%41", "%2e", "%20", "%0a", "%", "%25", " ", "\x01", "\x7f", "\t", *"!$&'(,;=~*{|\\\"<>^`"),
    *("ü", "ß", "日", "\u3002", "\uff0e", "\u00ad", "\u200b", "\u212a", "\u0130", "\u0663", "xn--"),
]


def odd(chance: random.Random) -> str:
    return chance.choice(SCHEMES[:3]) + "".join(chance.choices(ODD, k=chance.randint(1, 5))) + "/x"


def keys_that_the_package_gives(urls: list[str]) -> list[str | None]:
    """The package runs as a program of its own: its licence is not ours, and its import is heavy."""
    python = sys.executable if importlib.util.find_spec("surt") else str(need("surt"))
    done = subprocess.run(
        [python, "-c", THEIRS],
        input="".join(json.dumps(url) + "\n" for url in urls),
        text=True,
        capture_output=True,
        check=True,
        timeout=120,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_an_import_may_hold_has_the_keys_that_the_surt_package_gives() -> None:
    chance = random.Random(20260212)
    urls = [url for url in (odd(chance) for _ in range(10_000)) if is_web_url(url)]
    assert len(urls) > 5_000
    for url, theirs in zip(urls, keys_that_the_package_gives(urls), strict=True):
        assert surt_key(url) == theirs, url


def test_ten_thousand_urls_have_the_keys_that_the_surt_package_gives() -> None:
    chance = random.Random(20260211)
    urls = [generated(chance) for _ in range(10_000)]
    answers = keys_that_the_package_gives(urls)
    assert sum(answer is None for answer in answers) < 2_000
    for url, theirs in zip(urls, answers, strict=True):
        try:
            ours = surt_key(url)
        except FormatError:
            ours = None
        assert ours == theirs, url


FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
BODIES = [
    ("GET", None, b""),
    ("POST", FORM, b"b=2&a=x+y&c=%2B%26%3D"),
    ("POST", f"{FORM}; charset=utf-8", b"%C3%A4=1&&d"),
    ("POST", FORM, b"\xff=1"),
    ("POST", FORM, b""),
    ("PUT", FORM, b"a=1"),
    ("POST", "text/plain", b"hello & world"),
    ("POST", "text/plain", b'{"a":1}'),
    ("POST", None, b"abc"),
    ("POST", "application/octet-stream", b"\x00\x01\xff"),
    ("POST", JSON, b'{"a":{"b":1,"c":[1,2,{"d":"x&y z"}]},"b":null,"t":true,"f":1.5,"e":""}'),
    ("POST", JSON, b'[1,[2,3],{"a":[1,[2,3],1]}]'),
    ("POST", JSON, '{"ä b":"ü"}'.encode()),
    ("POST", JSON, b"no json"),
    ("POST", JSON, b""),
]


def record(kind: str, url: str, number: int, concurrent_to: int, block: bytes) -> bytes:
    head = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{uuid.UUID(int=number)}>\r\n"
        f"WARC-Target-URI: {url}\r\nWARC-Date: 2026-11-23T10:07:00Z\r\n"
        f"WARC-Concurrent-To: <urn:uuid:{uuid.UUID(int=concurrent_to)}>\r\n"
        f"Content-Type: application/http; msgtype={kind}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def test_requests_with_bodies_have_the_keys_that_cdxj_indexer_gives(tmp_path: Path) -> None:
    if importlib.util.find_spec("cdxj_indexer") is None:
        pytest.skip("cdxj_indexer is not installed")
    urls = [f"http://example.org/{number}{'?q=1' if number % 2 else ''}" for number in range(len(BODIES))]
    warc = tmp_path / "posts.warc"
    with warc.open("wb") as out:
        for number, (url, (method, content_type, body)) in enumerate(zip(urls, BODIES, strict=True)):
            fields = f"Content-Type: {content_type}\r\n" if content_type else ""
            head = f"{method} / HTTP/1.1\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
            out.write(record("request", url, 2 * number, 2 * number + 1, head.encode() + body))
            out.write(record("response", url, 2 * number + 1, 2 * number, b"HTTP/1.1 204 No Content\r\n\r\n"))
    done = subprocess.run(
        [sys.executable, "-m", "cdxj_indexer.main", "--post-append", str(warc)],
        text=True,
        capture_output=True,
        check=True,
        timeout=60,
    )
    theirs = [line.split(" ", 1)[0] for line in done.stdout.splitlines()]
    assert theirs == [surt_key(post_append(url, *body)) for url, body in zip(urls, BODIES, strict=True)]


@pytest.mark.parametrize(
    "body",
    [
        b'{"' + b"a" * 60_000 + b'":[' + b"1," * 30_000 + b"1]}",
        b'{"' + b"a" * 100 + b'":[' + b"1," * 100 + b"1]}",
        b'{"a":[' + b"0," * 500_000 + b"0]}",
    ],
)
def test_a_list_does_not_make_a_key_many_times_as_long_as_its_body(body: bytes) -> None:
    begun = time.process_time()
    assert post_append("http://h/", "POST", "application/json", body) == "http://h/?__wb_method=post"
    plain = post_append("http://h/", "POST", "text/plain", body)
    assert plain == "http://h/?__wb_method=post&__wb_post_data=" + base64.b64encode(body).decode()
    assert time.process_time() - begun < 2


def test_a_list_of_a_few_kilobytes_is_in_the_key_whole() -> None:
    body = json.dumps({"a" * 50: [1] * 73}).encode()  # 4,076 characters of pairs, 15 times the body
    key = post_append("http://h/", "POST", "application/json", body)
    assert key.count("&") == 73 and key.endswith(f"&{'a' * 50}.73_=1")
    body = json.dumps({"a" * 50: [1] * 74}).encode()
    assert post_append("http://h/", "POST", "application/json", body) == "http://h/?__wb_method=post"


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "DELETE"])
def test_no_other_method_shadows_the_get(method: str) -> None:
    assert post_append("http://h/?a", method, None, b"") == f"http://h/?a&__wb_method={method.lower()}"
