"""Clouds of cells for the tests of metrics, and one way to call any metric on them."""

import numpy as np

from recon_tutorial.metrics import METRICS


def clouds(seed, n=(13, 13, 17), d=5):
    """Return true, predicted and control cells, each cloud elsewhere."""
    rng = np.random.default_rng(seed)
    return [
        rng.normal(shift, 1, (size, d)) for size, shift in zip(n, (0.0, 0.4, -1.0), strict=True)
    ]


def arrays(seed, n=(13, 13, 17), d=60, n_perturbations=4):
    """Return whatever a card may need, by name."""
    true, pred, ctrl = clouds(seed, n, d)
    rng = np.random.default_rng([seed, 1])
    means = rng.normal(size=(2, n_perturbations, d))
    named = {"true": true, "pred": pred, "ctrl": ctrl, "centroid": rng.normal(size=d)}
    return named | {"true_means": means[0], "pred_means": means[1]}


def score(name, named):
    """Compute a metric as an evaluation does: from its card, knowing nothing else about it."""
    card = METRICS[name]
    return card.function(*[named[need] for need in card.needs])
