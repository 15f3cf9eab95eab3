"""Which way distances between cells are computed, on how many threads, where, in what memory."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from recon_tutorial.metrics import _blocks, _size, energy_distance, knn_purity, mmd_rbf

from .metric_samples import clouds

BLOCK = 8
ERROR = {"float32": 1e-4, "float64": 1e-6}  # of the mean distance between the samples
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU here")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(_blocks, "BLOCK", {"cpu": BLOCK, "cuda": BLOCK})


# Which way is taken, and how.


def test_small_samples_take_the_plain_formula_and_large_ones_blocks(monkeypatch):
    taken = []
    monkeypatch.setattr(
        _blocks, "three_sums", lambda f, x, y, place: taken.append(place) or (0,) * 3
    )
    half = _size.PLAIN // 2
    cells = np.zeros((half + 1, 1))
    energy_distance(cells[:-1], cells[:-1])
    assert not taken
    energy_distance(cells, cells[:-1])
    energy_distance(cells[:3], cells[:3], dtype="float64")
    assert [place.dtype for place in taken] == [torch.float32, torch.float64]


def test_coarser_products_for_networks_leave_distances_alone():
    true, pred, _ = clouds(0, n=(40, 30, 5), d=40)
    expected = energy_distance(true, pred)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert _blocks.choose_place("cpu", "float32").dtype == torch.float64
        assert energy_distance(true, pred, dtype="float32") == pytest.approx(expected, rel=1e-6)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


def test_threads_are_all_used_one_a_block_and_given_back():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        cells = torch.zeros(6 * BLOCK, 2)
        place = _blocks.choose_place("cpu", "float32")
        seen = _blocks.for_each_block(lambda at: (at, torch.get_num_threads()), cells, place)
        assert seen == [(at, 1) for at in range(0, 6 * BLOCK, BLOCK)]
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_no_digit(threads):
    true, pred, _ = clouds(1, n=(50, 43, 5))
    before = torch.get_num_threads()
    expected = [energy_distance(true, pred, dtype="float32"), mmd_rbf(true, pred, dtype="float32")]
    torch.set_num_threads(threads)
    try:
        got = [energy_distance(true, pred, dtype="float32"), mmd_rbf(true, pred, dtype="float32")]
    finally:
        torch.set_num_threads(before)
    assert got == expected


def test_importing_the_metrics_and_scoring_small_samples_leaves_torch_alone():
    code = (
        "import sys, anndata; before = 'torch' in sys.modules\n"  # old versions bring it
        "from recon_tutorial.metrics import energy_distance, knn_purity, mmd_rbf\n"
        "x, y, z = [[0.0], [1.0]], [[2.0], [3.0]], [[4.0], [7.0]]\n"
        "energy_distance(x, y), mmd_rbf(x, y), knn_purity(x, y, z, k=1, dtype='float32')\n"
        "sys.exit(before != ('torch' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# What is refused.


def calls(**options):
    true, pred, ctrl = clouds(0)
    yield lambda: energy_distance(true, pred, **options)
    yield lambda: energy_distance(true, pred, squared=True, **options)
    yield lambda: mmd_rbf(true, pred, **options)
    yield lambda: knn_purity(true, pred, ctrl, k=3, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "gpu"}, 'device=\'gpu\' is unknown: choose one of "auto", "cpu", "cuda"'),
        ({"dtype": "float16"}, 'dtype=\'float16\' is unknown: choose one of "auto", "float32"'),
    ],
)
def test_unknown_options_are_refused_in_one_sentence(options, words):
    for call in calls(**options):
        with pytest.raises(ValueError) as caught:
            call()
        assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_cuda_without_a_gpu_is_refused_in_one_sentence_and_auto_takes_the_cpu():
    for number, call in enumerate(calls(device="cuda")):
        if number == 1:  # squared: from means, wherever they are
            assert np.isfinite(call())
            continue
        with pytest.raises(ValueError) as caught:
            call()
        assert "device='cuda' needs a GPU but torch finds none here" in str(caught.value)
        assert "\n" not in str(caught.value)
    for dtype in ERROR:
        for auto, cpu in zip(calls(device="auto", dtype=dtype), calls(dtype=dtype), strict=True):
            assert auto() == cpu()


# Memory, in a process of its own with the libraries loaded: what a call adds to the peak.

MEMORY = """
import json, resource, sys
import numpy as np
from pathlib import Path
from recon_tutorial.metrics import energy_distance, knn_purity, mmd_rbf

def peak():
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

def score(cells):
    if sys.argv[1] == "energy_distance":
        energy_distance(cells[0], cells[1], dtype="float32")
    elif sys.argv[1] == "mmd_rbf":
        mmd_rbf(cells[0], cells[1], dtype="float32")
    else:
        knn_purity(*cells, dtype="float32")

def make(n):
    rng = np.random.default_rng(0)
    return [rng.standard_normal((n, 20), dtype=np.float32) for _ in range(3)]

score(make(50))
cells = make(int(sys.argv[2]))
before = peak()
score(cells)
print(json.dumps(peak() - before))
"""


@pytest.mark.parametrize("metric", ["energy_distance", "mmd_rbf", "knn_purity"])
def test_memory_stays_far_below_that_of_the_distances(metric):
    n_cells = 12_000  # 1,100 MB of float64 distances between two samples
    command = [sys.executable, "-c", MEMORY, metric, str(n_cells)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    assert json.loads(done.stdout) < 150


# On a GPU.


@gpu
@pytest.mark.parametrize("dtype", ERROR)
@pytest.mark.parametrize("block", [512, 4096])
def test_a_gpu_gives_the_same_numbers(dtype, block, monkeypatch):
    monkeypatch.setattr(_blocks, "BLOCK", {"cpu": 512, "cuda": block})
    true, pred, ctrl = (cells + 1e3 for cells in clouds(0, n=(1500, 1100, 700), d=30))
    between = cdist(true, pred).mean()
    got = energy_distance(true, pred, device="cuda", dtype=dtype)
    expected = energy_distance(true, pred, dtype="float64")
    assert got == pytest.approx(expected, rel=0, abs=ERROR[dtype] * between)
    for gamma in (None, 0.02):
        got = mmd_rbf(true, pred, gamma=gamma, device="cuda", dtype=dtype)
        expected = mmd_rbf(true, pred, gamma=gamma, dtype="float64")
        assert got == pytest.approx(expected, rel=1e-3)
    got = knn_purity(true, pred, ctrl, device="cuda", dtype=dtype)
    assert got == pytest.approx(knn_purity(true, pred, ctrl, dtype="float64"), abs=1e-3)


@gpu
def test_a_gpu_is_taken_by_auto_for_large_samples_only(monkeypatch):
    taken = []
    monkeypatch.setattr(
        _blocks, "three_sums", lambda f, x, y, place: taken.append(place) or (0,) * 3
    )
    cells = np.zeros((_size.PLAIN, 1))
    energy_distance(cells[:4], cells[:4], device="auto")
    energy_distance(cells, cells, device="auto")
    energy_distance(cells[:4], cells[:4], device="cuda")
    assert [(place.device.type, place.dtype) for place in taken] == [
        ("cuda", torch.float32),
        ("cuda", torch.float64),
    ]
