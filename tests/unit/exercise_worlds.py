"""Small worlds in which exercises are answered, rightly and wrongly."""

from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch

from recon_tutorial import exercises
from recon_tutorial.decoders import train_decoder
from recon_tutorial.evaluation import evaluate
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import (
    MeanShift,
    PerturbationMeanShift,
    RidgeRegression,
    RidgeShift,
    SetPredictor,
)
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_perturbations, split_cells

from . import exercise_worlds_real

SIZES = [1000, 2000, 4000, 8000, 16000]  # cells of a metric that was timed


@cache
def cells():
    """A paired screen, cells held out, and what chapters 1 to 4 make of it."""
    size = {"n_perturbations": 6, "cells_per_perturbation": 60, "embed_dim": 64, "n_genes": 20}
    screen = simulate_screen(**size, cov_dim=4, systematic=1.2, paired=True, seed=0)
    split = split_cells(screen, test_fraction=0.4, seed=0)
    train = make_pairs(screen[split.train], how="true")
    test = make_pairs(screen[split.test], how="true")
    ridge, mean = RidgeShift(), MeanShift()
    for model in (ridge, mean):
        model.train(*train[:3])
    return SimpleNamespace(
        screen=screen,
        split=split,
        train=train,
        test=test,
        ridge=ridge,
        predictions={m: m.predict(test.ctrl, test.cov) for m in (ridge, mean)},
        ctrl=screen[split.reference_controls(screen)].obsm["X_emb"][:24],
        measured=screen[perturbed_rows(screen, split)].X,
        rows=[np.flatnonzero(test.perturbation == p) for p in np.unique(test.perturbation)],
    )


def perturbed_rows(screen, split):
    """Positions of the perturbed test cells."""
    return np.flatnonzero(split.test & (screen.obs["perturbation"] != "control").to_numpy())


@cache
def decoder(n_hidden, part="train", epochs=6):
    """A decoder of the training cells, of the test cells, or of all."""
    world = cells()
    screen = world.screen if part == "all" else world.screen[getattr(world.split, part)]
    return train_decoder(screen.obsm["X_emb"], screen.X, epochs=epochs, n_hidden=n_hidden, lr=0.01)


@cache
def results(pairing):
    """Scores of three models, trained on true or on random pairs."""
    world = cells()
    models = {"ridge": RidgeShift(), "means": PerturbationMeanShift(), "plain": RidgeRegression()}
    metrics = ["energy_distance", "knn_purity", "variance_ratio"]
    return evaluate(models, world.screen, world.split, metrics=metrics, pairing=pairing)


@cache
def two_kinds():
    """A screen of cells that respond or stay, and its split."""
    size = {"n_perturbations": 4, "cells_per_perturbation": 120, "embed_dim": 16, "n_genes": 2}
    screen = simulate_screen(**size, effect="bimodal", paired=True, seed=1)
    return screen, split_cells(screen, test_fraction=0.3, seed=0)


@cache
def held_out():
    """A screen, an honest split by perturbation, and the same split spoilt."""
    size = {"n_perturbations": 22, "cells_per_perturbation": 30, "embed_dim": 16, "n_genes": 2}
    screen = simulate_screen(**size, cov_dim=6, paired=True, seed=0)
    split = hold_out_perturbations(screen, n=8, seed=0)
    return screen, split, exercises.let_in_perturbations(screen, split, seed=0)


@cache
def repeated():
    """The screen of `cells` with test cells repeated in training, and the split."""
    world = cells()
    return exercises.repeat_cells(world.screen, world.split, seed=0), world.split


def twins():
    """Perturbed test cells of `repeated` that equal a training cell, and those training cells."""
    screen, split = repeated()
    held = screen.obs_names[perturbed_rows(screen, split)]
    train = {}
    for name in screen.obs_names[split.train]:
        train[screen[name].obsm["X_emb"].tobytes()] = name
    pairs = {name: train.get(screen[name].obsm["X_emb"].tobytes()) for name in held}
    return {name: twin for name, twin in pairs.items() if twin}


def seen():
    screen, _, friend = held_out()
    label = screen.obs["perturbation"].astype(str).to_numpy()
    return set(label[friend.train]), set(label[friend.test])


def both():
    return sorted(set.intersection(*seen()) - {"control"})


def unseen():
    train, test = seen()
    return min(test - train)


def held_names():
    screen, split = repeated()
    return screen.obs_names[perturbed_rows(screen, split)]


@cache
def sets():
    """A set model with attention, controls, one descriptor for all, and true cells."""
    world = cells()
    model = set_model()
    rows = world.rows[0]
    return model, world.test.ctrl[rows], world.test.cov[rows], world.test.pert[rows]


