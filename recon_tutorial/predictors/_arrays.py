"""One way into every predictor: float32 matrices of the sizes it was built for."""

from __future__ import annotations

import numpy as np


def training_rows(ctrl_emb, pert_emb, pert_cov, *, embed_dim=None, cov_dim=None):
    """The three training matrices as float32, or a ValueError that says which does not fit."""
    ctrl = matrix(ctrl_emb, "ctrl_emb", embed_dim, "embed_dim")
    pert = matrix(pert_emb, "pert_emb", embed_dim, "embed_dim")
    cov = matrix(pert_cov, "pert_cov", cov_dim, "cov_dim")
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


def prediction_rows(ctrl_emb, pert_cov, *, embed_dim, cov_dim):
    """The two matrices of predict as float32, checked against the sizes seen in training."""
    if embed_dim is None or cov_dim is None:
        raise RuntimeError("predict was called before train: call train first")
    ctrl = matrix(ctrl_emb, "ctrl_emb", embed_dim, "embed_dim")
    cov = matrix(pert_cov, "pert_cov", cov_dim, "cov_dim")
    if len(ctrl) != len(cov):
        raise ValueError(
            f"ctrl_emb has {len(ctrl)} rows but pert_cov has {len(cov)}: "
            "give one descriptor per control cell"
        )
    return ctrl, cov


def group_means(ctrl, pert, cov):
    """Each distinct descriptor with the mean shift of its rows: (k, cov_dim), (k, embed_dim)."""
    descriptors, group = np.unique(cov + 0.0, axis=0, return_inverse=True)
    group = group.reshape(-1)
    sums = np.zeros((len(descriptors), ctrl.shape[1]))
    np.add.at(sums, group, pert.astype(np.float64) - ctrl)
    return descriptors, sums / np.bincount(group)[:, None]


def matrix(value, name, width=None, built_for=""):
    """One finite float32 matrix, of the given width if any, or a ValueError that names it."""
    array = np.asarray(value, dtype=np.float32)
    if array.ndim != 2:
        raise ValueError(f"{name} has {array.ndim} dimension(s): pass a matrix, one row per cell")
    if width is not None and array.shape[1] != width:
        raise ValueError(
            f"{name} has {array.shape[1]} columns but this predictor was built for "
            f"{built_for}={width}: pass the same kind to train and predict"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values: remove those rows first")
    return array


def at_least_one(**sizes):
    """Raise a ValueError that names the first size below 1."""
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
