"""What distances between many cells cost: against scikit-learn's formulas, and as cells grow.

`compare` times both sides in turn, A B A B, in one process. `growth` runs each size in a process
of its own, so that the peak memory is that of one call, and fits seconds = a * cells ^ exponent.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd
from side_by_side import in_turn, markdown, peak_memory
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import NearestNeighbors

from recon_tutorial.metrics import energy_distance, knn_purity, mmd_rbf

METRICS = ("energy_distance", "mmd_rbf", "knn_purity")
K = 20


def samples(n_cells: int, n_features: int) -> list[np.ndarray]:
    """True, predicted and control cells as a screen holds them: float32, away from the origin."""
    rng = np.random.default_rng(0)
    made = []
    for shift in (2.0, 2.1, 1.5):
        cells = rng.standard_normal((n_cells, n_features), dtype=np.float32)
        cells += shift
        made.append(cells)
    return made


def ours(metric: str, true, pred, ctrl, **options) -> float:
    """One metric of the package, with the options that make both sides compute the same."""
    if metric == "energy_distance":
        return energy_distance(true, pred, biased=True, **options)
    if metric == "mmd_rbf":
        return mmd_rbf(true, pred, **options)
    return knn_purity(true, pred, ctrl, k=K, **options)


def theirs(metric: str, true, pred, ctrl, gamma: float) -> float:
    """The same metric from scikit-learn's pairwise functions, as ReconEval writes it."""
    if metric == "knn_purity":
        search = NearestNeighbors(n_neighbors=K).fit(np.concatenate([true, ctrl]))
        return float((search.kneighbors(pred, return_distance=False) < len(true)).mean())
    if metric == "energy_distance":
        between = pairwise_distances(true, pred).mean()
        return 2 * between - pairwise_distances(true).mean() - pairwise_distances(pred).mean()
    between = rbf_kernel(true, pred, gamma).mean()
    return rbf_kernel(true, gamma=gamma).mean() + rbf_kernel(pred, gamma=gamma).mean() - 2 * between


def compare(
    sizes=(2000, 5000, 10_000), *, n_features: int = 128, rounds: int = 3, metrics=METRICS
) -> pd.DataFrame:
    """Median seconds of both sides, their ratio and the difference of their values."""
    rows = []
    for metric in metrics:
        for n_cells in sizes:
            # float64: scikit-learn returns float32 distances for float32 cells.
            cells = [sample.astype(np.float64) for sample in samples(n_cells, n_features)]
            gamma = 1 / (2 * n_features)
            options = {"gamma": gamma} if metric == "mmd_rbf" else {}
            sides = {
                "ours": lambda m=metric, c=cells, o=options: ours(m, *c, **o),
                "scikit-learn": lambda m=metric, c=cells, g=gamma: theirs(m, *c, g),
            }
            seconds, values = in_turn(sides, rounds)
            mine, other = (median(seconds[side]) for side in sides)
            row = {"metric": metric, "cells": f"{n_cells:,} x {n_cells:,}", "features": n_features}
            row |= {"seconds": mine, "scikit-learn": other, "times faster": other / mine}
            rows.append(row | {"difference": values["ours"] - values["scikit-learn"]})
    return pd.DataFrame(rows)


def growth(
    sizes=(12_500, 25_000, 50_000, 100_000), *, n_features: int = 50, metrics=METRICS
) -> pd.DataFrame:
    """Seconds and extra peak memory of each size, with the exponent fitted over all sizes."""
    tables = []
    for metric in metrics:
        rows = []
        for n_cells in sizes:
            command = [sys.executable, str(Path(__file__).resolve()), "--one", metric]
            command += ["--sizes", str(n_cells), "--features", str(n_features)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            row = {"metric": metric, "cells": n_cells, "features": n_features}
            rows.append(row | json.loads(done.stdout))
        table = pd.DataFrame(rows)
        table["exponent"] = np.nan
        if len(table) > 1:
            logs = np.log(table["cells"]), np.log(table["seconds"])
            table["exponent"] = np.polyfit(*logs, 1)[0]
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def one(metric: str, n_cells: int, n_features: int) -> dict:
    """Seconds, value and extra peak memory of one call in this process, libraries loaded."""
    ours(metric, *samples(2 * K, n_features), dtype="float32")
    cells = samples(n_cells, n_features)
    before, start = peak_memory(), perf_counter()
    value = ours(metric, *cells)
    seconds = perf_counter() - start
    return {"seconds": seconds, "extra MB": peak_memory() - before, "value": value}


def main() -> None:
    """Run what was asked for and print it as Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["compare", "growth"], help="both by default")
    parser.add_argument("--sizes", type=int, nargs="+", help="cells in each sample")
    parser.add_argument("--features", type=int, help="128 to compare, 50 for growth")
    parser.add_argument("--metrics", nargs="+", choices=METRICS, default=METRICS)
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is timed")
    parser.add_argument("--one", choices=METRICS, help="one call of this metric, as JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one, given.sizes[0], given.features)))
        return
    options = {"metrics": given.metrics}
    options |= {"n_features": given.features} if given.features else {}
    sizes = [given.sizes] if given.sizes else []
    if given.what != "growth":
        print(markdown(compare(*sizes, rounds=given.rounds, **options)), "\n", flush=True)
    if given.what != "compare":
        print(markdown(growth(*sizes, **options)))


if __name__ == "__main__":
    main()
