"""Scores of genes, with a stand-in for a decoder; what is said of metrics, models and options."""

import io
import sys

import numpy as np
import pytest

from recon_tutorial.evaluation import evaluate
from recon_tutorial.metrics import METRICS, mse
from recon_tutorial.predictors import NoChange, RidgeShift
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import split_cells

KNOBS = {"n_perturbations": 3, "cells_per_perturbation": 40, "embed_dim": 4, "cov_dim": 2}
COLUMNS = "model split claim space perturbation context metric value floor ceiling scaled note"


class Doubles:
    """Four genes, each twice a coordinate of the embedding."""

    gene_names = ("g0", "g1", "g2", "g3")

    def decode(self, embedding):
        return 2 * np.asarray(embedding, dtype=np.float32)


@pytest.fixture
def screen():
    screen = simulate_screen(**KNOBS, n_genes=4, paired=True)
    screen.var_names = list(Doubles.gene_names)
    screen.X = 2 * screen.obsm["X_emb"] + np.float32(0.5)
    return screen


@pytest.fixture
def split(screen):
    return split_cells(screen, 0.4)


def means(results):
    return results.groupby(["model", "space", "metric"])["value"].mean()


def test_predictions_are_decoded_and_held_against_decoded_and_measured_cells(screen, split):
    chosen = {"metrics": ["mse_mean", "mse"], "pairing": "true", "decoder": Doubles()}
    value = means(evaluate({"r": RidgeShift()}, screen, split, **chosen))
    for model in ("r", "no change", "replicate"):
        for metric in ("mse_mean", "mse"):
            inside, decoded, measured = (
                value[model, space, metric] for space in ("embedding", "decoded", "measured")
            )
            assert decoded == pytest.approx(4 * inside, rel=1e-4)
            # The truth is .5 higher in every gene, but a replicate is measured itself.
            if model == "replicate":
                assert measured == pytest.approx(decoded, rel=1e-4)
            else:
                assert abs(measured - decoded) > 0.01


def test_metrics_of_genes_are_scored_where_there_are_genes(screen, split):
    chosen = {"metrics": ["r2", "mse_mean"]}
    results = evaluate({"r": RidgeShift()}, screen, split, decoder=Doubles(), **chosen)
    spaces = results.groupby("metric")["space"].unique().map(set).to_dict()
    assert spaces == {
        "r2": {"decoded", "measured"},
        "mse_mean": {"embedding", "decoded", "measured"},
    }
    genes = evaluate({"r": RidgeShift()}, screen, split, metrics=["r2"], use_rep="X")
    assert set(genes["space"]) == {"measured"}


def test_the_frame_of_one_evaluation(screen, split):
    class Fails(NoChange):
        def train(self, *rows):
            raise OSError("no")

    results = evaluate({"r": RidgeShift(), "f": Fails()}, screen, split, metrics=["mse_mean"])
    assert list(results.columns) == COLUMNS.split()
    assert list(results["model"].unique()) == ["replicate", "r", "f", "no change", "mean shift"]
    assert (results["split"] == "test").all() and (results["claim"] == "unseen cells").all()
    assert all(isinstance(note, str) for note in results["note"])
    failed = results[results["model"] == "f"]
    assert list(failed["note"]) == ["failed: OSError: no"]
    assert failed["metric"].isna().all() and failed["value"].isna().all()


def test_every_metric_gets_what_its_card_needs(screen, split):
    results = evaluate({"r": RidgeShift()}, screen, split, decoder=Doubles(), pairing="true")
    told = results[results["space"] == "decoded"]
    assert set(told["metric"]) == set(METRICS)
    lost = told[told["model"].isin(["r", "replicate"]) & told["value"].isna()]
    assert set(lost["metric"]) == {"direction_accuracy", "de_overlap"}
    assert lost["note"].str.endswith("; k=50 genes cannot be chosen from 4: lower k").all()


def test_a_replicate_is_scored_on_matched_rows_without_partners(screen, split):
    results = evaluate({"r": RidgeShift()}, screen, split, metrics=["mse"], pairing="random")
    scored = results.dropna(subset="value")
    assert set(scored["model"]) == {"replicate"} and len(scored) == 3


def test_a_model_that_knows_the_truth_is_perfect_on_matched_rows(screen, split):
    test = screen[split.test & (screen.obs["perturbation"] != "control").to_numpy()]

    class Knows(NoChange):
        def predict(self, ctrl_emb, pert_cov):
            return test.obsm["X_emb"]

    results = evaluate({"k": Knows()}, screen, split, metrics=["mse"], pairing="true")
    assert (results.loc[results["model"] == "k", "value"] == 0).all()
    truth = test.obsm["X_emb"]
    assert mse(truth, truth) == 0 < results["value"].max()


def test_an_embedding_of_another_name_is_enough(screen, split):
    screen.obsm["X_half"] = screen.obsm.pop("X_emb") / 2
    for use_rep in ("X_half", "X"):
        results = evaluate(
            {"r": RidgeShift()}, screen, split, metrics=["mse_mean"], use_rep=use_rep
        )
        assert results["value"].notna().all()


def test_a_terminal_shows_the_bar_unless_told_not_to(screen, split, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for progress, shown in ((None, True), (False, False)):
        monkeypatch.setattr(sys, "stderr", Terminal())
        evaluate({"r": RidgeShift()}, screen, split, metrics=["mse_mean"], progress=progress)
        said = sys.stderr.getvalue()
        assert ("evaluate: " in said) == shown
        assert "XX" not in said and (("model/s" in said or "s/model" in said) == shown)


@pytest.mark.parametrize(
    ("models", "options", "sentence"),
    [
        (["r"], {}, "models is a list: pass a dict by name of the model"),
        ({"r": NoChange()}, {"train_options": [1]}, "train_options is a list: pass a dict by name"),
        ({"r": NoChange}, {}, "'r' is the class NoChange: pass an object of it, NoChange()"),
        ({"r": NoChange()}, {"metrics": "mse"}, "metrics='mse' is no list: pass names of metrics"),
        ({"r": NoChange()}, {"decoder": 3}, "decoder is a int: pass a FrozenDecoder"),
        ({"r": NoChange()}, {"metrics": 3}, "metrics=3 is no list: pass names of metrics in one"),
    ],
)
def test_a_request_of_the_wrong_kind(screen, split, models, options, sentence):
    with pytest.raises(ValueError) as caught:
        evaluate(models, screen, split, **options)
    assert str(caught.value).startswith(sentence)
