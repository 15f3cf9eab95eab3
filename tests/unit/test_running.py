"""Notebooks made here, run for real: what comes back, what is kept, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from recon_tutorial.running import RECORD, record, run_notebook

ROOT = Path(__file__).parents[2]
PARAMETERS = """epochs: int = 3  # passes over the data
lr: float = 1e-3
name = "ridge"
dims: list[int] = [4, 8]
seed: int = None"""
END = """from recon_tutorial.running import record
import numpy as np
record(loss=np.float32(epochs) / 4, lr=lr, name=name, dims=dims, seed=seed, undefined=np.nan)"""


@pytest.fixture(autouse=True)
def package_on_the_path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a notebook of these code cells and returns its path."""

    def write(*sources, parameters=PARAMETERS):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        if parameters is not None:
            cells.insert(
                0, nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
            )
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec})
        path = tmp_path / "in" / "chapter.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
        return path

    return write


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out" / "run.ipynb"


def _left(output):
    return sorted(path.name for path in output.parent.iterdir())


def test_a_run_returns_parameters_numbers_seconds_and_versions(write, output):
    given = {"epochs": np.int64(5), "lr": 1, "dims": (2, 3)}
    summary = run_notebook(write(END), output, parameters=given)
    defaults = {"name": "ridge", "seed": None}
    assert summary["parameters"] == {"epochs": 5, "lr": 1, "dims": [2, 3], **defaults}
    assert summary["numbers"] == {
        **{"loss": 1.25, "lr": 1, "dims": [2, 3], "undefined": None},
        **defaults,
    }
    assert summary["seconds"] > 0
    assert summary["versions"]["numpy"] == np.__version__
    assert json.loads(output.with_suffix(".json").read_text()) == summary
    assert _left(output) == ["run.ipynb", "run.json"]
    assert str(output.parent) not in output.read_text()  # no path of this machine


def test_records_merge_and_the_later_one_wins(write, output):
    cells = ["from recon_tutorial.running import record", "record(a=1, b=1)", "record(b=2)"]
    assert run_notebook(write(*cells), output)["numbers"] == {"a": 1, "b": 2}


def test_the_notebook_runs_in_its_own_folder_and_kernel(write, output, tmp_path, monkeypatch):
    here = Path.cwd()

    def stay(folder):  # another thread would notice that this process moved
        assert Path(folder) == here

    monkeypatch.setattr(os, "chdir", stay)
    cell = "import os, sys\nfrom recon_tutorial.running import record\n"
    notebook = write(cell + "record(cwd=os.getcwd(), python=sys.executable)")
    numbers = run_notebook(notebook, output)["numbers"]
    assert numbers == {"cwd": str(notebook.parent.resolve()), "python": sys.executable}
    other = run_notebook(notebook, output, cwd=tmp_path)
    assert other["numbers"]["cwd"] == str(tmp_path.resolve())


def test_a_notebook_can_run_another(write, output):
    inner = write("from recon_tutorial.running import record; record(x=epochs)").rename(
        output.parent.parent / "inner.ipynb"
    )
    outer = write(
        "from recon_tutorial.running import record, run_notebook\n"
        f"summary = run_notebook({str(inner)!r}, {str(output.parent / 'inner.ipynb')!r},"
        " parameters={'epochs': 7})\nrecord(**summary['numbers'])"
    )
    assert run_notebook(outer, output)["numbers"] == {"x": 7}


def test_a_failing_cell_is_named_and_the_notebook_kept(write, output):
    output.parent.mkdir()
    output.write_text("an earlier good run")
    with pytest.raises(RuntimeError) as error:
        run_notebook(write("print('before')", "epochs / 0\n1"), output, parameters={"epochs": 1})
    failed = output.with_name("run.failed.ipynb")
    message = str(error.value)
    assert message.startswith("chapter.ipynb failed in code cell 4 ('epochs / 0'): ZeroDivision")
    assert message.endswith(f"see {failed}")
    assert "\n" not in message
    assert type(error.value.__cause__).__name__ == "PapermillExecutionError"
    code = [cell for cell in nbformat.read(failed, 4).cells if cell.cell_type == "code"]
    assert code[2].outputs[0].text == "before\n"
    assert code[3].source.startswith("epochs / 0")
    assert _left(output) == ["run.failed.ipynb", "run.ipynb"]
    assert output.read_text() == "an earlier good run"
    run_notebook(write("1"), output)
    assert _left(output) == ["run.ipynb", "run.json"]


