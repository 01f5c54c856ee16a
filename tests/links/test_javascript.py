from __future__ import annotations

import itertools
import json
import random
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import LimitError
from archiver.links.javascript import module_imports
from tests.programs import need


def imported(text: str) -> list[str]:
    return list(module_imports(text))


@pytest.mark.parametrize(
    "text",
    [
        'import "x"',
        "import 'x'",
        'import"x"',
        "import a from 'x'",
        'import a from"x"',
        'import {} from "x"',
        'import {a as b, default as c, "d e" as f,} from "x"',
        "import {'}' as a} from \"x\"",
        'import{a}from"x"',
        'import * as n from "x"',
        'import*as n from"x"',
        'import a, {b} from "x"',
        'import a, * as n from "x"',
        'import a,{b}from"x"',
        'import from from "x"',
        'import {from as from} from "x"',
        'import as, {as as as} from "x"',
        'import {x} from "x" with {type: "json"}',
        "import x from 'x' assert {type: 'json'}",
        'import defer * as ns from "x"',
        'import source a from "x"',
        'import source from "x"',
        'import defer, {a} from "x"',
        'import source from from "x"',
        'import type from "x"',
        'import $ from "x"',
        'import हिन्दी, {ℓ as 名} from "x"',
        r'import \u0061b, {\u{63}d} from "x"',
        'export * from "x"',
        'export*from"x"',
        'export * as n from "x"',
        'export * as "n m" from "x"',
        'export * as from from "x"',
        'export * as default from "x"',
        'export {} from "x"',
        'export {a as b, default, default as "c d"} from "x"',
        'export{a}from"x"',
        'import/* "no" */a/**/,//"no"\n{b/*}*/}//from "no"\n/**/from/**/"x"',
        'export\n{\na\n}\nfrom\n"x"',
        'import\u2028a\u2029from\xa0"x"\ufeff',
        '"use strict";import "x"',
        '1.\nimport "x"',
        'a\nimport "x"',
        '#!/usr/bin/env import "no"\nimport "x"',
        '\ufeff#! "\nimport "x"',
        '// a\u2028import "x"',
        'a<!--b;import "x"',
        'a\n-->b;import "x"',
    ],
)
def test_an_import_of_any_form_is_found(text: str) -> None:
    assert imported(text) == ["x"]


def test_imports_come_in_order_and_as_often_as_they_are_written() -> None:
    text = 'import "b";export * from "a";f();import c from "b"\nexport {d} from "e"'
    assert imported(text) == ["b", "a", "b", "e"]


@pytest.mark.parametrize(
    ("literal", "specifier"),
    [
        (r"'\x41\u0042\u{43}\u{000044}'", "ABCD"),
        (r'"a\"b\'c\\"', "a\"b'c\\"),
        ("'a\\\nb\\\r\nc\\\u2028d'", "abcd"),
        (r"'\b\f\n\r\t\v\0\q'", "\b\f\n\r\t\v\0q"),
        (r"'\ud83d\ude00 \u{1f600}'", "😀 😀"),
        (r"'\ud83d'", "\ud83d"),
        ("'a\u2028b'", "a\u2028b"),
        ("'/*'", "/*"),
        ("''", ""),
    ],
)
def test_escapes_in_a_specifier_are_undone(literal: str, specifier: str) -> None:
    assert imported(f"import {literal}; export * from {literal}") == [specifier] * 2


