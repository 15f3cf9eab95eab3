"""Scores that compare two clouds of cells."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist, pdist
from sklearn.neighbors import NearestNeighbors

from recon_tutorial.metrics._arrays import matrices


def energy_distance(true, pred, *, biased: bool = False) -> float:
    """Energy distance between two samples of cells.

    2 E|X-Y| - E|X-X'| - E|Y-Y'| with Euclidean norms (Székely & Rizzo, 2013).

    Parameters
    ----------
    true, pred : array of shape (n, d) and (m, d)
        Cells in one space: embedding or log-normalised expression.
    biased : bool
        Count each cell's zero distance to itself (the V-statistic that ReconEval prints), which
        adds about E|X-X'|/n + E|Y-Y'|/m even when the laws agree.

    Returns
    -------
    float
        0 when the laws agree, in units of the input; the unbiased form may fall slightly below 0.

    Raises
    ------
    ValueError
        If the samples differ in d, hold NaN, or have no cell (one cell, for the unbiased form).

    Derived in chapter 1.
    """
    true, pred = matrices(1 if biased else 2, true=true, pred=pred)
    between = cdist(true, pred).mean()
    return float(2 * between - _within(true, biased) - _within(pred, biased))


def _within(cells, biased):
    """Mean distance between two cells of a sample, with or without a cell and itself."""
    n = len(cells)
    return 2 * pdist(cells).sum() / (n * n if biased else n * (n - 1))


def knn_purity(true, pred, ctrl, *, k: int = 20, balanced: bool = False, seed: int = 0) -> float:
    """Share of truly perturbed cells among the nearest neighbours of the predicted ones.

    The pool is the true perturbed cells and the controls; distances are Euclidean.
    A cloud collapsed on its mean, or a shift twice too long, reaches 1: never read it alone.

    Parameters
    ----------
    true, pred, ctrl : array of shape (n, d), (m, d) and (c, d)
        True perturbed, predicted and control cells in one space.
    k : int
        Number of neighbours.
    balanced : bool
        Draw the larger of the two pools down to the size of the smaller one, so that chance is
        0.5; otherwise chance is n / (n + c).
    seed : int
        Seed of that draw.

    Returns
    -------
    float
        Between 0 and 1. The oracle does not reach 1 where controls and perturbed cells overlap.

    Raises
    ------
    ValueError
        If the inputs do not fit together or `k` exceeds the pool.

    Derived in chapter 1.
    """
    true, pred, ctrl = matrices(true=true, pred=pred, ctrl=ctrl)
    if balanced:
        rng, size = np.random.default_rng(seed), min(len(true), len(ctrl))
        true = true[rng.permutation(len(true))[:size]]
        ctrl = ctrl[rng.permutation(len(ctrl))[:size]]
    pool = np.concatenate([true, ctrl])
    if not 1 <= k <= len(pool):
        raise ValueError(f"k={k} neighbours cannot be drawn from {len(pool)} cells: lower k")
    neighbours = NearestNeighbors(n_neighbors=k).fit(pool).kneighbors(pred, return_distance=False)
    return float(np.mean(neighbours < len(true)))


def variance_ratio(true, pred) -> float:
    """Spread of the predicted cells over the spread of the true ones.

    tr Cov(pred) / tr Cov(true): near 0 for a prediction that collapsed on its mean, 1 for one
    that keeps the diversity of real cells.

    Parameters
    ----------
    true, pred : array of shape (n, d) and (m, d)
        Cells of one perturbation in one space.

    Returns
    -------
    float
        1 at best; 0 or more.

    Raises
    ------
    ValueError
        If either has fewer than two cells, or all true cells are the same.

    Derived in chapter 5.
    """
    true, pred = matrices(2, true=true, pred=pred)
    spread = true.var(axis=0, ddof=1).sum()
    if spread == 0:
        raise ValueError("all true cells are equal, so there is no spread to compare: check true")
    return float(pred.var(axis=0, ddof=1).sum() / spread)
