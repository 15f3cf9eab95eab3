"""What can be wrong with a screen, and with tables: named ways to spoil a good one."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import numpy as np
import pandas as pd
from anndata import read_h5ad
from scipy import sparse

from recon_tutorial.screen import simulate_screen

_KEPT = TemporaryDirectory()  # gone when the tests end


@cache
def screen():
    """A small screen with contexts, unpaired; nobody may change it."""
    size = {"n_perturbations": 6, "cells_per_perturbation": 24, "n_controls": 60}
    return simulate_screen(**size, embed_dim=4, cov_dim=3, n_genes=12, n_contexts=2, seed=0)


def changed(change):
    """A way to spoil: a copy of the screen that this function has changed."""

    def spoil(adata):
        copy = adata.copy()
        change(copy)
        return copy

    return spoil


def in_matrix(value, dtype=np.float32):
    def change(adata):
        values = np.array(adata.X, dtype=dtype)
        values[0, 0] = value
        adata.X = values

    return changed(change)


def in_embedding(value, dtype=np.float32):
    def change(adata):
        values = np.array(adata.obsm["X_emb"], dtype=dtype)
        values[0, 0] = value
        adata.obsm["X_emb"] = values

    return changed(change)


def descriptors(make):
    return changed(lambda a: a.uns.update(descriptors=make(a.uns["descriptors"])))


def label(make):
    return changed(lambda a: setattr(a, "obs", a.obs.assign(perturbation=make(a.obs.perturbation))))


def names(axis):
    def change(adata):
        index = getattr(adata, f"{axis}_names").to_numpy(dtype=object, copy=True)
        index[1] = index[0]
        setattr(adata, f"{axis}_names", index)

    return changed(change)


def backed(adata):
    path = Path(_KEPT.name, f"{uuid4().hex}.h5ad")
    adata.write_h5ad(path)
    return read_h5ad(path, backed="r")


def only(keep):
    return lambda a: a[keep(a.obs["perturbation"] == "control")].copy()


def first_nan(labels):
    return labels.astype(object).where(np.arange(len(labels)) > 0, np.nan)


SCREEN = {
    "none": lambda a: None,
    "matrix": lambda a: a.X,
    "table": lambda a: a.to_df(),
    "text": lambda a: "screen.h5ad",
    "no cells": lambda a: a[:0].copy(),
    "no genes": lambda a: a[:, :0].copy(),
    "one cell": lambda a: a[:1].copy(),
    "controls only": only(lambda control: control),
    "no control": only(lambda control: ~control),
    "no labels": changed(lambda a: a.obs.drop(columns="perturbation", inplace=True)),
    "missing label": label(first_nan),
    "cells twice": names("obs"),
    "genes twice": names("var"),
    "no X": changed(lambda a: setattr(a, "X", None)),
    "nan in X": in_matrix(np.nan),
    "inf in X": in_matrix(np.inf),
    "huge X": in_matrix(1e300, np.float64),
    "counts in X": in_matrix(1000.0),
    "complex X": in_matrix(1j, complex),
    "no embedding": changed(lambda a: a.obsm.clear()),
    "nan embedding": in_embedding(np.nan),
    "inf embedding": in_embedding(np.inf),
    "huge embedding": in_embedding(1e300, np.float64),
    "negative huge embedding": in_embedding(-1e300, np.float64),
    "complex embedding": in_embedding(1j, complex),
    "text embedding": changed(lambda a: a.obsm.update(X_emb=a.obsm["X_emb"].astype(str))),
    "cube embedding": changed(lambda a: a.obsm.update(X_emb=a.obsm["X_emb"][:, :, None])),
    "empty embedding": changed(lambda a: a.obsm.update(X_emb=a.obsm["X_emb"][:, :0])),
    "no descriptors": changed(lambda a: a.uns.pop("descriptors")),
    "descriptors as array": descriptors(lambda t: t.to_numpy()),
    "no descriptor rows": descriptors(lambda t: t.iloc[:0]),
    "no descriptor columns": descriptors(lambda t: t.iloc[:, :0]),
    "a descriptor less": descriptors(lambda t: t.iloc[1:]),
    "a descriptor twice": descriptors(lambda t: pd.concat([t, t.iloc[:1]])),
    "text descriptors": descriptors(lambda t: t.astype(str)),
    "nan descriptors": descriptors(lambda t: t * np.nan),
    "huge descriptors": descriptors(lambda t: t.astype(float) * 1e300),
    "complex descriptors": descriptors(lambda t: t + 1j),
    # nothing wrong with these: the answer is the same as for the good screen
    "view": lambda a: a[np.arange(a.n_obs)],
    "sparse rows": changed(lambda a: setattr(a, "X", sparse.csr_matrix(a.X))),
    "sparse columns": changed(lambda a: setattr(a, "X", sparse.csc_matrix(a.X))),
    "backed": backed,
    "float64": changed(lambda a: setattr(a, "X", a.X.astype(np.float64))),
    "unsorted categories": label(lambda c: c.cat.reorder_categories(list(c.cat.categories[::-1]))),
    "unused categories": label(lambda c: c.cat.add_categories(["nobody"])),
    "plain text labels": label(lambda c: c.astype(str).astype(object)),
    "unsorted descriptors": descriptors(lambda t: t.iloc[::-1]),
}
SOUND = list(SCREEN)[list(SCREEN).index("view") :]
FEW = ("none", "table", "no cells", "one cell", "no control", "no labels", "cells twice", "no X")
FEW += ("nan in X", "huge X", "no embedding", "nan embedding", "cube embedding", "no descriptors")
SOME = {name: SCREEN[name] for name in (*FEW, *SOUND)}  # for who leaves the rest to validate_screen
FILE = {name: SCREEN[name] for name in ("none", "table", "no cells", "no genes", "one cell")}
FILE |= {"cells twice": SCREEN["cells twice"], "view": SCREEN["view"]}
TABLE = {
    "none": lambda t: None,
    "text": lambda t: "nonsense",
    "array": lambda t: t.to_numpy(),
    "series": lambda t: t.iloc[:, 0],
    "no rows": lambda t: t.iloc[:0],
    "no columns": lambda t: t.iloc[:, :0],
    "one row": lambda t: t.iloc[:1],
    "words": lambda t: t.astype(str) + "x",
    "complex": lambda t: t + 1j,
    "nan": lambda t: pd.concat([t.iloc[:1] * np.nan, t.iloc[1:]]),
    "inf": lambda t: t.astype(float).replace(t.iloc[0, 0], np.inf),
    "huge": lambda t: t.astype(float) * 1e300,
    "overflow": lambda t: t * 0 + np.finfo(float).max,
    "constant": lambda t: t * 0 + 1.0,
    "rows twice": lambda t: pd.concat([t, t.iloc[:1]]),
    "columns twice": lambda t: t.set_axis([t.columns[0]] * t.shape[1], axis=1),
    "float16": lambda t: t.astype(np.float16),
    "objects": lambda t: t.astype(object),
}
FRAME = {  # a tidy one, of columns of different types
    "none": lambda t: None,
    "text": lambda t: "nonsense",
    "array": lambda t: t.to_numpy(),
    "no rows": lambda t: t.iloc[:0],
    "no columns": lambda t: t.iloc[:, :0],
    "index twice": lambda t: t.set_axis(["g0"] * len(t)),
    "categories": lambda t: t.assign(
        **{c: t[c].astype("category") for c in t if not pd.api.types.is_numeric_dtype(t[c])}
    ),
}
KINDS = {"screen": SCREEN, "some screen": SOME, "file": FILE, "table": TABLE, "frame": FRAME}
