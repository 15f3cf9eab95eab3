import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from recon_tutorial.pairing import make_pairs
from recon_tutorial.screen import (
    EFFECTS,
    simulate_reference,
    simulate_screen,
    validate_screen,
)

SMALL = {"n_perturbations": 4, "cells_per_perturbation": 30, "embed_dim": 6, "cov_dim": 3}
SMALL |= {"n_genes": 12}


@pytest.fixture(scope="module")
def reference():
    return simulate_reference(0)


def test_reference_agrees_with_the_published_world(reference):
    parts = {
        s: make_pairs(reference[reference.obs["split"] == s], how="true") for s in ("train", "test")
    }
    first_ctrl = [1.2834828, -1.0422162, -1.4926431, 1.5816281]
    first_pert = [0.0455306, 0.395171, 1.1009108, -0.8228654]
    np.testing.assert_allclose(parts["train"].ctrl[0, :4], first_ctrl, rtol=1e-6)
    np.testing.assert_allclose(parts["test"].pert[0, :4], first_pert, rtol=1e-5)
    weights = reference.uns["truth"]["gene_weights"]
    np.testing.assert_allclose(weights[0, :2], [-0.2095425, -0.0415164], rtol=1e-5)
    assert parts["train"].ctrl.shape == (2000, 128)
    assert parts["test"].pert.shape == (500, 128)


def test_reference_perturbed_cells_are_their_partners_moved(reference):
    pairs = make_pairs(reference, how="true")
    residual = pairs.pert - pairs.ctrl - pairs.cov @ reference.uns["truth"]["weights"].T
    assert abs(residual.std() - 0.1) < 0.001
    assert abs(residual.mean()) < 0.001


def test_reference_expression_is_the_decoded_embedding_plus_noise(reference):
    signal = reference.obsm["X_emb"] @ reference.uns["truth"]["gene_weights"]
    expressed = signal > 0.5
    assert abs((reference.X - signal)[expressed].std() - 0.1) < 0.001
    assert reference.X.min() == 0
    assert reference.X.dtype == np.float32


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("paired", [True, False])
def test_mean_shift_is_the_recorded_truth(effect, paired):
    screen = simulate_screen(
        effect=effect, paired=paired, cells_per_perturbation=3000, n_perturbations=2, embed_dim=6
    )
    validate_screen(screen)
    label = screen.obs["perturbation"]
    ctrl = screen[label == "control"].obsm["X_emb"].mean(axis=0)
    for k, name in enumerate(("p0", "p1")):
        shift = screen[label == name].obsm["X_emb"].mean(axis=0) - ctrl
        truth = screen.uns["truth"]["mean_shift"][0, k]
        assert np.linalg.norm(shift - truth) < 0.1 * np.linalg.norm(truth) + 0.12


def test_bimodal_cells_either_stay_or_move():
    screen = simulate_screen(effect="bimodal", paired=True, n_perturbations=1, noise=0.0)
    pairs = make_pairs(screen, how="true")
    moved = np.linalg.norm(pairs.pert - pairs.ctrl, axis=1)
    length = 2 * np.linalg.norm(screen.uns["truth"]["mean_shift"])
    near = np.isclose(moved, length, rtol=1e-4)
    assert ((moved < 1e-4) | near).all()
    assert 0.3 < near.mean() < 0.7


def test_state_dependent_shift_follows_the_cell():
    screen = simulate_screen(effect="state_dependent", paired=True, n_perturbations=1, noise=0.0)
    pairs = make_pairs(screen, how="true")
    truth = screen.uns["truth"]["mean_shift"][0, 0]
    size = (pairs.pert - pairs.ctrl) @ truth / (truth @ truth)
    assert size.min() >= 0 and size.max() <= 2 + 1e-4 and size.std() > 0.3


def test_systematic_shift_is_shared():
    with_common = simulate_screen(**SMALL, systematic=3.0, seed=1).uns["truth"]["mean_shift"][0]
    without = simulate_screen(**SMALL, seed=1).uns["truth"]["mean_shift"][0]
    common = with_common - without
    np.testing.assert_allclose(common, common[:1].repeat(len(common), axis=0), atol=1e-5)
    typical = 0.3 * np.sqrt(SMALL["cov_dim"] * SMALL["embed_dim"])
    np.testing.assert_allclose(np.linalg.norm(common[0]), 3 * typical, rtol=1e-5)


def test_contexts_and_combinations_are_labelled():
    screen = simulate_screen(**SMALL, n_contexts=3, combinations=2)
    assert sorted(screen.obs["context"].cat.categories) == ["context0", "context1", "context2"]
    table = screen.uns["descriptors"]
    doubles = [name for name in table.index if "+" in name]
    assert len(doubles) == 2
    for name in doubles:
        parts = name.split("+")
        np.testing.assert_allclose(table.loc[name], table.loc[parts].sum(), rtol=1e-5)
    assert set(screen.obs["perturbation"]) == {"control", *table.index}


def test_contexts_have_centres_of_their_own():
    screen = simulate_screen(**SMALL, n_contexts=2)
    ctrl = screen[screen.obs["perturbation"] == "control"]
    means = [ctrl[ctrl.obs["context"] == c].obsm["X_emb"].mean(0) for c in ("context0", "context1")]
    assert np.linalg.norm(means[0] - means[1]) > 1


