"""Scores of the mean change: where the average cell went, seen from a reference."""

from __future__ import annotations

import numpy as np

from recon_tutorial._numeric import numbers
from recon_tutorial.metrics._arrays import ROUNDING, matrices, mean_change, one_row


def r2_delta(true, pred, ctrl) -> float:
    """Share of the true mean change that the prediction explains.

    1 - |d - d̂|² / |d|², where d and d̂ are the true and the predicted mean minus that of the
    controls: the denominator is the effect, so a weak effect is not hidden by strong genes.

    Parameters
    ----------
    true, pred, ctrl : array of shape (n, d), (m, d) and (c, d)
        True perturbed, predicted and control cells in one space.

    Returns
    -------
    float
        1 at best, 0 for no change, no lower bound.

    Raises
    ------
    ValueError
        If the inputs do not fit together, or the true cells did not change on average.

    Derived in chapter 4.
    """
    true, pred, ctrl = matrices(true=true, pred=pred, ctrl=ctrl)
    change, guess = mean_change(true, ctrl), mean_change(pred, ctrl)
    effect = change @ change
    if effect == 0:
        raise ValueError(
            "true and ctrl have the same mean, so there is no change to explain: "
            "leave this perturbation out"
        )
    return float(1 - (change - guess) @ (change - guess) / effect)


def pearson_delta(true, pred, ctrl) -> float:
    """Correlation of the predicted with the true mean change from control.

    What all perturbations share counts as success, and so does the sampling error of the
    controls, which stands in both changes: read it beside `pearson_centroid`.

    Parameters
    ----------
    true, pred, ctrl : array of shape (n, d), (m, d) and (c, d)
        True perturbed, predicted and control cells in one space of two or more features.

    Returns
    -------
    float
        Between -1 and 1; 0 where `has_no_change` holds of `true` or `pred`.

    Raises
    ------
    ValueError
        If the inputs do not fit together or have a single feature.

    Derived in chapter 4.
    """
    true, pred, ctrl = matrices(true=true, pred=pred, ctrl=ctrl)
    return _correlation(mean_change(true, ctrl), mean_change(pred, ctrl))


def pearson_centroid(true, pred, centroid) -> float:
    """Correlation of the predicted with the true mean change from the perturbed centroid.

    The shift that all perturbations share is gone from both sides, and what is left is what this
    perturbation does and others do not (Viñas Torné et al., 2025).
    Leave no training perturbation out of the centroid, not even the one that is scored: without
    it the centroid moves away from the truth, and one constant prediction for all perturbations
    then points at every truth.

    Parameters
    ----------
    true, pred : array of shape (n, d) and (m, d)
        True perturbed and predicted cells in one space of two or more features.
    centroid : array of shape (d,)
        Mean of the training perturbations, each counted once.

    Returns
    -------
    float
        Between -1 and 1; 0 where `has_no_change` holds of `true` or `pred`.

    Raises
    ------
    ValueError
        If the inputs do not fit together, have a single feature, or `centroid` is no vector.

    Derived in chapter 4.
    """
    row = one_row(centroid, "centroid")
    true, pred, row = matrices(true=true, pred=pred, centroid=row)
    return _correlation(mean_change(true, row), mean_change(pred, row))


def has_no_change(cells, reference) -> bool:
    """Tell whether a mean change is flat: zero, or the same number in every feature.

    No correlation with a flat change exists, so `pearson_delta` and `pearson_centroid` return 0
    for it. A table that keeps that 0 in its mean can say so with this function.

    Parameters
    ----------
    cells : array of shape (n, d)
        True or predicted cells.
    reference : array of shape (c, d) or (d,)
        Control cells, or a mean vector such as the perturbed centroid.

    Returns
    -------
    bool
        Differences that float32 rounding can explain count as zero.

    Raises
    ------
    ValueError
        If the inputs do not fit together.

    Described on the page reference/metrics.
    """
    reference = numbers(reference, "reference")
    if reference.ndim == 1:
        reference = one_row(reference, "reference")
    return _is_flat(mean_change(*matrices(cells=cells, reference=reference)))


def _is_flat(change):
    return bool(np.ptp(change) <= ROUNDING * np.abs(change).max())


def _correlation(change, guess):
    if len(change) < 2:
        raise ValueError("a correlation needs a spread over features but got 1: pass two or more")
    if _is_flat(change) or _is_flat(guess):
        return 0.0
    change, guess = change - change.mean(), guess - guess.mean()
    cosine = change @ guess / (np.linalg.norm(change) * np.linalg.norm(guess))
    return float(np.clip(cosine, -1, 1))  # rounding may leave the range
