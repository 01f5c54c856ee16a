"""Every check that needs no key and no policy: the bundle against its own bytes.

Run by `seal` before it signs and by `verify` whatever the signature says. Nothing here trusts what the
bundle says of itself: digests are computed, the index and the manifest are made anew and compared.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from hashlib import sha256

import msgspec

from archiver.bundle.bundle import ARCHIVES, IDENTITY, INDEX, MANIFEST, PAGES, Bundle
from archiver.bundle.container import LAST
from archiver.bundle.datapackage import DIGEST_NAME, NAME
from archiver.bundle.redaction import count_blanks
from archiver.bundle.statement import check_statement, make_statement
from archiver.bundle.verdict import Check, failed, from_error, guarded, passed
from archiver.digest import Digest
from archiver.errors import FormatError, LimitError
from archiver.manifest import Manifest, project
from archiver.signing.dsse import Envelope
from archiver.warc.capture import OURS, Capture
from archiver.warc.cdxj import explain_difference, index_bytes
from archiver.warc.deflate import crc32
from archiver.warc.stated import Stated

_REQUIRED = (ARCHIVES + OURS, INDEX, PAGES, MANIFEST, NAME, DIGEST_NAME)


_WORTH_A_THREAD = 1 << 20


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks found; *manifest* is the one made anew, None where it could not be."""

    checks: tuple[Check, ...]
    manifest: Manifest | None
    blanks: int
    """Ranges of the records that hold asterisks in a secret's place."""


def examine(bundle: Bundle) -> Examination:
    """Check *bundle* against itself; every finding is a check, nothing is raised for its content."""
    checks: list[Check] = [passed("container", f"{len(bundle.members)} members, no byte outside them")]
    checks += guarded("datapackage", lambda: _datapackage(bundle))
    summing = _Summing(bundle)
    summing.begin()
    manifest, blanks, found = _capture(bundle)
    checks += guarded("members", lambda: _members(bundle, summing.result(), scanned=manifest is not None))
    checks += found
    if manifest is not None and all(name in bundle.members for name in LAST):
        checks += guarded("statement", lambda: _statement(bundle, manifest))
    if bundle.changed():
        checks.append(failed("container", "CHANGED_WHILE_READ", "the file was written to while it was read"))
    return Examination(checks=tuple(checks), manifest=manifest, blanks=blanks)


def _datapackage(bundle: Bundle) -> Iterator[Check]:
    missing = [name for name in _REQUIRED if name not in bundle.members]
    for name in missing:
        yield failed("members", "MISSING_MEMBER", f"{name} is not in the bundle")
    if NAME in missing or DIGEST_NAME in missing:
        return
    if bundle.closing.hash != str(bundle.package_digest):
        yield failed("datapackage", "HASH_FAILURE", f"{DIGEST_NAME} names another digest for {NAME}")
    package = bundle.package
    listed = [resource.path for resource in package.resources]
    held = [name for name in bundle.members if name not in LAST]
    for name in sorted(set(held) - set(listed)):
        yield failed("members", "EXTRA_MEMBER", f"{name} is not in {NAME}")
    for name in sorted(set(listed) - set(held)):
        yield failed("members", "MISSING_MEMBER", f"{name} is in {NAME} and not in the bundle")
    if set(listed) == set(held) and listed != held:
        yield failed("datapackage", "FORMAT_FAILURE", f"{NAME} lists the members twice or in another order")
    if bundle.sealed and IDENTITY not in held:
        yield failed("members", "MISSING_MEMBER", f"{IDENTITY} is not in the bundle")
    main = (package.main_page_url, package.main_page_date)
    first = (bundle.pages[0].url, bundle.pages[0].ts) if bundle.pages else (None, None)
    if main != first or (package.title or "") != (bundle.pages[0].title if bundle.pages else ""):
        yield failed("datapackage", "CONTRADICTION", f"{NAME} names another main page than {PAGES}")
    yield passed("datapackage", f"{len(listed)} members listed")


