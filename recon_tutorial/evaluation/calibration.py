"""From a raw score to a place between floor and ceiling."""

from __future__ import annotations

import numpy as np
import pandas as pd

from recon_tutorial._numeric import a_table
from recon_tutorial.metrics import HIGHER_IS_BETTER

GROUP = ["space", "metric"]
UNIT = ["perturbation", "context"]
FLOOR_MODELS = ("no change", "mean shift")


def calibrate(scores: pd.DataFrame) -> pd.DataFrame:
    """Put every score between the floor and the ceiling of its perturbation.

    ``scaled = (value - floor) / (ceiling - floor)``, not clipped: 0 is doing nothing clever, 1 is
    as good as other real cells.
    The floor is *no change* or the *mean shift*, the one with the better average over test
    perturbations, chosen once per metric and space and named in the note.
    Where the replicate is not better than the floor the metric sees no signal: ``scaled`` is NaN
    and the note says "uninformative".
    A metric whose best value lies inside its range (the variance ratio) has no floor.

    Parameters
    ----------
    scores : DataFrame
        Columns ``model, space, perturbation, context, metric, value, note``, with rows of the
        models "no change", "mean shift" and "replicate".

    Returns
    -------
    DataFrame
        The same rows with ``floor, ceiling, scaled`` before the note.

    Raises
    ------
    ValueError
        If one of those three models has no row.

    Derived in chapter 4.
    """
    a_table(scores, "scores", "model", *GROUP, *UNIT, "value", "note")
    missing = [m for m in (*FLOOR_MODELS, "replicate") if m not in set(scores["model"])]
    if missing:
        raise ValueError(
            f"{missing[0]!r} has no row: calibration needs both floors and a replicate"
        )
    index, scores = scores.index, scores.reset_index(drop=True)  # whose names may repeat
    scores = scores.astype({"model": object, "note": object})  # not categories: notes are added
    out = scores.copy()
    for column in ("floor", "ceiling", "scaled"):
        out[column] = np.nan
    known = scores.dropna(subset="metric")
    for (_, metric), part in known.groupby(GROUP, sort=False, observed=True):
        better = HIGHER_IS_BETTER[metric]
        here = part.pivot(index=UNIT, columns="model", values="value")
        units = pd.MultiIndex.from_frame(part[UNIT])
        out.loc[part.index, "ceiling"] = here["replicate"].reindex(units).to_numpy()
        if better is None:
            continue
        floor = _choose_floor(here, better)
        out.loc[part.index, "floor"] = here[floor].reindex(units).to_numpy()
        span = (out.loc[part.index, "ceiling"] - out.loc[part.index, "floor"]).to_numpy()
        sees = span > 0 if better else span < 0
        value = part["value"].to_numpy() - out.loc[part.index, "floor"].to_numpy()
        out.loc[part.index, "scaled"] = np.where(sees, value / np.where(sees, span, 1), np.nan)
        blind = ~sees & np.isfinite(span)
        words = np.where(blind, f"uninformative; floor: {floor}", f"floor: {floor}")
        old = part["note"].to_numpy()
        out.loc[part.index, "note"] = [
            f"{w}; {o}" if o else w for w, o in zip(words, old, strict=True)
        ]
    order = [c for c in out.columns if c not in ("floor", "ceiling", "scaled", "note")]
    return out[[*order, "floor", "ceiling", "scaled", "note"]].set_axis(index)


def _choose_floor(values: pd.DataFrame, higher_is_better: bool) -> str:
    """Name the floor model with the better mean over rows; ties go to no change."""
    no_change, mean_shift = (values[model].mean() for model in FLOOR_MODELS)
    better = mean_shift > no_change if higher_is_better else mean_shift < no_change
    return FLOOR_MODELS[int(better)]