def test_an_expected_exception_counts_as_a_failure_of_its_own_cell(write, output):
    notebook = write("1", "[][0]", "2")
    content = nbformat.read(notebook, 4)
    content.cells[2].metadata.tags = ["raises-exception"]
    nbformat.write(content, notebook)
    with pytest.raises(RuntimeError, match=r"failed in code cell 3 \('\[\]\[0\]'\): IndexError"):
        run_notebook(notebook, output)


def test_a_cell_that_takes_too_long_is_named(write, output):
    with pytest.raises(RuntimeError, match=r"code cell 2 \('import time'\).* longer than 1 s"):
        run_notebook(write("import time\ntime.sleep(60)"), output, timeout=1)
    assert _left(output) == ["run.failed.ipynb"]


def test_a_dead_kernel_is_named(write, output):
    with pytest.raises(RuntimeError, match=r"code cell 3 .*the kernel died"):
        run_notebook(write("import os", "os._exit(1)"), output)
    assert _left(output) == ["run.failed.ipynb"]


REFUSED = {"a file": "in/chapter.ipynb", "text": "in/chapter.txt", "a folder": "in"}


@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED)
def test_an_output_that_would_do_harm_is_refused(write, tmp_path, name):
    notebook = write("1")
    before = notebook.read_bytes()
    with pytest.raises(ValueError, match=r"^output .*: give "):
        run_notebook(notebook, tmp_path / name)
    assert notebook.read_bytes() == before


def test_a_missing_notebook_is_refused(tmp_path, output):
    with pytest.raises(FileNotFoundError, match=r"there is no notebook .*none\.ipynb"):
        run_notebook(tmp_path / "none.ipynb", output)


@pytest.mark.parametrize(
    "options", [{"timeout": 0}, {"timeout": -1}, {"timeout": float("nan")}, {"cwd": "nowhere"}]
)
def test_options_that_make_no_sense_are_refused(write, output, options):
    with pytest.raises(ValueError, match=f"^{next(iter(options))} "):
        run_notebook(write("1"), output, **options)
    assert not output.exists()


def test_record_shows_a_listing_and_keeps_plain_numbers(write, output):
    cell = (
        "from recon_tutorial.running import record\nimport numpy as np\n"
        "record(r2=np.float32(0.123456), k=np.int64(5), ok=np.bool_(True), by={2: [0.5, np.nan]})"
    )
    run_notebook(write(cell), output)
    (shown,) = nbformat.read(output, 4).cells[-1].outputs
    assert shown.data == {"text/plain": "r2: 0.1235\nk: 5\nok: True\nby:\n  2: [0.5, undefined]"}
    kept = shown.metadata[RECORD]
    assert kept == {"r2": pytest.approx(0.123456), "k": 5, "ok": True, "by": {"2": [0.5, None]}}


def test_record_prints_outside_a_notebook(capsys):
    record(mse=np.float64(0.25), bias=-0.0, names=["a", "b"])
    assert capsys.readouterr().out == "mse: 0.25\nbias: 0\nnames: [a, b]\n"


@pytest.mark.parametrize(
    ("numbers", "kind", "says"),
    [
        ({}, ValueError, "nothing to keep"),
        ({"x": np.inf}, ValueError, "x is inf"),
        ({"x": {"y": [1.0, -np.inf]}}, ValueError, r"x\['y'\]\[1\] is -inf"),
        ({"x": {1, 2}}, TypeError, "x is a set"),
        ({"x": print}, TypeError, "x is a builtin_function_or_method"),
    ],
)
def test_record_refuses_what_json_cannot_hold(numbers, kind, says):
    with pytest.raises(kind, match=says):
        record(**numbers)


def test_a_record_is_on_the_page_and_sphinx_does_not_warn(write, output, tmp_path):
    pytest.importorskip("myst_nb")
    cell = "from recon_tutorial.running import record\nrecord(share=0.5)"
    run_notebook(write(cell, parameters=None), output)
    book = tmp_path / "book"
    book.mkdir()
    notebook = nbformat.read(output, 4)
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("# Page"))
    nbformat.write(notebook, book / "index.ipynb")
    (book / "conf.py").write_text("extensions = ['myst_nb']\nnb_execution_mode = 'off'\n")
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", str(book), str(tmp_path / "html")]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert "share: 0.5" in (tmp_path / "html" / "index.html").read_text()
