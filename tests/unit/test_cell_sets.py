"""How cells are drawn into sets to train on, and cut into sets to predict."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_tutorial.predictors._sets import CellSets, near_equal_sets

GROUPS = st.lists(st.integers(1, 9), min_size=1, max_size=6)  # cells of each perturbation


def rows(counts, seed):
    """Perturbed cells 0, 1, ..., their partners -0, -1, ..., and descriptors, shuffled."""
    order = np.random.default_rng(seed).permutation(sum(counts))
    group = np.repeat(np.arange(len(counts)), counts)[order]
    cell = order[:, None].astype(np.float32)
    cov = np.stack([group % 2, group], axis=1).astype(np.float32)
    return -cell, cell, cov, dict(zip(order.tolist(), group.tolist()))


def drawn(sets, n_sets, size, paired):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ctrl, pert, cov = sets.draw(n_sets, size, paired=paired)
    assert ctrl.shape == pert.shape == (n_sets, size, 1) and cov.shape == (n_sets, 1, 2)
    return -ctrl[..., 0].long().numpy(), pert[..., 0].long().numpy(), cov[:, 0].numpy()


@settings(max_examples=40)
@given(counts=GROUPS, seed=st.integers(0, 100), paired=st.booleans())
def test_a_set_is_of_one_perturbation_and_carries_its_descriptor(counts, seed, paired):
    *arrays, group = rows(counts, seed)
    ctrl, pert, cov = drawn(CellSets(*arrays, "cpu"), 200, 15, paired)
    for controls, cells, descriptor in zip(ctrl, pert, cov):
        name = descriptor[1]
        assert descriptor[0] == name % 2
        assert {group[c] for c in cells} == {group[c] for c in controls} == {name}
    assert set(pert.ravel()) == set(ctrl.ravel()) == set(group)  # every cell can be drawn
    if paired:
        np.testing.assert_array_equal(ctrl, pert)
    elif max(counts) > 1:
        assert (ctrl != pert).any()


def test_perturbations_and_their_cells_are_drawn_evenly():
    *arrays, group = rows([1, 2, 7], seed=0)
    for paired in (False, True):
        ctrl, pert, _ = drawn(CellSets(*arrays, "cpu"), 3000, 20, paired)
        name = np.vectorize(group.get)(pert[:, 0])
        assert np.bincount(name) == pytest.approx(np.full(3, 1000), abs=150)
        for k, n_cells in enumerate([1, 2, 7]):
            for cells in (ctrl, pert):
                share = np.unique(cells[name == k], return_counts=True)[1] / (name == k).sum() / 20
                assert share == pytest.approx(np.full(n_cells, 1 / n_cells), rel=0.1)


def test_controls_of_unpaired_sets_do_not_follow_the_perturbed_cells():
    *arrays, _ = rows([10], seed=0)
    ctrl, pert, _ = drawn(CellSets(*arrays, "cpu"), 500, 20, paired=False)
    assert (ctrl == pert).mean() == pytest.approx(0.1, abs=0.02)


def test_a_draw_that_rounds_up_stays_in_its_perturbation(monkeypatch):
    *arrays, group = rows([3, 4], seed=0)
    monkeypatch.setattr(torch, "rand", lambda *shape: torch.ones(shape))
    _, pert, cov = drawn(CellSets(*arrays, "cpu"), 20, 2, paired=True)
    assert [group[cell] for cell in pert[:, 0]] == cov[:, 1].tolist()


def test_the_order_of_the_rows_of_one_perturbation_is_kept():
    sets = CellSets(*rows([4, 4], seed=1)[:3], "cpu")
    cells = rows([4, 4], seed=1)[1][:, 0]
    assert sets.pert[:, 0].tolist() == [*cells[cells < 4], *cells[cells >= 4]]


def test_one_descriptor_written_with_either_zero_is_one():
    cov = np.array([[0.0, 1.0], [-0.0, 1.0], [0.0, 2.0]], dtype=np.float32)
    cells = np.zeros((3, 1), dtype=np.float32)
    sets = CellSets(cells, cells, cov, "cpu")
    assert sets.count.tolist() == [2, 1] and not torch.signbit(sets.descriptors).any()
    assert [s.tolist() for s in near_equal_sets(cov, 5)] == [[0, 1], [2]]


@settings(max_examples=60)
@given(group=st.lists(st.integers(0, 3), max_size=40), size=st.integers(1, 9))
def test_rows_are_cut_into_near_equal_sets_of_one_descriptor(group, size):
    cov = np.array(group, dtype=np.float32).reshape(-1, 1) * [1, -2]
    sets = near_equal_sets(cov, size)
    assert sorted(row for s in sets for row in s) == list(range(len(group)))
    for name in set(group):
        mine = [s for s in sets if group[s[0]] == name]
        assert all(group[row] == name for s in mine for row in s)
        lengths = [len(s) for s in mine]
        assert max(lengths) <= size and max(lengths) - min(lengths) <= 1
        assert len(mine) == -(-group.count(name) // size)  # no more sets than are needed
        assert np.concatenate(mine).tolist() == [i for i, g in enumerate(group) if g == name]


@given(group=st.lists(st.integers(0, 3), min_size=1, max_size=30), size=st.integers(2, 9))
def test_the_sets_of_a_descriptor_do_not_depend_on_what_else_is_asked(group, size):
    cov = np.array(group, dtype=np.float32)[:, None]
    alone = np.flatnonzero(cov[:, 0] == group[0])
    among = [s.tolist() for s in near_equal_sets(cov, size) if group[s[0]] == group[0]]
    assert among == [alone[s].tolist() for s in near_equal_sets(cov[alone], size)]
