"""Mutated pages, style sheets, heads, chunked bodies, modules, WARCs and bundles: `make fuzz SECONDS=300`.

No input may crash, take a second, or pass when it must not. One that does is written to the folder for
temporary files, and its path is printed.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from archiver.errors import ArchiverError, FormatError
from archiver.links import Kind, Links, css_links, document_title, links
from archiver.links.css import TooManyImagesError, css_urls
from archiver.links.importmap import ImportMap
from archiver.links.javascript import module_imports
from archiver.links.outline import outline
from archiver.links.srcset import candidates, shown
from archiver.url import Url
from archiver.verify import Verdict, verify
from archiver.warc.capture import Capture
from archiver.warc.http1 import (
    MAX_LINES,
    ChunkedDecoder,
    Framing,
    find_head_end,
    framing,
    parse_fields,
    parse_head,
)
from archiver.warc.window import Window
from tests import mutation, small
from tests.links.test_importmap import SPECIFIERS, random_map
from tests.links.test_javascript import HARD, PHASES, Programs
from tests.memory import memory_file
from tests.mutation import mutated
from tests.rogue import forge, members_of, records_of, redigested, warc_of

SLOW = 1.0
"""Seconds of CPU time that no input may take."""
LEAST = 100_000
"""Pages, style sheets, heads and chunked bodies that `make fuzz` tries at least."""

WARC = "archive/data.warc.gz"
URL = "https://news.example/a/b?c"

PAGES = [
    b"""<!doctype html><html><head><meta charset=utf-8><base href="/b/"><title>T</title>
<link rel="stylesheet" href=a.css><link rel=icon href=i.ico><meta property="og:image" content="o.png">
<style>@import "x.css"; p{background:url( "a\\62.png" )}</style></head>
<body style="background:url(b.png)"><img src=1.png srcset="2.png 2x, 3.png 100w">
<picture><source srcset=4.webp></picture><script src=s.js>"<img src=no.png>"</script>
<video poster=p.png><source src=v.mp4></video><script type=module>import "./m.js"</script>
<iframe srcdoc="<img src=f.png>"></iframe><svg><image xlink:href="s.svg"/></svg>
<noscript><img src=n.png></noscript><template><img src=t.png></template></body></html>""",
    b"""<?xml version="1.0"?><?xml-stylesheet href="a.css"?><html xmlns="http://www.w3.org/1999/xhtml">
<head><title>T</title></head><body><img src="1.png"/><svg xmlns="http://www.w3.org/2000/svg"
xmlns:xlink="http://www.w3.org/1999/xlink"><use xlink:href="u.svg#a"/></svg></body></html>""",
]
SHEETS = [
    b"""@charset "utf-8";@import url(a.css) print;@namespace url(n);a{b:url( 'c.png' ) 1px;d:\\75rl(e.png)}
