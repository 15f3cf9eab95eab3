"""What comes with a decoder: embedding and expression of the same cells, and names of genes."""

from __future__ import annotations

import numpy as np
import torch

from recon_tutorial._numeric import finite, numbers


def matched_rows(embedding, expression, n_genes=None):
    """Both matrices, or a ValueError that says why they are not about the same cells."""
    x, y = numbers(embedding, "embedding"), numbers(expression, "expression")
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or 0 in (*x.shape, y.shape[1]):
        raise ValueError(
            f"embedding has shape {x.shape} and expression {y.shape}: "
            "pass two matrices with the same cells in their rows"
        )
    if n_genes is not None and y.shape[1] != n_genes:
        raise ValueError(
            f"expression has {y.shape[1]} genes but this decoder makes {n_genes}: "
            "pass the genes it was trained on, in its order"
        )
    for name, array in (("embedding", x), ("expression", y)):
        finite(array, name, "cells or genes")
    return tuple(torch.from_numpy(np.array(array, dtype=np.float32)) for array in (x, y))


def named_genes(gene_names, n_output) -> list[str]:
    """The names of the outputs as text, or a ValueError where they do not name each once."""
    names = [] if isinstance(gene_names, str) or not np.iterable(gene_names) else list(gene_names)
    names = [str(name) for name in names]
    if len(names) != n_output or len(set(names)) < len(names):
        twice = "" if len(set(names)) == len(names) else ", some of them twice,"
        raise ValueError(
            f"{len(names)} gene names{twice} for {n_output} outputs: name every output once"
        )
    return names
