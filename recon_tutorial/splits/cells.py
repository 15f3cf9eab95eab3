"""Splits that hold out cells: a share of every perturbation, or everything of one context."""

from __future__ import annotations

import numpy as np
from anndata import AnnData

from recon_tutorial._given import is_number
from recon_tutorial._numeric import generator
from recon_tutorial.splits._draw import checked, with_partners
from recon_tutorial.splits._names import labels_of, listed
from recon_tutorial.splits.split import Split
from recon_tutorial.validation import CONTROL, validate_screen


def split_cells(
    adata: AnnData,
    test_fraction: float = 0.2,
    seed: int = 0,
    *,
    validation_fraction: float = 0.0,
) -> Split:
    """Hold out a share of the cells of every perturbation (experiment 1).

    Drawn within each perturbation, and within each ``obs["context"]`` where there is one.
    In a paired screen a control goes where its perturbed cell goes.

    Parameters
    ----------
    adata : AnnData
        A screen; the embedding need not exist yet.
    test_fraction : float
        Share of each group held out, at least one cell, never all of them.
    seed : int
        Same seed, same split; the test cells do not depend on `validation_fraction`.
    validation_fraction : float
        Share of each group set aside to choose settings on, at least one cell; 0 for none.

    Returns
    -------
    Split
        With the claim "unseen cells": every perturbation was seen in training, and every cell of
        the screen is in one of train, validation and test.

    Raises
    ------
    ValueError
        If the fractions leave nothing to train on, a group has too few cells, or a partner is
        missing from a paired screen.

    Examples
    --------
    >>> from recon_tutorial.screen import simulate_screen
    >>> screen = simulate_screen(n_perturbations=5, cells_per_perturbation=20, n_genes=20)
    >>> split = split_cells(screen, test_fraction=0.25)
    >>> split.claim, int(split.train.sum()), int(split.test.sum())
    ('unseen cells', 150, 50)

    Derived in chapter 5.
    """
    validate_screen(adata, use_rep=None)
    if not is_number(test_fraction) or not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction={test_fraction} must lie between 0 and 1: try 0.2")
    if not is_number(validation_fraction) or not 0 <= validation_fraction < 1 - test_fraction:
        raise ValueError(
            f"validation_fraction={validation_fraction} must be at least 0 and leave cells to "
            f"train on beside test_fraction={test_fraction}: try 0.1"
        )
    label = adata.obs["perturbation"].astype(str)
    group = label + "|" + adata.obs["context"].astype(str) if "context" in adata.obs else label
    drawn_from = np.ones(adata.n_obs, dtype=bool)
    if "partner" in adata.obs:
        drawn_from = (label != CONTROL).to_numpy()  # a control goes where its perturbed cell goes
    fractions = [test_fraction] + [validation_fraction] * bool(validation_fraction)
    held = [np.zeros(adata.n_obs, dtype=bool) for _ in fractions]
    # One generator a part: the test cells are drawn first and do not depend on the second.
    rngs = [generator(seed), generator(seed, 1)]
    for name in sorted(group[drawn_from].unique()):
        left = np.flatnonzero(drawn_from & (group == name).to_numpy())
        n_all = len(left)
        for mask, rng, fraction in zip(held, rngs, fractions):
            size = min(max(1, round(fraction * n_all)), len(left) - 1)
            if size < 1:
                few = "a single cell" if n_all == 1 else f"{n_all} cells"
                parts = "both train and test" if len(held) == 1 else "train, validation and test"
                mend = "drop it or measure more" if n_all <= len(held) else "lower test_fraction"
                raise ValueError(
                    f"{name.replace('|', ' in context ')} has {few}, which cannot be in "
                    f"{parts}: {mend}"
                )
            drawn = rng.choice(left, size, replace=False)
            mask[drawn] = True
            left = left[~np.isin(left, drawn)]
    if "partner" in adata.obs:
        held = [with_partners(adata, mask) for mask in held]
    return Split("unseen cells", ~np.any(held, axis=0), *held[:1], validation=(*held, None)[1])


def hold_out_context(adata: AnnData, context: str, *, seed: int = 0) -> Split:
    """Hold out everything of one context: a cell type, a donor, a cell line.

    Half of its controls (one more if odd) go to test, where a model starts from them; the other
    half is the reference of the scores. No cell of the context, control or not, is in train.

    Parameters
    ----------
    adata : AnnData
        A screen with ``obs["context"]``; the embedding need not exist yet.
    context : str
        The context to hold out.
    seed : int
        Same seed, same split.

    Returns
    -------
    Split
        With the claim "unseen context". Unpaired: every perturbed cell of the context is in test,
        and every cell of the screen is in exactly one of train, test and reference.
        Paired: partners stay together, so half of each perturbation's cells are in test with
        their controls, the controls of the others are the reference, and those others are in no
        part.

    Raises
    ------
    ValueError
        If there is no such context, it has too few cells to divide, or no other context is left
        to train on.

    Examples
    --------
    >>> from recon_tutorial.screen import simulate_screen
    >>> screen = simulate_screen(n_perturbations=5, n_contexts=3, n_genes=20)
    >>> split = hold_out_context(screen, "context1")
    >>> print(split.claim, *screen.obs["context"][split.test].unique(), sep=", ")
    unseen context, context1

    Derived in chapter 10.
    """
    validate_screen(adata, use_rep=None)
    if "context" not in adata.obs:
        raise ValueError('obs["context"] is missing: add a column that names each cell\'s context')
    group = adata.obs["context"].astype(str).to_numpy()
    context = str(context)
    if context not in group:
        raise ValueError(
            f"context={context!r} is not in this screen (it has {listed(set(group))}): "
            'choose one of obs["context"]'
        )
    rng = generator(seed)
    label = labels_of(adata)
    here, control = group == context, label == CONTROL
    if "partner" in adata.obs:
        test = np.zeros(adata.n_obs, dtype=bool)
        for name in np.unique(label[here & ~control]):
            rows = rng.permutation(np.flatnonzero(here & (label == name)))
            test[rows[len(rows) // 2 :]] = True
        test = with_partners(adata, test)
        reference = here & control & ~test
        return checked(Split("unseen context", ~here, test, reference=reference), adata)
    rows = rng.permutation(np.flatnonzero(here & control))
    reference = np.zeros(adata.n_obs, dtype=bool)
    reference[rows[: len(rows) // 2]] = True
    return checked(Split("unseen context", ~here, here & ~reference, reference=reference), adata)
