"""Partners by optimal transport: which control each perturbed cell may have come from."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

BATCH = 256  # cells: 512 take six times as long and bring partners little nearer
EPSILON = 0.02  # of the mean cost: 0.05 blurs partners, 0.01 sharpens little and takes longer
MAX_MOVED = 0.01  # share of the mass that may be put right after the last round


def transport_partners(cells, controls, group, rng, *, batch=BATCH, epsilon=EPSILON):
    """Draw a control for each perturbed cell, shape (n_cells,): positions among `controls`.

    Each group (a perturbation) is another distribution and is transported by itself, in random
    batches of nearly equal size, each against as many controls, or all where there are fewer.
    """
    drawn = np.empty(len(cells), dtype=int)
    offers = np.zeros(len(controls), dtype=int)
    for name in np.unique(group):
        rows = rng.permutation(np.flatnonzero(group == name))
        for part in np.array_split(rows, -(-len(rows) // batch)):
            offered = _least_offered(offers, len(part), rng)
            offers[offered] += 1
            plan = transport_plan(cells[part], controls[offered], epsilon=epsilon)
            drawn[part] = offered[_draw(plan, rng)]
    return drawn


def transport_plan(x, y, *, epsilon=EPSILON, rounds=5000):
    """Entropic plan (Cuturi, 2013) from n cells to m, shape (n, m): rows sum to 1/n, columns 1/m.

    The cost is the squared distance after both means are moved to 0, divided by its own mean.
    Moving the means changes the cost of all full plans alike, so no plan gets better or worse,
    but `epsilon` then keeps its meaning however far a perturbation carries all cells.
    """
    # Imported late: POT loads torch, jax and others where it finds them, which takes seconds.
    import ot

    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    cost = cdist(x - x.mean(axis=0), y - y.mean(axis=0), "sqeuclidean")
    cost /= cost.mean() or 1.0  # cells that are all alike cost nothing: any plan will do
    a, b = np.full(len(x), 1 / len(x)), np.full(len(y), 1 / len(y))
    # The last digits of the column sums take most rounds; `_put_right` gives them for nothing.
    # POT's own warning is off because the check below says more.
    plan = ot.sinkhorn(
        a,
        b,
        cost,
        epsilon,
        method="sinkhorn_log",
        numItermax=rounds,
        stopThr=1e-4,
        warn=False,
    )
    moved = np.maximum(plan.sum(axis=0) - b, 0).sum()
    if not moved <= MAX_MOVED:
        raise ValueError(
            f"optimal transport from {len(x)} cells to {len(y)} controls has {moved:.1%} of its "
            f"mass astray after {rounds} rounds, expected at most {MAX_MOVED:.0%}: look for "
            'outliers in the embedding, or pair with how="random"'
        )
    return _put_right(plan, a, b)


def _put_right(plan, a, b):
    """Nearest simple plan with exact sums (Altschuler, Weed & Rigollet, 2017, algorithm 2)."""
    for axis, target in ((1, a[:, None]), (0, b[None])):
        total = plan.sum(axis=axis, keepdims=True)
        plan = plan * np.divide(target, total, where=total > target, out=np.ones_like(total))
    lack_a = np.maximum(a - plan.sum(axis=1), 0)
    lack_b = np.maximum(b - plan.sum(axis=0), 0)
    return plan + np.outer(lack_a, lack_b / (lack_b.sum() or 1.0))


def _least_offered(offers, n, rng):
    """Positions of the n controls offered least, ties at random; all if there are fewer."""
    order = rng.permutation(len(offers))
    return order[np.argsort(offers[order], kind="stable")][:n]


def _draw(plan, rng):
    """One column for each row, with the row's entries as odds."""
    upto = plan.cumsum(axis=1)
    return (upto > rng.random((len(plan), 1)) * upto[:, -1:]).argmax(axis=1)