_Sums = dict[str, tuple[int, Digest | None]]
"""CRC-32 of each member, and its digest where the scan does not read its bytes anyway."""


def _sums(bundle: Bundle) -> _Sums:
    sums: _Sums = {}
    for name in bundle.members:
        scanned = name.startswith(ARCHIVES) and bundle.packed is None
        crc, digest = 0, sha256()
        for chunk in bundle.member(name).chunks():
            crc = crc32(chunk, crc)
            if not scanned:
                digest.update(chunk)
        sums[name] = crc, None if scanned else Digest(digest.hexdigest())
    return sums


class _Summing(threading.Thread):
    """Takes the sums beside the scan of the records, where that is worth a thread: both release the GIL."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(name="archiver-sums")
        self._bundle = bundle
        self._found: _Sums = {}
        self._error: Exception | None = None

    def begin(self) -> None:
        """Start, or for a small bundle do it at once."""
        if self._bundle.window.size < _WORTH_A_THREAD:
            self.run()
        else:
            self.start()

    def run(self) -> None:
        try:
            self._found = _sums(self._bundle)
        except Exception as error:  # noqa: BLE001 - raised again by whoever asks for the result
            self._error = error

    def result(self) -> _Sums:
        """The sums, or the error that taking them ended in."""
        if self.ident is not None:
            self.join()
        if self._error is not None:
            raise self._error
        return self._found


def _members(bundle: Bundle, sums: _Sums, *, scanned: bool) -> Iterator[Check]:
    """Every member against the list and the container."""
    try:
        listed = {resource.path: resource for resource in bundle.package.resources}
    except (FormatError, LimitError):
        listed = {}  # reported by the datapackage check; CRCs are still compared
    good = 0
    for name, member in bundle.members.items():
        crc, digest = sums[name]
        if bundle.packed is not None and name.startswith(ARCHIVES):
            if digest != bundle.packed.digests.get(name.removeprefix(ARCHIVES)):
                yield failed("members", "HASH_FAILURE", f"{name}: not the archive that was packed")
                continue
        elif digest is None:
            archive = name.removeprefix(ARCHIVES)
            digest = (
                bundle.capture.digests[archive] if scanned else Digest.of_chunks(bundle.member(name).chunks())
            )
        resource = listed.get(name)
        if crc != member.crc:
            yield failed("members", "HASH_FAILURE", f"{name}: its CRC-32 is not the container's")
        elif resource is not None and resource.bytes != member.size:
            yield failed("members", "HASH_FAILURE", f"{name}: {member.size} bytes, {resource.bytes} listed")
        elif resource is not None and resource.hash != str(digest):
            yield failed("members", "HASH_FAILURE", f"{name}: its sha256 is not the one listed")
        else:
            good += 1
    yield passed("members", f"{good} of {len(bundle.members)} members have the listed bytes")


def _capture(bundle: Bundle) -> tuple[Manifest | None, int, list[Check]]:
    """Records, index, pages and manifest, each of which needs the one before; and how much is blanked."""
    checks: list[Check] = []
    blanks = 0
    try:
        capture = bundle.capture
        checks += _records(capture)
        checks += _index(bundle, capture)
        pages = bundle.pages
        rebuilt = project(capture, ((page.url, page.ts) for page in pages))
        checks.append(passed("pages", f"{len(pages)} pages, each with its record"))
        checks += _manifest(bundle, rebuilt)
        blanks = count_blanks(capture)
    except (FormatError, LimitError) as error:
        checks.append(from_error(_room(error), error))
        return None, blanks, checks
    return rebuilt, blanks, checks


def _room(error: FormatError | LimitError) -> str:
    """The check an error belongs to, from the member it names."""
    rooms = {"archive/": "records", "indexes/": "index", "pages/": "pages", "provenance/": "manifest"}
    return next((room for folder, room in rooms.items() if error.where.startswith(folder)), "records")


def _records(capture: Capture) -> Iterator[Check]:
    found = [(record, finding) for record in capture.records for finding in record.findings]
    for record, (code, message) in found[:100]:
        yield failed("records", code, f"archive/{record.archive}: record at {record.offset}: {message}")
    records = capture.records
    for archive, notes in capture.notes.items():
        for deviation, (count, offset) in sorted(notes.items()):
            where = f"archive/{archive}: {deviation}: {count}, the first in the record at offset {offset}"
            yield passed("records", where, code="IMPORT_NOTE")
    if not capture.own or capture.own[0].type != "warcinfo":
        yield failed("records", "FORMAT_FAILURE", "the first record is not a warcinfo record")
    if capture.stated() is None:
        yield failed("records", "FORMAT_FAILURE", "the last record is not the stated record")
    if not found:
        yield passed("records", f"{len(records)} records, every block and payload digest")


def _index(bundle: Bundle, capture: Capture) -> Iterator[Check]:
    held, expected = bundle.read(INDEX), index_bytes(capture)
    if held == expected:
        lines = expected.count(b"\n")
        yield passed("index", f"{lines} lines, as made anew from the records")
    else:
        code, message = explain_difference(expected, held)
        yield failed("index", code, f"{INDEX}: {message}")


def _manifest(bundle: Bundle, rebuilt: Manifest) -> Iterator[Check]:
    data = bundle.read(MANIFEST)
    good = data == rebuilt.to_json()
    if not good:
        held = Manifest.from_json(data)
        parts = [name for name in Manifest.__struct_fields__ if getattr(held, name) != getattr(rebuilt, name)]
        yield failed("manifest", "HASH_FAILURE", f"{MANIFEST}: not what the records give: {', '.join(parts)}")
    stated = rebuilt.stated
    if stated is not None and stated.status == "complete":
        cut = {
            entry.url for entry in rebuilt.derived.exchanges if entry.truncated and not entry.superseded_by
        }
        captures = rebuilt.derived.captures
        whole = [
            entry
            for entry in captures
            if entry.final_url not in cut and 200 <= entry.status < 300 and entry.status != 206
        ]
        doubts = stated.missing or stated.missing_count or stated.reasons or stated.signs
        if doubts or not captures or len(whole) < len(captures):
            good = False
            yield failed("manifest", "CONTRADICTION", "the status says complete, the records say otherwise")
    for contradiction in _origin(bundle.capture, stated) if stated is not None else ():
        good = False
        yield failed("manifest", "CONTRADICTION", contradiction)
    if good:
        yield passed("manifest", "as made anew from the records")


def _origin(capture: Capture, stated: Stated) -> Iterator[str]:
    """Where the stated record says of the archives' makers what the archives do not show."""
    held = [(name, capture.sizes[name], str(capture.digests[name])) for name in capture.imports]
    if held != [(one.archive, one.bytes, one.digest) for one in stated.imports]:
        yield "the stated record names other imported archives than there are"
    imported = bool(held)
    if (stated.origin == "imported", stated.engine == "import") != (imported, imported):
        there = "imported archives" if imported else "no imported archive"
        yield f"{stated.origin} by the engine {stated.engine}, says the stated record, and there is {there}"
    if imported and len(capture.own) != 2:
        yield f"{OURS} of an import holds more than what was stated"
    if imported and stated.status == "complete":
        yield "the status of an import says complete, and nobody knows what was wanted"


def _statement(bundle: Bundle, manifest: Manifest) -> Iterator[Check]:
    provenance = bundle.closing.provenance
    if provenance is None:
        return
    envelope = Envelope.from_builtins(provenance.envelope)
    expected = make_statement(
        bundle.package,
        bundle.package_digest,
        identity=Digest.of(bundle.read(IDENTITY)),
        origin=manifest.origin,
        captures=manifest.derived.captures,
    )
    check_statement(envelope.payload, envelope.payload_type, expected)
    yield passed("statement", f"covers {len(expected.subject)} files, as the bundle holds them")
