"""The command line: what it prints, and which exit code it returns."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from recon_tutorial import __main__, __version__

ROOT = Path(__file__).parents[2]


@pytest.fixture
def notebook(tmp_path):
    cells = [
        nbformat.v4.new_code_cell(
            "lr: float = 0.1\nname: str = 'a'\nwait: int = 0", metadata={"tags": ["parameters"]}
        ),
        nbformat.v4.new_code_cell(
            "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(wait)\n"
            "from recon_tutorial.running import record\nrecord(lr=lr, name=name)"
        ),
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = tmp_path / "chapter.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
    return path


def _command(*words):
    return {
        "args": [sys.executable, "-m", "recon_tutorial", *map(str, words)],
        "env": dict(os.environ, PYTHONPATH=str(ROOT)),
        "text": True,
    }


def _run(*words):
    return subprocess.run(**_command(*words), capture_output=True, timeout=120)


@pytest.fixture
def taken(monkeypatch):
    """Record what would be run."""
    calls = []

    def run_notebook(notebook, output, **options):
        calls.append(options)
        return {"numbers": {}, "seconds": 0.0}

    monkeypatch.setattr(__main__, "run_notebook", run_notebook)
    return calls


def test_run_prints_the_numbers_and_writes_the_notebook(notebook, tmp_path):
    run = _run("run", notebook, tmp_path / "o.ipynb", "-p", "lr", "-1e-3", "-p", "name", "b c")
    assert run.returncode == 0
    assert run.stdout == "lr: -0.001\nname: b c\n"
    assert run.stderr.startswith(f"wrote {tmp_path / 'o.ipynb'} in ")
    assert (tmp_path / "o.ipynb").exists()


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("50", 50),
        ("-3", -3),
        ("1e-3", 1e-3),
        ("-1e-3", -1e-3),
        ("true", True),
        ("False", False),
        ("null", None),
        ("None", None),
        ("[1, 2]", [1, 2]),
        ("{'a': 0.5}", {"a": 0.5}),
        ("ridge", "ridge"),
        ("'5'", "5"),
        ("--p", "--p"),
        ("a b", "a b"),
    ],
)
def test_values_are_read_as_python_reads_them(taken, word, value):
    assert __main__.main(["run", "a.ipynb", "b.ipynb", "-p", "x", word, "-p", "y", "1"]) == 0
    assert taken[0]["parameters"] == {"x": value, "y": 1}
    assert type(taken[0]["parameters"]["x"]) is type(value)


def test_timeout_is_passed_on(taken):
    assert __main__.main(["run", "a.ipynb", "b.ipynb", "--timeout", "1.5"]) == 0
    assert taken[0]["timeout"] == 1.5


def test_a_mistake_is_one_line_and_exit_code_2(notebook, tmp_path, capsys):
    assert __main__.main(["run", str(notebook), str(tmp_path / "o.ipynb"), "-p", "LR", "1"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("recon_tutorial: chapter.ipynb has no parameter 'LR': its param")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("wait", ["-1", "100"], ids=["raises", "takes too long"])
def test_a_failing_cell_is_one_line_and_exit_code_2(notebook, tmp_path, wait):
    run = _run("run", notebook, tmp_path / "o.ipynb", "-p", "wait", wait, "--timeout", "1")
    assert run.returncode == 2
    assert run.stderr.startswith("recon_tutorial: chapter.ipynb failed in code cell 3 ('import pa")
    assert run.stderr.count("\n") == 1


def test_help_and_version_are_readable():
    assert _run("--version").stdout == f"recon_tutorial {__version__}\n"
    shown = _run("run", "--help").stdout
    assert "-p NAME VALUE" in shown
    assert "-p epochs 50 -p seed 3" in shown
    assert _run().returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to another process")
def test_ctrl_c_is_one_line_and_exit_code_130(notebook, tmp_path):
    words = ["run", notebook, tmp_path / "out" / "o.ipynb", "-p", "wait", "100"]
    run = subprocess.Popen(**_command(*words), stderr=subprocess.PIPE, start_new_session=True)
    patience = time.monotonic() + 60
    while not (tmp_path / "started").exists() and time.monotonic() < patience:
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGINT)
    assert run.communicate(timeout=60)[1] == "recon_tutorial: interrupted, nothing was kept\n"
    assert run.returncode == 130
    assert list((tmp_path / "out").iterdir()) == []
