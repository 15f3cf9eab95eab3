"""Screens: two simulated worlds whose truth is known, and the check every screen passes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData

from recon_tutorial._given import is_number, is_whole
from recon_tutorial._numeric import LARGEST, generator
from recon_tutorial._world import as_screen, paired_obs, response, shift_map
from recon_tutorial.validation import CONTROL, validate_screen

__all__ = ["CONTROL", "EFFECTS", "simulate_reference", "simulate_screen", "validate_screen"]

EFFECTS = ("linear", "nonlinear", "state_dependent", "bimodal")


def simulate_reference(seed: int = 0) -> AnnData:
    """Simulate the reference world, on which published and computed numbers meet.

    Five perturbations of 500 cells in a 128-d embedding, 600 genes.
    Each perturbed cell is its own control cell plus one linear shift of the perturbation's 16-d
    descriptor plus noise of standard deviation 0.1, so the best possible latent MSE is 0.01.

    Parameters
    ----------
    seed : int
        Feeds one generator; seed 0 is the world of the published tutorial.

    Returns
    -------
    AnnData
        5,000 cells x 600 genes (log-normalised scale, float32): training controls, the perturbed
        cells they became, then the same for the test cells, perturbation by perturbation.
        ``obs["split"]`` is "train" (80 %) or "test"; ``obs["partner"]`` names the control that a
        perturbed cell came from; also ``obsm["X_emb"]``, ``uns["descriptors"]``, ``uns["truth"]``.

    Notes
    -----
    The recipe is that of the ReconEval tutorial (theislab), drawn in the same order.
    ReconEval draws expression for training cells only; test cells get theirs from the same
    generator afterwards.

    Derived in chapter 1.
    """
    n_perturbations, n_cells, n_test, cov_dim, embed_dim, n_genes = 5, 500, 100, 16, 128, 600
    rng = generator(seed)
    descriptors = rng.normal(0, 1, (n_perturbations, cov_dim)).astype(np.float32)
    weights = rng.normal(0, 0.3, (embed_dim, cov_dim)).astype(np.float32)
    parts = {"train": [], "test": []}
    for k in range(n_perturbations):
        ctrl = rng.normal(0, 1, (n_cells, embed_dim)).astype(np.float32)
        noise = 0.1 * rng.standard_normal(ctrl.shape)
        pert = (ctrl + descriptors[k] @ weights.T + noise).astype(np.float32)
        order = rng.permutation(n_cells)
        for split, rows in (("test", order[:n_test]), ("train", order[n_test:])):
            parts[split].append((ctrl[rows], pert[rows]))

    gene_weights = rng.normal(0, 1 / np.sqrt(embed_dim), (embed_dim, n_genes)).astype(np.float32)
    names = [f"p{k}" for k in range(n_perturbations)]
    embedding, expression, obs = [], [], []
    for split in ("train", "test"):
        ctrl = np.concatenate([c for c, _ in parts[split]])
        pert = np.concatenate([p for _, p in parts[split]])
        cells = np.concatenate([ctrl, pert])
        signal = cells @ gene_weights
        expression.append(np.maximum(0, signal + rng.normal(0, 0.1, signal.shape)))
        embedding.append(cells)
        label = np.repeat(names, len(ctrl) // n_perturbations)
        ids = [f"{split}-{i}" for i in range(len(ctrl))]
        obs.append(paired_obs(label, ids, split=split))

    return as_screen(
        np.concatenate(expression),
        np.concatenate(embedding),
        pd.concat(obs),
        pd.DataFrame(descriptors, index=names, columns=[f"d{j}" for j in range(cov_dim)]),
        {"weights": weights, "gene_weights": gene_weights, "noise": 0.1},
    )


def simulate_screen(
    *,
    n_perturbations: int = 48,
    cells_per_perturbation: int = 200,
    n_controls: int | None = None,
    embed_dim: int = 64,
    cov_dim: int = 16,
    n_genes: int = 600,
    effect: str = "linear",
    systematic: float = 0.0,
    paired: bool = False,
    noise: float = 0.1,
    n_contexts: int = 1,
    combinations: int = 0,
    seed: int = 0,
) -> AnnData:
    """Simulate a teaching screen, each difficulty of the field behind one knob.

    Parameters
    ----------
    n_perturbations : int
        Single perturbations, named "p0", "p1", ...
    cells_per_perturbation : int
        Perturbed cells of each perturbation.
    n_controls : int, optional
        Unpaired control cells; by default five times `cells_per_perturbation`.
        A paired screen has one control for each perturbed cell instead, and refuses the knob.
    embed_dim, cov_dim, n_genes : int
        Width of the embedding, of the descriptors, and of the expression matrix.
    effect : {"linear", "nonlinear", "state_dependent", "bimodal"}
        How a descriptor becomes a shift: a linear map; a two-layer tanh map; a linear map whose
        size follows the cell's own state (0 to 2 times); a linear map that only half of the cells
        obey, the others staying put. A shift has the same typical length in each.
    systematic : float
        Length, in units of a typical shift, of one shift that all perturbations share.
    paired : bool
        Whether each perturbed cell is its own control moved (``obs["partner"]`` then names it).
    noise : float
        Standard deviation of the noise on each embedding coordinate of a perturbed cell.
    n_contexts : int
        Cell types: clouds of controls with centres of their own and shifts 25 % of their own.
    combinations : int
        Double perturbations "pi+pj", whose descriptor is the sum of their parts'.
    seed : int
        Same seed, same screen.

    Returns
    -------
    AnnData
        A screen that passes `validate_screen`; ``uns["truth"]`` holds the mean shift of each
        perturbation in each context, in embedding units.

    Raises
    ------
    ValueError
        For an unknown effect or a knob out of range.

    Examples
    --------
    >>> screen = simulate_screen(n_perturbations=3, cells_per_perturbation=10, n_genes=20)
    >>> screen.shape, screen.obsm["X_emb"].shape, screen.uns["descriptors"].shape
    ((80, 20), (80, 64), (3, 16))
    >>> print(*screen.obs["perturbation"].unique())
    control p0 p1 p2

    Derived in chapter 5.
    """
    _check_effect(effect)
    _check_at_least(1, n_perturbations=n_perturbations, n_contexts=n_contexts, n_genes=n_genes)
    _check_at_least(1, cells_per_perturbation=cells_per_perturbation)
    _check_at_least(1, embed_dim=embed_dim, cov_dim=cov_dim)
    _check_at_least(0, combinations=combinations)
    _check_amounts(noise=noise, systematic=systematic)
    if paired and n_controls is not None:
        raise ValueError("a paired screen has one control per perturbed cell: leave out n_controls")
    if n_controls is not None:
        _check_at_least(1, n_controls=n_controls)
    rng = generator(seed)
    names = [f"p{k}" for k in range(n_perturbations)]
    descriptors = rng.normal(0, 1, (n_perturbations, cov_dim))
    for i, j in _pick_pairs(rng, n_perturbations, combinations):
        names.append(f"p{i}+p{j}")
        descriptors = np.vstack([descriptors, descriptors[i] + descriptors[j]])

    shift = shift_map(rng, effect, cov_dim, embed_dim)(descriptors)
    common = rng.normal(0, 1, embed_dim)
    common *= systematic * np.sqrt(embed_dim) * 0.3 * np.sqrt(cov_dim) / np.linalg.norm(common)
    centres = rng.normal(0, 2, (n_contexts, embed_dim)) * (n_contexts > 1)
    tilt = 1 + 0.25 * rng.normal(0, 1, (n_contexts, 1, embed_dim)) * (n_contexts > 1)
    mean_shift = shift[None] * tilt + common  # contexts x perturbations x embed_dim
    direction = rng.normal(0, 1 / np.sqrt(embed_dim), embed_dim)

    n_pert = len(names) * cells_per_perturbation
    n_ctrl = n_pert if paired else (n_controls or 5 * cells_per_perturbation)
    which = np.repeat(np.arange(len(names)), cells_per_perturbation)
    context = rng.integers(n_contexts, size=n_ctrl)
    ctrl = rng.normal(0, 1, (n_ctrl, embed_dim)) + centres[context]
    if paired:
        source, source_context = ctrl, context
    else:  # other cells of the same law: nobody measures a cell twice
        source_context = rng.integers(n_contexts, size=n_pert)
        source = rng.normal(0, 1, (n_pert, embed_dim)) + centres[source_context]
    obeyed = response(rng, effect, source - centres[source_context], direction)
    pert = (
        source + obeyed * mean_shift[source_context, which] + noise * rng.normal(size=source.shape)
    )

    cells = np.concatenate([ctrl, pert]).astype(np.float32)
    gene_weights = rng.normal(0, 1 / np.sqrt(embed_dim), (embed_dim, n_genes)).astype(np.float32)
    signal = cells @ gene_weights
    expression = np.maximum(0, signal + rng.normal(0, 0.1, signal.shape))
    labels = np.array(names)[which]
    if paired:
        obs = paired_obs(labels, [f"cell{i}" for i in range(n_ctrl)])
    else:
        index = [f"ctrl{i}" for i in range(n_ctrl)] + [f"pert{i}" for i in range(n_pert)]
        obs = pd.DataFrame({"perturbation": [CONTROL] * n_ctrl + list(labels)}, index=index)
    if n_contexts > 1:
        every = np.concatenate([context, source_context])
        obs["context"] = pd.Categorical([f"context{c}" for c in every])
    expected = 0.5 if effect == "bimodal" else 1.0
    truth = {"mean_shift": (expected * mean_shift).astype(np.float32), "effect": effect}
    columns = [f"d{j}" for j in range(cov_dim)]
    table = pd.DataFrame(descriptors.astype(np.float32), index=names, columns=columns)
    return as_screen(expression, cells, obs, table, truth | {"gene_weights": gene_weights})


def _pick_pairs(rng, n_perturbations, combinations):
    every = [(i, j) for i in range(n_perturbations) for j in range(i)]
    if combinations > len(every):
        raise ValueError(
            f"combinations={combinations} but {n_perturbations} perturbations make only "
            f"{len(every)} pairs: ask for fewer"
        )
    return [every[k] for k in sorted(rng.choice(len(every), combinations, replace=False))]


def _check_effect(effect):
    if effect not in EFFECTS:
        raise ValueError(f"effect={effect!r} is unknown: choose one of {', '.join(EFFECTS)}")


def _check_at_least(least, **knobs):
    for name, value in knobs.items():
        if not is_whole(value):
            raise ValueError(f"{name}={value!r} must be a whole number, {least} or more")
        if value < least:
            raise ValueError(f"{name}={value} is too small: it must be at least {least}")


def _check_amounts(**knobs):
    for name, value in knobs.items():
        if not is_number(value):
            raise ValueError(f"{name}={value!r} is no number: it must be at least 0")
        if value < 0:
            raise ValueError(f"{name}={value} is too small: it must be at least 0")
        if value > LARGEST:
            raise ValueError(f"{name}={value} is too large: it must be at most {LARGEST:.0e}")
