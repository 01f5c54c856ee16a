"""Which addresses are reached, and that a name cannot talk its way round it."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace
from ipaddress import ip_address

import pytest

from archiver.fetch.connection import Dialer, Origin
from archiver.fetch.guard import is_public
from archiver.fetch.settings import FetchSettings, ForcedAddress
from archiver.fetch.wire import Errand
from tests.fetch.conftest import QUICK, Connect
from tests.fetch.rawserver import OK, RawServer

GUARDED = FetchSettings()


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"],
)
def test_a_global_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.0.0.1", "192.0.0.9", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
        "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "168.63.129.16", "100.100.100.200",
        "::", "::1", "::8.8.8.8", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
        "ff0e::1", "100::1", "2001:db8::1", "2001::1", "2001:10::1", "2001:20::1", "3fff::1", "5f00::1",
        "4000::1", "64:ff9b:1::1", "2606:4700::1%1",
        "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:a00:1::1", "2002:7f00:1::",
        "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "2001:0:808:808:0:0:f5ff:fffe",
    ],
)  # fmt: skip
def test_any_other_address_is_not(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "①②⑦.0.0.1", "0", "169.254.169.254",
        "[::1]", "[::]", "[::ffff:10.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "localhost",
        "LOCALHOST",
    ],
)  # fmt: skip
def test_a_private_host_is_refused_however_it_is_written(connect: Connect, host: str) -> None:
    with RawServer({"*": [OK]}) as server:
        fetched = connect(GUARDED).get(f"http://{host}:{server.port}/")
        assert (fetched.error, fetched.attempts, server.talks) == ("guard", (), [])
        assert "public" in fetched.message


def test_a_name_that_means_something_private_is_refused(connect: Connect) -> None:
    with RawServer({"*": [OK]}) as server:
        client = connect(GUARDED, lookup=lambda _: ["10.0.0.1", "127.0.0.1", "fd00::1"])
        assert client.get(server.url(host="rebound.example")).error == "guard"
        assert not client.fetcher.reached_private


def test_of_a_names_addresses_only_the_public_ones_are_tried() -> None:
    dialer = Dialer(GUARDED, QUICK, lambda _: ["127.0.0.1", "8.8.8.8", "fd00::1", "8.8.8.8", "2606:4700::1"])
    errand = Errand("http://mixed.example/", deadline=None, stop=threading.Event())
    origin = Origin(scheme="http", host="mixed.example", port=80)
    assert list(map(str, dialer._judged(origin, errand, time.monotonic() + 5))) == ["8.8.8.8", "2606:4700::1"]


def test_what_was_judged_is_what_is_connected_to(connect: Connect) -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        return next(answers)

    with RawServer({"*": [OK]}) as server:
        fetched = connect(lookup=lookup).get(server.url(host="moving.example"))
        assert fetched.best is not None
        assert (fetched.best.address, asked) == ("127.0.0.1", ["moving.example"])


def test_a_forced_address_passes_for_its_host_and_port_alone(connect: Connect) -> None:
    with RawServer({"*": [OK]}) as server, RawServer({"*": [OK]}) as other:
        forced = ForcedAddress.parse(f"site.example:{server.port}:127.0.0.1")
        client = connect(FetchSettings(resolve=(forced,)), lookup=lambda _: ["127.0.0.1"])
        assert client.get(server.url(host="SITE.example")).error is None
        assert server.received.startswith(b"GET / HTTP/1.1\r\nHost: site.example:%d\r\n" % server.port)
        assert client.get(other.url(host="site.example")).error == "guard"
        assert client.get(server.url(host="other.example")).error == "guard"
        assert client.get(server.url()).error == "guard"
        assert client.fetcher.reached_private
        assert client.fetcher.codes == ("FORCED_ADDRESS", "PRIVATE_ADDRESS")


def test_a_forced_ipv6_address_is_reached(connect: Connect) -> None:
    with RawServer({"*": [OK]}, address="::1") as server:
        forced = ForcedAddress.parse(f"site.example:{server.port}:[::1]")
        fetched = connect(FetchSettings(resolve=(forced,))).get(server.url(host="site.example"))
        assert fetched.best is not None
        assert fetched.best.address == "::1"


def test_the_next_address_is_tried_where_one_does_not_answer(connect: Connect) -> None:
    with RawServer({"*": [OK]}) as server:
        client = connect(lookup=lambda _: ["127.0.0.2", "::1", "127.0.0.1"])
        fetched = client.get(server.url(host="many.example"))
        assert fetched.best is not None
        assert fetched.best.address == "127.0.0.1"


def test_a_name_that_does_not_exist_is_not_asked_for_again(connect: Connect) -> None:
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    fetched = connect(lookup=lookup).get("http://nowhere.example/")
    assert (fetched.error, fetched.message) == (
        "dns",
        "cannot find the host nowhere.example: Name or service not known",
    )
    assert asked == ["nowhere.example"]


def test_a_resolver_in_trouble_is_asked_again(connect: Connect) -> None:
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        if len(asked) < 3:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return ["127.0.0.1"]

    with RawServer({"*": [OK]}) as server:
        assert connect(lookup=lookup).get(server.url(host="slow.example")).error is None


def test_a_resolver_without_answer_is_given_up(connect: Connect) -> None:
    def lookup(host: str) -> list[str]:
        time.sleep(1)
        return []

    fetched = connect(limits=replace(QUICK, connect=0.2), lookup=lookup).get("http://slow.example/")
    assert fetched.error == "timeout"
    assert "slow.example" in fetched.message


def test_a_name_no_resolver_can_be_asked_for_is_no_crash(connect: Connect) -> None:
    assert connect().get(f"http://{'a' * 70}.{'b' * 300}/").error == "dns"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/", "data:,x", "gopher://h/", "ws://h/"]
)
def test_another_scheme_is_refused(connect: Connect, url: str) -> None:
    assert connect().get(url).error == "scheme"


def test_a_name_and_password_in_a_url_are_refused(connect: Connect) -> None:
    with RawServer({"*": [OK]}) as server:
        fetched = connect().get(server.url(host="user:secret@127.0.0.1"))
        assert (fetched.error, server.talks) == ("userinfo", [])
        assert "secret" not in fetched.message
