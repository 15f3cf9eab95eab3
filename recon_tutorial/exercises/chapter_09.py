"""Exercises of chapter 9: a push too strong, cells asked one by one, attention under MSE."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from recon_tutorial.exercises._judging import cells_like, judge, number, right, wrong
from recon_tutorial.exercises.feedback import Feedback
from recon_tutorial.metrics import energy_distance, variance_ratio
from recon_tutorial.predictors import SetPredictor

_PUSH_HINTS = (
    "Far out, a point is one radius away from every true cell, and from every fellow that stayed. "
    "What does each of these distances cost, or earn?",
    "Which is easier: that all leave together, on a circle, or that one leaves alone?",
    "Write down the loss for one point at distance $R$ and all its fellows at home; what stands "
    "before $R$?",
)
_ALONE_HINTS = (
    "A call with one row is a call with matrices of one row, not with vectors.",
    "Walk over the rows, ask for each, and put the answers below one another.",
    "`ctrl[i : i + 1]` is a matrix; `np.concatenate` joins a list of such answers.",
)
_ATTENTION_HINTS = (
    "Two options of `SetPredictor` and a call of `train` with the pairs of the small world.",
    "The variance ratio needs predictions for the test rows, one perturbation at a time.",
    "What is the best answer to a squared error, if nobody in the set knows the partner either?",
)


def check_runaway_push(push, true, *, n: int = 80, hint: int = 0) -> Feedback:
    """Feedback on chapter 9, exercise 1: the strongest push under which no point runs away.

    Parameters
    ----------
    push : float, or ...
        The answer, within 3 %.
    true : array of shape (m, 2)
        The true cells.
    n : int
        Number of free points.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 9.
    """

    def look(answer):
        given = number(answer)
        slopes = {1: _slope(given, true, n, 1), n: _slope(given, true, n, n)}
        seen = (
            f"With a push of {given:.2f}, each step outwards changes the loss by {slopes[1]:+.4f} "
            f"if one of the {n} points leaves alone, and by {slopes[n]:+.2f} if all leave together"
        )
        stronger = (_slope(1.03 * given, true, n, k) for k in range(1, n + 1))
        weaker = [_slope(0.97 * given, true, n, k) for k in range(1, n + 1)]
        if min(weaker) < 0:
            if slopes[n] > -0.2:
                return wrong(
                    f"{seen}: all together they stay, or nearly, but nobody says that they must "
                    "leave together."
                )
            return wrong(f"{seen}: they run, and under a weaker push they would run as well.")
        if min(stronger) >= 0:
            return wrong(f"{seen}: uphill, so nobody leaves, nor would under a stronger push.")
        return right(
            f"{seen}: with 3 % more, one point after the other finds its way out. At this push the "
            "loss is a distance between two laws; with a stronger one it has no lowest value, and "
            "the points that still stay have only not found the way yet."
        )

    return judge(push, look, asked="one number, the strength", hints=_PUSH_HINTS, hint=hint)


def _slope(push, true, n, n_gone):
    """Change of the loss per unit of radius, far out, if so many of n points leave on a circle."""
    angle = 2 * np.pi * np.arange(n_gone) / n_gone
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    at_home = np.tile(true.mean(axis=0), (n - n_gone, 1))
    losses = []
    for radius in (1e6, 2e6):
        points = np.concatenate([radius * circle + true.mean(axis=0), at_home])
        fellows = cdist(points, points).sum() / (n * (n - 1))
        losses.append(2 * cdist(points, true).mean() - push * fellows)
    return round((losses[1] - losses[0]) / 1e6, 6) + 0.0  # no rounding error, no minus zero


def check_one_at_a_time(alone, model, ctrl, cov, true, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 9, exercise 2: a model of sets, asked for one cell at a time.

    Parameters
    ----------
    alone : array of shape (n, embed_dim), or ...
        The answer.
    model : predictor
        A trained model of sets.
    ctrl, cov : array of shape (n, embed_dim) and (n, cov_dim)
        What it is to be asked.
    true : array of shape (m, embed_dim)
        True cells of the perturbation.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 9.
    """

    def look(answer):
        pred = cells_like(answer, ctrl)
        together = model.predict(ctrl, cov)
        single = np.concatenate([model.predict(ctrl[[i]], cov[[i]]) for i in range(len(ctrl))])
        if np.allclose(together, single, atol=1e-4):
            raise ValueError("this model answers alone as in company: ask one with attention")
        far = {"alone": single, "together": together, "no change": ctrl}
        far = {name: energy_distance(true, cells) for name, cells in far.items()}
        if np.allclose(pred, together, atol=1e-4):
            return wrong(
                f"These are the answers to a *single* call with all {len(ctrl)} rows (energy "
                f"distance {far['together']:.2f}): in it the cells see one another."
            )
        if np.allclose(pred, ctrl, atol=1e-4):
            return wrong("These are the controls: nobody was asked.")
        if not np.allclose(pred, single, atol=1e-3):
            gap = np.abs(pred - single).max()
            return wrong(
                f"Rows differ by up to {gap:.2f} from what the model says of each alone. Does row "
                "i answer row i, with its own descriptor, and does each call have one row?"
            )
        spread = [variance_ratio(true, cells) for cells in (single, together)]
        return right(
            f"Alone the energy distance is {far['alone']:.2f} and together {far['together']:.2f} "
            f"(no change: {far['no change']:.2f}), the variance ratio {spread[0]:.2f} and "
            f"{spread[1]:.2f}. The same cells and the same weights: with attention a prediction "
            "belongs to its set, so a score must say how sets were made."
        )

    asked = f"an array of shape {np.shape(ctrl)} with one answer a row"
    return judge(alone, look, asked=asked, hints=_ALONE_HINTS, hint=hint)


def check_attention_under_mse(rescued, ctrl, cov, true, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 9, exercise 3: whether attention rescues a squared error.

    Parameters
    ----------
    rescued : SetPredictor, or ...
        The answer: trained on a squared error, with attention.
    ctrl, cov : array of shape (n, embed_dim) and (n, cov_dim)
        Test controls, and the descriptor of one perturbation in each row.
    true : array of shape (m, embed_dim)
        True cells of the perturbation.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 9.
    """

    def look(answer):
        if not isinstance(answer, SetPredictor):
            raise TypeError(f"this {type(answer).__name__} is no SetPredictor")
        if answer.network is None:
            return wrong("It has not been trained: what it would say, nobody knows.")
        pred = answer.predict(ctrl, cov)
        spread, far = variance_ratio(true, pred), energy_distance(true, pred)
        seen = f"Variance ratio {spread:.2f}, energy distance {far:.2f}"
        if answer.loss != "mse":
            return wrong(
                f"{seen}, but its loss is {answer.loss!r}: that is the rescue we know, and the "
                "question was whether attention can do it *alone*."
            )
        if not answer.attention:
            return wrong(f"{seen}, but without attention no cell has seen another: switch it on.")
        return right(
            f"{seen} (no change: {energy_distance(true, ctrl):.2f}). The cells of a set see one "
            "another, and none of them knows whose partner it is; the best answer to a squared "
            "error is the conditional mean, as before. It is the loss that matters."
        )

    asked = "a trained `SetPredictor`"
    return judge(rescued, look, asked=asked, hints=_ATTENTION_HINTS, hint=hint)
