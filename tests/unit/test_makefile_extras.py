"""What others wrote comes with the book; what cannot be had is skipped aloud, in CI not at all."""

import os
import re
import shutil
import sys
import tomllib

import pytest
from packaging.requirements import Requirement

from .fake_install import ROOT, copy_for_install, fake_python, make

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
(STATE,) = map(Requirement, PROJECT["optional-dependencies"]["state"])


@pytest.fixture
def clone(tmp_path):
    return copy_for_install(tmp_path)


def installs(clone):
    """The arguments of every pip install, in order."""
    return (clone / "installs").read_text().splitlines()


def test_each_extra_is_installed_once_after_the_rest_until_the_pins_change(clone):
    python = fake_python(clone, 'echo "$@" >> installs')
    for target in ("cellflow", "state", "interop", "cellflow", "state", "interop"):
        assert make(target, f"PYTHON={python}", folder=clone).returncode == 0
    base, needed, cellflow, state, interop = installs(clone)
    assert base.endswith("-c constraints.txt -e .[book,test,descriptors,sweep]")
    assert needed.endswith("-c constraints.txt -e .[cellflow]")
    assert cellflow.endswith("-c constraints.txt --no-deps cellflow-tools")
    assert state.endswith("-c constraints.txt -e .[state]")
    assert interop.endswith("-c constraints.txt -e .[interop]")
    later = (clone / ".venv/.state").stat().st_mtime + 10
    os.utime(clone / "constraints.txt", (later, later))
    for stamp in (".ready", ".cellflow", ".state", ".interop"):
        assert make("--question", f".venv/{stamp}", folder=clone).returncode == 1


def test_other_pins_reach_the_extras_but_never_choose_the_version_of_cellflow(clone):
    python = fake_python(clone, 'echo "$@" >> installs')
    for target in ("cellflow", "state", "interop"):
        run = make(target, f"PYTHON={python}", folder=clone, CONSTRAINTS="newest.txt")
        assert run.returncode == 0
    used = [re.search(r"-c (\S+)", line)[1] for line in installs(clone)]
    assert used == ["newest.txt", "newest.txt", "constraints.txt", "newest.txt", "newest.txt"]


@pytest.mark.parametrize(
    ("extra", "step"),
    [
        ("cellflow", "*.?cellflow?*"),
        ("cellflow", "*--no-deps*"),
        ("state", "*.?state?*"),
        ("interop", "*.?interop?*"),
    ],
)
def test_a_failing_install_of_an_extra_stops_make_and_leaves_no_stamp(clone, extra, step):
    stamp = clone / f".venv/.{extra}"
    assert make(extra, f"PYTHON={fake_python(clone, 'true')}", folder=clone).returncode == 0
    os.utime(stamp, (0, 0))  # older than what it rests on, so it is due again
    failing = fake_python(clone, f'case "$*" in {step}) exit 1;; esac')
    shutil.copy(clone / "inner", clone / ".venv/bin/python")
    for target in (extra, "unit"):
        assert make(target, f"PYTHON={failing}", folder=clone).returncode != 0
        assert not stamp.exists()
    assert not (clone / "told").exists()


@pytest.mark.parametrize("target", ["book", "unit", "notebooks", "book-test", "lab"])
def test_whatever_runs_chapters_or_their_tests_has_all_extras(clone, target):
    steps = make("--dry-run", target, f"PYTHON={sys.executable}", folder=clone).stdout
    assert ".[cellflow]" in steps and "cellflow-tools" in steps
    assert ".[state]" in steps and ".[interop]" in steps
    bare = make("--dry-run", target, f"PYTHON={sys.executable}", "EXTRAS=", folder=clone).stdout
    assert ".[book,test,descriptors,sweep]" in bare
    assert not any(extra in bare for extra in ("cellflow", "state", "interop"))


@pytest.mark.parametrize("target", ["lint", "format"])
def test_a_quick_check_waits_for_no_extra(clone, target):
    steps = make("--dry-run", target, f"PYTHON={sys.executable}", folder=clone).stdout
    assert ".[book,test,descriptors,sweep]" in steps
    assert not any(f".[{extra}]" in steps for extra in ("cellflow", "state", "interop"))


@pytest.mark.parametrize("ci", ["true", "false"])
@pytest.mark.parametrize("extras", [None, "", "cellflow", "state", "interop"])
def test_tests_are_told_which_extras_they_must_find(clone, extras, ci):
    python = fake_python(clone, "true")
    chosen = {} if extras is None else {"EXTRAS": extras}
    run = make("unit", f"PYTHON={python}", folder=clone, CI=ci, **chosen)
    assert run.returncode == 0, run.stderr
    told = "cellflow state interop" if extras is None else extras
    assert (clone / "told").read_text() == f"sweep {told}".rstrip() + "\n"


def test_an_extra_that_nobody_knows_is_one_sentence(clone):
    run = make("unit", "EXTRAS=cellfow", folder=clone)
    assert run.returncode != 0
    assert 'EXTRAS is "cellfow": name some of cellflow state interop' in run.stderr


@pytest.mark.parametrize("minor", range(11, 16))
def test_make_skips_state_just_where_pyproject_would_install_nothing(clone, minor):
    python = fake_python(clone, 'echo "$@" >> installs', version=(3, minor))
    run = make("state", f"PYTHON={python}", folder=clone)
    assert run.returncode == 0
    had = STATE.marker.evaluate({"python_version": f"3.{minor}"})
    assert any(".[state]" in line for line in installs(clone)) is had
    assert (clone / ".venv/.state").exists() is had
    assert ("STATE is skipped, because" in run.stderr) is not had


def test_without_state_the_build_goes_on_and_tests_do_not_ask_for_it(clone):
    python = fake_python(clone, "true", version=(3, 13))
    for _ in range(2):
        run = make("unit", f"PYTHON={python}", folder=clone, CI="false")
        assert run.returncode == 0
        (sentence,) = run.stderr.splitlines()
        assert sentence.startswith("STATE is skipped, because arc-state needs a Python below 3.13")
    assert (clone / "told").read_text() == "sweep cellflow interop\n" * 2


def test_in_ci_no_extra_may_be_skipped(clone):
    python = fake_python(clone, "true", version=(3, 13))
    run = make("unit", f"PYTHON={python}", folder=clone, CI="true")
    assert run.returncode != 0
    assert "CI=true: nothing may be skipped" in run.stderr
    assert not (clone / "told").exists()
    run = make("unit", f"PYTHON={python}", folder=clone, CI="true", EXTRAS="cellflow interop")
    assert run.returncode == 0
