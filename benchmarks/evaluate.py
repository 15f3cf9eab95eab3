"""What an evaluation costs: 100 perturbations x 100 cells x 600 genes, six models, all metrics.

Prints the seconds spent on fitting and on scoring and the peak memory of the process, or with
--profile the functions that take most of the time.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
from statistics import median
from time import perf_counter

import pandas as pd
from side_by_side import peak_memory

from recon_tutorial.decoders import train_decoder
from recon_tutorial.evaluation import evaluate, leaderboard
from recon_tutorial.predictors import (
    KNNShift,
    MLPPerturbationPredictor,
    NearestPerturbation,
    PerturbationMeanShift,
    RidgeRegression,
    RidgeShift,
)
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import split_cells


def settings(n_perturbations: int = 100, n_genes: int = 600) -> tuple[tuple, dict]:
    """What `evaluate` is given: models, a screen, a split, and the options."""
    screen = simulate_screen(
        n_perturbations=n_perturbations, cells_per_perturbation=100, n_genes=n_genes, paired=True
    )
    split = split_cells(screen, test_fraction=0.4)
    train = screen[split.train]
    decoder = train_decoder(train.obsm["X_emb"], train.X, gene_names=screen.var_names, epochs=5)
    models = {
        "average": PerturbationMeanShift(),
        "ridge": RidgeShift(),
        "ridge on cells": RidgeRegression(),
        "nearest": NearestPerturbation(),
        "3 nearest": KNNShift(k=3),
        "MLP": MLPPerturbationPredictor(64, 16, predict="shift"),
    }
    return (models, screen, split), {"decoder": decoder, "pairing": "true"}


def compare(rounds: int = 1, **size: int) -> pd.DataFrame:
    """Median seconds of an evaluation, of its fits and of a score."""
    given, options = settings(**size)
    taken, fits = [], []
    for _ in range(rounds):
        start = perf_counter()
        results = evaluate(*given, **options)
        taken.append(perf_counter() - start)
        fits.append(sum(results.attrs["fit_seconds"].values()))
    row = {"scores": len(results), "seconds": median(taken), "of them fitting": median(fits)}
    row["ms a score"] = 1000 * (row["seconds"] - row["of them fitting"]) / len(results)
    return pd.DataFrame([row])


def main() -> None:
    """Print what an evaluation costs, or where its time goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often it is timed")
    parser.add_argument("--profile", action="store_true", help="show what takes the time instead")
    options = parser.parse_args()
    if not options.profile:
        print(compare(options.rounds).round(2).to_string(index=False))
        print(f"peak memory of the process {peak_memory():.0f} MB")
        return
    given, arguments = settings()
    profile = cProfile.Profile()
    results = profile.runcall(evaluate, *given, **arguments)
    print(leaderboard(results)[["rank", "scaled", "low", "high", "seconds"]].round(3), "\n")
    pstats.Stats(profile).sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    main()
