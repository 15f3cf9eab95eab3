"""Small notebooks that the tests of sweeps write and run."""

import nbformat


def write_notebook(path, *sources):
    """Write a notebook of these code cells, the first of them its parameters; return the path."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[0].metadata.tags = ["parameters"]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
    return path
