"""The targets that documents name exist, and a broken install is never taken for a good one."""

import os
import re
import sys
from pathlib import Path

import pytest

from .fake_install import MAKEFILE, ROOT, copy_for_install, fake_python, make, program

TARGETS = set(re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE))
PROMISED = {"help", "book", "test", "serve", "lab", "lint", "clean", "data", "benchmark"}
PROMISED |= {"cellflow", "state", "interop"}


@pytest.fixture
def clone(tmp_path):
    return copy_for_install(tmp_path)


def test_make_alone_lists_every_target():
    listed = re.findall(r"^  (\S+)  +\S", make().stdout, re.MULTILINE)
    assert set(listed) == TARGETS
    assert len(listed) == len(TARGETS)


def test_the_promised_targets_exist():
    assert PROMISED <= TARGETS


@pytest.mark.parametrize(
    "document",
    ["README.md", "CONTRIBUTING.md", ".ci/run", *(ROOT / ".github/workflows").glob("*.yml")],
    ids=lambda path: Path(path).name,
)
def test_every_make_command_in_a_document_is_a_target(document):
    text = (ROOT / document).read_text()
    calls = re.findall(r"(?:`|^|run: )make((?: [a-z-]+)+)", text, re.MULTILINE)
    assert {target for call in calls for target in call.split()} <= TARGETS


def test_make_test_runs_every_check_in_order():
    (steps,) = re.findall(r"^test: (.*?) ##", MAKEFILE, re.MULTILINE)
    assert steps.split() == ["lint", "unit", "notebooks", "book", "book-test"]
    assert re.search(r"^\.NOTPARALLEL:$", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize(
    ("working", "chosen"),
    [
        ({"python3.11", "python3.12", "python3.13"}, "python3.12"),
        ({"python3.11", "python3.13"}, "python3.11"),
        ({"python3.13", "python3"}, "python3.13"),
    ],
)
def test_the_python_that_has_both_extras_is_preferred_and_a_failing_shim_passed_over(
    tmp_path, working, chosen
):
    for name in ("python3.11", "python3.12", "python3.13", "python3", "python"):
        program(tmp_path / name, f'exec "{sys.executable}" "$@"' if name in working else "exit 127")
    path = f"{tmp_path}:{os.environ['PATH']}"
    (tmp_path / "which.mk").write_text("which: ; @echo $(PYTHON)\n")
    run = make("-f", "Makefile", "-f", str(tmp_path / "which.mk"), "which", PATH=path)
    assert run.stdout.strip() == chosen


def test_a_failing_check_of_the_machine_stops_before_anything_is_made(clone):
    python = program(clone / "old-python", 'case "$1" in *check_machine.py) exit 1;; esac')
    run = make("unit", f"PYTHON={python}", folder=clone)
    assert run.returncode != 0
    assert not (clone / ".venv").exists()


def test_no_python_at_all_is_one_sentence(clone):
    run = make("unit", "PYTHON=", folder=clone)
    assert run.returncode != 0
    assert run.stderr.splitlines()[0].startswith("No Python was found: install Python 3.11")


@pytest.mark.parametrize("end", ["exit 1", "kill -INT $$"], ids=["failed", "interrupted"])
def test_an_unfinished_install_is_begun_again(clone, end):
    run = make(".venv/.ready", f"PYTHON={fake_python(clone, end)}", folder=clone)
    assert run.returncode != 0
    assert (clone / ".venv/bin/python").exists()
    assert not (clone / ".venv/.ready").exists()
    assert make("--question", ".venv/.ready", folder=clone).returncode == 1


def test_a_finished_install_is_not_repeated_until_the_pins_change(clone):
    python = fake_python(clone, 'echo "$@" >> installs')
    for _ in range(2):
        assert make(".venv/.ready", f"PYTHON={python}", folder=clone).returncode == 0
    (line,) = (clone / "installs").read_text().splitlines()
    assert "-c constraints.txt" in line
    assert "-e .[book,test,descriptors,sweep]" in line
    later = (clone / ".venv/.ready").stat().st_mtime + 10
    os.utime(clone / "constraints.txt", (later, later))
    assert make(".venv/.ready", f"PYTHON={python}", folder=clone).returncode == 0
    assert len((clone / "installs").read_text().splitlines()) == 2


def test_the_pins_can_be_exchanged_for_others(clone):
    python = fake_python(clone, 'echo "$@" > installs')
    run = make(".venv/.ready", f"PYTHON={python}", folder=clone, CONSTRAINTS="floors.txt")
    assert run.returncode == 0
    assert "-c floors.txt" in (clone / "installs").read_text()


@pytest.mark.parametrize("target", ["serve", "book-test"])
def test_a_book_that_is_not_built_is_one_sentence(clone, target):
    python = fake_python(clone, "exit 0")
    run = make(target, f"PYTHON={python}", folder=clone)
    assert run.returncode != 0
    assert "run make book first" in run.stderr


def test_clean_removes_what_was_built_and_keeps_the_rest(clone):
    kept = [clone / ".venv/bin/python", clone / "book/page.md"]
    built = [clone / "_build/html/index.html", clone / "book/__pycache__/x.pyc"]
    for path in kept + built:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for folder in ("recon_tutorial", "tests", "benchmarks", ".ci"):
        (clone / folder).mkdir()
    assert make("clean", folder=clone).returncode == 0
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in built)
