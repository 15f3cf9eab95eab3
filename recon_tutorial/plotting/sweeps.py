"""Figures of parameter sweeps."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from recon_tutorial.plotting._style import done, marked, need, panels

FEW = 8  # values of x that each get a tick of their own


def plot_sweep(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    group: str | None = None,
    panel: str | None = None,
    log: str = "",
) -> Figure:
    """Every run of a sweep as a point, and a line through the means of each group.

    Parameters
    ----------
    frame : DataFrame
        One row per run, as `collect` of `recon_tutorial.running` makes them.
    x, y : str
        Columns to draw, such as a parameter and a number; their names label the axes.
        If `x` is text, its values stand in order of appearance and no line joins them.
    group, panel : str, optional
        Columns that the lines and the panels stand for, in order of appearance.
    log : str
        Axes with logarithmic scale: "x", "y", "xy" or none.

    Returns
    -------
    Figure
        Runs without a value of `y`, such as failed ones, are counted above the panels.

    Raises
    ------
    ValueError
        If a column is missing, `y` is not numeric, no run has a value, or `log` is none of those.

    Derived in chapter 13.
    """
    need(frame, x, y, *(name for name in (group, panel) if name))
    if log not in ("", "x", "y", "xy"):
        raise ValueError(f"log is {log!r}: give 'x', 'y', 'xy' or ''")
    values = pd.to_numeric(frame[y], errors="coerce")
    if values.isna().all():
        raise ValueError(f"no run has a number for {y!r}: name a column of numbers of runs done")
    shown = frame.assign(**{y: values.astype(float)})[values.notna()]
    names, kinds = (_seen(frame[c], shown[c]) if c else [None] for c in (panel, group))
    figure, axes = panels(len(names), height=3.8, share=True)
    for axis, name in zip(axes, names, strict=True):
        part = shown if name is None else shown[shown[panel] == name]
        for i, kind in enumerate(kinds):
            runs = part if kind is None else part[part[group] == kind]
            _draw(axis, runs, x, y, marked(i), "mean" if kind is None else f"{kind}")
        axis.set(xlabel=x if name is None else f"{x}\n{panel} {name}")
        if "x" in log:
            axis.set_xscale("log")
            if shown[x].nunique() <= FEW:
                at = sorted(shown[x].unique())
                axis.set_xticks(at, [f"{value:g}" for value in at])
                axis.set_xticks([], minor=True)
        if "y" in log:
            axis.set_yscale("log")
    axes[0].set_ylabel(y)
    axes[-1].legend(title=group, fontsize=8, loc="best")
    if len(shown) < len(frame):
        left_out = f"runs without a value: {len(frame) - len(shown)} of {len(frame)}"
        figure.suptitle(left_out, fontsize=8, ha="right", x=0.99)
    return done(figure)


def _seen(column, shown):
    """List the values in order of appearance, without those that have no run to show."""
    return [value for value in column.unique() if (shown == value).any()]


def _draw(axis, runs, x, y, look, label):
    """Draw the runs of one group, faint, and their mean at each x."""
    means = runs.groupby(x, sort=False)[y].mean()
    line = "none"
    if pd.api.types.is_numeric_dtype(runs[x]) and not pd.api.types.is_bool_dtype(runs[x]):
        means, line = means.sort_index(), "-"
        axis.margins(x=0.05)
    else:
        axis.margins(x=0.25)
    at = runs[x] if line == "-" else runs[x].astype(str)
    where = means.index if line == "-" else means.index.astype(str)
    axis.plot(at, runs[y], ls="none", **look | {"ms": look["ms"] * 0.6}, alpha=0.35)
    axis.plot(where, means, ls=line, label=label, **look)
