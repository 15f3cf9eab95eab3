"""Blocks of distances against the plain formula: awkward sizes, far away, cells that repeat."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, pdist

from recon_tutorial.metrics import _blocks, _median, _size, energy_distance, knn_purity, mmd_rbf
from recon_tutorial.metrics._nearest import share_of_first

from .metric_samples import clouds

BLOCK = 8
SIZES = (1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 5)
ERROR = {"float32": 1e-4, "float64": 1e-6}  # of the mean distance between the samples
quick = settings(max_examples=60, deadline=None)
dtypes = st.sampled_from(list(ERROR))


@pytest.fixture(autouse=True, scope="module")
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_blocks, "BLOCK", {"cpu": BLOCK, "cuda": BLOCK})
        yield


@st.composite
def two_samples(draw):
    """Two samples of awkward sizes: far away, with cells that repeat, of one feature, the same."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n, m = draw(st.sampled_from(SIZES)), draw(st.sampled_from(SIZES))
    d = draw(st.sampled_from([1, 3, 40]))
    true, pred = rng.normal(size=(n, d)), rng.normal(0.3, 1.2, size=(m, d))
    kind = draw(st.sampled_from(["plain", "repeated", "same", "tight", "two points"]))
    if kind == "repeated":
        pred = pred[rng.integers(0, -(-m // 2), m)]
    elif kind == "same":
        pred = true.copy()
    elif kind == "tight":
        pred = 5 + 1e-3 * pred
    elif kind == "two points":
        pred = pred[rng.integers(0, min(2, m), m)]
    return [cells + draw(st.sampled_from([0.0, 1e4])) for cells in (true, pred)]


@quick
@given(samples=two_samples(), dtype=dtypes, biased=st.booleans())
def test_energy_distance_in_blocks_is_the_plain_formula(samples, dtype, biased):
    if min(map(len, samples)) == 1:
        biased = True
    expected = energy_distance(*samples, biased=biased)
    got = energy_distance(*samples, biased=biased, dtype=dtype)
    between = cdist(*samples).mean()
    assert got == pytest.approx(expected, rel=0, abs=ERROR[dtype] * between + 1e-12)


@quick
@given(samples=two_samples(), dtype=dtypes, gamma=st.sampled_from([1e-3, 0.05, 1.0]))
def test_mmd_in_blocks_is_the_plain_formula(samples, dtype, gamma):
    got = mmd_rbf(*samples, gamma=gamma, dtype=dtype)
    allowed = {"float32": 1e-5, "float64": 1e-9}[dtype]
    assert got == pytest.approx(mmd_rbf(*samples, gamma=gamma), rel=0, abs=allowed)


@quick
@given(samples=two_samples(), dtype=dtypes)
def test_the_median_of_blocks_is_the_median_of_the_squared_distances_above_zero(samples, dtype):
    apart = pdist(np.concatenate(samples), "sqeuclidean")
    apart = np.sort(apart[apart > 0])
    got = _median.median_square(*samples, _blocks.choose_place("cpu", dtype))
    if not len(apart):
        assert got is None
        return
    # Any number between the two distances in the middle halves them; few pairs leave wide gaps.
    low, high = apart[(len(apart) - 1) // 2], apart[len(apart) // 2]
    noise = 1e-6 * np.concatenate(samples).var(axis=0).sum()
    assert 0.9998 * low - noise <= got <= 1.0002 * high + noise


@quick
@given(samples=two_samples(), dtype=dtypes, k=st.sampled_from([1, 3, BLOCK + 2]))
def test_purity_with_torch_is_that_of_scikit_learn(samples, dtype, k):
    true, ctrl = samples
    pred = np.random.default_rng(0).normal(true.mean(axis=0), 1, (2 * BLOCK + 1, true.shape[1]))
    k = min(k, len(true) + len(ctrl))
    place = _blocks.choose_place("cpu", dtype)
    found = share_of_first(pred, true, ctrl, k, place)
    # Cells equally near, but for rounding, may change places: count the places they hold.
    distance = np.sqrt(cdist(pred, np.concatenate(samples), "sqeuclidean"))
    bound = np.sort(distance, axis=1)[:, k - 1 : k]
    ties = np.abs(distance - bound) < 2e-3 * (1 + bound)
    own = np.arange(distance.shape[1]) < len(true)
    sure = (distance < bound) & ~ties
    open_places = k - sure.sum(axis=1)
    low = (sure & own).sum(axis=1) + np.maximum(0, open_places - (ties & ~own).sum(axis=1))
    high = (sure & own).sum(axis=1) + np.minimum(open_places, (ties & own).sum(axis=1))
    assert low.sum() <= round(found * k * len(pred)) <= high.sum()


@pytest.mark.parametrize("n", [BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 3])
@pytest.mark.parametrize("k", [1, 5, 2 * BLOCK])
def test_purity_is_the_same_by_every_way(n, k, monkeypatch):
    true, pred, ctrl = (cells + 1e6 for cells in clouds(n, n=(n, 3 * n, n + 9)))
    expected = knn_purity(true, pred, ctrl, k=k)
    assert 0 < expected < 1
    for dtype in ERROR:
        assert knn_purity(true, pred, ctrl, k=k, dtype=dtype) == expected
        place = _blocks.choose_place("cpu", dtype)
        assert share_of_first(pred, true, ctrl, k, place) == pytest.approx(expected)
    monkeypatch.setattr("recon_tutorial.metrics.neighbours.KEPT", 3 * k)  # three queries at once
    assert knn_purity(true, pred, ctrl, k=k) == expected


def test_results_agree_where_the_laws_differ_little_at_the_size_of_real_blocks(monkeypatch):
    monkeypatch.setattr(_blocks, "BLOCK", {"cpu": 1024})
    monkeypatch.setattr(_size, "PLAIN", 10**6)
    rng = np.random.default_rng(0)
    true, pred = rng.normal(size=(1500, 30)) + 50, 1.02 * rng.normal(size=(1100, 30)) + 50.03
    for metric, options in ((energy_distance, {}), (mmd_rbf, {}), (mmd_rbf, {"gamma": 0.02})):
        expected = metric(true, pred, **options)
        for dtype in ERROR:
            assert metric(true, pred, **options, dtype=dtype) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("n_means", [4, 20])
def test_a_prediction_that_repeats_a_few_cells_keeps_its_digits(n_means, monkeypatch):
    monkeypatch.setattr(_blocks, "BLOCK", {"cpu": 1024})
    rng = np.random.default_rng(128)
    means = rng.normal(size=(n_means, 128))
    true, pred = rng.normal(size=(600, 128)), means[rng.integers(0, n_means, 600)]
    expected = energy_distance(true, pred)
    # Products in float32 alone are off by 2e-4.
    assert energy_distance(true, pred, dtype="float32") == pytest.approx(expected, rel=3e-6)


def test_cells_that_differ_in_the_sign_of_zero_are_equal():
    cells = np.array([[0.0, 1.0], [-0.0, 1.0], [0.0, 2.0], [1.0, 1.0], [1.0, 3.0]])
    expected = np.median(pdist(cells, "sqeuclidean")[1:])
    place = _blocks.choose_place("cpu", "float64")
    assert _median.median_square(cells[:2], cells[2:], place) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("dtype", ERROR)
def test_squares_that_rounding_makes_negative_count_as_zero(dtype, monkeypatch):
    monkeypatch.setattr(_blocks, "BLOCK", {"cpu": 1024})
    true = np.random.default_rng(0).normal(size=(400, 128))
    got = energy_distance(true, true.copy(), biased=True, dtype=dtype)
    assert abs(got) < ERROR[dtype] * pdist(true).mean()


def test_the_median_of_many_distances_is_exact_to_a_fraction_of_a_bin(monkeypatch):
    monkeypatch.setattr(_blocks, "BLOCK", {"cpu": 1024})
    rng = np.random.default_rng(0)
    true, pred = rng.normal(size=(1300, 6)), rng.normal(0.3, 1, size=(900, 6))
    expected = np.median(pdist(np.concatenate([true, pred]), "sqeuclidean"))
    for dtype in ERROR:
        place = _blocks.choose_place("cpu", dtype)
        assert _median.median_square(true, pred, place) == pytest.approx(expected, rel=3e-6)


def test_the_median_is_found_where_the_first_look_misleads(monkeypatch):
    rng = np.random.default_rng(0)
    true, pred = rng.normal(size=(60, 3)), rng.normal(size=(50, 3))
    place = _blocks.choose_place("cpu", "float64")
    expected = np.median(pdist(np.concatenate([true, pred]), "sqeuclidean"))
    for bracket in ((1e-9, 2e-9), (30.0, 31.0), (0.0, 1e5)):
        monkeypatch.setattr(_median, "_first_bracket", lambda *_, b=bracket: b)
        assert _median.median_square(true, pred, place) == pytest.approx(expected, rel=1e-3)
