"""Sweeps that are refused before anything runs, tables of what was kept, the command line."""

import sys

import pandas as pd
import pytest

from recon_tutorial import __main__
from recon_tutorial.running import _command, collect, sweep
from recon_tutorial.running._collecting import frame_of, report

from .optional import needs
from .sweep_notebook import write_notebook


@pytest.fixture
def notebook(tmp_path):
    return write_notebook(tmp_path / "in" / "chapter.ipynb", "n: int = 0", "1")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def nothing_runs(monkeypatch):
    needs("sweep")
    from recon_tutorial.running import _cluster

    monkeypatch.setattr(_cluster, "connected", lambda *a: pytest.fail("it was about to run"))


def test_folders_of_others_are_refused_and_left_as_they_are(nothing_runs, notebook, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    (tmp_path / "file").touch()
    for name, says in {
        "full": "holds other files and no sweep.json: name an empty",
        "in": "is the notebook's own folder: name another",
        "file": "is a file: name a folder",
    }.items():
        with pytest.raises(ValueError, match=f"{name} {says}"):
            sweep(notebook, {"n": [1]}, tmp_path / name)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["chapter.ipynb"]


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"workers": 0}, ValueError, "workers is 0: give 1 or more"),
        ({"workers": 10**6}, ValueError, "workers is 1000000: give 1 or more, and at most"),
        ({"workers": 1.5}, TypeError, "workers is 1.5: give a whole number"),
        ({"workers": True}, TypeError, "workers is True: give a whole number"),
        ({"workers": 2, "client": "tcp://127.0.0.1:1"}, ValueError, "give one of the two"),
        ({"timeout": 0}, ValueError, "timeout is 0 s"),
    ],
)
def test_options_that_make_no_sense_are_refused(nothing_runs, notebook, out, options, kind, says):
    with pytest.raises(kind, match=says):
        sweep(notebook, {"n": [1]}, out, **options)
    assert not out.exists()


def test_nobody_at_the_address_is_one_sentence(notebook, out, monkeypatch):
    needs("sweep")
    from recon_tutorial.running import _cluster

    monkeypatch.setattr(_cluster, "PATIENCE", 1)
    with pytest.raises(OSError, match="no Dask scheduler answers at .*127.0.0.1:1 .*start one"):
        sweep(notebook, {"n": [1]}, out, client="tcp://127.0.0.1:1")
    with pytest.raises(FileNotFoundError, match="there is no scheduler file .*none.json: start"):
        sweep(notebook, {"n": [1]}, out, client=out / "none.json")
    assert list(collect(out)["status"]) == ["pending"]


def test_without_dask_one_sentence_says_what_to_install(notebook, out, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "recon_tutorial.running._cluster", raising=False)
    monkeypatch.delattr("recon_tutorial.running._cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    (out.parent / "grid.json").write_text('{"n": [1]}')
    words = ["sweep", str(notebook), str(out.parent / "grid.json"), str(out)]
    assert __main__.main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("recon_tutorial: a sweep needs Dask (")
    assert said.endswith("): pip install 'recon-tutorial[sweep]'\n")
    assert not out.exists()


def test_what_is_no_client_is_refused(notebook, out):
    needs("sweep")
    with pytest.raises(TypeError, match="client is 8786: give a Client, an address or a Path"):
        sweep(notebook, {"n": [1]}, out, client=8786)


def test_collect_refuses_what_is_no_sweep(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no sweep, for it has no sweep.json: name"):
        collect(tmp_path)
    (tmp_path / "sweep.json").write_text("[]")
    with pytest.raises(ValueError, match="sweep.json is no manifest of a sweep: name another"):
        collect(tmp_path)


def test_pending_points_have_a_row_and_taken_names_give_way():
    points = {"a": {"status": 1, "x": 2}, "b": {"status": 1, "x": 3}}
    record = {"numbers": {"x": 5, "y": {"z": [7]}}, "status": "done", "seconds": 1.5}
    frame = frame_of(points, {"a": record, "b": None})
    assert list(frame["status"]) == ["done", "pending"]
    assert list(frame["parameter.status"]) == [1, 1]
    assert list(frame["x"]) == [2, 3] and frame["recorded.x"][0] == 5 and frame["y.z.0"][0] == 7
    assert list(frame["error"]) == ["", ""]


def test_a_report_tells_five_failures_in_full():
    failed = {"status": "failed", "error": "it broke", "traceback": "line 1\nline 2"}
    records = {f"p{i}": failed for i in range(7)} | {"q": {"status": "done"}}
    text = report(records)
    assert text.startswith("7 of 8 runs failed:\n\np0: it broke\n    line 1\n    line 2\n\np1:")
    assert text.count("it broke") == 5 and text.endswith("\n\nand p5, p6")


def test_the_command_line_hands_all_on_and_writes_a_table(monkeypatch, tmp_path, capsys):
    calls = []

    def swept(*arguments, **options):
        calls.append((arguments, options))
        return pd.DataFrame({"n": [1, 2], "status": ["done", "failed"]})

    monkeypatch.setattr(_command, "sweep", swept)
    words = ["sweep", "a.ipynb", "g.yaml", str(tmp_path)]
    assert __main__.main([*words, "--workers", "2", "--timeout", "9", "--no-resume"]) == 1
    assert (tmp_path / "sweep.csv").read_text() == "n,status\n1,done\n2,failed\n"
    assert capsys.readouterr().err == f"wrote {tmp_path}/sweep.csv: 1 runs done, 1 failed\n"
    expected = {"client": None, "workers": 2, "resume": False, "timeout": 9.0}
    assert calls == [(("a.ipynb", "g.yaml", str(tmp_path)), expected)]
    __main__.main([*words, "--scheduler", "tcp://127.0.0.1:8786"])
    __main__.main([*words, "--scheduler-file", "s.json"])
    assert [options["client"] for _, options in calls[1:]] == [
        "tcp://127.0.0.1:8786",
        type(tmp_path)("s.json"),
    ]
    assert calls[1][1]["resume"] is True
    with pytest.raises(SystemExit):
        __main__.main([*words, "--scheduler", "tcp://x", "--workers", "1"])