@font-face{src:local(x),url(f.woff2) format("woff2")}@media print{g{h:image-set("i.png" 1x,url(j.png) 2x)}}
""",
]
MODULES = [program.encode() for program in Programs(1, HARD, PHASES).some(100)]
MAPS = [random_map(random.Random(number)).encode() for number in range(100)]
SRCSETS = [b"a.png 1x, b.png 2x", b"a.png 100w,b.png 1000w , data:image/png;base64,AA== 2000w", b"a, b ,c"]
HEADS = [
    small.ANSWER.partition(b"\r\n\r\n")[0] + b"\r\n\r\n",
    small.CHUNKED.partition(b"\r\n\r\n")[0] + b"\r\n\r\n",
]
BODIES = [
    small.CHUNKED.partition(b"\r\n\r\n")[2],
    b"1\r\nx\r\nfF\r\n" + b"y" * 255 + b"\r\n0\r\n\r\n",
    b"3\nabc\n0\n\n",
]
BLANK = (" ", "\t", "\r", "\n")
RECORD = [*mutation.HEAD, *mutation.CHUNKS, *mutation.MAP]

TYPES = [
    *(None, "", "x", "text/html", "text/html; charset=utf-16le", "text/html;charset=iso-2022-jp"),
    *("text/css", "text/css; charset=gbk", "application/xhtml+xml", "image/svg+xml", "text/xml"),
    *("text/javascript", "application/json", "application/manifest+json", "application/octet-stream"),
]
KINDS = [None, *Kind]
IMPORTS = ImportMap.parse(
    '{"imports": {"a": "/a.js", "b/": "/b/"}, "scopes": {"/": {"c": "/d.js"}}}', Url.parse(URL)
)


@dataclass(frozen=True)
class Target:
    """One thing to try: where its inputs come from and what must hold for each of them."""

    make: Callable[[random.Random], bytes]
    check: Callable[[bytes], None]
    times: int
    """How often it is tried in one round: what costs little, often."""

    @property
    def name(self) -> str:
        return self.check.__name__


def of(seeds: Sequence[bytes], pieces: Sequence[bytes] = ()) -> Callable[[random.Random], bytes]:
    return lambda dice: mutated(dice, seeds, pieces)


def changed_bundle(dice: random.Random) -> bytes:
    while (data := mutated(dice, [small.bundle()], mutation.MAP)) == small.bundle():
        pass
    return data


def changed_record(dice: random.Random) -> bytes:
    """A bundle with a mutant record, hashed and signed anew."""
    members = members_of(small.bundle())
    records = records_of(members[WARC])
    which = dice.randrange(len(records))
    while (record := redigested(mutated(dice, [records[which]], RECORD))) == records[which]:
        pass
    members[WARC] = warc_of([*records[:which], record, *records[which + 1 :]])
    return forge(members)


def changed_warc(dice: random.Random) -> bytes:
    records = records_of(members_of(small.bundle())[WARC])
    if dice.random() < 0.5:
        return mutated(dice, [warc_of(records)], RECORD)
    return warc_of([mutated(dice, [record], RECORD) for record in records])


def never_passes(data: bytes) -> None:
    with memory_file(data) as file:
        result = verify(file, small.policy(), now=small.NOON)
    assert result.verdict is not Verdict.PASSED, "passed"


def bundle(data: bytes) -> None:
    """Not the bundle that was sealed."""
    never_passes(data)


def rogue(data: bytes) -> None:
    """What contradicts its index or its manifest, whoever signed it."""
    never_passes(data)


def warc(data: bytes) -> None:
    """Scanned to its end, or refused."""
    with memory_file(data) as file:
        try:
            for exchange in Capture({"data.warc.gz": Window(file)}).exchanges():
                for _ in exchange.decoded(max_bytes=1 << 20):
                    pass
        except ArchiverError:
            pass


def page(data: bytes) -> None:
    """Read as whatever it may be asked for and served as; its own way to be, and some others."""
    dice = random.Random(data)
    linked(links(data, url=URL, content_type="text/html", kind=None))
    for kind, content_type in zip(dice.sample(KINDS, 4), dice.sample(TYPES, 4), strict=True):
        linked(links(data, url=URL, content_type=content_type, kind=kind))
    document_title(data, dice.choice(TYPES))
    outline(data, dice.choice(TYPES))


def sheet(data: bytes) -> None:
    dice = random.Random(data)
    encoding = dice.choice([None, "utf-8", "cp932", "utf-16-le", "cp1252"])
    linked(css_links(data, url=URL, content_type=dice.choice(TYPES), encoding=encoding))
    with suppress(TooManyImagesError):  # which it says once it has told all else
        for _ in css_urls(data.decode("latin-1"), sheet=False):
            pass


def module(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    assert all(len(name) <= len(text) for name in module_imports(text))
    linked(links(data, url=URL, content_type="text/javascript", kind=Kind.MODULE, imports=IMPORTS))


def import_map(data: bytes) -> None:
    base = Url.parse(URL)
    found = ImportMap.parse(data.decode("utf-8", "replace"), base)
    for one in (found, IMPORTS.merged(found), found.merged(IMPORTS)):
        for name in (*SPECIFIERS, *list(found.imports)[:9]):
            url = one.resolve(name, base)
            assert url is None or is_serialised(url), (name, url)


def srcset(data: bytes) -> None:
    found = candidates(data.decode("utf-8", "replace"))
    assert all(one.url and " " not in one.url for one in found)
    for beside_src in (False, True):
        best = shown(found, beside_src=beside_src)
        assert best in found or (best is None and (beside_src or not found))


def head(data: bytes) -> None:
    """Refused or read, and by the fast way as by the slow one."""
    end = find_head_end(data)
    try:
        found = parse_head(data[:end] if end >= 0 else data)
    except FormatError:
        return
    assert all(name and not name.startswith(BLANK) and not name.endswith(BLANK) for name, _ in found.fields)
    lines = (data[:end] if end >= 0 else data).split(b"\n")[1 : MAX_LINES + 1]
    assert found.fields == parse_fields([line for raw in lines if (line := raw.removesuffix(b"\r"))])
    how, length = framing("GET", found)
    assert length >= 0 and (how is Framing.LENGTH or not length)
    assert framing("HEAD", found) == (Framing.NONE, 0)


def chunked(data: bytes) -> None:
    """The same however it comes in, to the byte where it ends."""
    assert dechunked([data]) == dechunked(cut(data, random.Random(data)))


def well_chunked(body: bytes) -> None:
    """A body in good chunks comes out as it went in."""
    dice = random.Random(body)
    trailer = b"".join(b"X-%d: y\r\n" % number for number in range(dice.choice((0, 0, 2))))
    framed = b"".join(chunk(piece, dice) for piece in (*cut(body, dice), b"")) + trailer + b"\r\n"
    after = dice.choice((b"", b"x", b"0\r\n\r\n"))
    for pieces in ([framed + after], [*cut(framed, dice), after]):
        assert (dechunked(pieces) or [])[:3] == (body, True, len(after))


def chunk(data: bytes, dice: random.Random) -> bytes:
    """*data* as one chunk; the last one, without its blank line, where it is empty."""
    zeros = b"0" * dice.choice((0, 0, 0, 3))
    size = dice.choice((b"%x", b"%X")) % len(data)
    extension = dice.choice((b"", b"", b"", b" ", b";a", b' ; a="b"'))
    end = dice.choice((b"\r\n", b"\r\n", b"\n"))
    return zeros + size + extension + end + (data + end if data else b"")


def dechunked(pieces: Iterable[bytes]) -> tuple[object, ...] | None:
    """What a decoder makes of *pieces*: the body, whether it ended, how much is beyond, and the rest.

    None where it refuses them.
    """
    decoder = ChunkedDecoder()
    body = bytearray()
    beyond = 0
    try:
        for piece in pieces:
            if decoder.done:
                beyond += len(piece)
            else:
                body += b"".join(decoder.feed(piece))
                beyond = decoder.excess
    except FormatError:
        return None
    return bytes(body), decoder.done, beyond, decoder.chunks, decoder.trailer_at, decoder.oddity


def cut(data: bytes, dice: random.Random) -> Iterator[bytes]:
    """*data* in pieces, none of them empty."""
    longest = max(dice.choice((1, 3, 17, 300, 5000)), len(data) // 5000)
    at = 0
    while at < len(data):
        end = at + dice.randint(1, longest)
        yield data[at:end]
        at = end


def linked(found: Links) -> None:
    for link in found:
        assert is_serialised(link.url), link


def is_serialised(url: str) -> bool:
    """Whether *url* is one that a server can be asked for, as it is written when it is parsed."""
    parsed = Url.parse(url)
    return parsed.is_http and parsed.fragment is None and parsed.href == url


TARGETS = {
    target.name: target
    for target in (
        Target(of(PAGES, mutation.PAGE), page, 12),
        Target(of(SHEETS, mutation.SHEET), sheet, 30),
        Target(of(HEADS, mutation.HEAD), head, 60),
        Target(of(BODIES, mutation.CHUNKS), chunked, 30),
        Target(of(BODIES + PAGES), well_chunked, 10),
        Target(of(MODULES, mutation.MODULE), module, 20),
        Target(of(MAPS, mutation.MAP), import_map, 10),
        Target(of(SRCSETS, mutation.SRCSET), srcset, 10),
        Target(changed_warc, warc, 4),
        Target(changed_bundle, bundle, 4),
        Target(changed_record, rogue, 1),
    )
}
COUNTED = ("page", "sheet", "head", "chunked")
"""Those of which LEAST are asked for."""


def run(seconds: float, seed: int, names: Sequence[str] = tuple(TARGETS), *, least: int = 0) -> Counter[str]:
    """Try the targets called *names* for *seconds*, and until *least* inputs of COUNTED were tried.

    How many inputs each had comes back. What a target raises is raised, with its input in a file.
    """
    end = time.monotonic() + seconds
    counts: Counter[str] = Counter()
    while time.monotonic() < end or sum(counts[name] for name in COUNTED) < least:
        for name in names:
            target = TARGETS[name]
            for _ in range(target.times):
                state = f"{name} {seed} {counts[name]}"
                data = target.make(random.Random(state))
                try:
                    with limited(SLOW):
                        target.check(data)
                except BaseException:
                    path = Path(tempfile.mkdtemp()) / name
                    path.write_bytes(data)
                    print(f"failed: {state}: {path}", file=sys.stderr)
                    raise
                counts[name] += 1
    return counts


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """AssertionError within, once this process has worked for *seconds*."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"took more than {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


if __name__ == "__main__":
    asked = float(sys.argv[1]) if len(sys.argv) > 1 else 300.0
    number = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    began = time.monotonic()
    tried = run(asked, number, least=LEAST)
    for name, count in tried.items():
        print(f"{count:>9,} {name}")
    print(f"{tried.total():,} inputs in {time.monotonic() - began:.0f} s, seed {number}: nothing failed")
