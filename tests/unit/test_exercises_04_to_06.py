"""Exercises of chapters 4 to 6: right answers, and what the typical wrong ones are told."""

import numpy as np
import pandas as pd
import pytest

from recon_tutorial import descriptors
from recon_tutorial.adversaries import Collapsed, Inflated, Overshoot
from recon_tutorial.evaluation import leaderboard
from recon_tutorial.predictors import MeanShift, NoChange, PerturbationMeanShift

from .exercise_worlds import (
    ask,
    both,
    cells,
    held_names,
    held_out,
    results,
    seen,
    twins,
    unseen,
)


def means():
    return PerturbationMeanShift()


def widened(factor, about=True):
    """The mean shift of each perturbation, wider about its mean or about 0."""
    world, model = cells(), means()
    model.train(*world.train[:3])
    pred = model.predict(world.test.ctrl, world.test.cov)
    for rows in world.rows:
        middle = pred[rows].mean(axis=0) * about
        pred[rows] = middle + factor * (pred[rows] - middle)
    return pred


class Some(PerturbationMeanShift):
    """Some cells move, by a multiple of the average shift."""

    share, factor = 0.5, 2.0

    def predict(self, ctrl_emb, pert_cov):
        shift = super().predict(ctrl_emb, pert_cov) - ctrl_emb
        goes = np.random.default_rng(0).random(len(ctrl_emb)) < self.share
        return ctrl_emb + self.factor * shift * goes[:, None]


class Backwards(Some):
    share, factor = 1.0, -5.0


class HalfAsFar(Some):
    factor = 1.0


class AllTwice(Some):
    share = 1.0


class Noisy(Some):
    """Two crowds, each spread far too wide across the shift."""

    def predict(self, ctrl_emb, pert_cov):
        pred = super().predict(ctrl_emb, pert_cov)
        noise = np.random.default_rng(1).normal(0, 3, pred.shape)
        for row in np.unique(pert_cov, axis=0):
            mine = (pert_cov == row).all(axis=1)
            shift = PerturbationMeanShift.predict(self, ctrl_emb[mine], pert_cov[mine])
            axis = (shift - ctrl_emb[mine]).mean(axis=0)
            axis = axis / np.linalg.norm(axis)
            noise[mine] -= noise[mine].mean(axis=0)
            noise[mine] -= np.outer(noise[mine] @ axis, axis)
        return pred + noise


def table():
    return held_out()[0].uns["descriptors"]


def mixed():
    return table() @ np.random.default_rng(0).normal(size=(6, 6)) + 1


def onehot():
    return descriptors.one_hot(table().index)


