"""What is written for other evaluators, and that it can be read back."""

import numpy as np
import pytest

from recon_tutorial.evaluation import evaluate
from recon_tutorial.interop import Recorded, screen_from_anndata, to_cell_eval, to_pertpy
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import Split, hold_out_perturbations

KNOBS = {"n_perturbations": 12, "cells_per_perturbation": 30, "embed_dim": 6, "cov_dim": 3}


@pytest.fixture(scope="module")
def world():
    screen = simulate_screen(**KNOBS, n_genes=25, seed=5)
    return screen, hold_out_perturbations(screen, n=6, seed=1)


@pytest.fixture(scope="module")
def in_contexts():
    screen = simulate_screen(**KNOBS, n_genes=25, n_contexts=2, seed=5)
    return screen, hold_out_perturbations(screen, n=2, seed=1)


def held_out(screen, split):
    return sorted(set(screen.obs["perturbation"][split.test]) - {"control"})


def guess(screen, split, n=40, seed=0):
    """Genes that a poor tool predicts: true cells of each perturbation with noise and a bias."""
    rng, out = np.random.default_rng(seed), {}
    for k, name in enumerate(held_out(screen, split)):
        cells = screen.X[np.flatnonzero(screen.obs["perturbation"] == name)]
        noise = rng.normal(0.1 * k, 0.5, size=(n, screen.n_vars))
        out[name] = np.abs(cells[rng.integers(len(cells), size=n)] + noise).astype(np.float32)
    return out


def cells_of(adata, label, column="target"):
    return adata.X[np.flatnonzero(adata.obs[column].astype(str) == label)]


# --- what is written


def test_both_hold_the_test_cells_and_the_reference_controls(world):
    screen, split = world
    theirs = guess(screen, split)
    real, predicted = to_cell_eval(screen, split, theirs)
    label = screen.obs["perturbation"].astype(str)
    for name in held_out(screen, split):
        np.testing.assert_array_equal(cells_of(predicted, name), theirs[name])
        np.testing.assert_array_equal(cells_of(real, name), screen.X[np.flatnonzero(label == name)])
    reference = screen.X[split.reference_controls(screen)]
    for adata in (real, predicted):
        np.testing.assert_array_equal(cells_of(adata, "non-targeting"), reference)
        assert list(adata.var_names) == list(screen.var_names) and adata.X.dtype == np.float32
        assert set(adata.obs["target"]) == {*theirs, "non-targeting"}
        assert adata.obs_names.is_unique and list(adata.obs) == ["target"]


def test_names_can_be_chosen(world):
    screen, split = world
    named = {"pert_col": "target_gene", "control_pert": "ctrl"}
    for adata in to_cell_eval(screen, split, guess(screen, split), **named):
        assert "ctrl" in set(adata.obs["target_gene"])
    with pytest.raises(ValueError, match="control_pert='p.*' is the name of a perturbation"):
        to_cell_eval(screen, split, guess(screen, split), control_pert=held_out(*world)[0])


def test_contexts_are_told_apart_where_predictions_do(in_contexts):
    screen, split = in_contexts
    pooled = guess(screen, split)
    apart = {(p, c): x for p, x in pooled.items() for c in ("context0", "context1")}
    for adata in to_cell_eval(screen, split, apart):
        sizes = adata.obs.groupby(["target", "context"], observed=True).size()
        assert len(sizes) == 6 and set(adata.obs["context"]) == {"context0", "context1"}
    real, _ = to_cell_eval(screen, split, apart)
    expected = (screen.obs["context"] == "context1") & split.reference_controls(screen)
    mask = (real.obs["context"] == "context1") & (real.obs["target"] == "non-targeting")
    np.testing.assert_array_equal(real.X[mask.to_numpy()], screen.X[expected.to_numpy()])
    for adata in to_cell_eval(screen, split, pooled):
        assert list(adata.obs) == ["target"] and adata.obs["target"].nunique() == 3


def test_the_way_out_leads_back_in(world, tmp_path):
    screen, split = world
    theirs = guess(screen, split)
    real, predicted = to_cell_eval(screen, split, theirs)
    predicted.write_h5ad(tmp_path / "predicted.h5ad")
    path, asked = tmp_path / "predicted.h5ad", {"metrics": ["mse_mean"], "use_rep": "X"}
    models = {
        "kept": Recorded(theirs, screen, use_rep="X"),
        "read": Recorded(path, screen, use_rep="X", perturbation_key="target"),
    }
    results = evaluate(models, screen, split, **asked).set_index("model")["value"]
    assert results["kept"].tolist() == results["read"].tolist()
    again = screen_from_anndata(
        real,
        perturbation_key="target",
        control="non-targeting",
        descriptors=screen.uns["descriptors"],
    )
    assert set(again.obs["perturbation"]) == {*theirs, "control"}
    again = to_cell_eval(screen, split, path, perturbation_key="target")[1]
    np.testing.assert_array_equal(again.X, predicted.X)


def test_pertpy_gets_one_table_of_groups(world):
    screen, split = world
    theirs = {name: np.full((4, 6), k) for k, name in enumerate(held_out(screen, split))}
    cells = to_pertpy(screen, split, theirs)
    names = held_out(screen, split)
    groups = {f"{name} ({kind})" for name in names for kind in ("true", "predicted")}
    assert set(cells.obs["group"]) == groups | {"control"}
    for k, name in enumerate(names):
        found = cells.obsm["X_emb"][(cells.obs["group"] == f"{name} (predicted)").to_numpy()]
        np.testing.assert_array_equal(found, np.full((4, 6), k))
        found = cells.obsm["X_emb"][(cells.obs["group"] == f"{name} (true)").to_numpy()]
        expected = screen.obsm["X_emb"][(screen.obs["perturbation"] == name).to_numpy()]
        np.testing.assert_array_equal(found, expected)
    controls = cells.obsm["X_emb"][(cells.obs["kind"] == "control").to_numpy()]
    expected = screen.obsm["X_emb"][split.reference_controls(screen)]
    np.testing.assert_array_equal(controls, expected)
    assert cells.obs_names.is_unique


def test_pertpy_groups_name_contexts(in_contexts):
    screen, split = in_contexts
    names = held_out(screen, split)
    apart = {(p, c): np.ones((2, 6)) for p in names for c in ("context0", "context1")}
    groups = set(to_pertpy(screen, split, apart).obs["group"])
    assert {f"{names[0]} in context1 (true)", "control in context0"} < groups and len(groups) == 10
    genes = to_pertpy(screen, split, guess(screen, split), use_rep="X")
    assert genes.obsm["X"].shape[1] == 25


# --- what is refused


def test_refusals(world):
    screen, split = world
    theirs = guess(screen, split)
    first, *others = held_out(screen, split)
    lacking = {name: theirs[name] for name in others[1:]}
    words = rf"2 of 6 test perturbations have no prediction \({first}, {others[0]}\)"
    for export in (to_cell_eval, lambda *given: to_pertpy(*given, use_rep="X")):
        with pytest.raises(ValueError, match=words):
            export(screen, split, lacking)
    for value, range_ in ((-0.5, "-0.5 to "), (15, "to 15")):
        spoiled = theirs | {first: np.full((3, 25), value)}
        words = rf"predicted expression of {first} runs from .*{range_}.* but cell-eval takes 0"
        with pytest.raises(ValueError, match=words):
            to_cell_eval(screen, split, spoiled)
    leaking = Split("unseen cells", split.train, split.train | split.test)
    with pytest.raises(ValueError, match="in both train and test"):
        to_cell_eval(screen, leaking, theirs)
