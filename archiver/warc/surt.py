"""The key that an index sorts a URL by: SURT form after the Internet Archive's canonicalisation.

The rules are not written down anywhere; these give what the ``surt`` package 0.3.1 gives, on which every
index reader in the field depends, and were found by asking it. Hosts that it makes nothing of have no key.
"""

from __future__ import annotations

import base64
import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote_plus, unquote_plus

from archiver import strictjson
from archiver.errors import FormatError, LimitError

_WITHOUT_HOST = re.compile(rb"(?!https?:)([a-z][a-z0-9+.-]*:)(?!//)(.*)", re.IGNORECASE | re.DOTALL)
_SEVERAL_SCHEMES = re.compile(rb"(?:https?://)+(?=https?://)")
_PARTS = re.compile(rb"(?:([a-z][a-z0-9+.-]*):)?(/*)([^/?#]*)([^?#]*)(?:\?([^#]*))?", re.IGNORECASE)
_AUTHORITY = re.compile(rb"(?:.*@)?(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{0,8}))?", re.DOTALL)
_ESCAPED = re.compile(rb"%([0-9a-fA-F]{2})")
_UNSAFE = re.compile(rb"[\x00-\x20#%\x7f-\xff]")
_WWW = re.compile(rb"www[0-9]*\.")
_DEFAULT_PORTS = {b"http": 80, b"https": 443}
_DIGITS_AND_DOTS = re.compile(rb"[0-9.]+")
_OCTAL = re.compile(rb"0[0-7.]*")
_SHORT_PAIRS, _MORE_THAN_ITS_BODY = 4096, 4  # characters, times: what a JSON body may become in a key
_LONGEST_HOST = 1024  # bytes; no name is nearly as long, and preparing one takes microseconds a letter

# Session ids that make two visits to one page look like two pages, in the order they are taken out.
_QUERY_SESSIONS = tuple(
    re.compile(rb"(.*)(?:" + pattern + rb")(?:&(.*))?", re.IGNORECASE | re.DOTALL)
    for pattern in (
        rb"jsessionid=[0-9a-z]{32}",
        rb"phpsessid=[0-9a-z]{32}",
        rb"sid=[0-9a-z]{32}",
        rb"aspsessionid[a-z]{8}=[a-z]{24}",
    )
)
_CFID = b"cfid="
_CFTOKEN = b"cftoken="
_PATH_SESSIONS = tuple(
    # The session id is looked at and not taken, since its last slash may be the first of another one's.
    re.compile(rb"/(?=(" + pattern + rb"/))|\.aspx|\?")
    for pattern in (rb"\((?:[a-z]\([0-9a-z]{24}\))+\)", rb"\([0-9a-z]{24}\)")
)


def surt_key(url: str) -> str:
    """The key of *url*: ``org,example)/path?query``, lower case, for http, https and whatever has a host.

    Other schemes (``urn:``, ``dns:``) are their own key in lower case. FormatError where the host or the
    port is none: there the package raises too, or gives the key of another host.
    """
    data = re.sub(rb"[\t\r\n]", b"", url.encode("utf-8", "surrogatepass").strip())
    without_host = _WITHOUT_HOST.fullmatch(data)
    if without_host:
        return (without_host[1] + _escape(without_host[2]).lower()).decode("ascii")
    again = _SEVERAL_SCHEMES.match(data)
    found = _PARTS.match(data, again.end() if again else 0)
    assert found is not None  # the pattern matches anything
    scheme, slashes, authority, raw_path, raw_query = found.groups()
    port = b""
    if slashes == b"//":
        authority, port = _without_userinfo_and_port(authority, (scheme or b"http").lower())
    host = _host(authority)
    path = _path(raw_path)
    query = _query(raw_query) if raw_query else b""
    key = b",".join(reversed(host.split(b"."))) + port + b")" + path + (b"?" + query if query else b"")
    return key.decode("ascii")


def post_append(url: str, method: str, content_type: str | None, body: bytes) -> str:
    """*url* as it is keyed for a request by *method* with *body*: the method and the body as more query.

    A GET's stays as it is. Forms and JSON become name=value pairs as ``cdxj-indexer --post-append`` gives
    them, other bodies base64. Every other method is named too, which that program does only for POST and
    PUT: under the plain key an OPTIONS would shadow the GET.
    """
    if method.upper() == "GET":
        return url
    query = f"__wb_method={method.lower()}"
    more = _body_as_query(content_type, body) if method.upper() in ("POST", "PUT") else ""
    return f"{url}{'&' if '?' in url else '?'}{query}{'&' if more else ''}{more}"


def _body_as_query(content_type: str | None, body: bytes) -> str:
    mime = (content_type or "").partition(";")[0].strip(" \t")
    if mime == "application/x-www-form-urlencoded":
        with contextlib.suppress(UnicodeDecodeError):
            return unquote_plus(body.decode("utf-8"))
    elif mime in ("application/json", "text/plain"):
        try:
            most = max(_SHORT_PAIRS, _MORE_THAN_ITS_BODY * len(body))
            return "&".join(_numbered(_json_pairs(strictjson.loads(body), ""), most))
        except (FormatError, LimitError):
            if mime == "application/json":
                return ""
    return "__wb_post_data=" + base64.b64encode(body).decode("ascii")


