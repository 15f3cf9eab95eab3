"""Who is paired with whom, and under which descriptor: what pairing asks of labels alone."""

from __future__ import annotations

import numpy as np

from recon_tutorial.validation import CONTROL


def descriptors_of(adata, rows):
    """Descriptor of each row, (n, cov_dim) float32; that of its context, if any, is appended."""
    label = adata.obs["perturbation"].iloc[rows].astype(str)
    # A copy: pandas 3 hands out what nobody may write to, of which torch would warn.
    cov = adata.uns["descriptors"].loc[label].to_numpy(dtype=np.float32, copy=True)
    if "context_descriptors" in adata.uns:
        context = adata.obs["context"].iloc[rows].astype(str)
        of_context = adata.uns["context_descriptors"].loc[context].to_numpy(dtype=np.float32)
        cov = np.hstack([cov, of_context])
    return cov


def recorded_partners(adata, rows):
    """Position of the partner that ``obs["partner"]`` names for each row."""
    if "partner" not in adata.obs:
        raise ValueError(
            'obs["partner"] is missing, as in every real screen: '
            'use how="random", how="mean" or how="ot"'
        )
    partner = adata.obs["partner"].astype(str).to_numpy()[rows]
    found = adata.obs_names.get_indexer(partner)
    if (found < 0).any():
        lost = int((found < 0).sum())
        raise ValueError(
            f"{lost} perturbed cells have a partner outside this screen "
            f"(first: {partner[found < 0][0]!r}): keep partners together when you split"
        )
    return found


def contexts(adata, label, rows, context_key):
    """Yield (mask over `rows`, positions of controls) for each context."""
    if context_key is None:
        yield np.ones(len(rows), dtype=bool), np.flatnonzero(label == CONTROL)
        return
    if not isinstance(context_key, str) or context_key not in adata.obs:
        raise ValueError(f"obs[{context_key!r}] is missing: name a column of obs, or leave it out")
    context = adata.obs[context_key].astype(str).to_numpy()
    for name in np.unique(context[rows]):
        controls = np.flatnonzero((label == CONTROL) & (context == name))
        if not len(controls):
            raise ValueError(
                f"context {name!r} has no control: drop it, or pair without context_key"
            )
        yield context[rows] == name, controls


def draw_controls(controls, n_rows, rng):
    """Draw n controls, each as often as any other, give or take one."""
    rounds = [rng.permutation(controls) for _ in range(-(-n_rows // len(controls)))]
    return np.concatenate(rounds)[:n_rows]
