"""Worlds to call the rooms of screens in, and what becomes of a call as numbers."""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from recon_tutorial import evaluation, interop, screen, splits, streaming
from recon_tutorial.embedding import fit_embedding
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import RidgeShift

from .bad_input_screens import screen as good_screen

_KEPT = TemporaryDirectory()  # gone when the tests end
ROOM = Path(_KEPT.name)


@cache
def world():
    return good_screen(), splits.split_cells(good_screen(), seed=0)


@cache
def combinations():
    return screen.simulate_screen(
        n_perturbations=5, cells_per_perturbation=8, embed_dim=4, cov_dim=3, n_genes=5,
        combinations=6,
    )  # fmt: skip


@cache
def embedded():
    """The good screen with principal components of its genes, as `fit_embedding` leaves them."""
    adata, split = world()
    return fit_embedding(adata, split.train, n_genes=12, embed_dim=4)


def to_embedding():
    return interop.pca_embedding(embedded())


def predictions():
    """Cells for every perturbation, in genes."""
    adata = embedded()
    label = adata.obs["perturbation"].astype(str)
    return {p: adata[label == p].X + 0.1 for p in sorted({*label} - {"control"})}


def of_split(made):
    parts = made if isinstance(made, tuple) else (made,)
    return np.concatenate([mask for part in parts for mask in (part.train, part.test)])


def evaluated(**given):
    found = evaluation.evaluate(**given)
    json.dumps(found.attrs)  # as save_results does
    return found.loc[found["value"].notna(), "value"].to_numpy()


def with_pairs(function):
    """Write pairs into a folder of their own; what they hold."""

    def run(**given):
        given.setdefault("folder", ROOM / f"pairs-{uuid4().hex}")
        return np.concatenate([np.asarray(x) for x in function(**given)[:3]], axis=1)

    return run


@cache
def written():
    streaming.write_pairs(good_screen(), ROOM / "pairs", how="random")
    return ROOM / "pairs"


def recorded(**given):
    model = interop.Recorded(**{"embed": to_embedding()} | given)
    pairs = make_pairs(embedded()[world()[1].test], how="random")
    return model.predict(pairs.ctrl, pairs.cov)


def exported(function):
    def run(**given):
        made = function(**given)
        parts = made if isinstance(made, tuple) else (made,)
        return np.concatenate([p.X if p.X is not None else p.obsm["X_emb"] for p in parts])

    return run


@cache
def read_file(kind):
    """A file as pertpy or CellFlow would hand it out: counts, and labels under other names."""
    rng = np.random.default_rng(0)
    counts = sparse.csr_matrix(rng.poisson(2.0, (24, 6)).astype(np.float32))
    names = [f"cell{i}" for i in range(24)]
    if kind == "norman":
        obs = pd.DataFrame({"perturbation_name": ["control", "A", "A+B"] * 8}, names)
    elif kind == "adamson":
        obs = pd.DataFrame({"perturbation": ["62(mod)_pBA581", "A_pDS1", "B_pDS2"] * 8}, names)
    else:
        obs = pd.DataFrame({"cytokine": ["PBS", "IL4", "IL6"] * 8, "cell_type": "T"}, names)
        obs = obs.assign(donor="Donor1", tscp_count=100.0)
    uns = {"esm2_embeddings": {"IL4": np.ones(3), "IL6": np.zeros(3)}}
    return AnnData(counts, obs=obs, layers={"counts": counts.copy()}, uns=uns)


def reader(**given):
    """A reader's AnnData, converted."""
    given = {"adata": foreign(), "perturbation_key": "condition", "control": "ctrl"} | given
    made = interop.screen_from_anndata(**given)
    return np.concatenate([dense(made.X), *made.obsm.values()], axis=1)


@cache
def foreign():
    adata = good_screen().copy()
    label = adata.obs.pop("perturbation").astype(str)
    adata.obs["condition"] = label.where(label != "control", "ctrl").astype("category")
    adata.obsm["X_pca"] = adata.obsm.pop("X_emb")
    adata.obs["kind"] = adata.obs.pop("context")
    return adata


def dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)


def arrays_of(made):
    return np.concatenate([np.asarray(part, dtype=float) for part in made[:3]], axis=1)


@cache
def genes():
    rng = np.random.default_rng(0)
    ctrl = rng.uniform(1, 2, (12, 12))
    return {"ctrl_emb": ctrl, "pert_emb": ctrl + 1, "pert_cov": rng.normal(size=(12, 3))}


def through(**given):
    model = interop.ThroughEmbedding(RidgeShift(), to_embedding(), lambda z: z)
    model.train(**given)
    return model.predict(genes()["ctrl_emb"][:3], genes()["pert_cov"][:3])
