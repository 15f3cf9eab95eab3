"""Labels of cells as plain text, whatever pandas made of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable

import numpy as np

EMPTY = ("", "nan", "<NA>")  # what is left of a missing label once somebody made it text


def labels(obs, key: str, argument: str) -> np.ndarray:
    """Labels of one column of obs as str, (n_cells,), or a ValueError that names the argument.

    Text, numbers, truth values and categories of them are all taken by how they print.
    """
    if isinstance(key, list | tuple):
        raise ValueError(
            f"{argument} is a {type(key).__name__}, and one column is needed: join the columns to "
            "one in obs, and name it"
        )
    if not isinstance(key, str) or key not in obs:
        raise ValueError(
            f"{argument}={key!r} is no column of obs (found: {listed(obs.columns) or 'none'}): "
            "name the column that holds these labels"
        )
    column = obs[key]
    if column.ndim != 1:
        raise ValueError(f"obs has {column.shape[1]} columns named {key!r}: rename all but one")
    text = as_text(column)
    missing = sum(gone or name.strip() in EMPTY for gone, name in zip(column.isna(), text))
    if missing:
        raise ValueError(f"obs[{key!r}] is empty for {missing} cells: label or drop them")
    return text


def as_text(column) -> np.ndarray:
    """A column as str, (n,), of Python's own kind: numpy's would print as np.str_('A')."""
    return np.array([str(label) for label in column], dtype=object)


def rows_by(keys: Iterable[Hashable]) -> dict[Hashable, list[int]]:
    """Positions of each key, keys in order of how they print."""
    rows = defaultdict(list)
    for row, key in enumerate(keys):
        rows[key].append(row)
    return {key: rows[key] for key in sorted(rows, key=str)}


def listed(names, n: int = 3) -> str:
    """The first names, in order."""
    ordered = sorted(map(str, names))
    return ", ".join(ordered[:n]) + (", ..." if len(ordered) > n else "")
