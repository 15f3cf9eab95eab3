"""The two planted leaks: what they change, and what an audit sees of it."""

import numpy as np
import pytest

from recon_tutorial.exercises import let_in_perturbations, repeat_cells
from recon_tutorial.splits import Split

from .exercise_worlds import both, cells, held_out, repeated, twins, unseen


def test_repeated_cells_keep_their_names_and_the_audit_sees_nothing():
    world, (spoilt, split) = cells(), repeated()
    split.audit(spoilt)
    assert list(spoilt.obs_names) == list(world.screen.obs_names)
    changed = (spoilt.obsm["X_emb"] != world.screen.obsm["X_emb"]).any(axis=1)
    assert changed.sum() == len(twins()) == 6 * 2  # a tenth of 24 test cells of 6 perturbations
    assert not changed[~split.train].any()
    label = world.screen.obs["perturbation"].astype(str)
    assert all(label[cell] == label[twin] for cell, twin in twins().items())
    twin = spoilt[list(twins().values())].X
    np.testing.assert_array_equal(twin, world.screen[list(twins())].X)
    again = repeat_cells(world.screen, world.split, seed=1).obsm["X_emb"]
    assert (again != spoilt.obsm["X_emb"]).any()


def test_perturbations_that_are_let_in_are_found_by_the_audit():
    screen, split, friend = held_out()
    with pytest.raises(ValueError, match="held-out perturbations have cells in train"):
        friend.audit(screen)
    split.audit(screen)
    assert len(both()) == 3  # four tenths of 8
    assert friend.claim == split.claim
    assert (friend.train | friend.test).sum() == (split.train | split.test).sum()
    assert not (friend.train & friend.test).any()
    label = screen.obs["perturbation"].astype(str).to_numpy()
    moved = friend.train & split.test
    assert all((moved & (label == name)).sum() == 15 for name in both())


def test_one_held_out_perturbation_cannot_be_let_in():
    screen, split, _ = held_out()
    label = screen.obs["perturbation"].astype(str).to_numpy()
    few = Split("unseen perturbations", split.train, np.isin(label, [unseen(), "control"]))
    with pytest.raises(ValueError, match="1 perturbations are held out: hold out two"):
        let_in_perturbations(screen, few)
