"""What an evaluation records beside its scores, its defaults, and the bar that it shows."""

import platform
import re
import time
from hashlib import sha256
from importlib import metadata

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recon_tutorial.evaluation import evaluate
from recon_tutorial.predictors import MeanShift, NoChange, RidgeShift
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import split_cells

KNOBS = {"n_perturbations": 3, "cells_per_perturbation": 40, "embed_dim": 4, "cov_dim": 2}


@pytest.fixture(scope="module")
def screen():
    return simulate_screen(**KNOBS, n_genes=5, paired=True)


@pytest.fixture(scope="module")
def split(screen):
    return split_cells(screen, 0.4)


def scores(screen, split, models=None, metrics=("mse_mean", "knn_purity"), **options):
    models = {"ridge": RidgeShift()} if models is None else models
    return evaluate(models, screen, split, metrics=metrics, **options)


def test_the_defaults_are_those_that_are_documented(screen, split):
    results = scores(screen, split)
    spelled_out = {
        "decoder": None,
        "pairing": "random",
        "train_options": {},
        "use_rep": "X_emb",
        "n_boot": 1000,
        "seed": 0,
    }
    spelled = scores(screen, split, **spelled_out, metrics={"mse_mean": {}, "knn_purity": None})
    pd.testing.assert_frame_equal(results, spelled, check_exact=True)
    for key in ("pairing", "n_boot", "seed"):
        assert results.attrs[key] == spelled_out[key]
    other = scores(screen, split, pairing="mean", n_boot=7, seed=3)
    assert [other.attrs[key] for key in ("pairing", "n_boot", "seed")] == ["mean", 7, 3]
    assert other.attrs["claim"] == results.attrs["claim"] == "unseen cells"


def test_every_metric_is_scored_unless_some_are_named(screen, split):
    everything = evaluate({"ridge": RidgeShift()}, screen, split)
    assert everything["metric"].nunique() > 8
    assert set(scores(screen, split)["metric"]) == {"mse_mean", "knn_purity"}


def test_options_reach_their_metric_and_the_record(screen, split):
    default, same, other = (
        scores(screen, split, metrics=chosen)
        for chosen in (["knn_purity"], {"knn_purity": {"k": 10}}, {"knn_purity": {"k": 3}})
    )
    assert default.attrs["options"] == same.attrs["options"] == {"knn_purity": {"k": 10}}
    assert other.attrs["options"] == {"knn_purity": {"k": 3}}
    assert default["value"].equals(same["value"]) and not default["value"].equals(other["value"])
    assert scores(screen, split).attrs["options"] == {"mse_mean": {}, "knn_purity": {"k": 10}}


def test_seconds_to_fit_are_those_of_train_alone(screen, split):
    class Slow(RidgeShift):
        def train(self, *rows):
            time.sleep(0.02)
            super().train(*rows)

        def predict(self, *rows):
            time.sleep(0.5)
            return super().predict(*rows)

    class Fails(NoChange):
        def train(self, *rows):
            raise OSError("no")

    seconds = scores(screen, split, {"slow": Slow(), "fails": Fails()}).attrs["fit_seconds"]
    assert list(seconds) == ["slow", "no change", "mean shift"]
    assert 0.02 <= seconds["slow"] < 0.4
    assert all(round(value, 4) == value >= 0 for value in seconds.values())


def test_floors_that_were_passed_are_not_fitted_twice(screen, split):
    fitted = []

    class Recorded(MeanShift):
        def train(self, *rows, **options):
            fitted.append(options)
            super().train(*rows)

    results = scores(
        screen,
        split,
        {"mean shift": Recorded(), "no change": NoChange()},
        train_options={"mean shift": {"epochs": 2}},
    )
    assert fitted == [{"epochs": 2}]
    assert set(results["model"]) == {"replicate", "mean shift", "no change"}


def test_a_bar_over_models_is_shown_on_request_only(screen, split, capsys):
    scores(screen, split, progress=True)
    shown = capsys.readouterr().err
    assert re.search(r"evaluate: 100%.* 3/3 ", shown) and "model" in shown
    for quiet in (False, None):  # None: in a terminal, which this is not
        scores(screen, split, progress=quiet)
        assert capsys.readouterr().err == ""


def test_the_versions_are_those_of_this_environment(screen, split):
    versions = scores(screen, split).attrs["versions"]
    assert versions.pop("python") == platform.python_version()
    names = ["recon-tutorial", "numpy", "scipy", "pandas", "scikit-learn", "torch", "anndata"]
    assert list(versions) == names
    assert versions == {name: metadata.version(name) for name in names}


def test_a_package_that_is_not_installed_is_recorded_as_such(screen, split, monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    versions = scores(screen, split).attrs["versions"]
    assert set(versions.values()) == {platform.python_version(), "not installed"}


def test_the_hash_is_of_expression_embedding_and_names(screen, split):
    def digest(adata):
        return scores(adata, split).attrs["data_sha256"]

    dense = screen.copy()
    dense.X = np.asarray(screen.X.toarray() if sparse.issparse(screen.X) else screen.X)
    by_hand = sha256(dense.X.tobytes() + np.ascontiguousarray(dense.obsm["X_emb"]).tobytes())
    for names in (dense.obs_names, dense.var_names, dense.obs["perturbation"].astype(str)):
        by_hand.update("\n".join(names).encode())
    assert digest(dense) == by_hand.hexdigest()

    rows = sparse.csr_matrix(dense.X)
    as_sparse, as_columns = dense.copy(), dense.copy()
    as_sparse.X, as_columns.X = rows, sparse.csc_matrix(dense.X)
    assert digest(as_sparse) == digest(as_columns) != digest(dense)
    by_hand = sha256()
    for part in (rows.data, rows.indices, rows.indptr, dense.obsm["X_emb"]):
        by_hand.update(np.ascontiguousarray(part).tobytes())
    for names in (dense.obs_names, dense.var_names, dense.obs["perturbation"].astype(str)):
        by_hand.update("\n".join(names).encode())
    assert digest(as_sparse) == by_hand.hexdigest()