@pytest.mark.parametrize(
    "text",
    [
        'import("no")',
        'import ( "no" )',
        "import.meta",
        'import.source("no"); import.defer("no")',
        'a.import\n"no"',
        'a . /**/ import\n"no"',
        'a?.import\n"no"',
        'a.export\n*from\n"no"',
        'a1.import\n"no"',
        '({import: "no"})',
        '({import() {}, export: {from: "no"}})',
        'class A {import\n"no"(){}}',
        'class A extends B {import\n"no"(){}}',
        'class A {#import\n"no"(){}}',
        'reimport\n"no"',
        'importer\nfrom\n"no"',
        'imports\n"no"',
        '$import\n"no"',
        'éimport\n"no"',
        '\\u0069mport\n"no"',
        'export {a}; "no"',
        'export {a}\n"no"',
        "export {a}\nfrom\n/b/",
        'export {a as from}\n"no"',
        'export default from\n"no"',
        'export default "no"',
        'export const from = "no"',
        'export function from() {"no"}',
        'export * as "no"',
        "import",
        "import {",
        "import a",
        "import a from",
        'import "no',
        'import "no\n"',
        "export * from `no`",
        "`import 'no'\\",
    ],
)
def test_what_is_no_import_is_not_found(text: str) -> None:
    assert imported(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "// NO",
        "// NO\u2028",
        "/* NO */",
        "/* \n NO **/",
        "'NO'",
        r"'\' NO'",
        "'\\\nNO'",
        "`NO`",
        "`\nNO\n`",
        "`${a}NO${b}NO`",
        "`${`${`NO`}NO`}NO`",
        "`${{a: {}}}NO`",
        "`${() => {}}NO`",
        "`$NO$$`",
        r"`\${NO`",
        r"`\`NO`",
        "`${'}'}NO`",
        "`${/}/}NO`",
        "`${a/*}*/}NO`",
        "/NO/",
        "a = /NO/g",
        "a =\ufeff/NO/",
        "a = /[/]NO/",
        r"a = /[\]/]NO/",
        r"a = /\/NO/",
        "f(/NO/)",
        "[/NO/]",
        "!/NO/.a",
        "a ? /NO/ : /NO/",
        "a && /NO/",
        "a + + /NO/",
        "a++ + /NO/",
        "a+++/NO/",
        "() => /NO/",
        "[.../NO/]",
        "typeof /NO/",
        "typeof/**//NO/",
        "f(...typeof /NO/)",
        "if (a) /NO/",
        "if (a)/**//NO/",
        "if/**/(a) /NO/",
        "if (f(a)) /NO/",
        "if (a) ; else /NO/",
        "while (a) /NO/",
        "for (;;) /NO/",
        "for await (a of b) /NO/",
        "for (a of /NO/) ;",
        "do /NO/; while (a)",
        "do ; while (a) /NO/",
        "{} /NO/",
        "{a} /NO/",
        "{{}} /NO/",
        "if (a) {} /NO/",
        "try {} finally {} /NO/",
        "try {} catch {} /NO/",
        "switch (a) {case /NO/: default: /NO/}",
        "switch (a) {case b: {} /NO/}",
        "a: {} /NO/",
        "function f() {} /NO/",
        "async function f() {} /NO/",
        "function* f() {} /NO/",
        "export default function () {} /NO/",
        "function f() {return /NO/}",
        "function f() {a: {} /NO/}",
        "a = () => {}\n/NO/",
        "class A {} /NO/",
        "class A extends B {} /NO/",
        "export default class {} /NO/",
        "class A {static {/NO/}}",
        "class A {a = /NO/}",
        "export {a} \n /NO/",
        "export default /NO/",
        "import 'x'\n/NO/",
        "import a from 'x' with {type: 'json'} /NO/",
    ],
)
def test_what_hides_an_import_is_passed_over(text: str) -> None:
    hidden = text.replace("NO", 'import "no"')
    assert [name for name in imported(f'{hidden}\nimport "y"') if name != "x"] == ["y"]


@pytest.mark.parametrize(
    "before",
    [
        "a", "1", "a1.b", "1.", "a.b", "a[0]", "f()", "(a)", "`a`", "`${a}`", "'a'", "/a/", "a++", "a--",
        "this", "x = {}", "x = {a: {}}", "f({}, {})[0]", "x = function () {}",
        "x = async function* f() {}", "x = a ? b : function () {}", "(class {})", "x = class {}",
        "x = class A extends B {}", "[{}]", "a.return", "a.if(b)", "a . typeof", "a./**/in", "this.#in",
        "of", "async", "from", "a.of", "$", "returned", "$return", "éin", "a?.in", "new a", "import.meta",
        "import('x')", "a/*b*/", "a//b\n",
    ],
)  # fmt: skip
def test_a_slash_after_a_value_divides(before: str) -> None:
    assert imported(f"{before} / 2; import 'y' // /") == ["y"]
    assert imported(f"{before} /'/' ; import 'y' /*'/*/") == ["y"]


@pytest.mark.parametrize(
    "text",
    [
        'a = {; import "x"',
        'f(}) ]); import "x"',
        '(((((\nimport "x"',
        'a = \'open\nimport "x"',
        'a = /open\nimport "x"',
        'a = /[open/ \nimport "x"',
        '} /open \nimport "x"',
        'import {import {import "x"',
        'import a import b import "x"',
        "import a from `no`; import 'x'",
        '@import "x"',
    ],
)
def test_a_broken_module_tells_what_can_be_read(text: str) -> None:
    assert imported(text) == ["x"]


