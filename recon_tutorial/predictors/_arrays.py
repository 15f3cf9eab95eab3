"""One way into every predictor: float32 matrices of the sizes it was built for."""

from __future__ import annotations

import numpy as np

from recon_tutorial._given import at_least
from recon_tutorial._mapped import is_mapped, pieces, read
from recon_tutorial._numeric import finite, numbers


def training_rows(ctrl_emb, pert_emb, pert_cov, *, embed_dim=None, cov_dim=None, mapped=False):
    """The three training matrices as float32, or a ValueError that says which does not fit.

    With `mapped`, memory-mapped ones come back as they are, for who reads them piece by piece.
    """
    ctrl = matrix(ctrl_emb, "ctrl_emb", embed_dim, "embed_dim", mapped=mapped)
    pert = matrix(pert_emb, "pert_emb", embed_dim, "embed_dim", mapped=mapped)
    cov = matrix(pert_cov, "pert_cov", cov_dim, "cov_dim", mapped=mapped)
    if ctrl.shape[1] != pert.shape[1]:
        raise ValueError(
            f"ctrl_emb has {ctrl.shape[1]} columns but pert_emb has {pert.shape[1]}: "
            "pass both in the same embedding"
        )
    if not len(ctrl) == len(pert) == len(cov):
        raise ValueError(
            f"ctrl_emb, pert_emb and pert_cov have {len(ctrl)}, {len(pert)} and {len(cov)} rows: "
            "row i of each must belong to the same pair (see make_pairs)"
        )
    if len(ctrl) == 0:
        raise ValueError("there is no row to train on: check the selection of training cells")
    return ctrl, pert, cov


def prediction_rows(ctrl_emb, pert_cov, *, embed_dim, cov_dim, mapped=False):
    """The two matrices of predict as float32, checked against the sizes seen in training."""
    if embed_dim is None or cov_dim is None:
        raise RuntimeError("predict was called before train: call train first")
    ctrl = matrix(ctrl_emb, "ctrl_emb", embed_dim, "embed_dim", mapped=mapped)
    cov = matrix(pert_cov, "pert_cov", cov_dim, "cov_dim", mapped=mapped)
    if len(ctrl) != len(cov):
        raise ValueError(
            f"ctrl_emb has {len(ctrl)} rows but pert_cov has {len(cov)}: "
            "give one descriptor per control cell"
        )
    return ctrl, cov


def by_descriptor(cov):
    """The distinct descriptors in order, (k, cov_dim), and which of them each row has, (n,).

    What `np.unique` finds in all rows at once; a piece at a time, its copies stay small.
    """
    found, group = [], []
    for rows in pieces(*cov.shape):
        # + 0.0 makes one descriptor of -0.0 and 0.0
        descriptors, of_row = np.unique(read(cov, rows) + 0.0, axis=0, return_inverse=True)
        group.append(of_row.reshape(-1) + sum(map(len, found)))
        found.append(descriptors)
    descriptors, merged = np.unique(np.concatenate(found), axis=0, return_inverse=True)
    return descriptors, merged.reshape(-1)[np.concatenate(group)]


def group_means(ctrl, pert, cov):
    """Each distinct descriptor with the mean shift of its rows: (k, cov_dim), (k, embed_dim)."""
    descriptors, group = by_descriptor(cov)
    sums = np.zeros((len(descriptors), ctrl.shape[1]))
    for rows in pieces(*ctrl.shape):  # row after row, so that pieces change no digit
        np.add.at(sums, group[rows], read(pert, rows).astype(np.float64) - read(ctrl, rows))
    return descriptors, sums / np.bincount(group)[:, None]


def matrix(value, name, width=None, built_for="", *, mapped=False):
    """One finite float32 matrix, of the given width if any, or a ValueError that names it."""
    array = value if mapped and is_mapped(value) else numbers(value, name)
    if array.ndim != 2:
        raise ValueError(f"{name} has {array.ndim} dimension(s): pass a matrix, one row per cell")
    if width is not None and array.shape[1] != width:
        raise ValueError(
            f"{name} has {array.shape[1]} columns but this predictor was built for "
            f"{built_for}={width}: pass the same kind to train and predict"
        )
    if array.shape[1] == 0:
        raise ValueError(f"{name} has no column: pass one number per dimension of it")
    if mapped and is_mapped(array):
        for rows in pieces(*array.shape):
            finite(read(array, rows), name, "rows first")
        return array
    return finite(array, name, "rows first").astype(np.float32, copy=False)


def at_least_one(**sizes):
    """Raise a ValueError that names the first size that is no whole number of 1 or more."""
    at_least(1, **sizes)
