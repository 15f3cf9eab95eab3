"""Which settings of the flow, set, CellFlow and STATE models are best on validation cells?

Fits a small grid on the training cells of worlds that no chapter uses and scores it on their
validation parts: held-out cells and held-out perturbations, linear and bimodal, cells unpaired.
Averaged over the worlds, among the rows of a model with a variance ratio between .8 and 1.2 on
held-out cells, those within .1 of the lowest energy distance there are as good as one another:
the one with fewest iterations is chosen, and of equals the lowest. That is the class's default.
"""

from __future__ import annotations

import argparse

import pandas as pd

from recon_tutorial.evaluation import evaluate, leaderboard
from recon_tutorial.predictors import (
    CellFlowPredictor,
    FitOnce,
    FlowMatchingPredictor,
    SetPredictor,
    StatePredictor,
)
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import split_both

WORLDS = [("linear", 100), ("linear", 101), ("bimodal", 100)]  # chapters use seeds below 100
GRID = [  # model, options of the constructor, iterations
    *[(FlowMatchingPredictor, {"lr": lr}, n) for lr in (1e-3, 2e-3, 4e-3) for n in (500, 1000)],
    *[(SetPredictor, {"lr": lr, "n_hidden": h}, 400) for lr in (1e-3, 2e-3) for h in (128, 256)],
    *[(SetPredictor, {"lr": lr, "attention": True}, 400) for lr in (1e-3, 2e-3)],
    *[
        (CellFlowPredictor, {"lr": lr, "n_hidden": h}, 500)
        for lr in (1e-3, 3e-3)
        for h in (64, 128)
    ],
    *[(StatePredictor, {"lr": lr}, n) for lr in (2e-3, 5e-3, 1e-2) for n in (300, 500)],
]


def scores(effect: str, seed: int) -> pd.DataFrame:
    """Energy distance, variance ratio and seconds of the whole grid on one world."""
    screen = simulate_screen(n_perturbations=36, n_genes=5, effect=effect, seed=seed)
    models, options = {}, {}
    for model, settings, iterations in GRID:
        name = ", ".join([model.__name__, *(f"{k}={v}" for k, v in settings.items())])
        name += f", iterations={iterations}"
        models[name], options[name] = FitOnce(model(64, 16, **settings)), {"iterations": iterations}
    columns = {}
    for split in split_both(screen, n=8, n_validation=4, seed=seed):
        results = evaluate(
            models,
            screen,
            split.for_validation(),
            metrics=["energy_distance", "variance_ratio"],
            train_options=options,
        )
        board = leaderboard(results)
        columns[f"ED, {split.claim}"] = board["value"]
        columns[f"variance, {split.claim}"] = board["variance_ratio"]
    frame = pd.DataFrame(columns).loc[list(models)]
    return frame.assign(seconds=[models[name].seconds for name in models])


def choose(mean: pd.DataFrame) -> list[str]:
    """Pick one row of each kind of model by the rule above."""
    distance, variance = (mean[f"{what}, unseen cells"] for what in ("ED", "variance"))
    kinds = mean.index.str.replace(r", (lr|n_hidden|iterations)=[^,]*", "", regex=True)
    iterations = mean.index.str.extract(r"iterations=(\d+)", expand=False).astype(int)
    chosen = []
    for kind in kinds.unique():
        fit = (kinds == kind) & variance.between(0.8, 1.2)
        good = fit & (distance <= distance[fit].min() + 0.1)
        fewest = good & (iterations == iterations[good].min())
        chosen.append(distance[fewest].idxmin())
    return chosen


def main() -> None:
    """Run the grid and print it as one table per world, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=len(WORLDS), help="how many of the worlds")
    tables = {}
    for effect, seed in WORLDS[: parser.parse_args().worlds]:
        tables[f"{effect} {seed}"] = table = scores(effect, seed)
        print(f"\n{effect}, seed {seed}\n{table.round(3).to_string()}", flush=True)
    mean = pd.concat(tables).groupby(level=1, sort=False).mean()
    print(f"\nmean of the worlds\n{mean.round(3).to_string()}\n\nchosen")
    print(*choose(mean), sep="\n")


if __name__ == "__main__":
    main()
