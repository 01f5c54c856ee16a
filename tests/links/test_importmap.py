from __future__ import annotations

import html
import json
import random
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.links.importmap import MAX_CHARACTERS, MAX_SIZE, ImportMap
from archiver.url import MAX_LENGTH, Url
from tests.oracles.process import running, said
from tests.programs import need

PAGE = Url.parse("https://h.example/d/page.html")


def import_map(imports: object = None, scopes: object = None, base: Url = PAGE) -> ImportMap:
    parts = {"imports": imports, "scopes": scopes}
    return ImportMap.parse(json.dumps({k: v for k, v in parts.items() if v is not None}), base)


@pytest.mark.parametrize(
    ("imports", "specifier", "expected"),
    [
        ({}, "./x.js", "https://h.example/d/x.js"),
        ({}, "../x.js", "https://h.example/x.js"),
        ({}, "/x.js?q#f", "https://h.example/x.js?q"),
        ({}, "//o.example/x.js", "https://o.example/x.js"),
        ({}, "http://o.example", "http://o.example/"),
        ({}, "x", None),
        ({}, "", None),
        ({}, ".x", None),
        ({}, "node:fs", None),
        ({}, "data:text/javascript,1", None),
        ({}, "https://[bad", None),
        ({"x": "/v/x.js#f"}, "x", "https://h.example/v/x.js"),
        ({"x": "./x.js"}, "x", "https://h.example/d/x.js"),
        ({"x": "https://cdn.example/x.js"}, "x", "https://cdn.example/x.js"),
        ({"x": "x.js"}, "x", None),
        ({"x": "https://[bad"}, "x", None),
        ({"x": None}, "x", None),
        ({"x": 1}, "x", None),
        ({"x": "data:text/javascript,1"}, "x", None),
        ({"x": "/a.js"}, "x/y", None),
        ({"x": "/a.js"}, "X", None),
        ({"": "/a.js"}, "", None),
        ({"x/": "/v/"}, "x/y/z.js", "https://h.example/v/y/z.js"),
        ({"x/": "/v/"}, "x/", "https://h.example/v/"),
        ({"x/": "/v/"}, "x", None),
        ({"x/": "/v"}, "x/y", None),
        ({"x/": "/v/"}, "x/../y", None),
        ({"x/": "/v/"}, "x/y/../../v/z", "https://h.example/v/z"),
        ({"x/": "/v/"}, "x//evil.example/", None),
        ({"x/": "/v/"}, "x/https://evil.example/", None),
        ({"x/": "/v/?q=/"}, "x/y", None),
        ({"x/": "/v/", "x/y": "/y.js"}, "x/y", "https://h.example/y.js"),
        ({"x/y/": "/y/", "x/": "/v/", "x/y/z/": "/z/"}, "x/y/a", "https://h.example/y/a"),
        ({"x/": "/v/", "x/y/": None}, "x/y/a", None),
        ({"/a.js": "/b.js"}, "../a.js", "https://h.example/b.js"),
        ({"./a.js": "/b.js"}, "https://h.example/d/a.js", "https://h.example/b.js"),
        ({"/a/": "/b/"}, "/a/x.js", "https://h.example/b/x.js"),
        ({"/a.js": None}, "/a.js", None),
        ({"/a.js": "/1.js", "../a.js": "/2.js"}, "/a.js", "https://h.example/2.js"),
        ({"x:y/": "/v/"}, "x:y/z", None),
        ({"x:y": "/v.js"}, "x:y", "https://h.example/v.js"),
        ({"node:": "/v/"}, "node:fs", None),
        ({"file:///q/": "/v/"}, "file:///q/r", "https://h.example/v/r"),
        ({"%61": "/1.js", "a": "/2.js"}, "a", "https://h.example/2.js"),
    ],
)
def test_a_specifier_leads_where_the_map_says(
    imports: dict[str, object], specifier: str, expected: str | None
) -> None:
    assert import_map(imports).resolve(specifier, PAGE) == expected


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("https://h.example/d/a/b/m.js", "/b.js"),
        ("https://h.example/d/a/m.js", "/a.js"),
        ("https://h.example/d/a/one.js", "/one.js"),
        ("https://h.example/d/a/one.js.map", "/a.js"),
        ("https://h.example/d/a", "/top.js"),
        ("https://h.example/d/prefixed.js", "/top.js"),
        ("https://h.example/d/a/blocked/m.js", None),
        ("https://h.example/d/a/other/m.js", "/a.js"),
        ("https://o.example/m.js", "/o.js"),
    ],
)
def test_the_longest_scope_that_knows_a_name_counts(module: str, expected: str | None) -> None:
    scopes = {
        "./a/": {"x": "/a.js"},
        "a/b/": {"x": "/b.js"},
        "/d/a/one.js": {"x": "/one.js"},
        "./prefixed": {"x": "/no.js"},
        "a/blocked/": {"x": None},
        "a/other/": {"y": "/no.js"},
        "https://o.example": {"x": "/o.js"},
        "https://[bad": {"x": "/no.js"},
    }
    found = import_map({"x": "/top.js"}, scopes).resolve("x", Url.parse(module))
    assert found == (expected and f"https://h.example{expected}")


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "1", '"x"', "\ufeff{}", '{"imports": {"x": "/a.js"}},', "NaN", "\0"),
        *('{"imports": {"x": "/a.js"}, "scopes": []}', '{"imports": {"x": "/a.js"}, "integrity": 1}'),
        *('{"imports": {"x": "/a.js"}, "scopes": {"a": null}}', '{"imports": [["x", "/a.js"]]}'),
        *('{"imports": {"x": "/a.js", "y": NaN}}', '{"imports": {"x": "/a.js"}, "y": Infinity}'),
        '{"imports":' * 50_000,
        "[" * 500_000,
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_import_map_says_nothing(text: str) -> None:
    assert ImportMap.parse(text, PAGE) == ImportMap()


