"""Sums over all pairs of cells in bounded memory: squared distances, one block at a time.

With x and y measured from a common centre, |x - y|² = |x|² + |y|² - 2 x·y is a matrix product,
[x, |x|², 1] · [-2 y, 1, |y|²]. Far from the centre that difference would lose its digits.
Import this late: torch takes a second to load, and small samples need none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from recon_tutorial._torch import fitting, pick_device
from recon_tutorial.metrics._arrays import centre_of

BLOCK = {"cpu": 512, "cuda": 4096}  # rows, columns: 1 MB stays in a cache, 64 MB fill a GPU
NEAR = 1e-3  # of |x|² + |y|²: nearer than that, the distance is off by 1e-4 and more in float32
MANY = 0.01  # share of near pairs from which their errors would show in a mean
LOOKED_AT = 32  # rows of a block


class Place(NamedTuple):
    """Where, how precisely and how much at a time to multiply."""

    device: torch.device
    dtype: torch.dtype
    block: int


def choose_place(device: str, dtype: str) -> Place:
    """Turn the options of a metric into a place, or say why there is none."""
    chosen = pick_device(device)
    # A caller who lets torch round float32 products (TF32, bfloat16) means those of a network.
    single = dtype == "float32" and _products_are_exact()
    return Place(chosen, torch.float32 if single else torch.float64, BLOCK[chosen.type])


def _products_are_exact():
    try:
        return torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:  # set by torch's newer switches, so it may be anything
        return False


@fitting()  # blocks are too small to share among threads, which then wait for one another
def factor(samples: list[np.ndarray], place: Place) -> torch.Tensor:
    """Rows [-2 y, 1, |y|²] of the samples one after another, measured from their common mean."""
    centre = centre_of(*samples)
    shape = sum(map(len, samples)), len(centre) + 2
    rows, end = torch.empty(shape, dtype=place.dtype, device=place.device), 0
    for sample in samples:
        for start in range(0, len(sample), place.block):  # no second copy of all cells
            cells = torch.from_numpy(sample[start : start + place.block] - centre)
            cells = cells.to(place.device, place.dtype)
            part = rows[end : end + len(cells)]
            part[:, :-2] = -2 * cells
            part[:, -2] = 1
            part[:, -1] = cells.double().square().sum(dim=1)  # of the cells as they are rounded
            end += len(cells)
    return rows


def squares(x: torch.Tensor, y: torch.Tensor, start: int, place: Place) -> Iterator[tuple]:
    """Yield squared distances of a block of x to each block of y, and how often they count.

    The block of x begins at row `start`. Where y is x each pair of blocks comes up once, from the
    one before, and counts twice, and a cell is exactly 0 from itself.
    Each block is overwritten by the next, so its reader may overwrite it too.
    """
    size = place.block
    buffer = torch.empty(size * min(size, len(y)), dtype=place.dtype, device=place.device)
    rows = x[start : start + size]
    left = torch.cat([rows[:, :-2] / -2, rows[:, -1:], rows[:, -2:-1]], dim=1)
    for column in range(start if y is x else 0, len(y), size):
        right = y[column : column + size]
        block = buffer[: len(left) * len(right)].view(len(left), len(right))
        torch.mm(left, right.T, out=block).clamp_(min=0)
        if place.dtype == torch.float32 and _are_many_near(block, left, right):
            block.copy_(_squares_in_float64(left, right))
        if y is x and column == start:
            block.fill_diagonal_(0)
        yield block, 2 if y is x and column != start else 1


def _are_many_near(block, left, right):
    """Whether float32 cannot tell many cells apart, by some rows: a prediction that repeats."""
    step = max(1, len(block) // LOOKED_AT)
    lengths = left[::step, -2:-1] + right[:, -1]
    return torch.count_nonzero(block[::step] < NEAR * lengths) > MANY * lengths.numel()


def _squares_in_float64(left, right):
    x, y = left[:, :-2].double(), right[:, :-2].double() / -2
    lengths = x.square().sum(dim=1, keepdim=True) + y.square().sum(dim=1)
    return torch.addmm(lengths, x, y.T, alpha=-2).clamp_(min=0)


def for_each_block(task: Callable, x: torch.Tensor, place: Place) -> list:
    """Results of a task for the start of each block of rows of x, in order.

    As many tasks run at once as torch has threads, each on one thread of its own: threads that
    share a product wait for one another after each, which on a busy machine costs many times more.
    """
    workers = torch.get_num_threads() if place.device.type == "cpu" else 1
    with fitting(), ThreadPoolExecutor(workers) as pool:
        return list(pool.map(task, range(0, len(x), place.block)))


def sum_over_pairs(function: Callable, x: torch.Tensor, y: torch.Tensor, place: Place) -> float:
    """Sum of a function of the squared distances, over both orders of a pair where y is x.

    Only the terms of one row of a block are added in the block's own precision, which takes a
    tenth of the time that float64 takes for every term; all the rest is added in float64.
    """

    def row_of_blocks(start):
        total = torch.zeros((), dtype=torch.float64, device=place.device)
        for block, weight in squares(x, y, start, place):
            total += weight * function(block).sum(dim=1).sum(dtype=torch.float64)
        return total

    return sum(for_each_block(row_of_blocks, x, place)).item()


def three_sums(
    function: Callable, true: np.ndarray, pred: np.ndarray, place: Place
) -> tuple[float, float, float]:
    """Sums of a function of the squared distances: within true, between both, within pred."""
    both = factor([true, pred], place)
    between = sum_over_pairs(function, both[: len(true)], both[len(true) :], place)
    del both
    within = []
    for sample in (true, pred):  # from its own mean, which keeps a tight cloud's digits
        cells = factor([sample], place)
        within.append(sum_over_pairs(function, cells, cells, place))
    return within[0], between, within[1]
