"""Sweeps that are killed, interrupted or crowded, with real processes: nothing lost or doubled."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from recon_tutorial.running import collect, sweep

ROOT = Path(__file__).parents[2]
PARAMETERS = "n: int = 0\nseconds: float = 1.0\nlog: str = ''"
# Beginnings and ends, each written at once, tell what has really run, and how often.
CELLS = [
    "import os, time\nfrom pathlib import Path\n"
    "with open(log, 'a') as f: f.write(f'begin {n} {os.getpid()}\\n')",
    "time.sleep(seconds)",
    "with open(log, 'a') as f: f.write(f'end {n}\\n')\n"
    "from recon_tutorial.running import record\nrecord(square=n * n)",
]


@pytest.fixture(autouse=True)
def dask(needs, monkeypatch):
    needs("sweep")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log.txt"


@pytest.fixture
def notebook(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in [PARAMETERS, *CELLS]]
    cells[0].metadata.tags = ["parameters"]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = tmp_path / "in" / "chapter.ipynb"
    path.parent.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
    return path


@pytest.fixture
def grid(tmp_path, log):
    """Write a grid of six points, a second each, and return its file."""
    path = tmp_path / "grid.json"
    path.write_text(json.dumps({"n": list(range(6)), "log": [str(log)]}))
    return path


@pytest.fixture
def start():
    """Return a function that starts Python with these words; all are ended after the test."""
    started = []

    def start(*words):
        command = [sys.executable, "-m", *map(str, words)]
        heard = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, **heard, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def cluster(start, tmp_path):
    """Return a function that starts a scheduler and two workers: its file, and the processes."""
    count = 0

    def cluster():
        nonlocal count
        count += 1
        file = tmp_path / f"scheduler-{count}.json"
        at = ("--scheduler-file", file, "--dashboard-address", "127.0.0.1:0")
        scheduler = start("dask", "scheduler", "--host", "127.0.0.1", "--port", "0", *at)
        until(file.exists)
        here = ("--nthreads", "1", "--local-directory", tmp_path / "dask", "--death-timeout", "60")
        return file, scheduler, [start("dask", "worker", *at, *here) for _ in range(2)]

    return cluster


def until(condition, seconds=60):
    """Wait for it, and return what it said."""
    patience = time.monotonic() + seconds
    while not (said := condition()):
        assert time.monotonic() < patience, "it did not come to that"
        time.sleep(0.02)
    return said


def lines(log, word):
    """The points (n) of which the log has a line that starts with this word, in order."""
    written = log.read_text().splitlines() if log.exists() else []
    return [int(line.split()[1]) for line in written if line.startswith(word)]


def midway(log):
    """Some points are done, and two others are just running."""
    return len(lines(log, "end")) >= 2 and len(lines(log, "begin")) >= 4


def family(process):
    return psutil.Process(process.pid).children(recursive=True)


def words(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def all_gone(processes):
    """End well: no process is left (a zombie is gone, but for who should count it)."""
    return not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def drafts(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".") and path.suffix]


def assert_all_done(folder, log, n_twice=0):
    """Every point is there once, none is lost, and no more than so many were begun again."""
    table = collect(folder)
    assert list(table["n"]) == list(range(6))
    assert list(table["status"]) == ["done"] * 6
    assert list(table["square"]) == [n * n for n in range(6)]
    assert sorted(set(lines(log, "end"))) == list(range(6))
    assert len(lines(log, "begin")) <= 6 + n_twice
    assert drafts(folder) == []


def test_a_killed_worker_is_replaced_and_its_point_run_again(start, notebook, grid, log, tmp_path):
    run = start("recon_tutorial", "sweep", notebook, grid, tmp_path / "out", "--workers", 2)
    until(lambda: midway(log))
    point = next(p for p in family(run) if "running._point" in words(p))
    point.parent().kill()
    out, said = run.communicate(timeout=120)
    assert (run.returncode, out) == (0, ""), said
    assert said == f"wrote {tmp_path / 'out' / 'sweep.csv'}: 6 runs done, 0 failed\n"
    assert len(lines(log, "end")) == 6
    assert_all_done(tmp_path / "out", log, n_twice=1)


def test_what_a_killed_process_was_running_ends_with_it(start, notebook, log, tmp_path):
    grid = tmp_path / "grid.json"
    grid.write_text(json.dumps([{"n": 1, "seconds": 300.0, "log": str(log)}]))
    run = start("recon_tutorial", "sweep", notebook, grid, tmp_path / "out", "--workers", 1)
    until(lambda: len(lines(log, "begin")) == 1)
    (point,) = (p for p in family(run) if "running._point" in words(p))
    below = [point, *point.children(recursive=True)]
    assert len(below) == 2, "the kernel is a child of the point's process"
    point.parent().kill()
    until(lambda: all_gone(below), 5)
    until(lambda: len(lines(log, "begin")) == 2)
    below = family(run)
    run.kill()
    until(lambda: all_gone(below), 10)


def test_a_killed_sweep_takes_all_along_and_goes_on(start, notebook, grid, log, tmp_path):
    run = start("recon_tutorial", "sweep", notebook, grid, tmp_path / "out", "--workers", 2)
    until(lambda: midway(log))
    others = family(run)
    run.kill()
    until(lambda: all_gone(others), 15)
    records = [path for path in (tmp_path / "out").glob("*.json") if path.name != "sweep.json"]
    done = {path: path.stat().st_mtime_ns for path in records}
    ended = len(lines(log, "end"))
    time.sleep(2)
    assert len(lines(log, "end")) == ended, "something still runs"
    assert 2 <= len(done) < 6
    assert set(collect(tmp_path / "out")["status"]) == {"done", "pending"}

    assert list(sweep(notebook, grid, tmp_path / "out", workers=2)["status"]) == ["done"] * 6
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert_all_done(tmp_path / "out", log, n_twice=2)


def test_a_killed_scheduler_is_told_and_the_sweep_goes_on_with_another(
    start, cluster, notebook, grid, log, tmp_path
):
    file, scheduler, workers = cluster()
    command = ("recon_tutorial", "sweep", notebook, grid, tmp_path / "out", "--scheduler-file")
    run = start(*command, file)
    until(lambda: midway(log))
    points = [p for w in workers for p in family(w) if "running._point" in words(p)]
    assert points
    scheduler.kill()
    said = run.communicate(timeout=60)[1]
    assert run.returncode == 2
    assert said.startswith("recon_tutorial: the connection to the Dask scheduler was lost: ")
    assert said.endswith("of 6 runs are done and kept, and the same sweep again does the rest\n")
    assert said.count("\n") == 1
    until(lambda: all_gone(points), 15)

    file, _, workers = cluster()
    run = start(*command, file)
    until(lambda: len(lines(log, "end")) >= 4)
    workers[0].kill()
    said = run.communicate(timeout=120)[1]
    assert run.returncode == 0, said
    assert_all_done(tmp_path / "out", log, n_twice=3)


def test_ctrl_c_keeps_what_is_done_and_stops_the_rest(start, notebook, grid, log, tmp_path):
    run = start("recon_tutorial", "sweep", notebook, grid, tmp_path / "out", "--workers", 2)
    until(lambda: midway(log))
    others = family(run)
    os.killpg(run.pid, signal.SIGINT)
    said = run.communicate(timeout=60)[1]
    assert run.returncode == 130
    done = list(collect(tmp_path / "out")["status"]).count("done")
    rest = "are done and kept, and the same sweep again does the rest"
    assert said == f"recon_tutorial: interrupted: {done} of 6 runs {rest}\n"
    until(lambda: all_gone(others), 10)
    assert drafts(tmp_path / "out") == []
    assert sweep(notebook, grid, tmp_path / "out", workers=2)["status"].eq("done").all()
    assert_all_done(tmp_path / "out", log, n_twice=2)


def test_ctrl_c_stops_points_on_a_cluster_that_lives_on(start, cluster, notebook, log, tmp_path):
    file, scheduler, workers = cluster()
    grid = tmp_path / "grid.json"
    grid.write_text(json.dumps({"n": [1, 2, 3], "seconds": [300.0], "log": [str(log)]}))
    command = ("recon_tutorial", "sweep", notebook, grid, tmp_path / "out", "--scheduler-file")
    run = start(*command, file)
    until(lambda: len(lines(log, "begin")) == 2)
    points = [p for w in workers for p in family(w) if "_point" in words(p)]
    kernels = [kernel for point in points for kernel in point.children(recursive=True)]
    assert (len(points), len(kernels)) == (2, 2)
    os.killpg(run.pid, signal.SIGINT)
    said = run.communicate(timeout=30)[1]
    assert said.startswith("recon_tutorial: interrupted: 0 of 3 runs are done and kept, and the")
    assert said.count("\n") == 1
    until(lambda: all_gone(points + kernels), 5)
    assert [process.poll() for process in (scheduler, *workers)] == [None] * 3
    assert len(lines(log, "begin")) == 2, "the third was begun although nobody wants it"


def test_two_sweeps_into_one_folder_are_refused(start, notebook, grid, log, tmp_path):
    run = start("recon_tutorial", "sweep", notebook, grid, tmp_path / "out", "--workers", 2)
    until(lambda: lines(log, "begin"))
    with pytest.raises(RuntimeError, match=rf"another sweep \(process {run.pid} on .*: wait for"):
        sweep(notebook, grid, tmp_path / "out", workers=1)
    assert len(lines(log, "begin")) < 6
    assert run.wait(timeout=120) == 0
    assert_all_done(tmp_path / "out", log)
