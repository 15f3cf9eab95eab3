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
    zero, default = make_pairs(screen, how="random", seed=0), make_pairs(screen, how="random")
    np.testing.assert_array_equal(zero.ctrl, default.ctrl)
    np.testing.assert_array_equal(pairs.ctrl, again.ctrl)
    assert not np.array_equal(pairs.ctrl, other.ctrl)


@pytest.mark.parametrize("how", ["random", "mean", "ot"])
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


def share_of_partners(screen, **arguments):
    found = make_pairs(screen, **arguments).ctrl == make_pairs(screen, how="true").ctrl
    return found.all(axis=1).mean()


def test_transport_finds_partners_where_noise_is_small():
    knobs = {"n_perturbations": 1, "embed_dim": 32, "cov_dim": 8, "n_genes": 5, "paired": True}
    quiet, loud = (
        simulate_screen(**knobs, cells_per_perturbation=150, noise=s) for s in (0.1, 3.0)
    )
    quiet = quiet[np.random.default_rng(0).permutation(quiet.n_obs)].copy()
    assert share_of_partners(quiet, how="ot") >= 0.95
    assert share_of_partners(quiet, how="random") < 0.05  # 1 in 150
    assert 0.05 < share_of_partners(loud, how="ot") < 0.5


def test_transport_depends_on_the_seed_alone():
    screen = simulate_screen(**KNOBS, n_contexts=2, n_genes=5)
    pairs = [make_pairs(screen, how="ot", context_key="context", seed=s).ctrl for s in (1, 1, 2)]
    np.testing.assert_array_equal(pairs[0], pairs[1])
    assert not np.array_equal(pairs[0], pairs[2])


@pytest.mark.parametrize(
    ("controls", "cells", "spread"), [(3, 20, 1), (1, 20, 1), (30, 1, 1), (1, 1, 1), (30, 20, 0)]
)
def test_transport_copes_with_few_or_equal_cells(controls, cells, spread):
    knobs = KNOBS | {"cells_per_perturbation": cells}
    screen = simulate_screen(**knobs, n_controls=controls, n_genes=5)
    screen.obsm["X_emb"] *= spread
    pairs = make_pairs(screen, how="ot")
    pool = screen[screen.obs["perturbation"] == "control"].obsm["X_emb"]
    assert len(pairs.ctrl) == 3 * cells
    assert {row.tobytes() for row in pairs.ctrl} <= {row.tobytes() for row in pool}
    if controls == 3:
        assert len(np.unique(pairs.ctrl, axis=0)) == 3


def test_another_embedding_can_be_named():
    screen = simulate_screen(**KNOBS, n_genes=5)
    screen.obsm["X_two"] = screen.obsm["X_emb"][:, :2]
    assert make_pairs(screen, how="mean", use_rep="X_two").pert.shape == (60, 2)


@pytest.mark.parametrize("contexts", [False, True])
def test_descriptors_of_any_width_come_as_rows_of_single_precision(contexts):
    screen = simulate_screen(**KNOBS, n_contexts=2, n_genes=5)
    screen.obsm["X_emb"] = screen.obsm["X_emb"].astype(np.float64)
    screen.uns["descriptors"] = screen.uns["descriptors"].astype(np.float64)
    if contexts:
        screen.uns["context_descriptors"] = one_hot(["context0", "context1"]).astype(np.float64)
    pairs = make_pairs(screen, how="random")
    assert {array.dtype for array in pairs[:3]} == {np.dtype(np.float32)}
    pairs.cov[:] = 0  # a copy of its own: torch warns of what nobody may write to
    assert (screen.uns["descriptors"].to_numpy() != 0).any()


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
        ({}, {"how": "nearest"}, "how='nearest' is unknown: .* true, random, mean, ot$"),
        ({}, {"how": "true"}, r'obs\["partner"\] is missing.* how="mean" or how="ot"'),
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
