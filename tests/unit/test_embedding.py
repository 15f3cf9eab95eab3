import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse
from sklearn.decomposition import PCA

from recon_tutorial.embedding import fit_embedding, variable_genes
from recon_tutorial.splits import Split

RNG = np.random.default_rng(0)


def expression(n=120, genes=60):
    x = RNG.poisson(RNG.gamma(2, 1, genes), (n, genes)).astype(np.float32)
    x[:, 7] = np.where(np.arange(n) % 2, 9, 0)  # far more variable than its mean asks for
    x[:, 8] = 0
    return np.log1p(x)


@pytest.fixture
def cells():
    adata = AnnData(expression())
    adata.obs["perturbation"] = ["control", "drug"] * 60
    return adata


TRAIN = np.arange(120) < 90


@pytest.mark.parametrize("to", [np.asarray, sparse.csr_matrix])
def test_only_training_cells_are_looked_at(cells, to):
    cells.X = to(cells.X)
    before = fit_embedding(cells, TRAIN, n_genes=20, embed_dim=4)
    x = cells.X.toarray() if sparse.issparse(cells.X) else cells.X.copy()
    x[~TRAIN] = 5
    cells.X = to(x)
    after = fit_embedding(cells, TRAIN, n_genes=20, embed_dim=4)
    np.testing.assert_array_equal(before.obsm["X_emb"][TRAIN], after.obsm["X_emb"][TRAIN])
    np.testing.assert_array_equal(before.var_names, after.var_names)


def test_it_is_a_pca_of_the_chosen_genes(cells):
    small = fit_embedding(cells, TRAIN, n_genes=20, embed_dim=4)
    assert small.shape == (120, 20) and small.obsm["X_emb"].dtype == np.float32
    x = np.asarray(small.X)
    expected = PCA(4, svd_solver="full").fit(x[TRAIN]).transform(x)
    distance = lambda z: np.linalg.norm(z[:, None] - z[None], axis=2)  # noqa: E731
    np.testing.assert_allclose(distance(small.obsm["X_emb"]), distance(expected), atol=1e-3)
    assert small.varm["PCs"].shape == (20, 4)


def test_it_says_what_it_was_fitted_on(cells):
    small = fit_embedding(cells, TRAIN, n_genes=20, embed_dim=4)
    Split("unseen cells", TRAIN, ~TRAIN).audit(small)
    with pytest.raises(ValueError, match="was fitted on 90 test cells"):
        Split("unseen cells", ~TRAIN, TRAIN).audit(small)
    assert "X_emb" not in cells.obsm


def test_variable_genes_stand_out_from_genes_of_their_mean():
    x = expression()
    chosen = variable_genes(x, 10)
    assert 7 in chosen and 8 not in chosen and len(chosen) == 10
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, variable_genes(sparse.csr_matrix(x), 10))
    np.testing.assert_array_equal(variable_genes(x, 60), np.arange(60))


def test_more_genes_than_there_are(cells):
    assert fit_embedding(cells, TRAIN, embed_dim=4).n_vars == 60


@pytest.mark.parametrize(
    ("train", "knobs", "words"),
    [
        (np.arange(120), {}, "train must be a boolean mask of the 120 cells, got int64"),
        (TRAIN[:50], {}, r"got bool of shape \(50,\)"),
        (np.arange(120) < 3, {"embed_dim": 4}, "got 3 cells and 60 genes"),
        (TRAIN, {"n_genes": 3, "embed_dim": 4}, "got 90 cells and 3 genes"),
    ],
)
def test_bad_requests_are_refused(cells, train, knobs, words):
    with pytest.raises(ValueError, match=words):
        fit_embedding(cells, train, **knobs)
