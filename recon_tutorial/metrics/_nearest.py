"""Nearest neighbours with torch, block by block: what a GPU runs in the place of scikit-learn."""

from __future__ import annotations

import numpy as np
import torch

from recon_tutorial.metrics._blocks import Place, factor, for_each_block, squares


def share_of_first(
    queries: np.ndarray, first: np.ndarray, second: np.ndarray, k: int, place: Place
) -> float:
    """Share of the cells of `first` among the k nearest of each query in both samples."""
    cells = factor([queries, first, second], place)
    asked, pool = cells[: len(queries)], cells[len(queries) :]
    found = for_each_block(
        lambda at: _of_first(asked, pool, at, len(first), k, place), asked, place
    )
    return sum(found).item() / (len(asked) * k)


def _of_first(asked, pool, start, n_first, k, place):
    """Number of cells before position n_first among the k nearest of each row of a block."""
    nearest, position, seen = None, None, 0
    for block, _ in squares(asked, pool, start, place):
        columns = torch.arange(seen, seen + block.shape[1], device=place.device)
        columns, seen = columns.expand(len(block), -1), seen + block.shape[1]
        if nearest is not None:
            block = torch.cat([nearest, block], dim=1)
            columns = torch.cat([position, columns], dim=1)
        nearest, which = block.topk(min(k, seen), dim=1, largest=False, sorted=False)
        position = columns.gather(1, which)
    return (position < n_first).sum()
