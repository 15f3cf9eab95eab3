"""What the project needs is said alike by pyproject.toml, the pins, Binder and the workflows."""

import re
import subprocess
import sys

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .project_files import PROJECT, ROOT, pins, read_yaml

EXTRAS = PROJECT["project"]["optional-dependencies"]
CORE = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
REQUIREMENTS = CORE + [Requirement(line) for extra in EXTRAS.values() for line in extra]
CONDA_NAMES = {"torch": "pytorch-cpu", "POT": "pot"}
OTHERS = {"cellflow", "state", "interop"}  # their needs are theirs, not bounds of ours


def test_pyproject_holds_lower_bounds_only():
    ours = [line for extra in EXTRAS.keys() - OTHERS for line in EXTRAS[extra]]
    requirements = CORE + [Requirement(line) for line in ours]
    bounded = {r.name for r in requirements if {s.operator for s in r.specifier} != {">="}}
    assert bounded == {"jupyter-book"}


def test_what_others_wrote_is_bounded_only_where_a_page_would_break():
    needs = [Requirement(line) for extra in OTHERS for line in EXTRAS[extra]]
    bounded = {r.name: str(r.specifier) for r in needs if not r.specifier.contains("999")}
    state = f"=={pins()['arc-state']}"
    assert bounded == {"pandas": "<3", "arc-state": state, "statsmodels": "<0.15"}
    assert canonicalize_name("cellflow-tools") not in {canonicalize_name(r.name) for r in needs}


def test_binder_has_the_floors_of_pyproject():
    lines = [d for d in read_yaml("environment.yml")["dependencies"] if d != "pip"]
    assert "python=3.11" in lines
    assert PROJECT["project"]["requires-python"] == ">=3.11"
    floors = [f"{CONDA_NAMES.get(r.name, r.name)}{r.specifier}" for r in CORE]
    assert sorted(lines) == sorted([*floors, "python=3.11"])


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda r: r.name)
def test_every_requirement_is_pinned_to_a_version_it_admits(requirement):
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_the_pins_were_resolved_with_every_extra():
    header = (ROOT / "constraints.txt").read_text().splitlines()[0]
    (named,) = re.findall(r"`\.\[(.*?)\]`", header)
    assert set(named.split(",")) == set(EXTRAS)
    assert f'WHAT = ".[{named}]"' in (ROOT / ".ci/constraints.py").read_text()


def test_constraints_are_plain_pins_sorted_and_unique():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    plain = [line for line in lines if not line.startswith("#")]
    assert [line for line in plain if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []
    assert list(pins()) == sorted(pins())
    assert len(pins()) == len(plain)


def test_the_weekly_floors_are_those_of_pyproject():
    command = [sys.executable, ".ci/floors.py"]
    floors = subprocess.check_output(command, cwd=ROOT, text=True).split()
    assert floors == [f"{r.name}=={next(iter(r.specifier)).version}" for r in CORE]


def test_the_floors_that_are_tested_are_told_to_make_and_to_the_workflow():
    recipe = re.search(r"^oldest:.*?(?=^\.PHONY)", (ROOT / "Makefile").read_text(), re.M | re.S)[0]
    assert ".ci/floors.py > floors.txt" in recipe and "CONSTRAINTS=floors.txt EXTRAS=" in recipe
    step = first_job("weekly")["steps"][-2]
    assert step["run"] == "python .ci/floors.py > floors.txt"
    includes = first_job("weekly")["strategy"]["matrix"]["include"]
    tested = {row["versions"]: row["constraints"] for row in includes}
    assert tested == {"newest": "/dev/null", "oldest": "floors.txt"}


def test_pre_commit_runs_the_pinned_versions():
    revisions = {
        repo["repo"].rsplit("/", 1)[1].removesuffix("-pre-commit"): repo["rev"].removeprefix("v")
        for repo in read_yaml(".pre-commit-config.yaml")["repos"]
    }
    assert revisions == {name: pins()[name] for name in ("ruff", "nbstripout", "codespell")}


# --- the extras of each job


def first_job(workflow):
    """The job of a workflow that runs its tests in a matrix."""
    (job, *others) = read_yaml(f".github/workflows/{workflow}.yml")["jobs"].values()
    assert not any("strategy" in other for other in others)
    return job


def jobs(workflow):
    """(versions, Python, EXTRAS) of each job of a workflow; its includes are merged as there."""
    matrix = first_job(workflow)["strategy"]["matrix"]
    listed = [{"python": python} for python in matrix.get("python", [])]
    added = []
    for more in matrix["include"]:
        fits = [row for row in listed if row["python"] == more.get("python", row["python"])]
        for row in fits:
            row |= more
        added += [] if fits else [more]
    return [(row.get("versions"), row["python"], row["extras"]) for row in listed + added]


@pytest.mark.parametrize(("versions", "python", "extras"), jobs("test") + jobs("weekly"))
def test_a_job_has_every_extra_that_its_python_can_have(versions, python, extras):
    (state,) = map(Requirement, EXTRAS["state"])
    had = ["cellflow", *["state"] * state.marker.evaluate({"python_version": python}), "interop"]
    assert extras.split() == ([] if versions == "oldest" else had)


@pytest.mark.parametrize("workflow", ["test", "weekly"])
def test_a_job_hands_its_extras_to_make(workflow):
    assert first_job(workflow)["steps"][-1]["env"]["EXTRAS"] == "${{ matrix.extras }}"


def test_the_published_book_and_the_check_of_every_change_have_all_extras():
    assert 'python-version: "3.11"' in (ROOT / ".github/workflows/pages.yml").read_text()
    for name in (".github/workflows/pages.yml", ".ci/run"):
        assert "EXTRAS" not in (ROOT / name).read_text()
