"""Exercises of chapter 1: one descriptor for all cells, and a prediction without spread."""

from __future__ import annotations

import numpy as np

from recon_tutorial.exercises._judging import apart, array, cells_like, groups, judge, right, wrong
from recon_tutorial.exercises.feedback import Feedback
from recon_tutorial.metrics import energy_distance, knn_purity, r2, variance_ratio

_AVERAGE_HINTS = (
    "One descriptor is a row of `test.cov`; the average of five rows is a row, too.",
    "Average over perturbations, so that each number of the descriptor stays by itself; then "
    "every test cell needs a copy.",
    "Which axis of a table of five descriptors runs over perturbations? `np.tile` copies a row.",
)
_COLLAPSE_HINTS = (
    "For each name in `names`, which rows belong to it, and what is the mean of these rows?",
    "Start from a copy of `test.pert` and overwrite the rows of one perturbation after the other.",
    "A boolean mask selects rows on both sides of `=`; the mean runs over cells, not over axes "
    "of the embedding.",
)


def check_average_descriptor(average_cov, model, test, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 1, exercise 1: the same average descriptor for every test cell.

    Parameters
    ----------
    average_cov : array of shape (n, cov_dim), or ...
        The answer.
    model : predictor
        Trained; it is asked with the answer to show what that does.
    test : Pairs
        Test rows.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 1.
    """

    def look(answer):
        cov = array(answer)
        kinds = {p: test.cov[rows[0]] for p, rows in groups(test).items()}
        average = np.mean(list(kinds.values()), axis=0)
        if cov.shape == average.shape:
            return wrong(
                f"This is one row of {len(cov)} numbers, and the model answers row by row: "
                f"{len(test.cov)} cells need {len(test.cov)} descriptors. Repeat the row."
            )
        if cov.shape != test.cov.shape:
            return wrong(f"The shape is {cov.shape} where {test.cov.shape} is due: a row per cell.")
        if np.allclose(cov, test.cov, atol=1e-5):
            return wrong(
                f"These are the {len(kinds)} descriptors as they were, each cell with its own: "
                "nothing is averaged. What would make all rows equal?"
            )
        if np.ptp(cov, axis=0).max() > 1e-4:
            n = len(np.unique(cov.round(4), axis=0))
            return wrong(
                f"The rows still hold {n} different descriptors, and the same one for all was "
                "asked for. An average along the wrong axis mixes the numbers within a cell."
            )
        if np.ptp(cov[0]) < 1e-6 < np.ptp(average):
            return wrong(
                f"All {cov.shape[1]} numbers of the descriptor are {cov[0, 0]:.3f}: an average of "
                "everything. Each number of a descriptor means something else; average it alone."
            )
        for name, own in kinds.items():
            if np.allclose(cov[0], own, atol=1e-4):
                return wrong(f"This is the descriptor of `{name}` for every cell, not an average.")
        if not np.allclose(cov[0], average, atol=1e-3):
            gap = np.abs(cov[0] - average).max()
            return wrong(
                f"One descriptor for all cells, but up to {gap:.2f} away from the average of the "
                f"{len(kinds)}: count every perturbation once."
            )
        own, same = model.predict(test.ctrl, test.cov), model.predict(test.ctrl, cov)
        pooled = [r2(test.pert, pred) for pred in (own, same)]
        far = [apart(energy_distance, test, pred) for pred in (own, same, test.ctrl)]
        return right(
            f"Pooled, R2 of the embedding goes from {pooled[0]:.3f} to {pooled[1]:.3f}. "
            f"Per perturbation, the energy distance goes from {far[0]:.2f} to {far[1]:.2f}, where "
            f"no change has {far[2]:.2f}. A sum over all cells is right when every cell has the "
            "average answer, so a pooled R2 alone would not have told you."
        )

    asked = f"an array of shape {test.cov.shape} with one descriptor per test cell"
    return judge(average_cov, look, asked=asked, hints=_AVERAGE_HINTS, hint=hint)


def check_collapse(collapsed, test, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 1, exercise 2: the mean of each perturbation's true cells, repeated.

    Parameters
    ----------
    collapsed : array of shape (n, embed_dim), or ...
        The answer.
    test : Pairs
        Test rows.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 1.
    """

    def look(answer):
        rows = groups(test)
        if np.shape(answer) == (len(rows), test.pert.shape[1]):
            return wrong(
                f"These are {len(rows)} rows, one mean for each perturbation; a prediction has a "
                f"row for each of the {len(test.pert)} cells. Give each cell a copy of its mean."
            )
        pred = cells_like(answer, test.pert)
        if np.allclose(pred, test.pert, atol=1e-5):
            return wrong(
                "These are the true cells themselves, variance ratio 1: an oracle, not a collapse."
            )
        spread = apart(variance_ratio, test, pred)
        if spread > 1e-4:
            return wrong(
                f"Within a perturbation the variance ratio is {spread:.3f} where 0 is due: its "
                "rows still differ. All rows of a perturbation hold one and the same vector."
            )
        means = {p: test.pert[r].mean(axis=0) for p, r in rows.items()}
        given = {p: pred[r[0]] for p, r in rows.items()}
        if all(
            np.allclose(given[p], test.ctrl[r].mean(axis=0), atol=1e-3) for p, r in rows.items()
        ):
            return wrong("These are means of the *controls*: no change, collapsed. Which field?")
        if np.ptp(list(given.values()), axis=0).max() < 1e-4:
            return wrong(
                f"One vector stands in all {len(pred)} rows: that is the mean of everything. Each "
                f"of the {len(rows)} perturbations has a mean of its own."
            )
        for p, vector in given.items():
            off = {q: np.abs(vector - mean).max() for q, mean in means.items()}
            if off[p] > 1e-3:
                nearest = min(off, key=off.get)
                seen = f"The rows of `{p}` are up to {off[p]:.2f} away from the mean of `{p}`"
                if nearest != p and off[nearest] < 1e-3:
                    seen += f" and equal that of `{nearest}`: the labels are in another order"
                return wrong(f"{seen}. Select the rows by `test.perturbation`.")
        ctrl = test.ctrl
        pure = [
            np.mean([knn_purity(test.pert[r], p[r], ctrl[r], k=10) for r in rows.values()])
            for p in (pred, test.pert)
        ]
        far = [apart(energy_distance, test, p) for p in (pred, ctrl)]
        return right(
            f"Its purity is {pure[0]:.3f}, above the {pure[1]:.3f} of the true cells: purity likes "
            f"a prediction without any spread. The energy distance, {far[0]:.2f} where no change "
            f"has {far[1]:.2f}, sees the missing spread but rewards the right place; the variance "
            f"ratio of {spread:.2f} says what is wrong."
        )

    asked = f"an array of shape {test.pert.shape} with, in each row, the mean of its perturbation"
    return judge(collapsed, look, asked=asked, hints=_COLLAPSE_HINTS, hint=hint)
