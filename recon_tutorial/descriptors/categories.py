"""Categories as numbers: one column a label, for receptors, families and pathways."""

from __future__ import annotations

import pandas as pd

from recon_tutorial.descriptors._named import frame


def multi_hot(column: pd.Series, *, sep: str = ";") -> pd.DataFrame:
    """Give each label a column: 1 where a perturbation carries it.

    Perturbations that share a label share a direction, so what was learned about one says something
    about the other; two that share none are as unrelated as name tags.

    Parameters
    ----------
    column : Series
        Perturbation name to labels, for example ``"IL4R;IL13RA1"``.
    sep : str
        What stands between two labels of a cell.

    Returns
    -------
    DataFrame
        Shape (n, n_labels), float32, 0 or 1; columns sorted. An empty cell (or NaN) is a row of
        zeros: nothing is known.

    Raises
    ------
    ValueError
        If the column is no Series, a name repeats, a cell is not text, or there is no label at all.

    Examples
    --------
    >>> import pandas as pd
    >>> receptors = pd.Series({"IL-4": "IL4R;IL2RG", "IL-13": "IL4R;IL13RA1"})
    >>> multi_hot(receptors).loc["IL-13"].to_dict()
    {'IL13RA1': 1.0, 'IL2RG': 0.0, 'IL4R': 1.0}

    Derived in chapter 11.
    """
    if not isinstance(column, pd.Series):
        raise ValueError(f"column is a {type(column).__name__}: pass a Series by perturbation name")
    if not isinstance(sep, str) or not sep:
        raise ValueError(f"sep={sep!r} separates nothing: pass what stands between two labels")
    if column.index.has_duplicates:
        name = column.index[column.index.duplicated()][0]
        raise ValueError(f"{name!r} stands twice in the column: keep one row per perturbation")
    carried = []
    for name, cell in column.items():
        if not isinstance(cell, str) and not pd.isna(cell):
            raise ValueError(
                f"{name!r} has {cell!r} where labels were expected: write them as text"
            )
        labels = cell.split(sep) if isinstance(cell, str) else []
        carried.append({label.strip() for label in labels} - {""})
    labels = sorted(set().union(*carried))
    if not labels:
        raise ValueError("the column has no label: choose one that says something")
    rows = [[label in own for label in labels] for own in carried]
    return frame(rows, column.index.astype(str), labels)
