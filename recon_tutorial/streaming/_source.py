"""A screen read chunk by chunk: labels in memory, cells never all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import read_elem, sparse_dataset
from scipy import sparse

from recon_tutorial._given import a_path
from recon_tutorial._mapped import pieces
from recon_tutorial._numeric import finite
from recon_tutorial.validation import GENES, validate_screen

_TABLES = ("descriptors", "context_descriptors")


class Source(NamedTuple):
    """Labels of the chosen cells (an AnnData without genes), and their rows of `width` numbers.

    ``parts()`` yields (position of the first cell, rows as float32) until all cells were read.
    """

    labels: AnnData
    width: int
    parts: Callable[[], Iterator[tuple[int, np.ndarray]]]


@contextmanager
def opened(screen, *, cells, use_rep, columns, chunk):
    """Open an AnnData or the path of an .h5ad file as a `Source`."""
    if isinstance(screen, AnnData):
        yield _of_anndata(screen, cells, use_rep, columns, chunk)
        return
    path = Path(a_path(screen, "screen"))
    if not path.is_file():
        raise ValueError(f"{path} is not a file: pass an AnnData or the path of an .h5ad file")
    if not h5py.is_hdf5(path):
        raise ValueError(f"{path} is not an HDF5 file: save the screen by adata.write_h5ad")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise _unreadable(path, error) from error
    with file:
        yield _of_file(file, cells, use_rep, columns, chunk)


def _of_anndata(adata, cells, use_rep, columns, chunk):
    if adata.isbacked and adata.is_view:
        raise ValueError(
            "a view of a backed screen cannot be read chunk by chunk: "
            "pass the backed screen itself and the mask of its cells as cells="
        )
    if not isinstance(use_rep, str) or (use_rep != GENES and use_rep not in adata.obsm):
        raise ValueError(_missing(use_rep, adata.obsm))
    obs = adata.obs[[c for c in columns if c in adata.obs]]
    uns = {k: adata.uns[k] for k in _TABLES if k in adata.uns}

    def rows_of(part):
        view = adata[part]  # of a backed screen, X is read for these cells alone
        return view.X if use_rep == GENES else view.obsm[use_rep]

    return _source(obs, uns, rows_of, cells, use_rep, chunk)


def _of_file(file, cells, use_rep, columns, chunk):
    if "obs" not in file or "_index" not in file["obs"].attrs:
        raise ValueError(f"{file.filename} holds no AnnData: save the screen by adata.write_h5ad")
    table, uns = file["obs"], file.get("uns", {})
    index = read_elem(table[table.attrs["_index"]])
    obs = pd.DataFrame({c: read_elem(table[c]) for c in columns if c in table}, index=index)
    uns = {k: read_elem(uns[k]) for k in _TABLES if k in uns}
    element = _element(file, use_rep)

    def rows_of(part):
        try:
            return element[part]
        except OSError as error:
            raise _unreadable(file.filename, error) from error

    return _source(obs, uns, rows_of, cells, use_rep, chunk)


def _source(obs, uns, rows_of, cells, use_rep, chunk):
    if not obs.index.is_unique:  # said here: anndata would warn of it in other words
        name = obs.index[obs.index.duplicated()][0]
        raise ValueError(f"obs_names repeat ({name!r}): call adata.obs_names_make_unique()")
    keep = np.ones(len(obs), dtype=bool) if cells is None else _checked(cells, len(obs))
    empty = sparse.csr_matrix((int(keep.sum()), 1), dtype=np.float32)
    labels = AnnData(empty, obs=obs[keep], uns=uns)
    validate_screen(labels, use_rep=None)
    width = _dense(rows_of(slice(0, 1)), use_rep).shape[1]

    def parts():
        done = 0
        for part in _runs(len(keep), width, chunk):
            if n := int(keep[part].sum()):
                yield done, _dense(rows_of(part), use_rep)[keep[part]]
                done += n

    return Source(labels, width, parts)


def _element(file, use_rep):
    """What is to be read of the file: a dense data set, or sparse rows."""
    name = "X" if use_rep == GENES else f"obsm[{use_rep!r}]"
    key = "X" if use_rep == GENES else f"obsm/{use_rep}"
    if key not in file:
        raise ValueError(_missing(use_rep, file.get("obsm", ())))
    element = file[key]
    if isinstance(element, h5py.Dataset):
        return element
    kind = element.attrs.get("encoding-type", "a group")
    if kind != "csr_matrix":
        raise ValueError(
            f"{name} is stored as {kind}, which has no rows to read one after another: "
            "store it as a dense array or a csr_matrix"
        )
    return sparse_dataset(element)


def _dense(rows, use_rep):
    """A chunk of rows as float32, or a ValueError if it holds no numbers."""
    name = "X" if use_rep == GENES else f"obsm[{use_rep!r}]"
    if rows is None:
        raise ValueError(_missing(use_rep, ()))
    rows = rows.toarray() if sparse.issparse(rows) else np.asarray(rows)
    if rows.ndim != 2:
        raise ValueError(f"{name} has {rows.ndim} dimension(s): store a matrix, one row per cell")
    if rows.shape[1] == 0:
        raise ValueError(f"{name} has no column: store a matrix, one row per cell")
    if rows.dtype.kind not in "fiu":
        raise ValueError(f"{name} holds {rows.dtype} values: convert it to float32")
    return finite(rows, name, "cells first").astype(np.float32, copy=False)


def _runs(n_rows, width, chunk):
    if chunk is None:
        return pieces(n_rows, width)
    return [slice(i, min(i + chunk, n_rows)) for i in range(0, n_rows, chunk)]


def _checked(cells, n_cells):
    mask = np.asarray(cells)
    if mask.dtype != bool or mask.shape != (n_cells,):
        raise ValueError(
            f"cells has shape {mask.shape} and holds {mask.dtype} values: "
            f"pass one True or False for each of the {n_cells} cells, such as split.train"
        )
    return mask


def _unreadable(path, error):
    """What HDF5 says of a file that was cut short or damaged, with what to do."""
    return ValueError(
        f"{path} cannot be read to its end ({' '.join(str(error).split())}): save the screen again "
        "by adata.write_h5ad"
    )


def _missing(use_rep, found):
    if use_rep == GENES:
        return "X is missing: store log-normalised expression there"
    return (
        f"obsm[{use_rep!r}] is missing (found: {', '.join(found) or 'none'}): "
        "fit an embedding or name yours with use_rep="
    )
