"""Two perturbations that push half of the cells each way, seen on cells without partners."""

import numpy as np

from recon_tutorial.metrics import energy_distance, variance_ratio


def draw(seed, n_cells=200):
    """Controls, perturbed cells of others, and descriptors, (2 n_cells, 2) each."""
    rng = np.random.default_rng(seed)
    cov = np.repeat(np.eye(2), n_cells, axis=0)
    ctrl, cells = rng.normal(size=(2, 2 * n_cells, 2))
    return ctrl, cells + 2 * cov * rng.choice([-1, 1], size=(2 * n_cells, 1)), cov


def scores(model, n_cells=500):
    """Variance ratio and energy distance of each perturbation on new cells, (2,) each."""
    ctrl, true, cov = draw(99, n_cells)
    pairs = list(zip(np.split(true, 2), np.split(model.predict(ctrl, cov), 2)))
    return np.array([[metric(*p) for p in pairs] for metric in (variance_ratio, energy_distance)])
