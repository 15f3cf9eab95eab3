"""Every chapter can be run with other parameters, as the README says."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import papermill
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CHAPTERS = sorted((ROOT / "book").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_parameter_has_a_type_a_default_and_a_meaning(chapter):
    parameters = papermill.inspect_notebook(str(chapter))
    assert "seed" in parameters
    for name, facts in parameters.items():
        assert facts["inferred_type_name"] not in (None, "None"), name
        assert facts["default"] != "", name
        assert len(facts["help"].split()) >= 2, name


def test_the_command_of_the_readme_runs_its_chapter(tmp_path):
    (line,) = re.findall(r"^\.venv/bin/python (-m recon_tutorial run .*)$", README, re.MULTILINE)
    words = shlex.split(line)
    output = tmp_path / words[4]
    words[4] = str(output)
    run = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    recorded = json.loads(output.with_suffix(".json").read_text())
    given = {words[i + 1]: words[i + 2] for i, word in enumerate(words) if word == "-p"}
    assert given.keys() == {"epochs", "seed"}
    assert {name: str(recorded["parameters"][name]) for name in given} == given
    assert recorded["numbers"]
