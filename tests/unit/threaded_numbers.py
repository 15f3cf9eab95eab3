"""All numbers of the package on small data, for test_threads.py, which runs it twice.

    python threaded_numbers.py FILE.npz THREADS

The process has OMP_NUM_THREADS from outside, and torch is told the same.
"""

import functools
import sys

import numpy as np
import torch
from threadpoolctl import threadpool_info

from recon_tutorial.decoders import train_decoder
from recon_tutorial.evaluation import evaluate
from recon_tutorial.metrics import METRICS
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import (
    Additive,
    FlowMatchingPredictor,
    KNNShift,
    MeanShift,
    MLPPerturbationPredictor,
    NearestPerturbation,
    NoChange,
    PerturbationMeanShift,
    RidgeRegression,
    RidgeShift,
    SetPredictor,
)
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import split_cells

BASELINES = (
    *(NoChange, MeanShift, PerturbationMeanShift, NearestPerturbation, KNNShift),
    *(RidgeShift, RidgeRegression, Additive),
)
NETWORKS = {
    "MLP": (MLPPerturbationPredictor, {"epochs": 6}),
    "MLP on the shift": (
        functools.partial(MLPPerturbationPredictor, predict="shift"),
        {"epochs": 6},
    ),
    "flow": (FlowMatchingPredictor, {"iterations": 20}),
    "sets": (SetPredictor, {"iterations": 20}),
    "sets with attention": (
        functools.partial(SetPredictor, attention=True),
        {"iterations": 20},
    ),
}


def numbers():
    """Name -> array, of each fit, decoder, metric and evaluation."""
    screen = simulate_screen(n_perturbations=12, cells_per_perturbation=150, embed_dim=64, seed=0)
    split = split_cells(screen, seed=0)
    pairs = make_pairs(screen, how="random", seed=0)
    found = {}
    for kind in BASELINES:
        found[kind.__name__] = fitted(kind(), pairs, {})
    for name, (kind, effort) in NETWORKS.items():
        model = kind(embed_dim=pairs.ctrl.shape[1], cov_dim=pairs.cov.shape[1])
        found[name] = fitted(model, pairs, effort)
    decoder = train_decoder(screen.obsm["X_emb"], dense(screen.X), epochs=4, seed=0)
    found["decoder"] = np.asarray(decoder.decode(screen.obsm["X_emb"]))
    arrays = clouds()
    for name, card in METRICS.items():
        score = card.function(*[arrays[need] for need in card.needs])
        found[f"metric {name}"] = np.atleast_1d(score)
    table = evaluate({"ridge": RidgeShift()}, screen, split, decoder=decoder, progress=False)
    found["evaluate"] = table["value"].to_numpy(float)
    return found


def clouds():
    """What any metric needs, with as many cells as let libraries use their threads."""
    rng = np.random.default_rng(0)
    true, pred, ctrl = (rng.normal(shift, 1, (1500, 100)) for shift in (0.0, 0.1, -0.5))
    means = rng.normal(size=(2, 30, 100))
    return {
        **{"true": true, "pred": pred, "ctrl": ctrl, "centroid": rng.normal(size=100)},
        **{"true_means": means[0], "pred_means": means[1]},
    }


def fitted(model, pairs, effort):
    model.train(*pairs[:3], **effort)
    return np.asarray(model.predict(pairs.ctrl, pairs.cov))


def dense(matrix):
    return matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[2]))
    found = numbers()
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    np.savez(sys.argv[1], **found, threads=np.array([torch.get_num_threads(), max(pools)]))
