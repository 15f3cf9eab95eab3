"""What can be wrong with an argument: for each kind of it, named ways to spoil a good one."""

import datetime

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

HUGE = 1e300


def put(value):
    """A way to spoil: this value in one place of a copy of the cells."""

    def spoil(cells):
        cells = np.array(cells, dtype=float)
        cells[0, 0] = value
        return cells

    return spoil


CELLS = {
    # of another shape
    "none": lambda x: None,
    "number": lambda x: 3.0,
    "vector": lambda x: x[0],
    "cube": lambda x: x[None],
    "ragged": lambda x: [[1.0], [1.0, 2.0]],
    "no rows": lambda x: x[:0],
    "no columns": lambda x: x[:, :0],
    "a row less": lambda x: x[:-1],
    "a column less": lambda x: x[:, :-1],
    "one row": lambda x: x[:1],
    # of another type
    "text": lambda x: x.astype(str),
    "words": lambda x: np.full(x.shape, "many", dtype=object),
    "complex": lambda x: x + 1j,
    "dates": lambda x: np.full(x.shape, np.datetime64("2020-01-01")),
    "objects": lambda x: x.astype(object),
    "integers": lambda x: np.rint(3 * x).astype(int),
    "truth values": lambda x: x > 0,
    "float16": lambda x: x.astype(np.float16),
    "float32": lambda x: x.astype(np.float32),
    "lists": lambda x: x.tolist(),
    "table": lambda x: pd.DataFrame(x),
    "sparse": lambda x: sparse.csr_matrix(x),
    "columns first": lambda x: np.asfortranarray(x),
    "view": lambda x: np.repeat(x, 2, axis=0)[::2],
    "read only": lambda x: np.broadcast_to(x, x.shape),
    # of values that mean nothing, or that are hard to compute with
    "nan": put(np.nan),
    "inf": put(np.inf),
    "minus inf": put(-np.inf),
    "all nan": lambda x: np.full_like(x, np.nan),
    "huge": lambda x: HUGE * x,
    "overflow": lambda x: np.full_like(x, np.finfo(float).max),
    "constant": lambda x: np.ones_like(x),
    "zeros": lambda x: np.zeros_like(x),
    "tiny": lambda x: 1e-300 * x,
    "negative": lambda x: -np.abs(x) - 1,
    "duplicated": lambda x: np.repeat(x[:1], len(x), axis=0),
}
ROWS = {  # of a predictor: what its room checks once for all, on each of its doors
    name: CELLS[name]
    for name in (
        *("none", "vector", "ragged", "no columns", "a row less", "a column less"),
        *("text", "complex", "nan", "inf", "huge", "objects", "float16", "lists", "sparse"),
    )
}
REFUSED_ROWS = {name: ROWS[name] for name in list(ROWS)[:12]}  # nothing is fitted on these
VECTOR = {
    "none": lambda x: None,
    "number": lambda x: 3.0,
    "matrix": lambda x: np.stack([x, x]),
    "empty": lambda x: x[:0],
    "shorter": lambda x: x[:-1],
    "text": lambda x: x.astype(str),
    "complex": lambda x: x + 1j,
    "nan": lambda x: x * np.nan,
    "inf": lambda x: x + np.inf,
    "huge": lambda x: HUGE * x,
    "lists": lambda x: x.tolist(),
    "series": lambda x: pd.Series(x),
    "float16": lambda x: x.astype(np.float16),
}
COUNT = {
    "zero": lambda x: 0,
    "negative": lambda x: -1,
    "fraction": lambda x: x + 0.5,
    "nan": lambda x: np.nan,
    "text": lambda x: "many",
    "list": lambda x: [x],
    "numpy": lambda x: np.int64(x),
}
REFUSED_COUNT = {name: spoil for name, spoil in COUNT.items() if name != "numpy"}
CHOICE = COUNT | {"huge": lambda x: 10**12}  # among what is there; not steps, nor units to make
AMOUNT = {
    "negative": lambda x: -1.0,
    "nan": lambda x: np.nan,
    "inf": lambda x: np.inf,
    "text": lambda x: "many",
    "list": lambda x: [x],
    "numpy": lambda x: np.float32(x),
}
REFUSED_AMOUNT = {name: spoil for name, spoil in AMOUNT.items() if name != "numpy"}
SEED = {
    "negative": lambda x: -1,
    "fraction": lambda x: 0.5,
    "text": lambda x: "many",
    "numpy": lambda x: np.int64(x),
}
WORD = {
    "unknown": lambda x: "nonsense",
    "empty": lambda x: "",
    "none": lambda x: None,
    "number": lambda x: 3,
    "list": lambda x: [x],
}
NAMES = {
    "none": lambda x: None,
    "number": lambda x: 3,
    "empty": lambda x: [],
    "duplicated": lambda x: [*x, x[0]],
    "unknown": lambda x: ["nonsense"],
    "series": lambda x: pd.Series(x),
}
MASK = {
    "none": lambda x: None,
    "positions": lambda x: np.flatnonzero(x),
    "numbers": lambda x: x.astype(float),
    "shorter": lambda x: x[:-1],
    "matrix": lambda x: x[None],
    "empty": lambda x: np.zeros_like(x),
    "words": lambda x: x.astype(str),
    "list": lambda x: x.tolist(),
    "series": lambda x: pd.Series(x),
}
STRINGS = {  # name -> text
    "none": lambda x: None,
    "text": lambda x: "abc",
    "list": lambda x: list(x),
    "empty": lambda x: {},
    "numbers": lambda x: dict.fromkeys(x, 3),
    "nan": lambda x: dict.fromkeys(x, float("nan")),
    "blank": lambda x: dict.fromkeys(x, " "),
    "odd": lambda x: dict.fromkeys(x, "!"),
    "duplicated": lambda x: pd.concat([pd.Series(x)] * 2),
    "series": lambda x: pd.Series(x),
}
REFUSED_STRINGS = {name: spoil for name, spoil in STRINGS.items() if name not in ("odd", "series")}
PATH = {
    "missing": lambda x: x.parent / "missing" / x.name,
    "folder": lambda x: x.parent,
    "number": lambda x: 3,
    "none": lambda x: None,
    "binary": lambda x: _file(x, b"\x80\x04\x95\x00\xff"),
    "no bytes": lambda x: _file(x, b""),
    "other text": lambda x: _file(x, b"{}"),
}
TARGET = {name: PATH[name] for name in ("folder", "number", "none")}
OBJECT = {
    "none": lambda x: None,
    "number": lambda x: 3,
    "text": lambda x: "nonsense",
    "date": lambda x: datetime.date(2020, 1, 1),
}
SETS = {  # of cells, for a loss
    "matrix": lambda x: x[0],
    "a set less": lambda x: x[:1],
    "a cell less": lambda x: x[:, :-1],
    "one cell": lambda x: x[:, :1],
    "view": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "moved": lambda x: x + 1e4,
}
ANNDATA = {
    **OBJECT,
    "matrix": lambda a: a.X,
    "table": lambda a: a.to_df(),
    "no cells": lambda a: a[:0],
    "no genes": lambda a: a[:, :0],
    "no X": lambda a: AnnData(obs=a.obs, var=a.var),
    "a gene less": lambda a: a[:, 1:],
    "other genes": lambda a: AnnData(a.X),
    "genes twice": lambda a: AnnData(a.X, var=pd.DataFrame(index=["g0"] * a.n_vars)),
    "nan": lambda a: AnnData(put(np.nan)(a.X), var=a.var),
    "inf": lambda a: AnnData(put(np.inf)(a.X), var=a.var),
    "huge": lambda a: AnnData(HUGE * a.X, var=a.var),
    "complex": lambda a: AnnData(a.X + 1j, var=a.var),
    "view": lambda a: a[np.arange(a.n_obs)],
    "sparse": lambda a: AnnData(sparse.csr_matrix(a.X), var=a.var),
    "genes in another order": lambda a: a[:, ::-1],
    "float32": lambda a: AnnData(a.X.astype(np.float32), var=a.var),
}
KINDS = {
    "target": TARGET,
    "sets": SETS,
    "anndata": ANNDATA,
    "cells": CELLS,
    "rows": ROWS,
    "refused rows": REFUSED_ROWS,
    "vector": VECTOR,
    "count": COUNT,
    "refused count": REFUSED_COUNT,
    "choice": CHOICE,
    "amount": AMOUNT,
    "refused amount": REFUSED_AMOUNT,
    "seed": SEED,
    "word": WORD,
    "names": NAMES,
    "mask": MASK,
    "strings": STRINGS,
    "refused strings": REFUSED_STRINGS,
    "path": PATH,
    "object": OBJECT,
}


def _file(path, content):
    """A file of the same ending that holds something else."""
    other = path.with_name(f"other{path.suffix}")
    other.write_bytes(content)
    return other
