"""What must be true of the baselines in worlds whose truth is known."""

import numpy as np
import pytest

from recon_tutorial import metrics
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import (
    Additive,
    MeanShift,
    NearestPerturbation,
    Oracle,
    Replicate,
    RidgeRegression,
    RidgeShift,
)
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_combinations, hold_out_perturbations

COV_DIM = 6


def experiment(hold_out, model, *, world, **held):
    """Fit on the training pairs of a paired screen; return test pairs and prediction."""
    screen = simulate_screen(paired=True, cov_dim=COV_DIM, embed_dim=12, n_genes=5, **world)
    split = hold_out(screen, **held)
    split.audit(screen)
    model.train(*make_pairs(screen[split.train], how="true")[:3])
    test = make_pairs(screen[split.test], how="true")
    return test, model.predict(test.ctrl, test.cov), screen


def explained(test, pred):
    """Share of each cell's squared shift that a prediction explains."""
    return 1 - np.square(pred - test.pert).sum() / np.square(test.ctrl - test.pert).sum()


@pytest.mark.parametrize("seed", range(3))
def test_a_ridge_knows_the_linear_map_from_one_perturbation_more_than_dimensions(seed):
    shares = {}
    for n_train in (COV_DIM, COV_DIM + 1):
        world = {"n_perturbations": n_train + 3, "cells_per_perturbation": 20, "noise": 0.0}
        held = {"n": 3, "seed": seed, "world": world | {"seed": seed}}
        test, pred, _ = experiment(hold_out_perturbations, RidgeShift(alpha=1e-8), **held)
        shares[n_train] = explained(test, pred)
    assert shares[COV_DIM + 1] > 1 - 1e-6
    assert shares[COV_DIM] < 0.98


@pytest.mark.parametrize("systematic", [0.0, 1.0])
def test_additive_is_exact_but_for_what_all_perturbations_share(systematic):
    world = {"n_perturbations": 6, "combinations": 8, "noise": 0.0, "systematic": systematic}
    world["cells_per_perturbation"] = 10
    test, pred, screen = experiment(hold_out_combinations, Additive(), n=3, world=world)
    truth = dict(zip(screen.uns["descriptors"].index, screen.uns["truth"]["mean_shift"][0]))
    for name in np.unique(test.perturbation):
        one, two = name.split("+")
        rows = test.perturbation == name
        twice = truth[one] + truth[two] - truth[name]  # the common shift, counted once too often
        assert np.linalg.norm(twice) == pytest.approx(
            systematic * 0.3 * np.sqrt(12 * COV_DIM), abs=1e-4
        )
        np.testing.assert_allclose(pred[rows] - test.pert[rows], np.tile(twice, (10, 1)), atol=1e-4)


@pytest.mark.parametrize("model", [Additive(), RidgeShift(), NearestPerturbation()])
def test_combinations_are_predicted_better_than_by_the_mean_shift(model):
    world = {"n_perturbations": 12, "combinations": 20, "cells_per_perturbation": 10}
    held = {"n": 8, "world": world}
    test, pred, _ = experiment(hold_out_combinations, model, **held)
    _, mean, _ = experiment(hold_out_combinations, MeanShift(), **held)
    assert explained(test, pred) > explained(test, mean) + 0.2


def spread(pairs, pred):
    """Predicted over true variance, averaged over perturbations."""
    of = [pairs.perturbation == name for name in np.unique(pairs.perturbation)]
    return np.mean([metrics.variance_ratio(pairs.pert[rows], pred[rows]) for rows in of])


@pytest.mark.parametrize("seed", range(2))
def test_ridge_regression_collapses_on_random_pairs_and_not_on_true_ones(seed):
    knobs = {"n_perturbations": 20, "cells_per_perturbation": 50, "embed_dim": 16, "n_genes": 5}
    ratios = {}
    for how in ("random", "true"):
        screen = simulate_screen(**knobs, paired=how == "true", seed=seed)
        pairs = make_pairs(screen, how=how, seed=seed)
        model = RidgeRegression()
        model.train(*pairs[:3])
        ratios[how] = spread(pairs, model.predict(pairs.ctrl, pairs.cov))
    assert ratios["random"] < 0.2
    assert 0.9 < ratios["true"] < 1.1


def test_a_replicate_loses_to_the_repeated_mean_in_a_matched_error():
    screen = simulate_screen(n_perturbations=4, cells_per_perturbation=200, embed_dim=8, n_genes=5)
    pairs = make_pairs(screen, how="random")
    replicate, oracle = Replicate(pairs.pert, pairs.cov), Oracle(pairs.pert, pairs.cov)
    error = {}
    for name, model in (("replicate", replicate), ("oracle", oracle)):
        error[name] = metrics.mse(pairs.pert, model.predict(pairs.ctrl, pairs.cov))
    means = np.empty_like(pairs.pert)
    for name in np.unique(pairs.perturbation):
        rows = pairs.perturbation == name
        means[rows] = pairs.pert[rows].mean(axis=0)
    error["mean"] = metrics.mse(pairs.pert, means)
    assert error["oracle"] == 0
    assert error["replicate"] == pytest.approx(2 * error["mean"], rel=0.1)
