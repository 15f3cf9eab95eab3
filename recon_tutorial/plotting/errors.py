"""Figures of training losses and of what an error is made of."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from recon_tutorial.plotting._style import COLOURS, done, need, panels


def plot_history(frame: pd.DataFrame) -> Figure:
    """Losses on a logarithmic axis, one line per column after the first.

    Parameters
    ----------
    frame : DataFrame
        First the column to draw against (epochs or steps), then one column per curve.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the frame is none, is empty, or lacks a column or its numbers.

    Derived in chapter 3.
    """
    need(frame, numbers=frame.columns if isinstance(frame, pd.DataFrame) else ())
    time, *curves = frame.columns
    figure, (axis,) = panels(1)
    for i, name in enumerate(curves):
        axis.plot(frame[time], frame[name], color=COLOURS[i], label=name.replace("_", " "))
    axis.set(xlabel=time, ylabel="mean squared error", yscale="log")
    axis.legend()
    return done(figure)


def plot_error_split(frame: pd.DataFrame) -> Figure:
    """Stacked bars of what each stage adds to the error, the total as a diamond.

    Parameters
    ----------
    frame : DataFrame
        One row per model (the index names it), columns of `error_split`.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the frame is none, is empty, or lacks a column or its numbers.

    Derived in chapter 3.
    """
    need(frame, numbers=("floor", "shift", "total"))
    figure, (axis,) = panels(1, height=0.9 + 0.42 * len(frame))
    rows = np.arange(len(frame))
    axis.barh(rows, frame["floor"], color=COLOURS[4], label="decoder floor")
    shift = {"color": COLOURS[1], "hatch": "//", "label": "shift error"}
    axis.barh(rows, frame["shift"], left=frame["floor"], **shift)
    axis.plot(frame["total"], rows, "D", color="black", label="total, measured")
    axis.set_yticks(rows, frame.index)
    axis.set(xlabel="mean squared error per gene", ylim=(len(frame) - 0.5, -0.5))
    axis.legend(loc="lower right")
    return done(figure)
