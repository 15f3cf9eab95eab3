"""What the checks beside `make test` would run: both ends of the versions, all twice, the audit."""

import sys

import pytest

from .fake_install import copy_for_install, make


@pytest.fixture
def steps(tmp_path):
    """Return a function: target -> the commands that make would run for it, in a fresh clone."""
    clone = copy_for_install(tmp_path)

    def planned(target):
        run = make("--dry-run", target, f"PYTHON={sys.executable}", folder=clone)
        assert run.returncode == 0, run.stderr
        return run.stdout

    return planned


def in_order(text, *parts):
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_each_end_has_an_environment_of_its_own(steps):
    oldest, newest = steps("oldest"), steps("newest")
    tests = "/bin/python -m pytest -q -n 2 tests/unit tests/contract"
    assert in_order(oldest, ".ci/floors.py > floors.txt", "-c floors.txt", f".venv-oldest{tests}")
    assert not any(extra in oldest for extra in ("cellflow", "state", "interop"))
    assert in_order(newest, "rm -rf .venv-newest", "-c /dev/null", f".venv-newest{tests}")
    assert ".[state]" in newest
    assert ".venv/" not in (oldest + newest).replace(sys.executable, "python")


def test_chapters_run_as_in_the_book_before_they_run_again(steps):
    book = "book/_ext/execute.py --jobs 2"
    # Chapters take seconds to minutes: whoever is done takes from the other's list.
    again = "pytest -q -n 2 --dist worksteal tests/notebook\n"
    assert in_order(steps("notebooks"), book, again)
    twice = "RECON_TUTORIAL_FULL=1 .venv/bin/python -m pytest -q -n 2 tests/notebook/test_same_numb"
    assert in_order(steps("determinism"), book, twice, "tests/notebook/test_solutions.py")


def test_the_audit_looks_at_workflows_and_pins_and_takes_no_silence_for_an_answer(steps):
    audit = steps("audit")
    assert in_order(audit, "zizmor --no-progress .github", "npm ci", "lint.mjs .github/workflows/")
    # Without --strict a pin that the advisory service does not know would pass as clean.
    assert "pip-audit --strict --disable-pip --no-deps" in audit and "-r constraints.txt" in audit
    assert "zizmor --offline" in steps("lint")
