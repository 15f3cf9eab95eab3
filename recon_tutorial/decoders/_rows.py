"""Embedding and expression of the same cells, as float32 tensors."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse


def matched_rows(embedding, expression):
    """Both matrices, or a ValueError that says why they are not about the same cells."""
    dense = expression.toarray() if sparse.issparse(expression) else expression
    x, y = (np.array(a, dtype=np.float32) for a in (embedding, dense))
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or len(x) == 0:
        raise ValueError(
            f"embedding has shape {x.shape} and expression {y.shape}: "
            "pass two matrices with the same cells in their rows"
        )
    for name, array in (("embedding", x), ("expression", y)):
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinite values: remove those cells or genes")
    return torch.from_numpy(x), torch.from_numpy(y)
