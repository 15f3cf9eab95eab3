"""Good calls of the rooms that take tables, names and files: descriptors, plotting, running."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from recon_tutorial import descriptors, evaluation, fetching, grading, plotting, running
from recon_tutorial.decoders import FrozenDecoder
from recon_tutorial.grading._verdicts import POINTS
from recon_tutorial.predictors import RidgeShift
from recon_tutorial.signatures import leave_one_out

from .bad_input_calls import Call
from .bad_input_calls_models import decoder
from .bad_input_worlds import world
from .sweep_notebook import write_notebook

_KEPT = TemporaryDirectory()  # gone when the tests end
ROOM = Path(_KEPT.name)


@cache
def table(seed=0, n=6, width=3):
    rng = np.random.default_rng(seed)
    columns = [f"d{j}" for j in range(width)]
    return pd.DataFrame(rng.normal(size=(n, width)), [f"p{i}" for i in range(n)], columns)


@cache
def results():
    adata, split = world()
    return evaluation.evaluate({"mine": RidgeShift()}, adata, split, metrics=["mse_mean"])


def scores():
    return results().drop(columns=["floor", "ceiling", "scaled"])


@cache
def frame():
    """A tidy table for figures."""
    made = pd.DataFrame({"model": ["a", "a", "b", "b"], "metric": "r2", "perturbation": "p0"})
    made.index = ["g0", "g1", "g2", "g3"]
    numbers = {"value": [0.1, 0.2, 0.3, 0.4], "x": [1.0, 2.0, 1.0, 2.0], "y": [3.0, 4.0, 5.0, 6.0]}
    numbers |= {"true": [1.0, 2.0, 3.0, 4.0], "predicted": [1.0, 2.0, 3.0, 5.0]}
    numbers |= {"floor": 0.1, "shift": 0.2, "total": 0.3, "p": [0.1, 0.01, 0.5, 1.0]}
    return made.assign(**numbers, change=[1.0, -1.0, 0.5, 0.0], right=[True, False, True, True])


def drawn(name):
    """How many axes and how many things a figure has."""

    def run(**given):
        figure = getattr(plotting, name)(**given)
        assert isinstance(figure, Figure)
        drawn_in = (len(axis.collections) + len(axis.lines) for axis in figure.axes)
        return np.array([len(figure.axes), *drawn_in])

    return run


def plot(name, **options):
    words = {k: "word" for k, v in options.items() if isinstance(v, str)}
    amounts = {k: "amount" for k, v in options.items() if isinstance(v, float)}
    return Call(
        drawn(name), lambda: {"frame": frame()} | options, {"frame": "frame"} | words | amounts
    )


@cache
def notebook():
    return write_notebook(ROOM / "chapter.ipynb", "n: int = 0\nlr: float = 0.1", "1")


@cache
def executed():
    return nbformat.read(notebook(), as_version=4)


@cache
def saved():
    frozen, _, _ = decoder()
    return frozen.save(ROOM / "decoder.safetensors")


@cache
def kept():
    return evaluation.save_results(results(), ROOM / "results.csv")


@cache
def grid_file():
    path = ROOM / "grid.yaml"
    path.write_text("n: [1, 2]\n")
    return path


@cache
def submission():
    path = ROOM / "submission.py"
    path.write_text("def make_predictor(embed_dim, cov_dim):\n    return None\n")
    return path


def graded():
    return grading.Grade("submission.py", "0", verdict=next(iter(POINTS)))


NAMES = ["p0", "p1", "p2", "p3"]
WORDS = {"p0": "binds the red receptor", "p1": "binds a blue receptor", "p2": "blocks a kinase"}
BOOT = {"n_boot": 10, "seed": 0}
SMILES = {"a": "CCO", "b": "CC(=O)O"}
CALLS = {
    "combined": Call(
        lambda second: descriptors.combined(table(1), second), lambda: {"second": table()},
        {"second": "table"},
    ),
    "shuffled": Call(descriptors.shuffled, lambda: {"table": table(), "seed": 0},
                     {"table": "table", "seed": "seed"}),
    "one_hot": Call(descriptors.one_hot, lambda: {"names": NAMES}, {"names": "names"}),
    "random": Call(descriptors.random, lambda: {"names": NAMES, "dim": 3, "seed": 0},
                   {"names": "names", "dim": "count", "seed": "seed"}),
    "multi_hot": Call(descriptors.multi_hot, lambda: {"column": pd.Series(WORDS), "sep": " "},
                      {"column": "strings", "sep": "word"}),
    "text": Call(descriptors.text, lambda: {"descriptions": WORDS, "dim": 2, "seed": 0},
                 {"descriptions": "strings", "dim": "choice", "seed": "seed"}),
    "morgan": Call(descriptors.morgan, lambda: {"smiles": SMILES, "radius": 2, "bits": 16},
                   {"smiles": "refused strings", "radius": "refused amount"}
                   | {"bits": "refused count"}),
    "protein": Call(lambda **g: descriptors.protein(model=str(ROOM), **g),
                    lambda: {"sequences": {"a": "MKV"}}, {"sequences": "refused strings"}),
    "leave_one_out": Call(
        lambda **g: leave_one_out(**g).change,
        lambda: {"signatures": table(2, 9, 6).set_axis(NAMES + ["p4", "p5"], axis=1)}
        | {"descriptors": table(), "alphas": (0.1, 1.0)},
        {"signatures": "table", "descriptors": "table", "alphas": "names"},
    ),
    "calibrate": Call(
        lambda **g: evaluation.calibrate(**g)["ceiling"].to_numpy(), lambda: {"scores": scores()},
        {"scores": "frame"},
    ),
    "leaderboard": Call(
        lambda **g: evaluation.leaderboard(**g)["value"],
        lambda: {"results": results(), "metric": "mse_mean", "space": "embedding"} | BOOT,
        {"results": "frame", "metric": "word", "space": "word", "n_boot": "choice", "seed": "seed"},
    ),
    "compare": Call(
        lambda **g: evaluation.compare(**g)[["gain", "wins"]].astype(float),
        lambda: {"results": results(), "model": "mine", "baseline": "no change"}
        | {"metric": "mse_mean"} | BOOT,
        {"results": "frame", "model": "word", "baseline": "word", "metric": "word"}
        | {"n_boot": "choice", "seed": "seed"},
    ),
    "save_results": Call(
        lambda **g: evaluation.save_results(**{"path": ROOM / "r.csv"} | g).suffix,
        lambda: {"results": results(), "path": ROOM / "r.csv"},
        {"results": "frame", "path": "target"},
    ),
    "load_results": Call(
        lambda **g: evaluation.load_results(**g)["value"], lambda: {"path": kept()},
        {"path": "path"},
    ),
    "FrozenDecoder.load": Call(
        lambda **g: FrozenDecoder.load(**g).gene_names, lambda: {"path": saved()}, {"path": "path"}
    ),
    "FrozenDecoder.save": Call(
        lambda **g: decoder()[0].save(**g).suffix, lambda: {"path": ROOM / "d.safetensors"},
        {"path": "target"},
    ),
    "plot_scores": plot("plot_scores", group="model", point="perturbation"),
    "plot_cells": plot("plot_cells", x="x", y="y", group="model", panel="metric"),
    "plot_agreement": plot("plot_agreement", panel="model", labels=["g0"]),
    "plot_curve": plot("plot_curve", x="x", y="y", group="model", mark=1.0, lowest=0.0),
    "plot_history": Call(
        drawn("plot_history"), lambda: {"frame": frame()[["x", "y"]]}, {"frame": "frame"}
    ),
    "plot_error_split": plot("plot_error_split"),
    "plot_fooling_matrix": Call(
        drawn("plot_fooling_matrix"), lambda: {"scaled": table(), "blocks": {"all": ["d0", "d1"]}},
        {"scaled": "table", "blocks": "object"},
    ),
    "plot_sweep": plot("plot_sweep", x="x", y="y", group="model", log="x"),
    "plot_volcano": plot("plot_volcano", right="right", level=0.05, labels=["g0"]),
    "collect": Call(running.collect, lambda: {"out_dir": ROOM / "none"}, {"out_dir": "path"}),
    "grid_points": Call(
        lambda **g: list(running.grid_points(**g).values()),
        lambda: {"notebook": notebook(), "grid": {"n": [1, 2]}},
        {"notebook": "path", "grid": "object"},
    ),
    "grid_points (file)": Call(
        lambda **g: list(running.grid_points(notebook(), **g).values()),
        lambda: {"grid": grid_file()}, {"grid": "path"},
    ),
    "grid_points (values)": Call(
        lambda n: list(running.grid_points(notebook(), {"n": n}).values()),
        lambda: {"n": [1, 2]}, {"n": "names"},
    ),
    "run_notebook": Call(
        running.run_notebook,
        lambda: {"notebook": notebook(), "output": ROOM / "out" / "x.ipynb", "timeout": 60.0},
        {"notebook": "path", "timeout": "refused amount"},
    ),
    "record": Call(
        lambda value: running.record(value=value), lambda: {"value": 0.5}, {"value": "object"}
    ),
    "recorded": Call(running.recorded, lambda: {"executed": executed()}, {"executed": "object"}),
    "fetch": Call(fetching.fetch, lambda: {"name": "kang"}, {"name": "word"}),
    "grade": Call(
        grading.grade, lambda: {"submission": submission(), "worlds": ["linear"], "seed": 2**70},
        {"worlds": "word", "seed": "refused count"},
    ),
    "Limits": Call(
        grading.Limits, lambda: {"seconds": 1.0, "memory": 100.0, "processes": 4, "file_size": 1.0},
        {"seconds": "amount", "memory": "amount", "processes": "count", "file_size": "amount"},
    ),
    "write_report": Call(
        lambda **g: grading.write_report(graded(), **g)[0].suffix,
        lambda: {"path": ROOM / "g.md"}, {"path": "target"},
    ),
}  # fmt: skip
