"""The bundles that every oracle is asked about: the site of `site`, saved and sealed as anybody would."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import archiver
from archiver.fetch.settings import ForcedAddress
from tests.fetch.authority import Authority
from tests.fetch.rawserver import RawServer, Reply, Route, say
from tests.oracles.site import PAGE, RESOURCES

SCHEMES = ("http", "https")
_HOST = "news.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleBundle:
    """A sealed bundle of the site, whose resources stand under *origin*."""

    path: Path
    origin: str


def make_bundle(folder: Path, scheme: str) -> OracleBundle:
    """The site served over *scheme* and saved into *folder*, with every framing as `site` has it."""
    authority = Authority.make(folder)
    context = authority.server(_HOST)[0] if scheme == "https" else None
    routes: dict[str, Route | list[Reply]] = {
        resource.target: [say(response) for response in resource.responses] for resource in RESOURCES
    }
    with RawServer(routes, context=context) as server:
        saved = archiver.save(
            server.url(PAGE.target, _HOST),
            archiver.LocalIdentity.create("Example Law Library"),
            to=folder / f"{scheme}.wacz",
            settings=archiver.FetchSettings(
                resolve=(ForcedAddress.parse(f"{_HOST}:{server.port}:{server.address}"),),
                cacert=authority.pem,
            ),
            limits=archiver.Limits(backoff=0.02),
        )
    # What was not asked for, or asked for again, would show nothing below.
    asked = [resource.target for resource in RESOURCES for _ in resource.responses]
    assert sorted(server.targets) == sorted(asked)
    assert saved.stated.status == "complete"
    return OracleBundle(path=saved.path, origin=server.url("", _HOST))
