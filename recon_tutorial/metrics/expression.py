"""Scores that compare expression gene by gene."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import r2_score

from recon_tutorial.metrics._arrays import matrices


def r2(true, pred, *, on: str = "sum") -> float:
    """Share of the spread between genes that the prediction explains.

    scikit-learn's ``r2_score`` between the two profiles, one value per gene.
    The denominator is the spread between genes, so two unrelated samples of the same tissue
    already score high: read it next to the floor.

    Parameters
    ----------
    true, pred : array of shape (n, n_genes) and (m, n_genes)
        Cells; rows need not match.
    on : {"sum", "mean"}
        Profile of a sample: summed expression as in ReconEval (only for n = m, since sums grow
        with the number of cells), or the mean.

    Returns
    -------
    float
        1 at best; no lower bound.

    Raises
    ------
    ValueError
        If the inputs do not fit together, the counts differ under ``on="sum"``, or there is only
        one gene (no spread to explain).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> genes = np.linspace(0, 3, 50)  # a mean for each gene
    >>> cells, others = genes + rng.normal(size=(2, 200, 50))
    >>> print(f"{r2(cells, others):.2f}, {r2(cells, others + 1):.2f}")
    0.99, -0.23

    Derived in chapter 1.
    """
    true, pred = matrices(true=true, pred=pred)
    if on not in ("sum", "mean"):
        raise ValueError(f'on={on!r} is unknown: choose "sum" or "mean"')
    if on == "sum" and len(true) != len(pred):
        raise ValueError(
            f"sums of {len(true)} and {len(pred)} cells cannot be compared: "
            'pass on="mean" when the numbers of cells differ'
        )
    if true.shape[1] < 2:
        raise ValueError("R2 needs a spread between genes but got 1 gene: pass two or more")
    profile = np.sum if on == "sum" else np.mean
    return float(r2_score(profile(true, axis=0), profile(pred, axis=0)))


def mse(true, pred) -> float:
    """Mean squared error over matched cells and genes.

    Only meaningful with true pairs: row i of `pred` must predict row i of `true`.
    Without pairs it rewards a prediction for repeating the mean.

    Parameters
    ----------
    true, pred : array of shape (n, d)
        Matched cells, in expression or embedding.

    Returns
    -------
    float
        0 at best, in squared units of the input.

    Raises
    ------
    ValueError
        If the shapes differ or a value is missing.

    Examples
    --------
    >>> mse([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 6.0]])
    1.0

    Derived in chapter 1.
    """
    true, pred = matrices(true=true, pred=pred)
    if len(true) != len(pred):
        raise ValueError(
            f"cell-wise MSE needs matched rows, got {len(true)} true and {len(pred)} predicted "
            "cells: predict one cell per true cell, or compare distributions instead"
        )
    return float(np.mean((true - pred) ** 2))


def mse_mean(true, pred) -> float:
    """Mean squared error of the mean cell, feature by feature.

    |mean true - mean pred|² / d: needs no pairs, and sees nothing but means.

    Parameters
    ----------
    true, pred : array of shape (n, d) and (m, d)
        Cells in one space; rows need not match.

    Returns
    -------
    float
        0 at best, in squared units of the input.

    Raises
    ------
    ValueError
        If the inputs do not fit together.

    Derived in chapter 4.
    """
    true, pred = matrices(true=true, pred=pred)
    return float(np.mean((true.mean(axis=0) - pred.mean(axis=0)) ** 2))
