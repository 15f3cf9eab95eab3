"""Signatures of mean change: predict each from what the others did, and from what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import LeaveOneGroupOut

from recon_tutorial._given import is_number
from recon_tutorial._numeric import a_table, finite

__all__ = ["ALPHAS", "LeftOut", "leave_one_out"]

ALPHAS = tuple(10.0 ** (k / 2) for k in range(-4, 5))  # 0.01 to 100
ROUNDING = 1e-6  # descriptors are float32: what is smaller than this share is no answer


class LeftOut(NamedTuple):
    """What was said of each perturbation without having seen it, genes x perturbations.

    ``centroid + change`` is the predicted signature.

    Attributes
    ----------
    change : DataFrame
        What the descriptor adds to the centroid.
    centroid : DataFrame
        The mean of the signatures that trained the prediction.

    Derived in chapter 11.
    """

    change: pd.DataFrame
    centroid: pd.DataFrame


def leave_one_out(
    signatures: pd.DataFrame,
    descriptors: pd.DataFrame,
    *,
    groups: pd.Series | None = None,
    alphas: Sequence[float] = ALPHAS,
) -> LeftOut:
    """Predict each signature from its descriptor by a ridge that never saw it.

    The ridge regresses the other signatures, minus their mean, on their descriptors. Its strength
    is the one of `alphas` that predicts those others best when each of them is left out in turn,
    so the signature that is scored has no say in it.

    Parameters
    ----------
    signatures : DataFrame
        Mean changes, genes x perturbations, at least three.
    descriptors : DataFrame
        One row per perturbation, in any order. One grid of `alphas` suits all tables if their rows
        have a mean squared length of 1, as `combined` gives them.
    groups : Series, optional
        Perturbation name to group: all of a group are left out together. By default each
        perturbation is a group of its own.
    alphas : sequence of float
        Candidate strengths, above 0.

    Returns
    -------
    LeftOut
        Tables ``change`` and ``centroid``, shaped and named like `signatures`. A change that
        float32 rounding can explain is exactly 0: with one-hot descriptors all are.

    Raises
    ------
    ValueError
        If a perturbation repeats or lacks a descriptor or a group, a value is not a finite number,
        or fewer than two perturbations are left to learn from.

    Derived in chapter 11.
    """
    names = a_table(signatures, "signatures").columns
    a_table(descriptors, "descriptors")
    if not np.iterable(alphas) or not all(is_number(a) and a > 0 for a in [*alphas] or [0]):
        raise ValueError(f"alphas={alphas!r} must be one number above 0 or more: leave it out")
    targets = _numbers(signatures, "signatures")
    rows = _numbers(_of(descriptors, names, "descriptors"), "descriptors")
    labels = np.arange(len(names)) if groups is None else _of(groups, names, "groups").to_numpy()
    if len(names) - pd.Series(labels).value_counts().max() < 2:
        raise ValueError(
            f"of {len(names)} perturbations fewer than two are left to learn from when the largest "
            "group is left out: pass more signatures or smaller groups"
        )
    # n signatures span at most n directions, and squared errors do not change when genes are
    # rotated: the regression runs in those directions instead of thousands of genes.
    basis, coordinates = np.linalg.qr(targets)
    targets = coordinates.T
    change, centroid = np.empty_like(targets), np.empty_like(targets)
    for train, test in LeaveOneGroupOut().split(rows, groups=labels):
        centroid[test] = targets[train].mean(axis=0)
        model = RidgeCV(alphas=alphas).fit(rows[train], targets[train] - centroid[test[0]])
        change[test] = model.predict(rows[test])
    change[np.abs(change).max(axis=1) <= ROUNDING * np.abs(targets).max()] = 0
    shape = {"index": signatures.index, "columns": names}
    return LeftOut(*(pd.DataFrame(basis @ table.T, **shape) for table in (change, centroid)))


def _of(table, names, what):
    """Return the rows of `names`, or say which is missing."""
    for name in names:
        if (found := int((table.index == name).sum())) != 1:
            raise ValueError(f"{name!r} stands {found} times in {what}: it must stand there once")
    return table.loc[names]


def _numbers(table, what):
    """Return the values as float64."""
    if table.columns.has_duplicates:
        raise ValueError(f"{what} name a column twice: keep one of them")
    if any(dtype.kind == "c" for dtype in table.dtypes):
        raise ValueError(f"{what} hold complex values: pass real numbers")
    try:
        values = table.to_numpy(dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"{what} hold text ({error}): encode it as numbers first") from error
    if not np.isfinite(values).all():
        raise ValueError(f"{what} hold NaN or infinite values: fill or drop them")
    return finite(values, what)
