"""What a notebook's parameters cell declares, and whether given values fit it."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from pathlib import Path

import nbformat
import papermill

# What nbformat raises of files that are no notebook, or only begin like one.
UNREAD = (ValueError, AttributeError, KeyError, TypeError, RecursionError, nbformat.ValidationError)
TYPES = {
    "int": int,
    "float": (int, float),
    "str": str,
    "bool": bool,
    "list": (list, tuple),
    "tuple": (list, tuple),  # papermill writes either as a list
    "dict": dict,
}


def check_parameters(notebook: Path, given: dict) -> dict:
    """Return the parameters a run would use, defaults included, if the given ones fit.

    Parameters
    ----------
    notebook : Path
        A notebook whose cell tagged "parameters" holds lines ``name: type = literal  # help``.
    given : dict
        Name and plain value.

    Returns
    -------
    dict
        Name to given value, or to the default (its source text where that is no literal).

    Raises
    ------
    ValueError
        If the notebook cannot be read or has no such cell, if a line of that cell is not of the
        form above, or if a given name is unknown or its value of the wrong type.
    """
    return checker(notebook)(given)


def checker(notebook: Path) -> Callable[[dict], dict]:
    """Read the parameters cell once; the function returned does what `check_parameters` says."""
    cell = _parameters_cell(notebook)
    declared = {} if cell is None else _declared(notebook, cell)
    defaults = {name: _literal(entry["default"]) for name, entry in declared.items()}

    def check(given):
        if cell is None and given:
            raise ValueError(
                f"{notebook.name} has no cell tagged 'parameters', so {_names(given)} cannot be "
                "set: tag the cell that holds the defaults"
            )
        for name, value in given.items():
            if name not in declared:
                raise ValueError(f"{notebook.name} has no parameter {name!r}: {_listing(declared)}")
            expected, default = _kind(declared[name]), declared[name]["default"]
            if not _fits(value, expected) and not (value is None and default == "None"):
                raise ValueError(
                    f"parameter {name!r} of {notebook.name} must be {ast.unparse(expected)}, got "
                    f"{value!r} of type {type(value).__name__}: {_listing(declared)}"
                )
        return defaults | given

    return check


def plain(value, name: str):
    """Turn a value into what JSON and a notebook can hold.

    Parameters
    ----------
    value : object
        Number, text, boolean, None, array, or lists and dicts of them.
    name : str
        What to call the value in an error.

    Returns
    -------
    object
        The same in plain Python types; NaN becomes None, and the keys of a dict text.

    Raises
    ------
    ValueError
        If a number is infinite.
    TypeError
        If the value is of another type.
    """
    if hasattr(value, "tolist"):  # NumPy scalars and arrays, tensors, pandas columns
        value = value.tolist()
    if isinstance(value, float):
        if math.isinf(value):
            raise ValueError(f"{name} is {value}, which JSON cannot hold: give a finite number")
        return None if math.isnan(value) else float(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(item, f"{name}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {str(key): plain(item, f"{name}[{key!r}]") for key, item in value.items()}
    raise TypeError(
        f"{name} is a {type(value).__name__}: give numbers, text, booleans, None, or lists and "
        "dicts of them"
    )


def _parameters_cell(notebook):
    try:
        cells = nbformat.read(notebook, as_version=4).cells
        tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    except UNREAD as error:
        raise ValueError(f"{notebook} cannot be read as a notebook: is it an .ipynb?") from error
    return next(iter(tagged), None)


def _declared(notebook, cell):
    """Return what papermill reads from the cell, provided that it reads every line."""
    try:
        declared = papermill.inspect_notebook(notebook)
        statements = ast.parse(cell.source).body
    except (ValueError, SyntaxError) as error:
        raise ValueError(
            f"the parameters of {notebook.name} cannot be read ({error}): the notebook needs the "
            "kernel python3, and its parameters cell lines like `epochs: int = 300  # passes`"
        ) from error
    for line in statements:
        targets = getattr(line, "targets", [getattr(line, "target", None)])
        unread = [t.id for t in targets if isinstance(t, ast.Name) and t.id not in declared]
        if unread:
            raise ValueError(
                f"papermill cannot read the parameter {unread[0]!r} of {notebook.name}: write it "
                "as `name: type = literal  # help`, with one equals sign and no | in the type"
            )
    return declared


def _literal(source):
    try:
        return plain(ast.literal_eval(source), source)
    except (ValueError, SyntaxError, TypeError):
        return source


def _kind(entry):
    """Parse the annotation of a parameter, or else name the type of its default."""
    kind = entry["inferred_type_name"]
    if kind == "None":
        try:
            kind = type(ast.literal_eval(entry["default"])).__name__
        except (ValueError, SyntaxError):
            kind = "object"
        kind = kind.replace("NoneType", "object")
    return ast.parse(kind, mode="eval").body


def _fits(value, kind):
    """Whether a value has the type that a parsed annotation names; unknown names fit all."""
    base, inner = kind, []
    if isinstance(kind, ast.Subscript):
        base = kind.value
        inner = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
    base = getattr(base, "id", None)
    if base == "Optional":
        return value is None or _fits(value, inner[0])
    if base == "Union":
        return any(_fits(value, option) for option in inner)
    if base not in TYPES:
        return value is None if getattr(kind, "value", "") is None else True
    if not isinstance(value, TYPES[base]) or (isinstance(value, bool) and base != "bool"):
        return False
    items = value.values() if isinstance(value, dict) else value
    return not inner or all(_fits(item, inner[-1 if base == "dict" else 0]) for item in items)


def _listing(declared):
    """One line of all parameters, as their cell declares them."""
    lines = [
        f"{name}: {ast.unparse(_kind(entry))} = {entry['default']}"
        + (f" ({entry['help']})" if entry["help"] else "")
        for name, entry in declared.items()
    ]
    return "its parameters are " + "; ".join(lines) if lines else "it has none"


def _names(given):
    return ", ".join(repr(name) for name in given)
