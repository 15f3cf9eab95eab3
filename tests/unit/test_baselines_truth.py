"""The oracle returns the true cells; the replicate returns others of the same perturbation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import Oracle, Replicate
from recon_tutorial.screen import simulate_screen

RNG = np.random.default_rng(0)
COV = RNG.normal(size=(3, 2)).astype(np.float32)
BOTH = pytest.mark.parametrize("model", [Oracle, Replicate])


def truth(sizes, seed=0):
    """Cells whose only number tells them apart, their descriptors and group, in mixed order."""
    group = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    return np.arange(len(group), dtype=np.float32)[:, None], COV[group], group


def ask(model, cov):
    return model.predict(np.zeros((len(cov), 1)), cov)


def test_the_oracle_returns_the_test_cells_of_a_screen():
    screen = simulate_screen(
        n_perturbations=3, cells_per_perturbation=5, embed_dim=4, cov_dim=2, n_genes=5
    )
    pairs = make_pairs(screen, how="random")
    oracle = Oracle(pairs.pert, pairs.cov)
    oracle.train(*pairs[:3])
    answer = oracle.predict(pairs.ctrl, pairs.cov)
    np.testing.assert_array_equal(answer, pairs.pert)
    assert answer.dtype == np.float32 and not np.shares_memory(answer, pairs.pert)


def test_the_oracle_gives_the_cells_of_each_descriptor_in_order_and_starts_over():
    cells, cov, group = truth([3, 2, 4])
    oracle = Oracle(cells, cov)
    for k in range(3):
        mine = cells[group == k]
        np.testing.assert_array_equal(ask(oracle, COV[[k] * 7]), np.resize(mine, (7, 1)))
    answer = ask(oracle, COV[[1, 0, 1, 0, 1]])  # mixed with another, starting over once
    np.testing.assert_array_equal(answer[::2], np.resize(cells[group == 1], (3, 1)))
    np.testing.assert_array_equal(answer[1::2], cells[group == 0][:2])


@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    seed=st.integers(0, 99),
)
def test_a_replicate_uses_every_cell_once_and_never_the_row_s_own(sizes, seed):
    cells, cov, group = truth(sizes, seed)
    answer = ask(Replicate(cells, cov, seed=seed), cov)
    assert answer.dtype == np.float32
    for k, size in enumerate(sizes):
        own, other = cells[group == k].ravel(), answer[group == k].ravel()
        np.testing.assert_array_equal(np.sort(other), own)
        assert (own == other).all() if size == 1 else (own != other).all()


def test_a_replicate_starts_over_like_the_oracle():
    cells, cov, _ = truth([3, 2, 4])
    replicate = Replicate(cells, cov)
    answer = ask(replicate, COV[[2] * 8])
    np.testing.assert_array_equal(answer[:4], answer[4:])


def test_the_seed_decides_the_replicate_and_every_other_cell_may_come():
    cells, cov, _ = truth([5])
    one, again = (ask(Replicate(cells, cov, seed=7), cov) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    seen = {float(ask(Replicate(cells, cov, seed=s), cov)[0, 0]) for s in range(60)}
    assert seen == {1.0, 2.0, 3.0, 4.0}


@BOTH
def test_they_hold_a_copy_of_the_truth(model):
    cells, cov, _ = truth([3, 2])
    built = model(cells, cov)
    before = ask(built, cov)
    cells += 100
    before_too = before.copy()
    before += 100
    np.testing.assert_array_equal(ask(built, cov), before_too)


@BOTH
def test_minus_zero_is_zero(model):
    built = model([[5.0]], [[0.0]])
    assert built.predict([[1.0]], [[-0.0]]).tolist() == [[5.0]]
    built = model([[5.0]], [[-0.0]])
    assert built.predict([[1.0]], [[0.0]]).tolist() == [[5.0]]


@BOTH
def test_no_rows_in_no_rows_out(model):
    cells, cov, _ = truth([3, 2])
    answer = ask(model(cells, cov), cov[:0])
    assert answer.shape == (0, 1) and answer.dtype == np.float32


@BOTH
def test_training_teaches_nothing_but_checks_the_rows(model):
    cells, cov, _ = truth([3, 2])
    built = model(cells, cov)
    before = ask(built, cov)
    built.train(cells, cells + 1, cov)
    np.testing.assert_array_equal(ask(built, cov), before)
    with pytest.raises(ValueError, match="pert_emb has 2 columns .* embed_dim=1"):
        built.train(cells, np.hstack([cells, cells]), cov)
    with pytest.raises(ValueError, match="pert_cov has 1 columns .* cov_dim=2"):
        built.train(cells, cells, cov[:, :1])


@BOTH
def test_what_does_not_fit_is_refused(model):
    cells, cov, _ = truth([3, 2])
    for wrong in ((cells[:4], cov), (cells[:0], cov[:0])):
        words = f"pert_emb has {len(wrong[0])} rows and pert_cov {len(wrong[1])}: give the true"
        with pytest.raises(ValueError, match=words):
            model(*wrong)
    with pytest.raises(ValueError, match="pert_emb has 1 dimension"):
        model(cells[:, 0], cov)
    with pytest.raises(ValueError, match="pert_cov holds NaN"):
        model(cells, cov * np.nan)
    asked = np.vstack([cov[:2], [[9, 9], [8, 8]]])
    with pytest.raises(ValueError, match="2 rows ask for a descriptor without a true .* row 2"):
        ask(model(cells, cov), asked)
    with pytest.raises(ValueError, match="ctrl_emb has 2 columns .* embed_dim=1"):
        model(cells, cov).predict(np.zeros((5, 2)), cov)
