"""What evaluation says about a request or a file that does not fit, word for word."""

import json

import numpy as np
import pandas as pd
import pytest

from recon_tutorial.decoders import train_decoder
from recon_tutorial.evaluation import (
    calibrate,
    compare,
    evaluate,
    leaderboard,
    load_results,
    save_results,
)
from recon_tutorial.metrics import METRICS
from recon_tutorial.predictors import NoChange
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import Split, split_cells

from .refusals import says

KNOBS = {"n_perturbations": 3, "cells_per_perturbation": 20, "embed_dim": 4, "cov_dim": 2}
LISTED = ", ".join(METRICS)


@pytest.fixture(scope="module")
def screen():
    return simulate_screen(**KNOBS, n_genes=5)


@pytest.fixture(scope="module")
def split(screen):
    return split_cells(screen, 0.4)


@pytest.mark.parametrize(
    ("models", "options", "sentence"),
    [
        ([], {}, 'there is no model to evaluate: pass {"name": predictor}'),
        (
            ["replicate"],
            {},
            '"replicate" is the name of the ceiling: give your model another name',
        ),
        (
            ["m"],
            {"train_options": {"x": {}, "m": {}}},
            "train_options names 'x', which is no model here",
        ),
        (
            ["m"],
            {"metrics": ["r2", "r3", "r4"]},
            f"metric 'r3' is unknown: choose among {LISTED}",
        ),
        (["m"], {"metrics": []}, f"no metric was named: choose among {LISTED}"),
        (["m"], {"metrics": ["r2"]}, "r2 compares genes: pass a decoder, or another metric"),
    ],
)
def test_a_request_that_cannot_be_met(screen, split, models, options, sentence):
    says(sentence, evaluate, {name: NoChange() for name in models}, screen, split, **options)


def test_a_decoder_that_does_not_fit(screen, split):
    part = screen[split.train]
    decoder = train_decoder(part.obsm["X_emb"], part.X, gene_names=screen.var_names, epochs=1)
    models = {"m": NoChange()}
    sentence = 'use_rep="X" scores genes as they are predicted: leave out the decoder'
    says(sentence, evaluate, models, screen, split, decoder=decoder, use_rep="X")
    start = "the decoder's genes are not those of the screen "
    end = ": train the decoder on this screen, or subset and order the screen's genes"
    turned, other = screen[:, ::-1].copy(), screen.copy()
    says(f"{start}(in another order){end}", evaluate, models, turned, split, decoder=decoder)
    other.var_names = ["a gene", *other.var_names[1:]]
    sentence = f"{start}(for example 'a gene'){end}"
    says(sentence, evaluate, models, other, split, decoder=decoder)


def test_a_context_that_cannot_be_scored():
    screen = simulate_screen(**KNOBS, n_contexts=2, n_genes=5)
    split = split_cells(screen, 0.5)
    here = (screen.obs["context"] == "context1").to_numpy()
    control = (screen.obs["perturbation"] == "control").to_numpy()
    elsewhere = Split(split.claim, split.train, split.test, reference=split.train & control & ~here)
    sentence = (
        "context 'context1' has test cells but no reference control: "
        "keep some of its controls out of the model's input"
    )
    says(sentence, evaluate, {"m": NoChange()}, screen, elsewhere)


def test_why_a_model_failed(screen, split):
    class Answers:
        def __init__(self, answer):
            self.answer = answer

        def train(self, *rows):
            pass

        def predict(self, ctrl_emb, pert_cov):
            return self.answer(ctrl_emb)

    models = {
        "short": Answers(lambda ctrl: ctrl[1:]),
        "nan": Answers(lambda ctrl: ctrl * np.nan),
        "crash": Answers(lambda ctrl: ctrl["a"]),
    }
    results = evaluate(models, screen, split, metrics=["mse_mean"])
    notes = results[results["metric"].isna()].set_index("model")["note"]
    n = int((split.test & (screen.obs["perturbation"] != "control").to_numpy()).sum())
    start = "failed: ValueError: predict returned "
    assert notes["short"] == f"{start}shape ({n - 1}, 4), expected ({n}, 4)"
    assert notes["nan"] == f"{start}NaN or infinite values"
    assert notes["crash"].startswith("failed: IndexError: only integers")


