"""Splits by cells and by context, and the masks that every split is made of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import Split, hold_out_context, split_cells

KNOBS = {"n_perturbations": 3, "cells_per_perturbation": 20, "embed_dim": 4, "cov_dim": 2}


@settings(max_examples=25, deadline=None)
@given(
    fraction=st.floats(0.02, 0.98),
    seed=st.integers(0, 1000),
    paired=st.booleans(),
    contexts=st.integers(1, 2),
)
def test_every_group_is_in_both_parts_and_no_cell_is(fraction, seed, paired, contexts):
    screen = simulate_screen(**KNOBS, paired=paired, n_contexts=contexts, n_genes=5)
    split = split_cells(screen, test_fraction=fraction, seed=seed)
    split.audit(screen)
    assert split.claim == "unseen cells"
    assert (split.train ^ split.test).all()
    keys = ["perturbation"] + ["context"] * (contexts > 1)
    groups = screen.obs.groupby(keys, observed=True).indices.values()
    for rows in groups:
        if screen.obs["perturbation"].iloc[rows[0]] == "control" and paired:
            continue
        n_test = split.test[rows].sum()
        assert n_test == min(max(1, round(fraction * len(rows))), len(rows) - 1)


def test_partners_stay_together():
    screen = simulate_screen(**KNOBS, paired=True, n_genes=5)
    split = split_cells(screen)
    perturbed = screen.obs["perturbation"] != "control"
    partners = screen.obs_names.get_indexer(screen.obs.loc[perturbed, "partner"])
    np.testing.assert_array_equal(split.test[partners], split.test[perturbed.to_numpy()])


def test_same_seed_same_split():
    screen = simulate_screen(**KNOBS, n_genes=5)
    one, two, other = (split_cells(screen, seed=s).test for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_contexts_are_drawn_apart():
    screen = simulate_screen(**KNOBS, n_contexts=2, n_genes=5)
    split = split_cells(screen, test_fraction=0.5)
    for _, rows in screen.obs.groupby(["perturbation", "context"], observed=True).indices.items():
        assert split.test[rows].any() and split.train[rows].any()


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5])
def test_fraction_out_of_range(fraction):
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        split_cells(simulate_screen(**KNOBS, n_genes=5), test_fraction=fraction)


def test_a_single_cell_cannot_be_split():
    screen = simulate_screen(**KNOBS, n_genes=5)
    label = screen.obs["perturbation"]
    keep = (label != "p1").to_numpy() | (np.cumsum(label == "p1") == 1).to_numpy()
    with pytest.raises(ValueError, match="p1 has a single cell"):
        split_cells(screen[keep])


def test_a_lost_partner_is_named():
    screen = simulate_screen(**KNOBS, paired=True, n_genes=5)
    words = "perturbed cells have a partner outside this screen .first: 'cell.*-control'"
    with pytest.raises(ValueError, match=words):
        split_cells(screen[screen.n_obs // 3 :])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    contexts=st.integers(2, 3),
    combinations=st.integers(0, 2),
    effect=st.sampled_from(["linear", "bimodal"]),
)
def test_a_held_out_context_is_divided_in_test_and_reference(seed, contexts, combinations, effect):
    knobs = {"n_contexts": contexts, "combinations": combinations, "effect": effect}
    screen = simulate_screen(**KNOBS, **knobs, n_genes=5, seed=seed)
    split = hold_out_context(screen, "context1", seed=seed)
    split.audit(screen)
    assert split.claim == "unseen context"
    here = (screen.obs["context"] == "context1").to_numpy()
    control = (screen.obs["perturbation"] == "control").to_numpy()
    np.testing.assert_array_equal(split.train, ~here)
    np.testing.assert_array_equal(split.test & ~control, here & ~control)
    np.testing.assert_array_equal(split.test ^ split.reference, here)
    assert 0 <= (split.test & control).sum() - split.reference.sum() <= 1


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), contexts=st.integers(2, 3))
def test_a_held_out_context_of_a_paired_screen_keeps_partners_together(seed, contexts):
    screen = simulate_screen(**KNOBS, paired=True, n_contexts=contexts, n_genes=5, seed=seed)
    split = hold_out_context(screen, "context0", seed=seed)
    split.audit(screen)
    here = (screen.obs["context"] == "context0").to_numpy()
    perturbed = (screen.obs["perturbation"] != "control").to_numpy()
    partners = screen.obs_names.get_indexer(screen.obs.loc[perturbed, "partner"])
    np.testing.assert_array_equal(split.train, ~here)
    np.testing.assert_array_equal(split.test[partners], split.test[perturbed])
    np.testing.assert_array_equal(split.reference, here & ~perturbed & ~split.test)
    for _, rows in screen[here].obs.groupby("perturbation", observed=True).groups.items():
        held = split.test[screen.obs_names.get_indexer(rows)].sum()
        if screen.obs.loc[rows[0], "perturbation"] != "control":
            assert held == len(rows) - len(rows) // 2


def test_the_seed_divides_the_controls_of_a_held_out_context():
    screen = simulate_screen(**KNOBS, n_contexts=2, n_genes=5)
    one, two, other = (hold_out_context(screen, "context0", seed=s).test for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_a_context_that_cannot_be_held_out_is_refused():
    screen = simulate_screen(**KNOBS, n_contexts=2, n_genes=5)
    words = "context='liver' is not in this screen .it has context0, context1"
    with pytest.raises(ValueError, match=words):
        hold_out_context(screen, "liver")
    with pytest.raises(ValueError, match="train holds no perturbed cell"):
        hold_out_context(screen[screen.obs["context"] == "context0"], "context0")
    control = screen.obs["perturbation"] == "control"
    here = screen.obs["context"] == "context0"
    with pytest.raises(ValueError, match="reference holds no control cell"):
        hold_out_context(screen[~(control & here) | ((control & here).cumsum() == 1)], "context0")
    with pytest.raises(ValueError, match="test holds no perturbed cell"):
        hold_out_context(screen[control | ~here], "context0")
    with pytest.raises(ValueError, match=r'obs\["context"\] is missing'):
        hold_out_context(simulate_screen(**KNOBS, n_genes=5), "context0")


def test_masks_are_checked_when_a_split_is_made():
    mask = np.ones(3, dtype=bool)
    with pytest.raises(ValueError, match="claim='unseen planets' is unknown"):
        Split("unseen planets", mask, ~mask)
    with pytest.raises(ValueError, match="must be a one-dimensional boolean mask, got int64"):
        Split("unseen cells", np.array([0, 1, 2]), mask)
    with pytest.raises(ValueError, match="train covers 3 cells but test 2"):
        Split("unseen cells", mask, mask[:2])
    for name in ("reference", "validation"):
        with pytest.raises(ValueError, match=f"train covers 3 cells but {name} 1"):
            Split("unseen cells", mask, ~mask, **{name: mask[:1]})
        with pytest.raises(ValueError, match=f"{name} must be a one-dimensional boolean mask"):
            Split("unseen cells", mask, ~mask, **{name: np.zeros(3)})


def test_parts_come_in_the_order_of_their_use():
    mask = np.ones(3, dtype=bool)
    assert list(Split("unseen cells", mask, ~mask).parts()) == ["train", "test"]
    three = Split("unseen cells", mask, ~mask, validation=~mask)
    assert list(three.parts()) == ["train", "validation", "test"]


def test_the_reference_is_the_training_controls_unless_another_is_named():
    screen = simulate_screen(**KNOBS, n_genes=5)
    control = (screen.obs["perturbation"] == "control").to_numpy()
    split = split_cells(screen)
    np.testing.assert_array_equal(split.reference_controls(screen), split.train & control)
    few = control & (np.cumsum(control) <= 5)
    named = Split(split.claim, split.train & ~few, split.test & ~few, reference=few)
    np.testing.assert_array_equal(named.reference_controls(screen), few)


def test_settings_are_chosen_on_the_validation_part():
    train, validation, test = np.eye(3, dtype=bool)
    reference = train.copy()
    split = Split("unseen context", train, test, validation=validation, reference=reference)
    chosen_on = split.for_validation()
    assert chosen_on.claim == "unseen context" and chosen_on.validation is None
    np.testing.assert_array_equal(chosen_on.train, train)
    np.testing.assert_array_equal(chosen_on.test, validation)
    np.testing.assert_array_equal(chosen_on.reference, reference)
    with pytest.raises(ValueError, match="has no validation part: ask for one .*n_validation="):
        chosen_on.for_validation()
