"""Every figure the book draws: a tidy frame in, a matplotlib figure out."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

# Okabe & Ito's palette: told apart by colour-blind readers; markers differ as well.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#444444", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
FLOOR, CEILING = "#777777", "#111111"


def use_style() -> None:
    """Set the one look of the book's figures; call it once at the top of a notebook.

    Derived in chapter 1.
    """
    plt.rcParams.update(
        {
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "font.size": 10,
            "legend.frameon": False,
            "savefig.facecolor": "white",
        }
    )


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

    Derived in chapter 1.
    """
    _need(frame, x, y, group, panel)
    panels, groups = frame[panel].unique(), frame[group].unique()
    figure, axes = _panels(len(panels), share=True)
    for axis, name in zip(axes, panels, strict=True):
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
    return _done(figure)


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

    Derived in chapter 1.
    """
    _need(frame, "metric", "value", group, point)
    metrics, groups = frame["metric"].unique(), list(frame[group].unique())
    figure, axes = _panels(len(metrics), height=1.0 + 0.45 * len(groups))
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
    return _done(figure)


def plot_history(frame: pd.DataFrame) -> Figure:
    """Losses on a logarithmic axis, one line per column after the first.

    Parameters
    ----------
    frame : DataFrame
        First the column to draw against (epochs or steps), then one column per curve.

    Returns
    -------
    Figure

    Derived in chapter 3.
    """
    _need(frame)
    time, *curves = frame.columns
    figure, (axis,) = _panels(1)
    for i, name in enumerate(curves):
        axis.plot(frame[time], frame[name], color=COLOURS[i], label=name.replace("_", " "))
    axis.set(xlabel=time, ylabel="mean squared error", yscale="log")
    axis.legend()
    return _done(figure)


def plot_error_split(frame: pd.DataFrame) -> Figure:
    """Stacked bars of what each stage adds to the error, the total as a diamond.

    Parameters
    ----------
    frame : DataFrame
        One row per model (the index names it), columns of `error_split`.

    Returns
    -------
    Figure

    Derived in chapter 3.
    """
    _need(frame, "floor", "shift", "total")
    figure, (axis,) = _panels(1, height=0.9 + 0.42 * len(frame))
    rows = np.arange(len(frame))
    axis.barh(rows, frame["floor"], color=COLOURS[4], label="decoder floor")
    shift = {"color": COLOURS[1], "hatch": "//", "label": "shift error"}
    axis.barh(rows, frame["shift"], left=frame["floor"], **shift)
    axis.plot(frame["total"], rows, "D", color="black", label="total, measured")
    axis.set_yticks(rows, frame.index)
    axis.set(xlabel="mean squared error per gene", ylim=(len(frame) - 0.5, -0.5))
    axis.legend(loc="lower right")
    return _done(figure)


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

    Derived in chapter 2.
    """
    _need(frame, "true", "predicted", panel)
    panels = frame[panel].unique()
    figure, axes = _panels(len(panels), share=True)
    low, high = frame[["true", "predicted"]].min().min(), frame[["true", "predicted"]].max().max()
    for i, (axis, name) in enumerate(zip(axes, panels, strict=True)):
        part = frame[frame[panel] == name]
        axis.plot([low, high], [low, high], color=FLOOR, lw=1, zorder=0)
        axis.scatter(part["true"], part["predicted"], s=12, alpha=0.6, lw=0, c=COLOURS[i % 8])
        for gene in labels:
            here = part.loc[gene]
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
    return _done(figure)


def _need(frame, *columns):
    missing = [c for c in columns if c not in frame]
    if missing:
        raise ValueError(
            f"the frame has no column {missing[0]!r} (found: {', '.join(map(str, frame))}): "
            "pass the tidy frame that the figure is drawn from"
        )
    if frame.empty:
        raise ValueError("the frame is empty: there is nothing to draw")


def _panels(n, *, height=3.4, share=False):
    width = min(3.4 * n, 10.5) if n > 1 else 5.6
    figure, axes = plt.subplots(
        1, n, figsize=(width, height), squeeze=False, sharex=share, sharey=share
    )
    return figure, axes[0]


def _dots(axis, values, row):
    spread = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else [0.0]
    colour, marker = COLOURS[row % 8], MARKERS[row % 8]
    axis.scatter(values, row + np.array(spread)[: len(values)], s=10, alpha=0.45, lw=0, c=colour)
    if len(values):
        axis.plot(values.mean(), row, marker, color=colour, ms=8, mec="white")


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


def _done(figure):
    """Close the figure for pyplot, so that a notebook shows it once: as the cell's result."""
    plt.close(figure)
    return figure