def _json_pairs(value: object, name: str) -> Iterator[tuple[str, str]]:
    """The scalars in *value*, each under the name nearest above it; those above all names are left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _json_pairs(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _json_pairs(inner, name)
    elif name:
        yield name, str(value)


def _numbered(pairs: Iterator[tuple[str, str]], most: int) -> Iterator[str]:
    """``name=value`` for each, the second of a name as ``name.2_`` and so on.

    LimitError for more than *most* characters of these: a list repeats its name with every value.
    """
    seen: Counter[str] = Counter()
    for name, value in pairs:
        seen[name] += 1
        counted = name if seen[name] == 1 else f"{name}.{seen[name]}_"
        pair = f"{quote_plus(counted)}={quote_plus(value)}"
        most -= len(pair)
        if most < 0:
            raise LimitError("a body whose pairs are many times as long")
        yield pair


def _without_userinfo_and_port(authority: bytes, scheme: bytes) -> tuple[bytes, bytes]:
    """The host of *authority*, and its port with a colon where it is not the default one."""
    found = _AUTHORITY.fullmatch(authority)
    port = int(found[2] or 0) if found else 0
    if not found or port > 0xFFFF:
        raise FormatError(f"not a host and a port: {authority!r:.80}")
    return found[1].strip(b"[]"), b":%d" % port if port and port != _DEFAULT_PORTS.get(scheme) else b""


@lru_cache(maxsize=256)  # a page's URLs are of few hosts
def _host(host: bytes) -> bytes:
    host = _unescape(host)
    if len(host) > _LONGEST_HOST:
        raise FormatError(f"a host of {len(host)} bytes")
    if not host.isascii():
        try:
            name = host.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError(f"not a host: {host!r:.80}") from error
        with contextlib.suppress(UnicodeError):  # no name then; it is escaped below
            host = name.encode("idna")
    host = _escape(host.replace(b"..", b".").strip(b".")).lower()
    if not host:
        raise FormatError("a URL without a host")
    found = _WWW.match(host)
    return host[found.end() :] if found else _ip_address(host)


def _ip_address(host: bytes) -> bytes:
    """An IPv4 address in its usual form, where *host* is decimal and octal numbers; else *host*."""
    if not _DIGITS_AND_DOTS.fullmatch(host):
        return host
    parts = host.split(b".")
    if len(parts) == 1:
        value = int(parts[0]) % (1 << 32)
    else:
        if len(parts) > 4 or (host.startswith(b"0") and not _OCTAL.fullmatch(host)):
            return host
        try:
            numbers = [int(part, 8 if part.startswith(b"0") else 10) for part in parts]
        except ValueError:
            return host
        if any(number > 255 for number in numbers[:-1]):
            return host
        if numbers[-1] >= 256 ** (5 - len(numbers)):
            return host
        value = numbers[-1] + sum(number << (8 * (3 - at)) for at, number in enumerate(numbers[:-1]))
    return b".".join(b"%d" % byte for byte in value.to_bytes(4, "big"))


def _path(raw: bytes) -> bytes:
    segments: list[bytes] = []
    for segment in _unescape(raw).split(b"/")[1:]:
        if segment == b"..":
            if segments:
                segments.pop()
            else:
                segments.append(segment)
        elif segment != b".":
            segments.append(segment)
    path = re.sub(rb"//+", b"/", b"/" + _escape(b"/".join(segments)).lower())
    for pattern in _PATH_SESSIONS:
        path = _without_path_session(path, pattern)
    return path.removesuffix(b"/") or b"/"


def _query(raw: bytes) -> bytes:
    query = _escape(_unescape(raw)).lower()
    for pattern in _QUERY_SESSIONS:
        found = pattern.fullmatch(query)
        if found:
            query = b"%s%s" % (found[1], found[2] or b"")
    query = _without_cfid(query)
    pairs: list[list[bytes]] = sorted(part.split(b"=", 1) for part in query.split(b"&"))
    return b"&".join(b"=".join(pair) for pair in pairs)


def _without_path_session(path: bytes, session: re.Pattern[bytes]) -> bytes:
    """*path* without the last folder that *session* finds before an .aspx file with no ``?`` between.

    In one pass: a pattern for the whole would look for the file once for each of many folders.
    """
    last: re.Match[bytes] | None = None
    waiting: list[re.Match[bytes]] = []
    for found in session.finditer(path):
        if found[1] is not None:
            waiting.append(found)
        elif found[0] == b"?":
            waiting.clear()
        else:
            # A file has a name before its dot: what ends right here waits for the next one.
            last = next((one for one in reversed(waiting) if one.end(1) < found.start()), last)
            waiting = [one for one in waiting[-1:] if one.end(1) == found.start()]
    return path[: last.start(1)] + path[last.end(1) :] if last else path


def _without_cfid(query: bytes) -> bytes:
    """*query* without the last pair of ``cfid=…&cftoken=…``."""
    end = len(query)
    while (start := query.rfind(b"&" + _CFTOKEN, 0, end)) > 0:
        # Both must have a value; the first may end the value of another name.
        before = query.rfind(b"&", 0, start) + 1
        after = query.find(b"&", start + 1)
        after = len(query) if after < 0 else after
        cfid = query.rfind(_CFID, before, start - 1)
        if cfid >= 0 and after > start + 1 + len(_CFTOKEN):
            return query[:cfid] + query[after + 1 :]
        end = start + 1
    return query


def _unescape(data: bytes) -> bytes:
    """*data* with its escapes undone, and those that come out of that, until none is left."""
    if b"%" not in data:
        return data
    for _ in range(3):
        plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), data)
        if plain == data:
            return data
        data = plain
    # Whatever is escaped deeper is hostile: one pass, since a pass for each level would be quadratic.
    out = bytearray()
    for byte in data:
        out.append(byte)
        while _ESCAPED.fullmatch(out, max(len(out) - 3, 0)):
            out[-3:] = [int(out[-2:], 16)]
    return bytes(out)


def _escape(data: bytes) -> bytes:
    return _UNSAFE.sub(lambda found: b"%%%02x" % ord(found[0]), data)
