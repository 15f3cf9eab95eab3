"""Exercises of chapter 5: a collapse that scores overlook, and a crowd of two kinds."""

from __future__ import annotations

import numpy as np

from recon_tutorial.exercises._judging import answer_of, apart, groups, judge, right, wrong
from recon_tutorial.exercises.feedback import Feedback
from recon_tutorial.metrics import energy_distance, r2_delta, variance_ratio
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import PerturbationMeanShift

_MODES_HINTS = (
    "Draw the first principal axis of the true and of the predicted cells of one perturbation.",
    "Half of the cells did not respond at all. How far must the others have gone, if the average "
    "shift over all of them is what `PerturbationMeanShift` has learned?",
    "Inherit from `PerturbationMeanShift`; in `predict` take its shift, and decide for each cell "
    "whether it moves.",
)
_COLLAPSED_HINTS = (
    '`evaluate` has an option `pairing`: with "random" nobody knows which control was whose.',
    "A regression on unrelated pairs can only learn the average of the targets. Which of the "
    "models answers with an embedding rather than with a shift?",
    "Average the rows of the results over perturbations: `variance_ratio` for the collapse, then "
    "`scaled` of the other scores for that one model.",
)


def check_collapsed_model(results, model, score, *, hint: int = 0) -> Feedback:
    """Feedback on chapter 5, exercise 1: who collapses without partners, and who overlooks it.

    Parameters
    ----------
    results : DataFrame, or ...
        The first part of the answer: `evaluate` of the page's models on unpaired training rows.
    model : str, or ...
        The second part: the model that has lost most of its spread.
    score : str, or ...
        The third part: a metric that gives this model a score as if nothing had happened.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 5.
    """

    def look(answer):
        results, model, score = answer
        needed = ["value", "floor", "ceiling"]
        if not {*needed, "model", "metric", "space"} <= set(getattr(results, "columns", ())):
            raise TypeError("the first part is no table of `evaluate`")
        known = results[results["space"] == "embedding"]
        means = known.groupby(["metric", "model"])[needed].mean()
        value = means["value"]
        # A ratio of means, as in `leaderboard`.
        scaled = (value - means["floor"]) / (means["ceiling"] - means["floor"])
        if "variance_ratio" not in value:
            raise ValueError("the results hold no variance_ratio: name it in metrics=")
        spread = value["variance_ratio"].drop("replicate", errors="ignore")
        worst = spread.idxmin()
        if spread[worst] > 0.9:
            return wrong(
                f"In these results no model lost its spread: the smallest variance ratio is "
                f"{spread[worst]:.2f}. Were the training rows true pairs again?"
            )
        if model not in spread:
            return wrong(f"There is no model {model!r}: it is one of {', '.join(spread.index)}.")
        if spread[model] > spread[worst] + 0.02:
            return wrong(
                f"The variance ratio of {model!r} is {spread[model]:.2f}, and one of the models "
                f"has {spread[worst]:.2f}. What does a squared error ask of *that* one?"
            )
        if score == "variance_ratio" or score not in scaled:
            others = ", ".join(sorted(set(scaled.dropna().index.get_level_values(0))))
            return wrong(f"{score!r} is not one of the scaled scores: {others}.")
        given = scaled[score][model]
        if given < 0.95:
            return wrong(
                f"{score} gives {model!r} {given:.2f} of the way from the floor to a replicate: "
                "it has noticed. Look for one that is as high as if nothing had happened."
            )
        seen = scaled["energy_distance"][model] if "energy_distance" in scaled else np.nan
        return right(
            f"The variance ratio of {model!r} is {spread[model]:.2f} (1 is as diverse as real "
            f"cells), and {score} puts it at {given:.2f} where a replicate has 1; the energy "
            f"distance says {seen:.2f}. Beside every score belongs the variance ratio."
        )

    asked = "a table of results, the name of a model and the name of a score"
    return judge((results, model, score), look, asked=asked, hints=_COLLAPSED_HINTS, hint=hint)


def check_two_modes(predictor, screen, split, *, seed: int = 0, hint: int = 0) -> Feedback:
    """Feedback on chapter 5, exercise 2: cells of which only half respond.

    Parameters
    ----------
    predictor : predictor or class, or ...
        The answer; it is trained and asked here.
    screen, split : AnnData and Split
        A screen whose cells respond or stay, and its split into training and test cells.
    seed : int
        Seed of the pairs.
    hint : {0, 1, 2, 3}
        Show this hint, too.

    Returns
    -------
    Feedback

    Derived in chapter 5.
    """

    def look(answer):
        train = make_pairs(screen[split.train], how="random", seed=seed)
        test = make_pairs(screen[split.test], how="random", seed=seed)
        ctrl = screen[split.reference_controls(screen)].obsm["X_emb"]

        def of_mean(true, pred):
            return r2_delta(true, pred, ctrl)

        pred = answer_of(answer, train, test)
        average = answer_of(PerturbationMeanShift(), train, test)
        halves = [(test.pert[r[::2]], test.pert[r[1::2]]) for r in groups(test).values()]
        replicate = np.mean([of_mean(*half) for half in halves])
        mean, simple, spread = (
            apart(score, test, p)
            for score, p in ((of_mean, pred), (of_mean, average), (variance_ratio, pred))
        )
        along, floor, none = (_along(test, average, p) for p in (pred, average, test.ctrl))
        seen = (
            f"Along the average shift the energy distance is {along:.3f} (the average shift itself "
            f"has {floor:.3f}, no change {none:.3f}), and R2 of the change is {mean:.2f} (average "
            f"shift: {simple:.2f}, a replicate: {replicate:.2f})"
        )
        if np.allclose(pred, average, atol=1e-3):
            return wrong(
                f"{seen}. This *is* the average shift: it moves every cell half of the way, to "
                "where no true cell is."
            )
        if mean < simple - 0.1:
            return wrong(
                f"{seen}. On average your cells move {_length(pred, average, test):.2f} times as "
                "far as true ones; the mean must stay what it was."
            )
        if along > 0.1 * floor:
            return wrong(
                f"{seen}. The mean is right, and the variance ratio is {spread:.2f}, but these are "
                "not the two crowds: one that stays where it was and one that goes all the way."
            )
        far = [apart(energy_distance, test, p) for p in (pred, average)]
        if far[0] > far[1] + 0.02:
            return wrong(
                f"{seen}. Along the shift all is well, but in the whole embedding the energy "
                f"distance is {far[0]:.2f}, above the {far[1]:.2f} of the average shift: keep "
                f"what else differs between cells (variance ratio {spread:.2f})."
            )
        return right(
            f"{seen}. An average over a crowd of two kinds describes none of its members, and "
            "scores of the mean cannot see that: they call the two predictions equally good."
        )

    asked = "an untrained predictor like `PerturbationMeanShift()`"
    return judge(predictor, look, asked=asked, hints=_MODES_HINTS, hint=hint)


def _length(pred, average, test):
    """Mean length of a prediction's shift along the average shift of its perturbation."""
    lengths = []
    for r in groups(test).values():
        shift, due = ((p[r] - test.ctrl[r]).mean(axis=0) for p in (pred, average))
        lengths.append((shift @ due) / (due @ due))
    return float(np.mean(lengths))


def _along(test, average, pred):
    """Energy distance of cells seen along the average shift of their perturbation."""
    scores = []
    for r in groups(test).values():
        axis = (average[r] - test.ctrl[r]).mean(axis=0)
        axis = (axis / np.linalg.norm(axis))[:, None]
        scores.append(energy_distance(test.pert[r] @ axis, pred[r] @ axis))
    return float(np.mean(scores))
