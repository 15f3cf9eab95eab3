"""What an evaluation costs: 100 perturbations x 100 cells x 600 genes, six models, all metrics.

Prints the seconds spent on fitting and on scoring, the peak memory of the process, and the
functions that took most of the time.
"""

from __future__ import annotations

import cProfile
import pstats
import resource
import sys
from time import perf_counter

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


def main() -> None:
    """Run one evaluation under the profiler and print what it cost."""
    screen = simulate_screen(
        n_perturbations=100, cells_per_perturbation=100, n_genes=600, paired=True
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
    profile = cProfile.Profile()
    start = perf_counter()
    profile.enable()
    results = evaluate(models, screen, split, decoder=decoder, pairing="true")
    profile.disable()
    seconds = perf_counter() - start
    fitting = sum(results.attrs["fit_seconds"].values())
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(f"{len(results)} scores in {seconds:.1f} s, of which fitting {fitting:.1f} s")
    print(f"peak memory of the process {peak:.0f} MB\n")
    print(leaderboard(results)[["rank", "scaled", "low", "high", "seconds"]].round(3), "\n")
    pstats.Stats(profile).sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    main()
