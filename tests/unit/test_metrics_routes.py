"""Where large samples go: at which size, with which options, and what a GPU would be handed."""

import sys

import numpy as np
import pytest
import torch

from recon_tutorial.metrics import (
    _blocks,
    _median,
    _nearest,
    _size,
    energy_distance,
    knn_purity,
    mmd_rbf,
    neighbours,
)

from .metric_samples import clouds

CUDA = _blocks.Place(torch.device("cuda"), torch.float32, 8)  # a name: nothing is put there


# At which size.


@pytest.mark.parametrize(
    ("n_cells", "device", "dtype", "precision"),
    [
        (2000, "cpu", "auto", None),
        (2000, "auto", "auto", None),
        (2001, "cpu", "auto", "float32"),
        (2001, "auto", "auto", "float32"),
        (2001, "cuda", "auto", "float32"),
        (2000, "cuda", "auto", "float64"),
        (2, "cpu", "float64", "float64"),
        (2, "cuda", "float32", "float32"),
        (2001, "cpu", "float64", "float64"),
    ],
)
def test_precision_follows_from_size_and_options(n_cells, device, dtype, precision):
    assert _size.block_dtype(n_cells, device, dtype) == precision


@pytest.mark.parametrize("metric", [energy_distance, mmd_rbf])
def test_the_cells_of_both_samples_count_towards_the_size(metric, monkeypatch):
    true, pred, _ = clouds(0, n=(12, 9, 5))
    plain, blocks = metric(true, pred), metric(true, pred, dtype="float32")
    assert plain != blocks  # digits of float32
    monkeypatch.setattr(_size, "PLAIN", 21)
    assert metric(true, pred) == plain
    monkeypatch.setattr(_size, "PLAIN", 20)
    assert metric(true, pred) == blocks


def test_the_cells_of_all_three_samples_count_towards_the_size_of_a_search(monkeypatch):
    searched = []
    monkeypatch.setattr(neighbours, "_share_of_first", lambda *given: searched.append(given) or 0.5)
    cells = clouds(0, n=(12, 9, 5))
    for plain in (26, 25):
        monkeypatch.setattr(_size, "PLAIN", plain)
        assert knn_purity(*cells, k=3) == 0.5
    assert [given[0].dtype for given in searched] == [np.float64, np.float32]
    true, pred, ctrl = cells
    centre = np.concatenate(cells).mean(axis=0)
    for (queries, first, second, k), moved in zip(searched, (0, centre)):
        assert k == 3
        for got, sample in zip((queries, first, second), (pred, true, ctrl)):
            assert got == pytest.approx(sample - moved, abs=1e-6)


def test_small_samples_on_the_cpu_need_no_torch(monkeypatch):
    for name in ("_blocks", "_median", "_nearest"):
        monkeypatch.setitem(sys.modules, f"recon_tutorial.metrics.{name}", None)  # not importable
    true, pred, ctrl = clouds(0)
    assert np.isfinite([energy_distance(true, pred), mmd_rbf(true, pred)]).all()
    assert energy_distance(true, pred, squared=True, dtype="float32") != 0
    for device, dtype in (("cpu", "auto"), ("cpu", "float32"), ("auto", "auto")):
        assert 0 < knn_purity(true, pred, ctrl, device=device, dtype=dtype) < 1
    with pytest.raises(ImportError):
        energy_distance(true, pred, dtype="float32")


# What a place is handed.


def test_the_options_of_a_metric_reach_the_place_where_it_is_computed(monkeypatch):
    asked = []

    def place(device, dtype):
        asked.append((device, dtype))
        return _blocks.Place(torch.device("cpu"), torch.float64, 8)

    monkeypatch.setattr(_blocks, "choose_place", place)
    true, pred, ctrl = clouds(0)
    for options in ({"device": "cuda"}, {"device": "auto", "dtype": "float32"}):
        plain = energy_distance(true, pred), mmd_rbf(true, pred), knn_purity(true, pred, ctrl, k=3)
        blocks = (
            energy_distance(true, pred, **options),
            mmd_rbf(true, pred, **options),
            knn_purity(true, pred, ctrl, k=3, **options),
        )
        assert blocks == pytest.approx(plain, rel=1e-4)
    assert asked == [("cuda", "float64")] * 3 + [("auto", "float32")] * 3


def test_a_search_on_a_gpu_is_left_to_torch_and_on_a_cpu_to_scikit_learn(monkeypatch):
    handed = []
    monkeypatch.setattr(_nearest, "share_of_first", lambda *given: handed.append(given) or 0.125)
    true, pred, ctrl = clouds(0)
    expected = knn_purity(true, pred, ctrl, k=4)
    monkeypatch.setattr(
        _blocks, "choose_place", lambda *_: CUDA._replace(device=torch.device("cpu"))
    )
    assert knn_purity(true, pred, ctrl, k=4, device="auto", dtype="float64") == expected
    assert not handed
    monkeypatch.setattr(_blocks, "choose_place", lambda *_: CUDA)
    assert knn_purity(true, pred, ctrl, k=4, device="cuda") == 0.125
    ((queries, first, second, k, place),) = handed
    assert (k, place) == (4, CUDA)
    for got, sample in zip((queries, first, second), (pred, true, ctrl)):
        assert np.array_equal(got, sample)


@pytest.mark.parametrize(
    ("device", "dtype", "place"),
    [
        ("cpu", "float32", (torch.device("cpu"), torch.float32, 512)),
        ("cpu", "float64", (torch.device("cpu"), torch.float64, 512)),
        ("cuda", "float32", (torch.device("cuda"), torch.float32, 4096)),
        ("auto", "float64", (torch.device("cuda"), torch.float64, 4096)),
    ],
)
def test_blocks_are_larger_on_a_gpu(device, dtype, place, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert _blocks.choose_place(device, dtype) == place


def test_products_of_unknown_precision_are_not_trusted(monkeypatch):
    def unknown():
        raise RuntimeError("set by newer switches")

    monkeypatch.setattr(torch, "get_float32_matmul_precision", unknown)
    assert _blocks.choose_place("cpu", "float32").dtype == torch.float64


# Every number stays where its place says, whatever device a caller made torch's default.


class Inline:
    """An executor that runs its tasks in the caller's thread, where a default device holds."""

    def __init__(self, workers):
        self.workers = workers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    map = staticmethod(map)


def test_a_default_device_elsewhere_moves_nothing(monkeypatch):
    monkeypatch.setattr(_blocks, "ThreadPoolExecutor", Inline)
    true, pred, ctrl = clouds(0, n=(12, 9, 14))
    place = _blocks.Place(torch.device("cpu"), torch.float64, 8)
    with torch.device("meta"):  # holds shapes and no numbers: a sum with it cannot be read
        distance = energy_distance(true, pred, dtype="float64")
        median = _median.median_square(true, pred, place)
        purity = _nearest.share_of_first(pred, true, ctrl, 5, place)
    assert distance == pytest.approx(energy_distance(true, pred))
    assert purity == knn_purity(true, pred, ctrl, k=5)
    assert median == pytest.approx(_median.median_square(true, pred, place))
