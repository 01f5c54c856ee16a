"""What the modules of a page call one another (HTML standard, section 8.1.6.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from archiver.errors import FormatError
from archiver.url import Url

MAX_CHARACTERS = 1 << 20
"""A longer text is not read."""
MAX_SIZE = 4 << 20
"""How many characters the names of a map and what they stand for may have together."""
_EACH = 400
"""Characters that a name counts as beside its own: each import is compared with all of them."""

Names = Mapping[str, Url | None]
"""What names stand for, those that end in a slash for all below it; None where nothing may be imported."""

_SPECIAL = frozenset({"http", "https", "ws", "wss", "ftp", "file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMap:
    """What names stand for all over a page, and in the modules at or below the URLs of *scopes*."""

    imports: Names = field(default_factory=dict)
    scopes: Mapping[str, Names] = field(default_factory=dict)
    size: int = 0
    """Of what is in it, as MAX_SIZE counts."""
    cut: bool = False
    """Whether something was left out for its size."""

    @classmethod
    def parse(cls, text: str, base: Url) -> ImportMap:
        """The map that *text* is, seen from *base*; an empty one where it is none."""
        import json  # on use: few pages have a map

        if len(text) > MAX_CHARACTERS:
            return cls(cut=True)
        try:
            parsed = _object(json.loads(text, parse_int=float, parse_constant=_refuse))
            imports = _object(parsed.get("imports", {}))
            scopes = {prefix: _object(names) for prefix, names in _object(parsed.get("scopes", {})).items()}
            _object(parsed.get("integrity", {}))
        except (ValueError, RecursionError, FormatError):
            return cls()
        draft = _Draft(base)
        return cls(imports=draft.names(imports), scopes=draft.scopes(scopes), size=draft.size, cut=draft.cut)

    def merged(self, other: ImportMap) -> ImportMap:
        """Both maps, *other* being the later one on a page: it changes nothing that this one says."""
        size = self.size + other.size
        if size > MAX_SIZE:
            return replace(self, cut=True)
        scopes = {**other.scopes, **self.scopes}
        for prefix in self.scopes.keys() & other.scopes.keys():
            scopes[prefix] = {**other.scopes[prefix], **self.scopes[prefix]}
        return ImportMap(
            imports={**other.imports, **self.imports}, scopes=scopes, size=size, cut=self.cut or other.cut
        )

    def resolve(self, specifier: str, base: Url) -> str | None:
        """The URL that *specifier* leads to in the module at *base*; None where no server would be asked."""
        url = _url(specifier, base)
        name = url.href if url else specifier
        at = base.href
        prefixes = [prefix for prefix in self.scopes if prefix == at or _is_below(at, prefix)]
        by_scope = [self.scopes[prefix] for prefix in sorted(prefixes, key=len, reverse=True)]
        try:
            for names in (*by_scope, self.imports):
                if found := _looked_up(names, name, url):
                    url = found
                    break
        except FormatError:
            return None
        return url.without_fragment_text if url and url.is_http else None


class _Draft:
    """A map as it is read, as far as MAX_SIZE lets it grow."""

    def __init__(self, base: Url) -> None:
        self._base = base
        self.size = 0
        self.cut = False

    def scopes(self, written: Mapping[str, Mapping[str, object]]) -> dict[str, Names]:
        scopes: dict[str, Names] = {}
        for prefix, names in written.items():
            try:
                at = Url.parse(prefix, self._base).href
            except FormatError:
                continue
            if not self._has_room_for(at):
                break
            scopes[at] = self.names(names)
        return scopes

    def names(self, written: Mapping[str, object]) -> Names:
        names: dict[str, Url | None] = {}
        for name, value in written.items():
            if not name:
                continue
            url = _url(name, self._base)
            key = url.href if url else name
            target = _url(value, self._base) if isinstance(value, str) else None
            address = target.href if target else ""
            if not self._has_room_for(key + address):
                break
            names[key] = None if name.endswith("/") and not address.endswith("/") else target
        return names

    def _has_room_for(self, text: str) -> bool:
        size = self.size + len(text) + _EACH
        self.cut = self.cut or size > MAX_SIZE
        if not self.cut:
            self.size = size
        return not self.cut


def _url(text: str, base: Url) -> Url | None:
    """The URL that *text* is, if it is written as one: in full, or from ``/``, ``./`` or ``../`` on."""
    try:
        return Url.parse(text, base if text.startswith(("/", "./", "../")) else None)
    except FormatError:
        return None


def _looked_up(names: Names, name: str, url: Url | None) -> Url | None:
    """What *name*, as serialised where it is an *url*, stands for; None where *names* lack it.

    Raises FormatError where they have it and nothing may be imported by it.
    """
    if name in names:
        found = names[name]
    elif url and url.scheme not in _SPECIAL:
        return None
    else:
        prefix = max((known for known in names if _is_below(name, known)), key=len, default="")
        if not prefix:
            return None
        above = names[prefix]
        found = Url.parse(name.removeprefix(prefix), above) if above else None
        if above and found and not found.href.startswith(above.href):
            found = None
    if found is None:
        raise FormatError(f"not to be imported: {name!r:.80}")
    return found


def _is_below(name: str, prefix: str) -> bool:
    return prefix.endswith("/") and name.startswith(prefix)


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise FormatError("not an object")
    return value


def _refuse(constant: str) -> None:
    raise FormatError(f"{constant} is not JSON")