@pytest.mark.parametrize(
    ("pairing", "answers_rows", "why"),
    [
        ("random", True, 'needs matched rows: pass pairing="true" on a screen with partners'),
        ("random", False, 'needs matched rows: pass pairing="true" on a screen with partners'),
        ("true", False, "needs matched rows, and no row of this model answers a certain control"),
    ],
)
def test_why_a_model_has_no_score_on_matched_rows(pairing, answers_rows, why):
    screen = simulate_screen(**KNOBS, paired=True, n_genes=5)
    model = NoChange()
    model.answers_rows = answers_rows
    results = evaluate(
        {"m": model}, screen, split_cells(screen, 0.4), metrics=["mse"], pairing=pairing
    )
    mine = results[results["model"] == "m"]
    assert mine["value"].isna().all()
    assert {note.rpartition("; ")[2] for note in mine["note"]} == {why}


def test_a_correlation_that_counts_as_none_is_said(screen, split):
    reference = split.reference_controls(screen)

    class Stays(NoChange):
        def predict(self, ctrl_emb, pert_cov):
            return np.tile(screen.obsm["X_emb"][reference].mean(axis=0), (len(ctrl_emb), 1))

    results = evaluate({"stays": Stays()}, screen, split, metrics=["pearson_delta"])
    zero = results[results["value"] == 0]
    assert set(zero["model"]) == {"stays"} and len(zero) == 3
    words = "; a change of zero was predicted: its correlation counts as 0"
    assert zero["note"].str.endswith(words).all()
    assert not results[results["value"] != 0]["note"].str.contains("change of zero").any()


def frame(models=("no change", "mean shift", "replicate"), metric="energy_distance"):
    rows = [
        {"model": model, "space": "embedding", "perturbation": f"p{i}", "context": "all"}
        | {"metric": metric, "value": float(value), "note": ""}
        for value, model in enumerate(models)
        for i in range(9)
    ]
    return pd.DataFrame(rows)


def test_scores_that_cannot_be_ranked():
    sentence = "'mean shift' has no row: calibration needs both floors and a replicate"
    says(sentence, calibrate, frame(["no change", "replicate"]))
    results = calibrate(frame(["replicate", "no change", "mean shift"]))
    sentence = "'variance_ratio' has no better end to rank by: choose another metric"
    says(sentence, leaderboard, results, metric="variance_ratio")
    says(sentence.replace("variance_ratio", "r3"), leaderboard, results, metric="r3")
    sentence = (
        "energy_distance was not scored in space 'genes': choose among energy_distance (embedding)"
    )
    says(sentence, leaderboard, results, space="genes")
    sentence = "'deep' has no energy_distance: choose among replicate, no change, mean shift"
    says(sentence, compare, results, "deep", "replicate")
    sentence = "'no change' and 'replicate' share no energy_distance: compare by another metric"
    results.loc[results["model"] == "replicate", "value"] = np.nan
    says(sentence, compare, results, "no change", "replicate")
    upside_down = calibrate(frame())
    sentence = "uninformative: energy_distance ranks real cells no better than its floor"
    assert set(leaderboard(upside_down)["note"]) == {sentence}


def test_files_that_are_not_results(tmp_path):
    results = calibrate(frame())
    other = tmp_path / "scores.tsv"
    sentence = f"{other} does not end in .csv: results are a table and a header"
    says(sentence, save_results, results, other)
    path = save_results(results, tmp_path / "scores.csv")
    header = path.with_suffix(".json")
    path.write_text(path.read_text().replace("p1", "p2"))
    sentence = f"{path} was changed after it was saved (wrong SHA-256): evaluate again"
    says(sentence, load_results, path)
    for text in ("[]", "{", json.dumps({"seed": 0}), '"text"'):
        header.write_text(text)
        says(f"{header} is no header of results: evaluate again", load_results, path)
    header.unlink()
    sentence = f"there is no {header}: save_results writes a .csv and a .json"
    says(sentence, load_results, path, error=FileNotFoundError)
