"""What fools which metric: each claim of a card, on a world where it can be seen."""

import numpy as np
import pytest

from recon_tutorial.metrics import (
    METRICS,
    direction_accuracy,
    discrimination,
    energy_distance,
    knn_purity,
    mmd_rbf,
    mse,
    mse_mean,
    r2,
    r2_delta,
    variance_ratio,
)
from recon_tutorial.screen import simulate_reference

from .metric_samples import score


@pytest.fixture(scope="module")
def predicted():
    """Return six perturbations with a good prediction of each: other cells of the same law."""
    rng = np.random.default_rng(0)
    shifts = rng.normal(0, 1.5, size=(6, 120))
    true, pred = (rng.normal(size=(6, 40, 120)) + shifts[:, None] for _ in range(2))
    return {"true": true, "pred": pred, "ctrl": rng.normal(size=(60, 120))}


def scores(name, world, order):
    """Score each perturbation of a world, its predictions dealt out in an order."""
    pred = world["pred"][order]
    centroid = world["true"].mean(axis=(0, 1))
    if METRICS[name].needs_several:
        means = {"true_means": world["true"].mean(axis=1), "pred_means": pred.mean(axis=1)}
        return score(name, means)
    return np.array(
        [
            score(name, {"true": t, "pred": p, "ctrl": world["ctrl"], "centroid": centroid})
            for t, p in zip(world["true"], pred, strict=True)
        ]
    )


@pytest.mark.parametrize("name", [n for n in METRICS if n != "variance_ratio"])
def test_a_label_swap_worsens_the_score_of_every_perturbation(name, predicted):
    right = scores(name, predicted, np.arange(6))
    wrong = scores(name, predicted, np.roll(np.arange(6), 1))
    if METRICS[name].higher_is_better:
        assert (wrong < right).all()
    else:
        assert (wrong > right).all()


def test_the_variance_ratio_cannot_see_a_label_swap_nor_where_the_cells_are(predicted):
    wrong = scores("variance_ratio", predicted, np.roll(np.arange(6), 1))
    assert wrong == pytest.approx(1, abs=0.1)
    assert variance_ratio(predicted["true"][0], predicted["ctrl"]) == pytest.approx(1, abs=0.1)


@pytest.fixture(scope="module")
def reference():
    """Return true, control and replicate cells of p0 of the reference world, in the embedding."""
    screen = simulate_reference()
    cells = screen[(screen.obs["perturbation"] == "p0").to_numpy()]
    in_test = (cells.obs["split"] == "test").to_numpy()
    true, other = cells[in_test].obsm["X_emb"], cells[~in_test].obsm["X_emb"]
    ctrl = screen[cells[in_test].obs["partner"].to_numpy()].obsm["X_emb"]
    return {"true": true, "ctrl": ctrl, "replicate": other[:100], "mean": other.mean(axis=0)}


def test_purity_rewards_collapse_and_overshoot_above_the_oracle(reference):
    true, ctrl = reference["true"], reference["ctrl"]
    shift = true.mean(axis=0) - ctrl.mean(axis=0)
    oracle = knn_purity(true, true, ctrl, k=10)
    assert 0.85 < oracle < 0.97
    for fooling in (np.tile(reference["mean"], (100, 1)), ctrl + 2 * shift, ctrl + 5 * shift):
        assert knn_purity(true, fooling, ctrl, k=10) > 0.999
        assert energy_distance(true, fooling) > 10 * energy_distance(true, reference["replicate"])


def test_matched_error_prefers_a_repeated_mean_to_real_cells_without_pairs(reference):
    true = reference["true"]
    collapsed = np.tile(reference["mean"], (100, 1))
    assert mse(true, collapsed) < 0.6 * mse(true, reference["replicate"])
    nothing = np.tile(reference["ctrl"].mean(axis=0), (100, 1))
    assert mse(reference["ctrl"] + 0.5, nothing) < mse(
        reference["ctrl"] + 0.5, reference["ctrl"][::-1] + 0.5
    )


def test_scores_of_the_mean_cannot_see_collapse_and_the_variance_ratio_can(reference):
    true = reference["true"]
    collapsed = np.tile(true.mean(axis=0), (50, 1))
    assert r2_delta(true, collapsed, reference["ctrl"]) == pytest.approx(1)
    assert mse_mean(true, collapsed) == pytest.approx(0, abs=1e-12)
    assert energy_distance(true, collapsed, biased=True, squared=True) == pytest.approx(0, abs=1e-9)
    assert energy_distance(true, collapsed) > 1
    assert variance_ratio(true, collapsed) == pytest.approx(0, abs=1e-9)


def test_r2_saturates_where_genes_differ_more_than_the_effect():
    rng = np.random.default_rng(0)
    ctrl, other, true = (rng.normal(size=(300, 80)) + 5 * np.arange(80) / 80 for _ in range(3))
    true[:, :8] += 0.5
    assert r2(true, ctrl) > 0.98
    assert r2_delta(true, ctrl, other) < 0.2
    assert mse_mean(true, ctrl) < 0.05


def test_a_kernel_too_narrow_sees_nothing(reference):
    true, ctrl, other = reference["true"], reference["ctrl"], reference["replicate"]
    assert mmd_rbf(true, other, gamma=1.0) == pytest.approx(
        mmd_rbf(true, ctrl, gamma=1.0), rel=0.01
    )
    assert mmd_rbf(true, ctrl) > 5 * mmd_rbf(true, other)


def test_the_median_heuristic_forgives_a_cloud_that_is_blown_up(reference):
    true, replicate = reference["true"], reference["replicate"]
    centre = replicate.mean(axis=0)
    wide, gamma = centre + 2 * (replicate - centre), 1 / (2 * np.var(true, axis=0).sum())
    assert mmd_rbf(true, wide) < mmd_rbf(true, wide, gamma=gamma)


def test_ranks_and_signs_do_not_see_size(predicted):
    truth = predicted["true"].mean(axis=1) - predicted["ctrl"].mean(axis=0)
    assert (discrimination(truth, 0.05 * truth) < 1).any()
    assert (discrimination(truth, 3 * truth) == 1).all()
    true, ctrl = predicted["true"][0], predicted["ctrl"]
    for size in (0.1, 10.0):
        assert direction_accuracy(true, ctrl + size * truth[0], ctrl) > 0.95
