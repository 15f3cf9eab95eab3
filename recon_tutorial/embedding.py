"""An embedding that has only seen training cells: variable genes, then principal components."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from scipy import sparse
from sklearn.decomposition import PCA


def fit_embedding(adata: AnnData, train, *, n_genes: int = 2000, embed_dim: int = 50) -> AnnData:
    """Choose variable genes and fit a PCA on training cells, then embed every cell.

    Parameters
    ----------
    adata : AnnData
        Log-normalised expression in ``X``, dense or sparse.
    train : array of bool, shape (n_cells,)
        The training cells, for example ``split.train``; nothing else is looked at while fitting.
    n_genes : int
        How many variable genes to keep (all, if there are fewer).
    embed_dim : int
        Number of principal components.

    Returns
    -------
    AnnData
        A copy with the chosen genes only, ``obsm["X_emb"]`` (float32), and in ``uns["fitted_on"]``
        the names of the cells that genes and PCA were fitted on, which ``Split.audit`` reads.

    Raises
    ------
    ValueError
        If `train` is no mask of the cells, or holds fewer cells than components.

    Derived in chapter 10.
    """
    train = np.asarray(train)
    if train.dtype != bool or train.shape != (adata.n_obs,):
        raise ValueError(
            f"train must be a boolean mask of the {adata.n_obs} cells, "
            f"got {train.dtype} of shape {train.shape}: pass split.train"
        )
    genes = variable_genes(adata.X[train], min(n_genes, adata.n_vars))
    small = adata[:, genes].copy()
    n_train = int(train.sum())
    if embed_dim > min(n_train, small.n_vars):
        raise ValueError(
            f"embed_dim={embed_dim} needs at least as many training cells and genes, "
            f"got {n_train} cells and {small.n_vars} genes: choose a smaller embed_dim"
        )
    expression = small.X.toarray() if sparse.issparse(small.X) else np.asarray(small.X)
    pca = PCA(embed_dim, svd_solver="covariance_eigh").fit(expression[train])
    small.obsm["X_emb"] = pca.transform(expression).astype(np.float32)
    small.varm["PCs"] = pca.components_.T
    small.uns["fitted_on"] = {
        "genes": np.asarray(adata.obs_names[train]),
        "embedding": np.asarray(adata.obs_names[train]),
    }
    return small


def variable_genes(expression, n_genes: int) -> np.ndarray:
    """Positions of the genes that vary most for how high they are expressed.

    A cubic in log mean is fitted to log variance; the genes farthest above it are kept.
    Fitting the trend is the idea of Brennecke et al. (2013) and of Seurat's "vst"; one smooth
    curve keeps strong responders such as ISG15, which comparisons within bins of similar mean lose.

    Parameters
    ----------
    expression : array or sparse matrix of shape (n_cells, n_genes)
        Log-normalised expression of training cells.
    n_genes : int
        How many genes to keep.

    Returns
    -------
    array of int
        Sorted column positions; genes that do not vary come last.

    Derived in chapter 10.
    """
    mean = np.asarray(expression.mean(axis=0), dtype=np.float64).ravel()
    square = expression.multiply(expression) if sparse.issparse(expression) else expression**2
    variance = np.asarray(square.mean(axis=0), dtype=np.float64).ravel() - mean**2
    varies = (variance > 1e-12) & (mean > 0)
    log_mean, log_variance = np.log(mean[varies]), np.log(variance[varies])
    excess = np.full(len(mean), -np.inf)
    if len(log_mean):
        degree = min(3, len(np.unique(log_mean)) - 1)
        trend = np.polynomial.Polynomial.fit(log_mean, log_variance, degree)
        excess[varies] = log_variance - trend(log_mean)
    return np.sort(np.argsort(-excess, kind="stable")[:n_genes])
