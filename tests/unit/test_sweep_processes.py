"""Sweeps in processes of their own: the command line, runs that do harm, a sweep in a notebook."""

import os
import subprocess
import sys

import pytest

from recon_tutorial.running import collect, run_notebook, sweep

from .optional import needs
from .project_files import ROOT
from .sweep_notebook import write_notebook

PARAMETERS = "n: int = 0\nlog: str = ''"
BEGIN = """import psutil
with open(log, "a") as file:
    file.write(f"{n}\\n")
if n == 99: psutil.Process().parents()[1].kill()
if n == 13: raise KeyError("thirteen")"""
END = "from recon_tutorial.running import record\nrecord(square=n * n)"


@pytest.fixture(autouse=True)
def dask(monkeypatch):
    needs("sweep")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def notebook(tmp_path):
    return write_notebook(tmp_path / "in" / "chapter.ipynb", PARAMETERS, BEGIN, END)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log.txt"


def begun(log):
    return sorted(int(line) for line in log.read_text().split())


def test_a_point_that_kills_its_workers_fails_alone(notebook, log, tmp_path):
    table = sweep(notebook, {"n": [99, 1, 2, 3], "log": [str(log)]}, tmp_path / "out", workers=2)
    assert list(table["status"]) == ["failed", "done", "done", "done"]
    assert table["error"][0].startswith("no worker could run it (KilledWorker: ")
    assert collect(tmp_path / "out")["error"].equals(table["error"])
    assert begun(log).count(99) > 1
    assert [p.name for p in (tmp_path / "out").iterdir() if p.name.startswith(".")] == [".lock"]


def test_a_notebook_can_sweep_another(notebook, log, tmp_path):
    outer = write_notebook(
        tmp_path / "outer.ipynb",
        "workers: int = 2",
        "from recon_tutorial.running import record, sweep\n"
        f"grid = {{'n': [1, 2], 'log': [{str(log)!r}]}}\n"
        f"frame = sweep({str(notebook)!r}, grid, {str(tmp_path / 'out')!r}, workers=workers)\n"
        "record(squares=list(frame['square']))",
    )
    run = run_notebook(outer, tmp_path / "outer" / "run.ipynb")
    assert run["numbers"] == {"squares": [1, 4]}


def test_failed_runs_are_told_at_the_end_and_run_again(notebook, log, tmp_path):
    grid = tmp_path / "grid.yaml"
    grid.write_text(f"n: [1, 13, 2]\nlog: [{log}]\n")
    command = [sys.executable, "-m", "recon_tutorial", "sweep", notebook, grid, tmp_path / "out"]
    for ran in ([1, 2, 13], [1, 2, 13, 13]):
        run = subprocess.run(command, capture_output=True, text=True, env=os.environ, timeout=120)
        assert run.returncode == 1
        (failed,) = (tmp_path / "out").glob("*.failed.ipynb")
        point = failed.name.removesuffix(".failed.ipynb")
        assert run.stderr.startswith(
            f"1 of 3 runs failed:\n\n{point}: chapter.ipynb failed in code"
        )
        assert f"KeyError: 'thirteen'; see {failed}\n" in run.stderr
        assert "----> 5 if n == 13: raise KeyError" in run.stderr
        assert run.stderr.endswith("sweep.csv: 2 runs done, 1 failed\n")
        assert "\x1b" not in run.stderr
        assert begun(log) == ran
