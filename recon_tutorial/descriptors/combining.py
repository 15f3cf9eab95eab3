"""Several descriptor tables as one, none louder than another."""

from __future__ import annotations

import numpy as np
import pandas as pd

from recon_tutorial._numeric import a_table, finite
from recon_tutorial.descriptors._named import frame


def combined(*tables: pd.DataFrame) -> pd.DataFrame:
    """Put descriptor tables side by side, scaled so that each counts equally.

    From each table its column means are taken away; then the whole table is divided by one number,
    so that the mean squared length of its rows is 1. Distances and linear kernels then hear every
    table alike, however wide it is. Columns keep their weights within a table: standardising each
    would make the rarest label the loudest.

    Parameters
    ----------
    *tables : DataFrame
        One row per perturbation, numeric, all with the same names in any order.

    Returns
    -------
    DataFrame
        Of float32, rows in the order of the first table; columns are named ``"0:IL4R"``, with the
        position of their table in front.

    Raises
    ------
    ValueError
        If there is no table, names differ or repeat, a value is not a finite number, or all rows
        of a table are alike.

    Notes
    -----
    Means and scales come from all rows, held-out perturbations included: descriptors are known
    before any cell is measured, so nothing leaks.

    Derived in chapter 11.
    """
    if not tables:
        raise ValueError("there is nothing to combine: pass one or more descriptor tables")
    for k, table in enumerate(tables):
        a_table(table, f"table {k}")
    names = tables[0].index
    blocks, columns = [], []
    for k, table in enumerate(tables):
        if table.index.has_duplicates or set(table.index) != set(names):
            odd = sorted(map(str, set(table.index) ^ set(names))) or ["a repeated name"]
            raise ValueError(
                f"table {k} has other rows than table 0 ({odd[0]}): give each one row for every "
                "perturbation"
            )
        values = _numbers(table.loc[names], k)
        values = values - values.mean(axis=0)
        length = np.sqrt((values**2).sum(axis=1).mean())
        if length < 1e-8 * max(1.0, np.abs(table.to_numpy()).max()):
            raise ValueError(f"all rows of table {k} are alike: leave it out")
        blocks.append(values / length)
        columns += [f"{k}:{column}" for column in table.columns]
    return frame(np.hstack(blocks), names, columns)


def _numbers(table, k):
    """Return the values as float64."""
    if any(dtype.kind == "c" for dtype in table.dtypes):
        raise ValueError(f"table {k} holds complex values: pass their parts as columns")
    try:
        values = table.to_numpy(dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"table {k} holds text ({error}): encode it as numbers first") from error
    if not np.isfinite(values).all():
        raise ValueError(f"table {k} holds NaN or infinite values: fill or drop those columns")
    return finite(values, f"table {k}")
