"""URLs as browsers understand them: parsed, joined and serialised by the WHATWG URL standard."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace

from archiver.errors import FormatError
from archiver.url.host import parse_host

MAX_LENGTH = 64 << 10
"""Longer texts are no URLs: no server takes them."""

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_SPECIAL = frozenset(_DEFAULT_PORTS) | {"file"}

_STRIPPED = "".join(map(chr, range(0x21)))
_REMOVED = re.compile(r"[\t\n\r]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SLASHES = re.compile(r"[/\\]*")
_DRIVE = re.compile(r"[A-Za-z][:|](?=[/\\]|$)")
_DRIVE_KEPT = re.compile(r"[A-Za-z]:")
_DOT = frozenset({".", "%2e"})
_DOT_DOT = frozenset({"..", ".%2e", "%2e.", "%2e%2e"})

# The percent-encode sets of section 1.3, as bytes of the UTF-8 form.
_C0 = rb"\x00-\x1f\x7f-\xff"
_IN_OPAQUE = re.compile(rb"[" + _C0 + rb"]")
_IN_FRAGMENT = re.compile(rb'[ "<>`' + _C0 + rb"]")
_IN_QUERY = re.compile(rb'[ "#<>' + _C0 + rb"]")
_IN_SPECIAL_QUERY = re.compile(rb'[ "#<>\'' + _C0 + rb"]")
_IN_PATH = re.compile(rb'[ "#<>?^`{}' + _C0 + rb"]")
_IN_USERINFO = re.compile(rb'[ "#<>?^`{}/:;=@\[\\\]|' + _C0 + rb"]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """One parsed URL; every part stands as it is serialised."""

    scheme: str
    username: str = ""
    password: str = ""
    host: str | None = None
    """A domain in ASCII, an IPv4 address, a bracketed IPv6 address, an opaque host; else None."""
    port: int | None = None
    """None for the scheme's default port too."""
    path: str = ""
    """From its first slash on; an opaque path (``mailto:``, ``data:``) begins with none."""
    query: str | None = None
    fragment: str | None = None

    @classmethod
    def parse(cls, text: str, base: Url | None = None, *, encoding: str = "utf-8") -> Url:
        """The URL that *text* means, seen from *base*; *encoding* is the document's, for its query.

        Raises FormatError where the standard fails, and for texts and URLs over MAX_LENGTH.
        """
        if len(text) > MAX_LENGTH:
            raise FormatError(f"a URL of {len(text)} characters; the limit is {MAX_LENGTH}")
        rest = _SURROGATE.sub("\ufffd", _REMOVED.sub("", text.strip(_STRIPPED)))
        # The first "#" and the first "?" before it mean the same in every state of the standard's machine.
        rest, hash_sign, raw_fragment = rest.partition("#")
        rest, question_mark, raw_query = rest.partition("?")
        fragment = _encode(raw_fragment, _IN_FRAGMENT) if hash_sign else None
        scheme_found = _SCHEME.match(rest)
        scheme = scheme_found[1].lower() if scheme_found else base.scheme if base else ""
        query = _encode_query(raw_query, scheme, encoding) if question_mark else None
        if scheme_found:
            rest = rest[scheme_found.end() :]
            url = _absolute(scheme, rest, query, base, trailing=bool(question_mark or hash_sign))
        elif base is None:
            raise FormatError(f"not an absolute URL: {text!r:.80}")
        elif base.is_opaque:
            if rest or question_mark or not hash_sign:
                raise FormatError(f"nothing can be relative to {base.href!r:.80}")
            url = base
        elif base.scheme == "file":
            url = _file(rest, query, base)
        else:
            url = _relative(rest, query, base)
        url = replace(url, fragment=fragment)
        # A character becomes twelve at most, and a relative URL brings its base's along.
        longest = 12 * len(text) + (len(base.target) if base else 0)
        if longest > MAX_LENGTH >> 1 and len(url.href) > MAX_LENGTH:
            raise FormatError(f"a URL of {len(url.href)} characters; the limit is {MAX_LENGTH}")
        return url

    def __str__(self) -> str:
        return self.href

    @property
    def href(self) -> str:
        """The whole URL, serialised."""
        return self.without_fragment_text + (f"#{self.fragment}" if self.fragment is not None else "")

    @property
    def without_fragment_text(self) -> str:
        """The URL serialised without its fragment: what is requested and recorded."""
        if self.host is None:
            # Without the dot, a path that begins with two slashes would come back as a host.
            return f"{self.scheme}:{'/.' if self.path.startswith('//') else ''}{self.target}"
        userinfo = ""
        if self.has_userinfo:
            userinfo = self.username + (f":{self.password}" if self.password else "") + "@"
        port = f":{self.port}" if self.port is not None else ""
        return f"{self.scheme}://{userinfo}{self.host}{port}{self.target}"

    @property
    def without_fragment(self) -> Url:
        """The same URL without its fragment."""
        return self if self.fragment is None else replace(self, fragment=None)

    @property
    def target(self) -> str:
        """Path and query: what stands on the request line."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def origin(self) -> str | None:
        """``https://host`` with a port that is not the default one; None where an origin is opaque."""
        if self.scheme not in _DEFAULT_PORTS or self.host is None:
            return None
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port is not None else "")

    @property
    def effective_port(self) -> int | None:
        """The port to connect to."""
        return self.port if self.port is not None else _DEFAULT_PORTS.get(self.scheme)

    @property
    def is_http(self) -> bool:
        """Whether the scheme is http or https."""
        return self.scheme in ("http", "https")

    @property
    def is_opaque(self) -> bool:
        """Whether the path is opaque, as of ``mailto:`` and ``data:``: nothing can be relative to it."""
        return self.host is None and not self.path.startswith("/")

    @property
    def has_userinfo(self) -> bool:
        """Whether a user name or a password is in it."""
        return bool(self.username or self.password)


