"""A chapter run with other parameters, and what it defines taken out of it."""

import ast
import runpy
from pathlib import Path

import nbformat
import pytest

from recon_tutorial.running import run_notebook

BOOK = Path(__file__).parents[2] / "book"


@pytest.fixture
def run_chapter(tmp_path, monkeypatch):
    """Return a function: chapter name and parameters -> (what it recorded, executed notebook)."""
    monkeypatch.setenv("PYTHONPATH", str(BOOK.parent))

    def run(name, **parameters):
        output = tmp_path / f"{name}.ipynb"
        recorded = run_notebook(BOOK / f"{name}.ipynb", output, parameters=parameters, timeout=300)
        return recorded, nbformat.read(output, as_version=4)

    return run


@pytest.fixture
def definition():
    """Return a function: chapter, name, what it reads -> the chapter's own function or class."""

    def find(chapter, name, **known):
        cells = nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4).cells
        code = [cell.source for cell in cells if cell.cell_type == "code"]
        nodes = [node for source in code for node in ast.parse(source).body]
        (node,) = [node for node in nodes if getattr(node, "name", None) == name]
        exec(compile(ast.Module([node], []), name, "exec"), known)
        return known[name]

    return find


@pytest.fixture
def needs():
    """Return a function: name of an extra -> go on, fail where it was promised, or skip."""
    return runpy.run_path(str(BOOK.parent / "tests" / "unit" / "optional.py"))["needs"]
