"""Figures of cells and genes."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from recon_tutorial.plotting._style import COLOURS, FLOOR, MARKERS, done, need, panels


def plot_cells(frame: pd.DataFrame, *, x: str, y: str, group: str, panel: str) -> Figure:
    """Cells as points in two dimensions, one panel per value of `panel`.

    Parameters
    ----------
    frame : DataFrame
        One row per cell with the four named columns.
    x, y : str
        Coordinates; their names label the axes.
    group, panel : str
        What the colours and the panels stand for, in order of appearance.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the frame is none, is empty, or lacks a column or its numbers.

    Derived in chapter 1.
    """
    need(frame, group, panel, numbers=(x, y))
    names, groups = frame[panel].unique(), frame[group].unique()
    figure, axes = panels(len(names), share=True)
    for axis, name in zip(axes, names, strict=True):
        for i, kind in enumerate(groups):
            cells = frame[(frame[panel] == name) & (frame[group] == kind)]
            axis.scatter(
                cells[x],
                cells[y],
                s=9,
                alpha=0.6,
                lw=0,
                c=COLOURS[i],
                marker=MARKERS[i],
                label=kind,
            )
        axis.set(xlabel=f"{x}\n{panel} {name}", ylabel=y)
    axes[0].legend(loc="best", markerscale=2)
    return done(figure)


def plot_agreement(frame: pd.DataFrame, *, panel: str, quantity: str = "", labels=()) -> Figure:
    """Predicted against true values on equal axes, one panel per model, with the diagonal.

    Parameters
    ----------
    frame : DataFrame
        Columns ``true``, ``predicted`` and `panel`; the index names the points.
    panel : str
        Column that tells the panels apart.
    quantity : str
        What is compared, with its unit, for the axis labels.
    labels : sequence of str
        Index values to write beside their points.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a label names no point.

    Derived in chapter 2.
    """
    need(frame, panel, numbers=("true", "predicted"))
    unknown = [gene for gene in labels if gene not in frame.index]
    if unknown:
        raise ValueError(f"no point is called {unknown[0]!r}: labels are names of the index")
    names = frame[panel].unique()
    figure, axes = panels(len(names), share=True)
    low, high = frame[["true", "predicted"]].min().min(), frame[["true", "predicted"]].max().max()
    for i, (axis, name) in enumerate(zip(axes, names, strict=True)):
        part = frame[frame[panel] == name]
        axis.plot([low, high], [low, high], color=FLOOR, lw=1, zorder=0)
        axis.scatter(part["true"], part["predicted"], s=12, alpha=0.6, lw=0, c=COLOURS[i % 8])
        for gene, here in part[part.index.isin(list(labels))].iterrows():
            axis.annotate(
                gene,
                (here["true"], here["predicted"]),
                xytext=(3, 3),
                textcoords="offset points",
                fontsize=8,
            )
        axis.set(xlabel=f"true {quantity}".strip() + f"\n{name}")
        axis.set_aspect("equal")
    axes[0].set_ylabel(f"predicted {quantity}".strip())
    return done(figure)
