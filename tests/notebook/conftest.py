"""A chapter run with other parameters, and what it defines taken out of it."""

import ast
import importlib
import runpy
import sys
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


@pytest.fixture(scope="session")
def execute():
    """Return the module with which the book executes its notebooks."""
    sys.path.insert(0, str(BOOK / "_ext"))
    try:
        return importlib.import_module("execute")
    finally:
        sys.path.pop(0)


@pytest.fixture
def run_again(execute, monkeypatch):
    """Return a function: path, parameters -> that notebook, executed as the book executes it."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", str(BOOK.parent))

    def run(path, parameters=None):
        notebook = execute.read(path)
        if parameters:
            (at,) = [i for i, c in enumerate(notebook.cells) if is_parameters(c)]
            lines = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
            cell = nbformat.v4.new_code_cell(lines, metadata={"tags": ["injected-parameters"]})
            notebook.cells.insert(at + 1, cell)
        execute.execute(execute.make_client(path, notebook, 300))
        return notebook

    return run


@pytest.fixture
def first_run(execute, run_again):
    """Return a function: path of a notebook -> its run in the book, or one made now."""

    def find(path):
        cache = execute.open_cache(execute.BUILD)
        try:
            record = cache.match_cache_notebook(execute.read(path))
        except KeyError:
            return run_again(path)
        return cache.get_cache_bundle(record.pk).nb

    return find


@pytest.fixture(scope="session")
def differences():
    """Return a function: two executed notebooks -> what they do not agree in, but for times."""
    return runpy.run_path(str(Path(__file__).with_name("same_numbers.py")))["differences"]


def is_parameters(cell):
    """Tell whether a cell is the one that parameters replace."""
    return "parameters" in cell.metadata.get("tags", [])


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
