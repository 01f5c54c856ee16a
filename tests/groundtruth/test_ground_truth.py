"""A page whose every resource is known: what is in the bundle is compared with what was served."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import archiver
from archiver.verify import Verdict, verify
from tests import small
from tests.groundtruth.resource import Resource
from tests.groundtruth.site import CDN, NEWS, Asked, Site, ground_truth
from tests.oracles.process import running, said
from tests.programs import need

_DOCUMENT = Path(__file__).parents[2] / "docs" / "capture.md"
_FOLLOWED, _BROWSER, _NEVER = "What is followed", "What only a browser finds", "What is never asked for"

# Browsers tell the base URL of an inline module, and differ in what they tell of a manifest.
_TOLD_OTHERWISE = re.compile(r"js-inline-module|web-manifest-.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a bundle has of one URL."""

    status: int
    entity: archiver.Digest
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One URL saved: what came of it, what the bundle holds, what the server saw."""

    saved: archiver.Saved
    held: dict[str, Held]
    sent: Counter[bytes]
    """Every request in the bundle."""
    asked: tuple[Asked, ...]


def take(site: Site, url: str, folder: Path, **limits: int) -> Taken:
    site.forget()
    path = folder / "a.wacz"
    saved = archiver.save(
        url, small.identity(), to=path, settings=site.settings, limits=archiver.Limits(attempts=1, **limits)
    )
    assert verify(path, small.policy()).verdict is Verdict.PASSED
    with archiver.open_bundle(path) as bundle:
        exchanges = bundle.capture.exchanges()
        held = {
            exchange.url: Held(
                status=exchange.status,
                entity=exchange.record.payload_digest,
                body=b"".join(exchange.decoded(1 << 20)),
            )
            for exchange in exchanges
        }
        assert len(held) == len(exchanges)
        sent = Counter(
            b"".join(map(bytes, bundle.capture.block(record)))
            for record in bundle.capture.records
            if record.type == "request"
        )
    return Taken(saved=saved, held=held, sent=sent, asked=site.asked)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with ground_truth() as served:
        yield served


@pytest.fixture(scope="module")
def captures(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Taken]:
    """Each URL that is to be cited, saved."""
    return {url: take(site, url, tmp_path_factory.mktemp("capture")) for url in site.cited}


@pytest.fixture(scope="module")
def page(site: Site, captures: dict[str, Taken]) -> Taken:
    return captures[site.url]


@pytest.fixture(scope="module")
def one_by_one(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """The page, saved over one connection, which puts what is asked for in order."""
    return take(site, site.url, tmp_path_factory.mktemp("one-by-one"), connections=1)


def documented() -> dict[str, set[str]]:
    """The ids in the tables of each section of the document."""
    sections = re.split(r"^## (.+)$", _DOCUMENT.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {
        title: set(re.findall(r"^\| `([a-z0-9-]+)` \|", text, flags=re.MULTILINE))
        for title, text in zip(sections[::2], sections[1::2], strict=True)
    }


def expected(site: Site) -> list[Resource]:
    return [resource for resource in site.resources if not resource.needs_browser]


def fault(resource: Resource, taken: Taken) -> str | None:
    """How the bundle's *resource* differs from the one served."""
    held = taken.held.get(resource.url)
    if held is None:
        return "is not there"
    if held.status != resource.status:
        return f"has status {held.status}"
    if held.body != resource.body:
        return f"has other bytes: {held.body[:40]!r}"
    (served,) = {asked.entity for asked in taken.asked if asked.url == resource.url}
    return None if held.entity == archiver.Digest.of(served) else "has another digest than was sent"


def wrongly_told(site: Site, asked: Iterable[Asked]) -> list[str]:
    """The requests whose Referer is not what browsers send."""
    resources = {resource.url: resource for resource in expected(site)}
    wrong = []
    for one in asked:
        resource = resources.get(one.url)
        if resource is None or resource.parent is None or _TOLD_OTHERWISE.fullmatch(resource.item):
            continue
        told = None if resource.need == "no-referer" else site.told(resource.parent, one.url)
        if one.header("Referer") != told:
            wrong.append(f"{resource.item}: {one.url} was told {one.header('Referer')}, not {told}")
    return wrong


def test_every_item_of_the_document_has_a_resource_and_every_resource_an_item(site: Site) -> None:
    ids = documented()
    assert {resource.item for resource in expected(site)} == ids[_FOLLOWED]
    assert {resource.item for resource in site.resources if resource.needs_browser} == ids[_BROWSER]
    assert set(site.traps.values()) == ids[_NEVER]


