"""Exercises of chapter 4: fool a score on purpose, and know what chance would score."""

from __future__ import annotations

import numpy as np

from recon_tutorial.exercises._judging import (
    answer_of,
    apart,
    cells_like,
    groups,
    judge,
    number,
    right,
    wrong,
)
from recon_tutorial.exercises.feedback import Feedback
from recon_tutorial.metrics import energy_distance, knn_purity, r2_delta, variance_ratio

_FAR, _K = 5.0, 10
_FAR_HINTS = (
    "Purity asks who the nearest cells are, and never how near they are.",
    "Go where the true cells are still nearer than any control, and then much further.",
    "Which direction leads away from the controls and past the true cells? Each perturbation has "
    "its own, and a class of `recon_tutorial.adversaries` walks along it for as long as you say.",
)
_WIDE_HINTS = (
    "Start from a prediction whose means are right, and change only what is around the means.",
    "The variance grows with the square of a factor.",
    "For each perturbation: mean of the prediction plus factor times distance from that mean.",
)
_CHANCE_HINTS = (
    "A cell that knows nothing draws its neighbours blindly from the pool.",
    "The pool holds true cells *and* controls.",
    "Draw one cell at random from an urn with `n_true` red and `n_ctrl` blue balls.",
)
_ASKED_FAR = "an untrained predictor like `MeanShift()`"


def check_pure_but_far(predictor, train, test, ctrl, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 4, exercise 1: purity 1 and an energy distance above 5.

    Parameters
    ----------
    predictor : predictor or class, or ...
        The answer; it is trained and asked here.
    train, test : Pairs
        Training and test rows.
    ctrl : array of shape (n, embed_dim)
        Controls in the pool of neighbours.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 4.
    """

    def purity(true, pred):
        return knn_purity(true, pred, ctrl, k=_K)

    def look(answer):
        pred = answer_of(answer, train, test)
        pure, far = (apart(score, test, pred) for score in (purity, energy_distance))
        oracle, none = apart(purity, test, test.pert), apart(energy_distance, test, test.ctrl)
        seen = f"Purity {pure:.3f} (1 is asked for), energy distance {far:.2f} (above {_FAR:g})"
        is_pure = pure > 0.9995
        if is_pure and far <= _FAR:
            spread = apart(variance_ratio, test, pred)
            if spread < 0.1:
                return wrong(
                    f"{seen}, variance ratio {spread:.2f}: a collapse buys purity as well, but "
                    "right in the midst of the true cells, and what it costs is only their "
                    "spread. Being in the wrong *place* costs more."
                )
            return wrong(
                f"{seen}: every neighbour is right, but you are not far enough from the true "
                "cells. Purity would not mind if you went on: in which direction can you?"
            )
        if far > _FAR and not is_pure:
            share = 1 - pure
            where = "on the side of the controls" if pure < 0.5 else "between both kinds of cells"
            return wrong(
                f"{seen}: far enough, but {where}, for {share:.0%} of the neighbours are controls. "
                "The true cells must lie between your cells and the controls."
            )
        if not is_pure:
            return wrong(
                f"{seen}: neither. For comparison, the true cells have purity {oracle:.3f} and "
                f"no change an energy distance of {none:.2f}. First leave the controls behind."
            )
        return right(
            f"{seen}. The true cells themselves have a purity of only {oracle:.3f}, and doing "
            f"nothing is {none:.2f} away: where no cell has ever been, the nearest cells are "
            "still perturbed ones. A table with purity alone would put this predictor first."
        )

    return judge(predictor, look, asked=_ASKED_FAR, hints=_FAR_HINTS, hint=hint)


def check_wide(wide, test, ctrl, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 4, exercise 2: the right means with four times the variance.

    Parameters
    ----------
    wide : array of shape (n, embed_dim), or ...
        The answer.
    test : Pairs
        Test rows.
    ctrl : array of shape (n, embed_dim)
        Controls from which the change is taken.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 4.
    """

    def change(true, pred):
        return r2_delta(true, pred, ctrl)

    def look(answer):
        pred = cells_like(answer, test.pert)
        spread, mean = apart(variance_ratio, test, pred), apart(change, test, pred)
        halves = [(test.pert[r[::2]], test.pert[r[1::2]]) for r in groups(test).values()]
        replicate = np.mean([change(*half) for half in halves])
        seen = f"Variance ratio {spread:.2f} (4 is asked for), R2 of the change {mean:.3f}"
        if 12 < spread < 21:
            return wrong(
                f"{seen}. That is about the square of 4: a factor on the distance from the mean "
                "enters the variance twice."
            )
        if mean < replicate - 0.02:
            return wrong(
                f"{seen}, where a replicate has {replicate:.3f}: the means have moved. Widen each "
                "perturbation about its own mean, not about 0 and not together with its shift."
            )
        if not 3.5 <= spread <= 4.5:
            cells = "no wider than real cells" if spread < 1.2 else "not yet right"
            return wrong(f"{seen}: the means are right and the spread is {cells}.")
        far = [apart(energy_distance, test, p) for p in (pred, test.ctrl)]
        return right(
            f"{seen}, a replicate's is {replicate:.3f}: a score of the mean cannot tell this from "
            f"real cells. The energy distance can, {far[0]:.2f} (no change: {far[1]:.2f}), and "
            "only the variance ratio says that nothing but the spread is wrong."
        )

    asked = f"an array of shape {test.pert.shape} with one predicted cell a row"
    return judge(wide, look, asked=asked, hints=_WIDE_HINTS, hint=hint)


def check_chance(chance, n_true: int, n_ctrl: int, *, seed: int = 0, hint: int = 0) -> Feedback:
    """Feedback on chapter 4, exercise 3: the purity of a predictor that knows nothing.

    Parameters
    ----------
    chance : float, or ...
        The answer.
    n_true, n_ctrl : int
        True perturbed cells and controls in the pool.
    seed : int
        Seed of the blind draws that the answer is compared with.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 4.
    """

    def look(answer):
        given, share = number(answer), n_true / (n_true + n_ctrl)
        drawn = np.random.default_rng(seed).hypergeometric(n_true, n_ctrl, _K, size=5000).mean()
        drawn = drawn / _K
        seen = f"You say {given:.3f}. Among {_K} neighbours drawn blindly, 5,000 times"
        pool = f"You say {given:.3f}, of a pool with {n_true} true cells and {n_ctrl} controls."
        if not 0 <= given <= 1:
            return wrong(f"You say {given:.3f}, but a share lies between 0 and 1.")
        if abs(given - share) < 0.005:
            return right(
                f"{seen}, {drawn:.3f} were true cells. A purity of 0.5 would be a real "
                f"achievement in this pool, and a disaster in one with three true cells for each "
                "control: report the pool with the score."
            )
        near = {
            0.5: "A half is chance only where both kinds are equally many.",
            n_true / n_ctrl: "That is a ratio of true cells to controls, not a share of the pool.",
            1 - share: "That is the share of the *controls*; purity counts the true cells.",
        }
        reason = next((why for value, why in near.items() if abs(given - value) < 0.005), None)
        wider = "more" if drawn > given else "fewer"
        reason = reason or f"Of {_K} blind neighbours, {wider} than that share were true cells."
        return wrong(f"{pool} {reason}")

    return judge(chance, look, asked="one number between 0 and 1", hints=_CHANCE_HINTS, hint=hint)