def _absolute(scheme: str, rest: str, query: str | None, base: Url | None, *, trailing: bool) -> Url:
    """What stands after *scheme* and its colon; *trailing* where a query or a fragment follows."""
    if scheme == "file":
        return _file(rest, query, base if base is not None and base.scheme == "file" else None)
    if scheme in _SPECIAL:
        if base is not None and base.scheme == scheme and not rest.startswith("//"):
            return _relative(rest, query, base)
        return _authority(scheme, rest[_end_of_slashes(rest) :], query)
    if rest.startswith("//"):
        return _authority(scheme, rest[2:], query)
    if rest.startswith("/"):
        return Url(scheme=scheme, path=_path(rest[1:], [], scheme), query=query)
    if trailing and rest.endswith(" "):
        rest = rest[:-1] + "%20"
    return Url(scheme=scheme, path=_encode(rest, _IN_OPAQUE), query=query)


def _relative(rest: str, query: str | None, base: Url) -> Url:
    slashes = "/\\" if base.scheme in _SPECIAL else "/"
    if rest and rest[0] in slashes:
        if len(rest) > 1 and rest[1] in slashes:
            after = rest[_end_of_slashes(rest) :] if base.scheme in _SPECIAL else rest[2:]
            return _authority(base.scheme, after, query)
        path = _path(rest[1:], [], base.scheme)
    elif rest:
        path = _path(rest, _segments(base.path)[:-1], base.scheme)
    else:
        path = base.path
        query = base.query if query is None else query
    return replace(base, path=path, query=query)


def _authority(scheme: str, rest: str, query: str | None) -> Url:
    special = scheme in _SPECIAL
    end = re.search(r"[/\\]" if special else r"/", rest)
    at = end.start() if end else len(rest)
    userinfo, at_sign, host_and_port = rest[:at].rpartition("@")
    username, _, password = userinfo.partition(":")
    host, port = _split_port(host_and_port)
    if not host and (special or at_sign or host_and_port):
        raise FormatError(f"a URL without a host: {scheme}://{rest!r:.80}")
    return Url(
        scheme=scheme,
        username=_encode(username, _IN_USERINFO),
        password=_encode(password, _IN_USERINFO),
        host=parse_host(host, special=special) if host else "",
        port=None if port == _DEFAULT_PORTS.get(scheme) else port,
        path=_path_start(rest[at:], scheme),
        query=query,
    )


def _split_port(text: str) -> tuple[str, int | None]:
    """Host and port; the colons inside brackets are an address's."""
    colon = text.find(":", text.rfind("]") + 1 if "[" in text else 0)
    if colon < 0:
        return text, None
    host, digits = text[:colon], text[colon + 1 :]
    if digits and not (digits.isascii() and digits.isdigit()):
        raise FormatError(f"not a port: {digits!r:.80}")
    significant = digits.lstrip("0")
    if len(significant) > 5 or int(significant or 0) > 0xFFFF:
        raise FormatError(f"not a port: {digits!r:.80}")
    return host, int(significant or 0) if digits else None


