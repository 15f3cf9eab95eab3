"""The median of distances that are never held: its value, and how often they are counted for it."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist

from recon_tutorial.metrics import _blocks, _median

DTYPES = (torch.float32, torch.float64)
dtypes = pytest.mark.parametrize("dtype", DTYPES)


def place(dtype=torch.float64, block=8):
    return _blocks.Place(torch.device("cpu"), dtype, block)


@pytest.fixture
def looks(monkeypatch):
    """Brackets in which distances were counted, one after another."""
    brackets, count = [], _median._histogram

    def counted(cells, low, high, where):
        assert len(brackets) < 12, "the search does not end"
        brackets.append((low, high))
        return count(cells, low, high, where)

    monkeypatch.setattr(_median, "_histogram", counted)
    return brackets


def clouds(seed, n=40, m=30, d=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(0.5, 1.5, size=(m, d))


@dtypes
def test_the_middle_one_of_three_distances(dtype, looks):
    # 1, 9 and 4, squared; the bin that holds 4 is a ten-thousandth of it wide.
    got = _median.median_square(np.array([[0.0], [1.0]]), np.array([[3.0]]), place(dtype))
    assert got == pytest.approx(4, rel=1e-4)
    assert _median.median_square(np.array([[0.0]]), np.array([[3.0]]), place(dtype)) == (
        pytest.approx(9, rel=1e-4)
    )


@dtypes
def test_two_points_lie_as_far_apart_as_cells_can(dtype, looks):
    true, pred = np.array([[-1.0]] * 3), np.array([[1.0]] * 3)
    got = _median.median_square(true, pred, place(dtype))
    assert got == pytest.approx(4, rel=1e-4)
    assert _median.median_square(true, true, place(dtype)) is None
    assert _median.median_square(true[:1], pred[:0], place(dtype)) is None  # one cell, itself


@dtypes
@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e3, 1e9])
def test_one_look_is_enough_at_any_scale(scale, dtype, looks):
    true, pred = clouds(0)
    expected = np.median(pdist(np.concatenate([true, pred]), "sqeuclidean")) * scale**2
    got = _median.median_square(scale * true, scale * pred, place(dtype))
    assert got == pytest.approx(expected, rel=1e-3)
    ((low, high),) = looks
    assert 0.7 * expected < low < expected < high < 1.4 * expected


@dtypes
def test_one_look_is_enough_where_cells_repeat(dtype, looks):
    points = np.random.default_rng(1).normal(size=(9, 4))
    draw = np.random.default_rng(2).integers(0, 9, 60)
    true, pred = points[draw[:35]], points[draw[35:]]
    apart = pdist(np.concatenate([true, pred]), "sqeuclidean")
    got = _median.median_square(true, pred, place(dtype))
    assert got == pytest.approx(np.median(apart[apart > 0]), rel=1e-4)
    assert len(looks) == 1 and looks[0][0] > 0


@pytest.mark.parametrize("factor", [1e-6, 0.01, 1.0, 1e4])
@pytest.mark.parametrize(
    "bracket", [(1e-7, 2e-7), (0.3, 0.4), (0.9, 0.98), (1.03, 1.1), (3.0, 3.2), (0.0, 2.0)]
)
def test_a_bracket_beside_the_median_is_left_in_a_few_looks(factor, bracket, looks, monkeypatch):
    true, pred = clouds(3)
    expected = factor * np.median(pdist(np.concatenate([true, pred]), "sqeuclidean"))
    low, high = (share * expected for share in bracket)
    monkeypatch.setattr(_median, "_first_bracket", lambda *_: (low, high))
    got = _median.median_square(factor**0.5 * true, factor**0.5 * pred, place())
    assert got == pytest.approx(expected, rel=2e-4)
    assert looks[0] == (low, high)
    assert len(looks) <= 4


def test_each_look_is_at_the_bin_that_holds_the_median(looks, monkeypatch):
    true, pred = clouds(4)
    expected = np.median(pdist(np.concatenate([true, pred]), "sqeuclidean"))
    monkeypatch.setattr(_median, "BINS", 16)
    monkeypatch.setattr(_median, "_first_bracket", lambda *_: (0.0, 32.0))
    got = _median.median_square(true, pred, place())
    assert got == pytest.approx(expected, rel=2e-4)
    for (low, high), (below, above) in pairwise(looks):
        bin_ = (high - low) / 16
        assert above - below == pytest.approx(3 * bin_)  # that bin, and one on either side
        assert low <= below < expected < above <= high + bin_
    assert looks[-1][1] - looks[-1][0] <= 16 * 1e-4 * expected < looks[-2][1] - looks[-2][0]


def test_where_most_cells_differ_by_rounding_the_median_is_as_small(looks):
    true = np.array([[0.0], [1e-22], [2e-22], [3e-22], [4e-22], [5e-22]])
    got = _median.median_square(true, np.array([[1.0]]), place())
    assert 0 <= got < 1e-15 and len(looks) <= 10


# The first bracket.


@dtypes
def test_the_first_bracket_holds_a_sixth_of_the_distances_around_the_median(dtype):
    cells = _blocks.factor(list(clouds(5)), place(dtype))
    apart = pdist(np.concatenate(clouds(5)), "sqeuclidean")
    low, high = _median._first_bracket(cells, 0.0, 1e9)
    assert low == pytest.approx(0.999 * np.quantile(apart, 0.42), rel=1e-2)
    assert high == pytest.approx(1.001 * np.quantile(apart, 0.58), rel=1e-2)
    assert (apart < low).mean() == pytest.approx(0.42, abs=0.005)
    assert (apart > high).mean() == pytest.approx(0.42, abs=0.005)
    assert _median._first_bracket(cells, 0.0, 1.5 * low) == (low, 1.5 * low)


def test_the_first_bracket_is_everything_where_nothing_is_apart():
    cells = _blocks.factor([np.ones((5, 2))], place())
    assert _median._first_bracket(cells, 1e-9, 7.0) == (0.0, 7.0)
    pair = _blocks.factor([np.array([[0.0], [2.0]])], place())
    assert _median._first_bracket(pair, 4.0, 7.0) == (0.0, 7.0)  # as near as rounding explains


@pytest.mark.parametrize(("n", "step"), [(9, 1), (10, 1), (11, 2), (20, 2), (21, 3)])
def test_the_first_bracket_comes_from_evenly_spread_cells(n, step, monkeypatch):
    monkeypatch.setattr(_median, "FIRST_LOOK", 10)
    sample = np.random.default_rng(n).normal(size=(n, 2))
    cells = _blocks.factor([sample], place())
    apart = pdist(sample[::step], "sqeuclidean")
    twice = np.concatenate([apart, apart])  # both orders
    low, high = _median._first_bracket(cells, 0.0, 1e9)
    assert low == pytest.approx(0.999 * np.quantile(twice, 0.42))
    assert high == pytest.approx(1.001 * np.quantile(twice, 0.58))


# Counting.


@dtypes
@pytest.mark.parametrize("block", [3, 8, 100])
def test_every_ordered_pair_is_counted_once(block, dtype, monkeypatch):
    monkeypatch.setattr(_median, "BINS", 8)
    line = np.arange(10.0)[:, None]  # distances 0, 1, 4, 9, ..., 81
    where = place(dtype, block)
    counts = _median._histogram(_blocks.factor([line], where), 0.5, 8.5, where)
    # Ten cells with themselves and 18 pairs at 1, in the first bin of (0.5, 1.5, ...); 16 pairs
    # at 4 in the fourth; all that is further in the last.
    assert counts.tolist() == [28, 0, 0, 16, 0, 0, 0, 56]
    assert counts.dtype == np.float64


def test_pairs_of_equal_cells_are_counted_across_samples():
    true, pred = np.array([[1.0], [1.0], [2.0]]), np.array([[1.0], [3.0]])
    assert _median._ordered_equal_pairs(true, pred) == 9 + 1 + 1
    assert _median._ordered_equal_pairs(pred, true) == 11
