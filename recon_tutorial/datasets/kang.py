"""Blood cells with and without interferon-beta (Kang et al., 2018)."""

from __future__ import annotations

import anndata as ad
import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import read_elem
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from recon_tutorial.datasets._building import build_screen
from recon_tutorial.embedding import variable_genes
from recon_tutorial.fetching import fetch
from recon_tutorial.validation import CONTROL

# A label may have two signatures: plasmacytoid dendritic cells lack FCER1A.
MARKERS = (
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
HAEMOGLOBINS = ("HBA1", "HBA2", "HBB")


def load_kang(*, progress: bool = True) -> AnnData:
    """Load 13,999 blood cells with and without interferon-beta (Kang et al., 2018).

    Parameters
    ----------
    progress : bool
        Show a progress bar while the files are downloaded, which happens once.

    Returns
    -------
    AnnData
        6,548 control and 7,451 stimulated cells x the genes seen in at least 3 cells.
        ``X``: log1p of counts normalised to 10,000 a cell, float32 CSR;
        ``layers["counts"]``: raw counts; ``obs["perturbation"]``: "control" or "IFN-beta";
        ``obs["context"]``: cell type; ``uns["descriptors"]``: one one-hot row;
        ``uns["source"]``: citation and licence.
        There is no embedding: fit one on training cells.

    Raises
    ------
    ValueError, RuntimeError, OSError
        As `fetch` does, if the files are neither cached nor downloadable.

    Notes
    -----
    Genes are filtered, cells are not: the files hold only cells with more than 500 genes.
    The files carry no labels, so cell types are read off marker genes on clusters.
    Each condition is clustered by itself, or interferon would drive the clusters and the markers
    that it silences (CD14) would mislead.
    Labels are as coarse as the clusters: a naive CD8 T cell may pass as CD4 T.

    Derived in chapter 10.
    """
    files = fetch("kang", progress=progress)
    both = ad.concat(
        {
            CONTROL: _read_counts(files["pbmc_ctrl.h5ad"]),
            "IFN-beta": _read_counts(files["pbmc_stim.h5ad"]),
        },
        label="perturbation",
        index_unique="-",  # both conditions use the same barcodes
    )
    descriptors = pd.DataFrame({"IFN-beta": [1.0]}, index=["IFN-beta"])
    adata = build_screen("kang", both.X, both.obs, both.var_names, descriptors=descriptors)
    context = np.empty(adata.n_obs, dtype=object)
    for condition in (CONTROL, "IFN-beta"):
        cells = (adata.obs["perturbation"] == condition).to_numpy()
        context[cells] = _cell_types(adata.X[cells], adata.var_names)
    types = list(dict.fromkeys(label for label, _ in MARKERS))
    adata.obs["context"] = pd.Categorical(context, categories=types)
    return adata


def _read_counts(path):
    """Read what is needed element by element: the files predate today's h5ad metadata."""
    with h5py.File(path) as file:
        return AnnData(
            X=read_elem(file["X"]),
            obs=pd.DataFrame(index=file["obs/barcodes"].asstr()[:]),
            var=pd.DataFrame(index=file["var/gene_name"].asstr()[:]),
        )


def _cell_types(expression, genes, *, n_clusters=30, seed=0):
    """Label cells (n_cells,) by the marker genes of their cluster.

    A cluster gets the label whose markers stand out most among clusters (mean z-score).
    """
    varying = variable_genes(expression, 1000)
    # Red-cell RNA sticks to cells of every type: it would make a cluster of its own.
    varying = varying[~genes[varying].isin(HAEMOGLOBINS)]
    dense = expression[:, varying].toarray()
    dense = (dense - dense.mean(axis=0)) / np.maximum(dense.std(axis=0), 1e-6)
    components = PCA(20, svd_solver="covariance_eigh").fit_transform(np.clip(dense, -10, 10))
    cluster = KMeans(n_clusters, n_init=5, random_state=seed).fit_predict(components)

    markers = sorted({gene for _, signature in MARKERS for gene in signature})
    cells = pd.DataFrame(expression[:, genes.get_indexer(markers)].toarray(), columns=markers)
    means = cells.groupby(cluster).mean()
    z = (means - means.mean()) / means.std()
    scores = np.stack([z[list(signature)].mean(axis=1) for _, signature in MARKERS], axis=1)
    labels = np.array([label for label, _ in MARKERS])[scores.argmax(axis=1)]
    return labels[cluster]
