"""TLS: whom it trusts, and what it tells of the connection."""

from __future__ import annotations

import ssl
from dataclasses import replace

import pytest

from archiver.errors import FormatError
from archiver.fetch.fetcher import Fetcher
from archiver.fetch.settings import FetchSettings, ForcedAddress
from tests.fetch.authority import Authority
from tests.fetch.conftest import QUICK, Connect
from tests.fetch.rawserver import OK, RawServer, Then, say


def test_the_chain_version_and_cipher_of_the_connection_are_told(
    connect: Connect, authority: Authority
) -> None:
    context, chain = authority.server("127.0.0.1")
    with RawServer({"*": say(OK)}, context=context) as server:
        client = connect(FetchSettings(allow_private=True, cacert=authority.pem))
        first, second = client.get(server.url("/a")).best, client.get(server.url("/b")).best
        assert first is not None
        assert second is not None
        assert first.tls is not None
        assert (first.tls.version, first.tls.chain) == ("TLSv1.3", chain)
        assert first.tls.cipher.startswith("TLS_")
        assert second.tls is first.tls
        assert client.fetcher.codes == ("EXTRA_CA", "PRIVATE_ADDRESS")


@pytest.mark.parametrize(
    ("suite", "name"),
    [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    ],
)
def test_a_cipher_of_tls_1_2_has_its_registered_name(
    connect: Connect, authority: Authority, suite: str, name: str
) -> None:
    context, _ = authority.server("127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suite)
    with RawServer({"*": say(OK)}, context=context) as server:
        best = connect(FetchSettings(allow_private=True, insecure=True)).get(server.url()).best
        assert best is not None
        assert best.tls is not None
        assert (best.tls.version, best.tls.cipher) == ("TLSv1.2", name)


def test_http_1_1_is_negotiated(connect: Connect, authority: Authority) -> None:
    context, _ = authority.server("127.0.0.1")
    context.set_alpn_protocols(["h2", "http/1.1"])
    with RawServer({"*": say(OK)}, context=context) as server:
        assert connect(FetchSettings(allow_private=True, insecure=True)).get(server.url()).error is None


def test_an_unknown_authority_is_refused_once_and_for_all(connect: Connect, authority: Authority) -> None:
    context, _ = authority.server("127.0.0.1")
    with RawServer({"*": say(OK)}, context=context) as server:
        fetched = connect(limits=replace(QUICK, backoff=9)).get(server.url())
        assert (fetched.error, fetched.attempts) == ("tls", ())
        assert "certificate" in fetched.message


def test_a_certificate_for_another_host_is_refused(connect: Connect, authority: Authority) -> None:
    context, _ = authority.server("other.example", "127.0.0.9")
    with RawServer({"*": say(OK)}, context=context) as server:
        forced = ForcedAddress.parse(f"site.example:{server.port}:127.0.0.1")
        client = connect(FetchSettings(cacert=authority.pem, resolve=(forced,)))
        fetched = client.get(server.url(host="site.example"))
        assert (fetched.error, fetched.attempts) == ("tls", ())
        assert "site.example" in fetched.message


@pytest.mark.parametrize("host", ["site.example", "site.example.", "SITE.example", "a-b.site.example"])
def test_the_name_is_sent_and_checked(connect: Connect, authority: Authority, host: str) -> None:
    context, _ = authority.server("site.example", "*.site.example")
    named: list[str | None] = []
    context.sni_callback = lambda _sock, name, _context: named.append(name)
    with RawServer({"*": say(OK)}, context=context) as server:
        forced = ForcedAddress.parse(f"{host}:{server.port}:127.0.0.1")
        client = connect(FetchSettings(cacert=authority.pem, resolve=(forced,)))
        assert client.get(server.url(host=host)).error is None
        assert named == [host.lower().removesuffix(".")]


def test_insecure_takes_any_certificate_and_still_tells_it(connect: Connect, authority: Authority) -> None:
    context, chain = authority.server("other.example")
    with RawServer({"*": say(OK)}, context=context) as server:
        client = connect(FetchSettings(allow_private=True, insecure=True))
        best = client.get(server.url()).best
        assert best is not None
        assert best.tls is not None
        assert best.tls.chain == chain
        assert "TLS_UNVERIFIED" in client.fetcher.codes


@pytest.mark.parametrize(
    "pem", [b"", b"not a certificate", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAA==\n"]
)
def test_a_file_without_a_certificate_is_refused_at_once(pem: bytes) -> None:
    with pytest.raises(FormatError, match="--cacert"):
        Fetcher(FetchSettings(cacert=pem))


def test_a_host_that_tls_cannot_name_is_no_crash(connect: Connect) -> None:
    with RawServer({"*": say(OK)}) as server:
        client = connect(lookup=lambda _: ["127.0.0.1"])
        assert client.get(f"https://{'a' * 64}.example:{server.port}/").error == "tls"
        assert client.get(f"https://a..b:{server.port}/").error == "tls"


@pytest.mark.parametrize(
    "reply", [say(OK), say(b"HTTP/1.1 400 Bad Request\r\n\r\n", Then.CLOSE), say(Then.CLOSE)]
)
def test_a_port_that_speaks_no_tls_is_reported(connect: Connect, reply: tuple[bytes]) -> None:
    """A TLS greeting holds no blank line, so the server answers once the client gives up."""
    with RawServer({"*": reply}) as server:
        fetched = connect(limits=replace(QUICK, connect=0.2, attempts=2)).get(
            f"https://127.0.0.1:{server.port}/"
        )
        assert fetched.error in ("tls", "timeout")
