"""One thread or two: the same numbers, within what `reference/execution.md` promises."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from .project_files import ROOT
from .threaded_numbers import BASELINES, METRICS, NETWORKS

SCRIPT = Path(__file__).with_name("threaded_numbers.py")
TOLERANCE = 1e-6  # of the largest number of its kind: float32 has 7 digits
NAMES = {kind.__name__ for kind in BASELINES} | {*NETWORKS, "decoder", "evaluate"}
NAMES |= {f"metric {name}" for name in METRICS}


def run_with(threads, folder):
    """Start a process that computes all the numbers with so many threads."""
    path = folder / f"{threads}.npz"
    count = {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL")}
    env = os.environ | count | {"PYTHONPATH": str(ROOT)}
    words = [sys.executable, str(SCRIPT), str(path), str(threads)]
    return path, subprocess.Popen(words, env=env, stderr=subprocess.PIPE, text=True)


def read(path, process):
    said = process.communicate()[1]
    assert process.returncode == 0, said
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


# One test, so that several workers do not compute all of it once each.
def test_one_thread_and_two_give_the_same_numbers(tmp_path):
    one, two = [read(*started) for started in [run_with(count, tmp_path) for count in (1, 2)]]
    assert one.pop("threads").tolist() == [1, 1]
    if os.cpu_count() > 1:
        assert two["threads"].tolist() == [2, 2]
    assert set(one) == NAMES  # nothing was left out
    apart = {}
    for name, numbers in one.items():
        assert np.isfinite(numbers).any(), name
        assert np.array_equal(np.isfinite(numbers), np.isfinite(two[name])), name
        gap = np.nanmax(np.abs(numbers.astype(float) - two[name]))
        apart[name] = gap / np.nanmax(np.abs(numbers))
    assert {name: gap for name, gap in apart.items() if not gap <= TOLERANCE} == {}


def test_the_page_tells_the_tolerance():
    page = (ROOT / "book/reference/execution.md").read_text()
    (told,) = re.findall(r"within (\S+) of the largest", page)
    assert float(told) == TOLERANCE
