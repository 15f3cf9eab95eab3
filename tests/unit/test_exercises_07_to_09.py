"""Exercises of chapters 7 to 9: right answers, and what the typical wrong ones are told."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from recon_tutorial.predictors import RidgeShift, SetPredictor

from .exercise_worlds import ask, cells, couplings, crowds, set_model, sets, two_by_two

ASIDE, UNSEEN = "error on rows aside", "distance, unseen perturbations"


def forged(scale, *, base=None, each=True):
    """The conditional mean (or that of `base`) of each perturbation, with noise."""
    world, rng = cells(), np.random.default_rng(0)
    values = world.test.pert if base is None else base
    pred = np.empty_like(values)
    for rows in world.rows:
        noise = rng.normal(0, 1, values[rows].shape if each else values.shape[1])
        pred[rows] = values[rows].mean(axis=0) + scale * noise
    return pred


def assigned(maximize):
    def pair(x0, x1):
        cost = torch.cdist(x0, x1).square().numpy()
        return x1[linear_sum_assignment(cost, maximize=maximize)[1]]

    return pair


def broken(x0, x1):
    raise RuntimeError("no pairs today")


def by_length(x0, x1):
    """Send the first in one order to the last in another: long, but not the longest."""
    out = torch.empty_like(x1)
    out[x0[:, 0].argsort()] = x1[x1[:, 0].argsort(descending=True)]
    return out


def one_by_one():
    model, ctrl, cov, _ = sets()
    return np.concatenate([model.predict(ctrl[[i]], cov[[i]]) for i in range(len(ctrl))])


def together():
    model, ctrl, cov, _ = sets()
    return model.predict(ctrl, cov)


RIGHT = [
    ("forged_spread", lambda: forged(1.0)),
    ("true_partners", lambda: (two_by_two("true", 0.1), ("true", "mse"))),
    ("questions", lambda: [ASIDE, UNSEEN]),
    ("questions", lambda: {UNSEEN, ASIDE}),
    ("longest_pairs", lambda: assigned(True)),
    ("better_coupling", lambda: ("given", couplings(0.0, 1.0))),
    ("better_coupling", lambda: ("ot", couplings(1.0, 0.0))),
    ("better_coupling", lambda: ("cannot tell", couplings(0.0, 0.0))),
    ("runaway_push", lambda: 1),
    ("runaway_push", lambda: 1.02),
    ("one_at_a_time", one_by_one),
    ("attention_under_mse", lambda: set_model("mse")),
]
WRONG = [
    ("forged_spread", lambda: cells().test.pert, "nothing is forged"),
    ("forged_spread", lambda: forged(0.0), "each row needs a draw of its own"),
    ("forged_spread", lambda: forged(1.0, each=False), "each row needs a draw of its own"),
    ("forged_spread", lambda: forged(2.0), "Is your scale a variance or its root?"),
    ("forged_spread", lambda: forged(0.5), "Is your scale a variance or its root?"),
    ("forged_spread", lambda: forged(1.0, base=cells().test.ctrl), "the means have moved"),
    (
        "true_partners",
        lambda: (two_by_two("true", 0.1), ("true", "energy")),
        "under the loss 'energy', went from 0.40 to 0.40",
    ),
    (
        "true_partners",
        lambda: (two_by_two("true", 0.1), ("random", "mse")),
        "by lot, as before",
    ),
    (
        "true_partners",
        lambda: (two_by_two("true", 1.0) - np.array([[0.3], [0], [0], [0]]), ("true", "mse")),
        "with random pairs the two tables differ by 0.30",
    ),
    ("true_partners", lambda: (two_by_two("ot", 1), ("true", "mse")), "no row for each of"),
    ("true_partners", lambda: (two_by_two("true", 0.1), "mse"), "There is no entry 'mse'"),
    ("questions", lambda: ["variance ratio", ASIDE], "memory restores it"),
    ("questions", lambda: ["energy distance", UNSEEN], "memory improves it"),
    ("questions", lambda: ["training error", UNSEEN], "may know by heart"),
    ("questions", lambda: ["recalled", UNSEEN], "shows memory and nothing else"),
    ("questions", lambda: ["error against own answer", ASIDE], "no real screen knows"),
    ("questions", lambda: [ASIDE], "You name 1, and two were asked for"),
    ("questions", lambda: [ASIDE, "age"], "'age' is no column of `memory`"),
    ("longest_pairs", lambda: assigned(False), "that is optimal transport"),
    ("longest_pairs", lambda: lambda x0, x1: x1, "in the order in which it went in"),
    ("longest_pairs", lambda: lambda x0, x1: x1[torch.cdist(x0, x1).argmax(1)], "used twice"),
    ("longest_pairs", lambda: lambda x0, x1: torch.arange(len(x1)), "perhaps positions"),
    ("longest_pairs", lambda: lambda x0, x1: x1[:3], "returned shape (3, 2)"),
    ("longest_pairs", lambda: by_length, "an exact search finds longer ones"),
    ("longest_pairs", lambda: broken, "raised RuntimeError: no pairs today"),
    ("better_coupling", lambda: ("ot", couplings(0.0, 0.0)), "does this interval allow it?"),
    (
        "better_coupling",
        lambda: ("cannot tell", couplings(0.0, 1.0)),
        "Does this interval hold the zero?",
    ),
    ("better_coupling", lambda: ("ot", couplings(0.0, 1.0)), "on which side is the gain?"),
    ("better_coupling", lambda: ("given", couplings(0.0, 1.0, n=4)), "there is no interval"),
    (
        "better_coupling",
        lambda: ("ot", couplings(0.0, 1.0).replace({"model": {"given": "pairs"}})),
        "hold no models named 'given' and 'ot'",
    ),
    ("better_coupling", lambda: ("both", couplings(0.0, 1.0)), "'both' is not one of"),
    ("runaway_push", lambda: 2, "they run, and under a weaker push they would run as well"),
    ("runaway_push", lambda: np.pi / 2, "nobody says that they must leave together"),
    ("runaway_push", lambda: 0.5, "nor would under a stronger push"),
    ("one_at_a_time", together, "in it the cells see one another"),
    ("one_at_a_time", lambda: sets()[1], "These are the controls"),
    ("one_at_a_time", lambda: one_by_one()[::-1], "Does row i answer row i"),
    ("attention_under_mse", set_model, "that is the rescue we know"),
    ("attention_under_mse", lambda: set_model("mse", False), "switch it on"),
    ("attention_under_mse", lambda: SetPredictor(64, 4), "It has not been trained"),
    ("attention_under_mse", RidgeShift, "this RidgeShift is no SetPredictor"),
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
    assert phrase.lower() in feedback.message.lower(), feedback.message


def test_a_model_without_attention_cannot_be_asked_alone():
    _, ctrl, cov, _ = sets()
    plain = set_model("energy", False)
    feedback = ask("one_at_a_time", plain.predict(ctrl, cov), model=plain)
    assert "answers alone as in company" in feedback.message and not feedback.passed


def test_the_fate_of_a_point_that_leaves_does_not_depend_on_the_crowd():
    for shape in (crowds()[1].numpy(), 3 * crowds()[0].numpy() + 7):
        assert ask("runaway_push", 1.0, true=shape).passed
        assert not ask("runaway_push", 1.1, true=shape).passed
