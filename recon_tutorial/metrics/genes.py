"""Scores of the genes that change most, ranked so that a collapsed prediction gains nothing.

A t-statistic divides a change by its standard error. Both scores take that error from the *true*
cells, because a prediction without spread would make it as small as it likes.
One half of the true cells sets the ranking and the other half judges, or noise would be chosen and
then rewarded; then the halves change roles, and the two shares are averaged. Which half a cell
falls into follows from its values, so the order of the cells does not matter.
"""

from __future__ import annotations

import numpy as np

from recon_tutorial._given import is_whole
from recon_tutorial.metrics._arrays import by_content, matrices, mean_change


def direction_accuracy(true, pred, ctrl, *, k: int = 50) -> float:
    """Share of the most changed genes whose direction the prediction gets right.

    The k genes with the largest |t| of one half of the true cells against the controls: the sign
    of their change in the other half, against that of the predicted change. A coin scores 0.5.

    Parameters
    ----------
    true, pred, ctrl : array of shape (n, n_genes), (m, n_genes) and (c, n_genes)
        True perturbed, predicted and control cells; expression, or any features.
    k : int
        Number of genes.

    Returns
    -------
    float
        Between 0 and 1. A predicted or true change of exactly 0 counts as wrong; genes that did
        not change are never chosen, and 0 is returned when none did.

    Raises
    ------
    ValueError
        If the inputs do not fit together, there are fewer than 4 true or 2 control cells, or `k`
        exceeds the number of genes.

    Derived in chapter 4.
    """
    halves, pred, ctrl = _samples(true, pred, ctrl, k)
    shares = []
    for chooser, judge in (halves, halves[::-1]):
        top = _top(mean_change(chooser, ctrl), _standard_error(chooser, ctrl), k)
        agreement = mean_change(judge, ctrl)[top] * mean_change(pred, ctrl)[top] > 0
        shares.append(agreement.mean() if len(top) else 0.0)
    return float(np.mean(shares))


def de_overlap(true, pred, ctrl, *, k: int = 50) -> float:
    """Share of the most changed genes that the prediction ranks among its own most changed.

    The true ranking is by |t| of one half of the true cells against the controls. The predicted
    one divides the predicted change by the standard error of the other half.
    Chance is k / n_genes.

    Parameters
    ----------
    true, pred, ctrl : array of shape (n, n_genes), (m, n_genes) and (c, n_genes)
        True perturbed, predicted and control cells; expression, or any features.
    k : int
        Number of genes in each list.

    Returns
    -------
    float
        Between 0 and 1. Genes that did not change are in no list, so no change scores 0; where
        fewer than `k` genes truly changed, the share is among those, and 0 when none did.

    Raises
    ------
    ValueError
        If the inputs do not fit together, there are fewer than 4 true or 2 control cells, or `k`
        exceeds the number of genes.

    Derived in chapter 4.
    """
    halves, pred, ctrl = _samples(true, pred, ctrl, k)
    shares = []
    for weigher, judge in (halves, halves[::-1]):
        top = _top(mean_change(judge, ctrl), _standard_error(judge, ctrl), k)
        guess = _top(mean_change(pred, ctrl), _standard_error(weigher, ctrl), k)
        shares.append(np.isin(top, guess).mean() if len(top) else 0.0)
    return float(np.mean(shares))


def _samples(true, pred, ctrl, k):
    """Both halves of the true cells, then the predicted and the control cells."""
    least = {"true": 4, "pred": 1, "ctrl": 2}  # two cells a half: a variance needs them
    true, pred, ctrl = matrices(least, true=true, pred=pred, ctrl=ctrl)
    if not is_whole(k) or not 1 <= k <= true.shape[1]:
        raise ValueError(f"k={k} genes cannot be chosen from {true.shape[1]}: lower k")
    order = by_content(true)
    return (true[order[::2]], true[order[1::2]]), pred, ctrl


def _standard_error(cells, ctrl):
    """Welch's standard error of a mean change, per gene.

    A gene that varies in neither sample gets the smallest error of those that do, so that it ranks
    high if it changed and a trace of predicted change does not make it infinite.
    """
    error = np.sqrt(cells.var(axis=0, ddof=1) / len(cells) + ctrl.var(axis=0, ddof=1) / len(ctrl))
    varies = (np.ptp(cells, axis=0) > 0) | (np.ptp(ctrl, axis=0) > 0)
    return np.where(varies, error, error[varies].min() if varies.any() else 1.0)


def _top(change, error, k):
    """The k genes with the largest |t|, the earlier one first where two tie, none unchanged."""
    t = np.abs(change) / error
    order = np.argsort(-t, kind="stable")[:k]
    return order[t[order] > 0]
