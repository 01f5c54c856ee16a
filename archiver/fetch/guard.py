"""Which addresses may be reached, and what a name stands for.

A name is looked up once for a connection, and what is judged is the very address that is then connected
to: a name that changes its mind between look-up and connection gains nothing.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from archiver.errors import CaptureError
from archiver.fetch.wire import Errand

Lookup = Callable[[str], list[str]]
"""The IP addresses of a host name, in the order to try them; OSError where there is none."""

_MOST_ADDRESSES = 16

# ipaddress.is_global has changed between Python releases; these are refused whatever it says.
_NEVER_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",  # a cloud's own metadata service behind a global address
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/3",
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_NEVER_PUBLIC_6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether *address* is a global unicast one; an address with others embedded is as good as these."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _NEVER_PUBLIC_4)
    embedded = _embedded(address)
    if embedded:
        return all(is_public(one) for one in embedded)
    if address.scope_id is not None or address not in _PUBLIC_6 or not address.is_global:
        return False
    return not any(address in network for network in _NEVER_PUBLIC_6)


def _embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that packets to *address* would end up at."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that *host* is, brackets or not; None for a name."""
    with contextlib.suppress(ValueError):
        return ip_address(host.removeprefix("[").removesuffix("]"))
    return None


def system_lookup(host: str) -> list[str]:
    """The addresses of *host* by the system's resolver."""
    # As bytes: for text, Python would apply its own older IDNA rules first.
    found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


def addresses(host: str, lookup: Lookup, errand: Errand, until: float) -> list[IPv4Address | IPv6Address]:
    """What *host* stands for, each address once; CaptureError (`dns`) where it stands for nothing.

    The look-up runs in a thread of its own, which is left behind when time is up: the system's resolver
    cannot be interrupted.
    """
    own = literal(host)
    if own is not None:
        return [own]
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()
    threading.Thread(target=_look_up, args=(host, lookup, answers), name="lookup", daemon=True).start()
    while True:
        wait = errand.wait(until, f"looking up {host}")
        with contextlib.suppress(queue.Empty):
            answer = answers.get(timeout=wait)
            break
    if isinstance(answer, OSError):
        raise errand.error("dns", f"cannot find the host {host}: {answer.strerror or answer}") from answer
    found = [ip_address(text) for text in dict.fromkeys(answer)][:_MOST_ADDRESSES]
    if not found:
        raise errand.error("dns", f"no address for {host}")
    return found


def _look_up(host: str, lookup: Lookup, answers: queue.SimpleQueue[list[str] | OSError]) -> None:
    try:
        answers.put(lookup(host))
    except OSError as error:
        answers.put(error)
    except ValueError as error:  # UnicodeError: a name no resolver can be asked for
        answers.put(OSError(0, f"not a host name ({error})"))


def is_lasting(error: CaptureError) -> bool:
    """Whether a failed look-up is an answer (no such name) rather than a resolver in trouble."""
    cause = error.__cause__
    return not (isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN)
