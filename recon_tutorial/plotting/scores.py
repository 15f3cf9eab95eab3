"""Figures of scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from recon_tutorial.plotting._style import CEILING, FLOOR, done, marked, need, panels


def plot_scores(
    frame: pd.DataFrame, *, group: str = "model", point: str = "perturbation"
) -> Figure:
    """Scores as points with their mean, one panel per metric, floor and ceiling as lines.

    Parameters
    ----------
    frame : DataFrame
        Columns ``metric``, ``value``, `group` and `point`; optional ``floor`` and ``ceiling``,
        constant within a metric.
    group : str
        One row of the panel for each, in order of appearance.
    point : str
        What a single dot stands for; rows whose `point` is "pooled" are drawn as a cross.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the frame is none, is empty, or lacks a column or its numbers.

    Derived in chapter 1.
    """
    need(frame, "metric", group, point, numbers=("value",))
    metrics, groups = frame["metric"].unique(), list(frame[group].unique())
    figure, axes = panels(len(metrics), height=1.0 + 0.45 * len(groups))
    for axis, metric in zip(axes, metrics, strict=True):
        part = frame[frame["metric"] == metric]
        for i, name in enumerate(groups):
            mine = part[part[group] == name]
            pooled = mine[point] == "pooled"
            _dots(axis, mine.loc[~pooled, "value"], i)
            axis.plot(
                mine.loc[pooled, "value"], [i] * pooled.sum(), "x", color="black", ms=9, mew=2
            )
        for column, colour, dash in (("floor", FLOOR, "--"), ("ceiling", CEILING, ":")):
            if column in part and part[column].notna().any():
                axis.axvline(part[column].mean(), color=colour, ls=dash, lw=1.4, zorder=0)
        axis.set(xlabel=metric, ylim=(len(groups) - 0.5, -0.5))
        axis.set_yticks(range(len(groups)), groups if axis is axes[0] else [""] * len(groups))
    _key(figure, frame, point)
    return done(figure)


def _dots(axis, values, row):
    spread = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else [0.0]
    look = marked(row, size=8)
    places = row + np.array(spread)[: len(values)]
    axis.scatter(values, places, s=10, alpha=0.45, lw=0, c=look["color"])
    if len(values):
        axis.plot(values.mean(), row, ls="", mec="white", **look)


def _key(figure, frame, point):
    words = [f"small dots: one {point} each", "large marker: their mean"]
    if (frame[point] == "pooled").any():
        words.append("cross: all cells pooled")
    words += [
        f"{dash} line: {name}"
        for name, dash in (("floor", "dashed"), ("ceiling", "dotted"))
        if name in frame
    ]
    figure.supxlabel("; ".join(words), fontsize=8, color="#444444")
