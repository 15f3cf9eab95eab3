"""Nearest-neighbour purity: the company in which predicted cells are found."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from recon_tutorial._given import is_whole
from recon_tutorial._numeric import generator
from recon_tutorial.metrics._arrays import by_content, centre_of, matrices
from recon_tutorial.metrics._size import block_dtype

KEPT = 2**22  # neighbours held at once: 32 MB


def knn_purity(
    true,
    pred,
    ctrl,
    *,
    k: int = 20,
    balanced: bool = False,
    seed: int = 0,
    device: str = "cpu",
    dtype: str = "auto",
) -> float:
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
    device : {"cpu", "auto", "cuda"}
        Where to compute; "auto" takes a GPU when there is one and the samples are large.
    dtype : {"auto", "float32", "float64"}
        Precision of the coordinates; "auto" is float64 up to 2,000 cells in all and float32
        beyond, where neighbours that are equally near but for rounding may change places.

    Returns
    -------
    float
        Between 0 and 1. The oracle does not reach 1 where controls and perturbed cells overlap.

    Raises
    ------
    ValueError
        If the inputs do not fit together, `k` exceeds the pool, an option is unknown or there is
        no GPU for "cuda".

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> ctrl, true, pred = rng.normal(size=(3, 100, 2))
    >>> print(f"{knn_purity(true + 6, pred + 6, ctrl):.1f}, {knn_purity(true + 6, pred, ctrl):.1f}")
    1.0, 0.0

    Derived in chapter 1.
    """
    true, pred, ctrl = matrices(true=true, pred=pred, ctrl=ctrl)
    if balanced:
        rng, size = generator(seed), min(len(true), len(ctrl))
        true, ctrl = (c[rng.permutation(by_content(c))[:size]] for c in (true, ctrl))
    n_pool = len(true) + len(ctrl)
    if not is_whole(k) or not 1 <= k <= n_pool:
        raise ValueError(f"k={k} neighbours cannot be drawn from {n_pool} cells: lower k")
    precision = block_dtype(n_pool + len(pred), device, dtype)
    if precision is not None and device != "cpu":
        from recon_tutorial.metrics._blocks import choose_place

        place = choose_place(device, precision)
        if place.device.type != "cpu":
            from recon_tutorial.metrics._nearest import share_of_first

            return share_of_first(pred, true, ctrl, k, place)
    if precision is not None:
        centre = centre_of(true, pred, ctrl)  # far from it float32 has few digits left
        true, pred, ctrl = ((cells - centre).astype(precision) for cells in (true, pred, ctrl))
    return _share_of_first(pred, true, ctrl, k)


def _share_of_first(queries, first, second, k):
    """Share of the cells of `first` among the k nearest of each query in both samples."""
    search = NearestNeighbors(n_neighbors=k).fit(np.concatenate([first, second]))
    found, rows = 0, max(1, KEPT // k)
    for start in range(0, len(queries), rows):
        nearest = search.kneighbors(queries[start : start + rows], return_distance=False)
        found += int((nearest < len(first)).sum())
    return found / (len(queries) * k)
