"""Metrics at their exact limits, on arrays small enough to score by hand."""

import hashlib
import warnings

import numpy as np
import pytest
from anndata import AnnData

from recon_tutorial.metrics import (
    de_overlap,
    direction_accuracy,
    discrimination,
    energy_distance,
    has_no_change,
    knn_purity,
    metric_knn_purity,
    mmd_rbf,
    mse,
    mse_mean,
    pearson_centroid,
    pearson_delta,
    r2,
    r2_delta,
    variance_ratio,
)
from recon_tutorial.metrics._arrays import by_content, digests, matrices

from .metric_samples import clouds

# What counts as a number, and as zero.


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float16", "float32"])
def test_any_kind_of_number_is_computed_in_float64(dtype):
    true, pred = np.array([[0, 1], [1, 1]], dtype), np.array([[1, 0], [1, 1]], dtype)
    (got,) = matrices(x=true)
    assert got.dtype == np.float64 and got.tolist() == [[0, 1], [1, 1]]
    assert mse(true, pred) == 0.5
    assert mse_mean(true, pred) == 0.25  # means (0.5, 1) and (1, 0.5)


def test_float64_cells_are_read_where_they_lie():
    cells = np.ones((3, 2))
    assert np.shares_memory(matrices(cells=cells)[0], cells)


def test_a_change_of_a_millionth_is_rounding_and_of_two_is_not():
    ctrl = np.array([[1e6 - 1, 0.0]])
    assert has_no_change([[1e6, 0.0]], ctrl)
    assert not has_no_change([[1e6 + 1, 0.0]], ctrl)
    assert r2_delta([[1e6, 2.0]], [[1e6 - 1, 2.0]], ctrl) == 1  # the first feature did not move


def test_rounding_is_judged_by_the_size_of_each_feature_in_either_sample():
    wide = np.array([[1e7, 0.0], [-1e7 + 1, 0.0]])  # mean 0.5, cells of size 1e7
    point = np.zeros((2, 2))
    assert has_no_change(wide, point) and has_no_change(point, wide)
    # A small feature beside a large one keeps its change.
    beside = np.array([[1e9, 0.0, 1.0]])
    assert r2_delta(beside + [[0, 0, 1]], beside + [[0, 0, 0.5]], beside) == 0.75
    # Two cells of one size, of which one feature is small.
    assert not has_no_change([[1e9, 1.0], [1e9, 1.0]], [[1e9, 0.0], [1e9, 0.0]])


def test_a_change_is_flat_when_its_features_differ_by_a_millionth_of_the_largest():
    ctrl = np.zeros((1, 2))
    assert has_no_change([[1e6, 1e6 - 1]], ctrl)
    assert not has_no_change([[1e6, 1e6 - 2]], ctrl)
    assert has_no_change([[-1e6, -1e6 + 1]], ctrl)
    assert has_no_change([[1e-3, 1e-3]], ctrl)
    assert not has_no_change([[1e-3, 1.001e-3]], ctrl)


# Two features, two cells, two perturbations are enough.


def test_two_features_correlate_all_or_nothing():
    ctrl = np.zeros((1, 2))
    assert pearson_delta([[1.0, 2.0]], [[0.0, 5.0]], ctrl) == pytest.approx(1)
    assert pearson_delta([[1.0, 2.0]], [[5.0, 0.0]], ctrl) == pytest.approx(-1)
    assert pearson_centroid([[1.0, 2.0]], [[3.0, 3.0]], [3.0, 0.0]) == pytest.approx(1)
    assert r2([[0.0, 2.0]], [[2.0, 0.0]]) == -3


def test_spread_is_the_variance_over_n_minus_one_summed_over_features():
    true = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])  # a spread of exactly 1
    assert variance_ratio(true, [[0.0, 0.0], [2.0, 0.0]]) == 2
    assert variance_ratio(true, [[0.0, 0.0], [2.0, 4.0]]) == 10
    assert variance_ratio(1e-3 * true, true) == pytest.approx(1e6)


