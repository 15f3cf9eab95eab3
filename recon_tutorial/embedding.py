"""An embedding that has only seen training cells: variable genes, then principal components."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from scipy import sparse
from sklearn.decomposition import PCA

from recon_tutorial._given import at_least
from recon_tutorial._numeric import finite, numbers

__all__ = ["fit_embedding", "variable_genes"]


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
        If `adata` is no AnnData, names or values of ``X`` are not as they should be, `train` is
        no mask of the cells, or it holds fewer cells than components.

    Derived in chapter 10.
    """
    if not isinstance(adata, AnnData):
        raise ValueError(f"adata is a {type(adata).__name__}: pass an AnnData")
    at_least(1, n_genes=n_genes, embed_dim=embed_dim)
    for axis, names in (("obs", adata.obs_names), ("var", adata.var_names)):
        if not names.is_unique:
            raise ValueError(f"{axis}_names repeat: call adata.{axis}_names_make_unique()")
    if adata.X is None:
        raise ValueError("X is missing: store log-normalised expression there")
    train = np.asarray(train)
    if train.dtype != bool or train.shape != (adata.n_obs,):
        raise ValueError(
            f"train must be a boolean mask of the {adata.n_obs} cells, "
            f"got {train.dtype} of shape {train.shape}: pass split.train"
        )
    n_train = int(train.sum())
    if n_train == 0:
        raise ValueError("train holds no cell: pass split.train")
    genes = variable_genes(adata.X[train], min(n_genes, adata.n_vars))
    small = adata[:, genes].to_memory(copy=True)  # a screen may lie on disk
    if embed_dim > min(n_train, small.n_vars):
        raise ValueError(
            f"embed_dim={embed_dim} needs at least as many training cells and genes, "
            f"got {n_train} cells and {small.n_vars} genes: choose a smaller embed_dim"
        )
    expression = finite(numbers(small.X, "X"), "X", "cells or genes")
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

    Raises
    ------
    ValueError
        If the expression is no matrix.

    Derived in chapter 10.
    """
    at_least(1, n_genes=n_genes)
    values = expression.data if sparse.issparse(expression) else expression
    checked = finite(numbers(values, "expression"), "expression", "cells or genes")
    if not sparse.issparse(expression):
        narrow = checked.dtype.kind != "f" or checked.dtype.itemsize < 4  # squares would overflow
        expression = checked.astype(np.float64) if narrow else checked
    if expression.ndim != 2 or 0 in expression.shape:
        raise ValueError(f"expression has shape {expression.shape}: pass a matrix of cells x genes")
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
