"""How much sooner is a sweep done on two workers, and what does Dask add to each run?

Sweeps a small notebook, which fits the shift network for about two seconds, over seeds: with
`run_notebook` in a loop, on one worker and on two, in turn, A B C A B C, each time into a new
folder. The seconds of a sweep include the start and the end of its workers. Prints the median
seconds, the ratio of one worker to two (at least 1.7 on two quiet cores), and what one worker
takes longer than the loop, per run (less than 1 s).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from time import perf_counter

import nbformat
import pandas as pd
from side_by_side import markdown

from recon_tutorial.running import run_notebook, sweep

PARAMETERS = "seed: int = 0  # of the world and the network\nepochs: int = 20  # of the network"
FIT = """from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import MLPPerturbationPredictor
from recon_tutorial.screen import simulate_screen

screen = simulate_screen(n_perturbations=40, n_genes=5, paired=True, seed=seed)
pairs = make_pairs(screen, how="true")
model = MLPPerturbationPredictor(64, 16, predict="shift", seed=seed)
model.train(*pairs[:3], epochs=epochs)"""
RECORD = """from recon_tutorial.metrics import mse
from recon_tutorial.running import record

record(mse=mse(pairs.pert, model.predict(pairs.ctrl, pairs.cov)))"""
HOW = ("loop", "1 worker", "2 workers")


def write_notebook(path: Path, *sources: str) -> Path:
    """Write a notebook of these code cells, of which the first holds the parameters."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[0].metadata.tags = ["parameters"]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec})
    nbformat.write(content, path)
    return path


def compare(rounds: int = 2, n_points: int = 16) -> pd.DataFrame:
    """Medians of each way: seconds, seconds of one run, times faster than one worker, overhead."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the same for the loop as in a sweep
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        notebook = write_notebook(Path(folder) / "fit.ipynb", PARAMETERS, FIT, RECORD)
        for turn in range(rounds):
            for how in HOW:
                start = perf_counter()
                frame = _run(how, notebook, n_points, Path(folder) / f"{how} {turn}")
                row = {"how": how, "seconds": perf_counter() - start}
                rows.append(row | {"of a run": frame["seconds"].mean(), "MSE": frame["mse"].mean()})
    medians = pd.DataFrame(rows).groupby("how", sort=False).median()
    extra = (medians["seconds"] - medians.loc["loop", "seconds"]) / n_points
    faster = medians.loc["1 worker", "seconds"] / medians["seconds"]
    medians = medians.assign(**{"times faster": faster, "overhead a run": extra})
    return medians.reset_index()


def _run(how, notebook, n_points, out):
    """Run the notebook for each seed; return what was recorded."""
    if how != "loop":
        return sweep(notebook, {"seed": range(n_points)}, out, workers=int(how[0]), progress=False)
    rows = []
    for seed in range(n_points):
        run = run_notebook(notebook, out / f"{seed}.ipynb", parameters={"seed": seed})
        rows.append({"seconds": run["seconds"]} | run["numbers"])
    return pd.DataFrame(rows)


def main() -> None:
    """Run the comparison and print it as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="how often each way is timed")
    parser.add_argument("--points", type=int, default=16, help="runs of a sweep")
    options = parser.parse_args()
    print(markdown(compare(options.rounds, options.points)))


if __name__ == "__main__":
    main()
