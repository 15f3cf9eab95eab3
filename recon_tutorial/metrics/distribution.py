"""Scores that compare two clouds of cells: how far apart they are and how widely they spread."""

from __future__ import annotations

from scipy.spatial.distance import cdist, pdist

from recon_tutorial.metrics._arrays import matrices
from recon_tutorial.metrics._size import block_dtype


def energy_distance(
    true,
    pred,
    *,
    biased: bool = False,
    squared: bool = False,
    device: str = "cpu",
    dtype: str = "auto",
) -> float:
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
        That form sees means only: biased, it is 2 |mean X - mean Y|² and nothing else, and it is
        computed from means and variances in float64, whatever `device` and `dtype`.
    device : {"cpu", "auto", "cuda"}
        Where to compute; "auto" takes a GPU when there is one and the samples are large.
    dtype : {"auto", "float32", "float64"}
        Precision. "auto" is the formula itself up to 2,000 cells in both samples, and "float32"
        beyond. Both precisions work block by block, so that memory does not grow with the number
        of distances, and agree with the formula to 1e-4 and 1e-6 of the mean distance between
        the samples.

    Returns
    -------
    float
        0 when the laws agree, in units of the input (squared, in squared units); the unbiased
        form may fall slightly below 0 and is not clipped.

    Raises
    ------
    ValueError
        If the samples differ in d, hold NaN, or have no cell (one cell, for the unbiased form);
        if an option is unknown or there is no GPU for "cuda".

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> cells, others = rng.normal(size=(2, 500, 3))
    >>> print(f"{energy_distance(cells, others):.1f}, {energy_distance(cells, others + 1):.1f}")
    0.0, 1.0

    Derived in chapter 1.
    """
    true, pred = matrices(1 if biased else 2, true=true, pred=pred)
    n, m = len(true), len(pred)
    precision = block_dtype(n + m, device, dtype)
    if squared:
        gap = true.mean(axis=0) - pred.mean(axis=0)
        noise = 0 if biased else sum(x.var(axis=0, ddof=1).sum() / len(x) for x in (true, pred))
        return float(2 * (gap @ gap - noise))
    if precision is None:
        sums = 2 * pdist(true).sum(), cdist(true, pred).sum(), 2 * pdist(pred).sum()
    else:
        # Imported late: torch takes a second to load, and small samples need none of it.
        from recon_tutorial.metrics._blocks import choose_place, three_sums

        sums = three_sums(
            lambda squares: squares.sqrt_(), true, pred, choose_place(device, precision)
        )
    pairs = [k * k if biased else k * (k - 1) for k in (n, m)]
    return float(2 * sums[1] / (n * m) - sums[0] / pairs[0] - sums[2] / pairs[1])


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

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> cells, others = rng.normal(size=(2, 500, 3))
    >>> print(f"{variance_ratio(cells, others):.1f}, {variance_ratio(cells, 0.1 * others):.2f}")
    1.0, 0.01

    Derived in chapter 5.
    """
    true, pred = matrices(2, true=true, pred=pred)
    spread = true.var(axis=0, ddof=1).sum()
    if spread == 0 or (true == true[0]).all():  # a mean that is rounded leaves a trace of variance
        raise ValueError("all true cells are equal, so there is no spread to compare: check true")
    return float(pred.var(axis=0, ddof=1).sum() / spread)
