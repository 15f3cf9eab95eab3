"""The points of a parameter sweep: every combination of a grid, checked before anything runs."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from pathlib import Path

import nbformat

from recon_tutorial._given import a_path
from recon_tutorial.running._grid_file import FORM, read_grid
from recon_tutorial.running._parameters import checker, plain

MOST = 100_000  # points: the records of one folder, and the tasks of one scheduler
LONGEST = 60  # characters of a name that spell the parameters


def grid_points(notebook: str | Path, grid: dict | list | str | Path) -> dict[str, dict]:
    """List the points of a grid, if every one of them fits the notebook.

    Parameters
    ----------
    notebook : path
        A notebook with a cell tagged "parameters".
    grid : dict, list or path
        A dict, name to list of values: all combinations, the last name changing fastest.
        A list of dicts: these points and no others.
        A path: a file (.yaml, .yml or .json) that holds either.

    Returns
    -------
    dict
        Name of the point to its parameters, in order. The name spells what is not a default and
        ends in a hash of all parameters and of the notebook's code.

    Raises
    ------
    FileNotFoundError
        If there is no such notebook or file.
    TypeError, ValueError
        If the grid is empty, not of the form above, has a point twice or more than 100,000 of
        them, or if a name or value does not fit the notebook's parameters cell.

    Examples
    --------
    >>> points = grid_points("book/05_cell_split.ipynb", {"epochs": [20], "seed": [0, 1]})
    >>> list(points.values())
    [{'epochs': 20, 'seed': 0}, {'epochs': 20, 'seed': 1}]

    Derived in chapter 13.
    """
    notebook = Path(a_path(notebook, "notebook"))
    if not notebook.is_file():
        raise FileNotFoundError(f"there is no notebook {notebook}: check the path")
    if isinstance(grid, str | Path):
        grid = read_grid(Path(grid))
    check, code, points = checker(notebook), code_of(notebook), {}
    defaults = check({})
    for parameters in _product(check, grid) if isinstance(grid, dict) else _listed(check, grid):
        name = _name(defaults, defaults | parameters, code)
        if name in points:
            raise ValueError(f"the grid has the point {parameters} twice: leave one of them out")
        points[name] = parameters
    return points


def code_of(notebook: Path) -> str:
    """Hash the code cells of a notebook: its text and outputs change no result."""
    cells = nbformat.read(notebook, as_version=4).cells
    code = [[c.source, c.metadata.get("tags", [])] for c in cells if c.cell_type == "code"]
    return _hash(code)


def _product(check, grid):
    """All combinations of the values, each value checked once."""
    if not grid:
        raise ValueError(f"the grid is empty: {FORM}")
    columns = {}
    for name, values in grid.items():
        if hasattr(values, "tolist"):
            values = values.tolist()
        if not isinstance(values, list | tuple | range):
            raise ValueError(f"the grid has {values!r} for {name!r}: {FORM}")
        if not len(values):
            raise ValueError(f"the grid has no value for {name!r}: give one or leave it out")
        columns[name] = [plain(value, f"{name}[{i}]") for i, value in enumerate(values)]
        for value in columns[name]:
            check({name: value})
    _refuse_more(math.prod(map(len, columns.values())))
    return (dict(zip(columns, values)) for values in itertools.product(*columns.values()))


def _listed(check, grid):
    """Return the points as they were listed, each of them checked."""
    if not isinstance(grid, list | tuple) or not all(isinstance(point, dict) for point in grid):
        raise ValueError(f"the grid is {_short(grid)}: {FORM}")
    if not grid:
        raise ValueError(f"the grid is empty: {FORM}")
    _refuse_more(len(grid))
    points = [{name: plain(v, name) for name, v in point.items()} for point in grid]
    for point in points:
        check(point)
    return points


def _refuse_more(n_points):
    if n_points > MOST:
        raise ValueError(
            f"the grid has {n_points:,} points, more than {MOST:,}: take fewer values, or sweep "
            "parts of it into several folders"
        )


def _name(defaults, used, code):
    """Name a point, legibly and so that no other point or version of the notebook shares it."""
    changed = [f"{k}={_short(v)}" for k, v in used.items() if _short(v) != _short(defaults[k])]
    words = re.sub(r"[^A-Za-z0-9=_+.-]+", "-", "_".join(changed))[:LONGEST].strip("-_.")
    return f"{words or 'defaults'}-{_hash([code, sorted(used.items())])[:12]}"


def _short(value):
    return value if isinstance(value, str) else json.dumps(value, default=repr)


def _hash(content):
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