def test_the_site_tells_its_resources_apart(site: Site) -> None:
    assert len(site.resources) >= 130
    assert len({resource.sha256 for resource in site.resources}) == len(site.resources)


def test_every_resource_is_in_the_bundle_as_it_was_served(site: Site, captures: dict[str, Taken]) -> None:
    faults = [
        f"{resource.item}: {resource.url} {wrong}"
        for resource in expected(site)
        if (wrong := fault(resource, captures[resource.cited])) is not None
    ]
    assert not faults, "\n".join(faults)


def test_nothing_is_asked_for_that_the_pages_do_not_need(site: Site, captures: dict[str, Taken]) -> None:
    known = {resource.url for resource in site.resources}
    stray = {asked.url for taken in captures.values() for asked in taken.asked if asked.url not in known}
    assert not stray, "\n".join(sorted(stray))


def test_the_bundle_has_every_request_that_the_server_saw_and_no_other(captures: dict[str, Taken]) -> None:
    for taken in captures.values():
        assert taken.sent == Counter(asked.request for asked in taken.asked)
        assert Counter(taken.held.keys()) == Counter(asked.url for asked in taken.asked)


def test_the_captures_are_complete_but_for_what_is_broken_at_its_origin(
    site: Site, captures: dict[str, Taken]
) -> None:
    for url, taken in captures.items():
        stated = taken.saved.stated
        assert [(missing.url, missing.reason) for missing in stated.missing] == []
        assert (stated.status, stated.reasons) == ("complete", [])
        broken = {
            resource.url: (resource.parent, f"http-{resource.status}")
            for resource in site.resources
            if resource.cited == url and resource.item == "broken-at-origin"
        }
        assert {one.url: (one.referrer, one.reason) for one in stated.broken_at_origin} == broken
        assert stated.broken_at_origin_count == len(broken)


def test_alternatives_are_asked_for_after_all_that_the_page_shows(site: Site, one_by_one: Taken) -> None:
    later = {resource.url for resource in site.resources if resource.later}
    order = [asked.url for asked in one_by_one.asked]
    first = next(place for place, url in enumerate(order) if url in later)
    shown = [url for url in order[first:] if url not in later]
    assert not shown, f"after {order[first]}:\n" + "\n".join(shown)


def test_each_server_is_told_of_the_document_that_names_it_what_browsers_tell(
    site: Site, page: Taken
) -> None:
    wrong = wrongly_told(site, page.asked)
    assert not wrong, "\n".join(wrong)


def test_the_cookie_goes_back_to_the_host_that_set_it_and_to_no_other(site: Site, page: Taken) -> None:
    first, *others = page.asked
    assert (first.url, first.header("Cookie")) == (site.url, None)
    for asked in others:
        at_home = not asked.url.startswith(site.origins["cdn"])
        assert asked.header("Cookie") == ("visit=1" if at_home else None), asked.url


def test_at_plain_addresses_it_is_the_same_page(site: Site, tmp_path: Path) -> None:
    with ground_truth(addresses=True) as other:
        taken = take(other, other.url, tmp_path)
        assert [one.item for one in other.resources] == [one.item for one in site.resources]
        assert [one.url for one in expected(other) if one.cited == other.url and fault(one, taken)] == []


def test_a_browser_asks_for_nothing_else_and_for_all_that_needs_one(site: Site) -> None:
    """So what the documents above mean is not only our opinion."""
    site.forget()
    with tempfile.TemporaryDirectory(prefix="chromium-") as name:  # its sockets want a short path
        home = Path(name)
        command: list[str | Path] = [
            *(need("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--no-proxy-server", "--disable-dev-shm-usage"),
            *("--disable-background-networking", "--ignore-certificate-errors", f"--user-data-dir={home}"),
            f"--host-resolver-rules=MAP {NEWS} 127.0.0.1, MAP {CDN} 127.0.0.1, MAP * ~NOTFOUND",
            *("--virtual-time-budget=10000", "--dump-dom", site.url),
        ]
        with running(command, folder=home) as chromium:
            assert chromium.wait(timeout=60) == 0, said(home)
    asked = site.asked
    known = {resource.url: resource for resource in site.resources}
    urls = {one.url for one in asked}
    assert urls - known.keys() == {f"{site.origins['news']}/trap/prefetch-page.html"}  # a page ahead of time
    assert {url for url, resource in known.items() if resource.needs_browser} <= urls
    assert [one.url for one in asked if one.url in known and one.status != known[one.url].status] == []
    assert wrongly_told(site, asked) == []
