"""Every worked solution runs, passes the check of its exercise, and shows wrong answers that fail.

This is where solutions are executed outside the book, so it is where both runs are compared.
"""

import re
from pathlib import Path

import nbformat
import pytest

BOOK = Path(__file__).parents[2] / "book"
SOLUTIONS = sorted((BOOK / "solutions").glob("[0-9][0-9]_*.ipynb"))


def shown(notebook):
    """Return the Markdown that the cells displayed, one text per display."""
    return [
        output["data"]["text/markdown"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/markdown" in output.get("data", {})
    ]


def exercises_of(path):
    source = "\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown")
    return re.findall(r"^#{2,3} Exercise (\d)$", source, re.MULTILINE)


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_a_solution_passes_and_its_wrong_answers_do_not(path, run_chapter, first_run, differences):
    recorded, notebook = run_chapter(f"solutions/{path.stem}")
    assert differences(first_run(path), notebook) == []
    passed = recorded["numbers"]["passed"]
    assert passed == {f"exercise {n}": True for n in exercises_of(path)}
    verdicts = [text.split("**")[1] for text in shown(notebook)]
    assert verdicts.count("Right.") == len(passed)
    assert verdicts.count("Not yet.") >= 2 * len(passed)
    assert set(verdicts) == {"Right.", "Not yet."}


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_every_exercise_is_solved_in_order(path):
    chapter = BOOK / path.name
    assert exercises_of(path) == exercises_of(chapter)
    assert len(exercises_of(path)) >= 2
