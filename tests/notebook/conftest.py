"""A chapter run with other parameters, in a folder of its own."""

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
