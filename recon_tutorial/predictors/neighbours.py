"""Baselines that borrow the shift of the training perturbations with the nearest descriptors."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from recon_tutorial._given import is_number
from recon_tutorial._mapped import in_pieces
from recon_tutorial.predictors._arrays import group_means, prediction_rows, training_rows

_TIE = 1e-6  # distances that agree to this share are equal: descriptors are float32


class NearestPerturbation:
    """Move every cell by the mean shift of the training perturbation with the nearest descriptor.

    Euclidean distance; perturbations that tie for nearest are averaged.
    A perturbation seen in training is its own nearest. One-hot descriptors are all equally far
    from an unseen one, which leaves the `MeanShift`.

    Derived in chapter 6.
    """

    def __init__(self) -> None:
        self.embed_dim = self.cov_dim = None

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Store the mean shift of each distinct descriptor."""
        ctrl, pert, cov = training_rows(ctrl_emb, pert_emb, pert_cov, mapped=True)
        fit = *group_means(ctrl, pert, cov), ctrl.shape[1], cov.shape[1]
        self.descriptors, self.shifts, self.embed_dim, self.cov_dim = fit

    @in_pieces
    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return controls + the nearest shift, shape (n, embed_dim), float32."""
        ctrl, cov = prediction_rows(
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        return _moved(ctrl, cov, self.descriptors, self.shifts, 1)


class KNNShift:
    """Move every cell by the average shift of the k training perturbations nearest to its own.

    Euclidean distance between descriptors, equal weights; perturbations that tie with the k-th
    are averaged in, so the order of the training rows does not matter.

    Parameters
    ----------
    k : int
        Neighbours to average; more than there are perturbations means all: the `MeanShift`.

    Raises
    ------
    ValueError
        If `k` is no whole number of 1 or more.

    Derived in chapter 6.
    """

    def __init__(self, k: int = 3) -> None:
        if not is_number(k) or k < 1 or k != int(k):
            raise ValueError(f"k={k} must be a whole number of 1 or more: it counts neighbours")
        self.k = int(k)
        self.embed_dim = self.cov_dim = None

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Store the mean shift of each distinct descriptor."""
        ctrl, pert, cov = training_rows(ctrl_emb, pert_emb, pert_cov, mapped=True)
        fit = *group_means(ctrl, pert, cov), ctrl.shape[1], cov.shape[1]
        self.descriptors, self.shifts, self.embed_dim, self.cov_dim = fit

    @in_pieces
    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return controls + the average shift of the neighbours, (n, embed_dim), float32."""
        ctrl, cov = prediction_rows(
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        return _moved(ctrl, cov, self.descriptors, self.shifts, self.k)


def _moved(ctrl, cov, descriptors, shifts, k):
    """Controls plus the mean shift of the k nearest descriptors, ties with the k-th included."""
    asked, row = np.unique(cov, axis=0, return_inverse=True)
    distance = cdist(asked.astype(np.float64), descriptors.astype(np.float64))
    k = min(k, len(descriptors))
    reach = np.partition(distance, k - 1, axis=1)[:, [k - 1]]
    near = distance <= reach * (1 + _TIE)
    shift = (near @ shifts) / near.sum(axis=1, keepdims=True)
    return (ctrl + shift[row.reshape(-1)]).astype(np.float32)
