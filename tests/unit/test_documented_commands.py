"""Every command of the documents does what it says, typed in as it stands into a fresh clone.

What takes minutes is only planned by make, in a dry run; the last column says who does it in full.
"""

import json
import shlex
import sys

import pytest

from recon_tutorial.running._parameters import check_parameters

from .documented_commands import (
    ADDRESS,
    commands,
    documented,
    environment,
    inline_makes,
    install,
    publish,
    shorten,
    typed,
)
from .fake_install import program
from .project_files import ROOT

HERE = "it is run below"
GRADED = "test_grading_command_line.py grades with it"
# Document -> command -> (a part of what make plans, or None; where it is done in full).
COMMANDS = {
    "README.md": {
        "make book": ("book/_ext/execute.py", "CI builds the book"),
        "make test": ("pytest", "CI ends with it"),
        ".venv/bin/python -m recon_tutorial run book/05_cell_split.ipynb": (None, HERE),
        "echo": (None, HERE),
        ".venv/bin/python -m recon_tutorial sweep": (None, HERE),
        ".venv/bin/python -m recon_tutorial grade submission.py": (None, GRADED),
    },
    "CONTRIBUTING.md": {
        "make lint": ("lint-imports", "CI begins with it"),
        "make unit": ("tests/unit", "CI does"),
        "make test": ("pytest", "CI ends with it"),
        "make format": ("ruff format", "it changes files: whoever writes them does"),
    },
    "book/run_it_yourself.md": {
        "git clone": (None, HERE),
        "cd recon-tutorial": (None, HERE),
        "make lab": ("jupyter lab book", "it opens a browser: whoever reads does"),
        "make book": ("book/_ext/execute.py", "CI builds the book"),
        "export RECON_TUTORIAL_DATA": (None, "it sets a variable for the next line"),
        "make data EXTRAS=": ("fetch(name)", "the tests marked index fetch all of it"),
        "#!/bin/sh": (None, HERE),
        "for SEED in": (None, HERE),
        "make wheelhouse": ("wheelhouse.py", "test_wheelhouse.py packs and installs one"),
        "make wheelhouse EXTRAS=": ('--extras ""', "test_wheelhouse.py"),
        "PIP_NO_INDEX=1 PIP_FIND_LINKS=": ("execute.py", "test_wheelhouse.py installs from one"),
        "make repository URL=": (None, HERE),
        "git commit": (None, HERE),
    },
    "book/teaching/checklist.md": {"make wheelhouse": ("wheelhouse.py", "test_wheelhouse.py")},
    "book/teaching/project_brief.md": {"python -m recon_tutorial grade": (None, GRADED)},
    "book/reference/datasets.md": {"make data": ("fetch(name)", "the tests marked index do")},
}
PLANNED = {
    (name, command): part
    for name, listed in COMMANDS.items()
    for command, (part, _) in listed.items()
    if part
}


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder, and beside it the repository that the address of the book leads to."""
    folder = tmp_path_factory.mktemp("reader")
    publish(folder)
    return folder


@pytest.fixture(scope="module")
def clone(room):
    """What a reader has after the first command, and the environment that make would have made."""
    command, step, *_ = commands((ROOT / "book/run_it_yourself.md").read_text())
    run = typed(f"{command}\n{step}\npwd", room, environment(room))
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == str(room / ADDRESS.rpartition("/")[2])
    return room / ADDRESS.rpartition("/")[2]


def said(document, start):
    """The one command of a document that begins so, the shortest where several do."""
    found = [c for c in commands((ROOT / document).read_text()) if c.startswith(start)]
    return min(found, key=len)


def test_every_command_of_every_document_is_listed():
    found = documented()
    assert found.keys() == COMMANDS.keys()
    for document, listed in COMMANDS.items():
        assert [said(document, start) for start in listed] == found[document]


@pytest.mark.parametrize(("document", "start"), PLANNED)
def test_make_knows_how_to_do_it(clone, room, document, start):
    command = said(document, start).replace("make ", "make --dry-run ")
    run = typed(command, clone, environment(room) | {"PYTHON": sys.executable})
    assert run.returncode == 0, run.stderr
    assert PLANNED[document, start] in run.stdout


@pytest.mark.parametrize("document", ["README.md", "book/run_it_yourself.md", "CONTRIBUTING.md"])
def test_make_knows_what_the_lines_of_a_document_call(clone, room, document):
    calls = inline_makes((ROOT / document).read_text())
    assert calls
    for call in calls:
        command = call.replace("make", "make --dry-run", 1)
        run = typed(command, clone, environment(room) | {"PYTHON": sys.executable})
        assert run.returncode == 0, (call, run.stderr)


def test_a_chapter_runs_with_other_parameters(clone, room):
    install(clone)
    shorten(clone / "book/05_cell_split.ipynb", n_perturbations=6, cells_per_perturbation=60)
    command = said("README.md", ".venv/bin/python -m recon_tutorial run")
    run = typed(command, clone, environment(room))
    assert run.returncode == 0, run.stderr
    assert (clone / "out.ipynb").is_file()
    used = json.loads((clone / "out.json").read_text())["parameters"]
    assert (used["epochs"], used["seed"]) == (50, 3)


def test_a_chapter_runs_at_every_point_of_a_grid(clone, room):
    install(clone)
    shorten(clone / "book/06_held_out_perturbations.ipynb", epochs=1, n_test=3)
    sweep = said("README.md", ".venv/bin/python -m recon_tutorial sweep")
    run = typed(f"{said('README.md', 'echo')}\n{sweep}", clone, environment(room))
    assert run.returncode == 0, run.stderr
    records = [json.loads(path.read_text()) for path in (clone / "runs").glob("n_train*.json")]
    points = [(r["parameters"]["n_train"], r["parameters"]["seeds"]) for r in records]
    assert sorted(points) == [([5], [0]), ([5], [1]), ([20], [0]), ([20], [1])]


def test_jobs_of_a_cluster_are_one_chapter_each_with_a_seed_of_its_own(clone, room, tmp_path):
    script, loop = (said("book/run_it_yourself.md", start) for start in ("#!/bin/sh", "for SEED"))
    program(tmp_path / ".venv/bin/python", 'echo "$RECON_TUTORIAL_DATA $*" >> ran')
    program(tmp_path / "bin/sbatch", 'export "${1#--export=ALL,}" && sh -e "$2"')
    (tmp_path / "job.sh").write_text(script)
    env = environment(room) | {"HOME": "/h"}
    run = typed(loop, tmp_path, env, PATH=f"{tmp_path / 'bin'}:{env['PATH']}")
    assert run.returncode == 0, run.stderr
    ran = [line.split() for line in (tmp_path / "ran").read_text().splitlines()]
    assert {data for data, *_ in ran} == {"/h/recon_tutorial_data"}
    for seed, (_, *words) in enumerate(ran):
        chapter = "book/05_cell_split.ipynb"
        line = f"-m recon_tutorial run {chapter} seed_{seed}.ipynb -p seed {seed}"
        assert words == line.split()
        assert check_parameters(clone / chapter, {"seed": seed})["seed"] == seed
    assert len(ran) == 3


def test_a_fork_is_made_in_two_commands(clone, room):
    for start in ("make repository", "git commit"):
        command = said("book/run_it_yourself.md", start)
        run = typed(command, clone, environment(room) | {"PYTHON": sys.executable})
        assert run.returncode == 0, run.stderr
    config = typed("git show HEAD:_config.yml", clone, environment(room)).stdout
    words = shlex.split(said("book/run_it_yourself.md", "make repository"))
    assert words[2].removeprefix("URL=") in config