def test_energy_distances_of_three_cells_by_hand():
    true, pred = np.array([[0.0], [4.0]]), np.array([[1.0]])
    # Between: 1 and 3, mean 2. Within: 0, 4, 4, 0, mean 2.
    assert energy_distance(true, pred, biased=True) == 2
    assert energy_distance(true, pred, biased=True, squared=True) == 2  # 2 (2 - 1)²
    both = np.array([[1.0], [3.0]])
    # Between: 1, 3, 3, 1, mean 2; within, without the zeros: 4 and 2.
    assert energy_distance(true, both) == -2
    assert energy_distance(true, both, biased=True) == 1
    assert energy_distance(true, both, squared=True) == -10  # variances 8 and 2, over 2 cells each


def test_mmd_of_two_cells_by_hand():
    true, pred = np.array([[0.0]]), np.array([[2.0]])
    assert mmd_rbf(true, pred, gamma=0.25) == pytest.approx(2 - 2 / np.e)
    assert mmd_rbf(true, pred) == pytest.approx(2 - 2 / np.e)  # the median is 4, its width 1 / 4
    near = mmd_rbf(0.1 * true, 0.1 * pred)  # distances below 1 count as any other
    assert near == pytest.approx(2 - 2 / np.e)


def test_two_perturbations_are_ranked():
    truth = np.array([[0.0], [1.0]])
    assert discrimination(truth, [[0.4], [0.4]]).tolist() == [1, 0]
    assert discrimination(truth, [[0.4], [0.4]], out_of="all").tolist() == [1, 0.5]
    assert discrimination(truth, [[0.5], [0.5]]).tolist() == [0.5, 0.5]


def test_manhattan_and_euclidean_order_the_same_truths_differently():
    truth = np.array([[3.0, 3.0], [5.0, 0.0]])  # 6 and 5 by blocks, 4.24 and 5 as the crow flies
    assert discrimination(truth, np.zeros((2, 2)), distance="manhattan").tolist() == [0, 1]
    assert discrimination(truth, np.zeros((2, 2)), distance="euclidean").tolist() == [1, 0]


def test_the_cosine_distance_to_a_truth_of_zeros_is_one():
    truth = np.array([[-0.2, np.sqrt(0.96)], [0.0, 0.0]])  # 1.2 and 1 from the first axis
    axis = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert discrimination(truth, axis, distance="cosine").tolist() == [0, 1]
    truth[0, 0] = 0.2  # 0.8
    assert discrimination(truth, axis, distance="cosine").tolist() == [1, 0]


def test_samples_of_one_same_cell_score_0_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mmd_rbf(np.ones((4, 2)), np.ones((3, 2))) == 0


# Neighbours.


def test_purity_asks_for_as_many_neighbours_as_the_pool_holds():
    true, ctrl = np.array([[0.0], [1.0]]), np.array([[5.0], [6.0], [9.0]])
    pred = np.array([[0.4]])
    assert [knn_purity(true, pred, ctrl, k=k) for k in (1, 2, 3, 4, 5)] == pytest.approx(
        [1, 1, 2 / 3, 2 / 4, 2 / 5]
    )


def test_purity_counts_20_neighbours_and_draws_with_seed_0_unless_told():
    true, pred, ctrl = clouds(3, n=(30, 25, 80))
    expected = knn_purity(true, pred, ctrl, k=20)
    assert knn_purity(true, pred, ctrl) == expected != knn_purity(true, pred, ctrl, k=21)
    assert metric_knn_purity(AnnData(pred), AnnData(true), AnnData(ctrl)) == expected
    values = [knn_purity(true, pred, ctrl, balanced=True, seed=seed) for seed in range(4)]
    assert knn_purity(true, pred, ctrl, balanced=True) == values[0]
    assert len(set(values)) > 1


# Genes.


@pytest.mark.parametrize("score", [direction_accuracy, de_overlap])
def test_fifty_genes_are_judged_unless_told(score):
    rng = np.random.default_rng(0)
    true, pred, ctrl = (rng.normal(size=(n, 120)) for n in (12, 9, 15))
    assert score(true, pred, ctrl) == score(true, pred, ctrl, k=50)
    assert score(true, pred, ctrl) != score(true, pred, ctrl, k=51)


