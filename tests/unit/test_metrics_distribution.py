import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import energy_distance as scipy_energy_distance
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import rbf_kernel

from recon_tutorial.metrics import energy_distance, knn_purity, mmd_rbf, variance_ratio

from .metric_samples import clouds

seeds = st.integers(0, 10_000)
quick = settings(max_examples=25, deadline=None)


# Energy distance.


@quick
@given(seed=seeds)
def test_energy_distance_in_one_dimension_is_scipys(seed):
    true, pred, _ = clouds(seed, n=(13, 21, 5), d=1)
    # SciPy's distance is the square root of the V-statistic.
    expected = scipy_energy_distance(true[:, 0], pred[:, 0]) ** 2
    assert energy_distance(true, pred, biased=True) == pytest.approx(expected, abs=1e-9)


@quick
@given(seed=seeds)
def test_the_two_energy_distances_differ_by_their_diagonals(seed):
    true, pred, _ = clouds(seed, n=(13, 21, 5))
    extra = sum(
        pairwise_distances(x).sum() / (len(x) * (len(x) - 1)) / len(x) for x in (true, pred)
    )
    difference = energy_distance(true, pred, biased=True) - energy_distance(true, pred)
    assert difference == pytest.approx(extra, rel=1e-9)


def test_unbiased_energy_distance_is_zero_on_average_and_not_clipped():
    rng = np.random.default_rng(0)
    values = [energy_distance(*rng.normal(size=(2, 20, 3))) for _ in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert min(values) < 0


def test_energy_distance_of_two_points_is_twice_their_distance():
    assert energy_distance([[0.0, 0.0]], [[3.0, 4.0]], biased=True) == pytest.approx(10.0)


def test_biased_energy_distance_of_equal_laws_is_the_bias_that_its_docstring_names():
    rng = np.random.default_rng(1)
    samples = [(rng.normal(size=(20, 3)), rng.normal(size=(40, 3))) for _ in range(400)]
    values = [energy_distance(x, y, biased=True) for x, y in samples]
    apart = np.mean([pdist(x).mean() for x, _ in samples])  # E|X-X'|, the same for both samples
    expected = apart / 20 + apart / 40
    assert abs(np.mean(values) - expected) < 3 * np.std(values) / 20


@quick
@given(seed=seeds)
def test_squared_biased_energy_distance_sees_means_only(seed):
    true, pred, _ = clouds(seed, n=(13, 21, 5))
    gap = true.mean(axis=0) - pred.mean(axis=0)
    got = energy_distance(true, pred, biased=True, squared=True)
    assert got == pytest.approx(2 * gap @ gap, rel=1e-9)
    stretched = pred.mean(axis=0) + 9 * (pred - pred.mean(axis=0))
    assert energy_distance(true, stretched, biased=True, squared=True) == pytest.approx(got)
    assert energy_distance(true, stretched) > 2 * energy_distance(true, pred)


@quick
@given(seed=seeds)
def test_squared_unbiased_energy_distance_takes_the_variance_of_the_means_away(seed):
    true, pred, _ = clouds(seed, n=(13, 21, 5))
    gap = true.mean(axis=0) - pred.mean(axis=0)
    noise = sum(x.var(axis=0, ddof=1).sum() / len(x) for x in (true, pred))
    got = energy_distance(true, pred, squared=True)
    assert got == pytest.approx(2 * (gap @ gap - noise), rel=1e-9, abs=1e-9)


# Maximum mean discrepancy.


@quick
@given(seed=seeds, gamma=st.sampled_from([0.005, 0.1, 1.0, 2.0]))
def test_mmd_equals_the_reconeval_formula(seed, gamma):
    true, pred, _ = clouds(seed, n=(13, 21, 5))
    kernels = (rbf_kernel(a, b, gamma).mean() for a, b in ((true, true), (pred, pred)))
    expected = sum(kernels) - 2 * rbf_kernel(true, pred, gamma).mean()
    assert mmd_rbf(true, pred, gamma=gamma) == pytest.approx(expected, abs=1e-12)


@quick
@given(seed=seeds)
def test_mmd_takes_the_median_of_both_samples_by_default(seed):
    true, pred, _ = clouds(seed, n=(13, 21, 5))
    gamma = 1 / np.median(pdist(np.concatenate([true, pred])) ** 2)
    assert mmd_rbf(true, pred) == pytest.approx(mmd_rbf(true, pred, gamma=gamma), rel=1e-9)
    assert mmd_rbf(9 * true, 9 * pred) == pytest.approx(mmd_rbf(true, pred), rel=1e-9)


def test_mmd_of_a_wide_kernel_is_the_squared_distance_of_the_means():
    true, pred, _ = clouds(3)
    gap = true.mean(axis=0) - pred.mean(axis=0)
    assert mmd_rbf(true, pred, gamma=1e-7) / 2e-7 == pytest.approx(gap @ gap, rel=1e-4)


def test_mmd_at_its_ends():
    true, far = np.zeros((4, 2)), np.full((3, 2), 5.0)
    assert mmd_rbf(true, true) == 0
    assert mmd_rbf(true, far, gamma=10.0) == pytest.approx(2)
    assert mmd_rbf(true, far) == pytest.approx(2 - 2 / np.e)  # zeros left out of the median
    rng = np.random.default_rng(0)
    samples = [rng.normal(size=(9, 3)) for _ in range(100)]
    assert min(mmd_rbf(x, rng.permutation(x)) for x in samples) == 0  # never below, by rounding
    assert mmd_rbf(true[:1], far[:1], gamma=1.0) == pytest.approx(2 - 2 * np.exp(-50.0))


# Purity and spread.


def test_purity_of_separated_clouds_and_its_chance_level():
    rng = np.random.default_rng(0)
    true, ctrl = rng.normal(10, 1, (30, 3)), rng.normal(-10, 1, (90, 3))
    assert knn_purity(true, true, ctrl, k=5) == 1
    assert knn_purity(true, ctrl, ctrl, k=5) == 0
    assert knn_purity(true, true, ctrl, k=120) == 30 / 120  # the whole pool: chance
    mixed = rng.normal(size=(2000, 3))
    chance = knn_purity(mixed[:300], mixed[300:800], mixed[800:], k=10)
    assert abs(chance - 300 / 1500) < 0.02


def test_balanced_purity_draws_the_larger_pool_down():
    rng = np.random.default_rng(1)
    mixed = rng.normal(size=(2400, 3))
    true, pred, ctrl = mixed[:200], mixed[200:700], mixed[700:]
    values = [knn_purity(true, pred, ctrl, k=10, balanced=True, seed=s) for s in (0, 0, 1)]
    assert values[0] == values[1] != values[2]
    assert abs(values[0] - 0.5) < 0.03
    assert knn_purity(true, pred, ctrl[:200], k=400, balanced=True) == 0.5


def test_variance_ratio_sees_collapse_and_scale():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(50, 4))
    assert variance_ratio(true, true) == pytest.approx(1)
    assert variance_ratio(true, 7 + 2 * true) == pytest.approx(4)
    assert variance_ratio(true, np.ones((5, 4))) == 0
    expected = np.trace(np.cov(true[:20].T)) / np.trace(np.cov(true.T))
    assert variance_ratio(true, true[:20]) == pytest.approx(expected)


def test_balanced_purity_draws_the_same_cells_in_any_order():
    true, pred, ctrl = clouds(4, n=(30, 10, 80))
    mixed = np.random.default_rng(0).permutation(ctrl)
    before, after = (knn_purity(true, pred, c, k=20, balanced=True) for c in (ctrl, mixed))
    assert before == after
    assert before != knn_purity(true, pred, ctrl[:30], k=20)
