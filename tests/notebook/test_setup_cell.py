"""The set-up cell run for real, unchanged, where the package is missing: as on Colab.

Colab has the dependencies but not our package. Here a fresh virtual environment sees the packages
of the environment of these tests through links, all but `recon_tutorial`, so that nothing heavy is
downloaded; they lie outside of the environment, where pip replaces nothing. The repository of the
book is one on this disk, made of the files as they stand: git takes it for the address in the cell.
"""

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[2]
OURS = re.compile(r"recon_tutorial|__editable__|_editable_impl", re.IGNORECASE)
CHAPTER = "02_contract"
GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
# The whole chapter in one kernel, its set-up cell too; then where the package came from.
RUN = """
import json, sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
asks = "import recon_tutorial, numpy; print(recon_tutorial.__file__, numpy.__file__, sep='\\\\n')"
notebook.cells.append(nbformat.v4.new_code_cell(asks))
NotebookClient(notebook, timeout=300, kernel_name="python3", skip_cells_with_tag="").execute()
print(json.dumps(notebook.cells[-1].outputs[0]["text"].split()))
"""


def run(*command, **options):
    """Run a command that must succeed; return what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    """Return a bare repository whose branch holds the files of the book as they stand."""
    branch = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["branch"]
    folder, bare = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("remote") / "book.git"
    work = [*GIT, "--git-dir", folder / ".git", "--work-tree", ROOT]
    run(*work, "init", "-q", "-b", branch)
    run(*work, "add", "--", "pyproject.toml", "README.md", "LICENSE", "recon_tutorial", cwd=ROOT)
    run(*work, "commit", "-q", "-m", "The book as it stands", cwd=ROOT)
    run(*GIT, "clone", "-q", "--bare", folder / ".git", bare)
    return bare


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Return a fresh environment that has all that we have but our package."""
    folder = tmp_path_factory.mktemp("fresh")
    links, env = folder / "links", folder / "env"
    links.mkdir()
    for kind in ("purelib", "platlib"):
        for entry in Path(sysconfig.get_path(kind)).iterdir():
            link = links / entry.name
            if not OURS.match(entry.name.replace("-", "_")) and not link.is_symlink():
                link.symlink_to(entry)
    run(sys.executable, "-m", "venv", env)
    run(env / "bin" / "python", "-m", "pip", "uninstall", "-q", "-y", "setuptools")  # too old
    (site,) = env.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(f"{links}\n")  # a line that is a folder; its .pth files rest
    return env


@pytest.fixture
def outside(tmp_path, remote):
    """Return the process options of someone who has no copy of the book, and our git."""
    url = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    mine = {k: v for k, v in os.environ.items() if k != "PYTHONPATH" and k[:4] != "GIT_"}
    git = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{remote}.insteadOf",
        "GIT_CONFIG_VALUE_0": url,
    }
    return {"cwd": tmp_path, "env": mine | git | {"OMP_NUM_THREADS": "1"}}


@pytest.mark.index  # pip builds the package with setuptools
def test_the_set_up_cell_brings_the_package_and_the_chapter_runs(fresh, outside, tmp_path):
    python, (site,) = fresh / "bin" / "python", fresh.glob("lib/python*/site-packages")
    absent = "import importlib.util as u; print(u.find_spec('recon_tutorial'))"
    assert run(python, "-c", absent, **outside).strip() == "None"
    before = {path.name for path in site.iterdir()}
    (tmp_path / "run.py").write_text(RUN)
    printed = run(python, "run.py", ROOT / "book" / f"{CHAPTER}.ipynb", **outside)
    ours, numpy = json.loads(printed.splitlines()[-1])
    assert Path(ours).parent == site / "recon_tutorial"
    assert fresh not in Path(numpy).parents  # what was there is used, not installed again
    added = {path.name for path in site.iterdir()} - before
    assert {name for name in added if not OURS.match(name)} <= {"__pycache__"}


def test_the_cell_does_nothing_where_the_package_is(outside, tmp_path):
    cells = nbformat.read(ROOT / "book" / f"{CHAPTER}.ipynb", as_version=4).cells
    (setup,) = [c.source for c in cells if "skip-execution" in c.metadata.get("tags", [])]
    refuse = "import subprocess\ndef run(*a, **k): raise SystemExit('installed')\n"
    code = f"{refuse}subprocess.run = run\n{setup}"
    here = outside["env"] | {"PYTHONPATH": str(ROOT)}
    run(sys.executable, "-c", code, cwd=tmp_path, env=here)
    alone = [sys.executable, "-S", "-c", code]  # -S: without the packages, so without ours
    done = subprocess.run(alone, cwd=tmp_path, env=outside["env"], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (1, "installed")
