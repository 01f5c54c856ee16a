"""The tamper table: three bundles, twenty mutations, two judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.tamper.bundle import ANONYMOUS, KINDS, Works
from tests.tamper.judge import Judgement, archiver, authsign, wacz
from tests.tamper.mutation import MUTATIONS, Target

START, END = "<!-- tamper:start -->", "<!-- tamper:end -->"
README = Path(__file__).parents[2] / "README.md"

GENUINE = "genuine"
_NOTHING = Judgement(verdict="", findings=())

_LEGEND = """\
F is FAILED, I INDETERMINATE, each with a reason that the genuine bundle does not give, or not as often; – is nothing to do: what nobody has signed anybody can make anew, and no tool can tell. Nobody is trusted here, or the genuine ones could pass. py-wacz is `wacz validate --verify-auth` 0.6.0 with the server of authsign 0.6.1, set up to trust the authorities behind the certificate and the timestamp.

1. The anonymous bundle names another key. The unsigned one gets the signature of the anonymous one, or in the row of the domain that of the domain-signed one.
2. In the list of members and in the signature, the digest made anew; in the unsigned bundle in the list alone.
3. Without `--verify-auth`, with which py-wacz refuses every anonymous signature, the genuine one too.
"""  # noqa: E501


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What both judges say of one file; *reason* is archiver's, beside what it says of the genuine one."""

    judgement: Judgement
    reason: str
    accepted: bool
    """By py-wacz, with the signature checked where it can check any."""


Table = Mapping[tuple[str, str], Cell]
"""By the name of the mutation, or `GENUINE`, and the kind of bundle."""


def make_table(folder: Path) -> Table:
    """Make every file in *folder* and have it judged by both."""
    works = Works(folder)
    files = write_files(folder, works)
    judged = judge(files)
    with authsign(works.domain, folder) as url:
        auth = ("--verify-auth", "--verifier-url", url)
        accepted = dict(zip(files, wacz(list(files.values()), *auth), strict=True))
    if not accepted[GENUINE, ANONYMOUS]:  # as the legend says
        plain = {key: file for key, file in files.items() if key[1] == ANONYMOUS}
        accepted |= zip(plain, wacz(list(plain.values())), strict=True)
    return {
        key: Cell(judgement=judged[key], reason=reason(judged, key), accepted=accepted[key]) for key in files
    }


def judge(files: Mapping[tuple[str, str], Path]) -> dict[tuple[str, str], Judgement]:
    """What archiver says of *files*."""
    return dict(zip(files, archiver(list(files.values())), strict=True))


def reason(judged: Mapping[tuple[str, str], Judgement], key: tuple[str, str]) -> str:
    """What archiver has against a file and not against the genuine one; against that, what there is."""
    name, kind = key
    return judged[key].reason(judged[GENUINE, kind] if name != GENUINE else _NOTHING)


def write_files(folder: Path, works: Works) -> dict[tuple[str, str], Path]:
    """Every bundle of the table, under the key of its cell."""
    pairs = {kind: works.pair(kind) for kind in KINDS}
    files = {}
    for kind in KINDS:
        target = Target.of(kind, pairs)
        for number, (name, mutate) in enumerate({GENUINE: _genuine, **MUTATIONS}.items()):
            data = mutate(target)
            if data is not None:
                files[name, kind] = folder / f"{kind}-{number:02}.wacz"
                files[name, kind].write_bytes(data)
    return files


def _genuine(target: Target) -> bytes:
    return target.genuine.to_bytes()


def render(table: Table) -> str:
    """*table* in Markdown, with its legend."""
    heads = [f"{kind}: archiver | py-wacz{' [3]' if kind == ANONYMOUS else ''}" for kind in KINDS]
    lines = [f"| tampered with | {' | '.join(heads)} |", "|---" * 7 + "|"]
    for name in (GENUINE, *MUTATIONS):
        cells = [_cell(table.get((name, kind))) for kind in KINDS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    tampered = [cell for (name, _), cell in table.items() if name != GENUINE]
    named, refused = sum(bool(cell.reason) for cell in tampered), sum(not cell.accepted for cell in tampered)
    total = f"Of {len(tampered)} tampered files archiver names {named} and py-wacz refuses {refused}."
    return "\n".join([*lines, "", f"{total} {_LEGEND}"])


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "– | –"
    word = "accepts" if cell.accepted else "refuses"
    return f"{cell.judgement.verdict[0]} {cell.reason or 'as genuine'} | {word}"


def shown_in(readme: str) -> str:
    """What stands between the markers of *readme*; ValueError where they are not there once each."""
    _, start, rest = readme.partition(START)
    table, end, after = rest.partition(END)
    if not start or not end or START in rest or END in after:
        raise ValueError(f"the README needs {START} and {END}, once each and in this order")
    return table
