"""Linear baselines: ridges from descriptors to shifts, and from cells to cells."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import Ridge

from recon_tutorial._given import is_number
from recon_tutorial._mapped import in_pieces
from recon_tutorial.predictors._arrays import group_means, prediction_rows, training_rows


class RidgeShift:
    """Ridge regression from the descriptor to the mean shift of a perturbation.

    One row per perturbation, so the fit costs nothing; exact when the shift is linear in the
    descriptor and there are more perturbations than descriptor dimensions.

    Parameters
    ----------
    alpha : float
        Penalty on the weights, in units of squared descriptors summed over perturbations.

    Raises
    ------
    ValueError
        If `alpha` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> ctrl, cov = np.zeros((3, 2)), np.array([[0.0], [1.0], [2.0]])
    >>> model = RidgeShift(alpha=0)
    >>> model.train(ctrl, ctrl + 3 * cov, cov)  # the shift is three times the descriptor
    >>> model.predict([[1.0, 2.0]], [[4.0]]).round(2).tolist()
    [[13.0, 14.0]]

    Derived in chapter 2.
    """

    def __init__(self, *, alpha: float = 0.1) -> None:
        if not (is_number(alpha) and alpha >= 0):
            raise ValueError(f"alpha={alpha} must be 0 or more: it is a penalty")
        self.alpha = alpha
        self.embed_dim = self.cov_dim = None

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Fit the map from descriptors to mean shifts."""
        ctrl, pert, cov = training_rows(ctrl_emb, pert_emb, pert_cov, mapped=True)
        descriptors, shifts = group_means(ctrl, pert, cov)
        ridge = Ridge(alpha=self.alpha).fit(descriptors.astype(np.float64), shifts)
        self.ridge, self.embed_dim, self.cov_dim = ridge, ctrl.shape[1], cov.shape[1]

    @in_pieces
    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return controls + the fitted shift of each row, shape (n, embed_dim), float32."""
        ctrl, cov = prediction_rows(
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        shift = self.ridge.predict(cov.astype(np.float64)) if len(cov) else 0
        return (ctrl + shift).astype(np.float32).reshape(ctrl.shape)


class RidgeRegression:
    """Ridge regression from ``[control, descriptor]`` to the perturbed embedding, cell by cell.

    What most networks are with their hidden layers taken out.
    Exact on true pairs when the shift is linear; on cells paired at random the control says
    nothing about its row's perturbed cell, so the fit ignores it and every cell of a perturbation
    gets the same answer: the collapse of chapter 7.
    The fit copies all rows into memory, memory-mapped ones too.

    Parameters
    ----------
    alpha : float
        Penalty on the weights, in units of squared inputs summed over cells; above 0, because
        few perturbations leave some combinations of descriptor columns undetermined.

    Raises
    ------
    ValueError
        If `alpha` is not above 0.

    Derived in chapter 7.
    """

    def __init__(self, *, alpha: float = 1.0) -> None:
        if not (is_number(alpha) and alpha > 0):
            raise ValueError(f"alpha={alpha} must be above 0: it is a penalty, try 1.0")
        self.alpha = alpha
        self.embed_dim = self.cov_dim = None

    def train(self, ctrl_emb, pert_emb, pert_cov) -> None:
        """Fit one linear map on all rows."""
        ctrl, pert, cov = training_rows(ctrl_emb, pert_emb, pert_cov)
        inputs = np.hstack([ctrl, cov]).astype(np.float64)
        ridge = Ridge(alpha=self.alpha).fit(inputs, pert)
        self.ridge, self.embed_dim, self.cov_dim = ridge, ctrl.shape[1], cov.shape[1]

    @in_pieces
    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Return the fitted embedding of each row, shape (n, embed_dim), float32."""
        ctrl, cov = prediction_rows(
            ctrl_emb, pert_cov, embed_dim=self.embed_dim, cov_dim=self.cov_dim
        )
        if not len(ctrl):
            return ctrl.copy()
        inputs = np.hstack([ctrl, cov]).astype(np.float64)
        return self.ridge.predict(inputs).astype(np.float32).reshape(ctrl.shape)
