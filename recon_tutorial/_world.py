"""The pieces that simulated screens are made of."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData

from recon_tutorial.validation import CONTROL


def as_screen(expression, embedding, obs, descriptors, truth):
    """Put the arrays of a simulated world where a screen keeps them."""
    obs = obs.assign(perturbation=pd.Categorical(obs["perturbation"]))
    var = pd.DataFrame(index=[f"gene{j}" for j in range(expression.shape[1])])
    return AnnData(
        X=expression.astype(np.float32),
        obs=obs,
        var=var,
        obsm={"X_emb": embedding.astype(np.float32)},
        uns={"descriptors": descriptors, "truth": truth},
    )


def paired_obs(labels, ids, split=None):
    """Labels of n controls and of the n perturbed cells that they became."""
    n = len(labels)
    index = [f"{i}-control" for i in ids] + [f"{i}-perturbed" for i in ids]
    obs = pd.DataFrame({"perturbation": [CONTROL] * n + list(labels)}, index=index)
    obs["partner"] = [""] * n + index[:n]
    if split is not None:
        obs["split"] = split
    return obs


def shift_map(rng, effect, cov_dim, embed_dim):
    """Draw a map from descriptors to shifts whose coordinates are about 0.3 sqrt(cov_dim)."""
    if effect != "nonlinear":
        weights = rng.normal(0, 0.3, (cov_dim, embed_dim))
        return lambda descriptors: descriptors @ weights
    hidden = 4 * cov_dim
    inner = rng.normal(0, 1 / np.sqrt(cov_dim), (cov_dim, hidden))
    outer = rng.normal(0, 0.3, (hidden, embed_dim))
    scale = (
        np.sqrt(cov_dim / hidden) / 0.63
    )  # 0.63: standard deviation of tanh of a standard normal
    return lambda descriptors: scale * np.tanh(descriptors @ inner) @ outer


def response(rng, effect, state, direction):
    """How much of the shift each cell obeys, shape (n_cells, 1)."""
    if effect == "bimodal":
        return rng.integers(2, size=(len(state), 1)).astype(float)
    if effect == "state_dependent":
        return 1 + np.tanh(2 * state @ direction)[:, None]
    return np.ones((len(state), 1))
