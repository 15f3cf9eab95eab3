"""A single run that is killed: an older run stays whole, and no kernel and no draft stays."""

import json
import signal
import time

import nbformat
import psutil

from .faults import HOUR, age, drafts, said, start
from .sweep_notebook import write_notebook

CELL = """from pathlib import Path
Path("begun").touch()
import time
while n == 1 and not Path("go").exists(): time.sleep(0.05)
from recon_tutorial.running import record
record(n=n)"""
RUN = """
import sys
from recon_tutorial.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
KILLED_BEFORE_THE_RECORD = """
import signal, sys
from recon_tutorial.running import _notebook
_notebook.keep_json = lambda *_: signal.raise_signal(signal.SIGKILL)
_notebook.run_notebook(sys.argv[1], sys.argv[2], parameters={"n": 2})
"""


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_a_killed_run_leaves_the_older_one_and_no_kernel(tmp_path):
    notebook = write_notebook(tmp_path / "in" / "a.ipynb", "n: int = 0", CELL)
    out = tmp_path / "out"
    out.mkdir()
    (out / "run.ipynb").write_text("an older notebook")
    (out / "run.json").write_text('{"numbers": {"n": 0}}')
    run = start(RUN, "run", notebook, out / "run.ipynb", "-p", "n", "1")
    wait_for(lambda: (tmp_path / "in" / "begun").exists())
    kernels = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGKILL)
    assert kernels and not psutil.wait_procs(kernels, timeout=20)[1]
    said(run)
    assert (out / "run.ipynb").read_text() == "an older notebook"
    assert json.loads((out / "run.json").read_text()) == {"numbers": {"n": 0}}
    assert len(drafts(out)) == 1

    # The next one removes what was left, and is killed when its notebook is there and its numbers
    # are not: then those of the older run are gone, for they belong to another notebook.
    age(out, -2 * HOUR)
    run = start(KILLED_BEFORE_THE_RECORD, notebook, out / "run.ipynb")
    said(run)
    assert run.returncode == -signal.SIGKILL
    assert nbformat.read(out / "run.ipynb", 4).cells[-1].outputs[0].data["text/plain"] == "n: 2"
    assert [path.name for path in out.iterdir()] == ["run.ipynb"]
