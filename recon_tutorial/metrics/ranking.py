"""The score that asks whether a prediction resembles its own perturbation more than others."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from recon_tutorial.metrics._arrays import matrices

DISTANCES = ("euclidean", "manhattan", "cosine")
OUT_OF = ("others", "all")


def discrimination(
    true_means, pred_means, *, distance: str = "euclidean", out_of: str = "others"
) -> np.ndarray:
    """Perturbation discrimination score (PDS) of each of several perturbations.

    1 - k_p / (n - 1), where k_p counts the perturbations whose truth lies nearer to prediction p
    than its own truth does; another one at the same distance counts half (mid-ranks).
    The candidates are the n perturbations passed: how many and which belongs beside the result.

    Parameters
    ----------
    true_means, pred_means : array of shape (n, d)
        Mean of each perturbation, or its change from control; row p predicts row p.
        Euclidean and Manhattan scores are the same for both; the cosine is meant for changes.
    distance : {"euclidean", "manhattan", "cosine"}
        The cosine distance to a vector of zeros is 1.
    out_of : {"others", "all"}
        Divide k_p by n - 1, or by n as cell-eval does, where the worst score is then 1 / n.

    Returns
    -------
    array of shape (n,)
        Between 0 and 1, 1 at best. One constant prediction for all averages exactly 0.5 with
        ``out_of="others"``, whatever it is.

    Raises
    ------
    ValueError
        If the shapes differ, there is only one perturbation, or an option is unknown.

    Derived in chapter 4.
    """
    truth, guess = matrices(2, true_means=true_means, pred_means=pred_means)
    if len(truth) != len(guess):
        raise ValueError(
            f"true_means has {len(truth)} perturbations but pred_means has {len(guess)}: "
            "row p of one must predict row p of the other"
        )
    for name, value, known in (("distance", distance, DISTANCES), ("out_of", out_of, OUT_OF)):
        if value not in known:
            raise ValueError(f"{name}={value!r} is unknown: choose one of {', '.join(known)}")
    distances = _distances(guess, truth, distance)
    own = distances.diagonal()[:, None]
    nearer, equal = (distances < own).sum(axis=1), (distances == own).sum(axis=1)
    k = nearer + (equal - 1) / 2
    return 1 - k / (len(truth) - (out_of == "others"))


def _distances(guess, truth, distance):
    """Distance of each prediction (row) to each truth (column)."""
    if distance != "cosine":
        return cdist(guess, truth, "cityblock" if distance == "manhattan" else distance)
    lengths = [np.linalg.norm(x, axis=1, keepdims=True) for x in (guess, truth)]
    units = [x / np.where(n > 0, n, 1) for x, n in zip((guess, truth), lengths)]
    nowhere = (lengths[0] == 0) | (lengths[1].T == 0)
    return np.where(nowhere, 1.0, cdist(*units, "sqeuclidean") / 2)
