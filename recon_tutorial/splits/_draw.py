"""What the drawing of every split shares."""

from __future__ import annotations

import numpy as np

from recon_tutorial._given import is_number
from recon_tutorial.splits._leaks import empty_parts
from recon_tutorial.splits._names import labels_of
from recon_tutorial.validation import CONTROL


def checked(split, adata):
    """Return the split, or raise if one of its parts is empty."""
    for problem in empty_parts(split, adata):
        raise ValueError(problem)
    return split


def with_partners(adata, mask):
    """Add to a mask (n_cells,) the controls that its perturbed cells came from."""
    rows = np.flatnonzero(mask & (labels_of(adata) != CONTROL))
    partner = adata.obs["partner"].astype(str).to_numpy()[rows]
    found = adata.obs_names.get_indexer(partner)
    if (found < 0).any():
        raise ValueError(
            f"{(found < 0).sum()} perturbed cells have a partner outside this screen "
            f"(first: {partner[found < 0][0]!r}): keep partners together, or drop obs['partner']"
        )
    mask = mask.copy()
    mask[found] = True
    return mask


def cut_controls(adata, fraction, n_held, rng):
    """Divide the controls of each context: n_held disjoint masks, each a share of them."""
    if not is_number(fraction) or not 0 < n_held * fraction < 1:
        raise ValueError(
            f"control_fraction={fraction} for each of {n_held} held-out part(s) must be above 0 "
            "and leave controls to train on: try 0.2"
        )
    control = labels_of(adata) == CONTROL
    context = np.zeros(adata.n_obs, dtype=int)
    if "context" in adata.obs:
        context = adata.obs["context"].astype(str).to_numpy()
    held = np.zeros((n_held, adata.n_obs), dtype=bool)
    for name in np.unique(context[control]):
        rows = rng.permutation(np.flatnonzero(control & (context == name)))
        size = min(max(1, round(fraction * len(rows))), (len(rows) - 1) // n_held)
        if size < 1:
            where = f" in context {name}" if "context" in adata.obs else ""
            raise ValueError(
                f"{len(rows)} control(s){where} cannot be divided into {n_held + 1} parts: "
                "measure more, or merge contexts"
            )
        for k in range(n_held):
            held[k, rows[k * size : (k + 1) * size]] = True
    return held
