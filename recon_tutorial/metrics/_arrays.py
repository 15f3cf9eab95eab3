"""One way into every metric: float64 matrices with the same columns and nothing missing."""

from __future__ import annotations

import numpy as np
from scipy import sparse


def matrices(least_cells: int = 1, **named) -> list[np.ndarray]:
    """Turn each named argument into a finite float64 matrix, or say what is wrong with it."""
    checked = {name: _matrix(value, name, least_cells) for name, value in named.items()}
    (first, reference), *others = checked.items()
    for name, matrix in others:
        if matrix.shape[1] != reference.shape[1]:
            raise ValueError(
                f"{first} has {reference.shape[1]} columns but {name} has {matrix.shape[1]}: "
                "compare cells in the same genes or the same embedding"
            )
    return list(checked.values())


def _matrix(value, name, least_cells):
    dense = value.toarray() if sparse.issparse(value) else np.asarray(value)
    if dense.ndim != 2:
        raise ValueError(f"{name} has {dense.ndim} dimension(s): pass a matrix of cells x features")
    if dense.dtype.kind not in "fiub":
        raise ValueError(f"{name} holds {dense.dtype} values: pass numbers")
    if dense.shape[0] < least_cells or dense.shape[1] == 0:
        raise ValueError(
            f"{name} has {dense.shape[0]} cell(s) x {dense.shape[1]} feature(s) "
            f"but at least {least_cells} x 1 are needed: check the selection that made it"
        )
    dense = dense.astype(np.float64)
    if not np.isfinite(dense).all():
        raise ValueError(f"{name} holds NaN or infinite values: remove those cells or features")
    return dense
