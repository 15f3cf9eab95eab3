"""Who is better, by how much, and how sure can we be: bootstrap over perturbations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from recon_tutorial._given import at_least
from recon_tutorial._numeric import a_table, generator
from recon_tutorial.metrics import HIGHER_IS_BETTER

MIN_UNITS = 8  # with fewer test perturbations an interval would only pretend
NO_INTERVAL = f"fewer than {MIN_UNITS} perturbations: no interval"


def leaderboard(
    results: pd.DataFrame,
    *,
    metric: str = "energy_distance",
    space: str = "embedding",
    n_boot: int | None = None,
    seed: int | None = None,
) -> pd.DataFrame:
    """Rank models by one calibrated score.

    The scaled score is a ratio of means over test perturbations, (mean value - mean floor) /
    (mean ceiling - mean floor), and its interval comes from resampling perturbations.

    Parameters
    ----------
    results : DataFrame
        From `evaluate`.
    metric, space : str
        What to rank by.
    n_boot, seed : int, optional
        Bootstrap draws and seed; those of the evaluation by default.

    Returns
    -------
    DataFrame
        One row per model, best first: ``rank``, ``scaled``, ``low``, ``high`` (95 % interval, NaN
        with fewer than 8 test perturbations), ``value``, ``variance_ratio`` (where it was
        scored), ``seconds`` to fit, ``n`` perturbations (contexts, where there is one
        perturbation), ``note``.

    Raises
    ------
    ValueError
        If there is no such metric or space, or it has no better end to rank by.

    Examples
    --------
    >>> from recon_tutorial.evaluation import evaluate
    >>> from recon_tutorial.predictors import RidgeShift
    >>> from recon_tutorial.screen import simulate_screen
    >>> from recon_tutorial.splits import hold_out_perturbations
    >>> screen = simulate_screen(n_perturbations=30, cells_per_perturbation=20, cov_dim=4)
    >>> split = hold_out_perturbations(screen, n=10)
    >>> models, metrics = {"ridge": RidgeShift()}, ["energy_distance"]
    >>> results = evaluate(models, screen, split, metrics=metrics, progress=False)
    >>> board = leaderboard(results)
    >>> board.index[:2].tolist(), bool(board.loc["ridge", "low"] > 0.5)
    (['replicate', 'ridge'], True)

    Derived in chapter 5.
    """
    values, floor, ceiling = _by_unit(results, metric, space)
    draws = _draws(results, len(values), n_boot, seed)
    sign = 1 if HIGHER_IS_BETTER[metric] else -1
    spread = _spread(results, space)
    rows = {}
    for model in values:
        centre = _scaled(values[model], floor, ceiling, sign)
        low = high = np.nan
        if draws is not None:
            low, high = _interval(values[model], floor, ceiling, sign, draws)
        rows[model] = {"scaled": centre, "low": low, "high": high, "value": values[model].mean()}
        rows[model]["variance_ratio"] = spread.get(model, np.nan)
        rows[model]["seconds"] = results.attrs.get("fit_seconds", {}).get(model, np.nan)
        rows[model] |= {"n": int(values[model].notna().sum()), "note": ""}
    table = pd.DataFrame(rows).T.infer_objects()
    if not np.isfinite(_scaled(ceiling, floor, ceiling, sign)):
        table["note"] = f"uninformative: {metric} ranks real cells no better than its floor"
    elif draws is None:
        table["note"] = NO_INTERVAL
    failed = results[results["metric"].isna()]
    for model, note in zip(failed["model"], failed["note"], strict=True):
        table.loc[model, "note"] = note
    table = table.sort_values(["scaled", "value"], ascending=[False, sign < 0], kind="stable")
    table.insert(0, "rank", table["scaled"].rank(ascending=False, method="min"))
    return table.rename_axis("model")


def compare(
    results: pd.DataFrame,
    model: str,
    baseline: str,
    *,
    metric: str = "energy_distance",
    space: str = "embedding",
    n_boot: int | None = None,
    seed: int | None = None,
) -> pd.Series:
    """Paired difference of two models over test perturbations; positive where `model` is better.

    Parameters
    ----------
    results : DataFrame
        From `evaluate`.
    model, baseline : str
        Names of the two.
    metric, space : str
        What to compare by, in units of the metric.
    n_boot, seed : int, optional
        Bootstrap draws and seed; those of the evaluation by default.

    Returns
    -------
    Series
        ``gain``, its 95 % interval ``low`` and ``high`` (NaN with fewer than 8 perturbations),
        ``wins`` (share of perturbations where `model` is better), ``n`` and a ``verdict``.

    Raises
    ------
    ValueError
        If a name is unknown.

    Derived in chapter 5.
    """
    values, _, _ = _by_unit(results, metric, space)
    for name in (model, baseline):
        if not isinstance(name, str) or name not in values:
            raise ValueError(f"{name!r} has no {metric}: choose among {', '.join(values)}")
    sign = 1 if HIGHER_IS_BETTER[metric] else -1
    gain = (sign * (values[model] - values[baseline])).dropna()
    if gain.empty:
        raise ValueError(f"{model!r} and {baseline!r} share no {metric}: compare by another metric")
    draws = _draws(results, len(gain), n_boot, seed)
    low, high = np.nan, np.nan
    verdict = NO_INTERVAL
    if draws is not None:
        low, high = np.percentile(gain.to_numpy()[draws].mean(axis=1), [2.5, 97.5])
        verdict = "better" if low > 0 else "worse" if high < 0 else "cannot be told apart"
    out = {"gain": gain.mean(), "low": low, "high": high, "wins": (gain > 0).mean()}
    return pd.Series(out | {"n": len(gain), "verdict": verdict}, name=f"{model} - {baseline}")


def _by_unit(results, metric, space):
    """Values (units x models), floor and ceiling (units) of one metric in one space."""
    needed = "model", "metric", "space", "perturbation", "value", "floor", "ceiling"
    a_table(results, "results", *needed)
    if HIGHER_IS_BETTER.get(str(metric)) is None:
        raise ValueError(f"{metric!r} has no better end to rank by: choose another metric")
    part = results[(results["metric"] == metric) & (results["space"] == str(space))]
    if part.empty:
        found = ", ".join(f"{m} ({s})" for s, m in _pairs(results))
        raise ValueError(f"{metric} was not scored in space {space!r}: choose among {found}")
    unit = "perturbation" if part["perturbation"].nunique() > 1 else "context"
    a_table(results, "results", unit)
    how = {"sort": False, "observed": True}
    table = part.pivot_table(index=unit, columns="model", values="value", dropna=False, **how)
    ends = part[part["model"] == "replicate"].groupby(unit, **how)
    one = ends[["floor", "ceiling"]].mean()
    return table, one["floor"].reindex(table.index), one["ceiling"].reindex(table.index)


def _pairs(results):
    known = results.dropna(subset="metric")[["space", "metric"]].drop_duplicates()
    return list(known.itertuples(index=False, name=None))


def _spread(results, space):
    part = results[(results["metric"] == "variance_ratio") & (results["space"] == space)]
    return part.groupby("model", observed=True)["value"].mean().to_dict()


def _scaled(value, floor, ceiling, sign):
    span = sign * (ceiling.mean() - floor.mean())
    return sign * (value.mean() - floor.mean()) / span if span > 0 else np.nan


def _interval(value, floor, ceiling, sign, draws):
    """95 % interval of the scaled score over bootstrap draws of perturbations."""
    value, floor, ceiling = (x.to_numpy()[draws].mean(axis=1) for x in (value, floor, ceiling))
    span = sign * (ceiling - floor)
    sees = span > 0
    if not sees.any() or not np.isfinite(value[sees]).all():
        return np.nan, np.nan
    return np.percentile(sign * (value - floor)[sees] / span[sees], [2.5, 97.5])


def _draws(results, n, n_boot, seed):
    n_boot = results.attrs.get("n_boot", 1000) if n_boot is None else n_boot
    seed = results.attrs.get("seed", 0) if seed is None else seed
    at_least(1, n_boot=n_boot)
    at_least(0, seed=seed)
    if n < MIN_UNITS:
        return None
    return generator(seed).integers(n, size=(n_boot, n))