def _file(rest: str, query: str | None, base: Url | None) -> Url:
    """The file states; a Windows drive letter is kept where it stands."""
    if not rest or rest[0] not in "/\\":
        if base is None:
            return Url(scheme="file", host="", path=_path(rest, [], "file"), query=query)
        if not rest:
            return replace(base, query=base.query if query is None else query)
        above = [] if _DRIVE.match(rest) else _segments(base.path)
        above = above if _is_drive(above) else above[:-1]
        return replace(base, path=_path(rest, above, "file"), query=query)
    if len(rest) == 1 or rest[1] not in "/\\":
        above = []
        if base is not None and not _DRIVE.match(rest, 1):
            above = [name for name in _segments(base.path)[:1] if _DRIVE_KEPT.fullmatch(name)]
        host = base.host if base is not None else ""
        return Url(scheme="file", host=host, path=_path(rest[1:], above, "file"), query=query)
    rest = rest[2:]
    at = len(re.split(r"[/\\]", rest, maxsplit=1)[0])
    if _DRIVE.fullmatch(rest[:at]):
        return Url(scheme="file", host="", path=_path(rest, [], "file"), query=query)
    host = parse_host(rest[:at], special=True) if at else ""
    return Url(
        scheme="file",
        host="" if host == "localhost" else host,
        path=_path_start(rest[at:], "file"),
        query=query,
    )


def _path_start(rest: str, scheme: str) -> str:
    """The path after an authority: never empty in a special scheme."""
    if not rest and scheme not in _SPECIAL:
        return ""
    return _path(rest[1:], [], scheme)


def _path(text: str, above: list[str], scheme: str) -> str:
    """*text* read segment by segment on from the segments *above*."""
    if scheme in _SPECIAL:
        text = text.replace("\\", "/")
    file = scheme == "file"
    out = list(above)  # emptied and filled in place: a path of 20,000 ".." must not be copied as often
    parts = _encode(text, _IN_PATH).split("/")
    last = len(parts) - 1
    for at, part in enumerate(parts):
        lowered = part.lower() if len(part) <= 6 else part
        if lowered in _DOT_DOT:
            if out and not (file and _is_drive(out)):
                out.pop()
            if at == last:
                out.append("")
        elif lowered in _DOT:
            if at == last:
                out.append("")
        elif file and not out and _DRIVE.fullmatch(part):
            out.append(part[0] + ":")
        else:
            out.append(part)
    return "/" + "/".join(out)


def _is_drive(segments: list[str]) -> bool:
    """Whether a file path is a drive letter alone, which ``..`` does not take away."""
    return len(segments) == 1 and _DRIVE_KEPT.fullmatch(segments[0]) is not None


def _segments(path: str) -> list[str]:
    return path[1:].split("/") if path else []


def _end_of_slashes(text: str) -> int:
    found = _SLASHES.match(text)
    return found.end() if found else 0


def _encode(text: str, unsafe: re.Pattern[bytes]) -> str:
    data = text.encode()
    return unsafe.sub(_percent, data).decode("ascii") if unsafe.search(data) else text


def _percent(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % ord(found[0])


def _encode_query(text: str, scheme: str, encoding: str) -> str:
    """A query in its document's encoding; only http, https, ftp and file follow it (section 4.4)."""
    special = scheme in _SPECIAL
    unsafe = _IN_SPECIAL_QUERY if special else _IN_QUERY
    if text.isascii() or not special or scheme in ("ws", "wss") or encoding.startswith(("utf-8", "utf-16")):
        return _encode(text, unsafe)
    try:
        data = text.encode(encoding, _REFERENCES)
    except LookupError:
        data = text.encode()
    return unsafe.sub(_percent, data).decode("ascii")


def _references(error: UnicodeError) -> tuple[str, int]:
    """What a form sends for a character its encoding lacks: an encoded ``&#…;``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(f"%26%23{ord(char)}%3B" for char in lost), error.end


_REFERENCES = "archiver.references"
codecs.register_error(_REFERENCES, _references)
