import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.metrics import mean_squared_error

from recon_tutorial.metrics import (
    has_no_change,
    mse_mean,
    pearson_centroid,
    pearson_delta,
    r2_delta,
)

from .metric_samples import clouds

seeds = st.integers(0, 10_000)
quick = settings(max_examples=25, deadline=None)


@quick
@given(seed=seeds)
def test_scores_of_the_mean_equal_scipy_and_scikit_learn(seed):
    true, pred, ctrl = clouds(seed, n=(13, 9, 17))
    m, guess, c = (x.mean(axis=0) for x in (true, pred, ctrl))
    assert mse_mean(true, pred) == pytest.approx(mean_squared_error(m, guess))
    assert pearson_delta(true, pred, ctrl) == pytest.approx(pearsonr(m - c, guess - c).statistic)
    expected = pearsonr(m - c, guess - c).statistic
    assert pearson_centroid(true, pred, c) == pytest.approx(expected)
    expected = 1 - np.sum((m - guess) ** 2) / np.sum((m - c) ** 2)
    assert r2_delta(true, pred, ctrl) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_change_scores_exactly_zero_in_either_precision(dtype):
    true, _, ctrl = (x.astype(dtype) for x in clouds(0, n=(13, 13, 1001)))
    repeated = np.tile(ctrl.mean(axis=0), (7, 1))
    for pred in (ctrl, ctrl[::-1], repeated):
        assert r2_delta(true, pred, ctrl) == 0
        assert pearson_delta(true, pred, ctrl) == 0
        assert has_no_change(pred, ctrl)
    assert not has_no_change(true, ctrl)


@quick
@given(seed=seeds, share=st.floats(-2, 3))
def test_r2_delta_of_a_share_of_the_change(seed, share):
    true, _, ctrl = clouds(seed)
    pred = ctrl + share * (true.mean(axis=0) - ctrl.mean(axis=0))
    expected = 1 - (1 - share) ** 2
    assert r2_delta(true, pred, ctrl) == pytest.approx(expected, abs=1e-9)


@quick
@given(seed=seeds, share=st.floats(0.01, 100))
def test_correlation_is_blind_to_size_but_not_to_sign(seed, share):
    true, _, ctrl = clouds(seed)
    change = true.mean(axis=0) - ctrl.mean(axis=0)
    assert pearson_delta(true, ctrl + share * change, ctrl) == pytest.approx(1)
    assert pearson_delta(true, ctrl - share * change, ctrl) == pytest.approx(-1)
    centroid = ctrl.mean(axis=0)
    assert pearson_centroid(true, ctrl - share * change, centroid) == pytest.approx(-1)


def test_rounding_does_not_leave_the_range_of_a_correlation():
    for seed in range(200):
        true, _, ctrl = clouds(seed)
        assert abs(pearson_delta(true, true, ctrl)) <= 1
        assert abs(pearson_delta(true, 2 * ctrl.mean(axis=0) - true, ctrl)) <= 1


def test_a_flat_change_has_no_correlation_and_says_so():
    true, _, ctrl = clouds(2)
    raised = ctrl + 0.25  # the same in every feature
    assert pearson_delta(true, raised, ctrl) == 0
    assert pearson_delta(raised, true, ctrl) == 0
    assert has_no_change(raised, ctrl)
    assert has_no_change(raised, raised.mean(axis=0))
    assert pearson_centroid(true, raised, raised.mean(axis=0)) == 0
    tilted = raised.copy()
    tilted[:, 0] += 0.01
    assert not has_no_change(tilted, ctrl)


def test_a_common_shift_inflates_the_correlation_against_control_only():
    rng = np.random.default_rng(0)
    own = rng.normal(size=(12, 200))
    ctrl = rng.normal(size=(50, 200))
    against = {"control": [], "centroid": []}
    for common in (0.0, 5.0):
        shifts = own + common * rng.normal(size=200)
        centroid = (ctrl.mean(axis=0) + shifts).mean(axis=0)
        mean_shift = ctrl + shifts.mean(axis=0) + 0.01 * rng.normal(size=200)
        pairs = [(ctrl + shift, mean_shift) for shift in shifts]
        against["control"].append(np.mean([pearson_delta(t, p, ctrl) for t, p in pairs]))
        against["centroid"].append(np.mean([pearson_centroid(t, p, centroid) for t, p in pairs]))
    assert against["control"][0] < 0.5 < 0.9 < against["control"][1]
    assert np.abs(against["centroid"]).max() < 0.05


def test_a_centroid_without_the_scored_perturbation_gives_the_answer_away():
    rng = np.random.default_rng(0)
    means = rng.normal(size=(8, 300))
    ctrl = np.zeros(300)
    for constant, least in ((means.mean(axis=0), 0.999), (ctrl, 0.2)):
        inside, outside = [], []
        for p, mean in enumerate(means):
            others = np.delete(means, p, axis=0).mean(axis=0)
            outside.append(pearson_centroid(mean[None], constant[None], others))
            inside.append(pearson_centroid(mean[None], constant[None], means.mean(axis=0)))
        assert np.mean(outside) > least
        assert abs(np.mean(inside)) < 0.05
