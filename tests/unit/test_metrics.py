import numpy as np
import pytest
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import mean_squared_error, pairwise_distances, r2_score
from sklearn.neighbors import KNeighborsClassifier

from recon_tutorial import metrics
from recon_tutorial.metrics import r2

from .metric_samples import clouds

seeds = st.integers(0, 10_000)
quick = settings(max_examples=25, deadline=None)


def as_anndata(x, genes=None, to=np.asarray):
    adata = AnnData(to(x))
    adata.var_names = genes or [f"g{j}" for j in range(x.shape[1])]
    return adata


# The ReconEval formulas, written again with scikit-learn.


def reconeval_r2(true, pred):
    return r2_score(true.sum(axis=0), pred.sum(axis=0))


def reconeval_energy_distance(true, pred):
    between, true_within, pred_within = (
        pairwise_distances(a, b).mean() for a, b in ((true, pred), (true, true), (pred, pred))
    )
    return 2 * between - true_within - pred_within


def reconeval_purity(true, pred, ctrl, k):
    labels = np.r_[np.ones(len(true)), np.zeros(len(ctrl))]
    classifier = KNeighborsClassifier(k).fit(np.concatenate([true, ctrl]), labels)
    probability = classifier.predict_proba(pred)
    return probability[:, 1].mean()


@quick
@given(seed=seeds)
@pytest.mark.parametrize("to", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_anndata_metrics_equal_the_reconeval_formulas(seed, to):
    true, pred, ctrl = clouds(seed)
    a, b, c = (as_anndata(x, to=to) for x in (true, pred, ctrl))
    assert metrics.metric_r2(a, b) == pytest.approx(reconeval_r2(true, pred), rel=1e-6)
    assert metrics.metric_mse(a, b) == pytest.approx(mean_squared_error(true, pred), rel=1e-6)
    expected = reconeval_energy_distance(true, pred)
    assert metrics.metric_energy_distance(a, b) == pytest.approx(expected, abs=1e-6)
    for k in (1, 7):
        expected = reconeval_purity(true, pred, ctrl, k)
        got = metrics.metric_knn_purity(adata_pred=b, adata_pert_true=a, adata_ctrl=c, k=k)
        assert got == pytest.approx(expected, abs=1e-6)


def test_purity_searches_the_embedding_on_request():
    true, pred, ctrl = clouds(0)
    a, b, c = (as_anndata(np.zeros((len(x), 2))) for x in (true, pred, ctrl))
    for adata, x in ((a, true), (b, pred), (c, ctrl)):
        adata.obsm["X_emb"] = x
    got = metrics.metric_knn_purity(b, a, c, k=5, use_rep="X_emb")
    assert got == pytest.approx(reconeval_purity(true, pred, ctrl, 5))
    with pytest.raises(ValueError, match="adata_pred.obsm has no 'X_pca' .found: X_emb"):
        metrics.metric_knn_purity(b, a, c, use_rep="X_pca")


def test_genes_are_matched_by_name():
    true, pred, _ = clouds(1)
    genes = list("abcde")
    mixed = as_anndata(pred[:, ::-1], genes[::-1])
    expected = metrics.metric_mse(as_anndata(true, genes), as_anndata(pred, genes))
    assert metrics.metric_mse(as_anndata(true, genes), mixed) == expected
    with pytest.raises(ValueError, match="measure different genes .for example 'a'"):
        metrics.metric_mse(as_anndata(true, genes), as_anndata(pred, ["A", *genes[1:]]))


def test_r2_of_a_half_right_profile():
    true = np.array([[0.0, 2.0]])
    assert r2(true, true) == 1
    assert r2(true, np.array([[1.0, 1.0]])) == 0
    assert r2(true, np.array([[0.0, 1.0]])) == 0.5


def test_r2_on_the_mean_admits_unequal_counts():
    true, pred, _ = clouds(2, n=(10, 20, 5))
    expected = r2_score(true.mean(axis=0), pred.mean(axis=0))
    assert r2(true, pred, on="mean") == pytest.approx(expected)
    with pytest.raises(ValueError, match='pass on="mean"'):
        r2(true, pred)
    assert r2(true, true, on="sum") == pytest.approx(r2(true, true, on="mean"))
