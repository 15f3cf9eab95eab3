"""Memory: what is written, fitted and predicted chunk by chunk is never in memory whole."""

import os
import subprocess
import sys

import anndata
import numpy as np
import pandas as pd
import pytest

from recon_tutorial import _mapped
from recon_tutorial.streaming import open_pairs

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="memory is read from /proc, which is absent"
)

WRITER = """
import sys
from recon_tutorial.streaming import write_pairs
def high():
    return next(int(x.split()[1]) for x in open("/proc/self/status") if x.startswith("VmHWM"))
write_pairs(sys.argv[1] + "small.h5ad", sys.argv[1] + "small", how="true")
before = high()
write_pairs(sys.argv[1] + "large.h5ad", sys.argv[1] + "large", how="true")
print((high() - before) / 2**10)
"""


def test_a_writer_needs_far_less_memory_than_the_cells(tmp_path):
    rng, width = np.random.default_rng(0), 512
    for name, n in (("small", 100), ("large", 50_000)):  # 200 MB in all, 100 of them controls
        obs = pd.DataFrame({"perturbation": np.repeat(["control", "p"], n)})
        obs.index, obs["partner"] = obs.index.astype(str), [*[""] * n, *map(str, range(n))]
        uns = {"descriptors": pd.DataFrame({"d": [1.0]}, index=["p"])}
        screen = anndata.AnnData(np.zeros((2 * n, 1), np.float32), obs=obs, uns=uns)
        screen.obsm["X_emb"] = rng.standard_normal((2 * n, width), dtype=np.float32)
        screen.write_h5ad(tmp_path / f"{name}.h5ad")
    command = [sys.executable, "-c", WRITER, f"{tmp_path}{os.sep}"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(run.stdout) < 70
    np.testing.assert_array_equal(open_pairs(tmp_path / "large").ctrl, screen.obsm["X_emb"][:n])


FIT = """
import sys
import numpy as np
from recon_tutorial.predictors import *
from recon_tutorial.predictors import _epochs
_epochs.BUFFER = 2**23
def now(key):
    return next(int(x.split()[1]) for x in open("/proc/self/status") if x.startswith(key)) / 2**10
def fit(folder, how):
    rows = [np.load(f"{folder}/{x}.npy", mmap_mode="r") for x in ("ctrl", "pert", "cov")]
    model, options = {
        "shift": (MLPPerturbationPredictor(64, 4, 8, predict="shift"), {"epochs": 1}),
        "sets": (SetPredictor(64, 4, n_hidden=8), {"iterations": 100}),
        "ridge": (RidgeShift(), {}),
    }[how]
    model.train(*rows, **options)
    model.predict(rows[0][:60_000], rows[2][:60_000])
fit(sys.argv[1] + "/small", sys.argv[2])
before = now("VmRSS")
fit(sys.argv[1] + "/large", sys.argv[2])
print(now("VmHWM") - before)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A folder with 500 and with 400,000 rows on disk: 211 MB."""
    folder = tmp_path_factory.mktemp("rows")
    rng = np.random.default_rng(0)
    for name, n in (("small", 500), ("large", 400_000)):
        (folder / name).mkdir()
        for part, width in (("ctrl", 64), ("pert", 64), ("cov", 4)):
            rows = rng.standard_normal((500, width), dtype=np.float32)
            np.save(folder / name / part, np.tile(rows, (n // 500, 1)))
    return folder


@pytest.mark.parametrize("how", ["shift", "sets", "ridge"])
def test_a_streamed_fit_never_has_all_rows_in_memory(how, large):
    command = [sys.executable, "-c", FIT, str(large), how]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(run.stdout) < 140  # all rows are 211


def test_what_was_written_to_a_private_map_is_not_undone(tmp_path):
    np.save(tmp_path / "rows", np.zeros((9, 2), np.float32))
    private = np.load(tmp_path / "rows.npy", mmap_mode="c")
    private[:] = 7
    np.testing.assert_array_equal(_mapped.read(private, slice(0, 3)), 7)
    np.testing.assert_array_equal(private, 7)


def test_what_was_written_to_a_shared_map_is_kept(tmp_path):
    shared = np.memmap(tmp_path / "shared", np.float32, "w+", shape=(3, 2))
    shared[:] = 7
    _mapped.release(shared[1:])
    np.testing.assert_array_equal(shared, 7)
