"""Mutated bundles, records, pages and headers for as long as one likes: `make fuzz SECONDS=300`.

No input may crash, hang for a second or pass when it must not. What fails is written to the folder for
temporary files, and its path is printed.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from archiver.errors import ArchiverError
from archiver.links import links
from archiver.url import Url
from archiver.verify import Verdict, verify
from archiver.warc.capture import Capture
from archiver.warc.http1 import ChunkedDecoder, find_head_end, framing, parse_head
from archiver.warc.window import Window
from tests import small
from tests.memory import memory_file
from tests.rogue import forge, members_of, records_of, redigested, warc_of

SLOW = 1.0
"""Seconds that no small input may take."""

WARC = "archive/data.warc.gz"


def mutated(data: bytes, dice: random.Random) -> bytes:
    """*data* after one to four small changes: a byte flipped, cut, doubled, moved or replaced."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(changed)) if changed else 0
        length = dice.choice((1, 1, 2, 4, 8, 64))
        match dice.randrange(5):
            case 0 if changed:
                changed[at] ^= 1 << dice.randrange(8)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = changed[at : at + length]
            case 3:
                to = dice.randrange(len(changed) + 1)
                changed[to:to] = changed[at : at + length]
            case _ if changed:
                changed[at] = dice.choice(b'0123456789abcdef"{}[]<>:;,\\/()\r\n \0\xff')
    return bytes(changed)


def bundle(dice: random.Random) -> bytes:
    """Any mutant of the sealed bundle: never PASSED."""
    data = mutated(small.bundle(), dice)
    with memory_file(data) as file:
        result = verify(file, small.policy(), now=small.NOON)
    assert data == small.bundle() or result.verdict is not Verdict.PASSED, "passed"
    return data


def rogue(dice: random.Random) -> bytes:
    """A mutant record in a bundle hashed and signed anew: it contradicts the index, never PASSED."""
    members = members_of(small.bundle())
    records = records_of(members[WARC])
    which = dice.randrange(len(records))
    record = mutated(records[which], dice)
    changed = [*records[:which], redigested(record), *records[which + 1 :]]
    members[WARC] = warc_of(changed)
    data = forge(members)
    with memory_file(data) as file:
        result = verify(file, small.policy(), now=small.NOON)
    assert changed == records or result.verdict is not Verdict.PASSED, "passed"
    return data


def warc(dice: random.Random) -> bytes:
    """A mutant WARC, whole or record by record: scanned to its end or refused."""
    records = records_of(members_of(small.bundle())[WARC])
    if dice.random() < 0.5:
        data = mutated(warc_of(records), dice)
    else:
        data = warc_of([mutated(record, dice) for record in records])
    with memory_file(data) as file:
        try:
            capture = Capture({"data.warc.gz": Window(file)})
            for exchange in capture.exchanges():
                for _ in exchange.decoded(max_bytes=1 << 20):
                    pass
        except ArchiverError:
            pass
    return data


def head(dice: random.Random) -> bytes:
    """A mutant response: parsed or refused, its body de-chunked or refused."""
    data = mutated(dice.choice((small.ANSWER, small.CHUNKED)), dice)
    end = find_head_end(data)
    try:
        found = parse_head(data[:end] if end >= 0 else data)
        framing("GET", found)
        decoder = ChunkedDecoder()
        for at in range(max(end, 0), len(data), 7):
            decoder.feed(data[at : at + 7])
    except ArchiverError:
        pass
    return data


PAGE = b"""<!doctype html><html><head><meta charset=utf-8><base href="/b/"><title>T</title>
<link rel="stylesheet" href=a.css>
<style>@import "x.css"; p{background:url( "a\\62.png" )}</style></head>
<body style="background:url(b.png)"><img src=1.png srcset="2.png 2x, 3.png 100w">
<picture><source srcset=4.webp></picture><script src=s.js>"<img src=no.png>"</script>
<iframe srcdoc="<img src=f.png>"></iframe><svg><image xlink:href="s.svg"/></svg>
<noscript><img src=n.png></noscript><template><img src=t.png></template></body></html>"""


def page(dice: random.Random) -> bytes:
    """A mutant page or stylesheet: its links are URLs, whatever it is."""
    data = mutated(PAGE, dice)
    for content_type in ("text/html", "text/css", "image/svg+xml", None):
        for link in links(data, url="https://news.example/a", content_type=content_type, kind=None):
            assert Url.parse(link.url).is_http, link.url
    return data


TARGETS: tuple[Callable[[random.Random], bytes], ...] = (bundle, rogue, warc, head, page)


def run(seconds: float, seed: int) -> int:
    """Fuzz for *seconds*; how many inputs there were. Raises what a target raised."""
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        target = TARGETS[count % len(TARGETS)]
        state = f"{target.__name__} {seed} {count}"
        dice = random.Random(state)
        began = time.process_time()
        try:
            data = target(dice)
        except BaseException:
            print(f"failed: {state}", file=sys.stderr)
            raise
        took = time.process_time() - began
        if took > SLOW:
            path = Path(tempfile.mkdtemp()) / "slow-input"
            path.write_bytes(data)
            raise AssertionError(f"{state} took {took:.1f} s: {path}")
        count += 1
    return count


if __name__ == "__main__":
    asked = float(sys.argv[1]) if len(sys.argv) > 1 else 300.0
    number = int(time.time())
    print(f"{run(asked, number)} inputs in {asked:.0f} s, seed {number}: nothing failed")