@cache
def set_model(loss="energy", attention=True):
    """A set model, shortly trained."""
    world = cells()
    model = SetPredictor(64, 4, n_hidden=16, loss=loss, attention=attention)
    model.train(*world.train[:3], iterations=20)
    return model


@cache
def crowds():
    """Two crowds in the plane, as tensors."""
    rng = np.random.default_rng(0)
    return [torch.from_numpy(rng.normal(m, 1, (100, 2))) for m in (0, 4)]


def two_by_two(pairing, distance):
    """A table of chapter 7 in which one entry is given and the others stand still."""
    rows = {("random", "mse"): 5.0, ("random", "energy"): 0.5}
    rows |= {(pairing, "mse"): distance, (pairing, "energy"): 0.4}
    index = pd.MultiIndex.from_tuples(rows)
    return pd.DataFrame({"energy_distance": list(rows.values())}, index)


def memory():
    """A table of chapter 7: a young and an old network."""
    columns = ["training error", "error on rows aside", "recalled", "variance ratio"]
    columns += ["energy distance", "distance, unseen perturbations", "error against own answer"]
    young, old = [0.9, 1.1, 0.2, 0.1, 3.0, 7.5, 1.1], [0.1, 2.1, 1.0, 1.0, 0.3, 4.5, 2.0]
    return pd.DataFrame([young, old], columns=columns, index=[20, 200])


@cache
def couplings(given, ot, n=10):
    """Energy distances of two flows on n perturbations, with noise in both."""
    noise = np.random.default_rng(0).normal(0, 0.1, (2, n))
    rows = [
        {
            "model": model,
            "perturbation": f"p{i}",
            "metric": "energy_distance",
            "space": "embedding",
            "context": "all",
            "value": value + noise[k, i],
            "floor": 5.0,
            "ceiling": 0.0,
            "note": "",
        }
        for k, (model, value) in enumerate({"given": given, "ot": ot}.items())
        for i in range(n)
    ]
    return pd.DataFrame(rows)


def ask(name, answer, **options):
    """Ask a check for feedback; an answer of several parts is a tuple."""
    parts = answer if isinstance(answer, tuple) else (answer,)
    return _checks()[name](*parts, **options)


@cache
def _checks():
    w = cells()
    predictions = {type(model).__name__: pred for model, pred in w.predictions.items()}
    ridge = w.predictions[w.ridge]
    truth = w.test.pert, w.measured
    named = {
        "average_descriptor": {"model": w.ridge, "test": w.test},
        "collapse": {"test": w.test},
        "mended_predictor": {"train": w.train, "test": w.test},
        "kept_but_wrong": {"train": w.train, "test": w.test},
        "pure_but_far": {"train": w.train, "test": w.test, "ctrl": w.ctrl},
        "wide": {"test": w.test, "ctrl": w.ctrl},
        "chance": {"n_true": 40, "n_ctrl": 120},
        "collapsed_model": {},
        "two_modes": dict(zip(("screen", "split"), two_kinds())),
        "repeated_cells": dict(zip(("screen", "split"), repeated())),
        "threshold": {"cov_dim": 8},
        "seen_perturbations": {"screen": held_out()[0], "split": held_out()[2]},
        "forged_spread": {"pairs": w.test},
        "questions": {"memory": memory()},
        "true_partners": {"without": two_by_two("ot", 1.0)},
        "longest_pairs": dict(zip(("ctrl", "pert"), crowds())),
        "better_coupling": {},
        "runaway_push": {"true": crowds()[1].numpy(), "n": 12},
        "one_at_a_time": dict(zip(("model", "ctrl", "cov", "true"), sets())),
        "attention_under_mse": dict(zip(("ctrl", "cov", "true"), sets()[1:])),
        "other_descriptors": {"screen": held_out()[0], "split": held_out()[1]},
        "exponent": {"sizes": SIZES, "seconds": [1.563, 1.679, 2.006, 2.931, 5.548]},
        "budget": {"n_runs": 1000, "n_workers": 16, "minutes": 7.0, "price": 0.05},
    }
    checks = {n: partial(getattr(exercises, f"check_{n}"), **given) for n, given in named.items()}

    def small(answer, **options):
        arrays = decoder(64), predictions, *truth
        return exercises.check_small_decoder(answer, *arrays, **options)

    def leaky(answer, column, **options):
        arrays = decoder(64), ridge, *truth
        return exercises.check_leaky_decoder(answer, column, *arrays, **options)

    own = {"small_decoder": small, "leaky_decoder": leaky}
    return checks | own | exercise_worlds_real.checks()


N_PARTS = {
    "leaky_decoder": 2,
    "collapsed_model": 3,
    "true_partners": 2,
    "better_coupling": 2,
    "budget": 2,
    **exercise_worlds_real.N_PARTS,
}  # of the answer; 1 for the others
NAMES = sorted(n.removeprefix("check_") for n in exercises.__all__ if n.startswith("check_"))
