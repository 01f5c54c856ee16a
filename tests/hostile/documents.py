"""Pages and sheets that name too much, nest too deep, or take too long to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.fetch.rawserver import Step
from tests.hostile.case import IMAGE, SOME, Case, answer, images, page
from tests.hostile.server import Routes

_MISSING = ("missing",)
_LONG = "a" * 1_000_000


def _number(request: bytes) -> int:
    """The number that a target begins with."""
    return int(request.split(b" ", 2)[1][1:].split(b".")[0])


def _next_sheet(request: bytes) -> Iterable[Step]:
    return answer(f"@import '{_number(request) + 1}.css'", "text/css")


def _ten_sheets(request: bytes) -> Iterable[Step]:
    first = _number(request) * 10
    return answer("".join(f"@import '{first + number}.css';" for number in range(10)), "text/css")


def _next_frame(request: bytes) -> Iterable[Step]:
    return page(f"<iframe src=/{_number(request) + 1}></iframe>")


def _next_module(request: bytes) -> Iterable[Step]:
    return answer(f"import '/{_number(request) + 1}.js'", "text/javascript")


def _numbered(pattern: str, count: int) -> str:
    return "".join(pattern.format(number) for number in range(count))


def _hosts(count: int) -> str:
    """Images on so many hosts of 300 letters that are not ASCII."""
    names = (
        "".join(chr(0x4E00 + (37 * host + 101 * at) % 20_000) for at in range(300)) for host in range(count)
    )
    return "".join(f"<img src=http://{name}.invalid/>" for name in names)


def _srcdoc(depth: int) -> str:
    inner = "<img src=/deep>"
    for _ in range(depth):
        inner = '<iframe srcdoc="' + inner.replace("&", "&amp;").replace('"', "&quot;") + '"></iframe>'
    return inner


def _sheet(text: str | bytes) -> Routes:
    return {"/": page("<link rel=stylesheet href=a.css>"), "/a.css": answer(text, "text/css"), "*": IMAGE}


def _too_many(name: str, body: str, urls: int) -> Case:
    """More on one page than is asked for; *urls* are on it."""
    return Case(
        name=name,
        routes=lambda: {"/": page(body), "*": IMAGE},
        requests=2_001,
        work=5,
        peak=150,
        status="partial",
        reasons=_MISSING,
        missing={"limit-resources": SOME},
        lost=urls - 2_000,
    )


def _cut(
    name: str,
    routes: Callable[[], Routes],
    *,
    requests: int,
    work: float = 3,
    peak: float = 150,
    asked: tuple[str, ...] = (),
    flags: tuple[str, ...] = (),
) -> Case:
    """A document of which not all is read."""
    return Case(
        name=name,
        routes=routes,
        requests=requests,
        work=work,
        peak=peak,
        asked=asked,
        flags=flags,
        status="partial",
        reasons=_MISSING,
        missing={"limit-links": 1},
    )


def _whole(
    name: str,
    routes: Callable[[], Routes],
    *,
    requests: int,
    asked: tuple[str, ...] = (),
    work: float = 3,
    peak: float = 80,
) -> Case:
    """A document that is read whatever it looks like."""
    return Case(
        name=name,
        routes=routes,
        requests=requests,
        asked=asked,
        work=work,
        peak=peak,
        status="complete",
    )


CASES = (
    _too_many("50,000 images", _numbered("<img src=/{}>", 50_000), 50_000),
    Case(
        name="100,000 images below a head of 4,900 lines",
        routes=lambda: {
            "/": page(images(100_000), more="".join(f"x-{number:013}: y\r\n" for number in range(4_900))),
            "*": IMAGE,
        },
        flags=("--max-resources", "10"),
        requests=11,
        work=6,
        peak=200,
        status="partial",
        reasons=_MISSING,
        missing={"limit-resources": SOME},
        lost=99_990,
    ),
    _too_many("50,000 frames", _numbered("<iframe src=/{}></iframe>", 50_000), 50_000),
    _too_many(
        "a srcset of 10,000 candidates",
        "<img srcset='" + ", ".join(f"/{number} {number + 1}w" for number in range(10_000)) + "'>",
        10_000,
    ),
    _cut(
        "a srcset of 20 MB",
        lambda: {"/": page("<img srcset='" + "a, " * 7_000_000 + "'>"), "*": IMAGE},
        requests=2,
    ),
    Case(
        name="a sheet of 1,000,000 images",
        routes=lambda: _sheet(_numbered("a{{b:url(/{})}}", 1_000_000)),
        requests=2_001,
        work=7,
        peak=200,
        status="partial",
        reasons=_MISSING,
        missing={"limit-resources": SOME, "limit-links": SOME},
        lost=98_002,
    ),
    _whole(
        "sheets that import each other in a circle",
        lambda: {
            "/": page("<link rel=stylesheet href=0.css>"),
            "/0.css": answer("@import '1.css';@import '0.css'", "text/css"),
            "/1.css": answer("@import '0.css';a{b:url(/x)}", "text/css"),
            "*": IMAGE,
        },
        requests=4,
        asked=("/x",),
    ),
    Case(
        name="sheets that import another each, without end",
        routes=lambda: {"/": page("<link rel=stylesheet href=0.css>"), "*": _next_sheet},
        requests=12,
        status="partial",
        reasons=_MISSING,
        missing={"limit-css-depth": 1},
    ),
    Case(
        name="sheets that import ten others each, without end",
        routes=lambda: {"/": page("<link rel=stylesheet href=1.css>"), "*": _ten_sheets},
        flags=("--max-resources", "300"),
        requests=301,
        status="partial",
        reasons=_MISSING,
        missing={"limit-resources": SOME},
        lost=2_701,
    ),
    Case(
        name="frames within frames, 1,000 deep",
        routes=lambda: {"/": page("<iframe src=/1></iframe>"), "*": _next_frame},
        requests=6,
        status="partial",
        reasons=_MISSING,
        missing={"limit-frame-depth": 1},
    ),
    _cut(
        "documents within documents, 1,000 deep",
        lambda: {"/": page(_srcdoc(1_000)), "*": IMAGE},
        requests=1,
        peak=200,
    ),
    Case(
        name="modules that import another each, without end",
        routes=lambda: {"/": page("<script type=module src=/0.js></script>"), "*": _next_module},
        flags=("--max-resources", "300"),
        requests=301,
        status="partial",
        reasons=_MISSING,
        missing={"limit-resources": 1},
    ),
    _whole(
        "50 MB of HTML",
        lambda: {"/": page(("<p>" + "word " * 100 + "</p>") * 100_000 + "<img src=/x>"), "*": IMAGE},
        requests=2,
        asked=("/x",),
        peak=180,
    ),
    _whole(
        "one line of 20 MB",
        lambda: {"/": page("word " * 4_000_000 + "<img src=/x>"), "*": IMAGE},
        requests=2,
        asked=("/x",),
        peak=110,
    ),
    _whole(
        "elements within elements, 100,000 deep",
        lambda: {"/": page("<div>" * 100_000 + "<img src=/x>"), "*": IMAGE},
        requests=2,
        asked=("/x",),
    ),
    _whole(
        "a comment of 4 MB",
        lambda: {"/": page("<!--" + "x" * 4_000_000 + "--><img src=/x>"), "*": IMAGE},
        requests=2,
        asked=("/x",),
        peak=120,
    ),
    _cut(
        "a comment of 60 MB",
        lambda: {"/": page("<!--" + "x" * 60_000_000 + "--><img src=/x>"), "*": IMAGE},
        requests=1,
        peak=200,
    ),
    _cut(
        "an attribute of 60 MB",
        lambda: {"/": page("<p title='\U0001f600" + "x" * 60_000_000 + "'><img src=/x>"), "*": IMAGE},
        requests=2,
        peak=200,
    ),
    _cut(
        "2,000,000 attributes",
        lambda: {"/": page("<p" + _numbered(" a{}", 2_000_000) + "><img src=/x>"), "*": IMAGE},
        requests=2,
        peak=200,
    ),
    _cut("an image's URL of 1 MB", lambda: {"/": page(f"<img src='/{_LONG}'>"), "*": IMAGE}, requests=1),
    _cut(
        "a base URL of 1 MB",
        lambda: {"/": page(f"<base href='/{_LONG}/'><img src=x>"), "*": IMAGE},
        requests=2,
    ),
    _cut(
        "a sheet's URL of 1 MB in an import",
        lambda: _sheet(f"@import '/{_LONG}'"),
        requests=2,
    ),
    _whole(
        "an image-set of 8 MB",
        lambda: _sheet("a{b:image-set(" + "x " * 4_000_000 + ")}c{d:url(/x)}"),
        requests=3,
        asked=("/x",),
        work=5,
        peak=120,
    ),
    Case(
        name="10,000 host names that take long to read",
        routes=lambda: {"/": page(_hosts(10_000), "text/html; charset=utf-8")},
        flags=("--max-seconds", "2"),
        requests=1,
        work=4,
        status="partial",
        reasons=_MISSING,
        missing={"limit-seconds": SOME},
    ),
    _whole(
        "a host name of 600 letters that are not ASCII",
        lambda: {
            "/": page(
                "<img src='http://"
                + "".join(map(chr, range(0x4E00, 0x4E00 + 600)))
                + ".example/'><img src=/x>",
                "text/html; charset=utf-8",
            ),
            "*": IMAGE,
        },
        requests=2,
        asked=("/x",),
    ),
    _cut(
        "60 MB that their encoding has no characters for",
        lambda: {"/": page(b"\xaa" * 60_000_000, "text/html; charset=windows-1253")},
        requests=1,
        work=6,
        peak=200,
    ),
)
