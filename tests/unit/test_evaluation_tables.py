"""The tables that evaluation takes and gives: columns, rows, numbers and what is said of others."""

import json
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest

from recon_tutorial.evaluation import (
    calibrate,
    compare,
    evaluate,
    leaderboard,
    save_results,
)
from recon_tutorial.predictors import NoChange, RidgeShift
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import split_cells

from .refusals import says

KNOBS = {"n_perturbations": 3, "cells_per_perturbation": 20, "embed_dim": 4, "cov_dim": 2}
GIVEN = ["model", "space", "metric", "perturbation", "context", "value", "note"]


def scores(metric="energy_distance", n=9):
    values = {"no change": 6.0, "mean shift": 4.0, "replicate": 0.5, "m": 1.0}
    rows = [
        (model, "embedding", metric, f"p{i}", "all", value + 0.1 * i, "")
        for model, value in values.items()
        for i in range(n)
    ]
    return pd.DataFrame(rows, columns=GIVEN)


@pytest.mark.parametrize("metric", ["energy_distance", "variance_ratio"])
def test_calibration_adds_three_columns_before_the_note(metric):
    given = scores(metric)
    out = calibrate(given)
    assert list(out.columns) == [*GIVEN[:-1], "floor", "ceiling", "scaled", "note"]
    pd.testing.assert_frame_equal(out[GIVEN[:-1]], given[GIVEN[:-1]])
    assert out["ceiling"].notna().all()
    assert out["floor"].isna().all() == (metric == "variance_ratio")


@pytest.mark.parametrize("column", [c for c in GIVEN if c != "note"])
def test_a_column_that_calibration_lacks_is_named(column):
    sentence = f"scores has no column {column!r}: pass the table it is made from"
    says(sentence, calibrate, scores().drop(columns=column))


def test_a_note_is_needed_too():
    sentence = "scores has no column 'note': pass the table it is made from"
    says(sentence, calibrate, scores().drop(columns="note"))
    says("scores is a dict: pass a DataFrame", calibrate, {})


@pytest.mark.parametrize("rank", [leaderboard, lambda table: compare(table, "m", "no change")])
@pytest.mark.parametrize(
    "column", ["model", "space", "metric", "perturbation", "value", "floor", "ceiling"]
)
def test_a_column_that_ranking_lacks_is_named(rank, column):
    sentence = f"results has no column {column!r}: pass the table it is made from"
    says(sentence, rank, calibrate(scores()).drop(columns=column))


def test_what_is_saved_is_a_table(tmp_path):
    says("results is a str: pass a DataFrame", save_results, "scores", tmp_path / "a.csv")
    says("path is a int: pass a path", save_results, calibrate(scores()), 3)


def test_the_header_is_json_that_people_and_other_programs_can_read(tmp_path):
    table = calibrate(scores())
    table.attrs = {"seed": 0, "versions": {"numpy": "2"}}
    path = save_results(table, tmp_path / "a.csv")
    header = {
        "seed": 0,
        "versions": {"numpy": "2"},
        "sha256": sha256(path.read_bytes()).hexdigest(),
    }
    assert path.with_suffix(".json").read_text() == json.dumps(header, indent=2) + "\n"
    table.attrs["seed"] = float("nan")  # which is no JSON
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_results(table, tmp_path / "b.csv")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.csv", "a.json"]


@pytest.mark.parametrize("rank", [leaderboard, lambda t, **o: compare(t, "m", "no change", **o)])
def test_draws_and_seeds_that_are_none(rank):
    table = calibrate(scores())
    says("n_boot=0 must be at least 1", rank, table, n_boot=0)
    says("seed=-1 must be at least 0", rank, table, seed=-1)
    rank(table, n_boot=1, seed=0)


def test_numbers_that_evaluation_refuses():
    screen = simulate_screen(**KNOBS, n_genes=5)
    split, models = split_cells(screen, 0.4), {"m": NoChange()}
    says("n_boot=0 must be at least 1", evaluate, models, screen, split, n_boot=0)
    says("seed=-1 must be at least 0", evaluate, models, screen, split, seed=-1)
    evaluate(models, screen, split, metrics=["mse_mean"], n_boot=1, seed=0)


def test_training_pairs_stay_within_their_context():
    screen = simulate_screen(**KNOBS, n_contexts=2, n_genes=5)
    split, given = split_cells(screen, 0.5), {}

    class Spy(RidgeShift):
        def train(self, ctrl_emb, pert_emb, pert_cov):
            given["ctrl"] = ctrl_emb
            super().train(ctrl_emb, pert_emb, pert_cov)

    evaluate({"spy": Spy()}, screen, split, metrics=["mse_mean"], pairing="mean")
    train = screen[split.train]
    control = (train.obs["perturbation"] == "control").to_numpy()
    for context in ("context0", "context1"):
        here = (train.obs["context"] == context).to_numpy()
        mean = train.obsm["X_emb"][control & here].mean(axis=0)
        mine = given["ctrl"][here[~control]]
        np.testing.assert_allclose(mine, np.tile(mean, (len(mine), 1)), rtol=1e-5)


def test_the_embedding_that_is_named_is_scored_and_handed_on():
    screen = simulate_screen(**KNOBS, paired=True, n_genes=5)
    split = split_cells(screen, 0.4)
    screen.obsm["X_half"] = screen.obsm["X_emb"][:, :2] / 2
    chosen = {"metrics": ["mse", "mse_mean"], "pairing": "true"}
    half = evaluate({"r": RidgeShift()}, screen, split, use_rep="X_half", **chosen)
    screen.obsm["X_emb"] = screen.obsm["X_half"]
    whole = evaluate({"r": RidgeShift()}, screen, split, **chosen)
    pd.testing.assert_frame_equal(half, whole)
    assert half["value"].notna().any()


def test_names_of_genes_are_part_of_the_record_where_genes_are_scored():
    screen = simulate_screen(**KNOBS, n_genes=5)
    split, hashes = split_cells(screen, 0.4), set()
    for names in (screen.var_names, [f"gene{i}" for i in range(100, 105)]):
        screen.var_names = names
        results = evaluate({"m": NoChange()}, screen, split, metrics=["mse_mean"], use_rep="X")
        hashes.add(results.attrs["data_sha256"])
    assert len(hashes) == 2
