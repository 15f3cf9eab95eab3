"""Descriptors without knowledge: name tags, noise, and true rows under wrong names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from recon_tutorial import _given
from recon_tutorial._given import is_whole
from recon_tutorial._numeric import a_table, generator


def one_hot(names: Sequence[str]) -> pd.DataFrame:
    """Give each perturbation a column of its own: a name tag without meaning.

    Nothing learned about one perturbation says anything about another, so a linear model can only
    answer an unseen one with the average.

    Parameters
    ----------
    names : sequence of str
        Distinct names of perturbations.

    Returns
    -------
    DataFrame
        The identity matrix (n, n), float32, rows and columns named.

    Raises
    ------
    ValueError
        If there is no name, or one repeats.

    Examples
    --------
    >>> one_hot(["IL-4", "IFN-beta"]).to_numpy()
    array([[1., 0.],
           [0., 1.]], dtype=float32)

    Derived in chapter 6.
    """
    names = _distinct(names)
    return pd.DataFrame(np.eye(len(names), dtype=np.float32), index=names, columns=names)


def random(names: Sequence[str], dim: int, *, seed: int = 0) -> pd.DataFrame:
    """Give each perturbation standard normal numbers: as wide as a real descriptor, and empty.

    Parameters
    ----------
    names : sequence of str
        Distinct names of perturbations.
    dim : int
        Width of a descriptor.
    seed : int
        Same seed, same table.

    Returns
    -------
    DataFrame
        Shape (n, dim), float32.

    Raises
    ------
    ValueError
        If there is no name, one repeats, or `dim` is below 1.

    Examples
    --------
    >>> random(["IL-4", "IFN-beta"], 3, seed=0).shape
    (2, 3)

    Derived in chapter 6.
    """
    names = _distinct(names)
    if not is_whole(dim) or dim < 1:
        raise ValueError(f"dim={dim} must be at least 1: it is the width of a descriptor")
    # A stream of its own: a world simulated with the same seed draws its true descriptors first,
    # and the same numbers here would hand them back.
    rng = generator(seed, 0xDE5C)
    values = rng.normal(size=(len(names), dim)).astype(np.float32)
    return pd.DataFrame(values, index=names, columns=[f"r{j}" for j in range(dim)])


def shuffled(table: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Hand every perturbation the descriptor of another: the control for leaks.

    Same numbers, wrong names. A model that still predicts unseen perturbations with these has
    learned from something that it should not have seen.

    Parameters
    ----------
    table : DataFrame
        One row per perturbation, at least two.
    seed : int
        Same seed, same shuffle.

    Returns
    -------
    DataFrame
        The same index and columns; no row keeps its own values.

    Raises
    ------
    ValueError
        If it is no table, or there are fewer than two rows.

    Derived in chapter 6.
    """
    n = len(a_table(table, "table"))
    if n < 2:
        raise ValueError(f"{n} descriptor(s) cannot be shuffled: pass two or more rows")
    order = generator(seed).permutation(n)
    values = np.empty_like(table.to_numpy())
    values[order] = table.to_numpy()[np.roll(order, 1)]  # along one cycle, so that nothing stays
    return pd.DataFrame(values, index=table.index, columns=table.columns)


def _distinct(names):
    names = _given.names(names, "names")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if not names or repeated:
        found = f"{repeated[0]!r} twice" if repeated else "none"
        raise ValueError(f"descriptors need distinct names but got {found}: name each row once")
    return names
