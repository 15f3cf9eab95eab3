import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from recon_tutorial.metrics import de_overlap, direction_accuracy
from recon_tutorial.metrics._arrays import by_content

BOTH = pytest.mark.parametrize("score", [direction_accuracy, de_overlap])
seeds = st.integers(0, 10_000)
quick = settings(max_examples=25, deadline=None)


def world(seed=0, n_genes=200, changed=20, size=3.0, n=(60, 40, 400)):
    """Cells of which the first genes changed, up and down in turn."""
    rng = np.random.default_rng(seed)
    shift = np.zeros(n_genes)
    shift[:changed] = size * (-1.0) ** np.arange(changed)
    true, pred, ctrl = (rng.normal(size=(k, n_genes)) for k in n)
    return true + shift, pred + shift, ctrl, shift


@BOTH
def test_a_right_prediction_finds_every_changed_gene(score):
    true, pred, ctrl, _ = world()
    assert score(true, pred, ctrl, k=20) == 1


def top(t, k):
    return set(np.argsort(-np.abs(t))[:k])


@quick
@given(seed=seeds)
def test_both_scores_written_again_with_welchs_t_of_scipy(seed):
    true, pred, ctrl, _ = world(seed, changed=60, size=0.3, n=(25, 30, 9))
    scale = np.exp(np.random.default_rng(seed).normal(size=200))
    true, pred, ctrl = true * scale**2, pred * scale**2, ctrl * scale
    order, signs, overlap = by_content(true), [], []
    for chosen, judge in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        t, other = (
            ttest_ind(true[rows], ctrl, equal_var=False).statistic for rows in (chosen, judge)
        )
        error = (true[chosen].mean(axis=0) - ctrl.mean(axis=0)) / t
        change = pred.mean(axis=0) - ctrl.mean(axis=0)
        signs += [np.sign(other[gene]) == np.sign(change[gene]) for gene in top(t, 30)]
        overlap.append(len(top(other, 30) & top(change / error, 30)) / 30)
    assert direction_accuracy(true, pred, ctrl, k=30) == pytest.approx(np.mean(signs))
    assert de_overlap(true, pred, ctrl, k=30) == pytest.approx(np.mean(overlap))


def test_a_wrong_sign_is_found_by_one_score_and_not_by_the_other():
    true, _, ctrl, shift = world()
    mirrored = ctrl - shift
    assert direction_accuracy(true, mirrored, ctrl, k=20) == 0
    assert de_overlap(true, mirrored, ctrl, k=20) == 1
    half = ctrl + shift * np.where(np.arange(200) < 5, -1, 1)
    assert direction_accuracy(true, half, ctrl, k=20) == 0.75


def test_overlap_is_the_share_of_the_true_genes_that_were_named():
    true, _, ctrl, _ = world()
    named = np.zeros(200)
    named[[0, 1, 2, 3, 4, *range(100, 115)]] = 9.0
    assert de_overlap(true, ctrl + named, ctrl, k=20) == 0.25


@BOTH
def test_no_change_scores_zero(score):
    true, _, ctrl, _ = world()
    assert score(true, ctrl, ctrl, k=20) == 0
    assert score(true, np.tile(ctrl.mean(axis=0), (9, 1)), ctrl, k=20) == 0


@BOTH
def test_nothing_to_find_scores_zero(score):
    same = np.tile(np.arange(6.0), (5, 1))
    assert score(same, same + 1, same, k=3) == 0


@quick
@given(seed=seeds)
@BOTH
def test_spread_of_the_prediction_is_worth_nothing(score, seed):
    true, pred, ctrl, _ = world(seed, changed=40, size=0.3)
    collapsed = np.tile(pred.mean(axis=0), (2, 1))
    assert score(true, collapsed, ctrl, k=40) == score(true, pred, ctrl, k=40)


@BOTH
def test_noise_is_not_chosen_and_then_rewarded(score):
    # Nothing changed. A half of the true cells, passed as the prediction, finds itself again where
    # it judges, and nothing where the other half does.
    values = {"other cells": [], "one half": []}
    for seed in range(20):
        true, pred, ctrl, _ = world(seed, changed=0, n=(40, 40, 4000))
        values["other cells"].append(score(true, pred, ctrl, k=50))
        values["one half"].append(score(true, true[by_content(true)[seed % 2 :: 2]], ctrl, k=50))
    chance = {"direction_accuracy": 0.5, "de_overlap": 0.25}[score.__name__]
    found = {"direction_accuracy": 1.0, "de_overlap": 0.85}[score.__name__]
    assert np.mean(values["other cells"]) == pytest.approx(chance, abs=0.03)
    assert np.mean(values["one half"]) == pytest.approx((chance + found) / 2, abs=0.03)


@quick
@given(seed=seeds)
@BOTH
def test_the_half_of_a_cell_follows_from_its_values(score, seed):
    true, pred, ctrl, _ = world(seed, changed=40, size=0.2, n=(21, 15, 30))
    mixed = np.random.default_rng(seed).permutation(true)
    value = score(true, pred, ctrl, k=40)
    assert score(mixed, pred, ctrl, k=40) == value
    single = [cells.astype(np.float32) for cells in (mixed, pred, ctrl)]
    assert score(*single, k=40) == value


def test_halves_are_even_also_where_cells_repeat():
    rows = np.repeat(np.arange(4.0)[:, None], 6, axis=0)
    order = by_content(rows)
    for half in (order[::2], order[1::2]):
        assert np.bincount(rows[half, 0].astype(int)).tolist() == [3, 3, 3, 3]


def test_a_gene_without_spread_ranks_by_its_change():
    rng = np.random.default_rng(0)
    true, ctrl = rng.normal(size=(40, 6)), rng.normal(size=(40, 6))
    true[:, 0] = ctrl[:, 0] = 0.7  # constant, and the same
    true[:, 1], ctrl[:, 1] = 0.1, 0.0  # constant, and not the same
    true[:, 2] += 2.0
    large = ctrl.copy()
    large[:, 2] += 2.0
    assert de_overlap(true, large, ctrl, k=1) == 1  # a small certain change is no infinite one
    true[:, 1] = 50.0
    guess = ctrl + 0.1 * rng.normal(size=6)
    guess[:, 0] = 0.7 + 1e-3  # nor is a decoder's trace in a silent gene
    guess[:, 1] = 50.0
    assert de_overlap(true, guess, ctrl, k=1) == direction_accuracy(true, guess, ctrl, k=1) == 1
    guess[:, 1] = 0.0
    assert de_overlap(true, guess, ctrl, k=1) == direction_accuracy(true, guess, ctrl, k=1) == 0


@BOTH
@pytest.mark.parametrize(
    ("sizes", "k", "words"),
    [
        ((3, 5, 5), 2, "true has 3 cell.* at least 4 x 1 are needed"),
        ((5, 5, 1), 2, "ctrl has 1 cell.* at least 2 x 1 are needed"),
        ((5, 5, 5), 7, "k=7 genes cannot be chosen from 6: lower k"),
        ((5, 5, 5), 0, "k=0 genes"),
    ],
)
def test_bad_input_gets_one_sentence(score, sizes, k, words):
    cells = [np.random.default_rng(0).normal(size=(n, 6)) for n in sizes]
    with pytest.raises(ValueError, match=words):
        score(*cells, k=k)


@BOTH
def test_four_cells_are_enough(score):
    true, pred, ctrl = (
        np.random.default_rng(s).normal(size=(n, 6)) for s, n in enumerate((4, 1, 2))
    )
    assert 0 <= score(true, pred, ctrl, k=6) <= 1
