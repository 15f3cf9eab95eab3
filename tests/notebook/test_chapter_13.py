"""Chapter 13 keeps its claims at other sizes, and what it derives is what it imports.

Seconds differ from machine to machine and from run to run: what they are is not tested.
"""

import itertools
import os
from functools import partial
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from recon_tutorial.metrics import energy_distance
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import MeanShift
from recon_tutorial.running import grid_points
from recon_tutorial.screen import simulate_screen

NAME = "13_scaling_out"
ROOT = Path(__file__).parents[2]
SMALL = {
    "n_train": [12],
    "worlds": [5],
    "cell_sizes": [400, 800, 1600],
    "dim_sizes": [16, 32, 64],
    "perturbation_sizes": [3, 6, 12],
    "row_sizes": [300, 600, 1200],
    "repeats": 1,
    "seed": 7,
}


@pytest.fixture
def derived(definition):
    """Return a function that gives the chapter's own definition of a name."""
    return partial(definition, NAME, np=np, itertools=itertools)


def printed(notebook):
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    return "".join(o.get("text", "") for o in outputs if o.output_type == "stream")


@pytest.mark.parametrize("block", [7, 64, 1000])
def test_the_energy_distance_in_blocks_by_hand_is_that_of_the_package(derived, block):
    rng = np.random.default_rng(3)
    true, pred = rng.normal(0, 1, (150, 5)), rng.normal(0.4, 1, (90, 5))
    total = derived("sum_of_distances_by_hand")
    by_hand = derived("energy_distance_by_hand", sum_of_distances_by_hand=total)
    for dtype, near in (("auto", 1e-6), ("float64", 1e-6), ("float32", 1e-4)):
        assert by_hand(true, pred, block) == pytest.approx(
            energy_distance(true, pred, dtype=dtype), abs=near
        )


def test_the_grid_by_hand_has_the_points_of_the_package(derived, tmp_path):
    cell = nbformat.v4.new_code_cell("a: int = 0\nb: str = ''", metadata={"tags": ["parameters"]})
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = tmp_path / "any.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": spec}), path)
    for grid in ({"a": [1, 2, 3], "b": ["x", "y"]}, {"b": ["z"]}):
        by_hand = derived("grid_points_by_hand")(grid)
        assert by_hand == list(grid_points(path, grid).values())


def test_the_mean_shift_by_hand_is_that_of_the_package(derived):
    screen = simulate_screen(n_perturbations=5, cells_per_perturbation=30, embed_dim=6, seed=2)
    pairs = make_pairs(screen, how="random", seed=2)
    model = MeanShift()
    model.train(*pairs[:3])
    expected = model.predict(np.zeros((1, 6), dtype=np.float32), pairs.cov[:1])[0]
    for block in (1, 40, 10_000):
        by_hand = derived("mean_shift_by_hand")(pairs, block)
        np.testing.assert_allclose(by_hand, expected, atol=1e-5)


def test_an_estimate_interpolates_within_and_gives_a_range_beyond(derived):
    sizes = np.array([1000.0, 2000, 4000])
    curves = {"square": pd.Series(sizes**2, sizes), "bent": pd.Series([1.0, 1.5, 3.0], sizes)}
    known = {"curves": curves, "expected": dict.fromkeys(curves, 2.0)}
    estimate = derived("estimate", exponents=derived("exponents"), **known)
    np.testing.assert_allclose(estimate("square", 3000), 3000**2, rtol=1e-9)
    np.testing.assert_allclose(estimate("square", 40_000), 40_000**2, rtol=1e-9)
    low, middle, high = estimate("bent", 8000)
    assert (low, middle, high) == pytest.approx((4.5, 6.0, 12.0))  # powers log2(1.5), 1 and 2


def test_the_chapter_at_other_sizes(run_chapter, needs):
    needs("sweep")
    result, notebook = run_chapter(NAME, **SMALL)
    numbers = result["numbers"]
    assert numbers["missing"] == {}
    assert all(numbers["equal"].values())
    failure = numbers["failure"]
    assert failure["others unharmed"] is True and failure["run twice"] == 0
    assert "ValueError: train holds no perturbed cell" in failure["said"]
    assert set(numbers["spread"]) == {"12"} and numbers["spread"]["12"]["mean"] > 0.5
    assert "1 of 2 runs failed:" in printed(notebook)
    assert "1 runs asked for, 0 run again" in printed(notebook)
    check_the_rest(numbers)


def test_without_dask_the_page_says_so_and_goes_on(run_chapter, tmp_path, monkeypatch):
    absent = tmp_path / "hidden" / "distributed" / "__init__.py"
    absent.parent.mkdir(parents=True)
    absent.write_text('raise ImportError("hidden by a test")\n')
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "hidden"), str(ROOT)]))
    result, notebook = run_chapter(NAME, **SMALL)
    numbers = result["numbers"]
    message = "hidden by a test; pip install 'recon-tutorial[sweep]'"
    assert numbers["missing"] == {"distributed": message}
    assert f"The sweep is left out of this page: {message}\n" in printed(notebook)
    assert numbers["spread"] == {}
    assert numbers["failure"] == {"said": "", "others unharmed": None, "run twice": None}
    assert all(numbers["equal"].values())
    check_the_rest(numbers)


def check_the_rest(numbers):
    """What needs no sweep: equal numbers from blocks and from disk, and a bill that adds up."""
    gaps = numbers["gaps"]
    assert gaps["float64"] < 1e-6 and gaps["float32"] < 1e-4
    assert gaps["mean shift"] < 1e-5
    assert gaps["fit"] < 1e-4 * gaps["shifts reach"]
    assert numbers["start_up"] > 0
    for seconds in numbers["curves"].values():
        assert len(seconds) == 3 and all(value > 0 for value in seconds.values())
    rows = numbers["bill"]
    assert len(rows) == 4
    for row in rows.values():
        assert 0 < row["at least"] <= row["core hours"] <= row["at most"]
        assert row["euros"] == pytest.approx(0.05 * row["core hours"])
        assert row["hours"] == pytest.approx(row["core hours"] / row["cores"])
    parts = ("a fit", "energy distance, group by group")
    run = sum(rows[name]["core hours"] for name in parts) + numbers["start_up"] / 3600
    assert rows["a sweep of 100 settings"]["core hours"] == pytest.approx(7 * 16 * run)
    assert numbers["on_disk_gb"] == pytest.approx(5.06, abs=0.01)  # 9,591,403 rows of 132 float32