def test_what_the_standard_lets_pass_passes() -> None:
    text = (
        '{"imports": {"x": "/1.js", "x": "/2.js", "y": %s, "\\ud800": 1e999}, "z": 1, "integrity": {"a": 1}}'
    )
    assert ImportMap.parse(text % ("9" * 5000), PAGE).resolve("x", PAGE) == "https://h.example/2.js"


def test_the_earlier_of_two_maps_wins_name_by_name() -> None:
    first = import_map({"x": "/1.js", "n": None}, {"/a/": {"x": "/1a.js"}})
    second = import_map(
        {"x": "/2.js", "n": "/2.js", "y": "/2.js"},
        {"/a/": {"x": "/2a.js", "y": "/2a.js"}, "/b/": {"x": "/2b.js"}},
    )
    both = first.merged(second)
    inside, beside = Url.parse("https://h.example/a/m.js"), Url.parse("https://h.example/b/m.js")
    assert [both.resolve(name, PAGE) for name in "xny"] == [
        "https://h.example/1.js",
        None,
        "https://h.example/2.js",
    ]
    assert [both.resolve(name, inside) for name in "xy"] == [
        "https://h.example/1a.js",
        "https://h.example/2a.js",
    ]
    assert both.resolve("x", beside) == "https://h.example/2b.js"
    assert ImportMap().merged(first) == first == first.merged(ImportMap())


def test_what_is_too_large_is_left_out_and_said_to_be() -> None:
    long = import_map({"x": "/" + "a" * MAX_CHARACTERS})
    assert long.cut and not long.imports
    many = import_map({f"x{number}": "/" for number in range(40_000)})
    assert many.cut and 5_000 < len(many.imports) < 20_000 and many.size <= MAX_SIZE
    scopes = import_map({}, {f"/{number}/": {} for number in range(40_000)})
    assert scopes.cut and 5_000 < len(scopes.scopes) < 20_000
    whole = import_map({f"y{number}": "/" for number in range(6_000)})
    merged = whole.merged(whole)
    assert not whole.cut and merged.cut and merged.imports == whole.imports


def test_a_long_base_makes_no_huge_map() -> None:
    base = Url.parse("https://h.example/" + "a" * (MAX_LENGTH - 100) + "/b")
    began = time.process_time()
    found = import_map(
        {f"./{number}": f"./{number}" for number in range(10_000)},
        {f"./{n}/": {} for n in range(9_000)},
        base,
    )
    assert found.cut and found.size <= MAX_SIZE
    assert time.process_time() - began < 5


def test_a_large_map_is_asked_quickly() -> None:
    found = import_map({f"x{number}/": "/" for number in range(9_000)}).merged(
        import_map({}, {f"/{number}/": {"x": "/"} for number in range(2_000)})
    )
    began = time.process_time()
    for _ in range(100):
        found.resolve("x/y" * 1000, PAGE)
    assert time.process_time() - began < 2


