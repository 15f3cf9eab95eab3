"""Right but for one flaw: predictors that a good metric must not prefer to real cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.spatial.distance import cdist

from recon_tutorial._given import at_least, is_number
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import (
    MeanShift,
    NoChange,
    Oracle,
    PerturbationMeanShift,
    Replicate,
)
from recon_tutorial.predictors._arrays import matrix, prediction_rows, training_rows
from recon_tutorial.splits._covers import covers


class Collapsed:
    """Answer each row with the mean of what another predictor says for its perturbation.

    The mean is taken over the rows asked together.

    Parameters
    ----------
    base : predictor
        Trained with this one.

    Derived in chapter 4.
    """

    def __init__(self, base) -> None:
        self.base = base

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Train the other predictor."""
        self.base.train(ctrl_emb, pert_emb, pert_cov)

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return one repeated cell per descriptor, shape (n, embed_dim), float32."""
        return _spread(self.base.predict(ctrl_emb, pert_cov), pert_cov, 0.0)


class Inflated:
    """Keep the mean of what another predictor says for a perturbation, and widen the rest.

    Parameters
    ----------
    base : predictor
        Trained with this one.
    factor : float
        Of the standard deviation: the variance grows with its square.

    Derived in chapter 4.
    """

    def __init__(self, base, factor: float = 3.0) -> None:
        self.base, self.factor = base, _positive(factor)

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Train the other predictor."""
        self.base.train(ctrl_emb, pert_emb, pert_cov)

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return cells further from their mean, shape (n, embed_dim), float32."""
        return _spread(self.base.predict(ctrl_emb, pert_cov), pert_cov, self.factor)


class Overshoot:
    """Move each cell in the direction that another predictor gives, but too far.

    Parameters
    ----------
    base : predictor
        Trained with this one.
    factor : float
        Length of the answer in units of the other's shift.

    Derived in chapter 4.
    """

    def __init__(self, base, factor: float = 2.0) -> None:
        self.base, self.factor = base, _positive(factor)

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Train the other predictor."""
        self.base.train(ctrl_emb, pert_emb, pert_cov)

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return control + factor x shift, shape (n, embed_dim), float32."""
        ctrl = matrix(ctrl_emb, "ctrl_emb")
        shift = self.base.predict(ctrl_emb, pert_cov) - ctrl
        return (ctrl + self.factor * shift).astype(np.float32)


class Swapped:
    """Ask another predictor for the wrong perturbation.

    Training descriptors are put in a row, and each is exchanged for the one half the row further
    on; one that was not trained on is taken for the nearest that was.

    Parameters
    ----------
    base : predictor
        Trained with this one, on the right descriptors.

    Raises
    ------
    ValueError
        In ``train``, if there is a single descriptor and so nothing to confuse it with.

    Derived in chapter 4.
    """

    def __init__(self, base) -> None:
        self.base = base

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Train the other predictor, and note which descriptors there are."""
        self.base.train(ctrl_emb, pert_emb, pert_cov)
        self.known = np.unique(matrix(pert_cov, "pert_cov") + 0.0, axis=0)
        if len(self.known) < 2:
            raise ValueError("one descriptor cannot be swapped: train on two perturbations or more")

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return the answer to the wrong question, shape (n, embed_dim), float32."""
        cov = matrix(pert_cov, "pert_cov", self.known.shape[1], "cov_dim")
        nearest = cdist(cov, self.known).argmin(axis=1)
        wrong = self.known[(nearest + len(self.known) // 2) % len(self.known)]
        return self.base.predict(ctrl_emb, wrong)


class RandomCells:
    """Answer with perturbed training cells drawn at random, whatever was asked.

    Parameters
    ----------
    seed : int
        Same seed and cells, same answer.

    Derived in chapter 4.
    """

    def __init__(self, *, seed: int = 0) -> None:
        at_least(0, seed=seed)
        self.seed, self.embed_dim, self.cov_dim = seed, None, None

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Keep the perturbed cells."""
        ctrl, pert, cov = training_rows(ctrl_emb, pert_emb, pert_cov)
        self.cells, self.embed_dim, self.cov_dim = pert.copy(), ctrl.shape[1], cov.shape[1]

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return real cells of any perturbation, shape (n, embed_dim), float32."""
        sizes = {"embed_dim": self.embed_dim, "cov_dim": self.cov_dim}
        ctrl, _ = prediction_rows(ctrl_emb, pert_cov, **sizes)
        rng = np.random.default_rng(self.seed)
        return self.cells[rng.integers(len(self.cells), size=len(ctrl))]


def adversaries(adata: AnnData, split, *, use_rep: str = "X_emb", seed: int = 0) -> dict:
    """Build the two ceilings, the three baselines and six ways to be wrong, untrained.

    Each of the wrong ones but the last is the perturbation mean shift with one flaw.

    Parameters
    ----------
    adata : AnnData
        A screen.
    split : Split
        The oracle and the replicate are given the truth of its test part.
    use_rep : str
        Key in ``obsm`` of the embedding.
    seed : int
        Seed of the replicate and of the random cells.

    Returns
    -------
    dict of str to predictor
        Eleven, best first.

    Raises
    ------
    TypeError, ValueError
        If the screen is none, or the split is not one of this screen.

    Derived in chapter 4.
    """
    covers(split, adata)
    truth = make_pairs(adata[split.test], how="random", use_rep=use_rep, seed=seed)
    return {
        "oracle": Oracle(truth.pert, truth.cov),
        "replicate": Replicate(truth.pert, truth.cov, seed=seed),
        "perturbation mean shift": PerturbationMeanShift(),
        "mean shift": MeanShift(),
        "no change": NoChange(),
        "collapsed mean": Collapsed(PerturbationMeanShift()),
        "spread x3": Inflated(PerturbationMeanShift(), 3.0),
        "overshoot x2": Overshoot(PerturbationMeanShift(), 2.0),
        "overshoot x5": Overshoot(PerturbationMeanShift(), 5.0),
        "label-swapped": Swapped(PerturbationMeanShift()),
        "random cells": RandomCells(seed=seed),
    }


def _positive(factor):
    if not (is_number(factor) and factor > 0):
        raise ValueError(f"factor={factor} must be positive: 1 leaves the predictor as it is")
    return float(factor)


def _spread(cells, pert_cov, factor):
    """Scale the distance of each cell from the mean of its descriptor."""
    cov = matrix(pert_cov, "pert_cov") + 0.0
    _, group = np.unique(cov, axis=0, return_inverse=True)
    means = pd.DataFrame(cells).groupby(group.reshape(-1)).transform("mean").to_numpy()
    return (means + factor * (cells - means)).astype(np.float32)
