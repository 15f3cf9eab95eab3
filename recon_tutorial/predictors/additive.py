"""The baseline for combinations: what two perturbations do apart, added up."""

from __future__ import annotations

import numpy as np

from recon_tutorial._mapped import in_pieces
from recon_tutorial.predictors._arrays import group_means, prediction_rows, training_rows

_ROUNDING = 1e-6  # share of the parts' lengths by which a sum of float32 descriptors may be off


class Additive:
    """Move every cell by the sum of the mean shifts of its combination's two parts.

    An unseen descriptor that is the sum of two training descriptors gets the sum of their mean
    shifts (if several pairs add up to it, their average). A seen descriptor gets its own mean
    shift, any other the `MeanShift`.
    Exact when effects add up; what all perturbations share is then counted twice.

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
        """Return controls + the shift of each row's descriptor, shape (n, embed_dim), float32."""
        ctrl, cov = prediction_rows(
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        asked, row = np.unique(cov + 0.0, axis=0, return_inverse=True)
        seen = {d.tobytes(): s for d, s in zip(self.descriptors, self.shifts, strict=True)}
        find_pairs = _pair_finder(self.descriptors.astype(np.float64))
        shift = np.empty((len(asked), ctrl.shape[1]))
        for k, descriptor in enumerate(asked):
            if descriptor.tobytes() in seen:
                shift[k] = seen[descriptor.tobytes()]
                continue
            pairs = find_pairs(descriptor.astype(np.float64))
            sums = self.shifts[pairs].sum(axis=1)
            shift[k] = sums.mean(axis=0) if len(sums) else self.shifts.mean(axis=0)
        return (ctrl + shift[row.reshape(-1)]).astype(np.float32)


def _pair_finder(descriptors):
    """A function that finds which pairs of rows add up to a target: positions (n_pairs, 2).

    Sums that agree also agree along one fixed direction, where a sorted list finds candidates.
    """
    direction = np.random.default_rng(0).normal(size=descriptors.shape[1])
    direction /= np.linalg.norm(direction)
    length = np.linalg.norm(descriptors, axis=1)
    order = np.argsort(descriptors @ direction)
    along = (descriptors @ direction)[order]

    def find(target):
        slack = 2 * _ROUNDING * length.max()
        missing = target @ direction - along  # what each row's partner must measure
        first = np.searchsorted(along, missing - slack)
        n_found = np.searchsorted(along, missing + slack, side="right") - first
        one = np.repeat(np.arange(len(along)), n_found)
        nth = np.arange(len(one)) - np.repeat(np.cumsum(n_found) - n_found, n_found)
        two = first[one] + nth
        pairs = np.column_stack([order[one], order[two]])[one < two]
        gap = np.linalg.norm(target - descriptors[pairs].sum(axis=1), axis=1)
        return pairs[gap <= _ROUNDING * length[pairs].sum(axis=1)]

    return find
