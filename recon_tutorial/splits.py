"""Splits that carry the claim they can support, and an audit that finds leaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from anndata import AnnData

from recon_tutorial.validation import CONTROL, validate_screen

CLAIMS = ("unseen cells", "unseen perturbations", "unseen context", "unseen combinations")


@dataclass(frozen=True, eq=False)
class Split:
    """Training and test cells of a screen, and what a score on the test cells may claim.

    Attributes
    ----------
    claim : str
        One of "unseen cells", "unseen perturbations", "unseen context", "unseen combinations".
    train, test : array of bool, shape (n_cells,)
        Masks over the cells of the screen, controls among them.

    Derived in chapter 5.
    """

    claim: str
    train: np.ndarray
    test: np.ndarray

    def __post_init__(self):
        if self.claim not in CLAIMS:
            raise ValueError(f"claim={self.claim!r} is unknown: choose one of {', '.join(CLAIMS)}")
        for name in ("train", "test"):
            mask = np.asarray(getattr(self, name))
            if mask.dtype != bool or mask.ndim != 1:
                raise ValueError(
                    f"{name} must be a one-dimensional boolean mask, got {mask.dtype} of shape "
                    f"{mask.shape}: compare labels to make one"
                )
            object.__setattr__(self, name, mask)
        if self.train.shape != self.test.shape:
            raise ValueError(
                f"train covers {len(self.train)} cells but test {len(self.test)}: "
                "make both masks over the whole screen"
            )

    def audit(self, adata: AnnData) -> None:
        """Raise if a test cell could have influenced training.

        Parameters
        ----------
        adata : AnnData
            The screen that was split; ``uns["fitted_on"]``, if present, names the cells that
            genes, embedding or decoder were fitted on.

        Raises
        ------
        ValueError
            With the offending names: an empty part, cells in both parts, a held-out perturbation
            with cells in train, or a preprocessing step fitted on test cells.
        """
        for leak in self._leaks(adata):
            raise ValueError(leak)

    def _leaks(self, adata):
        if len(self.train) != adata.n_obs:
            yield f"this split covers {len(self.train)} cells but the screen has {adata.n_obs}"
            return
        label = adata.obs["perturbation"].astype(str).to_numpy()
        for name, mask in (("train", self.train), ("test", self.test)):
            for kind, of_kind in (("perturbed", label != CONTROL), ("control", label == CONTROL)):
                if not (mask & of_kind).any():
                    yield f"{name} holds no {kind} cell: lower or raise the held-out share"
        both = adata.obs_names[self.train & self.test]
        if len(both):
            yield f"{len(both)} cells are in both parts (first: {both[0]!r}): separate them"
        if self.claim == "unseen perturbations":
            seen = set(label[self.train]) & set(label[self.test]) - {CONTROL}
            if seen:
                yield f"held-out perturbations have cells in train: {_names(seen)}"
        test_cells = set(adata.obs_names[self.test])
        for step, fitted in adata.uns.get("fitted_on", {}).items():
            leaked = test_cells.intersection(fitted)
            if leaked:
                yield (
                    f"{step} was fitted on {len(leaked)} test cells (first: {min(leaked)!r}): "
                    "fit it on split.train only"
                )


def split_cells(adata: AnnData, test_fraction: float = 0.2, seed: int = 0) -> Split:
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
        Same seed, same split.

    Returns
    -------
    Split
        With the claim "unseen cells": every perturbation was seen in training.

    Raises
    ------
    ValueError
        If `test_fraction` is not between 0 and 1, or a group has a single cell.

    Derived in chapter 5.
    """
    validate_screen(adata, use_rep=None)
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction={test_fraction} must lie between 0 and 1: try 0.2")
    rng = np.random.default_rng(seed)
    label = adata.obs["perturbation"].astype(str)
    group = label + "|" + adata.obs["context"].astype(str) if "context" in adata.obs else label
    paired = "partner" in adata.obs
    test = np.zeros(adata.n_obs, dtype=bool)
    for name in sorted(group.unique()):
        rows = np.flatnonzero(group == name)
        if paired and label.iloc[rows[0]] == CONTROL:
            continue
        if len(rows) < 2:
            raise ValueError(
                f"{name.replace('|', ' in context ')} has a single cell, which cannot be in both "
                "train and test: drop it or measure more"
            )
        n_test = min(max(1, round(test_fraction * len(rows))), len(rows) - 1)
        test[rng.choice(rows, n_test, replace=False)] = True
    if paired:
        partners = adata.obs["partner"].astype(str).to_numpy()[test]
        test[adata.obs_names.get_indexer(partners)] = True
    return Split("unseen cells", ~test, test)


def _names(items) -> str:
    ordered = sorted(items)
    return ", ".join(ordered[:3]) + (", ..." if len(ordered) > 3 else "")