def test_a_check_ends_the_reading() -> None:
    asked = itertools.count()

    def check() -> None:
        if next(asked):
            raise LimitError("enough")

    found = []
    with pytest.raises(LimitError):
        for name in module_imports("import 'a';" * 100_000, check=check):
            found.append(name)  # noqa: PERF402
    assert 0 < len(found) < 20_000


# fmt: off
PIECES = {
    "E": [
        "X", "a", "1.", "/*'*/a", "a//`\n", "import.meta", "import('no')", "a.import", "a\n.export",
        "a?.import", "'import \\'no\\''", '"\\\n//"', "`import 'no'`", "`${E}`", "`$`", "`a${E}\\`${E}b`",
        "`\\${`", "`}`", "E / E", "E / E / E", "(E) / E", "[E] / E", "`${E}` / E", "f(E) / E", "a++ / E",
        "a-- / E", "(E).of / E", "a.if(E) / E", "({}) / E", "({}.return / E)", "(a.b?.return / E)",
        "(a /= E)", "typeof E", "void/**/E", "!E", "- E", "E in (E)", "E + + E", "E ? E : E", "(E, E)",
        "(E)", "new a(E)", "[E, ...E]", "a[E]",
        "({a: E, import: E, 'b': E, [E]: E, m(a) {S}, get of() {S}, ...E})", "f({}, {a: {}})",
        "(function (a) {S})", "(async function* () {S}(E))", "(a => {S})", "(() => E)",
        "f(async (a) => {S}, E)", "(class {m(a) {S} static {S} b = E; import\n'no'() {S}})",
    ],
    "S": [
        "E;", "a = E\n", ";", "if (E) R", "if (E) S else R", "while (E) R", "for (;;E) R",
        "do R while (E)", "for (const a of E) R", "for (const a in E) {S}", "for (const a of X) R",
        "debugger\nR", "a\n{S} R", "{S} R", "{} R", "{}\n{S} R", "a%: {S} R",
        "switch (E) {case E: S case X: {S} R default: S}", "try {S} catch (a) {S} R",
        "try {S} finally {S} R", "{function f() {S} R}", "{class f {} R}",
        "{class f extends a {m() {S}} R}", "{async function f() {S} R}", "throw E;", "throw X\n",
        "// import 'no'\n;", "/* import 'no' */;", "{const a = () => {S}\nR}",
        "{const a = function () {S}}",
    ],
    "I": [
        "import N;", "import/**/N\n", "import a% from N;", "import a%,{b as b%} from N\n",
        "import{}from N;", "import a%, * as b% from N;", "import {a as a%, 'b }' as b%,} from N;",
        "import * as a% from N\n", "import from% from N;", "import source% from N;",
        "import {default as a%/*}*/} from N\n R", "export * from N;", "export * as a% from N\n",
        "export {a as a%} from N;", "export{a as 'c %'}from N\n", "export {} from N\n R", "export {}\n R",
        "import N\n R", "export const from% = 'no';", "export let b% = E;", "export function g%() {S} R",
        "export class A% {m() {S}} R", "export default E;", "import('no');", "import.meta;",
        "for await (const a of E) R",
    ],
    "R": [
        "X;", "X.a;", "X\n;",
    ],
    "N": [
        '"./%"', "'%\\\\'", "'\\x41%'", '"\\ud83d\\u{de00}//%"',
    ],
}
"""Of valid modules: values, statements, imports and what is like them, statements X begins, specifiers."""
PHASES = ["import defer * as a% from N;", "import source a% from N;"]
HARD = [
    "/import 'no'/", '/[/\'"`]/g', "/\\//", "/[\\]/]/u", "/`/", "/{/", "/(?:')/", "/=/", "/\\/*/", "/}/",
    "(function (a) {S} / E)", "[class A extends a.b {m() {S}} / E]", "(async function* f() {S} / /'/)",
    "({a: {} / E, b: function () {S} / E})",
]
"""What es-module-lexer may cut wrongly."""
# fmt: on


