"""Predictions in genes: scored as they are, or in an embedding that genes are taken to."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from recon_tutorial import metrics
from recon_tutorial.decoders import train_decoder
from recon_tutorial.embedding import fit_embedding
from recon_tutorial.evaluation import evaluate, leaderboard
from recon_tutorial.interop import Recorded, ThroughEmbedding, pca_embedding
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import NoChange, RidgeShift
from recon_tutorial.protocol import check_predictor
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_perturbations


@pytest.fixture(scope="module")
def world():
    raw = simulate_screen(
        n_perturbations=10,
        cells_per_perturbation=30,
        embed_dim=6,
        cov_dim=3,
        n_genes=40,
        n_contexts=2,
        seed=4,
    )
    split = hold_out_perturbations(raw, n=3)
    return fit_embedding(raw, split.train, n_genes=30, embed_dim=8), split


@pytest.fixture(scope="module")
def decoder(world):
    screen, split = world
    part = screen[split.train]
    return train_decoder(part.obsm["X_emb"], part.X, gene_names=screen.var_names, epochs=10)


def truth(screen, split):
    """True test cells in genes, as somebody's AnnData."""
    return screen[split.test].copy()


def pick(results, model, metric, space="measured"):
    rows = results.query("model == @model and metric == @metric and space == @space")
    assert len(rows) == 6
    return rows["value"].to_numpy()


# --- evaluate(use_rep="X")


def test_genes_are_the_space_and_everything_is_scored_there(world):
    screen, split = world
    results = evaluate({"ridge": RidgeShift()}, screen, split, use_rep="X")
    assert set(results["space"]) == {"measured"}
    assert set(results["metric"]) == set(metrics.METRICS)
    board = leaderboard(results, space="measured")
    assert board.loc["replicate", "scaled"] == 1 and board.loc["no change", "scaled"] <= 0


def test_no_change_in_genes_is_what_controls_measure(world):
    screen, split = world
    results = evaluate({"none": NoChange()}, screen, split, metrics=["mse_mean"], use_rep="X")
    genes = AnnData(screen.X, obs=screen.obs, uns={"descriptors": screen.uns["descriptors"]})
    genes.obsm["X_genes"] = screen.X
    expected = evaluate({"none": NoChange()}, genes, split, metrics=["mse_mean"], use_rep="X_genes")
    for model in ("none", "mean shift", "replicate"):
        found = pick(results, model, "mse_mean")
        np.testing.assert_array_equal(found, pick(expected, model, "mse_mean", "embedding"))


def test_sparse_genes_and_views_score_the_same_and_stay(world):
    screen, split = world
    asked = {"metrics": ["energy_distance"], "use_rep": "X"}
    expected = evaluate({"ridge": RidgeShift()}, screen, split, **asked)
    other = screen.copy()
    other.X = sparse.csr_matrix(other.X)
    for cells in (other, other[:, :], screen[:, :]):
        found = evaluate({"ridge": RidgeShift()}, cells, split, **asked)
        pd.testing.assert_frame_equal(found, expected)
        assert list(cells.obsm) == ["X_emb"]


def test_a_decoder_has_no_place_there(world, decoder):
    with pytest.raises(ValueError, match="scores genes as they are predicted: leave out the dec"):
        evaluate({"none": NoChange()}, *world, use_rep="X", decoder=decoder)


# --- recorded genes

FORMS = {
    "dense": lambda adata: adata,
    "csr": lambda adata: with_x(adata, sparse.csr_matrix),
    "csc": lambda adata: with_x(adata, sparse.csc_matrix),
    "other order": lambda adata: adata[:, ::-1].copy(),
    "other order, sparse": lambda adata: with_x(adata[:, ::-1], sparse.csr_array),
    "view": lambda adata: adata[:, ::-1],
    "float64": lambda adata: with_x(adata, np.float64),
    "tables": lambda adata: tables(adata[:, ::-1]),
    "arrays": lambda adata: {key: table.to_numpy() for key, table in tables(adata).items()},
}


def with_x(adata, change):
    adata = adata.copy()
    adata.X = change(adata.X)
    return adata


def tables(adata):
    """Return the genes of each perturbation in each context as a table."""
    return {
        key: adata[rows.index].to_df()
        for key, rows in adata.obs.groupby(["perturbation", "context"], observed=True)
    }