NAMES = [
    "",
    *"a a/ a/b a/b/ ./x ./x/ ../x/ /y /y/ x:y x:y/ node:fs . .. ./ ../ a// b?c @s/p @s/p/ %2f".split(),
    *"./%2e%2e/q/ //o.example/ http:z a/../ é A/ blob:https://h.example/1 data:text/javascript,1 file:///q/".split(),
    *"https://h.example/ https://h.example/d/ https://h.example/d/m.js https://h.example/d/#f ws://h/".split(),
]
ADDRESSES: list[object] = [
    *(*NAMES, None, 5, {}),
    *"./v.js ./v/ https://cdn.example/v/ v.js https://[bad ./w/?q=/ ./w/#/ ../../../up/ https://h:443/p/../q/".split(),
]
SPECIFIERS = [
    *NAMES,
    *"a/c a/b/c.js a/../c a//c a/b/../../../z ./x/1 ../x/2 /y/3 @s/p/i.js x:y/z a/\\z a/?q a/#f".split(),
    *"a/%2e%2e/k ./../x/1 https://h.example/d/e https://h.example/q a/https://evil/ node:fs/promises file:///q/r".split(),
]
BASES = [
    *"https://h.example/ https://h.example/d/ https://h.example/d/m.js https://o.example/".split(),
    "https://h.example/d/e/f?x=/y",
]
FLAGS = [
    *"--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --no-proxy-server".split(),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=10000", "--dump-dom"),
]


def random_map(chance: random.Random) -> str:
    def names() -> dict[str, object]:
        return {chance.choice(NAMES): chance.choice(ADDRESSES) for _ in range(chance.randint(0, 6))}

    parts: dict[str, Any] = {"imports": names()}
    if chance.random() < 0.7:
        parts["scopes"] = {chance.choice(NAMES + BASES): names() for _ in range(chance.randint(0, 4))}
    if chance.random() < 0.1:
        parts[chance.choice(["imports", "scopes", "integrity"])] = chance.choice([[], None, {"a": None}, "x"])
    return json.dumps(parts)


@dataclass(frozen=True)
class Document:
    """One with import maps, from which modules are asked for."""

    base: str
    maps: list[str]
    specifiers: list[str]

    def html(self, number: int) -> str:
        """The same, telling the page around it its *number* and where the specifiers lead."""
        return "".join(
            (
                f'<base href="{html.escape(self.base)}">',
                *(f"<script type=importmap>{text}</script>" for text in self.maps),
                "<script type=module>",
                "const to = (name) => { try { return import.meta.resolve(name) } catch { return null } };",
                f"parent.postMessage([{number}, {json.dumps(self.specifiers)}.map(to)], '*')",
                "</script>",
            )
        )


def in_chromium(documents: list[Document], folder: Path) -> list[list[str | None]]:
    """Where the specifiers of each of *documents* lead."""
    frames = [html.escape(document.html(number)) for number, document in enumerate(documents)]
    page = folder / "page.html"
    page.write_text(
        "<!doctype html><meta charset=utf-8><title></title><script>const got = [];"
        "onmessage = ({data}) => { got.push(data); document.title = JSON.stringify(got) }</script>"
        + "".join(f'<iframe srcdoc="{frame}"></iframe>' for frame in frames)
    )
    own = [f"--user-data-dir={folder / 'profile'}", page.as_uri()]
    with running([need("chromium"), *FLAGS, *own], folder=folder) as browser:
        browser.wait(timeout=50)
    told = re.search(r"<title>(.*?)</title>", (folder / "log").read_text(), re.DOTALL)
    assert told and told[1], said(folder)
    return [answers for _, answers in sorted(json.loads(html.unescape(told[1])))]


def test_a_hundred_random_documents_lead_where_chromium_is_led() -> None:
    chance = random.Random(9)
    documents = [
        Document(
            base=chance.choice(BASES),
            maps=[random_map(chance) for _ in range(chance.choice([1, 1, 2, 3]))],
            specifiers=chance.sample(SPECIFIERS, 20),
        )
        for _ in range(100)
    ]
    with tempfile.TemporaryDirectory() as folder:  # its socket's path has little room
        answers = in_chromium(documents, Path(folder))
    for document, theirs in zip(documents, answers, strict=True):
        base, found = Url.parse(document.base), ImportMap()
        for text in document.maps:
            found = found.merged(ImportMap.parse(text, base))
        for specifier, answer in zip(document.specifiers, theirs, strict=True):
            url = Url.parse(answer) if answer else None
            expected = url.without_fragment_text if url and url.is_http else None
            assert found.resolve(specifier, base) == expected, (document, specifier)


@given(
    st.text() | st.integers().map(random.Random).map(random_map),
    st.sampled_from(SPECIFIERS) | st.text(),
    st.sampled_from(BASES),
)
def test_any_text_is_read_and_any_name_leads_to_a_server_or_nowhere(text: str, name: str, base: str) -> None:
    found = ImportMap.parse(text, Url.parse(base))
    for one in (found, found.merged(found)):
        url = one.resolve(name, Url.parse(base))
        assert url is None or Url.parse(url).is_http