class Programs:
    """Modules at random, put together from PIECES; every X is one of *simple*."""

    def __init__(self, seed: int, simple: list[str], imports: list[str] | None = None) -> None:
        self._chance = random.Random(seed)
        self._numbers = itertools.count()
        self._pieces = PIECES | {"X": simple, "I": PIECES["I"] + (imports or [])}
        self._at_last = {"E": ["a", "`'`"], "S": [";"]}

    def some(self, number: int) -> list[str]:
        return [self._made("".join(self._chance.choices("SI", [1, 2], k=6)), 4) for _ in range(number)]

    def _made(self, piece: str, depth: int) -> str:
        made = []
        for char in piece:
            if char == "%":
                made.append(str(next(self._numbers)))
            elif char in self._pieces:
                choice = self._pieces[char] if depth else self._at_last.get(char, self._pieces[char])
                made.append(self._made(self._chance.choice(choice), max(depth - 1, 0)))
            else:
                made.append(char)
        return "".join(made)


READ = """
const { parse } = require(process.argv[1]);
const { SourceTextModule } = require("vm");
const attempt = (read) => { try { return read(); } catch { return null; } };
const engine = (text) => {
  const module = new SourceTextModule(text);
  return module.moduleRequests?.map((one) => one.specifier) ?? module.dependencySpecifiers;
};
const lexer = (text) => parse(text)[0].filter((one) => one.d === -1).map((one) => one.n);
const texts = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(texts.map((text) => [attempt(() => engine(text)), attempt(() => lexer(text))])));
"""


def read_by_others(texts: list[str]) -> list[tuple[list[str] | None, list[str] | None]]:
    """What V8 and es-module-lexer find in each of *texts*; None for what they refuse."""
    done = subprocess.run(
        [need("node"), "--experimental-vm-modules", "--no-warnings", "-e", READ, need("es-module-lexer")],
        input=json.dumps(texts).encode(),
        capture_output=True,
        timeout=50,
        check=True,
    )
    return [(engine, lexer) for engine, lexer in json.loads(done.stdout)]


def test_thousands_of_random_modules_import_what_v8_says() -> None:
    texts = Programs(3, HARD).some(4000)
    taken = 0
    for text, (engine, _) in zip(texts, read_by_others(texts), strict=True):
        if engine is not None:
            taken += 1
            assert imported(text) == engine, text
    assert taken > 3500


def test_thousands_of_random_modules_import_what_es_module_lexer_says() -> None:
    """It knows phases, which V8 has yet to learn."""
    texts = Programs(4, ["a", "'/'"], PHASES * 4).some(4000)
    taken = 0
    for text, (engine, lexer) in zip(texts, read_by_others(texts), strict=True):
        if lexer is not None and engine in (None, lexer):
            taken += 1
            assert imported(text) == lexer, text
    assert taken > 3500


@given(
    st.lists(st.sampled_from([*PIECES["E"], *PIECES["S"], *PIECES["I"], *HARD, *"{}()[]`'\"/\\\n*.#$"])).map(
        "".join
    )
    | st.text()
)
def test_any_text_is_read(text: str) -> None:
    for name in module_imports(text):
        assert len(name) <= len(text)


@pytest.mark.parametrize(
    "piece",
    [
        "(", "{", "}", "`", "${", "`${", "}`", "'", '"\\', "/", "/[", "=/[ ", "=/a\\/", "/*", "/**/", "//",
        "a/\n", "}\n/", "if(a)/", "import{", "import{a,", "import/**/", "import{'", 'import{"\\"', "'\\\n",
        "export{", "export{a}from", "import'a';", "\\u{61}", "{return ", "class a.b{", "import a,{",
    ],
)  # fmt: skip
def test_hostile_tokens_take_linear_time(piece: str) -> None:
    began = time.process_time()
    imported(piece * (200_000 // len(piece)))
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "piece",
    [
        "import ", "import a,", "import*as ", "export*as ", "export default ", ".import ", "port", "of ",
        "if ", "for await ", "function ", "async ", "default async ", "class ", "class extends ",
        "class a]", "return ", "a.", "1", "1.", "+", "...", "\u2028", "a", " ",
    ],
)  # fmt: skip
def test_hostile_words_take_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    began = time.process_time()
    for end in ("(", "{", "/", "a{", "a/", "]{", "-{", "'a'", "import 'a'"):
        imported(text + end)
    assert time.process_time() - began < 5
