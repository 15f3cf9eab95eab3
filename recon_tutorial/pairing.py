"""Pairs of cells to learn from: each perturbed cell with the control it is said to come from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from anndata import AnnData

from recon_tutorial._numeric import generator
from recon_tutorial._partners import (
    contexts,
    descriptors_of,
    draw_controls,
    recorded_partners,
)
from recon_tutorial._transport import transport_partners
from recon_tutorial.validation import CONTROL, validate_screen

__all__ = ["Pairs", "make_pairs"]

HOW = ("true", "random", "mean", "ot")


class Pairs(NamedTuple):
    """Training or test rows in the order of the contract: ``model.train(*pairs[:3])``.

    Attributes
    ----------
    ctrl, pert : array of shape (n, embed_dim), float32
        Control and perturbed embedding of each row.
    cov : array of shape (n, cov_dim), float32
        Descriptor of each row's perturbation, and of its context where contexts have one.
    perturbation : array of shape (n,), str
        Name of each row's perturbation.

    Derived in chapter 2.
    """

    ctrl: np.ndarray
    pert: np.ndarray
    cov: np.ndarray
    perturbation: np.ndarray


def make_pairs(
    adata: AnnData,
    *,
    how: str,
    context_key: str | None = None,
    use_rep: str = "X_emb",
    seed: int = 0,
) -> Pairs:
    """Pair every perturbed cell of a screen with a control.

    Parameters
    ----------
    adata : AnnData
        A screen, usually the training cells of one. Where ``uns["context_descriptors"]`` has one
        row per context, it is appended to the perturbation's descriptor.
    how : {"true", "random", "mean", "ot"}
        The recorded partner (``obs["partner"]``, simulated screens only); a random control, all
        used equally often; the mean of the controls; a control drawn from the entropic optimal
        transport plan between controls and the cells of each perturbation.
    context_key : str, optional
        Column of ``obs``: pair within this context only. Ignored by "true".
    use_rep : str
        Key in ``obsm`` of the embedding.
    seed : int
        Seed of "random" and "ot".

    Returns
    -------
    Pairs
        One row per perturbed cell, in the order of the screen.

    Raises
    ------
    ValueError
        If `how` is unknown, partners are missing, a context has no control, or transport finds
        no plan.

    Notes
    -----
    "ot" is a guess by proximity. It moves the mean of a perturbation onto that of the controls
    and pairs cells that are then near: right where cells move little or alike, wrong where a
    perturbation carries cells past one another, and never a proof of where a cell came from.
    The plan is that of Cuturi (2013), computed by POT (Flamary et al., 2021) on batches of at
    most 256 cells and as many controls, the coupling of Pooladian et al. (2023) and Tong et al.
    (2024): a control that a batch was not given is found by none of its cells.
    Controls are given to batches equally often, give or take one. Within a batch they are drawn
    equally often on average only: some serve several cells and some serve none.

    Examples
    --------
    >>> from recon_tutorial.screen import simulate_screen
    >>> screen = simulate_screen(n_perturbations=5, cells_per_perturbation=20, n_genes=20)
    >>> pairs = make_pairs(screen, how="random")
    >>> pairs.ctrl.shape, pairs.pert.shape, pairs.cov.shape
    ((100, 64), (100, 64), (100, 16))
    >>> pairs.perturbation[:2].tolist()
    ['p0', 'p0']

    Derived in chapters 2 and 7.
    """
    if how not in HOW:
        raise ValueError(f"how={how!r} is unknown: choose one of {', '.join(HOW)}")
    if use_rep is None:
        raise ValueError("use_rep=None names no embedding: cells are paired in one")
    validate_screen(adata, use_rep=use_rep)
    embedding = np.asarray(adata.obsm[use_rep], dtype=np.float32)
    label = adata.obs["perturbation"].astype(str).to_numpy()
    rows = np.flatnonzero(label != CONTROL)
    cov = descriptors_of(adata, rows)
    if how == "true":
        ctrl = embedding[recorded_partners(adata, rows)]
    else:
        ctrl = np.empty_like(embedding[rows])
        rng = generator(seed)
        for row_mask, controls in contexts(adata, label, rows, context_key):
            if how == "mean":
                ctrl[row_mask] = embedding[controls].mean(axis=0)
            elif how == "ot":
                mine, pool = rows[row_mask], embedding[controls]
                ctrl[row_mask] = pool[transport_partners(embedding[mine], pool, label[mine], rng)]
            else:
                ctrl[row_mask] = embedding[draw_controls(controls, int(row_mask.sum()), rng)]
    return Pairs(ctrl, embedding[rows], cov, label[rows])
