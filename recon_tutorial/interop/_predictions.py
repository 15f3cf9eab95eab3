"""Predictions of any tool as float32 cells of each perturbation, in the space of a screen."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData, read_h5ad
from scipy import sparse

from recon_tutorial._numeric import finite
from recon_tutorial.interop._labels import as_text, labels, listed, rows_by
from recon_tutorial.interop._matrices import holds_counts
from recon_tutorial.validation import CONTROL, GENES

Key = tuple[str, str | None]  # a perturbation, and its context where predictions tell them apart


def read_predictions(
    source, screen, *, perturbation_key, context_key, use_rep, embed
) -> dict[Key, np.ndarray]:
    """Cells (m, d) of each predicted perturbation of the screen, or what is wrong with them."""
    if not isinstance(use_rep, str):
        raise TypeError(f'use_rep={use_rep!r} is no name: pass a key of obsm, or "X" for genes')
    if use_rep == GENES and embed is not None:
        raise ValueError('use_rep="X" asks for genes and embed= leaves them: give one of the two')
    in_genes = use_rep == GENES or embed is not None
    if isinstance(source, (str, os.PathLike)):
        source = _read(Path(source))
    if isinstance(source, AnnData):
        context_key = context_key if "context" in screen.obs else None
        space = None if in_genes else use_rep
        parts = _parts_of_anndata(source, screen, space, perturbation_key, context_key)
    elif isinstance(source, Mapping):
        parts = _parts_of_mapping(source, screen if in_genes else None)
    else:
        raise TypeError(
            f"predictions are a {type(source).__name__}: pass a mapping from perturbation to "
            "cells, an AnnData, or the path of an .h5ad file"
        )
    known = {*as_text(screen.obs["perturbation"])} - {CONTROL}
    width = screen.n_vars if in_genes else screen.obsm[use_rep].shape[1]
    cells, theirs = {}, set()
    for key, part in parts:
        theirs.add(key[0])
        if key[0] in known:
            cells[key] = _cells(key, part, width, "genes" if in_genes else f"obsm[{use_rep!r}]")
    if not cells:
        raise ValueError(
            f"predictions name no perturbation of the screen (theirs: {listed(theirs) or 'none'}; "
            f"the screen's: {listed(known)}): rename theirs"
        )
    if in_genes and all(holds_counts(part) for part in cells.values()):
        raise ValueError(
            "predictions hold whole numbers only, as raw counts do: bring them to the scale of "
            "the screen, log1p of 10,000 counts a cell"
        )
    if embed is not None:
        width = screen.obsm[use_rep].shape[1]
        cells = {key: _embedded(key, part, embed, width) for key, part in cells.items()}
    return cells


def _embedded(key, part, embed, width):
    answer = _cells(key, embed(part), width, "the answer of embed")
    if len(answer) != len(part):
        raise ValueError(
            f"embed returned {len(answer)} rows for {len(part)} cells of {key[0]}: "
            "return one row per cell, in order"
        )
    return answer


def _read(path):
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}: pass the path of an .h5ad file")
    try:
        return read_h5ad(path)
    except OSError as error:  # what h5py says of a file that is none of its own
        raise ValueError(
            f"{path} cannot be read as .h5ad ({error}): read it yourself and pass the AnnData"
        ) from error


def _parts_of_anndata(source, screen, space, perturbation_key, context_key) -> Iterator:
    """Yield the rows of each key, in the screen's order of genes if `space` is None."""
    if source.isbacked:
        source = source.to_memory()
    perturbation = labels(source.obs, perturbation_key, "perturbation_key")
    if context_key is not None and context_key not in source.obs:
        raise ValueError(
            f"the screen has contexts but the predictions have no obs[{context_key!r}]: name "
            "their column with context_key=, or pass context_key=None if one answer is for all"
        )
    context = np.full(source.n_obs, None)
    if context_key is not None:
        context = labels(source.obs, context_key, "context_key")
    if space is None:
        matrix, order = source.X, _order(source.var_names, screen.var_names)
    elif space in source.obsm:
        matrix, order = source.obsm[space], slice(None)
    else:
        raise ValueError(
            f"obsm[{space!r}] is missing from the predictions (found: "
            f"{listed(source.obsm) or 'none'}): store it, or, for predictions in genes, pass "
            'embed= or use_rep="X"'
        )
    if matrix is None:
        raise ValueError("X is missing from the predictions: store predicted expression there")
    if isinstance(matrix, pd.DataFrame):
        matrix = matrix.to_numpy()
    for key, rows in rows_by(zip(perturbation, context)).items():
        yield key, matrix[rows][:, order]


def _parts_of_mapping(source, screen) -> Iterator:
    """Yield each key with its cells; columns with names are put in the screen's order of genes."""
    paired = {isinstance(name, tuple) for name in source}
    if len(paired) > 1 or any(isinstance(n, tuple) and len(n) != 2 for n in source):
        raise ValueError(
            "keys of predictions must all be perturbations, or all be (perturbation, context)"
        )
    for name, part in source.items():
        key = (str(name[0]), str(name[1])) if isinstance(name, tuple) else (str(name), None)
        if isinstance(part, pd.DataFrame):
            order = slice(None) if screen is None else _order(part.columns, screen.var_names)
            part = part.to_numpy()[:, order]
        yield key, part


def _order(theirs, genes):
    """Positions of the screen's genes among theirs."""
    theirs = pd.Index([str(gene) for gene in theirs])
    if theirs.has_duplicates:
        twice = theirs[theirs.duplicated()][0]
        raise ValueError(f"predictions hold gene {twice!r} twice: keep one column per gene")
    missing, unknown = genes.difference(theirs), theirs.difference(genes)
    if len(missing) or len(unknown):
        raise ValueError(
            f"predictions lack {len(missing)} genes of the screen ({listed(missing) or 'none'}) "
            f"and have {len(unknown)} others ({listed(unknown) or 'none'}): "
            "predict the genes of the screen, or subset both to what they share"
        )
    return theirs.get_indexer(genes)


def _cells(key, part, width, where):
    """One finite float32 matrix (m, width) of cells."""
    name = key[0] if key[1] is None else f"{key[0]} in {key[1]}"
    try:
        dense = part.toarray() if sparse.issparse(part) else np.asarray(part)
    except ValueError as error:  # rows of different lengths
        raise ValueError(
            f"prediction of {name} is no matrix of cells: its rows have different lengths"
        ) from error
    if dense.dtype.kind not in "fiub" or dense.ndim != 2 or not len(dense):
        raise ValueError(
            f"prediction of {name} has shape {dense.shape} and {dense.dtype} values: "
            "pass a matrix of numbers, one row per cell (a mean as mean[None])"
        )
    if dense.shape[1] != width:
        raise ValueError(
            f"prediction of {name} has {dense.shape[1]} columns but {width} are expected "
            f"({where}): predict in the space of the screen"
        )
    return finite(dense, f"prediction of {name}", "cells").astype(np.float32)