def test_same_seed_same_screen():
    one, two, other = (simulate_screen(**SMALL, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(one.X, two.X)
    np.testing.assert_array_equal(one.obsm["X_emb"], two.obsm["X_emb"])
    assert not np.array_equal(one.X, other.X)


def test_number_of_controls():
    count = lambda s: (s.obs["perturbation"] == "control").sum()  # noqa: E731
    assert count(simulate_screen(**SMALL)) == 150
    assert count(simulate_screen(**SMALL, n_controls=17)) == 17
    assert count(simulate_screen(**SMALL, paired=True)) == 120


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"effect": "cubic"}, "effect='cubic' is unknown"),
        ({"n_perturbations": 0}, "n_perturbations=0 is too small"),
        ({"noise": -1.0}, "noise=-1.0 is too small"),
        ({"n_controls": 0}, "n_controls=0 is too small"),
        ({"paired": True, "n_controls": 5}, "leave out n_controls"),
        ({"n_perturbations": 3, "combinations": 4}, "make only 3 pairs"),
    ],
)
def test_knobs_out_of_range_are_refused(knobs, words):
    with pytest.raises(ValueError, match=words):
        simulate_screen(**knobs)


def valid_screen():
    return simulate_screen(**SMALL)


def drop_label(a):
    del a.obs["perturbation"]


def lose_labels(a):
    a.obs["perturbation"] = a.obs["perturbation"].where(np.arange(a.n_obs) > 4)


def rename_control(a):
    a.obs["perturbation"] = a.obs["perturbation"].cat.rename_categories({"control": "DMSO"})


def only_controls(a):
    a.obs["perturbation"] = pd.Categorical(["control"] * a.n_obs)


def repeat_names(a):
    a.obs_names = ["cell"] * a.n_obs


def repeat_genes(a):
    a.var_names = ["gene"] * a.n_vars


def plant_nan(a):
    a.X[0, 0] = np.nan


def raw_counts(a):
    a.X = np.round(a.X * 1000)


def text_matrix(a):
    a.obsm["X_emb"] = np.full((a.n_obs, 2), "x", dtype=object)


def no_embedding(a):
    del a.obsm["X_emb"]


def infinite_embedding(a):
    a.obsm["X_emb"][3, 1] = np.inf


def no_descriptors(a):
    del a.uns["descriptors"]


def lost_row(a):
    a.uns["descriptors"] = a.uns["descriptors"].drop(index="p2")


def text_descriptor(a):
    a.uns["descriptors"]["d0"] = "kinase"


def nan_descriptor(a):
    a.uns["descriptors"].iloc[0, 0] = np.nan


def contexts_without_labels(a):
    a.uns["context_descriptors"] = pd.DataFrame({"x": [1.0]}, index=["B"])


def context_without_row(a):
    contexts_without_labels(a)
    a.obs["context"] = "NK"


def twin_row(a):
    a.uns["descriptors"] = pd.concat([a.uns["descriptors"], a.uns["descriptors"].iloc[:1]])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (drop_label, r'obs\["perturbation"\] is missing'),
        (lose_labels, "is empty for 5 cells"),
        (rename_control, 'no cell is labelled "control" .found DMSO'),
        (only_controls, "every cell is a control"),
        (repeat_names, "obs_names repeat .'cell'"),
        (repeat_genes, "var_names repeat .'gene'"),
        (plant_nan, "X holds NaN"),
        (raw_counts, "too large for log-normalised expression"),
        (text_matrix, "holds object values"),
        (no_embedding, r"obsm\['X_emb'\] is missing .found: none"),
        (infinite_embedding, r"obsm\['X_emb'\] holds NaN or infinite"),
        (no_descriptors, r'uns\["descriptors"\] is missing'),
        (lost_row, "has no row for p2"),
        (text_descriptor, "column 'd0' is not numeric"),
        (nan_descriptor, "holds NaN or infinite values: fill"),
        (twin_row, "repeats the row 'p0'"),
        (contexts_without_labels, r'uns\["context_descriptors"\] needs obs\["context"\]'),
        (context_without_row, r'uns\["context_descriptors"\] has no row for NK'),
    ],
)
@pytest.mark.filterwarnings("ignore:Observation names are not unique")
@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_validate_screen_says_what_is_missing(spoil, words):
    screen = valid_screen()
    validate_screen(screen)
    spoil(screen)
    with pytest.raises(ValueError, match=words) as caught:
        validate_screen(screen)
    assert "\n" not in str(caught.value)


def test_validate_screen_accepts_sparse_expression_and_skips_the_embedding_on_request():
    screen = valid_screen()
    screen.X = sparse.csr_matrix(screen.X)
    del screen.obsm["X_emb"]
    validate_screen(screen, use_rep=None)


def test_validate_screen_refuses_other_containers_and_empty_ones():
    with pytest.raises(TypeError, match="not a DataFrame"):
        validate_screen(pd.DataFrame())
    with pytest.raises(ValueError, match="the screen is empty"):
        validate_screen(AnnData(np.zeros((0, 3), dtype=np.float32)))
