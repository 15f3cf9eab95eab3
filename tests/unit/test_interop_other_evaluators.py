"""cell-eval and pertpy read what is written for them, and print numbers of ours.

Neither is needed by the package, and no number is stored here.
"""

import numpy as np
import pandas as pd
import pytest

from recon_tutorial.evaluation import evaluate
from recon_tutorial.interop import Recorded, to_cell_eval, to_pertpy
from recon_tutorial.metrics import (
    discrimination,
    energy_distance,
    mmd_rbf,
    mse_mean,
    pearson_delta,
)
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_perturbations

from .optional import other_evaluator
from .test_interop_exports import KNOBS, cells_of, guess, held_out


@pytest.fixture(scope="module")
def world():
    screen = simulate_screen(**KNOBS, n_genes=25, seed=5)
    return screen, hold_out_perturbations(screen, n=6, seed=1)


def scored_by_cell_eval(real, predicted, folder):
    """Return its scores, one row per perturbation."""
    evaluator = other_evaluator("cell_eval").MetricsEvaluator(
        adata_pred=predicted.copy(),
        adata_real=real.copy(),
        num_threads=1,
        outdir=str(folder),
        skip_de=True,
    )
    options = {f"discrimination_score_{d}": {"exclude_target_gene": False} for d in ("l1", "l2")}
    scores, _ = evaluator.compute(
        profile="anndata",
        metric_configs=options,
        skip_metrics=["clustering_agreement"],  # has no counterpart here
        break_on_error=True,
        write_csv=False,
    )
    return pd.DataFrame(scores.to_dicts()).set_index("perturbation").sort_index()


@pytest.fixture(scope="module")
def cell_eval(world, tmp_path_factory):
    """Return cell-eval's scores, and what it was given."""
    pair = to_cell_eval(*world, guess(*world))
    return scored_by_cell_eval(*pair, tmp_path_factory.mktemp("cell-eval")), *pair


def test_cell_eval_agrees_on_means(cell_eval):
    scores, real, predicted = cell_eval
    assert len(scores) == 6
    control = cells_of(real, "non-targeting")
    for name, row in scores.iterrows():
        true, pred = cells_of(real, name), cells_of(predicted, name)
        assert pearson_delta(true, pred, control) == pytest.approx(row["pearson_delta"], abs=1e-5)
        assert mse_mean(true, pred) == pytest.approx(row["mse"], rel=1e-4)


def test_cell_eval_agrees_on_discrimination(cell_eval):
    scores, real, predicted = cell_eval
    changes = [
        np.array([cells_of(x, name).mean(axis=0) for name in scores.index])
        - cells_of(x, "non-targeting").mean(axis=0)
        for x in (real, predicted)
    ]
    for theirs, ours in (("l1", "manhattan"), ("l2", "euclidean"), ("cosine", "cosine")):
        found = discrimination(*changes, distance=ours, out_of="all")
        assert found.tolist() == pytest.approx(scores[f"discrimination_score_{theirs}"].tolist())


def test_cell_eval_correlates_our_biased_energy_distances(cell_eval):
    scores, real, predicted = cell_eval
    control = cells_of(real, "non-targeting")
    distances = [
        [energy_distance(cells_of(x, name), control, biased=True) for name in scores.index]
        for x in (real, predicted)
    ]
    assert scores["pearson_edistance"].nunique() == 1
    expected = scores["pearson_edistance"].iloc[0]
    assert np.corrcoef(distances)[0, 1] == pytest.approx(expected, abs=1e-4)


def test_evaluate_and_cell_eval_agree_where_every_half_has_the_mean_of_all(world, tmp_path):
    screen, split = world[0].copy(), world[1]
    theirs = {name: cells[:1] for name, cells in guess(screen, split).items()}
    for name in theirs:
        rows = np.flatnonzero(screen.obs["perturbation"] == name)
        screen.X[rows] = screen.X[rows].mean(axis=0)
    scores = scored_by_cell_eval(*to_cell_eval(screen, split, theirs), tmp_path)
    ours = {"pearson_delta": {}, "mse_mean": {}, "discrimination": {"out_of": "all"}}
    models = {"theirs": Recorded(theirs, screen, use_rep="X")}
    results = evaluate(models, screen, split, metrics=ours, use_rep="X").set_index("model")
    found = results.loc["theirs"].pivot(index="perturbation", columns="metric", values="value")
    found = found.loc[scores.index]
    for theirs, ours in (
        ("pearson_delta", "pearson_delta"),
        ("mse", "mse_mean"),
        ("discrimination_score_l2", "discrimination"),
    ):
        assert found[ours].tolist() == pytest.approx(scores[theirs].tolist(), rel=1e-4)


def test_pertpy_agrees_on_energy_distance_and_mmd(world):
    distance = other_evaluator("pertpy").tools.Distance
    screen, split = world
    cells = to_pertpy(screen, split, guess(screen, split), use_rep="X")
    names = held_out(screen, split)
    groups = [f"{name} ({kind})" for name in names for kind in ("true", "predicted")]
    quiet = {"groupby": "group", "groups": groups, "show_progressbar": False, "n_jobs": 1}
    theirs = distance("edistance", obsm_key="X").pairwise(cells, **quiet)
    mmd = distance("mmd", obsm_key="X").pairwise(cells, **quiet, kernel="rbf", gamma=0.1)
    parts = {g: cells.obsm["X"][(cells.obs["group"] == g).to_numpy()] for g in groups}
    for name in names:
        pair = f"{name} (true)", f"{name} (predicted)"
        true, pred = (parts[group] for group in pair)
        assert energy_distance(true, pred, biased=True) == pytest.approx(theirs.loc[pair], rel=1e-4)
        assert mmd_rbf(true, pred, gamma=0.1) == pytest.approx(mmd.loc[pair], rel=1e-4)
