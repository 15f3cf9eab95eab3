"""Cells of every perturbation set aside for validation, beside those of the test part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import split_cells

KNOBS = {"n_perturbations": 3, "cells_per_perturbation": 20, "embed_dim": 4, "cov_dim": 2}


@settings(max_examples=40, deadline=None)
@given(
    fraction=st.floats(0.02, 0.6),
    validation=st.floats(0.02, 0.39),
    seed=st.integers(0, 1000),
    paired=st.booleans(),
    contexts=st.integers(1, 2),
)
def test_validation_cells_leave_the_test_cells_alone(fraction, validation, seed, paired, contexts):
    screen = simulate_screen(**KNOBS, paired=paired, n_contexts=contexts, n_genes=5)
    split = split_cells(screen, fraction, seed, validation_fraction=validation)
    np.testing.assert_array_equal(split.test, split_cells(screen, fraction, seed).test)
    split.audit(screen)
    split.for_validation().audit(screen)
    assert split.claim == "unseen cells"
    assert (np.sum(list(split.parts().values()), axis=0) == 1).all()
    keys = ["perturbation"] + ["context"] * (contexts > 1)
    for rows in screen.obs.groupby(keys, observed=True).indices.values():
        if screen.obs["perturbation"].iloc[rows[0]] == "control" and paired:
            continue
        n_test = split.test[rows].sum()
        n_validation = split.validation[rows].sum()
        due = max(1, round(validation * len(rows)))
        assert n_validation == min(due, len(rows) - n_test - 1)
        assert split.train[rows].any()
    if paired:
        for mask in split.parts().values():
            perturbed = mask & (screen.obs["perturbation"] != "control").to_numpy()
            partners = screen.obs_names.get_indexer(screen.obs.loc[perturbed, "partner"])
            assert mask[partners].all() and mask.sum() == 2 * perturbed.sum()


def test_the_seed_draws_the_validation_cells_apart_from_the_test_cells():
    screen = simulate_screen(**KNOBS, n_genes=5)
    one, two, other = (split_cells(screen, 0.2, s, validation_fraction=0.2) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.validation, two.validation)
    assert not np.array_equal(one.validation, other.validation)


def test_the_validation_cells_are_drawn_anew_by_every_seed():
    screen = simulate_screen(**KNOBS, n_genes=5)
    mine = np.flatnonzero(screen.obs["perturbation"] == "p1")
    drawn = {}
    for seed in (1, 2):
        split = split_cells(screen, 0.2, seed, validation_fraction=0.2)
        left = mine[~split.test[mine]]
        drawn[seed] = split.validation[left], split.test[mine][: len(left)]
    for validation, test in drawn.values():  # not the places of the test cells once more
        assert not np.array_equal(validation, test)
    assert not np.array_equal(drawn[1][0], drawn[2][0])


def test_no_share_for_validation_is_no_validation_part():
    screen = simulate_screen(**KNOBS, n_genes=5)
    for split in (split_cells(screen), split_cells(screen, 0.2, 0, validation_fraction=0.0)):
        np.testing.assert_array_equal(split.test, split_cells(screen).test)
        assert split.validation is None
        assert (split.train ^ split.test).all()


@pytest.mark.parametrize("fraction", [-0.1, 0.8, 1.0, float("nan")])
def test_a_validation_share_must_leave_cells_to_train_on(fraction):
    words = f"validation_fraction={fraction} must be at least 0 and leave .* test_fraction=0.2: try"
    with pytest.raises(ValueError, match=words):
        split_cells(simulate_screen(**KNOBS, n_genes=5), validation_fraction=fraction)


@pytest.mark.parametrize(
    ("n_cells", "seen"),
    [(1, "a single cell"), (2, "2 cells")],
)
@pytest.mark.parametrize("contexts", [1, 2])
def test_a_group_too_small_for_three_parts_is_named(n_cells, seen, contexts):
    screen = simulate_screen(**KNOBS, n_contexts=contexts, n_genes=5)
    mine = (screen.obs["perturbation"] == "p1").to_numpy(copy=True)
    name = "p1"
    if contexts > 1:
        mine &= (screen.obs["context"] == "context1").to_numpy()
        name = "p1 in context context1"
    few = screen[~mine | (np.cumsum(mine) <= n_cells)]
    words = f"{name} has {seen}, which cannot be in train, validation and test: drop it or measure"
    with pytest.raises(ValueError, match=words):
        split_cells(few, validation_fraction=0.1)
    enough = screen[~mine | (np.cumsum(mine) <= 3)]
    split = split_cells(enough, 0.2, validation_fraction=0.1)
    mine = mine[~mine | (np.cumsum(mine) <= 3)]
    assert [mask[mine].sum() for mask in split.parts().values()] == [1, 1, 1]


def test_a_test_share_that_leaves_no_validation_cell_is_refused():
    screen = simulate_screen(**(KNOBS | {"cells_per_perturbation": 3}), n_genes=5)
    split_cells(screen, 0.8).audit(screen)
    words = "p0 has 3 cells, which cannot be in train, validation and test: lower test_fraction"
    with pytest.raises(ValueError, match=words):
        split_cells(screen, 0.8, validation_fraction=0.1)


def test_only_a_screen_is_split():
    screen = simulate_screen(**KNOBS, n_genes=5)
    del screen.uns["descriptors"]
    with pytest.raises(ValueError, match=r'uns\["descriptors"\] is missing'):
        split_cells(screen)
