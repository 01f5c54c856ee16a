"""What `import archiver` promises."""

from __future__ import annotations

import subprocess
import sys

import pytest

import archiver


@pytest.mark.parametrize("name", archiver.__all__)
def test_every_promised_name_is_there(name: str) -> None:
    assert getattr(archiver, name) is not None


def test_the_promise_is_sorted_and_complete() -> None:
    assert sorted(archiver.__all__) == archiver.__all__
    assert sorted(archiver._PLACES) == archiver.__all__
    assert dir(archiver) == archiver.__all__


def test_save_and_verify_stay_functions_when_their_modules_are_loaded() -> None:
    import archiver.save
    import archiver.verify.verify

    assert callable(archiver.verify)
    assert callable(archiver.save)


def test_importing_the_package_loads_none_of_its_rooms() -> None:
    program = "import sys, archiver; print(*[name for name in sys.modules if name.startswith('archiver.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_help_loads_click_and_nothing_heavier() -> None:
    program = (
        "import sys\nfrom archiver.cli import _run\n_run(['--help'])\n"
        "heavy = ('rich', 'requests', 'lxml', 'cryptography', 'msgspec', 'importlib.metadata')\n"
        "print(*[name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""
    assert "verify" in done.stdout


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = archiver.nothing