def repeated(profile, n=4):
    """Cells that are all the same, so that every half of them is."""
    return np.tile(np.asarray(profile, float), (n, 1))


def test_of_genes_that_change_alike_the_earlier_ones_are_in_the_list():
    odd = np.arange(300) % 2
    ctrl, true = repeated(np.zeros(300)), repeated(1.0 + odd)  # each other gene changes twice
    # Nothing varies, so genes rank by their change alone: 1, 3, 5, ... come first.
    first = odd * (np.arange(300) < 12)
    for k in (1, 3, 6):
        assert de_overlap(true, repeated(first), ctrl, k=k) == 1
        assert direction_accuracy(true, repeated(first), ctrl, k=k) == 1
        assert de_overlap(true, true, ctrl, k=k) == 1
    assert de_overlap(true, repeated(first), ctrl, k=12) == 0.5
    assert direction_accuracy(true, repeated(1 - 2.0 * first), ctrl, k=12) == 0.5


def test_where_few_genes_changed_the_share_is_among_those():
    ctrl, true = repeated([0.0, 0, 0, 0]), repeated([0.5, -0.25, 0, 0])
    pred = repeated([0.125, 0, 3, 0])
    assert direction_accuracy(true, pred, ctrl, k=4) == 0.5
    assert de_overlap(true, pred, ctrl, k=4) == 0.5
    assert de_overlap(true, pred, ctrl, k=1) == 0  # the predicted list holds the third gene alone
    assert direction_accuracy(true, pred, ctrl, k=1) == 1


@pytest.mark.parametrize("varying", ["true", "ctrl"])
def test_a_gene_silent_in_one_sample_is_weighed_by_its_spread_in_the_other(varying):
    up_and_down = np.tile([-1.0, 1.0], 20)[np.random.default_rng(0).permutation(40)]
    cells = {"true": np.zeros((40, 3)), "ctrl": np.zeros((40, 3))}
    cells["true"][:, 0] = 1 + up_and_down  # a large change, with a t of about 5
    cells["true"][:, 1] = 0.5  # half of that, and far more certain
    cells[varying][:, 1] += 0.01 * up_and_down
    true, ctrl = cells.values()
    pred = repeated([1.0, 0.0, 0.0])
    assert de_overlap(true, pred, ctrl, k=1) == direction_accuracy(true, pred, ctrl, k=1) == 0
    pred = repeated([1.0, 0.5, 0.0])
    assert de_overlap(true, pred, ctrl, k=1) == direction_accuracy(true, pred, ctrl, k=1) == 1


def test_a_gene_that_varies_nowhere_has_the_smallest_error_of_those_that_do():
    up_and_down = np.tile([-1.0, 1.0], 20)[np.random.default_rng(0).permutation(40)]
    ctrl = np.stack([up_and_down, 0.01 * up_and_down, np.zeros(40)], axis=1)
    for silent, best in ((0.06, 2), (0.04, 1)):  # against the second gene's change of 0.05
        true = ctrl[:, :] + [1.0, 0.05, silent]
        pred = repeated(np.eye(3)[best])
        assert de_overlap(true, pred, ctrl, k=1) == direction_accuracy(true, pred, ctrl, k=1) == 1


# The order that follows from values.


def test_the_order_of_cells_is_that_of_a_hash_that_any_machine_computes():
    cells = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    expected = [
        int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=8).digest(), "little")
        for row in cells
    ]
    assert digests(cells).tolist() == expected
    assert by_content(cells.astype(float)).tolist() == np.argsort(expected).tolist()


def test_rows_have_one_digest_only_where_they_are_equal():
    rows = np.array([[0.0, 1.0], [-0.0, 1.0], [1e-20, 1.0], [2e-20, 1.0], [1.0, 0.0]])
    made = digests(rows)
    assert made[0] == made[1]
    assert len(set(made.tolist())) == 4


def test_values_beyond_single_precision_are_put_in_order_without_a_warning():
    cells = np.array([[1e300], [-1e300], [0.0], [1.0]])
    assert sorted(by_content(cells).tolist()) == [0, 1, 2, 3]
