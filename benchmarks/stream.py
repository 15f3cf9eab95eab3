"""What does a fit on a million rows cost that never has them in memory?

Writes a screen of linear shifts to an .h5ad file, block by block, and its pairs to a folder of
memory maps. Then fits the shift MLP in fresh processes: streamed from the folder, and on the same
rows loaded whole. Prints seconds, rows per second, peak memory of the process (all of it, and the
anonymous part, without pages of files), and the error on cells that were not fitted.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import write_elem
from side_by_side import markdown

from recon_tutorial.metrics import mse
from recon_tutorial.predictors import MLPPerturbationPredictor
from recon_tutorial.streaming import open_pairs, write_pairs

N_PERTURBATIONS, N_CONTROLS, COV_DIM, BLOCK = 100, 100_000, 16, 50_000
NOISE = 0.1  # so that no fit can have a mean squared error below 0.01


def write_screen(path: Path, n_rows: int, embed_dim: int) -> None:
    """Write controls and n perturbed cells, each the shifted copy of a control, block by block."""
    rng = np.random.default_rng(0)
    names = [f"p{k}" for k in range(N_PERTURBATIONS)]
    descriptors = rng.normal(size=(N_PERTURBATIONS, COV_DIM)).astype(np.float32)
    weights = rng.normal(0, 0.3, (COV_DIM, embed_dim)).astype(np.float32)
    n_controls = min(N_CONTROLS, n_rows)
    controls = rng.standard_normal((n_controls, embed_dim), dtype=np.float32)
    which = np.sort(rng.integers(N_PERTURBATIONS, size=n_rows))  # as cells come: batch by batch
    partner = rng.integers(n_controls, size=n_rows)
    index = [*(f"c{i}" for i in range(n_controls)), *(f"x{i}" for i in range(n_rows))]
    label = pd.Categorical(np.concatenate([np.zeros(n_controls, int), which + 1]))
    obs = pd.DataFrame({"perturbation": label.rename_categories(["control", *names])}, index)
    obs["partner"] = [""] * n_controls + [f"c{i}" for i in partner]
    table = pd.DataFrame(descriptors, index=names, columns=[f"d{j}" for j in range(COV_DIM)])
    with h5py.File(path, "w") as file:
        write_elem(file, "/", AnnData(obs=obs, uns={"descriptors": table}))
        shape = (n_controls + n_rows, embed_dim)
        cells = file["obsm"].create_dataset("X_emb", shape, "f4")
        cells.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        cells[:n_controls] = controls
        for start in range(0, n_rows, BLOCK):
            here = slice(start, start + BLOCK)
            shift = descriptors[which[here]] @ weights
            noise = NOISE * rng.standard_normal(shift.shape, dtype=np.float32)
            cells[n_controls + start : n_controls + start + len(shift)] = (
                controls[partner[here]] + shift + noise
            )
        rows = np.arange(10_000) % N_PERTURBATIONS
        fresh = rng.standard_normal((len(rows), embed_dim), dtype=np.float32)
        noise = NOISE * rng.standard_normal(fresh.shape, dtype=np.float32)
        moved = fresh + descriptors[rows] @ weights + noise
    np.savez(path.with_suffix(".npz"), ctrl=fresh, pert=moved, cov=descriptors[rows])


def peak_memory(run) -> tuple[float, dict]:
    """Seconds of a call, and the peak memory of this process until its end, in MB."""
    seen, stop = [], threading.Event()

    def watch():
        while not stop.wait(0.01):
            seen.append(_status().get("RssAnon", np.nan))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    start = perf_counter()
    run()
    seconds = perf_counter() - start
    stop.set()
    watcher.join()
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    # Linux adds the memory of who started the process to its ru_maxrss, but not to its VmHWM.
    whole = _status().get("VmHWM", whole)
    return seconds, {"peak MB": whole, "anonymous MB": max(seen, default=np.nan)}


def _status():
    """Memory of this process in MB by the names of Linux; elsewhere nothing."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return {}
    return {k: int(v.split()[0]) / 2**10 for k, v in (x.split(":") for x in lines) if "kB" in v}


def step(name: str, folder: Path, epochs: int) -> dict:
    """One measured step, in this process: write the pairs, or fit on them."""
    if name == "write":
        run = lambda: write_pairs(folder / "screen.h5ad", folder / "pairs", how="true")  # noqa: E731
        seconds, memory = peak_memory(run)
        return {"seconds": seconds, "rows": len(open_pairs(folder / "pairs").pert)} | memory
    rows = open_pairs(folder / "pairs")[:3]
    if name == "in memory":
        rows = [np.array(x) for x in rows]
    embed_dim, cov_dim = rows[0].shape[1], rows[2].shape[1]
    model = MLPPerturbationPredictor(embed_dim, cov_dim, predict="shift", device="cpu")
    seconds, memory = peak_memory(lambda: model.train(*rows, epochs=epochs))
    test = np.load(folder / "screen.npz")
    error = mse(test["pert"], model.predict(test["ctrl"], test["cov"]))
    return {"seconds": seconds, "rows": epochs * len(rows[0]), "test MSE": error} | memory


def compare(
    n_rows: int = 1_000_000, *, embed_dim: int = 64, epochs: int = 1, rounds: int = 1
) -> pd.DataFrame:
    """Medians over rounds of writing, of the streamed fit and of the fit in memory, A B A B."""
    steps = []
    with tempfile.TemporaryDirectory() as name:
        write_screen(Path(name) / "screen.h5ad", n_rows, embed_dim)
        for what in ["write", *["streamed", "in memory"] * rounds]:
            command = [sys.executable, __file__, "--step", what, "--folder", name]
            command += ["--epochs", str(epochs)]
            run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            steps.append({"step": what} | json.loads(run.stdout))
    table = pd.DataFrame(steps).groupby("step", sort=False).median().reset_index()
    table["rows per second"] = table["rows"] / table["seconds"]
    return table


def main() -> None:
    """Run the comparison and print it as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="perturbed cells")
    parser.add_argument("--embed-dim", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="how often each is fitted")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(step(options.step, options.folder, options.epochs)))
        return
    table = compare(
        options.rows,
        embed_dim=options.embed_dim,
        epochs=options.epochs,
        rounds=options.rounds,
    )
    print(markdown(table))
    print(f"\n{options.rows:,} rows of 2 x {options.embed_dim} + {COV_DIM} numbers; ", end="")
    print(f"{options.epochs} epoch(s); the noise alone has a test MSE of {NOISE**2:.4f}.")


if __name__ == "__main__":
    main()
