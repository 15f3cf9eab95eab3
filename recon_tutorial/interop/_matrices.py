"""Matrices of cells as float32, or a sentence that says what they hold instead."""

from __future__ import annotations

import numpy as np
from scipy import sparse

CHUNK = 1_000_000  # values looked at together: most expression is told from counts by the first


def expression(matrix):
    """Log-normalised expression as float32, sparse as CSR, or what is wrong with it."""
    if matrix is None or 0 in matrix.shape:
        return matrix  # validate_screen says what to do
    values = matrix.data if sparse.issparse(matrix) else np.asarray(matrix)
    if values.dtype.kind not in "fiub":
        raise ValueError(f"X holds {values.dtype} values: convert it to float32")
    if holds_counts(values):
        raise ValueError(
            "X holds whole numbers only, as raw counts do: normalise each cell to 10,000 counts "
            "and take log1p (scanpy.pp.normalize_total, then scanpy.pp.log1p)"
        )
    if values.size and values.min() < 0:
        raise ValueError(
            f"X goes down to {values.min():.2g}, as scaled expression does: put log-normalised "
            "expression there (often adata.raw.to_adata() has it)"
        )
    if sparse.issparse(matrix):
        matrix = matrix.tocsr()
    with np.errstate(over="ignore"):  # a value too large becomes infinite, which is refused
        return matrix.astype(np.float32)


def holds_counts(values):
    """Whether all values are whole numbers; the first chunk with a fraction says no."""
    flat = values.reshape(-1)
    chunks = (flat[start : start + CHUNK] for start in range(0, flat.size, CHUNK))
    return all((chunk == np.rint(chunk)).all() for chunk in chunks)


def embedding(matrix, key):
    """An embedding as a float32 matrix of its own."""
    dense = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)
    if dense.ndim != 2 or dense.shape[1] == 0 or dense.dtype.kind not in "fiub":
        raise ValueError(
            f"obsm[{key!r}] has shape {dense.shape} and {dense.dtype} values: "
            "an embedding is a matrix of numbers, one row per cell"
        )
    with np.errstate(over="ignore"):
        dense = dense.astype(np.float32)
    broken = int((~np.isfinite(dense)).any(axis=1).sum())
    if broken:
        name = f"obsm[{key!r}]" + ("" if key == "X_emb" else " as obsm['X_emb']")
        raise ValueError(
            f"{name} holds NaN or infinite values in {broken} cells: "
            "drop those cells, or fit the embedding again"
        )
    return dense
