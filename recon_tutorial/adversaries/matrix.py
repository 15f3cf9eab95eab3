"""Every adversary under every metric, once pooled and once per perturbation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from anndata import AnnData

from recon_tutorial.adversaries.flawed import adversaries
from recon_tutorial.evaluation import calibrate, evaluate
from recon_tutorial.evaluation._arena import build_arena
from recon_tutorial.evaluation._scoring import chosen_metrics, score_model, score_replicate
from recon_tutorial.metrics import HIGHER_IS_BETTER

POOLED, APART = "pooled", "per perturbation"


def fooling_matrix(
    adata: AnnData,
    split,
    *,
    metrics=None,
    decoder=None,
    pairing: str = "random",
    use_rep: str = "X_emb",
    seed: int = 0,
) -> pd.DataFrame:
    """Score every adversary by every metric, once pooled and once per perturbation.

    Per perturbation is what `evaluate` does. Pooled throws all test cells together, with a floor
    and a replicate that are pooled too; metrics that rank perturbations have no pooled form.

    Parameters
    ----------
    adata, split, metrics, decoder, pairing, use_rep, seed
        As for `evaluate`.

    Returns
    -------
    DataFrame
        Columns ``adversary, how, metric, space, value, scaled``: ``how`` is "pooled" or "per
        perturbation"; ``scaled`` is the ratio of means over perturbations as in `leaderboard`,
        NaN where a replicate scores no better than the floor or the metric has no better end.

    Raises
    ------
    ValueError
        As `evaluate` does, or if an adversary cannot be trained: a single perturbation has no
        other to be swapped with.

    Derived in chapter 4.
    """
    models = adversaries(adata, split, use_rep=use_rep, seed=seed)
    order = list(models)
    del models["replicate"]  # evaluate has its own: the other half of the cells
    same = {"decoder": decoder, "pairing": pairing, "use_rep": use_rep, "seed": seed}
    apart = evaluate(models, adata, split, metrics=metrics, **same)
    failed = apart[apart["metric"].isna()]
    for name, note in zip(failed["model"], failed["note"], strict=True):
        raise ValueError(f"{name} {note}")
    arena = _pool(build_arena(adata, split, **same))
    cards = [pair for pair in chosen_metrics(metrics) if _can_be_pooled(pair[0])]
    rows = score_replicate(arena, cards)
    for name, model in models.items():
        starts = [arena.ctrl] if arena.partner is None else [arena.ctrl, arena.partner]
        answers = [model.predict(ctrl, arena.cov).astype(np.float64) for ctrl in starts]
        rows += score_model(name, answers, arena, cards, decoder)
    tables = {APART: apart}
    if rows:
        tables = {POOLED: calibrate(pd.DataFrame(rows))} | tables
    frame = pd.concat([_averaged(table).assign(how=how) for how, table in tables.items()])
    rank = frame["model"].map(order.index)
    frame = frame.assign(rank=rank).sort_values(["how", "rank"], ascending=[False, True])
    frame = frame.rename(columns={"model": "adversary"}).reset_index(drop=True)
    return frame[["adversary", "how", "metric", "space", "value", "scaled"]]


def _can_be_pooled(card):
    return not card.needs_several and "centroid" not in card.needs


def _pool(arena):
    """The same halves with the boundaries between perturbations and contexts forgotten."""
    key = ("all", "all")
    draws = zip(*arena.halves.values())
    halves = [tuple(np.concatenate(side) for side in zip(*draw)) for draw in draws]
    return replace(
        arena,
        groups={key: np.arange(len(arena.ctrl))},
        halves={key: halves},
        spaces=[_pool_space(space) for space in arena.spaces],
    )


def _pool_space(space):
    controls = np.concatenate(list(space.reference.values()))
    mean = {"all": controls.mean(axis=0)}
    return replace(space, reference={"all": controls}, reference_mean=mean, shifts={})


def _averaged(table):
    """Mean value of each model, and the scaled score as a ratio of means over perturbations."""
    keys = ["model", "metric", "space"]
    mean = table.groupby(keys, sort=False)[["value", "floor", "ceiling"]].mean().reset_index()
    sign = mean["metric"].map(HIGHER_IS_BETTER).map({True: 1.0, False: -1.0})
    span = sign * (mean["ceiling"] - mean["floor"])
    gain = sign * (mean["value"] - mean["floor"])
    return mean.assign(scaled=(gain / span).where(span > 0))
