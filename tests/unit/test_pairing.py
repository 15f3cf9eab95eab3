import numpy as np
import pytest

from recon_tutorial.descriptors import one_hot
from recon_tutorial.pairing import make_pairs
from recon_tutorial.screen import simulate_screen

KNOBS = {"n_perturbations": 3, "cells_per_perturbation": 20, "embed_dim": 4, "cov_dim": 2}


def test_true_pairs_follow_the_partner_column_whatever_the_order():
    screen = simulate_screen(**KNOBS, paired=True, n_genes=5)
    shuffled = screen[np.random.default_rng(0).permutation(screen.n_obs)].copy()
    pairs = make_pairs(shuffled, how="true")
    rows = shuffled.obs_names[shuffled.obs["perturbation"] != "control"]
    partner = shuffled.obs.loc[rows, "partner"]
    np.testing.assert_array_equal(pairs.ctrl, shuffled[partner].obsm["X_emb"])
    np.testing.assert_array_equal(pairs.pert, shuffled[rows].obsm["X_emb"])
    expected = shuffled.uns["descriptors"].loc[pairs.perturbation].to_numpy()
    np.testing.assert_array_equal(pairs.cov, expected)


def test_random_pairs_use_every_control_equally_often():
    screen = simulate_screen(**KNOBS, n_controls=30, n_genes=5)
    pairs = make_pairs(screen, how="random", seed=1)
    controls = screen[screen.obs["perturbation"] == "control"].obsm["X_emb"]
    counts = [(pairs.ctrl == c).all(axis=1).sum() for c in controls]
    assert counts == [2] * 30
    other = make_pairs(screen, how="random", seed=2)
    again = make_pairs(screen, how="random", seed=1)
    np.testing.assert_array_equal(pairs.ctrl, again.ctrl)
    assert not np.array_equal(pairs.ctrl, other.ctrl)


@pytest.mark.parametrize("how", ["random", "mean"])
def test_pairs_stay_within_their_context(how):
    screen = simulate_screen(**KNOBS, n_contexts=2, n_genes=5)
    pairs = make_pairs(screen, how=how, context_key="context")
    controls = screen[screen.obs["perturbation"] == "control"]
    cells = screen[screen.obs["perturbation"] != "control"]
    for context in ("context0", "context1"):
        mine = pairs.ctrl[(cells.obs["context"] == context).to_numpy()]
        pool = controls[controls.obs["context"] == context].obsm["X_emb"]
        if how == "mean":
            np.testing.assert_allclose(mine, np.tile(pool.mean(0), (len(mine), 1)), rtol=1e-5)
        else:
            assert all((pool == row).all(axis=1).any() for row in mine)


def test_mean_pairs_repeat_the_mean_control():
    screen = simulate_screen(**KNOBS, n_genes=5)
    pairs = make_pairs(screen, how="mean")
    mean = screen[screen.obs["perturbation"] == "control"].obsm["X_emb"].mean(axis=0)
    np.testing.assert_allclose(pairs.ctrl, np.tile(mean, (60, 1)), rtol=1e-5)


def test_another_embedding_can_be_named():
    screen = simulate_screen(**KNOBS, n_genes=5)
    screen.obsm["X_two"] = screen.obsm["X_emb"][:, :2]
    assert make_pairs(screen, how="mean", use_rep="X_two").pert.shape == (60, 2)


def test_descriptors_of_contexts_are_appended():
    screen = simulate_screen(**KNOBS, n_contexts=2, n_genes=5)
    plain = make_pairs(screen, how="random", context_key="context")
    screen.uns["context_descriptors"] = one_hot(["context1", "context0"])
    told = make_pairs(screen, how="random", context_key="context")
    np.testing.assert_array_equal(told.cov[:, :2], plain.cov)
    context = screen.obs["context"][screen.obs["perturbation"] != "control"]
    np.testing.assert_array_equal(told.cov[:, 2], context == "context1")
    np.testing.assert_array_equal(told.cov[:, 3], context == "context0")


@pytest.mark.parametrize(
    ("knobs", "arguments", "words"),
    [
        ({}, {"how": "nearest"}, "how='nearest' is unknown"),
        ({}, {"how": "true"}, r'obs\["partner"\] is missing'),
        ({}, {"how": "random", "context_key": "donor"}, r"obs\['donor'\] is missing"),
        ({}, {"how": "random", "use_rep": "X_umap"}, r"obsm\['X_umap'\] is missing"),
    ],
)
def test_bad_requests_are_refused(knobs, arguments, words):
    with pytest.raises(ValueError, match=words):
        make_pairs(simulate_screen(**KNOBS, **knobs, n_genes=5), **arguments)


def test_partners_lost_in_a_split_are_named():
    screen = simulate_screen(**KNOBS, paired=True, n_genes=5)
    with pytest.raises(
        ValueError, match="1 perturbed cells have a partner outside .*cell0-control"
    ):
        make_pairs(screen[1:], how="true")


def test_a_context_without_controls_is_named():
    screen = simulate_screen(**KNOBS, n_contexts=2, n_genes=5)
    lost = (screen.obs["perturbation"] == "control") & (screen.obs["context"] == "context1")
    with pytest.raises(ValueError, match="context 'context1' has no control"):
        make_pairs(screen[~lost.to_numpy()], how="random", context_key="context")
