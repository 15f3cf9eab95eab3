import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import Split, split_cells

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


class TestAudit:
    @pytest.fixture
    def screen(self):
        return simulate_screen(**KNOBS, n_genes=5)

    @pytest.fixture
    def split(self, screen):
        return split_cells(screen)

    def leak(self, screen, claim="unseen cells", *, train, test, words):
        with pytest.raises(ValueError, match=words):
            Split(claim, train, test).audit(screen)

    def test_empty_parts(self, screen, split):
        control = (screen.obs["perturbation"] == "control").to_numpy()
        words = "test holds no perturbed cell"
        self.leak(screen, train=split.train, test=split.test & control, words=words)
        words = "train holds no control cell"
        self.leak(screen, train=split.train & ~control, test=split.test, words=words)

    def test_overlap(self, screen, split):
        test = split.test.copy()
        test[np.flatnonzero(split.train)[:2]] = True
        self.leak(screen, train=split.train, test=test, words="2 cells are in both parts")

    def test_held_out_perturbation_with_cells_in_train(self, screen, split):
        words = "held-out perturbations have cells in train: p0, p1, p2"
        self.leak(screen, "unseen perturbations", train=split.train, test=split.test, words=words)

    @pytest.mark.parametrize("step", ["genes", "embedding", "decoder"])
    def test_steps_fitted_on_test_cells(self, screen, split, step):
        screen.uns["fitted_on"] = {step: screen.obs_names[split.train]}
        split.audit(screen)
        screen.uns["fitted_on"] = {step: screen.obs_names}
        words = f"{step} was fitted on {split.test.sum()} test cells"
        self.leak(screen, train=split.train, test=split.test, words=words)

    def test_another_screen(self, screen, split):
        words = f"covers {screen.n_obs} cells but the screen has 10"
        with pytest.raises(ValueError, match=words):
            split.audit(screen[:10])


def test_masks_are_checked_when_a_split_is_made():
    mask = np.ones(3, dtype=bool)
    with pytest.raises(ValueError, match="claim='unseen planets' is unknown"):
        Split("unseen planets", mask, ~mask)
    with pytest.raises(ValueError, match="must be a one-dimensional boolean mask, got int64"):
        Split("unseen cells", np.array([0, 1, 2]), mask)
    with pytest.raises(ValueError, match="train covers 3 cells but test 2"):
        Split("unseen cells", mask, mask[:2])
