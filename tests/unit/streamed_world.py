"""A small screen whose cells come in no order, its file, and equality of pairs."""

import numpy as np

from recon_tutorial.screen import simulate_screen

KNOBS = {"n_perturbations": 3, "cells_per_perturbation": 20, "embed_dim": 4, "cov_dim": 2}


def world(**knobs):
    """160 cells, 100 of them controls; 120 cells in pairs if paired."""
    screen = simulate_screen(**KNOBS, n_genes=5, **knobs)
    return screen[np.random.default_rng(0).permutation(screen.n_obs)].copy()


def saved(folder, screen):
    """The path of an .h5ad file of a screen."""
    screen.write_h5ad(folder / "screen.h5ad")
    return folder / "screen.h5ad"


def assert_same(found, due, **tolerance):
    """That pairs on disk are those due: float32, mapped, and equal but for the tolerance."""
    assert all(isinstance(x, np.memmap) and x.dtype == np.float32 for x in found[:3])
    np.testing.assert_allclose(found.ctrl, due.ctrl, **({"rtol": 0} | tolerance))
    np.testing.assert_array_equal(found.pert, due.pert)
    np.testing.assert_array_equal(found.cov, due.cov)
    assert found.perturbation.tolist() == due.perturbation.tolist()
