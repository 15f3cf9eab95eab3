"""The Kang screen: on files of its schema with planted cells, and (marked) on the real ones."""

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recon_tutorial.datasets import kang as kang_module
from recon_tutorial.datasets import load_kang
from recon_tutorial.validation import validate_screen

TYPES = ["CD14 monocytes", "CD16 monocytes", "CD4 T", "CD8 T", "NK", "B", "DC", "Megakaryocytes"]


PLANTED = (
    ("CD14 monocytes", ("CD14", "LYZ")),
    ("CD16 monocytes", ("FCGR3A", "MS4A7")),
    ("CD4 T", ("IL7R", "CD3D")),
    ("CD8 T", ("CD8A",)),
    ("NK", ("GNLY", "NKG7")),
    ("B", ("MS4A1", "CD79A")),
    ("DC", ("FCER1A",)),
    ("DC", ("IL3RA", "TSPAN13")),
    ("Megakaryocytes", ("PPBP",)),
)


def _tiny_kang(folder, seed=0):
    """Write two files of the Kang schema: planted types and an interferon gene."""
    rng = np.random.default_rng(seed)
    markers = [gene for _, signature in PLANTED for gene in signature]
    genes = [*markers, "ISG15", "UNSEEN", *(f"G{i}" for i in range(300))]
    files, truth = {}, {}
    for arm, response in (("ctrl", 0.2), ("stim", 20)):
        label = rng.integers(len(PLANTED), size=450)
        rate = np.full((450, len(genes)), 0.5)
        for k, (_, signature) in enumerate(PLANTED):
            rate[np.ix_(label == k, [genes.index(gene) for gene in signature])] = 12
            rate[label == k, 20 + 30 * k : 50 + 30 * k] = 3
        rate[:, genes.index("ISG15")] = response
        rate[:, genes.index("UNSEEN")] = 0
        counts = sparse.csr_matrix(rng.poisson(rate).astype(np.float32))
        # Plain strings, as in the files of 2018: pandas 3 would make them nullable.
        names = [f"CELL{i}.1" for i in range(450)]
        obs = pd.DataFrame(index=pd.Index(names, name="barcodes", dtype=object))
        var = pd.DataFrame(index=pd.Index(genes, name="gene_name", dtype=object))
        files[f"pbmc_{arm}.h5ad"] = folder / f"pbmc_{arm}.h5ad"
        ad.AnnData(X=counts, obs=obs, var=var).write_h5ad(files[f"pbmc_{arm}.h5ad"])
        truth[arm] = [PLANTED[k][0] for k in label]
    return files, truth["ctrl"] + truth["stim"]


@pytest.fixture(scope="module")
def tiny_kang(tmp_path_factory):
    files, truth = _tiny_kang(tmp_path_factory.mktemp("kang"))
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*option is deprecated", module="anndata")  # not ours
        patch.setattr(kang_module, "fetch", lambda name, progress: files)
        return load_kang(), load_kang(), truth


def test_load_kang_makes_a_screen(tiny_kang):
    adata, _, _ = tiny_kang
    validate_screen(adata, use_rep=None)
    assert list(adata.obs["perturbation"].cat.categories) == ["control", "IFN-beta"]
    assert adata.obs["perturbation"].value_counts().to_dict() == {"control": 450, "IFN-beta": 450}
    assert adata.obs_names.is_unique
    assert "UNSEEN" not in adata.var_names
    assert adata.uns["descriptors"].loc["IFN-beta"].tolist() == [1.0]
    assert "GPL-3.0" in adata.uns["source"]["licence"]


def test_load_kang_normalises_and_keeps_counts(tiny_kang):
    adata, _, _ = tiny_kang
    assert sparse.issparse(adata.X)
    assert adata.X.format == "csr"
    assert adata.X.dtype == np.float32
    assert np.allclose(np.expm1(adata.X.toarray()).sum(axis=1), 10_000, rtol=1e-4)
    counts = adata.layers["counts"].toarray()
    assert (counts == np.round(counts)).all()
    expected = np.log1p(10_000 * counts[7] / counts[7].sum())
    assert np.allclose(adata.X[7].toarray().ravel(), expected, rtol=1e-5)


def test_load_kang_finds_the_planted_cell_types(tiny_kang):
    adata, again, truth = tiny_kang
    assert list(adata.obs["context"].cat.categories) == TYPES
    assert (adata.obs["context"].astype(str) == truth).mean() > 0.97
    assert (adata.obs["context"] == again.obs["context"]).all()


@pytest.fixture(scope="module")
def kang(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECON_TUTORIAL_DATA", str(tmp_path_factory.mktemp("cache")))
        return load_kang(progress=False)


@pytest.mark.index
def test_the_real_kang_screen_has_the_published_size(kang):
    validate_screen(kang, use_rep=None)
    assert kang.obs["perturbation"].value_counts().to_dict() == {"IFN-beta": 7451, "control": 6548}
    assert kang.layers["counts"].getnnz(axis=0).min() == 3


@pytest.mark.index
def test_interferon_genes_rise_in_every_context(kang):
    genes = ["ISG15", "IFI6", "IFIT1", "MX1", "ISG20"]
    labels = [kang.obs["context"], kang.obs["perturbation"]]
    means = kang[:, genes].to_df().groupby(labels, observed=True).mean()
    rise = means.xs("IFN-beta", level=1) - means.xs("control", level=1)
    assert list(rise.index) == TYPES
    assert (rise > 1).all(axis=None)


@pytest.mark.index
def test_context_fractions_are_those_of_blood_in_both_conditions(kang):
    labels = [kang.obs["context"], kang.obs["perturbation"]]
    share = pd.crosstab(*labels, normalize="columns")
    assert share.loc["CD4 T"].between(0.30, 0.42).all()
    assert share.loc["CD14 monocytes"].between(0.27, 0.40).all()
    assert share.loc["B"].between(0.07, 0.13).all()
    assert share.loc[["CD16 monocytes", "CD8 T", "NK"]].stack().between(0.03, 0.10).all()
    assert share.loc[["DC", "Megakaryocytes"]].stack().between(0.005, 0.05).all()
    assert (share["control"] - share["IFN-beta"]).abs().max() < 0.08


@pytest.mark.index
def test_markers_that_were_not_used_agree_with_the_contexts(kang):
    unused = {"CD14 monocytes": "S100A8", "B": "CD79B", "NK": "KLRD1", "CD8 T": "CD8B"}
    labels = [kang.obs["perturbation"], kang.obs["context"]]
    means = kang[:, list(unused.values())].to_df().groupby(labels, observed=True).mean()
    for condition in ("control", "IFN-beta"):
        assert means.loc[condition].idxmax().to_dict() == {g: c for c, g in unused.items()}


@pytest.mark.index
def test_red_cell_rna_does_not_decide_the_context(kang):
    stained = kang.obs[kang[:, "HBB"].X.toarray().ravel() > 7]
    for condition in ("control", "IFN-beta"):
        share = stained.loc[stained["perturbation"] == condition, "context"].value_counts(True)
        assert share.index[0] == "CD4 T"
        assert share["CD4 T"] < 0.7
        assert share["CD14 monocytes"] > 0.1
