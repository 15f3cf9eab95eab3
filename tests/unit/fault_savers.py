"""What this package writes: an old and a new version of each kind, saved and read in a folder."""

import functools
import json

import pandas as pd
import torch

from recon_tutorial.decoders import FrozenDecoder, MLPDecoder
from recon_tutorial.evaluation import load_results, save_results
from recon_tutorial.grading import Grade, Limits, write_report
from recon_tutorial.screen import simulate_screen
from recon_tutorial.streaming import open_pairs, write_pairs

OLD, NEW, N_CELLS = 1.0, 2.0, 90


def save_decoder(folder, version):
    decoder = MLPDecoder(4, 500)  # 140 kB
    with torch.no_grad():
        for weights in decoder.parameters():
            weights.fill_(version)
    FrozenDecoder(decoder, range(500)).save(folder / "d.safetensors")


def read_decoder(folder):
    decoder = FrozenDecoder.load(folder / "d.safetensors")
    (version,) = {weights.unique().item() for weights in decoder.parameters()}
    return version


def save_table(folder, version):
    table = pd.DataFrame({"value": [version] * 1500, "note": ""})  # 8 kB
    table.attrs["version"] = version
    save_results(table, folder / "r.csv")


def read_table(folder):
    try:
        results = load_results(folder / "r.csv")
    except FileNotFoundError as error:  # between the table and its header
        assert "there is no" in str(error) and "save_results writes" in str(error)
        return None
    (version,) = {results.attrs["version"], *results["value"]}
    return version


def save_grade(folder, version):
    grade = Grade("s.py", "0", "crashed", f"version {version}", limits=vars(Limits()))
    grade.output = f"{version}\n" * 1500  # of which the report shows the end, the JSON all
    write_report(grade, folder / "g.md")


def read_grade(folder):
    if not (folder / "g.json").exists():
        return None
    kept = json.loads((folder / "g.json").read_text())
    (version,) = {float(line) for line in kept["output"].split()}
    assert f"`version {version}`" in (folder / "g.md").read_text(), "the report of another grade"
    return version


def save_pairs(folder, version):
    if version == NEW:  # there is no older one: an existing folder is refused
        write_pairs(screen(), folder / "pairs", how="random", chunk=60)


@functools.cache
def screen():
    knobs = {"n_perturbations": 3, "cells_per_perturbation": N_CELLS // 3, "embed_dim": 50}
    return simulate_screen(**knobs, cov_dim=2, n_genes=5)


def read_pairs(folder):
    if not (folder / "pairs").exists():
        return OLD
    pairs = open_pairs(folder / "pairs")
    assert pairs.ctrl.shape == pairs.pert.shape == (N_CELLS, 50) and pairs.ctrl.all()
    return NEW


SAVERS = {
    "decoder": (save_decoder, read_decoder),
    "results": (save_table, read_table),
    "report": (save_grade, read_grade),
    "pairs": (save_pairs, read_pairs),
}
WRITERS = (  # the functions at whose every line a save is ended
    *("keep_bytes", "keep_together", "writing", "write", "save_results", "write_report"),
    *("write_pairs", "_draft", "_place", "_write", "_npy"),
)