RIGHT = [
    ("pure_but_far", lambda: Overshoot(means(), 9)),
    ("wide", lambda: widened(2)),
    ("chance", lambda: 40 / 160),
    ("chance", lambda: np.float32(0.25)),
    ("collapsed_model", lambda: (results("random"), "plain", "knn_purity")),
    ("two_modes", Some),
    ("two_modes", lambda: Some),
    ("repeated_cells", lambda: list(twins())),
    ("repeated_cells", lambda: pd.Index(twins())),
    ("threshold", lambda: 9),
    ("seen_perturbations", both),
    ("seen_perturbations", lambda: set(both())),
    ("other_descriptors", mixed),
    ("other_descriptors", lambda: -table().iloc[::-1]),
]
WRONG = [
    ("pure_but_far", lambda: Collapsed(means()), "a collapse buys purity as well"),
    ("pure_but_far", lambda: Overshoot(means(), 1.9), "not far enough from the true"),
    ("pure_but_far", NoChange, "First leave the controls behind"),
    ("pure_but_far", Backwards, "far enough, but"),
    ("wide", lambda: widened(4), "about the square of 4"),
    ("wide", lambda: 2 * cells().test.pert, "the means have moved"),
    ("wide", lambda: widened(1), "no wider than real cells"),
    ("wide", lambda: widened(1.6), "the spread is not yet right"),
    ("wide", lambda: widened(2)[:5], "(5, 64) where (144, 64) is due"),
    ("wide", lambda: widened(np.nan), "holds NaN or infinite values"),
    ("chance", lambda: 0.5, "only where both kinds are equally many"),
    ("chance", lambda: 1 / 3, "not a share of the pool"),
    ("chance", lambda: 0.75, "purity counts the true cells"),
    ("chance", lambda: 0.1, "more than that share were true cells"),
    ("chance", lambda: 0.9, "fewer than that share were true cells"),
    ("chance", lambda: 25, "a share lies between 0 and 1"),
    (
        "collapsed_model",
        lambda: (results("true"), "plain", "knn_purity"),
        "Were the training rows true pairs again?",
    ),
    (
        "collapsed_model",
        lambda: (results("random"), "means", "knn_purity"),
        "What does a squared error ask",
    ),
    (
        "collapsed_model",
        lambda: (results("random"), "plain", "energy_distance"),
        "it has noticed",
    ),
    (
        "collapsed_model",
        lambda: (results("random"), "plain", "variance_ratio"),
        "not one of the scaled scores: energy_distance, knn_purity",
    ),
    ("collapsed_model", lambda: (results("random"), "Plain", "r2"), "There is no model 'Plain'"),
    ("two_modes", means, "This *is* the average shift"),
    ("two_modes", HalfAsFar, "times as far as true ones; the mean must stay"),
    ("two_modes", AllTwice, "2.00 times as far"),
    ("two_modes", lambda: Inflated(means(), 1.2), "these are not the two crowds"),
    ("two_modes", lambda: Collapsed(means()), "and the variance ratio is 0.00, but"),
    ("two_modes", Noisy, "keep what else differs between cells"),
    ("repeated_cells", list, "as the audit does"),
    ("repeated_cells", lambda: list(twins().values()), "are *training* cells"),
    ("repeated_cells", held_names, "Near is not the same"),
    ("repeated_cells", lambda: list(twins())[:3], "look at every perturbation"),
    ("repeated_cells", lambda: ["x"], "`x` is no cell of this screen"),
    ("threshold", lambda: 8, "Did you count the average?"),
    ("threshold", lambda: 4, "Count what a row holds"),
    ("threshold", lambda: 17, "8 of them could be spared"),
    ("threshold", lambda: 8.5, "a whole number from 1"),
    ("seen_perturbations", lambda: [*both(), "control"], "Controls are in both parts"),
    ("seen_perturbations", lambda: seen()[1] - {"control"}, "A test cell alone is no leak"),
    ("seen_perturbations", lambda: seen()[0] - {"control"}, "has no test cell"),
    ("seen_perturbations", lambda: both()[:1], "lists three names at most"),
    ("seen_perturbations", lambda: [*both(), unseen()], "as unseen as was claimed"),
    ("seen_perturbations", list, "with none the shuffled score"),
    ("seen_perturbations", lambda: ["x"], "`x` is no perturbation of this screen"),
    ("other_descriptors", table, "100% of the numbers are those of the true table"),
    ("other_descriptors", lambda: descriptors.shuffled(table(), seed=1), "dealt to other"),
    ("other_descriptors", onehot, "says who it is and no more"),
    ("other_descriptors", lambda: 2 * table().iloc[:, :3], "What was merged or left out"),
    ("other_descriptors", lambda: table() ** 3 + 9, "something is lost, or bent"),
    ("other_descriptors", lambda: mixed().to_numpy(), "no DataFrame with one row"),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT, ids=[name for name, _ in RIGHT])
def test_a_right_answer_passes_and_is_told_why(name, answer):
    feedback = ask(name, answer())
    assert feedback.passed, feedback.message
    assert any(figure.isdigit() for figure in feedback.message)


@pytest.mark.parametrize(("name", "answer", "phrase"), WRONG, ids=[f"{w[0]}-{w[2]}" for w in WRONG])
def test_a_typical_mistake_has_a_hint_of_its_own(name, answer, phrase):
    feedback = ask(name, answer())
    assert not feedback.passed and feedback.tried
    assert phrase in feedback.message, feedback.message


def test_scaled_scores_are_those_of_the_leaderboard():
    board = leaderboard(results("random"), metric="energy_distance")["scaled"]
    said = ask("collapsed_model", (results("random"), "plain", "energy_distance")).message
    assert f"gives 'plain' {board['plain']:.2f} of the way" in said


def test_what_a_right_answer_is_told_was_computed():
    ridge = ask("threshold", 9).message
    assert "1.000 with these" in ridge
    said = ask("pure_but_far", Overshoot(means(), 9)).message
    assert said != ask("pure_but_far", Overshoot(means(), 12)).message
    assert ask("chance", 0.25, seed=1).message != ask("chance", 0.25).message


def test_a_class_of_predictors_is_as_good_as_one_of_them():
    messages = {ask("two_modes", answer).message for answer in (MeanShift, MeanShift())}
    assert len(messages) == 1
