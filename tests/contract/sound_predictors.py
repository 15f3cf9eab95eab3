"""Predictors that keep the contract: the smallest one, and some that are unlike a regression.

In the edits, y is the prediction, x the controls and d the descriptors, each one row per cell.
"""

from functools import partial

import numpy as np


class Good:
    """Least squares from the descriptor to the shift: the smallest sound predictor."""

    weights = None

    def train(self, ctrl_emb, pert_emb, pert_cov):
        ctrl, pert, cov = (array(given) for given in (ctrl_emb, pert_emb, pert_cov))
        if ctrl.shape != pert.shape or len(ctrl) != len(cov):
            raise ValueError(f"train got shapes {ctrl.shape}, {pert.shape} and {cov.shape}")
        self.weights = np.linalg.lstsq(cov, pert - ctrl, rcond=None)[0]

    def predict(self, ctrl_emb, pert_cov):
        if self.weights is None:
            raise ValueError("nothing learned yet: call train first")
        ctrl, cov = array(ctrl_emb), array(pert_cov)
        if (len(ctrl), *self.weights.shape) != (len(cov), cov.shape[1], ctrl.shape[1]):
            raise ValueError(f"predict got shapes {ctrl.shape} and {cov.shape}")
        return ctrl + cov @ self.weights


class Sized(Good):
    """Takes its sizes by keyword, as networks do, and holds to them."""

    def __init__(self, embed_dim, cov_dim, *, n_hidden=16):
        self.sizes = (cov_dim, embed_dim)

    def train(self, ctrl_emb, pert_emb, pert_cov):
        super().train(ctrl_emb, pert_emb, pert_cov)
        if self.weights.shape != self.sizes:
            raise ValueError(f"built for {self.sizes} but trained on {self.weights.shape}")


class Changed:
    """`Good` with another train or predict, each a function of the good one."""

    def __init__(self, train=Good.train, predict=Good.predict):
        self.good, self._train, self._predict = Good(), train, predict

    def train(self, ctrl_emb, pert_emb, pert_cov):
        self._train(self.good, ctrl_emb, pert_emb, pert_cov)

    def predict(self, ctrl_emb, pert_cov):
        return self._predict(self.good, ctrl_emb, pert_cov)


def array(x):
    return np.asarray(x, dtype=np.float32)


def after(edit):
    """A predictor whose answer passes through edit(y, x, d)."""
    return partial(Changed, predict=lambda good, x, d: edit(good.predict(x, d), x, d))


def before(edit):
    """A predictor whose questions pass through edit(x, d)."""
    return partial(Changed, predict=lambda good, x, d: good.predict(*edit(array(x), array(d))))


def teach(edit):
    """A predictor whose training cells pass through edit(x, z, d), z being the perturbed ones."""
    return partial(Changed, train=lambda good, x, z, d: good.train(*edit(x, z, d)))


def noise(seed, like, size=0.2):
    return np.random.default_rng(seed).normal(0, size, like.shape).astype(np.float32)


def regrouped(rows, d):
    """Rows handed back in another order within each descriptor, each group in its place."""
    within = np.lexsort((np.random.default_rng(3).random(len(rows)), *array(d).T))
    mixed = np.empty_like(rows)
    mixed[np.lexsort(array(d).T)] = rows[within]
    return mixed


def _cuts_sets(y, x, d):
    """Like STATE: sets of 16 cells in the order of the call, all moved by their own average."""
    y, x, d = y.copy(), array(x), array(d)
    for row in np.unique(d, axis=0):
        cells = np.flatnonzero((d == row).all(axis=1))
        for part in np.array_split(cells, -(-len(cells) // 16)):
            y[part] += x[part].mean(axis=0)
    return y


def _learns_without_pairs(good, x, z, d):
    """Like CellFlow and STATE: the perturbed cells of a descriptor come in any order."""
    good.train(x, z, d)  # refuses what it must
    good.train(x, regrouped(array(z), d), d)


SOUND = {
    "least squares": Good,
    "takes sizes": Sized,
    "takes sizes through a partial": partial(Sized, n_hidden=4),
    "a function without arguments": lambda: Good(),
    "averages over all cells asked": after(lambda y, x, d: y + array(x).mean(axis=0)),
    "cuts sets in the order asked": after(_cuts_sets),
    "one answer for a perturbation, like a regression without pairs": after(
        lambda y, x, d: y - array(x)
    ),
    "samples with a fixed seed": after(lambda y, x, d: y + noise(7, y)),
    "learns without pairs": partial(Changed, train=_learns_without_pairs),
}
