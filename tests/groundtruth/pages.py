"""The site's documents, and the resources that they name.

A document in ``pages/`` has marks where a URL belongs, so that each resource stands in one place only:

    [[item|as written|target|flags]]    a resource; the target, where it is not what is written, is
                                        ``origin:/path`` or a path at the document's own origin
    [[!item|as written]]                a trap: ``/trap/item.png``, unless written otherwise

Flags: ``later``, ``browser``, ``status=404``, ``to=origin:/path`` of a redirect, ``needs=cookie``. The
origins ``@news@``, ``@cdn@`` and ``@port@`` can be named anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from tests.groundtruth.resource import TYPES, Need, Resource, made_body

PAGE = "/2026/truth.html"
BARE = "/2026/bare.html"
DIRECT = {
    "direct-pdf": "/direct/paper.pdf",
    "direct-image": "/direct/picture.png",
    "direct-text": "/direct/notes.txt",
    "direct-json": "/direct/data.json",
}

_CSS_DEPTH = 10
_FRAME_DEPTH = 5

_PAGES = Path(__file__).with_name("pages")
_MARK = re.compile(r"\[\[(!?)([a-z0-9-]+)(?:\|([^|\]]*))?(?:\|([^|\]]*))?(?:\|([^|\]]*))?\]\]")
_AT_ORIGIN = re.compile(r"@(news|cdn|port)@(?=/)")
_CHAINED = re.compile(r"/(css/chain|frames/nested)/([0-9]+)\.(?:css|html)")


@dataclass
class Pages:
    """All resources and traps under *origins*: ``news``, ``cdn`` and ``port``, each without a slash."""

    origins: Mapping[str, str]
    resources: dict[str, Resource] = field(default_factory=dict)
    """By URL, in the order in which the documents name them."""
    traps: dict[str, str] = field(default_factory=dict)
    """The item of each trap by its path."""

    def __post_init__(self) -> None:
        bare = self.origins["news"] + BARE
        for item, path in (("page", PAGE), ("page", BARE), *DIRECT.items()):
            self._add(item, f"news:{path}", parent=None, cited=self.origins["news"] + path)
        self._add("favicon-guess", "news:/favicon.ico", parent=bare, cited=bare)

    def _add(
        self, item: str, target: str, *, parent: str | None, cited: str, flags: str = "", later: bool = False
    ) -> None:
        """Note the resource at *target* and what it names in its turn."""
        told = dict(flag.partition("=")[::2] for flag in flags.split())
        origin, _, path = target.partition(":")
        url = self._url(target)
        assert url not in self.resources, f"{url} is named twice"
        moved = told.get("to")
        status = 302 if moved else int(told.get("status", "200"))
        suffix = path.partition("?")[0].rpartition(".")[2] if status == 200 else "txt"
        later = later or "later" in told
        resource = self.resources[url] = Resource(
            item=item,
            url=url,
            body=made_body(target, suffix),
            mime=TYPES[suffix],
            status=status,
            location=self._url(moved) if moved else None,
            parent=parent,
            cited=cited,
            later=later,
            needs_browser="browser" in told,
            need=cast(Need, told.get("needs", "")),
        )
        if moved:
            self._add(item, moved, parent=parent, cited=cited, later=later)
        elif (text := _written(origin, path)) is not None:
            self.resources[url] = replace(resource, body=self._rendered(text, origin, resource))

    def _url(self, target: str) -> str:
        origin, _, path = target.partition(":")
        return self.origins[origin] + path

    def _rendered(self, text: str, origin: str, document: Resource) -> bytes:
        """The *text* of *document* with its marks replaced; what these name is noted."""
        pieces: list[str] = []
        done = 0
        for mark in _MARK.finditer(text):
            trap, item, written, target, flags = mark.groups(default="")
            if trap:
                written = written or f"/trap/{item}.png"
                path = re.match(rf"/trap/{item}[^?\s\"]*", written)
                assert path is not None, f"{mark[0]} is not at /trap/{item}"
                self.traps[path[0]] = item
            else:
                target = _AT_ORIGIN.sub(r"\1:", target or written)
                self._add(
                    item,
                    f"{origin}:{target}" if target.startswith("/") else target,
                    parent=document.url,
                    cited=document.cited,
                    flags=flags,
                    later=document.later,
                )
            pieces += (text[done : mark.start()], written)
            done = mark.end()
        whole = "".join([*pieces, text[done:]])
        for name, url in self.origins.items():
            whole = whole.replace(f"@{name}@", url).replace(f"@{name}-host@", url.partition("//")[2])
        return whole.encode("windows-1252" if 'charset="windows-1252"' in whole else "utf-8")


def _written(origin: str, path: str) -> str | None:
    """The document at *path* with its marks; None where there is none and a body has to be made."""
    file = _PAGES / origin / path.partition("?")[0].removeprefix("/")
    if file.is_file():
        return file.read_text("utf-8")
    chained = _CHAINED.fullmatch(path)
    if chained is None:
        return None
    following = int(chained[2]) + 1
    if chained[1] == "css/chain":
        if following <= _CSS_DEPTH:
            return f'@import "[[css-import-deep|{following}.css|/css/chain/{following}.css]]";\n'
        return ".deep { background: url([[css-import-deep|deep.png|/css/chain/deep.png]]) }\n"
    if following <= _FRAME_DEPTH:
        frame = f"[[iframe-nested|{following}.html|/frames/nested/{following}.html]]"
        return f'<!doctype html><title>{following}</title><iframe src="{frame}"></iframe>\n'
    return '<!doctype html><img src="[[iframe-nested|deep.png|/frames/nested/deep.png]]" alt="">\n'
