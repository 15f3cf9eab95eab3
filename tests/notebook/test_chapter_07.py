"""Chapter 7 keeps its claims in other worlds, and what it derives is what it imports."""

from functools import partial

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from recon_tutorial.descriptors import one_hot
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import RidgeRegression
from recon_tutorial.screen import simulate_screen

NAME = "07_unpaired_cells"
SHORT = {
    "seeds": [5],
    "dishes": 1,
    "noises": [0.1, 2.0],
    "epochs": [20, 120],
    "iterations": [50, 300],
    "mlp_epochs": 40,
    "cells_per_perturbation": 120,
}
CELLS, UNSEEN = "unseen cells", "unseen perturbations"
METRICS = ("energy_distance", "variance_ratio")
AVERAGES = ("perturbation mean shift", "ridge on the shift")


@pytest.fixture
def derived(definition):
    """Return a function that gives the chapter's own definition of a name."""
    return partial(definition, NAME, np=np)


def screen_of(cells, seed=8):
    """A paired screen whose descriptors are name tags."""
    size = {"n_perturbations": 5, "embed_dim": 6, "n_genes": 2}
    screen = simulate_screen(**size, cells_per_perturbation=cells, paired=True, seed=seed)
    screen.uns["descriptors"] = one_hot(screen.uns["descriptors"].index)
    return screen


def ridge_on(pairs):
    model = RidgeRegression(alpha=1e-6)
    model.train(*pairs[:3])
    return model.predict(pairs.ctrl, pairs.cov)


def test_the_conditional_mean_is_what_a_ridge_learns_when_controls_say_nothing(derived):
    pairs = make_pairs(screen_of(40), how="mean")
    by_hand = derived("conditional_mean_by_hand")(pairs)
    np.testing.assert_allclose(ridge_on(pairs), by_hand, atol=1e-4)
    assert len(np.unique(by_hand, axis=0)) == 5


def test_random_pairs_approach_the_conditional_mean_as_rows_are_added(derived):
    by_hand = derived("conditional_mean_by_hand")
    for cells in (60, 600):
        pairs = make_pairs(screen_of(cells), how="random", seed=1)
        apart = ((ridge_on(pairs) - by_hand(pairs)) ** 2).mean()
        expected = 6 / (5 * cells)  # embedding dimensions over rows, for cells of variance 1
        assert expected / 2 < apart < 2 * expected
    true = make_pairs(screen_of(60), how="true")
    assert ((ridge_on(true) - by_hand(true)) ** 2).mean() > 0.5


def test_sinkhorn_gives_the_plan_of_pot(derived):
    import ot

    rng = np.random.default_rng(2)
    y, x = rng.normal(size=(12, 3)), rng.normal(0.5, 2, size=(20, 3))
    cost = cdist(y, x, "sqeuclidean")
    n, m = np.full(12, 1 / 12), np.full(20, 1 / 20)
    for epsilon in (1.0, 5.0):
        plan = derived("sinkhorn_by_hand")(cost, epsilon)
        np.testing.assert_allclose(plan, ot.sinkhorn(n, m, cost, epsilon), atol=1e-6)
        np.testing.assert_allclose(plan.sum(axis=1), n, atol=1e-6)
    np.testing.assert_allclose(plan.sum(axis=0), m, atol=1e-6)


def test_collapse_and_its_cure_in_other_worlds(run_chapter):
    numbers = run_chapter(NAME, **SHORT, seed=11)[0]["numbers"]
    assert all(numbers["same_plan"].values())

    partners, fading = numbers["partners"], numbers["fading"]
    assert partners["true"]["share found"] == 1 and partners["random"]["share found"] < 0.1
    assert partners["mean"]["mean distance"] < partners["random"]["mean distance"]
    assert fading["linear, 64 dimensions, 0.1"] > 0.9 > 0.7 > fading["linear, 2 dimensions, 0.1"]
    assert fading["linear, 8 dimensions, 2.0"] < 0.5 < fading["linear, 8 dimensions, 0.1"]
    assert numbers["company"]["4"]["share found"] < 0.5

    ridge = numbers["conditional_mean"]
    assert ridge["true"]["slope on the control"] == pytest.approx(1, abs=0.01)
    assert ridge["random"]["slope on the control"] == pytest.approx(0, abs=0.02)
    assert ridge["random"]["variance ratio"] == pytest.approx(numbers["accident"], rel=0.2)
    assert ridge["mean"]["distance to the mean"] < 0.02

    collapse = numbers["collapse"]
    assert collapse["ridge regression"]["variance_ratio"] < 0.1
    assert collapse["set, MSE"]["variance_ratio"] < 0.3
    assert collapse["perturbation mean shift"]["variance_ratio"] > 0.9
    assert {"ridge regression", "set, MSE"} <= set(numbers["purer"])
    assert collapse["ridge regression"]["energy_distance"] > 1

    assert numbers["worth"]["loss"] > 2 * abs(numbers["worth"]["pairing"])
    young, old = numbers["memory"]["20"], numbers["memory"]["120"]
    for rises in ("recalled", "variance ratio", "error on rows aside", "error against own answer"):
        assert old[rises] > 1.3 * young[rises]
    for falls in ("training error", "energy distance"):
        assert old[falls] < 0.7 * young[falls]
    assert numbers["stopped_early"]["variance ratio"] < 0.2

    distance, spread = (numbers["per_seed"][f"{m}, {CELLS}"]["5"] for m in METRICS)
    assert max(spread[m] for m in ("ridge regression", "set, MSE")) < 0.3
    assert 0.8 < spread["set, energy"] < 1.2
    assert distance["set, energy"] < distance["MLP"] / 2
    assert numbers["chosen"] == 300
    for claim, best in ((CELLS, AVERAGES), (UNSEEN, AVERAGES[1:])):
        assert numbers["verdicts"][f"linear, 5, {claim}"]["best"] in best
    assert max(numbers["variance_ratio"]["bimodal"][m] for m in AVERAGES) < 0.85
