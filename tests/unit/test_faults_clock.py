"""A clock that jumps while something runs: no time is up before its time, none is negative."""

import json

import pytest

from .faults import said, start
from .grading_room import GOOD, SEED, linux
from .sweep_notebook import write_notebook

# Read by every Python that starts with it on its path, the kernels among them.
JUMPS = """
import os, time
real, flag, days = time.time, os.environ["JUMPED"], float(os.environ["DAYS"])
time.time = lambda: real() + 86_400 * days * os.path.exists(flag)
time.time_ns = lambda: int(time.time() * 10**9)
"""
CELL = """import os, pathlib, time
before = time.time()
pathlib.Path(os.environ["JUMPED"]).touch()
days = round((time.time() - before) / 86_400)
from recon_tutorial.running import record
record(days=days)"""
SCRIPT = """
import json, sys, time
from recon_tutorial.running import run_notebook
print(json.dumps(run_notebook(sys.argv[1], sys.argv[2], timeout=600)))
"""
GRADE = """
import itertools, json, sys, time
from recon_tutorial.grading import Limits, grade
real, calls = time.time, itertools.count()
time.time = lambda: real() + 86_400 * next(calls)  # a day forward whenever somebody looks
result = grade(sys.argv[1], seed=int(sys.argv[2]), worlds=("linear",), limits=Limits(seconds=60))
print(json.dumps([result.verdict, result.seconds, result.contract["seconds"]]))
"""


@pytest.mark.parametrize("days", [-1, 1], ids=["back", "forward"])
def test_a_run_across_a_jump_has_true_seconds(days, tmp_path, monkeypatch):
    notebook = write_notebook(tmp_path / "a.ipynb", "n: int = 0", CELL)
    (tmp_path / "sitecustomize.py").write_text(JUMPS)
    monkeypatch.setenv("JUMPED", str(tmp_path / "jumped"))
    monkeypatch.setenv("DAYS", str(days))
    process = start(SCRIPT, notebook, tmp_path / "out.ipynb", path=[tmp_path])
    out, complaint = said(process)
    assert process.returncode == 0, complaint
    summary = json.loads(out)
    assert summary["numbers"] == {"days": days}  # it did jump
    assert 0 < summary["seconds"] < 120


@linux
def test_a_submission_has_its_time_across_jumps(tmp_path):
    (tmp_path / "s.py").write_text(GOOD)
    process = start(GRADE, tmp_path / "s.py", SEED)
    out, complaint = said(process)
    assert process.returncode == 0, complaint
    verdict, seconds, contract = json.loads(out)
    assert verdict == "level with ridge"
    assert 0 < contract <= seconds < 120
