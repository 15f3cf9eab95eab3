"""Small worlds for the exercises of chapters 10 to 12, and the checks with what a page gives them.

Their rooms (signatures, interop, embedding) are the reader's to combine, and so are they here.
"""

from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from recon_tutorial import exercises
from recon_tutorial.descriptors import combined, one_hot
from recon_tutorial.embedding import fit_embedding
from recon_tutorial.interop import pca_embedding, screen_from_anndata
from recon_tutorial.pairing import make_pairs
from recon_tutorial.screen import simulate_screen
from recon_tutorial.signatures import leave_one_out
from recon_tutorial.splits import hold_out_perturbations, split_cells


@cache
def logged():
    """Counts of 60 cells, and their log-normalised expression."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(0.3, 4, 40), (60, 40)).astype(np.float32)
    counts[:, 0] += 1  # no cell is empty
    normal = counts / counts.sum(axis=1, keepdims=True) * 1e4
    return counts, sparse.csr_matrix(np.log1p(normal))


def convert(matrix):
    """A screen of a matrix, or the sentence that says why not."""
    names = pd.DataFrame({"condition": ["ctrl", "stim"] * 30}, [f"c{i}" for i in range(60)])
    how = {"perturbation_key": "condition", "control": "ctrl", "descriptors": {"stim": [1.0]}}
    return screen_from_anndata(AnnData(matrix, obs=names), **how)


@cache
def tool():
    """A screen, its split, and cells that a tool has predicted for what is held out."""
    size = {"n_perturbations": 8, "cells_per_perturbation": 30, "embed_dim": 8, "cov_dim": 4}
    cells = simulate_screen(**size, n_genes=30, seed=0)
    split = hold_out_perturbations(cells, n=3, seed=0)
    screen = fit_embedding(cells, split.train, n_genes=30, embed_dim=8)
    label = screen.obs["perturbation"].astype(str).to_numpy()
    start = screen[split.test & (label == "control")].X
    held = sorted(set(label[split.test]) - {"control"})
    predicted = {name: start + 0.3 * (1 + i) for i, name in enumerate(held)}
    return SimpleNamespace(
        screen=screen, split=split, predicted=predicted, embed=pca_embedding(screen)
    )


def means():
    return {name: cells.mean(axis=0)[None] for name, cells in tool().predicted.items()}


@cache
def signed():
    """Signatures of 12 perturbations in 6 families, of two roads that three families share."""
    rng = np.random.default_rng(0)
    names = [f"s{i}" for i in range(12)]
    family = np.repeat(np.arange(6), 2)
    roads, kin = rng.normal(size=(2, 40)), rng.normal(size=(6, 40))
    values = 2 * roads[family % 2] + kin[family] + 0.2 * rng.normal(size=(12, 40))
    return SimpleNamespace(
        signatures=pd.DataFrame(values.T, columns=names),
        groups=pd.Series(family, names),
        family=pd.DataFrame(np.eye(6)[family], names),
        road=pd.DataFrame(np.eye(2)[family % 2], names),
        tags=pd.DataFrame(np.eye(12), names),
    )


def two_tests(table):
    """Centred Pearson of each signature: one left out, and its family left out."""
    world, scores = signed(), []
    for groups in (None, world.groups):
        left_out = leave_one_out(world.signatures, combined(table), groups=groups)
        own = world.signatures - left_out.centroid
        pairs = ((own[name], left_out.change[name]) for name in own)
        found = [0.0 if np.allclose(b, 0) else np.corrcoef(a, b)[0, 1] for a, b in pairs]
        scores.append(pd.Series(found, own.columns))
    return scores


@cache
def blood():
    """Cells of three types, each with a shift of its own, and one treatment."""
    rng, frames = np.random.default_rng(0), []
    home, shift = 6 * np.eye(3, 6), 2 * np.eye(3, 6, 3)  # where a type lies, and where it goes
    for condition in ("control", "drug"):
        for k, kind in enumerate("ABC"):
            middle = home[k] + (condition == "drug") * shift[k]
            obs = {"perturbation": [condition] * 60, "context": [kind] * 60}
            frames.append((rng.normal(middle, 0.3, (60, 6)), pd.DataFrame(obs)))
    obs = pd.concat([labels for _, labels in frames], ignore_index=True)
    obs.index = [f"cell{i}" for i in range(len(obs))]
    genes = np.abs(np.concatenate([values for values, _ in frames])).astype(np.float32)
    cells = AnnData(genes, obs=obs.astype("category"))
    cells.uns["descriptors"] = pd.DataFrame({"given": [1.0]}, ["drug"])
    split = split_cells(cells, test_fraction=0.3, seed=0)
    screen = fit_embedding(cells, split.train, n_genes=5, embed_dim=4)
    screen.uns["context_descriptors"] = one_hot(["A", "B", "C"])
    how = {"how": "random", "context_key": "context", "seed": 0}
    train, test = (make_pairs(screen[part], **how) for part in (split.train, split.test))
    return SimpleNamespace(cells=cells, split=split, screen=screen, train=train, test=test)


def flows(**values):
    """Energy distances of the two flows, by type: A=(1.0, 2.0)."""
    rows = [
        {"context": kind, "model": model, "value": value}
        for kind, pair in values.items()
        for model, value in zip(("flow", "flow + descriptor"), pair)
    ]
    return pd.DataFrame(rows).assign(metric="energy_distance", space="embedding")


@cache
def checks():
    """Every check of these chapters, with all but the answer."""
    world, blood_cells = signed(), blood()
    return {
        "without_the_type": partial(
            exercises.check_without_the_type, train=blood_cells.train, test=blood_cells.test
        ),
        "leaky_embedding": partial(
            exercises.check_leaky_embedding, screen=blood_cells.screen, split=blood_cells.split
        ),
        "inner_choice": partial(
            exercises.check_inner_choice, outer=flows(B=(1.0, 3.0), C=(5.0, 4.0)), kind="B"
        ),
        "held_share": partial(exercises.check_held_share, signatures=world.signatures),
        "own_descriptor": partial(
            exercises.check_own_descriptor,
            two_tests=two_tests,
            floor=two_tests(world.family)[1],
            groups=world.groups,
        ),
        "forgotten_logarithm": partial(
            exercises.check_forgotten_logarithm, logged=logged()[1], convert=convert
        ),
        "means_only": partial(
            exercises.check_means_only,
            cells=tool().predicted,
            screen=tool().screen,
            split=tool().split,
            embed=tool().embed,
        ),
    }


N_PARTS = {"forgotten_logarithm": 2, "inner_choice": 2, "means_only": 2, "own_descriptor": 2}
