"""The published text and the code say the same, wherever a program can compare them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archiver import manifest, strictjson
from archiver.bundle import bundle, container, countersign, datapackage, limits, pages, redaction, statement
from archiver.bundle.verdict import Verdict
from archiver.manifest import CaptureEntry, Counts, DateSkew, ExchangeEntry, RedirectEntry
from archiver.signing import dsse, evidence, identity, keys, waczauth
from archiver.verify import policy
from archiver.warc import (
    block,
    capture,
    cdxj,
    facts,
    http1,
    imported,
    importedheader,
    record,
    relations,
    scan,
    stated,
    surt,
)
from archiver.warc import redaction as warc_redaction
from tests.codes import codes_in_source
from tests.contract.schemas import CONTRACT, schema

TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(CONTRACT.glob("*.md"))}
READING_ORDER = (
    "text container warc http blanks index manifest seal verifying policy imports countersignatures".split()
)


def section(part: str, heading: str) -> str:
    """What stands below *heading* (the number or the beginning of it) in a part of the text."""
    text = TEXTS[part]
    found = re.search(rf"^## {re.escape(heading)}.*$", text, re.MULTILINE)
    assert found, (part, heading)
    rest = text[found.end() :]
    return rest[: end.start()] if (end := re.search(r"^## ", rest, re.MULTILINE)) else rest


def rows(text: str) -> list[list[str]]:
    """The cells of all tables in *text*, without head lines and without the ticks around a cell."""
    found = []
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        _, _, *lines = table.splitlines()
        found += [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return found


def firsts(text: str) -> list[str]:
    """Every name in ticks in the first cells of the tables in *text*."""
    return [name for cell, *_ in rows(text) for name in re.findall(r"`([^`]+)`", cell)]


def number(value: int) -> str:
    return f"{value:,}"


def fenced(part: str, name: str) -> list[str]:
    found = re.search(rf"^```{name}\n(.*?)^```$", TEXTS[part], re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1].splitlines()


# The text by itself.


def test_the_parts_are_numbered_as_they_are_read() -> None:
    assert [TEXTS[part].split()[1] for part in READING_ORDER] == [
        str(n) for n in range(1, len(READING_ORDER) + 1)
    ]
    assert set(READING_ORDER) | {"README"} == set(TEXTS)
    assert re.findall(r"\]\((\w+)\.md\)", TEXTS["README"]) == READING_ORDER


@pytest.mark.parametrize("part", TEXTS)
def test_every_section_referred_to_is_there(part: str) -> None:
    headings = {
        found for text in TEXTS.values() for found in re.findall(r"^##? ([0-9.]+)", text, re.MULTILINE)
    }
    prose = re.sub(r"RFC [0-9]+ section [0-9.]+", "", TEXTS[part])
    referred = re.findall(r"\(([0-9]{1,2}\.[0-9]{1,2})\b", prose)
    referred += re.findall(
        r"\b(?:as|of|in|is|not|below|are|look for in) ([0-9]{1,2}\.[0-9]{1,2})\b(?!\.)", prose
    )
    referred += re.findall(r"\bpart ([0-9]{1,2})\b", prose)
    assert set(referred) <= headings


@pytest.mark.parametrize("part", TEXTS)
def test_what_a_link_leads_to_is_there(part: str) -> None:
    for target in re.findall(r"\]\(([a-z0-9./-]+)\)", TEXTS[part]):
        assert (CONTRACT / target).exists(), target


def test_the_text_is_short_lines_of_plain_words() -> None:
    for part, text in TEXTS.items():
        assert "\t" not in text and text.endswith("\n") and not text.endswith("\n\n"), part
        assert not re.search(r"[“”‘’–—]", text), part


# Names, forms and values.


def test_media_types_and_names() -> None:
    told = {value.strip("`") for _, value in rows(section("README", "Media types"))}
    assert told == {
        manifest.SPEC,
        policy.SPEC,
        stated.MEDIA_TYPE,
        datapackage.PROVENANCE_TYPE,
        statement.PAYLOAD_TYPE,
        statement.STATEMENT_TYPE,
        statement.PREDICATE_TYPE,
        datapackage.WACZ_VERSION,
    }
    assert dsse.PAYLOAD_TYPE == statement.PAYLOAD_TYPE
    assert countersign.PREDICATE_TYPE in TEXTS["countersignatures"]
    assert f"| `version` | `{waczauth.VERSION}` |" in TEXTS["seal"]


def test_the_fields_of_a_warc_header() -> None:
    told = []
    for line in fenced("warc", "header-fields"):
        mark, name, form = line.split(maxsplit=2)
        told.append((name, form, mark == "!"))
    assert told == list(record._FIELDS)
    assert number(record.MAX_HEADER) in section("warc", "3.2")
    assert number(record.MAX_HEAD) in section("http", "4.1")


def test_the_types_of_records() -> None:
    told = {kind.partition(",")[0]: media.strip("`") for kind, media, *_ in rows(section("warc", "3.3"))[:4]}
    assert told == block._TYPES
    assert stated.MEDIA_TYPE in section("warc", "3.3")


def test_the_lines_of_facts() -> None:
    lines = fenced("warc", "facts-lines")
    single = "".join(rf"(?:{line}\r\n)?" for line in lines[:-2])
    several = "".join(rf"((?:{_without_groups(line)}\r\n)*)" for line in lines[-2:])
    assert single + several == facts._BLOCK.pattern


def _without_groups(line: str) -> str:
    """*line* without the group that is its value."""
    name, _, form = line.partition(": ")
    return f"{name}: {form[1:-1]}"


def test_what_a_request_and_a_response_begin_with() -> None:
    assert f"\n    {block._REQUEST_LINE.pattern.decode()}\n" in TEXTS["warc"]
    assert f"\n    {http1._STATUS_LINE.pattern.decode()}\n" in TEXTS["http"]
    assert f"`{http1._HEAD_END.pattern.decode()}`" in TEXTS["http"]
    assert f"`{http1._CHUNK_SIZE.pattern.decode()}`" in TEXTS["http"]
    assert f"`{record._BLANK_LINE.pattern.decode()}`" in TEXTS["warc"]
    assert f"`{record._TRANSFER_ENCODING.pattern.decode().removeprefix('^')}`" in TEXTS["warc"]
    for value in (http1.MAX_LINES, http1._MAX_CHUNK_LINE, http1._MAX_TRAILER):
        assert number(value) in TEXTS["http"]


def test_blanked_values() -> None:
    never = section("blanks", "5.1").partition("and is none of\n\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([^`]+)`", never)) == redaction._NEVER_SECRET
    assert all(f"`{name}`" in TEXTS["blanks"] for name in warc_redaction.SET_COOKIE)
    assert warc_redaction.FORM in "".join(fenced("warc", "facts-lines"))


def test_the_stated_record() -> None:
    fields, settings = section("warc", "3.10").split("The settings:")
    assert firsts(fields) == sorted(stated.Stated.__struct_fields__)
    listed = rows(settings)
    assert [
        cell[0].strip("`") for cell in listed if len(cell[0].split("`")[1]) and cell[0].islower()
    ] == sorted(stated.Settings.__struct_fields__)
    assert number(stated.LIST_CAP) in settings
    assert number(capture.MAX_STATED) in fields


def test_the_settings_that_weaken() -> None:
    codes = [cell for cell in firsts(section("warc", "3.10")) if cell.isupper()]
    sentence = section("policy", "10.1").partition("The settings that can be refused")[2]
    refusable, _, statuses = sentence.partition("The statuses:")
    assert set(re.findall(r"`([A-Z_]+)`", refusable.partition("\n")[0])) == policy.SETTINGS
    assert set(re.findall(r"`([a-z]+)`", statuses.partition("\n")[0])) == policy.STATUSES
    assert set(codes) | {"OPERATOR_SCRIPT", "SETTINGS_UNKNOWN"} == policy.SETTINGS


def test_names_of_members() -> None:
    told = section("container", "2.2")
    assert f"\n    {container._NAME.pattern}\n" in told
    assert (
        set(re.findall(r"`([a-z]+)`", told.partition("is one of")[2].partition(".")[0])) == container.FOLDERS
    )
    assert f"at most {container.MAX_NAME} characters" in told
    assert f"more than {number(container.MAX_MEMBERS)} is RESOURCE_LIMIT" in section("container", "2.4")


def test_pages_and_manifest() -> None:
    assert f"\n    {pages.HEADER.decode()}" in TEXTS["manifest"]
    assert firsts(section("manifest", "7.1")) == sorted(pages.Page.__struct_fields__)
    assert firsts(section("manifest", "7.2")) == sorted(manifest.Manifest.__struct_fields__)
    fields = firsts(section("manifest", "7.3"))
    for struct in (ExchangeEntry, CaptureEntry, RedirectEntry, Counts, DateSkew):
        names = sorted(struct.__struct_fields__)
        assert [field for field in fields[: len(names)] if field in names] == names, struct
        fields = fields[len(names) :]
    assert not fields
    assert f"\n    {manifest._IMF_FIXDATE.pattern}\n" in TEXTS["manifest"]
    assert number(manifest.MAX_REDIRECTS) in TEXTS["manifest"]
    assert f"{number(manifest.MAX_SKEW_US // 1_000_000)} seconds" in TEXTS["manifest"]


def test_the_seal() -> None:
    for part, struct in (
        ("8.1", datapackage.Datapackage),
        ("8.2", datapackage.DatapackageDigest),
        ("8.5", dsse._EnvelopeJson),
        ("8.7", waczauth._SignedDataJson),
    ):
        fields = sorted(encoded(struct))
        assert firsts(section("seal", part))[: len(fields)] == fields, part
    told = firsts(section("seal", "8.6"))
    assert told[:4] == sorted(encoded(statement.Statement), key=str.lower)
    assert told[4:9] == sorted(encoded(statement.Predicate))


def encoded(struct: type) -> Iterable[str]:
    return struct.__struct_encode_fields__  # type: ignore[attr-defined,no-any-return]


def test_keys() -> None:
    table = [cells for cells in rows(section("seal", "8.3")) if len(cells) == 3]
    told = {
        alg.strip("`"): (use.strip("`"), *re.findall(r"`([0-9a-f]+)`, then ([0-9]+)", spki)[0])
        for alg, use, spki in table
    }
    uses = {alg: use for use, algs in identity._ALLOWED.items() for alg in algs}
    assert told == {
        str(alg): (str(uses[alg]), prefix.hex(), str(size)) for alg, (prefix, size) in keys._SPKI.items()
    }
    points = re.findall(r"U\+([0-9A-F]{4})(?: to U\+([0-9A-F]{4}))?", section("seal", "8.3"))
    allowed = "".join(
        f"{a}-{b}" if b else a for a, b in ((chr(int(a, 16)), b and chr(int(b, 16))) for a, b in points)
    )
    forbidden = re.compile(f"[{allowed}]")
    code = re.compile(identity._CONTROL)
    assert all(bool(code.match(chr(n))) == bool(forbidden.match(chr(n))) for n in range(0x11000))


def test_limits() -> None:
    usual = scan.ScanLimits()
    told = section("verifying", "9.5")
    for value in (
        container.MAX_MEMBERS,
        strictjson.MAX_BYTES,
        strictjson.MAX_CONTAINERS,
        strictjson.MAX_VALUES,
        capture.MAX_STATED,
        usual.records,
        usual.unpacked,
        usual.kept_block,
        usual.kept,
        pages.MAX_PAGES,
        manifest.MAX_REDIRECTS,
        dsse.MAX_PAYLOAD,
        identity.MAX_BYTES,
        evidence.MAX_ENTRIES,
        scan._RECORD,
    ):
        assert f" {number(value)} " in told.replace(",\n", " \n").replace(", ", "  "), value
    assert usual.chunks == usual.records
    more = scan.ScanLimits.for_archive(3_200)
    assert (more.unpacked - usual.unpacked, more.chunks - usual.chunks, more.kept - usual.kept) == (
        50 * 3_200,
        3_200 // 32,
        8 * 3_200,
    )
    whole = section("verifying", "9.2").partition("read as a whole (")[2].partition(")")[0]
    assert sorted(re.findall(r"`([^`]+)`", whole)) == sorted(bundle._READ_WHOLE)
    for value in (strictjson.MAX_CONTAINERS, strictjson.MAX_VALUES):
        assert number(value) in TEXTS["text"]
    assert f"at most {strictjson.MAX_DEPTH} deep" in TEXTS["text"]
    assert number(usual.kept_block) in section("index", "6.4")


def test_the_policy() -> None:
    told = section("policy", "10.1")
    assert firsts(told)[:5] == sorted(encoded(policy._PolicyJson))
    table = [cells for cells in rows(told) if len(cells) == 4]
    assert {name.strip("`"): int(highest) for name, _, highest, _ in table} == limits.HIGHEST
    defaults = limits.ReadLimits()
    for name, usual, *_ in table:
        expected = getattr(defaults, name.strip("`"))
        assert usual == ("as 9.5 says" if expected is None else str(expected))
    assert number(policy.MAX_BYTES) in told and number(policy.MAX_IDENTITIES) in told


def test_results() -> None:
    assert firsts(section("policy", "10.2")) == sorted(schema("result")["properties"])


def test_imports() -> None:
    assert set(firsts(section("imports", "11.5"))) == _notes_in_source()
    assert firsts(section("imports", "11.4")) == sorted(stated.Imported.__struct_fields__)
    told = section("imports", "11.1")
    assert f"\n       {importedheader._FIELD.pattern.decode()}\n" in told
    assert (
        set(re.findall(r"`([a-z]+)`", told.partition("is none of ")[2].partition(" is read")[0]))
        == importedheader.TYPES
    )
    fields = told.partition("These fields are read: ")[2].partition("; of each")[0].lower().split(", ")
    assert {*fields, importedheader._CONCURRENT} == set(importedheader._READ.values())
    assert f"`{importedheader._EARLIEST}`" in TEXTS["imports"] and f"`{cdxj.REVISIT}`" in TEXTS["imports"]
    assert f"`{importedheader._ADDRESS.pattern}`" in told
    assert f"`{importedheader._WEB.pattern}`" in section("imports", "11.3")


def _notes_in_source() -> set[str]:
    """The deviations that imported archives are noted for."""
    found = set()
    for module in (imported, importedheader, relations, capture):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
                "note",
                "_note",
            ):
                found |= {str(one.value) for one in node.args if isinstance(one, ast.Constant)}
    words = ("date", "web-url", "http-head")
    return found | {f"{kind}-without-{word}" for kind in ("response", "revisit") for word in words}


def test_countersignatures() -> None:
    assert firsts(section("countersignatures", "12.1")) == sorted(encoded(countersign._CountersignatureJson))
    assert firsts(section("countersignatures", "12.2")) == sorted(
        encoded(countersign.Statement), key=str.lower
    )
    assert all(f"`{role}`" in TEXTS["countersignatures"] for role in countersign.ROLES)
    assert countersign.SUFFIX in TEXTS["countersignatures"]
    assert number(countersign.MAX_BYTES) in TEXTS["countersignatures"]


# Codes.


def test_every_code_of_the_source_is_in_the_text_and_no_other() -> None:
    own = set(firsts(section("verifying", "9.3")))
    others = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", section("verifying", "9.6")))
    assert own.isdisjoint(others)
    assert own | others | policy.SETTINGS == codes_in_source()


def test_every_code_used_in_the_text_is_in_its_table() -> None:
    own = set(firsts(section("verifying", "9.3"))) | set(
        re.findall(r"`([A-Z_]+)`", section("verifying", "9.6"))
    )
    verdicts = {verdict.value for verdict in Verdict}
    for part, text in TEXTS.items():
        used = set(re.findall(r"\b[A-Z]+_[A-Z_]+\b|\bCLOCK\b|\bCONTRADICTION\b", text))
        assert used - own - verdicts <= policy.SETTINGS, part


# The rules of keys that the code keeps in another way.


def _patterns(after: str, count: int) -> list[re.Pattern[bytes]]:
    lines = re.findall(r"^    (\(\.\*.*)$", TEXTS["index"].partition(after)[2], re.MULTILINE)
    return [re.compile(line.encode(), re.DOTALL) for line in lines[:count]]


ID24 = "abcdefghij0123456789klmn"
PIECES = ("/", f"(s({ID24}))", f"({ID24})", ".aspx", "?", "a", "", f"(a({ID24})b({ID24}))")
QUERIES = (
    *(f"{name}={'0a' * 16}" for name in ("jsessionid", "phpsessid", "sid")),
    f"aspsessionidabcdefgh={'ab' * 12}",
    "cfid=",
    "cftoken=",
    "1",
    "&",
    "x",
    "=",
)


@given(st.lists(st.sampled_from(PIECES)).map("".join))
@example(f"/(s({ID24}))/({ID24})/x.aspx")
def test_session_folders_are_taken_out_as_the_patterns_say(path: str) -> None:
    whole = ("/" + path).encode()
    found = whole
    for pattern in surt._PATH_SESSIONS:
        found = surt._without_path_session(found, pattern)
    for written in _patterns("**Path.**", 2):
        if matched := written.fullmatch(whole):
            whole = matched[1] + matched[3]
    assert found == whole


@given(st.lists(st.sampled_from(QUERIES)).map("".join))
@example("cfid=1&cftoken=2&cfid=3&cftoken=4")
def test_session_parameters_are_taken_out_as_the_patterns_say(query: str) -> None:
    whole = query.encode()
    for written in _patterns("**Query.**", 5):
        if matched := written.fullmatch(whole):
            whole = matched[1] + (matched[2] or b"")
    pairs = sorted(piece.split(b"=", 1) for piece in whole.split(b"&"))
    assert surt._query(query.encode()) == b"&".join(map(b"=".join, pairs))


def test_where_the_contract_lies() -> None:
    assert Path(__file__).parents[2] / "manifests" / "v1" == CONTRACT
