"""What holds of every metric, or of every metric of a kind, on random clouds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recon_tutorial.metrics import METRICS

from .metric_samples import arrays, score

seeds = st.integers(0, 10_000)
quick = settings(max_examples=25, deadline=None)
every = pytest.mark.parametrize("name", METRICS)
CELLS = ("true", "pred", "ctrl")
SPACE = ("r2_delta", "mse", "mse_mean", "energy_distance", "mmd_rbf", "knn_purity")
SPACE += ("discrimination", "variance_ratio")  # these know no axes, only distances
SWAP = ("mse", "mse_mean", "energy_distance", "mmd_rbf", "pearson_delta", "pearson_centroid")


def near(value, **tolerance):
    return pytest.approx(value, **{"rel": 1e-8, "abs": 1e-9} | tolerance)


@every
@quick
@given(seed=seeds)
def test_the_order_of_cells_matters_to_matched_scores_only(name, seed):
    named = arrays(seed)
    before = score(name, named)
    rng = np.random.default_rng(seed)
    for need in set(METRICS[name].needs) & set(CELLS):
        order = rng.permutation(len(named[need]))
        after = score(name, named | {need: named[need][order]})
        if METRICS[name].matched and (order != np.arange(len(order))).any():
            assert after != near(before)
        else:
            assert after == near(before)


@every
@quick
@given(seed=seeds)
def test_values_stay_in_the_range_of_the_card(name, seed):
    card, value = METRICS[name], score(name, arrays(seed))
    assert np.shape(value) == ((4,) if card.needs_several else ())
    assert card.range[0] <= np.min(value) and np.max(value) <= card.range[1]


@every
@quick
@given(seed=seeds)
def test_the_truth_scores_best_where_that_is_possible(name, seed):
    named = arrays(seed)
    named |= {"pred": named["true"], "pred_means": named["true_means"]}
    value, best = np.mean(score(name, named)), METRICS[name].best
    if name == "energy_distance":  # unbiased: the same cells are nearer than two samples are
        assert value < best
    elif name in ("knn_purity", "de_overlap", "direction_accuracy"):  # their oracle is no 1
        assert value <= best
    else:
        assert value == near(best, abs=1e-12)


@pytest.mark.parametrize("name", SPACE)
@quick
@given(seed=seeds)
def test_turning_and_moving_the_space_changes_no_distance(name, seed):
    named = arrays(seed, d=5)
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(5, 5)))[0]
    turned = {key: value @ turn + 3.0 for key, value in named.items()}
    assert score(name, turned) == near(score(name, named))


@pytest.mark.parametrize("name", SWAP)
@quick
@given(seed=seeds)
def test_truth_and_prediction_may_change_places(name, seed):
    named = arrays(seed)
    swapped = named | {"true": named["pred"], "pred": named["true"]}
    assert score(name, swapped) == near(score(name, named))


@every
def test_lists_sparse_and_single_precision_are_welcome(name):
    named = {key: np.round(value, 2) for key, value in arrays(0).items()}
    expected = score(name, named)
    assert score(name, {key: value.tolist() for key, value in named.items()}) == near(expected)
    single = {key: value.astype(np.float32) for key, value in named.items()}
    assert score(name, single) == near(expected, rel=1e-4, abs=1e-5)
    matrices = {k: sparse.csr_matrix(v) if v.ndim == 2 else v for k, v in named.items()}
    assert score(name, matrices) == near(expected)


@every
def test_input_is_left_as_it_was(name):
    named = arrays(0)
    kept = {key: value.copy() for key, value in named.items()}
    first = score(name, named)
    assert all((named[key] == kept[key]).all() for key in named)
    assert np.array_equal(score(name, named), first)


@every
def test_the_number_of_predicted_cells_is_free_unless_rows_are_matched_or_summed(name):
    named = arrays(0, n=(13, 40, 17))
    if METRICS[name].matched or name == "r2":
        with pytest.raises(ValueError, match="13 .*40"):
            score(name, named)
    else:
        assert np.isfinite(score(name, named)).all()


@every
def test_one_mean_row_may_stand_for_cells_where_the_card_says_so(name):
    card, named = METRICS[name], arrays(0)
    means = {key: named[key].mean(axis=0, keepdims=True) for key in CELLS}
    if card.means_only:
        assert score(name, named | means) == near(score(name, named))
    elif not card.needs_several and name != "mse":
        with pytest.raises((ValueError, AssertionError)):  # refused, or another number
            assert score(name, named | means) == near(score(name, named))