@pytest.mark.parametrize("form", FORMS)
def test_true_genes_reach_the_ceiling_whatever_their_form(world, form):
    screen, split = world
    model = Recorded(FORMS[form](truth(screen, split)), screen, use_rep="X")
    asked = {"metrics": ["mse_mean", "variance_ratio"], "use_rep": "X"}
    results = evaluate({"theirs": model}, screen, split, **asked)
    assert leaderboard(results, metric="mse_mean", space="measured").loc["theirs", "scaled"] > 0.95
    assert pick(results, "theirs", "variance_ratio") == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("form", ["csr", "other order", "tables"])
def test_embedded_genes_are_the_embedding(world, form):
    screen, split = world
    theirs = truth(screen, split)
    embedded = Recorded(FORMS[form](theirs), screen, embed=pca_embedding(screen))
    direct = Recorded(theirs, screen)
    pairs = make_pairs(screen[split.test], how="random", context_key="context")
    answers = [model.predict(pairs.ctrl, pairs.cov) for model in (embedded, direct)]
    np.testing.assert_allclose(*answers, atol=1e-4)


# --- models of this book on the board of genes


def test_a_model_scores_the_same_on_either_board(world, decoder):
    screen, split = world
    asked = {"metrics": ["energy_distance", "r2_delta", "discrimination"]}
    ours = ThroughEmbedding(RidgeShift(), pca_embedding(screen), decoder.decode)
    in_genes = evaluate({"ours": ours}, screen, split, use_rep="X", **asked)
    decoded = evaluate({"ours": RidgeShift()}, screen, split, decoder=decoder, **asked)
    for metric in asked["metrics"]:
        found = pick(in_genes, "ours", metric)
        np.testing.assert_allclose(found, pick(decoded, "ours", metric), rtol=1e-3, atol=1e-4)
        ceilings = [pick(results, "replicate", metric) for results in (in_genes, decoded)]
        np.testing.assert_allclose(*ceilings, rtol=1e-5)


def test_through_no_embedding_a_model_is_itself():
    check_predictor(lambda **sizes: ThroughEmbedding(RidgeShift(), np.asarray, np.asarray))


def test_options_reach_the_model_within():
    class Picky(RidgeShift):
        def train(self, *rows, strength):
            self.alpha = strength
            super().train(*rows)

    inner, rng = Picky(), np.random.default_rng(0)
    rows = [rng.normal(size=(9, 4)) for _ in range(3)]
    ThroughEmbedding(inner, lambda x: x[:, :2], lambda z: z).train(*rows, strength=3.0)
    assert inner.ridge.alpha == 3.0 and inner.embed_dim == 2


# --- the map of a PCA


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_the_map_leads_from_genes_to_the_embedding(world, form):
    screen = world[0].copy()
    screen.X = form(screen.X)
    found = pca_embedding(screen)(screen.X)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, screen.obsm["X_emb"], atol=1e-4)


@pytest.mark.parametrize("mask", [None, "some"])
def test_the_map_of_scanpy_is_found(world, mask):
    scanpy = pytest.importorskip("scanpy")
    screen = world[0].copy()
    screen.var["some"] = np.arange(screen.n_vars) % 2 == 0
    del screen.varm["PCs"]
    scanpy.pp.pca(screen, n_comps=5, mask_var=mask)
    found = pca_embedding(screen, use_rep="X_pca")(screen.X)
    np.testing.assert_allclose(found, screen.obsm["X_pca"], atol=1e-4)


def forget(adata):
    del adata.varm["PCs"]


def scale(adata):
    adata.X = adata.X / (1 + np.arange(adata.n_vars))


def bend(adata):
    adata.obsm["X_emb"] = np.tanh(adata.obsm["X_emb"])


def cut(adata):
    adata.obsm["X_emb"] = adata.obsm["X_emb"][:, :4]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (forget, r"varm\['PCs'\] is missing: fit an embedding"),
        (lambda adata: adata.obsm.clear(), r"obsm\['X_emb'\] is missing"),
        (cut, r"obsm\['X_emb'\] has 4 columns but varm\['PCs'\] 8"),
        (scale, "is not X times varm"),
        (bend, "is not X times varm"),
    ],
)
def test_a_map_that_is_not_there_is_refused(world, spoil, words):
    screen = world[0].copy()
    spoil(screen)
    with pytest.raises(ValueError, match=words):
        pca_embedding(screen)


@pytest.mark.parametrize("genes", [np.ones((2, 29)), np.ones(30)])
def test_other_genes_are_refused(world, genes):
    with pytest.raises(ValueError, match="but this map reads .n, 30."):
        pca_embedding(world[0])(genes)
