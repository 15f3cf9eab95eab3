"""Exercises of chapter 8: the worst pairs, and a difference that may be none."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from recon_tutorial.evaluation import compare
from recon_tutorial.exercises._judging import judge, right, wrong
from recon_tutorial.exercises.feedback import Feedback

_BATCH, _FEW = 64, 8
_LONGEST_HINTS = (
    "The function of the page finds the pairs with the least cost; which problem is solved here?",
    "`linear_sum_assignment` can also look for the dearest assignment.",
    "Read its signature: one keyword turns the search round. Like the page, return the *rows* of "
    "`x1`, in a new order.",
)
_COUPLING_HINTS = (
    "With `pairing='true'` the given rows are true partners; who could be nearer?",
    "True partners of a linear shift are also the cheapest pairs. By how much can the answers "
    "differ at all?",
    "Two averages never decide: take the paired difference over perturbations, with its interval.",
)
_VERDICTS = ("given", "ot", "cannot tell")


def check_longest_pairs(longest, ctrl, pert, *, seed: int = 0, hint: int = 0) -> Feedback:
    """Feedback on chapter 8, exercise 1: pairs with the greatest summed squared length.

    Parameters
    ----------
    longest : function, or ...
        The answer: of x0 and x1, tensors of shape (n, d); returns the rows of x1 in a new order.
    ctrl, pert : tensor of shape (m, d)
        Controls and perturbed cells, of which batches are drawn.
    seed : int
        Seed of the batch.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 8.
    """

    def look(answer):
        if not callable(answer):
            raise TypeError(f"this {type(answer).__name__} cannot be called")
        rng = np.random.default_rng(seed)
        x0, x1 = (c[torch.from_numpy(rng.choice(len(c), _BATCH, False))] for c in (ctrl, pert))
        try:
            given = np.asarray(answer(x0, x1.clone()))
        except Exception as error:  # a reader's code: whatever it raises is the finding
            return wrong(f"Called with two batches it raised {type(error).__name__}: {error}.")
        if given.shape == (_BATCH,):
            return wrong(
                f"It returned {_BATCH} numbers, perhaps positions; the fit asks for the cells "
                "themselves, `x1` in a new order."
            )
        if given.shape != tuple(x1.shape):
            return wrong(f"It returned shape {given.shape} where {tuple(x1.shape)} is due.")
        if not np.allclose(np.sort(given, axis=0), np.sort(x1.numpy(), axis=0), atol=1e-5):
            return wrong(
                "Some cells are used twice and others never: each row of `x1` must occur once, "
                "or the crowd that arrives is not the perturbed one."
            )
        cost = torch.cdist(x0, x1).square().numpy()
        least, most = (
            cost[linear_sum_assignment(cost, maximize=turn)].mean() for turn in (False, True)
        )
        mine, lot = np.square(given - x0.numpy()).sum(axis=1).mean(), cost.diagonal().mean()
        seen = (
            f"On {_BATCH} cells the mean squared length of your paths is {mine:.2f} (least "
            f"{least:.2f}, by lot {lot:.2f}, greatest {most:.2f})"
        )
        if mine > most * (1 - 1e-4):
            return right(
                f"{seen}. The pairs are as bad as pairs can be, and every perturbed cell is still "
                "used once: that is all the argument needs. Look at the energy distance above, "
                "and at the straightness for what such pairs cost."
            )
        if mine < least * (1 + 1e-4):
            return wrong(f"{seen}: that is optimal transport, the best pairs. Turn it round.")
        if np.isclose(mine, lot):
            return wrong(f"{seen}: `x1` came back in the order in which it went in.")
        return wrong(f"{seen}: long, but an exact search finds longer ones.")

    asked = "a function of two tensors"
    return judge(longest, look, asked=asked, hints=_LONGEST_HINTS, hint=hint)


def check_better_coupling(better, results, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 8, exercise 2: whether true partners are better than matched ones.

    Parameters
    ----------
    better : {"given", "ot", "cannot tell"}, or ...
        The first part of the answer.
    results : DataFrame, or ...
        The second part: `evaluate` of two flows named "given" and "ot" on validation cells.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 8.
    """

    def look(answer):
        better, results = answer
        if better not in _VERDICTS:
            raise ValueError(f"{better!r} is not one of {', '.join(_VERDICTS)}")
        if not {"given", "ot"} <= set(results["model"] if hasattr(results, "columns") else ()):
            raise TypeError("the results hold no models named 'given' and 'ot'")
        verdict = compare(results, "given", "ot")
        value = results[results["metric"] == "energy_distance"].groupby("model")["value"].mean()
        if not np.isfinite(verdict["low"]):
            return wrong(
                f"With {int(verdict['n'])} perturbations there is no interval, so nobody can say: "
                f"score {_FEW} or more."
            )
        seen = (
            f"Energy distance {value['given']:.3f} (given) and {value['ot']:.3f} (ot); the gain of "
            f"the former is {verdict['gain']:.3f}, 95 % interval {verdict['low']:.3f} to "
            f"{verdict['high']:.3f} over {int(verdict['n'])} perturbations"
        )
        truth = "cannot tell"
        if verdict["low"] > 0 or verdict["high"] < 0:
            truth = "given" if verdict["low"] > 0 else "ot"
        if better == truth:
            return right(
                f"{seen}. The interval decides, and not which of two averages is the smaller."
            )
        if truth == "cannot tell":
            return wrong(f"{seen}. You prefer {better!r}: does this interval allow it?")
        if better == "cannot tell":
            return wrong(f"{seen}. Does this interval hold the zero?")
        return wrong(f"{seen}. A small energy distance is good: on which side is the gain?")

    asked = 'one of "given", "ot" and "cannot tell", and a table of results'
    return judge((better, results), look, asked=asked, hints=_COUPLING_HINTS, hint=hint)
