"""Median of all squared distances between cells, exact to 1e-4, without ever holding them."""

from __future__ import annotations

import numpy as np
import torch

from recon_tutorial.metrics._arrays import digests
from recon_tutorial.metrics._blocks import Place, factor, for_each_block, squares

BINS = 4096
FIRST_LOOK = 1000  # cells whose distances say about where the median lies
AROUND = (0.42, 0.58)  # quantiles of theirs: the share below the median varies by about 0.01
RESOLUTION = 1e-4  # width of a bin, as a share of the median, that is narrow enough


def median_square(true: np.ndarray, pred: np.ndarray, place: Place) -> float | None:
    """Median over pairs of different cells of both samples, cells that are equal left out.

    Counts how many distances fall into each bin of a bracket, and looks again in a wider or a
    narrower bracket until the bin that holds the median is narrow. One look is usually enough.
    None where all cells are equal.
    """
    cells = factor([true, pred], place)
    n, equal = len(cells), _ordered_equal_pairs(true, pred)
    if equal == n * n:
        return None
    rank = (equal + n * n) / 2  # so many of the ordered pairs lie below the median
    top = 4 * cells[:, -1].max().item()  # |x - y| is at most twice the longest |x|
    usual = 4 * cells[:, -1].median().item()
    nothing = max(torch.finfo(place.dtype).eps * usual, torch.finfo(place.dtype).tiny)
    low, high = _first_bracket(cells, nothing, top)
    while True:
        upto = _histogram(cells, low, high, place).cumsum()
        width = (high - low) / BINS
        bin_ = min(int(np.searchsorted(upto, rank)), BINS - 1)
        left = low + bin_ * width
        if bin_ == 0 and low > 0:
            low, high = 0.0, low + width
        elif bin_ == BINS - 1 and high < top:
            low, high = high - width, top
        elif width <= RESOLUTION * left or high <= nothing:
            below = upto[bin_ - 1] if bin_ else 0.0
            return left + width * (rank - below) / max(upto[bin_] - below, 1)
        else:
            low, high = max(0.0, left - width), left + 2 * width


def _first_bracket(cells, nothing, top):
    """Where the median of the distances between some of the cells may lie, and room around it."""
    some = cells[:: -(-len(cells) // FIRST_LOOK)]
    block, _ = next(squares(some, some, 0, Place(some.device, some.dtype, FIRST_LOOK)))
    apart = block[block > nothing]
    if not len(apart):
        return 0.0, top
    share = torch.tensor(AROUND, dtype=some.dtype, device=some.device)
    low, high = torch.quantile(apart, share).tolist()
    return 0.999 * low, min(1.001 * high, top)


def _histogram(cells, low, high, place):
    """Counts of ordered pairs, those outside the bracket in its first and last bin."""

    def row_of_blocks(start):
        counts = torch.zeros(BINS, dtype=torch.float64, device=place.device)
        for block, weight in squares(cells, cells, start, place):
            counts += weight * torch.histc(block.clamp_(low, high), BINS, min=low, max=high)
        return counts

    return sum(for_each_block(row_of_blocks, cells, place)).cpu().numpy()


def _ordered_equal_pairs(true, pred):
    """Number of ordered pairs of equal cells, each cell with itself included."""
    _, counts = np.unique(np.concatenate([digests(true), digests(pred)]), return_counts=True)
    return int((counts.astype(np.int64) ** 2).sum())
