"""What our scores cost against pertpy's and cell-eval's: the same numbers of the same cells.

pertpy: energy distance and MMD of two samples. cell-eval: all scores of its AnnData profile that
have a counterpart here, for every perturbation of a screen. Both sides in turn, A B A B, in one
process; the largest difference of their numbers is printed beside the seconds. A package that is
not installed is left out and named.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import tempfile
from importlib.util import find_spec
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd
from side_by_side import in_turn, markdown

from recon_tutorial.interop import to_cell_eval
from recon_tutorial.metrics import (
    discrimination,
    energy_distance,
    mmd_rbf,
    mse_mean,
    pearson_delta,
)
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_perturbations

CONTROL = "non-targeting"  # cell-eval's name for controls
DISTANCES = {"l1": "manhattan", "l2": "euclidean", "cosine": "cosine"}


def pertpy_sides(n_cells: int, n_features: int) -> dict:
    """Energy distance and MMD of two samples, by pertpy and by us."""
    Distance = importlib.import_module("pertpy").tools.Distance
    rng = np.random.default_rng(0)
    x, y = (rng.normal(shift, 1, size=(n_cells, n_features)) for shift in (0, 0.5))
    gamma = 1 / (2 * n_features)
    e_distance = Distance(metric="edistance", obsm_key="X")
    mmd = Distance(metric="mmd", obsm_key="X")
    size = f"{n_cells:,} x {n_cells:,} x {n_features}"
    return {
        ("pertpy", "energy distance", size): (
            lambda: energy_distance(x, y, biased=True),
            lambda: e_distance(x, y),
        ),
        ("pertpy", "MMD", size): (
            lambda: mmd_rbf(x, y, gamma=gamma),
            lambda: mmd(x, y, kernel="rbf", gamma=gamma),
        ),
    }


def cell_eval_sides(n_perturbations: int, n_genes: int) -> dict:
    """The scores of a screen's perturbations, by cell-eval and by us."""
    screen = simulate_screen(
        n_perturbations=2 * n_perturbations, cells_per_perturbation=100, n_genes=n_genes
    )
    split = hold_out_perturbations(screen, n=n_perturbations, seed=0)
    rng, guesses = np.random.default_rng(0), {}
    for name in sorted(set(screen.obs["perturbation"][split.test]) - {"control"}):
        cells = screen.X[np.flatnonzero(screen.obs["perturbation"] == name)]
        guesses[name] = np.abs(cells + rng.normal(0, 0.3, cells.shape)).astype(np.float32)
    real, predicted = to_cell_eval(screen, split, guesses)
    names = sorted(guesses)
    size = f"{n_perturbations} perturbations x 100 cells x {n_genes} genes"
    return {
        ("cell-eval", "its profile of means, ranks and distances", size): (
            lambda: _our_profile(real, predicted, names),
            lambda: _their_profile(real, predicted, names),
        )
    }


def _our_profile(real, predicted, names):
    cells = [
        {name: x.X[np.flatnonzero(x.obs["target"] == name)] for name in (*names, CONTROL)}
        for x in (real, predicted)
    ]
    pairs = [(cells[0][name], cells[1][name]) for name in names]
    control = cells[0][CONTROL]
    changes = [
        np.array([part[name].mean(axis=0) for name in names]) - part[CONTROL].mean(axis=0)
        for part in cells
    ]
    far = [[energy_distance(part[n], control, biased=True) for n in names] for part in cells]
    scores = {
        "pearson_delta": [pearson_delta(*pair, control) for pair in pairs],
        "mse": [mse_mean(*pair) for pair in pairs],
        "pearson_edistance": [np.corrcoef(far)[0, 1]] * len(names),
    }
    for theirs, ours in DISTANCES.items():
        ranks = discrimination(*changes, distance=ours, out_of="all")
        scores[f"discrimination_score_{theirs}"] = ranks
    return pd.DataFrame(scores, index=names)


def _their_profile(real, predicted, names):
    cell_eval = importlib.import_module("cell_eval")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        evaluator = cell_eval.MetricsEvaluator(
            adata_pred=predicted.copy(),
            adata_real=real.copy(),
            num_threads=1,
            outdir=folder,
            skip_de=True,
        )
        options = {f"discrimination_score_{d}": {"exclude_target_gene": False} for d in DISTANCES}
        scores, _ = evaluator.compute(
            profile="anndata",
            metric_configs=options,
            skip_metrics=["clustering_agreement"],
            break_on_error=True,
            write_csv=False,
        )
    return pd.DataFrame(scores.to_dicts()).set_index("perturbation").loc[names]


def _difference(ours, theirs):
    """Largest difference of two numbers, or of the columns that two tables share."""
    if isinstance(ours, pd.DataFrame):
        theirs = theirs[list(ours.columns)]
    return float(np.max(np.abs(np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float))))


def compare(
    rounds: int = 3,
    *,
    n_cells: int = 5000,
    n_features: int = 50,
    n_perturbations: int = 50,
    n_genes: int = 500,
) -> pd.DataFrame:
    """Median seconds of both sides, their ratio and the largest difference of their numbers."""
    sides = {}
    if find_spec("pertpy"):
        sides |= pertpy_sides(n_cells, n_features)
    if find_spec("cell_eval"):
        sides |= cell_eval_sides(n_perturbations, n_genes)
    rows = []
    for (package, score, size), (ours, theirs) in sides.items():
        seconds, values = in_turn({"ours": ours, "theirs": theirs}, rounds)
        row = {"package": package, "scores": score, "size": size}
        row |= {"ours, s": median(seconds["ours"]), "theirs, s": median(seconds["theirs"])}
        row["times faster"] = row["theirs, s"] / row["ours, s"]
        rows.append(row | {"difference": _difference(values["ours"], values["theirs"])})
    return pd.DataFrame(rows)


def main() -> None:
    """Run the comparison and print it as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is timed")
    start = perf_counter()
    print(markdown(compare(parser.parse_args().rounds)))
    print(f"\nmeasured in {perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
