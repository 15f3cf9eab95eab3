"""How much faster is the shift network at the reference network's own test error?

Trains the reference MLP (300 epochs) and the shift MLP (10 epochs) in turn, A B A B, on the
reference world, and prints the median seconds, the latent test error of each, and the ratio.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import pandas as pd
from side_by_side import markdown

from recon_tutorial.metrics import mse
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import MLPPerturbationPredictor
from recon_tutorial.screen import simulate_reference

CONTESTANTS = {"reference": ("embedding", 300), "shift": ("shift", 10)}


def compare(rounds: int = 3, *, epochs: dict | None = None) -> pd.DataFrame:
    """Medians of each contestant: epochs, seconds, latent test MSE, and how many times faster."""
    epochs = epochs or {name: n for name, (_, n) in CONTESTANTS.items()}
    screen = simulate_reference(0)
    train, test = (
        make_pairs(screen[screen.obs["split"] == part], how="true") for part in ("train", "test")
    )
    fits = []
    for seed in range(rounds):
        for name, (predict, _) in CONTESTANTS.items():
            model = MLPPerturbationPredictor(128, 16, predict=predict, seed=seed)
            start = perf_counter()
            model.train(*train[:3], epochs=epochs[name])
            seconds = perf_counter() - start
            error = mse(test.pert, model.predict(test.ctrl, test.cov))
            row = {"network": name, "epochs": epochs[name], "seconds": seconds}
            fits.append(row | {"test MSE": error})
    medians = pd.DataFrame(fits).groupby("network", sort=False).median()
    medians["times faster"] = medians.loc["reference", "seconds"] / medians["seconds"]
    return medians.reset_index()


def main() -> None:
    """Run the comparison and print it as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="how often each is trained")
    print(markdown(compare(parser.parse_args().rounds)))


if __name__ == "__main__":
    main()
