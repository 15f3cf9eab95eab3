"""Exercises of chapter 2: keep the contract, and keep it while being wrong."""

from __future__ import annotations

import inspect

import numpy as np

from recon_tutorial.exercises._judging import answer_of, apart, judge, right, wrong
from recon_tutorial.exercises.feedback import Feedback
from recon_tutorial.metrics import mse
from recon_tutorial.predictors import MeanShift, NoChange
from recon_tutorial.protocol import ContractError, check_predictor

_MENDED_HINTS = (
    "Run `check_predictor(SmallestPredictor)`: it names one rule at a time, and how to mend it.",
    "Three things are missing: a door through which lists and doubles come in, a guard that "
    "compares shapes, and an answer to being asked before training.",
    "Convert each input in the first lines of `train` and `predict`; then compare `ndim`, widths "
    "and numbers of rows with those of training, and raise a ValueError where they differ.",
)
_KEPT_HINTS = (
    "The contract asks for order, shapes and a use of the descriptor; of being right it asks "
    "little. How does it measure 'beats no change', and how does this page measure error?",
    "The check looks at the *mean* of the held-out cells of a perturbation, and the mean squared "
    "error of this page at *every cell*.",
    "Inherit from `RidgeShift`, and spoil its answer for each cell in a way that the mean over "
    "cells does not show: controls are centred at 0.",
)
_NUDGES = {
    "float64 and lists": "Good readers pass lists: what is the first thing to do with an input?",
    "refuses mismatched shapes": "numpy stretches one row over many without a word: compare first.",
    "untrained predict is refused": "Which attribute exists only after training?",
    "uses the descriptor": "A prediction that is the same for every perturbation is a baseline.",
    "beats no change": "It has to be nearer to the perturbed mean than the control is.",
    "dtype": "The last line of `predict` decides the type.",
    "single row": "What does your code do with n = 1?",
    "row order": "Row i must answer row i, whatever the order of the rows.",
}


def check_mended_predictor(predictor, train, test, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 2, exercise 1: `SmallestPredictor`, mended until it keeps the contract.

    Parameters
    ----------
    predictor : class, or ...
        The answer.
    train, test : Pairs
        Rows on which it must also be right.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 2.
    """

    def look(answer):
        if broken := _broken_rule(answer):
            return wrong(broken)
        if str(answer.__module__).startswith("recon_tutorial."):
            return wrong(
                f"`{answer.__name__}` keeps the contract, for it is the tested version of this "
                "book. Mend your own fifteen lines: copy `SmallestPredictor` and begin."
            )
        pred = answer_of(answer, train, test)
        mine, floor = mse(test.pert, pred), _error(MeanShift, train, test)
        if mine > 0.5 * floor:
            return wrong(
                f"The contract is kept, but on this page's held-out cells the latent MSE is "
                f"{mine:.3f} and the mean shift has {floor:.3f}: the arithmetic of "
                "`SmallestPredictor` was right, and something of it was lost in mending."
            )
        return right(
            f"Every rule is kept, and the latent MSE of {mine:.4f} (mean shift: {floor:.2f}) says "
            "that the arithmetic survived. That error was as low before you began: a score on "
            "good input would never have shown what was missing."
        )

    asked = "a class with `train` and `predict` (the class, not an object of it)"
    return judge(predictor, look, asked=asked, hints=_MENDED_HINTS, hint=hint)


def check_kept_but_wrong(predictor, train, test, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 2, exercise 2: a kept contract and an error above the mean shift's.

    Parameters
    ----------
    predictor : class, or ...
        The answer.
    train, test : Pairs
        Rows of the page's screen.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 2.
    """

    def look(answer):
        if broken := _broken_rule(answer):
            return wrong(
                f"{broken} A predictor that fails the check is not the surprise of this exercise."
            )
        pred = answer_of(answer, train, test)
        mine = mse(test.pert, pred)
        floors = {kind.__name__: _error(kind, train, test) for kind in (NoChange, MeanShift)}
        if mine <= floors["MeanShift"]:
            good = "as good as the noise allows" if mine < 0.1 * floors["MeanShift"] else "too good"
            return wrong(
                f"It keeps the contract, and its latent MSE of {mine:.3f} is {good}: the mean "
                f"shift has {floors['MeanShift']:.3f}, and you are asked to be *worse*. Spoil the "
                "answer where the check does not look."
            )
        of_means = apart(lambda t, p: ((t.mean(0) - p.mean(0)) ** 2).mean(), test, pred)
        return right(
            f"The contract is kept, and the latent MSE of {mine:.3f} is worse than "
            f"{floors['MeanShift']:.3f} of the mean shift (no change: {floors['NoChange']:.3f}). "
            f"Its squared error of the *mean* is {of_means:.3f}. A contract says that answers can "
            "be compared; only a score between floors and ceilings says whether they are any good."
        )

    asked = "a class with `train` and `predict` (the class, not an object of it)"
    return judge(predictor, look, asked=asked, hints=_KEPT_HINTS, hint=hint)


def _broken_rule(answer):
    """What keeps a class from the contract, in two sentences; empty if nothing does."""
    if not inspect.isclass(answer):
        return (
            f"This is an object of type {type(answer).__name__}, and the check builds several "
            "predictors: pass the class itself, without parentheses."
        )
    try:
        check_predictor(answer)
    except ContractError as error:
        return f"`check_predictor` says: {error}. {_NUDGES.get(error.rule, '')}".rstrip()
    return ""


def _error(kind, train, test):
    model = kind()
    model.train(*train[:3])
    return float(np.square(model.predict(test.ctrl, test.cov) - test.pert).mean())
