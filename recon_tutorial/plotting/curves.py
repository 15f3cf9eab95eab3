"""Figures of learning curves."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from recon_tutorial._given import is_number
from recon_tutorial.plotting._style import CEILING, FLOOR, done, marked, need, panels


def plot_curve(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    group: str = "model",
    panel: str | None = None,
    mark: float | None = None,
    lowest: float | None = None,
) -> Figure:
    """Means with the range over seeds as a band, one line per group, floor 0 and ceiling 1.

    Parameters
    ----------
    frame : DataFrame
        One row per point, group and seed.
    x, y : str
        Columns to draw; their names label the axes.
    group, panel : str
        What the lines and, if given, the panels stand for, in order of appearance.
    mark : float, optional
        Where to draw a vertical line.
    lowest : float, optional
        Lower end of the y axis; what lies below is cut off.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a place on an axis is no number.

    Derived in chapter 6.
    """
    need(frame, group, *([panel] if panel else []), numbers=(x, y))
    for name, place in (("mark", mark), ("lowest", lowest)):
        if place is not None and not is_number(place):
            raise ValueError(f"{name}={place!r} is no place on an axis: pass a number")
    names = list(frame[panel].unique()) if panel else [None]
    figure, axes = panels(len(names), height=3.8, share=True)
    for axis, name in zip(axes, names, strict=True):
        part = frame if name is None else frame[frame[panel] == name]
        for value, colour, dash in ((0, FLOOR, "--"), (1, CEILING, ":")):
            axis.axhline(value, color=colour, ls=dash, lw=1.2, zorder=0)
        if mark is not None:
            axis.axvline(mark, color="#bbbbbb", lw=6, alpha=0.5, zorder=0)
        for i, kind in enumerate(frame[group].unique()):
            at = part[part[group] == kind].groupby(x)[y]
            look = marked(i)
            axis.plot(at.mean().index, at.mean(), label=kind, **look)
            axis.fill_between(at.mean().index, at.min(), at.max(), color=look["color"], alpha=0.15)
        axis.set(xlabel=x if name is None else f"{x}\n{panel} {name}")
        if lowest is not None:
            axis.set_ylim(lowest, 1.15)
    axes[0].set_ylabel(y)
    axes[-1].legend(fontsize=8, loc="best")
    return done(figure)
