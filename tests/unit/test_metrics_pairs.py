"""Blocks of squared distances one by one: each pair once, zeros exact, sums that lose no digit."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from recon_tutorial.metrics import _blocks, _nearest

BLOCK = 4
SIZES = [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 2]
dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def place(dtype=torch.float64, block=BLOCK):
    return _blocks.Place(torch.device("cpu"), dtype, block)


def factored(cells, where):
    return _blocks.factor([np.asarray(cells, float)], where)


def whole(x, y, where):
    """Weighted counts and squares of all pairs, put together from the blocks."""
    counts, found = np.zeros((2, len(x), len(y)))
    for start in range(0, len(x), where.block):
        column = start if y is x else 0
        for block, weight in _blocks.squares(x, y, start, where):
            rows = slice(start, start + block.shape[0])
            columns = slice(column, column + block.shape[1])
            assert block.dtype == where.dtype and max(block.shape) <= where.block
            counts[rows, columns] += weight
            found[rows, columns] = block.numpy()
            block.fill_(torch.nan)  # the reader may overwrite it
            column += block.shape[1]
        assert column == len(y)
    return counts, found


@dtypes
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("m", SIZES)
def test_the_blocks_between_two_samples_hold_each_distance_once(n, m, dtype):
    rng = np.random.default_rng([n, m])
    true, pred = rng.normal(size=(n, 3)), rng.normal(1, 2, size=(m, 3))
    both = _blocks.factor([true, pred], place(dtype))
    counts, found = whole(both[:n], both[n:], place(dtype))
    assert (counts == 1).all()
    assert found == pytest.approx(cdist(true, pred, "sqeuclidean"), rel=1e-4, abs=1e-5)


@dtypes
@pytest.mark.parametrize("n", SIZES)
def test_the_blocks_within_a_sample_hold_each_pair_of_blocks_once_and_exact_zeros(n, dtype):
    cells = 7 + np.random.default_rng(n).normal(size=(n, 3))
    x = factored(cells, place(dtype))
    counts, found = whole(x, x, place(dtype))
    block = np.arange(n) // BLOCK
    expected = np.where(block[:, None] == block, 1, 2) * (block[:, None] <= block)
    assert np.array_equal(counts, expected)
    seen = counts > 0
    apart = cdist(cells, cells, "sqeuclidean")
    assert found[seen] == pytest.approx(apart[seen], rel=1e-4, abs=1e-5)
    assert (found.diagonal() == 0).all()


def test_a_sample_is_read_block_by_block_into_one_table():
    cells = np.arange(18.0).reshape(9, 2)
    rows = factored(cells, place()).numpy()
    moved = cells - cells.mean(axis=0)
    assert np.array_equal(rows[:, :2], -2 * moved)
    assert (rows[:, 2] == 1).all()
    assert np.array_equal(rows[:, 3], (moved**2).sum(axis=1))
    both = _blocks.factor([cells, cells[:2] + 50], place()).numpy()
    assert len(both) == 11 and both[:, :2].sum(axis=0) == pytest.approx(0, abs=1e-9)


def test_lengths_are_those_of_the_cells_as_they_are_rounded():
    cells = np.random.default_rng(0).normal(size=(50, 60))
    rows = factored(cells, place(torch.float32)).numpy()
    rounded = rows[:, :-2].astype(float) / -2
    assert np.array_equal(rows[:, -1], (rounded**2).sum(axis=1).astype(np.float32))


def test_distances_below_zero_by_rounding_are_zero():
    rng = np.random.default_rng(0)
    cells = 100 * rng.normal(size=(3, 8))
    repeated = np.repeat(cells, 40, axis=0)
    for dtype in (torch.float32, torch.float64):
        where = place(dtype, block=64)
        x = factored(repeated, where)
        for y in (x, x.clone()):
            for block, _ in _blocks.squares(x, y, 0, where):
                assert block.min() >= 0


# Sums.


@pytest.mark.parametrize("same", [True, False])
def test_rows_are_added_in_double_precision(same):
    cells = factored([[0.0], [1.0], [2.0]], place(torch.float32))
    other = cells if same else cells.clone()

    def terms(block):
        block.zero_()
        block[0, 0] = 2.0**24  # the largest number that single precision can count to
        block[1, 0] = 1.0
        return block

    assert _blocks.sum_over_pairs(terms, cells, other, place(torch.float32)) == 2**24 + 1
    for block in (1, 2, 3):
        where = place(torch.float32, block)
        assert _blocks.sum_over_pairs(torch.ones_like, cells, other, where) == 9


def test_blocks_of_rows_are_added_in_double_precision():
    cells = factored(np.arange(3.0)[:, None], place(torch.float32, 1))
    first = cells[:1]  # one row, and three columns one at a time

    values = iter([2.0**24, 1.0, 1.0])
    got = _blocks.sum_over_pairs(
        lambda block: block.fill_(next(values)), first, cells, place(torch.float32, 1)
    )
    assert got == 2**24 + 2


def test_three_sums_are_within_between_and_within():
    true, pred = np.array([[0.0], [1.0]]), np.array([[3.0], [5.0], [5.0]])
    within, between, within_pred = _blocks.three_sums(torch.clone, true, pred, place())
    assert within == pytest.approx(2)
    assert between == pytest.approx(9 + 25 + 25 + 4 + 16 + 16)
    assert within_pred == pytest.approx(2 * (4 + 4))


# How many run at once.


def test_as_many_blocks_run_at_once_as_there_are_threads_and_one_on_a_gpu(monkeypatch):
    asked, executor = [], _blocks.ThreadPoolExecutor
    monkeypatch.setattr(
        _blocks, "ThreadPoolExecutor", lambda workers: asked.append(workers) or executor(workers)
    )
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        for device in ("cpu", "cuda"):
            where = _blocks.Place(torch.device(device), torch.float32, 2)
            assert _blocks.for_each_block(str, torch.zeros(5, 1), where) == ["0", "2", "4"]
    finally:
        torch.set_num_threads(before)
    assert asked == [3, 1]


# Near pairs, whose distances float32 cannot tell.


def near(n_near, n=10, rows=slice(None)):
    """Whether a block of n x n far pairs, of which some are near, has too many near ones."""
    left = torch.tensor([[0.0, 500.0, 1.0]]).expand(n, 3)  # [x, |x|², 1]
    right = torch.tensor([[0.0, 1.0, 500.0]]).expand(n, 3)  # [-2 y, 1, |y|²]
    block = torch.full((n, n), 1.0)  # a thousandth of |x|² + |y|²: just not near
    block[rows].view(-1)[:n_near] = 0.999
    return bool(_blocks._are_many_near(block, left, right))


def test_more_than_one_near_pair_in_a_hundred_is_too_many():
    assert [near(count) for count in (0, 1, 2, 100)] == [False, False, True, True]


def test_32_rows_of_a_block_are_looked_at():
    assert near(6400, n=80, rows=slice(None))
    block, left, right = torch.ones(96, 10), torch.ones(96, 3), torch.ones(10, 3)
    left[:, -2], right[:, -1] = 500.0, 500.0
    block[1::3] = block[2::3] = 0.0
    assert not _blocks._are_many_near(block, left, right)
    block[::3, 0] = 0.0
    assert _blocks._are_many_near(block, left, right)


def test_the_size_of_a_pair_is_that_of_both_cells():
    left = torch.tensor([[0.0, 1500.0, 1.0], [0.0, 0.0, 1.0]])
    right = torch.tensor([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    block = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    assert _blocks._are_many_near(block, left, right)  # the first cell is 1500 large
    assert not _blocks._are_many_near(block, left[[1, 1]], right)
    right[:, -1] = 1500.0
    assert _blocks._are_many_near(block, left[[1, 1]], right)


def test_squares_in_double_precision_keep_what_single_precision_loses():
    rng = np.random.default_rng(0)
    cells = rng.normal(size=(6, 5)).astype(np.float32)
    cells[3:] = cells[:3] + np.float32(1e-4)
    cells -= cells.mean(axis=0)
    y = torch.tensor(cells)
    ones, lengths = torch.ones(6, 1), y.square().sum(dim=1, keepdim=True)
    left, right = torch.cat([y, lengths, ones], dim=1), torch.cat([-2 * y, ones, lengths], dim=1)
    got = _blocks._squares_in_float64(left, right)
    expected = cdist(cells.astype(float), cells.astype(float), "sqeuclidean")
    assert got.dtype == torch.float64
    assert got.numpy() == pytest.approx(expected, rel=1e-6, abs=1e-14)


# Neighbours in blocks.


@pytest.mark.parametrize("k", [1, 2, 3, 5, 7])
def test_the_nearest_are_kept_from_block_to_block(k):
    queries = np.array([[0.0], [10.0], [5.2], [-3.0], [100.0]])
    first, second = np.array([[1.0], [9.0], [6.0]]), np.array([[2.0], [30.0], [-1.5], [7.5]])
    distance = np.abs(queries - np.concatenate([first, second]).T)
    expected = (np.argsort(distance, axis=1)[:, :k] < 3).mean()
    for block in (1, 2, 3, 100):
        got = _nearest.share_of_first(queries, first, second, k, place(block=block))
        assert got == pytest.approx(expected)
