"""Sweeps on a small Dask cluster: what is run, kept, skipped, refused and collected."""

import json

import pytest

from recon_tutorial.running import collect, sweep

from .optional import needs
from .project_files import ROOT
from .sweep_notebook import write_notebook

PARAMETERS = """n: int = 0
mib: int = 0
dims: list[int] = [4]
seconds: float = 0.0
runs: str = ''"""
CODE = """import os
with open(runs, "a") as file:
    file.write(f"{n} {os.getppid()} {os.getcwd()}\\n")
ballast = bytearray(mib * 2**20)
ballast[::4096] = b"1" * len(ballast[::4096])
if n == 13:
    raise KeyError("thirteen")
from recon_tutorial.running import record
record(square=n * n, n=n, dims=len(dims), by={"ridge": {"r2": 0.5}}, gain=[1.5, None],
       threads=os.environ.get("OMP_NUM_THREADS"))"""


@pytest.fixture(scope="module")
def client():
    needs("sweep")
    from distributed import Client, LocalCluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.delenv("OMP_NUM_THREADS", raising=False)
        here = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": 0}
        with (
            LocalCluster(**here, dashboard_address="127.0.0.1:0") as cluster,
            Client(cluster) as client,
        ):
            yield client


@pytest.fixture
def write(tmp_path):
    return lambda code=CODE: write_notebook(tmp_path / "in" / "chapter.ipynb", PARAMETERS, code)


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs.txt"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_every_point_is_run_kept_and_collected(client, write, runs, out, capfd):
    grid = {"n": [2, 3, 13], "mib": [0, 400], "runs": [str(runs)]}
    frame = sweep(write(), grid, out, client=client)
    assert list(frame["n"]) == [2, 2, 3, 3, 13, 13]
    assert list(frame["status"]) == ["done"] * 4 + ["failed"] * 2
    assert list(frame["square"])[:4] == [4, 4, 9, 9] and frame["square"].isna().sum() == 2
    assert list(frame["by.ridge.r2"])[:4] == [0.5] * 4
    assert list(frame["gain.0"])[:4] == [1.5] * 4 and frame["gain.1"].isna().all()
    assert list(frame["dims"]) == ["[4]"] * 6
    assert list(frame["recorded.dims"])[:4] == [1] * 4
    assert "recorded.n" not in frame
    assert (frame["seconds"] > 0).all()
    assert list(frame.columns)[:2] == ["run", "n"]
    assert list(frame.columns)[-4:] == ["seconds", "peak_memory_mib", "status", "error"]
    assert frame["parameter.seconds"].eq(0).all()
    assert collect(out).equals(frame)

    # Memory is that of each run's own kernel, also when another ran on the same worker before.
    peak = frame.set_index(["n", "mib"])["peak_memory_mib"]
    assert (peak.xs(400, level="mib") > 400).all()
    assert (peak.xs(0, level="mib") < 400).all()
    # One thread each, in a process of its own, in the notebook's folder.
    assert list(frame["threads"])[:4] == ["1"] * 4
    lines = [line.split() for line in runs.read_text().splitlines()]
    assert len({parent for _, parent, _ in lines}) == 6
    assert {folder for *_, folder in lines} == {str((out.parent / "in").resolve())}

    kept = json.loads((out / f"{frame['run'][0]}.json").read_text())
    assert kept["parameters"]["n"] == 2 and kept["numbers"]["square"] == 4
    assert kept["versions"]["papermill"] and kept["peak_memory_mib"] == peak[2, 0]
    names = [f"{run}.{end}" for run in frame["run"][:4] for end in ("ipynb", "json")]
    names += [f"{run}.failed.{end}" for run in frame["run"][4:] for end in ("ipynb", "json")]
    assert sorted(p.name for p in out.iterdir()) == sorted(
        [*names, ".lock", "chapter.ipynb", "sweep.json"]
    )
    said = capfd.readouterr().err
    assert said.startswith("2 of 6 runs failed:")
    assert "KeyError: 'thirteen'; see" in said and "----> 7     raise KeyError" in said
    assert list(frame["error"])[:4] == [""] * 4
    assert all("code cell 3 " in error for error in frame["error"][4:])


