"""Baselines that move every cell by an average of shifts seen in training."""

from __future__ import annotations

import numpy as np

from recon_tutorial._mapped import in_pieces
from recon_tutorial.predictors._arrays import group_means, prediction_rows, training_rows


class NoChange:
    """Predict that nothing happens: the control cell itself.

    It ignores the descriptor, so `check_predictor` rejects it: a floor, not a model.

    Derived in chapter 2.
    """

    def __init__(self) -> None:
        self.embed_dim = self.cov_dim = None

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Remember the widths; there is nothing to learn."""
        ctrl, _, cov = training_rows(ctrl_emb, pert_emb, pert_cov, mapped=True)
        self.embed_dim, self.cov_dim = ctrl.shape[1], cov.shape[1]

    @in_pieces
    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return the controls, shape (n, embed_dim), float32."""
        ctrl, _ = prediction_rows(
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        return ctrl.copy()


class MeanShift:
    """Move every cell by the average shift over training perturbations, whatever was done to it.

    Each perturbation counts once, however many cells it has.
    It ignores the descriptor, so `check_predictor` rejects it: a floor, not a model.

    Derived in chapter 2.
    """

    def __init__(self) -> None:
        self.embed_dim = self.cov_dim = None

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Average the mean shift of each distinct descriptor."""
        ctrl, pert, cov = training_rows(ctrl_emb, pert_emb, pert_cov, mapped=True)
        shift = group_means(ctrl, pert, cov)[1].mean(axis=0).astype(np.float32)
        self.shift, self.embed_dim, self.cov_dim = shift, ctrl.shape[1], cov.shape[1]

    @in_pieces
    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return controls + shift, shape (n, embed_dim), float32."""
        ctrl, _ = prediction_rows(
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        return ctrl + self.shift


class PerturbationMeanShift:
    """Move every cell by the average shift of its own perturbation, as seen in training.

    The strongest simple baseline on held-out cells; for a descriptor it never saw it can only
    fall back on the `MeanShift`.

    Derived in chapter 2.
    """

    def __init__(self) -> None:
        self.embed_dim = self.cov_dim = None

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Store the mean shift of each distinct descriptor."""
        ctrl, pert, cov = training_rows(ctrl_emb, pert_emb, pert_cov, mapped=True)
        descriptors, means = group_means(ctrl, pert, cov)
        shifts = {
            d.tobytes(): s.astype(np.float32) for d, s in zip(descriptors, means, strict=True)
        }
        fallback = means.mean(axis=0).astype(np.float32)
        # All in one step, here and in the other baselines: no Ctrl-C leaves half of two fits.
        fit = shifts, fallback, ctrl.shape[1], cov.shape[1]
        self.shifts, self.fallback, self.embed_dim, self.cov_dim = fit

    @in_pieces
    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return controls + shift of each row's descriptor, shape (n, embed_dim), float32."""
        ctrl, cov = prediction_rows(
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        rows = [self.shifts.get(d.tobytes(), self.fallback) for d in cov + 0.0]
        return ctrl + np.array(rows, dtype=np.float32).reshape(ctrl.shape)
