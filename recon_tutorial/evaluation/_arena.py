"""What every model is scored on: test rows, their halves, and the spaces to compare in."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from anndata import AnnData
from scipy import sparse

from recon_tutorial.pairing import make_pairs
from recon_tutorial.validation import CONTROL, GENES

N_SPLITS = 5
MAX_REFERENCE = 200  # controls of a context: their mean is known well enough, and time is saved


@dataclass
class Space:
    """One space to compare cells in.

    `true` holds the true test cells, `reference` the controls of each context that scores are
    measured against, `shifts` the mean change of each training perturbation.
    """

    name: str
    true: np.ndarray
    reference: dict[str, np.ndarray]
    reference_mean: dict[str, np.ndarray]
    shifts: dict[str, np.ndarray]

    def centroid(self, perturbation: str, context: str) -> np.ndarray | None:
        """Where training perturbations are on average; None if it is known of no other one.

        A perturbation that was trained on counts too: without it the centroid would lie opposite
        to its change, and any prediction would correlate with the truth.
        """
        if not set(self.shifts) - {perturbation}:
            return None
        return self.reference_mean[context] + np.mean(list(self.shifts.values()), axis=0)


@dataclass
class Arena:
    """The test rows of a split and five ways to halve each group of them."""

    ctrl: np.ndarray
    cov: np.ndarray
    partner: np.ndarray | None
    groups: dict[tuple[str, str], np.ndarray]
    halves: dict[tuple[str, str], list[tuple[np.ndarray, np.ndarray]]]
    spaces: list[Space] = field(default_factory=list)


def build_arena(adata, split, *, decoder, pairing, use_rep, seed) -> Arena:
    """Lay out the test rows of a split.

    Predictions start from random test controls of the same context: a model that was handed the
    very control a test cell came from could beat real cells.
    Only matched metrics get the partners, and only under ``pairing="true"``.
    """
    context_key = "context" if "context" in adata.obs else None
    test = adata[split.test]
    pairs = make_pairs(test, how="random", context_key=context_key, use_rep=use_rep, seed=seed)
    partner = make_pairs(test, how="true", use_rep=use_rep).ctrl if pairing == "true" else None
    label = adata.obs["perturbation"].astype(str).to_numpy()
    context = adata.obs[context_key].astype(str).to_numpy() if context_key else None
    if context is None:
        context = np.full(adata.n_obs, "all")
    is_control = label == CONTROL
    test_rows = np.flatnonzero(split.test & ~is_control)
    reference = np.flatnonzero(split.reference_controls(adata))
    _check_contexts(context, test_rows, reference)
    reference = _thin(reference, context, seed)

    groups, halves = {}, {}
    for i, key in enumerate(sorted(set(zip(label[test_rows], context[test_rows], strict=True)))):
        rows = np.flatnonzero((label[test_rows] == key[0]) & (context[test_rows] == key[1]))
        groups[key] = rows
        rng = np.random.default_rng([seed, i])
        orders = [rng.permutation(rows) for _ in range(N_SPLITS)]
        halves[key] = [(o[: len(o) // 2], o[len(o) // 2 : len(o) // 2 * 2]) for o in orders]

    arena = Arena(pairs.ctrl, pairs.cov, partner, groups, halves)
    train_rows = np.flatnonzero(split.train & ~is_control)
    rows = {"test": test_rows, "reference": reference, "train": train_rows}
    embedding = np.asarray(adata.obsm[use_rep])
    name = "measured" if use_rep == GENES else "embedding"
    take = lambda r: embedding[r].astype(np.float64)  # noqa: E731
    arena.spaces.append(_space(name, take, rows, label, context))
    if decoder is not None:
        decode = lambda r: decoder.decode(embedding[r]).astype(np.float64)  # noqa: E731
        arena.spaces.append(_space("decoded", decode, rows, label, context))
        measure = lambda r: _dense(adata.X[r])  # noqa: E731
        arena.spaces.append(_space("measured", measure, rows, label, context))
    return arena


def with_genes(adata) -> AnnData:
    """The screen with its measured genes where an embedding stands, so that they are one."""
    genes = _dense(adata.X).astype(np.float32)
    return AnnData(adata.X, obs=adata.obs, var=adata.var, uns=dict(adata.uns), obsm={GENES: genes})


def _check_contexts(context, test_rows, reference):
    missing = sorted(set(context[test_rows]) - set(context[reference]))
    if missing:
        raise ValueError(
            f"context {missing[0]!r} has test cells but no reference control: "
            "keep some of its controls out of the model's input"
        )


def _thin(reference, context, seed):
    rng = np.random.default_rng(seed)
    kept = [
        rng.permutation(reference[context[reference] == c])[:MAX_REFERENCE]
        for c in np.unique(context[reference])
    ]
    return np.sort(np.concatenate(kept))


def _space(name, take, rows, label, context):
    reference = {
        c: take(rows["reference"][context[rows["reference"]] == c])
        for c in np.unique(context[rows["reference"]])
    }
    mean = {c: cells.mean(axis=0) for c, cells in reference.items()}
    train, shifts = rows["train"], {}
    for p in np.unique(label[train]):
        parts = [train[(label[train] == p) & (context[train] == c)] for c in mean]
        means = [take(r).mean(axis=0) - mean[c] for c, r in zip(mean, parts, strict=True) if len(r)]
        if means:
            shifts[p] = np.mean(means, axis=0)
    return Space(name, take(rows["test"]), reference, mean, shifts)


def _dense(matrix):
    dense = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)
    return dense.astype(np.float64)
