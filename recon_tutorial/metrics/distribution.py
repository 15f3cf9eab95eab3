"""Scores that compare two clouds of cells."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist, pdist
from sklearn.neighbors import NearestNeighbors

from recon_tutorial.metrics._arrays import by_content, matrices


def energy_distance(true, pred, *, biased: bool = False, squared: bool = False) -> float:
    """Energy distance between two samples of cells.

    2 E|X-Y| - E|X-X'| - E|Y-Y'| with Euclidean norms (Székely & Rizzo, 2013).

    Parameters
    ----------
    true, pred : array of shape (n, d) and (m, d)
        Cells in one space: embedding or log-normalised expression.
    biased : bool
        Count each cell's zero distance to itself (the V-statistic of ReconEval, cell-eval and
        pertpy), which adds E|X-X'|/n + E|Y-Y'|/m on average when the laws agree.
    squared : bool
        Square each distance, as scPerturb (unbiased) and CellFlow (biased) do.
        That form sees means only: biased, it is 2 |mean X - mean Y|² and nothing else.

    Returns
    -------
    float
        0 when the laws agree, in units of the input (squared, in squared units); the unbiased
        form may fall slightly below 0 and is not clipped.

    Raises
    ------
    ValueError
        If the samples differ in d, hold NaN, or have no cell (one cell, for the unbiased form).

    Derived in chapter 1.
    """
    true, pred = matrices(1 if biased else 2, true=true, pred=pred)
    norm = "sqeuclidean" if squared else "euclidean"
    between = cdist(true, pred, norm).mean()
    return float(2 * between - _within(true, biased, norm) - _within(pred, biased, norm))


def _within(cells, biased, norm):
    """Mean distance between two cells of a sample, with or without a cell and itself."""
    n = len(cells)
    return 2 * pdist(cells, norm).sum() / (n * n if biased else n * (n - 1))


def mmd_rbf(true, pred, *, gamma: float | None = None) -> float:
    """Squared maximum mean discrepancy with a Gaussian kernel.

    E k(X,X') + E k(Y,Y') - 2 E k(X,Y), k(x,y) = exp(-gamma |x-y|²), a cell and itself included
    (the V-statistic).

    Parameters
    ----------
    true, pred : array of shape (n, d) and (m, d)
        Cells in one space.
    gamma : float, optional
        Width of the kernel, in units of 1 / squared distance; 1.0 in ReconEval.
        By default the median heuristic (Gretton et al., 2012): 1 / the median of the squared
        distances between two different cells of both samples pooled, zero distances left out.
        That width follows the prediction: pass one gamma for all to compare predictions closely.

    Returns
    -------
    float
        0 when the samples agree, 2 at most.

    Raises
    ------
    ValueError
        If the inputs do not fit together or `gamma` is not positive.

    Derived in chapter 4.
    """
    true, pred = matrices(true=true, pred=pred)
    within = [pdist(cells, "sqeuclidean") for cells in (true, pred)]
    between = cdist(true, pred, "sqeuclidean")
    if gamma is None:
        gamma = _median_heuristic(np.concatenate([*within, between.ravel()]))
    if not gamma > 0:
        raise ValueError(f"gamma={gamma} must be positive: leave it out for the median heuristic")
    means = [
        (len(cells) + 2 * np.exp(-gamma * squares).sum()) / len(cells) ** 2
        for cells, squares in zip((true, pred), within)
    ]
    return float(max(0.0, sum(means) - 2 * np.exp(-gamma * between).mean()))  # 0: but for rounding


def _median_heuristic(squares):
    apart = squares[squares > 0]
    return 1 / np.median(apart) if len(apart) else 1.0  # all cells equal: any width gives 0


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
        Seed of that draw, which does not depend on the order of the cells.

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
        true, ctrl = (c[rng.permutation(by_content(c))[:size]] for c in (true, ctrl))
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
