"""From genes to an embedding, so that models of both kinds stand on one leaderboard."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from anndata import AnnData

from recon_tutorial._numeric import finite, numbers
from recon_tutorial.validation import validate_screen

CHECKED = 1000  # cells on which the loadings are held against the embedding
TOLERANCE = 1e-3  # of the largest coordinate: float32 and a round trip through a file


def pca_embedding(adata: AnnData, *, use_rep: str = "X_emb") -> Callable[..., np.ndarray]:
    """Recover the map from genes to principal components that an embedding was made with.

    The loadings in ``varm["PCs"]`` (`fit_embedding` and scanpy leave them there) give the slope,
    and the cells of the screen the offset; the map must then lead from their genes to their
    embedding.

    Parameters
    ----------
    adata : AnnData
        A screen whose ``obsm[use_rep]`` are principal components of its ``X``.
    use_rep : str
        Key in ``obsm`` of the embedding.

    Returns
    -------
    callable
        From genes, (n, n_genes) in the screen's order, to their embedding (n, embed_dim), float32.

    Raises
    ------
    ValueError
        If loadings or embedding are missing, or do not belong to each other or to ``X``.

    Derived in chapter 12.
    """
    validate_screen(adata, use_rep=use_rep)
    for slot, key in (("varm", "PCs"), ("obsm", use_rep)):
        if key not in getattr(adata, slot):
            raise ValueError(
                f"{slot}[{key!r}] is missing: fit an embedding with fit_embedding or "
                "scanpy.pp.pca, or write a function of your own from genes to embedding"
            )
    loadings = _dense(adata.varm["PCs"], "varm['PCs']")
    cells = np.unique(np.linspace(0, adata.n_obs - 1, CHECKED).astype(int))
    known = np.asarray(adata.obsm[use_rep], dtype=np.float64)[cells]
    if known.shape[1] != loadings.shape[1]:
        raise ValueError(
            f"obsm[{use_rep!r}] has {known.shape[1]} columns but varm['PCs'] {loadings.shape[1]}: "
            "name the embedding that these loadings made"
        )
    offsets = known - _dense(adata.X[cells]) @ loadings
    offset = offsets.mean(axis=0)
    if np.abs(offsets - offset).max() > TOLERANCE * np.abs(known).max():
        raise ValueError(
            f"obsm[{use_rep!r}] is not X times varm['PCs'] up to an offset: X was changed since, "
            "or these are other loadings; fit the embedding again"
        )

    def embed(genes):
        dense = _dense(genes)
        if dense.ndim != 2 or dense.shape[1] != len(loadings):
            raise ValueError(
                f"genes have shape {dense.shape} but this map reads (n, {len(loadings)}): "
                "pass the genes of the screen, in its order"
            )
        return (dense @ loadings + offset).astype(np.float32)

    return embed


class ThroughEmbedding:
    """A predictor of genes made of a predictor of embeddings: embed, predict, decode.

    With it a model of this book enters ``evaluate(..., use_rep="X")`` beside tools that predict
    genes, and pays there for what its decoder loses.

    Parameters
    ----------
    model : predictor
        Of embeddings.
    embed : callable
        From genes (n, n_genes) to their embedding (n, embed_dim); see `pca_embedding`.
    decode : callable
        From embeddings to genes, such as the ``decode`` of a `FrozenDecoder`.

    Derived in chapter 12.
    """

    def __init__(self, model, embed, decode) -> None:
        self.model, self.embed, self.decode = model, embed, decode

    def train(self, ctrl_emb, pert_emb, pert_cov, **options) -> None:
        """Train the model on the embedding of both.

        Parameters
        ----------
        ctrl_emb, pert_emb : array of shape (n, n_genes)
            Genes of control and perturbed cells.
        pert_cov : array of shape (n, cov_dim)
        **options
            Passed on to the model.
        """
        self.model.train(self.embed(ctrl_emb), self.embed(pert_emb), pert_cov, **options)

    def predict(self, ctrl_emb, pert_cov) -> np.ndarray:
        """Predict genes: (n, n_genes) and (n, cov_dim) to (n, n_genes), float32."""
        answer = self.decode(self.model.predict(self.embed(ctrl_emb), pert_cov))
        return np.asarray(answer, dtype=np.float32)


def _dense(matrix, name="genes"):
    return finite(numbers(matrix, name), name, "cells").astype(np.float64)