def test_a_second_sweep_runs_what_is_new_or_failed(client, write, runs, out):
    first = sweep(write(), [{"n": n, "runs": str(runs)} for n in (1, 13)], out, client=client)
    record = out / f"{first['run'][0]}.json"
    before = record.stat().st_mtime_ns
    grid = [{"n": n, "runs": str(runs)} for n in (2, 13, 1)]
    second = sweep(write(), grid, out, client=client)
    assert list(second["n"]) == [2, 13, 1]
    ran = [int(line.split()[0]) for line in runs.read_text().splitlines()]
    assert ran[:2] in ([1, 13], [13, 1]) and sorted(ran[2:]) == [2, 13]
    assert record.stat().st_mtime_ns == before
    assert list(collect(out)["n"]) == [1, 13, 2]


def test_where_all_is_done_no_cluster_is_asked(client, write, runs, out, monkeypatch):
    from recon_tutorial.running import _cluster

    first = sweep(write(), {"n": [1], "runs": [str(runs)]}, out, client=client)
    monkeypatch.setattr(_cluster, "connected", lambda *a: pytest.fail("it was about to run"))
    assert sweep(write(), {"n": [1], "runs": [str(runs)]}, out).equals(first)


def test_a_worker_that_takes_over_runs_nothing_twice(client, write, tmp_path):
    from recon_tutorial.running._task import run_point

    notebook = write()
    (notebook.parent / "p.json").write_text('{"numbers": {"a": 1}}')
    task = {"folder": str(notebook.parent), "notebook": notebook.name, "cwd": str(tmp_path)}
    task |= {"point": "p", "parameters": {}, "used": {}, "timeout": None}
    record = client.submit(run_point, task).result()
    assert record == {"numbers": {"a": 1}, "status": "done"}
    assert sorted(p.name for p in notebook.parent.iterdir()) == ["chapter.ipynb", "p.json"]


def test_a_mended_failure_leaves_nothing_of_it(client, write, runs, out, tmp_path):
    code = f"import pathlib\nassert pathlib.Path({str(tmp_path / 'ready')!r}).exists()"
    grid = {"runs": [str(runs)]}
    assert list(sweep(write(code), grid, out, client=client)["status"]) == ["failed"]
    (tmp_path / "ready").touch()
    assert list(sweep(write(code), grid, out, client=client)["status"]) == ["done"]
    assert [path.name for path in out.glob("*failed*")] == []


def test_a_point_whose_process_dies_fails_alone(client, write, runs, out):
    code = (
        "import os, signal\nif n: os.kill(os.getppid(), signal.SIGKILL)\nimport time\ntime.sleep(n)"
    )
    frame = sweep(write(code), {"n": [0, 5]}, out, client=client)
    assert list(frame["status"]) == ["done", "failed"]
    assert frame["error"][1] == "its process ended with exit code -9, perhaps for lack of memory"
    assert list(collect(out)["status"]) == ["done", "failed"]


def test_a_slow_cell_is_stopped(client, write, out):
    frame = sweep(write("import time\ntime.sleep(60)"), [{}], out, client=client, timeout=1)
    assert "it took longer than 1 s" in frame["error"][0]


def test_an_address_is_as_good_as_a_client(client, write, runs, out):
    address = client.scheduler.address
    frame = sweep(write(), {"n": [1], "runs": [str(runs)]}, out, client=address)
    assert list(frame["status"]) == ["done"]
    assert client.status == "running"


def test_a_worker_that_sees_no_such_folder_says_so(client, write, out, tmp_path):
    from recon_tutorial.running._task import run_point

    task = {"folder": str(tmp_path / "none"), "notebook": "a.ipynb", "cwd": str(tmp_path)}
    task |= {"point": "p", "parameters": {}, "used": {"n": 1}, "timeout": None}
    record = client.submit(run_point, task).result()
    assert record["status"] == "failed"
    assert record["error"].startswith("the worker on ")
    assert (
        f"sees no {tmp_path / 'none'}: keep the notebook and out_dir on a file" in record["error"]
    )


def test_other_code_is_not_mixed_in(client, write, runs, out):
    sweep(write("1"), {"n": [1]}, out, client=client)
    with pytest.raises(ValueError, match=r"holds runs of chapter.ipynb with other code: name"):
        sweep(write("2"), {"n": [2]}, out, client=client)
    other = write("1").rename(out.parent / "in" / "other.ipynb")
    with pytest.raises(ValueError, match=r"a sweep of chapter.ipynb, not of other.ipynb: name"):
        sweep(other, {"n": [2]}, out, client=client)
    with pytest.raises(ValueError, match="holds a sweep: resume it, or name an empty folder"):
        sweep(write("1"), {"n": [2]}, out, client=client, resume=False)
    assert list(collect(out)["n"]) == [1]
