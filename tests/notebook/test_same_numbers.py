"""Every notebook run twice, in fresh processes, gives the same numbers to the last digit.

The first run of a chapter is the one that the book shows. Six chapters take the better part of a
minute or more; they run twice with the quick parameters of their metadata instead, unless
RECON_TUTORIAL_FULL is set, as `make determinism` does. Solutions are compared where they run
anyway: test_solutions.py.
"""

import copy
import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from recon_tutorial.running.recording import RECORD

BOOK = Path(__file__).parents[2] / "book"
CHAPTERS = sorted(BOOK.glob("[0-9][0-9]_*.ipynb"))
LONG = {
    *("06_held_out_perturbations", "07_unpaired_cells", "08_flow_matching"),
    *("09_sets_of_cells", "10_real_interferon", "13_scaling_out"),
}
REAL = {"10_real_interferon", "11_real_cytokines"}
FULL = bool(os.environ.get("RECON_TUTORIAL_FULL"))


def chapter(path):
    fetches = [pytest.mark.index] * (path.stem in REAL)
    return pytest.param(path, id=path.stem, marks=fetches)


def quick_parameters(path):
    """Those that the metadata of a long chapter's parameters cell names."""
    cells = nbformat.read(path, as_version=4).cells
    (cell,) = [c for c in cells if "parameters" in c.metadata.get("tags", [])]
    return cell.metadata["quick"]


@pytest.mark.parametrize("path", [chapter(path) for path in CHAPTERS])
def test_a_chapter_gives_the_same_numbers_twice(path, first_run, run_again, differences):
    if path.stem in LONG and not FULL:
        quick = quick_parameters(path)
        one, other = run_again(path, quick), run_again(path, quick)
    else:
        one, other = first_run(path), run_again(path)
    found = differences(one, other)
    assert not found, "\n".join(["these differ between two runs:", *found])


# --- what counts as a difference

TABLE = """<table border="1" class="dataframe"><thead>
<tr style="text-align: right;"><th></th><th>scaled</th><th>seconds</th></tr>
</thead><tbody><tr><th>ridge</th><td>0.98</td><td>1.2</td></tr>
<tr><th>fit</th><td>0.50</td><td>3.4</td></tr></tbody></table>"""
SPANNED = """<table border="1" class="dataframe"><thead>
<tr><th></th><th colspan="2" halign="left">linear</th><th>fit</th></tr>
<tr><th></th><th>energy</th><th>ratio</th><th>seconds</th></tr>
</thead><tbody><tr><th>ridge</th><td>0.98</td><td>1.2</td><td>7.7</td></tr></tbody></table>"""
RECORDED = {"mse": 0.12345678, "seconds": {"ridge": 1.5}, "cost": {"fit": 8.9, "weights": 5}}


def shown(data, **metadata):
    return new_output("display_data", data, metadata=metadata)


def executed():
    """A notebook with one output of each kind."""
    outputs = [
        new_output("stream", name="stdout", text="R2 is 0.91, after 8.9 s and 3.2 ms a step\n"),
        new_output("stream", name="stdout", text="steps are 18% of it\n"),
        new_output("stream", name="stdout", text="within 0.3 of the expected exponent from 64 on"),
        shown({"text/html": TABLE, "text/plain": "ridge 0.98 1.2"}),
        shown({"text/html": SPANNED}),
        shown({"text/plain": "mse: 0.1235"}, **{RECORD: RECORDED}),
        shown({"image/png": "iVBO"}),
        shown({"text/markdown": "**Right.**"}),
    ]
    return new_notebook(cells=[new_code_cell("evaluate()", outputs=outputs)])


def changed(old, new):
    notebook = executed()
    for output in notebook.cells[0].outputs:
        if output.output_type == "stream":
            output.text = output.text.replace(old, new)
        for kind in output.get("data", {}):
            output.data[kind] = output.data[kind].replace(old, new)
    assert notebook.cells[0].outputs != executed().cells[0].outputs
    return notebook


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.91", "0.92"), ("within 0.3", "within 0.2"),
        ("<td>0.98</td><td>1.2</td></tr>\n", "<td>0.97</td><td>1.2</td></tr>\n"),
        ("0.50", "0.51"), ("<td>1.2</td><td>7.7", "<td>1.3</td><td>7.7"), ("iVBO", "iVBP"),
        ("Right", "Not yet"), (">ridge<", ">lasso<"), ("scaled", "raw"),
    ],
)  # fmt: skip
def test_another_digit_is_a_difference(differences, old, new):
    (line, *_) = differences(executed(), changed(old, new))
    assert line.startswith("code cell 1: ")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("8.9 s", "12.0 s"), ("3.2 ms", "4.5 ms"), ("18%", "17%"), ("64", "1,024"),
        ("7.7", "8.8"), ("3.4", "9.9"),
        ("ridge 0.98 1.2", "ridge 0.98 1.3"), ("mse: 0.1235", "mse: 0.1234"),
    ],
)  # fmt: skip
def test_a_time_is_none_nor_is_what_is_compared_in_full_elsewhere(differences, old, new):
    assert differences(executed(), changed(old, new)) == []


@pytest.mark.parametrize(
    ("path", "value", "count"),
    [
        (("mse",), 0.12345679, 1),
        (("cost", "weights"), 6, 1),
        (("cost", "fit"), 9.9, 0),
        (("seconds", "ridge"), 2.5, 0),
    ],
)
def test_what_is_recorded_is_compared_to_its_last_digit(differences, path, value, count):
    other = executed()
    numbers = copy.deepcopy(RECORDED)
    *way, last = path
    inner = numbers
    for name in way:
        inner = inner[name]
    inner[last] = value
    other.cells[0].outputs[5].metadata[RECORD] = numbers
    assert len(differences(executed(), other)) == count


def test_other_code_an_error_and_a_missing_output_are_differences(differences):
    other = executed()
    other.cells[0].source = "evaluate(seed=1)"
    assert differences(executed(), other) == [
        "they are not runs of one notebook: their code differs"
    ]
    fewer = executed()
    fewer.cells[0].outputs.pop()
    assert differences(executed(), fewer) == ["code cell 1: text/markdown: **Right.** | (nothing)"]
    failed = executed()
    failed.cells[0].outputs[-1] = new_output("error", ename="ValueError", evalue="no", traceback=[])
    assert len(differences(executed(), failed)) == 1


def test_a_cached_notebook_has_its_keys_in_another_order(differences):
    other = executed()
    backwards = {name: RECORDED[name] for name in reversed(RECORDED)}
    other.cells[0].outputs[5].metadata[RECORD] = backwards
    assert differences(executed(), other) == []


def test_a_stream_may_come_in_other_parts(differences):
    other = executed()
    first, second = other.cells[0].outputs[:2]
    first.text += second.text
    del other.cells[0].outputs[1]
    assert differences(executed(), other) == []
