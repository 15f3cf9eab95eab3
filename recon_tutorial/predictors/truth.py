"""Ceilings that are given the truth: the true cells themselves, and other cells like them."""

from __future__ import annotations

import numpy as np

from recon_tutorial._numeric import generator
from recon_tutorial.predictors._arrays import matrix, prediction_rows, training_rows


class Oracle:
    """Answer with the true perturbed cells.

    The first row asked of a descriptor gets the first true cell of that descriptor, the second
    the second, and so on; where more rows are asked than there are cells, the cells start over.
    Asked for the test rows in their own order, it returns the test cells: a perfect score, and
    what a metric makes of it.

    Parameters
    ----------
    pert_emb : array of shape (n, embed_dim)
        The true perturbed cells, usually of the test part.
    pert_cov : array of shape (n, cov_dim)
        The descriptor of each; perturbations with equal descriptors are one.

    Raises
    ------
    ValueError
        If the truth is empty or the rows do not fit.

    Notes
    -----
    It looks its answer up, so `check_predictor` cannot pass it: a ceiling, not a model.

    Derived in chapter 4.
    """

    def __init__(self, pert_emb, pert_cov) -> None:
        self.cells, self.rows_of = _truth(pert_emb, pert_cov)
        self.embed_dim, self.cov_dim = self.cells.shape[1], matrix(pert_cov, "pert_cov").shape[1]

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Check that the rows fit the truth; there is nothing to learn."""
        sizes = {"embed_dim": self.embed_dim, "cov_dim": self.cov_dim}
        training_rows(ctrl_emb, pert_emb, pert_cov, **sizes)

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return true cells, shape (n, embed_dim), float32; ValueError for a descriptor without.

        It needs no call of `train`.
        """
        sizes = {"embed_dim": self.embed_dim, "cov_dim": self.cov_dim}
        _, cov = prediction_rows(ctrl_emb, pert_cov, **sizes)
        return self.cells[_in_turn(self.rows_of, cov)]


class Replicate:
    """Answer with other real cells of the same perturbation.

    What the `Oracle` does, after the cells of each perturbation have been passed around a random
    circle: each cell is used as often as before, but a row never gets its own cell, unless its
    perturbation has only one.
    It shows what a matched error makes of real cells that are not the same cells.
    To a score that compares sets of cells it is the oracle, unless it was given one half of the
    cells and is scored on the other.

    Parameters
    ----------
    pert_emb : array of shape (n, embed_dim)
        The true perturbed cells, usually of the test part.
    pert_cov : array of shape (n, cov_dim)
        The descriptor of each; perturbations with equal descriptors are one.
    seed : int
        Same seed and cells, same answer.

    Raises
    ------
    ValueError
        If the truth is empty or the rows do not fit.

    Notes
    -----
    It looks its answer up, so `check_predictor` cannot pass it: a ceiling, not a model.

    Derived in chapter 4.
    """

    def __init__(self, pert_emb, pert_cov, *, seed: int = 0) -> None:
        self.cells, self.rows_of = _truth(pert_emb, pert_cov)
        self.embed_dim, self.cov_dim = self.cells.shape[1], matrix(pert_cov, "pert_cov").shape[1]
        rng = generator(seed)
        for descriptor, rows in self.rows_of.items():
            circle = rng.permutation(len(rows))
            neighbour = np.empty_like(rows)
            neighbour[circle] = rows[np.roll(circle, 1)]
            self.rows_of[descriptor] = neighbour

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Check that the rows fit the truth; there is nothing to learn."""
        sizes = {"embed_dim": self.embed_dim, "cov_dim": self.cov_dim}
        training_rows(ctrl_emb, pert_emb, pert_cov, **sizes)

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return real cells, shape (n, embed_dim), float32; ValueError for a descriptor without.

        It needs no call of `train`.
        """
        sizes = {"embed_dim": self.embed_dim, "cov_dim": self.cov_dim}
        _, cov = prediction_rows(ctrl_emb, pert_cov, **sizes)
        return self.cells[_in_turn(self.rows_of, cov)]


def _truth(pert_emb, pert_cov):
    """True cells, and the positions of those of each descriptor, in order."""
    pert, cov = matrix(pert_emb, "pert_emb"), matrix(pert_cov, "pert_cov")
    if len(pert) != len(cov) or not len(pert):
        raise ValueError(
            f"pert_emb has {len(pert)} rows and pert_cov {len(cov)}: "
            "give the true cells, one or more, each with its descriptor"
        )
    _, group = np.unique(cov + 0.0, axis=0, return_inverse=True)
    group = group.reshape(-1)
    by_group = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    return pert.copy(), {(cov[rows[0]] + 0.0).tobytes(): rows for rows in by_group}


def _in_turn(rows_of, cov):
    """For each row of `cov`, the next position among those of its descriptor, round and round."""
    asked = [descriptor.tobytes() for descriptor in cov + 0.0]
    unknown = [row for row, descriptor in enumerate(asked) if descriptor not in rows_of]
    if unknown:
        raise ValueError(
            f"{len(unknown)} rows ask for a descriptor without a true cell (first: row "
            f"{unknown[0]}): build it from the cells of every perturbation asked"
        )
    used = dict.fromkeys(rows_of, 0)
    answer = np.empty(len(asked), dtype=int)
    for row, descriptor in enumerate(asked):
        rows = rows_of[descriptor]
        answer[row] = rows[used[descriptor] % len(rows)]
        used[descriptor] += 1
    return answer
