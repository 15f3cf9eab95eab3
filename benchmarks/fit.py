"""How much faster is the shift network at the reference network's own test error?

Trains the reference MLP (300 epochs) and the shift MLP (10 epochs) in turn, A B A B, on the
reference world, and prints the median seconds, the latent test error of each, and the ratio.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import perf_counter

from recon_tutorial.metrics import mse
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import MLPPerturbationPredictor
from recon_tutorial.screen import simulate_reference

CONTESTANTS = {"reference": ("embedding", 300), "shift": ("shift", 10)}


def main() -> None:
    """Run the comparison and print it as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="how often each is trained")
    rounds = parser.parse_args().rounds
    screen = simulate_reference(0)
    train, test = (
        make_pairs(screen[screen.obs["split"] == part], how="true") for part in ("train", "test")
    )
    seconds = {name: [] for name in CONTESTANTS}
    errors = {name: [] for name in CONTESTANTS}
    for seed in range(rounds):
        for name, (predict, epochs) in CONTESTANTS.items():
            model = MLPPerturbationPredictor(128, 16, predict=predict, seed=seed)
            start = perf_counter()
            model.train(*train[:3], epochs=epochs)
            seconds[name].append(perf_counter() - start)
            errors[name].append(mse(test.pert, model.predict(test.ctrl, test.cov)))
    print("| network | epochs | seconds (median) | latent test MSE (median) |")
    print("|---|---|---|---|")
    for name, (_, epochs) in CONTESTANTS.items():
        print(f"| {name} | {epochs} | {median(seconds[name]):.2f} | {median(errors[name]):.4f} |")
    ratio = median(seconds["reference"]) / median(seconds["shift"])
    print(f"\nThe shift network is {ratio:.0f} times faster.")


if __name__ == "__main__":
    main()
